"""E-books in EPUB format."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from textpolitics.document import Document
from textpolitics.errors import ReadError
from textpolitics.readers import archive, flow, html
from textpolitics.status import Reason

if TYPE_CHECKING:
    from zipfile import ZipFile

    from textpolitics.readers.flow import Node

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_ENTITY = re.compile(rb"&([A-Za-z][A-Za-z0-9]*;)")
_XML_ENTITIES = frozenset((b"amp;", b"lt;", b"gt;", b"quot;", b"apos;"))


def looks_like(data: bytes, suffix: str) -> bool:
    """Recognise an EPUB by its mimetype or its container file."""
    return archive.holds(data, _CONTAINER, "application/epub+zip", suffix == ".epub")


def read(data: bytes, name: str, encoding: str | None) -> Document:
    """Extract the text of an e-book.

    Args:
        data: The bytes.
        name: Name of the input.
        encoding: Not used; the chapters state their own.

    Returns:
        The text of the chapters in reading order, without tables of contents.

    Raises:
        ReadError: The book is damaged, protected or too large.
    """
    del encoding
    with archive.unpack(data, name) as members:
        chapters = _spine(members, name)
        _check_protection(members, chapters, name)
        texts = [_chapter(members, path, name) for path in chapters]
    return Document("\n\n".join(text for text in texts if text), name, "epub")


def _spine(members: ZipFile, name: str) -> list[str]:
    """List the members that hold the chapters, in reading order."""
    from urllib.parse import unquote

    container = flow.xml(_member(members, _CONTAINER, name))
    package = next((node.get("full-path") for node in container.iter("{*}rootfile")), None)
    if package is None:
        raise ReadError(name, Reason.CORRUPT, "the container names no package")
    root = flow.xml(_member(members, package, name))
    items = {node.get("id"): node for node in root.iter("{*}item")}
    chapters = [items.get(node.get("idref")) for node in root.iter("{*}itemref")]
    folder = posixpath.dirname(package)
    return [
        posixpath.normpath(posixpath.join(folder, unquote(node.get("href", ""))))
        for node in chapters
        if node is not None and _readable(node)
    ]


def _readable(item: Node) -> bool:
    kind = item.get("media-type", "")
    return "html" in kind and "nav" not in item.get("properties", "").split()


def _check_protection(members: ZipFile, chapters: list[str], name: str) -> None:
    """Refuse a book with scrambled chapters; scrambled fonts do no harm."""
    from urllib.parse import unquote

    if _ENCRYPTION not in members.namelist():
        return
    listed = flow.xml(members.read(_ENCRYPTION)).iter("{*}CipherReference")
    if {unquote(node.get("URI", "")) for node in listed} & set(chapters):
        raise ReadError(name, Reason.ENCRYPTED, "an e-book with copy protection")


def _chapter(members: ZipFile, path: str, name: str) -> str:
    from lxml import etree

    page = _member(members, path, name)
    try:
        root = flow.xml(_ENTITY.sub(_numbered, page))
    except etree.XMLSyntaxError:  # many books hold plain HTML
        return html.read(page, name, None).text
    return html.body_text(root, furniture=False)


def _numbered(entity: re.Match[bytes]) -> bytes:
    """Write an entity that only HTML knows as numbers, which XML knows too."""
    from html.entities import html5

    if entity[1] in _XML_ENTITIES or entity[1].decode() not in html5:
        return entity[0]
    return "".join(f"&#{ord(c)};" for c in html5[entity[1].decode()]).encode()


def _member(members: ZipFile, path: str, name: str) -> bytes:
    try:
        return members.read(path)
    except KeyError:
        raise ReadError(name, Reason.CORRUPT, f"{path} is missing inside") from None
