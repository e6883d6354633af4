"""Makes the sample documents under ``tests/samples``; tests only read the results.

Needs reportlab, python-docx and pypdf with cryptography, best in an environment
of its own: ``pip install reportlab python-docx "pypdf[crypto]"``. Run it from
anywhere; it overwrites the samples.
"""

from __future__ import annotations

import gzip
import html
import zipfile
from pathlib import Path

from docx import Document
from pypdf import PdfReader, PdfWriter
from reportlab.lib.pagesizes import A6
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

SAMPLES = Path(__file__).resolve().parent / "samples"
LEAFLET = SAMPLES / "formats"
PARAGRAPHS = (
    "The landlords of Harbour Street have raised the rent again, and the council’s answer was"
    " a shrug.",
    "On Friday we met in the Café Union: sixty tenants, two dockers and a baker who gave us bread.",
    "We ask every household to withhold the increase, to come to the meeting on Saturday and to"
    " bring a neighbour.",
)
MEETING = "the meeting on Saturday"
STAMP = (2024, 1, 1, 0, 0, 0)


def text_formats() -> None:
    """Write the leaflet as txt, md, html and rtf."""
    (LEAFLET / "leaflet.txt").write_text("\n\n".join(PARAGRAPHS) + "\n", "utf-8", newline="\n")
    linked = [text.replace(MEETING, f"[{MEETING}](https://example.org/a)") for text in PARAGRAPHS]
    linked[0] = linked[0].replace("again", "*again*")
    matter = "---\ntitle: Rent\ntags: [rent]\n---\n\n"
    (LEAFLET / "leaflet.md").write_text(matter + "\n\n".join(linked) + "\n", "utf-8", newline="\n")
    (LEAFLET / "leaflet.html").write_text(page(), "utf-8", newline="\n")
    coded = "\\par\n".join(
        "".join(c if ord(c) < 128 else f"\\u{ord(c)}?" for c in text) for text in PARAGRAPHS
    )
    rtf = "{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0 Times;}}\\uc1\\f0 " + coded + "\\par}\n"
    (LEAFLET / "leaflet.rtf").write_text(rtf, "ascii", newline="\n")


def page() -> str:
    """Return the leaflet as a web page with furniture around it."""
    body = "\n".join(f"<p>{html.escape(text, quote=False)}</p>" for text in PARAGRAPHS)
    body = body.replace(MEETING, f'<a href="a.html">{MEETING}</a>').replace("é", "&eacute;")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Rent</title>\n'
        "<style>p { color: black }</style><script>var a = 1 < 2;</script></head>\n"
        "<body><header>Harbour News</header><nav><a href='/'>Home</a></nav>\n"
        f"<article>\n{body}\n</article>\n<aside>Read also</aside>\n"
        "<form><input name='q'><button>Search</button></form>"
        "<footer>Imprint</footer></body></html>\n"
    )


def zipped(path: Path, members: dict[str, str]) -> None:
    """Write a zip archive; the first member is stored, as odt and epub want it."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, content) in enumerate(members.items()):
            info = zipfile.ZipInfo(name, STAMP)
            info.compress_type = zipfile.ZIP_DEFLATED if number else zipfile.ZIP_STORED
            archive.writestr(info, content)


def office() -> None:
    """Write the leaflet as docx and odt."""
    document = Document()
    for text in PARAGRAPHS:
        document.add_paragraph(text)
    document.save(str(LEAFLET / "leaflet.docx"))
    oasis = "urn:oasis:names:tc:opendocument:xmlns"
    body = "".join(f"<text:p>{html.escape(text, quote=False)}</text:p>" for text in PARAGRAPHS)
    content = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<office:document-content xmlns:office="{oasis}:office:1.0" xmlns:text="{oasis}:text:1.0">'
        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.text"
    manifest = (
        f'<manifest:manifest xmlns:manifest="{oasis}:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        "</manifest:manifest>"
    )
    members = {"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest}
    zipped(LEAFLET / "leaflet.odt", members)


def epub() -> None:
    """Write the leaflet as an e-book of two chapters and a table of contents."""
    idpf = "http://www.idpf.org/2007"
    package = (
        f'<package xmlns="{idpf}/opf" version="3.0" unique-identifier="i">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="i">rent'
        "</dc:identifier><dc:title>Rent</dc:title><dc:language>en</dc:language></metadata>"
        '<manifest><item id="n" href="nav.xhtml" media-type="application/xhtml+xml"'
        ' properties="nav"/><item id="b" href="text/part%20two.xhtml"'
        ' media-type="application/xhtml+xml"/><item id="a" href="text/one.xhtml"'
        ' media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/></spine></package>'
    )
    container = (
        '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
        '<rootfiles><rootfile full-path="OPS/book.opf"'
        ' media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    members = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": container,
        "OPS/book.opf": package,
        "OPS/nav.xhtml": chapter("<nav><ol><li><a href='text/one.xhtml'>One</a></li></ol></nav>"),
        "OPS/text/part two.xhtml": chapter(f"<p>{PARAGRAPHS[2]}</p>"),
        "OPS/text/one.xhtml": chapter("".join(f"<p>{text}</p>" for text in PARAGRAPHS[:2])),
    }
    zipped(LEAFLET / "leaflet.epub", members)


def chapter(body: str) -> str:
    """Return one chapter of the e-book; it has an entity that only HTML knows."""
    body = body.replace("é", "&eacute;")
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml">'
        f"<head><title/></head><body><section>{body}</section></body></html>"
    )


def lines(text: str) -> list[list[str]]:
    """Return the words of a paragraph by lines of about forty characters."""
    made: list[list[str]] = [[]]
    for word in text.split():
        if len(" ".join((*made[-1], word))) > 40:
            made.append([])
        made[-1].append(html.escape(word, quote=True))
    return made


def write(name: str, text: str) -> None:
    """Write one of the formats of text."""
    (LEAFLET / name).write_text(text, "utf-8", newline="\n")


def ocr() -> None:
    """Write the leaflet as OCR results: two pages of hOCR and DjVu, one of ALTO and PAGE."""
    pages = (PARAGRAPHS[:2], PARAGRAPHS[2:])
    write("leaflet.hocr", HOCR.format("\n".join(map(hocr_page, pages))))
    write("leaflet.djvu.xml", DJVU.format("\n".join(map(djvu_page, pages))))
    blocks = "\n".join(f"<TextBlock>{alto_lines(text)}</TextBlock>" for text in PARAGRAPHS)
    write("leaflet.alto.xml", ALTO.format(blocks))
    regions = [page_region(number, text) for number, text in enumerate(PARAGRAPHS)]
    write("leaflet.page.xml", PAGE.format("\n".join(reversed(regions))))
    packed = gzip.compress((LEAFLET / "leaflet.txt").read_bytes(), mtime=0)
    (LEAFLET / "leaflet.txt.gz").write_bytes(packed)


HOCR = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" \
"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Rent</title>
<meta name="ocr-system" content="by hand"/></head>
<body>
{}
</body></html>
"""
DJVU = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE DjVuXML PUBLIC "-//W3C//DTD DjVuXML 1.1//EN" "pubtext/DjVuXML-s.dtd">
<DjVuXML><HEAD/><BODY>
{}
</BODY></DjVuXML>
"""
ALTO = """<?xml version="1.0" encoding="UTF-8"?>
<alto xmlns="http://www.loc.gov/standards/alto/ns-v3#">
<Description><MeasurementUnit>pixel</MeasurementUnit></Description>
<Layout><Page ID="P1"><TopMargin/><LeftMargin/><RightMargin/><BottomMargin/><PrintSpace>
{}
</PrintSpace></Page></Layout></alto>
"""
PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15">
<Metadata><Creator>by hand</Creator></Metadata>
<Page imageFilename="rent.tif" imageWidth="900" imageHeight="1200"><ReadingOrder>
<OrderedGroup id="g"><RegionRefIndexed index="0" regionRef="r0"/>
<OrderedGroupIndexed index="1" id="h"><RegionRefIndexed index="10" regionRef="r2"/>
<RegionRefIndexed index="9" regionRef="r1"/></OrderedGroupIndexed></OrderedGroup></ReadingOrder>
{}
</Page></PcGts>
"""


def hocr_page(texts: tuple[str, ...]) -> str:
    """Return a page of hOCR."""
    made = ["<div class='ocr_page' title='bbox 0 0 900 1200'>"]
    for text in texts:
        made.append("<div class='ocr_carea'><p class='ocr_par'>")
        for line in lines(text):
            words = (
                f"<span class='ocrx_word' title='bbox 0 0 9 9; x_wconf 9{len(word) % 10}'>"
                f"{word}</span>"
                for word in line
            )
            made.append(f"<span class='ocr_line'>{' '.join(words)}</span>")
        made.append("</p></div>")
    return "\n".join((*made, "</div>"))


def djvu_page(texts: tuple[str, ...]) -> str:
    """Return a page of DjVu XML."""
    made = ['<OBJECT type="image/x.djvu" height="1200" width="900"><HIDDENTEXT>']
    for text in texts:
        made.append("<PAGECOLUMN><REGION><PARAGRAPH>")
        for line in lines(text):
            words = (f'<WORD coords="0,9,9,0" x-confidence="90">{word}</WORD>' for word in line)
            made.append(f"<LINE>{' '.join(words)}</LINE>")
        made.append("</PARAGRAPH></REGION></PAGECOLUMN>")
    return "\n".join((*made, "</HIDDENTEXT></OBJECT>"))


def alto_lines(text: str) -> str:
    """Return a paragraph as lines of ALTO, with the first word of each line broken before it."""
    made: list[list[str]] = []
    for line in lines(text):
        first, half = line[0], len(line[0]) // 2
        if made and half and "&" not in first:
            broken = f'SUBS_CONTENT="{first}" WC="0.9"'
            made[-1] += (
                f'<SP/><String CONTENT="{first[:half]}" SUBS_TYPE="HypPart1" {broken}/>',
                '<HYP CONTENT="-"/>',
            )
            made.append([f'<String CONTENT="{first[half:]}" SUBS_TYPE="HypPart2" {broken}/>'])
        else:
            made.append([f'<String CONTENT="{first}" WC="0.9"/>'])
        made[-1] += (f'<SP/><String CONTENT="{word}" WC="0.9"/>' for word in line[1:])
    return "\n".join(f"<TextLine>{''.join(line)}</TextLine>" for line in made)


def page_region(number: int, text: str) -> str:
    """Return a paragraph as a region of PAGE XML, with a worse second reading of each line."""
    made = [f'<TextRegion id="r{number}"><Coords points="0,0 9,9"/>']
    for line in lines(text):
        words = (
            f'<Word><TextEquiv conf="0.9"><Unicode>{word}</Unicode></TextEquiv></Word>'
            for word in line
        )
        made.append(
            f"<TextLine>{''.join(words)}"
            '<TextEquiv index="1"><Unicode>???</Unicode></TextEquiv>'
            f'<TextEquiv index="0"><Unicode>{" ".join(line)}</Unicode></TextEquiv></TextLine>'
        )
    return "\n".join((*made, "</TextRegion>"))


def pdfs() -> None:
    """Write the leaflet with a paragraph to a page, and PDF files with peculiarities."""
    style = getSampleStyleSheet()["BodyText"]
    story = [part for text in PARAGRAPHS for part in (Paragraph(text, style), PageBreak())]
    leaflet = LEAFLET / "leaflet.pdf"
    SimpleDocTemplate(str(leaflet), pagesize=A6, invariant=1).build(story[:-1])
    canvas = Canvas(str(SAMPLES / "pages.pdf"), pagesize=A6, invariant=1)
    for lines in (("First page.",), (), ("The coun-", "cil met.", "Third page.")):
        for number, line in enumerate(lines):
            canvas.drawString(40, 350 - 14 * number, line)
        canvas.showPage()
    canvas.save()
    canvas = Canvas(str(SAMPLES / "scan.pdf"), pagesize=A6, invariant=1)
    canvas.rect(40, 40, 200, 300, fill=1)
    canvas.showPage()
    canvas.save()
    for name, user in (("encrypted.pdf", "secret"), ("locked.pdf", "")):
        writer = PdfWriter(clone_from=PdfReader(leaflet))
        writer.encrypt(user, owner_password="owner", algorithm="AES-256")
        writer.write(SAMPLES / name)


if __name__ == "__main__":
    LEAFLET.mkdir(parents=True, exist_ok=True)
    for make in (text_formats, office, epub, ocr, pdfs):
        make()
