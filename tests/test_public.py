"""The names that `import textpolitics` offers."""

from __future__ import annotations

import ast
import inspect
from importlib.resources import files
from pathlib import Path

import pytest

import textpolitics

SOURCE = Path(textpolitics.__file__)


def _names_for_type_checkers() -> set[str]:
    tree = ast.parse(SOURCE.read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {
        alias.name
        for node in imports
        for alias in node.names
        if (node.module or "").startswith("textpolitics.")
    }


def test_all_is_sorted_and_equals_what_type_checkers_see() -> None:
    assert textpolitics.__all__ == sorted(set(textpolitics.__all__))
    assert set(textpolitics.__all__) == _names_for_type_checkers()


@pytest.mark.parametrize("name", textpolitics.__all__)
def test_public_name_is_a_documented_class_or_function_of_that_name(name: str) -> None:
    value = getattr(textpolitics, name)
    assert inspect.isclass(value) or inspect.isfunction(value)
    assert value.__name__ == name
    doc = value.__doc__ or ""
    assert doc
    assert not doc.startswith(f"{name}("), "dataclass made it, nobody wrote it"
    if inspect.isclass(value):
        methods = [m for n, m in vars(value).items() if not n.startswith("_")]
        functions = [getattr(m, "fget", m) for m in methods]
        assert [f for f in functions if inspect.isfunction(f) and not f.__doc__] == []


def test_star_import_gives_the_public_names_only() -> None:
    names: dict[str, object] = {}
    exec("from textpolitics import *", names)
    assert set(names) - {"__builtins__"} == set(textpolitics.__all__)


def test_dir_lists_every_public_name_once() -> None:
    listed = dir(textpolitics)
    assert set(textpolitics.__all__) | {"__version__"} <= set(listed)
    assert len(listed) == len(set(listed))


def test_unknown_attribute_raises_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'textpolitics' has no attribute 'clasify'"):
        _ = textpolitics.clasify
    assert not hasattr(textpolitics, "Tokenizer")


def test_every_error_is_a_textpolitics_error_with_where_what_and_advice() -> None:
    errors = [getattr(textpolitics, n) for n in textpolitics.__all__ if n.endswith("Error")]
    assert len(errors) == 7
    assert all(issubclass(error, textpolitics.TextPoliticsError) for error in errors)
    with pytest.raises(textpolitics.UsageError) as caught:
        textpolitics.load("no-such-model")
    error = caught.value
    assert str(error) == f"{error.where}: {error.what}; {error.advice}"


def test_type_marker_is_in_the_package() -> None:
    assert (files("textpolitics") / "py.typed").is_file()
