"""The sentences that made a label add up to its logit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textpolitics import Document, Model, Result, load
from textpolitics.decide import ranked
from textpolitics.evidence import _sentences, deciding_sentences
from textpolitics.results import PassageResult

REPOSITORY = Path(__file__).resolve().parent.parent
LINES = (REPOSITORY / "corpora/original/second.jsonl").read_text("utf-8").splitlines()
TEXTS = [json.loads(line)["text"] for line in LINES]

# Sentences that run into the next one, so that a run of signs holds parts of two.
GLUED = (
    "The workers of the town met and talked about the strike and the wages.Don't pay the rent.",
    "They went to the hall of the union.We'll not go back.It's ours!Isn't it?",
    'He said "No!"Then the men left the yard...They came back.',
    "See p.12.The mill is shut.1.Cannot be so.",
)


@pytest.fixture(scope="module")
def model() -> Model:
    return load("fast")


def _check_sums(model: Model, passage: PassageResult) -> None:
    vector = model.features(passage.cleaned)
    for head in model.heads:
        without_intercept = head.logits(vector) - head.intercept / head.temperature
        contrast = without_intercept - without_intercept.mean()
        for label, expected in zip(head.labels, contrast, strict=True):
            found = _sentences(model, passage, head.axis, label)
            assert sum(value for _, value in found) == pytest.approx(float(expected), abs=1e-6)
            assert "".join("".join(s for s, _ in found).split()) == "".join(passage.cleaned.split())


def test_contributions_of_all_sentences_of_a_passage_add_up_to_its_logit(model: Model) -> None:
    passages = [p for text in TEXTS[:100] for p in model.classify(text).passages]
    assert len(passages) >= 100
    for passage in passages:
        _check_sums(model, passage)


@settings(deadline=None)
@given(st.lists(st.sampled_from(GLUED) | st.text(max_size=40), min_size=1, max_size=5))
@example([GLUED[0]])
@example(list(GLUED))
def test_contributions_add_up_where_sentences_run_into_each_other(
    model: Model, parts: list[str]
) -> None:
    for passage in model.classify(" ".join(parts)).passages:
        _check_sums(model, passage)


def _example(model: Model) -> Result:
    return model.classify(REPOSITORY / "examples" / "two-roads.txt")


@pytest.mark.parametrize("axis", ["tradition", "strategy"])
def test_deciding_sentences_come_from_the_text_strongest_first(model: Model, axis: str) -> None:
    result = _example(model)
    label = ranked(result.axes[axis].scores)[0]
    found = deciding_sentences(model, result, axis, label)
    words = " ".join(" ".join(p.cleaned for p in result.passages).split())
    assert len(found) == 3
    assert all(sentence.text in words for sentence in found)
    contributions = [sentence.contribution for sentence in found]
    assert contributions == sorted(contributions, reverse=True)
    assert contributions[-1] > 0
    everything = deciding_sentences(model, result, axis, label, most=10**6)
    assert everything[:3] == found
    assert len(everything) > 30


def test_contributions_of_all_passages_add_up_to_the_logit_of_the_document(model: Model) -> None:
    result = _example(model)
    for head in model.heads:
        scores = np.log(list(result.axes[head.axis].scores.values()))
        intercept = head.intercept.astype(float) / head.temperature
        weights = np.array([passage.weights[head.axis] for passage in result.passages])
        pooling = model.rules.pooling[head.axis]
        breadth = 1 - (weights**2).sum()
        scores[head.labels.index("none")] += pooling.silence * breadth
        surer = 1 + pooling.slope * breadth
        expected = (scores - scores.mean()) / surer - (intercept - intercept.mean())
        for row, label in enumerate(head.labels):
            total = sum(
                value * passage.weights[head.axis]
                for passage in result.passages
                for _, value in _sentences(model, passage, head.axis, label)
            )
            assert total == pytest.approx(expected[row], abs=1e-6)


def test_deciding_sentence_is_the_one_that_says_it(toy_model: Model) -> None:
    says = "We drink the leaves hot with milk and we call this brew the best of the morning."
    other = "The meeting was opened at seven and the minutes of the last one were read."
    result = toy_model.classify(f"{other} {says} {other}")
    (first, *_) = deciding_sentences(toy_model, result, "taste", "tea")
    assert first.text == says
    assert deciding_sentences(toy_model, result, "taste", "neither")[0].text == other


def test_deciding_sentence_knows_the_page_of_its_passage(toy_model: Model) -> None:
    page = "The meeting was opened at seven and the minutes of the last one were read. " * 9
    says = "We drink the leaves hot with milk and we call this brew the best of the morning. " * 8
    document = Document(f"{page}\n\n{says}", "two pages", "pdf", pages=(0, len(page) + 2))
    (first, *_) = deciding_sentences(toy_model, toy_model.classify(document), "taste", "tea")
    assert first.page == 2


def test_text_without_words_has_no_deciding_sentence(toy_model: Model) -> None:
    assert deciding_sentences(toy_model, toy_model.classify(""), "taste", "tea") == []


def test_sentences_that_run_into_each_other_do_not_stop_the_evidence(model: Model) -> None:
    result = model.classify(GLUED[0] + " " + GLUED[1])
    found = deciding_sentences(model, result, "strategy", "mass-action")
    assert found
