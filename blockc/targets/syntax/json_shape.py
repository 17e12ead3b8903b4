"""JSON documents of a known shape: what must stand where, and in which places entries stand.

A shape is a value as JSON has it, with marks in the places that differ from one document to the
next. Whatever the shape does not have is an error with its place.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from blockc.addresses import FAMILIES, Family
from blockc.targets.syntax.addresses import decode_rules
from blockc.targets.syntax.json_tree import NAMES, JsonNode, json_object
from blockc.targets.syntax.reading import BLOCK, Found, Part, Reading, acting
from blockc.targets.syntax.tokens import Text
from blockc.values import Value, replace

COUNTRY = "country"
Shape = Any  # a JSON value, or one with marks in it


class Says(Value):
    """A value of the operator's choice: a name, a number, a text.

    `pattern`: what a text must match from end to end; its first group, if it has one, is the value.
    """

    what: str
    pattern: str = r"(?s).*"
    kind: type = str
    number: bool = False  # of a text: its value is a number


class Maybe(Value):
    """A key of an object that may be missing."""

    shape: Shape


class Codes(Value):
    """A list of up to `most` codes of countries, each once."""

    most: int


class Each(Value):
    """A list of values of one shape, `least` or more of them."""

    shape: Shape
    least: int = 0


class Doing(Value):
    """What has this shape makes the entries do `action` in place of blocking."""

    action: str
    shape: Shape


class Meaning(Value):
    """What has this shape says `value` of `what`, without a word of its own for it."""

    what: str
    value: object
    shape: Shape


class Named(Value):
    """An object with one key, which is a name, and a value of a shape."""

    what: str
    pattern: str
    shape: Shape


class Labels(Value):
    """An object of texts, whose value is `key=text,key=text`."""

    what: str


class Either(Value):
    """One of several shapes that differ in a literal value or in their keys."""

    shapes: tuple[Shape, ...]


class Entries(Value):
    """A list of entries.

    `spelled`: returns the prefix that an item stands for, or None where it is something else; None
    where each item is a prefix as text. `families`: what the entries may be of.
    `verdict`: returns the label of an item, where not all block; `most`: how many there may be.
    """

    spelled: Callable[[Any], str | None] | None = None
    families: tuple[Family, ...] = FAMILIES
    verdict: Callable[[Any], int] | None = None
    most: int | None = None


def shaped(shape: Shape) -> Callable[[Text], Reading]:
    """Return the reader of documents of a shape; every entry blocks, unless the shape says more."""

    def read(text: Text) -> Reading:
        gathered = _Gathered(text)
        gathered.match(shape, json_object(text))
        return gathered.reading()

    return read


def numbered(reading: Reading, rule: str, priority: str) -> Reading:
    """Return a reading whose rules are NAME_1, NAME_2, ... and have priorities that follow.

    Each is found once then: the name, and the priority of the first rule.

    Args:
        rule, priority: What the names and the priorities of the rules are called.

    Raises:
        SourceSyntaxError: About the first that is another.
    """
    names = [one for one in reading.found if one.what == rule]
    priorities = [one for one in reading.found if one.what == priority]
    if not names:
        return reading
    name, first = str(names[0].value).removesuffix("_1"), int(str(priorities[0].value))
    for at, (named, placed) in enumerate(zip(names, priorities, strict=True)):
        if named.value != f"{name}_{at + 1}":
            raise named.error(f"expected {name}_{at + 1}")
        if placed.value != first + at:
            raise placed.error(f"expected {first + at}")
    others = [one for one in reading.found if one.what not in {rule, priority}]
    return replace(reading, found=(replace(names[0], value=name), priorities[0], *others))


def of_countries(reading: Reading) -> Reading:
    """Return a reading of rules of countries: what they do to them, and no addresses."""
    action = "monitor" if "monitor" in reading.names else BLOCK
    countries = (one for one in reading.found if one.what == COUNTRY)
    said = [replace(one, what="action", value=action) for one in countries]
    return Reading((), found=(*reading.found, *said[:1]))


class _Gathered:
    """What was found in one document so far."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.parts: list[Part] = []
        self.found: list[Found] = []
        self.actions: list[tuple[str, JsonNode]] = []

    def reading(self) -> Reading:
        """Return what the document says."""
        parts = self.parts or decode_rules(self.text, [], 1, lambda _, why: self.text.error(why, 0))
        action = self.actions[0][0] if self.actions else BLOCK
        for other, node in self.actions:
            if other != action:
                raise node.error(f"this does {other!r} and another place {action!r}")
        return acting(Reading(tuple(parts), found=tuple(self.found)), action)

    def match(self, shape: Shape, node: JsonNode) -> None:
        """Take in a value that must have a shape."""
        take = _TAKES.get(type(shape), _literal)
        take(self, shape, node)

    def object_of(self, shape: Mapping[str, Shape], node: JsonNode) -> None:
        """Take in an object with exactly these keys, but for those that may be missing."""
        if not isinstance(node.value, dict):
            raise node.error(f"expected an object with {', '.join(shape)}")
        for key in node.value:
            if key not in shape:
                raise node.child(key).error(f"unknown key {key!r}")
        for key, inner in shape.items():
            if key in node.value:
                self.match(inner.shape if isinstance(inner, Maybe) else inner, node.child(key))
            elif not isinstance(inner, Maybe):
                raise node.error(f"the key {key!r} is missing")

    def list_of(self, shape: list[Shape], node: JsonNode) -> None:
        """Take in a list of exactly these values."""
        if not isinstance(node.value, list) or len(node.value) != len(shape):
            raise node.error(f"expected a list of {len(shape)}")
        for at, inner in enumerate(shape):
            self.match(inner, node.child(at))

    def codes(self, shape: Codes, node: JsonNode) -> None:
        """Note each country of a list of codes."""
        if not isinstance(node.value, list) or len(node.value) > shape.most:
            raise node.error(f"expected a list of {shape.most} codes at most")
        seen = {one.value for one in self.found if one.what == COUNTRY}
        for code in node.items():
            if not re.fullmatch("[A-Z]{2}", str(code.value)) or code.value in seen:
                raise code.error("expected the code of a country, each once")
            seen.add(code.value)
            self.found.append(code.found(COUNTRY))

    def each(self, shape: Each, node: JsonNode) -> None:
        """Take in a list of values of one shape."""
        if not isinstance(node.value, list) or len(node.value) < shape.least:
            raise node.error(f"expected a list of {shape.least} or more")
        for item in node.items():
            self.match(shape.shape, item)

    def says(self, shape: Says, node: JsonNode) -> None:
        """Note a value of the operator's choice."""
        if type(node.value) is not shape.kind:
            raise node.error(f"expected {NAMES[shape.kind]}")
        value = node.value
        if isinstance(value, str):
            match = re.fullmatch(shape.pattern, value, re.ASCII)
            if match is None:
                raise node.error(f"{value!r} cannot be the {shape.what}")
            value = match[1] if match.re.groups else value
            value = int(value) if shape.number else value
        self.found.append(node.found(shape.what, value))

    def doing(self, shape: Doing, node: JsonNode) -> None:
        """Note what happens to the clients of the entries."""
        self.actions.append((shape.action, node))
        self.match(shape.shape, node)

    def meaning(self, shape: Meaning, node: JsonNode) -> None:
        """Note what a shape says by being there."""
        self.found.append(node.found(shape.what, shape.value))
        self.match(shape.shape, node)

    def named(self, shape: Named, node: JsonNode) -> None:
        """Note the name of the one key of an object."""
        if not isinstance(node.value, dict) or len(node.value) != 1:
            raise node.error(f"expected one {shape.what} and nothing beside it")
        (name,) = node.value
        inner = node.child(name)
        if not re.fullmatch(shape.pattern, name, re.ASCII):
            raise inner.error(f"{name!r} is not a {shape.what}")
        self.found.append(inner.found(shape.what, name))
        self.match(shape.shape, inner)

    def labels(self, shape: Labels, node: JsonNode) -> None:
        """Note the texts of an object."""
        if not isinstance(node.value, dict) or not node.value:
            raise node.error("expected an object of labels")
        pairs = [f"{key}={value}" for key, value in node.value.items() if isinstance(value, str)]
        if len(pairs) < len(node.value):
            raise node.error("a label that is not a text")
        self.found.append(node.found(shape.what, ",".join(pairs)))

    def either(self, shape: Either, node: JsonNode) -> None:
        """Take in what one of several shapes fits at first sight, else tell of the first."""
        chosen = next((one for one in shape.shapes if _fits(one, node.value)), shape.shapes[0])
        self.match(chosen, node)

    def entries(self, shape: Entries, node: JsonNode) -> None:
        """Take in a list of entries."""
        if not isinstance(node.value, list):
            raise node.error("expected a list of addresses")
        tokens = node.texts() if shape.spelled is None else _spelled(shape.spelled, node)
        if shape.most is not None and len(tokens) > shape.most:
            raise node.where(shape.most, f"expected at most {shape.most:,} here")
        labels = [*map(shape.verdict, node.value)] if shape.verdict else 1
        self.parts += decode_rules(self.text, tokens, labels, node.where, families=shape.families)


def _literal(_: _Gathered, shape: Shape, node: JsonNode) -> None:
    if type(node.value) is not type(shape) or node.value != shape:
        raise node.error(f"expected {shape!r}")


def _spelled(spelled: Callable[[Any], str | None], node: JsonNode) -> list[str]:
    found = [spelled(item) for item in node.value]
    tokens = [token for token in found if token is not None]
    if len(tokens) < len(found):
        raise node.where(found.index(None), "this entry is not understood")
    return tokens


def _fits(shape: Shape, value: object) -> bool:
    """Return whether a value can have a shape, by its literal values and its keys."""
    if isinstance(shape, Doing | Meaning | Maybe):
        return _fits(shape.shape, value)
    if isinstance(shape, dict):
        return isinstance(value, dict) and _fits_object(shape, value)
    if isinstance(shape, list):
        return isinstance(value, list) and len(value) == len(shape)
    if isinstance(shape, Named):
        return isinstance(value, dict) and len(value) == 1
    if isinstance(shape, Entries):
        some = value[:1] if isinstance(value, list) else [None]
        return shape.spelled is None or None not in map(shape.spelled, some)
    return type(shape) in _TAKES or (type(value) is type(shape) and value == shape)


def _fits_object(shape: Mapping[str, Shape], value: Mapping[str, object]) -> bool:
    needed = {key for key, inner in shape.items() if not isinstance(inner, Maybe)}
    known = needed <= value.keys() <= shape.keys()
    return known and all(_fits(shape[key], inner) for key, inner in value.items())


_TAKES: Mapping[type, Callable[[_Gathered, Any, JsonNode], None]] = {
    dict: _Gathered.object_of,
    list: _Gathered.list_of,
    Codes: _Gathered.codes,
    Each: _Gathered.each,
    Says: _Gathered.says,
    Doing: _Gathered.doing,
    Meaning: _Gathered.meaning,
    Named: _Gathered.named,
    Labels: _Gathered.labels,
    Either: _Gathered.either,
    Entries: _Gathered.entries,
}
