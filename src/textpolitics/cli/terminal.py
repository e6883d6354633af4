"""Results in words, for a terminal."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Mapping

import typer

from textpolitics.decide import explain_ambiguity
from textpolitics.errors import ReadError
from textpolitics.evidence import deciding_sentences
from textpolitics.model import Model
from textpolitics.results import AxisResult, Result
from textpolitics.status import REASON_MEANINGS, Reason

_WIDTH = 78
_QUOTE = 300


def show(model: Model, result: Result, *, passages: bool = False) -> str:
    """Return a text's labels, confidence and deciding sentences."""
    lines = [_bold(_harmless(result.source))]
    for name, axis in result.axes.items():
        lines.append(f"  {name:<10} {_judgement(name, axis, result)}")
        if isinstance(axis.label, str):
            for sentence in deciding_sentences(model, result, name, axis.label, most=2):
                where = f" (page {sentence.page})" if sentence.page else ""
                lines.append(_quotation(sentence.text + where))
    if passages:
        for number, passage in enumerate(result.passages, start=1):
            page = f", page {passage.page}" if passage.page else ""
            lines.append(f"  passage {number} ({passage.start}-{passage.end}{page})")
            lines.append(f"    {_brief(passage.axes)}")
            lines.append(_quotation(" ".join(passage.cleaned.split())))
    return "\n".join(lines) + "\n"


def failure(result: Result) -> str:
    """Return *where: what; what to do* for an input that could not be read."""
    reason = result.reason or Reason.CRASHED
    return str(ReadError(result.source, reason, result.detail or REASON_MEANINGS[reason][1]))


def percent(share: float) -> str:
    """Return a probability in per cent; what is not quite certain is never 100%."""
    return ">99%" if share > 0.99 else f"{share:.0%}"


def _judgement(name: str, axis: AxisResult, result: Result) -> str:
    if axis.label is not None and axis.confidence is not None:
        label = axis.label if isinstance(axis.label, str) else ", ".join(axis.label)
        return f"{_bold(f'{label:<18}')} {percent(axis.confidence)}"
    if axis.label is not None:
        return "none of its labels"
    if axis.reason is None:
        return "does not apply"
    if axis.reason is Reason.AMBIGUOUS:
        return "not said: " + explain_ambiguity(name, axis).partition(": ")[2]
    meaning = REASON_MEANINGS[axis.reason][1]
    return f"not said: {meaning}" + (f" ({result.detail})" if result.detail else "")


def _brief(axes: Mapping[str, AxisResult]) -> str:
    parts = []
    for name, axis in axes.items():
        label = axis.label
        if isinstance(label, tuple):
            label = ", ".join(label) or "none of its labels"
        sure = f" {percent(axis.confidence)}" if axis.confidence is not None else ""
        parts.append(f"{name}: {label or axis.reason or 'does not apply'}{sure}")
    return "; ".join(parts)


def _quotation(text: str) -> str:
    shortened = textwrap.shorten(_harmless(text), _QUOTE, placeholder=" …")
    return textwrap.fill(f"“{shortened}”", _WIDTH, initial_indent="    ", subsequent_indent="    ")


def _harmless(text: str) -> str:
    """Return a text without what would move a terminal's cursor or change its title."""
    return "".join(c if c.isprintable() else " " for c in text)


def _bold(text: str) -> str:
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        return typer.style(text, bold=True)
    return text
