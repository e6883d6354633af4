"""Classify political texts by tradition and strategy, and say why.

>>> import textpolitics
>>> model = textpolitics.load()
>>> result = model.classify("Come to the assembly on Friday …")
>>> result.status
<Status.ABSTAINED: 'abstained'>
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from textpolitics.corpus import Record, read_corpus
    from textpolitics.document import Document
    from textpolitics.errors import (
        CorpusError,
        MissingExtraError,
        ModelError,
        ReadError,
        SchemeError,
        TextPoliticsError,
        UsageError,
    )
    from textpolitics.evaluation import Evaluation, evaluate
    from textpolitics.evidence import SentenceEvidence, deciding_sentences
    from textpolitics.fitting import TrainingSettings
    from textpolitics.frames import frame, passage_frame
    from textpolitics.model import Model
    from textpolitics.results import AxisResult, PassageResult, Result
    from textpolitics.scheme import Axis, Label, Scheme, load_scheme
    from textpolitics.status import Reason, Status
    from textpolitics.storage import load, save
    from textpolitics.training import train

_HOMES = {
    "Axis": "scheme",
    "AxisResult": "results",
    "CorpusError": "errors",
    "Document": "document",
    "Evaluation": "evaluation",
    "Label": "scheme",
    "MissingExtraError": "errors",
    "Model": "model",
    "ModelError": "errors",
    "PassageResult": "results",
    "ReadError": "errors",
    "Reason": "status",
    "Record": "corpus",
    "Result": "results",
    "Scheme": "scheme",
    "SchemeError": "errors",
    "SentenceEvidence": "evidence",
    "Status": "status",
    "TextPoliticsError": "errors",
    "TrainingSettings": "fitting",
    "UsageError": "errors",
    "deciding_sentences": "evidence",
    "evaluate": "evaluation",
    "frame": "frames",
    "load": "storage",
    "load_scheme": "scheme",
    "passage_frame": "frames",
    "read_corpus": "corpus",
    "save": "storage",
    "train": "training",
}

__all__ = [
    "Axis",
    "AxisResult",
    "CorpusError",
    "Document",
    "Evaluation",
    "Label",
    "MissingExtraError",
    "Model",
    "ModelError",
    "PassageResult",
    "ReadError",
    "Reason",
    "Record",
    "Result",
    "Scheme",
    "SchemeError",
    "SentenceEvidence",
    "Status",
    "TextPoliticsError",
    "TrainingSettings",
    "UsageError",
    "deciding_sentences",
    "evaluate",
    "frame",
    "load",
    "load_scheme",
    "passage_frame",
    "read_corpus",
    "save",
    "train",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
