"""The gate for badly read scans: clean texts pass, garbled ones do not."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textpolitics import Document, Model, Reason, Result, load
from textpolitics.nlp import Tokenizer
from textpolitics.quality import FEWEST_TERMS, LOWEST, count_words, score

ROOT = Path(__file__).resolve().parent.parent
CLEAN = ("assembly-leaflet.txt", "council-minutes.txt", "small-hours.txt", "two-roads.txt")
MISREAD = ("rn m", "m rn", "cl d", "e c", "h b", "l 1", "o 0", "u n", "s f", "w vv", "fi ti")
RATES = (1 / 3, 1 / 2)


@pytest.fixture(scope="module")
def fast() -> Model:
    return load("fast")


@pytest.fixture(scope="module")
def passages() -> list[str]:
    """Every fifth passage of the original corpus, without those in other languages."""
    lines = (ROOT / "corpora/original/second.jsonl").read_text("utf-8").splitlines()
    lines += (ROOT / "corpora/original/first.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines[::5]]


def garbled(text: str, rate: float, seed: int = 0) -> str:
    """Garble words as scans do: letters taken for others, words broken, stray signs."""
    dice = random.Random(seed)

    def garble(match: re.Match[str]) -> str:
        word = match[0]
        if dice.random() >= rate or not any(map(str.isalpha, word)):
            return word
        at = dice.randrange(len(word))
        fits = [pair.split() for pair in MISREAD if pair.split()[0] in word]
        kind = dice.randrange(4)
        if kind < 2 and fits:
            return word.replace(*dice.choice(fits), 1)
        if kind == 2 and len(word) > 3:
            return f"{word[:2]} {word[2:]}"
        return word[:at] + dice.choice("|~^*§<qxz7") + word[at + 1 :]

    return re.sub(r"\S+", garble, text)


def classify(model: Model, text: str, word_confidence: float | None = None) -> Result:
    return model.classify(replace(Document(text, "a", "alto"), word_confidence=word_confidence))


@pytest.mark.parametrize("name", CLEAN)
def test_clean_texts_pass_and_garbled_ones_do_not(fast: Model, name: str) -> None:
    text = (ROOT / "examples" / name).read_text("utf-8")
    clean = fast.classify(text)
    assert clean.quality is not None
    assert clean.quality > 0.95
    assert clean.reason is not Reason.OCR_QUALITY
    for rate in RATES:
        result = fast.classify(garbled(text, rate))
        assert result.quality is not None
        assert result.quality < LOWEST
        assert (result.status, result.reason) == ("abstained", "ocr_quality")
        assert {axis.reason for axis in result.axes.values()} == {Reason.OCR_QUALITY}
        assert {axis.label for axis in result.axes.values()} == {None}
        assert all(axis.scores for axis in result.axes.values())


def test_hardly_any_clean_passage_is_stopped_and_most_garbled_ones_are(
    fast: Model, passages: list[str]
) -> None:
    english = [p for p in passages if fast.classify(p).reason is not Reason.LANGUAGE]

    def stopped(rate: float) -> float:
        results = [fast.classify(garbled(p, rate, seed)) for seed, p in enumerate(english)]
        return sum(result.reason is Reason.OCR_QUALITY for result in results) / len(results)

    assert len(english) > 300
    assert stopped(0) <= 0.005
    assert stopped(0.1) < 0.05
    assert stopped(1 / 3) > 0.9


def test_another_language_is_called_that(fast: Model) -> None:
    text = (ROOT / "examples" / "affiche.txt").read_text("utf-8")
    assert fast.classify(text).reason is Reason.LANGUAGE


def test_names_do_not_spoil_a_text(fast: Model) -> None:
    text = (
        "The meeting in Llanfihangel was opened by Przybylska, Ó Súilleabháin and Mbongeni, "
        "and the workers of Ystradgynlais, Oświęcim and Khayelitsha sent their greetings to it. "
    )
    quality = fast.classify(text * 2).quality
    assert quality is not None
    assert quality > 0.95


def test_the_lower_of_known_words_and_confidence_counts(fast: Model) -> None:
    text = (ROOT / "examples" / "assembly-leaflet.txt").read_text("utf-8")
    known = classify(fast, text).quality
    assert known is not None
    assert classify(fast, text, 1.0).quality == known
    assert classify(fast, text, 0.85).quality == 0.85
    assert classify(fast, text, 0.85).reason is not Reason.OCR_QUALITY
    unsure = classify(fast, text, 0.4)
    assert (unsure.quality, unsure.reason) == (0.4, Reason.OCR_QUALITY)
    assert unsure.detail == "its quality as a scan is 0.40"
    spoilt = classify(fast, garbled(text, 0.5), 0.99)
    assert spoilt.quality is not None
    assert spoilt.quality < LOWEST


def test_a_small_vocabulary_leaves_it_to_the_confidences(toy_model: Model) -> None:
    text = "We drink the leaves hot with milk and we call this brew the best of the morning. " * 3
    assert len(toy_model.features.columns) < FEWEST_TERMS
    assert classify(toy_model, text).quality is None
    assert classify(toy_model, text, 0.9).quality == 0.9
    assert classify(toy_model, text, 0.1).reason is Reason.OCR_QUALITY
    assert classify(toy_model, text, 0.9).reason is None


def test_quality_stands_in_json_and_rows(fast: Model) -> None:
    result = fast.classify("We meet on Sunday. " * 20)
    assert result.to_dict()["ocr_quality"] == result.quality == 1.0
    assert result.to_row(fast.scheme)["ocr_quality"] == 1.0
    failed = fast.failed("a.txt", Reason.MISSING, "no such file")
    assert failed.to_dict()["ocr_quality"] is None
    assert failed.to_row(fast.scheme)["ocr_quality"] is None


@pytest.mark.parametrize(
    ("characters", "expected"),
    [
        ("bread", (1, 1)),
        ("Bread,", (1, 1)),
        ("don't", (2, 2)),
        ("brcad", (1, 0)),
        ("Brcad", (0, 0)),
        ("Br3ad", (1, 0)),
        ("br|ad", (1, 0)),
        ("1917", (0, 0)),
        ("|", (0, 0)),
    ],
)
def test_words_that_count(characters: str, expected: tuple[int, int]) -> None:
    words = {"bread", "do", "n't", ","}
    assert count_words(characters, Tokenizer().chunk(characters), words) == expected


@settings(max_examples=200)
@given(
    st.integers(0, 100), st.integers(0, 100), st.integers(0, 20_000), st.none() | st.floats(0, 1)
)
def test_score_is_a_share(known: int, unknown: int, terms: int, sure: float | None) -> None:
    found = score(known + unknown, known, terms, sure)
    assert found is None or 0 <= found <= 1
    assert (found is None) == (sure is None and (not known + unknown or terms < FEWEST_TERMS))


@settings(max_examples=100)
@given(
    st.text(max_size=300) | st.lists(st.sampled_from(["the", "Xq", "qx", "7", "|"])).map(" ".join)
)
def test_quality_of_any_text_is_a_share(fast: Model, text: str) -> None:
    quality = fast.classify(text).quality
    assert quality is None or 0 <= quality <= 1
