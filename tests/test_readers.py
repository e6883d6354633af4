"""Readers: real files in, documents or one kind of error out."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from textpolitics.document import Document
from textpolitics.errors import ReadError, UsageError
from textpolitics.readers import FORMATS, archive, read
from textpolitics.status import Reason

SAMPLES = Path(__file__).resolve().parent / "samples"
LEAFLETS = sorted((SAMPLES / "formats").glob("leaflet.*"))
"""The same leaflet as leaflet.FORMAT; what shares a suffix or is packed has one behind it."""
CURLY = "The council’s café – “closed”, they say, for 10 £ a day."


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def format_of(path: Path) -> str:
    return path.name.split(".")[1]


def leaflet(suffix: str) -> bytes:
    return sample(f"formats/leaflet{suffix}")


def paragraphs(document: Document) -> list[list[str]]:
    return [part.split() for part in re.split(r"\n\s*\n", document.text.strip())]


def reason_of(data: bytes, name: str, encoding: str | None = None) -> Reason:
    with pytest.raises(ReadError) as caught:
        read(data, name, encoding)
    assert caught.value.where == name
    assert "\n" not in str(caught.value)
    return caught.value.reason


def zipped(**members: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name.replace("__", "/").replace("_", "."), content)
    return buffer.getvalue()


# formats ---------------------------------------------------------------------


def test_every_format_has_a_sample() -> None:
    assert {row.name for row in FORMATS} == {format_of(path) for path in LEAFLETS}


@pytest.mark.parametrize("path", LEAFLETS, ids=lambda path: path.name[7:])
def test_same_words_and_paragraphs_in_every_format(path: Path) -> None:
    document = read(path.read_bytes(), path.name)
    assert document.format == format_of(path)
    assert document.source == path.name
    assert paragraphs(document) == paragraphs(read(leaflet(".txt"), "leaflet.txt"))


@pytest.mark.parametrize("name", ["leaflet", "leaflet.txt", "leaflet.pdf", "leaflet.html", "a.xyz"])
@pytest.mark.parametrize("path", LEAFLETS, ids=lambda path: path.name[7:])
def test_content_decides_whatever_the_suffix(path: Path, name: str) -> None:
    expected = "txt" if path.suffix == ".md" else format_of(path)
    assert read(path.read_bytes(), name).format == expected


def test_suffix_in_capitals() -> None:
    assert read(leaflet(".md"), "LEAFLET.MD").format == "md"


def test_start_up_and_plain_text_load_no_parser() -> None:
    code = (
        "import sys; from textpolitics.readers import read; read('caf\\u00e9'.encode(), 'a.txt');"
        "heavy = {'lxml', 'pypdfium2', 'docx', 'striprtf', 'markdown_it', 'charset_normalizer',"
        " 'zipfile', 'gzip'}; sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# plain text and encodings ----------------------------------------------------


def test_text_is_the_decoded_file() -> None:
    content = "  One\tline \n\n\n\x0cnext – “two”\n "
    assert read(content.encode(), "a.txt").text == content


def test_line_ends() -> None:
    assert read("a\r\nb\rc\u2028d\x85e\n".encode(), "a.txt").text == "a\nb\nc\nd\ne\n"


@pytest.mark.parametrize(
    ("codec", "mark", "named"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8-sig", b"", "utf-8"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-16-be", b"", "utf-16-be"),
        ("utf-16-le", b"\xff\xfe", "utf-16-le"),
        ("utf-16-be", b"\xfe\xff", "utf-16-be"),
        ("utf-32-le", b"\xff\xfe\0\0", "utf-32-le"),
        ("utf-32-be", b"\0\0\xfe\xff", "utf-32-be"),
        ("cp1252", b"", "cp1252"),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a"])
def test_encodings_are_found_out(codec: str, mark: bytes, named: str, name: str) -> None:
    document = read(mark + CURLY.encode(codec), name)
    assert (document.text, document.encoding) == (CURLY, named)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_encodings_of_pages(codec: str) -> None:
    page = f"<html><body><p>{CURLY}</p></body></html>".encode(codec)
    assert read(page, "a.html").text == CURLY


@pytest.mark.parametrize(
    "text",
    ["Où est passée l’élection ? – À côté.", "Die Größe der Häuser ärgert Österreich.", "It’s £5."],
)
def test_western_text_is_cp1252(text: str) -> None:
    document = read(text.encode("cp1252"), "a.txt")
    assert (document.text, document.encoding) == (text, "cp1252")


def test_other_alphabets_are_left_to_the_detector() -> None:
    text = "Все граждане равны перед законом и имеют право на защиту без различия. " * 5
    document = read(text.encode("cp1251"), "a.txt")
    assert document.text == text
    assert document.encoding in ("cp1251", "windows_1251")


def test_declared_charset() -> None:
    page = '<meta charset="iso-8859-2"><p>Łódź żąda głosu</p>'.encode("iso-8859-2")
    document = read(page, "a.html")
    assert (document.text, document.encoding) == ("Łódź żąda głosu", "iso8859-2")
    latin = '<meta http-equiv="Content-Type" content="text/html; charset=ISO-8859-1"><p>“x”</p>'
    assert read(latin.encode("cp1252"), "a.html").text == "“x”"


def test_encoding_overrides() -> None:
    data = "naïve".encode("cp1252")
    assert read(data, "a.txt", "cp1250").text == data.decode("cp1250")
    assert read("żółć".encode("cp1250"), "a.txt", "cp1250").text == "żółć"
    assert read("Граждане".encode("utf-16-le"), "a.txt", "utf-16-le").text == "Граждане"
    assert read(b"\xef\xbb\xbfabc", "a.txt", "utf-8").text == "abc"
    assert read(leaflet(".pdf"), "a.pdf", "cp1252").format == "pdf"


@pytest.mark.parametrize("codec", ["utf-9", "hex", "a\0b", "", "é"])
def test_unknown_encoding_is_a_usage_error(codec: str) -> None:
    with pytest.raises(UsageError, match="--encoding"):
        read(b"abc", "a.txt", codec)


def test_bytes_that_do_not_decode() -> None:
    assert reason_of(b"caf\xe9 ole", "a.txt", "utf-8") is Reason.ENCODING
    assert reason_of(b"\xff\xfea\0b", "a.txt") is Reason.ENCODING
    damaged = "“Half a café” – it’s".encode() + b"\xe2\x80"
    assert reason_of(damaged, "a.txt") is Reason.ENCODING


def test_stray_nuls_are_dropped() -> None:
    assert read(b"Good text with\0 a NUL or two\0 in it.", "a.txt").text == (
        "Good text with a NUL or two in it."
    )


def test_ten_million_characters() -> None:
    data = b"All power to the assemblies, they said.\r\n" * 250_000
    assert len(read(data, "a.txt").text) == len(data) - 250_000


# marked-up text --------------------------------------------------------------


def test_markdown() -> None:
    source = (
        "---\ntitle: x\n---\n# Head\n\nOne **bold** [link](http://a.example)\nsoft.\n\n"
        "- first\n- second\n\n  more\n\n1. third\n\n| a | b |\n|---|---|\n| c | d |\n\n"
        "```\nx  =  1\n```\n\n<div>raw <b>html</b></div>\n\nend<br>line ![pic](p.png)\n"
    )
    assert read(source.encode(), "a.md").text == (
        "Head\n\nOne bold link\nsoft.\n\nfirst\nsecond\nmore\n\nthird\n\na\tb\nc\td\n\n"
        "x  =  1\n\nraw html\n\nend\nline"
    )


def test_markdown_rule_is_no_front_matter() -> None:
    assert "Kept" in read(b"---\n\nKept text.\n\n---\n\nMore.\n", "a.md").text


def test_page_structure() -> None:
    page = (
        "<html><body><header>Site</header><main><header>Kicker</header><h1>Head</h1>"
        "<div>One<br>two <b>three</b>\n four</div><ul><li>a<ul><li>b</li></ul></li><li><p>c</p>"
        "</li></ul><table><tr><td>1</td><td><p>2</p></td></tr><tr><td>3</td></tr></table>"
        "<pre>x  y\n z</pre>tail<!-- no -->.</main><div id='respond'><p>Reply</p></div>"
        "<footer>Foot</footer></body></html>"
    )
    assert read(page.encode(), "a.html").text == (
        "Kicker\n\nHead\n\nOne\ntwo three four\n\na\nb\nc\n\n1\t2\n3\n\nx  y\n z\n\ntail."
    )


def test_form_around_a_whole_page_is_kept() -> None:
    words = "The strike goes on. " * 30
    page = f"<html><body><form><p>{words}</p><input></form><form><p>Name</p></form></body></html>"
    assert read(page.encode(), "a.html").text == words.strip()


def test_text_under_html_suffix() -> None:
    assert read(b"Two lines\nof 1 < 2 text", "a.html").format == "txt"
    assert read(b"Some text<br>more", "a.html").text == "Some text\nmore"


def test_deep_nesting_is_read_or_refused_never_cut() -> None:
    assert read(b"<html>" + b"<font>x " * 1000 + b"END", "a.html").text.endswith("END")
    assert reason_of(b"<html>" + b"<div>x " * 5000 + b"END", "a.html") is Reason.CORRUPT


def test_page_without_text_is_a_document() -> None:
    assert read(b"<html><body><img src='a.png'></body></html>", "a.html").text == ""


def test_rtf() -> None:
    source = (
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 Times;}}\f0 Caf\'e9 \u8217?s\par "
        rb'Back\\par slash {\field{\*\fldinst{HYPERLINK "http://a.example"}}'
        rb"{\fldrslt link}}\par\trowd\cellx1 a\cell b\cell\row\pard \u-10179?\u-8704?\par}"
    )
    text = read(source, "a.rtf").text
    assert text == "Café ’s\n\nBack\\par slash link\n\na\tb\t\n\U0001f600"
    assert reason_of(source[:-20], "a.rtf") is Reason.CORRUPT
    assert reason_of(rb"{\rtf1\ansi\ansicpg1252 a\'81 }", "a.rtf") is Reason.ENCODING


# office ----------------------------------------------------------------------


def test_docx_structure() -> None:
    import docx
    from docx.oxml import parse_xml

    made = docx.Document()
    made.add_paragraph("First")
    made.add_paragraph("item", style="List Bullet")
    made.add_paragraph("other", style="List Bullet")
    table = made.add_table(rows=2, cols=2)
    for number, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.text = str(number)
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    tracked = (
        f'<w:p xmlns:w="{word}"><w:r><w:t xml:space="preserve">Kept </w:t></w:r>'
        "<w:ins><w:r><w:t>added</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:r><w:br/><w:t>line</w:t></w:r></w:p>"
    )
    made.element.body.insert(-1, parse_xml(tracked))
    buffer = io.BytesIO()
    made.save(buffer)
    assert read(buffer.getvalue(), "a.docx").text == (
        "First\n\nitem\nother\n\n0\t1\n2\t3\n\nKept added\nline"
    )


def odt(body: str, manifest: str = "") -> bytes:
    oasis = "urn:oasis:names:tc:opendocument:xmlns"
    spaces = " ".join(f'xmlns:{p}="{oasis}:{p}:1.0"' for p in ("office", "text", "table"))
    content = f"<office:document-content {spaces}><office:body><office:text>{body}"
    content += "</office:text></office:body></office:document-content>"
    kind = "application/vnd.oasis.opendocument.text"
    return zipped(mimetype=kind, content_xml=content, **{"META-INF__manifest_xml": manifest})


def test_odt_structure() -> None:
    body = (
        '<text:h>Head</text:h><text:p>a<text:s text:c="3"/>b<text:tab/>c<text:line-break/>d'
        "<text:note><text:note-body><text:p>Note</text:p></text:note-body></text:note>.</text:p>"
        "<text:list><text:list-item><text:p>one</text:p></text:list-item><text:list-item>"
        "<text:p>two</text:p></text:list-item></text:list><table:table><table:table-row>"
        "<table:table-cell><text:p>1</text:p></table:table-cell><table:table-cell><text:p>2"
        "</text:p></table:table-cell></table:table-row></table:table>"
    )
    assert read(odt(body), "a.odt").text == "Head\n\na   b\tc\nd.\n\none\ntwo\n\n1\t2"
    assert read(odt(""), "a.odt").text == ""
    assert reason_of(odt("", "<m:encryption-data/>"), "a.odt") is Reason.ENCRYPTED
    assert reason_of(odt("<text:p>"), "a.odt") is Reason.CORRUPT


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", "utf-8")
    entities = f'<!ENTITY e SYSTEM "{secret.as_uri()}"><!ENTITY f "inner">'
    evil = f"<!DOCTYPE a [{entities}]><a><body>x&e;&f;y</body></a>"
    kind = "application/vnd.oasis.opendocument.text"
    text = read(zipped(mimetype=kind, content_xml=evil), "a.odt").text
    assert text == "xy"


def test_damaged_and_foreign_archives() -> None:
    for suffix in (".docx", ".odt", ".epub"):
        assert reason_of(leaflet(suffix)[:-30], f"a{suffix}") is Reason.CORRUPT
    assert reason_of(leaflet(".docx")[:-30], "a") is Reason.UNSUPPORTED
    assert reason_of(zipped(a_txt="words"), "a.docx") is Reason.UNSUPPORTED
    assert reason_of(zipped(word__document_xml="<w/>"), "a.docx") is Reason.CORRUPT
    package = zipped(mimetype="application/epub+zip", a="b")
    assert reason_of(package, "a.epub") is Reason.CORRUPT


def test_archive_that_inflates_too_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_INFLATED", 500)
    for suffix in (".docx", ".odt", ".epub"):
        assert reason_of(leaflet(suffix), f"a{suffix}") is Reason.TOO_LARGE


def test_old_and_encrypted_office_files() -> None:
    magic = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    with pytest.raises(ReadError, match=r"save as \.docx"):
        read(magic + "WordDocument".encode("utf-16-le"), "a.doc")
    encrypted = magic + "EncryptedPackage".encode("utf-16-le")
    assert reason_of(encrypted, "a.docx") is Reason.ENCRYPTED
    assert reason_of(magic, "a.xls") is Reason.UNSUPPORTED


# PDF -------------------------------------------------------------------------


def test_pdf_pages() -> None:
    document = read(sample("pages.pdf"), "pages.pdf")
    assert len(document.pages) == 3
    for words, page in (("First page.", 1), ("The coun-\ncil met.", 3), ("Third page.", 3)):
        assert document.page_at(document.text.index(words)) == page
    assert document.text[document.pages[2] :].startswith("The coun-\ncil met.\nThird page.")


def test_pdf_passwords() -> None:
    assert reason_of(sample("encrypted.pdf"), "encrypted.pdf") is Reason.ENCRYPTED
    assert "Harbour Street" in read(sample("locked.pdf"), "locked.pdf").text


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9])
def test_truncated_pdf(share: float) -> None:
    data = leaflet(".pdf")
    assert reason_of(data[: int(len(data) * share)], "a.pdf") is Reason.CORRUPT


def test_pdf_without_text_layer_is_a_document() -> None:
    document = read(sample("scan.pdf"), "scan.pdf")
    assert (document.format, document.text.strip()) == ("pdf", "")


# what is no document ---------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b" \r\n\t", b"\xef\xbb\xbf", b"\xff\xfe \0\n\0", bytes(50)])
@pytest.mark.parametrize("name", ["a.txt", "a.pdf", "a.docx", "a"])
def test_nothing_in_it(data: bytes, name: str) -> None:
    assert reason_of(data, name) is Reason.EMPTY


def test_only_unicode_white_space() -> None:
    assert reason_of("\u2003\xa0\u2028".encode(), "a.txt") is Reason.EMPTY


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        b"\xff\xd8\xff\xe0" + bytes(100),
        b"GIF89a" + b"text " * 50,
        bytes(range(256)) * 4,
        b"\x01\x02\x03",
        b"%!PS-Adobe-3.0\n",
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.png", "a.html", "a"])
def test_binary_is_unsupported(data: bytes, name: str) -> None:
    assert reason_of(data, name) is Reason.UNSUPPORTED


def test_unknown_xml_is_unsupported() -> None:
    assert reason_of(b'<?xml version="1.0"?><TEI>words</TEI>', "a.xml") is Reason.UNSUPPORTED


NAMES = st.sampled_from([path.name for path in LEAFLETS] + ["a", "a.doc", "a.bin", "", "a/b.TXT"])
STARTS = [b"", b"%PDF-1.4\n", b"PK\x03\x04", b"{\\rtf1 ", b"<html>", b"\xff\xfe", b"\xef\xbb\xbf"]
STARTS += [b"<alto>", b"<PcGts>", b"<DjVuXML>", b"<div class='ocr_page'>", b"\x1f\x8b\x08"]
LEAFLET_BYTES = [path.read_bytes() for path in LEAFLETS]


def returns_or_refuses(data: bytes, name: str) -> None:
    try:
        document = read(data, name)
    except ReadError:
        return
    assert isinstance(document, Document)
    document.text.encode()
    assert "\r" not in document.text
    assert list(document.pages) == sorted(document.pages)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(STARTS), st.binary(max_size=400), NAMES)
@example(b"{\\rtf1 ", b"\\u-10179?}", "a.rtf")
def test_any_bytes(start: bytes, data: bytes, name: str) -> None:
    returns_or_refuses(start + data, name)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=400), NAMES)
def test_any_text(text: str, name: str) -> None:
    returns_or_refuses(text.encode(), name)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_damage_to_a_document(draw: st.DataObject) -> None:
    data = bytearray(draw.draw(st.sampled_from(LEAFLET_BYTES)))
    for _ in range(draw.draw(st.integers(1, 6))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    cut = draw.draw(st.integers(1, len(data)))
    returns_or_refuses(bytes(data[:cut] if cut % 2 else data), draw.draw(NAMES))
