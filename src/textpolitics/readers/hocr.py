"""hOCR: the web pages in which Tesseract and others write what they read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from textpolitics.document import Document
from textpolitics.readers import encoding as encodings
from textpolitics.readers import flow, html, ocr
from textpolitics.readers.flow import LINE, PARAGRAPH, local

if TYPE_CHECKING:
    from textpolitics.readers.flow import Node

_LOOK = 65_536
_PAGE = re.compile(r"<\w+\b[^<>]*?\bclass\s*=\s*[\"']?(?:[\w-]+\s+)*?ocr_page\b", re.IGNORECASE)
_CONFIDENCE = re.compile(r"\bx_wconf\s+(\d+(?:\.\d+)?)")
_CERTAIN = 100.0
_BREAKS = {
    "ocr_page": PARAGRAPH,
    "ocr_carea": PARAGRAPH,
    "ocr_par": PARAGRAPH,
    "ocr_line": LINE,
    "ocrx_line": LINE,
    "ocr_header": LINE,
    "ocr_footer": LINE,
    "ocr_caption": LINE,
    "ocr_textfloat": LINE,
    "ocrx_word": " ",
}
_WORD, _SIGN = "ocrx_word", "ocrx_cinfo"


def looks_like(data: bytes, suffix: str) -> bool:
    """Recognise an element of the class that every page of hOCR has."""
    del suffix
    start = encodings.head(data, _LOOK)
    return start.startswith("<") and bool(_PAGE.search(start)) and encodings.is_text(data)


def read(data: bytes, name: str, encoding: str | None) -> Document:
    """Extract the text of an hOCR file.

    Args:
        data: The bytes.
        name: Name of the input.
        encoding: Encoding to use, None to find it out.

    Returns:
        The text with paragraphs, lines and pages as the file has them.

    Raises:
        ReadError: The bytes do not decode or the page cannot be parsed.
    """
    source, used = html.decode(data, name, encoding)
    root = html.parse(source, name)
    nodes = [] if root is None else [node for node in root.iter("*") if node.get("class")]
    pages = (flow.tree_text(node, _style, _words) for node in _outermost(nodes))
    stated = (
        ocr.confidence(found[1], _CERTAIN)
        for node in nodes
        if _has(node, _WORD) and (found := _CONFIDENCE.search(node.get("title", "")))
    )
    return ocr.document(name, "hocr", pages, stated, used)


def _outermost(nodes: list[Node]) -> Iterator[Node]:
    """Yield the pages; one inside another is no page of its own."""
    for node in nodes:
        if _has(node, "ocr_page") and not any(
            _has(around, "ocr_page") for around in node.iterancestors()
        ):
            yield node


def _has(node: Node, name: str) -> bool:
    return name in node.get("class", "").split()


def _style(node: Node) -> str | None:
    if local(node) in ("script", "style"):
        return None
    known = (_BREAKS[name] for name in node.get("class", "").split() if name in _BREAKS)
    return next(known, LINE if local(node) == "br" else PARAGRAPH if local(node) == "p" else "")


def _words(node: Node, text: str) -> str:
    """Keep a text; between the signs of a word, white space is but layout."""
    if _has(node, _SIGN):
        return text.strip()
    if _has(node, _WORD) and not text.strip():
        first = next(iter(node), None)
        return "" if first is not None and _has(first, _SIGN) else " "
    return flow.collapse(text)
