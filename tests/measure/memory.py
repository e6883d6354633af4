"""Compare the memory that many and few texts take: ``memory.py [--texts N]``, on Linux.

Labels N texts and a tenth of them with `fast` and two workers, and prints the peak of
the memory of all processes together: what each has to itself and its part of what
they share, looked at ten times a second.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from throughput import made

PROCESSES = Path("/proc")


def family(root: int) -> set[int]:
    """Return a process and all that descend from it."""
    parents = {}
    for status in PROCESSES.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
    found = {root}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def memory(processes: set[int]) -> float:
    """Return the megabytes that processes take together."""
    total = 0
    for process in processes:
        with contextlib.suppress(OSError):
            lines = (PROCESSES / str(process) / "smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def peak(texts: Path, output: Path) -> float:
    """Return the most that labelling took at any moment, in megabytes."""
    command = [sys.executable, "-m", "textpolitics", "label", str(texts), "--model", "fast"]
    run = subprocess.Popen(
        [*command, "--workers", "2", "--output", str(output)], stderr=subprocess.DEVNULL
    )
    most = 0.0
    while run.poll() is None:
        most = max(most, memory(family(run.pid)))
        time.sleep(0.1)
    if run.returncode:
        raise SystemExit(f"label ended with {run.returncode}")
    return most


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=200_000)
    count = parser.parse_args().texts
    with tempfile.TemporaryDirectory() as folder:
        peaks = []
        for number in (count // 10, count):
            path = Path(folder) / f"{number}.jsonl"
            with path.open("w", encoding="utf-8") as file:
                file.writelines(json.dumps({"text": text}) + "\n" for text in made(number))
            peaks.append(peak(path, path.with_suffix(".csv")))
            sys.stdout.write(f"{number:>9,} texts: at most {peaks[-1]:,.0f} MB\n")
    sys.stdout.write(f"ratio {peaks[1] / peaks[0]:.2f} (at most 1.20)\n")


if __name__ == "__main__":
    main()
