"""The shipped scheme, the rules for schemes, and that no code knows a label."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from textpolitics.errors import SchemeError
from textpolitics.scheme import load_scheme, scheme_from_dict

SOURCE = Path(__file__).resolve().parent.parent / "src" / "textpolitics"
MAIN_AXES = {
    "tradition": ("from-below", "from-above", "none"),
    "strategy": ("liberal", "social-democratic", "ultra-left", "mass-action", "none"),
}

# A scheme with layers, as they are to come: one of several labels, one that depends.
LAYERED = """
name = "garden"
version = "1.2"
title = "Gardens"
description = "How a garden is kept."
language = "en"

[[axes]]
name = "keeper"
question = "Who keeps it?"
select = "one"
[[axes.labels]]
name = "gardener"
definition = "One person who is paid."
[[axes.labels]]
name = "all-of-us"
definition = "Those who eat from it."
forms = ["rota", "open gate"]
seeds = [{ text = "The Spade", section = "Gates" }]
[[axes.labels]]
name = "nobody"
definition = "It grows by itself."
stance = false

[[axes]]
name = "beds"
question = "What grows there?"
select = "many"
layer = true
[[axes.labels]]
name = "beans"
definition = "Beans."

[[axes]]
name = "paid-by"
question = "Who pays the gardener?"
select = "one"
layer = true
only_where = { axis = "keeper", labels = ["gardener"] }
[[axes.labels]]
name = "a"
definition = "The town."
[[axes.labels]]
name = "b"
definition = "A club."
"""


@pytest.fixture
def layered_file(tmp_path: Path) -> Path:
    path = tmp_path / "garden.toml"
    path.write_text(LAYERED, encoding="utf-8")
    return path


@pytest.fixture
def plain(layered_file: Path) -> dict[str, Any]:
    return load_scheme(layered_file).to_dict()


def test_the_shipped_scheme_has_the_labels_of_the_codebook() -> None:
    scheme = load_scheme()
    assert {axis.name: axis.label_names for axis in scheme.axes} == MAIN_AXES
    assert (scheme.name, scheme.version, len(scheme.rules)) == ("left-traditions", "1", 4)
    assert not any(axis.layer or axis.many for axis in scheme.axes)
    assert [axis.no_stance for axis in scheme.axes] == ["none", "none"]


def test_every_shipped_label_is_explained() -> None:
    for axis in load_scheme().axes:
        for label in axis.labels:
            assert label.forms, (axis.name, label.name)
            assert label.borderlines, (axis.name, label.name)
            assert label.seeds, (axis.name, label.name)


def test_seeds_point_to_sections_that_exist(seeds: dict[str, Path]) -> None:
    pamphlet = seeds["pamphlet"].read_text(encoding="utf-8").splitlines()
    headings = {
        seed.section
        for axis in load_scheme().axes
        for label in axis.labels
        for seed in label.seeds
        if seed.text.startswith("Socialism from Below")
    }
    assert headings
    assert headings <= {line.strip() for line in pamphlet}


def test_the_shipped_scheme_borrows_no_eight_words_of_the_seeds(seeds: dict[str, Path]) -> None:
    def runs(text: str) -> set[tuple[str, ...]]:
        words = "".join(sign if sign.isalnum() else " " for sign in text.lower()).split()
        return {tuple(words[start : start + 8]) for start in range(len(words) - 7)}

    scheme = load_scheme()
    own = list(scheme.rules)
    for axis in scheme.axes:
        own += axis.borderlines
        for label in axis.labels:
            own += [label.definition, *label.forms, *label.borderlines]
    for seed in seeds.values():
        assert not set().union(*map(runs, own)) & runs(seed.read_text(encoding="utf-8"))


def test_column_names() -> None:
    scheme = load_scheme()
    assert scheme.axis("tradition").columns() == (
        "tradition",
        "tradition_reason",
        "tradition_confidence",
        "tradition_score_from_below",
        "tradition_score_from_above",
        "tradition_score_none",
    )
    assert len(scheme.columns()) == len(set(scheme.columns())) == 14


def test_layers_are_read(layered_file: Path) -> None:
    scheme = load_scheme(layered_file)
    assert [axis.name for axis in scheme.axes if axis.layer] == ["beds", "paid-by"]
    beds, paid_by = scheme.axis("beds"), scheme.axis("paid-by")
    assert beds.many
    assert beds.no_stance is None
    assert scheme.axis("keeper").no_stance == "nobody"
    assert paid_by.column == "paid_by"
    assert paid_by.columns()[-1] == "paid_by_score_b"
    assert paid_by.only_where is not None
    assert (paid_by.only_where.axis, paid_by.only_where.labels) == ("keeper", ("gardener",))
    assert scheme.axis("keeper").labels[1].seeds[0].section == "Gates"


def test_a_scheme_survives_json(layered_file: Path) -> None:
    for scheme in (load_scheme(), load_scheme(layered_file)):
        data = scheme.to_dict()
        assert json.loads(json.dumps(data)) == data
        assert scheme_from_dict(data) == scheme
        assert hash(scheme_from_dict(data)) == hash(scheme)


def test_an_unknown_axis_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SchemeError, match="tradition, strategy"):
        load_scheme().axis("mood")


def _set(*path: Any) -> Callable[[dict[str, Any]], None]:
    """Return a change that sets the last of a path of keys to the value behind it."""
    *keys, last, value = path

    def change(data: dict[str, Any]) -> None:
        target: Any = data
        for key in keys:
            target = target[key]
        target[last] = value

    return change


def _drop(*path: Any) -> Callable[[dict[str, Any]], None]:
    *keys, last = path

    def change(data: dict[str, Any]) -> None:
        target: Any = data
        for key in keys:
            target = target[key]
        del target[last]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("colour", "red"), "unknown key 'colour'; the keys are: name,"),
        (_set("axes", 0, "labels", 0, "weight", 1), "axes 1, labels 1: unknown key 'weight'"),
        (_drop("title"), "has no title"),
        (_drop("axes", 1, "question"), "axes 2: has no question"),
        (_drop("axes", 0, "labels", 2, "definition"), "labels 3: has no definition"),
        (_set("title", "  "), "title: is '  '; write a string that is not empty"),
        (_set("version", 1), "version: is 1; write a string"),
        (_set("version", "one"), "bad version 'one'"),
        (_set("name", "Garden Plan"), "malformed scheme name 'Garden Plan'"),
        (_set("axes", []), "has no axis"),
        (_set("axes", {}), "axes: is not a list"),
        (_set("axes", ["keeper"]), "axes 1: is not a table"),
        (_set("axes", 0, "name", "Keeper"), "malformed axis name 'Keeper'"),
        (_set("axes", 1, "name", "keeper"), "axis 'keeper' occurs twice"),
        (_set("axes", 0, "select", "some"), "axis keeper: select is 'some'"),
        (_set("axes", 0, "layer", "yes"), "layer: is 'yes'; write true or false"),
        (_set("axes", 0, "labels", 0, "name", "all-of-us"), "label 'all-of-us' occurs twice"),
        (_set("axes", 0, "labels", 0, "name", "all_of_us"), "malformed label name 'all_of_us'"),
        (_set("axes", 0, "labels", 0, "stance", False), "axis keeper: several labels have stance"),
        (_set("axes", 0, "labels", 1, "forms", [3]), "forms 1: is 3"),
        (_drop("axes", 2, "labels", 0), "axis paid-by: has too few labels"),
        (_drop("axes", 1, "labels", 0), "axis beds: has too few labels"),
        (_set("axes", 2, "only_where", "axis", "owner"), "'owner', which is no earlier axis"),
        (_set("axes", 2, "only_where", "axis", "paid-by"), "'paid-by', which is no earlier axis"),
        (_set("axes", 2, "only_where", "labels", ["queen"]), "they are: gardener, all-of-us"),
        (_set("axes", 2, "only_where", "labels", []), "only_where needs labels of keeper"),
    ],
)
def test_a_malformed_scheme_is_refused(
    plain: dict[str, Any], change: Callable[[dict[str, Any]], None], message: str
) -> None:
    change(plain)
    with pytest.raises(SchemeError) as caught:
        scheme_from_dict(plain, "garden.toml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("garden.toml")
    assert caught.value.advice


@pytest.mark.parametrize(
    "name", ["source", "id", "status", "words", "text", "group", "input", "input-name"]
)
def test_an_axis_may_not_take_a_fixed_column(plain: dict[str, Any], name: str) -> None:
    plain["axes"][1]["name"] = name
    with pytest.raises(SchemeError, match="needs the column"):
        scheme_from_dict(plain)


@pytest.mark.parametrize("name", ["keeper-reason", "keeper-confidence", "keeper-score-all-of-us"])
def test_axes_may_not_collide_as_columns(plain: dict[str, Any], name: str) -> None:
    plain["axes"][1]["name"] = name
    with pytest.raises(SchemeError, match="already belongs to axis keeper"):
        scheme_from_dict(plain)


def test_files_that_are_no_schemes(tmp_path: Path) -> None:
    with pytest.raises(SchemeError, match="cannot be read"):
        load_scheme(tmp_path / "absent.toml")
    bad = tmp_path / "bad.toml"
    for content in (b"name = ", b"\xff\xfe\x00"):
        bad.write_bytes(content)
        with pytest.raises(SchemeError, match=r"bad\.toml: is no TOML file"):
            load_scheme(bad)
    bad.write_bytes(b"\xef\xbb\xbf" + LAYERED.encode())
    assert load_scheme(bad).name == "garden"


def _strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def _compared_strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare | ast.MatchValue):
            yield from _strings(node)


def test_no_module_knows_a_label() -> None:
    labels = {label for axis in load_scheme().axes for label in axis.label_names}
    # "none" is an everyday word too, so only code that asks for it counts.
    everyday = {axis.no_stance for axis in load_scheme().axes}
    found = []
    modules = sorted(SOURCE.rglob("*.py"))
    assert modules
    for path in modules:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        hits = [(line, text) for line, text in _strings(tree) if text in labels - everyday]
        hits += [(line, text) for line, text in _compared_strings(tree) if text in everyday]
        found += [f"{path.relative_to(SOURCE)}:{line}: {text}" for line, text in hits]
    assert not found


def test_importing_the_scheme_and_the_corpus_is_light() -> None:
    code = (
        "import sys; before = set(sys.modules); import textpolitics.scheme, textpolitics.corpus;"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before};"
        "print(sorted(new - set(sys.stdlib_module_names) - {'textpolitics'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
