"""The wheel, in a clean environment: what a user without git or make gets."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.11", "3.12", "3.13", "3.14")


def interpreter(version: str) -> str | None:
    """Return a working interpreter of a version, None if there is none at hand."""
    candidates = [shutil.which(f"python{version}")]
    candidates += [str(p) for p in Path.home().glob(f".pyenv/versions/{version}.*/bin/python")]
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        candidates.insert(0, sys.executable)
    for candidate in filter(None, candidates):
        code = f"import sys, venv, ensurepip; assert sys.version.startswith('{version}.')"
        if (
            subprocess.run([candidate, "-c", code], capture_output=True, check=False).returncode
            == 0
        ):
            return candidate
    return None


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_wheel_classifies_in_a_clean_environment(version: str, wheel: Path, tmp_path: Path) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"python{version} is not at hand")
    subprocess.run([python, "-m", "venv", tmp_path / "venv"], check=True)
    programs = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    install = [programs / "python", "-m", "pip", "install", "--quiet", wheel]
    subprocess.run(install, check=True)
    leaflet = tmp_path / "leaflet.txt"
    leaflet.write_text((ROOT / "examples" / "assembly-leaflet.txt").read_text("utf-8"), "utf-8")
    command = [programs / "textpolitics", "classify", leaflet, "--json"]
    done = subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    labels = {name: axis["label"] for name, axis in json.loads(done.stdout)["axes"].items()}
    expected = json.loads((ROOT / "examples" / "expected.json").read_text("utf-8"))
    assert labels == expected["assembly-leaflet.txt"]
    formats = sorted((ROOT / "tests" / "samples" / "formats").glob("leaflet.*"))
    command = [programs / "textpolitics", "label", *formats, "--output", tmp_path / "t.csv"]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    assert len((tmp_path / "t.csv").read_text("utf-8").splitlines()) == len(formats) + 1
