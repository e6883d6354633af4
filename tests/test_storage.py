"""Model folders: what is saved comes back, and what was touched is refused."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textpolitics import Model, ModelError, UsageError, load, load_scheme, save, train
from textpolitics.storage import FILES, FORMAT, SUMS, shipped

TEXT = (
    "We drink the leaves hot with milk and we call this brew the best of the morning. "
    "Ships lay at the quay and the crane swung over the docks. "
) * 3


@pytest.fixture
def folder(toy_model_folder: Path, tmp_path: Path) -> Path:
    """A copy of the toy model that may be changed."""
    return shutil.copytree(toy_model_folder, tmp_path / "model")


def _sum_again(folder: Path) -> None:
    sums = (f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in FILES)
    (folder / SUMS).write_text("".join(sums), "utf-8", newline="\n")


def _edit(folder: Path, change: Callable[[Any], None], name: str = "manifest.json") -> None:
    path = folder / name
    data = json.loads(path.read_text("utf-8"))
    change(data)
    path.write_text(json.dumps(data), "utf-8")


def _edit_arrays(folder: Path, **changed: Any) -> None:
    with np.load(folder / "weights.npz") as arrays:
        new = {**arrays, **{name.replace("__", "."): array for name, array in changed.items()}}
    np.savez_compressed(folder / "weights.npz", **new)


def _arrays(folder: Path) -> dict[str, Any]:
    with np.load(folder / "weights.npz") as arrays:
        return dict(arrays)


def _swap_tea_and_coffee(manifest: Any) -> None:
    labels = manifest["axes"][0]["labels"]
    labels[0], labels[1] = labels[1], labels[0]


def _swap_tea_and_coffee_everywhere(manifest: Any) -> None:
    _swap_tea_and_coffee(manifest)
    labels = manifest["scheme"]["axes"][0]["labels"]
    labels[0], labels[1] = labels[1], labels[0]


def test_model_saved_and_loaded_gives_identical_results(
    toy_scheme_file: Path, toy_corpus_file: Path, tmp_path: Path
) -> None:
    trained = train([toy_corpus_file], load_scheme(toy_scheme_file), "toy")
    save(trained, tmp_path / "model")
    loaded = load(tmp_path / "model")
    assert loaded.classify(TEXT) == trained.classify(TEXT)
    assert loaded.scheme == trained.scheme
    assert loaded.rules == trained.rules
    assert loaded.card == trained.card
    assert loaded.identity == trained.identity
    assert loaded.seen == trained.seen


def test_model_loaded_and_saved_again_is_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    save(load(folder), tmp_path / "again")
    for name in (*FILES, SUMS):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes(), name


def test_model_folder_holds_nothing_but_the_listed_files(toy_model_folder: Path) -> None:
    assert {path.name for path in toy_model_folder.iterdir()} == {*FILES, SUMS}


def test_sums_are_those_of_sha256sum(toy_model_folder: Path) -> None:
    for line in (toy_model_folder / SUMS).read_text("utf-8").splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((toy_model_folder / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("name", [*FILES, SUMS])
def test_model_with_one_byte_flipped_is_refused(folder: Path, name: str) -> None:
    original = (folder / name).read_bytes()
    for at in sorted({0, len(original) // 3, len(original) // 2, len(original) - 1}):
        for bit in (0x01, 0x20, 0x80):
            changed = bytearray(original)
            changed[at] ^= bit
            (folder / name).write_bytes(changed)
            with pytest.raises(ModelError):
                load(folder)


@pytest.mark.parametrize("name", [*FILES, SUMS])
@pytest.mark.parametrize("kept", [0, 0.5, -1])
def test_model_with_a_file_cut_short_is_refused(folder: Path, name: str, kept: float) -> None:
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: int(len(data) * kept) if kept >= 0 else -1])
    with pytest.raises(ModelError):
        load(folder)


@pytest.mark.parametrize("name", [*FILES, SUMS])
def test_model_with_a_file_missing_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError) as caught:
        load(folder)
    assert name in str(caught.value)
    assert caught.value.advice


@pytest.mark.parametrize("name", [*FILES, SUMS])
def test_model_with_a_file_grown_is_refused(folder: Path, name: str) -> None:
    with (folder / name).open("ab") as file:
        file.write(b"\n0  more\n")
    with pytest.raises(ModelError):
        load(folder)


@pytest.mark.parametrize("name", [*FILES, SUMS])
def test_model_with_a_folder_in_place_of_a_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(ModelError):
        load(folder)


@pytest.mark.parametrize("change", [_swap_tea_and_coffee, _swap_tea_and_coffee_everywhere])
@pytest.mark.parametrize("summed", [False, True])
def test_model_with_two_labels_swapped_is_refused(
    folder: Path, change: Callable[[Any], None], summed: bool
) -> None:
    _edit(folder, change)
    if summed:
        _sum_again(folder)
    with pytest.raises(ModelError):
        load(folder)


@pytest.mark.parametrize("number", [0, FORMAT + 1, str(FORMAT), None])
def test_model_of_another_format_is_refused_with_both_numbers(folder: Path, number: object) -> None:
    _edit(folder, lambda manifest: manifest.update(format=number))
    _sum_again(folder)
    with pytest.raises(ModelError) as caught:
        load(folder)
    assert f"format {number}" in str(caught.value)
    assert f"reads {FORMAT}" in str(caught.value)
    assert "textpolitics train" in str(caught.value)


class _Trap:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_trap_of_the_next_test_works(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(_Trap(tmp_path / "sprung")))
    assert (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ["idf.npy", "weights.taste.npy", "extra.npy"])
def test_model_with_a_pickle_inside_is_never_executed(
    folder: Path, tmp_path: Path, name: str
) -> None:
    trap = BytesIO()
    np.save(trap, np.array([_Trap(tmp_path / "sprung")], dtype=object), allow_pickle=True)
    with zipfile.ZipFile(folder / "weights.npz") as old:
        members = {member: old.read(member) for member in old.namelist()}
    with zipfile.ZipFile(folder / "weights.npz", "w") as new:
        for member, data in (members | {name: trap.getvalue()}).items():
            new.writestr(member, data)
    _sum_again(folder)
    if name in members:
        with pytest.raises(ModelError):
            load(folder)
    else:
        load(folder)
    assert not (tmp_path / "sprung").exists()


def test_model_that_is_a_pickle_as_a_whole_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "weights.npz").write_bytes(pickle.dumps(_Trap(tmp_path / "sprung")))
    _sum_again(folder)
    with pytest.raises(ModelError):
        load(folder)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("line", ["{digest}  more.txt", "", "{digest} manifest.json"])
def test_sums_with_a_line_too_many_are_refused(folder: Path, line: str) -> None:
    with (folder / SUMS).open("a", encoding="utf-8") as file:
        file.write(line.format(digest="0" * 64) + "\n")
    with pytest.raises(ModelError):
        load(folder)


@pytest.mark.parametrize("missing", range(len(FILES)))
def test_sums_with_a_line_missing_are_refused(folder: Path, missing: int) -> None:
    lines = (folder / SUMS).read_text("utf-8").splitlines(keepends=True)
    del lines[missing]
    (folder / SUMS).write_text("".join(lines), "utf-8")
    with pytest.raises(ModelError, match="does not list the files of a model"):
        load(folder)


def _wrong_arrays(folder: Path) -> dict[str, dict[str, Any]]:
    arrays = _arrays(folder)
    weights, idf = arrays["weights.taste"], arrays["idf"]
    nan, far = weights.copy(), weights.copy()
    nan[:, -1], far[0, -1] = np.nan, np.inf
    return {
        "one column too few": {"weights__taste": weights[:, 1:]},
        "one row too few": {"weights__taste": weights[1:]},
        "turned": {"weights__taste": weights.T},
        "flat": {"weights__taste": weights.ravel()},
        "intercept of another length": {"intercept__taste": arrays["intercept.taste"][:1]},
        "idf too short": {"idf": idf[1:]},
        "idf of two dimensions": {"idf": np.stack([idf, idf], axis=1)},
        "idf all zero": {"idf": np.zeros_like(idf)},
        "idf not a number": {"idf": np.full_like(idf, np.nan)},
        "weights not numbers": {"weights__taste": nan},
        "all weights not numbers": {"weights__taste": np.full_like(weights, np.nan)},
        "infinite weight": {"weights__taste": far},
        "intercept not a number": {"intercept__taste": np.full(3, np.nan, np.float32)},
        "text in place of numbers": {"weights__taste": weights.astype("U8")},
        "complex numbers": {"weights__taste": weights.astype(np.complex64)},
        "rows reversed": {"weights__taste": weights[::-1]},
        "columns reversed": {"weights__taste": weights[:, ::-1]},
    }


@pytest.mark.parametrize(
    "kind",
    [
        "one column too few",
        "one row too few",
        "turned",
        "flat",
        "intercept of another length",
        "idf too short",
        "idf of two dimensions",
        "idf all zero",
        "idf not a number",
        "weights not numbers",
        "all weights not numbers",
        "infinite weight",
        "intercept not a number",
        "text in place of numbers",
        "complex numbers",
        "rows reversed",
        "columns reversed",
    ],
)
def test_model_with_wrong_arrays_is_refused(folder: Path, kind: str) -> None:
    _edit_arrays(folder, **_wrong_arrays(folder)[kind])
    _sum_again(folder)
    with pytest.raises(ModelError):
        load(folder)


def _without(key: str) -> Callable[[Any], None]:
    return lambda manifest: manifest.pop(key)


MANIFEST_CHANGES: dict[str, Callable[[Any], Any]] = {
    "no axes": _without("axes"),
    "no scheme": _without("scheme"),
    "no rules": _without("rules"),
    "no name": _without("name"),
    "no card": _without("card"),
    "no head": lambda m: m["axes"].clear(),
    "axes as object": lambda m: m.update(axes={"taste": 1}),
    "axes null": lambda m: m.update(axes=None),
    "axis as text": lambda m: m.update(axes=["taste"]),
    "unknown axis": lambda m: m["axes"][0].update(name="smell"),
    "temperature zero": lambda m: m["axes"][0].update(temperature=0),
    "temperature halved": lambda m: m["axes"][0].update(
        temperature=m["axes"][0]["temperature"] / 2
    ),
    "temperature negative": lambda m: m["axes"][0].update(temperature=-1),
    "temperature text": lambda m: m["axes"][0].update(temperature="warm"),
    "temperature not a number": lambda m: m["axes"][0].update(temperature=float("nan")),
    "threshold not a number": lambda m: m["axes"][0]["threshold"].update(tea=float("nan")),
    "threshold text": lambda m: m["axes"][0]["threshold"].update(tea="high"),
    "threshold of no label": lambda m: m["axes"][0]["threshold"].pop("tea"),
    "prior of too few": lambda m: m["axes"][0].update(prior=[0.5]),
    "pooling unknown": lambda m: m["axes"][0]["pooling"].update(depth=1.0),
    "unknown rule": lambda m: m["rules"].update(mood=1),
    "rule as text": lambda m: m["rules"].update(shortest="thirty"),
    "rule null": lambda m: m["rules"].update(known_tokens=None),
    "rules as list": lambda m: m.update(rules=[1, 2]),
    "select turned": lambda m: m["scheme"]["axes"][0].update(select="many"),
    "scheme malformed": lambda m: m["scheme"].update(axes=[]),
    "language unknown": lambda m: m["scheme"].update(language="zz-unknown"),
    "card as text": lambda m: m.update(card="none"),
}


@pytest.mark.parametrize("kind", MANIFEST_CHANGES)
def test_model_with_a_wrong_manifest_is_refused(folder: Path, kind: str) -> None:
    _edit(folder, MANIFEST_CHANGES[kind])
    _sum_again(folder)
    with pytest.raises(ModelError):
        load(folder)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("manifest.json", b"[]"),
        ("manifest.json", b'"format"'),
        ("manifest.json", b"{"),
        ("manifest.json", b"\xff\xfe"),
        ("manifest.json", b"[" * 100_000),
        ("selftest.json", b""),
        ("selftest.json", b"{}"),
        ("selftest.json", b"[]"),
        ("selftest.json", b"null"),
        ("selftest.json", b'[{"text": 5, "scores": {}}]'),
        ("selftest.json", b'[{"words": "tea"}]'),
        ("selftest.json", b'["tea"]'),
        ("vocabulary.txt", b""),
        ("vocabulary.txt", b"\xff\n"),
        ("weights.npz", b""),
        ("weights.npz", b"PK\x05\x06" + b"\0" * 18),
        ("weights.npz", b"PK\x03\x04 no zip"),
    ],
)
def test_model_with_a_nonsense_file_is_refused(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    _sum_again(folder)
    with pytest.raises(ModelError):
        load(folder)


def test_model_with_the_vocabulary_in_another_order_is_refused(folder: Path) -> None:
    words = (folder / "vocabulary.txt").read_text("utf-8").splitlines()
    (folder / "vocabulary.txt").write_text("".join(f"{word}\n" for word in words[::-1]), "utf-8")
    _sum_again(folder)
    with pytest.raises(ModelError):
        load(folder)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_weights_damaged_behind_right_sums_give_an_error_or_the_same_scores(
    toy_model: Model, folder: Path, data: st.DataObject
) -> None:
    original = (folder / "weights.npz").read_bytes()
    changed = bytearray(original)
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(original) - 1))] = data.draw(st.integers(0, 255))
    try:
        (folder / "weights.npz").write_bytes(changed)
        _sum_again(folder)
        try:
            loaded = load(folder)
        except ModelError:
            return
        assert loaded.classify(TEXT).axes == toy_model.classify(TEXT).axes
    finally:
        (folder / "weights.npz").write_bytes(original)


def test_unknown_model_name_is_refused_with_the_names_of_shipped_models() -> None:
    with pytest.raises(UsageError) as caught:
        load("no-such-model")
    assert "no-such-model" in str(caught.value)
    assert shipped()
    assert all(name in str(caught.value) for name in shipped())
    assert "textpolitics train" in str(caught.value)


@pytest.mark.parametrize("make", ["folder", "file"])
def test_path_that_is_no_model_is_refused(tmp_path: Path, make: str) -> None:
    path = tmp_path / "thing"
    if make == "folder":
        path.mkdir()
    else:
        path.write_text("no model", "utf-8")
    with pytest.raises(UsageError, match="neither a shipped model nor a model folder"):
        load(path)


def test_shipped_models_load_and_the_default_is_one_of_them() -> None:
    names = {load(name).name for name in shipped()}
    assert names == set(shipped())
    assert load().name in names


def test_save_over_an_older_model_replaces_it(
    folder: Path, toy_model: Model, tmp_path: Path
) -> None:
    _edit(folder, lambda manifest: manifest.update(format=99))
    save(toy_model, folder)
    assert load(folder).classify(TEXT) == toy_model.classify(TEXT)
    assert load(folder).seen == toy_model.seen
