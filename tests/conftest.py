"""Shared fixtures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import settings

from textpolitics import Model, load, load_scheme, save, train

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
