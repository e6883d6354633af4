"""``textpolitics label``: many texts into one table."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textpolitics.cli.options import EncodingOption, ModelOption
from textpolitics.errors import UsageError, one_line
from textpolitics.limits import MAX_MEMBER, MAX_TOTAL
from textpolitics.status import REASON_MEANINGS, Status

if TYPE_CHECKING:
    from textpolitics.scheme import Scheme
    from textpolitics.shards import Cells, Done, Job
    from textpolitics.sources import Choice
    from textpolitics.writers import Written

FEWEST = 200
"""Inputs that a further worker must have to itself."""
SHOWN, SLOW = 5, 10.0
"""How many slow inputs are named, and from how many seconds on."""
MINUTE = 60.0


def run(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...",
            help="Files, folders, archives (.zip, .tar, .tar.gz), tables, or -.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The table to write: .csv, .jsonl or .parquet."),
    ] = None,
    excel: Annotated[
        bool, typer.Option("--excel", help="Make a .csv safe to open in a spreadsheet.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Write nothing; say of every input whether it would be read."
        ),
    ] = False,
    text_column: Annotated[
        str | None,
        typer.Option(
            "--text-column",
            metavar="NAME",
            help="Column of tables with the text, if not 'text' or one of Omeka's.",
        ),
    ] = None,
    id_column: Annotated[
        str | None,
        typer.Option(
            "--id-column",
            metavar="NAME",
            help="Column of tables with the id, if not 'id' or one of Omeka's.",
        ),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB", help="Read only files like this, such as '*.pdf'; may be repeated."
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB", help="Leave out files like this, such as 'drafts/*'; may be repeated."
        ),
    ] = None,
    group_pages: Annotated[
        str | None,
        typer.Option(
            "--group-pages",
            metavar="PATTERN",
            help="Join page files into documents: what they are called, without the ending, "
            "such as '{stem}_p{page}' or '{stem}/{page}'.",
        ),
    ] = None,
    max_bytes: Annotated[
        int, typer.Option(min=1, metavar="N", help="Do not read files larger than this.")
    ] = MAX_MEMBER,
    max_unpacked: Annotated[
        int,
        typer.Option(
            min=1, metavar="N", help="Do not unpack an archive to more than this, all in all."
        ),
    ] = MAX_TOTAL,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was stopped.")
    ] = False,
    workers: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Processes that label side by side; 0 is one a processor, fewer for few inputs.",
        ),
    ] = 0,
    model: ModelOption = None,
    encoding: EncodingOption = None,
) -> None:
    """Label many texts: one row for every input, whatever becomes of it.

    Example: textpolitics label leaflets/ scans.zip --output leaflets.csv
    """
    from textpolitics.grouping import Selection
    from textpolitics.limits import Limits
    from textpolitics.sources import Choice
    from textpolitics.tables import Columns

    choice = Choice(
        encoding=encoding,
        without=output,
        columns=Columns(text_column, id_column),
        selection=Selection(tuple(include or ()), tuple(exclude or ()), group_pages),
        limits=Limits(max_bytes, max_unpacked),
    )
    if dry_run:
        _dry_run(sources, choice)
        return
    if output is None:
        raise UsageError("--output", "is missing", "name the table to write")
    _check(sources, output, excel=excel)
    run = Run(sources, choice, output, model, excel, resume, workers)
    if run.label():
        raise typer.Exit(1)


def _check(sources: list[str], output: Path, *, excel: bool) -> None:
    from textpolitics.writers import check_output

    check_output(output, excel=excel)
    if any(source != "-" and Path(source).resolve() == output.resolve() for source in sources):
        raise UsageError(str(output), "is also an input", "write to another file")


@dataclass(frozen=True, slots=True)
class Run:
    """What the command was asked for."""

    sources: list[str]
    choice: Choice
    output: Path
    model: str | None
    excel: bool
    resume: bool
    workers: int

    def label(self) -> bool:
        """Label everything, write the table, and return whether an input failed."""
        from textpolitics import shards
        from textpolitics.sources import expand
        from textpolitics.storage import load

        classifier = load(self.model)
        inputs = shards.look_ahead(expand(self.sources, self.choice, contents=False))
        choice = replace(self.choice, without=None)
        job = shards.Job(inputs, self.model, classifier.version, choice)
        folder = shards.work_folder(self.output)
        tally = Tally(classifier.scheme)
        try:
            with shards.opened(folder, job, resume=self.resume):
                items = expand(self.sources, self.choice)
                done = shards.run(items, job, folder, classifier, self._workers(inputs.total))
                slowest = _watched(done, inputs.total)
                rows = map(tally.count, shards.rows(folder))
                written = write(rows, job, classifier.scheme, self)
                shards.clear(folder)
        except KeyboardInterrupt:
            kept = f"textpolitics: {folder}: keeps what is done; go on with --resume"
            typer.echo(kept, err=True)
            raise
        typer.echo("\n".join((*tally.lines(written, self.output), *slowest)), err=True)
        if written.rows != inputs.total:
            changed = f"{inputs.total} inputs at first, {written.rows} in the end"
            typer.echo(f"textpolitics: the inputs changed meanwhile: {changed}", err=True)
        return bool(tally.statuses[Status.FAILED])

    def _workers(self, total: int) -> int:
        """Return how many processes to use: starting one takes as long as some hundred texts."""
        if "-" in self.sources:  # standard input is this process's own
            return 1
        return self.workers or max(1, min(os.cpu_count() or 1, total // FEWEST))


def write(rows: Iterable[Cells], job: Job, scheme: Scheme, run: Run) -> Written:
    """Write the table."""
    from textpolitics.batch import columns, number_columns
    from textpolitics.writers import Table, write_table

    table = Table(columns(scheme, job.inputs.columns), number_columns(scheme), run.excel)
    return write_table(rows, table, run.output)


def _dry_run(sources: list[str], choice: Choice) -> None:
    """Print what would become of every input."""
    from textpolitics.sources import expand

    total: Counter[str] = Counter()
    for item in expand(sources, choice, contents=False):
        name = item.source if item.record is None else f"{item.source}:{item.record}"
        error = item.error
        what, detail = "read", ""
        if error is not None:
            what, detail = (
                f"{REASON_MEANINGS[error.reason][0]} {error.reason}",
                f" ({error.detail})",
            )
        elif item.pages:
            detail = f" ({len(item.pages)} pages)"
        total[what] += 1
        typer.echo(one_line(f"{name}: {what}{detail}"))
    counts = ", ".join(f"{count} {what}" for what, count in sorted(total.items()))
    typer.echo(f"{total.total()} inputs: {counts}" if total else "0 inputs")


def _watched(done: Iterator[Done], total: int) -> list[str]:
    """Wait for all shards, say how far it is, and return lines about the slowest inputs.

    That is a bar on a terminal, and a line a minute elsewhere.
    """
    slowest: list[tuple[float, str]] = []
    begun = told = time.monotonic()
    rows = 0
    bar = typer.progressbar(length=total, label="labelling", file=sys.stderr)
    with bar if sys.stderr.isatty() else nullcontext() as shown:
        for shard in done:
            rows += shard.rows
            slowest = sorted((*slowest, *shard.slowest), reverse=True)[:SHOWN]
            now = time.monotonic()
            if shown is not None:
                shown.update(shard.rows)
            elif now - told > MINUTE:
                told = now
                rate = rows / (now - begun)
                typer.echo(f"{rows:,} of {total:,} inputs, {rate:.1f} a second", err=True)
    return [f"  {sec:>7.1f}s {one_line(name)}" for sec, name in slowest if sec >= SLOW]


@dataclass(slots=True)
class Tally:
    """Counts for the summary at the end."""

    scheme: Scheme
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)

    def count(self, row: Cells) -> Cells:
        """Count a row and hand it on."""
        self.statuses[row["status"]] += 1
        if row["reason"]:
            self.reasons[f"{row['status']} {row['reason']}"] += 1
        for axis in self.scheme.axes:
            for label in filter(None, (row[axis.column] or "").split(";")):
                self.labels[f"{axis.name} {label}"] += 1
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
