"""Make of a fine-tuned encoder what is shipped: ``exporting.py RUN WEIGHTS OUTPUT``.

RUN is the folder of a run of finetuning.py, WEIGHTS the pretrained encoder that it
started from. OUTPUT gets ``encoder.onnx`` (from ``ids`` and ``mask``, int64 of shape
(rows, pieces), to ``pooled``, float32 of shape (rows, width); with ``--states`` from
``ids`` of texts that need no padding to ``states``, of shape (rows, pieces, width)),
``tokenizer.json``, ``heads.npz`` (``weights.NAME`` and ``intercept.NAME`` of every axis
and group) and ``labels.json`` (the names of their rows).

The matrices of the lower layers, and the queries and keys of the upper ones, ship with
4 bits a weight, the other matrices with 8, the embeddings with 8 and a scale a row.
With ``--texts``, pieces that are rare in these files are left out of the vocabulary: a
word that needs one falls apart into shorter pieces.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from finetuning import lines
from mpnet import BLOCK, LAYERS, LOWER, Encoder, load_encoder, pad, pooled
from onnxruntime.quantization.matmul_nbits_quantizer import (
    DefaultWeightOnlyQuantConfig,
    MatMulNBitsQuantizer,
)
from tokenizers import Tokenizer
from torch import Tensor, nn

from textpolitics import load_scheme

UPPER_BLOCK = 128
"""Inputs of a matrix that share a scale, where its weights have 8 bits."""
FOUR_BITS = [f"/layers.{layer}/" for layer in range(LOWER)]
FOUR_BITS += [f"/layers.{layer}/{name}/" for layer in range(LOWER, LAYERS) for name in "qk"]
"""Parts of the names of the matrices with 4 bits a weight; the others have 8."""


class Bytes(nn.Module):
    """An embedding with 8 bits a number and one scale a row."""

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        scale = table.abs().amax(1, keepdim=True).clamp(min=1e-12) / 127
        self.register_buffer("scale", scale)
        self.register_buffer("numbers", (table / scale).round().to(torch.int8))

    def forward(self, ids: Tensor) -> Tensor:
        """Return the rows with these numbers."""
        return self.numbers[ids].float() * self.scale[ids]


class Pooling(nn.Module):
    """From padded texts to one vector each."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return the mean over each text's pieces."""
        return pooled(self.encoder.lower(ids, mask, LAYERS), mask)


class States(nn.Module):
    """From texts without padding to one vector a piece."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, ids: Tensor) -> Tensor:
        """Return the last states of each text's pieces."""
        return self.encoder.lower(ids, None, LAYERS)


def newest(run: Path) -> Path:
    """Return a run's weights after its last epoch."""
    found = {int(path.stem.removeprefix("model-epoch")): path for path in run.glob("model-*.pt")}
    if not found:
        raise SystemExit(f"{run} holds no model-epochN.pt")
    return found[max(found)]


def texts_of(files: list[Path]) -> Iterator[str]:
    """Yield the texts of corpus files."""
    for file in files:
        for row in lines(file):
            yield row["text"]


def pruned(path: Path, texts: Iterator[str], fewest: int) -> tuple[dict[str, Any], list[int]]:
    """Return a tokenizer without rare pieces, as it is stored, and the old ids that it keeps.

    Single characters and the pieces with a special meaning stay.

    Args:
        path: The tokenizer's file.
        texts: Where the pieces are counted.
        fewest: How often a piece must occur.
    """
    content = json.loads(path.read_text("utf-8"))
    content["truncation"] = content["padding"] = None
    tokenizer = Tokenizer.from_str(json.dumps(content))
    counts = Counter[int]()
    for pieces in tokenizer.encode_batch(list(texts)):
        counts.update(pieces.ids)
    model = content["model"]
    prefix, old = model["continuing_subword_prefix"], model["vocab"]
    special = {token["content"] for token in content["added_tokens"]}
    kept = [
        piece
        for piece in sorted(old, key=old.__getitem__)
        if piece in special or len(piece.removeprefix(prefix)) == 1 or counts[old[piece]] >= fewest
    ]
    new = model["vocab"] = {piece: number for number, piece in enumerate(kept)}
    for token in content["added_tokens"]:
        token["id"] = new[token["content"]]
    for end in ("sep", "cls"):
        piece, _ = content["post_processor"][end]
        content["post_processor"][end] = [piece, new[piece]]
    return content, [old[piece] for piece in kept]


def quantize(model: onnx.ModelProto, bits: int, block: int, parts: list[str]) -> onnx.ModelProto:
    """Return a graph with so many bits a weight in the matrices with these parts in their names."""
    names = [node.name for node in model.graph.node if node.op_type == "MatMul"]
    others = [name for name in names if not any(part in name for part in parts)]
    config = DefaultWeightOnlyQuantConfig(
        block_size=block, is_symmetric=True, accuracy_level=4, bits=bits
    )
    quantizer = MatMulNBitsQuantizer(model, nodes_to_exclude=others, algo_config=config)
    quantizer.process()
    result: onnx.ModelProto = quantizer.model.model
    return result


def traced(encoder: Encoder, path: Path, *, states: bool) -> None:
    """Write the encoder as an ONNX graph with full numbers."""
    ids, mask = pad([[0, 5, 6, 7, 2], [0, 5, 2]])
    free = {0: "rows", 1: "pieces"}
    axes = {"ids": free, "states": free} if states else {"ids": free, "mask": free}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            States(encoder) if states else Pooling(encoder),
            (ids,) if states else (ids, mask),
            str(path),
            input_names=["ids"] if states else ["ids", "mask"],
            output_names=["states" if states else "pooled"],
            dynamic_axes=axes if states else {**axes, "pooled": {0: "rows"}},
            opset_version=17,
            dynamo=False,
        )


def plain(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a graph without what onnxruntime adds and its older versions do not know."""
    domains = {node.domain for node in model.graph.node}
    used = [opset for opset in model.opset_import if opset.domain in domains]
    del model.opset_import[:]
    model.opset_import.extend(used)
    for node in model.graph.node:
        kept = [attribute for attribute in node.attribute if attribute.name != "weight_prepacked"]
        del node.attribute[:]
        node.attribute.extend(kept)
    return model


def write_graph(encoder: Encoder, path: Path, *, states: bool) -> None:
    """Write the encoder with few bits a weight, put in order as onnxruntime would on loading."""
    logging.getLogger("onnxruntime").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        full, small = Path(folder) / "full.onnx", Path(folder) / "small.onnx"
        traced(encoder, full, states=states)
        model = quantize(onnx.load(full), 4, BLOCK, FOUR_BITS)
        onnx.save(quantize(model, 8, UPPER_BLOCK, ["/layers."]), small)
        options = onnxruntime.SessionOptions()
        # The last level that gives the same graph on every processor.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.optimized_model_filepath = str(Path(folder) / "ordered.onnx")
        onnxruntime.InferenceSession(str(small), options, providers=["CPUExecutionProvider"])
        onnx.save(plain(onnx.load(options.optimized_model_filepath)), path)


def write_heads(heads: dict[str, Tensor], labels: dict[str, list[str]], output: Path) -> None:
    """Write the heads, the rows of an axis in the order of the scheme."""
    orders = {axis.name: list(axis.label_names) for axis in load_scheme().axes}
    arrays: dict[str, Any] = {}
    for name, names in labels.items():
        rows = [names.index(label) for label in orders.setdefault(name, names)]
        arrays[f"weights.{name}"] = heads[f"heads.{name}.weight"].numpy()[rows]
        arrays[f"intercept.{name}"] = heads[f"heads.{name}.bias"].numpy()[rows]
    np.savez(output / "heads.npz", **arrays)
    text = json.dumps({name: orders[name] for name in labels}, indent=1)
    (output / "labels.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Write the four files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--labels", type=Path, help="the run's label names, else its labels.json")
    parser.add_argument("--states", action="store_true", help="one vector a piece")
    parser.add_argument("--texts", type=Path, nargs="+", default=[], help="prune by these files")
    parser.add_argument("--fewest", type=int, default=2, help="how often a piece must occur there")
    given = parser.parse_args()
    torch.set_grad_enabled(False)
    given.output.mkdir(parents=True, exist_ok=True)
    labels = json.loads((given.labels or given.run / "labels.json").read_text("utf-8"))
    stored = torch.load(newest(given.run), weights_only=True)
    encoder = load_encoder(given.weights)
    encoder.load_state_dict(stored["encoder"], strict=False)
    fewest = given.fewest if given.texts else 0
    content, kept = pruned(given.weights / "tokenizer.json", texts_of(given.texts), fewest)
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    (given.output / "tokenizer.json").write_text(text, encoding="utf-8")
    encoder.words = Bytes(encoder.words.weight[kept])
    encoder.positions = Bytes(encoder.positions.weight)
    write_graph(encoder.eval(), given.output / "encoder.onnx", states=given.states)
    write_heads(stored["heads"], labels, given.output)


if __name__ == "__main__":
    main()
