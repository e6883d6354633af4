"""A run that is killed again and again gives the bytes of one that never was."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
KILLS = 20
TEXTS = 70_000
LABEL = [sys.executable, "-m", "textpolitics", "label", "--model", "fast", "--workers", "2"]
SENTENCES = [
    "The committee met on the second floor and nobody left before the vote was counted.",
    "Write to your councillor and ask for a meeting about the bus fares.",
    "We walk out together on Thursday unless the shift is paid in full.",
    "The minutes of the last meeting were read and taken as correct.",
    "Elect us, and the first act of our government will be a fair rent.",
    "Nobody will do it for us, so every landing sends two people to the assembly.",
]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table that takes a run some time."""
    path = tmp_path_factory.mktemp("texts") / "texts.jsonl"
    chance = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        for number in range(TEXTS):
            text = " ".join(chance.choices(SENTENCES, k=12))
            file.write(json.dumps({"id": f"t{number}", "text": text}) + "\n")
    return path


@pytest.fixture(scope="module")
def straight(texts: Path) -> bytes:
    """The table of a run that nobody stops."""
    output = texts.with_name("straight.csv")
    subprocess.run([*LABEL, str(texts), "--output", str(output)], check=True, capture_output=True)
    return output.read_bytes()


def test_killed_run_is_resumed_to_the_same_bytes(texts: Path, straight: bytes) -> None:
    output = texts.with_name("killed.csv")
    command = [*LABEL, str(texts), "--output", str(output), "--resume"]
    work = output.with_name("killed.csv.work")
    chance = random.Random(2)
    hit = 0
    shards = set[int]()
    while hit < KILLS:
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _wait_until(lambda: len(list(work.glob("shard-*.jsonl"))) > max(shards, default=-1), run)
        time.sleep(chance.uniform(0.0, 0.1))
        hit += run.poll() is None
        run.kill()
        run.wait()
        assert not output.exists(), "it was done before it had been killed often enough"
        shards.add(len(list(work.glob("shard-*.jsonl"))))
    assert len(shards) > KILLS // 2, "it must get further from one kill to the next"
    subprocess.run(command, check=True, capture_output=True)
    assert output.read_bytes() == straight
    assert not work.exists()


def _wait_until(ready: object, run: subprocess.Popen[bytes]) -> None:
    assert callable(ready)
    until = time.monotonic() + 120
    while not ready() and run.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True
    )
    if not made or made.returncode:
        pytest.skip("a small disk can be made by root on Linux only")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_full_disk_is_reported_and_the_run_resumed_elsewhere(
    texts: Path, straight: bytes, small_disk: Path, tmp_path: Path
) -> None:
    """Once there is room, the shards that were written are used."""
    output = small_disk / "out.csv"
    command = [*LABEL, str(texts), "--output", str(output)]
    full = subprocess.run(command, capture_output=True, text=True)
    assert full.returncode == 1
    assert "No space left on device" in full.stderr
    assert "Traceback" not in full.stderr
    kept = len(list((small_disk / "out.csv.work").glob("shard-*.jsonl")))
    assert kept > 0
    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    resumed = subprocess.run([*command, "--resume"], capture_output=True, text=True)
    assert resumed.returncode == 0, resumed.stderr
    assert output.read_bytes() == straight
