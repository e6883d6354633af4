"""Word processor documents: docx and odt."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from textpolitics.document import Document
from textpolitics.errors import ReadError
from textpolitics.readers import archive, flow
from textpolitics.readers.flow import CELL, LINE, PARAGRAPH, SPACE, alone, local
from textpolitics.status import Reason

if TYPE_CHECKING:
    from textpolitics.readers.flow import Node

_DOCX_DROPPED = frozenset(("pPr", "rPr", "del", "moveFrom", "Fallback", "sectPr"))
_DOCX_TEXT = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_DOCX_BREAKS = {"tbl": PARAGRAPH, "tr": LINE, "tc": CELL}
_ODT_DROPPED = frozenset(
    ("note", "annotation", "tracked-changes", "forms", "desc", "title", "ruby-text", "script")
)
_ODT_BREAKS = {
    "table": PARAGRAPH,
    "list": PARAGRAPH,
    "table-row": LINE,
    "list-item": LINE,
    "table-cell": CELL,
    "tab": "\t",
    "line-break": "\n",
}
_MOST_SPACES = 1000


def looks_like_docx(data: bytes, suffix: str) -> bool:
    """Recognise the main part of a docx file among the members."""
    return archive.holds(data, "word/document.xml", "", suffix in (".docx", ".docm"))


def looks_like_odt(data: bytes, suffix: str) -> bool:
    """Recognise an OpenDocument text by its mimetype."""
    mimetype = "application/vnd.oasis.opendocument.text"
    return archive.holds(data, "", mimetype, suffix in (".odt", ".ott"))


def read_docx(data: bytes, name: str, encoding: str | None) -> Document:
    """Extract the text of a docx file.

    Args:
        data: The bytes.
        name: Name of the input.
        encoding: Not used; docx states its own.

    Returns:
        The text of its body as it stands with all tracked changes accepted,
        without notes, comments, headers and footers.

    Raises:
        ReadError: The file is damaged, encrypted or too large.
    """
    del encoding
    import docx

    archive.unpack(data, name).close()
    document: Any = docx.Document(io.BytesIO(data))
    lists = {style.style_id for style in document.styles if _has_numbers(style.element)}

    def style(node: Node) -> str | None:
        return _docx_style(node, lists)

    return Document(flow.tree_text(document.element.body, style, _docx_words), name, "docx")


def _has_numbers(element: Node) -> bool:
    properties: Any = getattr(element, "pPr", None)
    return properties is not None and properties.numPr is not None


def _docx_style(node: Node, lists: set[str]) -> str | None:
    tag = local(node)
    if tag in _DOCX_DROPPED:
        return None
    if tag != "p":
        return _DOCX_TEXT.get(tag) or _DOCX_BREAKS.get(tag, "")
    parent = node.getparent()
    if parent is not None and local(parent) == "tc" and alone(node):
        return ""
    properties: Any = getattr(node, "pPr", None)
    listed = _has_numbers(node) or (properties is not None and properties.style in lists)
    return LINE if listed else PARAGRAPH


def _docx_words(node: Node, text: str) -> str:
    return flow.plain(text) if local(node) == "t" else ""


def read_odt(data: bytes, name: str, encoding: str | None) -> Document:
    """Extract the text of an OpenDocument text.

    Args:
        data: The bytes.
        name: Name of the input.
        encoding: Not used; odt states its own.

    Returns:
        The text of its body without notes, comments, headers and footers.

    Raises:
        ReadError: The file is damaged, encrypted or too large.
    """
    del encoding
    with archive.unpack(data, name) as members:
        names = members.namelist()
        manifest = (
            members.read("META-INF/manifest.xml") if "META-INF/manifest.xml" in names else b""
        )
        if "encrypted-package" in names or b"encryption-data" in manifest:
            raise ReadError(name, Reason.ENCRYPTED, "an OpenDocument file with a password")
        root = flow.xml(members.read("content.xml"))
    body = next(root.iter("{*}body"), None)
    text = "" if body is None else flow.tree_text(body, _odt_style, _odt_words)
    return Document(text, name, "odt")


def _odt_style(node: Node) -> str | None:
    tag = local(node)
    if tag in _ODT_DROPPED:
        return None
    parent = node.getparent()
    around = local(parent) if parent is not None else ""
    if tag in ("p", "h"):
        if around in ("list-item", "list-header"):
            return LINE
        return "" if around == "table-cell" and alone(node) else PARAGRAPH
    if tag == "s":
        count = next((value for key, value in node.attrib.items() if str(key).endswith("}c")), "1")
        return SPACE * min(int(count), _MOST_SPACES)
    return LINE if tag == "list" and around == "list-item" else _ODT_BREAKS.get(tag, "")


def _odt_words(node: Node, text: str) -> str:
    del node
    return flow.collapse(text)
