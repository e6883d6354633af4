"""What a text was judged to be: the values behind the JSON and the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from textpolitics.scheme import Axis, Scheme
from textpolitics.status import Reason, Status

JSON_FORMAT = 1
"""Version of the JSON object of one text. Adding a field is free; changing or
removing one takes the next number and a line in the changelog."""


@dataclass(frozen=True, slots=True)
class AxisResult:
    """The judgement on one axis.

    Attributes:
        label: The label; several where the axis takes several; None where abstained.
        reason: Why there is no label, None where there is one.
        confidence: How often such a label was right on authors that the model had not seen
            (where an axis takes several, the score of the least sure one).
        scores: Weight of every label, between 0 and 1; where one applies they sum to one,
            and the rare ones count for more than in `confidence`.
    """

    label: str | tuple[str, ...] | None
    reason: Reason | None
    confidence: float | None
    scores: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        label = list(self.label) if isinstance(self.label, tuple) else self.label
        return {
            "label": label,
            "reason": self.reason,
            "confidence": self.confidence,
            "scores": dict(self.scores),
        }

    def cells(self, axis: Axis) -> dict[str, str | float | None]:
        """Return the table cells of this judgement; several labels are joined by ``;``.

        Args:
            axis: The axis judged, which names the columns.
        """
        label = ";".join(self.label) if isinstance(self.label, tuple) else self.label
        return {
            axis.column: label,
            axis.reason_column: self.reason,
            axis.confidence_column: self.confidence,
        } | {axis.score_column(name): self.scores[name] for name in axis.label_names}


@dataclass(frozen=True, slots=True)
class PassageResult:
    """The judgement on one passage.

    Attributes:
        start: Offset of its first code point in the extracted text.
        end: Offset behind its last code point.
        page: Page on which it starts, None without pages.
        text: Exactly that slice of the extracted text.
        cleaned: The cleaned text that was scored.
        words: Number of its words.
        axes: Name of axis → judgement.
        weights: Name of axis → its share in the document's logits; they sum to one.
    """

    start: int
    end: int
    page: int | None
    text: str
    cleaned: str
    words: int
    axes: Mapping[str, AxisResult]
    weights: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        return {
            "start": self.start,
            "end": self.end,
            "page": self.page,
            "text": self.text,
            "axes": {name: axis.to_dict() for name, axis in self.axes.items()},
        }


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one input.

    Attributes:
        source: Name of the input.
        status: Whether it was labelled, abstained on, failed or skipped.
        reason: Code for why it has no label, None where it has one.
        detail: The rest, in words; None if there is nothing to add.
        words: Number of words; 0 where it could not be read.
        quality: How well a scan was read, from 0 to 1 (see `textpolitics.quality`); None
            where that cannot be told.
        axes: Name of axis → judgement; empty where it could not be read.
        passages: Judgements on its passages, in order.
        model: Name and version of the model.
        scheme: Name and version of the scheme.
    """

    source: str
    status: Status
    reason: Reason | None
    detail: str | None
    model: Mapping[str, str]
    scheme: Mapping[str, str]
    words: int = 0
    quality: float | None = None
    axes: Mapping[str, AxisResult] = field(default_factory=dict)
    passages: tuple[PassageResult, ...] = ()

    def named(self, source: str) -> Result:
        """Return the same result under another name."""
        return replace(self, source=source)

    def to_dict(self, *, passages: bool = False) -> dict[str, Any]:
        """Return the JSON object of this text, with its passages if asked for."""
        data: dict[str, Any] = {
            "format": JSON_FORMAT,
            "source": self.source,
            "status": self.status,
            "reason": self.reason,
            "detail": self.detail,
            "ocr_quality": self.quality,
            "axes": {name: axis.to_dict() for name, axis in self.axes.items()},
        }
        if passages:
            data["passages"] = [passage.to_dict() for passage in self.passages]
        return data | {"model": dict(self.model), "scheme": dict(self.scheme)}

    def to_row(self, scheme: Scheme) -> dict[str, str | int | float | None]:
        """Return the table row of this text: the columns from ``status`` to the last score.

        Args:
            scheme: Gives the axes, and so the columns, also where this text has none.
        """
        row: dict[str, str | int | float | None] = {
            "status": self.status,
            "reason": self.reason,
            "detail": self.detail,
            "words": self.words,
            "ocr_quality": self.quality,
        }
        for axis in scheme.axes:
            judged = self.axes.get(axis.name)
            row |= judged.cells(axis) if judged else dict.fromkeys(axis.columns())
        return row
