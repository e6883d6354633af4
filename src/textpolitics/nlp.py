"""The one owner of the spaCy object: text to tokens and sentence ends.

spaCy's tokenizer works on each whitespace-separated chunk on its own, so every
distinct chunk is given to it once and remembered. The tokens are spaCy's; the
cost is one look-up a word. Sentence ends follow the rule of spaCy's
``sentencizer``: a sentence begins at the first token that is no punctuation
after a full stop, a question mark or the like.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from textpolitics.errors import UsageError

MAX_CHUNKS = 100_000
"""At this many distinct chunks the table and the spaCy object are rebuilt: spaCy's
string store never shrinks, and noisy scans would fill it without end."""

_CHUNK = re.compile(r"\S+")
_HALVED = re.compile("[\ud800-\udfff]")
_LONGEST_PIECE = 200  # spaCy's time grows with the square of a run of signs such as "====="

PLAIN, PUNCTUATION, ENDER = 0, 1, 2


def whole(text: str) -> str:
    """Return a text of the same length without halves of characters, which libraries refuse."""
    return _HALVED.sub("\ufffd", text)


@dataclass(frozen=True, slots=True)
class Chunk:
    """What spaCy makes of one run of characters without white space.

    Attributes:
        forms: Its tokens, lower-cased.
        offsets: Where each token starts within the chunk.
        kinds: For each token `PLAIN`, `PUNCTUATION` or `ENDER` (ends a sentence).
        words: How many of the tokens hold a letter or a digit.
        stops: How many of the tokens are stop words of the language.
        ends: Whether any token ends a sentence.
    """

    forms: tuple[str, ...]
    offsets: tuple[int, ...]
    kinds: tuple[int, ...]
    words: int
    stops: int
    ends: bool


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as a half-open span of the text it was found in, with its words counted."""

    start: int
    end: int
    words: int


class Tokenizer:
    """spaCy's tokens and sentences, remembered chunk by chunk."""

    def __init__(self, language: str = "en", max_chunks: int = MAX_CHUNKS) -> None:
        """Prepare a blank spaCy pipeline.

        Args:
            language: Language code as `spacy.blank` takes it.
            max_chunks: Distinct chunks to remember before starting afresh.

        Raises:
            UsageError: If spaCy does not have the language.
        """
        self.language = language
        self._max_chunks = max_chunks
        self._reset()

    def _reset(self) -> None:
        import spacy
        from spacy.pipeline import Sentencizer

        try:
            nlp = spacy.blank(self.language)
        except (ImportError, ValueError) as error:
            what = (str(error) or "unknown").splitlines()[0]
            raise UsageError(
                f"language {self.language!r}",
                f"spaCy cannot split its texts into words here ({what})",
                "use the code of a language that spaCy has, and install what it needs",
            ) from error
        self._spacy: Any = nlp.tokenizer
        self._stop_words: frozenset[str] = frozenset(nlp.Defaults.stop_words)
        self._enders = frozenset(Sentencizer.default_punct_chars)
        self._chunks: dict[str, Chunk] = {}

    def chunk(self, characters: str) -> Chunk:
        """Return the tokens of a run of characters that holds no white space."""
        known = self._chunks.get(characters)
        if known is None:
            if len(self._chunks) >= self._max_chunks:
                self._reset()
            long = len(characters) > _LONGEST_PIECE
            known = self._join(characters) if long else self._analyse(characters)
            self._chunks[characters] = known
        return known

    def _join(self, characters: str) -> Chunk:
        starts = range(0, len(characters), _LONGEST_PIECE)
        pieces = [self.chunk(characters[at : at + _LONGEST_PIECE]) for at in starts]
        return Chunk(
            forms=tuple(form for piece in pieces for form in piece.forms),
            offsets=tuple(
                at + inner
                for at, piece in zip(starts, pieces, strict=True)
                for inner in piece.offsets
            ),
            kinds=tuple(kind for piece in pieces for kind in piece.kinds),
            words=sum(piece.words for piece in pieces),
            stops=sum(piece.stops for piece in pieces),
            ends=any(piece.ends for piece in pieces),
        )

    def _analyse(self, characters: str) -> Chunk:
        tokens = [token for token in self._spacy(whole(characters)) if not token.is_space]
        kinds = tuple(
            ENDER if t.text in self._enders else PUNCTUATION if t.is_punct else PLAIN
            for t in tokens
        )
        return Chunk(
            forms=tuple(t.lower_ for t in tokens),
            offsets=tuple(t.idx for t in tokens),
            kinds=kinds,
            words=sum(any(map(str.isalnum, t.text)) for t in tokens),
            stops=sum(t.lower_ in self._stop_words for t in tokens),
            ends=ENDER in kinds,
        )

    def tokens(self, text: str) -> list[str]:
        """Return the lower-cased tokens of a text, punctuation included, in order."""
        found: list[str] = []
        for characters in text.split():
            found += self.chunk(characters).forms
        return found

    def located(self, text: str) -> Iterator[tuple[int, str]]:
        """Yield the lower-cased tokens of a text, each with its offset."""
        for match in _CHUNK.finditer(text):
            chunk = self.chunk(match.group())
            for inner, form in zip(chunk.offsets, chunk.forms, strict=True):
                yield match.start() + inner, form

    def capitals(self, text: str) -> Iterator[tuple[str, bool]]:
        """Yield the words of a text, lower-cased, and whether each begins with a capital.

        Stop words are left out, and the first word of every sentence, where a
        capital says nothing.
        """
        starts = [sentence.start for sentence in self.sentences(text)]
        begun = 0
        for offset, form in self.located(text):
            if form[:1].isalpha():
                first = begun < len(starts) and starts[begun] <= offset
                while begun < len(starts) and starts[begun] <= offset:
                    begun += 1
                if not first and form not in self._stop_words:
                    yield form, text[offset].isupper()

    def tally(self, text: str) -> tuple[int, int]:
        """Return how many words a text has, and how many of its tokens are stop words."""
        words = stops = 0
        for characters, count in Counter(text.split()).items():
            chunk = self.chunk(characters)
            words += count * chunk.words
            stops += count * chunk.stops
        return words, stops

    def sentences(self, text: str, start: int = 0, end: int | None = None) -> Iterator[Sentence]:
        """Yield the sentences of a stretch of text, in order, without outer white space.

        Args:
            text: The whole text.
            start: Offset at which the stretch begins.
            end: Offset behind the stretch; None is the end of the text.

        Yields:
            Spans that count code points of the whole text.
        """
        first = last = -1
        words = 0
        closed = False
        for match in _CHUNK.finditer(text, start, len(text) if end is None else end):
            chunk = self.chunk(match.group())
            offset = match.start()
            if first < 0:
                first = offset
            if closed or chunk.ends:
                for form, inner, kind in zip(chunk.forms, chunk.offsets, chunk.kinds, strict=True):
                    if kind == ENDER:
                        closed = True
                    elif closed and kind == PLAIN:
                        at = offset + inner
                        yield Sentence(first, last if inner == 0 else at, words)
                        first, words, closed = at, 0, False
                    words += any(map(str.isalnum, form))
            else:
                words += chunk.words
            last = match.end()
        if first >= 0:
            yield Sentence(first, last, words)
