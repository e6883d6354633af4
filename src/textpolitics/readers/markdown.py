"""Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from textpolitics.document import Document
from textpolitics.errors import ReadError
from textpolitics.readers import encoding as encodings
from textpolitics.readers import html, plain
from textpolitics.readers.flow import CELL, LINE, PARAGRAPH, SPACE, layout
from textpolitics.readers.flow import plain as without_breaks
from textpolitics.status import Reason

if TYPE_CHECKING:
    from markdown_it.token import Token

SUFFIXES = (".md", ".markdown")

_FRONT_MATTER = re.compile(
    r"\A---[ \t]*\n(?=\s*(?:#|[\w\"'-][\w \"'.-]*:)).*?^(?:---|\.\.\.)[ \t]*(?:\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
_BREAK_TAG = re.compile(r"<br\s*/?>", re.IGNORECASE)
_NESTING = 200
_BREAKS = {"td": CELL, "th": CELL, "tr": LINE, "li": LINE, "thead": LINE, "tbody": LINE}


def looks_like(data: bytes, suffix: str) -> bool:
    """Markdown is text whose name says so; nothing in the content could prove it."""
    return suffix in SUFFIXES and plain.looks_like(data, suffix)


def read(data: bytes, name: str, encoding: str | None) -> Document:
    """Extract the text of a Markdown file.

    Args:
        data: The bytes.
        name: Name of the input.
        encoding: Encoding to use, None to find it out.

    Returns:
        Its text without marks, link targets, pictures and front matter.

    Raises:
        ReadError: The bytes do not decode, or there is only white space.
    """
    from markdown_it import MarkdownIt

    source, used = encodings.decode(data, name, encoding)
    if not source.strip():
        raise ReadError(name, Reason.EMPTY, "nothing but white space")
    parser = MarkdownIt("commonmark", {"maxNesting": _NESTING}).enable(["table", "strikethrough"])
    tokens = parser.parse(_FRONT_MATTER.sub("", without_breaks(source)))
    return Document(layout(_blocks(tokens, name)), name, "md", used)


def _blocks(tokens: Sequence[Token], name: str) -> Iterator[str]:
    items = 0
    for token in tokens:
        if token.type == "inline":
            yield from _inline(token.children or ())
        elif token.type in ("fence", "code_block"):
            yield PARAGRAPH + token.content.replace(" ", SPACE) + PARAGRAPH
        elif token.type == "html_block":
            yield PARAGRAPH + html.page_text(token.content, name) + PARAGRAPH
        else:
            items += token.nesting if token.tag == "li" else 0
            within = items and token.tag in ("p", "ul", "ol")
            yield LINE if within else _BREAKS.get(token.tag, PARAGRAPH)


def _inline(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("text", "code_inline"):
            yield token.content
        elif token.type in ("softbreak", "hardbreak") or _BREAK_TAG.match(token.content):
            yield "\n"
