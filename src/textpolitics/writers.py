"""Rows to CSV, JSON lines and Parquet."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textpolitics.errors import MissingExtraError, UsageError

Cells = Mapping[str, Any]
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_BOM = "\ufeff"
_ERRORS = "backslashreplace"  # halves of characters, as in file names of unknown encoding


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


def write_table(
    rows: Iterable[Cells], columns: list[str], path: Path, *, excel: bool = False
) -> Written:
    r"""Write rows to a table; the file appears whole or not at all.

    CSV is UTF-8 without byte order mark, with ``\n`` line ends; a missing value is
    an empty cell, a list or object is JSON.

    Args:
        rows: Cells by column.
        columns: All columns, in order.
        path: Where to; the suffix says the format.
        excel: For a CSV: write a byte order mark, and a ``'`` before text cells that
            a spreadsheet would run as a formula.
    """
    check_output(path, excel=excel)
    written = Written()
    with _beside(path) as temporary:
        writer = _WRITERS[path.suffix.lower()]
        writer(_counted(rows, written, excel), columns, temporary, _BOM if excel else "")
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
    """Return a cell as a plain text or number: what is neither becomes JSON."""
    if value is None or (isinstance(value, (str, int, float)) and not isinstance(value, bool)):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _write_csv(rows: Iterable[Cells], columns: list[str], path: Path, bom: str) -> None:
    with path.open("w", encoding="utf-8", newline="", errors=_ERRORS) as file:
        file.write(bom)
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_flat(row[name]) for name in columns])


def _write_jsonl(rows: Iterable[Cells], columns: list[str], path: Path, _: str) -> None:
    with path.open("w", encoding="utf-8", newline="\n", errors=_ERRORS) as file:
        for row in rows:
            cells = {name: row[name] for name in columns}
            file.write(json.dumps(cells, ensure_ascii=False, default=str) + "\n")


def _write_parquet(rows: Iterable[Cells], columns: list[str], path: Path, _: str) -> None:
    pyarrow = _pyarrow(path)
    schema = pyarrow.schema([(name, _parquet_type(pyarrow, name)) for name in columns])
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        for chunk in _chunks(rows, 1000):
            data = {name: [_typed(row[name], schema, name) for row in chunk] for name in columns}
            writer.write_table(pyarrow.table(data, schema=schema))


def _parquet_type(pyarrow: Any, name: str) -> Any:
    if name in ("record", "words"):
        return pyarrow.int64()
    is_score = "_score_" in name or name.endswith("_confidence")
    return pyarrow.float64() if is_score and not name.startswith("input_") else pyarrow.string()


def _typed(value: Any, schema: Any, name: str) -> Any:
    is_text = str(schema.field(name).type) == "string"
    value = _flat(value)
    return str(value).encode("utf-8", _ERRORS).decode() if is_text and value is not None else value


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


_WRITERS: dict[str, Callable[[Iterable[Cells], list[str], Path, str], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
}
