"""What the encoder sees of a text: numbers that depend on order and context.

The encoder is a transformer (MPNet: Song et al. 2020, "MPNet: Masked and Permuted
Pre-training for Language Understanding"), fine-tuned by this project and stored
as an ONNX graph with small integers for weights. onnxruntime runs it and the
tokenizers library cuts texts into its pieces; both are imported when the first
text is encoded. A text's vector is the mean of its pieces' vectors, so that every
piece has an exact share in whatever a linear layer makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textpolitics.nlp import whole

GRAPH, TOKENIZER = "encoder.onnx", "tokenizer.json"
LONGEST = 512
"""Pieces of a text that are read, the two that frame it included; a passage has fewer."""
KEPT = 8
"""Encodings that an encoder keeps, at up to 1.6 million bytes each."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """A text as its pieces.

    Attributes:
        states: One vector a piece, shape (pieces, width).
        starts: Offset of each piece in the text, shape (pieces,); -1 for the two that
            frame it.
    """

    states: NDArray[np.float32]
    starts: NDArray[np.int64]

    @property
    def pooled(self) -> NDArray[np.float64]:
        """The mean of the pieces' vectors, shape (width,)."""
        mean: NDArray[np.float64] = self.states.mean(axis=0, dtype=np.float64)
        return mean


class Encoder:
    """A transformer and its tokenizer, read from two files when first needed.

    Texts are encoded one at a time. That is as fast on a processor as many at once,
    and a text's numbers then depend on nothing but the text. The last few are kept, for
    whoever asks why a text was judged as it was.
    """

    def __init__(self, folder: Path, width: int, threads: int = 0) -> None:
        """Name the files.

        Args:
            folder: Holds `GRAPH`, which goes from ``ids``, int64 of shape (1, pieces), to
                ``states``, float32 of shape (1, pieces, width), and `TOKENIZER`, a JSON
                file of the tokenizers library.
            width: Length of a piece's vector.
            threads: Threads to use; 0 is as many as there are processors. The numbers are
                the same.
        """
        self.folder = folder
        self.width = width
        self.threads = threads
        self._kept: dict[str, Encoding] = {}

    def __call__(self, text: str) -> Encoding:
        """Return the pieces of a text with their vectors."""
        if text not in self._kept:
            while len(self._kept) >= KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[text] = self._encode(text)
        return self._kept[text]

    def _encode(self, text: str) -> Encoding:
        pieces = self._pieces.encode(whole(text))
        ids = np.array([pieces.ids], dtype=np.int64)
        (states,) = self._session.run(["states"], {"ids": ids})
        starts = np.array([start for start, _ in pieces.offsets], dtype=np.int64)
        starts[np.array(pieces.special_tokens_mask, dtype=bool)] = -1
        return Encoding(states[0], starts)

    @cached_property
    def _pieces(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self.folder / TOKENIZER))
        tokenizer.enable_truncation(LONGEST)
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        # The graph was put in order when it was made; waiting threads are to sleep.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return onnxruntime.InferenceSession(
            str(self.folder / GRAPH), options, providers=["CPUExecutionProvider"]
        )
