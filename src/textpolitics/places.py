"""Places that hold files: a folder, an open archive, or the files that are named one by one.

A place lists its files and opens them, so that whoever groups, verifies or reads them
need not know where they lie. What must not be opened (a link, a device) is listed with
the reason.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from textpolitics.errors import ReadError
from textpolitics.status import Reason

JUNK_FOLDERS = frozenset(
    (".git", ".svn", ".hg", "__macosx", "@eadir", ".spotlight-v100", ".trashes", ".fseventsd")
)
"""Names, in lower case, of folders that programs keep for themselves."""
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a place.

    Attributes:
        name: Its path within the place, with ``/``; unique in it.
        handle: What its place opens it by.
        size: Bytes that it says it has; 0 for a file on disk, which is asked later.
        error: Why it must not be opened.
    """

    name: str
    handle: Any = None
    size: int = 0
    error: ReadError | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Files that lie together.

    Attributes:
        source: What the place is called; "" where files are named one by one.
        path: The archive on disk, None for a folder.
        member: Path of a nested archive within the outermost one, "" for that itself.
        entries: The files, in order.
        opener: Opens a file; may raise anything.
        find: Returns the file of a name, None where there is none.
        paid: Whether what the files take has been taken from the allowance already.
    """

    source: str
    path: Path | None
    member: str
    entries: Sequence[Entry]
    opener: Callable[[Entry], BinaryIO]
    find: Callable[[str], Entry | None]
    paid: bool = False

    def name(self, entry: Entry) -> str:
        """Return what a file is called in a table."""
        return under(self.source, entry.name)

    def where(self, entry: Entry) -> tuple[Path, str | None]:
        """Return the file on disk that holds a file, and its path within that archive."""
        if self.path is None:
            return Path(entry.handle or self.name(entry)), None
        return self.path, under(self.member, entry.name)

    def error(self, entry: Entry, reason: Reason, detail: str) -> ReadError:
        """Return an error about one of the files."""
        return ReadError(self.name(entry), reason, detail)

    def chunks(self, entry: Entry, limit: int) -> Iterator[bytes]:
        """Yield the content of a file.

        Args:
            entry: The file.
            limit: Bytes that it may have.

        Raises:
            ReadError: If it cannot be read to its end, or has more.
        """
        if entry.error is not None:
            raise entry.error
        read = 0
        try:
            with self.opener(entry) as file:
                while chunk := file.read(_CHUNK):
                    read += len(chunk)
                    if read > limit:
                        break
                    yield chunk
        except Exception as error:  # whatever damaged bytes make of an unpacker
            raise trouble(error, self.name(entry)) from error
        if read > limit:
            raise self.error(entry, Reason.TOO_LARGE, f"the limit is {limit} bytes")

    def read(self, entry: Entry, limit: int) -> bytes:
        """Return the content of a file; see `chunks`."""
        return b"".join(self.chunks(entry, limit))

    def head(self, entry: Entry, size: int = 4096) -> bytes:
        """Return the beginning of a file, nothing where it cannot be read."""
        if entry.error is not None:
            return b""
        try:
            with self.opener(entry) as file:
                return file.read(size)
        except Exception:  # who reads it to the end will hear of it
            return b""


def under(parent: str, name: str) -> str:
    """Return the path of a name in a folder that may be "" or ``.``."""
    return name if parent in ("", ".") else f"{parent.rstrip('/')}/{name}"


def trouble(error: Exception, where: str) -> ReadError:
    """Return any error of opening or unpacking as one with a reason.

    Raises:
        OSError: If the disk is full.
    """
    if isinstance(error, ReadError):
        return error
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EMFILE):
        raise error  # not the fault of the input
    what = " ".join(str(error).split())[:160] or type(error).__name__
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return ReadError(where, Reason.MISSING, error.strerror)
    if isinstance(error, NotImplementedError):
        return ReadError(where, Reason.UNSUPPORTED, f"{what}; pack it anew with deflate")
    if isinstance(error, RuntimeError) and "password" in what:
        return ReadError(where, Reason.ENCRYPTED, "needs a password")
    return ReadError(where, Reason.CORRUPT, what)


def files(names: Sequence[str]) -> Place:
    """Return the place of files that are named one by one."""
    return Place("", None, "", [named(name) for name in names], _open, _on_disk)


def named(name: str) -> Entry:
    """Return a file on disk by its name, with the error where there is none to open."""
    path = Path(name)
    error = None
    if not path.is_file():
        try:
            missing = not path.exists()
        except (OSError, ValueError):
            missing = True
        reason = Reason.MISSING if missing else Reason.UNSUPPORTED
        error = ReadError(name, reason, "no such file" if missing else "not a regular file")
    return Entry(name, name, error=error)


def folder(source: str) -> Place:
    """Return a folder with all files below it, sorted; links to folders are not followed."""
    base = Path(source).as_posix()
    entries = list(_walk(base))
    index = {entry.name: entry for entry in entries}
    return Place(base, None, "", entries, _open, index.get)


def _open(entry: Entry) -> BinaryIO:
    return Path(entry.handle).open("rb")


def _on_disk(name: str) -> Entry | None:
    entry = named(name)
    return None if entry.error else entry


def _walk(base: str) -> Iterator[Entry]:
    """Yield what a folder holds, as if all paths were sorted part by part."""
    waiting: list[tuple[str, os.DirEntry[str] | None]] = [("", None)]
    while waiting:
        name, found = waiting.pop()
        path = under(base, name) if name else base
        skipped = found and _skipped(found)
        if skipped:
            yield Entry(name, path, error=ReadError(path, *skipped))
        elif found and not found.is_dir(follow_symlinks=False):
            yield Entry(name, path)
        else:
            try:
                with os.scandir(path) as listing:
                    inner = sorted(listing, key=lambda entry: entry.name, reverse=True)
            except OSError as error:
                what = error.strerror or "not readable"
                yield Entry(name, path, error=ReadError(path, Reason.MISSING, what))
            else:
                waiting += [(under(name, entry.name), entry) for entry in inner]


def _skipped(found: os.DirEntry[str]) -> tuple[Reason, str] | None:
    """Return why something in a folder must not be opened."""
    try:
        if found.is_dir():
            if found.is_symlink():
                return Reason.NOT_A_DOCUMENT, "a link to a folder"
            if found.name.lower() in JUNK_FOLDERS:
                return Reason.NOT_A_DOCUMENT, "a folder that a program keeps for itself"
            return None
        if found.is_file():
            return None
        found.stat()
    except OSError:
        return Reason.MISSING, "no such file"
    return Reason.NOT_A_DOCUMENT, "a device, pipe or socket"
