"""OCR results: regions in order, words whole, pages and confidences kept, hostile files refused."""

from __future__ import annotations

import gzip
import io
import tarfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from textpolitics.document import Document
from textpolitics.errors import ReadError
from textpolitics.readers import alto, djvu, gz, hocr, html, page, read
from textpolitics.readers.ocr import confidence
from textpolitics.status import Reason

FORMATS = Path(__file__).resolve().parent / "samples" / "formats"
REAL = Path(__file__).resolve().parent.parent.parent / "shared" / "samples" / "ocr"
ALTO_VERSIONS = [f"http://www.loc.gov/standards/alto/ns-v{number}#" for number in (2, 3, 4)]


def reason_of(data: bytes, name: str = "a.xml") -> Reason:
    with pytest.raises(ReadError) as caught:
        read(data, name)
    assert "\n" not in str(caught.value)
    return caught.value.reason


def alto_page(body: str, namespace: str = ALTO_VERSIONS[1]) -> bytes:
    space = f' xmlns="{namespace}"' if namespace else ""
    return f"<?xml version='1.0'?><alto{space}><Layout>{body}</Layout></alto>".encode()


def alto_lines(*lines: str) -> bytes:
    made = "".join(f"<TextLine>{line}</TextLine>" for line in lines)
    return alto_page(f"<Page><PrintSpace><TextBlock>{made}</TextBlock></PrintSpace></Page>")


def string(content: str, more: str = "") -> str:
    return f'<String CONTENT="{content}" {more}/>'


def part(number: int, content: str, whole: str = "") -> str:
    word = f'SUBS_CONTENT="{whole}"' if whole else ""
    return string(content, f'SUBS_TYPE="HypPart{number}" {word}')


def page_xml(body: str, order: str = "") -> bytes:
    space = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2013-07-15"
    ordered = f"<ReadingOrder>{order}</ReadingOrder>" if order else ""
    return f'<PcGts xmlns="{space}"><Page>{ordered}{body}</Page></PcGts>'.encode()


def region(name: str, text: str, inside: str = "") -> str:
    own = f"<TextLine><TextEquiv><Unicode>{text}</Unicode></TextEquiv></TextLine>" if text else ""
    return f'<TextRegion id="{name}">{own}{inside}</TextRegion>'


# ALTO ------------------------------------------------------------------------


@pytest.mark.parametrize("namespace", [*ALTO_VERSIONS, "http://schema.ccs-gmbh.com/ALTO", ""])
def test_alto_in_any_version(namespace: str) -> None:
    line = f"<TextLine>{string('Bread')}<SP/>{string('now')}</TextLine>"
    body = f"<Page><PrintSpace><TextBlock>{line}</TextBlock></PrintSpace></Page>"
    assert read(alto_page(body, namespace), "a.xml").text == "Bread now"


def test_alto_with_a_prefix_and_comments_before_it() -> None:
    data = (
        '<!-- one --><?x y?>\n<!-- two --><a:alto xmlns:a="urn:x"><a:Layout><a:Page><a:PrintSpace>'
        '<a:TextBlock><a:TextLine><a:String CONTENT="Bread"/></a:TextLine></a:TextBlock>'
        "</a:PrintSpace></a:Page></a:Layout></a:alto>"
    )
    for encoded in (data.encode(), data.encode("utf-8-sig"), data.encode("utf-16")):
        assert read(encoded, "a.xml").text == "Bread"


def test_alto_word_broken_at_a_line_end_is_whole_once() -> None:
    data = alto_lines(
        string("Every") + "<SP/>" + part(1, "house", "household") + '<HYP CONTENT="-"/>',
        part(2, "hold", "household") + "<SP/>" + string("pays."),
    )
    assert read(data, "a.xml").text == "Every household\npays."


def test_alto_broken_word_that_is_not_spelt_out_keeps_its_parts() -> None:
    data = alto_lines(part(1, "house") + '<HYP CONTENT="-"/>', part(2, "hold") + string("pays."))
    assert read(data, "a.xml").text == "house-\nhold pays."


def test_alto_hyphen_of_another_word_stays() -> None:
    data = alto_lines(
        part(1, "house", "household") + '<HYP CONTENT="-"/>',
        part(2, "hold", "household"),
        string("well") + '<HYP CONTENT="-"/>',
        string("known"),
    )
    assert read(data, "a.xml").text == "household\nwell-\nknown"


def test_alto_word_broken_over_pages_and_files_is_whole_once() -> None:
    first = f"<TextLine>{part(1, 'house', 'household')}<HYP CONTENT='-'/></TextLine>"
    second = f"<TextLine>{part(2, 'hold', 'household')}{string('pays.')}</TextLine>"
    pages = [
        f"<Page><PrintSpace><TextBlock>{line}</TextBlock></PrintSpace></Page>"
        for line in (first, second)
    ]
    both = read(alto_page("".join(pages)), "a.xml")
    assert (both.text, both.pages) == ("household\n\npays.", (0, 11))
    assert [read(alto_page(one), "a.xml").text for one in pages] == ["household", "pays."]


def test_alto_margins_stand_around_the_text() -> None:
    places = ("TopMargin", "LeftMargin", "RightMargin", "BottomMargin", "PrintSpace")
    body = "".join(
        f"<{place}><ComposedBlock><TextBlock><TextLine>{string(place)}</TextLine></TextBlock>"
        f"</ComposedBlock></{place}>"
        for place in places
    )
    assert read(alto_page(f"<Page>{body}</Page>"), "a.xml").text.split() == [
        "TopMargin",
        "PrintSpace",
        "LeftMargin",
        "RightMargin",
        "BottomMargin",
    ]


def test_alto_confidence() -> None:
    half = alto_lines(string("a", 'WC="0.25"'), string("b", 'WC="0.75"'), string("c"))
    assert read(half, "a.xml").word_confidence == pytest.approx(0.5)
    unknown = alto_lines(string("a", 'WC="0"'), string("b", 'WC="0.00"'))
    assert read(unknown, "a.xml").word_confidence is None
    assert read(alto_lines(string("a")), "a.xml").word_confidence is None


@pytest.mark.parametrize(
    ("stated", "full", "expected"),
    [
        ("0.5", 1.0, 0.5),
        ("96", 100.0, 0.96),
        ("96", 1.0, 0.96),
        ("1", 100.0, 0.01),
        ("", 1.0, None),
        (None, 1.0, None),
        ("nan", 1.0, None),
        ("inf", 1.0, None),
        ("-1", 1.0, None),
        ("1000", 100.0, None),
        ("high", 1.0, None),
    ],
)
def test_confidences(stated: str | None, full: float, expected: float | None) -> None:
    assert confidence(stated, full) == expected


# PAGE ------------------------------------------------------------------------


def test_page_follows_the_reading_order_through_nested_groups() -> None:
    body = "".join(region(name, name) for name in ("d", "c", "b", "a", "rest"))
    order = (
        '<OrderedGroup id="g">'
        '<RegionRefIndexed index="10" regionRef="d"/>'
        '<UnorderedGroupIndexed index="2" id="h"><RegionRef regionRef="b"/>'
        '<OrderedGroup id="i"><RegionRefIndexed index="0" regionRef="c"/></OrderedGroup>'
        "</UnorderedGroupIndexed>"
        '<RegionRefIndexed index="1" regionRef="a"/><RegionRefIndexed index="3" regionRef="gone"/>'
        "</OrderedGroup>"
    )
    assert read(page_xml(body, order), "a.xml").text.split() == ["a", "b", "c", "d", "rest"]
    assert read(page_xml(body), "a.xml").text.split() == ["d", "c", "b", "a", "rest"]


def test_page_regions_inside_regions_come_once() -> None:
    table = f'<TableRegion id="t">{region("t1", "one")}{region("t2", "two")}</TableRegion>'
    body = region("z", "z", region("z1", "inner")) + table + region("a", "a")
    order = "".join(
        f'<RegionRefIndexed index="{number}" regionRef="{name}"/>'
        for number, name in enumerate(("a", "t2", "t", "z", "a"))
    )
    text = read(page_xml(body, f'<OrderedGroup id="g">{order}</OrderedGroup>'), "a.xml").text
    assert text.split() == ["a", "two", "one", "z", "inner"]


def test_page_takes_the_first_reading_and_falls_back_to_the_parts() -> None:
    words = "".join(
        f"<Word><TextEquiv index='2'><Unicode>no</Unicode></TextEquiv>"
        f"<TextEquiv index='1' conf='0.{number}'><Unicode>{word}</Unicode></TextEquiv></Word>"
        for number, word in enumerate(("Bread", "for", "all."), start=4)
    )
    glyphs = "".join(
        f"<Glyph><TextEquiv><Unicode>{sign}</Unicode></TextEquiv></Glyph>" for sign in "Now"
    )
    own = "<TextEquiv><Unicode>Only\n the region</Unicode></TextEquiv>"
    body = (
        f'<TextRegion id="a"><TextLine>{words}</TextLine><TextLine><Word>{glyphs}</Word></TextLine>'
        f'<TextEquiv><Unicode>old</Unicode></TextEquiv></TextRegion><TextRegion id="b">{own}'
        "</TextRegion>"
    )
    document = read(page_xml(body), "a.xml")
    assert document.text == "Bread for all.\nNow\n\nOnly\nthe region"
    assert document.word_confidence == pytest.approx(0.5)


def test_page_confidence_of_lines_where_words_have_none() -> None:
    line = '<TextLine><TextEquiv conf="0.75"><Unicode>Bread</Unicode></TextEquiv></TextLine>'
    body = f'<TextRegion id="a">{line}</TextRegion>'
    assert read(page_xml(body), "a.xml").word_confidence == 0.75


# hOCR, DjVu and plain text ---------------------------------------------------


def test_hocr_pages_win_over_web_pages() -> None:
    source = (
        "<!DOCTYPE html><html><head><title>t</title></head><body>"
        "<div class='x ocr_page' title='a'><p class='ocr_par'><span class='ocr_line'>"
        "<span class='ocrx_word' title='bbox 1 2 3 4; x_wconf 80'>Bread</span>"
        "<span class='ocrx_word' title='bbox 1 2 3 4; x_wconf 90.5'><strong>now</strong></span>"
        "</span><span class='ocr_line'>and <span class='ocrx_word'>"
        "<span class='ocrx_cinfo'>r</span>\n<span class='ocrx_cinfo'>o</span>\n"
        "</span></span></p></div><div class='ocr_page'>Two<br>lines</div></body></html>"
    )
    for name in ("a.html", "a.hocr", "a", "a.txt"):
        document = read(source.encode(), name)
        assert document.format == "hocr"
        assert document.text == "Bread now\nand ro\n\nTwo\nlines"
        assert document.pages == (0, 18)
        assert document.word_confidence == pytest.approx(0.8525)


def test_page_about_hocr_is_a_web_page() -> None:
    source = b"<html><body><p>Write &lt;div class='ocr_page'&gt; first.</p></body></html>"
    assert read(source, "a.html").format == "html"


def test_page_without_words_is_a_document_without_text() -> None:
    empty = [
        alto_page("<Page/>"),
        page_xml(""),
        b"<DjVuXML><BODY><OBJECT/></BODY></DjVuXML>",
        b"<html><div class='ocr_page'></div></html>",
    ]
    for data in empty:
        document = read(data, "a.xml")
        assert (document.text, document.pages, document.word_confidence) == ("", (0,), None)


def test_form_feeds_part_the_pages_of_plain_text() -> None:
    document = read(b"One.\n\fTwo.\n\f\n\fFour.\n\f", "leaflet_djvu.txt")
    assert document.pages == (0, 6, 12, 14)
    assert document.page_at(document.text.index("Four")) == 4
    assert read(b"No page.", "a.txt").pages == ()


# gzip ------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(FORMATS.glob("leaflet.*")), ids=lambda path: path.name)
def test_gzip_around_any_format(path: Path) -> None:
    if path.suffix == ".gz":
        pytest.skip("is packed already")
    plain, name = path.read_bytes(), f"{path.name}.gz"
    packed = read(gzip.compress(plain), name)
    assert packed == read(plain, name) if path.suffix != ".md" else packed.format == "md"
    assert packed.source == name


def test_gzip_that_is_damaged_empty_or_twice() -> None:
    packed = gzip.compress(b"Bread now. " * 100)
    assert reason_of(packed[:-12], "a.txt.gz") is Reason.CORRUPT
    assert reason_of(packed[:20] + b"\xff" * 40, "a.txt.gz") is Reason.CORRUPT
    assert reason_of(gzip.compress(b" \n"), "a.txt.gz") is Reason.EMPTY
    assert reason_of(gzip.compress(packed), "a.txt.gz.gz") is Reason.UNSUPPORTED


def test_tar_archive_is_no_text() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo("a.txt")
        info.size = 11_000
        archive.addfile(info, io.BytesIO(b"Bread now. " * 1000))
    assert reason_of(buffer.getvalue(), "a.tar.gz") is Reason.UNSUPPORTED


def test_gzip_bomb_stops_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gz, "MAX_INFLATED", 1_000_000)
    bomb = gzip.compress(b"a" * 50_000_000)
    started = time.perf_counter()
    assert reason_of(bomb, "a.txt.gz") is Reason.TOO_LARGE
    assert time.perf_counter() - started < 1
    assert len(read(gzip.compress(b"a" * 1_000_000), "a.txt.gz").text) == 1_000_000


# hostile files ---------------------------------------------------------------

ROOTS = ("alto", "PcGts", "DjVuXML")


@pytest.mark.parametrize("root", ROOTS)
def test_entities_are_refused(root: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", "utf-8")
    nested = '<!ENTITY a0 "ha">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)
    )
    for declared, used in (
        (nested, "&a11;"),
        (nested, '<String CONTENT="&a11;"/>'),
        (f'<!ENTITY e SYSTEM "{secret.as_uri()}">', "&e;"),
        (f'<!ENTITY e SYSTEM "{secret.as_uri()}">', '<String CONTENT="&e;"/>'),
        (f'<!ENTITY % e SYSTEM "{secret.as_uri()}"> %e;', "x"),
    ):
        started = time.perf_counter()
        data = f"<!DOCTYPE {root} [{declared}]><{root}><Page>{used}</Page></{root}>".encode()
        assert reason_of(data) in (Reason.UNSUPPORTED, Reason.CORRUPT)
        assert time.perf_counter() - started < 2


@pytest.mark.parametrize("root", ROOTS)
def test_endless_nesting_is_refused(root: str) -> None:
    started = time.perf_counter()
    assert reason_of(f"<{root}>".encode() + b"<TextRegion>" * 1_000_000) is Reason.CORRUPT
    assert time.perf_counter() - started < 2


def test_external_definitions_are_not_loaded(tmp_path: Path) -> None:
    dtd = tmp_path / "a.dtd"
    dtd.write_text('<!ENTITY e "secret">', "utf-8")
    data = (
        f'<!DOCTYPE DjVuXML SYSTEM "{dtd.as_uri()}"><DjVuXML><BODY><OBJECT><PARAGRAPH><LINE>'
        "<WORD>Bread</WORD></LINE></PARAGRAPH></OBJECT></BODY></DjVuXML>"
    )
    assert read(data.encode(), "a.xml").text == "Bread"


@pytest.mark.parametrize(
    "data",
    [
        b"<!--a-->" * 5000 + b"x",
        b"<?a b?>" * 5000 + b"x",
        b"<!DOCTYPE a [" * 5000,
        b"<" + b" class='a" * 5000,
        b"<p class=" + b"a " * 30_000,
        b"<p class=" + b"a" * 60_000,
    ],
    ids=lambda data: data[:13].decode(),
)
def test_looking_at_the_beginning_takes_no_time(data: bytes) -> None:
    started = time.perf_counter()
    for module in (alto, page, djvu, hocr, html):
        assert module.looks_like(data, ".xml") in (True, False)
    assert time.perf_counter() - started < 1


def test_many_words_take_a_moment() -> None:
    words = 30_000
    name = '<String CONTENT="a" WC="0.5"/>'
    order = "<RegionRef regionRef='r'/>" * words
    inner = "<TextRegion id='r'>" * 200 + "</TextRegion>" * 200
    spelt = b"<b></b> " * words
    for data in (
        alto_lines(name * words),
        page_xml(inner + region("a", "a ") * 10_000, f"<UnorderedGroup>{order}</UnorderedGroup>"),
        b"<DjVuXML><BODY><OBJECT><PARAGRAPH><LINE>" + b"<WORD>a</WORD>" * words + b"</LINE>"
        b"</PARAGRAPH></OBJECT></BODY></DjVuXML>",
        b"<div class='ocr_page'><span class='ocrx_word'>" + spelt + b"</span></div>",
    ):
        started = time.perf_counter()
        read(data, "a.xml")
        assert time.perf_counter() - started < 5


# anything at all -------------------------------------------------------------

SAMPLES = [
    (FORMATS / name).read_bytes()
    for name in ("leaflet.hocr", "leaflet.alto.xml", "leaflet.page.xml", "leaflet.djvu.xml")
]
TAGS = (
    *("alto", "Layout", "Page", "PrintSpace", "TopMargin", "TextBlock", "TextLine", "PcGts"),
    *("TextRegion", "TableRegion", "Word", "TextEquiv", "Unicode", "ReadingOrder", "OrderedGroup"),
    *("RegionRefIndexed", "DjVuXML", "BODY", "OBJECT", "PARAGRAPH", "LINE", "WORD", "String"),
    *("HYP", "SP", "div", "span", "p"),
)
VALUES = ("ocr_page", "ocr_line", "ocrx_word", "ocrx_cinfo", "a", "0", "-1", "HypPart1", "HypPart2")
NAMES = (
    *("CONTENT", "WC", "SUBS_TYPE", "SUBS_CONTENT", "id", "regionRef", "index", "conf", "class"),
    *("title", "x-confidence"),
)


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> str:
    tag = draw(st.sampled_from(TAGS))
    attributes = draw(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=3))
    inside = draw(st.lists(elements(depth - 1), max_size=3)) if depth else ["a word"]
    written = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<{tag}{written}>{''.join(inside)}</{tag}>"


def returns_or_refuses(data: bytes) -> None:
    try:
        document = read(data, "a.xml")
    except ReadError:
        return
    assert isinstance(document, Document)
    document.text.encode()
    assert list(document.pages) == sorted(document.pages)
    assert all(page <= len(document.text) for page in document.pages)
    assert document.word_confidence is None or 0 <= document.word_confidence <= 1


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(["alto", "PcGts", "DjVuXML", "div class='ocr_page'"]), elements())
def test_any_elements(root: str, inside: str) -> None:
    returns_or_refuses(f"<{root}>{inside}</{root.split()[0]}>".encode())


@settings(deadline=None, max_examples=150)
@given(st.sampled_from([alto, page, djvu, hocr]), st.binary(max_size=300))
@example(alto, b"")
def test_any_bytes_given_to_a_reader(module: object, data: bytes) -> None:
    for start in (b"", b"<alto>", b"<PcGts>", b"<DjVuXML>", b"<p class='ocr_page'>"):
        returns_or_refuses(start + data)
        returns_or_refuses(gzip.compress(start + data))
        try:
            document = module.read(start + data, "a", None)  # type: ignore[attr-defined]
        except ReadError:
            continue
        assert isinstance(document, Document)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_damage(draw: st.DataObject) -> None:
    data = bytearray(draw.draw(st.sampled_from(SAMPLES)))
    for _ in range(draw.draw(st.integers(1, 6))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    cut = draw.draw(st.integers(1, len(data)))
    returns_or_refuses(bytes(data[:cut] if cut % 2 else data))
    packed = bytearray(gzip.compress(bytes(data)))
    packed[draw.draw(st.integers(0, len(packed) - 1))] = draw.draw(st.integers(0, 255))
    returns_or_refuses(bytes(packed))


# real files ------------------------------------------------------------------


@pytest.mark.skipif(not REAL.is_dir(), reason="real OCR files: developers only (../shared/samples)")
def test_real_files() -> None:
    old = read((REAL / "alto-v2-00001.xml").read_bytes(), "a.xml")
    assert old.text.startswith("81\n\nSo sollen sie")
    assert old.word_confidence == pytest.approx(0.88, abs=0.01)
    kant = REAL / "mets-kant"
    for number in ("0017", "0020"):
        made = read((kant / f"OCR-D-GT-PAGE/PAGE_{number}_PAGE.xml").read_bytes(), "a.xml")
        same = read((kant / f"OCR-D-GT-ALTO/PAGE_{number}_ALTO.xml").read_bytes(), "a.xml")
        assert (made.format, same.format) == ("page", "alto")
        assert "".join(made.text.split()) == "".join(same.text.split())
    assert reason_of((kant / "mets.xml").read_bytes()) is Reason.UNSUPPORTED
