"""From bytes to characters: which encoding, and the same line ends everywhere."""

from __future__ import annotations

import codecs
import re

from textpolitics.errors import ReadError
from textpolitics.readers import binary
from textpolitics.status import Reason

_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16 LE, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 65_536
_DETECT = 200_000
_ASCII = bytes(range(128))
_WESTERN_LETTERS = "ŒœÀÂÄÇÈÉÊËÎÏÔÖÙÛÜßàáâäåæçèéêëíîïñóôöøùúûü".encode("cp1252")
_WESTERN_SIGNS = "€‚„…‘’“”•–—™\xa0¡£§©«\xad®°´·»¼½¾¿×".encode("cp1252")
_ASCII_LETTERS = bytes(c for c in _ASCII if chr(c).isalpha())
_UTF8_SEQUENCE = (  # compiled when needed, for it takes some milliseconds
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_LATIN_1 = {"ascii", "iso8859-1"}
_SURROGATE = re.compile("[\ud800-\udfff]")


def is_text(data: bytes) -> bool:
    """Tell whether bytes are text in some encoding, not binary content."""
    return _by_mark(data) is not None or binary.few_controls(data) or _wide(data) is not None


def head(data: bytes, size: int = 4096) -> str:
    """Return the beginning for a look at its ASCII part, whatever the encoding."""
    start = data[:size].replace(b"\x00", b"").decode("latin-1")
    return start.lstrip("\xef\xbb\xbf\xff\xfe \t\r\n\f")


def decode(
    data: bytes, name: str, encoding: str | None = None, declared: str | None = None
) -> tuple[str, str]:
    """Decode a text, finding out the encoding where none is given.

    Args:
        data: The bytes.
        name: Name of the input, for messages.
        encoding: Encoding that the user asked for; nothing else is tried then.
        declared: Encoding that the text itself declares, a mere hint.

    Returns:
        The text with plain newlines, without byte order mark and NULs, and
        the name of the encoding.

    Raises:
        ReadError: The bytes do not decode, or decode to something that is no text.
    """
    text, used = decode_exactly(data, name, encoding, declared)
    return normalise(text), used


def decode_exactly(
    data: bytes, name: str, encoding: str | None = None, declared: str | None = None
) -> tuple[str, str]:
    """Decode as `decode` does, but leave line ends and NULs as they are."""
    used = encoding or _by_mark(data) or _guess(data, name, declared)
    try:
        text = data.decode(used)
    except UnicodeError as error:
        raise ReadError(name, Reason.ENCODING, f"not valid {used}: {_where(error)}") from None
    text = text.removeprefix("\ufeff")
    if not binary.few_controls_in(text):
        raise ReadError(name, Reason.UNSUPPORTED, "binary content, no text")
    return text, used


def normalise(text: str) -> str:
    """Make every line end a newline, drop NULs and mend or drop halved characters."""
    for end in ("\r\n", "\r", "\u2028", "\x85"):
        text = text.replace(end, "\n")
    text = text.replace("\x00", "")
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    return text


def _by_mark(data: bytes) -> str | None:
    return next((name for mark, name in _MARKS if data.startswith(mark)), None)


def _guess(data: bytes, name: str, declared: str | None) -> str:
    wide = _wide(data)
    if wide is not None:
        return wide
    if _decodes(data, "utf-8"):
        return "utf-8"
    high = data.translate(None, _ASCII)
    sound = sum(len(match[0]) for match in re.finditer(_UTF8_SEQUENCE, data))
    if sound > 3 and 2 * sound > len(high):
        raise ReadError(name, Reason.ENCODING, "UTF-8 with damaged characters; mend the file")
    for candidate in _claims(declared):
        if _decodes(data, candidate):
            return candidate
    if _western(data, high) and _decodes(data, "cp1252"):
        return "cp1252"
    return _detect(data, name)


def _wide(data: bytes) -> str | None:
    """Recognise UTF-16 without a mark by its NULs, as some Windows programs export it."""
    sample = data[:_SAMPLE]
    pairs = len(sample) // 2
    if not pairs or len(data) % 2:
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    for zeros, others, name in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if zeros > 0.4 * pairs and others < 0.05 * pairs and _decodes(data, name):
            return (
                name if binary.few_controls_in(sample[: 2 * pairs].decode(name, "ignore")) else None
            )
    return None


def _claims(declared: str | None) -> tuple[str, ...]:
    try:
        codec = codecs.lookup(declared).name if declared else ""
        b"".decode(codec or "utf-8")
    except (LookupError, ValueError):
        return ()
    if codec in _LATIN_1:  # what pages call Latin-1 is Windows-1252, as every browser knows
        return ("cp1252", "iso8859-1")
    return (codec,) if codec else ()


def _western(data: bytes, high: bytes) -> bool:
    """Tell whether the high bytes are those of English, French or German in cp1252."""
    usual = len(high) - len(high.translate(None, _WESTERN_LETTERS + _WESTERN_SIGNS))
    accented = len(high) - len(high.translate(None, _WESTERN_LETTERS))
    letters = len(data) - len(data.translate(None, _ASCII_LETTERS))
    return usual >= 0.95 * len(high) and accented <= 0.3 * (letters + accented)


def _detect(data: bytes, name: str) -> str:
    from charset_normalizer import from_bytes

    cut = data.rfind(b"\n", 0, _DETECT) + 1 if len(data) > _DETECT else 0
    best = from_bytes(data[: cut or _DETECT]).best()
    if best is None:
        raise ReadError(name, Reason.ENCODING, "no encoding fits; name the right one")
    return best.encoding


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except (UnicodeError, LookupError):
        return False
    return True


def _where(error: UnicodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"{error.reason} at byte {error.start}"
    return " ".join(str(error).split())[:80]
