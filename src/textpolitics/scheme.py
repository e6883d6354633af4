"""Schemes: the axes, their labels and what each label means, read from data files.

The code knows no axis and no label by name: all names come from a TOML file (see
``schemes/``) or from the copy of one that a model carries in its manifest.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from textpolitics.errors import SchemeError

_SHIPPED = Path(__file__).parent / "schemes" / "left-traditions.toml"

# Taken already, in tables and corpus records: no axis may need one of these.
FIXED_COLUMNS = frozenset(
    (
        *("source", "record", "id", "status", "reason", "detail", "words", "ocr_quality"),
        *("model", "scheme"),
    )
)
CORPUS_FIELDS = frozenset(("id", "text", "group", "family"))
INPUT_PREFIX = "input_"
_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class Seed:
    """A place in a seed text on which a label rests: title, and heading or paragraph."""

    text: str
    section: str


@dataclass(frozen=True, slots=True)
class Label:
    """One answer to the question of an axis.

    Attributes:
        name: Name used in corpora, tables and JSON.
        definition: When the label applies.
        forms: Typical forms of it, or typical things that it asks for.
        borderlines: Rules that decide cases at its border.
        seeds: Places in the seed texts that it rests on.
        stance: False for the label that means "takes no position".
    """

    name: str
    definition: str
    forms: tuple[str, ...] = ()
    borderlines: tuple[str, ...] = ()
    seeds: tuple[Seed, ...] = ()
    stance: bool = True


@dataclass(frozen=True, slots=True)
class OnlyWhere:
    """The condition under which an axis applies: another axis has one of these labels."""

    axis: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """One question put to a text, with the labels that answer it.

    Attributes:
        name: Name used in JSON and on the command line.
        question: The question in plain words.
        select: ``"one"`` or ``"many"``: how many labels a text bears.
        labels: The answers, in the order of the file.
        layer: False for a main axis, True for a further layer.
        only_where: Condition under which the axis applies, None for always.
        borderlines: Rules that bear on all of its labels.
    """

    name: str
    question: str
    select: str
    labels: tuple[Label, ...]
    layer: bool = False
    only_where: OnlyWhere | None = None
    borderlines: tuple[str, ...] = ()

    @property
    def many(self) -> bool:
        """Whether a text may bear several labels of this axis."""
        return self.select == "many"

    @property
    def label_names(self) -> tuple[str, ...]:
        """The names of the labels, in the order of the file."""
        return tuple(label.name for label in self.labels)

    @property
    def no_stance(self) -> str | None:
        """Name of the label that means "takes no position", None if there is none."""
        return next((label.name for label in self.labels if not label.stance), None)

    @property
    def column(self) -> str:
        """Name of the axis as a table column and as a field of corpus records."""
        return column_name(self.name)

    @property
    def reason_column(self) -> str:
        """Column that says why there is no label."""
        return f"{self.column}_reason"

    @property
    def confidence_column(self) -> str:
        """Column of the confidence in the label."""
        return f"{self.column}_confidence"

    def score_column(self, label: str) -> str:
        """Return the name of the column with the score of one label."""
        return f"{self.column}_score_{column_name(label)}"

    def columns(self) -> tuple[str, ...]:
        """Return all table columns of this axis, in the order in which they stand."""
        scores = (self.score_column(name) for name in self.label_names)
        return (self.column, self.reason_column, self.confidence_column, *scores)


@dataclass(frozen=True, slots=True)
class Scheme:
    """What texts are asked, in one version.

    Attributes:
        name: Name used in manifests and tables.
        version: Numbers joined by dots, as text.
        title: What it is called in headings.
        description: What it is about and where it comes from.
        language: Language of the texts it is meant for, such as ``en``.
        axes: The questions, main axes and layers, in the order of the file.
        rules: Rules that stand above every definition.
    """

    name: str
    version: str
    title: str
    description: str
    language: str
    axes: tuple[Axis, ...]
    rules: tuple[str, ...] = ()

    @property
    def identity(self) -> dict[str, str]:
        """Name and version, as results carry them."""
        return {"name": self.name, "version": self.version}

    def axis(self, name: str) -> Axis:
        """Return the axis of this name.

        Raises:
            SchemeError: If the scheme has no such axis.
        """
        for axis in self.axes:
            if axis.name == name:
                return axis
        known = ", ".join(axis.name for axis in self.axes)
        raise SchemeError(f"scheme {self.name}", f"no axis {name!r}", f"its axes are: {known}")

    def columns(self) -> tuple[str, ...]:
        """Return the table columns of all axes, in the order in which they stand."""
        return tuple(column for axis in self.axes for column in axis.columns())

    def to_dict(self) -> dict[str, Any]:
        """Return the scheme as plain data that JSON can hold and `scheme_from_dict` reads."""
        return cast("dict[str, Any]", json.loads(json.dumps(asdict(self))))


def column_name(name: str) -> str:
    """Return a name as it stands in table columns: lower case, other signs as ``_``."""
    return re.sub(r"[^a-z0-9]", "_", name.lower())


def load_scheme(path: str | Path | None = None) -> Scheme:
    """Read a scheme file.

    Args:
        path: The TOML file; None for the scheme that is shipped.

    Returns:
        The scheme, checked.

    Raises:
        SchemeError: If the file cannot be read, or is no valid scheme.
    """
    path = Path(path) if path else _SHIPPED
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SchemeError(str(path), f"cannot be read ({error.strerror})", "check it") from error
    except ValueError as error:  # not UTF-8, or not TOML
        raise SchemeError(str(path), f"is no TOML file ({error})", "correct it there") from error
    return scheme_from_dict(data, str(path))


def scheme_from_dict(data: Mapping[str, Any], where: str = "scheme") -> Scheme:
    """Build a scheme from plain data and check it.

    Args:
        data: What a scheme file or `Scheme.to_dict` holds.
        where: Name of the source, for messages.

    Returns:
        The scheme.

    Raises:
        SchemeError: If a key is unknown or missing, a value has the wrong type, or
            names are malformed, repeated, or would collide as table columns.
    """
    scheme = _build(Scheme, data, where)
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)*", scheme.version):
        raise SchemeError(where, f"bad version {scheme.version!r}", 'write it as "1" or "1.2"')
    if not scheme.axes:
        raise SchemeError(where, "has no axis", "add a table [[axes]]")
    _check_names("scheme", (scheme.name,), where)
    _check_names("axis", tuple(axis.name for axis in scheme.axes), where)
    for number, axis in enumerate(scheme.axes):
        _check_axis(axis, f"{where}, axis {axis.name}")
        _check_condition(axis, scheme.axes[:number], f"{where}, axis {axis.name}")
    _check_columns(scheme.axes, where)
    return scheme


def _build(kind: type[_Kind], data: object, where: str) -> _Kind:
    """Build a dataclass from a table whose keys must be its fields."""
    if not isinstance(data, Mapping):
        raise SchemeError(where, "is not a table", "give it keys and values")
    required = {field.name: field.default is MISSING for field in fields(cast("Any", kind))}
    for key in data:
        if key not in required:
            raise SchemeError(where, f"unknown key {key!r}", f"the keys are: {', '.join(required)}")
    for key, needed in required.items():
        if needed and key not in data:
            raise SchemeError(where, f"has no {key}", f"add the key {key}")
    hints = get_type_hints(kind)
    return kind(**{key: _value(hints[key], item, f"{where}, {key}") for key, item in data.items()})


def _value(hint: object, value: object, where: str) -> object:
    """Check a value against the type of its field; build what lies below it."""
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            raise SchemeError(where, "is not a list", "write it in square brackets")
        inner = get_args(hint)[0]
        return tuple(_value(inner, item, f"{where} {n}") for n, item in enumerate(value, start=1))
    if get_origin(hint) is UnionType:  # something or None
        return None if value is None else _value(get_args(hint)[0], value, where)
    if hint is str and not (isinstance(value, str) and value.strip()):
        raise SchemeError(where, f"is {value!r}", "write a string that is not empty")
    if hint is bool and not isinstance(value, bool):
        raise SchemeError(where, f"is {value!r}", "write true or false")
    return _build(cast("type", hint), value, where) if is_dataclass(hint) else value


def _check_names(kind: str, names: tuple[str, ...], where: str) -> None:
    for name, count in Counter(names).items():
        if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
            advice = "begin with a to z, then a to z, 0 to 9 and hyphens"
            raise SchemeError(where, f"malformed {kind} name {name!r}", advice)
        if count > 1:
            raise SchemeError(where, f"{kind} {name!r} occurs twice", "rename or drop one of them")


def _check_axis(axis: Axis, where: str) -> None:
    if axis.select not in ("one", "many"):
        raise SchemeError(where, f"select is {axis.select!r}", 'write "one" or "many"')
    _check_names("label", axis.label_names, where)
    if len(axis.labels) < (1 if axis.many else 2):
        raise SchemeError(where, "has too few labels to choose from", "add one, or drop the axis")
    if sum(not label.stance for label in axis.labels) > 1:
        raise SchemeError(where, "several labels have stance = false", "keep it at one of them")


def _check_condition(axis: Axis, earlier: tuple[Axis, ...], where: str) -> None:
    # Only earlier axes count, so that no condition can lead back to itself.
    if axis.only_where is None:
        return
    labels = {other.name: other.label_names for other in earlier}.get(axis.only_where.axis)
    if labels is None:
        what = f"only_where names {axis.only_where.axis!r}, which is no earlier axis"
        raise SchemeError(where, what, "name one that stands above it")
    if not axis.only_where.labels or not set(axis.only_where.labels) <= set(labels):
        what = f"only_where needs labels of {axis.only_where.axis}"
        raise SchemeError(where, what, f"they are: {', '.join(labels)}")


def _check_columns(axes: tuple[Axis, ...], where: str) -> None:
    owners = dict.fromkeys(FIXED_COLUMNS | CORPUS_FIELDS, "already has a fixed meaning")
    for axis in axes:
        for column in axis.columns():
            if column in owners or column.startswith(INPUT_PREFIX):
                owner = owners.get(column, "is kept for columns of the input")
                what = f"axis {axis.name} needs the column {column}, which {owner}"
                raise SchemeError(where, what, "rename the axis or the label")
            owners[column] = f"already belongs to axis {axis.name}"
