"""The MPNet encoder in plain torch, and its tokenizer.

After Song et al. 2020, "MPNet: Masked and Permuted Pre-training for Language
Understanding". The weights are those of all-mpnet-base-v2; its folder must hold
``model.safetensors`` and ``tokenizer.json``. Fine-tuning and export share this code.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

LOWER = 6
"""Layers from the bottom that fine-tuning leaves alone and that ship with 4 bits a weight."""
BLOCK = 32
"""Inputs of a matrix that share a scale, where its weights have 4 bits."""
PAD = 1
WIDTH, HEADS, INNER, LAYERS = 768, 12, 3072, 12
POSITIONS, BUCKETS, FARTHEST = 512, 32, 128
MATRICES = ("q", "k", "v", "o", "up", "down")


class Layer(nn.Module):
    """One transformer layer: attention and feed-forward, each with a norm after it."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.norm1 = nn.LayerNorm(WIDTH, eps=1e-5)
        self.up = nn.Linear(WIDTH, INNER)
        self.down = nn.Linear(INNER, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH, eps=1e-5)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """Return the next states of the pieces; `bias` is added to the attention scores."""
        rows, length, _ = x.shape
        shape = (rows, length, HEADS, WIDTH // HEADS)
        q = self.q(x) / math.sqrt(WIDTH // HEADS)
        q, k, v = (each.view(shape).transpose(1, 2) for each in (q, self.k(x), self.v(x)))
        # Written out: in bfloat16 on a processor, torch's own attention trains more slowly.
        scores = q @ k.transpose(-1, -2) + bias.to(q.dtype)
        mixed = (torch.softmax(scores, -1) @ v).transpose(1, 2).reshape(rows, length, WIDTH)
        x = self.norm1(self.dropout(self.o(mixed)) + x)
        return self.norm2(self.dropout(self.down(functional.gelu(self.up(x)))) + x)


class Encoder(nn.Module):
    """Pieces of texts to one vector a piece, or one a text."""

    def __init__(self, vocabulary: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, WIDTH, padding_idx=PAD)
        self.positions = nn.Embedding(POSITIONS + 2, WIDTH, padding_idx=PAD)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-5)
        self.distance = nn.Embedding(BUCKETS, HEADS)
        self.layers = nn.ModuleList(Layer(dropout) for _ in range(LAYERS))
        buckets = buckets_of(torch.arange(1 - POSITIONS, POSITIONS))
        self.register_buffer("buckets", buckets, persistent=False)

    def bias(self, length: int, mask: Tensor | None) -> Tensor:
        """Return what is added to attention scores, by distance and for padding.

        Args:
            length: Number of pieces.
            mask: 1 for a piece, 0 for padding; None if there is no padding.
        """
        steps = torch.arange(length)
        near = self.distance(self.buckets[steps[None, :] - steps[:, None] + POSITIONS - 1])
        near = near.permute(2, 0, 1)[None]
        return near if mask is None else near + (1.0 - mask[:, None, None, :].float()) * -1e9

    def lower(self, ids: Tensor, mask: Tensor | None, layers: int) -> Tensor:
        """Return the states of the pieces above the first so many layers."""
        bias = self.bias(ids.shape[1], mask)
        places = torch.arange(ids.shape[1]) + PAD + 1
        x = self.norm(self.words(ids) + self.positions(places)[None])
        for layer in self.layers[:layers]:
            x = layer(x, bias)
        return x

    def upper(self, x: Tensor, mask: Tensor | None, layers: int) -> Tensor:
        """Return the last states of the pieces from those above the first so many layers."""
        with torch.no_grad():
            bias = self.bias(x.shape[1], mask)
        for layer in self.layers[layers:]:
            x = layer(x, bias)
        return x

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return one vector a text, the mean over its pieces."""
        return pooled(self.lower(ids, mask, LAYERS), mask)


def pooled(states: Tensor, mask: Tensor) -> Tensor:
    """Return the mean over the pieces that are not padding."""
    keep = mask[:, :, None].float()
    return (states.float() * keep).sum(1) / keep.sum(1)


def buckets_of(offsets: Tensor) -> Tensor:
    """Return the bucket of each distance: one a step nearby, wider ones farther off."""
    half = BUCKETS // 2
    exact = half // 2
    distance = offsets.abs()
    scale = (half - exact) / math.log(FARTHEST / exact)
    far = exact + (torch.log(distance.clamp(min=1).float() / exact) * scale).long()
    nearest = torch.where(distance < exact, distance, far.clamp(max=half - 1))
    return (offsets > 0).long() * half + nearest


def four_bits(weight: Tensor) -> Tensor:
    """Return what 4 bits a weight leave of a matrix, shape (outputs, inputs).

    As onnxruntime's MatMulNBits stores it: each `BLOCK` of inputs has a scale, by which
    its number farthest from zero becomes -8, and the numbers are rounded to -8 … 7.
    """
    blocks = weight.unflatten(1, (-1, BLOCK))
    farthest = blocks.gather(2, blocks.abs().argmax(2, keepdim=True))
    scale = farthest / -8
    inverse = torch.where(scale == 0, 0, 1 / scale)
    numbers = (blocks * inverse + 8.5).floor().clamp(0, 15) - 8
    return (numbers * scale).flatten(1)


def load_encoder(folder: Path, dropout: float = 0.0, *, low_bits: bool = False) -> Encoder:
    """Load the pretrained encoder.

    Args:
        folder: Holds ``model.safetensors``.
        dropout: Share of the numbers that training drops.
        low_bits: Leave only 4 bits of every weight in the matrices of the lower layers.
    """
    stored = load_file(folder / "model.safetensors")
    encoder = Encoder(len(stored["embeddings.word_embeddings.weight"]), dropout)
    encoder.load_state_dict({name: stored[_there(name)].float() for name in encoder.state_dict()})
    if low_bits:
        with torch.no_grad():
            for layer in encoder.layers[:LOWER]:
                for name in MATRICES:
                    weight = getattr(layer, name).weight
                    weight.copy_(four_bits(weight))
    return encoder


def _there(name: str) -> str:
    """Return the name that a weight has in the pretrained encoder's file."""
    names = {
        "words": "embeddings.word_embeddings",
        "positions": "embeddings.position_embeddings",
        "norm": "embeddings.LayerNorm",
        "distance": "encoder.relative_attention_bias",
        "norm1": "attention.LayerNorm",
        "up": "intermediate.dense",
        "down": "output.dense",
        "norm2": "output.LayerNorm",
    }
    *layer, part, kind = name.split(".")
    there = names.get(part, f"attention.attn.{part}")
    return f"encoder.layer.{layer[1]}.{there}.{kind}" if layer else f"{there}.{kind}"


def load_tokenizer(folder: Path, longest: int = POSITIONS) -> Tokenizer:
    """Load the tokenizer, which cuts texts after `longest` pieces.

    Args:
        folder: Holds ``tokenizer.json``.
        longest: Pieces that it keeps, the two that frame the text included.
    """
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(longest)
    tokenizer.no_padding()
    return tokenizer


def pad(rows: list[list[int]]) -> tuple[Tensor, Tensor]:
    """Return ids filled up on the right to one length, and the mask of what is not filling."""
    length = max(map(len, rows))
    ids = torch.tensor([row + [PAD] * (length - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in rows])
    return ids, mask
