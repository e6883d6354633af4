"""Vectors are scikit-learn's TF-IDF, and no private name becomes a feature."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from textpolitics import Model
from textpolitics.features import TermFeatures, Vocabulary, build_vocabulary, proper_names
from textpolitics.nlp import Tokenizer

CORPUS = Path(__file__).resolve().parent.parent / "corpora" / "original"


@pytest.fixture(scope="module")
def records() -> list[tuple[str, str]]:
    """Text and group of every fourth shipped record."""
    lines = (CORPUS / "first.jsonl").read_text("utf-8").splitlines()
    lines += (CORPUS / "second.jsonl").read_text("utf-8").splitlines()
    return [(data["text"], data["group"]) for data in map(json.loads, lines[::4])]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer()


@pytest.fixture(scope="module")
def reference(records: list[tuple[str, str]], tokenizer: Tokenizer) -> TfidfVectorizer:
    """scikit-learn's own vectorizer on our tokens."""
    vectorizer = TfidfVectorizer(
        sublinear_tf=True,
        tokenizer=tokenizer.tokens,
        token_pattern=None,
        lowercase=False,
        dtype=np.float64,
    )
    return vectorizer.fit([text for text, _ in records])


def _terms(texts: list[tuple[str, str]], min_groups: int = 5) -> tuple[str, ...]:
    split = [(text.split(), group) for text, group in texts]
    return build_vocabulary(split, min_groups).terms


def test_vocabulary_of_corpus_has_scikit_learns_terms_and_idf(
    records: list[tuple[str, str]], tokenizer: Tokenizer, reference: TfidfVectorizer
) -> None:
    ours = build_vocabulary([(tokenizer.tokens(text), group) for text, group in records], 1)
    assert ours.terms == tuple(reference.get_feature_names_out())
    np.testing.assert_allclose(ours.idf, reference.idf_, rtol=0, atol=1e-12)


def test_capitals_are_looked_at_within_sentences_only(tokenizer: Tokenizer) -> None:
    text = "Strikes spread. “Workers in Turin struck,” she said. 3 May: THE Union did not."
    assert list(tokenizer.capitals(text)) == [
        ("spread", False),
        ("turin", True),
        ("struck", False),
        ("said", False),
        ("union", True),
    ]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans())))
def test_names_are_the_words_with_mostly_capitals(words: list[tuple[str, bool]]) -> None:
    capitals = {w: [capital for word, capital in words if word == w] for w, _ in words}
    expected = {word for word, seen in capitals.items() if sum(seen) >= 0.8 * len(seen)}
    assert proper_names(words, 0.8) == expected
    assert proper_names(words, 1.01) == frozenset()


def test_vector_of_corpus_text_equals_scikit_learns(
    records: list[tuple[str, str]], tokenizer: Tokenizer, reference: TfidfVectorizer
) -> None:
    terms = tuple(reference.get_feature_names_out())
    features = TermFeatures(Vocabulary(terms, reference.idf_), tokenizer)
    texts = [text for text, _ in records[:150]] + ["", "never-seen-zxq", records[0][0] * 3]
    expected = reference.transform(texts).toarray()
    for text, row in zip(texts, expected, strict=True):
        vector = features(text)
        dense = np.zeros(len(terms))
        dense[vector.indices] = vector.values
        np.testing.assert_allclose(dense, row, rtol=0, atol=1e-9)
        assert (np.diff(vector.indices) > 0).all()
        assert vector.tokens == len(tokenizer.tokens(text))
        assert vector.known == sum(token in features.columns for token in tokenizer.tokens(text))


@settings(deadline=None)
@given(st.lists(st.sampled_from(["leaves", "quay", "beans", "nowhere", "!"]), max_size=30))
def test_vector_of_any_words_has_length_one_or_none(toy_model: Model, words: list[str]) -> None:
    vector = toy_model.features(" ".join(words))
    known = any(word in toy_model.features.columns for word in words)
    assert np.linalg.norm(vector.values) == pytest.approx(1.0 if known else 0.0)
    shuffled = toy_model.features(" ".join(reversed(words)))
    assert shuffled.indices.tolist() == vector.indices.tolist()
    assert shuffled.values.tolist() == vector.values.tolist()


def test_term_used_by_four_groups_stays_out_by_five_enters() -> None:
    texts = [
        (f"all {'five' if n < 5 else ''} {'four' if n < 4 else ''}", f"g{n}") for n in range(9)
    ]
    assert _terms(texts) == ("all", "five")


def test_private_name_in_many_records_of_few_groups_stays_out() -> None:
    texts = [(f"comrade ivanovna number {n % 7}", f"group-{n % 4}") for n in range(400)]
    texts += [("comrade number", f"other-{n}") for n in range(4)]
    assert _terms(texts) == ("comrade", "number")


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.lists(st.sampled_from("abcdef")), st.sampled_from("12345"))),
    st.integers(1, 5),
)
def test_vocabulary_of_any_corpus_holds_exactly_the_terms_of_enough_groups(
    texts: list[tuple[list[str], str]], least: int
) -> None:
    users = {t: {group for tokens, group in texts if t in tokens} for t in "abcdef"}
    expected = tuple(t for t in "abcdef" if len(users[t]) >= least)
    assert build_vocabulary(texts, least).terms == expected


def test_vocabulary_does_not_depend_on_the_order_of_the_records(
    records: list[tuple[str, str]],
) -> None:
    texts = [(text.split(), group) for text, group in records]
    one, other = build_vocabulary(texts, 5), build_vocabulary(texts[::-1], 5)
    assert one.terms == other.terms
    assert one.idf.tolist() == other.idf.tolist()
