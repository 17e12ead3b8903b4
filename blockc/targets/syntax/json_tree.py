"""JSON read strictly: known keys, once each, of known types, and every value knows its place.

The text is parsed by the standard library. Where a value stands is only asked about what is wrong,
and then found by walking over the tokens once more.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NoReturn

from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.reading import Found
from blockc.targets.syntax.tokens import Text
from blockc.values import TooDense, Value, loads_json

Path = tuple[str | int, ...]
_TOKEN = re.compile(  # a key with its colon, or anything else that stands alone
    r"""[ \t\r\n]*+(?:("(?:[^"\\]|\\.)*+")[ \t\r\n]*+:
        |("(?:[^"\\]|\\.)*+"|[{}\[\],]|[^ \t\r\n{}\[\],:"]++))""",
    re.DOTALL | re.VERBOSE,
)
NAMES = {
    str: "a text",
    list: "a list",
    bool: "true or false",
    dict: "an object",
    int: "a number",
}


def json_object(text: Text) -> "JsonNode":
    """Return the one object that a text holds.

    Raises:
        SourceSyntaxError: If the text is not one JSON object, or a key occurs twice in one.
    """
    return _parsed(text, dict)


def json_list(text: Text) -> "JsonNode":
    """Return the one list that a text holds; see `json_object`."""
    return _parsed(text, list)


def _parsed(text: Text, kind: type) -> "JsonNode":
    try:
        value = loads_json(text.text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise text.error(f"not JSON: {error.msg.lower()}", error.pos) from None
    except RecursionError:
        raise text.error("not JSON: nested too deep", 0) from None
    except TooDense as reason:
        raise text.error(str(reason), 0) from None
    except _TwiceError as error:
        at, width = _twice(text.text, error.key)
        raise text.error(f"the key {error.key!r} occurs twice", at, width) from None
    except ValueError:
        raise text.error("not JSON: a number that is too long or none", 0) from None
    if not isinstance(value, kind):
        raise text.error(f"expected a JSON {'object' if kind is dict else 'list'}", 0)
    return JsonNode(text, (), value)


class JsonNode(Value, eq=False):
    """A value of a JSON text, and the keys and numbers that lead to it."""

    text: Text
    path: Path
    value: Any

    def error(self, message: str) -> SourceSyntaxError:
        """Return the error to raise about this value."""
        at, width = _place(self.text.text, self.path)
        return self.text.error(f"{self}: {message}" if self.path else message, at, width)

    def __str__(self) -> str:
        """Return the path as `Statement.Statements[1]`."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return "".join(steps).removeprefix(".")

    def fields(
        self, kinds: Mapping[str, type], optional: Mapping[str, type] = MappingProxyType({})
    ) -> "dict[str, JsonNode]":
        """Return the values of an object whose keys are exactly those of `kinds`, of those types.

        Those of `optional` may be missing.

        Raises:
            SourceSyntaxError: About the first that is unknown, missing or of another type.
        """
        if not isinstance(self.value, dict):
            raise self.error(f"expected an object with {', '.join(kinds)}")
        for key in self.value:
            if key not in kinds and key not in optional:
                raise self.child(key).error(f"unknown key {key!r}")
        kinds = {**kinds, **{key: kind for key, kind in optional.items() if key in self.value}}
        for key, kind in kinds.items():
            if key not in self.value:
                raise self.error(f"the key {key!r} is missing")
            if type(self.value[key]) is not kind:
                raise self.child(key).error(f"{key!r} is not {NAMES[kind]}")
        return {key: self.child(key) for key in kinds}

    def only(self, key: str, kind: type) -> "JsonNode":
        """Return the value of an object's only key."""
        if not isinstance(self.value, dict) or list(self.value) != [key]:
            raise self.error(f"expected {key} and nothing beside it")
        return self.fields({key: kind})[key]

    def items(self) -> "list[JsonNode]":
        """Return the values of a list."""
        return [self.child(at) for at in range(len(self.value))]

    def texts(self) -> list[str]:
        """Return a list of texts."""
        items: list[str] = self.value
        if not {*map(type, items)} <= {str}:
            at = next(at for at, item in enumerate(items) if type(item) is not str)
            raise self.child(at).error(f"{items[at]!r} is not a text")
        return items

    def column(self, key: str, known: Collection[str] | None = None) -> list[str]:
        """Return the text under one key of every object of a list.

        Args:
            known: The keys that an object may have, each a text; any if None.

        Raises:
            SourceSyntaxError: About the first object that is wrong.
        """
        items: list[Any] = self.value
        texts: list[Any] = [item.get(key) if isinstance(item, dict) else None for item in items]
        if not {*map(type, texts)} <= {str}:
            at = next(at for at, one in enumerate(texts) if type(one) is not str)
            raise self.child(at).error(f"expected an object with a text {key!r}")
        if known is not None:
            kinds = {name: str for name in known if name != key}
            for at, item in enumerate(self.value):
                if len(item) > 1:
                    self.child(at).fields({key: str}, kinds)
        return texts

    def where(self, at: int, why: str) -> SourceSyntaxError:
        """Return the error about the item of a list at a position."""
        return self.child(at).error(why)

    def found(self, what: str, value: object = None) -> Found:
        """Return what this value says, or `value` where it says that in other words."""
        return Found(what, self.value if value is None else value, self.text.path, self.error)

    def child(self, step: str | int) -> "JsonNode":
        """Return the value of a key or at a position."""
        return JsonNode(self.text, (*self.path, step), self.value[step])


class _TwiceError(Exception):
    def __init__(self, key: str) -> None:
        self.key = key


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _TwiceError(next(key for key in keys if keys.count(key) > 1))
    return found


def _no_constant(_: str) -> NoReturn:
    raise ValueError


def _walk(text: str) -> Iterator[tuple[Path, int, int]]:
    """Yield the path, the position and the width of the first token of every value, in order."""
    path: list[Any] = []
    for match in _TOKEN.finditer(text):
        key, word = match.groups()
        if key:
            path[-1] = json.loads(key)
        elif word in {"}", "]"}:
            path.pop()
        elif word == ",":
            if isinstance(path[-1], int):
                path[-1] += 1
        else:
            yield (*path,), match.start(2), len(word)
            if word in {"{", "["}:
                path.append(0)


def _place(text: str, path: Path) -> tuple[int, int]:
    """Return position and width of the first token of the value at `path`."""
    return next((at, width) for found, at, width in _walk(text) if found == path)


def _twice(text: str, key: str) -> tuple[int, int]:
    """Return position and width of the value that `key` has for the second time in one object."""
    seen = set[Path]()
    for path, at, width in _walk(text):
        if path in seen and path[-1] == key:
            return at, width
        seen.add(path)
    raise AssertionError
