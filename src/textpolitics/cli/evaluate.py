"""``textpolitics evaluate``: how good a model is on an annotated corpus."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textpolitics.cli.options import JsonOption, ModelOption

if TYPE_CHECKING:
    from textpolitics.evaluation import AxisFigures, Evaluation


def run(
    corpora: Annotated[
        list[Path], typer.Argument(metavar="CORPUS...", help="Corpus files (.jsonl) or folders.")
    ],
    model: ModelOption = None,
    as_json: JsonOption = False,
    include_seen: Annotated[
        bool,
        typer.Option("--include-seen", help="Count texts and groups the model was trained on."),
    ] = False,
) -> None:
    """Compare a model's labels with those of annotated corpora.

    Example: textpolitics evaluate my-corpus.jsonl --model my-model
    """
    from textpolitics.corpus import read_corpus
    from textpolitics.evaluation import evaluate
    from textpolitics.storage import load

    loaded = load(model)
    records = read_corpus(corpora, loaded.scheme)
    figures = evaluate(loaded, records, include_seen=include_seen)
    if as_json:
        typer.echo(json.dumps(figures.to_dict(), ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(_lines(figures)))


def _lines(figures: Evaluation) -> Iterator[str]:
    what = "also counted, so the figures flatter" if figures.includes_seen else "left out"
    mark = " *" if figures.includes_seen else ""
    yield f"{figures.records} texts; {figures.seen} known from training: {what}"
    for name, axis in figures.axes.items():
        yield ""
        yield from _axis(name, axis, mark)
    if mark:
        yield "\n* with texts or groups that the model was trained on"


def _axis(name: str, axis: AxisFigures, mark: str) -> Iterator[str]:
    yield f"{name} ({axis.records} texts)"
    yield f"  {'':<20}{'model':>8}{'majority':>10}"
    yield f"  {'macro-F1':<20}{axis.macro_f1:8.3f}{axis.majority_macro_f1:10.3f}{mark}"
    yield f"  {'accuracy':<20}{axis.accuracy:8.3f}{axis.majority_accuracy:10.3f}{mark}"
    sure = (
        "" if axis.committed_accuracy is None else f", accuracy there {axis.committed_accuracy:.3f}"
    )
    yield f"  given a label: {axis.committed:.1%}{sure}{mark}"
    yield f"  {'label':<20}{'precision':>10}{'recall':>8}{'F1':>8}{'texts':>7}"
    for label, figures in axis.labels.items():
        numbers = f"{figures.precision:10.3f}{figures.recall:8.3f}{figures.f1:8.3f}"
        yield f"  {label:<20}{numbers}{figures.support:7}{mark}"
    if axis.confusion:
        yield "  rows: corpus label, columns: given label"
        yield "  " + " " * 20 + "".join(f"{column[:12]:>14}" for column in axis.confusion)
        for row, cells in axis.confusion.items():
            yield f"  {row:<20}" + "".join(f"{count:>14}" for count in cells.values()) + mark
