"""Every member of every archive has its row, whatever hostile hands have made of it."""

from __future__ import annotations

import io
import os
import pickle
import socket
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive_samples import (
    BOX,
    CORRUPT,
    FOREIGN,
    MISSING,
    NO_TEXT,
    OK,
    PNG,
    TEA,
    TOO_LARGE,
    UNSUPPORTED,
    Fate,
    bag,
    fates,
    hostile_tar,
    mets,
    nested,
    page,
    tar_of,
    text,
    write_box,
    zip_of,
)
from test_cli import run
from textpolitics import Model
from textpolitics.batch import classify_items
from textpolitics.limits import Limits
from textpolitics.shards import look_ahead
from textpolitics.sources import Choice, Item, expand
from textpolitics.status import Reason

Fates = dict[str, Fate]


def name(item: Item) -> str:
    return item.source if item.record is None else f"{item.source}:{item.record}"


@pytest.fixture
def label(toy_model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Labelled:
    """Labels sources with the toy model, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return Labelled(toy_model)


class Labelled:
    """Labels sources and returns what became of each, by source and record."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def __call__(self, *sources: str, choice: Choice | None = None) -> Fates:
        """Label; the first pass must have found the same inputs."""
        first = [name(item) for item in expand(sources, choice, contents=False)]
        rows = list(classify_items(self.model, expand(sources, choice)))
        assert [name(row.item) for row in rows] == first
        assert len({row.id for row in rows}) == len(rows)
        assert all(row.result.detail for row in rows if row.result.status in ("failed", "skipped"))
        return {name(row.item): (row.result.status, row.result.reason) for row in rows}


# the box ---------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.parametrize("place", ["box", "box.zip", "box.tar", "box.tgz"])
def test_every_member_has_its_row(label: Labelled, place: str) -> None:
    write_box(Path(place))
    found = label(place)
    expected = fates(place)
    if place == "box":  # a folder that a program keeps for itself is one row
        expected["box/__MACOSX"] = expected.pop("box/__MACOSX/._a.txt")
        deepest = "box/deep.zip" + "/next.zip" * 4  # a folder is no archive
        expected[f"{deepest}/next.zip"] = expected.pop(deepest)
    for source, fate in expected.items():
        if fate == ("abstained", None):  # a sound document that the toy model cannot place
            assert found[source][0] in ("ok", "abstained"), source
        else:
            assert found[source] == fate, source
    assert set(found) == set(expected)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_dry_run_decides_as_the_run_does(label: Labelled, toy_model_folder: Path) -> None:
    write_box(Path("box.zip"))
    done = run("label", "--dry-run", "box.zip", "--model", toy_model_folder)
    assert (done.code, done.err) == (0, "")
    assert [path.name for path in Path().iterdir()] == ["box.zip"]
    *lines, totals = done.out.splitlines()
    found = label("box.zip")
    assert len(lines) == len(found)
    for line, (source, (status, reason)) in zip(lines, found.items(), strict=True):
        source = source.replace("\n", "\\n")
        assert line.startswith(f"{source}: ")
        said = line.removeprefix(f"{source}: ").partition(" (")[0]
        if said == "read":  # what is inside is another matter
            assert status != "skipped"
        else:
            assert said == f"{status} {reason}"
        if reason == "part_of":
            assert " (of the document box.zip/" in line
    assert totals.startswith(f"{len(found)} inputs: ")
    assert f"{sum(fate[1] == 'part_of' for fate in found.values())} skipped part_of" in totals


def test_order(label: Labelled) -> None:
    members = {f"{letter}.txt": text() for letter in "cab"} | {"B/z.txt": text()}
    Path("a.zip").write_bytes(zip_of(members))
    Path("a.tar").write_bytes(tar_of(members))
    assert list(label("a.zip")) == [f"a.zip/{n}" for n in ("B/z.txt", "a.txt", "b.txt", "c.txt")]
    assert list(label("a.tar")) == [f"a.tar/{n}" for n in members]


def test_items_can_travel(label: Labelled) -> None:
    write_box(Path("box.zip"))
    for item in expand(["box.zip"]):
        travelled = pickle.loads(pickle.dumps(item))
        assert (travelled.source, travelled.data) == (item.source, item.data)
        assert str(travelled.error) == str(item.error)


def test_first_look_brings_columns_but_no_contents(label: Labelled) -> None:
    write_box(Path("box.tgz"))
    items = list(expand(["box.tgz"], contents=False))
    assert {"year", "Dublin Core:Title"} <= set(look_ahead(items).columns)
    read = [item.member for item in items if item.data]
    assert set(read) == {"photo.png", "scans/y.TIF"}  # their first bytes
    member = next(item for item in items if item.source == "box.tgz/inner.zip/c.tgz/d.txt")
    assert (member.path, member.member) == (Path("box.tgz"), "inner.zip/c.tgz/d.txt")


# what must not be opened -----------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="no such things on Windows")
def test_pipes_devices_and_links_in_a_folder(label: Labelled, tmp_path: Path) -> None:
    box = Path("box")
    (box / "sub").mkdir(parents=True)
    (box / "a.txt").write_bytes(text())
    os.mkfifo(box / "pipe.txt")
    os.mkfifo(box / "pipe.zip")
    os.mkfifo(box / "pipe.csv")
    os.mkfifo(box / "pipe.xml")
    (box / "loop").symlink_to(box.resolve())
    (box / "nowhere.zip").symlink_to("nowhere")
    (box / "null.txt").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("box/sock")
        found = label("box")
    odd = ("pipe.txt", "pipe.zip", "pipe.csv", "pipe.xml", "loop", "null.txt", "sock")
    assert found == {
        "box/a.txt": OK,
        "box/nowhere.zip": MISSING,
        **{f"box/{name}": FOREIGN for name in odd},
    }
    assert label("box/pipe.zip", "box/pipe.csv", "box/pipe.xml") == {
        f"box/pipe.{suffix}": UNSUPPORTED for suffix in ("zip", "csv", "xml")
    }


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs rights that keep us out")
def test_unreadable_folder(label: Labelled) -> None:
    Path("box/shut").mkdir(parents=True)
    Path("box/shut.zip").write_bytes(zip_of({"a.txt": text()}))
    Path("box/shut.zip").chmod(0)
    Path("box/shut").chmod(0)
    assert label("box") == {"box/shut": MISSING, "box/shut.zip": MISSING}
    Path("box/shut").chmod(0o700)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_names_of_no_encoding(label: Labelled) -> None:
    raw = os.fsdecode(b"caf\xe9.txt")
    Path("a.tar").write_bytes(tar_of({raw: text(), "line\nend.txt": text()}))
    assert label("a.tar") == {f"a.tar/{raw}": OK, "a.tar/line\nend.txt": OK}


def test_folders_nested_very_deeply(label: Labelled) -> None:
    here = Path.cwd()
    for _ in range(300):
        os.mkdir("deeper")  # noqa: PTH102
        os.chdir("deeper")
    Path("a.txt").write_bytes(text())
    os.chdir(here)
    (fate,) = label("deeper").values()
    assert fate == OK


# limits ----------------------------------------------------------------------


def test_one_file_too_large(label: Labelled) -> None:
    zeros = bytes(3_000_000)
    Path("a.zip").write_bytes(zip_of({"big.txt": zeros, "small.txt": text()}))
    Path("b").mkdir()
    Path("b/big.txt").write_bytes(zeros)
    Path("b/big.csv").write_bytes(b"text\n" + zeros)
    Path("b/long.jsonl").write_bytes(b'{"text": "%s"}\n{"text": "%s"}\n' % (zeros, text()))
    choice = Choice(limits=Limits(member=1_000_000))
    assert label("a.zip", "b", choice=choice) == {
        "a.zip/big.txt": TOO_LARGE,
        "a.zip/small.txt": OK,
        "b/big.csv": TOO_LARGE,
        "b/big.txt": TOO_LARGE,
        "b/long.jsonl:1": TOO_LARGE,
        "b/long.jsonl:2": OK,
    }


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tgz"])
def test_archive_too_large(label: Labelled, suffix: str) -> None:
    members = {f"{n}.txt": text(n) * 40 for n in range(100)}
    packed = {".zip": zip_of, ".tar": tar_of, ".tgz": lambda files: tar_of(files, "gz")}
    Path("a" + suffix).write_bytes(packed[suffix](members))
    found = label("a" + suffix, choice=Choice(limits=Limits(total=len(text(10)) * 40 * 50)))
    kinds = list(found.values())
    assert 40 <= kinds.count(OK) <= 51
    assert TOO_LARGE in kinds
    assert set(kinds) <= {OK, TOO_LARGE, CORRUPT}
    assert len(found) == (100 if suffix != ".tgz" else kinds.count(OK) + 2)


def test_bombs(label: Labelled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textpolitics.limits.FREE", 1_000_000)
    zeros = bytes(20_000_000)
    Path("a.zip").write_bytes(zip_of({"a.txt": zeros, "b.zip": zip_of({"c.txt": zeros})}))
    Path("a.tgz").write_bytes(tar_of({"a.txt": zeros}, "gz"))
    found = label("a.zip", "a.tgz")
    assert found == {
        "a.zip/a.txt": TOO_LARGE,
        "a.zip/b.zip/c.txt": TOO_LARGE,
        "a.tgz/a.txt": CORRUPT,  # its beginning is all there is
        "a.tgz": TOO_LARGE,
    }


def test_members_of_members_share_the_limit(label: Labelled) -> None:
    inner = zip_of({"a.txt": text()})
    Path("a.zip").write_bytes(zip_of({f"{n}.zip": inner for n in range(20)}))
    total = 8 * (len(inner) + len(text()))
    found = label("a.zip", choice=Choice(limits=Limits(total=total)))
    assert len(found) == 20
    assert list(found.values()).count(OK) == 8


def test_nesting_ends(label: Labelled) -> None:
    Path("a.zip").write_bytes(nested(5))
    Path("b.zip").write_bytes(nested(6))
    found = label("a.zip", "b.zip")
    assert found == {
        "a.zip" + "/next.zip" * 4 + "/bottom.txt": OK,
        "b.zip" + "/next.zip" * 5: TOO_LARGE,
    }


def test_tar_that_claims_a_name_of_gigabytes(label: Labelled) -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 7_000_000_000
    data = tar_of({"a.txt": text()})[:1024] + info.tobuf(tarfile.GNU_FORMAT) + bytes(5000)
    Path("a.tar").write_bytes(data)
    assert label("a.tar") == {"a.tar/a.txt": OK, "a.tar": CORRUPT}


# damage ----------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["tar", "tgz"])
def test_members_before_the_damage_have_their_rows(label: Labelled, suffix: str) -> None:
    members = {f"{n:03d}.txt": os.urandom(3000).hex().encode() for n in range(200)}
    data = bytearray(tar_of(members, "gz" if suffix == "tgz" else ""))
    middle = len(data) // 2 // 512 * 512
    damaged = data[:middle] + b"\xff" * 9000 + data[middle + 9000 :]
    for number, content in enumerate((bytes(data[:middle]), bytes(damaged))):
        Path(f"{number}.{suffix}").write_bytes(content)
        found = label(f"{number}.{suffix}")
        assert list(found)[-1] == f"{number}.{suffix}"
        assert found[f"{number}.{suffix}"] == CORRUPT
        assert 60 < len(found) < 140
        assert f"{number}.{suffix}/000.txt" in found


def test_archive_by_name_only(label: Labelled) -> None:
    Path("a.zip").write_bytes(bytes(range(256)) * 9)
    Path("a.tar").write_bytes(bytes(range(256)) * 9)
    Path("b.tar").write_bytes(b"")
    found = label("a.zip", "a.tar", "b.tar")
    assert found == {"a.zip": UNSUPPORTED, "a.tar": UNSUPPORTED, "b.tar": ("failed", "empty")}


def test_zip_packed_in_an_unknown_way(label: Labelled) -> None:
    data = zip_of({"a.txt": text(), "b.txt": text()})
    at = data.index(b"PK\x01\x02") + 10
    Path("a.zip").write_bytes(data[:at] + b"\x61\x00" + data[at + 2 :])
    assert label("a.zip") == {"a.zip/a.txt": UNSUPPORTED, "a.zip/b.txt": OK}


def test_tar_with_a_zip_at_its_end_is_a_tar(label: Labelled) -> None:
    Path("a.tar").write_bytes(tar_of({"a.txt": text(), "b.zip": zip_of({"c.txt": text()})}))
    assert list(label("a.tar")) == ["a.tar/a.txt", "a.tar/b.zip/c.txt"]


METS = {name.removeprefix("mets/"): data for name, (data, _) in BOX.items() if "mets/" in name}
SEEDS = (
    zip_of({"a.txt": text(), "b.jsonl": b"{}"}),
    hostile_tar(),
    tar_of({"a": b"b"}, "gz"),
    tar_of(bag({"a": b"b"})),
    tar_of(METS),
    METS["mets.xml"],
)


@settings(max_examples=150)
@given(
    st.one_of(
        st.binary(max_size=3000),
        st.builds(
            lambda seed, at, new: (
                SEEDS[seed][: at % len(SEEDS[seed])]
                + new
                + SEEDS[seed][at % len(SEEDS[seed]) + len(new) :]
            ),
            st.integers(0, len(SEEDS) - 1),
            st.integers(0, 20000),
            st.binary(max_size=30),
        ),
    ),
    st.sampled_from([".zip", ".tar", ".tgz", ".tar.xz", ".jsonl", ".csv", ".parquet", ".xml"]),
)
def test_any_bytes_end_in_rows(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, suffix: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / f"a{suffix}").write_bytes(data)
    (folder / "b.zip").write_bytes(zip_of({f"a{suffix}": data}))
    first = [name(item) for item in expand([str(folder)], contents=False)]
    second = [name(item) for item in expand([str(folder)])]
    assert first == second
    assert any(source.startswith(f"{folder.as_posix()}/a{suffix}") for source in first)
    assert any(source.startswith(f"{folder.as_posix()}/b.zip") for source in first)


# bags ------------------------------------------------------------------------


def test_sound_bag_as_folder_and_zip(label: Labelled) -> None:
    inner = bag({"a.txt": text(), "é~%7E.txt": text()})
    outer = bag({f"in/{name}": data for name, data in inner.items()} | {"b.png": PNG})
    Path("bag.zip").write_bytes(zip_of({f"top/{name}": data for name, data in outer.items()}))
    found = label("bag.zip")
    read = {source: fate for source, fate in found.items() if fate != FOREIGN}
    assert read == {
        "bag.zip/top/data/b.png": NO_TEXT,
        "bag.zip/top/data/in/data/a.txt": OK,
        "bag.zip/top/data/in/data/é~%7E.txt": OK,
    }
    assert len(found) == len(outer)


def test_bag_with_odd_manifests(label: Labelled) -> None:
    files = bag({"a b.txt": text(), "c.txt": text()})
    manifest = files["manifest-sha256.txt"].decode()
    manifest = manifest.replace("  data/a b.txt", " *./data/a b.txt").replace("\n", "\r\n")
    files["manifest-sha256.txt"] = manifest.encode("utf-16")
    files["bagit.txt"] = files["bagit.txt"].replace(b"UTF-8", b"UTF-16")
    Path("bag.tar").write_bytes(tar_of(files))
    found = label("bag.tar")
    assert (found["bag.tar/data/a b.txt"], found["bag.tar/data/c.txt"]) == (OK, OK)


def test_holey_bag_says_where_to_fetch(label: Labelled) -> None:
    files = bag({"a.txt": text()}, {"a.txt": text(), "far.txt": b"x", "../../x.txt": b""})
    files["fetch.txt"] = b"https://example.org/far.txt 1 data/far.txt\n"
    Path("bag.zip").write_bytes(zip_of(files))
    items = {item.source: item for item in expand(["bag.zip"])}
    error = items["bag.zip/data/far.txt"].error
    assert error is not None
    assert error.reason is Reason.MISSING
    assert "fetch.txt" in error.detail
    assert label("bag.zip")["bag.zip/../x.txt"] == MISSING


def test_bag_with_sums_of_an_unknown_kind(label: Labelled) -> None:
    files = bag({"a.txt": text()})
    files["manifest-crc77.txt"] = files.pop("manifest-sha256.txt")
    Path("bag.zip").write_bytes(zip_of(files))
    assert label("bag.zip")["bag.zip/data/a.txt"] == UNSUPPORTED


# METS ------------------------------------------------------------------------


def test_pages_of_mets_stand_in_order(label: Labelled) -> None:
    write_box(Path("box"))
    for source in ("box/mets", "box/mets/mets.xml"):
        items = {item.source: item for item in expand([source])}
        document = items["box/mets/mets.xml"].document()
        assert document.text.endswith("The end.")
        assert len(document.pages) == 3
        assert [document.text[start:][:8] for start in document.pages[:2]] == ["We drink"] * 2


def test_mets_with_a_corrupt_page_in_a_bag(label: Labelled) -> None:
    told = METS | {"p/b.xml": b"another page"}
    Path("bag.zip").write_bytes(zip_of(bag(METS, told)))
    found = label("bag.zip")
    assert found["bag.zip/data/mets.xml"] == CORRUPT
    assert found["bag.zip/data/p/b.xml"] == CORRUPT


def test_mets_opens_nothing_outside(label: Labelled) -> None:
    Path("secret.xml").write_bytes(page(TEA))
    links = ("../secret.xml", "/etc/passwd", "file:///etc/passwd", "https://example.org/x.xml")
    Path("box").mkdir()
    Path("box/mets.xml").write_bytes(mets({str(n): (link,) for n, link in enumerate(links, 1)}))
    Path("a.zip").write_bytes(zip_of({"mets.xml": Path("box/mets.xml").read_bytes()}))
    for sources in (["box"], ["box/mets.xml"], ["a.zip"]):
        items = list(expand(sources))
        assert not any(item.pages or item.data for item in items)
        assert {item.error.reason for item in items if item.error} == {Reason.MISSING}


def test_two_mets_files_of_the_same_pages_are_one_document(label: Labelled) -> None:
    Path("a.zip").write_bytes(zip_of(METS | {"mets2.xml": METS["mets.xml"]}))
    found = label("a.zip")
    assert (found["a.zip/mets.xml"], found["a.zip/mets2.xml"]) == (OK, ("skipped", "part_of"))


def test_mets_that_describes_files_but_no_pages(label: Labelled) -> None:
    other = METS["mets.xml"].replace(b'TYPE="page"', b'TYPE="Item"')
    Path("a.zip").write_bytes(zip_of({"METS.xml": other, "p/a.xml": METS["p/a.xml"]}))
    assert label("a.zip") == {"a.zip/METS.xml": FOREIGN, "a.zip/p/a.xml": OK}


def test_zip_that_overlaps_is_not_followed(label: Labelled) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", text())
        archive.filelist *= 3  # three names for the same bytes
    Path("a.zip").write_bytes(buffer.getvalue())
    assert len(label("a.zip")) == 3
