"""The model card tells the truth about how the model fails."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from textpolitics import Model, load

CARD = Path(__file__).parents[1] / "docs" / "model-card.md"
FAILURES = re.findall(
    r"\b(Tradition|Strategy|tradition|strategy) should be `([\w-]+)`[^\n]*?; "
    r"`accurate` says `([\w-]+)`[^\n]*\n\n> ([^\n]+)",
    CARD.read_text("utf-8"),
)


@pytest.fixture(scope="module")
def accurate() -> Model:
    return load("accurate")


def test_card_shows_failures() -> None:
    assert len(FAILURES) >= 4


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure[3][:20])
def test_model_fails_as_its_card_says(accurate: Model, failure: tuple[str, ...]) -> None:
    axis, right, said, text = failure
    given = accurate.classify(text).axes[axis.lower()].label
    assert given != right
    assert (given or "nothing") == said
