"""Web pages: what a reader reads, without the furniture around it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from textpolitics.document import Document
from textpolitics.errors import ReadError
from textpolitics.readers import encoding as encodings
from textpolitics.readers.flow import (
    CELL,
    LINE,
    PARAGRAPH,
    SPACE,
    alone,
    collapse,
    local,
    plain,
    tree_text,
)
from textpolitics.status import Reason

if TYPE_CHECKING:
    from textpolitics.readers.flow import Node

SUFFIXES = (".html", ".htm", ".xhtml", ".xht", ".shtml")

# Possessive: what has matched is not tried in other ways, of which comments have very many.
_LEAD = r"(?:<\?xml[^>]*>|(?><!--.{0,2000}?-->)|\s)*+"
_PAGE = re.compile(
    _LEAD + r"<(?:!doctype\s+html|(?:html|head|body|title|meta)\b)", re.IGNORECASE | re.DOTALL
)
_FRAGMENT = re.compile(
    r"<(?:p|div|h[1-6]|article|section|main|table|ul|ol|center|blockquote)\b[^<>]*>", re.IGNORECASE
)
_TAG = re.compile(r"</?[a-z][a-z0-9]*\b[^<>]*>", re.IGNORECASE)
_CHARSET = re.compile(
    r"""<meta\b[^<>]*\bcharset\s*=\s*["']?\s*([\w.:-]+)|^\s*<\?xml\b[^<>]*\bencoding\s*=\s*["']([\w.:-]+)""",
    re.IGNORECASE,
)
_DROPPED = frozenset(
    [
        "head",
        "title",
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "math",
        "nav",
        "aside",
        "button",
        "select",
        "textarea",
        "iframe",
        "object",
        "audio",
        "video",
        "canvas",
        "map",
    ]
)
_BREAKS = (
    dict.fromkeys(
        [
            "p",
            "div",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "section",
            "article",
            "main",
            "blockquote",
            "pre",
            "ul",
            "ol",
            "dl",
            "table",
            "figure",
            "figcaption",
            "hr",
            "address",
            "header",
            "footer",
            "center",
            "body",
            "details",
            "summary",
            "fieldset",
            "form",
            "caption",
        ],
        PARAGRAPH,
    )
    | dict.fromkeys(["li", "dt", "dd", "tr", "option"], LINE)
    | dict.fromkeys(("td", "th"), CELL)
    | {"br": "\n"}
)
_INNER = frozenset(("p", "div"))
_ITEMS = frozenset(("li", "dd", "dt"))
_SUBSTANCE = 300  # characters in paragraphs that make a form more than a form


def looks_like(data: bytes, suffix: str) -> bool:
    """Recognise a page, or under a fitting or no known suffix also a piece of one."""
    start = encodings.head(data)
    if _PAGE.match(start):
        return encodings.is_text(data)
    if suffix in SUFFIXES:
        return bool(_TAG.search(encodings.head(data, 65_536))) and encodings.is_text(data)
    known = suffix in (".md", ".markdown", ".txt", ".text")
    return not known and bool(_FRAGMENT.match(start)) and encodings.is_text(data)


def read(data: bytes, name: str, encoding: str | None) -> Document:
    """Extract the text of a page.

    Args:
        data: The bytes.
        name: Name of the input.
        encoding: Encoding to use, None to find it out.

    Returns:
        The text of the body. Navigation, scripts, forms and, outside an article,
        headers and footers are left out.

    Raises:
        ReadError: The bytes do not decode or the page cannot be parsed.
    """
    text, used = decode(data, name, encoding)
    return Document(page_text(text, name), name, "html", used)


def decode(data: bytes, name: str, encoding: str | None) -> tuple[str, str]:
    """Decode a page as `encoding.decode` does, with the charset it declares as a hint.

    Raises:
        ReadError: The bytes do not decode.
    """
    claim = _CHARSET.search(encodings.head(data))
    declared = (claim[1] or claim[2]) if claim else None
    return encodings.decode(data, name, encoding, declared)


def page_text(page: str, name: str) -> str:
    """Extract the text of a page that is decoded already.

    Args:
        page: The page or a piece of one.
        name: Name of the input, for messages.

    Returns:
        Its text, "" where there is none.

    Raises:
        ReadError: The page is nested too deeply to be parsed to its end.
    """
    root = parse(page, name)
    return "" if root is None else body_text(root)


def parse(page: str, name: str) -> Node | None:
    """Parse a page that is decoded already, however wrong its tags.

    Args:
        page: The page or a piece of one.
        name: Name of the input, for messages.

    Returns:
        Its root element, None where there is none.

    Raises:
        ReadError: The page is nested too deeply to be parsed to its end.
    """
    from lxml import etree

    # Without huge_tree the parser drops, silently, what lies deeper than 256 elements.
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    root = etree.fromstring(plain(page).encode(), parser)
    if any(entry.level == etree.ErrorLevels.FATAL for entry in parser.error_log):
        raise ReadError(name, Reason.CORRUPT, "tags nested too deeply")
    return root


def body_text(root: Node, furniture: bool = True) -> str:
    """Write out a parsed page.

    Args:
        root: The root element.
        furniture: Whether headers and footers outside an article are left out.

    Returns:
        The text of the page.
    """

    def style(node: Node) -> str | None:
        return None if _dropped(node, furniture) else _break(node)

    return tree_text(root, style, _words)


def _break(node: Node) -> str:
    tag = local(node).lower()
    parent = node.getparent()
    around = local(parent).lower() if parent is not None else ""
    if tag in _INNER and around in _ITEMS:
        return LINE
    if tag in _INNER and around in ("td", "th") and alone(node):
        return ""
    if tag in ("ul", "ol") and around == "li":
        return LINE
    return _BREAKS.get(tag, "")


def _dropped(node: Node, furniture: bool) -> bool:
    tag = local(node).lower()
    if tag in _DROPPED:
        return True
    if tag in ("header", "footer"):
        inside = next(node.iterancestors("{*}article", "{*}main"), None)
        return furniture and inside is None
    if tag == "form":
        return not _substantial(node)
    return node.get("id") == "respond" or "comment-reply" in node.get("class", "")


def _substantial(form: Node) -> bool:
    """Tell a form that wraps a whole page, as ASP.NET makes them, from a form to fill in."""
    total = 0
    for node in form.iter("{*}p", "{*}article", "{*}main"):
        total += len("".join(node.itertext()))
        if total > _SUBSTANCE:
            return True
    return False


def _words(node: Node, text: str) -> str:
    verbatim = local(node) == "pre" or next(node.iterancestors("{*}pre"), None) is not None
    return text.replace("\r", "").replace(" ", SPACE) if verbatim else collapse(text)
