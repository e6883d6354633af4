"""Probe how well features tell who published a text: ``publisher.py REAL_PASSAGES MODEL``.

A logistic regression learns the family of authors or organisations from the
features of MODEL, on the families with the most passages, and is tried on other
passages of theirs: of other documents, where a family has more than one. The same
is done with the names swapped (`names.swap`, in learning and in trying) and without
any word that has a capital letter. What is printed holds figures only, and
``--write`` keeps them beside those of names.py.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from names import keep, of_fold, swap

from textpolitics import Model, Record, load, read_corpus

FEWEST = 40
"""Passages that a family must have to take part."""
TEST_SHARE = 0.3

_CAPITALISED = re.compile(r"\b(?=\w*[^\W\d_a-zà-öø-ÿ])\w+")


@dataclass(frozen=True, slots=True)
class Probe:
    """How often the publisher was told.

    Attributes:
        families: How many there are to choose from.
        tried: Passages that were tried.
        accuracy: Share of them whose family was told.
        apart: The same over families tried on other documents than learnt from.
        tried_apart: How many passages these are.
        commonest: Accuracy of always naming the family with the most passages.
    """

    families: int
    tried: int
    accuracy: float
    apart: float
    tried_apart: int
    commonest: float


def probe(matrix: Any, families: Sequence[str], documents: Sequence[str]) -> Probe:
    """Learn families from features and try them on passages kept apart.

    Args:
        matrix: One row a passage, dense or sparse.
        families: Family of each passage.
        documents: What each passage was cut from.
    """
    from sklearn.linear_model import LogisticRegression

    test, apart = _split(families, documents)
    names = np.array(families)
    model = LogisticRegression(C=10.0, max_iter=100, class_weight="balanced", tol=1e-3)
    told = model.fit(matrix[~test], names[~test]).predict(matrix[test]) == names[test]
    commonest = Counter(families).most_common(1)[0][0]
    return Probe(
        families=len(set(families)),
        tried=int(test.sum()),
        accuracy=float(told.mean()),
        apart=float(told[apart[test]].mean()),
        tried_apart=int((test & apart).sum()),
        commonest=float((names[test] == commonest).mean()),
    )


def _split(families: Sequence[str], documents: Sequence[str]) -> tuple[Any, Any]:
    """Return which passages are for trying, and which families are split by document.

    A family is dealt document by document until it has its share for trying; one
    with a single document passage by passage.
    """
    test = np.zeros(len(families), dtype=bool)
    apart = np.zeros(len(families), dtype=bool)
    chance = random.Random(0)
    for family in sorted(set(families)):
        own = [row for row, name in enumerate(families) if name == family]
        several = len({documents[row] for row in own}) > 1
        units: dict[str, list[int]] = {}
        for row in own:
            units.setdefault(documents[row] if several else str(row), []).append(row)
        # The largest document is learnt from, so that trying never takes all.
        dealt = sorted(units.values(), key=len)[:-1]
        chance.shuffle(dealt)
        for rows in dealt:
            if test[own].sum() < TEST_SHARE * len(own):
                test[rows] = True
        apart[own] = several
    return test, apart


def term_matrix(model: Model, texts: Sequence[str]) -> Any:
    """Return the weights of the model's terms, one sparse row a text."""
    from scipy import sparse

    vectors = [model.features(text) for text in texts]
    ends = np.cumsum([0, *(len(vector.indices) for vector in vectors)])
    columns = np.concatenate([vector.indices for vector in vectors])
    values = np.concatenate([vector.values for vector in vectors])
    shape = (len(vectors), len(model.features.vocabulary.terms))
    return sparse.csr_matrix((values, columns, ends), shape)


def without_capitalised(text: str) -> str:
    """Return a text without the words that have a capital letter."""
    return _CAPITALISED.sub("", text)


def large_families(records: Collection[Record]) -> list[Record]:
    """Return the passages of the families that have enough of them."""
    count = Counter(record.group for record in records)
    return [record for record in records if count[record.group] >= FEWEST]


def document_of(record: Record) -> str:
    """Return what tells the document that a passage was cut from."""
    source = record.metadata.get("source")
    return f"{source.get('repo')} {source.get('path')}" if isinstance(source, dict) else record.id


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("real", type=Path, metavar="REAL_PASSAGES")
    parser.add_argument("model", metavar="MODEL")
    parser.add_argument("--only-fold", type=int, metavar="N", help="families of this fold alone")
    parser.add_argument("--write", action="store_true", help="keep the figures")
    arguments = parser.parse_args()
    model = load(arguments.model)
    records = list(read_corpus([arguments.real], model.scheme))
    if arguments.only_fold is not None:
        records = of_fold(records, arguments.only_fold)
    records = large_families(records)
    families = [record.group for record in records]
    documents = [document_of(record) for record in records]
    texts: dict[str, Callable[[Record], str]] = {
        "as they are": lambda record: record.text,
        "names swapped": lambda record: swap(record.text, random.Random(record.id)),
        "without capitalised words": lambda record: without_capitalised(record.text),
    }
    write, kept = sys.stdout.write, {}
    for name, text_of in texts.items():
        found = probe(term_matrix(model, [text_of(r) for r in records]), families, documents)
        write(
            f"{name}: {found.accuracy:.1%} of {found.tried} told ({found.apart:.1%} of "
            f"{found.tried_apart} from other documents), {found.families} families, "
            f"chance {1 / found.families:.1%}, commonest {found.commonest:.1%}\n"
        )
        kept[name] = [found.families, round(found.accuracy, 3), round(found.apart, 3)]
    if arguments.write:
        keep({"publisher": kept})
    return 0


if __name__ == "__main__":
    sys.exit(main())
