"""Whether a text is in the language that a model reads.

Function words give a language away after a few lines (Grefenstette 1995,
"Comparing two language identification schemes"). The lists are spaCy's.
"""

from __future__ import annotations

from collections.abc import Iterable

from textpolitics.nlp import Tokenizer

CLEAR, LOWEST = 0.33, 0.12
"""Share of stop words at which a text is surely in the model's language, and below
which it surely is not: of English passages, hardly any but lists of names lie below the
second, and few below the first."""

# fmt: off
RIVALS = (
    "ca", "cs", "da", "de", "en", "es", "fi", "fr", "hu", "it", "nb", "nl", "pl", "pt", "ro",
    "sv", "tr",
)
# fmt: on
"""Languages that are compared in between."""


def foreign(words: int, stops: int, texts: Iterable[str], tokenizer: Tokenizer) -> str | None:
    """Return why texts are taken to be in another language, None if they are not.

    Args:
        words: How many words they have.
        stops: How many of their tokens are stop words of the language that is expected.
        texts: The passages of one document.
        tokenizer: Of the language that is expected.
    """
    share = stops / words if words else 0.0
    if share >= CLEAR:
        return None
    if share < LOWEST:
        return f"{share:.0%} of its words are stop words of '{tokenizer.language}'"
    tokens = [token for text in texts for token in tokenizer.tokens(text)]
    own = _stop_words_in(tokens, tokenizer.language)
    for rival in RIVALS:
        if rival != tokenizer.language and _stop_words_in(tokens, rival) > own:
            return f"reads like '{rival}', not '{tokenizer.language}'"
    return None


def _stop_words_in(tokens: list[str], language: str) -> int:
    from spacy.util import get_lang_class

    stop_words = get_lang_class(language).Defaults.stop_words
    return sum(token in stop_words for token in tokens)
