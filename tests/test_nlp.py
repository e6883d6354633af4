"""Tokens and sentences: they are spaCy's, whatever the table of chunks remembers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import spacy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textpolitics.nlp import Sentence, Tokenizer

CORPUS = Path(__file__).resolve().parent.parent / "corpora" / "original"

# Characters that matter to a tokenizer, often enough to meet each other. Without those of
# emoticons: spaCy also looks for these across blanks, so that in ": ):9" the ":" that
# stands alone keeps the "):" behind it from being taken for one.
_NO_EMOTICONS = str.maketrans("", "", ":;=_<>^8")
_SIGNS = st.text("abAZéß19.…!?,'’\"()[]/-–—@#%&$*€😀中", min_size=1, max_size=12)
_WORDS = st.sampled_from(
    ["the", "Don't", "U.S.", "e.g.", "Mr.", "x.Don't", "end.Start", "can't!", "3rd", "we’ll"]
)
TEXTS = st.lists(_SIGNS | _WORDS | st.text(max_size=8), max_size=12).map(
    lambda parts: " ".join(" ".join(parts).translate(_NO_EMOTICONS).split())
)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """The passages of the shipped corpus."""
    files = [CORPUS / "first.jsonl", CORPUS / "second.jsonl"]
    lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
    return [json.loads(line)["text"] for line in lines]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer()


@pytest.fixture(scope="module")
def english() -> Any:
    """spaCy's own pipeline."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    return nlp


def _tokens_by_spacy(nlp: Any, text: str) -> list[str]:
    return [token.lower_ for token in nlp.make_doc(text) if not token.is_space]


def _sentences_by_spacy(nlp: Any, text: str) -> list[tuple[int, int]]:
    spans = (sentence.text.strip() and sentence for sentence in nlp(text).sents)
    return [(s.start_char, s.start_char + len(s.text.rstrip())) for s in spans if s]


def _spans(sentences: list[Sentence]) -> list[tuple[int, int]]:
    return [(sentence.start, sentence.end) for sentence in sentences]


def test_tokens_of_corpus_equal_spacys(
    texts: list[str], tokenizer: Tokenizer, english: Any
) -> None:
    different = [t for t in texts if tokenizer.tokens(t) != _tokens_by_spacy(english, t)]
    assert len(texts) > 1500
    assert different == []


def test_sentences_of_corpus_equal_spacys(
    texts: list[str], tokenizer: Tokenizer, english: Any
) -> None:
    lines = [" ".join(text.split()) for text in texts[::3]]
    different = [
        line
        for line in lines
        if _spans(list(tokenizer.sentences(line))) != _sentences_by_spacy(english, line)
    ]
    assert different == []


@settings(deadline=None)
@given(TEXTS)
@example("He said.Don't go there! (U.S. law) … No?")
@example("")
def test_tokens_of_any_text_equal_spacys(tokenizer: Tokenizer, english: Any, text: str) -> None:
    assert tokenizer.tokens(text) == _tokens_by_spacy(english, text)


@settings(deadline=None)
@given(TEXTS)
@example('"Stop!" he said. (So he did.) Then...what? end.Start again')
@example(". . a")
def test_sentences_of_any_text_equal_spacys(tokenizer: Tokenizer, english: Any, text: str) -> None:
    assert _spans(list(tokenizer.sentences(text))) == _sentences_by_spacy(english, text)


@settings(deadline=None)
@given(TEXTS, st.integers(0, 40), st.integers(0, 40))
def test_sentences_of_a_stretch_lie_in_it_and_are_those_of_the_stretch_alone(
    tokenizer: Tokenizer, text: str, one: int, other: int
) -> None:
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    inside = [
        Sentence(s.start - start, s.end - start, s.words)
        for s in tokenizer.sentences(text, start, end)
    ]
    assert inside == list(tokenizer.sentences(text[start:end]))


@settings(deadline=None)
@given(TEXTS)
def test_words_of_sentences_add_up_to_the_tally(tokenizer: Tokenizer, text: str) -> None:
    assert sum(s.words for s in tokenizer.sentences(text)) == tokenizer.tally(text)[0]


def test_tally_counts_words_and_stop_words_but_no_punctuation(tokenizer: Tokenizer) -> None:
    # we · do · n't · want · the · 2 · kings (stop words: we, do, n't, the)
    assert tokenizer.tally("We don't want the 2 kings — !!") == (7, 4)
    assert tokenizer.tally(" \n ") == (0, 0)


def test_tally_of_another_language_uses_its_stop_words() -> None:
    text = "Wir fordern alle auf, sich dem Streik anzuschließen."
    assert Tokenizer("de").tally(text)[1] > Tokenizer("en").tally(text)[1] == 0


def test_table_at_its_cap_changes_no_token_and_no_sentence(texts: list[str]) -> None:
    roomy, tight = Tokenizer(), Tokenizer(max_chunks=60)
    for text in texts[:3]:
        assert tight.tokens(text) == roomy.tokens(text)
        assert list(tight.sentences(text)) == list(roomy.sentences(text))
        assert tight.tally(text) == roomy.tally(text)


@pytest.mark.parametrize("sign", ["=", "(", "—", "$", "!"])
def test_very_long_run_of_signs_is_tokenized_in_reasonable_time(sign: str) -> None:
    """spaCy alone needs time that grows with the square of the length of a chunk."""
    code = (
        "from textpolitics.nlp import Tokenizer\n"
        f"words, _ = Tokenizer().tally('We met. ' + {sign!r} * 200_000 + ' We left.')\n"
        "print(words)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "4"), done.stderr
