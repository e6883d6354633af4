"""One calibrated linear head an axis: a matrix, an intercept and a temperature."""

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
        weights: Matrix, shape (labels, features).
        intercept: Shape (labels,).
        temperature: Logits are divided by it before they become probabilities
            (Guo et al. 2017, "On calibration of modern neural networks").
    """

    axis: str
    labels: tuple[str, ...]
    exclusive: bool
    weights: NDArray[np.float32]
    intercept: NDArray[np.float32]
    temperature: float

    def logits(self, vector: SparseVector) -> Floats:
        """Return the calibrated logits of one text, shape (labels,)."""
        columns = self.weights[:, vector.indices].astype(np.float64)
        raw: Floats = columns @ vector.values + self.intercept
        return raw / self.temperature

    def probabilities(self, logits: Floats) -> Floats:
        """Return probabilities for logits of shape (…, labels)."""
        return softmax(logits) if self.exclusive else logistic(logits)


def softmax(logits: Floats) -> Floats:
    """Return exponentials that sum to one along the last dimension."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return result


def logistic(logits: Floats) -> Floats:
    """Return the logistic function of each logit, without overflow."""
    result: Floats = np.exp(-np.logaddexp(0.0, -logits))
    return result
