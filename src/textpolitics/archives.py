"""Zip and tar archives as places: never extracted, never trusted.

Members are read as streams. Only an archive that cannot be read from any point (one
within another, a compressed tar) is put into a temporary file as a whole. How much an
outermost archive may unpack, with all that is nested in it, is limited.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from textpolitics.errors import ReadError
from textpolitics.limits import MAX_HEADER, MAX_MEMBERS, SPOOL, Allowance
from textpolitics.places import Entry, Place, trouble, under
from textpolitics.status import Reason

if TYPE_CHECKING:
    from tarfile import TarInfo
    from zipfile import ZipFile, ZipInfo

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz")
"""Endings of names that may be archives; the content decides."""
_OUTWARD = re.compile(r"/|[A-Za-z]:/|(?:.*/)?\.\.(?:/|\Z)", re.DOTALL)
_CHUNK = 1 << 16
_BLOCK = 512
_DOCUMENTS = (b"application/epub", b"application/vnd.oasis.opendocument")
_OFFICE = ("word/document.xml", "xl/workbook.xml", "ppt/presentation.xml")


@dataclass(frozen=True, slots=True)
class Found:
    """What opening an archive gave.

    Attributes:
        place: Its members.
        damage: What is wrong with the archive itself, whose members are not all known then.
    """

    place: Place
    damage: ReadError | None = None


_Listing = tuple[list[Entry], Callable[[Entry], BinaryIO], tuple[Reason, str] | None]


def is_archive(name: str) -> bool:
    """Tell by its name whether a file may be an archive."""
    return name.lower().endswith(SUFFIXES)


@contextmanager
def opened(
    file: BinaryIO, source: str, where: tuple[Path, str], allowance: Allowance
) -> Iterator[Found | None]:
    """Open an archive, or say by None that it is none but a document.

    Args:
        file: The archive, which can be read from any point.
        source: What it is called.
        where: The outermost archive on disk, and the path of this one in it.
        allowance: What may still be unpacked; what a compressed tar takes is used up.
    """
    with SpooledTemporaryFile(max_size=SPOOL) as spool:
        try:
            listing = _listing(file, cast("BinaryIO", spool), allowance)
        except Exception as error:  # whatever damaged bytes make of an unpacker
            listing = [], _nothing, _reason(error, source)
        if listing is None:
            yield None
            return
        entries, opener, damage = listing
        if len(entries) > MAX_MEMBERS:
            del entries[MAX_MEMBERS:]
            damage = Reason.TOO_LARGE, f"more than {MAX_MEMBERS} files in it"
        entries = [_named(entry, source) for entry in _distinct(entries)]
        index = {entry.name: entry for entry in entries}
        paid = spool.seek(0, 2) > 0
        place = Place(source, where[0], where[1], entries, opener, index.get, paid)
        yield Found(place, ReadError(source, *damage) if damage else None)


def _reason(error: Exception, source: str) -> tuple[Reason, str]:
    found = trouble(error, source)
    return found.reason, found.detail


def _nothing(_: Entry) -> BinaryIO:
    raise FileNotFoundError


def _listing(file: BinaryIO, spool: BinaryIO, allowance: Allowance) -> _Listing | None:
    import zipfile

    start = file.read(8)
    file.seek(0)
    if start.startswith(b"PK\x03\x04"):
        return _zip(file)
    unpacked = _unpacker(file, start)
    if unpacked is not None:
        damage = _spool(unpacked, spool, allowance)
        spool.seek(0)
        entries, opener, end = _tar(spool) or ([], _nothing, None)
        return (entries, opener, damage or end) if entries or damage else None
    found = _tar(file)
    file.seek(0)
    return _zip(file) if found is None and zipfile.is_zipfile(file) else found


def _unpacker(file: BinaryIO, start: bytes) -> BinaryIO | None:
    """Return a stream that unpacks what a tar is packed in, None where it is not packed."""
    import bz2
    import gzip
    import lzma

    if start.startswith(b"\x1f\x8b"):
        return cast("BinaryIO", gzip.GzipFile(fileobj=file, mode="rb"))
    if start.startswith(b"BZh"):
        return cast("BinaryIO", bz2.BZ2File(file))
    return cast("BinaryIO", lzma.LZMAFile(file)) if start.startswith(b"\xfd7zXZ\0") else None


def _spool(packed: BinaryIO, spool: BinaryIO, allowance: Allowance) -> tuple[Reason, str] | None:
    """Unpack into a temporary file as far as it goes; return why not to the end."""
    try:
        while chunk := packed.read(_CHUNK):
            if not allowance.take(len(chunk)):
                return Reason.TOO_LARGE, "unpacks to more than the limit of an archive"
            spool.write(chunk)
    except Exception as error:  # whatever damaged bytes make of an unpacker
        return _reason(error, "")
    return None


# names -----------------------------------------------------------------------


def _distinct(entries: list[Entry]) -> Iterator[Entry]:
    """Put a number into the names that an earlier member has, so that each is told apart."""
    taken = {entry.name for entry in entries}
    seen: set[str] = set()
    for entry in entries:
        name, number = entry.name, 1
        stem, dot, suffix = entry.name.rpartition(".")
        while name in seen or (number > 1 and name in taken):
            number += 1
            name = f"{stem}#{number}.{suffix}" if dot else f"{suffix}#{number}"
        seen.add(name)
        yield Entry(name, entry.handle, entry.size, entry.error)


def _named(entry: Entry, source: str) -> Entry:
    """Give a member's error its name, and an error to a name that leads out of the archive."""
    where = under(source, entry.name)
    error = entry.error and ReadError(where, entry.error.reason, entry.error.detail)
    if _OUTWARD.match(entry.name):
        error = ReadError(where, Reason.UNSUPPORTED, "its name leads out of the archive; rename it")
    return Entry(entry.name, entry.handle, entry.size, error)


# zip -------------------------------------------------------------------------


def _zip(file: BinaryIO) -> _Listing | None:
    import zipfile

    try:
        archive = zipfile.ZipFile(file)
    except zipfile.BadZipFile:
        return [], _nothing, (Reason.CORRUPT, "cut short or damaged zip archive")
    if _is_document(archive):
        return None
    entries = [_zipped(info) for info in archive.infolist() if not info.is_dir()]
    entries.sort(key=lambda entry: entry.name.split("/"))
    return entries, lambda entry: cast("BinaryIO", archive.open(entry.handle)), None


def _is_document(archive: ZipFile) -> bool:
    """Tell whether a zip file is a docx, odt or epub."""
    names = archive.namelist()
    if any(name in names for name in _OFFICE):
        return True
    try:
        with archive.open("mimetype") as stated:
            return stated.read(100).startswith(_DOCUMENTS)
    except Exception:  # absent or damaged
        return False


def _zipped(info: ZipInfo) -> Entry:
    kind = stat.S_IFMT(info.external_attr >> 16)
    error = None
    if info.flag_bits & 1:
        error = ReadError("", Reason.ENCRYPTED, "needs a password")
    elif kind == stat.S_IFLNK:
        error = ReadError("", Reason.NOT_A_DOCUMENT, "a link, not followed")
    elif kind not in (0, stat.S_IFREG):
        error = ReadError("", Reason.NOT_A_DOCUMENT, "a device, pipe or socket")
    return Entry(info.filename.replace("\\", "/"), info, info.file_size, error)


# tar -------------------------------------------------------------------------


class _Sober:
    """A file that refuses to read much at once: a tar may claim names of any length."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.tell = file.tell
        self.seek = file.seek

    def read(self, size: int = -1) -> bytes:
        """Read some bytes."""
        if not 0 <= size <= MAX_HEADER:
            raise ValueError("a member's header is too large")
        return self._file.read(size)


def _tar(file: BinaryIO) -> _Listing | None:
    """List a tar in stored order; None where it is none from its first member on."""
    import tarfile

    entries: list[Entry] = []
    damage = None
    try:
        archive = tarfile.open(fileobj=cast("BinaryIO", _Sober(file)), mode="r:")  # noqa: SIM115
    except tarfile.TarError:
        return None
    try:
        while len(entries) <= MAX_MEMBERS and (info := archive.next()) is not None:
            if not info.isdir():
                entries.append(_tarred(info))
        damage = _end(file, archive.offset)
    except Exception as error:  # whatever a damaged header makes of tarfile
        damage = Reason.CORRUPT, str(error) or type(error).__name__

    def member(entry: Entry) -> BinaryIO:
        stream: Any = archive.extractfile(entry.handle)
        return cast("BinaryIO", stream)

    return entries, member, damage


def _end(file: BinaryIO, offset: int) -> tuple[Reason, str] | None:
    """Say what is wrong with the end of a tar: tarfile takes a damaged header for the end."""
    file.seek(offset)
    block = file.read(_BLOCK)
    if len(block) < _BLOCK:
        return Reason.CORRUPT, "cut short: the end of the tar archive is missing"
    return (Reason.CORRUPT, "damaged within") if block.strip(b"\0") else None


def _tarred(info: TarInfo) -> Entry:
    error = None
    if info.issym() or info.islnk():
        what = f"a link to {info.linkname}, not followed"
        error = ReadError("", Reason.NOT_A_DOCUMENT, what)
    elif not info.isreg():
        error = ReadError("", Reason.NOT_A_DOCUMENT, "a device, pipe or the like")
    elif info.issparse():  # its size says nothing of what it takes
        error = ReadError("", Reason.UNSUPPORTED, "a sparse file; pack it anew without --sparse")
    name = info.name.removeprefix("./")
    return Entry(name, info, info.size, error)
