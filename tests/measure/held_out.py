"""Judge the real texts with classifiers that never saw their families.

What turns raw scores into probabilities, documents and silence is learnt on other
families than those it is tried on.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from figures import Judged
from material import FOLDS, copies, folds_of, original_passages, real_passages
from numpy.typing import NDArray

from textpolitics import Document, Model, Record, Scheme, TrainingSettings
from textpolitics.calibration import Labels, assemble, pooling, prior, scale, thresholds
from textpolitics.decide import Pooling, passage_weights, pool
from textpolitics.heads import Floats, softmax
from textpolitics.nlp import Tokenizer
from textpolitics.results import Result
from textpolitics.scheme import Axis
from textpolitics.training import train_on

HELD_OUT = Path(__file__).with_name("held-out.jsonl")
"""The encoder's scores for the fold that it was trained without; no text."""
SETTINGS = TrainingSettings(extra_weight=0.25)
"""Original passages count less than real ones: see the table of docs/accuracy.md."""
RAW = replace(SETTINGS, folds=0)

Rows = NDArray[np.int64]


class Remembering(Tokenizer):
    """A tokenizer that keeps the tokens of whole texts: every fold sees the same ones."""

    def __init__(self) -> None:
        """Start with none."""
        super().__init__()
        self._known: dict[str, list[str]] = {}
        self._capitals: dict[str, list[tuple[str, bool]]] = {}

    def tokens(self, text: str) -> list[str]:
        """Return the tokens of a text."""
        if text not in self._known:
            self._known[text] = super().tokens(text)
        return self._known[text]

    def capitals(self, text: str) -> Iterator[tuple[str, bool]]:
        """Yield the words of a text within its sentences, and whether each has a capital."""
        if text not in self._capitals:
            self._capitals[text] = list(super().capitals(text))
        return iter(self._capitals[text])


@dataclass(frozen=True)
class Material:
    """Everything that is measured on, read once."""

    scheme: Scheme
    real: Sequence[Record]
    original: Sequence[Record]
    folds: Rows
    families: NDArray[np.str_]
    words: Floats
    tokenizer: Tokenizer
    copies: Mapping[str, set[str]]

    def gold(self, axis: Axis) -> Labels:
        """Return the number of each real passage's label."""
        names = axis.label_names
        return np.array([names.index(str(record.labels[axis.name])) for record in self.real])


def read(shared: Path, scheme: Scheme) -> Material:
    """Read the material."""
    real, tokenizer = real_passages(shared, scheme), Remembering()
    return Material(
        scheme,
        real,
        original_passages(scheme),
        folds_of(real),
        np.array([record.group for record in real]),
        np.array([float(tokenizer.tally(record.text)[0]) for record in real]),
        tokenizer,
        copies(real),
    )


def linear(
    material: Material,
    folds: Rows,
    *,
    groups: set[str] | None = None,
    ids: set[str] | None = None,
    settings: TrainingSettings = RAW,
    only: Sequence[int] = range(FOLDS),
) -> dict[str, Floats]:
    """Return the linear model's raw logits for every real passage, its fold held out.

    Args:
        material: The texts.
        folds: Fold of each passage.
        groups: Families to train on; None is all that are not held out.
        ids: Passages to train on, likewise.
        settings: How to train.
        only: The folds to judge; the rows of others stay zero.
    """
    shape = {axis.name: (len(material.real), len(axis.labels)) for axis in material.scheme.axes}
    logits = {name: np.zeros(size) for name, size in shape.items()}
    for fold in only:
        held_out = np.flatnonzero(folds == fold)
        training = [
            record
            for record in training_side(material, folds, fold)
            if (groups is None or record.group in groups) and (ids is None or record.id in ids)
        ]
        model = trained(material, training, settings)
        vectors = [model.features(material.real[i].text) for i in held_out.tolist()]
        for head in model.heads:
            logits[head.axis][held_out] = [head.logits(vector) for vector in vectors]
    return logits


def training_side(material: Material, folds: Rows, fold: int) -> list[Record]:
    """Return what is left to train on: other folds, less what nearly repeats the held-out one."""
    held_out = [record for record, at in zip(material.real, folds, strict=True) if at == fold]
    copied = set[str]().union(*(material.copies.get(record.id, ()) for record in held_out))
    pairs = zip(material.real, folds, strict=True)
    return [record for record, at in pairs if at != fold and record.id not in copied]


def trained(material: Material, training: Sequence[Record], settings: TrainingSettings) -> Model:
    """Return the linear model of some real passages and the original ones."""
    extra = material.original if settings.extra_weight else []
    return train_on(
        training, material.scheme, "fold", settings, extra, tokenizer=material.tokenizer
    )


def encoded(material: Material) -> tuple[dict[str, Floats], Rows] | None:
    """Return the encoder's logits for all real passages, and the rows that it has any for."""
    if not HELD_OUT.is_file():
        return None
    with HELD_OUT.open(encoding="utf-8") as file:
        known = {row["id"]: row["logits"] for row in map(json.loads, file)}
    rows = np.array([n for n, record in enumerate(material.real) if record.id in known])
    logits = {}
    for axis in material.scheme.axes:
        logits[axis.name] = np.zeros((len(material.real), len(axis.labels)))
        for row in rows:
            scores = known[material.real[row].id][axis.name]
            logits[axis.name][row] = [scores[label] for label in axis.label_names]
    return logits, rows


def fifths_of(material: Material, rows: Rows) -> Rows:
    """Deal the families of some passages into fifths of their own; other passages get -1."""
    from sklearn.model_selection import GroupKFold

    fifths = np.full(len(material.real), -1)
    families = material.families[rows]
    splitter = GroupKFold(FOLDS, shuffle=True, random_state=0)
    for number, (_, test) in enumerate(splitter.split(rows, groups=families)):
        fifths[rows[test]] = number
    return fifths


def works(material: Material, shared: Path) -> list[tuple[dict[str, str | None], Result]]:
    """Return whole works with the labels that the literature gives them, families held out."""
    with gzip.open(shared / "real" / "documents.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    folds = dict(zip(material.families.tolist(), material.folds.tolist(), strict=True))
    judged = []
    for fold in range(FOLDS):
        model = trained(material, training_side(material, material.folds, fold), SETTINGS)
        for row in rows:
            if folds[row["family"]] == fold:
                expected = {a.name: row[f"expected_{a.name}"] for a in material.scheme.axes}
                judged.append((expected, model.classify(Document(row["text"], row["id"], "txt"))))
    return judged


@dataclass(frozen=True)
class Learnt:
    """What is learnt on held-out scores of an axis.

    Attributes:
        slopes: What each classifier's logits are multiplied by before they are added up.
        offsets: What is added to their sum, shape (labels,).
        prior: See `textpolitics.heads.Head`.
        thresholds: Confidence from which on each label is given, shape (labels,).
        pooling: How passages make a document.
    """

    slopes: tuple[float, ...]
    offsets: Floats
    prior: Floats
    thresholds: Floats
    pooling: Pooling

    def add_up(self, parts: Sequence[Floats]) -> Floats:
        """Return the logits of the sum, shape (texts, labels)."""
        total: Floats = np.tensordot(np.array(self.slopes), np.array(parts), axes=1)
        return total + self.offsets

    def sure(self, logits: Floats) -> tuple[Floats, Floats]:
        """Return confidence in the likeliest label and what it has to be, shape (texts,)."""
        best = logits.argmax(axis=1)
        chances = softmax(logits + self.prior)
        return chances[np.arange(len(best)), best], self.thresholds[best]


def learn(material: Material, axis: Axis, parts: Sequence[Floats], rows: Rows) -> Learnt:
    """Learn how to add up, what to say, and what passages make of a document.

    Args:
        material: The texts.
        axis: The axis.
        parts: Raw logits of all real passages by each classifier.
        rows: The passages to learn on, whose scores were held out.
    """
    gold = material.gold(axis)[rows]
    targets = np.eye(len(axis.labels), dtype=np.int64)[gold]
    mine = [part[rows] for part in parts]
    slopes, offsets = scale(mine, targets, SETTINGS.prior_power)
    start = Learnt(slopes, offsets, np.zeros(len(offsets)), np.ones(len(offsets)), Pooling())
    added = start.add_up(mine)
    frequent = replace(start, prior=prior(added, targets))
    found = thresholds(
        added.argmax(axis=1),
        frequent.sure(added)[0],
        gold,
        SETTINGS.precision,
        SETTINGS.least,
        len(axis.labels),
    )
    words = material.words[rows]
    documents = assemble(material.families[rows].tolist(), words, gold, axis)
    pooled = pooling(axis, added, words, documents, SETTINGS.prior_power)
    return replace(frequent, thresholds=found, pooling=pooled)


def judge(
    material: Material, axis: Axis, parts: Sequence[Floats], rows: Rows, folds: Rows
) -> tuple[Judged, Judged]:
    """Return passages and documents as judged with all that is learnt from other folds.

    Args:
        material: The texts.
        axis: The axis.
        parts: Raw logits of all real passages by each classifier that is added up.
        rows: The passages to judge.
        folds: Fold of each real passage: what is learnt for one comes from the others.
    """
    gold = material.gold(axis)
    families = material.families
    found = assemble(families[rows].tolist(), material.words[rows], gold[rows], axis)
    documents = [(rows[numbers], label) for numbers, label in found]
    logits = np.zeros((len(gold), len(axis.labels)))
    sure = np.zeros((2, len(gold)))
    pooled = np.zeros((len(documents), len(axis.labels)))
    pooled_sure = np.zeros((2, len(documents)))
    for fold in np.unique(folds[rows]):
        learnt = learn(material, axis, parts, rows[folds[rows] != fold])
        these = rows[folds[rows] == fold]
        logits[these] = learnt.add_up([part[these] for part in parts])
        sure[:, these] = learnt.sure(logits[these])
        mine = [n for n, (passages, _) in enumerate(documents) if folds[passages[0]] == fold]
        for number in mine:
            passages = documents[number][0]
            power, words = learnt.pooling.power, material.words[passages]
            weights = passage_weights(axis, softmax(logits[passages]), words, power)
            pooled[number] = pool(axis, logits[passages], weights, learnt.pooling)
        pooled_sure[:, mine] = learnt.sure(pooled[mine])
    return (
        Judged(axis, gold[rows], logits[rows], sure[0, rows], sure[1, rows], families[rows]),
        Judged(
            axis,
            np.array([label for _, label in documents]),
            pooled,
            pooled_sure[0],
            pooled_sure[1],
            np.array([families[passages[0]] for passages, _ in documents]),
        ),
    )
