"""Figures of judged texts: numbers in, numbers out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textpolitics.calibration import Labels, calibration_error
from textpolitics.heads import Floats
from textpolitics.scheme import Axis

RESAMPLES = 1000


@dataclass(frozen=True)
class Judged:
    """Texts judged on one axis, each by something that never saw its family.

    Attributes:
        axis: The axis.
        gold: Number of the right label, shape (texts,).
        logits: Calibrated, shape (texts, labels).
        confidence: In the likeliest label, shape (texts,).
        threshold: Confidence from which on that label is given, shape (texts,).
        families: Family of each text, shape (texts,).
    """

    axis: Axis
    gold: Labels
    logits: Floats
    confidence: Floats
    threshold: Floats
    families: NDArray[np.str_]

    @property
    def likeliest(self) -> Labels:
        """Number of the likeliest label, shape (texts,)."""
        best: Labels = self.logits.argmax(axis=1)
        return best

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether that is the right one, shape (texts,)."""
        right: NDArray[np.bool_] = self.likeliest == self.gold
        return right

    @property
    def given(self) -> NDArray[np.bool_]:
        """Whether it is given, shape (texts,)."""
        given: NDArray[np.bool_] = self.confidence >= self.threshold
        return given

    @property
    def silent(self) -> int:
        """Number of the label that takes no position."""
        return self.axis.label_names.index(self.axis.no_stance or "")

    @property
    def positions(self) -> NDArray[np.bool_]:
        """Whether the likeliest label takes a position, shape (texts,)."""
        positions: NDArray[np.bool_] = self.likeliest != self.silent
        return positions

    def part(self, rows: NDArray[np.bool_]) -> Judged:
        """Return some of the texts."""
        return Judged(
            self.axis,
            self.gold[rows],
            self.logits[rows],
            self.confidence[rows],
            self.threshold[rows],
            self.families[rows],
        )


def confusion(gold: Labels, given: Labels, labels: int) -> Floats:
    """Return how often each label was given for each, shape (labels, labels)."""
    table: Floats = np.zeros((labels, labels))
    np.add.at(table, (gold, given), 1)
    return table


def f1(table: Floats) -> Floats:
    """Return the F1 of each label, from tables of shape (…, labels, labels)."""
    right = np.diagonal(table, axis1=-2, axis2=-1)
    each: Floats = 2 * right / np.maximum(table.sum(axis=-1) + table.sum(axis=-2), 1)
    return each


def macro_f1(judged: Judged) -> float:
    """Return the mean F1 of the labels that occur."""
    table = confusion(judged.gold, judged.likeliest, len(judged.axis.labels))
    return float(f1(table)[table.sum(axis=1) > 0].mean())


def interval(judged: Judged) -> tuple[float, float]:
    """Return the 95% interval of macro-F1 by a bootstrap over families."""
    labels = len(judged.axis.labels)
    names = np.unique(judged.families)
    tables = np.zeros((len(names), labels, labels))
    rows = np.searchsorted(names, judged.families)
    np.add.at(tables, (rows, judged.gold, judged.likeliest), 1)
    chances = np.full(len(names), 1 / len(names))
    draws = np.random.default_rng(0).multinomial(len(names), chances, size=RESAMPLES)
    drawn = np.tensordot(draws, tables, axes=1)
    present = drawn.sum(axis=-1) > 0
    means = (f1(drawn) * present).sum(axis=-1) / np.maximum(present.sum(axis=-1), 1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def alpha(first: Labels, second: Labels, labels: int) -> float:
    """Return Krippendorff's alpha of two codings of the same texts, nominal labels.

    After Krippendorff 2019, "Content analysis", chapter 12: 1 less the disagreement that
    is observed over the disagreement that chance would make.
    """
    table = confusion(first, second, labels)
    both = table + table.T
    total = both.sum()
    margin = both.sum(axis=0)
    expected = total**2 - (margin**2).sum()
    observed = (total - np.trace(both)) * (total - 1)
    return float(1 - observed / expected) if expected else float("nan")


def errors_of_confidence(judged: Judged) -> tuple[float, float]:
    """Return the calibration error of all top labels, and of those that take a position."""
    confidence, right = judged.confidence, judged.right
    named = judged.positions
    return calibration_error(confidence, right), calibration_error(confidence[named], right[named])


def precision_by_coverage(judged: Judged, shares: Sequence[float]) -> list[float]:
    """Return how often positions are right among the surest shares of them."""
    rows = np.flatnonzero(judged.positions)
    order = rows[np.argsort(-judged.confidence[rows], kind="stable")]
    right = judged.right[order]
    return [float(right[: max(1, round(share * len(right)))].mean()) for share in shares]
