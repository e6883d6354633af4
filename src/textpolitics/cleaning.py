"""Turn extracted text into running text, and keep the way back.

The steps, in order: single characters (`_fix_characters`), lines that are no
part of the text (`textpolitics.furniture`), wrapped lines and broken words
(`textpolitics.unwrapping`), runs of blanks, and note marks (`_drop_marks`).
All but the first are repeated until nothing changes, usually once more, which
makes cleaning a cleaned text a no-op. A text that will not come to rest keeps
its lines as they are, and that is a no-op the second time as well.
"""

from __future__ import annotations

import re

from textpolitics.furniture import Lines, kept_lines
from textpolitics.spanmap import CleanText, Edits, Layer
from textpolitics.unwrapping import unwrap

__all__ = ["CleanText", "clean"]

_ROUNDS = 8
_BLANKS = "\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_LINE_ENDS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_LIGATURES = {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"}
_INVISIBLE = "\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_CHARACTERS = re.compile(
    rf"[\u00ad¬][ \t]*(?:\r\n?|\n)[ \t]*(?=[^\W\d_])|[{_INVISIBLE}]+|\r(?=\n)|[ﬀ-ﬆ]"
)
_RUN_OF_BLANKS = re.compile(r" [ \t]+|\t[ \t]*")
_GLUED_MARK = re.compile(
    r"[.!?…,;”’\"»)]{1,3}(?P<mark> ?(?P<number>[0-9]{1,3})(?:[,–-][0-9]{1,3}){0,4})(?![^\s—])"
)
_OTHER_MARK = re.compile(
    r"[\[¹²³⁰⁴-⁹](?:(?<=\[)[0-9]{1,3}(?:, ?[0-9]{1,3}){0,4}\]|(?<!\[)[¹²³⁰⁴-⁹]*)"
)
_YEAR = re.compile(r"\b(?:1[5-9]|20)[0-9]{2}s?$")
_CLOSERS = tuple('.,;:!?…”’"»)')
_NEXT_WORD = re.compile(r" ([A-Z][a-z]*)")
_ABBREVIATION = re.compile(
    r"\b(?:al|arts?|bk|c|cap|cf|ch|col|ed|figs?|fn|lib|ms|nos?|nr|op|par|pl|pp?|pt|secs?|sect|ser"
    r"|sig|st|tit|vols?)$",
    re.IGNORECASE,
)
_OPENER = re.compile(
    r"(?:After|All|Although|And|As|At|Because|Before|But|By|Even|For|From|He|Here|How"
    r"|However|If|In|Indeed|It|Its|Meanwhile|Moreover|Nevertheless|Nor|Not|Now|On|Or|She"
    r"|Since|So|Some|Still|Such|That|The|Their|Then|There|These|They|This|Those|Though"
    r"|Thus|To|We|What|When|Where|While|Who|Why|With|Yet|You)$"
)


def clean(text: str, pages: tuple[int, ...] = ()) -> CleanText:
    """Clean a text that was extracted from a file.

    Args:
        text: The extracted text; any string will do.
        pages: Offset at which each page starts, where there are pages.

    Returns:
        The cleaned text, which knows from where in ``text`` each part of it came.
        Its paragraphs are separated by one blank line.
    """
    breaks = pages
    if not pages and "\f" in text:  # form feeds are how plain text tells its pages
        breaks = (0, *(match.start() for match in re.finditer("\f", text)))
    base, first = _fix_characters(text)
    breaks = tuple(first.forth(min(max(page, 0), len(text))) for page in breaks)
    settled = _settle(base, breaks) or (_settle(base, ()) if breaks else None)
    result, layers = settled or (base, [])
    return CleanText(result, tuple(layer for layer in (first, *layers) if layer.old_starts))


def _settle(text: str, pages: tuple[int, ...]) -> tuple[str, list[Layer]] | None:
    """Repeat the steps until nothing changes; None where that takes too long."""
    layers: list[Layer] = []
    for _ in range(_ROUNDS):
        before = text
        lines = Lines(text)
        text, layer = unwrap(lines, kept_lines(lines, pages)).apply()
        layers.append(layer)
        for step in (_collapse_blanks, _drop_glued_marks, _drop_other_marks):
            text, layer = step(text).apply()
            layers.append(layer)
        if text == before and not pages:
            return text, layers
        pages = ()
    return None


def _fix_characters(text: str) -> tuple[str, Layer]:
    """Make one kind of blank and of line end, resolve ligatures, drop what cannot be seen."""
    for old in _BLANKS:
        text = text.replace(old, " ")
    for old in _LINE_ENDS:
        text = text.replace(old, "\n")
    edits = Edits(text)
    for match in _CHARACTERS.finditer(text):
        edits.add(*match.span(), _LIGATURES.get(match[0], ""))
    text, layer = edits.apply()
    return text.replace("\r", "\n"), layer


def _collapse_blanks(text: str) -> Edits:
    """Blanks inside a line carry nothing once captions have been told by them."""
    edits = Edits(text)
    for match in _RUN_OF_BLANKS.finditer(text):
        edits.add(*match.span(), " ")
    return edits


def _drop_glued_marks(text: str) -> Edits:
    """Drop note numbers behind sentence punctuation: ``felt.1`` and ``class,”2``.

    A number that stands apart (``movement. 6 Nevertheless``) or follows a year
    (``in 2017.11 Meanwhile``) goes only where it cannot be meant as a number:
    it counts on from the last mark, or a word follows that no number precedes.
    """
    edits, last = Edits(text), 0
    for match in _GLUED_MARK.finditer(text):
        start, number = match.start(), int(match["number"])
        words = text[max(start - 12, 0) : start]
        behind = _NEXT_WORD.match(text, match.end())
        in_order = bool(behind) and number == last + 1 > 1
        if match["mark"][0] == " ":
            sure = bool(behind and _OPENER.match(behind[1]))
            is_mark = words[-2:].isalpha() and match[0][0] not in ",;" and (in_order or sure)
        else:
            is_mark = words[-2:].isalpha() or (in_order and bool(_YEAR.search(words)))
        if is_mark and not (match[0][0] == "." and _ABBREVIATION.search(words)):
            edits.add(*match.span("mark"), "")
            last = number
    return edits


def _drop_other_marks(text: str) -> Edits:
    """Drop bracketed and raised note numbers behind a word or punctuation.

    A bracket that opens a line labels the note itself and stays; so does what
    looks like a power, as in ``km²``.
    """
    edits, done = Edits(text), -1
    for match in _OTHER_MARK.finditer(text):
        start, end = match.span()
        raised = match[0][0] != "["
        if not raised and text[start - 1 : start] == " " and start - 1 != done:
            start -= 1
        before, behind = text[max(start - 3, 0) : start], text[end : end + 1]
        of_word = before[-1:].isalpha() and (not raised or (len(before) == 3 and before.isalpha()))
        fits = start == done or before[-1:] in _CLOSERS or of_word
        if before and fits and not behind.isalnum():
            edits.add(start, end, "")
            done = end
    return edits
