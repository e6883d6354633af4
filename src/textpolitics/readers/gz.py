"""Gzip around one document, as the Internet Archive keeps the text of its scans."""

from __future__ import annotations

import io

from textpolitics.errors import ReadError
from textpolitics.status import Reason

MAX_INFLATED = 500_000_000
"""Bytes above which a file is not unpacked further but recorded as ``too_large``."""

_SIGNATURE = b"\x1f\x8b"
_TAR, _TAR_AT = b"ustar", 257


def looks_like(data: bytes) -> bool:
    """Recognise the signature."""
    return data.startswith(_SIGNATURE)


def unpack(data: bytes, name: str) -> bytes:
    """Unpack what is inside, as far as the limit allows.

    Args:
        data: The bytes.
        name: Name of the input, for messages.

    Returns:
        The unpacked bytes.

    Raises:
        ReadError: It is too large, damaged, or a tar archive of many documents.
    """
    import gzip
    import zlib

    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            start = packed.read(_TAR_AT + len(_TAR))
            if start[_TAR_AT:] == _TAR:
                raise ReadError(name, Reason.UNSUPPORTED, "a tar archive; unpack it first")
            inside = start + packed.read(MAX_INFLATED + 1 - len(start))
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise ReadError(name, Reason.CORRUPT, "cut short or damaged gzip file") from None
    if len(inside) > MAX_INFLATED:
        limit = f"more than {MAX_INFLATED // 1_000_000} MB when unpacked"
        raise ReadError(name, Reason.TOO_LARGE, limit)
    return inside
