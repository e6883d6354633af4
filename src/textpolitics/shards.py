"""A long run in pieces: shards on disk, workers, and going on after a sudden end.

A run keeps a work folder beside its output. ``manifest.json`` there says what the run
is (inputs, model, settings); every shard, a stretch of the inputs in their order, is
judged by one worker, written beside its place and renamed into it. So whatever
happens to the machine, a shard is there whole or not at all; who resumes does the
missing ones again, and the table put together from all of them has the same bytes
as that of a run that was never stopped.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from textpolitics.batch import Ids, Row, classify_item
from textpolitics.encoder import Encoder
from textpolitics.errors import TextPoliticsError, UsageError
from textpolitics.model import Model
from textpolitics.sandbox import Sandbox
from textpolitics.sources import Choice, Item
from textpolitics.storage import load

SHARD = 100
"""Inputs a shard, at most."""
LARGEST = 20_000_000
"""Bytes of inputs after which a shard ends early: some shards are in memory at once."""
MANIFEST = "manifest.json"
FORMAT = 1
"""Of the work folder; raise it when shards or manifest change."""
SLOWEST = 5
"""Inputs that a shard reports as its slowest."""

Cells = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What there is to label, after a first look.

    Attributes:
        columns: Names of all columns that the inputs bring, in order of appearance.
        total: How many inputs there are.
        digest: Checksum over their names, in order, and over sizes and times of files.
    """

    columns: tuple[str, ...]
    total: int
    digest: str


@dataclass(frozen=True, slots=True)
class Job:
    """What a run is: two runs of the same job write the same bytes.

    Attributes:
        inputs: The inputs.
        model: Name or folder of the model, as `textpolitics.load` takes it.
        version: Its version.
        choice: What is read of the sources.
        shard: Inputs a shard, at most.
    """

    inputs: Inputs
    model: str | None
    version: str
    choice: Choice = field(default_factory=Choice)
    shard: int = SHARD


@dataclass(frozen=True, slots=True)
class Done:
    """One finished shard.

    Attributes:
        number: Its number, from 0.
        rows: Its rows.
        slowest: Seconds and name of the inputs that took longest; empty for a shard of an
            earlier run.
    """

    number: int
    rows: int
    slowest: tuple[tuple[float, str], ...] = ()


def look_ahead(items: Iterable[Item]) -> Inputs:
    """Look at all inputs without judging them, so that no late column is lost."""
    columns: dict[str, None] = {}
    digest = hashlib.sha256()
    total = 0
    last: tuple[Path | None, str] = (None, "")
    for item in items:
        total += 1
        columns.update(dict.fromkeys(item.metadata))
        path = item.path or Path(item.source)
        if path != last[0]:
            last = (path, _stamp(path))
        digest.update(repr((item.source, item.record, item.own_id, last[1])).encode())
    return Inputs(tuple(columns), total, digest.hexdigest())


def _stamp(path: Path) -> str:
    """Return what tells whether a file has changed since; empty if it cannot be looked at."""
    try:
        state = path.stat()
    except (OSError, ValueError):
        return ""
    return f"{state.st_size} {state.st_mtime_ns}"


def work_folder(output: Path) -> Path:
    """Return the folder beside an output in which its run keeps its shards."""
    return output.with_name(f"{output.name}.work")


@contextmanager
def opened(folder: Path, job: Job, *, resume: bool) -> Iterator[None]:
    """Hold a work folder for one run alone.

    Args:
        folder: The folder; made if absent.
        job: What the run is.
        resume: Whether shards of an earlier run may be used.

    Raises:
        UsageError: If another run is at work there, if there is an unfinished run and
            `resume` is false, or if the unfinished run is another job.
    """
    from filelock import FileLock, Timeout

    folder.mkdir(exist_ok=True)
    lock = FileLock(folder / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        advice = "wait for it, or name another output"
        raise UsageError(str(folder), "another run is at work here", advice) from None
    try:
        _agree(folder, job, resume=resume)
        yield
    finally:
        lock.release()


def _agree(folder: Path, job: Job, *, resume: bool) -> None:
    """Write the manifest, or compare with the one that is there."""
    mine = json.loads(json.dumps({"format": FORMAT, **asdict(job)}, default=str))
    path = folder / MANIFEST
    if not path.exists():
        write_whole(path, json.dumps(mine, indent=1) + "\n")
        return
    if not resume:
        advice = "go on with --resume, or delete the folder"
        raise UsageError(str(folder), "holds an unfinished run", advice)
    try:
        theirs = json.loads(path.read_text("utf-8"))
    except ValueError:
        theirs = {}
    other = [name for name in mine if theirs.get(name) != mine[name]] if theirs else ["manifest"]
    if other:
        what = f"holds another run: it differs in {', '.join(_differing(theirs, mine, other))}"
        raise UsageError(str(folder), what, "delete the folder, or run the old command again")


def _differing(theirs: Mapping[str, Any], mine: Mapping[str, Any], names: list[str]) -> list[str]:
    """Return what differs, with both values where they are short."""
    found = []
    for name in names:
        old, new = theirs.get(name), mine.get(name)
        short = isinstance(old, (str, int)) and isinstance(new, (str, int))
        found.append(f"{name} ({old} there, {new} here)" if short else name)
    return found


def run(
    items: Iterable[Item], job: Job, folder: Path, model: Model, workers: int = 1
) -> Iterator[Done]:
    """Judge what is missing and yield every shard when it is done.

    Args:
        items: The inputs, in order.
        job: What the run is.
        folder: Its work folder, which must be held (`opened`).
        model: The model, for a run of one worker.
        workers: Processes to judge in; each loads the model once. 1 judges here.

    Raises:
        TextPoliticsError: If a worker died.
    """
    missing = _shards(items, job, folder)
    if workers == 1:
        with Sandbox() as sandbox:
            for number, given, earlier in missing:
                yield earlier or _label(number, given, job, folder, (model, sandbox))
        return
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import BrokenProcessPool

    pool = Parallel(n_jobs=workers, return_as="generator_unordered", pre_dispatch=2 * workers)
    tasks = (
        delayed(_label)(number, given, job, folder) if earlier is None else delayed(_same)(earlier)
        for number, given, earlier in missing
    )
    try:
        yield from pool(tasks)
    except BrokenProcessPool as error:
        what = "a worker died, perhaps for want of memory"
        advice = "go on with --resume and fewer --workers"
        raise TextPoliticsError(str(folder), what, advice) from error


def _same(done: Done) -> Done:
    return done


def _shards(
    items: Iterable[Item], job: Job, folder: Path
) -> Iterator[tuple[int, list[tuple[str, Item]], Done | None]]:
    """Yield number, inputs and, where it was done before, the end of every shard."""
    ids = Ids()
    for number, given in enumerate(_stretches(items, job.shard)):
        named = [(ids(item), item) for item in given]
        if _place(folder, number).exists():
            yield number, [], Done(number, len(given))
        else:
            yield number, named, None


def _stretches(items: Iterable[Item], most: int) -> Iterator[list[Item]]:
    """Cut the inputs into stretches of so many, fewer where they are large."""
    stretch: list[Item] = []
    size = 0
    for item in items:
        stretch.append(item)
        size += sum(len(part.data or part.text or "") for part in (item, *item.pages))
        if len(stretch) == most or size >= LARGEST:
            yield stretch
            stretch, size = [], 0
    if stretch:
        yield stretch


@lru_cache(maxsize=1)
def _equipment(model: str | None) -> tuple[Model, Sandbox]:
    """Return what a worker needs, made once; with one thread, since there are other workers."""
    found = load(model)
    encoder = found.encoder
    if encoder is not None:
        found = replace(found, encoder=Encoder(encoder.folder, encoder.width, threads=1))
    return found, Sandbox()


def _label(
    number: int,
    given: list[tuple[str, Item]],
    job: Job,
    folder: Path,
    equipment: tuple[Model, Sandbox] | None = None,
) -> Done:
    """Judge a shard and put it into its place."""
    model, sandbox = equipment or _equipment(job.model)
    lines, times = [], []
    for own_id, item in given:
        since = time.perf_counter()
        row = Row(item, own_id, classify_item(model, item, job.choice.encoding, sandbox))
        times.append((time.perf_counter() - since, item.source))
        cells = row.cells(model.scheme, job.inputs.columns)
        lines.append(json.dumps(cells, default=str) + "\n")
    write_whole(_place(folder, number), "".join(lines))
    return Done(number, len(lines), tuple(sorted(times, reverse=True)[:SLOWEST]))


def rows(folder: Path) -> Iterator[Cells]:
    """Yield the cells of all rows, in the order of the inputs.

    Args:
        folder: The work folder of a run that is complete.
    """
    for path in sorted(folder.glob("shard-*.jsonl")):
        with path.open(encoding="ascii") as file:
            yield from map(json.loads, file)


def clear(folder: Path) -> None:
    """Delete a work folder whose table has been written."""
    shutil.rmtree(folder)


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all, also after a power cut.

    Workers that outlive a killed run may write the same file, with the same content.
    """
    part = path.with_suffix(f".{os.getpid()}.part")
    with part.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _place(folder: Path, number: int) -> Path:
    return folder / f"shard-{number:07d}.jsonl"
