"""One document is counted once: renderings, pages, what is left out, and odd tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archive_samples import FOREIGN, NO_TEXT, OK, PART, PNG, TIFF, page, tar_of, text, zip_of
from conftest import REPOSITORY
from test_archives import Labelled, label
from test_cli import MESSAGE, run
from textpolitics import UsageError
from textpolitics.grouping import RENDERINGS, Selection, rendering
from textpolitics.sources import Choice, expand
from textpolitics.tables import Columns

__all__ = ["label"]


def part_of(*sources: str, choice: Choice | None = None) -> dict[str, str]:
    """Return of which document every file is part that is not read."""
    items = expand(sources, choice, contents=False)
    details = {item.source: item.error.detail for item in items if item.error}
    return {
        source: detail.removeprefix("of the document ")
        for source, detail in details.items()
        if detail.startswith("of the document ")
    }


def write(folder: str, *names: str) -> None:
    for name in names:
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        ending = path.suffix.lower()
        content = {".tif": TIFF, ".png": PNG, ".xml": page("Some words")}.get(ending)
        path.write_bytes(text() if content is None else content)


# renderings ------------------------------------------------------------------


def test_every_ending_stands_once_in_the_table() -> None:
    endings = [ending for row in RENDERINGS for ending in row]
    assert len(endings) == len(set(endings))
    assert all(ending == ending.lower() for ending in endings)
    for rank, row in enumerate(RENDERINGS):
        for ending in row:
            assert rendering(f"a/x.y{ending.upper()}") == ("a/x.y", rank)


def test_the_table_stands_in_the_docs() -> None:
    docs = (REPOSITORY / "docs" / "archives.md").read_text("utf-8")
    rows = re.findall(r"^\| [0-9]+ \| (.*) \|$", docs, re.MULTILINE)
    assert [set(re.findall("`([^`]+)`", row)) for row in rows] == [set(row) for row in RENDERINGS]


def test_the_best_rendering_is_read(label: Labelled) -> None:
    best_first = ["x.docx", "x.md", "x.hocr", "x.xml", "x_djvu.xml", "x_hocr_searchtext.txt.gz"]
    best_first += ["x_djvu.txt", "x.txt", "x.html", "x.epub", "x.pdf", "x.tif", "x_jp2.zip"]
    write("box", *best_first)
    while len(best_first) > 1:
        best, *others = best_first
        assert part_of("box") == {f"box/{name}": f"box/{best}" for name in others}
        Path("box", best).unlink()
        best_first = others


def test_what_is_no_rendering_stands_for_itself(label: Labelled) -> None:
    write("box", "x.txt", "x.csv", "x.jsonl", "x", "x.log", "y/x.pdf", "X.pdf", "x.tar", ".txt")
    Path("box/x.xml").write_bytes(b"<mods><title>Leaflet</title></mods>")
    assert part_of("box") == {}


def test_renderings_in_an_archive_and_one_by_one(label: Labelled) -> None:
    write("box", "x.pdf", "x.txt", "y.png")
    Path("box.tar").write_bytes(tar_of({"b/x.pdf": b"%PDF", "b/x.txt": text()}))
    assert part_of("box.tar") == {"box.tar/b/x.pdf": "box.tar/b/x.txt"}
    assert label("box/x.pdf", "./box/x.txt", "box/y.png", "box/x.txt") == {
        "box/x.pdf": PART,
        "./box/x.txt": OK,
        "box/y.png": NO_TEXT,
        "box/x.txt": OK,  # who names a file twice gets it twice
    }


def test_images_of_a_scan_in_a_zip_of_their_own(label: Labelled) -> None:
    images = zip_of({"x_0001.jp2": PNG, "x_0002.jp2": PNG})
    Path("box").mkdir()
    Path("box/x_jp2.zip").write_bytes(images)
    assert list(label("box").values()) == [NO_TEXT, NO_TEXT]
    write("box", "x_djvu.txt", "x_meta.xml", "x_page_numbers.json")
    assert label("box") == {
        "box/x_djvu.txt": OK,
        "box/x_jp2.zip": PART,
        "box/x_meta.xml": FOREIGN,
        "box/x_page_numbers.json": FOREIGN,
    }


def test_an_image_is_known_by_its_content(label: Labelled) -> None:
    write("box", "text.tif")
    Path("box/text.tif").write_bytes(text())
    Path("box/picture.txt").write_bytes(PNG)
    Path("a.zip").write_bytes(zip_of({"text.jpg": text(), "empty.png": b""}))
    assert label("box", "a.zip") == {
        "box/picture.txt": NO_TEXT,
        "box/text.tif": OK,
        "a.zip/empty.png": ("failed", "empty"),
        "a.zip/text.jpg": OK,
    }


# pages -----------------------------------------------------------------------


def grouped(pattern: str) -> Choice:
    return Choice(selection=Selection(pages=pattern))


def test_pages_are_joined_in_order(label: Labelled) -> None:
    for number in (1, 2, 10):
        write("box", f"x_p{number}.txt", f"x_p{number}.tif")
        Path(f"box/x_p{number}.txt").write_bytes(text(number))
    Path("box/x_p3.txt").write_bytes(b" \n")
    write("box", "y_p1.txt", "z.txt")
    choice = grouped("{stem}_p{page}")
    found = label("box", choice=choice)
    assert {source for source, fate in found.items() if fate == OK} == {
        "box/x_p*",
        "box/y_p*",
        "box/z.txt",
    }
    assert list(found)[:3] == ["box/x_p1.tif", "box/x_p*", "box/x_p1.txt"]
    assert part_of("box", choice=choice)["box/x_p10.tif"] == "box/x_p*"
    items = {item.source: item for item in expand(["box"], choice)}
    document = items["box/x_p*"].document()
    assert [document.text[start:].partition("\n")[0] for start in document.pages] == [
        text(1).decode(),
        text(2).decode(),
        "",
        text(10).decode(),
    ]
    assert document.text.count("house number") == 3


@pytest.mark.parametrize("place", ["box", "box.zip"])
def test_pages_in_folders(label: Labelled, place: str) -> None:
    members = {f"{folder}/{n:03d}.txt": text(n) for folder in ("a", "b") for n in (1, 2)}
    write("box", *members)
    Path("box.zip").write_bytes(zip_of(members))
    choice = grouped("{stem}/{page}")
    found = label(place, choice=choice)
    assert [source for source, fate in found.items() if fate == OK] == [
        f"{place}/a/*",
        f"{place}/b/*",
    ]
    whole = label(place, choice=grouped("{page}"))
    assert [source for source, fate in whole.items() if fate == OK] == [
        f"{place}/a/*",
        f"{place}/b/*",
    ]


def test_pages_and_a_whole_document(label: Labelled) -> None:
    write("box", "x_p1.txt", "x_p2.txt", "x.pdf", "y_p1.txt", "y.docx")
    assert part_of("box", choice=grouped("{stem}_p{page}")) == {
        "box/x.pdf": "box/x_p*",
        "box/x_p1.txt": "box/x_p*",
        "box/x_p2.txt": "box/x_p*",
        "box/y_p1.txt": "box/y.docx",
    }


def test_a_page_that_cannot_be_read_is_named(label: Labelled) -> None:
    write("box", "x_p1.txt", "x_p2.txt")
    Path("box/x_p2.txt").write_bytes(bytes(range(256)) * 40)
    choice = grouped("{stem}_p{page}")
    assert label("box", choice=choice)["box/x_p*"] == ("failed", "unsupported")


@pytest.mark.parametrize("pattern", ["{stem}", "p", "{page}{page}", "{stem}{stem}{page}"])
def test_pattern_without_a_page(pattern: str) -> None:
    with pytest.raises(UsageError, match="--group-pages"):
        Selection(pages=pattern)
    done = run("label", "a.txt", "--dry-run", "--group-pages", pattern)
    assert done.code == 2
    assert MESSAGE.fullmatch(done.err)


# choices ---------------------------------------------------------------------


def test_include_and_exclude(label: Labelled) -> None:
    write("box", "a.txt", "a.md", "drafts/b.txt", "drafts/deep/c.txt", "d.html")
    Path("box/e.zip").write_bytes(zip_of({"f.txt": text(), "g.html": text()}))
    selection = Selection(include=("*.txt",), exclude=("drafts/*",))
    excluded = ("skipped", "excluded")
    assert label("box", choice=Choice(selection=selection)) == {
        "box/a.md": excluded,
        "box/a.txt": OK,  # no longer part of a.md
        "box/d.html": excluded,
        "box/drafts/b.txt": excluded,
        "box/drafts/deep/c.txt": excluded,
        "box/e.zip/f.txt": OK,
        "box/e.zip/g.html": excluded,
    }
    found = label("box", choice=Choice(selection=Selection(exclude=("*.zip", "box/*.html"))))
    assert found["box/e.zip"] == found["box/d.html"] == excluded


def test_options_on_the_command_line(tmp_path: Path, toy_model_folder: Path) -> None:
    words = text().decode()
    (tmp_path / "a.csv").write_text(f'nr;body\n7;"{words}"\n', "utf-8")
    (tmp_path / "x_p1.txt").write_text(words, "utf-8")
    (tmp_path / "no.txt").write_text(words, "utf-8")
    options = "--text-column body --id-column nr --exclude no.* --include *.csv --include *_p?.txt"
    arguments = ("label", ".", *options.split(), "--group-pages", "{stem}_p{page}")
    planned = run(*arguments, "--dry-run", cwd=tmp_path)
    assert planned.out.splitlines() == [
        "a.csv:1: read",
        "no.txt: skipped excluded (--exclude no.*)",
        "x_p*: read (1 pages)",
        "x_p1.txt: skipped part_of (of the document x_p*)",
        "4 inputs: 2 read, 1 skipped excluded, 1 skipped part_of",
    ]
    done = run(*arguments, "--model", toy_model_folder, "--output", "out.csv", cwd=tmp_path)
    assert done.code == 0
    rows = (tmp_path / "out.csv").read_text("utf-8").splitlines()
    assert [row.split(",")[2] for row in rows[1:]] == ["7", "no.txt", "x_p*", "x_p1.txt"]
    small = run(
        "label", "no.txt", "--max-bytes", "9", "--output", "o.csv", "--model", "fast", cwd=tmp_path
    )
    assert (small.code, "1 failed too_large" in small.err) == (1, True)


def test_output_and_work_of_a_run_are_no_input(label: Labelled) -> None:
    write("box", "a.txt", "out.csv.work/shard-0000000.txt", "out.csv", ".out.csv.1.part")
    write("box/in", "out.csv.work/b.txt")
    found = label("box", choice=Choice(without=Path("box/out.csv")))
    assert found == {"box/a.txt": OK, "box/in/out.csv.work/b.txt": OK}


# tables ----------------------------------------------------------------------


def records(*names: str, columns: Columns | None = None) -> list[tuple[str | None, str | None]]:
    items = expand(names, Choice(columns=columns or Columns()))
    return [(item.own_id, item.error.detail if item.error else item.text) for item in items]


def test_columns_of_omeka(label: Labelled) -> None:
    Path("classic.csv").write_text(
        "Item Id,Dublin Core:Title,Dublin Core:Description,Item Type Metadata:Text,file\n"
        '12,Strike!,A leaflet,"Words, words",a.jpg\n13,No text,A leaflet,,b.jpg\n',
        "utf-8",
    )
    Path("s.csv").write_text("o:id;dcterms:title;extracttext:extracted_text\n1;T;Words\n", "utf-8")
    Path("described.csv").write_text("Dublin Core:Title,Dublin Core:Description\nT,D\n", "utf-8")
    Path("titles.csv").write_text("Dublin Core:Title\nT\n", "utf-8")
    assert records("classic.csv") == [("12", "Words, words"), ("13", "the text is empty")]
    assert records("s.csv") == [("1", "Words")]
    assert records("described.csv") == [(None, "D")]
    ((_, problem),) = records("titles.csv")
    assert problem is not None
    assert "its columns are: Dublin Core:Title" in problem
    first = next(expand(["classic.csv"]))
    assert first.metadata["Dublin Core:Title"] == "Strike!"
    assert list(first.metadata)[-1] == "file"


def test_columns_that_are_named(label: Labelled) -> None:
    Path("a.csv").write_text("id,text,other\n1,one,two\n", "utf-8")
    Path("a.jsonl").write_text('{"id": 1, "text": "one", "other": "two"}\n{"text": "x"}\n', "utf-8")
    columns = Columns(text="other", id="text")
    assert records("a.csv", columns=columns) == [("one", "two")]
    second = ("x", "no text in the column 'other'")
    assert records("a.jsonl", columns=columns) == [("one", "two"), second]
    ((_, problem),) = records("a.csv", columns=Columns(text="gone"))
    assert problem is not None
    assert problem.startswith("no column 'gone'")
