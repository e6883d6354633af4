"""Put wrapped lines and broken words together again.

Lines are looked at in blocks, the stretches between blank lines. A block is
prose when a fair share of its lines starts in lower case; verse, slogans and
lists are not, and keep their lines.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass

from textpolitics.furniture import Lines
from textpolitics.spanmap import Edits

_LONGEST = 140  # a longer line is a paragraph of its own, not a piece of a wrapped one
_NARROWEST = 25  # no column is narrower: shorter lines are slogans
_SENTENCE_END = re.compile(r"[.!?…:][\"'”’»)\]]*(?:\d{1,3}|\[\d{1,3}\])?$")
_BULLET = re.compile(r"(?:[•◦▪●‣∙*·–—-]|\(?\d{1,3}[.)]|\(?[a-z]\))[ \t]")
_SURE_BULLETS = "•◦▪●‣∙*·"  # a dash or a number may as well be part of a sentence
_LOW, _ITEM = 1, 2  # kinds of lines: goes on in lower case; looks like an item of a list
_HYPHENS = "-‐‑"
_BROKEN = re.compile(r"([^\W\d_]+)[-‐‑]$")
_TOKEN = re.compile(r"[^\W\d_]+(?:[-‐‑][^\W\d_]+)*")
_PAIRED = re.compile(r"(?:and|or|und|oder|et|y)\b")  # "left- and right-wing" is no broken word


@dataclass(frozen=True, slots=True)
class _Block:
    """Neighbouring kept lines, positions first to last, without a blank line inside."""

    first: int
    last: int
    width: int  # at which it is wrapped, 0 where it is not wrapped
    prose: bool


def unwrap(lines: Lines, kept: array[int]) -> Edits:
    """Return the edits that join lines into paragraphs, with one blank line between them."""
    return _Unwrapper(lines, kept).run()


class _Unwrapper:
    def __init__(self, lines: Lines, kept: array[int]) -> None:
        self.lines = lines
        self.text = lines.text
        self.kept = kept
        self.edits = Edits(lines.text)
        self.broken: list[tuple[int, str, str]] = []
        self.kinds = bytearray(_kind(self._head(at)) for at in range(len(kept)))
        self.width = 0
        self.run_length = 0  # of the line that is being put together

    def run(self) -> Edits:
        if not self.kept:
            self.edits.add(0, len(self.text), "")
            return self.edits
        blocks = self._blocks()
        self.width = self._text_width(blocks)
        self.edits.add(0, self.lines.starts[self.kept[0]], "")
        skipped = -1
        for first, last in blocks:
            block = self._block(first, last)
            for at in range(first, last):
                if at != skipped:
                    self._join_inside(block, at)
            if last + 1 < len(self.kept):
                skipped = self._join_across(last, skipped)
        self.edits.add(self.lines.ends[self.kept[-1]], len(self.text), "")
        self._mend_words()
        return self.edits

    def _blocks(self) -> list[tuple[int, int]]:
        blocks, first, kept = [], 0, self.kept
        for at in range(1, len(kept) + 1):
            if (
                at == len(kept)
                or kept[at] != kept[at - 1] + 1
                or self.lines.parted(kept[at - 1], kept[at])
            ):
                blocks.append((first, at - 1))
                first = at
        return blocks

    def _lengths(self, first: int, last: int) -> list[int]:
        lengths = (self.lines.length(self.kept[at]) for at in range(first, last + 1))
        return [length for length in lengths if length <= _LONGEST]

    def _lower_share(self, first: int, last: int) -> tuple[int, int]:
        """Return how many lines after the first start in lower case, and out of how many."""
        items = sum(self.kinds.count(kind, first + 1, last + 1) for kind in (_ITEM, _LOW | _ITEM))
        return self.kinds.count(_LOW, first + 1, last + 1), last - first - items

    def _text_width(self, blocks: list[tuple[int, int]]) -> int:
        """Return the width at which the text is wrapped, 0 where it does not look wrapped."""
        lengths = array("I")
        low = count = 0
        for first, last in blocks:
            if last > first:
                lengths.extend(self._lengths(first, last))
                more, among = self._lower_share(first, last)
                low, count = low + more, count + among
        wrapped = low and low * 4 >= count and 3 * sum(lengths) >= len(self.text)
        return _usual_width(lengths) if wrapped else 0

    def _block(self, first: int, last: int) -> _Block:
        low, count = self._lower_share(first, last)
        prose = bool(low) and low * 4 >= count
        own = _usual_width(self._lengths(first, last)) if prose and last - first >= 2 else 0
        if last - first == 2 and self.width:
            own = 0  # three lines say less about their width than the whole text
        return _Block(first, last, own or self.width, prose)

    def _head(self, at: int) -> str:
        start = self.lines.starts[self.kept[at]]
        return self.text[start : min(start + 40, self.lines.ends[self.kept[at]])]

    def _tail(self, at: int) -> str:
        end = self.lines.ends[self.kept[at]]
        return self.text[max(end - 40, self.lines.starts[self.kept[at]]) : end]

    def _put(self, at: int, joint: str, after: int = 0) -> None:
        """Put a joint between the line at one position and the next (or a later) one."""
        after = after or at + 1
        self.run_length = 0 if "\n" in joint else self.run_length + self.lines.length(self.kept[at])
        self.edits.add(self.lines.ends[self.kept[at]], self.lines.starts[self.kept[after]], joint)

    def _join_inside(self, block: _Block, at: int) -> None:
        tail, head = self._tail(at), self._head(at + 1)
        if not self._mend(at, tail, head, at + 1):
            self._put(at, self._joint(block, at, tail, head))

    def _joint(self, block: _Block, at: int, tail: str, head: str) -> str:
        """Choose between a blank (wrapped), a line end (verse, list) and a new paragraph."""
        width, length = block.width, self.lines.length(self.kept[at])
        low, ended = bool(self.kinds[at + 1] & _LOW), _ends_sentence(tail)
        full = bool(width) and length + 1 + len(head.split(None, 1)[0]) >= 0.85 * width
        long = (
            max(length + self.run_length, self.lines.length(self.kept[at + 1])) > _LONGEST
            and not full
        )
        if self.kinds[at + 1] & _ITEM:
            if head[0] in _SURE_BULLETS or not full or ended or self.kinds[at] & _ITEM:
                return "\n"
        elif long and length <= 2 * width and width and low:
            return " "
        elif (long or (block.prose and width and self._indented(at))) and ended and not low:
            return "\n\n"
        if not width or length > 2 * width:
            return "\n"
        if self._parts_here(block, at, head, ended):
            return "\n\n"
        if low:
            return " " if full or length >= (0.4 if block.prose else 0.5) * width else "\n"
        if full or (block.prose and not ended and length >= 0.6 * width):
            return " "
        return "\n\n" if block.prose and ended else "\n"

    def _parts_here(self, block: _Block, at: int, head: str, ended: bool) -> bool:
        """Tell a heading above or below without a blank line, and a caption above the text."""
        first, length = at == block.first, self.lines.length(self.kept[at])
        if self.kinds[at + 1] & _LOW:
            return first and ended and length < 0.75 * block.width
        fits = length + 1 + len(head.split(None, 1)[0]) <= block.width
        return (first and fits and not ended and self._is_heading(at)) or (
            at + 1 == block.last and ended and self._is_heading(at + 1)
        )

    def _is_heading(self, at: int) -> bool:
        """Tell a line in which every long word has a capital, as only headings do."""
        line = self.lines.line(self.kept[at])
        words = [word for word in _TOKEN.findall(line) if len(word) > 4]
        return (
            len(words) > 1
            and not line.isupper()
            and line[-1] not in ",;-–.!?…"
            and all(word[0].isupper() for word in words)
        )

    def _indented(self, at: int) -> bool:
        """Tell whether the next line is set in by two blanks or a tab more than this one."""
        return self._indent(at + 1) >= self._indent(at) + 2

    def _indent(self, at: int) -> int:
        start = self.lines.starts[self.kept[at]]
        blanks = self.text[self.text.rfind("\n", 0, start) + 1 : start]
        return len(blanks) + 3 * blanks.count("\t")

    def _join_across(self, at: int, skipped: int) -> int:
        """Join over blank or dropped lines; return the position of an inset to skip, or -1."""
        if at == skipped:
            return -1
        after, tail, head = at + 1, self._tail(at), self._head(at + 1)
        torn = tail[-1] in _HYPHENS and bool(_BROKEN.search(tail))
        low = bool(self.kinds[after] & _LOW)
        if torn and not low and self._is_inset(after):
            head = self._head(after + 1)
            self._mend(at, tail, head, after + 1)
            return after
        if torn and low and self._mend(at, tail, head, after):
            return -1
        dropped = self.kept[after] != self.kept[at] + 1
        length = self.lines.length(self.kept[at])
        going_on = tail[-1:].isalpha() or tail[-1:] == ","
        wide = bool(self.width) and 0.7 * self.width <= length <= 2 * self.width
        flows = going_on and wide and (low or dropped) and not self.kinds[after] & _ITEM
        self._put(at, " " if flows else "\n\n")
        return -1

    def _is_inset(self, at: int) -> bool:
        """Tell a short line that stands within a broken word: a caption, never the text."""
        return (
            at + 1 < len(self.kept)
            and self.lines.length(self.kept[at]) <= 80
            and bool(self.kinds[at + 1] & _LOW)
        )

    def _mend(self, at: int, tail: str, head: str, after: int) -> bool:
        """Join a word or a span of years that the line end broke; tell whether there was one."""
        if tail[-1] not in _HYPHENS + "–":
            return False
        end, start = self.lines.ends[self.kept[at]], self.lines.starts[self.kept[after]]
        left, right = _BROKEN.search(tail), _TOKEN.match(head)
        if head[0].isdigit() and (left or re.search(r"\d[-–]$", tail)):
            self._put(at, "", after)
        elif left and right and _PAIRED.match(head):
            self._put(at, " ", after)
        elif left and right:
            word = re.split("[-‐‑]", right[0])[0]
            if word[0].islower() or (left[1].isupper() and len(word) > 1 and word.isupper()):
                self.broken.append((len(self.edits.replacements), left[1].lower(), word.lower()))
            self.run_length += self.lines.length(self.kept[at])
            self.edits.add(end - 1, start, "-")
        else:
            return False
        return True

    def _mend_words(self) -> None:
        """Drop the hyphen of each broken word unless the text shows that it belongs to it."""
        wanted = {form for _, a, b in self.broken for form in (a + b, f"{a}-{b}")}
        seen = {
            form
            for match in (_TOKEN.finditer(self.text.lower()) if wanted else ())
            if (form := match[0].replace("‐", "-").replace("‑", "-")) in wanted
        }
        for index, a, b in self.broken:
            if a != "self" and (a + b in seen or f"{a}-{b}" not in seen):
                self.edits.replacements[index] = ""


def _kind(head: str) -> int:
    """Tell whether a line goes on in lower case (or without case), and whether it is an item."""
    item = 0 if head[0].isalpha() or not _BULLET.match(head) else _ITEM
    for char in head[:5]:
        if char.isalnum():
            low = char.isalpha() and not char.isupper() and not char.istitle()
            return item | low
    return item


def _ends_sentence(tail: str) -> bool:
    return not tail[-1].isalpha() and bool(_SENTENCE_END.search(tail))


def _usual_width(lengths: array[int] | list[int]) -> int:
    """Return the width that nine lines of ten keep to, 0 where that is no width of a column."""
    ordered = sorted(lengths)
    width = ordered[-1 - len(ordered) // 10] if ordered else 0
    return width if width >= _NARROWEST else 0
