"""From a tree of marked-up text to running text with breaks.

Readers translate their elements into three kinds of break. Breaks are carried
as control characters that no XML can contain, until `layout` turns each run of
them into the strongest one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml import etree

    Node = etree._Element

PARAGRAPH, LINE, CELL, SPACE = "\x1d", "\x1e", "\x1f", "\x1c"
_BREAKS = re.compile("([\x1d-\x1f]+)")
_SPACES = re.compile(r" {2,}")
_AROUND_NEWLINE = re.compile(r" ?\n ?")
_BLANK_LINES = re.compile(r"\n{3,}")
_CONTROLS = re.compile("[\x1c-\x1f]")
_WHITE = re.compile(r"[ \t\r\n\f]+")


def local(node: Node) -> str:
    """Return the name of an element without its namespace."""
    return str(node.tag).rpartition("}")[2]


def xml(data: bytes) -> Node:
    """Parse XML that nobody vouches for: no entities, no network, no outside DTD.

    Args:
        data: The XML.

    Returns:
        Its root element.

    Raises:
        lxml.etree.XMLSyntaxError: It is not well-formed.
    """
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    return etree.fromstring(data, parser)


def collapse(text: str) -> str:
    """Turn each run of white space into one space, as mark-up languages do."""
    return _WHITE.sub(" ", text)


def plain(text: str) -> str:
    """Replace the characters that stand for breaks here, should a text contain them."""
    return _CONTROLS.sub(" ", text)


def tree_text(
    root: Node,
    style: Callable[[Node], str | None],
    words: Callable[[Node, str], str],
) -> str:
    """Write out a tree in document order, without recursion.

    Args:
        root: The element to start from.
        style: Gives for an element the break around it, other text to put in
            its place ("" for nothing), or None to leave the element out.
        words: Gives what to keep of a text that stands directly in an element.

    Returns:
        The text laid out by `layout`.
    """
    from lxml import etree

    pieces: list[str] = []
    after: list[str] = []
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, node in walker:
        if event == "start":
            mark = style(node)
            pieces.append(mark or "")
            after.append(mark if mark in (PARAGRAPH, LINE, CELL) else "")
            if mark is None:
                walker.skip_subtree()
            elif node.text and isinstance(node.tag, str):  # not an entity left unresolved
                pieces.append(words(node, node.text))
        else:
            pieces.append(after.pop())
            parent = node.getparent()
            if node is not root and node.tail and parent is not None:
                pieces.append(words(parent, node.tail))
    return layout(pieces)


def layout(pieces: Iterable[str]) -> str:
    """Join pieces; the strongest break of each run becomes white space.

    Args:
        pieces: Texts and breaks.

    Returns:
        Text with a blank line between paragraphs, a newline between lines and a
        tab between cells, and no white space at its ends.
    """
    out: list[str] = []
    pending = ""
    for number, part in enumerate(_BREAKS.split("".join(pieces))):
        if number % 2:
            pending += part
        elif body := part.strip(" \t\n"):
            out.extend((_white(pending), body) if out else (body,))
            pending = ""
    text = _SPACES.sub(" ", "".join(out))
    text = _BLANK_LINES.sub("\n\n", _AROUND_NEWLINE.sub("\n", text))
    return text.replace(SPACE, " ")


def _white(breaks: str) -> str:
    if PARAGRAPH in breaks:
        return "\n\n"
    return "\n" if LINE in breaks else "\t"


def alone(node: Node) -> bool:
    """Tell whether no element of its kind stands beside a node."""
    before, behind = node.getprevious(), node.getnext()
    return all(other is None or other.tag != node.tag for other in (before, behind))
