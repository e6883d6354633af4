"""A model with an encoder: real onnxruntime, real tokenizers, a toy graph."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textpolitics import Model, ModelError, deciding_sentences, load, save
from textpolitics.encoder import LONGEST, Encoder
from textpolitics.evidence import _sentences
from textpolitics.storage import ENCODER_FILES, FILES, SUMS

TEA = "We drink the leaves hot with milk and we call this brew the best of the morning."
COFFEE = "Roast the beans dark and grind them late, for nothing wakes the town like it."
NEITHER = "The meeting was opened at seven and the minutes of the last one were read."
TEXTS = [f"{a} {b} " * 3 for a in (TEA, COFFEE, NEITHER) for b in (TEA, COFFEE, NEITHER)]


def test_vector_of_a_text_is_the_mean_of_its_pieces(toy_encoder: Encoder) -> None:
    encoding = toy_encoder(TEA)
    assert encoding.states.shape == (len(encoding.starts), toy_encoder.width)
    np.testing.assert_allclose(encoding.pooled, encoding.states.astype(float).mean(axis=0))


def test_pieces_know_where_they_stand(toy_encoder: Encoder) -> None:
    text = "😀 𝕿 We drink\nthe leaves"
    starts = toy_encoder(text).starts.tolist()
    assert starts[0] == starts[-1] == -1
    for word in ("We", "drink", "the", "leaves"):
        assert text.index(word) in starts


@given(st.text(max_size=80))
def test_any_text_has_a_vector_of_numbers(toy_encoder: Encoder, text: str) -> None:
    assert np.isfinite(toy_encoder(text).pooled).all()


def test_text_without_end_is_read_as_far_as_the_encoder_reaches(toy_encoder: Encoder) -> None:
    assert len(toy_encoder("tea " * 5000).starts) == LONGEST


def test_numbers_do_not_depend_on_how_many_threads_make_them() -> None:
    """So a run of many workers, with a thread each, gives what one worker gives."""
    encoder = load("accurate").encoder
    assert encoder is not None
    for threads in (1, 2, 3):
        other = Encoder(encoder.folder, encoder.width, threads)
        for text in TEXTS[:3]:
            np.testing.assert_array_equal(other(text).states, encoder(text).states)


def test_encoder_counts_in_the_scores(toy_encoded: Model, toy_model: Model) -> None:
    with_it = toy_encoded.classify(TEXTS[0]).axes["taste"]
    without = toy_model.classify(TEXTS[0]).axes["taste"]
    assert with_it.label == without.label == "tea"
    assert with_it.scores != without.scores


def test_result_does_not_depend_on_what_was_read_before(toy_encoded: Model) -> None:
    alone = {text: toy_encoded.classify(text) for text in TEXTS}
    for order in (TEXTS[::-1], TEXTS[3:] + TEXTS[:3]):
        assert list(toy_encoded.label(order)) == [alone[text] for text in order]


def test_sentences_and_the_frame_of_a_passage_add_up_to_its_logit(toy_encoded: Model) -> None:
    encoder = toy_encoded.encoder
    assert encoder
    (passage,) = toy_encoded.classify(f"{TEA} {COFFEE} {NEITHER}").passages
    vector, encoding = toy_encoded.features(passage.cleaned), encoder(passage.cleaned)
    framing = encoding.states[encoding.starts < 0].astype(float).sum(axis=0) / len(encoding.states)
    for head in toy_encoded.heads:
        assert head.dense is not None
        rest = head.intercept.astype(float) + head.dense.astype(float) @ framing
        expected = head.logits(vector, encoding.pooled) - rest / head.temperature
        for label, value in zip(head.labels, expected - expected.mean(), strict=True):
            found = sum(v for _, v in _sentences(toy_encoded, passage, head.axis, label))
            assert found == pytest.approx(value, abs=1e-6)


def test_deciding_sentence_is_the_one_that_says_it(toy_encoded: Model) -> None:
    result = toy_encoded.classify(f"{NEITHER} {TEA} {NEITHER}")
    assert deciding_sentences(toy_encoded, result, "taste", "tea")[0].text == TEA


@pytest.fixture
def folder(toy_encoded: Model, tmp_path: Path) -> Path:
    save(toy_encoded, tmp_path / "model")
    return tmp_path / "model"


def test_model_with_an_encoder_saved_and_loaded_gives_identical_results(
    toy_encoded: Model, folder: Path, tmp_path: Path
) -> None:
    loaded = load(folder)
    assert [loaded.classify(text) for text in TEXTS] == [toy_encoded.classify(t) for t in TEXTS]
    save(loaded, tmp_path / "again")
    for name in (*FILES, *ENCODER_FILES, SUMS):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes(), name


def test_model_saved_over_itself_stays_whole(folder: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    save(load(folder), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_linear_model_saved_over_one_with_an_encoder_leaves_nothing_of_it(
    toy_model: Model, folder: Path
) -> None:
    save(toy_model, folder)
    assert {path.name for path in folder.iterdir()} == {*FILES, SUMS}
    assert load(folder).encoder is None


@pytest.mark.parametrize("name", ENCODER_FILES)
@pytest.mark.parametrize("change", ["flipped", "missing", "short"])
def test_model_with_an_encoder_touched_is_refused(folder: Path, name: str, change: str) -> None:
    path = folder / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    if change == "missing":
        path.unlink()
    else:
        path.write_bytes(data if change == "flipped" else data[:-1])
    with pytest.raises(ModelError, match=name):
        load(folder)


@pytest.mark.parametrize("name", ENCODER_FILES)
def test_encoder_that_is_none_behind_right_sums_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"{}")
    names = (*FILES, *ENCODER_FILES)
    sums = (f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names)
    (folder / SUMS).write_text("".join(sums), "utf-8", newline="\n")
    with pytest.raises(ModelError):
        load(folder)


def test_model_without_its_encoder_is_refused_though_the_sums_agree(folder: Path) -> None:
    lines = (folder / SUMS).read_text("utf-8").splitlines(keepends=True)
    (folder / SUMS).write_text("".join(lines[: len(FILES)]), "utf-8", newline="\n")
    for name in ENCODER_FILES:
        (folder / name).unlink()
    with pytest.raises(ModelError):
        load(folder)


def test_copy_of_a_model_needs_nothing_of_the_original(folder: Path, tmp_path: Path) -> None:
    copied = load(shutil.copytree(folder, tmp_path / "copy"))
    expected = load(folder).classify(TEXTS[0])
    shutil.rmtree(folder)
    assert copied.classify(TEXTS[0]) == expected
