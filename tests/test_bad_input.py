"""Bad input on the real command: the right code, the right status, one clear line."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from test_cli import FORMATS, LEAFLET, MESSAGE, Done, check_object, run

SAMPLES = FORMATS.parent
TEXT = LEAFLET.read_text("utf-8")
NAME_WITH_NEWLINE = "two\nlines.txt"


def read_sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


# files that cannot be read ---------------------------------------------------

FAILING: dict[str, tuple[Callable[[], bytes] | None, str]] = {
    "missing.txt": (None, "missing"),
    "missing.pdf": (None, "missing"),
    "empty.txt": (lambda: b"", "empty"),
    "empty.pdf": (lambda: b"", "empty"),
    "blank.txt": (lambda: b"\xef\xbb\xbf \r\n\t\r\n", "empty"),
    "nuls.txt": (lambda: bytes(5000), "empty"),
    "bytes.bin": (lambda: bytes(range(256)) * 40, "unsupported"),
    "bytes.txt": (lambda: bytes(range(256)) * 40, "unsupported"),
    "half-nuls.txt": (lambda: b"".join(b"%c\0\0" % c for c in TEXT[:300].encode()), "unsupported"),
    "odd-utf-16.txt": (lambda: TEXT.encode("utf-16")[:-1], "encoding"),
    "mixed.txt": (lambda: "“Half a café” – it’s".encode() * 9 + b"\xe2\x80 x", "encoding"),
    "encrypted.pdf": (lambda: read_sample("encrypted.pdf"), "encrypted"),
    "encrypted.txt": (lambda: read_sample("encrypted.pdf"), "encrypted"),
    "truncated.pdf": (lambda: read_sample("formats/leaflet.pdf")[:-300], "corrupt"),
    "head.pdf": (lambda: read_sample("formats/leaflet.pdf")[:100], "corrupt"),
    "truncated.docx": (lambda: read_sample("formats/leaflet.docx")[:-300], "corrupt"),
    "truncated.odt": (lambda: read_sample("formats/leaflet.odt")[:-300], "corrupt"),
    "truncated.epub": (lambda: read_sample("formats/leaflet.epub")[:-300], "corrupt"),
    "truncated.rtf": (lambda: read_sample("formats/leaflet.rtf")[:-30], "corrupt"),
    "LEAFLET.TXT/inner.txt": (None, "missing"),
}


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, dict[str, dict[str, Any]]]:
    """One run over every file of the table, in its order, and its objects by file name."""
    folder = tmp_path_factory.mktemp("failing")
    (folder / "LEAFLET.TXT").write_text(TEXT, "utf-8")
    for name, (content, _) in FAILING.items():
        if content is not None:
            (folder / name).write_bytes(content())
    done = run("classify", "--json", "--passages", *FAILING, cwd=folder)
    return done, {found["source"]: found for found in done.objects()}


def test_every_failure_is_an_object_and_a_line(
    failures: tuple[Done, dict[str, dict[str, Any]]],
) -> None:
    done, objects = failures
    assert done.code == 1
    assert list(objects) == list(FAILING)
    assert len(done.err.splitlines()) == len(FAILING)


@pytest.mark.parametrize("name", FAILING)
def test_failure(failures: tuple[Done, dict[str, dict[str, Any]]], name: str) -> None:
    done, objects = failures
    check_object(objects[name], passages=True)
    assert (objects[name]["status"], objects[name]["reason"]) == ("failed", FAILING[name][1])
    assert objects[name]["detail"]
    line = done.err.splitlines(keepends=True)[list(FAILING).index(name)]
    assert MESSAGE.fullmatch(line)
    assert line.startswith(f"textpolitics: {name}: ")


@pytest.mark.parametrize("command", ["classify", "text"])
def test_folder_given_as_a_file(command: str, tmp_path: Path) -> None:
    (tmp_path / "leaflets").mkdir()
    done = run(command, "leaflets", cwd=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert MESSAGE.fullmatch(done.err)
    assert "leaflets: " in done.err
    assert "textpolitics label FOLDER" in done.err


@pytest.mark.parametrize("name", ["missing.txt", "encrypted.pdf"])
def test_text_says_what_to_do(name: str) -> None:
    done = run("text", name, cwd=SAMPLES)
    assert (done.code, done.out) == (1, "")
    assert MESSAGE.fullmatch(done.err)
    assert done.err.startswith(f"textpolitics: {name}: ")


def test_unreadable_file(tmp_path: Path) -> None:
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        unreadable = Path("/proc/self/mem")  # chmod does not keep root out, this does
        if not unreadable.exists():
            pytest.skip("root can read every file here")
    else:
        unreadable = tmp_path / "secret.txt"
        unreadable.write_text(TEXT, "utf-8")
        unreadable.chmod(0)
    if sys.platform == "win32":
        pytest.skip("no such permissions on Windows")
    done = run("classify", "--json", unreadable)
    (found,) = done.objects()
    check_object(found, passages=False)
    assert (done.code, found["status"]) == (1, "failed")
    assert MESSAGE.fullmatch(done.err)


# files that are odd, but can be read -----------------------------------------


def test_odd_files_that_can_be_read(tmp_path: Path) -> None:
    plain = TEXT.encode()
    page = f"<html><body><p>{TEXT}</p></body></html>".encode()
    windows = TEXT.replace("\n", "\r\n")
    files = {
        "plain.txt": plain,
        "bom.txt": b"\xef\xbb\xbf" + plain,
        "utf-16.txt": windows.encode("utf-16"),
        "utf-16-be-bom.txt": b"\xfe\xff" + windows.encode("utf-16-be"),
        "utf-16-le-no-bom.txt": windows.encode("utf-16-le"),
        "utf-16-be-no-bom.txt": windows.encode("utf-16-be"),
        "nul.txt": plain.replace(b"management", b"man\0agement") + b"\0",
        "mac.txt": TEXT.replace("\n", "\r").encode(),
        "no-suffix": plain,
        "text.pdf": plain,
        "text.docx": plain,
        "text.html": plain,
        "emoji \U0001f600.txt": plain,
        "-dash.txt": plain,
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "page.pdf").write_bytes(page)
    (tmp_path / "pdf.txt").write_bytes(read_sample("formats/leaflet.pdf"))
    (tmp_path / "leaflet.pdf").write_bytes(read_sample("formats/leaflet.pdf"))
    (tmp_path / "scan.pdf").write_bytes(read_sample("scan.pdf"))
    others = ["page.pdf", "pdf.txt", "leaflet.pdf", "scan.pdf"]
    done = run("classify", "--json", "--passages", "--", *files, *others, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    objects = {found["source"]: found for found in done.objects()}
    assert list(objects) == [*files, *others]
    for found in objects.values():
        check_object(found, passages=True)
    first = objects["plain.txt"]
    assert first["axes"]["tradition"]["label"] == "from-below"
    assert "".join(passage["text"] for passage in first["passages"])[:20] == TEXT[:20]
    for name in files:
        assert objects[name] == first | {"source": name}
    assert objects["page.pdf"]["axes"]["tradition"]["label"] == "from-below"
    assert objects["pdf.txt"] == objects["leaflet.pdf"] | {"source": "pdf.txt"}
    scan = objects["scan.pdf"]
    assert (scan["status"], scan["reason"], scan["passages"]) == ("abstained", "no_text", [])
    assert {axis["reason"] for axis in scan["axes"].values()} == {"no_text"}


def test_images_have_no_text(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    (tmp_path / "picture.pdf").write_bytes(b"\xff\xd8\xff\xe0" + bytes(range(256)))
    done = run("classify", "--json", "picture.png", "picture.pdf", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    for found in done.objects():
        check_object(found, passages=False)
        assert (found["status"], found["reason"]) == ("abstained", "no_text")


def test_scan_for_a_person() -> None:
    done = run("classify", SAMPLES / "scan.pdf")
    assert (done.code, done.err) == (0, "")
    assert done.out.count("not said: no text inside") == 2
    assert run("text", SAMPLES / "scan.pdf") == Done(0, "\n", "")


def test_one_line_of_five_megabytes(tmp_path: Path) -> None:
    line = (" ".join(TEXT.split()) + " ") * 4600
    assert len(line) > 5_000_000
    (tmp_path / "line.txt").write_text(line, "utf-8")
    done = run("classify", "--json", "--passages", "--model", "fast", "line.txt", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    (found,) = done.objects()
    check_object(found, passages=True)
    assert found["axes"]["tradition"]["label"] == "from-below"
    assert found["passages"][0]["start"] == 0
    assert found["passages"][-1]["end"] == len(line.rstrip())
    assert all(p["text"] == line[p["start"] : p["end"]] for p in found["passages"])


def test_one_word_of_two_megabytes(tmp_path: Path) -> None:
    (tmp_path / "word.txt").write_text("a" * 2_000_001, "utf-8")
    done = run("classify", "--json", "word.txt", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert [found["reason"] for found in done.objects()] == ["language"]


def test_csv_cell_of_five_megabytes(tmp_path: Path) -> None:
    cell = (TEXT.replace('"', "'") + "\n") * 4600
    assert len(cell) > 5_000_000
    with (tmp_path / "in.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "text"], ["big", cell], ["small", "Words."]])
    done = run("label", "in.csv", "--output", "out.csv", "--model", "fast", cwd=tmp_path)
    assert done.code == 0
    csv.field_size_limit(10_000_000)
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        big, small = csv.DictReader(file)
    assert (big["id"], big["status"], big["tradition"]) == ("big", "ok", "from-below")
    assert big["input_text"] == cell
    assert int(big["words"]) > 900_000
    assert (small["id"], small["reason"]) == ("small", "too_short")


# names -----------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_odd_names(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path)
    odd = b"caf\xe9.txt"
    names = [os.fsencode(NAME_WITH_NEWLINE), "\U0001f600.txt".encode(), odd]
    for name in names:
        Path(os.fsdecode(folder + b"/" + name)).write_bytes(TEXT.encode())
    done = run("classify", "--json", *map(os.fsdecode, names), cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert [os.fsencode(found["source"]) for found in done.objects()] == names
    assert {found["status"] for found in done.objects()} == {"ok"}
    for suffix in ("csv", "parquet"):
        labelled = run("label", ".", "--output", tmp_path.parent / f"odd.{suffix}", cwd=tmp_path)
        assert labelled.code == 0
        assert "wrote 3 rows" in labelled.err
    with (tmp_path.parent / "odd.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["source"] for row in rows] == [
        r"caf\udce9.txt",
        NAME_WITH_NEWLINE,
        "\U0001f600.txt",
    ]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.parametrize("command", ["classify", "text"])
def test_name_with_a_newline_stays_on_one_line(command: str, tmp_path: Path) -> None:
    (tmp_path / NAME_WITH_NEWLINE).write_bytes(b"")
    done = run(command, NAME_WITH_NEWLINE, cwd=tmp_path)
    assert (done.code, done.out) == (1, "")
    assert MESSAGE.fullmatch(done.err)


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text(TEXT, "utf-8")
    (folder / "sub" / "b.txt").write_text(TEXT, "utf-8")
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "self").symlink_to("self")
    (folder / "nowhere.txt").symlink_to("not-there.txt")
    (folder / "z.txt").symlink_to("a.txt")
    done = run("label", folder.name, "--output", "out.csv", cwd=tmp_path)
    assert done.code == 1
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["source"], row["status"], row["reason"]) for row in csv.DictReader(file)]
    assert rows == [
        ("folder/a.txt", "ok", ""),
        ("folder/nowhere.txt", "failed", "missing"),
        ("folder/self", "failed", "missing"),
        ("folder/sub/b.txt", "ok", ""),
        ("folder/sub/up", "skipped", "not_a_document"),
        ("folder/z.txt", "ok", ""),
    ]


# records ---------------------------------------------------------------------


def test_bad_lines_of_jsonl(tmp_path: Path) -> None:
    good = json.dumps({"id": "good", "text": TEXT})
    lines = {
        1: good,
        2: good[:-10],
        3: "[1, 2]",
        4: "null",
        5: '"text"',
        6: "7",
        8: "{}",
        9: '{"text": 7}',
        10: '{"text": null}',
        11: '{"text": ["a", "b"]}',
        12: '{"text": " \\n "}',
        13: "[" * 100_000,
        14: "{'text': 'words'}",
        15: '{"text": "\\ud800 Half of a sign"}',
        16: good.replace("good", "last"),
    }
    content = "\n".join(lines.get(number, "") for number in range(1, 17))
    (tmp_path / "in.jsonl").write_text(content, "utf-8")
    done = run("label", "in.jsonl", "--output", "out.jsonl", cwd=tmp_path)
    assert done.code == 1
    content = (tmp_path / "out.jsonl").read_text("utf-8")
    rows = [json.loads(line) for line in content.split("\n")[:-1]]
    assert [row["record"] for row in rows] == list(lines)
    found = {row["record"]: (row["status"], row["reason"]) for row in rows}
    assert found[1] == found[16] == ("ok", None)
    assert found.pop(12) == ("failed", "empty")
    assert found.pop(15) == ("abstained", "too_short")
    assert {v for n, v in found.items() if n not in (1, 16)} == {("failed", "bad_record")}
    assert all(row["detail"] and "\n" not in row["detail"] for row in rows[1:-1])
    assert "11 failed bad_record" in done.err


@pytest.mark.parametrize("command", ["train", "evaluate"])
@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('{"taste": "tea", "topics": []}', "text"),
        ('{"text": "Words.", "taste": "cofee"}', "did you mean 'coffee'?"),
        ('{"text": "Words.", "taste": "tea"', "malformed JSON"),
        ('["text"]', "no JSON object"),
        ('{"text": "Words.", "topics": "harbour"}', "write a list"),
    ],
    ids=["no text", "unknown label", "malformed", "no object", "no list"],
)
def test_bad_corpus_record(
    command: str,
    line: str,
    what: str,
    toy_corpus_file: Path,
    toy_scheme_file: Path,
    toy_model_folder: Path,
    tmp_path: Path,
) -> None:
    lines = toy_corpus_file.read_text("utf-8").splitlines(keepends=True)
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text("".join([*lines[:6], line + "\n", *lines[6:]]), "utf-8")
    folder = tmp_path / "model"
    options = {
        "train": ("--scheme", toy_scheme_file, "--output", folder),
        "evaluate": ("--model", toy_model_folder),
    }
    done = run(command, corpus, *options[command])
    assert (done.code, done.out) == (2, "")
    assert MESSAGE.fullmatch(done.err)
    assert done.err.startswith(f"textpolitics: {corpus}:7: ")
    assert what in done.err
    assert not folder.exists()


# models ----------------------------------------------------------------------


def swap_labels(folder: Path) -> None:
    manifest = folder / "manifest.json"
    text = manifest.read_text("utf-8")
    swapped = text.replace('"tea"', '"?"').replace('"coffee"', '"tea"').replace('"?"', '"coffee"')
    assert swapped != text
    manifest.write_text(swapped, "utf-8")


def sum_anew(folder: Path) -> None:
    names = [line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()]
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    (folder / "SHA256SUMS").write_text("".join(f"{d}  {n}\n" for n, d in digests.items()))


def cut(folder: Path, name: str) -> None:
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: len(data) // 2])


def edit(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text("utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), "utf-8")


TAMPERED: dict[str, Callable[[Path], Any]] = {
    "labels swapped": swap_labels,
    "labels swapped and summed anew": lambda f: (swap_labels(f), sum_anew(f)),
    "weights cut": lambda f: cut(f, "weights.npz"),
    "weights cut and summed anew": lambda f: (cut(f, "weights.npz"), sum_anew(f)),
    "vocabulary cut and summed anew": lambda f: (cut(f, "vocabulary.txt"), sum_anew(f)),
    "manifest cut and summed anew": lambda f: (cut(f, "manifest.json"), sum_anew(f)),
    "other format": lambda f: (
        edit(f, "manifest.json", '"format": 2', '"format": 3'),
        sum_anew(f),
    ),
    "no weights": lambda f: (f / "weights.npz").unlink(),
    "no checksums": lambda f: (f / "SHA256SUMS").unlink(),
    "no file listed": lambda f: (f / "SHA256SUMS").write_text(""),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_tampered_model(what: str, toy_model_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(toy_model_folder, folder)
    TAMPERED[what](folder)
    done = run("classify", "--json", "--model", folder, LEAFLET)
    assert (done.code, done.out) == (1, "")
    assert MESSAGE.fullmatch(done.err)
    assert str(folder) in done.err


def test_tampered_model_makes_no_table_and_no_figures(
    toy_model_folder: Path, toy_corpus_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(toy_model_folder, folder)
    swap_labels(folder)
    output = tmp_path / "out.csv"
    for arguments in (["label", LEAFLET, "--output", output], ["evaluate", toy_corpus_file]):
        done = run(*arguments, "--model", folder)
        assert (done.code, done.out) == (1, "")
        assert MESSAGE.fullmatch(done.err)
    assert list(tmp_path.iterdir()) == [folder]


# bad use ---------------------------------------------------------------------

BAD_USE: dict[str, tuple[str, str]] = {
    "no such command": ("clasify a.txt", "clasify"),
    "no such option": ("classify a.txt --jason", "--jason"),
    "no file": ("classify", "FILE"),
    "no source": ("label --output a.csv", "SOURCE"),
    "no output": ("label a.txt", "--output"),
    "no text file": ("text", "FILE"),
    "no corpus": ("train --output model", "CORPUS"),
    "no model folder to write": ("train a.jsonl", "--output"),
    "unknown model": ("classify a.txt --model nosuch", "nosuch"),
    "folder that is no model": ("classify a.txt --model folder", "folder"),
    "unknown encoding": ("classify a.txt --encoding utf-9", "utf-9"),
    "unknown encoding for text": ("text a.txt --encoding utf-9", "utf-9"),
    "unknown encoding for label": ("label a.txt --encoding utf-9 --output a.csv", "utf-9"),
    "unknown suffix": ("label a.txt --output a.xlsx", ".csv"),
    "no suffix": ("label a.txt --output table", ".csv"),
    "excel without csv": ("label a.txt --excel --output a.jsonl", "--excel"),
    "missing folder": ("label a.txt --output nowhere/a.csv", "nowhere"),
    "output is a folder": ("label a.txt --output folder.csv", "folder.csv"),
    "no such corpus": ("train nowhere.jsonl --output model", "nowhere.jsonl"),
    "corpus of another kind": ("evaluate a.txt", "a.txt"),
    "folder without a corpus": ("evaluate folder", "folder"),
    "empty corpus": ("evaluate empty.jsonl", "empty.jsonl"),
    "no such scheme": ("scheme --scheme nowhere.toml", "nowhere.toml"),
    "scheme that is no TOML": ("scheme --scheme a.txt", "a.txt"),
    "scheme without axes": ("train empty.jsonl --scheme empty.jsonl --output model", "empty.jsonl"),
    "seed that is no number": ("train a.jsonl --output model --seed x", "--seed"),
}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a text, two folders and an empty file; nothing may be added to it."""
    folder = tmp_path_factory.mktemp("workplace")
    (folder / "a.txt").write_text(TEXT, "utf-8")
    (folder / "folder").mkdir()
    (folder / "folder.csv").mkdir()
    (folder / "empty.jsonl").write_bytes(b"")
    before = sorted(folder.rglob("*"))
    yield folder
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("what", BAD_USE)
def test_bad_use(what: str, workplace: Path) -> None:
    arguments, named = BAD_USE[what]
    done = run(*arguments.split(), cwd=workplace)
    assert (done.code, done.out) == (2, "")
    assert MESSAGE.fullmatch(done.err)
    assert named in done.err


def test_wrong_encoding_is_the_text_s_failure(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes(TEXT.encode() + "Café – à bientôt".encode("cp1252"))
    done = run("classify", "--json", "--encoding", "utf-8", "latin.txt", LEAFLET, cwd=tmp_path)
    wrong, right = done.objects()
    assert (done.code, wrong["status"], wrong["reason"]) == (1, "failed", "encoding")
    assert right["status"] == "ok"
    assert MESSAGE.fullmatch(done.err)
    assert "--encoding" in done.err
    named = run("text", "--encoding", "cp1252", "latin.txt", cwd=tmp_path)
    assert named.out.rstrip("\n").endswith("Café – à bientôt")
