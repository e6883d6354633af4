"""Makes the sample documents under ``tests/samples``; tests only read the results.

Needs reportlab, python-docx and pypdf with cryptography, best in an environment
of its own: ``pip install reportlab python-docx "pypdf[crypto]"``. Run it from
anywhere; it overwrites the samples.
"""

from __future__ import annotations

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
    for make in (text_formats, office, epub, pdfs):
        make()
