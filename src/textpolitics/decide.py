"""From passages to a document, and knowing when not to say.

A document's logits are made of the weighted mean of its passages' logits. A passage
weighs as many words as it has, times the probability that it takes a position at
all: description, quotation and boilerplate, which take none, hardly count beside
advocacy. Passages that agree make each other surer, and one that takes no position
among many says little about the document; by how much is learnt (see `Pooling`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from textpolitics.heads import Floats, Head
from textpolitics.results import AxisResult
from textpolitics.scheme import Axis
from textpolitics.status import Reason


@dataclass(frozen=True, slots=True)
class Pooling:
    """How the passages of a document make its logits on one axis.

    The breadth of a document is 1 less the sum of its passages' squared weights: 0
    where one passage has all the weight, close to 1 where many share it (Simpson
    1949, "Measurement of diversity").

    Attributes:
        power: Power of the probability of taking a position in a passage's weight.
        slope: By what share breadth raises all logits.
        silence: By how much breadth lowers the logit of taking no position.
    """

    power: float = 1.0
    slope: float = 0.0
    silence: float = 0.0


@dataclass(frozen=True, slots=True)
class Rules:
    """Where the lines are drawn. Stored with a model.

    Attributes:
        threshold: Axis → label → the confidence below which this label, where it is the
            likeliest, is not given (``ambiguous``).
        pooling: Axis → how passages make a document.
        shortest: Words below which a text is ``too_short``.
        known_tokens: Share of known tokens below which there is ``no_evidence``.
    """

    threshold: Mapping[str, Mapping[str, float]]
    pooling: Mapping[str, Pooling]
    shortest: int = 30
    known_tokens: float = 0.5


def passage_weights(axis: Axis, probabilities: Floats, words: Floats, power: float) -> Floats:
    """Return what share each passage has in its document.

    Args:
        axis: Says which label, if any, takes no position.
        probabilities: Shape (passages, labels).
        words: Words of each passage, shape (passages,).
        power: See `Pooling`.

    Returns:
        Shape (passages,), summing to one.
    """
    weights: Floats = np.maximum(words, 1.0)
    if axis.no_stance is not None:
        silent = probabilities[:, axis.label_names.index(axis.no_stance)]
        weights = weights * np.maximum(1.0 - silent, 1e-6) ** power
    shares: Floats = weights / weights.sum()
    return shares


def breadth(weights: Floats) -> float:
    """Return how widely the weight is shared, from 0 to below 1; see `Pooling`."""
    return max(0.0, 1.0 - float(weights @ weights))


def pool(axis: Axis, logits: Floats, weights: Floats, pooling: Pooling) -> Floats:
    """Return the logits of a document, shape (labels,).

    Args:
        axis: Says which label, if any, takes no position.
        logits: Of its passages, shape (passages, labels).
        weights: Of its passages, shape (passages,), summing to one.
        pooling: How they make a document.
    """
    shared = breadth(weights)
    pooled: Floats = (1.0 + pooling.slope * shared) * (weights @ logits)
    if axis.no_stance is not None:
        pooled[axis.label_names.index(axis.no_stance)] -= pooling.silence * shared
    return pooled


def judge(
    head: Head,
    scores: Sequence[float],
    confidence: Sequence[float],
    threshold: Mapping[str, float],
    reason: Reason | None = None,
) -> AxisResult:
    """Turn the scores of a text into a label, or into a reason for having none.

    Where an axis takes several labels, those as likely as not are given.

    Args:
        head: The head that gave the scores.
        scores: One a label, see `Head.probabilities`.
        confidence: One a label, see `Head.confidence`.
        threshold: Label → confidence below which it is ``ambiguous``.
        reason: A reason that rules out a label beforehand.
    """
    named = dict(zip(head.labels, scores, strict=True))
    if reason is not None:
        return AxisResult(None, reason, None, named)
    if not head.exclusive:
        chosen = tuple(name for name, score in named.items() if score >= 0.5)
        return AxisResult(chosen, None, min(map(named.__getitem__, chosen), default=None), named)
    first = max(named, key=named.__getitem__)
    sure = confidence[head.labels.index(first)]
    if sure < threshold[first]:
        return AxisResult(None, Reason.AMBIGUOUS, None, named)
    return AxisResult(first, None, sure, named)


def ranked(scores: Mapping[str, float]) -> list[str]:
    """Return the labels from the likeliest to the least likely."""
    return sorted(scores, key=lambda label: -scores[label])


def applies(axis: Axis, judged: Mapping[str, AxisResult]) -> bool:
    """Tell whether an axis applies to a text.

    Args:
        axis: The axis, which may have a condition.
        judged: Name of axis → judgement, for the axes that stand before it.
    """
    condition = axis.only_where
    if condition is None:
        return True
    other = judged.get(condition.axis)
    if other is None or other.label is None:
        return False
    labels = (other.label,) if isinstance(other.label, str) else other.label
    return any(label in condition.labels for label in labels)


def explain_ambiguity(name: str, judged: AxisResult) -> str:
    """Return between which two labels an axis is, in words."""
    first, second = ranked(judged.scores)[:2]
    return f"{name}: between {first} and {second}"
