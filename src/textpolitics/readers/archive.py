"""Zip archives that are documents: opened with care."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from textpolitics.errors import ReadError
from textpolitics.readers import binary
from textpolitics.status import Reason

if TYPE_CHECKING:
    from zipfile import ZipFile

MAX_INFLATED = 200 * 1024 * 1024  # bytes that all members of an archive may come to
_MIMETYPE = "mimetype"


def holds(data: bytes, member: str, mimetype: str, when_broken: bool) -> bool:
    """Tell whether bytes are a zip archive with a certain member or mimetype.

    Args:
        data: The bytes.
        member: Name of a member that only this format has.
        mimetype: How the ``mimetype`` member starts; "" where the format has none.
        when_broken: The answer for an archive that is too damaged to look into.

    Returns:
        Whether it is of the format.
    """
    if not binary.is_container(data):
        return False
    import zipfile

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if mimetype and _MIMETYPE in names:
                with archive.open(_MIMETYPE) as stated:
                    return stated.read(100).decode("latin-1").strip().startswith(mimetype)
            return member in names
    except Exception:  # any damage; the reader says which
        return when_broken


def unpack(data: bytes, name: str) -> ZipFile:
    """Open an archive after checking what it would inflate to.

    Args:
        data: The bytes.
        name: Name of the input, for messages.

    Returns:
        The open archive.

    Raises:
        ReadError: It is too large, encrypted or damaged.
    """
    import zipfile

    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile:
        raise ReadError(name, Reason.CORRUPT, "cut short or damaged zip archive") from None
    # Stated sizes can be trusted: no member yields more than it states.
    if sum(member.file_size for member in archive.infolist()) > MAX_INFLATED:
        limit = f"more than {MAX_INFLATED // 1024 // 1024} MB when unpacked"
        raise ReadError(name, Reason.TOO_LARGE, limit)
    if any(member.flag_bits & 1 for member in archive.infolist()):
        raise ReadError(name, Reason.ENCRYPTED, "a zip archive with a password")
    return archive
