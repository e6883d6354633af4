"""Measure what starting costs, in a fresh environment with the base install.

Prints, as medians of user + system seconds over alternating runs in one session:
``textpolitics --help``, a whole ``classify`` of a line of text with each model, which
is next to nothing but starting, the same of two pages with `accurate`, and bare spaCy
(``import spacy; spacy.blank('en')``), with the ratio of a model to spaCy. With
``--here`` it measures the environment that it runs in instead.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINE, PAGES = (ROOT / "examples" / name for name in ("too-short.txt", "vote-for-us.md"))
RUNS = 9
LIMITS = {"fast": 1.4, "accurate": 1.6}
"""How many times what bare spaCy takes a model may take."""


def fresh_environment(folder: Path) -> Path:
    """Install the package without extras and return the environment's interpreter."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(ROOT)], check=True)
    return python


def cpu_seconds(command: list[str | Path]) -> float:
    """Return the user and system seconds that a command takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT.parent)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(python: Path) -> dict[str, float]:
    """Return the median of every command, after one round that does not count."""
    command = python.with_name("textpolitics")
    commands: dict[str, list[str | Path]] = {
        "help": [command, "--help"],
        "spacy": [python, "-c", "import spacy; spacy.blank('en')"],
    }
    for name in LIMITS:
        commands[name] = [command, "classify", "--model", name, LINE]
    commands["pages"] = [command, "classify", "--model", "accurate", PAGES]
    times: dict[str, list[float]] = {name: [] for name in commands}
    for run in range(RUNS + 1):
        took = {name: cpu_seconds(command) for name, command in commands.items()}
        if run:
            for name, seconds in took.items():
                times[name].append(seconds)
    ratios = {
        f"{name} / spacy": [a / b for a, b in zip(times[name], times["spacy"], strict=True)]
        for name in LIMITS
    }
    return {name: statistics.median(all_) for name, all_ in (times | ratios).items()}


def main() -> None:
    """Print the figures beside what they may be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--here", action="store_true", help="measure this environment")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        python = Path(sys.executable) if arguments.here else fresh_environment(Path(folder))
        figures = measure(python)
    write = sys.stdout.write
    write(f"user + system seconds, median of {RUNS} alternating runs\n")
    write(f"textpolitics --help             {figures['help']:.2f}  (at most 0.40)\n")
    write(f"import spacy; blank             {figures['spacy']:.2f}\n")
    for name, limit in LIMITS.items():
        write(f"classify with {name:<9}         {figures[name]:.2f}\n")
        write(f"  / bare spaCy                  {figures[f'{name} / spacy']:.2f}")
        write(f"  (at most {limit:.2f})\n")
    write(f"two pages with accurate         {figures['pages']:.2f}\n")


if __name__ == "__main__":
    main()
