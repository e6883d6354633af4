"""Figures: scikit-learn's, beside the majority baseline, on texts that the model has not seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support
from sklearn.preprocessing import MultiLabelBinarizer

from textpolitics import CorpusError, Evaluation, Model, Record, evaluate, read_corpus

PRAISE = {
    "tea": "We drink the leaves hot with milk and call this brew the best of the morning.",
    "coffee": "Roast the beans dark and grind them late, nothing wakes the town like it.",
    "neither": "The meeting was opened at seven and the minutes of the last one were read.",
}
TOPIC = {
    "harbour": "Ships lay at the quay and the crane swung over the docks.",
    "weather": "Rain fell in the night and the wind came from the north.",
}
TASTES = tuple(PRAISE)
TOPICS = tuple(TOPIC)


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """New records whose labels are often not what the text says, so that figures vary."""
    found = []
    for number in range(60):
        said = TASTES[number * number % 3]
        coded = TASTES[number // 7 % 3] if number % 4 == 0 else said
        topics = tuple(t for bit, t in enumerate(TOPICS) if number >> bit & 1)
        sentences = [PRAISE[said], *(TOPIC[topic] for topic in topics)]
        if number % 10 == 0:
            sentences.append(PRAISE[TASTES[(number + 1) % 3]])
        labels: dict[str, Any] = {"topics": topics[: number % 3]}
        if number % 5:
            labels["taste"] = coded
        text = " ".join(sentences * 2) + f" New {number}."
        found.append(Record(f"new-{number}", text, labels, f"new-{number % 6}", {}, "here"))
    return found


@pytest.fixture(scope="module")
def figures(toy_model: Model, records: list[Record]) -> Evaluation:
    return evaluate(toy_model, records)


def _likeliest(model: Model, record: Record) -> str:
    scores = model.classify(record.text).axes["taste"].scores
    return max(scores, key=scores.__getitem__)


def test_figures_of_one_label_axis_equal_scikit_learns(
    toy_model: Model, records: list[Record], figures: Evaluation
) -> None:
    coded = [record for record in records if "taste" in record.labels]
    gold = [str(record.labels["taste"]) for record in coded]
    given = [_likeliest(toy_model, record) for record in coded]
    each = precision_recall_fscore_support(gold, given, labels=TASTES, zero_division=0)
    ours = figures.axes["taste"]
    assert ours.records == len(coded) < figures.records == len(records)
    assert list(ours.labels) == list(TASTES)
    for label, *expected in zip(TASTES, *each, strict=True):
        found = ours.labels[label]
        assert [found.precision, found.recall, found.f1, found.support] == pytest.approx(expected)
    assert ours.macro_f1 == pytest.approx(np.mean(each[2]))
    assert ours.accuracy == pytest.approx(accuracy_score(gold, given))
    assert 0.5 < ours.accuracy < 0.95, "a test set without errors tells nothing"
    table = confusion_matrix(gold, given, labels=TASTES)
    assert [[ours.confusion[g][p] for p in TASTES] for g in TASTES] == table.tolist()


def test_figures_of_what_is_committed_leave_abstentions_out(
    toy_model: Model, records: list[Record], figures: Evaluation
) -> None:
    coded = [record for record in records if "taste" in record.labels]
    pairs = [(r.labels["taste"], toy_model.classify(r.text).axes["taste"].label) for r in coded]
    right = [gold == given for gold, given in pairs if given is not None]
    assert figures.axes["taste"].committed == pytest.approx(len(right) / len(coded))
    assert figures.axes["taste"].committed_accuracy == pytest.approx(np.mean(right))


def test_figures_of_many_label_axis_equal_scikit_learns(
    toy_model: Model, records: list[Record], figures: Evaluation
) -> None:
    binary = MultiLabelBinarizer(classes=list(TOPICS))
    gold = binary.fit_transform([record.labels["topics"] for record in records])
    given = binary.transform([toy_model.classify(r.text).axes["topics"].label for r in records])
    each = precision_recall_fscore_support(gold, given, zero_division=0)
    ours = figures.axes["topics"]
    for label, *expected in zip(TOPICS, *each, strict=True):
        found = ours.labels[label]
        assert [found.precision, found.recall, found.f1, found.support] == pytest.approx(expected)
    assert ours.macro_f1 == pytest.approx(np.mean(each[2]))
    assert ours.accuracy == pytest.approx(accuracy_score(gold, given))
    assert ours.confusion == {}
    assert ours.accuracy < 1, "a test set without errors tells nothing"


def test_majority_baseline_is_that_of_always_giving_the_commonest_label(
    records: list[Record], figures: Evaluation
) -> None:
    gold = [str(record.labels["taste"]) for record in records if "taste" in record.labels]
    commonest = max(TASTES, key=gold.count)
    constant = [commonest] * len(gold)
    each = precision_recall_fscore_support(gold, constant, labels=TASTES, zero_division=0)
    assert figures.axes["taste"].majority_accuracy == pytest.approx(accuracy_score(gold, constant))
    assert figures.axes["taste"].majority_macro_f1 == pytest.approx(np.mean(each[2]))
    assert figures.axes["taste"].majority_macro_f1 < figures.axes["taste"].macro_f1


def test_label_that_the_corpus_does_not_hold_is_left_out_of_the_mean(
    toy_model: Model, records: list[Record]
) -> None:
    without = [r for r in records if r.labels.get("taste") in ("tea", "neither")]
    ours = evaluate(toy_model, without).axes["taste"]
    assert ours.labels["coffee"].support == 0
    expected = np.mean([ours.labels["tea"].f1, ours.labels["neither"].f1])
    assert ours.macro_f1 == pytest.approx(expected)


def test_axis_that_no_record_codes_has_no_figures(toy_model: Model, records: list[Record]) -> None:
    uncoded = [record for record in records if "taste" not in record.labels]
    assert set(evaluate(toy_model, uncoded).axes) == {"topics"}


@pytest.fixture
def mixed(
    toy_model: Model, toy_corpus_file: Path, records: list[Record]
) -> Callable[[], list[Record]]:
    """New records; two texts that the model knows, under new groups; one known group."""

    def make() -> list[Record]:
        old = list(read_corpus([toy_corpus_file], toy_model.scheme))
        known = [
            Record("a", f"  {old[0].text.upper()}\n", old[0].labels, "stranger", {}, "here"),
            Record("b", old[1].text, old[1].labels, "stranger", {}, "here"),
            Record(
                "c",
                "A new text. " * 12,
                {"taste": "neither"},
                old[2].group,
                old[2].metadata,
                "here",
            ),
        ]
        return [*records[:20], *known]

    return make


def test_texts_and_groups_that_the_model_was_trained_on_are_left_out_and_counted(
    toy_model: Model,
    records: list[Record],
    mixed: Callable[[], list[Record]],
) -> None:
    found = evaluate(toy_model, mixed())
    assert (found.records, found.seen, found.includes_seen) == (20, 3, False)
    assert found.axes == evaluate(toy_model, records[:20]).axes


def test_texts_that_the_model_was_trained_on_can_be_included_and_mark_the_figures(
    toy_model: Model, mixed: Callable[[], list[Record]]
) -> None:
    found = evaluate(toy_model, mixed(), include_seen=True)
    assert (found.records, found.seen, found.includes_seen) == (23, 3, True)
    assert found.axes != evaluate(toy_model, mixed()).axes


def test_including_seen_texts_where_there_are_none_marks_nothing(
    toy_model: Model, records: list[Record]
) -> None:
    found = evaluate(toy_model, records, include_seen=True)
    assert (found.seen, found.includes_seen) == (0, False)


def test_corpus_that_the_model_was_trained_on_altogether_is_refused(
    toy_model: Model, toy_corpus_file: Path
) -> None:
    corpus = list(read_corpus([toy_corpus_file], toy_model.scheme))
    with pytest.raises(CorpusError, match="trained on all 90 records") as caught:
        evaluate(toy_model, corpus)
    assert "--include-seen" in str(caught.value)


def test_no_record_at_all_is_refused(toy_model: Model) -> None:
    with pytest.raises(CorpusError):
        evaluate(toy_model, [])


def test_figures_are_plain_data(figures: Evaluation) -> None:
    data = json.loads(json.dumps(figures.to_dict()))
    assert data["axes"]["taste"]["labels"]["tea"]["f1"] == figures.axes["taste"].labels["tea"].f1
    assert data["axes"]["taste"]["confusion"] == figures.axes["taste"].confusion
    assert data["includes_seen"] is False
