"""Which sentences made the label.

The linear model's logit is a sum over terms, so every occurrence of a term has
its share of it, and a sentence's contribution is the sum over its terms. What
speaks for a label is taken relative to the mean of all labels of the axis:
adding the same number to every logit changes no probability.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass

import numpy as np

from textpolitics.heads import Floats
from textpolitics.model import Model
from textpolitics.results import PassageResult, Result


@dataclass(frozen=True, slots=True)
class SentenceEvidence:
    """A sentence and what it adds to the document's logit of one label.

    Attributes:
        text: The sentence, cleaned.
        contribution: In logits, relative to the mean of the labels of the axis.
        page: Page on which its passage starts, None without pages.
    """

    text: str
    contribution: float
    page: int | None


def deciding_sentences(
    model: Model, result: Result, axis: str, label: str, most: int = 3
) -> list[SentenceEvidence]:
    """Return the sentences that speak most for a label, strongest first.

    Args:
        model: The model that gave the result.
        result: The judgement on a text.
        axis: Name of the axis.
        label: Name of the label.
        most: How many to return; sentences that speak against it are never returned.
    """
    found = [
        SentenceEvidence(text, contribution * passage.weights[axis], passage.page)
        for passage in result.passages
        for text, contribution in _sentences(model, passage, axis, label)
        if contribution > 0
    ]
    strongest: dict[str, SentenceEvidence] = {}
    for sentence in sorted(found, key=lambda sentence: -sentence.contribution):
        strongest.setdefault(sentence.text, sentence)
    return list(strongest.values())[:most]


def _sentences(
    model: Model, passage: PassageResult, axis: str, label: str
) -> list[tuple[str, float]]:
    shares = _shares_of_terms(model, passage.cleaned, axis, label)
    tokenizer = model.features.tokenizer
    columns = model.features.columns
    spans = list(tokenizer.sentences(passage.cleaned))
    starts = [span.start for span in spans]
    sums = [0.0] * len(spans)
    for offset, token in tokenizer.located(passage.cleaned):
        if token in columns:  # not tokenized again: "end.Don't" is other tokens than "Don't"
            sums[bisect_right(starts, offset) - 1] += shares[columns[token]]
    texts = (" ".join(passage.cleaned[span.start : span.end].split()) for span in spans)
    return list(zip(texts, sums, strict=True))


def _shares_of_terms(model: Model, text: str, axis: str, label: str) -> dict[int, float]:
    """Return what each occurrence of a term adds to a passage's logit of a label."""
    head = next(head for head in model.heads if head.axis == axis)
    vector = model.features(text)
    weights = head.weights[:, vector.indices].astype(np.float64)
    contrast: Floats = weights[head.labels.index(label)] - weights.mean(axis=0)
    added = contrast * vector.values / head.temperature
    tokens = model.features.tokenizer.tokens(text)
    columns = model.features.columns
    occurrences = Counter(columns[token] for token in tokens if token in columns)
    return {
        column: value / occurrences[column]
        for column, value in zip(vector.indices.tolist(), added.tolist(), strict=True)
    }
