"""Reading in a child process: the same documents, and an end to what does not end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textpolitics import Document, ReadError, UsageError
from textpolitics.readers import read
from textpolitics.sandbox import Sandbox
from textpolitics.status import Reason

FORMATS = sorted((Path(__file__).parent / "samples" / "formats").iterdir())
SLOW = b"<html><body>" + b"<p>one more paragraph</p>" * 400_000 + b"</body></html>"
"""Takes seconds to read and is nothing special otherwise."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.mark.parametrize("path", FORMATS, ids=lambda path: path.name)
def test_document_is_the_one_read_without_it(sandbox: Sandbox, path: Path) -> None:
    assert sandbox(path.read_bytes(), path.name) == read(path.read_bytes(), path.name)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=300) | st.text(max_size=100).map(lambda text: text.encode("utf-16")),
    st.sampled_from(["a", "a.txt", "a.pdf", "a.html", "a.docx"]),
    st.sampled_from([None, "utf-8", "cp1252"]),
)
def test_any_bytes_end_as_they_do_without_it(
    sandbox: Sandbox, data: bytes, name: str, encoding: str | None
) -> None:
    def outcome(reader: Callable[[bytes, str, str | None], Document]) -> object:
        try:
            return reader(data, name, encoding)
        except ReadError as error:
            return error.reason, error.detail

    assert outcome(sandbox) == outcome(read)


def test_unknown_encoding_is_refused_as_ever(sandbox: Sandbox) -> None:
    with pytest.raises(UsageError, match="no text encoding"):
        sandbox(b"text", "a.txt", "klingon")


@pytest.mark.parametrize("seconds", [1])
def test_file_that_takes_too_long_is_an_error_and_the_next_is_read(seconds: int) -> None:
    with Sandbox(seconds=seconds) as sandbox:
        since = time.perf_counter()
        with pytest.raises(ReadError, match="more than 1 seconds") as caught:
            sandbox(SLOW, "slow.html")
        assert caught.value.reason is Reason.TIMEOUT
        assert time.perf_counter() - since < 60
        assert sandbox(b"A text.", "a.txt").text == "A text."


def test_file_that_takes_too_much_memory_is_an_error_and_the_next_is_read() -> None:
    with Sandbox(megabytes=60) as sandbox:
        with pytest.raises(ReadError) as caught:
            sandbox(SLOW * 3, "large.html")
        assert caught.value.reason in (Reason.TOO_LARGE, Reason.CRASHED, Reason.CORRUPT)
        assert sandbox(b"A text.", "a.txt").text == "A text."


def test_child_killed_from_outside_is_replaced(sandbox: Sandbox) -> None:
    """As the system does it when memory runs out."""
    sandbox(b"A text.", "a.txt")
    child = sandbox._child
    assert child is not None
    child.kill()
    child.wait()
    assert sandbox(b"Another text.", "a.txt").text == "Another text."
