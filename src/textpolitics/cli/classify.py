"""``textpolitics classify``: a few texts, for a person or as JSON."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from textpolitics.cli.options import EncodingOption, ModelOption


def run(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Files, or - for standard input.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    passages: Annotated[bool, typer.Option("--passages", help="Show the passages too.")] = False,
    model: ModelOption = None,
    encoding: EncodingOption = None,
) -> None:
    """Say what each text is, how sure that is, and which sentences decide it.

    Example: textpolitics classify leaflet.pdf
    """
    from textpolitics.batch import classify_items
    from textpolitics.cli.terminal import failure, show
    from textpolitics.sources import given
    from textpolitics.status import Status
    from textpolitics.storage import load

    classifier = load(model)
    failed = False
    for row in classify_items(classifier, given(files), encoding):
        result = row.result
        if as_json:
            typer.echo(json.dumps(result.to_dict(passages=passages), ensure_ascii=False))
        elif result.status is not Status.FAILED:
            typer.echo(show(classifier, result, passages=passages))
        if result.status is Status.FAILED:
            failed = True
            typer.echo(f"textpolitics: {failure(result)}", err=True)
    if failed:
        raise typer.Exit(1)
