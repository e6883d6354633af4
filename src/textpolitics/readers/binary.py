"""Telling text from bytes that are none, and naming what cannot be read."""

from __future__ import annotations

from textpolitics.status import Reason

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"AT&TFORM", "a DjVu scan; convert it to PDF with a text layer"),
    (b"%!PS", "PostScript; convert it to PDF"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive; unpack it first"),
    (b"BZh91AY&SY", "a bzip2 archive; unpack it first"),
    (b"\xfd7zXZ\x00", "an xz archive; unpack it first"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x7fELF", "a program"),
)
_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\v\f\r\x1b")
_CONTROL_TEXT = dict.fromkeys(_CONTROLS)
_SHARE = 0.02
_FEW = 4
_SAMPLE = 65_536


def reject(data: bytes) -> tuple[Reason, str] | None:
    """Recognise what must never be taken for text, with the reason to give."""
    if data.startswith(_OLE):
        return _ole(data)
    for signature, what in _SIGNATURES:
        if data.startswith(signature):
            return Reason.UNSUPPORTED, what
    return None


def describe(data: bytes) -> str:
    """Say in a few words what unreadable bytes are."""
    if is_container(data):
        return "a zip archive that holds no docx, odt or epub document; unpack it first"
    if data.lstrip().startswith((b"<?xml", b"<svg")):
        return "XML that is no web page and no ALTO, PAGE or DjVu text"
    return "binary content, no text"


def is_container(data: bytes) -> bool:
    """Tell whether the bytes start like a zip archive."""
    return data.startswith(_ZIP)


def few_controls(data: bytes) -> bool:
    """Tell whether control characters are few enough for single-byte text."""
    return _few(len(data) - len(data.translate(None, _CONTROLS)), len(data))


def few_controls_in(text: str) -> bool:
    """Tell the same of decoded text by its beginning."""
    sample = text[:_SAMPLE]
    return _few(len(sample) - len(sample.translate(_CONTROL_TEXT)), len(sample))


def _few(controls: int, length: int) -> bool:
    # A stray NUL or two must not condemn a short text, nor three bytes of noise pass as one.
    return controls <= max(_SHARE * length, min(_FEW, 0.3 * length))


def _ole(data: bytes) -> tuple[Reason, str]:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return Reason.ENCRYPTED, "an Office document with a password"
    if "WordDocument".encode("utf-16-le") in data:
        return Reason.UNSUPPORTED, "old Word .doc; save as .docx"
    return Reason.UNSUPPORTED, "an old Office file; save as .docx or .pdf"
