"""The closed list of statuses and reason codes, each with its one meaning.

These codes are a contract: they stand in the JSON of ``classify`` and in the
tables of ``label``. A label called ``none`` is not among them: it is a
judgement about a text, abstention is the absence of one.
"""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What became of one input."""

    OK = "ok"
    ABSTAINED = "abstained"
    FAILED = "failed"
    SKIPPED = "skipped"


class Reason(StrEnum):
    """Why an input or an axis has no label."""

    # abstained
    TOO_SHORT = "too_short"
    LANGUAGE = "language"
    NO_EVIDENCE = "no_evidence"
    AMBIGUOUS = "ambiguous"
    OCR_QUALITY = "ocr_quality"
    NO_TEXT = "no_text"
    # failed
    MISSING = "missing"
    EMPTY = "empty"
    UNSUPPORTED = "unsupported"
    ENCODING = "encoding"
    ENCRYPTED = "encrypted"
    CORRUPT = "corrupt"
    TOO_LARGE = "too_large"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    BAD_RECORD = "bad_record"
    # skipped
    EXCLUDED = "excluded"
    NOT_A_DOCUMENT = "not_a_document"
    PART_OF = "part_of"
    DUPLICATE = "duplicate"


STATUS_MEANINGS: dict[Status, str] = {
    Status.OK: "at least one axis has a label",
    Status.ABSTAINED: "read, but no axis has a label",
    Status.FAILED: "could not be read",
    Status.SKIPPED: "not meant to be read",
}

REASON_MEANINGS: dict[Reason, tuple[Status, str]] = {
    Reason.TOO_SHORT: (Status.ABSTAINED, "fewer than 30 words"),
    Reason.LANGUAGE: (Status.ABSTAINED, "not in a language that the model reads"),
    Reason.NO_EVIDENCE: (Status.ABSTAINED, "hardly any of its words are known to the model"),
    Reason.AMBIGUOUS: (Status.ABSTAINED, "no label is sure enough to be given"),
    Reason.OCR_QUALITY: (Status.ABSTAINED, "too many words are garbled by the scan"),
    Reason.NO_TEXT: (Status.ABSTAINED, "no text inside, for example a scan without a text layer"),
    Reason.MISSING: (Status.FAILED, "no such file"),
    Reason.EMPTY: (Status.FAILED, "nothing in it"),
    Reason.UNSUPPORTED: (Status.FAILED, "not a format that can be read"),
    Reason.ENCODING: (Status.FAILED, "the bytes do not decode as text"),
    Reason.ENCRYPTED: (Status.FAILED, "protected by a password"),
    Reason.CORRUPT: (Status.FAILED, "damaged or cut short"),
    Reason.TOO_LARGE: (Status.FAILED, "larger than the limit"),
    Reason.TIMEOUT: (Status.FAILED, "reading took longer than the limit"),
    Reason.CRASHED: (Status.FAILED, "the reader died on it"),
    Reason.BAD_RECORD: (Status.FAILED, "a table row or JSON line that is malformed or has no text"),
    Reason.EXCLUDED: (Status.SKIPPED, "left out by a pattern"),
    Reason.NOT_A_DOCUMENT: (Status.SKIPPED, "a file that is no document, such as a checksum list"),
    Reason.PART_OF: (
        Status.SKIPPED,
        "another rendering or a page of a document that has its own row",
    ),
    Reason.DUPLICATE: (Status.SKIPPED, "the same content as an earlier input"),
}

REASON_ADVICE: dict[Reason, str] = {
    Reason.MISSING: "check the name",
    Reason.EMPTY: "leave it out or fetch it again",
    Reason.UNSUPPORTED: "save it as text, PDF, docx, odt, rtf, epub, html or Markdown",
    Reason.ENCODING: "if you know the right one, name it: --encoding cp1252, for example",
    Reason.ENCRYPTED: "save a copy without the password",
    Reason.CORRUPT: "fetch it again, or open it in another program and save it anew",
    Reason.TOO_LARGE: "split it",
    Reason.TIMEOUT: "try it alone",
    Reason.CRASHED: "please report it with the file",
    Reason.BAD_RECORD: "mend the record",
}
"""What a person can do about a failure."""
