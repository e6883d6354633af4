"""Tables to records: JSON lines, CSV and Parquet, one function and one row each."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from textpolitics.errors import MissingExtraError, ReadError
from textpolitics.readers.encoding import decode_exactly
from textpolitics.status import Reason

Fields = Mapping[str, Any]
TEXT = "text"
_LONGEST_CELL = 2**31 - 1


def is_table(path: Path) -> bool:
    """Tell by its name whether a file is a table."""
    return path.suffix.lower() in _READERS


def read_table(
    path: Path, source: str, encoding: str | None = None
) -> Iterator[tuple[int, Fields | ReadError]]:
    """Yield the number (from 1) and the fields of every record of a table.

    A record that cannot be read is yielded as its error.

    Args:
        path: The table.
        source: Its name in messages.
        encoding: Character encoding of JSON lines and CSV; None is to find out.

    Raises:
        ReadError: If the table itself cannot be read on.
        MissingExtraError: If it is Parquet and pyarrow is absent.
    """
    empty = True
    try:
        for numbered in _READERS[path.suffix.lower()](path, source, encoding):
            empty = False
            yield numbered
    except (OSError, ValueError) as error:
        what = (str(error) or type(error).__name__).splitlines()[0]
        raise ReadError(source, Reason.CORRUPT, what) from error
    if empty:
        raise ReadError(source, Reason.EMPTY, "a table without records")


def _jsonl(
    path: Path, source: str, encoding: str | None
) -> Iterator[tuple[int, Fields | ReadError]]:
    with path.open("rb") as file:
        for number, line in enumerate(_lines(file), start=1):
            if not line.strip():
                continue
            try:
                fields = json.loads(decode_exactly(line, source, encoding)[0])
                if not isinstance(fields, dict):
                    raise ValueError("not a JSON object")
            except (ValueError, RecursionError, ReadError) as error:
                reason = error.detail if isinstance(error, ReadError) else str(error)
                what = f"line {number}: {reason or 'nested too deeply'}"
                yield number, ReadError(f"{source}:{number}", Reason.BAD_RECORD, what)
            else:
                yield number, fields


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield lines, those of a UTF-16 export too."""
    start = file.read(2)
    file.seek(0)
    if start in (b"\xff\xfe", b"\xfe\xff"):
        yield from file.read().decode("utf-16").encode().split(b"\n")
    else:
        yield from file


def _csv(path: Path, source: str, encoding: str | None) -> Iterator[tuple[int, Fields | ReadError]]:
    text, _ = decode_exactly(path.read_bytes(), source, encoding)
    csv.field_size_limit(_LONGEST_CELL)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        header = _distinct(next(rows, []))
        _check_columns(header, source)
        for number, row in enumerate(filter(None, rows), start=1):
            if len(row) > len(header):
                what = f"record {number} has {len(row)} cells, the header has {len(header)}"
                yield number, ReadError(f"{source}:{number}", Reason.BAD_RECORD, what)
            else:
                yield number, dict(zip(header, row, strict=False))
    except csv.Error as error:
        what = f"line {rows.line_num}: {error}"
        raise ReadError(source, Reason.CORRUPT, what) from error


def _delimiter(text: str) -> str:
    """Return what separates the column ``text`` from others in the first line: mostly a comma."""
    first = text.partition("\n")[0]
    for delimiter in ",;\t":
        if TEXT in (name.strip('" \r') for name in first.split(delimiter)):
            return delimiter
    return ","


def _check_columns(names: Sequence[str], source: str) -> None:
    if names and TEXT not in names:
        what = f"no column {TEXT!r}; its columns are: {', '.join(names)[:200]}"
        raise ReadError(source, Reason.BAD_RECORD, what)


def _distinct(names: list[str]) -> list[str]:
    """Put a number behind columns that have the name of an earlier one, so that none is lost."""
    distinct: list[str] = []
    for name in names:
        candidate, number = name, 1
        while candidate in distinct:
            number += 1
            candidate = f"{name}_{number}"
        distinct.append(candidate)
    return distinct


def _parquet(path: Path, source: str, _: str | None) -> Iterator[tuple[int, Fields | ReadError]]:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError(source, "pyarrow", "parquet") from error
    with pyarrow.parquet.ParquetFile(path) as table:
        _check_columns(table.schema_arrow.names, source)
        records = (r for batch in table.iter_batches(batch_size=1000) for r in batch.to_pylist())
        yield from enumerate(records, start=1)


_READERS: dict[str, Callable[[Path, str, str | None], Iterator[tuple[int, Fields | ReadError]]]] = {
    ".jsonl": _jsonl,
    ".csv": _csv,
    ".parquet": _parquet,
}
