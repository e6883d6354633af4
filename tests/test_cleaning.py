from __future__ import annotations

import sys
import time
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textpolitics.cleaning import CleanText, clean

# A pamphlet in small, in the shape that text pulled from a PDF has. Written for this test.
PAMPHLET = """\
 NOBODY ASKED THE DOCKERS.1 YET THEY WERE THE FIRST WHO
felt what the new timetable meant. Within a week the union had pro-
duced a leaflet, and within a month the harbour stood still. The com-
pany spoke of a self-inflicted loss; the self-
inflicted part was its own.2 Of course, nobody at the head office had
ever carried anything heavier than a pen.

We stood at the gate in the rain tonight
They said we would never put up a fight
But the cranes are still and the lamps are low
And nobody moves till we tell them so

Dockers march to the harbour, June 1998                              MARTA LINDQVIST
 By the summer of 1998 the strike had spread to the railway yards, to
the sugar mill and to the schools. “It was not a plan,” said one of the
teachers, “it was a habit.”3 The movement. 4 Nevertheless, the offices
of the company stayed open, and 3.2 billion crowns went through them
while the Fight for $15 was still a slogan painted on a wall. The la-

HARBOUR NEWS



22

bour council met on Friday in a hall that had been built for 200.

What We Learned: Notes for the Next Time
The first lesson is that a timetable is a political text, and that those
who write it know that quite well. The second is that rain passes.
Later strikes were shorter, but none of them began from nothing in the
way that this one had.
"""


def text_of(text: str, pages: tuple[int, ...] = ()) -> str:
    return clean(text, pages).text


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("which has pro-\nduced years", "which has produced years"),
        ("toppled dic-\n   tators in", "toppled dictators in"),
        ("a History of Pan-\nAfrican Revolt", "a History of Pan-African Revolt"),
        ("anti-war now, anti-\nwar then", "anti-war now, anti-war then"),
        ("the self-\ntaught", "the self-taught"),
        ("antiwar, anti-war, anti-\nwar", "antiwar, anti-war, antiwar"),
        ("THE RADI-\nCAL LEFT", "THE RADICAL LEFT"),
        ("from 1871-\n1919 on", "from 1871-1919 on"),
        ("the pre-\n1917 radicals", "the pre-1917 radicals"),
        ("both left-\nand right-wing", "both left- and right-wing"),
        ("re\u00ad\nform", "reform"),
    ],
)
def test_broken_words(raw: str, expected: str) -> None:
    assert text_of(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("ﬁght oﬀ the eﬃcient ﬂeet", "fight off the efficient fleet"),
        ("soli\u00addarity for\u200bever\ufeff", "solidarity forever"),
        ("no\u00a0more \u2003 kings", "no more kings"),
        ("one\r\n\r\ntwo", "one\n\ntwo"),
        ("\n\n one \n \n\n\n two \n", "one\n\ntwo"),
        ("ﷺ æ œ", "ﷺ æ œ"),
    ],
)
def test_characters_and_blanks(raw: str, expected: str) -> None:
    assert text_of(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("BEFORE EARTHQUAKES.1 OFTEN", "BEFORE EARTHQUAKES. OFTEN"),
        ("rumbling for years.2 Of course", "rumbling for years. Of course"),
        ("the opposition.8", "the opposition."),
        ("the socialist one.”10 The", "the socialist one.” The"),
        ("the Occupy movement. 6 Nevertheless, it", "the Occupy movement. Nevertheless, it"),
        ("so it is.[1] And” [2] but", "so it is. And” but"),
        ("known species,[9][10] made", "known species, made"),
        ("as they said.¹² So", "as they said. So"),
        ("two years.10 Then by 2017.11 Meanwhile it", "two years. Then by 2017. Meanwhile it"),
    ],
)
def test_note_marks_go(raw: str, expected: str) -> None:
    assert text_of(raw) == expected


@pytest.mark.parametrize(
    "text",
    [
        "It began in 1917.",
        "Fight for $15 and win $15.22 today",
        "They spent 3.2 billion on 1,200 tanks.",
        "See Section 4.1 and No.5 and p.12 of it.",
        "1. Bread\n2. Land\n3. Peace",
        "The strike ended. 12 Members were there.",
        "They came. 8 March is ours.",
        "It was over by 12.",
        "[1] A Note on Sources, 1998.",
        "ten km² of land in the array[3]x",
        "the spirit of ’68 and of 1968.",
    ],
)
def test_numbers_stay(text: str) -> None:
    assert text_of(text) == text


def test_pamphlet() -> None:
    paragraphs = text_of(PAMPHLET).split("\n\n")
    assert len(paragraphs) == 5
    assert paragraphs[0].startswith(
        "NOBODY ASKED THE DOCKERS. YET THEY WERE THE FIRST WHO felt what"
    )
    assert "had produced a leaflet" in paragraphs[0]
    assert "The company spoke of a self-inflicted loss; the self-inflicted part" in paragraphs[0]
    assert paragraphs[1].count("\n") == 3
    assert "LINDQVIST" not in text_of(PAMPHLET)
    assert paragraphs[2].startswith("By the summer of 1998 the strike")
    assert "habit.” The movement. Nevertheless, the offices" in paragraphs[2]
    assert "3.2 billion crowns" in paragraphs[2]
    assert paragraphs[2].endswith(
        "The labour council met on Friday in a hall that had been built for 200."
    )
    assert paragraphs[3] == "What We Learned: Notes for the Next Time"
    assert paragraphs[4].startswith("The first lesson is that a timetable is a political text, and")
    assert paragraphs[4].endswith(
        "rain passes. Later strikes were shorter, but none of them began "
        "from nothing in the way that this one had."
    )


def test_wrapped_text_without_blank_lines() -> None:
    raw = (
        "The committee met in the back room of a bakery, and nobody took notes\n"
        "because everybody knew what had to be done before the morning came.\n"
        "It was late.\n"
        "In the morning the whole street was full of people, and the bakery sold\n"
        "more bread than it had sold in the whole of the month before that one.\n"
        "    After that it went quickly, since a street that is full of people is\n"
        "hard to empty again."
    )
    paragraphs = text_of(raw).split("\n\n")
    assert [p.split()[0] for p in paragraphs] == ["The", "In", "After"]
    assert "\n" not in "".join(paragraphs)


@pytest.mark.parametrize(
    "text",
    [
        "What do we want?\nBread!\nWhen do we want it?\nNow!",
        "free housing\nfree transport\nfree schools",
        "We demand:\n- higher wages\n- shorter hours\n- an end to the war",
        "We demand:\n• higher wages\n• shorter hours",
        "First things first.\n1. Bread for all\n2. Land for all",
        "A Heading\n\nIts text in one line.\n\nAnother Heading\n\nIts text.",
    ],
)
def test_short_lines_keep_their_lines(text: str) -> None:
    assert text_of(text) == text


def test_one_line_per_paragraph() -> None:
    long = "This paragraph is one long line, as web pages and word processors have them. " * 3
    assert text_of(f"{long}\n{long}\nShort one.\n{long}") == "\n\n".join(
        [long.strip(), long.strip(), "Short one.", long.strip()]
    )


def body(page: int) -> str:
    words = ["harbour", "mill", "school", "bakery", "railway", "office", "market", "tram"]
    return "\n".join(
        f"{words[row % 8]} and {words[(row + page) % 8]} had much to say about that year and"
        for row in range(20)
    )


def test_running_heads_at_given_pages() -> None:
    pages = [f"{n}   The Harbour Strike\n{body(n)}\n" for n in range(1, 5)]
    starts = tuple(sum(map(len, pages[:n])) for n in range(4))
    cleaned = text_of("".join(pages), starts)
    assert "The Harbour" not in cleaned
    assert cleaned.count("that year and") == 80
    assert "Harbour" not in text_of("\f".join(pages))


def test_running_heads_beside_page_numbers_or_far_apart() -> None:
    numbered = "\n\n".join(f"{body(n)}\n\nThe Harbour Strike\n\n{n}" for n in range(1, 5))
    assert "Harbour" not in text_of(numbered)
    bare = "\n\n".join(f"{body(n)}\n\nThe Harbour Strike {n}" for n in range(1, 5))
    assert "Harbour" not in text_of(bare)


def test_a_text_that_repeats_itself_keeps_its_headings() -> None:
    part = f"What Is To Be Said\n\n{body(1)}\n\nWhat Was Said\n\n{body(2)}\n\n"
    cleaned = text_of(part * 5)
    assert cleaned.count("What Is To Be Said") == cleaned.count("What Was Said") == 5


def test_refrains_and_columns_stay() -> None:
    song = "\n\n".join(
        f"A verse of the song number {w}\n\nWhich side are you on?" for w in "abcdef"
    )
    assert text_of(song) == song
    assert (
        text_of("Seats won:\n\n12\n15\n19\n\nand no more")
        == "Seats won:\n\n12\n15\n19\n\nand no more"
    )
    assert text_of("A text.\n\n1917\n\nAnother.") == "A text.\n\n1917\n\nAnother."


def test_web_furniture_goes_by_whole_lines_only() -> None:
    raw = (
        "Skip to content\n\nShare this:\n\nWe win. Share this leaflet with others.\n\n"
        "Leave a Reply\n\n"
        "Your email address will not be published. Required fields are marked *"
    )
    assert text_of(raw) == "We win. Share this leaflet with others."


def test_captions_need_a_gap_and_a_name() -> None:
    kept = "PRICES          RISE EVERY DAY"
    assert text_of(f"A text.\n\n{kept}\n\nAnother.").count("RISE") == 1
    assert (
        text_of("A text.\n\nA march, 1998          ANN LEE/UNION NEWS\n\nMore.")
        == "A text.\n\nMore."
    )


def test_span_leads_back() -> None:
    result = clean(PAMPHLET)
    for phrase, source in [
        ("produced", "pro-\nduced"),
        ("labour council", "la-\n\nHARBOUR NEWS\n\n\n\n22\n\nbour council"),
        ("habit.” The", "habit.”3 The"),
        ("slogan painted on a wall", "slogan painted on a wall"),
    ]:
        at = result.text.index(phrase)
        start, end = result.span(at, at + len(phrase))
        assert PAMPHLET[start:end] == source


def test_span_of_nothing() -> None:
    assert clean("").span(0, 0) == (0, 0)
    assert clean("  \n ").span(0, 5) == (0, 0)
    assert clean(" ab ").span(1, 1) == (2, 2)
    assert clean(" ab ").span(2, 2) == (3, 3)
    assert CleanText("ab").span(-3, 9) == (0, 2)


WORDS = """a B word Word word. Word, 1 12 1917 .1 ,2 .”3 [1] [2 ] . ! ? “ ” " ' – - • * 1. 2) page
ii XL Cookies the and anti-war anti- war ß ǅ 文 ع 😀 NAME GIVEN ﬁ ﬆ ¹² ¬"""
PIECES = st.sampled_from(
    [
        *WORDS.split(),
        *(
            " ",
            "\n",
            "\n\n",
            "    ",
            " " * 9,
            "\t",
            "\f",
            "\r",
            "\r\n",
            "\u2028",
            "\xa0",
            "\xad",
            "\u200b",
        ),
        *("\x00", "\ud800", ". 6 The ", "Leave a Reply\n", "a line that is long enough to wrap\n"),
    ]
)
TEXTS = st.one_of(st.lists(PIECES, max_size=60).map("".join), st.text(max_size=200))


@settings(max_examples=600, deadline=None)
@given(TEXTS)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = text_of(text)
    assert text_of(once) == once


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.lists(st.integers(-5, 400), max_size=5))
def test_pages_of_any_kind(text: str, pages: list[int]) -> None:
    once = text_of(text, tuple(pages))
    assert text_of(once) == once


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_spans(text: str) -> None:
    result = clean(text)
    before = (0, 0)
    for at, char in enumerate(result.text):
        start, end = result.span(at, at + 1)
        assert 0 <= start < end <= len(text)
        assert before[0] <= start
        assert before[1] <= end
        if end - start == 1 and char == text[start]:
            assert text[start:end] == char
        else:
            assert char in " \n" or end - start > 1 or "ﬀ" <= text[start] <= "ﬆ"
        before = (start, end)
    whole = result.span(0, len(result.text))
    assert 0 <= whole[0] <= whole[1] <= len(text)
    middle = len(result.text) // 2
    assert whole[0] <= result.span(middle, middle)[0] <= whole[1]


@pytest.mark.parametrize(
    "piece",
    [
        " ",
        "-",
        "1",
        "[",
        "]",
        "\n",
        "\t",
        ".",
        "(",
        '"',
        "¹",
        "\u00ad",
        "¬ ",
        "a",
        " a",
        "[1]",
        ".1 ",
        "\r",
        "\x0c",
    ],
)
def test_no_input_takes_long(piece: str) -> None:
    start = time.perf_counter()
    clean(piece * (1_000_000 // len(piece)))
    assert time.perf_counter() - start < 5


@pytest.mark.slow
@pytest.mark.parametrize("newline", ["\n", " "])
def test_ten_million_characters(newline: str) -> None:
    text = (PAMPHLET.replace("\n", newline) * 8000)[:10_000_000]
    start = time.perf_counter()
    result = clean(text)
    assert time.perf_counter() - start < 30  # about 4 s where nothing else runs
    assert len(result.text) > 9_000_000
    part = text[:1_000_000]
    tracemalloc.start()
    clean(part)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * sys.getsizeof(part)


def test_the_real_pamphlet(seeds: dict) -> None:
    raw = seeds["pamphlet"].read_text(encoding="utf-8")
    cleaned = text_of(raw)
    assert len(cleaned) > 0.97 * len(raw)
    assert cleaned.count("\n") < 300
    for wrong in ("pro-\n", "JALANI", "STEVE PYKE", "years.2", "\n\n22\n", "worth shit And"):
        assert wrong not in cleaned
    for right in ("produced years", "Fight for $15 and", "3.2 billion", "laboring people of Paris"):
        assert right in cleaned


def test_the_real_web_page(seeds: dict) -> None:
    cleaned = text_of(seeds["policy"].read_text(encoding="utf-8"))
    assert "Leave a Reply" not in cleaned
    assert "email address" not in cleaned
    assert "[1] Peter Camejo" in cleaned
