"""Rows to CSV, JSON lines and Parquet."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from textpolitics.errors import MissingExtraError, UsageError

Cells = Mapping[str, Any]
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_BOM = "\ufeff"
_ERRORS = "backslashreplace"  # halves of characters, as in file names of unknown encoding


@dataclass(frozen=True, slots=True)
class Table:
    """The shape of a table.

    Attributes:
        columns: All columns, in order.
        numbers: Those that hold floating-point numbers.
        excel: For a CSV: write a byte order mark, and a ``'`` before text cells that
            a spreadsheet would run as a formula.
    """

    columns: Sequence[str]
    numbers: frozenset[str] = frozenset()
    excel: bool = False


@dataclass(slots=True)
class Written:
    """What was written.

    Attributes:
        rows: Number of rows.
        harmless: Number of cells that were made harmless for spreadsheets.
    """

    rows: int = 0
    harmless: int = 0


def check_output(path: Path, *, excel: bool = False) -> None:
    """Refuse an output that cannot be written, before any work is done.

    Args:
        path: The table to be written.
        excel: Whether it is to be made safe for spreadsheets.

    Raises:
        UsageError: If the suffix is unknown, the folder is missing, or `excel` is
            asked for where the output is no CSV, or a folder has its name.
        MissingExtraError: If Parquet is asked for and pyarrow is absent.
    """
    if path.suffix.lower() not in _WRITERS:
        known = ", ".join(_WRITERS)
        raise UsageError(str(path), "not a table format", f"end its name in one of: {known}")
    if excel and path.suffix.lower() != ".csv":
        raise UsageError("--excel", "goes with a .csv output only", f"not with {path.name}")
    if path.is_dir():
        raise UsageError(str(path), "is a folder", "name a file to write")
    if not path.parent.is_dir():
        raise UsageError(str(path.parent), "no such folder", "make it first")
    if path.suffix.lower() == ".parquet":
        _pyarrow(path)


def write_table(rows: Iterable[Cells], table: Table, path: Path) -> Written:
    r"""Write rows to a table; the file appears whole or not at all.

    CSV is UTF-8 without byte order mark, with ``\n`` line ends; a missing value is
    an empty cell, a list or object is JSON.

    Args:
        rows: Cells by column.
        table: Its columns and how to write it.
        path: Where to; the suffix says the format.
    """
    check_output(path, excel=table.excel)
    written = Written()
    with _beside(path) as temporary:
        _WRITERS[path.suffix.lower()](_counted(rows, written, table.excel), table, temporary)
    return written


def _counted(rows: Iterable[Cells], written: Written, excel: bool) -> Iterator[Cells]:
    for row in rows:
        written.rows += 1
        yield {name: _harmless(cell, written) for name, cell in row.items()} if excel else row


def _harmless(cell: Any, written: Written) -> Any:
    if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS):
        written.harmless += 1
        return "'" + cell
    return cell


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _flat(value: Any) -> Any:
    """Return a cell as a text or a number: lists, objects and truth values become JSON."""
    if isinstance(value, (list, dict, tuple, bool)):
        return json.dumps(_finite(value), ensure_ascii=False, default=str)
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def _finite(value: Any) -> Any:
    """Return a value with null for what JSON has no number for."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, (list, tuple)) else value


class _UnixLines:
    r"""Ends the rows of a CSV with ``\n``.

    `csv` quotes a carriage return inside a cell only where it ends rows with one
    itself.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, row: str) -> int:
        """Write one row, which `csv` ends with a carriage return and a newline."""
        return self._file.write(row.removesuffix("\r\n") + "\n")


def _write_csv(rows: Iterable[Cells], table: Table, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="", errors=_ERRORS) as file:
        file.write(_BOM if table.excel else "")
        writer = csv.writer(_UnixLines(file))
        writer.writerow(table.columns)
        for row in rows:
            writer.writerow([_flat(row[name]) for name in table.columns])


def _write_jsonl(rows: Iterable[Cells], table: Table, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n", errors=_ERRORS) as file:
        for row in rows:
            cells = {name: _finite(row[name]) for name in table.columns}
            file.write(json.dumps(cells, ensure_ascii=False, default=str) + "\n")


def _write_parquet(rows: Iterable[Cells], table: Table, path: Path) -> None:
    pyarrow = _pyarrow(path)
    types = {"record": pyarrow.int64(), "words": pyarrow.int64()}
    types |= dict.fromkeys(table.numbers, pyarrow.float64())
    schema = pyarrow.schema([(name, types.get(name, pyarrow.string())) for name in table.columns])
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for chunk in _chunks(rows, 1000):
            data = {
                name: [row[name] if name in types else _text(row[name]) for row in chunk]
                for name in table.columns
            }
            writer.write_table(pyarrow.table(data, schema=schema))


def _text(value: Any) -> str | None:
    flat = _flat(value)
    return None if flat is None else str(flat).encode("utf-8", _ERRORS).decode()


def _chunks(rows: Iterable[Cells], size: int) -> Iterator[list[Cells]]:
    chunk: list[Cells] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _pyarrow(path: Path) -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError(str(path), "pyarrow", "parquet") from error
    return pyarrow


_WRITERS: dict[str, Callable[[Iterable[Cells], Table, Path], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
}
