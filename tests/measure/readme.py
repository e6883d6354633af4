"""Write the true output of every command in the README under it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
_CONSOLE = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)


def rendered(readme: str) -> str:
    """Return a README with its console blocks run anew, in order and in one folder."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("examples", "corpora"):
            shutil.copytree(ROOT / name, Path(folder) / name)
        return _CONSOLE.sub(lambda block: _run_block(block[0], folder), readme)


def _run_block(block: str, folder: str) -> str:
    commands = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"$ {command}\n{_run(command, folder)}" for command in commands)


def _run(command: str, folder: str) -> str:
    program, *arguments = command.split()
    if program != "textpolitics":
        raise ValueError(f"README: only textpolitics is run in console blocks, not {program}")
    done = subprocess.run(
        [sys.executable, "-m", "textpolitics", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=True,
    )
    return done.stdout.strip("\n") + "\n"


if __name__ == "__main__":
    README.write_text(rendered(README.read_text("utf-8")), encoding="utf-8", newline="\n")
