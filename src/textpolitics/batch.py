"""Many texts: one row for every input, whatever becomes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from textpolitics.errors import ReadError, UsageError
from textpolitics.model import Model
from textpolitics.readers import Reader, read
from textpolitics.results import Result
from textpolitics.scheme import INPUT_PREFIX, Scheme
from textpolitics.sources import Item
from textpolitics.status import Reason


@dataclass(frozen=True, slots=True)
class Row:
    """One input with its judgement, ready for a table.

    Attributes:
        item: The input.
        id: Its own id, or one made from source and record; unique in a run.
        result: The judgement.
    """

    item: Item
    id: str
    result: Result

    def cells(self, scheme: Scheme, inputs: Iterable[str]) -> dict[str, Any]:
        """Return the row's cells by column, in column order.

        Args:
            scheme: Gives the columns of the axes.
            inputs: Names of the columns of the input to pass through.
        """
        own = {"source": self.item.source, "record": self.item.record, "id": self.id}
        passed = {INPUT_PREFIX + name: self.item.metadata.get(name) for name in inputs}
        return own | self.result.to_row(scheme) | passed


def classify_items(
    model: Model, items: Iterable[Item], encoding: str | None = None
) -> Iterator[Row]:
    """Judge every input and yield its row, in input order.

    Whatever goes wrong with an input becomes its row, never an exception.

    Args:
        model: The classifier.
        items: The inputs.
        encoding: Character encoding of text files; None is to find out.

    Raises:
        UsageError: If the request itself is wrong (an unknown encoding, say).
    """
    ids = Ids()
    for item in items:
        yield Row(item, ids(item), classify_item(model, item, encoding))


def classify_item(
    model: Model, item: Item, encoding: str | None = None, reader: Reader = read
) -> Result:
    """Judge one input; see `classify_items`.

    Args:
        model: The classifier.
        item: The input.
        encoding: Character encoding of a text file; None is to find out.
        reader: Turns bytes into a document, such as `textpolitics.sandbox.Sandbox`.
    """
    try:
        return model.classify(item.document(encoding, reader)).named(item.source)
    except UsageError:
        raise
    except ReadError as error:
        return model.failed(item.source, error.reason, error.detail)
    except Exception as error:  # a bug must cost one row, not ten thousand
        return model.failed(item.source, Reason.CRASHED, f"{type(error).__name__}: {error}")


def columns(scheme: Scheme, inputs: Iterable[str]) -> list[str]:
    """Return all columns of a table of rows, in order.

    Args:
        scheme: Gives the columns of the axes.
        inputs: Names of the columns of the input.
    """
    fixed = ["source", "record", "id", "status", "reason", "detail", "words", "ocr_quality"]
    return [*fixed, *scheme.columns(), *(INPUT_PREFIX + name for name in inputs)]


def number_columns(scheme: Scheme) -> frozenset[str]:
    """Return the columns that hold probabilities."""
    labels = {axis.column for axis in scheme.axes} | {axis.reason_column for axis in scheme.axes}
    return (frozenset(scheme.columns()) - labels) | {"ocr_quality"}


class Ids:
    """Gives every input of a run an id of its own, in input order.

    That takes the memory of all ids, about 130 bytes an input.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._taken: dict[str, int] = {}

    def __call__(self, item: Item) -> str:
        """Return the input's id, with a number behind it where an earlier input has the same."""
        made = item.source if item.record is None else f"{item.source}:{item.record}"
        wanted = candidate = item.own_id or made
        while candidate in self._taken:
            self._taken[wanted] += 1
            candidate = f"{wanted}#{self._taken[wanted]}"
        self._taken[candidate] = 1
        return candidate
