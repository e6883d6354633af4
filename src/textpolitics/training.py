"""The room that trains: corpora to a model, with scikit-learn."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import numpy as np

from textpolitics import __version__
from textpolitics.corpus import Record, corpus_files, read_corpus
from textpolitics.decide import Rules
from textpolitics.errors import CorpusError
from textpolitics.features import TermFeatures, Vocabulary, build_vocabulary, proper_names
from textpolitics.fitting import (
    Coded,
    TrainingSettings,
    fit_axis,
    fit_pooling,
    fit_thresholds,
    score,
)
from textpolitics.model import Model
from textpolitics.nlp import Tokenizer
from textpolitics.scheme import Scheme
from textpolitics.seen import name_hashes, text_hash

Report = Callable[[str], None]

NOUNS_HAVE_CAPITALS = frozenset({"de", "lb", "nds"})
"""Languages in which a capital does not make a name."""


def train(
    corpora: Sequence[str | Path],
    scheme: Scheme,
    name: str,
    settings: TrainingSettings | None = None,
    report: Report = lambda _: None,
    extra: Sequence[str | Path] = (),
) -> Model:
    """Train a model on annotated corpora.

    Every axis gets a multinomial logistic regression with balanced classes (one a
    label where several may apply). Predictions on held-out groups then make its
    scores probabilities and say from which lead on each label can be given.

    Args:
        corpora: Corpus files or folders.
        scheme: The axes and labels.
        name: What to call the model.
        settings: How to train.
        report: Is told of every step, in words.
        extra: Corpora of another kind than the texts that the model is for, such as
            texts written for training: learnt from, never calibrated or measured on.

    Raises:
        CorpusError: If the corpora are malformed or too small to learn from.
    """
    records = list(read_corpus(corpora, scheme))
    more = list(read_corpus(extra, scheme)) if extra else []
    digests = _digests([*corpora, *extra])
    return train_on(records, scheme, name, settings, more, digests, report=report)


def train_on(
    records: Sequence[Record],
    scheme: Scheme,
    name: str,
    settings: TrainingSettings | None = None,
    extra: Sequence[Record] = (),
    digests: Mapping[str, str] | None = None,
    tokenizer: Tokenizer | None = None,
    report: Report = lambda _: None,
) -> Model:
    """Train a model on annotated records, as `train` does.

    Args:
        records: The records.
        scheme: The axes and labels.
        name: What to call the model.
        settings: How to train.
        extra: Records to learn from, never to calibrate or measure on.
        digests: Name of corpus file → checksum, for the card.
        tokenizer: A tokenizer of the scheme's language to use; it remembers words.
        report: Is told of every step, in words.

    Raises:
        CorpusError: If the records are too few to learn from.
    """
    settings = settings or TrainingSettings()
    digests = digests or {}
    measured = len(records)
    records = [*records, *extra]
    report(f"{len(records)} records of {len({r.group for r in records})} groups")
    tokenizer = tokenizer or Tokenizer(scheme.language)
    vocabulary = _vocabulary(records, tokenizer, settings)
    report(f"{len(vocabulary.terms)} terms")
    features = TermFeatures(vocabulary, tokenizer)
    vectors = [features(record.text) for record in records]
    heads, threshold, pooled, scores = [], {}, {}, {}
    for axis in scheme.axes:
        coded = [i for i, record in enumerate(records) if axis.name in record.labels]
        if not coded:
            report(f"{axis.name}: not coded in these corpora, left out")
            continue
        data = Coded(
            axis,
            [records[i] for i in coded],
            [vectors[i] for i in coded],
            sum(i < measured for i in coded),
        )
        head, held_out = fit_axis(data, len(vocabulary.terms), settings)
        heads.append(head)
        threshold[axis.name] = fit_thresholds(head, held_out, data, settings)
        pooled[axis.name] = fit_pooling(data, held_out, tokenizer, settings)
        if held_out is not None:
            targets = data.targets()[: data.measured]
            scores[axis.name] = score(head, held_out, targets, settings.folds)
            macro = scores[axis.name]["macro_f1"]
            report(f"{axis.name}: macro-F1 {macro:.3f} on held-out groups")
    card = _card(records, digests, settings, scores)
    return Model(
        name=name,
        version=_sha256(repr((sorted(digests.items()), asdict(settings), scheme.to_dict())))[:12],
        scheme=scheme,
        features=features,
        heads=tuple(heads),
        rules=Rules(threshold=threshold, pooling=pooled),
        card=card,
        seen=_seen(records, card["salt"]),
    )


def _vocabulary(
    records: Sequence[Record], tokenizer: Tokenizer, settings: TrainingSettings
) -> Vocabulary:
    pairs = [(tokenizer.tokens(record.text), record.group) for record in records]
    left_out = {token for tokens, _ in pairs for token in tokens if token[:1].isdigit()}
    if tokenizer.language not in NOUNS_HAVE_CAPITALS:
        words = (word for record in records for word in tokenizer.capitals(record.text))
        left_out |= proper_names(words, settings.capitals)
    vocabulary = build_vocabulary(pairs, settings.min_groups, left_out)
    if not vocabulary.terms:
        raise CorpusError(
            "corpora",
            f"no word is used by {settings.min_groups} different groups",
            "add texts by more authors or organisations, or name the group of each record",
        )
    # Rounded as the model folder rounds it, so that saving changes no score.
    return Vocabulary(vocabulary.terms, vocabulary.idf.astype(np.float32).astype(np.float64))


def _card(
    records: Sequence[Record],
    digests: Mapping[str, str],
    settings: TrainingSettings,
    scores: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "trained_with": f"textpolitics {__version__}",
        "corpora": dict(digests),
        "records": len(records),
        "groups": len({record.group for record in records}),
        "settings": asdict(settings),
        "libraries": _libraries(),
        "scores": dict(scores),
        "salt": _sha256("".join(sorted(digests.values()))),
    }


def _seen(records: Iterable[Record], salt: str) -> frozenset[str]:
    hashes = set[str]()
    for record in records:
        hashes |= {text_hash(record.text, salt), *name_hashes(record.names, salt)}
    return frozenset(hashes)


def _digests(corpora: Sequence[str | Path]) -> dict[str, str]:
    digests: dict[str, str] = {}
    for file in (file for path in corpora for file in corpus_files(Path(path))):
        unique = f"{file.resolve().parent.name}/{file.name}"
        while unique in digests:
            unique += "+"
        digests[unique] = hashlib.sha256(file.read_bytes()).hexdigest()
    return digests


def _libraries() -> dict[str, str]:
    names = ("numpy", "scikit-learn", "scipy", "spacy")
    return {"python": platform.python_version()} | {name: installed(name) for name in names}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
