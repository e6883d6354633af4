"""The values that travel through the walk: no behaviour beyond looking things up."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Document:
    r"""Text extracted from one source, with the way back to it.

    Attributes:
        text: The extracted text. Line ends are ``\n``. All offsets anywhere in
            this package count Unicode code points of this string.
        source: Name of the source as a user knows it.
        format: Short name of the format it was read as, such as ``pdf``.
        encoding: Character encoding that was used, where the format has one.
        pages: Offset at which each page starts; empty where there are no pages.
        word_confidence: How sure the OCR was of its words, their mean from 0 to 1;
            None where the format does not say.
    """

    text: str
    source: str
    format: str
    encoding: str | None = None
    pages: tuple[int, ...] = ()
    word_confidence: float | None = None

    def page_at(self, offset: int) -> int | None:
        """Return the number of the page (from 1) at an offset, None without pages."""
        return bisect_right(self.pages, offset) or 1 if self.pages else None


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a document that is scored as one.

    Attributes:
        start: Offset of its first code point in the extracted text.
        end: Offset behind its last code point.
        page: Page on which it starts, None without pages.
        text: The cleaned text of the stretch, which is what gets scored.
        words: Number of word tokens in it.
    """

    start: int
    end: int
    page: int | None
    text: str
    words: int
