"""The command line as people meet it: the real command, in a process of its own."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from textpolitics import __version__, load_scheme
from textpolitics.scheme import scheme_from_dict

TESTS = Path(__file__).resolve().parent
EXAMPLES = TESTS.parent / "examples"
FORMATS = TESTS / "samples" / "formats"
LEAFLET = EXAMPLES / "assembly-leaflet.txt"
COMMAND = [sys.executable, "-m", "textpolitics"]
COMMANDS = ("classify", "label", "train", "evaluate", "scheme", "text")
REASONS = {
    "ok": {None},
    "abstained": {
        "too_short",
        "language",
        "no_evidence",
        "ambiguous",
        "ocr_quality",
        "no_text",
    },
    "failed": {
        "missing",
        "empty",
        "unsupported",
        "encoding",
        "encrypted",
        "corrupt",
        "too_large",
        "timeout",
        "crashed",
        "bad_record",
    },
    "skipped": {"excluded", "not_a_document", "part_of", "duplicate"},
}
# *where: what; what to do*, on one line; bad use is told by the command that it is of.
MESSAGE = re.compile(
    r"(textpolitics( \w+)?: [^\n]+; see: textpolitics[^\n]* --help"
    r"|textpolitics: [^\n]+?: [^\n]+; [^\n]+)\n"
)


@dataclass(frozen=True)
class Done:
    """What a run of the command left."""

    code: int
    out: str
    err: str

    def objects(self) -> list[dict[str, Any]]:
        """Return the JSON objects on standard output, which holds nothing else."""
        return [json.loads(line) for line in self.out.split("\n")[:-1]]


def run(*arguments: str | Path, stdin: bytes = b"", cwd: Path | None = None, **env: str) -> Done:
    """Run the real command; a traceback or an escape code in a pipe is never right."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env=os.environ | env,
        check=False,
        timeout=100,
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in out + err
    assert "\x1b" not in out + err
    return Done(done.returncode, out.replace(os.linesep, "\n"), err.replace(os.linesep, "\n"))


def on_terminal(*arguments: str | Path, **env: str) -> tuple[int, str]:
    """Run the command with both outputs on a terminal; return status and output."""
    pty = pytest.importorskip("pty", reason="terminals are tested on POSIX")
    ours, theirs = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | env
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    output = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not part:
            break
        output += part
    os.close(ours)
    return process.wait(timeout=60), output.decode()


def one_line(text: str) -> str:
    return " ".join(text.split())


def check_axes(axes: dict[str, Any], names: tuple[str, ...]) -> None:
    assert tuple(axes) == names
    for axis in axes.values():
        assert list(axis) == ["label", "reason", "confidence", "scores"]
        scores = axis["scores"]
        assert all(type(score) is float and 0 <= score <= 1 for score in scores.values())
        assert sum(scores.values()) == pytest.approx(1)
        if axis["label"] is None:
            assert axis["confidence"] is None
            assert axis["reason"] in REASONS["abstained"]
        else:
            assert axis["reason"] is None
            assert axis["label"] == max(scores, key=scores.__getitem__)
            assert 0 < axis["confidence"] < 1
            assert axis["label"] == max(scores, key=scores.__getitem__)


def check_object(found: dict[str, Any], *, passages: bool) -> None:
    """Compare an object of `classify --json` with the contract, field by field."""
    keys = ["format", "source", "status", "reason", "detail", "ocr_quality", "axes"]
    assert list(found) == [*keys, *(["passages"] if passages else []), "model", "scheme"]
    assert found["format"] == 1
    assert found["ocr_quality"] is None or 0 <= found["ocr_quality"] <= 1
    assert type(found["source"]) is str
    assert found["reason"] in REASONS[found["status"]]
    assert found["detail"] is None or type(found["detail"]) is str
    for name in ("model", "scheme"):
        assert list(found[name]) == ["name", "version"]
        assert all(type(value) is str and value for value in found[name].values())
    if found["status"] == "failed":
        assert found["axes"] == {}
        assert not passages or found["passages"] == []
        return
    check_axes(found["axes"], ("tradition", "strategy"))
    labels = [axis["label"] for axis in found["axes"].values()]
    assert (found["status"] == "ok") is any(labels)
    for passage in found["passages"] if passages else ():
        assert list(passage) == ["start", "end", "page", "text", "axes"]
        assert type(passage["start"]) is type(passage["end"]) is int
        assert passage["page"] is None or type(passage["page"]) is int
        assert type(passage["text"]) is str
        check_axes(passage["axes"], ("tradition", "strategy"))


# classify --------------------------------------------------------------------


def test_classify_for_a_person() -> None:
    done = run("classify", LEAFLET, EXAMPLES / "too-short.txt", EXAMPLES / "affiche.txt")
    assert (done.code, done.err) == (0, "")
    first, short, foreign = done.out.strip().split("\n\n")
    assert first.startswith(f"{LEAFLET}\n")
    assert re.search(r"^  tradition +from-below +>?\d\d%$", first, re.MULTILINE)
    assert re.search(r"^  strategy +mass-action +>?\d\d%$", first, re.MULTILINE)
    quotations = re.findall(r"“(.*?)”\n", first + "\n", re.DOTALL)
    assert len(quotations) >= 2
    text = one_line(LEAFLET.read_text("utf-8"))
    for quotation in quotations:
        assert one_line(quotation).removesuffix(" …") in text
    assert short.count("not said: fewer than 30 words") == 2
    assert foreign.count("not said: not in a language that the model reads") == 2
    assert "%" not in short


def test_json_keeps_the_contract(tmp_path: Path) -> None:
    files = [
        LEAFLET,
        EXAMPLES / "movement-policy.html",
        EXAMPLES / "two-roads.txt",
        FORMATS / "leaflet.pdf",
        TESTS / "samples" / "pages.pdf",
        tmp_path / "missing.txt",
        TESTS / "samples" / "scan.pdf",
        EXAMPLES / "too-short.txt",
        EXAMPLES / "affiche.txt",
    ]
    full = run("classify", "--json", "--passages", *files)
    assert full.code == 1
    assert full.err == f"textpolitics: {files[5]}: no such file; check the name\n"
    objects = full.objects()
    assert [found["source"] for found in objects] == list(map(str, files))
    for found in objects:
        check_object(found, passages=True)
    statuses = [(found["status"], found["reason"]) for found in objects]
    assert statuses[:3] == [("ok", None)] * 3
    assert statuses[5:] == [
        ("failed", "missing"),
        ("abstained", "no_text"),
        ("abstained", "too_short"),
        ("abstained", "language"),
    ]
    brief = run("classify", *files, "--json").objects()
    for found in brief:
        check_object(found, passages=False)
    assert brief == [{k: v for k, v in o.items() if k != "passages"} for o in objects]
    pages = [passage["page"] for passage in objects[4]["passages"]]
    assert pages
    assert set(pages) <= {1, 2, 3}
    for path, found in list(zip(files, objects, strict=True))[:5]:
        text = run("text", path).out
        assert found["passages"]
        assert {p["page"] is None for p in found["passages"]} == {path.suffix != ".pdf"}
        behind = 0
        for passage in found["passages"]:
            assert passage["text"] == text[passage["start"] : passage["end"]]
            assert behind <= passage["start"] < passage["end"]
            behind = passage["end"]


def test_offsets_are_code_points(tmp_path: Path) -> None:
    file = tmp_path / "wide.txt"
    # "a" with a combining ring, and signs outside of the basic plane
    file.write_text("a\u030a \U0001f600\U0001d53e\n\n" + LEAFLET.read_text("utf-8"), "utf-8")
    (found,) = run("classify", "--json", "--passages", file).objects()
    text = run("text", file).out
    assert text.startswith("a\u030a \U0001f600\U0001d53e")
    last = found["passages"][-1]
    assert last["text"] == text[last["start"] : last["end"]]
    assert last["text"].endswith("Holtwood Workers' Committee")


def test_passages_for_a_person() -> None:
    done = run("classify", "--passages", FORMATS / "leaflet.pdf")
    assert (done.code, done.err) == (0, "")
    assert re.search(r"^  passage 1 \(\d+-\d+, page 1\)$", done.out, re.MULTILINE)
    assert re.search(r"^    tradition: [^\n]+; strategy: [^\n]+$", done.out, re.MULTILINE)


def test_standard_input() -> None:
    text = LEAFLET.read_text("utf-8")
    utf16 = text.replace("\n", "\r\n").encode("utf-16")
    piped = run("classify", "--json", LEAFLET, "-", EXAMPLES / "too-short.txt", stdin=utf16)
    assert (piped.code, piped.err) == (0, "")
    file, stream, last = piped.objects()
    assert (stream["source"], last["status"]) == ("-", "abstained")
    assert stream == file | {"source": "-"}
    assert run("text", "-", stdin=utf16).out == text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (bytes(range(256)) * 9, "unsupported"),
    ],
    ids=["nothing", "bytes"],
)
def test_standard_input_that_is_no_text(data: bytes, reason: str) -> None:
    done = run("classify", "--json", "-", stdin=data)
    (found,) = done.objects()
    check_object(found, passages=False)
    assert (done.code, found["source"], found["reason"]) == (1, "-", reason)
    assert MESSAGE.fullmatch(done.err)


def test_a_failure_does_not_stop_the_others() -> None:
    done = run("classify", "nowhere.txt", LEAFLET, "nowhere-else.txt")
    assert done.code == 1
    assert done.out.startswith(f"{LEAFLET}\n")
    assert "nowhere" not in done.out
    assert done.err.splitlines() == [
        "textpolitics: nowhere.txt: no such file; check the name",
        "textpolitics: nowhere-else.txt: no such file; check the name",
    ]


# help, version, terminals ----------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command: str) -> None:
    done = run(command, "-h")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: textpolitics {command} ")
    assert f"Example: textpolitics {command}" in done.out


def test_help_and_version() -> None:
    done = run("-h")
    assert (done.code, done.err) == (0, "")
    assert all(re.search(rf"^  {name} ", done.out, re.MULTILINE) for name in COMMANDS)
    assert run() == run("--help") == done
    assert run("--version") == Done(0, f"textpolitics {__version__}\n", "")


def test_bold_on_a_terminal_only() -> None:
    code, output = on_terminal("classify", LEAFLET, TERM="xterm")
    assert code == 0
    assert "\x1b[1mfrom-below" in output
    code, plain = on_terminal("classify", LEAFLET, TERM="xterm", NO_COLOR="1")
    assert code == 0
    assert "\x1b" not in plain
    assert plain == re.sub(r"\x1b\[[0-9]*m", "", output)
    piped = run("classify", LEAFLET)  # `run` refuses escape codes
    assert piped.out == plain.replace("\r\n", "\n")


def test_progress_on_a_terminal_only(tmp_path: Path) -> None:
    sources = [LEAFLET, EXAMPLES / "too-short.txt"]
    code, output = on_terminal("label", *sources, "--output", tmp_path / "a.csv", TERM="xterm")
    assert code == 0
    assert "100%" in output
    assert f"wrote 2 rows to {tmp_path / 'a.csv'}: 1 ok, 1 abstained" in output
    piped = run("label", *sources, "--output", tmp_path / "b.csv")
    assert "100%" not in piped.err
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_completion() -> None:
    for shell in ("bash", "zsh", "fish"):
        done = run(_TEXTPOLITICS_COMPLETE=f"source_{shell}")
        assert (done.code, done.err) == (0, "")
        assert "complete_" + shell in done.out
    words = {"COMP_WORDS": "textpolitics cl", "COMP_CWORD": "1"}
    assert run(_TEXTPOLITICS_COMPLETE="complete_bash", **words).out.split() == ["classify"]


# pipes and signals -----------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="no POSIX shell")
@pytest.mark.parametrize(
    "arguments",
    [
        ["classify", "--json", *[str(LEAFLET)] * 20],
        ["text", "long.txt"],
        ["scheme"],
    ],
    ids=["classify", "text", "scheme"],
)
def test_reader_that_leaves(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("All power to the assemblies.\n" * 50_000, "utf-8")
    pipe = f"{shlex.join([*COMMAND, *arguments])} | head -n 1"
    done = subprocess.run(["/bin/sh", "-c", pipe], capture_output=True, cwd=tmp_path, check=False)
    assert done.stdout.count(b"\n") == 1
    assert done.stderr == b""


@pytest.mark.skipif(os.name == "nt", reason="SIGINT is sent otherwise on Windows")
def test_interrupted(tmp_path: Path) -> None:
    record = json.dumps({"text": LEAFLET.read_text("utf-8") * 3})
    (tmp_path / "many.jsonl").write_text(f"{record}\n" * 4000, "utf-8")
    results = tmp_path / "results"
    results.mkdir()
    kept = results / "table.csv"
    kept.write_text("of an earlier run\n", "utf-8")
    process = subprocess.Popen(
        [*COMMAND, "label", "many.jsonl", "--output", str(kept)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # a shell's background jobs, tests among them, may ignore the signal
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while len(list(results.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(list(results.iterdir())) == 2, "it never began to write"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    work = kept.with_name("table.csv.work")
    assert err.decode().splitlines() == [
        f"textpolitics: {work}: keeps what is done; go on with --resume",
        "textpolitics: interrupted",
    ]
    assert set(results.iterdir()) == {kept, work}
    assert kept.read_text("utf-8") == "of an earlier run\n"


# scheme and text -------------------------------------------------------------


def test_scheme(toy_scheme_file: Path) -> None:
    for options, path in ([], None), (["--scheme", toy_scheme_file], toy_scheme_file):
        scheme = load_scheme(path)
        printed = run("scheme", *options)
        assert (printed.code, printed.err) == (0, "")
        words = one_line(printed.out)
        for axis in scheme.axes:
            assert one_line(axis.question) in words
            assert f"{'layer' if axis.layer else 'axis'} {axis.name}" in words
            for label in axis.labels:
                assert re.search(rf"^  {label.name}$", printed.out, re.MULTILINE)
                assert one_line(label.definition) in words
                assert all(one_line(line) in words for line in label.borderlines)
        as_json = run("scheme", "--json", *options)
        assert (as_json.code, as_json.err) == (0, "")
        assert scheme_from_dict(json.loads(as_json.out)) == scheme


def test_text_as_read_and_as_cleaned() -> None:
    file = EXAMPLES / "two-roads.txt"
    raw, clean = run("text", file), run("text", "--clean", file)
    assert (raw.code, raw.err, clean.code, clean.err) == (0, "", 0, "")
    assert raw.out == file.read_text("utf-8")
    broken = re.findall(r"([a-z]+)-\n([a-z]+)", raw.out)
    assert broken
    assert not re.search(r"[a-z]-\n[a-z]", clean.out)
    joined = [head + tail in clean.out for head, tail in broken]
    assert sum(joined) > len(joined) / 2
    assert len(clean.out) < len(raw.out)


# train and evaluate ----------------------------------------------------------


def test_train_and_use(
    toy_scheme_file: Path, toy_corpus_file: Path, toy_model_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "toy"
    done = run("train", toy_corpus_file, "--scheme", toy_scheme_file, "--output", folder)
    assert (done.code, done.out) == (0, "")
    assert "90 records of 15 groups" in done.err
    assert f"wrote {folder}" in done.err
    # the same bytes as training by function, in another process
    sums = "SHA256SUMS"
    assert (folder / sums).read_text("utf-8") == (toy_model_folder / sums).read_text("utf-8")
    text = (
        "Grind the beans, roast them dark, and the whole town wakes; for nothing wakes it like "
        "that. Ships lay at the quay, and over the docks swung the crane, and ships came again."
    )
    used = run("classify", "--json", "--model", folder, "-", stdin=text.encode())
    (found,) = used.objects()
    assert (used.code, found["status"]) == (0, "ok")
    assert (found["model"]["name"], found["scheme"]["name"]) == ("toy", "toy")
    assert found["axes"]["taste"]["label"] == "coffee"
    assert found["axes"]["topics"]["label"] == ["harbour"]


@pytest.fixture
def half_seen_corpus(toy_corpus_file: Path, tmp_path: Path) -> Path:
    """Ninety records of the toy corpus, twelve of which are of new groups and words."""
    lines = toy_corpus_file.read_text("utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    for number, record in enumerate(records[:12]):
        record |= {"group": f"new-{number}", "text": record["text"] + " So be it."}
    path = tmp_path / "half.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


def test_evaluate_leaves_out_what_was_seen(toy_model_folder: Path, half_seen_corpus: Path) -> None:
    done = run("evaluate", half_seen_corpus, "--model", toy_model_folder)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("12 texts; 78 known from training: left out\n")
    assert "*" not in done.out
    figures = json.loads(
        run("evaluate", half_seen_corpus, "--model", toy_model_folder, "--json").out
    )
    assert (figures["records"], figures["seen"], figures["includes_seen"]) == (12, 78, False)
    assert list(figures["axes"]) == ["taste", "topics"]
    taste = figures["axes"]["taste"]
    assert sum(label["support"] for label in taste["labels"].values()) == 12
    assert sum(sum(row.values()) for row in taste["confusion"].values()) == 12
    assert taste["majority_accuracy"] == pytest.approx(1 / 3)
    assert f"macro-F1{taste['macro_f1']:20.3f}" in done.out.replace("macro-F1    ", "macro-F1", 1)
    assert all(set(label) >= {"precision", "recall", "f1"} for label in taste["labels"].values())


def test_evaluate_including_what_was_seen(toy_model_folder: Path, half_seen_corpus: Path) -> None:
    options = ("--model", toy_model_folder, "--include-seen")
    done = run("evaluate", half_seen_corpus, *options)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("90 texts; 78 known from training: also counted")
    figures = [line for line in done.out.splitlines() if re.search(r"\d\.\d|\d%|  \d+", line)]
    assert len(figures) > 12
    assert [line for line in figures if not line.endswith(" *")] == []
    assert done.out.rstrip().splitlines()[-1].startswith("* ")
    data = json.loads(run("evaluate", half_seen_corpus, *options, "--json").out)
    assert (data["records"], data["seen"], data["includes_seen"]) == (90, 78, True)


def test_evaluate_on_nothing_but_training_texts(
    toy_model_folder: Path, toy_corpus_file: Path
) -> None:
    done = run("evaluate", toy_corpus_file, "--model", toy_model_folder)
    assert (done.code, done.out) == (2, "")
    assert MESSAGE.fullmatch(done.err)
    assert "all 90 records" in done.err
    assert "--include-seen" in done.err


def test_installed_command() -> None:
    command = shutil.which("textpolitics", path=str(Path(sys.executable).parent))
    assert command, "the package is not installed beside this Python"
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"textpolitics {__version__}\n")
