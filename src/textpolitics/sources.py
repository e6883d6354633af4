"""Where texts come from: files, folders, standard input and tables, as one stream.

Every input is an `Item`, also one that turns out not to be readable: nothing is
dropped on the way.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from textpolitics.document import Document
from textpolitics.errors import ReadError
from textpolitics.readers import check_encoding, read
from textpolitics.readers.encoding import normalise
from textpolitics.status import Reason
from textpolitics.tables import is_table, read_table

STANDARD_INPUT = "-"
LARGEST = 500_000_000
"""Bytes above which a file is not read but recorded as ``too_large``."""


@dataclass(frozen=True, slots=True)
class Item:
    """One input: a file, or a record of a table.

    Attributes:
        source: The file as the user named it, or as found in a folder.
        record: Number of the record in its table, from 1; None for a whole file.
        own_id: The record's own id, if it has one.
        path: The file to read; None for a record or standard input.
        text: The record's text.
        metadata: The record's fields as they stand in the table.
        error: Why the input cannot be read, where that is known already.
    """

    source: str
    record: int | None = None
    own_id: str | None = None
    path: Path | None = None
    text: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    error: ReadError | None = None

    def document(self, encoding: str | None = None) -> Document:
        """Read the input.

        Args:
            encoding: Character encoding to read a text file with; None is to find out.

        Raises:
            ReadError: With the reason why it cannot be read.
        """
        if self.error is not None:
            raise self.error
        if self.text is not None:
            return Document(normalise(self.text), self.source, "record")
        if self.path is not None:
            return read_path(self.path, encoding, self.source)
        data = sys.stdin.buffer.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise ReadError(self.source, Reason.TOO_LARGE, f"the limit is {LARGEST} bytes")
        return read(data, "standard input", encoding)


def read_path(path: Path, encoding: str | None = None, name: str | None = None) -> Document:
    """Read one file into a document.

    Args:
        path: The file.
        encoding: Character encoding of a text file; None is to find out.
        name: What to call the document; None is the path.

    Raises:
        ReadError: With the reason why it cannot be read.
    """
    name = str(path) if name is None else name
    try:
        if path.is_dir():
            raise ReadError(name, Reason.UNSUPPORTED, "a folder; use: textpolitics label FOLDER")
        if not path.is_file():
            what = "no such file" if not path.exists() else "not a regular file"
            reason = Reason.MISSING if not path.exists() else Reason.UNSUPPORTED
            raise ReadError(name, reason, what)
        size = path.stat().st_size
        if size > LARGEST:
            raise ReadError(name, Reason.TOO_LARGE, f"{size} bytes; the limit is {LARGEST}")
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise ReadError(name, Reason.MISSING, what) from error
    return read(data, name, encoding)


def given(files: Iterable[str]) -> Iterator[Item]:
    """Yield single files, and standard input for ``-``, just as they are named."""
    for file in files:
        yield Item(file, path=None if file == STANDARD_INPUT else Path(file))


def expand(
    sources: Iterable[str], encoding: str | None = None, without: Path | None = None
) -> Iterator[Item]:
    """Yield every input that the sources hold, in order.

    A folder stands for its files in sorted order, sub-folders included; a table
    (``.jsonl``, ``.csv``, ``.parquet``) for its records.

    Args:
        sources: Files, folders, tables, or ``-`` for standard input.
        encoding: Character encoding of tables of text; None is to find out.
        without: A file that is no input where a folder holds it: the output.

    Raises:
        UsageError: If there is no such encoding.
    """
    if encoding is not None:
        check_encoding(encoding)
    for source in sources:
        path = Path(source)
        if source == STANDARD_INPUT:
            yield Item(source)
        elif not path.is_dir():
            yield from _file(path, source, encoding)
        else:
            for inner in _walk(path):
                if isinstance(inner, Item):
                    yield inner
                elif without is None or not _same(inner, without):
                    yield from _file(inner, inner.as_posix(), encoding)


def input_columns(items: Iterable[Item]) -> list[str]:
    """Return the names of all metadata fields, in the order of first appearance."""
    return list(dict.fromkeys(name for item in items for name in item.metadata))


def _walk(folder: Path) -> Iterator[Path | Item]:
    """Yield the files of a folder in sorted order; what is not followed is an item."""
    found: list[tuple[str, Path | Item]] = []

    def unreadable(error: OSError) -> None:
        where = Path(error.filename).as_posix()
        what = ReadError(where, Reason.MISSING, error.strerror or "not readable")
        found.append((where, Item(where, error=what)))

    for parent, folders, files in os.walk(folder, onerror=unreadable):
        for name in files:
            path = Path(parent, name)
            found.append((path.as_posix(), path))
        for path in (Path(parent, name) for name in folders if Path(parent, name).is_symlink()):
            what = ReadError(path.as_posix(), Reason.NOT_A_DOCUMENT, "a link to a folder")
            found.append((path.as_posix(), Item(path.as_posix(), error=what)))
    for _, entry in sorted(found, key=lambda named: PurePosixPath(named[0]).parts):
        yield entry


def _same(path: Path, output: Path) -> bool:
    """Tell whether a file is the output, or the unfinished one beside it."""
    unfinished = path.name.startswith(f".{output.name}.") and path.suffix == ".part"
    return (unfinished or path.name == output.name) and path.parent.samefile(output.parent)


def _file(path: Path, source: str, encoding: str | None) -> Iterator[Item]:
    if not is_table(path) or not path.is_file():
        yield Item(source, path=path)
        return
    try:
        for number, fields in read_table(path, source, encoding):
            if isinstance(fields, ReadError):
                yield Item(source, record=number, error=fields)
            else:
                yield _record(source, number, fields)
    except ReadError as error:
        yield Item(source, error=error)


def _record(source: str, number: int, fields: Mapping[str, Any]) -> Item:
    text = fields.get("text")
    own_id = fields.get("id")
    where = f"{source}:{number}"
    error = None
    if not isinstance(text, str):
        error = ReadError(where, Reason.BAD_RECORD, "no text in the column 'text'")
    elif not text.strip():
        error = ReadError(where, Reason.EMPTY, "the text is empty")
    return Item(
        source,
        record=number,
        own_id=None if own_id in (None, "") else str(own_id),
        text=text if isinstance(text, str) else None,
        metadata=fields,
        error=error,
    )
