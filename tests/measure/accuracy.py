"""Measure how right the models are on authors that they have not seen.

Usage: ``accuracy.py SHARED [--write]``. SHARED is the folder with the developers'
material. The families of the real passages are dealt into five folds for good.
The linear model is trained anew for every fold, on the other four and the original
corpus; the encoder was trained without one of the folds, and its scores for that one
stand in ``held-out.jsonl``, which ``make models`` writes. With ``--write`` the tables
go to docs/accuracy.md and the short one into the README.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import figures
import held_out
import numpy as np
from figures import Judged
from held_out import Material
from material import FIXED, FOLDS, ROOT
from names import FIGURES

from textpolitics import Record, load_scheme
from textpolitics.scheme import Axis

PAGE = ROOT / "docs" / "accuracy.md"
SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)
PARTS = (0.125, 0.25, 0.5)
WEIGHTS = (0.0, 0.1, 0.5, 1.0)
FEWEST = 100
"""Texts below which a decade or a genre gets no figure of its own."""

Figures = dict[str, dict[str, tuple[Judged, Judged]]]
"""Model → axis → its judgements on passages and on documents."""

DIFFERENCE = (
    "The encoder that ships learnt from all families, with other names in half of the passages "
    "and with its lower layers cut to 4 bits before training. The one measured here had "
    "neither of the last two: its layers were cut afterwards, which costs a little."
)
"""True until ``make models`` has trained both encoders alike; then it goes."""
CODERS = (
    "The passages were coded by language models working from a codebook, not by people. Two of "
    "them agree with an alpha of 0.80 to 0.89 (tradition) and 0.84 to 0.90 (strategy); against "
    "the labels that the literature gives to 113 and 102 whole works their codes reach a "
    "macro-F1 of 0.83 and 0.89."
)


def judge_all(material: Material) -> Figures:
    """Return the judgements of every model on every axis."""
    everything = np.arange(len(material.real))
    linear = held_out.linear(material, material.folds)
    encoded = held_out.encoded(material)
    found: Figures = {"fast": {}}
    fifths = None if encoded is None else held_out.fifths_of(material, encoded[1])
    for axis in material.scheme.axes:
        words = linear[axis.name]
        found["fast"][axis.name] = held_out.judge(
            material, axis, [words], everything, material.folds
        )
        if encoded is None or fifths is None:
            continue
        logits, rows = encoded
        parts = {
            "fast, fold 3": [words],
            "encoder alone, fold 3": [logits[axis.name]],
            "accurate, fold 3": [words, logits[axis.name]],
        }
        for name, given in parts.items():
            judged = held_out.judge(material, axis, given, rows, fifths)
            found.setdefault(name, {})[axis.name] = judged
    return found


def main_table(found: Figures, which: int) -> Iterator[str]:
    """Yield the table of passages (0) or documents (1)."""
    yield (
        "| axis | model | texts | macro-F1 (95%) | alpha | commonest label always "
        "| calibration error: all, positions | gives a label | right there "
        "| right where it names a position |"
    )
    yield "| --- | --- | ---: | --- | ---: | ---: | --- | ---: | ---: | ---: |"
    for axis in next(iter(found.values())):
        for name, by_axis in found.items():
            yield f"| {axis} | {name} | {row(by_axis[axis][which])} |"


def row(judged: Judged) -> str:
    """Return the cells of one line of the main table."""
    low, high = figures.interval(judged)
    overall, named = figures.errors_of_confidence(judged)
    given, right, positions = judged.given, judged.right, judged.given & judged.positions
    commonest = np.full(len(judged.gold), np.bincount(judged.gold).argmax())
    table = figures.confusion(judged.gold, commonest, len(judged.axis.labels))
    majority = figures.f1(table)[table.sum(axis=1) > 0].mean()
    alpha = figures.alpha(judged.gold, judged.likeliest, len(judged.axis.labels))
    cells = (
        f"{len(judged.gold):,}",
        f"{figures.macro_f1(judged):.2f} ({low:.2f}–{high:.2f})",
        f"{alpha:.2f}",
        f"{majority:.2f}",
        f"{overall:.3f}, {named:.3f}",
        f"{given.mean():.0%}",
        share(right[given]),
        share(right[positions]),
    )
    return " | ".join(cells)


def share(right: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> str:
    """Return a share in per cent, or a dash where there is nothing to share."""
    return f"{right.mean():.0%}" if len(right) else "–"


def label_table(found: Figures, which: int) -> Iterator[str]:
    """Yield the figures by label."""
    yield "| axis | model | label | texts | F1 | given to | right there | of its texts |"
    yield "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |"
    for axis in next(iter(found.values())):
        for name, by_axis in found.items():
            judged = by_axis[axis][which]
            table = figures.confusion(judged.gold, judged.likeliest, len(judged.axis.labels))
            for number, label in enumerate(judged.axis.label_names):
                mine = judged.gold == number
                given = judged.given & (judged.likeliest == number)
                yield (
                    f"| {axis} | {name} | {label} | {mine.sum():,} "
                    f"| {figures.f1(table)[number]:.2f} | {given.sum():,} "
                    f"| {share(judged.right[given])} | {share(given[mine])} |"
                )


def coverage_table(found: Figures, which: int) -> Iterator[str]:
    """Yield how right positions are among the surest of them."""
    yield "| axis | model | " + " | ".join(f"surest {part:.0%}" for part in SHARES) + " |"
    yield "| --- | --- |" + " ---: |" * len(SHARES)
    for axis in next(iter(found.values())):
        for name, by_axis in found.items():
            right = figures.precision_by_coverage(by_axis[axis][which], SHARES)
            yield f"| {axis} | {name} | " + " | ".join(f"{value:.0%}" for value in right) + " |"


def ceiling_table(material: Material) -> Iterator[str]:
    """Yield how far a second coder agrees with the settled labels."""
    yield "| axis | passages with a second coder | macro-F1 | alpha |"
    yield "| --- | ---: | ---: | ---: |"
    for axis in material.scheme.axes:
        names = list(axis.label_names)
        gold, second = [], []
        for record in material.real:
            votes = record.metadata.get("votes")
            if record.metadata.get("coders") == 2 and isinstance(votes, Mapping):
                settled = str(record.labels[axis.name])
                other = [label for label in votes[axis.name] if label != settled] or [settled]
                gold.append(names.index(settled))
                second.append(names.index(other[0]))
        table = figures.confusion(np.array(gold), np.array(second), len(names))
        yield (
            f"| {axis.name} | {len(gold):,} | {figures.f1(table).mean():.2f} "
            f"| {figures.alpha(np.array(gold), np.array(second), len(names)):.2f} |"
        )


def raw_f1(material: Material, axis: Axis, logits: Mapping[str, np.ndarray]) -> str:
    """Return macro-F1 of uncalibrated logits."""
    table = figures.confusion(
        material.gold(axis), logits[axis.name].argmax(axis=1), len(axis.labels)
    )
    return f"{figures.f1(table).mean():.3f}"


def curve_table(material: Material) -> Iterator[str]:
    """Yield how the linear model grows with its training data, and what a random split says."""
    axes = material.scheme.axes
    yield "| trained on | " + " | ".join(axis.name for axis in axes) + " |"
    yield "| --- |" + " ---: |" * len(axes)

    def line(name: str, logits: Mapping[str, np.ndarray]) -> str:
        return f"| {name} | " + " | ".join(raw_f1(material, axis, logits) for axis in axes) + " |"

    chance = random.Random(0)
    families = sorted(set(material.families.tolist()))
    chance.shuffle(families)
    ids = [record.id for record in material.real]
    chance.shuffle(ids)
    folds = material.folds
    for part in PARTS:
        some = families[: round(part * len(families))]
        logits = held_out.linear(material, folds, groups=set(some))
        yield line(f"{part:.1%} of the families, all original passages", logits)
    for part in PARTS:
        logits = held_out.linear(material, folds, ids=set(ids[: round(part * len(ids))]))
        yield line(f"{part:.1%} of the real passages, all original passages", logits)
    yield line("all, original passages as they ship", held_out.linear(material, folds))
    for weight in WEIGHTS:
        settings = replace(held_out.RAW, extra_weight=weight)
        logits = held_out.linear(material, folds, settings=settings)
        yield line(f"all, an original passage counting {weight:g} times", logits)
    settings = replace(held_out.RAW, capitals=2.0)
    yield line("all, names among the words", held_out.linear(material, folds, settings=settings))
    dealt = np.random.default_rng(0).integers(0, FOLDS, len(folds))
    yield line(
        "all, **random split: a warning** (authors on both sides)",
        held_out.linear(material, dealt),
    )


def works_table(material: Material, shared: Path) -> Iterator[str]:
    """Yield the figures on whole works."""
    judged = held_out.works(material, shared)
    yield "| axis | works | likeliest label as in the literature | given a label | right there |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for axis in material.scheme.axes:
        coded = [(e[axis.name], r.axes[axis.name]) for e, r in judged if e[axis.name]]
        best = [expected == max(r.scores, key=r.scores.__getitem__) for expected, r in coded]
        given = [expected == r.label for expected, r in coded if r.label]
        yield f"| {axis.name} | {len(coded)} | {sum(best)} | {len(given)} | {sum(given)} |"


def kind_table(material: Material, found: Figures, key: str) -> Iterator[str]:
    """Yield macro-F1 of the linear model by decade or by genre."""
    axes = material.scheme.axes
    kinds = [kind_of(record, key) for record in material.real]
    yield f"| {key} | passages | " + " | ".join(f"{axis.name}" for axis in axes) + " |"
    yield "| --- | ---: |" + " ---: |" * len(axes)
    for kind in sorted(set(kinds)):
        rows = np.array([k == kind for k in kinds])
        if rows.sum() >= FEWEST:
            cells = [figures.macro_f1(found["fast"][axis.name][0].part(rows)) for axis in axes]
            yield f"| {kind} | {rows.sum():,} | " + " | ".join(f"{c:.2f}" for c in cells) + " |"


def kind_of(record: Record, key: str) -> str:
    """Return the genre of a passage, or the stretch of years that it comes from."""
    value = record.metadata.get("genre" if key == "genre" else "year")
    if key == "genre":
        return str(value or "unknown")
    year = re.search(r"1[6-9]\d\d|20\d\d", str(value or ""))
    if not year:
        return "unknown"
    bounds = (1848, 1890, 1918, 1945, 1980, 2000)
    start = max((bound for bound in bounds if bound <= int(year[0])), default=0)
    end = min((bound for bound in bounds if bound > int(year[0])), default=0)
    return f"{start or 'before'}–{end - 1 if end else 'today'}".replace("before–", "up to ")


def names_table() -> Iterator[str]:
    """Yield how many passages keep their likeliest label as names are swapped."""
    known = json.loads(FIGURES.read_text("utf-8")) if FIGURES.is_file() else {}
    yield "| model | axis | swapped | passages | keep their label |"
    yield "| --- | --- | --- | ---: | ---: |"
    for key, axes in known.items():
        for axis, kinds in axes.items() if key.startswith("kept by ") else ():
            for kind, (texts, kept) in kinds.items():
                model = key.removeprefix("kept by ")
                yield f"| {model} | {axis} | {kind} | {texts} | {kept / texts:.1%} |"
    yield ""
    yield "| words of `fast` tell the publisher | families | right | right, of other documents |"
    yield "| --- | ---: | ---: | ---: |"
    for name, (families, right, apart) in known.get("publisher", {}).items():
        yield f"| {name} | {families} | {right:.1%} | {apart:.1%} |"


def page(material: Material, found: Figures, shared: Path) -> Iterator[str]:
    """Yield docs/accuracy.md, line by line."""
    families = len(set(material.families.tolist()))
    yield "# How right it is"
    yield ""
    yield "Written by `make eval`; do not edit."
    yield ""
    yield (
        f"Measured on {len(material.real):,} real passages of {families} families of authors and "
        f"organisations, dealt into {FOLDS} folds for good (`corpora/real/labels.jsonl`). `fast` "
        "is trained anew for each fold, on the other four and the original corpus. The encoder "
        f"of `accurate` takes hours to train and was trained once without fold {FIXED}; "
        "figures marked so are taken on that fold alone. Nearly identical texts of the held-out "
        "families leave the training side with them. Slopes, offsets, pooling and thresholds are "
        "learnt on other families than those they are tried on. Intervals are bootstraps over "
        "families. The likeliest label counts, also where none is given; what silence gains "
        "stands in the last columns."
    )
    yield ""
    yield DIFFERENCE
    yield ""
    yield CODERS
    sections = (
        ("Passages", "", main_table(found, 0)),
        ("Passages by label", "Given: the confidence is as high as the threshold that is meant "
         "to make the label right in 80 of 100 cases.", label_table(found, 0)),
        ("Passages: the surest positions", "How often a label other than `none` is right, among "
         "the surest of those that are the likeliest.", coverage_table(found, 0)),
        ("Documents", "Two to eight coded passages of one author put together; the label is that "
         "of most words that take a position, `none` where fewer than a quarter do, and open "
         "cases are left out.", main_table(found, 1)),
        ("Documents by label", "", label_table(found, 1)),
        ("Whole works", "Works that the literature classes, judged by `fast` with their family "
         "held out. Few are liberal or from above, none is a leaflet.",
         works_table(material, shared)),
        ("The ceiling: a second coder", "", ceiling_table(material)),
        ("What more data would do", "Macro-F1 of the linear model, uncalibrated, on the five "
         "folds.", curve_table(material)),
        ("Names", f"Passages of fold {FIXED} whose label is not `none` and that name somebody or "
         "a year, with names of organisations, leaders and places swapped for others of the same "
         "current and years moved, judged by models that have not seen the fold. Then the probe: "
         "a logistic regression that learns who published a passage, for families with many.",
         names_table()),
        ("By time", "Macro-F1 of `fast`; labels that do not occur are left out.",
         kind_table(material, found, "years")),
        ("By genre", "", kind_table(material, found, "genre")),
    )  # fmt: skip
    for title, words, table in sections:
        yield ""
        yield f"## {title}"
        yield ""
        if words:
            yield words
            yield ""
        yield from table


def summary(material: Material, found: Figures) -> Iterator[str]:
    """Yield the README's table, line by line."""
    families = len(set(material.families.tolist()))
    yield (
        f"`make eval`: {len(material.real):,} real passages by {families} families of authors and "
        "organisations, each judged by a model that saw nothing of its family "
        f"(`accurate`: one fifth of the families); [all figures](docs/accuracy.md):"
    )
    yield ""
    yield "| axis | model | macro-F1 (95%) | gives a label | right there | right on positions |"
    yield "| --- | --- | --- | ---: | ---: | ---: |"
    for axis in material.scheme.axes:
        for name in [name for name in ("accurate, fold 3", "fast") if name in found]:
            cells = row(found[name][axis.name][0]).split(" | ")
            model = name.partition(",")[0]
            yield f"| {axis.name} | `{model}` | {cells[1]} | " + " | ".join(cells[5:]) + " |"
    yield ""
    yield CODERS


def main() -> int:
    """Print the tables, and write them if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--write", action="store_true", help="write docs/accuracy.md and README")
    arguments = parser.parse_args()
    if not (arguments.shared / "real").is_dir():
        sys.stderr.write(f"{arguments.shared / 'real'}: not at hand; accuracy is measured there\n")
        return 1
    material = held_out.read(arguments.shared, load_scheme())
    found = judge_all(material)
    text = "\n".join(page(material, found, arguments.shared)) + "\n"
    sys.stdout.write(text)
    if arguments.write:
        PAGE.write_text(text, encoding="utf-8", newline="\n")
        readme = ROOT / "README.md"
        marked = re.compile(r"(<!-- figures -->\n).*?(<!-- end -->)", re.DOTALL)
        lines = "\n".join(summary(material, found))
        new = marked.sub(lambda m: f"{m[1]}{lines}\n{m[2]}", readme.read_text("utf-8"))
        readme.write_text(new, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
