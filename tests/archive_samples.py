"""Archives for tests, made from nothing: nested, packed in every way, and hostile.

`BOX` is a box of files, each with what must become of it; `write_box` writes it as a
folder, a zip or a tar. Run as a script it writes all three into a folder to look at.
"""

from __future__ import annotations

import hashlib
import io
import stat
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

Fate = tuple[str, str | None]
"""Status and reason."""

TEA = (
    "We drink the leaves hot with milk and we call this brew the best of the morning. "
    "Rain fell in the night and the wind came from the north. "
    "And we say once more that we call this brew the best."
)
OK: Fate = ("ok", None)
FOREIGN: Fate = ("skipped", "not_a_document")
PART: Fate = ("skipped", "part_of")
CORRUPT: Fate = ("failed", "corrupt")
MISSING: Fate = ("failed", "missing")
NO_TEXT: Fate = ("abstained", "no_text")
UNSUPPORTED: Fate = ("failed", "unsupported")
TOO_LARGE: Fate = ("failed", "too_large")
ENCRYPTED: Fate = ("failed", "encrypted")
FORMATS = Path(__file__).parent / "samples" / "formats"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9
TIFF = b"II*\0" + bytes(400)


def text(number: int = 0) -> bytes:
    """Return a text that the toy model takes for tea."""
    return f"{TEA} So says house number {number}.".encode()


def zip_of(members: Mapping[str, bytes]) -> bytes:
    """Return a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def tar_of(members: Mapping[str, bytes], packed: str = "") -> bytes:
    """Return a tar archive, packed with gz, bz2 or xz."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{packed}") as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def hostile_tar() -> bytes:
    """Return a tar with links, devices, pipes and names that lead out of it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind, target in (
            ("link.txt", tarfile.SYMTYPE, "/etc/passwd"),
            ("hard.txt", tarfile.LNKTYPE, "../../secret.txt"),
            ("pipe.txt", tarfile.FIFOTYPE, ""),
            ("device.txt", tarfile.CHRTYPE, ""),
            ("folder", tarfile.DIRTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            archive.addfile(info)
        for name in ("../up.txt", "/root.txt", "a/../../b.txt", "good.txt", "good.txt"):
            info = tarfile.TarInfo(name)
            info.size = len(text())
            archive.addfile(info, io.BytesIO(text()))
    return buffer.getvalue()


HOSTILE_TAR: dict[str, Fate] = {
    "link.txt": FOREIGN,
    "hard.txt": FOREIGN,
    "pipe.txt": FOREIGN,
    "device.txt": FOREIGN,
    "../up.txt": UNSUPPORTED,
    "/root.txt": UNSUPPORTED,
    "a/../../b.txt": UNSUPPORTED,
    "good.txt": OK,
    "good#2.txt": OK,
}


def hostile_zip() -> bytes:
    """Return a zip with a link, a pipe, a password, damage, and names that lead out of it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, mode in (("link.txt", stat.S_IFLNK), ("pipe.txt", stat.S_IFIFO)):
            info = zipfile.ZipInfo(name)
            info.external_attr = (mode | 0o644) << 16
            archive.writestr(info, "/etc/passwd")
        for name in ("../up.txt", "/root.txt", "C:/root.txt", "..\\back.txt", "in\\good.txt"):
            archive.writestr(zipfile.ZipInfo(name), text())
        archive.writestr("damaged.txt", text(1))
        archive.writestr("locked.txt", text(2))
        archive.writestr("z.txt", text(3))
    data = buffer.getvalue().replace(b"house number 1.", b"house number 9.")
    return _locked(data, b"locked.txt")


def _locked(data: bytes, name: bytes) -> bytes:
    """Set the flag that says that a member needs a password."""
    changed = bytearray(data)
    for signature, flag, at in ((b"PK\x03\x04", 6, 30), (b"PK\x01\x02", 8, 46)):
        start = -1
        while (start := data.find(signature, start + 1)) >= 0:
            if data[start + at : start + at + len(name)] == name:
                changed[start + flag] |= 1
    return bytes(changed)


HOSTILE_ZIP: dict[str, Fate] = {
    "../up.txt": UNSUPPORTED,
    "../back.txt": UNSUPPORTED,
    "/root.txt": UNSUPPORTED,
    "C:/root.txt": UNSUPPORTED,
    "damaged.txt": CORRUPT,
    "in/good.txt": OK,
    "link.txt": FOREIGN,
    "locked.txt": ENCRYPTED,
    "pipe.txt": FOREIGN,
    "z.txt": OK,
}


def nested(depth: int) -> bytes:
    """Return a zip in a zip in a zip, with a text at the bottom."""
    data = zip_of({"bottom.txt": text()})
    for _ in range(depth - 1):
        data = zip_of({"next.zip": data})
    return data


def bag(
    payload: Mapping[str, bytes], listed: Mapping[str, bytes] | None = None
) -> dict[str, bytes]:
    """Return the files of a bag.

    Args:
        payload: Names within ``data`` and contents.
        listed: What its manifest says they are; None is the truth.
    """
    lines = [
        f"{hashlib.sha256(data).hexdigest()}  data/{name.replace('%', '%25')}\n"
        for name, data in (payload if listed is None else listed).items()
    ]
    return {
        "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": b"Source-Organization: Nobody\n",
        "manifest-sha256.txt": "".join(lines).encode(),
        **{f"data/{name}": data for name, data in payload.items()},
    }


def page(*lines: str) -> bytes:
    """Return a page in PAGE XML."""
    region = "".join(
        f'<TextLine id="l{n}"><Coords points="0,0 1,1"/><TextEquiv><Unicode>{line}</Unicode>'
        "</TextEquiv></TextLine>"
        for n, line in enumerate(lines)
    )
    space = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
    return (
        f'<?xml version="1.0"?><PcGts xmlns="{space}"><Page imageFilename="x.tif" imageWidth="9" '
        f'imageHeight="9"><TextRegion id="r"><Coords points="0,0 1,1"/>{region}</TextRegion>'
        "</Page></PcGts>"
    ).encode()


def mets(pages: Mapping[str, tuple[str, ...]]) -> bytes:
    """Return a METS file.

    Args:
        pages: ORDER of each page → links to its files.
    """
    names = [name for links in pages.values() for name in links]
    files = "".join(
        f'<file ID="f{n}"><FLocat LOCTYPE="URL" xlink:href="{name}"/></file>'
        for n, name in enumerate(names)
    )
    divs = "".join(
        f'<div TYPE="page" ORDER="{order}">'
        + "".join(f'<fptr FILEID="f{names.index(name)}"/>' for name in links)
        + "</div>"
        for order, links in pages.items()
    )
    return (
        '<?xml version="1.0"?><mets xmlns="http://www.loc.gov/METS/" '
        'xmlns:xlink="http://www.w3.org/1999/xlink"><fileSec><fileGrp>'
        f'{files}</fileGrp></fileSec><structMap TYPE="LOGICAL"><div/></structMap>'
        f'<structMap TYPE="PHYSICAL"><div>{divs}</div></structMap></mets>'
    ).encode()


def _box() -> dict[str, tuple[bytes, dict[str, Fate]]]:
    """Return the files of the box: name → content, and name behind it → what becomes of it.

    The name behind a file is "" for the file itself, ``:1`` for a record, ``/a.txt`` for a
    member.
    """
    one: dict[str, Fate] = {"": OK}
    box: dict[str, tuple[bytes, dict[str, Fate]]] = {
        ".DS_Store": (b"\0\0", {"": FOREIGN}),
        "Thumbs.db": (b"\0\0", {"": FOREIGN}),
        "__MACOSX/._a.txt": (b"\0\0", {"": FOREIGN}),
        "SHA256SUMS": (b"abc  a.txt\n", {"": FOREIGN}),
        "a.txt": (text(), one),
        "photo.png": (PNG, {"": NO_TEXT}),
        "empty.txt": (b"", {"": ("failed", "empty")}),
        "two\nlines.txt": (text(), one),
        "table.jsonl": (
            b'{"text": "%s", "year": 1900}\n{broken\n' % text(),
            {":1": OK, ":2": ("failed", "bad_record")},
        ),
        "omeka.csv": (
            b'Item Id,Dublin Core:Title,Item Type Metadata:Text\n7,Leaflet,"%s"\n' % text(),
            {":1": OK},
        ),
        "scans/x.pdf": ((FORMATS / "leaflet.pdf").read_bytes(), {"": PART}),
        "scans/x.tif": (TIFF, {"": PART}),
        "scans/x_djvu.txt": (text(), one),
        "scans/x_meta.xml": (b"<metadata/>", {"": FOREIGN}),
        "scans/y.TIF": (TIFF, {"": NO_TEXT}),
        "word.zip": ((FORMATS / "leaflet.docx").read_bytes(), {"": ("abstained", None)}),
        "text.zip": (text(), one),
        "inner.zip": (
            zip_of({"b.txt": text(), "c.tgz": tar_of({"d.txt": text()}, "gz")}),
            {"/b.txt": OK, "/c.tgz/d.txt": OK},
        ),
        "inner.tar.bz2": (
            tar_of({"z.txt": text(), "a.txt": text()}, "bz2"),
            {"/z.txt": OK, "/a.txt": OK},
        ),
        "inner.tar.xz": (tar_of({"a.txt": text()}, "xz"), {"/a.txt": OK}),
        "none.zip": (zip_of({}), {"": ("failed", "empty")}),
        "hostile.tar": (hostile_tar(), {f"/{name}": fate for name, fate in HOSTILE_TAR.items()}),
        "hostile.zip": (hostile_zip(), {f"/{name}": fate for name, fate in HOSTILE_ZIP.items()}),
        "cut.zip": (zip_of({"a.txt": text()})[:-30], {"": CORRUPT}),
        "cut.tar": (tar_of({"a.txt": text(), "b.txt": text()})[:1400], {"/a.txt": OK, "": CORRUPT}),
        "deep.zip": (
            nested(9),
            {"/next.zip" * 4: TOO_LARGE},
        ),
    }
    parts = {
        "mets/mets.xml": (
            mets({"2": ("p/b.xml", "img/b.tif"), "10": ("p/c.xml",), "1": ("p/a.xml", "gone.tif")}),
            one,
        ),
        "mets/p/a.xml": (page(*TEA.split(". ")), {"": PART}),
        "mets/p/b.xml": (page(*TEA.split(". ")), {"": PART}),
        "mets/p/c.xml": (page("The end."), {"": PART}),
        "mets/img/b.tif": (TIFF, {"": PART}),
    }
    payload = {"a.txt": text(), "in/100%.txt": text(1), "in.zip": zip_of({"b.txt": text()})}
    told = payload | {"gone.txt": b"", "wrong.txt": b"something else"}
    files = bag(payload | {"wrong.txt": text(), "new.txt": text()}, told)
    fates: dict[str, dict[str, Fate]] = {
        "data/wrong.txt": {"": CORRUPT},
        "data/new.txt": {"": CORRUPT},
        "data/in.zip": {"/b.txt": OK},
    }
    for name, data in files.items():
        usual = one if name.startswith("data/") else {"": FOREIGN}
        parts[f"bag/{name}"] = (data, fates.get(name, usual))
    return box | parts


BOX = _box()
ELSEWHERE: dict[str, Fate] = {"bag/data/gone.txt": MISSING}
"""What must have a row though no such file is there."""


def fates(place: str) -> dict[str, Fate]:
    """Return what must become of each input of the box, by source and record.

    Args:
        place: Name of the folder or archive.
    """
    found = {
        f"{place}/{name}{behind}": fate
        for name, (_, inside) in BOX.items()
        for behind, fate in inside.items()
    }
    return found | {f"{place}/{name}": fate for name, fate in ELSEWHERE.items()}


def write_box(path: Path) -> None:
    """Write the box, as an archive where the name ends like one."""
    members = {name: data for name, (data, _) in BOX.items()}
    if path.suffix == ".zip":
        path.write_bytes(zip_of(members))
    elif path.suffixes:
        path.write_bytes(tar_of(members, "" if path.suffix == ".tar" else "gz"))
    else:
        for name, data in members.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)


if __name__ == "__main__":
    for ending in ("", ".zip", ".tar", ".tgz"):
        write_box(Path(sys.argv[1], f"box{ending}"))
