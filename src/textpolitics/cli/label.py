"""``textpolitics label``: many texts into one table."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textpolitics.cli.options import EncodingOption, ModelOption
from textpolitics.errors import UsageError
from textpolitics.status import Status

if TYPE_CHECKING:
    from textpolitics.batch import Row
    from textpolitics.sources import Item
    from textpolitics.writers import Written


def run(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...", help="Files, folders, tables with a column 'text', or -."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The table to write: .csv, .jsonl or .parquet."),
    ],
    excel: Annotated[
        bool, typer.Option("--excel", help="Make a .csv safe to open in a spreadsheet.")
    ] = False,
    model: ModelOption = None,
    encoding: EncodingOption = None,
) -> None:
    """Label many texts: one row for every input, whatever becomes of it.

    Example: textpolitics label leaflets/ --output leaflets.csv
    """
    from textpolitics.batch import classify_items, columns, number_columns
    from textpolitics.sources import expand
    from textpolitics.storage import load
    from textpolitics.writers import Table, check_output, write_table

    check_output(output, excel=excel)
    classifier = load(model)
    if any(source != "-" and Path(source).resolve() == output.resolve() for source in sources):
        raise UsageError(str(output), "is also an input", "write to another file")
    inputs, total = _look_ahead(expand(sources, encoding, output))
    tally = Tally()
    items = expand(sources, encoding, output)
    table = Table(columns(classifier.scheme, inputs), number_columns(classifier.scheme), excel)
    with _progress(classify_items(classifier, items, encoding), total) as rows:
        cells = (row.cells(classifier.scheme, inputs) for row in map(tally.count, rows))
        written = write_table(cells, table, output)
    typer.echo("\n".join(tally.lines(written, output)), err=True)
    if tally.statuses[Status.FAILED]:
        raise typer.Exit(1)


def _progress(rows: Iterator[Row], total: int) -> AbstractContextManager[Iterable[Row]]:
    """Show a progress bar on a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        return nullcontext(rows)
    return typer.progressbar(rows, length=total, label="labelling", file=sys.stderr)


def _look_ahead(items: Iterable[Item]) -> tuple[list[str], int]:
    """Return the columns of all inputs and their number: a late column is not lost."""
    total = 0

    def counted() -> Iterator[Item]:
        nonlocal total
        for item in items:
            total += 1
            yield item

    from textpolitics.sources import input_columns

    columns = input_columns(counted())
    return columns, total


@dataclass(slots=True)
class Tally:
    """Counts for the summary at the end."""

    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)

    def count(self, row: Row) -> Row:
        """Count a row and hand it on."""
        result = row.result
        self.statuses[result.status] += 1
        if result.reason:
            self.reasons[f"{result.status} {result.reason}"] += 1
        for name, axis in result.axes.items():
            for label in (axis.label,) if isinstance(axis.label, str) else axis.label or ():
                self.labels[f"{name} {label}"] += 1
        return row

    def lines(self, written: Written, output: Path) -> Iterator[str]:
        """Yield the summary."""
        counts = ", ".join(f"{count} {status}" for status, count in self.statuses.items())
        yield f"wrote {written.rows} rows to {output}: {counts}"
        for what in (self.reasons, self.labels):
            for name, count in sorted(what.items()):
                yield f"  {count:>8} {name}"
        if written.harmless:
            yield f"  {written.harmless:>8} cells made harmless for spreadsheets with a leading '"
