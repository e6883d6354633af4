"""Models as folders of plain data: save, load, verify. Nothing in them can run code.

A model folder holds ``manifest.json`` (everything a person may want to know and
every setting), ``vocabulary.txt`` (one term a line), ``weights.npz`` (arrays),
``seen.txt`` (salted hashes of the training texts and groups), ``selftest.json``
(texts with the scores they must get) and ``SHA256SUMS`` over all of these. A model
with an encoder has ``encoder.onnx`` and ``tokenizer.json`` besides.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from textpolitics.decide import Pooling, Rules
from textpolitics.encoder import GRAPH, TOKENIZER, Encoder
from textpolitics.errors import ModelError, UsageError
from textpolitics.features import TermFeatures, Vocabulary
from textpolitics.heads import Head
from textpolitics.model import Model
from textpolitics.nlp import Tokenizer
from textpolitics.scheme import Scheme, scheme_from_dict

# To change the layout of a model folder: raise FORMAT, say in CHANGELOG.md what
# changed, retrain the shipped models with `make models`, and let `load` refuse the
# old number (it does so by itself: the message tells users to retrain or to
# install the version that wrote the folder). Old folders are never converted.
FORMAT = 2

SUMS = "SHA256SUMS"
FILES = ("manifest.json", "seen.txt", "selftest.json", "vocabulary.txt", "weights.npz")
ENCODER_FILES = (GRAPH, TOKENIZER)
DEFAULT_MODEL = "accurate"
TOLERANCE = 1e-4
"""Largest difference of a score between the machine that trained and one that loads."""
ENCODER_TOLERANCE = 0.02
"""The same with an encoder, whose small integers processors round in different ways."""

_RETRAIN = "train it again with: textpolitics train"
_RESTORE = "restore the folder from where you got it"


def load(model: str | Path | None = None) -> Model:
    """Load a model and verify it.

    Args:
        model: Name of a shipped model or path of a model folder; None is the
            default model.

    Raises:
        UsageError: If there is no such model.
        ModelError: If the folder was altered, damaged, cut short or written in
            another format, or if its scores on stored texts differ.
    """
    folder = find(model)
    _verify(folder)
    try:
        loaded = _read(folder)
        _self_test(loaded, folder)
    except ModelError:
        raise
    except Exception as error:  # damage behind right checksums raises whatever it likes
        raise ModelError(str(folder), f"not a usable model ({error})", _RESTORE) from error
    return loaded


def save(model: Model, folder: str | Path) -> None:
    """Write a model folder; its old files are replaced.

    Args:
        model: The model.
        folder: Where to; made if absent.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {"idf": model.features.vocabulary.idf.astype(np.float32)}
    for head in model.heads:
        arrays[f"weights.{head.axis}"] = head.weights
        arrays[f"intercept.{head.axis}"] = head.intercept
        if head.dense is not None:
            arrays[f"dense.{head.axis}"] = head.dense
    np.savez_compressed(folder / "weights.npz", allow_pickle=False, **arrays)
    _save_encoder(model.encoder, folder)
    _write(folder / "vocabulary.txt", "".join(f"{t}\n" for t in model.features.vocabulary.terms))
    _write(folder / "seen.txt", "".join(f"{line}\n" for line in sorted(model.seen)))
    _write(folder / "manifest.json", _json(_manifest(model)))
    _write(folder / "selftest.json", _json(_test_vectors(model)))
    names = (*FILES, *ENCODER_FILES) if model.encoder else FILES
    sums = "".join(f"{_digest(folder / name)}  {name}\n" for name in names)
    _write(folder / SUMS, sums)


def _save_encoder(encoder: Encoder | None, folder: Path) -> None:
    for name in ENCODER_FILES:
        if encoder is None:
            (folder / name).unlink(missing_ok=True)
        elif encoder.folder.resolve() != folder.resolve():
            shutil.copyfile(encoder.folder / name, folder / name)


def shipped() -> dict[str, Path]:
    """Return the models that come with the package, by name."""
    here = Path(__file__).parent
    for models in (here / "models", here.parent.parent / "models"):
        found = {path.parent.name: path.parent for path in models.glob(f"*/{SUMS}")}
        if found:
            return found
    return {}


def find(model: str | Path | None) -> Path:
    """Return the folder of a model given as to `load`.

    Raises:
        UsageError: If there is no such model.
    """
    name = DEFAULT_MODEL if model is None else model
    known = shipped()
    if isinstance(name, str) and name in known:
        return known[name]
    folder = Path(name)
    if not (folder / SUMS).is_file() and not (folder / "manifest.json").is_file():
        names = ", ".join(sorted(known)) or "none"
        raise UsageError(
            str(name),
            "neither a shipped model nor a model folder",
            f"shipped models: {names}; a folder is made by: textpolitics train",
        )
    return folder


def _verify(folder: Path) -> None:
    try:
        sums = (folder / SUMS).read_bytes().decode("utf-8")
        lines = (line.partition("  ") for line in sums.split("\n"))
        listed = {name: digest for digest, _, name in lines if name}
        if tuple(listed) not in (FILES, (*FILES, *ENCODER_FILES)) or sums != "".join(
            f"{digest}  {name}\n" for name, digest in listed.items()
        ):
            raise ModelError(str(folder / SUMS), "does not list the files of a model", _RESTORE)
        for name in listed:
            if _digest(folder / name) != listed[name]:
                raise ModelError(str(folder / name), "differs from its checksum", _RESTORE)
    except (OSError, UnicodeDecodeError) as error:
        what = getattr(error, "strerror", None) or "not readable"
        where = getattr(error, "filename", None) or folder / SUMS
        raise ModelError(str(where), what, _RESTORE) from error


def _read(folder: Path) -> Model:
    manifest = _data(folder / "manifest.json")
    if manifest.get("format") != FORMAT:
        what = f"has format {manifest.get('format')}, this version reads {FORMAT}"
        raise ModelError(str(folder), what, _RETRAIN)
    scheme = scheme_from_dict(manifest["scheme"], str(folder / "manifest.json"))
    terms = tuple((folder / "vocabulary.txt").read_text("utf-8").split("\n")[:-1])
    stored = io.BytesIO((folder / "weights.npz").read_bytes())
    width = manifest["encoder"]["width"] if manifest["encoder"] else 0
    with np.load(stored, allow_pickle=False) as arrays:
        vocabulary = Vocabulary(terms, _numbers(arrays["idf"], len(terms)).astype(np.float64))
        heads = tuple(_head(entry, scheme, arrays, len(terms), width) for entry in manifest["axes"])
    if not heads:
        raise ValueError("it scores no axis")
    kinds = {"shortest": int, "known_tokens": float}
    rules = {name: kinds[name](value) for name, value in manifest["rules"].items()}
    threshold = {
        entry["name"]: {label: float(entry["threshold"][label]) for label in entry["labels"]}
        for entry in manifest["axes"]
    }
    pooling = {
        entry["name"]: Pooling(**{name: float(value) for name, value in entry["pooling"].items()})
        for entry in manifest["axes"]
    }
    return Model(
        name=manifest["name"],
        version=manifest["version"],
        scheme=scheme,
        features=TermFeatures(vocabulary, Tokenizer(scheme.language)),
        heads=heads,
        rules=Rules(threshold=threshold, pooling=pooling, **rules),
        card=dict(manifest["card"]),
        seen=frozenset((folder / "seen.txt").read_text("utf-8").split("\n")) - {""},
        encoder=Encoder(folder, width) if width else None,
    )


def _head(
    entry: Mapping[str, Any], scheme: Scheme, arrays: Mapping[str, Any], terms: int, width: int
) -> Head:
    axis = scheme.axis(entry["name"])
    rows = len(axis.labels)
    if tuple(entry["labels"]) != axis.label_names:
        raise ValueError(f"labels of {axis.name} are not those of the scheme")
    temperature = float(entry["temperature"])
    if not temperature > 0:
        raise ValueError(f"temperature of {axis.name} is {temperature}")
    return Head(
        axis=axis.name,
        labels=axis.label_names,
        exclusive=not axis.many,
        weights=_numbers(arrays[f"weights.{axis.name}"], rows, terms),
        intercept=_numbers(arrays[f"intercept.{axis.name}"], rows),
        temperature=temperature,
        dense=_numbers(arrays[f"dense.{axis.name}"], rows, width) if width else None,
        prior=_prior(entry["prior"], rows),
    )


def _prior(values: Any, rows: int) -> Any:
    if values is None:
        return None
    numbers = np.array(values, np.float64)
    _numbers(numbers.astype(np.float32), rows)
    return numbers


def _numbers(array: Any, *shape: int) -> Any:
    """Return an array of a model if it has the right shape and holds nothing but numbers."""
    if array.dtype != np.float32 or array.shape != shape:
        raise ValueError(f"an array is {array.dtype} {array.shape}, not float32 {shape}")
    if not np.isfinite(array).all():
        raise ValueError("an array holds what is no number")
    return array


def _manifest(model: Model) -> dict[str, Any]:
    rules = model.rules
    return {
        "format": FORMAT,
        "name": model.name,
        "version": model.version,
        "axes": [
            {
                "name": head.axis,
                "labels": list(head.labels),
                "temperature": head.temperature,
                "prior": None if head.prior is None else head.prior.tolist(),
                "threshold": dict(rules.threshold[head.axis]),
                "pooling": asdict(rules.pooling[head.axis]),
            }
            for head in model.heads
        ],
        "rules": {"shortest": rules.shortest, "known_tokens": rules.known_tokens},
        "encoder": {"width": model.encoder.width} if model.encoder else None,
        "card": dict(model.card),
        "scheme": model.scheme.to_dict(),
    }


def _test_vectors(model: Model) -> list[dict[str, Any]]:
    """Return texts with the scores they must get.

    One for each label, made of the terms that speak most for it, each as often as
    no other. An encoder is tried on one short text: starting is to stay quick.
    """
    many = 3 if model.encoder else 8
    terms = model.features.vocabulary.terms
    texts = []
    for head in model.heads:
        for row in range(len(head.labels)):
            strongest = np.argsort(-head.weights[row], kind="stable")[:many].tolist()
            repeated = (f"{terms[column]} " * (n + 1) for n, column in enumerate(strongest))
            texts.append("".join(repeated).strip())
    tried = texts[:1] if model.encoder else texts
    return [{"text": text, "scores": _scores(model, text)} for text in tried]


def _scores(model: Model, text: str) -> dict[str, dict[str, float]]:
    return {
        name: {label: round(score, 6) for label, score in scores.items()}
        for name, scores in model.score(text).items()
    }


def _self_test(model: Model, folder: Path) -> None:
    vectors = _data(folder / "selftest.json")
    if not vectors:
        raise ModelError(str(folder), "has no stored texts to test it with", _RESTORE)
    tolerance = ENCODER_TOLERANCE if model.encoder else TOLERANCE
    for vector in vectors:
        found, expected = _scores(model, vector["text"]), vector["scores"]
        if found.keys() != expected.keys():
            raise ModelError(str(folder), "scores other axes than those stored with it", _RESTORE)
        for axis, scores in found.items():
            if scores.keys() != expected[axis].keys() or any(
                not abs(score - expected[axis][label]) <= tolerance
                for label, score in scores.items()
            ):
                what = f"scores of {axis} differ from those stored with the model"
                raise ModelError(str(folder), what, _RESTORE)


def _data(path: Path) -> Any:
    def refuse(name: str) -> None:
        raise ValueError(f"{path.name} holds {name}")

    return json.loads(path.read_text("utf-8"), parse_constant=refuse)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"
