"""Tokens to sparse weights: what the linear model sees of a text.

A text is a vector of the terms of a fixed vocabulary, weighted by
``(1 + ln tf) * idf`` and scaled to length one (Salton & Buckley 1988,
"Term-weighting approaches in automatic text retrieval"). A term is one
lower-cased spaCy token. Names and numbers are no terms: who is named, and when,
must not decide what a text argues for.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textpolitics.nlp import MAX_CHUNKS, Tokenizer
from textpolitics.quality import count_words

_Entry = tuple[int, int, int, int, tuple[int, ...]]
"""Of a run of characters: `tokens`, `stops`, `judged` and `sound` as in `SparseVector`, and
the columns of its known tokens."""


@dataclass(frozen=True, slots=True)
class SparseVector:
    """The non-zero entries of one text's vector.

    Attributes:
        indices: Columns, ascending, shape (n,).
        values: Their weights, shape (n,).
        tokens: How many tokens the text has.
        known: How many of them are terms of the vocabulary.
        stops: How many of them are stop words of the language.
        judged: How many of them a scan can be judged by; see `textpolitics.quality`.
        sound: How many of these are terms of the vocabulary.
    """

    indices: NDArray[np.int64]
    values: NDArray[np.float64]
    tokens: int
    known: int
    stops: int
    judged: int
    sound: int


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The terms that count, in column order, and their inverse document frequencies.

    Attributes:
        terms: One term a column, sorted.
        idf: Weights, shape (number of terms,).
    """

    terms: tuple[str, ...]
    idf: NDArray[np.float64]


class TermFeatures:
    """Turns texts into sparse vectors over a vocabulary.

    What a run of characters without white space holds is looked up once and remembered,
    so that a text costs one look-up for each of its different words.
    """

    def __init__(self, vocabulary: Vocabulary, tokenizer: Tokenizer) -> None:
        """Keep a vocabulary and the tokenizer that it was made with."""
        self.vocabulary = vocabulary
        self.tokenizer = tokenizer
        self.columns = {term: column for column, term in enumerate(vocabulary.terms)}
        self._entries: dict[str, _Entry] = {}

    def __call__(self, text: str) -> SparseVector:
        """Return the vector of one text; all zero (n = 0) where no term is known."""
        counts: dict[int, int] = {}
        tokens = known = stops = judged = sound = 0
        entries = self._entries
        for characters, count in Counter(text.split()).items():
            entry = entries.get(characters)
            if entry is None:
                entry = self._look_up(characters)
            tokens += count * entry[0]
            stops += count * entry[1]
            judged += count * entry[2]
            sound += count * entry[3]
            for column in entry[4]:
                known += count
                counts[column] = counts.get(column, 0) + count
        columns = sorted(counts)
        indices = np.array(columns, dtype=np.int64)
        frequencies = np.array([counts[column] for column in columns], dtype=np.float64)
        values = (1.0 + np.log(frequencies)) * self.vocabulary.idf[indices]
        length = math.sqrt(values @ values)
        weights = values / length if length else values
        return SparseVector(indices, weights, tokens, known, stops, judged, sound)

    def _look_up(self, characters: str) -> _Entry:
        if len(self._entries) >= MAX_CHUNKS:
            self._entries.clear()
        chunk = self.tokenizer.chunk(characters)
        known = tuple(self.columns[form] for form in chunk.forms if form in self.columns)
        words = count_words(characters, chunk, self.columns)
        entry = self._entries[characters] = len(chunk.forms), chunk.stops, *words, known
        return entry


def proper_names(words: Iterable[tuple[str, bool]], share: float) -> frozenset[str]:
    """Return the words that are nearly always written with a capital.

    Args:
        words: Occurrences of lower-cased words, and whether each has a capital, as
            `textpolitics.nlp.Tokenizer.capitals` finds them.
        share: Share of a word's occurrences from which on it is a name.
    """
    every, capital = Counter[str](), Counter[str]()
    for word, capitalised in words:
        every[word] += 1
        capital[word] += capitalised
    return frozenset(word for word, n in every.items() if capital[word] >= share * n)


def build_vocabulary(
    texts: Iterable[tuple[list[str], str]],
    min_groups: int,
    left_out: Collection[str] = frozenset(),
) -> Vocabulary:
    """Collect the terms that enough independent authors use.

    Args:
        texts: Tokens and group of every text. A term enters only if texts of at
            least `min_groups` different groups use it, so that no private name
            stands beside a label.
        min_groups: How many groups that is.
        left_out: Words that do not enter, however many use them.

    Returns:
        Terms in code-point order, with idf ``ln((1 + n) / (1 + df)) + 1`` for n texts
        of which df hold the term.
    """
    document_frequency: Counter[str] = Counter()
    groups: dict[str, set[str]] = {}
    n = 0
    for tokens, group in texts:
        n += 1
        for term in set(tokens).difference(left_out):
            document_frequency[term] += 1
            seen = groups.setdefault(term, set())
            if len(seen) < min_groups:
                seen.add(group)
    terms = tuple(sorted(t for t, seen in groups.items() if len(seen) >= min_groups))
    df = np.array([document_frequency[t] for t in terms], dtype=np.float64)
    return Vocabulary(terms, np.log((1.0 + n) / (1.0 + df)) + 1.0)
