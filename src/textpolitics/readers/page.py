"""PAGE XML, the OCR results of research tools, in all its versions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textpolitics.document import Document
from textpolitics.readers import flow, ocr
from textpolitics.readers.flow import LINE, PARAGRAPH, local

if TYPE_CHECKING:
    from textpolitics.readers.flow import Node

_PARTS = {"TextRegion": "TextLine", "TextLine": "Word", "Word": "Glyph"}
_BETWEEN = {"TextRegion": LINE, "TextLine": " ", "Word": ""}
_UNNUMBERED = 0


def looks_like(data: bytes, suffix: str) -> bool:
    """Recognise the root element, in whatever namespace."""
    del suffix
    return ocr.root_name(data) == "PcGts"


def read(data: bytes, name: str, encoding: str | None) -> Document:
    """Extract the text of a PAGE XML file.

    Args:
        data: The bytes.
        name: Name of the input.
        encoding: Not used; XML states its own.

    Returns:
        The text of its regions as paragraphs, in the reading order that the file
        states; regions that this does not name follow as they stand. Of several
        readings of one line the first counts.

    Raises:
        ReadError: The XML is malformed or hostile.
    """
    del encoding
    root = ocr.parse(data, name)
    pages = (flow.layout(_page(page)) for page in root.findall("{*}Page"))
    stated = _confidences(root, "Word") or _confidences(root, "TextLine")
    return ocr.document(name, "page", pages, stated)


def _confidences(root: Node, part: str) -> list[float]:
    readings = (_reading(node) for node in root.iter(f"{{*}}{part}"))
    found = (ocr.confidence(node.get("conf")) for node in readings if node is not None)
    return [number for number in found if number is not None]


def _page(page: Node) -> Iterator[str]:
    for region in _regions(page):
        yield from (PARAGRAPH, _text(region), PARAGRAPH)


def _regions(page: Node) -> Iterator[Node]:
    """Yield the text regions in reading order, each once.

    A region that the order names stands for those inside it, too, such as the cells
    of a table, if it does not name these elsewhere.
    """
    by_id = {node.get("id"): node for node in page.iter() if local(node).endswith("Region")}
    named = [by_id[name] for name in _order(page) if name in by_id]
    apart = set(named)
    done: set[Node] = set()
    for node in (*dict.fromkeys(named), page):
        for region in node.iter("{*}TextRegion"):
            if region not in done and (region is node or region not in apart):
                done.add(region)
                yield region


def _order(page: Node) -> list[str]:
    """Return the ids that the reading order names, its nested groups written out."""
    named: list[str] = []
    waiting = list(page.findall("{*}ReadingOrder"))
    while waiting:
        node = waiting.pop()
        reference = node.get("regionRef")
        if reference is not None:
            named.append(reference)
        waiting += sorted(node, key=_index)[::-1]
    return named


def _text(node: Node) -> str:
    """Return the text of a region, line, word or glyph: its own, or else that of its parts.

    A region's own is asked last: where lines were corrected by hand, it may be older.
    """
    kind = local(node)
    own = _own(node) if kind != "TextRegion" else ""
    if own or kind not in _PARTS:
        return own
    parts = (_text(part) for part in node.findall(f"{{*}}{_PARTS[kind]}"))
    return _BETWEEN[kind].join(filter(None, parts)) or _own(node)


def _own(node: Node) -> str:
    reading = _reading(node)
    stated = "" if reading is None else reading.findtext("{*}Unicode") or ""
    return LINE.join(" ".join(line.split()) for line in stated.splitlines())


def _reading(node: Node) -> Node | None:
    """Return the first of the readings of a region, line or word, by their numbers."""
    return min(node.findall("{*}TextEquiv"), key=_index, default=None)


def _index(node: Node) -> int:
    number = node.get("index", "")
    return int(number) if number.isdecimal() and len(number) < 10 else _UNNUMBERED
