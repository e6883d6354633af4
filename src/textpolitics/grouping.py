"""What is one document: renderings of one stem, pages of one leaflet, and what is none.

Scans come in many renderings and page by page; counting one leaflet twice spoils every
share downstream. The rules are tables in this module, most of all `RENDERINGS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from posixpath import basename, normpath, split

from textpolitics.errors import UsageError
from textpolitics.places import JUNK_FOLDERS, Entry, under
from textpolitics.status import Reason

RENDERINGS: tuple[tuple[str, ...], ...] = (
    (".docx", ".docm", ".odt", ".ott", ".rtf"),
    (".md", ".markdown"),
    ("_hocr.html", ".hocr", ".hocr.html", "_chocr.html", "_chocr.html.gz", ".hocr.gz"),
    (".xml", ".alto.xml", ".page.xml", "_alto.xml", "_page.xml"),
    ("_djvu.xml",),
    ("_hocr_searchtext.txt.gz", "_hocr_searchtext.txt"),
    ("_djvu.txt",),
    (".txt", ".text", ".txt.gz"),
    (".html", ".htm", ".xhtml"),
    (".epub",),
    (".pdf", "_text.pdf", "_bw.pdf"),
    (".djvu", ".doc"),
    (".tif", ".tiff", ".jp2", ".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp"),
    ("_jp2.zip", "_jp2.tar", "_tif.zip", "_tif.tar", "_images.zip"),
)
"""Endings of the renderings of one document, best first. Where files of one folder have
the same name but for these endings, the first is read. What people wrote or corrected
comes first; then OCR results that know pages and confidences; then text without them;
then what may have no text inside. The longest ending that fits a name counts."""

OCR_ROOTS = frozenset(("alto", "PcGts", "DjVuXML", "html"))
"""Root elements of XML that is a rendering; any other .xml stands for itself."""

IMAGES = RENDERINGS[12]
_IMAGE_STARTS = (
    *(b"\x89PNG", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    *(b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51", b"BM"),
)

JUNK: Mapping[str, tuple[str, ...]] = {
    "a file that a program keeps for itself": (
        *(".ds_store", "._*", "thumbs.db", "ehthumbs.db", "desktop.ini", "~$*"),
        *(".gitignore", ".gitattributes", ".gitkeep"),
    ),
    "a list of checksums": (
        *("md5sum*", "sha1sum*", "sha224sum*", "sha256sum*", "sha512sum*", "checksum.*"),
        *("checksums.*", "*.md5", "*.sha1", "*.sha256", "*.sha512", "*.sfv"),
    ),
    "catalogue data of the Internet Archive": (
        *("*_meta.xml", "*_files.xml", "*_reviews.xml", "*_scandata.xml", "*_dc.xml"),
        *("*_marc.xml", "*_meta.mrc", "*_meta.sqlite", "*_page_numbers.json"),
        *("*_hocr_pageindex.json.gz", "*_archive.torrent", "__ia_thumb.jpg"),
    ),
}
"""Names, in lower case, of files that are no documents, under what they are."""

_RANKS = sorted(
    ((ending, rank) for rank, row in enumerate(RENDERINGS) for ending in row),
    key=lambda pair: -len(pair[0]),
)
_STEM, _PAGE = "{stem}", "{page}"


@dataclass(frozen=True, slots=True)
class Selection:
    """What the user wants read, and how files belong together.

    Attributes:
        include: Patterns of names; a document that none of them fits is left out.
        exclude: Patterns of names to leave out.
        pages: Pattern of names of page files, without their ending; None: no such files.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    pages: str | None = None

    def __post_init__(self) -> None:
        """Refuse a pattern that cannot tell the pages.

        Raises:
            UsageError: If ``{page}`` is not in it once, or ``{stem}`` twice.
        """
        pages = self.pages
        if pages is not None and (pages.count(_PAGE) != 1 or pages.count(_STEM) > 1):
            advice = "write it like {stem}_p{page} or {stem}/{page}"
            raise UsageError("--group-pages", f"{pages!r} does not say where the page is", advice)

    def leaves_out(self, source: str, *, container: bool) -> str | None:
        """Return which pattern leaves an input out, None where it stays.

        Args:
            source: What the input is called.
            container: Whether it is an archive, whose members are to be asked instead.
        """
        for pattern in self.exclude:
            if _fits(source, pattern):
                return f"--exclude {pattern}"
        if not container and self.include and not any(_fits(source, p) for p in self.include):
            return f"--include {' '.join(self.include)}"
        return None


def _fits(source: str, pattern: str) -> bool:
    """Tell whether a pattern fits a file's name or, with a ``/`` in it, the end of its path."""
    if "/" not in pattern:
        return fnmatchcase(basename(source), pattern)
    return fnmatchcase(source, pattern) or fnmatchcase(source, f"*/{pattern}")


def junk(name: str) -> str | None:
    """Return what a file is that is no document, None for all others."""
    *folders, own = name.lower().split("/")
    if any(folder in JUNK_FOLDERS for folder in folders):
        return "in a folder that a program keeps for itself"
    for what, patterns in JUNK.items():
        if any(fnmatchcase(own, pattern) for pattern in patterns):
            return what
    return None


def is_image(start: bytes) -> bool:
    """Tell by its beginning whether a file is an image."""
    return start.startswith(_IMAGE_STARTS) or (start[:4] == b"RIFF" and start[8:12] == b"WEBP")


def rendering(name: str) -> tuple[str, int] | None:
    """Return the stem of a name and the place of its ending in `RENDERINGS`."""
    lower = name.lower()
    for ending, rank in _RANKS:
        if lower.endswith(ending) and not lower.endswith("/" + ending) and lower != ending:
            return name[: -len(ending)], rank
    return None


@dataclass(frozen=True, slots=True)
class Pages:
    """A document that lies page by page.

    Attributes:
        name: What the document is called: its files, with ``*`` for the page.
        files: Its pages, in order.
    """

    name: str
    files: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Groups:
    """Which files are one document.

    Attributes:
        part_of: Name of a file that is not read by itself → name of the document.
        pages: Name of the first file of a document of pages → the document.
    """

    part_of: Mapping[str, str]
    pages: Mapping[str, Pages]


def group(entries: Iterable[Entry], roots: Mapping[str, str], selection: Selection) -> Groups:
    """Find renderings and pages of one document.

    Args:
        entries: Files that may be documents, in order.
        roots: Name of an .xml file → name of its root element.
        selection: Says what page files are called.
    """
    part_of: dict[str, str] = {}
    stems: dict[str, list[tuple[int, str]]] = {}
    known: dict[str, Entry] = {}
    for entry in entries:
        found = rendering(entry.name)
        if found and roots.get(entry.name, "html") in OCR_ROOTS:
            known[entry.name] = entry
            stems.setdefault(normpath(found[0]), []).append((found[1], entry.name))
    best: dict[str, tuple[int, str]] = {}
    for stem, found_here in stems.items():
        best[stem] = min(found_here)
        first = best[stem][1]
        for _, name in found_here:
            if normpath(name) != normpath(first):
                part_of[name] = first
    if not selection.pages:
        return Groups(part_of, {})
    read = [known[name] for name in known if name not in part_of]
    return _group_pages(read, best, part_of, selection.pages)


def _group_pages(
    read: list[Entry], best: Mapping[str, tuple[int, str]], part_of: dict[str, str], pattern: str
) -> Groups:
    """Join page files, unless the whole document is there in a better rendering."""
    joined: dict[str, list[tuple[int, str, Entry]]] = {}
    whole: dict[str, str] = {}
    for entry in read:
        numbered = _page(entry.name, pattern)
        if numbered is not None:
            name, stem, page = numbered
            joined.setdefault(name, []).append((page, entry.name, entry))
            whole[name] = stem
    pages: dict[str, Pages] = {}
    for name, members in joined.items():
        rank, other = best.get(whole[name], (len(RENDERINGS), ""))
        ranks = [found[1] for _, own, _ in members if (found := rendering(own))]
        better = other and other not in [own for _, own, _ in members] and rank < min(ranks)
        if other and not better:
            part_of[other] = name
        for _, own, _ in members:
            part_of[own] = other if better else name
        if not better:
            files = tuple(entry for _, _, entry in sorted(members, key=lambda m: m[:2]))
            pages[members[0][1]] = Pages(name, files)
    return Groups({name: part_of.get(of, of) for name, of in part_of.items()}, pages)


def _page(name: str, pattern: str) -> tuple[str, str, int] | None:
    """Return the name of a page file's document, its stem and the number of the page."""
    found = rendering(name)
    if found is None:
        return None
    tails: list[str] = []
    head = found[0]
    for _ in range(pattern.count("/") + 1):
        head, tail = split(head)
        tails.insert(0, tail)
    pieces = {_STEM: r"(?P<stem>.+?)", _PAGE: r"(?P<page>[0-9]{1,9})"}
    parts = re.split(r"(\{stem\}|\{page\})", pattern)
    expression = "".join(pieces.get(part) or re.escape(part) for part in parts)
    match = re.fullmatch(expression, "/".join(tails), re.DOTALL)
    if match is None:
        return None
    stem = match.groupdict().get("stem", "")
    called = pattern.replace(_STEM, stem, 1).replace(_PAGE, "*", 1)
    return under(head, called), normpath(under(head, stem)) if stem else "", int(match["page"])


def not_wanted(
    name: str, source: str, selection: Selection, *, container: bool
) -> tuple[Reason, str] | None:
    """Return why a file is not read at all, None where it may be.

    Args:
        name: Its path in its place.
        source: What it is called.
        selection: What the user wants read.
        container: Whether it is an archive.
    """
    what = junk(name)
    if what is not None:
        return Reason.NOT_A_DOCUMENT, what
    pattern = selection.leaves_out(source, container=container)
    return (Reason.EXCLUDED, pattern) if pattern is not None else None
