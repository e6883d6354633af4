"""Which lines of a text are no part of it: page numbers, running heads, web furniture.

Losing a line of the text is worse than keeping a line of furniture, so every
rule here asks for more than a look at the line itself, save for a closed list
of phrases.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

WEB_LINES = frozenset(
    """
    accept all cookies|accept cookies|back to top|cancel reply|click here to cancel reply
    cookie policy|cookie settings|cookies|email this|leave a comment|leave a reply
    like this: loading|loading|manage cookies|next post|notify me of follow-up comments by email
    notify me of new posts by email|post comment|post navigation|powered by wordpress
    previous post|print this page|proudly powered by wordpress|required fields are marked
    save my name, email, and website in this browser for the next time i comment|share this
    share on facebook|share on twitter|share this article|share this page|share this post
    skip to content|skip to main content|skip to navigation|submit comment|tweet this
    this site uses cookies|we use cookies|you must be logged in to post a comment
    your email address will not be published|toggle navigation
    your email address will not be published. required fields are marked
    """.strip().replace("\n", "|").replace("    ", "").split("|")
)  # fmt: skip
WEB_PATTERN = re.compile(
    r"(?:click to share on \w+ \(opens in new window\)"
    r"|(?:this|our) (?:web)?site uses cookies to .{1,120}|\d{1,4} (?:comments|responses))",
    re.IGNORECASE,
)
_SHORT = 80
_PAGE_NUMBER = re.compile(
    r"(?:page |p\. ?|[-–—\[(|] ?)?(?:\d{1,4}|(?=[ivxl]{2})(?:xl|l?x{0,3})(?:ix|iv|v?i{0,3}))"
    r"(?: of \d{1,4}| ?[-–—\])|])?",
    re.IGNORECASE,
)
_PAGE_CHARS = 1000  # two heads of one book stand at least this far apart, two refrains do not
_GAP = "        "


class Lines:
    """The lines of a text that are not blank, as offsets without the blanks around them."""

    def __init__(self, text: str) -> None:
        """Find the lines.

        Args:
            text: Any text; only line feeds end its lines.
        """
        code = "I" if len(text) < 2**31 else "Q"
        self.text = text
        self.starts, self.ends = array(code), array(code)
        for match in re.finditer(r"[^ \t\n][^\n]*", text):
            start, end = match.span()
            if text[end - 1] in " \t":
                end = start + len(match[0].rstrip(" \t"))
            self.starts.append(start)
            self.ends.append(end)

    def __len__(self) -> int:
        return len(self.starts)

    def length(self, index: int) -> int:
        """Return the length of a line."""
        return self.ends[index] - self.starts[index]

    def line(self, index: int) -> str:
        """Return a line without the blanks around it."""
        return self.text[self.starts[index] : self.ends[index]]

    def parted(self, one: int, other: int) -> bool:
        """Tell whether blank lines, or an end of the text, lie between two neighbours."""
        if one < 0 or other >= len(self.starts):
            return True
        first = self.text.find("\n", self.ends[one], self.starts[other]) + 1
        return self.text.find("\n", first, self.starts[other]) >= 0


def kept_lines(lines: Lines, pages: Sequence[int]) -> array[int]:
    """Return the numbers of the lines that belong to the text."""
    edges = _page_edges(lines, pages)
    numbers = bytearray(lines.length(i) <= 14 and _is_number(lines, i) for i in range(len(lines)))
    dropped = bytearray(len(lines))
    beside: list[int] = []
    for i in _flagged(numbers):
        if i in edges or _is_lone_number(lines, i, numbers):
            dropped[i] = True
            beside += (j for j in (i - 1, i + 1) if 0 <= j < len(lines) and not numbers[j])
    for i in _repeated_at(lines, sorted(i for i in edges if not numbers[i]), 0):
        dropped[i] = True
    for i in _repeated_at(lines, sorted(set(beside)), 600):
        dropped[i] = True
    for i in _at_regular_distance(lines):
        dropped[i] = True
    keep = array(lines.starts.typecode)
    for i in range(len(lines)):
        if not dropped[i] and not (lines.length(i) <= 2 * _SHORT and _is_stray(lines.line(i))):
            keep.append(i)
    return keep


def _flagged(flags: bytearray) -> Iterator[int]:
    at = flags.find(True)
    while at >= 0:
        yield at
        at = flags.find(True, at + 1)


def _is_stray(line: str) -> bool:
    """Tell web furniture and captions, which show as such by themselves."""
    phrase = line.rstrip(" .:*…!").casefold()
    return phrase in WEB_LINES or bool(WEB_PATTERN.fullmatch(phrase)) or _is_caption(line)


def _is_caption(line: str) -> bool:
    """Tell a caption: words, a wide gap, and the name of a photographer in capitals."""
    if _GAP not in line:
        return False
    words, _, credit = line.rpartition(_GAP)
    credit = credit.strip()
    return (
        bool(words.strip())
        and not words.isupper()
        and credit.isupper()
        and len(re.findall(r"[^\W\d_]{2,}", credit)) >= 2
        and not re.search(r"[\d$€£%!?]|  ", credit)
    )


def _is_number(lines: Lines, index: int) -> bool:
    """Tell a page number; capital Roman numbers head chapters and stay."""
    line = lines.line(index)
    if line[-1] not in "0123456789ivxl-–—])|":
        return False
    return bool(_PAGE_NUMBER.fullmatch(line)) and not re.search(r"\b[IVXL]+\b", line)


def _is_lone_number(lines: Lines, index: int, numbers: bytearray) -> bool:
    """Tell a number parted from the text; columns of numbers and years stay."""
    before, after = lines.parted(index - 1, index), lines.parted(index, index + 1)
    in_column = (not before and numbers[index - 1]) or (not after and numbers[index + 1])
    year = re.search(r"(?:1[5-9]|20)\d\d", lines.line(index))
    return (before or after) and not in_column and not year


def _page_edges(lines: Lines, pages: Sequence[int]) -> set[int]:
    """Return the first and last two lines of each page."""
    edges: set[int] = set()
    for start, end in pairwise([*sorted(set(pages)), len(lines.text) + 1] if pages else ()):
        first, last = bisect_left(lines.starts, start), bisect_left(lines.starts, end)
        edges.update(i for i in (first, first + 1, last - 2, last - 1) if first <= i < last)
    return edges


def _key(line: str) -> str:
    """Return what stays the same from one running head to the next."""
    key = " ".join(re.sub(r"\d+", "#", line).casefold().split())
    return key if any(c.isalpha() for c in key) else ""


def _groups(lines: Lines, indices: Iterable[int]) -> Iterator[list[int]]:
    """Return the short lines that stand at least three times, apart from digits."""
    groups: dict[str, list[int]] = {}
    for index in indices:
        if lines.length(index) <= _SHORT and (key := _key(lines.line(index))):
            groups.setdefault(key, []).append(index)
    return (g for g in groups.values() if len(g) >= 3 and _surroundings_change(lines, g))


def _surroundings_change(lines: Lines, group: list[int]) -> bool:
    """Tell a running head from a line of a text that is repeated as a whole."""
    found = 0
    for step in (-1, 1):
        there = (lines.starts[i + step] for i in group if 0 <= i + step < len(lines))
        found = max(found, len({lines.text[start : start + _SHORT] for start in there}))
    return 2 * found >= len(group)


def _distances(lines: Lines, group: list[int]) -> list[int]:
    return sorted(lines.starts[b] - lines.starts[a] for a, b in pairwise(group))


def _repeated_at(lines: Lines, indices: list[int], apart: int) -> Iterator[int]:
    """Return running heads among lines at page breaks or beside page numbers."""
    for group in _groups(lines, indices):
        distances = _distances(lines, group)
        if distances[len(distances) // 2] >= apart:
            yield from group


def _at_regular_distance(lines: Lines) -> Iterator[int]:
    """Return running heads that show by nothing but their even distance, a page or more."""
    lone = (
        i
        for i in range(len(lines))
        if lines.length(i) <= _SHORT and lines.parted(i - 1, i) and lines.parted(i, i + 1)
    )
    for group in _groups(lines, lone):
        distances = _distances(lines, group)
        middle = distances[len(distances) // 2]
        even = sum(abs(d - middle) <= middle / 4 for d in distances)
        if distances[0] >= _PAGE_CHARS and even * 5 >= len(distances) * 4:
            yield from group
