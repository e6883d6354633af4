"""Where texts come from: files, folders, standard input and tables, as one stream.

Every input is an `Item`, also one that turns out not to be readable: nothing is
dropped on the way.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from textpolitics.document import Document
from textpolitics.errors import MissingExtraError, ReadError
from textpolitics.readers import read
from textpolitics.readers.encoding import decode, normalise
from textpolitics.status import Reason

STANDARD_INPUT = "-"
LARGEST = 500_000_000
"""Bytes above which a file is not read but recorded as ``too_large``."""

TABLES = (".jsonl", ".csv", ".parquet")
_LONGEST_CELL = 2**31 - 1


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
        return read(sys.stdin.buffer.read(), "standard input", encoding)


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


def expand(sources: Iterable[str]) -> Iterator[Item]:
    """Yield every input that the sources hold, in order.

    A folder stands for its files in sorted order, sub-folders included; a table
    (``.jsonl``, ``.csv``, ``.parquet``) for its records.
    """
    for source in sources:
        path = Path(source)
        if source != STANDARD_INPUT and path.is_dir():
            for inner in sorted(p for p in path.rglob("*") if not p.is_dir()):
                yield from _expand_file(inner, inner.as_posix())
        else:
            yield from _expand_file(path, source)


def input_columns(items: Iterable[Item]) -> list[str]:
    """Return the names of all metadata fields, in the order of first appearance."""
    return list(dict.fromkeys(name for item in items for name in item.metadata))


def _expand_file(path: Path, source: str) -> Iterator[Item]:
    if source == STANDARD_INPUT:
        yield Item(source)
    elif path.suffix.lower() not in TABLES or not path.is_file():
        yield Item(source, path=path)
    else:
        try:
            empty = True
            for item in _READ_TABLE[path.suffix.lower()](path, source):
                empty = False
                yield item
            if empty:
                raise ReadError(source, Reason.EMPTY, "a table without records")
        except ReadError as error:
            yield Item(source, error=error)
        except (OSError, ValueError) as error:
            what = str(error).splitlines()[0] if str(error) else type(error).__name__
            yield Item(source, error=ReadError(source, Reason.CORRUPT, what))


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


def _jsonl(path: Path, source: str) -> Iterator[Item]:
    with path.open("rb") as file:
        for number, line in enumerate(_lines(file), start=1):
            if not line.strip():
                continue
            try:
                fields = json.loads(decode(line, source)[0])
                if not isinstance(fields, dict):
                    raise ValueError("not a JSON object")
            except (ValueError, RecursionError, ReadError) as error:
                what = f"line {number}: {error or 'nested too deeply'}"
                bad = ReadError(f"{source}:{number}", Reason.BAD_RECORD, what)
                yield Item(source, record=number, error=bad)
            else:
                yield _record(source, number, fields)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield lines, those of a UTF-16 export too."""
    start = file.read(4)
    file.seek(0)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield from file.read().decode("utf-16").encode().splitlines()
    else:
        yield from file


def _csv(path: Path, source: str) -> Iterator[Item]:
    text, _ = decode(path.read_bytes(), source)
    csv.field_size_limit(_LONGEST_CELL)
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(rows, [])
        for number, row in enumerate(rows, start=1):
            if not row:
                continue
            if len(row) > len(header):
                what = f"record {number} has {len(row)} cells, the header has {len(header)}"
                bad = ReadError(f"{source}:{number}", Reason.BAD_RECORD, what)
                yield Item(source, record=number, error=bad)
            else:
                yield _record(source, number, dict(zip(header, row, strict=False)))
    except csv.Error as error:
        what = f"line {rows.line_num}: {error}"
        raise ReadError(source, Reason.CORRUPT, what) from error


def _parquet(path: Path, source: str) -> Iterator[Item]:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError(source, "pyarrow", "parquet") from error
    with pyarrow.parquet.ParquetFile(path) as table:
        number = 0
        for batch in table.iter_batches(batch_size=1000):
            for fields in batch.to_pylist():
                number += 1
                yield _record(source, number, fields)


_READ_TABLE = {".jsonl": _jsonl, ".csv": _csv, ".parquet": _parquet}
