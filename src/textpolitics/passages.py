"""Cleaned text to passages of about 60 to 220 words, by paragraphs and sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from textpolitics.document import Document, Passage
from textpolitics.nlp import Sentence, Tokenizer
from textpolitics.spanmap import CleanText

SHORTEST, TYPICAL, LONGEST = 60, 160, 220
"""Words in a passage; half of the training passages have more than the middle one."""

_WORD = re.compile(r"\S+")
_PARAGRAPH = re.compile(r"[^\n]+(?:\n(?!\n)[^\n]+)*")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of text: a paragraph, a sentence, or a part of one that is too long."""

    start: int
    end: int
    words: int


def split(document: Document, cleaned: CleanText, tokenizer: Tokenizer) -> Iterator[Passage]:
    """Yield the passages of a document in order; together they cover its cleaned text.

    A text of fewer than `SHORTEST` words is one passage, an empty one is none.

    Args:
        document: Where the text came from; offsets and pages refer to it.
        cleaned: The cleaned text of the document.
        tokenizer: Counts words and finds sentence ends.
    """
    for group in _Groups(cleaned.text, tokenizer).all():
        start, end = group[0].start, group[-1].end
        source_start, source_end = cleaned.span(start, end)
        yield Passage(
            start=source_start,
            end=source_end,
            page=document.page_at(source_start),
            text=cleaned.text[start:end],
            words=sum(piece.words for piece in group),
        )


class _Groups:
    """Puts the pieces of a text together to passages."""

    def __init__(self, text: str, tokenizer: Tokenizer) -> None:
        self.text = text
        self.tokenizer = tokenizer

    def all(self) -> Iterator[list[_Piece]]:
        """Join short paragraphs, and cut long ones into parts of about equal length.

        One finished group is held back, so that a short last one can join it.
        """
        held: list[_Piece] = []
        group: list[_Piece] = []
        for paragraph in self._paragraphs():
            together = _words(group) + paragraph.words
            if group and _words(group) >= SHORTEST and together > TYPICAL:
                yield from filter(None, [held])
                held, group, together = group, [], paragraph.words
            group.append(paragraph)
            if together <= LONGEST:
                continue
            yield from filter(None, [held])
            *finished, group = _parts([piece for each in group for piece in self._pieces(each)])
            yield from finished[:-1]
            held = finished[-1] if finished else []
        if held and _words(group) < SHORTEST and _words(held) + _words(group) <= LONGEST:
            held, group = held + group, []
        yield from filter(None, [held, group])

    def _paragraphs(self) -> Iterator[_Piece]:
        for match in _PARAGRAPH.finditer(self.text):
            stripped = match.group().strip()
            if stripped:
                start = match.start() + match.group().index(stripped)
                words, _ = self.tokenizer.tally(stripped)
                yield _Piece(start, start + len(stripped), words)

    def _pieces(self, part: _Piece) -> Iterator[_Piece]:
        """Yield the sentences of a paragraph; what none of them ends is cut between words."""
        for sentence in self.tokenizer.sentences(self.text, part.start, part.end):
            yield from self._cut(sentence)

    def _cut(self, sentence: Sentence) -> Iterator[_Piece]:
        """Cut what no full stop ends (a list, a poem, a broken scan) at word boundaries."""
        if sentence.words <= LONGEST:
            yield _Piece(sentence.start, sentence.end, sentence.words)
            return
        first, last, words = sentence.start, sentence.start, 0
        for match in _WORD.finditer(self.text, sentence.start, sentence.end):
            more = self.tokenizer.chunk(match.group()).words
            if words and words + more > TYPICAL:
                yield _Piece(first, last, words)
                first, words = match.start(), 0
            words += more
            last = match.end()
        yield _Piece(first, last, words)


def _parts(pieces: list[_Piece]) -> Iterator[list[_Piece]]:
    """Cut a long run of sentences into parts of about equal length."""
    total = _words(pieces)
    target = total / max(1, round(total / TYPICAL))
    part: list[_Piece] = []
    words = 0
    for piece in pieces:
        over = words + piece.words - target
        if part and (over > target - words or words + piece.words > LONGEST):
            yield part
            part, words = [], 0
        part.append(piece)
        words += piece.words
    yield part


def _words(pieces: list[_Piece]) -> int:
    return sum(piece.words for piece in pieces)
