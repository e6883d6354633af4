"""The walk from a document to its labels, and everything the walk needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from textpolitics import quality
from textpolitics.cleaning import clean
from textpolitics.decide import (
    Rules,
    applies,
    explain_ambiguity,
    judge,
    passage_weights,
    pool,
)
from textpolitics.document import Document, Passage
from textpolitics.encoder import Encoder
from textpolitics.errors import ReadError
from textpolitics.features import SparseVector, TermFeatures
from textpolitics.heads import Floats, Head
from textpolitics.language import foreign
from textpolitics.passages import split
from textpolitics.results import AxisResult, PassageResult, Result
from textpolitics.scheme import Scheme
from textpolitics.sources import read_path
from textpolitics.status import REASON_MEANINGS, Reason, Status


@dataclass(frozen=True)
class Model:
    """A trained classifier of documents.

    Attributes:
        name: What it is called.
        version: Changes whenever its scores may.
        scheme: The axes and labels that it was trained on.
        features: Turns the text of a passage into a vector.
        heads: One for each axis that it scores, in the order of the scheme.
        rules: Where it abstains and how passages make a document.
        card: What it was trained on and with, as plain data for the manifest.
        seen: Salted hashes of the texts and groups that it was trained on.
        encoder: What reads words in their context, None in a linear model.
    """

    name: str
    version: str
    scheme: Scheme
    features: TermFeatures
    heads: tuple[Head, ...]
    rules: Rules
    card: Mapping[str, Any] = field(repr=False)
    seen: frozenset[str] = field(default=frozenset(), repr=False)
    encoder: Encoder | None = field(default=None, repr=False)

    def classify(self, source: str | Path | Document) -> Result:
        """Judge one text.

        Args:
            source: A `str` is the text itself, a `Path` is a file to read; a
                `Document` was read before.

        Raises:
            ReadError: If a file cannot be read.
            TypeError: If it is none of these.
        """
        document = _as_document(source)
        passages = tuple(
            split(document, clean(document.text, document.pages), self.features.tokenizer)
        )
        vectors = [self.features(passage.text) for passage in passages]
        ocr_quality = quality.score(
            sum(vector.judged for vector in vectors),
            sum(vector.sound for vector in vectors),
            len(self.features.columns),
            document.word_confidence,
        )
        reason, detail = self._gate(passages, vectors, ocr_quality)
        logits = self._logits([passage.text for passage in passages], vectors)
        scored = self._scored(logits, passages)
        axes = self._judge(scored, 0, reason)
        unlabelled = [axis.reason for axis in axes.values() if not axis.label]
        labelled = len(unlabelled) < len(axes) or not any(unlabelled)
        unsure = [n for n, axis in axes.items() if axis.reason is Reason.AMBIGUOUS]
        if unsure:
            detail = "; ".join(explain_ambiguity(name, axes[name]) for name in unsure)
        return Result(
            source=document.source,
            status=Status.OK if labelled else Status.ABSTAINED,
            reason=None if labelled else reason or Reason.AMBIGUOUS,
            detail=detail,
            model=self.identity,
            scheme=self.scheme.identity,
            words=sum(passage.words for passage in passages),
            quality=ocr_quality,
            axes=axes,
            passages=tuple(self._passages(document, passages, scored)),
        )

    def label(self, texts: Iterable[str | Path | Document]) -> Iterator[Result]:
        """Judge texts one after the other; `frames.frame` makes a table of them.

        Args:
            texts: As for `classify`. What cannot be read, and what is no text,
                becomes a failed result in its place.
        """
        for text in texts:
            try:
                document = _as_document(text)
            except ReadError as error:
                yield self.failed(error.where, error.reason, error.detail)
            except TypeError as error:
                yield self.failed("text", Reason.BAD_RECORD, str(error))
            else:
                yield self.classify(document)

    def failed(self, source: str, reason: Reason, detail: str) -> Result:
        """Return the result of an input that could not be read, or was not meant to be.

        Args:
            source: Name of the input.
            reason: Why.
            detail: The rest, in words.
        """
        return Result(
            source=source,
            status=REASON_MEANINGS[reason][0],
            reason=reason,
            detail=detail,
            model=self.identity,
            scheme=self.scheme.identity,
        )

    @property
    def identity(self) -> Mapping[str, str]:
        """Name and version, as results carry them."""
        return {"name": self.name, "version": self.version}

    def _gate(
        self,
        passages: tuple[Passage, ...],
        vectors: list[SparseVector],
        ocr_quality: float | None,
    ) -> tuple[Reason | None, str | None]:
        """Return a reason for judging nothing at all, and what to say of it."""
        rules = self.rules
        words = sum(passage.words for passage in passages)
        if words == 0:
            return Reason.NO_TEXT, None
        if words < rules.shortest:
            return Reason.TOO_SHORT, f"{words} words"
        stops = sum(vector.stops for vector in vectors)
        texts = (passage.text for passage in passages)
        other = foreign(words, stops, texts, self.features.tokenizer)
        if other is not None:
            return Reason.LANGUAGE, other
        if ocr_quality is not None and ocr_quality < quality.LOWEST:
            return Reason.OCR_QUALITY, f"its quality as a scan is {ocr_quality:.2f}"
        tokens = sum(vector.tokens for vector in vectors)
        known = sum(vector.known for vector in vectors)
        if known < rules.known_tokens * tokens:
            return Reason.NO_EVIDENCE, f"{known} of {tokens} words and signs are known"
        return None, None

    def score(self, text: str) -> dict[str, dict[str, float]]:
        """Return the probabilities of a text as one passage, whether or not it says enough.

        Args:
            text: A cleaned text, not longer than a passage.

        Returns:
            Name of axis → label → probability.
        """
        logits = self._logits([text], [self.features(text)])
        return {
            head.axis: dict(
                zip(head.labels, head.probabilities(logits[head.axis][0]).tolist(), strict=True)
            )
            for head in self.heads
        }

    def _logits(self, texts: list[str], vectors: list[SparseVector]) -> dict[str, Floats]:
        """Return for each axis one row of logits a passage; one for no text where there is none."""
        if not texts:
            texts, vectors = [""], [self.features("")]
        encoder = self.encoder
        pooled = [encoder(text).pooled if encoder else None for text in texts]
        pairs = list(zip(vectors, pooled, strict=True))
        return {head.axis: np.stack([head.logits(v, p) for v, p in pairs]) for head in self.heads}

    def _scored(
        self, logits: Mapping[str, Floats], passages: tuple[Passage, ...]
    ) -> dict[str, _Scored]:
        """Pool the passages and turn logits into scores and confidence, for each axis."""
        words = np.array([passage.words for passage in passages] or [0], dtype=np.float64)
        scored = {}
        for head in self.heads:
            rows, pooling = logits[head.axis], self.rules.pooling[head.axis]
            axis = self.scheme.axis(head.axis)
            weights = passage_weights(axis, head.probabilities(rows), words, pooling.power)
            together = np.vstack([pool(axis, rows, weights, pooling), rows])
            scored[head.axis] = _Scored(
                head.probabilities(together).tolist(),
                head.confidence(together).tolist(),
                weights.tolist(),
            )
        return scored

    def _judge(
        self, scored: Mapping[str, _Scored], row: int, reason: Reason | None
    ) -> dict[str, AxisResult]:
        """Judge the document (row 0) or one of its passages on all axes."""
        judged: dict[str, AxisResult] = {}
        for head in self.heads:
            found = scored[head.axis]
            threshold = self.rules.threshold[head.axis]
            result = judge(head, found.scores[row], found.confidence[row], threshold, reason)
            if reason is None and not applies(self.scheme.axis(head.axis), judged):
                result = AxisResult(None, None, None, result.scores)
            judged[head.axis] = result
        return judged

    def _passages(
        self, document: Document, passages: tuple[Passage, ...], scored: Mapping[str, _Scored]
    ) -> Iterator[PassageResult]:
        for row, passage in enumerate(passages):
            short = Reason.TOO_SHORT if passage.words < self.rules.shortest else None
            yield PassageResult(
                start=passage.start,
                end=passage.end,
                page=passage.page,
                text=document.text[passage.start : passage.end],
                cleaned=passage.text,
                words=passage.words,
                axes=self._judge(scored, row + 1, short),
                weights={axis: found.weights[row] for axis, found in scored.items()},
            )


@dataclass(frozen=True, slots=True)
class _Scored:
    """What a head says of a document, in row 0, and of its passages, in the rows after it."""

    scores: list[list[float]]
    confidence: list[list[float]]
    weights: list[float]


def _as_document(source: str | Path | Document) -> Document:
    if isinstance(source, Document):
        return source
    if isinstance(source, Path):
        return read_path(source)
    if isinstance(source, str):
        return Document(source, "text", "txt")
    raise TypeError(f"a text is a str, Path or Document, not {type(source).__name__}")
