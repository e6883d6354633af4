"""Results as pandas frames."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textpolitics.results import Result
from textpolitics.scheme import Scheme

if TYPE_CHECKING:
    import pandas


def frame(results: Iterable[Result], scheme: Scheme) -> pandas.DataFrame:
    """Return one row a text, with the columns of `label` from ``source`` on.

    Args:
        results: Judgements, as from `Model.label`.
        scheme: The model's scheme, which gives the columns.
    """
    import pandas

    rows = [{"source": result.source, **result.to_row(scheme)} for result in results]
    columns = ["source", "status", "reason", "detail", "words", "ocr_quality", *scheme.columns()]
    return pandas.DataFrame(rows, columns=columns)


def passage_frame(results: Iterable[Result], scheme: Scheme) -> pandas.DataFrame:
    """Return one row a passage: its source, number, span, page, text and scores.

    Args:
        results: Judgements, as from `Model.label`.
        scheme: The model's scheme, which gives the columns.
    """
    import pandas

    rows = []
    for result in results:
        for number, passage in enumerate(result.passages, start=1):
            row: dict[str, object] = {
                "source": result.source,
                "passage": number,
                "start": passage.start,
                "end": passage.end,
                "page": passage.page,
                "text": passage.text,
                "words": passage.words,
            }
            for axis in scheme.axes:
                judged = passage.axes.get(axis.name)
                if judged is not None:
                    row |= judged.cells(axis)
            rows.append(row)
    columns = ["source", "passage", "start", "end", "page", "text", "words", *scheme.columns()]
    return pandas.DataFrame(rows, columns=columns)
