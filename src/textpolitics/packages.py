"""Packages of archives: METS, whose pages are one document, and BagIt bags with checksums."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from posixpath import basename, dirname, join, normpath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from textpolitics.errors import ReadError
from textpolitics.grouping import OCR_ROOTS, RENDERINGS, rendering
from textpolitics.places import Entry, Place, under
from textpolitics.readers import ocr
from textpolitics.status import Reason

if TYPE_CHECKING:
    from textpolitics.readers.flow import Node

LARGEST_TAG = 50_000_000
"""Bytes of a METS file or a bag's manifest."""
BAG = "bagit.txt"
_MANIFEST = re.compile(r"manifest-(\w+)\.txt", re.IGNORECASE)
_LINE = re.compile(r"\s*([0-9A-Fa-f]+)[ \t]+\*?(\S.*?)\s*")
_ENCODING = re.compile(rb"Tag-File-Character-Encoding\s*:\s*([\w-]+)", re.IGNORECASE)
_ENCODED = re.compile(r"%(0[AaDd]|25)")
_LINK = "{http://www.w3.org/1999/xlink}href"
_PAGE_TYPES = ("page", "leaf", "side", "sheet")


# BagIt -----------------------------------------------------------------------


@dataclass(slots=True)
class Bags:
    """What the bags of a place say about its files.

    Attributes:
        tags: Names of files that describe a bag.
        sums: Name of a file → its checksums, as pairs of algorithm and hexadecimal digest.
        unlisted: Names of files in a bag that none of its manifests has.
        missing: Files that a manifest has and the bag has not.
    """

    tags: set[str] = field(default_factory=set)
    sums: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    unlisted: set[str] = field(default_factory=set)
    missing: list[Entry] = field(default_factory=list)


def bags(place: Place) -> Bags:
    """Read the manifests of all bags in a place, the outer before the inner."""
    found = Bags()
    inside: dict[str, list[Entry]] = {
        dirname(entry.name): [] for entry in place.entries if basename(entry.name) == BAG
    }
    if not place.source or not inside:  # files named one by one are no bag
        return found
    for entry in place.entries:
        for folder in _folders(entry.name):
            if folder in inside:
                inside[folder].append(entry)
    for root, entries in sorted(inside.items(), key=lambda bag: bag[0].count("/")):
        _read_bag(place, root, entries, found)
    return found


def _folders(name: str) -> Iterator[str]:
    """Yield the path of every folder that a file is in."""
    while name:
        name = dirname(name) if dirname(name) != name else ""
        yield name


def _read_bag(place: Place, root: str, inside: list[Entry], found: Bags) -> None:
    data = under(root, "data") + "/"
    listed: set[str] = set()
    encoding = _tag_encoding(place, root)
    remote = _remote(place, root, encoding)
    for entry in inside:
        if entry.name.startswith(data):
            continue
        found.tags.add(entry.name)
        manifest = _MANIFEST.fullmatch(entry.name.removeprefix(root).lstrip("/"))
        if manifest is None:
            continue
        for digest, name in _manifest_lines(place, entry, encoding):
            listed_file = _listed(place, root, name)
            if listed_file is not None:
                listed.add(listed_file.name)
                sums = found.sums.setdefault(listed_file.name, [])
                sums.append((manifest[1].lower(), digest.lower()))
                continue
            whole = under(root, normpath(name))
            if whole not in listed:
                listed.add(whole)
                what = "in the bag's manifest, but not in the bag"
                what += "; fetch it as its fetch.txt says" if name in remote else ""
                error = ReadError(under(place.source, whole), Reason.MISSING, what)
                found.missing.append(Entry(whole, error=error))
    found.unlisted |= {e.name for e in inside if e.name.startswith(data)} - listed


def _tag_encoding(place: Place, root: str) -> str:
    entry = place.find(under(root, BAG))
    stated = _ENCODING.search(place.head(entry)) if entry else None
    return stated[1].decode() if stated else "utf-8"


def _lines(place: Place, entry: Entry, encoding: str) -> list[str]:
    """Return the lines of a tag file, none where it cannot be read: its files are unlisted then."""
    try:
        data = place.read(entry, LARGEST_TAG)
    except ReadError:
        return []
    for name in (encoding, "utf-8", "latin-1"):
        try:
            return data.decode(name).removeprefix("\ufeff").splitlines()
        except (LookupError, UnicodeError):
            continue
    return []


def _manifest_lines(place: Place, entry: Entry, encoding: str) -> Iterator[tuple[str, str]]:
    for line in _lines(place, entry, encoding):
        match = _LINE.fullmatch(line)
        if match:
            yield match[1], match[2]


def _remote(place: Place, root: str, encoding: str) -> set[str]:
    """Return the names that a bag's fetch.txt has."""
    entry = place.find(under(root, "fetch.txt"))
    lines = _lines(place, entry, encoding) if entry else []
    return {line.split(maxsplit=2)[2].strip() for line in lines if len(line.split()) > 2}


def _listed(place: Place, root: str, name: str) -> Entry | None:
    """Return the file of a manifest's line, whichever way its name was written."""
    once = _ENCODED.sub(lambda match: chr(int(match[1], 16)), name)
    for written in (name, once, unquote(name)):
        for form in (written, *(unicodedata.normalize(f, written) for f in ("NFC", "NFD"))):
            entry = place.find(under(root, normpath(form)))
            if entry is not None:
                return entry
    return None


def verify(place: Place, entry: Entry, sums: list[tuple[str, str]], limit: int) -> ReadError | None:
    """Compare a file with its checksums; return what is wrong with it.

    Args:
        place: Where it lies.
        entry: The file.
        sums: Pairs of algorithm and hexadecimal digest.
        limit: Bytes that it may have.
    """
    if entry.error is not None:
        return entry.error
    try:
        hashes = [(hashlib.new(name, usedforsecurity=False), digest) for name, digest in sums]
    except ValueError:
        what = f"the bag's checksums are of an unknown kind: {sums[0][0]}"
        return place.error(entry, Reason.UNSUPPORTED, what)
    try:
        for chunk in place.chunks(entry, limit):
            for made, _ in hashes:
                made.update(chunk)
    except ReadError as error:
        return error
    for made, digest in hashes:
        if made.digest_size == 0 or made.hexdigest() != digest:
            what = f"not what the bag's manifest says: its {made.name} is another"
            return place.error(entry, Reason.CORRUPT, what)
    return None


# METS ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mets:
    """What a METS file says.

    Attributes:
        entry: The METS file.
        pages: For each page in order the file that is read, None where it has none here.
        belonging: Names of all files of the package that are here, its pages too.
        gone: For each page that has no file here, the name of one that it should have.
    """

    entry: Entry
    pages: tuple[Entry, ...]
    belonging: frozenset[str]
    gone: tuple[str, ...]


def read_mets(place: Place, entry: Entry, roots: Mapping[str, str]) -> Mets:
    """Find the pages of a METS package in the order of its physical structure.

    Args:
        place: Where it lies.
        entry: The METS file.
        roots: Name of an .xml file → name of its root element.

    Raises:
        ReadError: If it cannot be read, or is malformed.
    """
    source = place.name(entry)
    root = ocr.parse(place.read(entry, LARGEST_TAG), source)
    names = {
        file.get("ID", ""): name
        for file in root.iter("{*}file")
        for place_ in file.findall("{*}FLocat")
        if (name := _inside(place, entry, place_.get(_LINK, ""))) is not None
    }
    here = {name: found for name in names.values() if (found := place.find(name)) is not None}
    pages: list[Entry] = []
    gone: list[str] = []
    for ids in _page_ids(root):
        wanted = [names[one] for one in ids if one in names]
        present = [name for name in wanted if name in here]
        if present:
            pages.append(here[min(present, key=lambda name: _rank(name, roots))])
        elif wanted:
            gone.append(wanted[0])
    belonging = frozenset(file.name for file in here.values()) - {entry.name}
    return Mets(entry, tuple(pages), belonging, tuple(gone))


def _inside(place: Place, entry: Entry, link: str) -> str | None:
    """Return the name in the place that a METS file links to, None where it leads elsewhere."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    if parts.scheme not in ("", "file") or parts.netloc not in ("", "."):
        return None
    name = normpath(unquote(parts.path.lstrip("/")))
    if not place.source and name.startswith(".."):
        return None  # what is named on the command line opens no other folder
    return normpath(join(dirname(entry.name), name))


def _page_ids(root: Node) -> Iterator[list[str]]:
    """Yield the ids of the files of each page, in the order of the physical structure."""
    maps = root.findall("{*}structMap")
    physical = [one for one in maps if one.get("TYPE", "").lower() == "physical"] or maps
    waiting = list(reversed([div for one in physical for div in one.findall("{*}div")]))
    while waiting:
        div = waiting.pop()
        if div.get("TYPE", "").lower().rpartition(":")[2] in _PAGE_TYPES:
            yield [id_ for part in div.iter("{*}fptr", "{*}area") if (id_ := part.get("FILEID"))]
        else:
            waiting += sorted(div.findall("{*}div"), key=_order)[::-1]


def _order(div: Node) -> float:
    try:
        return float(div.get("ORDER", ""))
    except ValueError:
        return 0.0


def _rank(name: str, roots: Mapping[str, str]) -> int:
    """Return how good a rendering of a page is; XML that is no OCR result is the worst."""
    found = rendering(name)
    return found[1] if found and roots.get(name, "alto") in OCR_ROOTS else len(RENDERINGS)
