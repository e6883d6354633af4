"""Annotated corpora: JSON lines in which every record is a text with its labels.

A record is an object with ``text``, one field an axis of the scheme (named like
the axis's table column; a string, or a list of strings where several labels may
be selected), and, where known, ``id``, ``group`` and ``family``. A missing field
or null means "not coded"; an empty list means "coded, and none found". All other
fields are kept as metadata. ``corpora/README.md`` is the description for users.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import IO, cast

from textpolitics.errors import CorpusError
from textpolitics.scheme import Axis, Scheme

_SUFFIXES = (".jsonl", ".jsonl.gz")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Record:
    """One annotated text.

    Attributes:
        id: Its id, or file name and line where it has none.
        text: The text.
        labels: Name of axis → label, or labels where several may be selected. An
            axis that is not coded is absent.
        group: What a split into training and test texts keeps together: the family
            if there is one, else the group, else the id.
        metadata: All fields but id, text and labels, as they stand in the file.
        where: File and line, for messages.
    """

    id: str
    text: str
    labels: Mapping[str, str | tuple[str, ...]]
    group: str
    metadata: Mapping[str, object]
    where: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its group and its family, as far as it has them."""
        found = (self.metadata.get(key) for key in ("group", "family"))
        return tuple(name for name in found if isinstance(name, str))


def read_corpus(paths: Sequence[str | Path], scheme: Scheme) -> Iterator[Record]:
    """Read annotated corpora record by record.

    Args:
        paths: Files (``.jsonl``, ``.jsonl.gz``) or folders; a folder stands for its
            corpus files in sorted order.
        scheme: The scheme whose axes and labels the records use.

    Yields:
        The records in order.

    Raises:
        CorpusError: If a file or a line cannot be used. Whether there is any record
            and any label at all is known, and raised, only at the end.
    """
    records = coded = 0
    for file in [file for path in paths for file in corpus_files(Path(path))]:
        for record in _read_file(file, scheme):
            records += 1
            coded += bool(record.labels)
            yield record
    where = ", ".join(str(path) for path in paths) or "corpus"
    if not records:
        raise CorpusError(where, "holds no record", "write one JSON object a line")
    if not coded:
        fields = ", ".join(axis.column for axis in scheme.axes)
        raise CorpusError(where, "no record has a label", f"code one of the fields {fields}")


def corpus_files(path: Path) -> list[Path]:
    """Return the corpus files that a path stands for, in order.

    Raises:
        CorpusError: If there are none.
    """
    if path.is_dir():
        names = (file for file in path.iterdir() if not file.name.startswith("."))
        files = sorted(file for file in names if file.name.endswith(_SUFFIXES) and file.is_file())
        if not files:
            raise CorpusError(str(path), "holds no corpus file", "add a .jsonl or .jsonl.gz file")
        return files
    if not path.exists():
        raise CorpusError(str(path), "no such file or folder", "check its path")
    if not path.name.endswith(_SUFFIXES):
        raise CorpusError(str(path), "is no .jsonl or .jsonl.gz file", "convert or rename it")
    return [path]


def _read_file(path: Path, scheme: Scheme) -> Iterator[Record]:
    seen: dict[str, int] = {}
    for number, line in _lines(path):
        where = f"{path}:{number}"
        record = _record(_parse(line, where), scheme, where, f"{path.name}:{number}")
        if record.id in seen:
            what = f"the id {record.id!r} is already that of line {seen[record.id]}"
            raise CorpusError(where, what, "give every record of a file an id of its own")
        seen[record.id] = number
        yield record


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, with their numbers from 1."""
    number = 0
    try:
        opener = gzip.open if path.name.endswith(".gz") else open
        with cast("IO[bytes]", opener(path, "rb")) as file:
            for number, line in enumerate(file, start=1):
                if number == 1:
                    line = line.removeprefix(_BOM)
                if line.strip():
                    yield number, line
    except (OSError, EOFError, zlib.error) as error:
        what = f"cannot be read ({error})"
        raise CorpusError(f"{path}:{number + 1}", what, "check or replace the file") from error


def _parse(line: bytes, where: str) -> dict[str, object]:
    try:
        data = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        what = f"is not UTF-8 (byte {error.start + 1} of the line)"
        raise CorpusError(where, what, "convert the file to UTF-8") from error
    except (ValueError, RecursionError) as error:
        what = f"is malformed JSON ({error})"
        raise CorpusError(where, what, "write one JSON object a line") from error
    if not isinstance(data, dict):
        what = f"is no JSON object but {_kind(data)}"
        raise CorpusError(where, what, 'write {"text": "…", …} on the line')
    return data


def _record(data: dict[str, object], scheme: Scheme, where: str, made_id: str) -> Record:
    text = _string(data, "text", where)
    if text is None:
        raise CorpusError(where, "has no text", 'add the field "text"')
    identity = _string(data, "id", where) or made_id
    group = _string(data, "group", where)
    family = _string(data, "family", where)
    labels: dict[str, str | tuple[str, ...]] = {}
    for axis in scheme.axes:
        value = data.get(axis.column)
        if value is not None:
            labels[axis.name] = _labels(axis, value, where)
    own = {"id", "text", *(axis.column for axis in scheme.axes)}
    metadata = {key: value for key, value in data.items() if key not in own}
    return Record(identity, text, labels, family or group or identity, metadata, where)


def _string(data: dict[str, object], key: str, where: str) -> str | None:
    """Return a field that must be a string if it is there at all."""
    value = data.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise CorpusError(where, f"{key} is {_kind(value)}", "write it as a string")
    if not value.strip():
        raise CorpusError(where, f"{key} is empty", "fill it or leave it out")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        what = f"{key} holds half a character (a lone surrogate)"
        raise CorpusError(where, what, "write the whole character") from error
    return value


def _labels(axis: Axis, value: object, where: str) -> str | tuple[str, ...]:
    if not axis.many:
        if not isinstance(value, str):
            raise CorpusError(where, f"{axis.column} is {_kind(value)}", "write one label")
        return _known(axis, value, where)
    if not isinstance(value, list):
        what = f"{axis.column} is {_kind(value)}"
        raise CorpusError(where, what, "write a list of labels, [] for none")
    found = [_known(axis, item, where) for item in value]
    if len(set(found)) < len(found):
        raise CorpusError(where, f"{axis.column} names a label twice", "write each label once")
    return tuple(name for name in axis.label_names if name in found)


def _known(axis: Axis, name: object, where: str) -> str:
    names = axis.label_names
    if isinstance(name, str) and name in names:
        return name
    close = get_close_matches(name.lower(), names, n=1) if isinstance(name, str) else []
    guess = f"did you mean {close[0]!r}? " if close else ""
    what = f"{name!r} is no label of {axis.name}"
    raise CorpusError(where, what, f"{guess}its labels are: {', '.join(names)}")


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "true or false"}
    return "null" if value is None else kinds.get(type(value), "a number")
