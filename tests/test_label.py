"""Many texts into one table, on the real command."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from test_cli import COMMAND, LEAFLET, MESSAGE, REASONS, Done, run

TEA = (
    "We drink the leaves hot with milk and we call this brew the best of the morning. "
    "Rain fell in the night and the wind came from the north. "
    "And we say once more that we call this brew the best."
)
COFFEE = (
    "Roast the beans dark and grind them late, for nothing wakes the town like it. "
    "Ships lay at the quay and the crane swung over the docks. "
    "And we say once more that nothing wakes the town like it."
)
SHORT = "We drink the leaves hot."
FIXED = ["source", "record", "id", "status", "reason", "detail", "words", "ocr_quality"]
TASTE = [
    "taste",
    "taste_reason",
    "taste_confidence",
    "taste_score_tea",
    "taste_score_coffee",
    "taste_score_neither",
]
TOPICS = [
    "topics",
    "topics_reason",
    "topics_confidence",
    "topics_score_harbour",
    "topics_score_weather",
]
SCORES = [name for name in TASTE + TOPICS if "_score_" in name]
Row = dict[str, Any]


@pytest.fixture
def label(toy_model_folder: Path, tmp_path: Path) -> Label:
    """The command `label` with the toy model, in a folder of its own."""
    return Label(toy_model_folder, tmp_path)


class Label:
    """Runs `label` and reads what it wrote."""

    def __init__(self, model: Path, folder: Path) -> None:
        self.model = model
        self.folder = folder
        (folder / "out").mkdir()

    def __call__(self, *sources: str, to: str = "out.csv", **options: Any) -> Done:
        """Label the sources into a table that must be all that is left behind."""
        flags = [f"--{name}" for name, value in options.items() if value]
        done = run(
            "label",
            *("--output", f"out/{to}", "--model", self.model, *flags, *sources),
            cwd=self.folder,
        )
        assert done.out == ""
        assert (self.folder / "out" / to).is_file()
        assert not list(self.folder.rglob("*.part"))
        return done

    def rows(self, *sources: str, code: int = 0, to: str = "out.csv") -> list[Row]:
        """Label the sources and return the rows, with None for an empty cell."""
        done = self(*sources, to=to)
        assert done.code == code
        rows = list(read(self.folder / "out" / to))
        assert f"wrote {len(rows)} rows to {Path('out') / to}: " in done.err
        return rows

    def write(self, name: str, content: str | bytes) -> None:
        """Write an input."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def read(path: Path) -> Iterator[Row]:
    """Read a table without pandas: what stands in it and nothing else."""
    if path.suffix == ".jsonl":
        for line in path.read_bytes().decode().split("\n")[:-1]:
            yield json.loads(line)
    elif path.suffix == ".parquet":
        yield from pq.read_table(path).to_pylist()
    else:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, strict=True):
                yield {name: cell or None for name, cell in row.items()}


def jsonl(*records: Row) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def reasons(rows: list[Row]) -> list[tuple[str, str | None]]:
    return [(row["status"], row["reason"]) for row in rows]


# columns and rows ------------------------------------------------------------


def test_columns_of_the_contract(tmp_path: Path) -> None:
    run("label", LEAFLET, "--output", tmp_path / "a.csv")
    (row,) = read(tmp_path / "a.csv")
    assert list(row) == [
        *FIXED,
        "tradition",
        "tradition_reason",
        "tradition_confidence",
        "tradition_score_from_below",
        "tradition_score_from_above",
        "tradition_score_none",
        "strategy",
        "strategy_reason",
        "strategy_confidence",
        "strategy_score_liberal",
        "strategy_score_social_democratic",
        "strategy_score_ultra_left",
        "strategy_score_mass_action",
        "strategy_score_none",
    ]
    assert all(re.fullmatch("[a-z][a-z0-9_]*", name) for name in row)
    assert (row["source"], row["id"], row["record"]) == (str(LEAFLET), str(LEAFLET), None)
    assert 0 < float(row["tradition_confidence"]) < 1
    assert int(row["words"]) == pytest.approx(len(LEAFLET.read_text("utf-8").split()), rel=0.05)


@pytest.fixture
def mixed(label: Label) -> list[str]:
    """Sources of every kind: good, short, failing; files, a folder, tables."""
    label.write("folder/b.txt", TEA)
    label.write("folder/a/z.txt", COFFEE)
    label.write("folder/a/empty.txt", "")
    label.write("folder/B.txt", SHORT)
    label.write("folder/a.txt", TEA + "\n\n" + COFFEE)
    label.write(
        "notes.jsonl",
        jsonl(
            {"text": TEA, "id": "one", "year": 1900, "tags": ["a", "é"], "none": None},
            {"text": COFFEE, "id": 2, "year": 1901.5, "open": True},
            {"id": "three"},
        )
        + "{broken\n"
        + jsonl({"text": SHORT, "late": 'a "quoted", cell', "place": {"town": "Zürich"}}),
    )
    label.write("notes.csv", f'id,text,Year of print\n007,"{TEA}",1990\n,"{COFFEE}",\n9,x,1,2\n')
    table = pa.table(
        {"text": [COFFEE, None, TEA], "year": [1, None, 3], "who": ["Ä", "b", None]},
    )
    pq.write_table(table, label.folder / "notes.parquet")
    return ["notes.csv", "folder", "missing.txt", "notes.jsonl", "notes.parquet", "folder/b.txt"]


EXPECTED = [
    ("notes.csv", 1, "007", "ok", None, "tea", "weather"),
    ("notes.csv", 2, "notes.csv:2", "ok", None, "coffee", "harbour"),
    ("notes.csv", 3, "notes.csv:3", "failed", "bad_record", None, None),
    ("folder/B.txt", None, "folder/B.txt", "abstained", "too_short", None, None),
    ("folder/a/empty.txt", None, "folder/a/empty.txt", "failed", "empty", None, None),
    ("folder/a/z.txt", None, "folder/a/z.txt", "ok", None, "coffee", "harbour"),
    ("folder/a.txt", None, "folder/a.txt", "ok", None, None, None),
    ("folder/b.txt", None, "folder/b.txt", "ok", None, "tea", "weather"),
    ("missing.txt", None, "missing.txt", "failed", "missing", None, None),
    ("notes.jsonl", 1, "one", "ok", None, "tea", "weather"),
    ("notes.jsonl", 2, "2", "ok", None, "coffee", "harbour"),
    ("notes.jsonl", 3, "three", "failed", "bad_record", None, None),
    ("notes.jsonl", 4, "notes.jsonl:4", "failed", "bad_record", None, None),
    ("notes.jsonl", 5, "notes.jsonl:5", "abstained", "too_short", None, None),
    ("notes.parquet", 1, "notes.parquet:1", "ok", None, "coffee", "harbour"),
    ("notes.parquet", 2, "notes.parquet:2", "failed", "bad_record", None, None),
    ("notes.parquet", 3, "notes.parquet:3", "ok", None, "tea", "weather"),
    ("folder/b.txt", None, "folder/b.txt#2", "ok", None, "tea", "weather"),
]
INPUTS = ["id", "text", "Year of print", "year", "tags", "none", "open", "late", "place", "who"]


def test_a_row_for_every_input_in_order(label: Label, mixed: list[str]) -> None:
    rows = label.rows(*mixed, code=1, to="out.jsonl")
    found = [(r["source"], r["record"], r["id"], r["status"], r["reason"]) for r in rows]
    assert found == [row[:5] for row in EXPECTED]
    for row, expected in zip(rows, EXPECTED, strict=True):
        if expected[0] != "folder/a.txt":  # half tea, half coffee: either is right
            assert (row["taste"], row["topics"] or None) == expected[5:]
    assert len({row["id"] for row in rows}) == len(rows)
    check_columns_and_scores(rows)
    check_inputs({row["id"]: row for row in rows})


def check_columns_and_scores(rows: list[Row]) -> None:
    names = [*FIXED, *TASTE, *TOPICS]
    for row in rows:
        assert list(row)[: len(names)] == names
        assert sorted(list(row)[len(names) :]) == sorted(f"input_{name}" for name in INPUTS)
        assert row["reason"] in REASONS[row["status"]]
        scores = [row[name] for name in SCORES]
        if row["status"] == "failed":
            assert row["words"] == 0
            assert row["detail"]
            assert {*scores, row["taste"], row["taste_reason"], row["topics_reason"]} == {None}
            continue
        assert all(type(score) is float for score in scores)  # also where it abstained
        assert sum(scores[:3]) == pytest.approx(1)
        if row["taste"] is None:
            assert row["taste_confidence"] is None
            assert row["taste_reason"] in REASONS["abstained"]
        else:
            assert row["taste_reason"] is None
            assert 0 < row["taste_confidence"] < 1


def check_inputs(by_id: dict[str, Row]) -> None:
    passed = {k.removeprefix("input_"): v for k, v in by_id["one"].items() if k[:6] == "input_"}
    assert {k: v for k, v in passed.items() if v is not None} == {
        "id": "one",
        "text": TEA,
        "year": 1900,
        "tags": ["a", "é"],
    }
    assert (by_id["2"]["input_year"], by_id["2"]["input_open"]) == (1901.5, True)
    assert by_id["2"]["input_id"] == 2
    last = by_id["notes.jsonl:5"]
    assert (last["input_late"], last["input_place"]) == ('a "quoted", cell', {"town": "Zürich"})
    assert by_id["007"]["input_Year of print"] == "1990"
    assert by_id["notes.parquet:1"]["input_who"] == "Ä"
    assert by_id["folder/b.txt"]["input_text"] is None


def as_plain(cell: Any) -> Any:
    """Return what a cell says, however a format and pandas hold it."""
    if isinstance(cell, (list, dict, bool)):
        return json.dumps(cell, ensure_ascii=False)
    if cell is None or cell is pd.NA or cell != cell or cell == "":
        return None
    try:
        return float(cell)
    except ValueError:
        return cell


def test_the_three_formats_say_the_same_to_pandas(label: Label, mixed: list[str]) -> None:
    for suffix in ("csv", "jsonl", "parquet"):
        assert label(*mixed, to=f"out.{suffix}").code == 1
    out = label.folder / "out"
    frames = {
        "csv": pd.read_csv(out / "out.csv"),
        "jsonl": pd.read_json(out / "out.jsonl", lines=True, dtype=False, precise_float=True),
        "parquet": pd.read_parquet(out / "out.parquet"),
    }
    said = {
        name: [{k: as_plain(v) for k, v in row.items()} for row in frame.to_dict("records")]
        for name, frame in frames.items()
    }
    assert len(said["csv"]) == len(EXPECTED)
    assert list(frames["csv"]) == list(frames["jsonl"]) == list(frames["parquet"])
    for name in ("csv", "jsonl"):
        for ours, theirs in zip(said[name], said["parquet"], strict=True):
            # pandas' readers may miss the last bit of a number
            assert ours == {
                key: pytest.approx(value, rel=1e-12) if isinstance(value, float) else value
                for key, value in theirs.items()
            }
    assert frames["parquet"]["taste_score_tea"].dtype == "float64"
    assert pq.read_schema(out / "out.parquet").field("record").type == pa.int64()
    assert next(read(out / "out.parquet"))["id"] == "007"


def test_bytes_of_a_csv(label: Label) -> None:
    label.write("a.jsonl", jsonl({"text": TEA, "note": 'naïve, "quoted"\nsecond line', "n": -5}))
    assert label("a.jsonl").code == 0
    data = (label.folder / "out" / "out.csv").read_bytes()
    assert data.startswith(b"source,record,id,")
    assert b"\r" not in data
    assert data.endswith(b"\n")
    assert not data.endswith(b"\n\n")
    assert b',"na\xc3\xafve, ""quoted""\nsecond line",-5\n' in data


def test_same_as_classify(label: Label, toy_model_folder: Path) -> None:
    texts = {"tea.txt": TEA, "coffee.txt": COFFEE, "short.txt": SHORT, "empty.txt": "  "}
    for name, text in texts.items():
        label.write(name, text)
    label.write("all.jsonl", jsonl(*({"text": text} for text in texts.values())))
    rows = label.rows(*texts, "all.jsonl", code=1, to="out.jsonl")
    done = run("classify", "--json", *texts, "--model", toy_model_folder, cwd=label.folder)
    assert done.code == 1
    for row, record, found in zip(rows[:4], rows[4:], done.objects(), strict=True):
        same = [name for name in row if name not in ("source", "record", "id", "detail")]
        assert [row[n] for n in same if "input_" not in n] == [
            record[n] for n in same if "input_" not in n
        ]
        assert [row[n] for n in ("source", "status", "reason", "detail")] == [
            found[n] for n in ("source", "status", "reason", "detail")
        ]
        for axis, judged in found["axes"].items():
            label_ = judged["label"]
            assert row[axis] == (";".join(label_) if isinstance(label_, list) else label_)
            assert row[f"{axis}_reason"] == judged["reason"]
            assert row[f"{axis}_confidence"] == judged["confidence"]
            for name, score in judged["scores"].items():
                assert row[f"{axis}_score_{name}"] == score


def test_order_of_inputs_changes_no_row(label: Label) -> None:
    label.write("a.txt", TEA)
    label.write("b.jsonl", jsonl({"text": COFFEE, "x": 1}, {"text": SHORT, "y": 2}))
    label.write("c.csv", f'text,y\n"{TEA}",3\n')
    forth = label.rows("a.txt", "b.jsonl", "c.csv", "no.txt", code=1, to="forth.csv")
    back = label.rows("no.txt", "c.csv", "b.jsonl", "a.txt", code=1, to="back.csv")
    key = "id"
    assert sorted(forth, key=lambda row: row[key]) == sorted(back, key=lambda row: row[key])
    assert [row["source"] for row in forth[:3]] == ["a.txt", "b.jsonl", "b.jsonl"]
    assert [row["source"] for row in back[:2]] == ["no.txt", "c.csv"]


def test_ids_are_unique(label: Label) -> None:
    label.write("a.txt", TEA)
    label.write(
        "a.jsonl",
        jsonl(*({"text": SHORT, "id": own} for own in ("x", "x", "x#2", "", None, 7, 7.5, "a.txt")))
        + jsonl({"text": SHORT}),
    )
    rows = label.rows("a.txt", "a.jsonl", "./a.txt", "a.txt", "a.jsonl")
    ids = [row["id"] for row in rows]
    assert len(set(ids)) == len(ids) == 21
    assert ids[:3] == ["a.txt", "x", "x#2"]
    assert ids[4:8] == ["a.jsonl:4", "a.jsonl:5", "7", "7.5"]
    assert ids[9] == "a.jsonl:9"
    assert [row["record"] for row in rows[1:10]] == [str(number) for number in range(1, 10)]


def test_standard_input_is_a_source(label: Label, toy_model_folder: Path) -> None:
    output = label.folder / "out.csv"
    done = run("label", "-", "--output", output, "--model", toy_model_folder, stdin=TEA.encode())
    assert done.code == 0
    (row,) = read(output)
    assert (row["source"], row["id"], row["taste"]) == ("-", "-", "tea")


def test_only_failing_rows(label: Label) -> None:
    for suffix in ("csv", "parquet"):
        rows = label.rows("no.txt", "no.csv", "no/", code=1, to=f"out.{suffix}")
        assert reasons(rows) == [("failed", "missing")] * 3
        assert list(rows[0]) == [*FIXED, *TASTE, *TOPICS]


def test_empty_folder_gives_an_empty_table(label: Label) -> None:
    (label.folder / "nothing").mkdir()
    assert label.rows("nothing") == []
    header = (label.folder / "out" / "out.csv").read_text("utf-8")
    assert header == ",".join([*FIXED, *TASTE, *TOPICS]) + "\n"


# tables as input -------------------------------------------------------------


def test_csv_as_people_have_it(label: Label) -> None:
    quoted = f'"{TEA}\nSays ""Anna"", the cook."'
    body = f'id,text,town\r\n1,{quoted},"Köln, am Rhein"\r\n\r\n2,{SHORT},Łódź\r\n'
    label.write("bom.csv", b"\xef\xbb\xbf" + body.encode())
    label.write("utf16.csv", body.encode("utf-16"))
    label.write("cp1252.csv", body.replace("Łódź", "Besançon").encode("cp1252"))
    label.write("CAPITALS.CSV", body)
    label.write("no-end.csv", body.rstrip())
    names = ["bom.csv", "utf16.csv", "cp1252.csv", "CAPITALS.CSV", "no-end.csv"]
    rows = label.rows(*names)
    assert len(rows) == 10
    for name, first, second in zip(names, rows[::2], rows[1::2], strict=True):
        assert first["source"] == second["source"] == name
        assert (first["input_id"], second["input_id"]) == ("1", "2")
        assert (first["taste"], second["reason"]) == ("tea", "too_short")
        assert first["input_text"] == f'{TEA}\nSays "Anna", the cook.'
        assert first["input_town"] == "Köln, am Rhein"
        assert second["input_town"] == ("Besançon" if name == "cp1252.csv" else "Łódź")


def test_csv_that_is_damaged(label: Label) -> None:
    label.write("ragged.csv", f'id,text\n1,"{TEA}"\n2,a,b\n3\n4,"{TEA}"\n')
    label.write("open.csv", f'id,text\n1,"{TEA}"\n2,"{TEA}\n')
    label.write("quote.csv", f'id,text\n1,"{TEA}"\n2,"{TEA}" and more\n3,"{TEA}"\n')
    label.write("other.csv", f'id,body\n1,"{TEA}"\n')
    label.write("empty.csv", "")
    label.write("header.csv", "id,text\n")
    ok, bad = ("ok", None), ("failed", "bad_record")
    expected = {
        "ragged.csv": [ok, bad, bad, ok],
        "open.csv": [ok, ("failed", "corrupt")],
        "quote.csv": [ok, ("failed", "corrupt")],
        "other.csv": [bad],
        "empty.csv": [("failed", "empty")],
        "header.csv": [("failed", "empty")],
    }
    rows = label.rows(*expected, code=1)
    for name, found in expected.items():
        assert reasons([row for row in rows if row["source"] == name]) == found
    details = {row["id"]: row["detail"] for row in rows}
    assert details["ragged.csv:2"] == "record 2 has 3 cells, the header has 2"
    assert "line 3" in details["open.csv"]


def test_other_damaged_tables(label: Label) -> None:
    label.write("empty.jsonl", "\n \n")
    label.write("broken.parquet", b"PAR1 and no more PAR1")
    label.write("folder.csv/a.txt", TEA)
    label.write("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9)
    rows = label.rows("empty.jsonl", "broken.parquet", "folder.csv", "picture.csv", code=1)
    expected = [("failed", "empty"), ("failed", "corrupt"), ("ok", None)]
    assert reasons(rows[:3]) == expected
    assert reasons(rows[3:]) in ([("failed", "encoding")], [("failed", "unsupported")])


def test_jsonl_in_utf_16(label: Label) -> None:
    label.write("a.jsonl", json.dumps({"text": TEA, "town": "Łódź"}, ensure_ascii=False))
    data = (label.folder / "a.jsonl").read_text("utf-8")
    label.write("a.jsonl", f"{data}\r\n{data}\r\n".encode("utf-16"))
    rows = label.rows("a.jsonl")
    assert [(row["taste"], row["input_town"]) for row in rows] == [("tea", "Łódź")] * 2


def test_texts_of_a_table_are_passed_through_unaltered(label: Label) -> None:
    text = f"  {TEA}\r\n\r\n\u00a0{TEA}\t\u2028{TEA}\n"
    label.write("a.jsonl", jsonl({"text": text, "zero": "0010", "blank": " "}))
    for suffix in ("csv", "parquet"):
        (row,) = label.rows("a.jsonl", to=f"out.{suffix}")
        assert (row["input_text"], row["input_zero"], row["input_blank"]) == (text, "0010", " ")


def test_line_separator_in_jsonl(label: Label) -> None:
    record = {"text": f"{TEA}\u2028{TEA}", "note": "a\x85b"}
    label.write("a.jsonl", json.dumps(record, ensure_ascii=False) + "\n")
    (row,) = label.rows("a.jsonl", to="out.jsonl")
    assert (row["input_text"], row["input_note"]) == (record["text"], record["note"])


def test_lone_carriage_return(label: Label) -> None:
    label.write("a.jsonl", jsonl({"text": TEA.replace(". ", ".\r"), "note": "a\rb"}))
    assert label("a.jsonl").code == 0
    frame = pd.read_csv(label.folder / "out" / "out.csv")
    assert list(frame["input_note"]) == ["a\rb"]


def test_dates_of_parquet(label: Label) -> None:
    day = pa.array(["1914-08-02"]).cast(pa.date32())
    pq.write_table(pa.table({"text": [TEA], "day": day}), label.folder / "a.parquet")
    for suffix in ("csv", "jsonl"):
        (row,) = label.rows("a.parquet", to=f"out.{suffix}")
        assert row["input_day"] == "1914-08-02"


def test_two_columns_of_one_name(label: Label) -> None:
    label.write("a.csv", f'text,note,note\n"{TEA}",first,second\n')
    assert label("a.csv").code == 0
    assert "first" in (label.folder / "out" / "out.csv").read_text("utf-8")


def test_jsonl_is_json(label: Label) -> None:
    label.write("a.jsonl", jsonl({"text": TEA, "n": float("nan")}))
    assert label("a.jsonl", to="out.jsonl").code == 0
    assert "NaN" not in (label.folder / "out" / "out.jsonl").read_text("utf-8")


# spreadsheets ----------------------------------------------------------------


def test_excel(label: Label) -> None:
    cells = ["=1+1", "+49 30", "-x", "@cmd", "\t=1", "'=1", "1-1", "a=b", "", "−5"]
    records = [{"text": TEA, "cell": cell} for cell in cells]
    label.write("=a.jsonl", jsonl(*records, {"text": "-5 " + TEA, "cell": -5}))
    done = label("=a.jsonl", excel=True)
    assert done.code == 0
    data = (label.folder / "out" / "out.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfsource,")
    assert data.count(b"\xef\xbb\xbf") == 1
    assert b"\r" not in data
    path = label.folder / "out" / "safe.csv"
    path.write_bytes(data[3:])
    rows = list(read(path))
    found = [row["input_cell"] or "" for row in rows]
    assert found == ["'=1+1", "'+49 30", "'-x", "'@cmd", "'\t=1", *cells[5:], "-5"]
    assert {row["source"] for row in rows} == {"'=a.jsonl"}
    assert rows[-1]["input_text"] == f"'-5 {TEA}"
    # 5 cells, 11 sources, 11 ids made of them, and one text
    assert re.search(r"^ +28 cells made harmless", done.err, re.MULTILINE)
    plain = label("=a.jsonl", to="plain.csv")
    assert "harmless" not in plain.err
    unaltered = list(read(label.folder / "out" / "plain.csv"))
    assert [row["input_cell"] or "" for row in unaltered] == [*cells, "-5"]
    assert unaltered[0]["source"] == "=a.jsonl"


# what is left behind ---------------------------------------------------------


def test_summary(label: Label, mixed: list[str]) -> None:
    done = label(*mixed)
    first, *others = done.err.splitlines()
    statuses = Counter(row[3] for row in EXPECTED)
    assert first.startswith(f"wrote 18 rows to {Path('out') / 'out.csv'}: ")
    counted = first.rpartition(": ")[2].split(", ")
    assert sorted(counted) == sorted(f"{count} {status}" for status, count in statuses.items())
    counts = dict(reversed(line.split(maxsplit=1)) for line in others)
    reasons_ = Counter(f"{row[3]} {row[4]}" for row in EXPECTED if row[4])
    assert {what: int(n) for what, n in counts.items() if what in reasons_} == reasons_
    assert sum(int(n) for what, n in counts.items() if what.startswith("taste ")) >= 10


def test_nothing_is_left_of_a_run_that_fails(label: Label, toy_model_folder: Path) -> None:
    label.write("a.jsonl", jsonl(*[{"text": TEA}] * 20))
    label.write("a.txt", TEA)
    label.write("out/out.csv", "of an earlier run\n")
    before = sorted(label.folder.rglob("*"))
    arguments = ("label", "a.jsonl", "a.txt", "--output", "out/out.csv")
    done = run(*arguments, "--encoding", "utf-9", "--model", toy_model_folder, cwd=label.folder)
    assert done.code == 2
    assert MESSAGE.fullmatch(done.err)
    assert sorted(label.folder.rglob("*")) == before
    assert (label.folder / "out" / "out.csv").read_text("utf-8") == "of an earlier run\n"


def test_an_earlier_table_is_replaced(label: Label) -> None:
    label.write("a.txt", TEA)
    label.write("out/out.csv", "of an earlier run\n" * 1000)
    (row,) = label.rows("a.txt")
    assert row["taste"] == "tea"


def test_table_in_the_labelled_folder(label: Label) -> None:
    label.write("out/a.txt", TEA)
    rows = label.rows("out")
    assert [row["source"] for row in rows] == ["out/a.txt"]


@pytest.mark.skipif(os.name == "nt", reason="no such device")
def test_full_disk() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    with Path("/dev/full").open("wb") as full:
        command = [*COMMAND, "text", str(LEAFLET)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert done.stderr.decode().count("\n") == 1
    assert b"No space left" in done.stderr


def test_semicolons_and_tabs_between_columns(label: Label) -> None:
    label.write("a.csv", f'name;text\none;"{TEA}"\n')
    label.write("b.csv", f"name\ttext\ntwo\t{TEA}\n")
    rows = label.rows("a.csv", "b.csv")
    assert [(row["input_name"], row["taste"]) for row in rows] == [("one", "tea"), ("two", "tea")]


def test_table_without_a_text_column_is_one_row_that_names_its_columns(label: Label) -> None:
    label.write("a.csv", "title,body\none,two\nthree,four\n")
    (row,) = label.rows("a.csv", code=1)
    assert (row["status"], row["reason"]) == ("failed", "bad_record")
    assert "title, body" in row["detail"]


def test_many_equal_ids_stay_unique_and_cheap(label: Label) -> None:
    label.write("a.jsonl", jsonl(*[{"id": "same", "text": "tea"}] * 3000))
    rows = label.rows("a.jsonl")
    assert len({row["id"] for row in rows}) == 3000


def test_workers_change_nothing(label: Label, mixed: list[str]) -> None:
    label(*mixed, to="one.csv", workers=None)
    run(
        *("label", "--output", "two.csv", "--workers", "2", "--model", label.model, *mixed),
        cwd=label.folder,
    )
    one, two = label.folder / "out" / "one.csv", label.folder / "two.csv"
    assert one.read_bytes() == two.read_bytes()


def test_run_that_was_stopped_is_resumed_when_asked(label: Label, mixed: list[str]) -> None:
    """The folder is what an interrupted run leaves behind; its shards are what is used."""
    command = ["label", "--output", "table.csv", "--model", label.model, *mixed]
    run(*command, cwd=label.folder)
    whole = (label.folder / "table.csv").read_bytes()
    work = label.folder / "table.csv.work"
    work.mkdir()
    (work / "manifest.json").write_text("{}", "utf-8")
    refused = run(*command, cwd=label.folder)
    assert refused.code == 2
    assert "unfinished run; go on with --resume, or delete the folder" in refused.err
    other = run(*command, "--resume", cwd=label.folder)
    assert other.code == 2
    assert "holds another run" in other.err
    (work / "manifest.json").unlink()
    assert run(*command, "--resume", cwd=label.folder).code == 1
    assert (label.folder / "table.csv").read_bytes() == whole
    assert not work.exists()
