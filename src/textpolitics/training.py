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
from numpy.typing import NDArray

from textpolitics import __version__
from textpolitics.corpus import Record, corpus_files, read_corpus
from textpolitics.decide import Rules
from textpolitics.errors import CorpusError
from textpolitics.features import SparseVector, TermFeatures, Vocabulary, build_vocabulary
from textpolitics.heads import Floats, Head
from textpolitics.model import Model
from textpolitics.nlp import Tokenizer
from textpolitics.scheme import Axis, Scheme
from textpolitics.seen import name_hashes, text_hash

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How to train.

    Attributes:
        min_groups: Groups that must use a term before it counts.
        inverse_regularisation: scikit-learn's ``C`` of the logistic regression.
        folds: Grouped folds for calibration and the figures in the manifest.
        seed: Of the fold assignment.
        margin: See `textpolitics.decide.Rules`.
        stance_power: See `textpolitics.decide.Rules`.
    """

    min_groups: int = 5
    inverse_regularisation: float = 1.0
    folds: int = 5
    seed: int = 0
    margin: float = 0.25
    stance_power: float = 2.0


def train(
    corpora: Sequence[str | Path],
    scheme: Scheme,
    name: str,
    settings: TrainingSettings | None = None,
    report: Report = lambda _: None,
) -> Model:
    """Train a model on annotated corpora.

    Every axis gets a multinomial logistic regression with balanced classes (one a
    label where several may apply). Its temperature minimises the log loss of
    predictions on held-out groups (Guo et al. 2017).

    Args:
        corpora: Corpus files or folders.
        scheme: The axes and labels.
        name: What to call the model.
        settings: How to train.
        report: Is told of every step, in words.

    Raises:
        CorpusError: If the corpora are malformed or too small to learn from.
    """
    settings = settings or TrainingSettings()
    records = list(read_corpus(corpora, scheme))
    report(f"{len(records)} records of {len({r.group for r in records})} groups")
    tokenizer = Tokenizer(scheme.language)
    vocabulary = _vocabulary(records, tokenizer, settings)
    report(f"{len(vocabulary.terms)} terms")
    features = TermFeatures(vocabulary, tokenizer)
    vectors = [features(record.text) for record in records]
    heads, scores = [], {}
    for axis in scheme.axes:
        coded = [i for i, record in enumerate(records) if axis.name in record.labels]
        if not coded:
            report(f"{axis.name}: not coded in these corpora, left out")
            continue
        data = _Coded(axis, [records[i] for i in coded], [vectors[i] for i in coded])
        head, score = _train_axis(data, len(vocabulary.terms), settings)
        heads.append(head)
        scores[axis.name] = score
        report(f"{axis.name}: macro-F1 {score['macro_f1']:.3f} on held-out groups")
    digests = _digests(corpora)
    card = _card(records, digests, settings, scores)
    margin = {head.axis: settings.margin for head in heads}
    return Model(
        name=name,
        version=_sha256(repr((sorted(digests.items()), asdict(settings), scheme.to_dict())))[:12],
        scheme=scheme,
        features=features,
        heads=tuple(heads),
        rules=Rules(margin=margin, stance_power=settings.stance_power),
        card=card,
        seen=_seen(records, card["salt"]),
    )


def _vocabulary(
    records: Sequence[Record], tokenizer: Tokenizer, settings: TrainingSettings
) -> Vocabulary:
    pairs = [(tokenizer.tokens(record.text), record.group) for record in records]
    vocabulary = build_vocabulary(pairs, settings.min_groups)
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
    """The records that are coded on one axis, with their vectors."""

    axis: Axis
    records: Sequence[Record]
    vectors: Sequence[SparseVector]

    def targets(self) -> NDArray[np.int64]:
        """Return 1 where a label applies, shape (records, labels)."""
        names = self.axis.label_names
        rows = np.zeros((len(self.records), len(names)), dtype=np.int64)
        for row, record in zip(rows, self.records, strict=True):
            label = record.labels[self.axis.name]
            for one in (label,) if isinstance(label, str) else label:
                row[names.index(one)] = 1
        return rows


def _train_axis(
    data: _Coded, terms: int, settings: TrainingSettings
) -> tuple[Head, dict[str, Any]]:
    from scipy import sparse
    from sklearn.model_selection import GroupKFold

    rows = np.cumsum([0, *(len(v.indices) for v in data.vectors)])
    columns = np.concatenate([v.indices for v in data.vectors])
    values = np.concatenate([v.values for v in data.vectors])
    matrix = sparse.csr_matrix((values, columns, rows), (len(data.vectors), terms))
    targets = data.targets()
    groups = [record.group for record in data.records]
    _check_targets(data.axis, targets, groups)
    folds = min(settings.folds, len(set(groups)))
    held_out: Floats = np.zeros(targets.shape)
    splitter = GroupKFold(folds, shuffle=True, random_state=settings.seed)
    for training, test in splitter.split(matrix, groups=groups):
        weights, intercept = _fit(data.axis, matrix[training], targets[training], settings)
        held_out[test] = matrix[test] @ weights.T + intercept
    weights, intercept = _fit(data.axis, matrix, targets, settings)
    head = Head(
        axis=data.axis.name,
        labels=data.axis.label_names,
        exclusive=not data.axis.many,
        weights=weights.astype(np.float32),
        intercept=intercept.astype(np.float32),
        temperature=_temperature(held_out, targets, data.axis.many),
    )
    return head, _scores(head, held_out, targets, folds)


def _fit(
    axis: Axis, matrix: Any, targets: NDArray[np.int64], settings: TrainingSettings
) -> tuple[Floats, Floats]:
    """Return weights (labels, terms) and intercepts (labels,).

    A label that the rows do not hold gets no weights and an intercept that
    practically rules it out.
    """
    weights: Floats = np.zeros((targets.shape[1], matrix.shape[1]))
    intercept: Floats = np.full(targets.shape[1], -20.0)
    if axis.many:
        for label in range(targets.shape[1]):
            if 0 < targets[:, label].sum() < len(targets):
                fitted = _regression(settings).fit(matrix, targets[:, label])
                weights[label], intercept[label] = fitted.coef_[0], fitted.intercept_[0]
        return weights, intercept
    classes = np.flatnonzero(targets.sum(axis=0))
    if len(classes) == 1:
        intercept[classes] = 0.0
        return weights, intercept
    fitted = _regression(settings).fit(matrix, targets.argmax(axis=1))
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


def _temperature(logits: Floats, targets: NDArray[np.int64], many: bool) -> float:
    """Return the temperature of least log loss on held-out groups, to three digits."""
    from scipy.optimize import minimize_scalar

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        if many:
            return float(np.logaddexp(0.0, np.where(targets == 1, -scaled, scaled)).mean())
        top = scaled.max(axis=1)
        normaliser = top + np.log(np.exp(scaled - top[:, np.newaxis]).sum(axis=1))
        return float((normaliser - (scaled * targets).sum(axis=1)).mean())

    return round(float(minimize_scalar(loss, bounds=(0.1, 10.0), method="bounded").x), 3)


def _scores(head: Head, logits: Floats, targets: NDArray[np.int64], folds: int) -> dict[str, Any]:
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


def _check_targets(axis: Axis, targets: NDArray[np.int64], groups: Sequence[str]) -> None:
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
