"""The README and the docs say what is true."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from textpolitics import Reason, Status, __version__

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

_spec = importlib.util.spec_from_file_location("readme", ROOT / "tests" / "measure" / "readme.py")
assert _spec
assert _spec.loader
readme = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(readme)


def without_last_digits(text: str) -> str:
    """Figures may differ in the last digits between versions of the libraries."""
    return re.sub(r"(\d\.\d)\d+", r"\1", text)


@pytest.mark.slow
def test_console_blocks_show_the_true_output() -> None:
    assert without_last_digits(readme.rendered(README)) == without_last_digits(README)


def test_python_blocks_run(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert blocks
    for block in blocks:
        subprocess.run([sys.executable, "-W", "error", "-c", block], cwd=tmp_path, check=True)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_make_targets_that_are_named_exist(path: Path) -> None:
    targets = set(re.findall(r"(?:^|`)make ([a-z-]+)", path.read_text("utf-8"), re.MULTILINE))
    for target in targets:
        subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", path.read_text("utf-8"))
    missing = [link for link in links if not (path.parent / link).exists()]
    assert not missing


def test_contract_lists_every_code() -> None:
    contract = (ROOT / "docs" / "contract.md").read_text("utf-8")
    rows = set(re.findall(r"^\| `([a-z_]+)` \|", contract, re.MULTILINE))
    assert {*Status, *Reason} <= rows


def test_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert versions[0] == __version__
    assert f"textpolitics-{__version__}-" in README


def test_first_screen_of_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 140
