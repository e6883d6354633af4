"""What the formats of OCR results have in common: XML, pages and word confidences."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from textpolitics.document import Document
from textpolitics.errors import ReadError
from textpolitics.readers import encoding as encodings
from textpolitics.readers import flow
from textpolitics.status import Reason

if TYPE_CHECKING:
    from textpolitics.readers.flow import Node

_GAP = "\n\n"
_LOOK = 65_536
_ROOT = re.compile(
    r"(?:\s|(?><\?.*?\?>)|(?><!--.*?-->)|<!DOCTYPE[^>\[]*+(?>\[.*?\]\s*)?>)*+"
    r"<(?:[\w.-]+:)?([\w.-]+)",
    re.DOTALL,
)


def root_name(data: bytes) -> str:
    """Return the name of the root element of XML without its prefix, "" where there is none."""
    start = _ROOT.match(encodings.head(data, _LOOK)) if b"<" in data[:64] else None
    return start[1] if start else ""


def parse(data: bytes, name: str) -> Node:
    """Parse an OCR result that nobody vouches for.

    Args:
        data: The XML.
        name: Name of the input, for messages.

    Returns:
        The root element.

    Raises:
        ReadError: The XML is malformed, nested too deeply, or defines entities,
            which no OCR result needs and some hostile files do.
    """
    from lxml import etree

    try:
        root = flow.xml(data)
    except etree.XMLSyntaxError as error:
        raise ReadError(name, Reason.CORRUPT, f"malformed XML: {_one_line(error)}") from None
    definitions: Any = root.getroottree().docinfo.internalDTD
    if definitions is not None and any(definitions.iterentities()):
        raise ReadError(name, Reason.UNSUPPORTED, "XML that defines entities of its own")
    return root


def confidence(stated: str | None, full: float = 1.0) -> float | None:
    """Return a confidence between 0 and 1, None where none or no sensible one is stated.

    Args:
        stated: The number as it stands in the file.
        full: What stands for certainty. Some programs write percentages where the
            format wants shares; those are taken for what they are.
    """
    try:
        number = float(stated or "")
    except ValueError:
        return None
    if 0.0 <= number <= full:
        return number / full
    return number / 100.0 if 0.0 <= number <= 100.0 else None


def document(
    name: str,
    kind: str,
    pages: Iterable[str],
    confidences: Iterable[float | None],
    encoding: str | None = None,
) -> Document:
    """Make a document of pages, with a blank line between them.

    Args:
        name: Name of the input.
        kind: Short name of its format.
        pages: The texts of its pages.
        confidences: How sure the OCR was of each word, where it says so.
        encoding: Character encoding that was used, where the format has one.

    Returns:
        The document. Its word confidence is None too where every single one is 0:
        some programs write that for "not known".
    """
    texts = list(pages)
    starts = [0]
    for text in texts[:-1]:
        starts.append(starts[-1] + len(text) + len(_GAP))
    stated = [number for number in confidences if number is not None]
    mean = sum(stated) / len(stated) if any(stated) else None
    return Document(_GAP.join(texts), name, kind, encoding, tuple(starts) if texts else (), mean)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120]
