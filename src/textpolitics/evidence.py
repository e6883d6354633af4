"""Which sentences made the label.

The linear part of a logit is a sum over terms, so every occurrence of a term has
its share of it. The encoder's part is a linear layer on the mean of its pieces'
vectors, so every piece has an exact share too (as in the class activation maps of
Zhou et al. 2016, "Learning deep features for discriminative localization"); but a
piece's vector has taken in its neighbours, so that share says where the evidence
sits, not that these words alone would give it. A sentence's contribution is the
sum over its terms and pieces; only the two signs that frame a text for the encoder
belong to no sentence. What speaks for a label is taken relative to the mean of all
labels of the axis: adding the same number to every logit changes no probability.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from textpolitics.decide import breadth
from textpolitics.heads import Floats, Head
from textpolitics.model import Model
from textpolitics.results import AxisResult, PassageResult, Result

_ENCODED = 5
"""Passages that are encoded again for their sentences, those that speak most for the label."""


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
    passages: Iterable[PassageResult] = result.passages
    if model.encoder:
        passages = sorted(passages, key=lambda p: -_speaks(p, axis, label))[:_ENCODED]
    shares = np.array([passage.weights[axis] for passage in result.passages])
    surer = 1.0 + model.rules.pooling[axis].slope * breadth(shares)
    found = [
        SentenceEvidence(text, contribution * passage.weights[axis] * surer, passage.page)
        for passage in passages
        for text, contribution in _sentences(model, passage, axis, label)
        if contribution > 0
    ]
    strongest: dict[str, SentenceEvidence] = {}
    for sentence in sorted(found, key=lambda sentence: -sentence.contribution):
        strongest.setdefault(sentence.text, sentence)
    return list(strongest.values())[:most]


def _speaks(passage: PassageResult, axis: str, label: str) -> float:
    """Return how much a passage adds to the document's logit of a label."""
    judged: AxisResult = passage.axes[axis]
    logs = {name: float(np.log(max(score, 1e-12))) for name, score in judged.scores.items()}
    return passage.weights[axis] * (logs[label] - sum(logs.values()) / len(logs))


def _sentences(
    model: Model, passage: PassageResult, axis: str, label: str
) -> list[tuple[str, float]]:
    head = next(head for head in model.heads if head.axis == axis)
    shares = _shares_of_terms(model, passage.cleaned, head, label)
    tokenizer = model.features.tokenizer
    columns = model.features.columns
    spans = list(tokenizer.sentences(passage.cleaned))
    starts = [span.start for span in spans]
    sums = [0.0] * len(spans)
    for offset, token in tokenizer.located(passage.cleaned):
        if token in columns:  # not tokenized again: "end.Don't" is other tokens than "Don't"
            sums[bisect_right(starts, offset) - 1] += shares[columns[token]]
    for offset, share in _shares_of_pieces(model, passage.cleaned, head, label):
        if offset >= 0 and spans:
            sums[max(0, bisect_right(starts, offset) - 1)] += share
    texts = (" ".join(passage.cleaned[span.start : span.end].split()) for span in spans)
    return list(zip(texts, sums, strict=True))


def _shares_of_pieces(model: Model, text: str, head: Head, label: str) -> list[tuple[int, float]]:
    """Return what each of the encoder's pieces adds to the logit of a label, with its offset."""
    if model.encoder is None or head.dense is None:
        return []
    encoding = model.encoder(text)
    dense = head.dense.astype(np.float64)
    contrast: Floats = dense[head.labels.index(label)] - dense.mean(axis=0)
    added = encoding.states.astype(np.float64) @ contrast / len(encoding.states) / head.temperature
    return list(zip(encoding.starts.tolist(), added.tolist(), strict=True))


def _shares_of_terms(model: Model, text: str, head: Head, label: str) -> dict[int, float]:
    """Return what each occurrence of a term adds to a passage's logit of a label."""
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
