"""Readers: bytes in, `Document` out, one function and one table row per format.

The suffix of a name is a hint, the content decides. Libraries that are slow to
load are imported by the one function that needs them, so that importing this
package costs next to nothing and reading a plain text file loads none of them.
"""

from __future__ import annotations

import codecs
import contextlib
import posixpath
from collections.abc import Callable
from dataclasses import dataclass

from textpolitics.document import Document
from textpolitics.errors import ReadError, TextPoliticsError, UsageError
from textpolitics.readers import (
    alto,
    binary,
    djvu,
    epub,
    gz,
    hocr,
    html,
    markdown,
    office,
    page,
    pdf,
    plain,
    rtf,
)
from textpolitics.readers import encoding as encodings
from textpolitics.status import Reason

__all__ = ["FORMATS", "Format", "Reader", "read"]

Reader = Callable[[bytes, str, str | None], Document]
"""Turns bytes, a name and an encoding (or None) into a document."""

_NOTHING = b"\x00\t\n\v\f\r \xef\xbb\xbf\xfe\xff"  # white space, NUL and byte order marks
_DETAIL_LENGTH = 160


@dataclass(frozen=True, slots=True)
class Format:
    """One row of the table of formats.

    Attributes:
        name: Short name, as it stands in `Document.format`.
        suffixes: Usual endings of file names, in lower case with the dot.
        looks_like: Says whether bytes under a name with this suffix are of the format.
        read: Turns bytes, the name and an encoding (or None) into a document.
    """

    name: str
    suffixes: tuple[str, ...]
    looks_like: Callable[[bytes, str], bool]
    read: Callable[[bytes, str, str | None], Document]


# The first row that recognises the content wins, so the vaguest stand last.
FORMATS: tuple[Format, ...] = (
    Format("pdf", (".pdf",), pdf.looks_like, pdf.read),
    Format("docx", (".docx", ".docm"), office.looks_like_docx, office.read_docx),
    Format("odt", (".odt", ".ott"), office.looks_like_odt, office.read_odt),
    Format("epub", (".epub",), epub.looks_like, epub.read),
    Format("rtf", (".rtf",), rtf.looks_like, rtf.read),
    Format("alto", (".xml",), alto.looks_like, alto.read),
    Format("page", (".xml",), page.looks_like, page.read),
    Format("djvu", (".xml",), djvu.looks_like, djvu.read),
    Format("hocr", (".hocr",), hocr.looks_like, hocr.read),
    Format("html", html.SUFFIXES, html.looks_like, html.read),
    Format("md", markdown.SUFFIXES, markdown.looks_like, markdown.read),
    Format("txt", (".txt", ".text"), plain.looks_like, plain.read),
)


def read(data: bytes, name: str, encoding: str | None = None) -> Document:
    """Extract the text of one document.

    Args:
        data: The whole content of the document; a gzip file around it is unpacked.
        name: Its name as the user knows it; the suffix is a hint at the format.
        encoding: Character encoding to use instead of finding it out. Only text
            formats (txt, md, html, hocr) have one; others state their own.

    Returns:
        The document. Its text may be empty where a sound file has no text inside.

    Raises:
        ReadError: The input cannot be read; the error carries the reason.
        UsageError: There is no encoding of that name.
    """
    if encoding is not None:
        check_encoding(encoding)
    packed = gz.looks_like(data)
    try:
        data = gz.unpack(data, name) if packed else data
        if not data.strip(_NOTHING):
            raise ReadError(name, Reason.EMPTY, "nothing but white space" if data else "0 bytes")
        suffix = posixpath.splitext(name.removesuffix(".gz") if packed else name)[1].lower()
        return _reader(data, name, suffix, encoding)(data, name, encoding)
    except TextPoliticsError:
        raise
    except MemoryError:
        raise ReadError(name, Reason.TOO_LARGE, "not enough memory to read it") from None
    except Exception as error:  # whatever a parser throws at damaged bytes
        raise ReadError(name, Reason.CORRUPT, _one_line(error)) from error


def _reader(
    data: bytes, name: str, suffix: str, encoding: str | None
) -> Callable[[bytes, str, str | None], Document]:
    """Choose the reading function by content, with the suffix as a hint."""
    known = binary.reject(data)
    if known is not None:
        raise ReadError(name, *known)
    for row in FORMATS:
        if row.looks_like(data, suffix):
            return row.read
    if encoding is not None and not binary.is_container(data) and not encodings.is_text(data):
        return plain.read  # such as UTF-32 or EBCDIC; the user knows better
    raise ReadError(name, Reason.UNSUPPORTED, binary.describe(data))


def check_encoding(encoding: str) -> None:
    """Refuse the name of an encoding that does not exist.

    Raises:
        UsageError: If Python knows no text encoding of this name.
    """
    try:
        codecs.lookup(encoding)
        with contextlib.suppress(UnicodeDecodeError):  # more than one byte to a character
            b"a".decode(encoding)
    except (LookupError, ValueError):
        raise UsageError(
            "--encoding",
            f"there is no text encoding called {encoding!r}",
            "use a name that Python knows, such as utf-8, cp1252 or utf-16",
        ) from None


def _one_line(error: BaseException) -> str:
    line = " ".join(str(error).split()) or "no further detail"
    line = f"{type(error).__name__}: {line}"
    return line if len(line) <= _DETAIL_LENGTH else line[: _DETAIL_LENGTH - 1] + "…"
