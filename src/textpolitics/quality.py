"""How well a scan was read: the share of known words, and how sure the OCR was.

A document's score is the lower of two numbers from 0 to 1: the share of its words that
stand in the model's vocabulary, and the mean of the word confidences, where the format
of an OCR result has them. Words are tokens with a letter. An unknown one that begins
with a capital does not count: it may as well be a name, which no vocabulary here holds.

The threshold was measured once, with the vocabulary that the models had before names were
left out of it (12,808 terms), on 11,913 real passages by authors of its corpora, other
passages than it was made of, and on the same with words garbled as scans garble them
(letters taken for others, words broken in two, stray signs). Below 0.8 lie, in per cent:

    share of garbled words      none   1/10   1/5   1/4   1/3   1/2
    passages of 150 words        0.1      2    45    83    98   100
    cut to their first 40        0.4      6    41    65    90    99

What lies below it ungarbled is mostly in other languages, or lists of names. Of the 1,688
English passages of the original corpus none does. Stems, runs of three letters, and the
pieces of words that the encoder knows were tried besides, and part the two hardly better.
"""

from __future__ import annotations

from collections.abc import Container

from textpolitics.nlp import Chunk

LOWEST = 0.8
"""Score below which a text is not judged: ``ocr_quality``."""

FEWEST_TERMS = 5_000
"""A vocabulary of fewer terms lacks so many common words that it cannot tell a garbled one."""


def count_words(characters: str, chunk: Chunk, vocabulary: Container[str]) -> tuple[int, int]:
    """Count the words of a run of characters by which a scan can be judged.

    Args:
        characters: The run.
        chunk: Its tokens.
        vocabulary: The known words, in lower case.

    Returns:
        How many there are, and how many of them are known.
    """
    counted = known = 0
    for form, offset in zip(chunk.forms, chunk.offsets, strict=True):
        if form in vocabulary:
            lettered = any(map(str.isalpha, form))
            counted += lettered
            known += lettered
        elif any(map(str.isalpha, form)):
            counted += not (form.isalpha() and characters[offset].isupper())
    return counted, known


def score(counted: int, known: int, terms: int, word_confidence: float | None) -> float | None:
    """Return the score of a document.

    Args:
        counted: How many words it can be judged by.
        known: How many of them are known.
        terms: How many terms the vocabulary has.
        word_confidence: Mean confidence of the OCR in its words, if stated.

    Returns:
        The lower of the two shares, from 0 to 1; None where there is neither: no
        word to judge by or too small a vocabulary, and no confidence stated.
    """
    shares = [known / counted] if counted and terms >= FEWEST_TERMS else []
    if word_confidence is not None:
        shares.append(word_confidence)
    return min(shares, default=None)
