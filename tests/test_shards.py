"""A run in shards: the same rows however it is cut, done, stopped and taken up again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textpolitics import Model, UsageError
from textpolitics.shards import (
    MANIFEST,
    Inputs,
    Job,
    clear,
    look_ahead,
    opened,
    rows,
    run,
    work_folder,
)
from textpolitics.sources import Choice, Item, expand

TEA = "The kettle boils and we pour the tea for everybody here. "
COFFEE = "Grind the beans and brew the coffee in the large pot. "
Cells = dict[str, Any]


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A folder of texts, one of them broken, and a table with columns of its own."""
    folder = tmp_path / "box"
    folder.mkdir()
    for number in range(17):
        text = (TEA if number % 3 else COFFEE) * (1 + number % 5)
        (folder / f"leaflet-{number:02d}.txt").write_text(text, "utf-8")
    (folder / "empty.txt").touch()
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    lines = [{"text": TEA * n, "id": "same", "shelf": f"{n}"} for n in range(6)]
    (folder / "table.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    return folder


Whole = Callable[..., list[Cells]]


@pytest.fixture
def whole(box: Path, tmp_path: Path, toy_model: Model, toy_model_folder: Path) -> Whole:
    """Label the box with some size of shards and some workers, from nothing."""

    def whole(shard: int = 5, workers: int = 1) -> list[Cells]:
        job = Job(look_ahead(expand([str(box)])), str(toy_model_folder), "1", shard=shard)
        folder = work_folder(tmp_path / f"{shard}-{workers}.csv")
        with opened(folder, job, resume=False):
            done = list(run(expand([str(box)]), job, folder, toy_model, workers))
            found = [dict(row) for row in rows(folder)]
        assert sorted(one.number for one in done) == list(range(-(-job.inputs.total // shard)))
        assert sum(one.rows for one in done) == job.inputs.total == len(found)
        clear(folder)
        return found

    return whole


def test_every_input_has_its_row_in_order(whole: Whole) -> None:
    found = whole()
    assert len(found) == 17 + 2 + 6
    assert [row["source"].rpartition("/")[2] for row in found[:3]] == [
        "broken.pdf",
        "empty.txt",
        "leaflet-00.txt",
    ]
    assert [row["status"] for row in found[:3]] == ["failed", "failed", "abstained"]
    assert [row["input_shelf"] for row in found[-6:]] == list("012345")
    assert len({row["id"] for row in found}) == len(found)


def test_rows_do_not_depend_on_shards_and_workers(whole: Whole) -> None:
    straight = whole(100, 1)
    for shard, workers in ((1, 1), (7, 1), (4, 2)):
        assert whole(shard, workers) == straight


@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_whatever_is_missing_is_done_again(
    box: Path, tmp_path: Path, toy_model: Model, data: st.DataObject
) -> None:
    """Any shards may be lost, and a part of one may lie there half written."""
    items = list(expand([str(box)]))
    job = Job(look_ahead(items), None, "1", shard=4)
    folder = work_folder(tmp_path / "again.csv")
    with opened(folder, job, resume=True):
        list(run(items, job, folder, toy_model))
        straight = list(rows(folder))
    lost = data.draw(st.sets(st.sampled_from(sorted(folder.glob("shard-*.jsonl")))))
    for path in lost:
        path.rename(path.with_suffix(".part"))
        path.with_suffix(".part").write_bytes(b'{"half')
    with opened(folder, job, resume=True):
        done = list(run(items, job, folder, toy_model))
        assert list(rows(folder)) == straight
    assert {f"shard-{one.number:07d}" for one in done if one.slowest} == {p.stem for p in lost}
    clear(folder)


def test_large_inputs_make_shards_of_few(
    tmp_path: Path, toy_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a box of large files does not fill the memory."""
    monkeypatch.setattr("textpolitics.shards.LARGEST", 3 * len(TEA))
    sizes = [1, 1, 5, 1, 1, 1, 1]
    items = [Item(f"{n}.txt", data=(TEA * size).encode()) for n, size in enumerate(sizes)]
    job = Job(look_ahead(items), None, "1")
    folder = work_folder(tmp_path / "out.csv")
    with opened(folder, job, resume=False):
        done = list(run(items, job, folder, toy_model))
        found = [row["source"] for row in rows(folder)]
    assert [one.rows for one in done] == [3, 3, 1]
    assert found == [item.source for item in items]


def test_unfinished_run_is_taken_up_only_when_asked(box: Path, tmp_path: Path) -> None:
    job = Job(look_ahead(expand([str(box)])), None, "1")
    folder = work_folder(tmp_path / "out.csv")
    with opened(folder, job, resume=False):
        pass
    with pytest.raises(UsageError, match="unfinished run; go on with --resume"):
        opened(folder, job, resume=False).__enter__()
    with opened(folder, job, resume=True):
        pass


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"version": "2"}, r"version \(1 there, 2 here\)"),
        ({"shard": 7}, r"shard \(100 there, 7 here\)"),
        ({"choice": Choice(encoding="cp1252")}, "choice"),
        ({"inputs": Inputs(("other",), 25, "0")}, "inputs"),
    ],
)
def test_another_run_is_refused_with_what_differs(
    box: Path, tmp_path: Path, change: Cells, what: str
) -> None:
    job = Job(look_ahead(expand([str(box)])), None, "1")
    folder = work_folder(tmp_path / "out.csv")
    with opened(folder, job, resume=False):
        pass
    with pytest.raises(UsageError, match=f"differs in {what}"):
        opened(folder, replace(job, **change), resume=True).__enter__()


def test_damaged_manifest_is_another_run(box: Path, tmp_path: Path) -> None:
    job = Job(look_ahead(expand([str(box)])), None, "1")
    folder = work_folder(tmp_path / "out.csv")
    folder.mkdir()
    (folder / MANIFEST).write_text("{", "utf-8")
    with pytest.raises(UsageError, match="another run"):
        opened(folder, job, resume=True).__enter__()


def test_two_runs_on_one_output_refuse_each_other(box: Path, tmp_path: Path) -> None:
    job = Job(look_ahead(expand([str(box)])), None, "1")
    folder = work_folder(tmp_path / "out.csv")
    with (
        opened(folder, job, resume=False),
        pytest.raises(UsageError, match="another run is at work"),
    ):
        opened(folder, job, resume=True).__enter__()


def test_look_ahead_notices_a_changed_file(box: Path) -> None:
    before = look_ahead(expand([str(box)]))
    assert look_ahead(expand([str(box)])) == before
    (box / "leaflet-03.txt").write_text(TEA * 9, "utf-8")
    assert look_ahead(expand([str(box)])).digest != before.digest


def test_cells_of_any_kind_come_through_the_shards(tmp_path: Path, toy_model: Model) -> None:
    """Numbers, lists, halves of characters and what JSON has no name for."""
    fields = {
        "n": 1.5,
        "many": [1, {"a": None}],
        "half": "x\ud800y",
        "path": Path("p"),
        "yes": True,
    }
    items = [Item("in.parquet", record=1, text=TEA * 9, metadata=fields)]
    job = Job(look_ahead(items), None, "1")
    folder = work_folder(tmp_path / "out.csv")
    with opened(folder, job, resume=False):
        list(run(items, job, folder, toy_model))
        (row,) = rows(folder)
    assert {name: row[f"input_{name}"] for name in fields} == {**fields, "path": "p"}
