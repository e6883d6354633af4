"""Where texts come from: files, folders, archives, standard input and tables, as one stream.

Every input is an `Item`, also one that turns out not to be readable: nothing is
dropped on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from textpolitics.archives import Found, is_archive, opened
from textpolitics.errors import ReadError
from textpolitics.grouping import IMAGES, Selection, is_image
from textpolitics.items import STANDARD_INPUT, Item, read_path
from textpolitics.limits import MAX_DEPTH, SPOOL, Allowance, Limits
from textpolitics.packages import verify
from textpolitics.places import Entry, Place, files, folder, trouble
from textpolitics.plans import Plan, Step, plan
from textpolitics.readers import check_encoding
from textpolitics.status import Reason
from textpolitics.tables import Columns, Table, is_table, read_table

__all__ = ["STANDARD_INPUT", "Choice", "Item", "expand", "given", "read_path"]


_TOO_MUCH = "the archive unpacks to more than its limit; unpack it yourself if you trust it"


@dataclass(frozen=True, slots=True)
class Choice:
    """What to read of the sources, and how.

    Attributes:
        encoding: Character encoding of tables of text; None is to find out.
        without: A file that is no input where a folder holds it: the output.
        columns: Which columns of tables to read.
        selection: Which files to read, and which belong together.
        limits: What is not read for its size.
    """

    encoding: str | None = None
    without: Path | None = None
    columns: Columns = field(default_factory=Columns)
    selection: Selection = field(default_factory=Selection)
    limits: Limits = field(default_factory=Limits)


def given(names: Iterable[str]) -> Iterator[Item]:
    """Yield single files, and standard input for ``-``, just as they are named."""
    for name in names:
        yield Item(name, path=None if name == STANDARD_INPUT else Path(name))


def expand(
    sources: Iterable[str], choice: Choice | None = None, *, contents: bool = True
) -> Iterator[Item]:
    """Yield every input that the sources hold, in order.

    A folder stands for its files in sorted order, sub-folders included; an archive for
    its members, those of a zip sorted, those of a tar as they are stored; a table
    (``.jsonl``, ``.csv``, ``.parquet``) for its records. Files of one document that lie
    together, or are named one after the other, are one input to be read and others that
    are part of it.

    Args:
        sources: Files, folders, archives, tables, or ``-`` for standard input.
        choice: What to read of them; None is everything.
        contents: Whether items of archives bring their content, and bags are verified.
            Without, the same inputs come faster.

    Raises:
        UsageError: If there is no such encoding.
    """
    choice = choice or Choice()
    if choice.encoding is not None:
        check_encoding(choice.encoding)
    walk = _Walk(choice, contents)
    for kind, names in groupby(sources, _kind):
        if kind == "file":
            yield from walk.place(files(list(names)))
            continue
        for name in names:
            if kind == "folder":
                yield from walk.place(folder(name))
            else:
                yield Item(name, limit=choice.limits.member)


def _kind(source: str) -> str:
    if source == STANDARD_INPUT:
        return "stream"
    return "folder" if Path(source).is_dir() else "file"


@dataclass(frozen=True, slots=True)
class _Walk:
    """Goes through places and what is nested in them.

    Attributes:
        choice: What to read.
        contents: Whether to read the content of members, and to verify bags.
        allowance: What the outermost archive may still unpack; None outside of archives.
        depth: In how many archives.
    """

    choice: Choice
    contents: bool
    allowance: Allowance | None = None
    depth: int = 0

    def place(self, place: Place) -> Iterator[Item]:
        """Yield the inputs of a place."""
        made = plan(place, self.choice.selection)
        for step in made.steps:
            without = self.choice.without if place.path is None and place.source else None
            if without is None or not _same(place.where(step.entry)[0], without):
                yield from self._step(place, step, made)

    def _step(self, place: Place, step: Step, made: Plan) -> Iterator[Item]:
        entry = step.entry
        path, member = place.where(entry)
        limit = self.choice.limits.member
        item = Item(place.name(entry), path=path, member=member, limit=limit)
        many = not step.error and not step.pages
        many = many and (is_archive(entry.name) or is_table(entry.name))
        error = self._checked(place, step, made, now=many) or step.error
        if error is not None:
            yield replace(item, error=error)
        elif step.pages:
            yield self._joined(place, step, made, item)
        elif is_archive(entry.name):
            yield from self._archive(place, entry, item)
        elif is_table(entry.name):
            yield from self._table(place, entry, item)
        else:
            yield self._document(place, entry, item)

    def _checked(
        self, place: Place, step: Step, made: Plan, *, now: bool = False
    ) -> ReadError | None:
        """Return what is wrong with a file by the checksums of its bag.

        Args:
            place: Where it lies.
            step: What becomes of it: a file that is left out is not compared.
            made: Has the checksums.
            now: Whether to compare also where no contents are wanted, since what is in
                the file is needed.
        """
        sums = made.sums.get(step.entry.name)
        reason = step.error.reason if step.error else None
        if not sums or reason not in (None, Reason.PART_OF, Reason.NOT_A_DOCUMENT):
            return None
        if not self._affords(place, step.entry):
            return place.error(step.entry, Reason.TOO_LARGE, _TOO_MUCH)
        if not now and not self.contents:
            return None
        return verify(place, step.entry, sums, self.choice.limits.total)

    def _document(self, place: Place, entry: Entry, item: Item) -> Item:
        """Return a member with its content, if that is wanted; a file on disk is read later."""
        if place.path is None:
            return item
        start = place.head(entry, 64) if entry.name.lower().endswith(IMAGES) else b""
        if is_image(start):
            return replace(item, data=start)
        error = self._too_large(place, entry)
        if error is not None or not self.contents:
            return replace(item, error=error)
        try:
            return replace(item, data=place.read(entry, self.choice.limits.member))
        except ReadError as failure:
            return replace(item, error=failure)

    def _joined(self, place: Place, step: Step, made: Plan, item: Item) -> Item:
        pages: list[Item] = []
        for entry in step.pages:
            path, member = place.where(entry)
            page = replace(item, source=place.name(entry), path=path, member=member)
            page = self._document(place, entry, page)
            error = page.error or self._checked(place, Step(entry), made)
            if error is not None:
                detail = f"{page.source}: {error.detail}"
                return replace(item, error=ReadError(item.source, error.reason, detail))
            pages.append(page)
        return replace(item, pages=tuple(pages))

    def _too_large(self, place: Place, entry: Entry) -> ReadError | None:
        """Use up what a member takes of the limits; return the error if it takes too much."""
        limit = self.choice.limits.member
        if entry.size > limit and not is_archive(entry.name):
            what = f"{entry.size} bytes; the limit is {limit}"
            return place.error(entry, Reason.TOO_LARGE, what)
        if not self._affords(place, entry):
            return place.error(entry, Reason.TOO_LARGE, _TOO_MUCH)
        return None

    def _affords(self, place: Place, entry: Entry) -> bool:
        """Take from the allowance what reading a member unpacks; False if that is too much."""
        return place.paid or self.allowance is None or self.allowance.take(entry.size)

    def _archive(self, place: Place, entry: Entry, item: Item) -> Iterator[Item]:
        if self.depth >= MAX_DEPTH:
            what = f"nested deeper than {MAX_DEPTH} archives"
            yield replace(item, error=place.error(entry, Reason.TOO_LARGE, what))
            return
        try:
            with self._seekable(place, entry) as file:
                size = file.seek(0, 2)
                file.seek(0)
                allowance = self.allowance or self.choice.limits.allowance(size)
                where = (item.path or Path(item.source), item.member or "")
                with opened(file, item.source, where, allowance) as found:
                    if found is not None:
                        yield from self._members(found, allowance, item)
                        return
        except ReadError as error:
            yield replace(item, error=error)
            return
        yield self._document(place, entry, item)

    def _members(self, found: Found, allowance: Allowance, item: Item) -> Iterator[Item]:
        if found.damage is None and not found.place.entries:
            yield replace(item, error=ReadError(item.source, Reason.EMPTY, "an empty archive"))
        inner = replace(self, allowance=allowance, depth=self.depth + 1)
        yield from inner.place(found.place)
        if found.damage is not None:
            yield replace(item, error=found.damage)

    def _table(self, place: Place, entry: Entry, item: Item) -> Iterator[Item]:
        table = Table(
            item.source, self.choice.encoding, self.choice.columns, self.choice.limits.member
        )
        try:
            with self._seekable(place, entry) as file:
                for record in read_table(file, table):
                    own_id = record.id
                    yield replace(
                        item,
                        record=record.number,
                        own_id=None if own_id in (None, "") else str(own_id),
                        text=record.text if isinstance(record.text, str) else None,
                        metadata=record.fields,
                        error=record.error,
                    )
        except ReadError as error:
            yield replace(item, error=error)

    @contextmanager
    def _seekable(self, place: Place, entry: Entry) -> Iterator[BinaryIO]:
        """Open a file so that it can be read from any point: a member from a temporary file.

        Raises:
            ReadError: If it cannot be read, or is too large.
        """
        if place.path is None:
            try:
                file = place.opener(entry)
            except OSError as failure:
                raise trouble(failure, place.name(entry)) from failure
            with file:
                yield file
            return
        error = self._too_large(place, entry)
        if error is not None:
            raise error
        with SpooledTemporaryFile(max_size=SPOOL) as spool:
            for chunk in place.chunks(entry, self.choice.limits.total):
                spool.write(chunk)
            spool.seek(0)
            yield cast("BinaryIO", spool)


def _same(path: Path, output: Path) -> bool:
    """Tell whether a file is the output, the unfinished one or the work folder beside it."""
    work = f"{output.name}.work"
    if work in path.parts:
        above = path.parents[len(path.parts) - 1 - path.parts.index(work)]
        return above.samefile(output.parent)
    unfinished = path.name.startswith(f".{output.name}.") and path.suffix == ".part"
    return (unfinished or path.name == output.name) and path.parent.samefile(output.parent)
