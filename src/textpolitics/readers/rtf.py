"""Rich Text Format."""

from __future__ import annotations

import re

from textpolitics.document import Document
from textpolitics.errors import ReadError
from textpolitics.readers import encoding as encodings
from textpolitics.status import Reason

_START = re.compile(rb"\s*\{\s*\\rtf")
_CODE_PAGE = re.compile(rb"\\ansicpg(\d{1,5})")
_WORD = r"(?<!\\)((?:\\\\)*)\\{}(?![a-zA-Z])"  # a control word, not an escaped backslash
_PARAGRAPH = re.compile(_WORD.format("par"))
_CELL = re.compile(_WORD.format("(?:nest)?cell"))
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")


def looks_like(data: bytes, suffix: str) -> bool:
    """Recognise the signature."""
    del suffix
    return _START.match(data[:64].removeprefix(b"\xef\xbb\xbf")) is not None


def read(data: bytes, name: str, encoding: str | None) -> Document:
    """Extract the text of an RTF file.

    Args:
        data: The bytes.
        name: Name of the input.
        encoding: Not used; RTF states its own.

    Returns:
        Its text without notes, headers and footers.

    Raises:
        ReadError: A character is not of the code page that the file states, or
            the file is cut short.
    """
    del encoding
    from striprtf.striprtf import rtf_to_text

    if not data.rstrip(b"\x00\r\n\t \x1a").endswith(b"}"):
        raise ReadError(name, Reason.CORRUPT, "cut short: the closing brace is missing")
    source = data.removeprefix(b"\xef\xbb\xbf").decode(_code_page(data), "surrogateescape")
    # Blank lines between paragraphs, tabs between cells, and no link targets.
    source = _CELL.sub(r"\1\\tab", _PARAGRAPH.sub(r"\1\\par\\par", source))
    source = source.replace("{\\field{", "{{")
    try:
        raw: str = rtf_to_text(source)  # type: ignore[no-untyped-call]
    except UnicodeDecodeError as error:
        detail = f"a character is not of the code page {error.encoding}"
        raise ReadError(name, Reason.ENCODING, detail) from None
    text = _BLANK_LINES.sub("\n\n", encodings.normalise(raw)).strip()
    return Document(text, name, "rtf")


def _code_page(data: bytes) -> str:
    stated = _CODE_PAGE.search(data[:4096])
    codec = f"cp{stated[1].decode()}" if stated else "cp1252"
    try:
        b"".decode(codec)
        "a".encode(codec)
    except LookupError:
        return "cp1252"
    return codec
