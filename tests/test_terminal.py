"""What a person sees."""

from __future__ import annotations

from textpolitics import Document, Model
from textpolitics.cli.terminal import percent, show


def test_a_text_cannot_move_the_cursor(toy_model: Model) -> None:
    text = "We drink the leaves hot \x1b[2J\x1b]0;title\x07 with milk every morning. " * 4
    shown = show(toy_model, toy_model.classify(Document(text, "bad\x1b[1A.txt", "txt")))
    assert "leaves hot" in shown
    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_what_is_not_certain_is_never_shown_as_certain() -> None:
    assert [percent(share) for share in (0.5, 0.99, 0.996, 1.0)] == ["50%", "99%", ">99%", ">99%"]
