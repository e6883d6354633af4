"""Swapping names replaces names and years, and nothing else."""

from __future__ import annotations

import importlib.util
import random
import re
import string
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

_PATH = Path(__file__).resolve().parent / "measure" / "names.py"
_spec = importlib.util.spec_from_file_location("names", _PATH)
assert _spec
assert _spec.loader
names = importlib.util.module_from_spec(_spec)
sys.modules["names"] = names  # Its dataclasses look themselves up there.
_spec.loader.exec_module(names)

LIST = names.listed()
FORMS = sorted(form for rows in LIST.groups.values() for row in rows for form in row if form)
SEEDS = st.integers(0, 1000)
LOWER = st.text(alphabet=string.ascii_lowercase + " .,;:'\n", max_size=200)


def swap(text: str, seed: int = 0, **more: object) -> str:
    swapped = names.swap(text, random.Random(seed), **more)
    assert isinstance(swapped, str)
    return swapped


@given(st.lists(st.sampled_from(FORMS), max_size=8), SEEDS)
def test_same_chance_gives_the_same_text(found: list[str], seed: int) -> None:
    text = " in 1917, ".join(found)
    assert swap(text, seed) == swap(text, seed)


@given(LOWER, SEEDS)
def test_text_without_names_and_years_stays(text: str, seed: int) -> None:
    assert swap(text, seed) == text


@pytest.mark.parametrize(
    "text",
    [
        "Marxism is not Marxists' Irishness, nor a Romeo.",
        "the Paris Commune and the Bank of England",
        "1,917 pounds, £1917, 191, 19170, 1917.5, the 1930s, room A1917",
        "marx and lenin in moscow",
    ],
)
def test_what_only_looks_like_a_name_stays(text: str) -> None:
    assert swap(text) == text


@pytest.mark.parametrize("group", LIST.groups)
def test_every_name_becomes_another_of_its_group_and_form(group: str) -> None:
    rows = LIST.groups[group]
    for row in rows:
        for column, form in enumerate(row):
            same = {other[column] for other in rows if column < len(other)} - {form, ""}
            assert not form or swap(form) in same
            assert swap(form.upper()) == swap(form.upper()).upper()


@given(st.sampled_from(FORMS), LOWER, LOWER, SEEDS)
def test_the_text_around_a_name_stays(form: str, before: str, after: str, seed: int) -> None:
    swapped = swap(f"{before} {form} {after}", seed)
    assert swapped.startswith(f"{before} ")
    assert swapped.endswith(f" {after}")
    assert swapped[len(before) + 1 : -len(after) - 1] in FORMS


@given(SEEDS)
def test_a_name_has_one_replacement_in_all_its_forms(seed: int) -> None:
    text = "Rosa Luxemburg wrote. LUXEMBURG spoke. Luxemburg's party and Karl Kautsky's, Kautsky's."
    match = re.fullmatch(
        r"(.+) wrote\. (.+) spoke\. (.+)'s party and (.+)'s, (.+)'s\.", swap(text, seed)
    )
    assert match
    first, capitals, short, other, other_short = match.groups()
    row = [row for row in LIST.groups["leaders.classical-marxists"] if row[0] == first]
    assert row[0][1] == short
    assert capitals == short.upper()
    assert other.endswith(other_short)
    assert other != first


@given(SEEDS)
def test_different_names_have_different_replacements(seed: int) -> None:
    assert len(set(swap("France Italy Spain Greece Sweden Norway", seed).split())) >= 6


def test_an_acronym_becomes_an_acronym() -> None:
    assert re.fullmatch(r"(?:[A-Z]\.)+ and [A-Z-]+", swap("I.L.P. and TUC"))


@given(st.lists(st.integers(1700, 2099), min_size=1, max_size=5), SEEDS)
def test_years_move_together_within_their_century(years: list[int], seed: int) -> None:
    moved = [int(year) for year in swap(" to ".join(map(str, years)), seed).split(" to ")]
    assert all(a // 100 == b // 100 for a, b in zip(years, moved, strict=True))
    steps = {b - a for a, b in zip(years, moved, strict=True)} - {0}
    assert len(steps) <= 1
    assert all(abs(step) <= names.FURTHEST for step in steps)


@given(st.integers(1700, 2099), SEEDS)
def test_a_year_alone_moves(year: int, seed: int) -> None:
    assert swap(str(year), seed) != str(year)


def test_only_the_kinds_asked_for_are_swapped() -> None:
    text = "Lenin spoke to the Fabian Society in Dublin in 1917."
    changed = {"organisations": "Fabian Society", "leaders": "Lenin", "places": "Dublin"}
    for kind in names.KINDS:
        swapped = swap(text, kinds=(kind,))
        for other, name in {**changed, "years": "1917"}.items():
            assert (name in swapped) == (other != kind)
