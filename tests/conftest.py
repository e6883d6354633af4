"""Shared fixtures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import tokenizers
from hypothesis import settings
from sklearn.linear_model import LogisticRegression

from textpolitics import Model, load, load_scheme, read_corpus, save, train
from textpolitics.encoder import GRAPH, TOKENIZER, Encoder

# A shared machine is now and then slow; a deadline would fail for that.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED = REPOSITORY.parent / "shared"


@pytest.fixture(scope="session")
def seeds() -> dict[str, Path]:
    """The two seed texts, where the development material is at hand."""
    folder = SHARED / "seeds"
    if not folder.is_dir():
        pytest.skip("the seed texts are not here: ../shared/seeds is at hand for developers only")
    return {
        "pamphlet": next(folder.glob("000_*.txt")),
        "policy": next(folder.glob("002_*.txt")),
    }


TOY_SCHEME = """
name = "toy"
version = "1"
title = "Toy"
description = "Two axes for tests."
language = "en"

[[axes]]
name = "taste"
question = "What does the text praise?"
select = "one"
labels = [
  { name = "tea", definition = "It praises tea." },
  { name = "coffee", definition = "It praises coffee." },
  { name = "neither", definition = "It praises nothing.", stance = false },
]

[[axes]]
name = "topics"
question = "What is it about?"
select = "many"
layer = true
labels = [
  { name = "harbour", definition = "Harbours." },
  { name = "weather", definition = "The weather." },
]
"""

_PRAISE = {
    "tea": "We drink the leaves hot with milk and we call this brew the best of the morning.",
    "coffee": "Roast the beans dark and grind them late, for nothing wakes the town like it.",
    "neither": "The meeting was opened at seven and the minutes of the last one were read.",
}
_TOPIC = {
    "harbour": "Ships lay at the quay and the crane swung over the docks.",
    "weather": "Rain fell in the night and the wind came from the north.",
}


@pytest.fixture(scope="session")
def toy_scheme_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scheme of one main axis and one layer that has nothing to do with politics."""
    path = tmp_path_factory.mktemp("scheme") / "toy.toml"
    path.write_text(TOY_SCHEME, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def toy_corpus_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ninety invented records of fifteen groups, easy to tell apart."""
    path = tmp_path_factory.mktemp("corpus") / "toy.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(90):
            taste = list(_PRAISE)[number % 3]
            topics = [name for bit, name in enumerate(_TOPIC) if number >> bit & 1]
            sentences = [_PRAISE[taste], *(_TOPIC[name] for name in topics)]
            record = {
                "id": f"toy-{number}",
                "text": " ".join(sentences * 2) + f" So says house number {number}.",
                "taste": taste,
                "topics": topics,
                "group": f"group-{number % 15}",
                "year": 1900 + number,
            }
            file.write(json.dumps(record) + "\n")
    return path


@pytest.fixture(scope="session")
def toy_model_folder(
    toy_scheme_file: Path, toy_corpus_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A model really trained on the toy corpus and saved. Copy it before changing it."""
    folder = tmp_path_factory.mktemp("models") / "toy"
    save(train([toy_corpus_file], load_scheme(toy_scheme_file), "toy"), folder)
    return folder


@pytest.fixture(scope="session")
def toy_model(toy_model_folder: Path) -> Model:
    """The toy model, loaded."""
    return load(toy_model_folder)


WIDTH = 8


@pytest.fixture(scope="session")
def toy_encoder(toy_corpus_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    """A graph that mixes every piece with the mean of all, over a vocabulary of whole words."""
    folder = tmp_path_factory.mktemp("encoder")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(unk_token="<unk>"))
    tokenizer.normalizer = tokenizers.normalizers.Lowercase()
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    trainer = tokenizers.trainers.WordLevelTrainer(special_tokens=["<s>", "</s>", "<unk>"])
    texts = [json.loads(line)["text"] for line in toy_corpus_file.read_text("utf-8").splitlines()]
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = tokenizers.processors.BertProcessing(("</s>", 1), ("<s>", 0))
    tokenizer.save(str(folder / TOKENIZER))
    size = (tokenizer.get_vocab_size(), WIDTH)
    table = np.random.default_rng(0).normal(size=size).astype(np.float32)
    make, int64, float32 = onnx.helper, onnx.TensorProto.INT64, onnx.TensorProto.FLOAT
    graph = make.make_graph(
        [
            make.make_node("Gather", ["table", "ids"], ["words"]),
            make.make_node("ReduceMean", ["words"], ["mean"], axes=[1], keepdims=1),
            make.make_node("Add", ["words", "mean"], ["states"]),
        ],
        "toy",
        [make.make_tensor_value_info("ids", int64, [1, "pieces"])],
        [make.make_tensor_value_info("states", float32, [1, "pieces", WIDTH])],
        [onnx.numpy_helper.from_array(table, "table")],
    )
    opset = make.make_opsetid("", 17)
    onnx.save(make.make_model(graph, opset_imports=[opset], ir_version=8), folder / GRAPH)
    return Encoder(folder, WIDTH)


@pytest.fixture(scope="session")
def toy_encoded(toy_model: Model, toy_encoder: Encoder, toy_corpus_file: Path) -> Model:
    """The toy model with the encoder's vectors beside its terms, each read by a regression."""
    records = list(read_corpus([toy_corpus_file], toy_model.scheme))
    vectors = np.array([toy_encoder(record.text).pooled for record in records])
    heads = []
    for head in toy_model.heads:
        if not head.exclusive:
            heads.append(replace(head, dense=np.zeros((len(head.labels), WIDTH), np.float32)))
            continue
        gold = [head.labels.index(str(record.labels[head.axis])) for record in records]
        fitted = LogisticRegression(C=10.0, max_iter=1000).fit(vectors, gold)
        shifted = head.intercept + fitted.intercept_.astype(np.float32)
        dense = fitted.coef_.astype(np.float32)
        heads.append(replace(head, dense=dense, intercept=shifted))
    return replace(toy_model, name="encoded", heads=tuple(heads), encoder=toy_encoder)
