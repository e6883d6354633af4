"""Imports run downwards only, and what starts often stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "textpolitics"

ORDER = [  # lowest first: a module may import only those before it
    "status",
    "errors",
    "document",
    "scheme",
    "spanmap",
    "furniture",
    "unwrapping",
    "cleaning",
    "nlp",
    "language",
    "quality",
    "readers",
    "sandbox",
    "limits",
    "places",
    "archives",
    "grouping",
    "packages",
    "plans",
    "tables",
    "items",
    "sources",
    "passages",
    "encoder",
    "features",
    "heads",
    "results",
    "decide",
    "model",
    "evidence",
    "storage",
    "seen",
    "corpus",
    "calibration",
    "fitting",
    "training",
    "evaluation",
    "frames",
    "batch",
    "shards",
    "writers",
    "cli",
    "__main__",
]


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    rooms: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("textpolitics"):
            inner = (node.module or "").split(".")[1:2]
            rooms |= set(inner) if inner else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            rooms |= {
                alias.name.split(".")[1]
                for alias in node.names
                if alias.name.startswith("textpolitics.")
            }
    return rooms & set(ORDER)


MODULES = sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")


def test_every_module_has_its_place() -> None:
    assert {room(path) for path in MODULES} == set(ORDER)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_downwards(path: Path) -> None:
    own = ORDER.index(room(path))
    upward = {name for name in imported_rooms(path) if ORDER.index(name) > own}
    assert not upward


def loaded_by(code: str) -> set[str]:
    script = f"import sys; {code}; print(*{{n.partition('.')[0] for n in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


HEAVY = {"spacy", "sklearn", "pandas", "scipy", "pyarrow", "joblib", "lxml", "docx", "pypdfium2"}


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert not loaded_by("import textpolitics") & (HEAVY | {"numpy", "typer"})


def test_help_imports_nothing_heavy() -> None:
    help_text = "import textpolitics.cli as c; sys.argv = ['textpolitics', '--help']; c._run()"
    assert not loaded_by(help_text) & (HEAVY | {"numpy", "rich"})


def test_prediction_imports_neither_sklearn_nor_pandas() -> None:
    classify = "import textpolitics; textpolitics.load().classify('The committee met. ' * 20)"
    found = loaded_by(classify)
    assert "spacy" in found
    assert not found & {"sklearn", "pandas", "scipy", "joblib", "pyarrow", "lxml"}
