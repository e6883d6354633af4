"""The way back from an edited text to the text that it was made from.

Each pass over a text leaves one `Layer`: the stretches it replaced. A layer
costs memory by edit, not by character, and several layers are walked back one
after the other, so no pass has to know of the others.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layer:
    """The edits of one pass, in order; none of them is a bare insertion.

    Attributes:
        old_starts: Where each replaced stretch starts in the old text.
        old_ends: Where it ends in the old text.
        new_starts: Where its replacement starts in the new text.
        new_ends: Where its replacement ends in the new text.
    """

    old_starts: array[int]
    old_ends: array[int]
    new_starts: array[int]
    new_ends: array[int]

    def back(self, start: int, end: int) -> tuple[int, int]:
        """Return the stretch of the old text that a non-empty stretch of the new came from."""
        return self._back_one(start)[0], self._back_one(end - 1)[1]

    def forth(self, offset: int) -> int:
        """Return where an offset of the old text lies in the new one."""
        index = bisect_right(self.old_starts, offset) - 1
        if index < 0:
            return offset
        if offset < self.old_ends[index]:
            return self.new_starts[index]
        return offset - self.old_ends[index] + self.new_ends[index]

    def _back_one(self, offset: int) -> tuple[int, int]:
        index = bisect_right(self.new_starts, offset) - 1
        if index < 0:
            return offset, offset + 1
        if offset < self.new_ends[index]:
            return self.old_starts[index], self.old_ends[index]
        old = offset - self.new_ends[index] + self.old_ends[index]
        return old, old + 1


class Edits:
    """Replacements to make in one text; add them in order, then apply them."""

    def __init__(self, text: str) -> None:
        """Start without edits.

        Args:
            text: The text that the offsets of the edits refer to.
        """
        self.text = text
        self._code = "I" if len(text) < 2**31 else "Q"
        self._starts = array(self._code)
        self._ends = array(self._code)
        self.replacements: list[str] = []

    def add(self, start: int, end: int, replacement: str) -> None:
        """Replace a non-empty stretch; one that is already so is left alone."""
        if start < end and (
            end - start != len(replacement) or not self.text.startswith(replacement, start)
        ):
            self._starts.append(start)
            self._ends.append(end)
            self.replacements.append(replacement)

    def apply(self) -> tuple[str, Layer]:
        """Return the new text and the way back."""
        new_starts, new_ends = array(self._code), array(self._code)
        parts: list[str] = []
        chunks: list[str] = []  # single parts by the million would take more than the text
        done = length = 0
        for start, end, new in zip(self._starts, self._ends, self.replacements, strict=True):
            parts += (self.text[done:start], new)
            length += start - done
            new_starts.append(length)
            length += len(new)
            new_ends.append(length)
            done = end
            if len(parts) > 10_000:
                chunks.append("".join(parts))
                parts.clear()
        chunks += (*parts, self.text[done:])
        return "".join(chunks), Layer(self._starts, self._ends, new_starts, new_ends)


@dataclass(frozen=True, slots=True)
class CleanText:
    """A cleaned text with the way back to the extracted text.

    Attributes:
        text: The cleaned text.
        layers: The edits that led to it, first pass first.
    """

    text: str
    layers: tuple[Layer, ...] = ()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the half-open stretch of the extracted text behind ``text[start:end]``.

        It starts with the source of the first character and ends with the
        source of the last; what was dropped or joined between lies inside.
        Offsets out of range are pulled into it; an empty stretch stays empty.
        """
        size = len(self.text)
        start = min(max(start, 0), size)
        end = min(max(end, start), size)
        if not size:
            return 0, 0
        if start == end:
            at = self.span(start, start + 1)[0] if start < size else self.span(size - 1, size)[1]
            return at, at
        for layer in reversed(self.layers):
            start, end = layer.back(start, end)
        return start, end
