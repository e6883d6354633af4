"""Train the shipped models: ``models.py SHARED``.

SHARED is the folder with the developers' material. The model is trained on the
original corpus and on the real coded passages, less those that repeat a passage
of the two seed texts (which quote some authors), so that the seeds stay unseen.
Without the real passages it says so and trains on the original corpus alone.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
import tempfile
from pathlib import Path

from textpolitics import load_scheme, save, train

ROOT = Path(__file__).resolve().parents[2]
RUN = 8
"""Words in a row that two texts must share to count as one quoting the other."""


def runs(text: str) -> set[tuple[str, ...]]:
    """Return all runs of so many words in a text."""
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1)}


def without_seeds(shared: Path, output: Path) -> int:
    """Copy the real passages without those that share a run with a seed; return how many."""
    seeds = set[tuple[str, ...]]()
    for seed in sorted((shared / "seeds").glob("*.txt")):
        seeds |= runs(seed.read_text("utf-8"))
    left_out = 0
    real = shared / "real" / "passages.jsonl.gz"
    with (
        gzip.open(real, "rt", encoding="utf-8") as source,
        output.open("w", encoding="utf-8") as file,
    ):
        for line in source:
            if runs(json.loads(line)["text"]) & seeds:
                left_out += 1
            else:
                file.write(line)
    return left_out


def say(line: str) -> None:
    """Tell the person who waits."""
    sys.stderr.write(line + "\n")


def main(shared: Path) -> None:
    """Train and save the model ``fast``."""
    corpora = [ROOT / "corpora" / "original"]
    with tempfile.TemporaryDirectory() as folder:
        if (shared / "real").is_dir():
            (Path(folder) / "real").mkdir()
            passages = Path(folder) / "real" / "passages.jsonl"
            say(f"{without_seeds(shared, passages)} passages that the seeds quote are left out")
            corpora.append(passages)
        else:
            say(f"{shared / 'real'}: not at hand; training on corpora/original alone")
        model = train(corpora, load_scheme(), "fast", report=say)
    save(model, ROOT / "models" / "fast")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
