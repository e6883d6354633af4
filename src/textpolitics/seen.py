"""Salted hashes by which a model knows the texts and groups that it was trained on.

They let `evaluate` leave out what would flatter a model, without the model
folder naming any author or holding any text.
"""

from __future__ import annotations

import hashlib

_LENGTH = 16


def text_hash(text: str, salt: str) -> str:
    """Return the hash of a text, whatever its white space and capitals."""
    return _hash("text", " ".join(text.lower().split()), salt)


def group_hash(group: str, salt: str) -> str:
    """Return the hash of the name of a group."""
    return _hash("group", group, salt)


def _hash(kind: str, value: str, salt: str) -> str:
    return hashlib.sha256(f"{salt}\n{kind}\n{value}".encode()).hexdigest()[:_LENGTH]
