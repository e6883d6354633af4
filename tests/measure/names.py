"""Count how often swapped names change a label: ``names.py REAL_PASSAGES MODEL …``.

Every name in ``names.toml`` is replaced by another of its group and every year is
moved a little, in the real passages whose label is not `none`; MODEL judges both
texts. What is printed holds figures only. The list also serves others: see `swap`.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from textpolitics import Model, Record, load, read_corpus
from textpolitics.decide import ranked

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("names.toml")
FIGURES = Path(__file__).with_name("names.json")
LABELS = ROOT / "corpora" / "real" / "labels.jsonl"
NAMES = ("organisations", "leaders", "places")
KINDS = (*NAMES, "years")
FURTHEST = 3
"""By how many years a year moves at most."""

_YEAR = re.compile(r"(?<![\w.,£$€])(?:1[789]|20)\d\d(?!\w|[.,]\d)")


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a name, by its place in the list.

    Attributes:
        kind: One of `NAMES`.
        group: Its group, as kind and name.
        row: Row of its bearer in the group.
        column: Which form of the bearer's it is.
    """

    kind: str
    group: str
    row: int
    column: int


@dataclass(frozen=True)
class Names:
    """The list of names.

    Attributes:
        groups: Name of a group → its rows of forms.
        forms: How a name is written → where it stands in the list.
        pattern: Finds names, and phrases to leave alone, the longest first.
    """

    groups: Mapping[str, list[list[str]]]
    forms: Mapping[str, Form]
    pattern: re.Pattern[str]


@cache
def listed() -> Names:
    """Return the list of names, read once.

    Raises:
        ValueError: If a name stands in it twice.
    """
    data = tomllib.loads(LIST.read_text("utf-8"))
    groups: dict[str, list[list[str]]] = {}
    forms: dict[str, Form] = {}
    for kind in NAMES:
        for name, group in data[kind].items():
            groups[f"{kind}.{name}"] = group["names"]
            for row, written in enumerate(group["names"]):
                for column, form in enumerate(written):
                    if form in forms:
                        raise ValueError(f"{LIST.name}: {form!r} stands there twice")
                    if form:
                        forms[form] = Form(kind, f"{kind}.{name}", row, column)
    known = {written for form in (*data["kept"], *forms) for written in (form, form.upper())}
    longest_first = sorted(known, key=lambda form: (-len(form), form))
    any_of_them = "|".join(map(re.escape, longest_first))
    pattern = re.compile(rf"(?<!\w)(?=[^\W\d_a-z])(?:{any_of_them})(?!\w)")
    return Names(groups, _with_capitals(forms), pattern)


def _with_capitals(forms: Mapping[str, Form]) -> dict[str, Form]:
    """Add names in capitals, as titles have them, where they are not other names already."""
    return {form.upper(): where for form, where in forms.items()} | dict(forms)


def swap(text: str, chance: random.Random, kinds: Collection[str] = KINDS) -> str:
    """Replace every listed name by another of its group, and move every year.

    A name has the same replacement throughout the text, also where it is written in
    another form, and different names have different ones as far as their group goes.
    All years move by the same number of years, each within its century.

    Args:
        text: Any text.
        chance: Chooses; the same state gives the same result.
        kinds: Which of `KINDS` to replace.

    Returns:
        The text, which is the same one if it has no listed name and no year.
    """
    if "years" in kinds:
        text = _move_years(text, chance)
    names = listed()
    found: list[tuple[re.Match[str], Form]] = []
    used: dict[tuple[str, int], set[int]] = {}
    for match in names.pattern.finditer(text):
        form = names.forms.get(match.group())
        if form and form.kind in kinds:
            found.append((match, form))
            used.setdefault((form.group, form.row), set()).add(form.column)
    chosen = _choose(names.groups, used, chance)
    parts: list[str] = []
    end = 0
    for match, form in found:
        rows = names.groups[form.group]
        new = rows[chosen.get((form.group, form.row), form.row)][form.column]
        in_capitals = match.group() != rows[form.row][form.column]
        parts += text[end : match.start()], new.upper() if in_capitals else new
        end = match.end()
    return "".join((*parts, text[end:]))


def _choose(
    groups: Mapping[str, list[list[str]]],
    used: Mapping[tuple[str, int], set[int]],
    chance: random.Random,
) -> dict[tuple[str, int], int]:
    """Return another row for every bearer, one that has all the forms the text uses."""
    chosen: dict[tuple[str, int], int] = {}
    taken: set[tuple[str, int]] = set()
    for (group, row), columns in used.items():
        able = [
            other
            for other, forms in enumerate(groups[group])
            if other != row and all(column < len(forms) and forms[column] for column in columns)
        ]
        fresh = [other for other in able if (group, other) not in taken]
        if able:
            chosen[group, row] = chance.choice(fresh or able)
            taken.add((group, chosen[group, row]))
    return chosen


def _move_years(text: str, chance: random.Random) -> str:
    years = {int(year) for year in _YEAR.findall(text)}
    if not years:
        return text
    steps = [step for step in range(-FURTHEST, FURTHEST + 1) if step]
    fitting = [step for step in steps if all(_stays(year, step) for year in years)]
    step = chance.choice(fitting or steps)

    def moved(match: re.Match[str]) -> str:
        year = int(match.group())
        return str(year + step if _stays(year, step) else year)

    return _YEAR.sub(moved, text)


def _stays(year: int, step: int) -> bool:
    return year // 100 == (year + step) // 100


@dataclass
class Count:
    """How many texts a swap changed, and how many of them kept their likeliest label."""

    texts: int = 0
    kept: int = 0


def stability(model: Model, records: Collection[Record]) -> dict[tuple[str, str], Count]:
    """Count the labels that stay as names are swapped.

    Args:
        model: What judges.
        records: Texts with labels. On an axis those count whose label is not `none`.

    Returns:
        Name of axis and kind of name, or ``"all"`` for all kinds at once → counts.
    """
    counts: dict[tuple[str, str], Count] = {}
    for record in records:
        axes = [
            axis.name
            for axis in model.scheme.axes
            if not axis.many and record.labels.get(axis.name, axis.no_stance) != axis.no_stance
        ]
        before: dict[str, str] = {}
        for name, kinds in {"all": KINDS, **{kind: (kind,) for kind in KINDS}}.items():
            swapped = swap(record.text, random.Random(record.id), kinds)
            if not axes or swapped == record.text:
                continue
            before = before or likeliest(model, record.text)
            after = likeliest(model, swapped)
            for axis in axes:
                count = counts.setdefault((axis, name), Count())
                count.texts += 1
                count.kept += before[axis] == after[axis]
    return counts


def likeliest(model: Model, text: str) -> dict[str, str]:
    """Return for each axis the label of the highest score, given or not."""
    return {name: ranked(axis.scores)[0] for name, axis in model.classify(text).axes.items()}


def of_fold(records: Collection[Record], fold: int) -> list[Record]:
    """Return the records that the published labels put into a fold."""
    with LABELS.open(encoding="utf-8") as file:
        folds = {row["id"]: row["fold"] for row in map(json.loads, file)}
    return [record for record in records if folds.get(record.id) == fold]


def ordered(counts: Mapping[tuple[str, str], Count]) -> dict[str, dict[str, list[int]]]:
    """Return name of axis → kind of name → texts and how many kept their label."""
    axes = dict.fromkeys(axis for axis, _ in counts)
    return {
        axis: {
            kind: [counts[axis, kind].texts, counts[axis, kind].kept]
            for kind in ("all", *KINDS)
            if (axis, kind) in counts
        }
        for axis in axes
    }


def keep(figures: Mapping[str, object]) -> None:
    """Put figures into the file, beside those of other commands."""
    known = json.loads(FIGURES.read_text("utf-8")) if FIGURES.exists() else {}
    FIGURES.write_text(json.dumps({**known, **figures}, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("real", type=Path, metavar="REAL_PASSAGES")
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--only-fold", type=int, metavar="N", help="passages of this fold alone")
    parser.add_argument("--write", action="store_true", help=f"keep them in {FIGURES.name}")
    arguments = parser.parse_args()
    for model in map(load, arguments.models):
        records = list(read_corpus([arguments.real], model.scheme))
        if arguments.only_fold is not None:
            records = of_fold(records, arguments.only_fold)
        found = ordered(stability(model, records))
        for axis, kinds in found.items():
            for kind, (texts, kept) in kinds.items():
                share = kept / texts
                sys.stdout.write(f"{model.name:<10}{axis:<11}{kind:<15}{texts:>5}{share:>8.1%}\n")
        if arguments.write:
            keep({f"kept by {model.name}": found})
    return 0


if __name__ == "__main__":
    sys.exit(main())
