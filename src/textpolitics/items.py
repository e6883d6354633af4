"""One input, and how it is read."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from textpolitics.document import Document
from textpolitics.errors import ReadError
from textpolitics.grouping import is_image
from textpolitics.limits import MAX_MEMBER
from textpolitics.readers import Reader, read
from textpolitics.readers.encoding import normalise
from textpolitics.status import Reason

STANDARD_INPUT = "-"
_GAP = "\n\n"


@dataclass(frozen=True, slots=True)
class Item:
    """One input: a file, a member of an archive, a document of pages, or a record of a table.

    Attributes:
        source: The file as the user named it, or as found in a folder or archive.
        record: Number of the record in its table, from 1; None for a whole file.
        own_id: The record's own id, if it has one.
        path: The file on disk, which may be the archive; None for standard input.
        text: The record's text.
        metadata: The record's fields as they stand in the table.
        error: Why the input cannot be read, where that is known already.
        member: Path within the archive; None outside of archives.
        data: Content of a member; None outside of archives and before it is read. Of an
            image only the beginning.
        pages: The pages of a document, in order, where they are files of their own.
        limit: Bytes above which the file is not read.
    """

    source: str
    record: int | None = None
    own_id: str | None = None
    path: Path | None = None
    text: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    error: ReadError | None = None
    member: str | None = None
    data: bytes | None = field(default=None, repr=False)
    pages: tuple[Item, ...] = ()
    limit: int = MAX_MEMBER

    def document(self, encoding: str | None = None, reader: Reader = read) -> Document:
        """Read the input.

        Args:
            encoding: Character encoding to read a text file with; None is to find out.
            reader: Reads what is not text already.

        Raises:
            ReadError: With the reason why it cannot be read.
        """
        if self.error is not None:
            raise self.error
        if self.text is not None:
            return Document(normalise(self.text), self.source, "record")
        if self.pages:
            return _joined([_page(page, encoding, reader) for page in self.pages], self.source)
        if self.data is not None:
            return _read(self.data, self.source, encoding, reader)
        if self.path is not None:
            data = _bytes_of(self.path, self.source, self.limit)
            return _read(data, self.source, encoding, reader)
        data = sys.stdin.buffer.read(self.limit + 1)
        if len(data) > self.limit:
            raise ReadError(self.source, Reason.TOO_LARGE, f"the limit is {self.limit} bytes")
        return _read(data, "standard input", encoding, reader)


def read_path(
    path: Path, encoding: str | None = None, name: str | None = None, limit: int = MAX_MEMBER
) -> Document:
    """Read one file into a document.

    Args:
        path: The file.
        encoding: Character encoding of a text file; None is to find out.
        name: What to call the document; None is the path.
        limit: Bytes above which it is not read.

    Raises:
        ReadError: With the reason why it cannot be read.
    """
    name = str(path) if name is None else name
    return _read(_bytes_of(path, name, limit), name, encoding, read)


def _bytes_of(path: Path, name: str, limit: int) -> bytes:
    """Return the content of a file, of an image only the beginning."""
    try:
        if path.is_dir():
            raise ReadError(name, Reason.UNSUPPORTED, "a folder; use: textpolitics label FOLDER")
        if not path.is_file():
            what = "no such file" if not path.exists() else "not a regular file"
            reason = Reason.MISSING if not path.exists() else Reason.UNSUPPORTED
            raise ReadError(name, reason, what)
        with path.open("rb") as file:
            start = file.read(64)
            if is_image(start):
                return start
            size = path.stat().st_size
            if size > limit:
                raise ReadError(name, Reason.TOO_LARGE, f"{size} bytes; the limit is {limit}")
            return start + file.read(limit + 1 - len(start))
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise ReadError(name, Reason.MISSING, what) from error


def _read(data: bytes, name: str, encoding: str | None, reader: Reader) -> Document:
    if is_image(data):
        return Document("", name, "image")
    return reader(data, name, encoding)


def _page(page: Item, encoding: str | None, reader: Reader) -> Document:
    """Read a page; one with nothing on it is an empty page."""
    try:
        return page.document(encoding, reader)
    except ReadError as error:
        if error.reason is Reason.EMPTY:
            return Document("", page.source, "")
        raise ReadError(page.source, error.reason, f"{page.source}: {error.detail}") from error


def _joined(pages: list[Document], source: str) -> Document:
    """Make one document of pages, with a blank line between them."""
    starts = [0]
    for page in pages[:-1]:
        starts.append(starts[-1] + len(page.text) + len(_GAP))
    kinds = [page for page in pages if page.format] or pages
    sure = [
        (page.word_confidence, len(page.text.split()))
        for page in pages
        if page.word_confidence is not None
    ]
    words = sum(count for _, count in sure)
    mean = sum(confidence * count for confidence, count in sure) / words if words else None
    return replace(
        kinds[0],
        text=_GAP.join(page.text for page in pages),
        source=source,
        pages=tuple(starts),
        word_confidence=mean,
    )
