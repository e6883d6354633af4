"""Files are read in a process of their own, so that a hostile one ends nothing else.

One child serves many files. It may use only so much memory and, for each file, so
much processor time; one that dies or hangs is ended, the file gets a second try in a
fresh child, and then it is an error like any other. What comes back is JSON, so
nothing that a parser was made to do can run code here.
"""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import Any, BinaryIO, cast

from textpolitics.document import Document
from textpolitics.errors import ReadError
from textpolitics.readers import check_encoding, read
from textpolitics.status import Reason

SECONDS = 60
"""Processor time that reading one file may take."""
MEGABYTES = 2000
"""Memory that the child may take beyond what it starts with, where the system can limit it."""
PATIENCE = 5
"""Waiting for a child, in times of its processor time: it may have to wait itself."""
TRIES = 2
_SIZE = 8
"""Bytes that say how long the next message is."""
_SERVE = "from textpolitics.sandbox import serve; serve()"


class Sandbox:
    """Reads bytes as `textpolitics.readers.read` does, in a child process."""

    def __init__(self, seconds: int = SECONDS, megabytes: int = MEGABYTES) -> None:
        """Set the limits; the child starts with the first file.

        Args:
            seconds: Processor time that a file may take.
            megabytes: Memory that the child may take.
        """
        self.seconds = seconds
        self.megabytes = megabytes
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Sandbox:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the child."""
        self.close()

    def __call__(self, data: bytes, name: str, encoding: str | None = None) -> Document:
        """Read one document; see `textpolitics.readers.read`.

        Args:
            data: The whole content of the document.
            name: Its name; the suffix is a hint at the format.
            encoding: Character encoding of text formats; None is to find out.

        Raises:
            ReadError: If it cannot be read; ``timeout`` and ``crashed`` if the child
                had to be ended or died on it, twice.
            UsageError: If there is no encoding of that name.
        """
        if encoding is not None:
            check_encoding(encoding)
        ended = Reason.CRASHED
        for _ in range(TRIES):
            child = self._child or self._start()
            try:
                return _document(json.loads(self._ask(child, name, encoding, data)), name)
            except TimeoutError:
                ended = Reason.TIMEOUT
            except (EOFError, OSError):
                died_of = -(child.wait() or 0)
                out_of_time = died_of == getattr(signal, "SIGXCPU", None)
                ended = Reason.TIMEOUT if out_of_time else Reason.CRASHED
            self.close()
        what = {
            Reason.TIMEOUT: f"reading it takes more than {self.seconds} seconds",
            Reason.CRASHED: "the process that read it died",
        }
        raise ReadError(name, ended, what[ended])

    def close(self) -> None:
        """End the child; another starts with the next file."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
        self._child = None

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", _SERVE, str(self.megabytes)]
        pipe = subprocess.PIPE
        self._child = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
        return self._child

    def _ask(
        self, child: subprocess.Popen[bytes], name: str, encoding: str | None, data: bytes
    ) -> bytes:
        """Return the child's answer.

        Raises:
            TimeoutError: If it took too long and was ended.
            EOFError, OSError: If it died.
        """
        late = False

        def end() -> None:
            nonlocal late
            late = True
            child.kill()

        watch = Timer(self.seconds * PATIENCE, end)
        watch.start()
        try:
            line = cast("BinaryIO", child.stdin)
            _send(line, json.dumps([name, encoding, self.seconds]).encode())
            _send(line, data)
            return _receive(cast("BinaryIO", child.stdout))
        except (EOFError, OSError):
            if late:
                raise TimeoutError from None
            raise
        finally:
            watch.cancel()


def _send(line: BinaryIO, message: bytes) -> None:
    line.write(len(message).to_bytes(_SIZE))
    line.write(message)
    line.flush()


def _receive(line: BinaryIO) -> bytes:
    """Return the next message; EOFError if the other end is gone."""
    size = int.from_bytes(_exactly(line, _SIZE))
    return _exactly(line, size)


def _exactly(line: BinaryIO, size: int) -> bytes:
    found = line.read(size)
    if len(found) < size:
        raise EOFError
    return found


def _document(reply: dict[str, Any], name: str) -> Document:
    if "reason" in reply:
        raise ReadError(name, Reason(reply["reason"]), reply["detail"])
    return Document(**reply | {"pages": tuple(reply["pages"])})


def serve() -> None:
    """Answer on standard output what comes in on standard input, until that is closed."""
    asked, answered = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever a parser prints
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    _limit_memory(int(sys.argv[1]))
    with contextlib.suppress(EOFError, OSError):
        while True:
            name, encoding, seconds = json.loads(_receive(asked))
            data = _receive(asked)
            _limit_time(seconds)
            _send(answered, json.dumps(_reply(data, name, encoding)).encode())


def _reply(data: bytes, name: str, encoding: str | None) -> dict[str, Any]:
    try:
        return asdict(read(data, name, encoding))
    except ReadError as error:
        return {"reason": error.reason, "detail": error.detail}


def _limit_memory(megabytes: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        most = pages * resource.getpagesize() + megabytes * 2**20
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_time(seconds: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        usage = resource.getrusage(resource.RUSAGE_SELF)
        used = int(usage.ru_utime + usage.ru_stime) + 1
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, hard))
