"""From scores on held-out groups to honest probabilities and to where to be silent.

Probabilities come from one slope a classifier and one offset a label, fitted to the
log loss of predictions on groups that the classifier has not seen (Guo et al. 2017, "On
calibration of modern neural networks", vector scaling with one slope a classifier).
Silence is chosen by the precision that a label reaches on the same predictions
(Geifman & El-Yaniv 2017, "Selective classification for deep neural networks").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from textpolitics.decide import Pooling, breadth, passage_weights, pool
from textpolitics.heads import Floats, softmax
from textpolitics.scheme import Axis

Labels = NDArray[np.int64]
NEVER = 2.0
"""A threshold that no confidence reaches."""
LEAST_SLOPE = 0.1
"""A slope below which a higher confidence says nothing."""


def scale(
    parts: Sequence[Floats], targets: Labels, prior_power: float
) -> tuple[tuple[float, ...], Floats]:
    """Fit slopes and offsets for labels of which exactly one applies.

    Args:
        parts: Logits of held-out texts by each of the classifiers that are to be added
            up (one or more), shape (texts, labels) each.
        targets: 1 where a label applies, shape (texts, labels).
        prior_power: 0 fits the labels as often as they occur; the higher, the more a
            rare label counts, 1 as much as a common one.

    Returns:
        A slope a classifier, and offsets of shape (labels,) with a sum of zero, 0 for
        labels that do not occur. The logits of the sum are slopes times parts, plus offsets.
    """
    slopes = np.zeros(len(parts))

    def added(logs: Floats) -> Floats:
        total: Floats = np.tensordot(np.exp(logs), np.array(parts), axes=1)
        return total

    found, offsets = _fit(added, slopes, targets, prior_power)
    return tuple(np.exp(found).tolist()), offsets


def prior(logits: Floats, targets: Labels) -> Floats:
    """Fit what has to be added to logits for probabilities at the labels' own frequencies.

    Args:
        logits: Of held-out texts, shape (texts, labels).
        targets: 1 where a label applies, shape (texts, labels).

    Returns:
        Shape (labels,), to three digits.
    """
    _, offsets = _fit(lambda _: logits, np.zeros(0), targets, 0.0)
    return offsets.round(3)


def _fit(
    added: Callable[[Floats], Floats], start: Floats, targets: Labels, prior_power: float
) -> tuple[Floats, Floats]:
    """Return what `added` takes, and offsets to what it returns, of least log loss."""
    from scipy.optimize import minimize

    gold = targets.argmax(axis=1)
    counts = targets.sum(axis=0)
    present = counts > 0
    importance = (np.maximum(counts, 1.0) ** -prior_power)[gold]
    importance /= importance.sum()
    size = len(start)

    def loss(point: Floats) -> float:
        logits = added(point[:size]) + np.zeros(len(counts))
        logits[:, present] += point[size:]
        right = softmax(logits)[np.arange(len(gold)), gold]
        return float(-importance @ np.log(np.maximum(right, 1e-300)) + 1e-4 * (point @ point))

    origin = np.concatenate([start, np.zeros(int(present.sum()))])
    bounds = [(-4.0, 3.0)] * size + [(None, None)] * int(present.sum())
    found = minimize(loss, origin, method="L-BFGS-B", bounds=bounds).x
    offsets = np.zeros(len(counts))
    offsets[present] = found[size:] - found[size:].mean()
    return found[:size], offsets


def temperature(logits: Floats, targets: Labels) -> float:
    """Fit a temperature for labels of which any number may apply.

    Args:
        logits: Of held-out texts, shape (texts, labels).
        targets: 1 where a label applies, shape (texts, labels).
    """
    from scipy.optimize import minimize_scalar

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        return float(np.logaddexp(0.0, np.where(targets == 1, -scaled, scaled)).mean())

    return round(float(minimize_scalar(loss, bounds=(0.1, 10.0), method="bounded").x), 3)


def thresholds(
    given: Labels, confidence: Floats, gold: Labels, precision: float, least: float, labels: int
) -> Floats:
    """Return for each label the confidence from which on it is right often enough.

    The precision of a label above a threshold must exceed the wanted one by a standard
    error, so that a handful of lucky texts opens no door. Where that is reached nowhere,
    the threshold is the confidence at which a label is right as often as wanted by a
    logistic fit to the log-odds of the confidence (Platt 1999, "Probabilistic outputs for
    support vector machines"). It may be higher than any confidence among these texts.

    Args:
        given: Number of the likeliest label of held-out texts, shape (texts,).
        confidence: In that label, shape (texts,).
        gold: Number of the right label, shape (texts,).
        precision: Share of the texts given a label that must bear it.
        least: No threshold is lower than this.
        labels: Number of labels.

    Returns:
        Shape (labels,); `NEVER` for a label that is the likeliest of no text, or no more
        often right where the confidence is higher.
    """
    result: Floats = np.full(labels, NEVER)
    for label in range(labels):
        rows = np.flatnonzero(given == label)
        rows = rows[np.argsort(-confidence[rows], kind="stable")]
        count = np.arange(1, len(rows) + 1)
        reached = np.cumsum(gold[rows] == label) / count
        good = np.flatnonzero(reached >= precision + np.sqrt(precision * (1 - precision) / count))
        if len(good) and good[-1] == len(rows) - 1:
            result[label] = least
        elif len(good):
            result[label] = max(least, float(confidence[rows[good[-1]]]))
        elif len(rows):
            result[label] = max(least, _fitted(confidence[rows], gold[rows] == label, precision))
    return result.round(4)


def _fitted(confidence: Floats, right: NDArray[np.bool_], precision: float) -> float:
    """Return the confidence at which a logistic fit expects a precision.

    Intercept and slope are drawn a little towards 0 and 1, those of a confidence that
    is what it says.
    """
    from scipy.optimize import minimize
    from scipy.special import expit, logit

    odds = logit(np.clip(confidence, 1e-4, 1 - 1e-4))
    signs = np.where(right, 1.0, -1.0)

    def loss(point: Floats) -> float:
        wrong = np.logaddexp(0.0, -signs * (point[0] + point[1] * odds)).sum()
        return float(wrong + (point[0] ** 2 + (point[1] - 1.0) ** 2) / 2)

    intercept, slope = minimize(loss, np.array([0.0, 1.0]), method="L-BFGS-B").x
    if slope < LEAST_SLOPE:
        return NEVER
    return float(expit((logit(precision) - intercept) / slope))


def assemble(
    groups: Sequence[str], words: Floats, gold: Labels, axis: Axis
) -> list[tuple[list[int], int]]:
    """Put documents together from coded passages of one author or organisation.

    Two to eight passages of a group, in their order, make a document. It takes no
    position unless a quarter of its words do; then it has the label that most of these
    words have, and where the second has two thirds as many, it is left out as open.

    Args:
        groups: Group of each passage, shape (passages,).
        words: Words of each passage, shape (passages,).
        gold: Number of each passage's label, shape (passages,).
        axis: The axis, one of whose labels takes no position.

    Returns:
        Numbers of the passages, and number of the label, of each document.
    """
    silent = axis.label_names.index(axis.no_stance or "")
    passages: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        passages.setdefault(group, []).append(row)
    documents = []
    for rows in passages.values():
        sizes = cycle((2, 5, 3, 8, 4))
        while len(rows) > 1:
            size = next(sizes)
            document, rows = rows[:size], rows[size:]
            mass = np.bincount(gold[document], words[document], len(axis.labels))
            positions = np.where(np.arange(len(mass)) == silent, 0.0, mass)
            second, first = np.sort(positions)[-2:]
            if positions.sum() < mass.sum() / 4:
                documents.append((document, silent))
            elif first >= 1.5 * second:
                documents.append((document, int(positions.argmax())))
    return documents


def pooling(
    axis: Axis,
    logits: Floats,
    words: Floats,
    documents: Sequence[tuple[list[int], int]],
    prior_power: float,
) -> Pooling:
    """Learn how passages make a document.

    Args:
        axis: The axis.
        logits: Calibrated logits of the passages, shape (passages, labels).
        words: Words of each passage, shape (passages,).
        documents: As `assemble` returns them.
        prior_power: See `scale`.
    """
    from scipy.optimize import minimize

    gold = np.array([label for _, label in documents], dtype=np.int64)
    counts = np.bincount(gold, minlength=len(axis.labels))
    importance = (np.maximum(counts, 1.0) ** -prior_power)[gold]
    importance /= importance.sum()
    plain, shared = [], []
    for rows, _ in documents:
        weights = passage_weights(axis, softmax(logits[rows]), words[rows], Pooling().power)
        plain.append(pool(axis, logits[rows], weights, Pooling()))
        shared.append(breadth(weights))
    means, broad = np.array(plain), np.array(shared)
    silent = np.array(axis.label_names) == axis.no_stance

    def loss(point: Floats) -> float:
        scaled = means * (1.0 + point[0] * broad)[:, np.newaxis]
        scaled = scaled - point[1] * broad[:, np.newaxis] * silent
        right = softmax(scaled)[np.arange(len(gold)), gold]
        return float(-importance @ np.log(np.maximum(right, 1e-300)) + 1e-3 * (point @ point))

    found = minimize(loss, np.zeros(2), method="L-BFGS-B", bounds=[(0.0, 3.0)] * 2).x
    return Pooling(slope=round(float(found[0]), 3), silence=round(float(found[1]), 3))


def calibration_error(confidence: Floats, right: NDArray[np.bool_], bins: int = 15) -> float:
    """Return the expected calibration error of top labels, in bins of equal mass.

    After Naeini et al. 2015, "Obtaining well calibrated probabilities using Bayesian
    binning", with bins by quantile.

    Args:
        confidence: Probability of the label given, shape (texts,).
        right: Whether it was right, shape (texts,).
        bins: Number of bins.
    """
    if not len(confidence):
        return float("nan")
    order = np.argsort(confidence, kind="stable")
    gaps = [
        abs(confidence[part].mean() - right[part].mean()) * len(part)
        for part in np.array_split(order, bins)
        if len(part)
    ]
    return float(sum(gaps) / len(confidence))
