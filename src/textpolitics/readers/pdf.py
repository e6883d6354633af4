"""PDF files with a text layer."""

from __future__ import annotations

import re
from contextlib import closing

from textpolitics.document import Document
from textpolitics.errors import ReadError
from textpolitics.readers import encoding as encodings
from textpolitics.status import Reason

_START = re.compile(rb"(?:\A|[\r\n\x00])\s*(?:\xef\xbb\xbf)?%PDF-\d")
_LINEARIZED = re.compile(rb"/Linearized\b[^>]{0,200}?/L\s+(\d+)")
# pdfium swallows the line end behind a hyphen and leaves one of these for both
_SOFT_HYPHEN = re.compile("[\x02\ufffe]\n?")
_PASSWORD, _SECURITY = 4, 5  # error codes of pdfium
_GAP = "\n\n"


def looks_like(data: bytes, suffix: str) -> bool:
    """Recognise the signature, which may follow some rubbish."""
    del suffix
    return _START.search(data[:1024]) is not None


def read(data: bytes, name: str, encoding: str | None) -> Document:
    """Extract the text layer of a PDF file.

    Args:
        data: The bytes.
        name: Name of the input.
        encoding: Not used; PDF states its own.

    Returns:
        The text, page after page with a blank line between, and where each page
        starts. A line that ends in a hyphen keeps both hyphen and line end.

    Raises:
        ReadError: The file needs a password, is damaged or is cut short.
    """
    del encoding
    import pypdfium2

    _check_length(data, name)
    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (_PASSWORD, _SECURITY):
            raise ReadError(name, Reason.ENCRYPTED, "a PDF with a password") from None
        raise ReadError(name, Reason.CORRUPT, str(error)) from None
    texts: list[str] = []
    starts: list[int] = []
    offset = 0
    with closing(pdf):
        for number in range(len(pdf)):
            with closing(pdf[number]) as page, closing(page.get_textpage()) as layer:
                text = encodings.normalise(layer.get_text_bounded())
            texts.append(_SOFT_HYPHEN.sub("-\n", text))
            starts.append(offset)
            offset += len(texts[-1]) + len(_GAP)
    return Document(_GAP.join(texts), name, "pdf", None, tuple(starts))


def _check_length(data: bytes, name: str) -> None:
    """Refuse a file that lacks its end: pdfium would return the pages that are left."""
    promised = _LINEARIZED.search(data[:2048])
    if b"startxref" not in data or (promised and int(promised[1]) > len(data)):
        raise ReadError(name, Reason.CORRUPT, "cut short: the end of the PDF is missing")
