"""Plain text."""

from __future__ import annotations

import re

from textpolitics.document import Document
from textpolitics.errors import ReadError
from textpolitics.readers import encoding as encodings
from textpolitics.status import Reason

_OTHER_MARKUP = re.compile(r"<\?xml\b|<svg\b", re.IGNORECASE)


def looks_like(data: bytes, suffix: str) -> bool:
    """Take whatever is text; XML that no other row knew would be read tags and all."""
    del suffix
    return not _OTHER_MARKUP.match(encodings.head(data, 64)) and encodings.is_text(data)


def read(data: bytes, name: str, encoding: str | None) -> Document:
    """Decode a plain text file.

    Args:
        data: The bytes.
        name: Name of the input.
        encoding: Encoding to use, None to find it out.

    Returns:
        The decoded file with plain newlines, otherwise unaltered. Form feeds part its pages.

    Raises:
        ReadError: The bytes do not decode, or there is only white space.
    """
    text, used = encodings.decode(data, name, encoding)
    if not text.strip():
        raise ReadError(name, Reason.EMPTY, "nothing but white space")
    return Document(text, name, "txt", used, _pages(text))


def _pages(text: str) -> tuple[int, ...]:
    """Return where the pages start; a form feed at the very end starts none."""
    behind = (match.end() for match in re.finditer("\f", text.rstrip()))
    return (0, *behind) if "\f" in text else ()
