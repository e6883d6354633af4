"""One axis: coded vectors to a calibrated head, its thresholds and how passages pool.

The classifier is scikit-learn's logistic regression; what is learnt on top of it is
learnt on groups that it has not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textpolitics.calibration import (
    Labels,
    assemble,
    pooling,
    prior,
    scale,
    temperature,
    thresholds,
)
from textpolitics.corpus import Record
from textpolitics.decide import Pooling
from textpolitics.errors import CorpusError
from textpolitics.features import SparseVector
from textpolitics.heads import Floats, Head
from textpolitics.nlp import Tokenizer
from textpolitics.scheme import Axis


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How to train.

    Attributes:
        min_groups: Groups that must use a term before it counts.
        capitals: Share of a word's occurrences with a capital, first words of sentences
            aside, from which on it is a name and does not count; above 1 none is.
        extra_weight: How much a record of the corpora `extra` counts beside another.
        inverse_regularisation: scikit-learn's ``C`` of the logistic regression.
        folds: Grouped folds for calibration, thresholds and the figures in the manifest;
            0 leaves out all three, for measuring.
        seed: Of the fold assignment.
        prior_power: How much more a rare label counts in the probabilities than its
            number, from 0 (not at all) to 1 (as much as a common one).
        precision: Share of the texts given a label that must bear it, on held-out groups.
        least: Confidence below which a label is ``ambiguous`` however precise it is.
    """

    min_groups: int = 5
    capitals: float = 0.8
    extra_weight: float = 1.0
    inverse_regularisation: float = 1.0
    folds: int = 5
    seed: int = 0
    prior_power: float = 0.5
    precision: float = 0.8
    least: float = 0.5


@dataclass(frozen=True, slots=True)
class Coded:
    """The records that are coded on one axis, with their vectors; the first are measured on."""

    axis: Axis
    records: Sequence[Record]
    vectors: Sequence[SparseVector]
    measured: int

    def targets(self) -> Labels:
        """Return 1 where a label applies, shape (records, labels)."""
        names = self.axis.label_names
        rows = np.zeros((len(self.records), len(names)), dtype=np.int64)
        for row, record in zip(rows, self.records, strict=True):
            label = record.labels[self.axis.name]
            for one in (label,) if isinstance(label, str) else label:
                row[names.index(one)] = 1
        return rows


def fit_axis(data: Coded, terms: int, settings: TrainingSettings) -> tuple[Head, Floats | None]:
    """Return the head of an axis and its logits for what is measured on, each group held out."""
    from scipy import sparse

    rows = np.cumsum([0, *(len(v.indices) for v in data.vectors)])
    columns = np.concatenate([v.indices for v in data.vectors])
    values = np.concatenate([v.values for v in data.vectors])
    matrix = sparse.csr_matrix((values, columns, rows), (len(data.vectors), terms))
    targets = data.targets()
    groups = [record.group for record in data.records]
    _check_targets(data.axis, targets, groups[: data.measured])
    counts = np.where(np.arange(len(targets)) < data.measured, 1.0, settings.extra_weight)
    weights, intercept = _fit(data.axis, matrix, targets, counts, settings)
    degree, offsets, held_out, frequent = 1.0, np.zeros(targets.shape[1]), None, None
    if settings.folds:
        held_out = _held_out(data, matrix, targets, groups, counts, settings)
        known = targets[: data.measured]
        if data.axis.many:
            degree = temperature(held_out, known)
        else:
            (slope,), offsets = scale([held_out], known, settings.prior_power)
            degree = round(1 / slope, 3)
        held_out = held_out / degree + offsets
        frequent = None if data.axis.many else prior(held_out, known)
    head = Head(
        axis=data.axis.name,
        labels=data.axis.label_names,
        exclusive=not data.axis.many,
        weights=weights.astype(np.float32),
        intercept=(intercept + offsets * degree).astype(np.float32),
        temperature=degree,
        prior=frequent,
    )
    return head, held_out


def _held_out(
    data: Coded,
    matrix: Any,
    targets: Labels,
    groups: Sequence[str],
    counts: Floats,
    settings: TrainingSettings,
) -> Floats:
    from sklearn.model_selection import GroupKFold

    logits: Floats = np.zeros((data.measured, targets.shape[1]))
    measured = np.array(groups[: data.measured])
    folds = min(settings.folds, len(set(measured.tolist())))
    splitter = GroupKFold(folds, shuffle=True, random_state=settings.seed)
    for _, test in splitter.split(measured, groups=measured):
        training = ~np.isin(np.array(groups), measured[test])
        some = (matrix[training], targets[training], counts[training])
        weights, intercept = _fit(data.axis, *some, settings)
        logits[test] = matrix[test] @ weights.T + intercept
    return logits


def fit_thresholds(
    head: Head, held_out: Floats | None, data: Coded, settings: TrainingSettings
) -> dict[str, float]:
    """Return for each label the confidence from which on it is given."""
    if held_out is None or not head.exclusive:
        return dict.fromkeys(head.labels, settings.least)
    given = held_out.argmax(axis=1)
    confidence = head.confidence(held_out)[np.arange(len(given)), given]
    gold = data.targets()[: data.measured].argmax(axis=1)
    found = thresholds(
        given, confidence, gold, settings.precision, settings.least, len(head.labels)
    )
    return dict(zip(head.labels, found.tolist(), strict=True))


def fit_pooling(
    data: Coded, held_out: Floats | None, tokenizer: Tokenizer, settings: TrainingSettings
) -> Pooling:
    """Return how the passages of a document are put together on an axis."""
    if held_out is None or data.axis.many or data.axis.no_stance is None:
        return Pooling()
    records = data.records[: data.measured]
    words = np.array([float(tokenizer.tally(record.text)[0]) for record in records])
    groups = [record.group for record in records]
    gold = data.targets()[: data.measured].argmax(axis=1)
    documents = assemble(groups, words, gold, data.axis)
    if not documents:
        return Pooling()
    return pooling(data.axis, held_out, words, documents, settings.prior_power)


def _fit(
    axis: Axis, matrix: Any, targets: Labels, counts: Floats, settings: TrainingSettings
) -> tuple[Floats, Floats]:
    """Return weights (labels, terms) and intercepts (labels,); `counts` weighs the rows.

    A label that the rows do not hold gets no weights and an intercept that
    practically rules it out.
    """
    weights: Floats = np.zeros((targets.shape[1], matrix.shape[1]))
    intercept: Floats = np.full(targets.shape[1], -20.0)
    if axis.many:
        for label in range(targets.shape[1]):
            if 0 < targets[:, label].sum() < len(targets):
                fitted = _regression(settings).fit(matrix, targets[:, label], counts)
                weights[label], intercept[label] = fitted.coef_[0], fitted.intercept_[0]
        return weights, intercept
    classes = np.flatnonzero(targets.sum(axis=0))
    if len(classes) == 1:
        intercept[classes] = 0.0
        return weights, intercept
    fitted = _regression(settings).fit(matrix, targets.argmax(axis=1), counts)
    if len(fitted.classes_) == 2:
        first, second = fitted.classes_
        weights[second], intercept[first] = fitted.coef_[0], 0.0
        intercept[second] = fitted.intercept_[0]
    else:
        weights[fitted.classes_], intercept[fitted.classes_] = fitted.coef_, fitted.intercept_
    return weights, intercept


def _regression(settings: TrainingSettings) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(
        C=settings.inverse_regularisation, class_weight="balanced", max_iter=1000
    )


def score(head: Head, logits: Floats, targets: Labels, folds: int) -> dict[str, Any]:
    """Return the figures for the model's card, from logits of held-out groups."""
    from sklearn.metrics import f1_score

    if head.exclusive:
        gold, predicted = targets.argmax(axis=1), logits.argmax(axis=1)
        labels = np.arange(len(head.labels))
        each = f1_score(gold, predicted, labels=labels, average=None, zero_division=0.0)
    else:
        columns = zip(targets.T, logits.T > 0, strict=True)
        each = [f1_score(gold, predicted, zero_division=0.0) for gold, predicted in columns]
    return {
        "on": f"passages of held-out groups, {folds} folds",
        "macro_f1": round(float(np.mean(each)), 3),
        "f1": {label: round(float(f1), 3) for label, f1 in zip(head.labels, each, strict=True)},
        "records": {n: int(c) for n, c in zip(head.labels, targets.sum(axis=0), strict=True)},
    }


def _check_targets(axis: Axis, targets: Labels, groups: Sequence[str]) -> None:
    if len(set(groups)) < 2:
        raise CorpusError(
            f"axis {axis.name}",
            "is coded in one group only",
            "code it in texts of other authors or organisations as well",
        )
    if not axis.many and (targets.sum(axis=0) > 0).sum() < 2:
        raise CorpusError(
            f"axis {axis.name}", "all records have the same label", "add records of another label"
        )
