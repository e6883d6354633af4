"""What can go wrong, as plain exceptions.

The tree::

    TextPoliticsError            anything this package raises on purpose
    ├── UsageError               the request itself is wrong (exit code 2)
    │   ├── SchemeError          a scheme file is malformed or its names collide
    │   ├── CorpusError          an annotated corpus cannot be used; names the line
    │   └── MissingExtraError    an optional dependency is absent; gives the install line
    ├── ReadError                one input cannot be read; carries a reason code
    └── ModelError               a model folder is damaged, altered or of another format

Every message reads *where: what; what to do*. They are translated into exit
codes once, at the command line.
"""

from __future__ import annotations

from textpolitics.status import REASON_ADVICE, Reason


def one_line(text: str) -> str:
    """Return a text without line ends and other characters that cannot be printed."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class TextPoliticsError(Exception):
    """Anything this package raises on purpose."""

    def __init__(self, where: str, what: str, advice: str = "") -> None:
        """Build the message *where: what; what to do*.

        Args:
            where: The file, line, option or name that the trouble is in.
            what: What is wrong with it.
            advice: What the reader can do about it, if anything.
        """
        self.where = one_line(where)
        self.what = what
        self.advice = advice
        super().__init__(f"{self.where}: {what}" + (f"; {advice}" if advice else ""))


class UsageError(TextPoliticsError):
    """The request itself is wrong."""


class SchemeError(UsageError):
    """A scheme file is malformed or its names collide."""


class CorpusError(UsageError):
    """An annotated corpus cannot be used; the message names the line."""


class MissingExtraError(UsageError):
    """An optional dependency is absent; the message gives the install line."""

    def __init__(self, feature: str, package: str, extra: str) -> None:
        """Say which feature needs which package, and how to install it."""
        super().__init__(
            feature,
            f"needs the package {package}, which is not installed",
            f"run: pip install 'textpolitics[{extra}]'",
        )


class ReadError(TextPoliticsError):
    """One input cannot be read; it becomes a row with this reason."""

    def __init__(self, where: str, reason: Reason, detail: str) -> None:
        """Keep the reason code beside the message.

        Args:
            where: Name of the input.
            reason: One of the failing codes of `textpolitics.status`.
            detail: What exactly was wrong, in a few words; after a semicolon, what to
                do about it, where that is not what the reason code always advises.
        """
        self.reason = reason
        self.detail = detail
        advice = "" if ";" in detail else REASON_ADVICE.get(reason, "")
        super().__init__(where, detail, advice)

    def __reduce__(self) -> tuple[type[ReadError], tuple[str, Reason, str]]:
        """Travel between processes with what it was made of."""
        return ReadError, (self.where, self.reason, self.detail)


class ModelError(TextPoliticsError):
    """A model folder is damaged, altered or of another format."""
