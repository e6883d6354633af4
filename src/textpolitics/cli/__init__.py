"""The command line: the only room that prints, asks or exits."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from textpolitics import __version__
from textpolitics.cli import classify, evaluate, label, scheme, text, train
from textpolitics.errors import TextPoliticsError, UsageError

BAD_USE, FAILED_WORK, INTERRUPTED = 2, 1, 130

app = typer.Typer(
    name="textpolitics",
    help="Classify political texts by tradition and strategy, and say why.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_COMMANDS: dict[str, Callable[..., None]] = {
    "classify": classify.run,
    "label": label.run,
    "train": train.run,
    "evaluate": evaluate.run,
    "scheme": scheme.run,
    "text": text.run,
}
for _name, _function in _COMMANDS.items():
    app.command(name=_name)(_function)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"textpolitics {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Classify political texts by tradition and strategy, and say why."""


def main() -> None:
    """Run the command line and exit with its status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(_run())


def _run() -> int:
    """Return the exit status: 0 fine, 1 failed work, 2 bad use, 130 interrupted."""
    arguments = sys.argv[1:] or ["--help"]
    given = arguments if arguments == ["--help"] else None  # typer expands globs on Windows
    try:
        status = int(app(given, prog_name="textpolitics", standalone_mode=False) or 0)
        sys.stdout.flush()  # here, so that a full disk is reported as one line
        if status == INTERRUPTED:  # newer typers return it where older ones raise Abort
            typer.echo("textpolitics: interrupted", err=True)
        return status
    except TextPoliticsError as error:
        typer.echo(f"textpolitics: {error}", err=True)
        return BAD_USE if isinstance(error, UsageError) else FAILED_WORK
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("textpolitics: interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stdout = None  # no last flush: whoever read us has seen enough
        return 0
    except OSError as error:
        sys.stdout = None  # nor here, where the disk may be full
        where = error.filename or "the system"
        advice = "check the path, your rights and the space on the disk"
        typer.echo(f"textpolitics: {where}: {error.strerror or error}; {advice}", err=True)
        return FAILED_WORK
    except Exception as error:
        # Usage errors of typer, which is built on a copy of click or on click itself.
        if not hasattr(error, "format_message"):
            raise
        typer.echo(_usage(error.format_message(), arguments[0]), err=True)
        return BAD_USE


def _usage(what: str, command: str) -> str:
    where = f"textpolitics {command}" if command in _COMMANDS else "textpolitics"
    return f"{where}: {what.rstrip('.')}; see: {where} --help"
