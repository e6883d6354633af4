"""Training: scikit-learn's probabilities, the same bytes each time, clear refusals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from textpolitics import CorpusError, Model, TrainingSettings, load_scheme, save, train
from textpolitics.corpus import Record, read_corpus
from textpolitics.scheme import Scheme, scheme_from_dict
from textpolitics.storage import FILES, SUMS

Data = dict[str, Any]
FAST = TrainingSettings(folds=2)


@pytest.fixture(scope="module")
def scheme(toy_scheme_file: Path) -> Scheme:
    return load_scheme(toy_scheme_file)


@pytest.fixture(scope="module")
def rows(toy_corpus_file: Path) -> list[Data]:
    """The toy corpus as plain data."""
    return [json.loads(line) for line in toy_corpus_file.read_text("utf-8").splitlines()]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write rows as a corpus file."""

    def write(rows: list[Data], name: str = "corpus.jsonl") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return path

    return write


def _matrix(model: Model, records: list[Record]) -> sparse.csr_matrix:
    matrix = np.zeros((len(records), len(model.features.vocabulary.terms)))
    for row, record in zip(matrix, records, strict=True):
        vector = model.features(record.text)
        row[vector.indices] = vector.values
    return sparse.csr_matrix(matrix)


def _head_probabilities(model: Model, axis: str, records: list[Record]) -> np.ndarray:
    head = next(head for head in model.heads if head.axis == axis)
    logits = np.stack([head.logits(model.features(record.text)) for record in records])
    return head.probabilities(logits)


def _classifier() -> LogisticRegression:
    return LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000)


RAW = TrainingSettings(folds=0)
"""Without held-out predictions there is nothing to calibrate with."""


def test_names_and_numbers_are_no_features(
    rows: list[Data], scheme: Scheme, write: Callable[..., Path]
) -> None:
    """Every record names the same writer and year; a word with a capital now and then stays."""
    said = " In 1871 and after, the young Quillon wrote of Labour, of labour and of sleep."
    corpus = write([{**row, "text": row["text"] + said} for row in rows])
    terms = train([corpus], scheme, "toy", RAW).features.vocabulary.terms
    assert {"labour", "sleep", "wrote", "in"} <= set(terms)
    assert not {"quillon", "1871"} & set(terms)
    kept = replace(RAW, capitals=1.01)
    assert "quillon" in train([corpus], scheme, "toy", kept).features.vocabulary.terms


def test_in_german_a_capital_makes_no_name(
    rows: list[Data], scheme: Scheme, write: Callable[..., Path]
) -> None:
    corpus = write([{**row, "text": row["text"] + " Dort ist die Versammlung."} for row in rows])
    german = scheme_from_dict({**scheme.to_dict(), "language": "de"})
    terms = train([corpus], german, "toy", RAW).features.vocabulary.terms
    assert "versammlung" in terms


def test_probabilities_of_three_labels_before_calibration_are_scikit_learns(
    toy_corpus_file: Path, scheme: Scheme
) -> None:
    model = train([toy_corpus_file], scheme, "toy", RAW)
    records = list(read_corpus([toy_corpus_file], scheme))
    names = scheme.axis("taste").label_names
    matrix = _matrix(model, records)
    theirs = _classifier().fit(matrix, [names.index(str(r.labels["taste"])) for r in records])
    ours = _head_probabilities(model, "taste", records)
    np.testing.assert_allclose(ours, theirs.predict_proba(matrix), rtol=0, atol=1e-5)


def test_calibration_only_scales_and_shifts_the_logits(
    toy_model: Model, toy_corpus_file: Path, scheme: Scheme
) -> None:
    raw = train([toy_corpus_file], scheme, "toy", RAW)
    for head, plain in zip(toy_model.heads, raw.heads, strict=True):
        np.testing.assert_array_equal(head.weights, plain.weights)
        assert head.temperature != 1.0
        if head.exclusive:
            offsets = (head.intercept - plain.intercept) / head.temperature
            assert offsets.sum() == pytest.approx(0, abs=1e-5)


def test_probabilities_of_two_labels_before_calibration_are_scikit_learns(
    rows: list[Data], scheme: Scheme, write: Callable[..., Path]
) -> None:
    """Also where the scheme has a third label that the corpus does not."""
    corpus = write([row for row in rows if row["taste"] != "coffee"])
    model = train([corpus], scheme, "toy", RAW)
    records = list(read_corpus([corpus], scheme))
    matrix = _matrix(model, records)
    theirs = _classifier().fit(matrix, [r.labels["taste"] == "neither" for r in records])
    ours = _head_probabilities(model, "taste", records)
    np.testing.assert_allclose(ours[:, [0, 2]], theirs.predict_proba(matrix), rtol=0, atol=1e-5)
    assert ours[:, 1].max() < 1e-6


def test_label_that_the_corpus_does_not_have_stays_ruled_out_when_calibrated(
    rows: list[Data], scheme: Scheme, write: Callable[..., Path]
) -> None:
    corpus = write([row for row in rows if row["taste"] != "coffee"])
    model = train([corpus], scheme, "toy")
    probabilities = _head_probabilities(model, "taste", list(read_corpus([corpus], scheme)))
    assert probabilities[:, 1].max() < 1e-3


def test_probabilities_of_many_labels_equal_one_regression_a_label(
    toy_model: Model, toy_corpus_file: Path, scheme: Scheme
) -> None:
    model = toy_model
    records = list(read_corpus([toy_corpus_file], scheme))
    matrix = _matrix(model, records)
    degree = next(head.temperature for head in model.heads if head.axis == "topics")
    ours = _head_probabilities(model, "topics", records)
    for column, label in enumerate(scheme.axis("topics").label_names):
        theirs = _classifier().fit(matrix, [label in r.labels["topics"] for r in records])
        expected = expit(theirs.decision_function(matrix) / degree)
        np.testing.assert_allclose(ours[:, column], expected, rtol=0, atol=1e-5)


def test_training_twice_gives_the_same_bytes(
    toy_corpus_file: Path, scheme: Scheme, toy_model_folder: Path, tmp_path: Path
) -> None:
    trained = train([toy_corpus_file], scheme, "toy")
    save(trained, tmp_path)
    for name in (*FILES, SUMS):
        assert (tmp_path / name).read_bytes() == (toy_model_folder / name).read_bytes(), name


def test_training_from_another_place_gives_the_same_model(
    rows: list[Data],
    scheme: Scheme,
    write: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    corpus = write(rows, "place/corpus.jsonl")
    monkeypatch.chdir(corpus.parent)
    far = train([corpus], scheme, "toy", FAST)
    near = train([Path(corpus.name)], scheme, "toy", FAST)
    assert near.card == far.card
    assert near.identity == far.identity
    assert near.seen == far.seen


def test_training_with_other_settings_or_texts_gives_another_version(
    rows: list[Data], scheme: Scheme, write: Callable[..., Path]
) -> None:
    corpus, fewer = write(rows), write(rows[:-1], "fewer.jsonl")
    versions = {
        train([corpus], scheme, "toy", FAST).version,
        train([corpus], scheme, "toy", replace(FAST, least=0.3)).version,
        train([fewer], scheme, "toy", FAST).version,
    }
    assert len(versions) == 3


def test_seed_changes_the_folds_but_not_the_weights(
    toy_model: Model, toy_corpus_file: Path, scheme: Scheme
) -> None:
    other = train([toy_corpus_file], scheme, "toy", TrainingSettings(seed=7))
    assert other.version != toy_model.version
    for head, same in zip(toy_model.heads, other.heads, strict=True):
        np.testing.assert_array_equal(head.weights, same.weights)


@pytest.mark.parametrize(
    ("text", "taste", "topics"),
    [
        ("We drink the leaves hot with milk, the best brew of the morning.", "tea", ()),
        ("Grind the beans dark and late, nothing wakes the town like it.", "coffee", ()),
        ("The minutes of the last meeting were read and it was opened at seven.", "neither", ()),
        (
            "We drink the leaves hot with milk. Ships lay at the quay, the crane over the docks.",
            "tea",
            ("harbour",),
        ),
        (
            "Roast the beans dark and grind them. Rain fell in the night and wind from the north.",
            "coffee",
            ("weather",),
        ),
    ],
)
def test_toy_model_labels_what_anyone_would(
    toy_model: Model, text: str, taste: str, topics: tuple[str, ...]
) -> None:
    result = toy_model.classify(" ".join([text] * 4))
    assert (result.axes["taste"].label, result.axes["topics"].label) == (taste, topics)


def test_training_learns_each_axis_from_the_records_that_are_coded_on_it(
    rows: list[Data], scheme: Scheme, write: Callable[..., Path]
) -> None:
    """A field that is missing or null says nothing; an empty list says "none of them"."""
    half = [row if n % 2 else {**row, "topics": None} for n, row in enumerate(rows)]
    model = train([write(half)], scheme, "toy", FAST)
    assert sum(model.card["scores"]["taste"]["records"].values()) == 90
    coded = [row["topics"] for row in rows[1::2]]
    assert model.card["scores"]["topics"]["records"] == {
        "harbour": sum("harbour" in topics for topics in coded),
        "weather": sum("weather" in topics for topics in coded),
    }


def test_axis_that_no_record_codes_is_left_out_and_reported(
    rows: list[Data], scheme: Scheme, write: Callable[..., Path]
) -> None:
    corpus = write([{k: v for k, v in row.items() if k != "topics"} for row in rows])
    said: list[str] = []
    model = train([corpus], scheme, "toy", FAST, said.append)
    assert [head.axis for head in model.heads] == ["taste"]
    assert "topics: not coded in these corpora, left out" in said
    assert set(model.classify("We drink the leaves hot with milk. " * 6).axes) == {"taste"}


def _scheme(*axes: Mapping[str, Any]) -> Scheme:
    head = {"name": "own", "version": "1", "title": "Own", "description": "Own.", "language": "en"}
    return scheme_from_dict({**head, "axes": list(axes)})


def _axis(name: str, labels: list[str], select: str = "one", **more: Any) -> Data:
    named = [{"name": label, "definition": f"It is {label}."} for label in labels]
    return {"name": name, "question": "What?", "select": select, "labels": named, **more}


def test_layer_with_a_condition_is_judged_only_where_it_applies(
    rows: list[Data], write: Callable[..., Path]
) -> None:
    condition = {"axis": "taste", "labels": ["tea"]}
    own = _scheme(
        _axis("taste", ["tea", "coffee", "neither"]),
        _axis("milk-first", ["yes", "no"], layer=True, only_where=condition),
    )
    extra = {"yes": " First pour the milk.", "no": " Pour it last of all."}
    coded = []
    for number, row in enumerate(rows):
        row = {k: v for k, v in row.items() if k != "topics"}
        if row["taste"] == "tea":
            row["milk_first"] = "yes" if number % 2 else "no"
            row["text"] += extra[row["milk_first"]] * 2
        coded.append(row)
    model = train([write(coded)], own, "own", FAST)
    tea = "We drink the leaves hot with milk and we call this brew the best of the morning. "
    coffee = "Roast the beans dark and grind them late, for nothing wakes the town like it. "
    where = model.classify(tea * 3 + extra["yes"] * 3).axes["milk-first"]
    assert where.label == "yes"
    elsewhere = model.classify(coffee * 3 + extra["yes"] * 3).axes["milk-first"]
    assert (elsewhere.label, elsewhere.reason, elsewhere.confidence) == (None, None, None)
    assert sum(elsewhere.scores.values()) == pytest.approx(1)


def test_axis_of_one_label_of_which_none_may_apply_can_be_trained(
    rows: list[Data], write: Callable[..., Path]
) -> None:
    own = _scheme(_axis("topics", ["harbour"], "many"))
    coded = [{**row, "topics": [t for t in row["topics"] if t == "harbour"]} for row in rows]
    model = train([write(coded)], own, "own", FAST)
    quay = "Ships lay at the quay and the crane swung over the docks. "
    assert model.classify(quay * 5).axes["topics"].label == ("harbour",)


def test_word_that_fewer_groups_use_than_settings_ask_for_is_no_term(
    rows: list[Data], scheme: Scheme, write: Callable[..., Path]
) -> None:
    named = [
        {**row, "text": row["text"] + (" Ivanovna signed." if row["group"] == "group-3" else "")}
        for row in rows
    ]
    model = train([write(named)], scheme, "toy", FAST)
    assert "leaves" in model.features.columns
    assert {"ivanovna", "signed"}.isdisjoint(model.features.columns)


def test_corpus_of_four_groups_is_refused(
    rows: list[Data], scheme: Scheme, write: Callable[..., Path]
) -> None:
    corpus = write([{**row, "group": f"group-{n % 4}"} for n, row in enumerate(rows)])
    with pytest.raises(CorpusError, match="no word is used by 5 different groups"):
        train([corpus], scheme, "toy", FAST)


def test_corpus_with_one_label_is_refused(
    rows: list[Data], scheme: Scheme, write: Callable[..., Path]
) -> None:
    with pytest.raises(CorpusError, match="axis taste: all records have the same label"):
        train([write([{**row, "taste": "tea"} for row in rows])], scheme, "toy", FAST)


def test_axis_coded_in_one_group_only_is_refused(
    rows: list[Data], scheme: Scheme, write: Callable[..., Path]
) -> None:
    coded = [row if row["group"] == "group-0" else {**row, "topics": None} for row in rows]
    with pytest.raises(CorpusError, match="topics"):
        train([write(coded)], scheme, "toy", FAST)


def test_label_of_one_group_only_is_learnt_and_scores_nothing_on_held_out_groups(
    rows: list[Data], write: Callable[..., Path]
) -> None:
    """Where its only group is held out, one label is left to learn from."""
    own = _scheme(_axis("taste", ["tea", "neither"]))
    coded = [
        {**row, "taste": "tea" if row["group"] == "group-0" else "neither", "topics": None}
        for row in rows
        if row["taste"] != "coffee"
    ]
    model = train([write(coded)], own, "own")
    assert model.card["scores"]["taste"]["f1"]["tea"] == 0.0


def test_folder_as_corpus_counts_only_its_corpus_files(
    rows: list[Data], scheme: Scheme, write: Callable[..., Path]
) -> None:
    corpus = write(rows, "folder/corpus.jsonl")
    write(rows, "folder/.corpus.jsonl.swp")
    write(rows, "folder/corpus.jsonl.bak")
    (corpus.parent / "old.jsonl.d").mkdir()
    model = train([corpus.parent], scheme, "toy", FAST)
    digest = hashlib.sha256(corpus.read_bytes()).hexdigest()
    assert model.card["corpora"] == {"folder/corpus.jsonl": digest}


def test_extra_corpora_are_learnt_from_but_never_measured_on(
    rows: list[Data], scheme: Scheme, write: Callable[..., Path]
) -> None:
    """They bring a word of their own; the figures count the other records only."""
    corpus = write(rows)
    written = [
        {**row, "text": row["text"] + " And zwieback.", "group": f"w{n % 6}"}
        for n, row in enumerate([row for row in rows if row["taste"] == "tea"])
    ]
    extra = write(written, "written.jsonl")
    model = train([corpus], scheme, "toy", FAST, extra=[extra])
    plain = train([corpus], scheme, "toy", FAST)
    assert sum(model.card["scores"]["taste"]["records"].values()) == len(rows)
    assert model.card["records"] == len(rows) + len(written)
    assert model.card["corpora"].keys() > plain.card["corpora"].keys()
    assert "zwieback" not in plain.features.vocabulary.terms
    tea = model.heads[0].weights[model.heads[0].labels.index("tea")]
    assert tea[model.features.columns["zwieback"]] > 0


def test_extra_corpora_count_as_much_as_asked(
    rows: list[Data], scheme: Scheme, write: Callable[..., Path]
) -> None:
    """Records that contradict the others move the scores, light ones less."""
    corpus = write(rows)
    other = {"tea": "coffee", "coffee": "tea", "neither": "neither"}
    extra = write([{**row, "taste": other[row["taste"]]} for row in rows], "wrong.jsonl")
    text = next(row["text"] for row in rows if row["taste"] == "tea")

    def tea(weight: float) -> float:
        settings = replace(RAW, extra_weight=weight)
        model = train([corpus], scheme, "toy", settings, extra=[extra])
        return model.score(text)["taste"]["tea"]

    assert tea(1.0) < tea(0.3) < tea(0.1)


def test_corpora_of_the_same_name_are_both_counted(
    rows: list[Data], scheme: Scheme, write: Callable[..., Path]
) -> None:
    one = write(rows[:45], "one/data/corpus.jsonl")
    other = write(rows[45:], "other/data/corpus.jsonl")
    model = train([one, other], scheme, "toy", FAST)
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (one, other)}
    assert set(model.card["corpora"].values()) == digests


def test_model_names_no_group_and_no_text(toy_model_folder: Path, rows: list[Data]) -> None:
    """What was seen is known by salted hashes only."""
    stored = b"".join((toy_model_folder / n).read_bytes() for n in FILES if n != "weights.npz")
    assert b"group-3" not in stored
    assert rows[0]["text"].encode() not in stored
    seen = (toy_model_folder / "seen.txt").read_text("utf-8").split()
    assert len(seen) == len({row["text"] for row in rows}) + len({row["group"] for row in rows})
    assert seen == sorted(seen)
