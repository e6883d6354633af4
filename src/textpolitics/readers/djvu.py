"""DjVu XML, in which the Internet Archive keeps the words of its scans."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textpolitics.document import Document
from textpolitics.readers import flow, ocr
from textpolitics.readers.flow import LINE, PARAGRAPH

if TYPE_CHECKING:
    from textpolitics.readers.flow import Node

_CERTAIN = 100.0


def looks_like(data: bytes, suffix: str) -> bool:
    """Recognise the root element."""
    del suffix
    return ocr.root_name(data) == "DjVuXML"


def read(data: bytes, name: str, encoding: str | None) -> Document:
    """Extract the text of a DjVu XML file.

    Args:
        data: The bytes.
        name: Name of the input.
        encoding: Not used; XML states its own.

    Returns:
        The text with paragraphs, lines and pages as the file has them.

    Raises:
        ReadError: The XML is malformed or hostile.
    """
    del encoding
    root = ocr.parse(data, name)
    pages = (flow.layout(_page(page)) for page in root.findall("{*}BODY/{*}OBJECT"))
    words = root.iter("{*}WORD")
    stated = (ocr.confidence(word.get("x-confidence"), _CERTAIN) for word in words)
    return ocr.document(name, "djvu", pages, stated)


def _page(page: Node) -> Iterator[str]:
    for paragraph in page.iter("{*}PARAGRAPH"):
        yield PARAGRAPH
        for line in paragraph.findall("{*}LINE"):
            words = (
                flow.collapse("".join(word.itertext())).strip() for word in line.findall("{*}WORD")
            )
            yield from (LINE, " ".join(filter(None, words)))
        yield PARAGRAPH
