"""Measure accuracy on authors that the model has not seen, and write it into the README.

Usage: ``accuracy.py REAL_PASSAGES [--write]``. The families of authors and
organisations of the real passages are dealt into five folds. Each fold is judged
by a model trained on the original corpus and the other four, and all figures
are taken over the five folds together. Test texts are real passages only.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from textpolitics import Record, TrainingSettings, load_scheme, read_corpus, train
from textpolitics.decide import ranked
from textpolitics.evaluation import AxisFigures, compare
from textpolitics.results import AxisResult
from textpolitics.scheme import Axis, Scheme

ROOT = Path(__file__).resolve().parents[2]
ORIGINAL = ROOT / "corpora" / "original"
FOLDS = 5
RESAMPLES = 1000

Judged = list[tuple[Record, dict[str, AxisResult]]]


def fold_of(family: str) -> int:
    """Deal a family into a fold, the same one in every run and on every machine."""
    return int(hashlib.sha256(family.encode()).hexdigest(), 16) % FOLDS


def judge(real: Path, scheme: Scheme) -> Judged:
    """Return every real passage as judged by a model that knows none of its family."""
    records = list(read_corpus([real], scheme))
    with gzip.open(real, "rt", encoding="utf-8") as file:
        lines = [line for line in file if line.strip()]
    judged: Judged = []
    with tempfile.TemporaryDirectory() as folder:
        for fold in range(FOLDS):
            training = Path(folder) / "training.jsonl"
            with training.open("w", encoding="utf-8") as file:
                file.writelines(
                    line
                    for line, record in zip(lines, records, strict=True)
                    if fold_of(record.group) != fold
                )
            settings = TrainingSettings(folds=2)
            model = train([ORIGINAL, training], scheme, "fold", settings)
            judged += [
                (record, dict(model.classify(record.text).axes))
                for record in records
                if fold_of(record.group) == fold
            ]
            sys.stderr.write(f"fold {fold + 1} of {FOLDS}\n")
    return judged


def interval(axis: str, labels: tuple[str, ...], judged: Judged) -> tuple[float, float]:
    """Return the 95% interval of macro-F1, by a bootstrap over families."""
    families = sorted({record.group for record, _ in judged})
    row = {family: number for number, family in enumerate(families)}
    counts = np.zeros((len(families), len(labels), len(labels)))
    for record, axes in judged:
        gold, given = record.labels[axis], ranked(axes[axis].scores)[0]
        counts[row[record.group], labels.index(str(gold)), labels.index(given)] += 1
    chances = np.full(len(families), 1 / len(families))
    draws = np.random.default_rng(0).multinomial(len(families), chances, size=RESAMPLES)
    confusions = np.tensordot(draws, counts, axes=1)
    right = np.diagonal(confusions, axis1=1, axis2=2)
    f1 = 2 * right / np.maximum(confusions.sum(axis=1) + confusions.sum(axis=2), 1)
    low, high = np.quantile(f1.mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def precision(axis: Axis, judged: Judged) -> float:
    """Return how often a label that names a position is right where one is given."""
    given = [(record.labels[axis.name], axes[axis.name].label) for record, axes in judged]
    positions = [(gold, label) for gold, label in given if label not in (None, axis.no_stance)]
    return sum(gold == label for gold, label in positions) / max(1, len(positions))


def table(scheme: Scheme, judged: Judged) -> Iterator[str]:
    """Yield the README's table, line by line."""
    families = len({record.group for record, _ in judged})
    yield (
        f"`make eval`: {len(judged):,} real passages by {families} families of authors and "
        "organisations, each judged by a model that saw nothing of its family, only the others "
        "and the original corpus:"
    )
    yield ""
    yield (
        "| axis | macro-F1 (95%) | commonest label always | gives a label | right there "
        "| right where it names a position |"
    )
    yield "| --- | --- | --- | --- | --- | --- |"
    figures = {axis.name: compare(axis.name, judged) for axis in scheme.axes}
    for name, axis in figures.items():
        low, high = interval(name, scheme.axis(name).label_names, judged)
        named = precision(scheme.axis(name), judged)
        yield (
            f"| {name} | {axis.macro_f1:.2f} ({low:.2f}–{high:.2f}) | {axis.majority_macro_f1:.2f} "
            f"| {axis.committed:.0%} | {axis.committed_accuracy or 0:.0%} | {named:.0%} |"
        )
    yield ""
    for name, axis in figures.items():
        yield f"F1 by label, {name}: {by_label(axis)}."
    yield "The passages were coded by language models working from a codebook, not by people;"
    yield "two of them agree with each other at a macro-F1 of 0.86 to 0.92."


def by_label(axis: AxisFigures) -> str:
    """Return every label with its F1 and its number of passages."""
    return ", ".join(f"{k} {v.f1:.2f} ({v.support:,})" for k, v in axis.labels.items())


def main() -> int:
    """Print the table, and put it into the README if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("real", type=Path)
    parser.add_argument("--write", action="store_true", help="write the table into the README")
    arguments = parser.parse_args()
    if not arguments.real.is_file():
        sys.stderr.write(f"{arguments.real}: not at hand; accuracy is measured on it alone\n")
        return 1
    scheme = load_scheme()
    lines = "\n".join(table(scheme, judge(arguments.real, scheme)))
    sys.stdout.write(lines + "\n")
    if arguments.write:
        readme = ROOT / "README.md"
        old = readme.read_text("utf-8")
        marked = re.compile(r"(<!-- figures -->\n).*?(<!-- end -->)", re.DOTALL)
        new = marked.sub(lambda m: f"{m[1]}{lines}\n{m[2]}", old)
        readme.write_text(new, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
