"""From passages to a document, and knowing when not to say.

A document's logits are the weighted mean of its passages' logits. A passage
weighs as many words as it has, times the probability that it takes a position
at all, raised to a power: description, quotation and boilerplate, which take
none, hardly count beside advocacy. The weights sum to one, so the document's
logits are a weighted sum of its passages'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from textpolitics.heads import Floats, Head
from textpolitics.results import AxisResult
from textpolitics.scheme import Axis
from textpolitics.status import Reason


@dataclass(frozen=True, slots=True)
class Rules:
    """Where the lines are drawn. Stored with a model.

    Attributes:
        stance_power: Power of the probability of taking a position in a passage's weight.
        shortest: Words below which a text is ``too_short``.
        known_tokens: Share of known tokens below which there is ``no_evidence``.
        margin: For each axis, the lead over the second label below which the best one
            is ``ambiguous``; a difference of probabilities.
    """

    margin: Mapping[str, float]
    stance_power: float = 2.0
    shortest: int = 30
    known_tokens: float = 0.5


def passage_weights(axis: Axis, probabilities: Floats, words: Floats, power: float) -> Floats:
    """Return what share each passage has in its document.

    Args:
        axis: Says which label, if any, takes no position.
        probabilities: Shape (passages, labels).
        words: Words of each passage, shape (passages,).
        power: See `Rules.stance_power`.

    Returns:
        Shape (passages,), summing to one.
    """
    weights: Floats = np.maximum(words, 1.0)
    if axis.no_stance is not None:
        silent = probabilities[:, axis.label_names.index(axis.no_stance)]
        weights = weights * np.maximum(1.0 - silent, 1e-6) ** power
    shares: Floats = weights / weights.sum()
    return shares


def judge(head: Head, logits: Floats, margin: float, reason: Reason | None = None) -> AxisResult:
    """Turn the logits of a text into a label, or into a reason for having none.

    Where an axis takes several labels, those as likely as not are given.

    Args:
        head: The head that gave the logits.
        logits: Shape (labels,).
        margin: Lead over the second label below which the best one is ``ambiguous``.
        reason: A reason that rules out a label beforehand.
    """
    probabilities = head.probabilities(logits)
    scores = dict(zip(head.labels, probabilities.tolist(), strict=True))
    if reason is not None:
        return AxisResult(None, reason, None, scores)
    if not head.exclusive:
        chosen = tuple(name for name, score in scores.items() if score >= 0.5)
        return AxisResult(chosen, None, min(map(scores.__getitem__, chosen), default=None), scores)
    first, second = ranked(scores)[:2]
    if scores[first] - scores[second] < margin:
        return AxisResult(None, Reason.AMBIGUOUS, None, scores)
    return AxisResult(first, None, scores[first], scores)


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
