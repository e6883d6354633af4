"""Compare how many texts a second are labelled: ``throughput.py [--texts N] [--write]``.

All get the same texts: sentences of the original corpus, shuffled and put together
again to about 150 words each. The others are trained on the original corpus and judge
one axis; ours judges two, cuts passages and says when to be silent. Every contender has
a process to itself, which warms up and then judges; rounds alternate between the
contenders, and the figures are medians of ratios within a round. With ``--write`` they go
to docs/benchmarks.md. fastText comes with the extra ``bench``.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"
WORDS, ROUNDS = 150, 3
OURS = "textpolitics fast, from text to label"
END_TO_END = "textpolitics fast, JSONL to CSV"
TWO = "textpolitics fast, JSONL to CSV, two workers"
BOW, ENSEMBLE = "spaCy textcat, bag of words", "spaCy textcat, ensemble"
FASTTEXT, SKLEARN = "fastText", "scikit-learn TF-IDF and logistic regression"

Judge = Callable[[Sequence[str]], object]


def corpus() -> tuple[list[str], list[str]]:
    """Return texts and strategy labels of the original corpus."""
    texts, labels = [], []
    for path in sorted((ROOT / "corpora" / "original").glob("*.jsonl")):
        with path.open(encoding="utf-8") as file:
            for row in map(json.loads, file):
                texts.append(" ".join(row["text"].split()))
                labels.append(row["strategy"])
    return texts, labels


def made(count: int) -> Iterator[str]:
    """Yield texts of about `WORDS` words, the same ones every time."""
    sentences = [s for text in corpus()[0] for s in text.replace("? ", "?\n").split(". ")]
    chance = random.Random(0)
    for _ in range(count):
        words: list[str] = []
        while len(words) < WORDS:
            words += (chance.choice(sentences) + ".").split()
        yield " ".join(words)


def ours() -> Judge:
    """Return our linear model."""
    from textpolitics import load

    model = load("fast")
    return lambda texts: [model.classify(text) for text in texts]


def scikit_learn() -> Judge:
    """Return what a user would write with scikit-learn."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(TfidfVectorizer(sublinear_tf=True), LogisticRegression(max_iter=1000))
    model.fit(*corpus())
    return lambda texts: model.predict_proba(texts)


def fast_text() -> Judge:
    """Return fastText with its defaults, one text at a time."""
    import fasttext

    texts, labels = corpus()
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        pairs = zip(texts, labels, strict=True)
        file.writelines(f"__label__{label} {text.lower()}\n" for text, label in pairs)
        file.flush()
        model = fasttext.train_supervised(file.name, verbose=0)
    return lambda texts: [model.predict(text.lower(), k=-1) for text in texts]


def textcat(architecture: dict[str, Any]) -> Judge:
    """Return spaCy's text categorizer, trained for two rounds."""
    import spacy
    from spacy.training import Example

    texts, labels = corpus()
    nlp = spacy.blank("en")
    nlp.add_pipe("textcat", config={"model": architecture})
    names = sorted(set(labels))
    examples = [
        Example.from_dict(
            nlp.make_doc(text), {"cats": {name: float(name == label) for name in names}}
        )
        for text, label in zip(texts, labels, strict=True)
    ]
    nlp.initialize(lambda: examples)
    for _ in range(2):
        for start in range(0, len(examples), 64):
            nlp.update(examples[start : start + 64])
    return lambda texts: [doc.cats for doc in nlp.pipe(texts)]


def bag_of_words() -> Judge:
    """Return the fast one of spaCy's categorizers."""
    shape = {"exclusive_classes": True, "ngram_size": 1, "no_output_layer": False}
    return textcat({"@architectures": "spacy.TextCatBOW.v3", "length": 262144, **shape})


def ensemble() -> Judge:
    """Return spaCy's default categorizer."""
    from spacy.pipeline.textcat import DEFAULT_SINGLE_TEXTCAT_MODEL

    return textcat(dict(DEFAULT_SINGLE_TEXTCAT_MODEL))


IN_MEMORY: dict[str, Callable[[], Judge]] = {
    OURS: ours,
    SKLEARN: scikit_learn,
    BOW: bag_of_words,
    FASTTEXT: fast_text,
    ENSEMBLE: ensemble,
}
SHARE = {ENSEMBLE: 20}
"""Who judges only one text in so many, being slow."""


def rate(name: str, texts: Sequence[str]) -> float:
    """Return texts a second of processor time, after a tenth of them to warm up."""
    judge = IN_MEMORY[name]()
    texts = texts[: len(texts) // SHARE.get(name, 1)]
    judge(texts[: len(texts) // 10])
    since = time.process_time()
    judge(texts)
    return len(texts) / (time.process_time() - since)


def serve(path: Path) -> None:
    """Print a rate for every name that comes in, each from a process of its own."""
    name = sys.stdin.readline().strip()
    texts = [json.loads(line)["text"] for line in path.open(encoding="utf-8")]
    sys.stdout.write(json.dumps(rate(name, texts)))


def in_memory(name: str, path: Path) -> float:
    """Return the rate of a contender in a fresh process."""
    command = [sys.executable, __file__, "--serve", str(path)]
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    done = subprocess.run(
        command, input=name, capture_output=True, text=True, check=True, env=os.environ | single
    )
    return float(json.loads(done.stdout))


def end_to_end(path: Path, workers: int) -> float:
    """Return texts a second of the clock from the start of the command to its end."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "out.csv"
        command = [sys.executable, "-m", "textpolitics", "label", str(path), "--model", "fast"]
        since = time.perf_counter()
        subprocess.run(
            [*command, "--workers", str(workers), "--output", str(output)],
            check=True,
            capture_output=True,
        )
        seconds = time.perf_counter() - since
        with output.open(encoding="utf-8") as file:
            return (sum(1 for _ in file) - 1) / seconds


def measure(count: int) -> dict[str, list[float]]:
    """Return the rates of all contenders, a figure a round."""
    names = [n for n in IN_MEMORY if n != FASTTEXT or importlib.util.find_spec("fasttext")]
    found: dict[str, list[float]] = {name: [] for name in (*names, END_TO_END, TWO)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.jsonl"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps({"text": text}) + "\n" for text in made(count))
        for _ in range(ROUNDS):
            for name in names:
                found[name].append(in_memory(name, path))
            found[END_TO_END].append(end_to_end(path, 1))
            found[TWO].append(end_to_end(path, 2))
    return found


def ratio(found: dict[str, list[float]], name: str, other: str) -> float:
    """Return the median over rounds of one rate by another."""
    return statistics.median(a / b for a, b in zip(found[name], found[other], strict=True))


def page(found: dict[str, list[float]], count: int) -> Iterator[str]:
    """Yield docs/benchmarks.md, line by line."""
    yield "# How fast it is"
    yield ""
    yield "Written by `make bench`; do not edit."
    yield ""
    yield (
        f"{count:,} texts of about {WORDS} words, {ROUNDS} alternating rounds, one process and one "
        "thread each. Rates are texts a second of processor time (from JSONL to CSV: of the clock, "
        "starting included) on a machine that had other work to do; ratios, taken within a round, "
        "are what counts. Ours gives two axes, passages and reasons for silence; the others one "
        "label of one axis. The ensemble judged a twentieth of the texts."
    )
    yield ""
    yield "| | texts a second | `fast` from text to label is so many times as fast |"
    yield "| --- | ---: | ---: |"
    for name in found:
        if name not in (END_TO_END, TWO):
            times = f"{ratio(found, OURS, name):.2f}"
            yield f"| {name} | {statistics.median(found[name]):,.0f} | {times} |"
    yield f"| {END_TO_END} | {statistics.median(found[END_TO_END]):,.0f} | |"
    yield f"| {TWO} | {statistics.median(found[TWO]):,.0f} | |"
    yield ""
    yield f"Two workers are {ratio(found, TWO, END_TO_END):.2f} times as fast as one."
    yield ""
    packages = ["spacy", "scikit-learn", "numpy"]
    if FASTTEXT in found:
        packages.append("fasttext-community")
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    yield f"Python {platform.python_version()}, {versions}."


def main() -> None:
    """Measure and print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
        return
    text = "\n".join(page(measure(arguments.texts), arguments.texts)) + "\n"
    sys.stdout.write(text)
    if arguments.write:
        PAGE.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
