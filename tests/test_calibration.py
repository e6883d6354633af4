"""Probabilities that hold on held-out texts, and silence where a label is not right enough."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textpolitics.calibration import (
    NEVER,
    assemble,
    calibration_error,
    pooling,
    prior,
    scale,
    temperature,
    thresholds,
)
from textpolitics.heads import softmax
from textpolitics.scheme import Axis, Label

LABELS = ("tea", "coffee", "neither")
AXIS = Axis("taste", "What?", "one", tuple(Label(n, n, stance=n != "neither") for n in LABELS))


def _drawn(logits: np.ndarray, seed: int = 0) -> np.ndarray:
    """Labels that are as likely as the logits say, as one-hot rows."""
    chance = np.random.default_rng(seed)
    drawn = [chance.choice(logits.shape[1], p=row) for row in softmax(logits)]
    return np.eye(logits.shape[1], dtype=np.int64)[drawn]


def _logits(rows: int = 4000) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 1.5, (rows, 3)) + np.array([0.0, -1.0, 1.0])


def test_scale_finds_what_the_logits_were_distorted_by() -> None:
    true = _logits()
    targets = _drawn(true)
    distorted = (true - np.array([1.0, -1.0, 0.0])) * 2.5
    (slope,), offsets = scale([distorted], targets, prior_power=0.0)
    assert slope == pytest.approx(1 / 2.5, rel=0.1)
    np.testing.assert_allclose(offsets, [1.0, -1.0, 0.0], atol=0.2)
    assert offsets.sum() == pytest.approx(0)


def test_scale_weighs_two_classifiers_by_what_each_adds() -> None:
    chance = np.random.default_rng(2)
    good, noise = _logits(), chance.normal(0, 1.5, (4000, 3))
    slopes, _ = scale([good, noise], _drawn(good), prior_power=0.0)
    assert slopes[0] == pytest.approx(1.0, rel=0.15)
    assert slopes[1] < 0.1


def test_rare_label_gains_by_the_prior_power_only() -> None:
    true = _logits()
    targets = _drawn(true)
    offsets = [scale([true], targets, power)[1] for power in (0.0, 0.5, 1.0)]
    rarest = int(targets.sum(axis=0).argmin())
    assert offsets[0][rarest] < offsets[1][rarest] < offsets[2][rarest]


def test_label_that_does_not_occur_keeps_its_logit() -> None:
    logits = _logits(300)
    targets = np.eye(3, dtype=np.int64)[np.arange(300) % 2]
    _, offsets = scale([logits], targets, 0.3)
    assert offsets[2] == 0


def test_temperature_of_many_labels_finds_the_distortion() -> None:
    chance = np.random.default_rng(3)
    true = chance.normal(0, 2, (4000, 2))
    targets = (chance.random((4000, 2)) < 1 / (1 + np.exp(-true))).astype(np.int64)
    assert temperature(true * 3, targets) == pytest.approx(3, rel=0.1)


def _sure(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    probabilities = softmax(logits)
    return probabilities.argmax(axis=1), probabilities.max(axis=1)


def test_prior_gives_back_the_frequencies_that_the_prior_power_took() -> None:
    true = _logits()
    targets = _drawn(true)
    (slope,), offsets = scale([true], targets, prior_power=0.7)
    lifted = slope * true + offsets
    restored = softmax(lifted + prior(lifted, targets))
    np.testing.assert_allclose(restored.mean(axis=0), targets.mean(axis=0), atol=0.01)
    assert abs(softmax(lifted).mean(axis=0) - targets.mean(axis=0)).max() > 0.02


def test_threshold_is_the_confidence_above_which_a_label_is_right_often_enough() -> None:
    logits = _logits()
    (given, confidence), gold = _sure(logits), _drawn(logits).argmax(axis=1)
    found = thresholds(given, confidence, gold, 0.8, 0.4, 3)
    assert any(0.4 < threshold < NEVER for threshold in found)
    for label, threshold in enumerate(found):
        certain = (given == label) & (confidence >= threshold)
        assert (gold[certain] == label).mean() >= 0.8


def test_label_that_is_never_right_enough_is_never_given() -> None:
    given, confidence = np.ones(50, np.int64), np.full(50, 0.99)
    found = thresholds(given, confidence, np.arange(50) % 2, 0.8, 0.5, 3)
    assert found.tolist() == [NEVER, NEVER, NEVER]


def test_label_that_is_always_right_needs_the_least_confidence_only() -> None:
    given, confidence = np.ones(50, np.int64), np.full(50, 0.8)
    found = thresholds(given, confidence, given, 0.8, 0.5, 3)
    assert found.tolist() == [NEVER, 0.5, NEVER]


def test_handful_of_lucky_texts_opens_no_door() -> None:
    given = np.ones(43, np.int64)
    confidence = np.array([0.9] * 3 + [0.6] * 40)
    # Three of three right: 0.8 and a standard error (0.23) is more than any share can be.
    lucky = np.array([1] * 3 + [0] * 40)
    assert thresholds(given, confidence, lucky, 0.8, 0.5, 3)[1] > 0.9
    assert thresholds(given, confidence, given, 0.8, 0.5, 3)[1] == 0.5


def test_label_that_is_right_as_often_as_it_says_opens_beyond_what_was_seen() -> None:
    """No text is sure enough to count, but how right they are tells where it would be."""
    confidence = np.linspace(0.2, 0.7, 500)
    right = np.random.default_rng(3).random(500) < confidence
    found = thresholds(np.ones(500, np.int64), confidence, right.astype(np.int64), 0.8, 0.5, 3)
    assert found[1] == pytest.approx(0.8, abs=0.05)
    overconfident = (right & (np.arange(500) % 2 == 0)).astype(np.int64)
    assert thresholds(np.ones(500, np.int64), confidence, overconfident, 0.8, 0.5, 3)[1] > 0.85


@given(st.integers(1, 400), st.integers(1, 30))
def test_calibration_error_of_a_forecast_that_is_always_as_wrong(rows: int, bins: int) -> None:
    confidence = np.linspace(0.5, 1.0, rows)
    assert calibration_error(confidence, np.zeros(rows, bool), bins) == pytest.approx(
        confidence.mean()
    )
    assert calibration_error(np.ones(rows), np.ones(rows, bool), bins) == 0


def test_calibration_error_of_true_probabilities_is_small() -> None:
    probabilities = softmax(_logits())
    right = probabilities.argmax(axis=1) == _drawn(_logits()).argmax(axis=1)
    assert calibration_error(probabilities.max(axis=1), right) < 0.03
    assert calibration_error(probabilities.max(axis=1) ** 3, right) > 0.1


def test_documents_are_put_together_group_by_group_in_order() -> None:
    groups = ["a", "b"] * 6
    gold = np.array([0, 1] * 6)
    documents = assemble(groups, np.full(12, 100.0), gold, AXIS)
    assert documents == [([0, 2], 0), ([4, 6, 8, 10], 0), ([1, 3], 1), ([5, 7, 9, 11], 1)]


@pytest.mark.parametrize(
    ("gold", "label"),
    [
        ([2, 2, 2, 2, 0], 2),  # a fifth of the words takes a position
        ([2, 2, 2, 0, 0], 0),
        ([2, 2, 0, 1, 2], None),  # open between two
        ([0, 0, 1, 2, 2], 0),
    ],
)
def test_document_has_the_label_of_most_words_that_take_a_position(
    gold: list[int], label: int | None
) -> None:
    first = [2, 2]  # the first document of a group has two passages
    documents = assemble(["a"] * 7, np.full(7, 100.0), np.array(first + gold), AXIS)
    assert documents[1:] == ([([2, 3, 4, 5, 6], label)] if label is not None else [])


def test_pooling_learns_that_few_positions_among_many_passages_count() -> None:
    """Every document has one passage with a position, which the logits see, among four."""
    chance = np.random.default_rng(4)
    logits = np.tile([-1.0, -1.0, 1.0], (2000, 1)) + chance.normal(0, 0.3, (2000, 3))
    documents = []
    for start in range(0, 2000, 5):
        label = start // 5 % 2
        logits[start, label] += 2.5
        documents.append((list(range(start, start + 5)), label))
    learnt = pooling(AXIS, logits, np.full(2000, 100.0), documents, prior_power=0.3)
    assert learnt.silence > 0.5
