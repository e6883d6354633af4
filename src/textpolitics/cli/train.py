"""``textpolitics train``: annotated corpora to a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def run(
    corpora: Annotated[
        list[Path], typer.Argument(metavar="CORPUS...", help="Corpus files (.jsonl) or folders.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The model folder to write.")],
    scheme: Annotated[
        Path | None, typer.Option("--scheme", metavar="FILE", help="A scheme file of your own.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the assignment to folds.")] = 0,
) -> None:
    """Train a model on annotated corpora.

    Example: textpolitics train corpora/original --output my-model
    """
    from textpolitics.errors import UsageError
    from textpolitics.fitting import TrainingSettings
    from textpolitics.scheme import load_scheme
    from textpolitics.storage import SUMS, save
    from textpolitics.training import train

    if output.exists() and not output.is_dir():
        raise UsageError(str(output), "is a file", "name a folder for the model")
    if output.is_dir() and any(output.iterdir()) and not (output / SUMS).is_file():
        raise UsageError(str(output), "holds other things than a model", "name a new folder")
    model = train(
        corpora,
        load_scheme(scheme),
        output.resolve().name,
        TrainingSettings(seed=seed),
        report=lambda line: typer.echo(line, err=True),
    )
    save(model, output)
    typer.echo(f"wrote {output}; try: textpolitics classify FILE --model {output}", err=True)
