"""One calibrated linear head an axis: matrices, an intercept and a temperature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textpolitics.features import SparseVector

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Head:
    """The scores of one axis.

    Attributes:
        axis: Name of the axis.
        labels: Names of its labels, in row order.
        exclusive: Whether exactly one label applies (softmax) or any number (logistic).
        weights: What each term adds, shape (labels, terms).
        intercept: Shape (labels,).
        temperature: Logits are divided by it before they become probabilities
            (Guo et al. 2017, "On calibration of modern neural networks").
        dense: What each number of the encoder's vector adds, shape (labels, width);
            None in a model without an encoder.
        prior: What the probabilities at the labels' own frequencies need besides, shape
            (labels,); None if nothing.
    """

    axis: str
    labels: tuple[str, ...]
    exclusive: bool
    weights: NDArray[np.float32]
    intercept: NDArray[np.float32]
    temperature: float
    dense: NDArray[np.float32] | None = None
    prior: Floats | None = None

    def logits(self, vector: SparseVector, pooled: Floats | None = None) -> Floats:
        """Return the calibrated logits of one text, shape (labels,).

        Args:
            vector: Its terms.
            pooled: The encoder's vector of it, shape (width,), where the head has use for it.
        """
        columns = self.weights[:, vector.indices].astype(np.float64)
        raw: Floats = columns @ vector.values + self.intercept
        if self.dense is not None and pooled is not None:
            raw = raw + self.dense.astype(np.float64) @ pooled
        return raw / self.temperature

    def probabilities(self, logits: Floats) -> Floats:
        """Return probabilities for logits of shape (…, labels), rare labels counting for more."""
        return softmax(logits) if self.exclusive else logistic(logits)

    def confidence(self, logits: Floats) -> Floats:
        """Return how often each label would be right, for logits of shape (…, labels)."""
        return self.probabilities(logits if self.prior is None else logits + self.prior)


def softmax(logits: Floats) -> Floats:
    """Return exponentials that sum to one along the last dimension."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return result


def logistic(logits: Floats) -> Floats:
    """Return the logistic function of each logit, without overflow."""
    result: Floats = np.exp(-np.logaddexp(0.0, -logits))
    return result
