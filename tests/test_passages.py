"""Cleaned text to passages: nothing is lost, nothing doubled, and sizes are kept."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textpolitics.cleaning import clean
from textpolitics.document import Document, Passage
from textpolitics.nlp import Tokenizer
from textpolitics.passages import LONGEST, SHORTEST, split

REPOSITORY = Path(__file__).resolve().parent.parent

SENTENCES = (
    "We met at the works gate and nobody went in.",
    "The rent is due, they say!",
    "Who is to pay it? Not us.",
    " ".join(["and the wind rose over the water"] * 12) + ".",
    " ".join(["bread"] * 250),
    "Kohle – Stahl … 1921",
    "end.Start",
    "😀",
)
PARAGRAPHS = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=25).map(" ".join)
TEXTS = st.lists(PARAGRAPHS, max_size=8).map("\n\n".join)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer()


def _passages(text: str, tokenizer: Tokenizer, pages: tuple[int, ...] = ()) -> list[Passage]:
    document = Document(text, "test", "txt", pages=pages)
    return list(split(document, clean(text, pages), tokenizer))


def _flat(text: str) -> str:
    return "".join(text.split())


def _long_texts() -> list[str]:
    texts = [(REPOSITORY / "examples" / "two-roads.txt").read_text("utf-8")]
    lines = (REPOSITORY / "corpora/original/second.jsonl").read_text("utf-8").splitlines()
    passages = [json.loads(line)["text"] for line in lines]
    return [*texts, *("\n\n".join(passages[n : n + 60]) for n in range(0, 300, 60))]


@settings(deadline=None)
@given(TEXTS | st.text())
@example("\r\n\r\nOne.\r\n\r\n\r\nTwo.\x00 Three.\r\n")
def test_passages_of_any_text_cover_its_cleaned_text_in_order(
    tokenizer: Tokenizer, text: str
) -> None:
    passages = _passages(text, tokenizer)
    assert "".join(_flat(p.text) for p in passages) == _flat(clean(text).text)
    assert all(p.text.strip() for p in passages)
    assert [p.words for p in passages] == [tokenizer.tally(p.text)[0] for p in passages]


@settings(deadline=None)
@given(TEXTS | st.text())
def test_spans_of_any_text_are_in_bounds_and_do_not_overlap(
    tokenizer: Tokenizer, text: str
) -> None:
    done = 0
    for passage in _passages(text, tokenizer):
        assert done <= passage.start < passage.end <= len(text)
        done = passage.end


@settings(deadline=None)
@given(TEXTS)
def test_passages_of_any_prose_hold_at_most_220_words(tokenizer: Tokenizer, text: str) -> None:
    assert all(passage.words <= LONGEST for passage in _passages(text, tokenizer))


def test_passages_of_long_prose_have_60_to_220_words(tokenizer: Tokenizer) -> None:
    for text in _long_texts():
        sizes = [passage.words for passage in _passages(text, tokenizer)]
        assert len(sizes) > 10
        assert max(sizes) <= LONGEST
        assert all(size >= SHORTEST for size in sizes[:-1])


def test_passages_prefer_to_end_with_a_paragraph(tokenizer: Tokenizer) -> None:
    paragraph = "The men of the yard met again on Sunday and sent the same two to ask. " * 8
    text = "\n\n".join([paragraph.strip()] * 8)
    passages = _passages(text, tokenizer)
    assert len(passages) == 8
    assert {text[p.start : p.end] for p in passages} == {paragraph.strip()}


@pytest.mark.parametrize("words", [1, 29, SHORTEST - 1, SHORTEST])
def test_short_text_is_one_passage(tokenizer: Tokenizer, words: int) -> None:
    text = "\n\n".join(["Bread."] * words)
    (passage,) = _passages(f"  {text}\n", tokenizer)
    assert (passage.words, passage.start, passage.end) == (words, 2, 2 + len(text))


@pytest.mark.parametrize("text", ["", " \n\n\t \r\n", "\ufeff\u200b", "\x0c\x0c"])
def test_blank_text_has_no_passage(tokenizer: Tokenizer, text: str) -> None:
    assert _passages(text, tokenizer) == []


def test_line_of_one_megabyte_without_full_stop_is_cut(tokenizer: Tokenizer) -> None:
    text = "and the wind rose over the water " * 31_000
    passages = _passages(text, tokenizer)
    assert len(text) > 1_000_000
    assert sum(p.words for p in passages) == 7 * 31_000
    assert all(SHORTEST <= p.words <= LONGEST for p in passages)


def test_page_of_a_passage_is_that_of_its_first_character(tokenizer: Tokenizer) -> None:
    page = "The committee of the eastern quarter met and heard the delegates of the mills. " * 12
    text = page + "\f" + page + "\f" + page
    pages = (0, len(page) + 1, 2 * len(page) + 2)
    passages = _passages(text, tokenizer, pages)
    assert {p.page for p in passages} == {1, 2, 3}
    for passage in passages:
        assert passage.page == sum(start <= passage.start for start in pages)


def test_passages_without_pages_have_no_page(tokenizer: Tokenizer) -> None:
    assert [p.page for p in _passages("One short text.", tokenizer)] == [None]


_CLASSIFY_MANY = """
import json, resource, sys, time
import textpolitics
size, kind = int(sys.argv[1]), sys.argv[2]
paragraph = (
    "The men of yard {n} met on Sunday and resolved that nobody would go back until the "
    "old rate was paid and word{n} was kept. They chose two who can be recalled, and the "
    "committee reports to the whole gate. "
)
parts, length = [], 0
while length < size:
    parts.append(paragraph.format(n=len(parts)) + ("\\n\\n" if kind == "prose" else ""))
    length += len(parts[-1])
text = "".join(parts)
if kind == "line":
    text = text.replace(".", "")
model = textpolitics.load("fast")
start = time.perf_counter()
result = model.classify(text)
unit = 1 if sys.platform == "darwin" else 1024
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
print(json.dumps({
    "length": len(text), "status": result.status, "passages": len(result.passages),
    "words": result.words, "peak": peak, "seconds": time.perf_counter() - start,
}))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no resource.getrusage")
@pytest.mark.parametrize("kind", ["prose", "line"])
def test_document_of_ten_million_characters_is_classified_in_bounded_memory(kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CLASSIFY_MANY, "10000000", kind],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["length"] >= 9_800_000
    assert figures["status"] in ("ok", "abstained")
    assert figures["passages"] >= figures["words"] / LONGEST
    assert figures["peak"] < 1_000_000_000, figures
