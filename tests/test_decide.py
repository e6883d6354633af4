"""From passages to a document: weights, thresholds, conditions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textpolitics import Model, Reason
from textpolitics.decide import applies, explain_ambiguity, judge, passage_weights, ranked
from textpolitics.heads import Head, logistic, softmax
from textpolitics.results import AxisResult
from textpolitics.scheme import Axis, Label, OnlyWhere

LABELS = ("tea", "coffee", "neither")
WITH_SILENCE = Axis(
    "taste", "What?", "one", tuple(Label(n, n, stance=n != LABELS[2]) for n in LABELS)
)
THRESHOLD = dict.fromkeys(LABELS, 0.55)
WITHOUT = Axis("taste", "What?", "one", tuple(Label(name, name) for name in LABELS))

LOGITS = st.lists(
    st.lists(st.floats(-800, 800), min_size=3, max_size=3), min_size=1, max_size=20
).map(np.array)


def _judge(
    head: Head,
    logits: np.ndarray,
    threshold: Mapping[str, float],
    reason: Reason | None = None,
) -> AxisResult:
    scores, confidence = head.probabilities(logits), head.confidence(logits)
    return judge(head, scores.tolist(), confidence.tolist(), threshold, reason)


def _head(exclusive: bool = True) -> Head:
    zeros = np.zeros((3, 0), np.float32)
    return Head("taste", LABELS, exclusive, zeros, zeros.sum(axis=1), temperature=1.0)


@settings(deadline=None)
@given(LOGITS, st.data(), st.floats(0, 10))
@pytest.mark.parametrize("axis", [WITH_SILENCE, WITHOUT], ids=["silence", "no silence"])
def test_weights_of_any_passages_sum_to_one_and_none_is_negative(
    axis: Axis, logits: np.ndarray, data: st.DataObject, power: float
) -> None:
    size = st.lists(st.integers(0, 5000), min_size=len(logits), max_size=len(logits))
    words = np.array(data.draw(size), dtype=np.float64)
    weights = passage_weights(axis, softmax(logits), words, power)
    assert weights.shape == words.shape
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()


def test_weights_without_a_silent_label_are_shares_of_words() -> None:
    probabilities = np.full((3, 3), 1 / 3)
    weights = passage_weights(WITHOUT, probabilities, np.array([10.0, 30.0, 60.0]), 2.0)
    np.testing.assert_allclose(weights, [0.1, 0.3, 0.6])


def test_weight_of_a_passage_falls_with_the_probability_that_it_takes_no_position() -> None:
    probabilities = np.array([[0.9, 0.1, 0.0], [0.4, 0.1, 0.5], [0.05, 0.05, 0.9]])
    weights = passage_weights(WITH_SILENCE, probabilities, np.full(3, 100.0), 2.0)
    np.testing.assert_allclose(weights * 1.26, [1.0, 0.25, 0.01])


def test_passages_that_all_take_no_position_share_the_document() -> None:
    silent = np.tile([0.0, 0.0, 1.0], (4, 1))
    weights = passage_weights(WITH_SILENCE, silent, np.array([1.0, 1.0, 2.0, 0.0]), 2.0)
    np.testing.assert_allclose(weights, [0.2, 0.2, 0.4, 0.2])


@pytest.mark.parametrize(
    ("best", "label", "reason"),
    [(0.54, None, Reason.AMBIGUOUS), (0.56, "coffee", None)],
)
def test_label_below_its_threshold_is_not_given(
    best: float, label: str | None, reason: Reason | None
) -> None:
    probabilities = np.array([0.9 - best, best, 0.1])
    judged = _judge(_head(), np.log(probabilities), threshold=THRESHOLD)
    assert (judged.label, judged.reason) == (label, reason)
    assert judged.confidence == (pytest.approx(best) if label else None)
    assert list(judged.scores.values()) == pytest.approx(probabilities.tolist())


def test_every_label_has_a_threshold_of_its_own() -> None:
    threshold = {"tea": 0.9, "coffee": 0.1, "neither": 0.1}
    assert _judge(_head(), np.array([1.0, 0.0, 0.0]), threshold).reason is Reason.AMBIGUOUS
    assert _judge(_head(), np.array([0.0, 1.0, 0.0]), threshold).label == "coffee"


def test_confidence_is_at_the_frequencies_of_the_labels_and_ranks_nothing() -> None:
    head = replace(_head(), prior=np.array([-2.0, 0.0, 2.0]))
    logits = np.array([3.0, 0.0, 0.0])
    judged = _judge(head, logits, dict.fromkeys(LABELS, 0.0))
    assert judged.label == "tea"
    assert list(judged.scores.values()) == pytest.approx(softmax(logits).tolist())
    expected = softmax(np.array([1.0, 0.0, 2.0]))[0]
    assert judged.confidence == pytest.approx(expected)


def test_silent_label_is_a_label_like_any_other() -> None:
    judged = _judge(_head(), np.array([0.0, 0.0, 5.0]), threshold=THRESHOLD)
    assert (judged.label, judged.reason) == ("neither", None)
    assert judged.confidence == judged.scores["neither"]  # without a prior


def test_reason_known_beforehand_leaves_scores_but_no_label() -> None:
    judged = _judge(_head(), np.array([9.0, 0.0, 0.0]), threshold=THRESHOLD, reason=Reason.LANGUAGE)
    assert (judged.label, judged.reason, judged.confidence) == (None, Reason.LANGUAGE, None)
    assert judged.scores["tea"] > 0.99


@pytest.mark.parametrize(
    ("logits", "labels", "confidence"),
    [
        ((5.0, -5.0, 1.0), ("tea", "neither"), 1 / (1 + np.exp(-1))),
        ((0.0, -0.1, -9.0), ("tea",), 0.5),
        ((-1.0, -2.0, -3.0), (), None),
    ],
)
def test_axis_of_many_labels_gives_those_as_likely_as_not(
    logits: tuple[float, ...], labels: tuple[str, ...], confidence: float | None
) -> None:
    judged = _judge(_head(exclusive=False), np.array(logits), threshold=THRESHOLD)
    assert judged.label == labels
    assert judged.reason is None
    assert judged.confidence == (pytest.approx(confidence) if labels else None)


@settings(deadline=None)
@given(st.lists(st.floats(-1e4, 1e4), min_size=3, max_size=3).map(np.array), st.booleans())
def test_any_logits_give_probabilities_and_the_best_label_or_none(
    logits: np.ndarray, exclusive: bool
) -> None:
    judged = _judge(_head(exclusive), logits, threshold=THRESHOLD)
    scores = list(judged.scores.values())
    assert all(0 <= score <= 1 for score in scores)
    if exclusive:
        assert sum(scores) == pytest.approx(1)
        assert judged.label in (None, LABELS[int(logits.argmax())])
        assert (judged.label is None) == (judged.reason is Reason.AMBIGUOUS)


@settings(deadline=None)
@given(st.floats(-1e6, 1e6))
def test_logistic_of_opposite_logits_adds_up_to_one(logit: float) -> None:
    both = logistic(np.array([logit, -logit]))
    assert both.sum() == pytest.approx(1)
    np.testing.assert_allclose(both, softmax(np.array([logit, 0.0])), atol=1e-15)


def test_ranked_keeps_the_order_of_the_scheme_where_scores_are_equal() -> None:
    assert ranked({"c": 0.2, "b": 0.4, "a": 0.4}) == ["b", "a", "c"]


def _only_where(axis: str, *labels: str) -> Axis:
    some = (Label("yes", "Yes."), Label("no", "No."))
    return Axis("more", "More?", "one", some, only_where=OnlyWhere(axis, labels))


def _judged(label: str | tuple[str, ...] | None) -> dict[str, AxisResult]:
    return {"taste": AxisResult(label, None if label else Reason.AMBIGUOUS, None, {})}


@pytest.mark.parametrize(
    ("judged", "does"),
    [
        (_judged("tea"), True),
        (_judged("coffee"), True),
        (_judged("neither"), False),
        (_judged(None), False),
        (_judged(("neither", "coffee")), True),
        (_judged(("neither",)), False),
        (_judged(()), False),
        ({}, False),
    ],
)
def test_axis_with_a_condition_applies_where_another_has_one_of_its_labels(
    judged: dict[str, AxisResult], does: bool
) -> None:
    assert applies(_only_where("taste", "tea", "coffee"), judged) is does


def test_axis_without_a_condition_always_applies() -> None:
    assert applies(WITHOUT, {})


def test_ambiguity_is_explained_by_the_two_best_labels(toy_model: Model) -> None:
    judged = AxisResult(None, Reason.AMBIGUOUS, None, {"a": 0.2, "b": 0.5, "c": 0.3})
    assert explain_ambiguity("taste", judged) == "taste: between b and c"


def _document(toy_model: Model, *parts: tuple[str, int]) -> Any:
    """Paragraphs of 130 to 139 words each: one passage a paragraph."""
    paragraphs = [
        " ".join([sentence] * (139 // len(sentence.split())))
        for sentence, count in parts
        for _ in range(count)
    ]
    result = toy_model.classify("\n\n".join(paragraphs))
    assert [passage.text for passage in result.passages] == paragraphs
    return result


TEA = "We drink the leaves hot with milk and we call this brew the best of the morning."
COFFEE = "Roast the beans dark and grind them late, for nothing wakes the town like it."
NEITHER = "The meeting was opened at seven and the minutes of the last one were read."


@pytest.mark.parametrize("before", [0, 6, 12])
def test_few_passages_of_advocacy_outvote_many_of_description(
    toy_model: Model, before: int
) -> None:
    result = _document(toy_model, (NEITHER, before), (TEA, 2), (NEITHER, 12 - before))
    assert result.axes["taste"].label == "tea"
    description = sum(p.weights["taste"] for p in result.passages if "minutes" in p.text)
    assert description < 0.5


def test_document_of_description_only_takes_no_position(toy_model: Model) -> None:
    result = _document(toy_model, (NEITHER, 8))
    assert (result.status, result.axes["taste"].label) == ("ok", "neither")


def test_advocacy_of_both_sides_in_equal_parts_is_close(toy_model: Model) -> None:
    result = _document(toy_model, (TEA, 3), (COFFEE, 3))
    scores = result.axes["taste"].scores
    assert abs(scores["tea"] - scores["coffee"]) < 0.1
    hesitant = replace(
        toy_model,
        rules=replace(
            toy_model.rules,
            threshold=toy_model.rules.threshold | {"taste": dict.fromkeys(scores, 0.6)},
        ),
    )
    result = _document(hesitant, (TEA, 3), (COFFEE, 3))
    assert result.axes["taste"].reason is Reason.AMBIGUOUS
    assert {"tea", "coffee"} <= set((result.detail or "").split())


def test_advocacy_of_one_side_outvotes_less_of_the_other(toy_model: Model) -> None:
    assert _document(toy_model, (TEA, 5), (COFFEE, 1)).axes["taste"].label == "tea"
    assert _document(toy_model, (TEA, 1), (COFFEE, 5)).axes["taste"].label == "coffee"
