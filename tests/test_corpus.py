"""Annotated corpora: what a record means, what is refused, and the corpus that is shipped."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from textpolitics.corpus import Record, read_corpus
from textpolitics.errors import CorpusError
from textpolitics.scheme import Scheme, load_scheme, scheme_from_dict

CORPORA = Path(__file__).resolve().parent.parent / "corpora"
ORIGINAL = CORPORA / "original"

Writer = Callable[..., Path]


def _label(name: str) -> dict[str, str]:
    return {"name": name, "definition": f"What {name} means."}


SCHEME = scheme_from_dict(
    {
        "name": "garden",
        "version": "1",
        "title": "Gardens",
        "description": "How a garden is kept.",
        "language": "en",
        "axes": [
            {
                "name": "keeper",
                "question": "Who keeps it?",
                "select": "one",
                "labels": [_label("gardener"), _label("all-of-us")],
            },
            {
                "name": "what-grows",
                "question": "What grows there?",
                "select": "many",
                "layer": True,
                "labels": [_label("beans"), _label("roses"), _label("weeds")],
            },
        ],
    }
)


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    def writer(*lines: object, name: str = "c.jsonl", raw: bytes | None = None) -> Path:
        path = tmp_path / name
        text = "".join(
            (line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines
        )
        data = text.encode() if raw is None else raw
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return writer


def _read(*paths: Path, scheme: Scheme = SCHEME) -> list[Record]:
    return list(read_corpus(paths, scheme))


def test_a_full_record(write: Writer) -> None:
    path = write(
        {
            "id": "g1",
            "text": "We dig together.",
            "keeper": "all-of-us",
            "what_grows": ["roses", "beans"],
            "group": "Lane",
            "family": "Lanes",
            "year": 1931,
        }
    )
    (record,) = _read(path)
    assert record == Record(
        id="g1",
        text="We dig together.",
        labels={"keeper": "all-of-us", "what-grows": ("beans", "roses")},
        group="Lanes",
        metadata={"group": "Lane", "family": "Lanes", "year": 1931},
        where=f"{path}:1",
    )


def test_not_coded_is_not_the_same_as_none_found(write: Writer) -> None:
    path = write(
        {"text": "a", "keeper": "gardener"},
        {"text": "b", "keeper": None, "what_grows": []},
        {"text": "c"},
    )
    assert [record.labels for record in _read(path)] == [
        {"keeper": "gardener"},
        {"what-grows": ()},
        {},
    ]


def test_group_falls_back_from_family_to_group_to_id_to_line(write: Writer) -> None:
    path = write(
        {"text": "a", "keeper": "gardener", "id": "1", "group": "g", "family": "f"},
        {"text": "b", "id": "2", "group": "g", "family": None},
        {"text": "c", "id": "3"},
        "",
        {"text": "d"},
    )
    assert [record.group for record in _read(path)] == ["f", "g", "3", "c.jsonl:5"]
    assert _read(path)[-1].id == "c.jsonl:5"


def test_a_byte_order_mark_and_unusual_line_ends_are_accepted(write: Writer) -> None:
    line = '{"text": "a\u2028b\u0085c", "keeper": "gardener"}'
    path = write(raw=b"\xef\xbb\xbf" + f"{line}\r\n{line}".encode())
    assert [record.text for record in _read(path)] == ["a\u2028b\u0085c"] * 2


def test_a_folder_means_its_corpus_files_in_sorted_order(write: Writer, tmp_path: Path) -> None:
    for name in ("b.jsonl.gz", "a.jsonl", "c.jsonl"):
        write({"text": name, "keeper": "gardener"}, name=name)
    write("not a corpus", name="README.md")
    write("{", name="._a.jsonl")
    assert [record.text for record in _read(tmp_path)] == ["a.jsonl", "b.jsonl.gz", "c.jsonl"]


def test_records_come_one_by_one(write: Writer) -> None:
    records = read_corpus([write({"text": "a", "keeper": "gardener"}, "{")], SCHEME)
    assert next(records).text == "a"
    with pytest.raises(CorpusError):
        next(records)


FIRST = {"text": "a", "id": "1", "keeper": "gardener"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": ', "is malformed JSON"),
        ('{"text": "a", "n": ' + "9" * 5000 + "}", "is malformed JSON"),
        ("[" * 100_000, "is malformed JSON"),
        ("[1]", "is no JSON object but a list"),
        ("null", "is no JSON object but null"),
        ({"keeper": "gardener"}, "has no text"),
        ({"text": None}, "has no text"),
        ({"text": " \n"}, "text is empty"),
        ({"text": 7}, "text is a number; write it as a string"),
        ({"text": "a", "id": 7}, "id is a number"),
        ({"text": "a", "group": ["x"]}, "group is a list"),
        ({"text": "a", "family": ""}, "family is empty"),
        ('{"text": "a \\ud800"}', "lone surrogate"),
        ({"text": "a", "id": "1"}, "the id '1' is already that of line 1"),
        ({"text": "a", "keeper": ["gardener"]}, "keeper is a list; write one label"),
        ({"text": "a", "what_grows": "beans"}, "what_grows is a string; write a list of labels"),
        ({"text": "a", "what_grows": ["beans", "beans"]}, "names a label twice"),
        ({"text": "a", "what_grows": [["beans"]]}, "['beans'] is no label of what-grows"),
        ({"text": "a", "what_grows": ["trees"]}, "its labels are: beans, roses, weeds"),
        (
            {"text": "a", "keeper": "All of us"},
            "'All of us' is no label of keeper; did you mean 'all-of-us'? "
            "its labels are: gardener, all-of-us",
        ),
    ],
)
def test_a_bad_line_is_named(write: Writer, line: object, message: str) -> None:
    path = write(FIRST, line)
    with pytest.raises(CorpusError) as caught:
        _read(path)
    assert message in str(caught.value)
    assert caught.value.where == f"{path}:2"
    assert caught.value.advice


def test_bytes_that_are_not_utf8_are_named(write: Writer) -> None:
    path = write(raw=b'{"text": "a", "keeper": "gardener"}\n{"text": "caf\xe9"}\n')
    with pytest.raises(CorpusError, match=r"c\.jsonl:2: is not UTF-8 \(byte 14 of the line\)"):
        _read(path)


def test_a_damaged_archive_is_named(write: Writer) -> None:
    path = write(
        *[{"text": f"passage {n}", "keeper": "gardener"} for n in range(99)], name="c.jsonl.gz"
    )
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CorpusError, match=r"c\.jsonl\.gz:\d+: cannot be read"):
        _read(path)
    path.write_bytes(b"not gzip")
    with pytest.raises(CorpusError, match=r"c\.jsonl\.gz:1: cannot be read"):
        _read(path)


def test_paths_without_a_corpus(write: Writer, tmp_path: Path) -> None:
    cases: list[tuple[list[Path], str]] = [
        ([tmp_path], "holds no corpus file"),
        ([tmp_path / "absent.jsonl"], "no such file or folder"),
        ([], "holds no record"),
    ]
    for paths, message in cases:
        with pytest.raises(CorpusError, match=message):
            _read(*paths)
    with pytest.raises(CorpusError, match=r"is no \.jsonl or \.jsonl\.gz file"):
        _read(write({"text": "a"}, name="c.csv"))
    with pytest.raises(CorpusError, match=r"c\.jsonl: holds no record"):
        _read(write(""))
    with pytest.raises(CorpusError, match="no record has a label; code one of the fields keeper"):
        _read(write({"text": "a", "what-grows": ["beans"]}))


def test_the_same_id_may_occur_in_two_files(write: Writer) -> None:
    paths = [write(FIRST, name=name) for name in ("a.jsonl", "b.jsonl")]
    assert [record.id for record in _read(*paths)] == ["1", "1"]


@pytest.fixture(scope="module")
def original() -> list[Record]:
    return _read(ORIGINAL, scheme=load_scheme())


def test_the_shipped_corpus_is_wholly_coded(original: list[Record]) -> None:
    assert len(original) == 1691
    assert len({record.id for record in original}) == 1691
    scheme = load_scheme()
    for axis in scheme.axes:
        assert {record.labels[axis.name] for record in original} == set(axis.label_names)


def test_contrast_sets_stay_together(original: list[Record]) -> None:
    first = [record for record in original if "set" in record.metadata]
    sizes = Counter(record.group for record in first)
    assert (len(sizes), set(sizes.values())) == (120, {5})
    for name in sizes:
        strategies = {record.labels["strategy"] for record in first if record.group == name}
        assert strategies == set(load_scheme().axis("strategy").label_names)
    assert all(record.group == record.id for record in original if "set" not in record.metadata)


def test_the_shipped_corpus_has_its_checksums() -> None:
    lines = (ORIGINAL / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = {name: digest for digest, name in (line.split() for line in lines)}
    files = {path.name: path.read_bytes() for path in ORIGINAL.glob("*.jsonl*")}
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def test_the_datasheet_counts_what_is_there(original: list[Record]) -> None:
    counts: dict[str, Counter[Any]] = {"set": Counter(), "second": Counter()}
    for record in original:
        part = "set" if "set" in record.metadata else "second"
        counts[part][record.labels["strategy"], record.labels["tradition"]] += 1
    datasheet = (ORIGINAL / "README.md").read_text(encoding="utf-8")
    traditions = ("from-below", "from-above", "none")
    for strategy in load_scheme().axis("strategy").label_names:
        cells = [
            f"{counts['set'][strategy, t]} / {counts['second'][strategy, t]}" for t in traditions
        ]
        assert f"| `{strategy}` | {' | '.join(cells)} |" in datasheet


def test_the_example_in_the_description_is_a_record(write: Writer) -> None:
    text = (CORPORA / "README.md").read_text(encoding="utf-8")
    example = text.partition("```json\n")[2].partition("```")[0]
    (record,) = _read(write(raw=example.encode()), scheme=load_scheme())
    assert record.group == "Tenants' Union"
