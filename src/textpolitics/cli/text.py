"""``textpolitics text``: what was read from a file, as read or as cleaned."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from textpolitics.cli.options import EncodingOption


def run(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file, or - for standard input.")],
    clean: Annotated[
        bool, typer.Option("--clean", help="Print the cleaned text that is classified.")
    ] = False,
    encoding: EncodingOption = None,
) -> None:
    """Print the text that was extracted from a file: shows why a scan failed.

    Example: textpolitics text scan.pdf --clean
    """
    from textpolitics import cleaning
    from textpolitics.sources import given

    document = next(iter(given([file]))).document(encoding)
    cleaned = cleaning.clean(document.text, document.pages).text if clean else document.text
    # Not typer.echo, which takes escape sequences out: offsets count them.
    sys.stdout.write(cleaned if cleaned.endswith("\n") else cleaned + "\n")
