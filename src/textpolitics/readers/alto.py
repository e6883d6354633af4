"""ALTO, the OCR results of libraries and newspaper archives, in versions 1 to 4."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textpolitics.document import Document
from textpolitics.readers import flow, ocr
from textpolitics.readers.flow import LINE, PARAGRAPH, local

if TYPE_CHECKING:
    from textpolitics.readers.flow import Node

# The file has all margins before the text; what stands beside and below it is read after it.
_PLACES = {"TopMargin": 0, "PrintSpace": 1}
_ELSEWHERE = 2


def looks_like(data: bytes, suffix: str) -> bool:
    """Recognise the root element, in whatever namespace."""
    del suffix
    return ocr.root_name(data) == "alto"


def read(data: bytes, name: str, encoding: str | None) -> Document:
    """Extract the text of an ALTO file.

    Args:
        data: The bytes.
        name: Name of the input.
        encoding: Not used; XML states its own.

    Returns:
        The text with text blocks as paragraphs and lines as lines. A word that is
        broken at a line end stands whole where it begins, if the file says how it goes.

    Raises:
        ReadError: The XML is malformed or hostile.
    """
    del encoding
    root = ocr.parse(data, name)
    stated = [ocr.confidence(node.get("WC")) for node in root.iter("{*}String")]
    _mend(root)
    pages = (flow.layout(_page(page)) for page in root.findall("{*}Layout/{*}Page"))
    return ocr.document(name, "alto", pages, stated)


def _mend(root: Node) -> None:
    """Put each broken word where its first part stands, and take its hyphen and second part away.

    A second part goes also where the first is not in the file: it ended the page before.
    """
    whole = halved = False
    for node in root.iter("{*}String", "{*}HYP"):
        part, word = node.get("SUBS_TYPE"), node.get("SUBS_CONTENT")
        if local(node) == "HYP":
            gone = whole
        elif part == "HypPart2":
            gone = bool(word) and not halved
        else:
            gone = False
            whole = part == "HypPart1" and bool(word)
            if part == "HypPart1":
                halved = not word
                node.set("CONTENT", word or node.get("CONTENT") or "")
        if gone:
            node.set("CONTENT", "")


def _page(page: Node) -> Iterator[str]:
    for place in sorted(page, key=lambda node: _PLACES.get(local(node), _ELSEWHERE)):
        for block in place.iter("{*}TextBlock"):
            yield PARAGRAPH
            for line in block.findall("{*}TextLine"):
                yield from (LINE, _words(line))
            yield PARAGRAPH


def _words(line: Node) -> str:
    words: list[str] = []
    for node in line:
        content = " ".join(node.get("CONTENT", "").split())
        if local(node) == "HYP" and words:
            words[-1] += content
        elif local(node) == "String" and content:
            words.append(content)
    return " ".join(words)
