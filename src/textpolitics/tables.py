"""Tables to records: JSON lines, CSV and Parquet, one function and one row each."""

from __future__ import annotations

import csv
import io
import json
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from textpolitics.errors import MissingExtraError, ReadError, TextPoliticsError
from textpolitics.readers.encoding import decode_exactly
from textpolitics.status import Reason

Fields = Mapping[str, Any]
TEXT = "text"
TEXT_COLUMNS = (
    TEXT,
    "Item Type Metadata:Text",
    "Text",
    "extracttext:extracted_text",
    "bibo:content",
    "Dublin Core:Description",
    "dcterms:description",
)
"""Columns that hold the text, the first one that a table has: our own, then those of Omeka
Classic and Omeka S; a description only where there is no text."""
ID_COLUMNS = (
    *("id", "Item Id", "Item ID", "o:id", "Dublin Core:Identifier", "dcterms:identifier"),
)
"""Columns that hold the id, likewise."""
_LONGEST_CELL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table to read.

    Attributes:
        text: The column with the text; None: the first of `TEXT_COLUMNS` that is there.
        id: The column with the id; None: the first of `ID_COLUMNS` that is there.
    """

    text: str | None = None
    id: str | None = None

    def text_of(self, names: Iterable[str]) -> str | None:
        """Return the column with the text, None where there is none."""
        return _first(self.text, TEXT_COLUMNS, names)

    def id_of(self, names: Iterable[str]) -> str | None:
        """Return the column with the id, None where there is none."""
        return _first(self.id, ID_COLUMNS, names)


def _first(wanted: str | None, known: Sequence[str], names: Iterable[str]) -> str | None:
    names = set(names)
    return next((name for name in ([wanted] if wanted else known) if name in names), None)


@dataclass(frozen=True, slots=True)
class Table:
    """A table to read.

    Attributes:
        source: Its name in messages; the ending says the format.
        encoding: Character encoding of JSON lines and CSV; None is to find out.
        columns: Which columns to read.
        limit: Bytes of a line of JSON, of a whole CSV, of a row group of Parquet.
    """

    source: str
    encoding: str | None
    columns: Columns
    limit: int

    def too_large(self, where: str, what: str) -> ReadError:
        """Return the error for what is over the limit."""
        return ReadError(where, Reason.TOO_LARGE, f"{what}; the limit is {self.limit} bytes")


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a table.

    Attributes:
        number: Its number, from 1.
        fields: Its cells by column.
        text: What stands in the column with the text, whatever it is.
        id: What stands in the column with the id.
        error: Why it cannot be read.
    """

    number: int
    fields: Fields
    text: Any = None
    id: Any = None
    error: ReadError | None = None


def is_table(name: str) -> bool:
    """Tell by its name whether a file is a table."""
    return posixpath.splitext(name)[1].lower() in _READERS


def read_table(file: BinaryIO, table: Table) -> Iterator[Record]:
    """Yield every record of a table, one that cannot be read with its error.

    Args:
        file: The table, which can be read from any point.
        table: What is known of it.

    Raises:
        ReadError: If the table itself cannot be read on.
        MissingExtraError: If it is Parquet and pyarrow is absent.
    """
    empty = True
    read = _READERS[posixpath.splitext(table.source)[1].lower()]
    try:
        for record in read(file, table):
            empty = False
            yield record
    except TextPoliticsError:
        raise
    except MemoryError:
        raise ReadError(table.source, Reason.TOO_LARGE, "not enough memory to read it") from None
    except Exception as error:  # whatever a parser throws at damaged bytes
        what = (str(error) or type(error).__name__).splitlines()[0]
        raise ReadError(table.source, Reason.CORRUPT, what) from error
    if empty:
        raise ReadError(table.source, Reason.EMPTY, "a table without records")


def _record(
    table: Table, number: int, fields: Fields, names: tuple[str | None, str | None]
) -> Record:
    """Return a record by its cells and the names of its columns for text and id."""
    text = fields.get(names[0]) if names[0] else None
    own_id = fields.get(names[1]) if names[1] else None
    where = f"{table.source}:{number}"
    error = None
    if not isinstance(text, str):
        what = f"no text in the column {names[0] or table.columns.text or TEXT!r}"
        error = ReadError(where, Reason.BAD_RECORD, what)
    elif not text.strip():
        error = ReadError(where, Reason.EMPTY, "the text is empty")
    return Record(number, fields, text, own_id, error)


def _jsonl(file: BinaryIO, table: Table) -> Iterator[Record]:
    for number, line in enumerate(_lines(file, table), start=1):
        where = f"{table.source}:{number}"
        if len(line) > table.limit:
            error = table.too_large(where, f"line {number} is longer than that")
            yield Record(number, {}, error=error)
            continue
        if not line.strip():
            continue
        try:
            fields = json.loads(decode_exactly(line, table.source, table.encoding)[0])
            if not isinstance(fields, dict):
                raise ValueError("not a JSON object")
        except (ValueError, RecursionError, ReadError) as error:
            reason = error.detail if isinstance(error, ReadError) else str(error)
            what = f"line {number}: {reason or 'nested too deeply'}"
            yield Record(number, {}, error=ReadError(where, Reason.BAD_RECORD, what))
        else:
            names = table.columns.text_of(fields), table.columns.id_of(fields)
            yield _record(table, number, fields, names)


def _lines(file: BinaryIO, table: Table) -> Iterator[bytes]:
    """Yield lines, those of a UTF-16 export too; of one over the limit only its beginning."""
    start = file.read(2)
    file.seek(0)
    if start in (b"\xff\xfe", b"\xfe\xff"):
        yield from _whole(file, table).decode("utf-16").encode().split(b"\n")
        return
    while line := file.readline(table.limit + 1):
        yield line
        while len(line) > table.limit and not line.endswith(b"\n"):
            line = file.readline(table.limit + 1)


def _whole(file: BinaryIO, table: Table) -> bytes:
    data = file.read(table.limit + 1)
    if len(data) > table.limit:
        raise table.too_large(table.source, "the table is larger than that; save it as .jsonl")
    return data


def _csv(file: BinaryIO, table: Table) -> Iterator[Record]:
    text, _ = decode_exactly(_whole(file, table), table.source, table.encoding)
    csv.field_size_limit(_LONGEST_CELL)
    delimiter = _delimiter(text, table.columns)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = _distinct(next(rows, []))
        names = _chosen(header, table)
        for number, row in enumerate(filter(None, rows), start=1):
            if len(row) > len(header):
                what = f"record {number} has {len(row)} cells, the header has {len(header)}"
                error = ReadError(f"{table.source}:{number}", Reason.BAD_RECORD, what)
                yield Record(number, {}, error=error)
            else:
                yield _record(table, number, dict(zip(header, row, strict=False)), names)
    except csv.Error as error:
        what = f"line {rows.line_num}: {error}"
        raise ReadError(table.source, Reason.CORRUPT, what) from error


def _delimiter(text: str, columns: Columns) -> str:
    """Return what separates the columns in the first line: mostly a comma."""
    first = text.partition("\n")[0]
    for delimiter in ",;\t":
        if columns.text_of(name.strip('" \r') for name in first.split(delimiter)):
            return delimiter
    return ","


def _chosen(header: Sequence[str], table: Table) -> tuple[str | None, str | None]:
    """Return the names of the columns with the text and the id."""
    text = table.columns.text_of(header)
    if header and text is None:
        wanted = table.columns.text or TEXT
        what = f"no column {wanted!r}; its columns are: {', '.join(header)[:200]}"
        raise ReadError(table.source, Reason.BAD_RECORD, what)
    return text, table.columns.id_of(header)


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


def _parquet(file: BinaryIO, table: Table) -> Iterator[Record]:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError(table.source, "pyarrow", "parquet") from error
    with pyarrow.parquet.ParquetFile(file) as parquet:
        names = _chosen(parquet.schema_arrow.names, table)
        about = parquet.metadata
        sizes = (about.row_group(n).total_byte_size for n in range(about.num_row_groups))
        if any(size > table.limit for size in sizes):
            raise table.too_large(table.source, "a row group is larger than that")
        records = (r for batch in parquet.iter_batches(batch_size=1000) for r in batch.to_pylist())
        for number, fields in enumerate(records, start=1):
            yield _record(table, number, fields, names)


_READERS: dict[str, Callable[[BinaryIO, Table], Iterator[Record]]] = {
    ".jsonl": _jsonl,
    ".csv": _csv,
    ".parquet": _parquet,
}
