"""How good a model is on an annotated corpus: numbers only, nothing is printed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from textpolitics.corpus import Record
from textpolitics.decide import ranked
from textpolitics.document import Document
from textpolitics.errors import CorpusError
from textpolitics.model import Model
from textpolitics.results import AxisResult
from textpolitics.seen import name_hashes, text_hash


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """Figures of one label; those that divide by nothing are 0.

    Attributes:
        precision: Share of the texts given the label that bear it.
        recall: Share of the texts that bear the label that were given it.
        f1: Harmonic mean of the two.
        support: Number of texts that bear it.
    """

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class AxisFigures:
    """Figures of one axis.

    The likeliest label counts, also where the model abstains; what abstaining
    gains stands under `committed` and `committed_accuracy`.

    Attributes:
        records: Number of texts coded on the axis.
        macro_f1: Mean F1 of the labels that occur in the corpus.
        accuracy: Share of texts with the right label (all labels right, where
            several may apply).
        majority_macro_f1: `macro_f1` of always giving the commonest label.
        majority_accuracy: `accuracy` of the same.
        committed: Share of texts that the model gives a label.
        committed_accuracy: `accuracy` among those, None if there are none.
        labels: Figures by label.
        confusion: Corpus label → given label → number of texts; empty where
            several labels may apply.
    """

    records: int
    macro_f1: float
    accuracy: float
    majority_macro_f1: float
    majority_accuracy: float
    committed: float
    committed_accuracy: float | None
    labels: Mapping[str, LabelFigures]
    confusion: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of a model on a corpus.

    Attributes:
        records: Number of texts that were judged.
        seen: Number of texts that the model was trained on, or whose group it was.
        includes_seen: Whether those count in the figures, which then flatter.
        axes: Figures by axis.
    """

    records: int
    seen: int
    includes_seen: bool
    axes: Mapping[str, AxisFigures]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        return asdict(self)


def evaluate(
    model: Model,
    records: Iterable[Record],
    *,
    include_seen: bool = False,
) -> Evaluation:
    """Compare a model's labels with those of a corpus.

    Args:
        model: The model.
        records: The annotated texts.
        include_seen: Whether to count texts and groups that the model was trained on.

    Raises:
        CorpusError: If no record is left.
    """
    salt = str(model.card.get("salt", ""))
    judged: list[tuple[Record, Mapping[str, AxisResult]]] = []
    known = 0
    for record in records:
        hashes = {text_hash(record.text, salt), *name_hashes(record.names, salt)}
        if hashes & model.seen:
            known += 1
            if not include_seen:
                continue
        judged.append((record, model.classify(Document(record.text, record.id, "txt")).axes))
    if not judged:
        raise CorpusError(
            "corpus",
            f"the model was trained on all {known} records or their groups",
            "evaluate on texts of other authors, or with --include-seen",
        )
    coded = {name for record, _ in judged for name in record.labels}
    axes = {head.axis: compare(head.axis, judged) for head in model.heads if head.axis in coded}
    return Evaluation(len(judged), known, include_seen and known > 0, axes)


def compare(axis: str, judged: Sequence[tuple[Record, Mapping[str, AxisResult]]]) -> AxisFigures:
    """Compare judgements on one axis with the labels of a corpus.

    Args:
        axis: Name of the axis.
        judged: Annotated texts with their judgements by axis; those that are not
            coded on the axis do not count.
    """
    coded = [(record.labels[axis], axes[axis]) for record, axes in judged if axis in record.labels]
    labels = tuple(coded[0][1].scores)
    gold = [_as_set(label) for label, _ in coded]
    given = [_likeliest(judgement, label) for label, judgement in coded]
    right = [g == p for g, p in zip(gold, given, strict=True)]
    committed = [
        r for r, (_, judgement) in zip(right, coded, strict=True) if judgement.label is not None
    ]
    commonest = Counter(gold).most_common(1)[0][0]
    each = {label: _label(label, gold, given) for label in labels}
    majority = {label: _label(label, gold, [commonest] * len(gold)) for label in labels}
    return AxisFigures(
        records=len(coded),
        macro_f1=_macro_f1(each),
        accuracy=_mean(right),
        majority_macro_f1=_macro_f1(majority),
        majority_accuracy=_mean([g == commonest for g in gold]),
        committed=len(committed) / len(coded),
        committed_accuracy=_mean(committed) if committed else None,
        labels=each,
        confusion=_confusion(labels, gold, given) if isinstance(coded[0][0], str) else {},
    )


def _as_set(label: str | tuple[str, ...]) -> frozenset[str]:
    return frozenset((label,) if isinstance(label, str) else label)


def _likeliest(judgement: AxisResult, gold: str | tuple[str, ...]) -> frozenset[str]:
    if isinstance(gold, str):
        return frozenset(ranked(judgement.scores)[:1])
    return frozenset(label for label, score in judgement.scores.items() if score >= 0.5)


def _label(label: str, gold: list[frozenset[str]], given: list[frozenset[str]]) -> LabelFigures:
    right = sum(label in g and label in p for g, p in zip(gold, given, strict=True))
    support = sum(label in g for g in gold)
    predicted = sum(label in p for p in given)
    return LabelFigures(
        precision=right / predicted if predicted else 0.0,
        recall=right / support if support else 0.0,
        f1=2 * right / (support + predicted) if support + predicted else 0.0,
        support=support,
    )


def _macro_f1(labels: Mapping[str, LabelFigures]) -> float:
    return _mean([label.f1 for label in labels.values() if label.support])


def _confusion(
    labels: tuple[str, ...], gold: list[frozenset[str]], given: list[frozenset[str]]
) -> dict[str, dict[str, int]]:
    pairs = Counter((*g, *p) for g, p in zip(gold, given, strict=True))
    return {row: {column: pairs[(row, column)] for column in labels} for row in labels}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
