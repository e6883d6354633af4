"""How much is read and unpacked at most."""

from __future__ import annotations

from dataclasses import dataclass

MAX_MEMBER = 500_000_000
"""Bytes of one file, in an archive or not."""
MAX_TOTAL = 100_000_000_000
"""Bytes that an archive may unpack, with all archives in it."""
MAX_RATIO = 200
"""Bytes that an archive may unpack for each byte that it has itself."""
FREE = 1_000_000_000
"""Bytes that it may unpack whatever that ratio."""
MAX_DEPTH = 5
"""Archives in archives."""
MAX_MEMBERS = 1_000_000
"""Files in one archive."""
MAX_HEADER = 1 << 20
"""Bytes that a tar may say at once about a member, such as its name."""
SPOOL = 50_000_000
"""Bytes of a temporary file that are kept in memory."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is not read for its size.

    Attributes:
        member: Bytes of one file.
        total: Bytes that an archive may unpack, with all archives in it.
    """

    member: int = MAX_MEMBER
    total: int = MAX_TOTAL

    def allowance(self, size: int) -> Allowance:
        """Return what an outermost archive of some size may unpack."""
        return Allowance(min(self.total, max(FREE, size * MAX_RATIO)))


@dataclass(slots=True)
class Allowance:
    """Bytes that an outermost archive may still unpack."""

    left: int

    def take(self, size: int) -> bool:
        """Use some of it up; False where so much is not left."""
        if size > self.left:
            return False
        self.left -= size
        return True
