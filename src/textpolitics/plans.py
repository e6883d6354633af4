"""What becomes of each file of a place: read, part of another, left out, or missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from textpolitics.archives import is_archive
from textpolitics.errors import ReadError
from textpolitics.grouping import Pages, Selection, group, not_wanted
from textpolitics.packages import Mets, bags, read_mets
from textpolitics.places import Entry, Place, trouble
from textpolitics.readers import ocr
from textpolitics.status import Reason

METS = "mets"
_HEAD = 65_536


@dataclass(frozen=True, slots=True)
class Step:
    """One input of a place.

    Attributes:
        entry: The file; for a document of pages its name alone, or its METS file.
        error: Why it is not read; None if it is.
        pages: The files that are read for it, where these are others.
    """

    entry: Entry
    error: ReadError | None = None
    pages: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of a place.

    Attributes:
        steps: Its inputs, in order; what is missing stands last.
        sums: Name of a file in a bag → its checksums.
    """

    steps: list[Step]
    sums: Mapping[str, list[tuple[str, str]]]


@dataclass(slots=True)
class _Draft:
    """A plan in the making."""

    place: Place
    errors: dict[str, ReadError] = field(default_factory=dict)
    pages: dict[str, tuple[Entry, ...]] = field(default_factory=dict)
    missing: list[Entry] = field(default_factory=list)

    def skip(self, entry: Entry, reason: Reason, detail: str) -> None:
        self.errors[entry.name] = self.place.error(entry, reason, detail)

    def bad_page(self, pages: Iterable[Entry]) -> ReadError | None:
        """Return what is wrong with the first page that must not be read."""
        for page in pages:
            error = self.errors.get(page.name)
            if error is not None and error.reason not in (Reason.PART_OF, Reason.EXCLUDED):
                return self.place.error(page, error.reason, f"{page.name}: {error.detail}")
        return None

    def left(self) -> list[Entry]:
        return [entry for entry in self.place.entries if entry.name not in self.errors]


def plan(place: Place, selection: Selection) -> Plan:
    """Decide what becomes of each file of a place.

    Only the beginnings of .xml files, METS files and manifests are read for that.

    Args:
        place: The files.
        selection: What the user wants read.
    """
    draft = _Draft(place)
    _leave_out(draft, selection)
    sums = _bags(draft)
    roots = {
        entry.name: ocr.root_name(place.head(entry, _HEAD))
        for entry in draft.left()
        if entry.name.lower().endswith(".xml")
    }
    _packages(draft, roots)
    groups = group([e for e in draft.left() if e.name not in draft.pages], roots, selection)
    for entry in draft.left():
        whole = groups.part_of.get(entry.name)
        if whole is not None:
            draft.skip(entry, Reason.PART_OF, f"of the document {place.name(Entry(whole))}")
    return Plan(list(_steps(draft, dict(groups.pages))), sums)


def _leave_out(draft: _Draft, selection: Selection) -> None:
    """Leave out what cannot be opened, is no document or is not wanted."""
    for entry in draft.place.entries:
        if entry.error is not None:
            draft.errors[entry.name] = entry.error
            continue
        source = draft.place.name(entry)
        why = not_wanted(entry.name, source, selection, container=is_archive(entry.name))
        if why is not None:
            draft.skip(entry, *why)


def _bags(draft: _Draft) -> Mapping[str, list[tuple[str, str]]]:
    """Leave out what only describes a bag; return the checksums of the rest."""
    bag = bags(draft.place)
    for entry in draft.left():
        if entry.name in bag.tags:
            draft.skip(entry, Reason.NOT_A_DOCUMENT, "describes a bag")
        elif entry.name in bag.unlisted:
            draft.skip(entry, Reason.CORRUPT, "in the bag, but not in its manifest")
    draft.missing += bag.missing
    return bag.sums


def _steps(draft: _Draft, pages: dict[str, Pages]) -> Iterator[Step]:
    """Yield the inputs in order, a document of pages before the first of them."""
    for entry in draft.place.entries:
        document = pages.pop(entry.name, None)
        if document is not None:
            yield Step(Entry(document.name), draft.bad_page(document.files), document.files)
        joined = draft.pages.get(entry.name, ())
        error = draft.errors.get(entry.name) or draft.bad_page(joined)
        yield Step(entry, error, () if error else joined)
    for entry in draft.missing:
        yield Step(entry, entry.error)


def _packages(draft: _Draft, roots: Mapping[str, str]) -> None:
    """Join the pages of every METS package, and leave out the other files of it."""
    place = draft.place
    owners: dict[str, str] = {}
    for entry in list(draft.left()):
        if roots.get(entry.name) != METS or entry.name in owners:
            continue
        try:
            package = read_mets(place, entry, roots)
        except Exception as error:  # whatever damaged bytes make of a parser
            draft.errors[entry.name] = trouble(error, place.name(entry))
            continue
        _join(draft, package, owners)
    entries = {entry.name: entry for entry in place.entries}
    for name, owner in owners.items():
        known = entries.get(name)
        excluded = draft.errors.get(name)
        if known and (excluded is None or excluded.reason is Reason.EXCLUDED):
            draft.skip(known, Reason.PART_OF, f"of the document {owner}")


def _join(draft: _Draft, package: Mets, owners: dict[str, str]) -> None:
    place, entry = draft.place, package.entry
    if not package.pages:
        gone = len(package.gone)
        reason, what = Reason.NOT_A_DOCUMENT, "a METS file without pages"
        if gone:
            reason, what = Reason.MISSING, f"none of its {gone} pages is here"
        draft.skip(entry, reason, what)
        return
    other = owners.get(package.pages[0].name)
    if other is not None:
        draft.skip(entry, Reason.PART_OF, f"of the document {other}")
        return
    draft.pages[entry.name] = package.pages
    for name in package.belonging:
        owners.setdefault(name, place.name(entry))
    for name in package.gone:
        what = f"a page of {place.name(entry)} that is not here"
        lost = replace(Entry(name), error=place.error(Entry(name), Reason.MISSING, what))
        draft.missing.append(lost)
