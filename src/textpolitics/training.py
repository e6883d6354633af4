"""The room that trains: corpora to a model, with scikit-learn."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import numpy as np

from textpolitics import __version__
from textpolitics.calibration import (
    Labels,
    assemble,
    pooling,
    prior,
    scale,
    temperature,
    thresholds,
)
from textpolitics.corpus import Record, corpus_files, read_corpus
from textpolitics.decide import Pooling, Rules
from textpolitics.errors import CorpusError
from textpolitics.features import (
    SparseVector,
    TermFeatures,
    Vocabulary,
    build_vocabulary,
    proper_names,
)
from textpolitics.heads import Floats, Head
from textpolitics.model import Model
from textpolitics.nlp import Tokenizer
from textpolitics.scheme import Axis, Scheme
from textpolitics.seen import name_hashes, text_hash

Report = Callable[[str], None]

NOUNS_HAVE_CAPITALS = frozenset({"de", "lb", "nds"})
"""Languages in which a capital does not make a name."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How to train.

    Attributes:
        min_groups: Groups that must use a term before it counts.
        capitals: Share of a word's occurrences with a capital, first words of sentences
            aside, from which on it is a name and does not count; above 1 none is.
        extra_weight: How much a record of the corpora `extra` counts beside another.
        inverse_regularisation: scikit-learn's ``C`` of the logistic regression.
        folds: Grouped folds for calibration, thresholds and the figures in the manifest;
            0 leaves out all three, for measuring.
        seed: Of the fold assignment.
        prior_power: How much more a rare label counts in the probabilities than its
            number, from 0 (not at all) to 1 (as much as a common one).
        precision: Share of the texts given a label that must bear it, on held-out groups.
        least: Confidence below which a label is ``ambiguous`` however precise it is.
    """

    min_groups: int = 5
    capitals: float = 0.8
    extra_weight: float = 1.0
    inverse_regularisation: float = 1.0
    folds: int = 5
    seed: int = 0
    prior_power: float = 0.5
    precision: float = 0.8
    least: float = 0.5


def train(
    corpora: Sequence[str | Path],
    scheme: Scheme,
    name: str,
    settings: TrainingSettings | None = None,
    report: Report = lambda _: None,
    extra: Sequence[str | Path] = (),
) -> Model:
    """Train a model on annotated corpora.

    Every axis gets a multinomial logistic regression with balanced classes (one a
    label where several may apply). Predictions on held-out groups then make its
    scores probabilities and say from which lead on each label can be given.

    Args:
        corpora: Corpus files or folders.
        scheme: The axes and labels.
        name: What to call the model.
        settings: How to train.
        report: Is told of every step, in words.
        extra: Corpora of another kind than the texts that the model is for, such as
            texts written for training: learnt from, never calibrated or measured on.

    Raises:
        CorpusError: If the corpora are malformed or too small to learn from.
    """
    records = list(read_corpus(corpora, scheme))
    more = list(read_corpus(extra, scheme)) if extra else []
    digests = _digests([*corpora, *extra])
    return train_on(records, scheme, name, settings, more, digests, report=report)


def train_on(
    records: Sequence[Record],
    scheme: Scheme,
    name: str,
    settings: TrainingSettings | None = None,
    extra: Sequence[Record] = (),
    digests: Mapping[str, str] | None = None,
    tokenizer: Tokenizer | None = None,
    report: Report = lambda _: None,
) -> Model:
    """Train a model on annotated records, as `train` does.

    Args:
        records: The records.
        scheme: The axes and labels.
        name: What to call the model.
        settings: How to train.
        extra: Records to learn from, never to calibrate or measure on.
        digests: Name of corpus file → checksum, for the card.
        tokenizer: A tokenizer of the scheme's language to use; it remembers words.
        report: Is told of every step, in words.

    Raises:
        CorpusError: If the records are too few to learn from.
    """
    settings = settings or TrainingSettings()
    digests = digests or {}
    measured = len(records)
    records = [*records, *extra]
    report(f"{len(records)} records of {len({r.group for r in records})} groups")
    tokenizer = tokenizer or Tokenizer(scheme.language)
    vocabulary = _vocabulary(records, tokenizer, settings)
    report(f"{len(vocabulary.terms)} terms")
    features = TermFeatures(vocabulary, tokenizer)
    vectors = [features(record.text) for record in records]
    heads, threshold, pooled, scores = [], {}, {}, {}
    for axis in scheme.axes:
        coded = [i for i, record in enumerate(records) if axis.name in record.labels]
        if not coded:
            report(f"{axis.name}: not coded in these corpora, left out")
            continue
        data = _Coded(
            axis,
            [records[i] for i in coded],
            [vectors[i] for i in coded],
            sum(i < measured for i in coded),
        )
        head, held_out = _train_axis(data, len(vocabulary.terms), settings)
        heads.append(head)
        threshold[axis.name] = _thresholds(head, held_out, data, settings)
        pooled[axis.name] = _pooling(data, held_out, tokenizer, settings)
        if held_out is not None:
            targets = data.targets()[: data.measured]
            scores[axis.name] = _scores(head, held_out, targets, settings.folds)
            score = scores[axis.name]["macro_f1"]
            report(f"{axis.name}: macro-F1 {score:.3f} on held-out groups")
    card = _card(records, digests, settings, scores)
    return Model(
        name=name,
        version=_sha256(repr((sorted(digests.items()), asdict(settings), scheme.to_dict())))[:12],
        scheme=scheme,
        features=features,
        heads=tuple(heads),
        rules=Rules(threshold=threshold, pooling=pooled),
        card=card,
        seen=_seen(records, card["salt"]),
    )


def _vocabulary(
    records: Sequence[Record], tokenizer: Tokenizer, settings: TrainingSettings
) -> Vocabulary:
    pairs = [(tokenizer.tokens(record.text), record.group) for record in records]
    left_out = {token for tokens, _ in pairs for token in tokens if token[:1].isdigit()}
    if tokenizer.language not in NOUNS_HAVE_CAPITALS:
        words = (word for record in records for word in tokenizer.capitals(record.text))
        left_out |= proper_names(words, settings.capitals)
    vocabulary = build_vocabulary(pairs, settings.min_groups, left_out)
    if not vocabulary.terms:
        raise CorpusError(
            "corpora",
            f"no word is used by {settings.min_groups} different groups",
            "add texts by more authors or organisations, or name the group of each record",
        )
    # Rounded as the model folder rounds it, so that saving changes no score.
    return Vocabulary(vocabulary.terms, vocabulary.idf.astype(np.float32).astype(np.float64))


def _card(
    records: Sequence[Record],
    digests: Mapping[str, str],
    settings: TrainingSettings,
    scores: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "trained_with": f"textpolitics {__version__}",
        "corpora": dict(digests),
        "records": len(records),
        "groups": len({record.group for record in records}),
        "settings": asdict(settings),
        "libraries": _libraries(),
        "scores": dict(scores),
        "salt": _sha256("".join(sorted(digests.values()))),
    }


@dataclass(frozen=True, slots=True)
class _Coded:
    """The records that are coded on one axis, with their vectors; the first are measured on."""

    axis: Axis
    records: Sequence[Record]
    vectors: Sequence[SparseVector]
    measured: int

    def targets(self) -> Labels:
        """Return 1 where a label applies, shape (records, labels)."""
        names = self.axis.label_names
        rows = np.zeros((len(self.records), len(names)), dtype=np.int64)
        for row, record in zip(rows, self.records, strict=True):
            label = record.labels[self.axis.name]
            for one in (label,) if isinstance(label, str) else label:
                row[names.index(one)] = 1
        return rows


def _train_axis(data: _Coded, terms: int, settings: TrainingSettings) -> tuple[Head, Floats | None]:
    """Return the head of an axis and its logits for what is measured on, each group held out."""
    from scipy import sparse

    rows = np.cumsum([0, *(len(v.indices) for v in data.vectors)])
    columns = np.concatenate([v.indices for v in data.vectors])
    values = np.concatenate([v.values for v in data.vectors])
    matrix = sparse.csr_matrix((values, columns, rows), (len(data.vectors), terms))
    targets = data.targets()
    groups = [record.group for record in data.records]
    _check_targets(data.axis, targets, groups[: data.measured])
    counts = np.where(np.arange(len(targets)) < data.measured, 1.0, settings.extra_weight)
    weights, intercept = _fit(data.axis, matrix, targets, counts, settings)
    degree, offsets, held_out, frequent = 1.0, np.zeros(targets.shape[1]), None, None
    if settings.folds:
        held_out = _held_out(data, matrix, targets, groups, counts, settings)
        known = targets[: data.measured]
        if data.axis.many:
            degree = temperature(held_out, known)
        else:
            (slope,), offsets = scale([held_out], known, settings.prior_power)
            degree = round(1 / slope, 3)
        held_out = held_out / degree + offsets
        frequent = None if data.axis.many else prior(held_out, known)
    head = Head(
        axis=data.axis.name,
        labels=data.axis.label_names,
        exclusive=not data.axis.many,
        weights=weights.astype(np.float32),
        intercept=(intercept + offsets * degree).astype(np.float32),
        temperature=degree,
        prior=frequent,
    )
    return head, held_out


def _held_out(
    data: _Coded,
    matrix: Any,
    targets: Labels,
    groups: Sequence[str],
    counts: Floats,
    settings: TrainingSettings,
) -> Floats:
    from sklearn.model_selection import GroupKFold

    logits: Floats = np.zeros((data.measured, targets.shape[1]))
    measured = np.array(groups[: data.measured])
    folds = min(settings.folds, len(set(measured.tolist())))
    splitter = GroupKFold(folds, shuffle=True, random_state=settings.seed)
    for _, test in splitter.split(measured, groups=measured):
        training = ~np.isin(np.array(groups), measured[test])
        some = (matrix[training], targets[training], counts[training])
        weights, intercept = _fit(data.axis, *some, settings)
        logits[test] = matrix[test] @ weights.T + intercept
    return logits


def _thresholds(
    head: Head, held_out: Floats | None, data: _Coded, settings: TrainingSettings
) -> dict[str, float]:
    if held_out is None or not head.exclusive:
        return dict.fromkeys(head.labels, settings.least)
    given = held_out.argmax(axis=1)
    confidence = head.confidence(held_out)[np.arange(len(given)), given]
    gold = data.targets()[: data.measured].argmax(axis=1)
    found = thresholds(
        given, confidence, gold, settings.precision, settings.least, len(head.labels)
    )
    return dict(zip(head.labels, found.tolist(), strict=True))


def _pooling(
    data: _Coded, held_out: Floats | None, tokenizer: Tokenizer, settings: TrainingSettings
) -> Pooling:
    if held_out is None or data.axis.many or data.axis.no_stance is None:
        return Pooling()
    records = data.records[: data.measured]
    words = np.array([float(tokenizer.tally(record.text)[0]) for record in records])
    groups = [record.group for record in records]
    gold = data.targets()[: data.measured].argmax(axis=1)
    documents = assemble(groups, words, gold, data.axis)
    if not documents:
        return Pooling()
    return pooling(data.axis, held_out, words, documents, settings.prior_power)


def _fit(
    axis: Axis, matrix: Any, targets: Labels, counts: Floats, settings: TrainingSettings
) -> tuple[Floats, Floats]:
    """Return weights (labels, terms) and intercepts (labels,); `counts` weighs the rows.

    A label that the rows do not hold gets no weights and an intercept that
    practically rules it out.
    """
    weights: Floats = np.zeros((targets.shape[1], matrix.shape[1]))
    intercept: Floats = np.full(targets.shape[1], -20.0)
    if axis.many:
        for label in range(targets.shape[1]):
            if 0 < targets[:, label].sum() < len(targets):
                fitted = _regression(settings).fit(matrix, targets[:, label], counts)
                weights[label], intercept[label] = fitted.coef_[0], fitted.intercept_[0]
        return weights, intercept
    classes = np.flatnonzero(targets.sum(axis=0))
    if len(classes) == 1:
        intercept[classes] = 0.0
        return weights, intercept
    fitted = _regression(settings).fit(matrix, targets.argmax(axis=1), counts)
    if len(fitted.classes_) == 2:
        first, second = fitted.classes_
        weights[second], intercept[first] = fitted.coef_[0], 0.0
        intercept[second] = fitted.intercept_[0]
    else:
        weights[fitted.classes_], intercept[fitted.classes_] = fitted.coef_, fitted.intercept_
    return weights, intercept


def _regression(settings: TrainingSettings) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(
        C=settings.inverse_regularisation, class_weight="balanced", max_iter=1000
    )


def _scores(head: Head, logits: Floats, targets: Labels, folds: int) -> dict[str, Any]:
    from sklearn.metrics import f1_score

    if head.exclusive:
        gold, predicted = targets.argmax(axis=1), logits.argmax(axis=1)
        labels = np.arange(len(head.labels))
        each = f1_score(gold, predicted, labels=labels, average=None, zero_division=0.0)
    else:
        columns = zip(targets.T, logits.T > 0, strict=True)
        each = [f1_score(gold, predicted, zero_division=0.0) for gold, predicted in columns]
    return {
        "on": f"passages of held-out groups, {folds} folds",
        "macro_f1": round(float(np.mean(each)), 3),
        "f1": {label: round(float(f1), 3) for label, f1 in zip(head.labels, each, strict=True)},
        "records": {n: int(c) for n, c in zip(head.labels, targets.sum(axis=0), strict=True)},
    }


def _check_targets(axis: Axis, targets: Labels, groups: Sequence[str]) -> None:
    if len(set(groups)) < 2:
        raise CorpusError(
            f"axis {axis.name}",
            "is coded in one group only",
            "code it in texts of other authors or organisations as well",
        )
    if not axis.many and (targets.sum(axis=0) > 0).sum() < 2:
        raise CorpusError(
            f"axis {axis.name}", "all records have the same label", "add records of another label"
        )


def _seen(records: Iterable[Record], salt: str) -> frozenset[str]:
    hashes = set[str]()
    for record in records:
        hashes |= {text_hash(record.text, salt), *name_hashes(record.names, salt)}
    return frozenset(hashes)


def _digests(corpora: Sequence[str | Path]) -> dict[str, str]:
    digests: dict[str, str] = {}
    for file in (file for path in corpora for file in corpus_files(Path(path))):
        unique = f"{file.resolve().parent.name}/{file.name}"
        while unique in digests:
            unique += "+"
        digests[unique] = hashlib.sha256(file.read_bytes()).hexdigest()
    return digests


def _libraries() -> dict[str, str]:
    names = ("numpy", "scikit-learn", "scipy", "spacy")
    return {"python": platform.python_version()} | {name: installed(name) for name in names}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
