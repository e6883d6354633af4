"""Fine-tune the encoder on axes and layers: ``finetuning.py SHARED WEIGHTS OUTPUT``.

SHARED is the folder with the developers' material, WEIGHTS the pretrained encoder
(see mpnet.py). Half of the passages that take no position are left out at random,
and so is what repeats the held-out fold or quotes a seed. Half of those that remain
are read with other names and years in them (see names.py). OUTPUT, outside this
repository, gets ``settings.json``, ``labels.json``, ``log.jsonl``,
``checkpoint.pt``, ``model-epochN.pt`` and, with ``--without-fold``,
``heldout.jsonl`` with the logits of that fold. The same command again goes on
from the last checkpoint. ``exporting.py`` makes of it what is shipped.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from material import runs
from mpnet import LOWER, WIDTH, Encoder, load_encoder, load_tokenizer, pad, pooled
from names import swap
from torch import Tensor, nn
from torch.nn import functional

from textpolitics import Axis, Scheme, load_scheme

ROOT = Path(__file__).resolve().parents[2]
FORMED = ("tradition", "from-above")
"""The label whose forms the group ``above_form`` names; other passages have none of them."""
CALLED = "called"
"""The stance towards a tactic with which its step counts."""
COPIED, QUOTED = 0.3, 0.1
"""Shares of its runs of words that a passage may have in common with a held-out one, a seed."""
NOT_DECAYED = ("bias", "norm")


@dataclass(frozen=True)
class Settings:
    """What a run must keep to the end; the defaults are those of the shipped encoder."""

    without_fold: int | None = None
    epochs: int = 2
    low_bits: bool = True
    none_share: float = 0.5
    swapped: float = 0.5
    seed: int = 13
    batch: int = 16
    longest: int = 256
    rate: float = 3e-5
    head_rate: float = 1e-3
    warmup: float = 0.06
    decay: float = 0.01
    dropout: float = 0.1
    smoothing: float = 0.05
    class_power: float = 0.5


@dataclass(frozen=True)
class Passage:
    """A text with its targets.

    Attributes:
        id: Its id.
        text: Its text.
        labels: Axis → label.
        groups: Group of layers → the names that apply; a group that was not coded is absent.
        weight: Its share in the loss, less where the coders were not sure.
    """

    id: str
    text: str
    labels: Mapping[str, str]
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    weight: float = 1.0


Labels = dict[str, tuple[str, ...]]


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON-lines file, gzipped or not."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    for line in text.split("\n"):
        if line.strip():
            yield json.loads(line)


def layers_of(layer: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Return the names that apply to a passage, by group of layers."""
    tactics = layer["tactics"]
    steps = [f"step-{tactic['step']}" for tactic in tactics if tactic["stance"] == CALLED]
    named = {
        "against": layer["against"],
        "base": [layer["base"]],
        "principles": layer["principles"],
        "tactics": [tactic["stance"] for tactic in tactics] + steps,
        "struggles": layer["struggles"],
        "oppression": [layer["oppression"]],
    }
    return {group: frozenset(names) - {None} for group, names in named.items()}


def forms_of(row: Mapping[str, Any], form: str | None) -> dict[str, frozenset[str]]:
    """Return the form of a passage; nothing where it has one that was not coded."""
    axis, label = FORMED
    if row[axis] == label and not form:
        return {}
    return {"above_form": frozenset([form] if form else [])}


def real_passages(shared: Path, axes: tuple[Axis, ...]) -> list[Passage]:
    """Return the real passages with the codes of their layers, where they have any."""
    layers = {row["id"]: row for row in lines(shared / "real" / "layers.jsonl.gz")}
    passages = []
    for row in lines(shared / "real" / "passages.jsonl.gz"):
        layer = layers.get(row["id"])
        groups = layers_of(layer) | forms_of(row, layer["above_form"]) if layer else {}
        split = any(len(given) > 1 for given in (row.get("votes") or {}).values())
        weight = 0.5 if split or row.get("confidence") == 1 else 1.0
        labels = {axis.name: row[axis.column] for axis in axes}
        passages.append(Passage(row["id"], row["text"], labels, groups, weight))
    return passages


def original_passages(axes: tuple[Axis, ...], against: tuple[str, ...]) -> list[Passage]:
    """Return the passages written for the project; `against` are the names known there."""
    passages = []
    for path in sorted((ROOT / "corpora" / "original").glob("*.jsonl")):
        for row in lines(path):
            groups = forms_of(row, row["above_form"])
            groups["against"] = frozenset([row["polemic_against"]]) & frozenset(against)
            labels = {axis.name: row[axis.column] for axis in axes}
            passages.append(Passage(row["id"], row["text"], labels, groups))
    return passages


def without_copies(passages: list[Passage], held_out: list[Passage]) -> list[Passage]:
    """Return the passages that share few runs of words with any held-out one."""
    others = [runs(passage.text) for passage in held_out]
    where = defaultdict[tuple[str, ...], list[int]](list)
    for number, other in enumerate(others):
        for run in other:
            where[run].append(number)
    kept = []
    for passage in passages:
        own = runs(passage.text)
        common = Counter(number for run in own for number in where.get(run, ()))
        if all(n <= COPIED * (len(own) + len(others[i]) - n) for i, n in common.items()):
            kept.append(passage)
    return kept


def without_seeds(passages: list[Passage], shared: Path) -> list[Passage]:
    """Return the passages that share few runs of words with the seeds."""
    seeds = set[tuple[str, ...]]()
    for seed in sorted((shared / "seeds").glob("*.txt")):
        seeds |= runs(seed.read_text("utf-8"))
    owns = [runs(passage.text) for passage in passages]
    pairs = zip(passages, owns, strict=True)
    return [passage for passage, own in pairs if len(own & seeds) <= QUOTED * len(own)]


def material(
    shared: Path, scheme: Scheme, settings: Settings
) -> tuple[list[Passage], list[Passage], Labels]:
    """Return the passages to learn from, those held out, and the names of all targets."""
    axes = scheme.axes
    real = real_passages(shared, axes)
    found = defaultdict[str, set[str]](set)
    for passage in real:
        for group, names in passage.groups.items():
            found[group] |= names
    labels = {axis.name: axis.label_names for axis in axes}
    labels |= {group: tuple(sorted(names)) for group, names in found.items()}
    coded = lines(ROOT / "corpora" / "real" / "labels.jsonl")
    folds: dict[str, int] = {row["id"]: row["fold"] for row in coded}
    held_out = [passage for passage in real if folds[passage.id] == settings.without_fold]
    chance = random.Random(settings.seed)
    nothing = {axis.name: axis.no_stance for axis in axes}
    rest = [
        passage
        for passage in real
        if folds[passage.id] != settings.without_fold
        and (chance.random() < settings.none_share or passage.labels != nothing)
    ]
    learned = without_copies(rest + original_passages(axes, labels["against"]), held_out)
    learned = without_seeds(learned, shared)
    return [with_other_names(passage, settings) for passage in learned], held_out, labels


def with_other_names(passage: Passage, settings: Settings) -> Passage:
    """Return the passage as it is or with other names in it, as chance has it."""
    chance = random.Random(f"{settings.seed} {passage.id}")
    if chance.random() >= settings.swapped:
        return passage
    return replace(passage, text=swap(passage.text, chance))


class Heads(nn.Module):
    """One linear head an axis and a group of layers, on a text's vector."""

    def __init__(self, labels: Labels, dropout: float) -> None:
        super().__init__()
        sizes = {name: len(names) for name, names in labels.items()}
        self.heads = nn.ModuleDict({name: nn.Linear(WIDTH, n) for name, n in sizes.items()})
        self.dropout = nn.Dropout(dropout)
        for head in self.heads.values():
            nn.init.normal_(head.weight, std=0.02)
            nn.init.zeros_(head.bias)

    def forward(self, vectors: Tensor) -> dict[str, Tensor]:
        """Return the logits of each axis and group."""
        vectors = self.dropout(vectors)
        return {name: head(vectors) for name, head in self.heads.items()}


class Loss:
    """Weighted cross-entropy for the axes, logistic loss for the groups that were coded.

    Rare labels weigh more: by the inverse of their frequency to the power `class_power`.
    """

    def __init__(self, passages: list[Passage], labels: Labels, settings: Settings) -> None:
        self.smoothing = settings.smoothing
        self.weight = torch.tensor([passage.weight for passage in passages])
        self.gold: dict[str, Tensor] = {}
        self.coded: dict[str, Tensor] = {}
        self.rarity: dict[str, Tensor] = {}
        for name, names in labels.items():
            if name in passages[0].labels:
                gold = torch.tensor([names.index(p.labels[name]) for p in passages])
                mass = torch.bincount(gold, self.weight, minlength=len(names))
                inverse = mass.clamp(min=1) ** -settings.class_power
                self.rarity[name] = inverse * mass.sum() / (mass * inverse).sum()
            else:
                applying = [p.groups.get(name, frozenset()) for p in passages]
                gold = torch.tensor([[float(n in there) for n in names] for there in applying])
                coded = torch.tensor([name in p.groups for p in passages])
                positive = gold[coded].sum(0)
                odds = (coded.sum() - positive) / positive.clamp(min=1)
                self.rarity[name] = (odds**settings.class_power).clamp(max=10)
                self.coded[name] = coded
            self.gold[name] = gold

    def __call__(self, numbers: list[int], logits: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the loss of each head on the passages with these numbers."""
        weight = self.weight[numbers]
        losses = {}
        for name, given in logits.items():
            gold, rarity = self.gold[name][numbers], self.rarity[name]
            if name not in self.coded:
                each = functional.cross_entropy(
                    given, gold, reduction="none", label_smoothing=self.smoothing
                )
                losses[name] = (each * rarity[gold] * weight).mean()
            else:
                each = functional.binary_cross_entropy_with_logits(
                    given, gold, pos_weight=rarity, reduction="none"
                )
                losses[name] = (each.mean(1) * weight * self.coded[name][numbers]).mean()
        return losses


class Frozen:
    """The lower layers' states of every passage, computed once and kept in memory."""

    def __init__(self, encoder: Encoder, rows: list[list[int]]) -> None:
        self.encoder, self.rows = encoder, rows
        self.known: dict[int, Tensor] = {}

    def __call__(self, numbers: list[int]) -> tuple[Tensor, Tensor]:
        """Return states and mask of the passages with these numbers."""
        rows = [self.rows[number] for number in numbers]
        ids, mask = pad(rows)
        if not all(number in self.known for number in numbers):
            with torch.no_grad():
                states = self.encoder.lower(ids, mask, LOWER).bfloat16()
            for number, row, state in zip(numbers, rows, states, strict=True):
                self.known[number] = state[: len(row)].clone()
        kept = [self.known[number] for number in numbers]
        return nn.utils.rnn.pad_sequence(kept, batch_first=True).float(), mask


def batches(lengths: list[int], settings: Settings, epoch: int) -> list[list[int]]:
    """Return random batches of like length: sorted within stretches of 50 batches."""
    chance = random.Random(settings.seed + 1000 * epoch)
    order = list(range(len(lengths)))
    chance.shuffle(order)
    size = settings.batch
    found = []
    for start in range(0, len(order), 50 * size):
        part = sorted(order[start : start + 50 * size], key=lengths.__getitem__)
        found += [part[i : i + size] for i in range(0, len(part), size)]
    chance.shuffle(found)
    return found


class Run:
    """Encoder and heads on their way, with what it takes to go on after a stop."""

    def __init__(
        self, folder: Path, settings: Settings, labels: Labels, weights: Path, steps: int
    ) -> None:
        self.folder, self.steps, self.done = folder, steps, 0
        self.encoder = load_encoder(weights, settings.dropout, low_bits=settings.low_bits)
        self.heads = Heads(labels, settings.dropout)
        self.encoder.requires_grad_(False)
        self.encoder.layers[LOWER:].requires_grad_(True)
        self.learning = {n: v for n, v in self.encoder.named_parameters() if v.requires_grad}
        plain = [n for n in self.learning if any(word in n for word in NOT_DECAYED)]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": [v for n, v in self.learning.items() if n not in plain]},
                {"params": [self.learning[n] for n in plain], "weight_decay": 0.0},
                {"params": list(self.heads.parameters()), "lr": settings.head_rate},
            ],
            lr=settings.rate,
            weight_decay=settings.decay,
        )
        warm = max(1, round(settings.warmup * steps))
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda n: min((n + 1) / warm, (steps - n) / max(1, steps - warm))
        )

    def resume(self) -> None:
        """Go back to the last checkpoint, if there is one."""
        if (self.folder / "checkpoint.pt").exists():
            kept = torch.load(self.folder / "checkpoint.pt", weights_only=True)
            self.encoder.load_state_dict(kept["encoder"], strict=False)
            self.heads.load_state_dict(kept["heads"])
            self.optimizer.load_state_dict(kept["optimizer"])
            self.schedule.load_state_dict(kept["schedule"])
            torch.set_rng_state(kept["rng"])
            self.done = kept["done"]

    def keep(self, epoch: int | None) -> None:
        """Write a checkpoint, and the weights as they are if an epoch has ended."""
        weights = {"encoder": self.learning, "heads": self.heads.state_dict()}
        if epoch:
            write_whole(self.folder / f"model-epoch{epoch}.pt", weights)
        state = {
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "rng": torch.get_rng_state(),
            "done": self.done,
        }
        write_whole(self.folder / "checkpoint.pt", weights | state)

    def step(self, numbers: list[int], frozen: Frozen, loss: Loss) -> dict[str, float]:
        """Learn from one batch and return its losses."""
        self.encoder.train()
        self.encoder.layers[:LOWER].eval()
        self.heads.train()
        with torch.autocast("cpu", torch.bfloat16):
            states, mask = frozen(numbers)
            states = self.encoder.upper(states, mask, LOWER)
        losses = loss(numbers, self.heads(pooled(states, mask)))
        sum(losses.values()).backward()
        nn.utils.clip_grad_norm_([*self.learning.values(), *self.heads.parameters()], 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.schedule.step()
        self.done += 1
        return {name: value.item() for name, value in losses.items()}

    def train(
        self, rows: list[list[int]], loss: Loss, settings: Settings, every: int, last: int
    ) -> None:
        """Learn up to step `last`, with a checkpoint after `every` so many steps."""
        frozen = Frozen(self.encoder, rows)
        lengths = [len(row) for row in rows]
        epoch_steps = self.steps // settings.epochs
        recent: list[dict[str, float]] = []
        since = time.time()
        while self.done < last:
            epoch, at = divmod(self.done, epoch_steps)
            numbers = batches(lengths, settings, epoch)[at]
            recent.append(self.step(numbers, frozen, loss))
            if self.done % 20 == 0 or self.done == last:
                means = {n: round(fmean(each[n] for each in recent), 4) for n in recent[0]}
                seconds = round((time.time() - since) / len(recent), 2)
                log(self.folder, step=self.done, of=self.steps, seconds=seconds, **means)
                recent, since = [], time.time()
            ended = self.done % epoch_steps == 0
            if ended or self.done % every == 0 or self.done == last:
                self.keep(epoch + 1 if ended else None)

    def predict(self, rows: list[list[int]]) -> list[dict[str, list[float]]]:
        """Return the logits of every head for each row."""
        self.encoder.eval()
        self.heads.eval()
        order = sorted(range(len(rows)), key=lambda number: len(rows[number]))
        found: dict[int, dict[str, list[float]]] = {}
        for start in range(0, len(order), 16):
            numbers = order[start : start + 16]
            ids, mask = pad([rows[number] for number in numbers])
            with torch.no_grad():
                with torch.autocast("cpu", torch.bfloat16):
                    vectors = self.encoder(ids, mask)
                logits = {name: part.tolist() for name, part in self.heads(vectors).items()}
            for place, number in enumerate(numbers):
                found[number] = {name: part[place] for name, part in logits.items()}
        return [found[number] for number in range(len(rows))]


def write_whole(path: Path, content: dict[str, Any]) -> None:
    """Write a torch file whole or not at all."""
    fresh = path.with_suffix(".tmp")
    torch.save(content, fresh)
    fresh.replace(path)


def log(folder: Path, **entry: Any) -> None:
    """Tell the person who waits, and the log."""
    line = json.dumps({"at": time.strftime("%H:%M:%S"), **entry})
    sys.stderr.write(line + "\n")
    with (folder / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def start(folder: Path, settings: Settings, labels: Labels) -> None:
    """Make the run's folder; refuse one that holds a run with other settings."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("settings", asdict(settings)), ("labels", labels)):
        text = json.dumps(content, indent=1) + "\n"
        path = folder / f"{name}.json"
        if path.exists() and path.read_text("utf-8") != text:
            raise SystemExit(f"{folder} holds a run with other {name}")
        path.write_text(text, encoding="utf-8")
    torch.manual_seed(settings.seed)


def write_held_out(run: Run, passages: list[Passage], rows: list[list[int]], axes: Labels) -> None:
    """Write the logits of the held-out passages, by the names of labels and layers."""
    with (run.folder / "heldout.jsonl").open("w", encoding="utf-8") as file:
        for passage, logits in zip(passages, run.predict(rows), strict=True):
            named = {
                name: {k: round(v, 4) for k, v in zip(axes[name], given, strict=True)}
                for name, given in logits.items()
            }
            line = {
                "id": passage.id,
                "logits": {name: named[name] for name in passage.labels},
                "layers": {n: part for n, part in named.items() if n not in passage.labels},
            }
            file.write(json.dumps(line) + "\n")


def main() -> None:
    """Fine-tune from the start or from the last checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--without-fold", type=int, metavar="N", help="hold this fold out, 0 to 4")
    parser.add_argument("--epochs", type=int, default=Settings.epochs)
    parser.add_argument(
        "--low-bits",
        action=argparse.BooleanOptionalAction,
        default=Settings.low_bits,
        help="learn on top of lower layers with 4 bits a weight, as they are shipped",
    )
    parser.add_argument("--none-share", type=float, default=Settings.none_share)
    parser.add_argument(
        "--swapped", type=float, default=Settings.swapped, help="share read with other names"
    )
    parser.add_argument("--seed", type=int, default=Settings.seed)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--every", type=int, default=100, help="steps between checkpoints")
    parser.add_argument("--stop-after", type=int, help="stop at this step, to try it out")
    given = parser.parse_args()
    if given.output.resolve().is_relative_to(ROOT):
        parser.error("OUTPUT must not be in the repository")
    torch.set_num_threads(given.threads)
    settings = Settings(
        given.without_fold,
        given.epochs,
        given.low_bits,
        given.none_share,
        given.swapped,
        given.seed,
    )
    passages, held_out, labels = material(given.shared, load_scheme(), settings)
    start(given.output, settings, labels)
    tokenizer = load_tokenizer(given.weights, settings.longest)
    rows = [pieces.ids for pieces in tokenizer.encode_batch([p.text for p in passages])]
    steps = math.ceil(len(rows) / settings.batch) * settings.epochs
    run = Run(given.output, settings, labels, given.weights, steps)
    run.resume()
    log(given.output, passages=len(rows), held_out=len(held_out), steps=steps, start=run.done)
    last = min(steps, given.stop_after or steps)
    run.train(rows, Loss(passages, labels, settings), settings, given.every, last)
    if held_out and run.done == steps:
        held = tokenizer.encode_batch([passage.text for passage in held_out])
        write_held_out(run, held_out, [pieces.ids for pieces in held], labels)


if __name__ == "__main__":
    main()
