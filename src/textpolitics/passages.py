"""Cleaned text to passages of about 60 to 220 words, by paragraphs and sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from textpolitics.document import Document, Passage
from textpolitics.nlp import Sentence, Tokenizer
from textpolitics.spanmap import CleanText

SHORTEST, TYPICAL, LONGEST = 60, 140, 220
"""Words in a passage: codes and training passages are mostly of this size."""

_WORD = re.compile(r"\S+")
_PARAGRAPH = re.compile(r"[^\n]+(?:\n(?!\n)[^\n]+)*")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch that is never cut: a sentence, or a part of one that is too long."""

    start: int
    end: int
    words: int
    opens: bool  # whether a paragraph begins here


def split(document: Document, cleaned: CleanText, tokenizer: Tokenizer) -> Iterator[Passage]:
    """Yield the passages of a document in order; together they cover its cleaned text.

    A text of fewer than `SHORTEST` words is one passage, an empty one is none.

    Args:
        document: Where the text came from; offsets and pages refer to it.
        cleaned: The cleaned text of the document.
        tokenizer: Counts words and finds sentence ends.
    """
    for group in _groups(_pieces(cleaned.text, tokenizer)):
        start, end = group[0].start, group[-1].end
        source_start, source_end = cleaned.span(start, end)
        yield Passage(
            start=source_start,
            end=source_end,
            page=document.page_at(source_start),
            text=cleaned.text[start:end],
            words=sum(piece.words for piece in group),
        )


def _pieces(text: str, tokenizer: Tokenizer) -> Iterator[_Piece]:
    for paragraph in _PARAGRAPH.finditer(text):
        opens = True
        for sentence in tokenizer.sentences(text, paragraph.start(), paragraph.end()):
            for start, end, words in _cut(text, sentence, tokenizer):
                yield _Piece(start, end, words, opens)
                opens = False


def _cut(text: str, sentence: Sentence, tokenizer: Tokenizer) -> Iterator[tuple[int, int, int]]:
    """Cut what no full stop ends (a list, a poem, a broken scan) at word boundaries."""
    if sentence.words <= LONGEST:
        yield sentence.start, sentence.end, sentence.words
        return
    first, last, words = sentence.start, sentence.start, 0
    for match in _WORD.finditer(text, sentence.start, sentence.end):
        more = tokenizer.chunk(match.group()).words
        if words and words + more > TYPICAL:
            yield first, last, words
            first, words = match.start(), 0
        words += more
        last = match.end()
    yield first, last, words


def _is_full(words: int, piece: _Piece) -> bool:
    """Tell whether a group of so many words ends before a piece."""
    together = words + piece.words
    between_paragraphs = piece.opens and words >= SHORTEST and together > TYPICAL
    return between_paragraphs or words >= TYPICAL or together > LONGEST


def _groups(pieces: Iterator[_Piece]) -> Iterator[list[_Piece]]:
    """Gather pieces up to about `TYPICAL` words, preferring to break between paragraphs.

    One finished group is held back, so that a short last one can join it.
    """
    held: list[_Piece] = []
    group: list[_Piece] = []
    words = 0
    for piece in pieces:
        if group and _is_full(words, piece):
            if held:
                yield held
            held, group, words = group, [], 0
        group.append(piece)
        words += piece.words
    if words < SHORTEST and held and words + sum(p.words for p in held) <= LONGEST:
        held, group = held + group, []
    if held:
        yield held
    if group:
        yield group
