"""The rows of a JSON document: the texts of prefixes that paths lead to, and their tags."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any, NoReturn

from blockc.addresses.human_forms import parse_written
from blockc.formats.parsing.format_options import MAX_RECORDS
from blockc.formats.parsing.json_paths import (
    Missing,
    Path,
    PathStep,
    children,
    kind,
    text_of,
    texts_at,
)
from blockc.values import TooDense, Value, loads_json, replace


def parse_json(data: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: If it is none; a json.JSONDecodeError where its place is known.
    """
    try:
        return loads_json(data, parse_constant=_no_constant, object_pairs_hook=_object)
    except (json.JSONDecodeError, TooDense):
        raise
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except _Duplicate as reason:
        raise ValueError(str(reason)) from None
    except ValueError:
        raise ValueError("a number has too many digits, or is none") from None


class _Duplicate(ValueError):
    """An object has a key twice: which of the two values counts, every reader decides by itself."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise _Duplicate(f"the key {twice[:60]!r} stands twice in one object")
    return found


def _no_constant(word: str) -> NoReturn:
    raise ValueError(word)


@dataclass(slots=True)
class JsonRows:
    """The rows met so far. A prefix with several values of a tag is a row for each.

    Attributes:
        wanted: Where the tags stand.
        most: How many rows are believed.
        numbers: Whether the rows are AS numbers, which JSON may write without quotes.
        prefixes: How many there are, each counted once.
        texts: The prefix of each row.
        tags: What each row is called.
        unlisted: Keys that hold addresses and stand beside those of a fixed list, with that list.
    """

    wanted: Mapping[str, Path]
    most: int = MAX_RECORDS
    numbers: bool = False
    prefixes: int = 0
    texts: list[str] = field(default_factory=list)
    tags: dict[str, list[str]] = field(default_factory=dict)
    unlisted: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tags = {name: [] for name in self.wanted}

    def add(self, document: Any, path: Path) -> None:
        """Add the rows that `path` leads to in `document`.

        Raises:
            Missing: If the document has not what the path says.
        """
        _Walk.along(path, self).visit(document, 0, "", {})

    def add_row(self, text: str, found: Mapping[str, list[str]]) -> None:
        """Add one prefix; `found` has the values of each tag.

        Raises:
            Missing: If that makes more rows than are believed.
        """
        self.prefixes += 1
        told = [found[name] or [""] for name in self.tags]
        if len(self.texts) + prod(map(len, told)) > self.most:
            raise Missing("", f"says more than {self.most:,} rows, each tag of a prefix by itself")
        for values in product(*told):
            self.texts.append(text)
            for name, value in zip(self.tags, values, strict=True):
                self.tags[name].append(value)


class _Walk(Value):
    """One way through documents.

    Attributes:
        due: By the number of steps taken, the tags that go their own way from there, and where to.
        named: By the number of steps taken, the tags that are the name of the key taken next.
    """

    rows: JsonRows
    path: Path
    due: tuple[tuple[tuple[str, tuple[PathStep, ...]], ...], ...]
    named: tuple[tuple[str, ...], ...]

    @classmethod
    def along(cls, path: Path, rows: JsonRows) -> "_Walk":
        """Return the way of `path`."""
        due: list[list[tuple[str, tuple[PathStep, ...]]]] = [[] for _ in range(len(path.steps) + 1)]
        named: list[list[str]] = [[] for _ in due]
        for name, tag in rows.wanted.items():
            shared = tag.shared(path)
            if tag.named and shared == len(tag.steps):
                named[shared - 1].append(name)
            else:
                due[shared].append((name, tag.steps[shared:]))
        return cls(rows, path, tuple(map(tuple, due)), tuple(map(tuple, named)))

    def visit(self, value: Any, depth: int, trail: str, found: dict[str, list[str]]) -> None:
        """Add the rows below `value`, which is `depth` steps down; `found` are their tags."""
        if self.due[depth]:
            found = found | {n: texts_at(value, steps, trail) for n, steps in self.due[depth]}
        if depth < len(self.path.steps):
            named = self.named[depth]
            self._note_unlisted(value, depth)
            for key, child, at in children(value, self.path.steps[depth], trail):
                here = found | {name: [key] for name in named} if named else found
                self.visit(child, depth + 1, at, here)
        elif value is None:
            return  # nothing, as in a list that is null
        elif isinstance(value, str):
            self.rows.add_row(value, found)
        elif self.rows.numbers and type(value) is int:
            self.rows.add_row(str(value), found)
        else:
            raise Missing(trail, f"is {kind(value)}, expected the text of a prefix")

    def _note_unlisted(self, value: Any, depth: int) -> None:
        """Note the keys beside a fixed list of several that hold addresses as those do."""
        step = self.path.steps[depth]
        if len(step.keys) < 2 or not isinstance(value, dict):
            return
        for key in value.keys() - {*step.keys, *self.rows.unlisted}:
            way = (replace(step, keys=(key,)), *self.path.steps[depth + 1 :])
            if _is_address(_first_text(value, way)):
                self.rows.unlisted[key] = str(Path((step,)))


def _first_text(value: Any, steps: tuple[PathStep, ...]) -> str:
    """Return the first text that `steps` lead to, or nothing."""
    for step in steps:
        try:
            _, value, _ = next(children(value, step, ""), ("", None, ""))
        except Missing:
            return ""
    return value if isinstance(value, str) else ""


def _is_address(text: str) -> bool:
    try:
        parse_written(text, truncate=True)
    except ValueError:
        return False
    return True


def single_text(document: Any, path: Path) -> str:
    """Return the one text that `path` leads to.

    Raises:
        Missing: If there is none, or not one.
    """
    value, trail = document, ""
    for step in path.steps:
        ways = list(children(value, step, trail))
        if len(ways) != 1:
            raise Missing(trail, f"has {len(ways)} of {path}, expected one")
        _, value, trail = ways[0]
    return text_of(value, trail)
