"""``textpolitics scheme``: the axes and labels, in words."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from textpolitics.cli.options import JsonOption

if TYPE_CHECKING:
    from textpolitics.scheme import Axis, Label, Scheme


def run(
    scheme: Annotated[
        Path | None, typer.Option("--scheme", metavar="FILE", help="Another scheme file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print what every label means and where its borders are.

    Example: textpolitics scheme
    """
    from textpolitics.scheme import load_scheme

    loaded = load_scheme(scheme)
    if as_json:
        typer.echo(json.dumps(loaded.to_dict(), ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(_lines(loaded)))


def _lines(scheme: Scheme) -> Iterator[str]:
    yield f"{scheme.title} ({scheme.name}, version {scheme.version})"
    yield _wrapped(scheme.description, "  ")
    for rule in scheme.rules:
        yield _wrapped(rule, "  * ")
    for axis in scheme.axes:
        yield from _axis(axis)


def _axis(axis: Axis) -> Iterator[str]:
    kind = "layer" if axis.layer else "axis"
    several = ", several labels" if axis.many else ""
    where = axis.only_where
    only = f", only where {where.axis} is {' or '.join(where.labels)}" if where else ""
    yield f"\n{kind} {axis.name}{several}{only}: {axis.question}"
    for line in axis.borderlines:
        yield _wrapped(line, "  - ")
    for label in axis.labels:
        yield from _label(label)


def _label(label: Label) -> Iterator[str]:
    yield f"\n  {label.name}"
    yield _wrapped(label.definition, "    ")
    if label.forms:
        yield _wrapped("typical: " + "; ".join(label.forms), "    ")
    for line in label.borderlines:
        yield _wrapped(line, "    - ")
    for seed in label.seeds:
        yield _wrapped(f"rests on: {seed.text}, {seed.section}", "    ")


def _wrapped(text: str, first: str) -> str:
    return textwrap.fill(text, 88, initial_indent=first, subsequent_indent=" " * len(first))
