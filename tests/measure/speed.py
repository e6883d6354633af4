"""Compare `accurate` with its encoder in torch: ``speed.py WORKSHOP``, end to end.

Both judge the same 300 texts of leaflet length from the original corpus, from text
in memory to label, in one process and alternating text by text; the order within a
pair alternates too. WORKSHOP holds the pretrained encoder (see models.py), whose
speed is that of the fine-tuned one. torch reads as many pieces of a text as
onnxruntime does. Seconds are those of the clock on two threads, and of the processor.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from models import fetch_weights
from mpnet import LAYERS, load_encoder, load_tokenizer

from textpolitics import Model, load
from textpolitics.encoder import Encoder, Encoding

ROOT = Path(__file__).resolve().parents[2]
TEXTS, SHORTEST, LONGEST = 300, 40, 250


def leaflets() -> list[str]:
    """Return texts of leaflet length."""
    found = []
    for path in sorted((ROOT / "corpora" / "original").glob("*.jsonl")):
        with path.open(encoding="utf-8") as file:
            texts = [json.loads(line)["text"] for line in file]
        found += [text for text in texts if SHORTEST <= len(text.split()) <= LONGEST]
    return found[:: len(found) // TEXTS][:TEXTS]


def in_torch(folder: Path) -> Callable[[str], Encoding]:
    """Return what stands in for `Encoder`, with torch and all 32 bits of every weight."""
    network, tokenizer = load_encoder(folder).eval(), load_tokenizer(folder)

    def encode(text: str) -> Encoding:
        pieces = tokenizer.encode(text)
        with torch.no_grad():
            states = network.lower(torch.tensor([pieces.ids]), None, LAYERS)[0].numpy()
        starts = np.array([start for start, _ in pieces.offsets], dtype=np.int64)
        starts[np.array(pieces.special_tokens_mask, dtype=bool)] = -1
        return Encoding(states, starts)

    return encode


def took(model: Model, text: str) -> tuple[float, float]:
    """Return the seconds that judging takes, by the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    model.classify(text)
    return time.perf_counter() - clock, time.process_time() - processor


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workshop", type=Path)
    weights = fetch_weights(parser.parse_args().workshop)
    ours = load("accurate")
    theirs = replace(ours, encoder=cast("Encoder", in_torch(weights)))
    texts = leaflets()
    models = {"onnxruntime": ours, "torch": theirs}
    for model in models.values():
        model.classify(texts[0])
    total = {name: np.zeros(2) for name in models}
    for number, text in enumerate(texts):
        for name in sorted(models, reverse=bool(number % 2)):
            total[name] += took(models[name], text)
    for name, seconds in total.items():
        clock, processor = (len(texts) / seconds).tolist()
        sys.stdout.write(f"{name:<12}{clock:6.2f} texts a second{processor:8.2f} of processor\n")
    clock, processor = (total["torch"] / total["onnxruntime"]).tolist()
    sys.stdout.write(f"ratio       {clock:6.2f} (at least 1.8)  {processor:6.2f}\n")


if __name__ == "__main__":
    main()
