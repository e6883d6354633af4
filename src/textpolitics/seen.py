"""Salted hashes by which a model knows the texts and groups that it was trained on.

They let `evaluate` leave out what would flatter a model, without the model
folder naming any author or holding any text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

_LENGTH = 16


def text_hash(text: str, salt: str) -> str:
    """Return the hash of a text, whatever its white space and capitals."""
    return _hash("text", " ".join(text.lower().split()), salt)


def name_hashes(names: Iterable[str], salt: str) -> set[str]:
    """Return the hashes of the names of a text's group and family, as far as it has them."""
    return {_hash("group", name, salt) for name in names}


def _hash(kind: str, value: str, salt: str) -> str:
    return hashlib.sha256(f"{salt}\n{kind}\n{value}".encode()).hexdigest()[:_LENGTH]
