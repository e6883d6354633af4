"""The texts that figures are taken on: real passages with their fold, and whole works.

The folds stand in ``corpora/real/labels.jsonl``: fifths of the families of authors
and organisations, dealt once, so that every figure of every version is taken on the
same ones. No text of theirs is in this repository.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textpolitics import Record, Scheme, read_corpus

ROOT = Path(__file__).resolve().parents[2]
ORIGINAL = ROOT / "corpora" / "original"
LABELS = ROOT / "corpora" / "real" / "labels.jsonl"
FOLDS = 5
FIXED = 3
"""The fold on which is measured what trains in hours."""
RUN = 8
"""Words in a row that two texts must share to count as one quoting the other."""
COPY = 0.3
"""Share of their runs (Jaccard) from which on two texts count as the same."""


def runs(text: str) -> set[tuple[str, ...]]:
    """Return all runs of so many words in a text."""
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1)}


def real_passages(shared: Path, scheme: Scheme) -> list[Record]:
    """Return the real coded passages, in the order of the file."""
    return list(read_corpus([shared / "real" / "passages.jsonl.gz"], scheme))


def original_passages(scheme: Scheme) -> list[Record]:
    """Return the passages written for the project."""
    return list(read_corpus([ORIGINAL], scheme))


def folds_of(records: Iterable[Record]) -> NDArray[np.int64]:
    """Return the fold of each real passage, shape (passages,)."""
    with LABELS.open(encoding="utf-8") as file:
        known = {row["id"]: row["fold"] for row in map(json.loads, file)}
    return np.array([known[record.id] for record in records], dtype=np.int64)


def without_seeds(records: Iterable[Record], shared: Path) -> list[Record]:
    """Return the records that share no run of words with a seed text, which stay unseen."""
    seeds = set[tuple[str, ...]]()
    for seed in sorted((shared / "seeds").glob("*.txt")):
        seeds |= runs(seed.read_text("utf-8"))
    return [record for record in records if not runs(record.text) & seeds]


def copies(records: Sequence[Record]) -> dict[str, set[str]]:
    """Return for each record the ids of the others of which it is nearly a copy."""
    shingles = [runs(record.text) for record in records]
    where = defaultdict[tuple[str, ...], list[int]](list)
    for number, grams in enumerate(shingles):
        for gram in grams:
            where[gram].append(number)
    shared = defaultdict[tuple[int, int], int](int)
    for numbers in where.values():
        for at, first in enumerate(numbers):
            for second in numbers[at + 1 :]:
                shared[first, second] += 1
    found = defaultdict[str, set[str]](set)
    for (first, second), count in shared.items():
        if count > COPY * (len(shingles[first]) + len(shingles[second]) - count):
            found[records[first].id].add(records[second].id)
            found[records[second].id].add(records[first].id)
    return found
