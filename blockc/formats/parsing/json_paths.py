"""A small language for places in JSON: where the prefixes stand, and what is said about them.

    prefixes[].ip_prefix               the key of each object in a list
    values[].properties.addresses[]    each text of a list in each object of a list
    {hooks,web,api}[]                  of these keys those that are there, at least one of them
    items[].ips?[]                     a key that only some of the objects have
    services.{*}[]                     of every key, whatever it is called
    []                                 each item of a file that is a list

The path of a tag says where, seen from the same prefix, its text stands: it follows the way to the
prefix as long as both paths agree, then goes its own. `*` agrees with whatever the way there was,
and a `~` at the end means the name of the last key instead of its value: `*~` beside
`{hooks,web}[]` is `hooks` or `web`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from blockc.values import Value

_KEY = r"[^\s.,*?~\[\]{}]+(?: [^\s.,*?~\[\]{}]+)*"
_STEP = re.compile(rf"({_KEY}|\{{{_KEY}(?:,{_KEY})*\}}|\{{\*\}}|\*|)(\?)?(\[\])?")
_MAX_STEPS = 20


class Missing(Exception):
    """A file has not what a path says: `trail` is where, `reason` what."""

    def __init__(self, trail: str, reason: str) -> None:
        super().__init__(f"{trail or 'the file'} {reason}")


class PathStep(Value):
    """One step of a path: the keys to take, or none for a list itself; `each` of its items.

    An `optional` step may lead nowhere; `every` takes all keys there are.
    """

    keys: tuple[str, ...]
    each: bool
    optional: bool = False
    every: bool = False

    def agrees(self, other: "PathStep") -> bool:
        """Return whether this step of a tag goes where `other`, one to the prefixes, went."""
        return self == other or self.keys == ("*",)


class Path(Value):
    """Steps from the top of a document; `named` means the name of the last key."""

    steps: tuple[PathStep, ...]
    named: bool = False

    def __str__(self) -> str:
        return ".".join(map(_step_text, self.steps)) + ("~" if self.named else "")

    def shared(self, other: "Path") -> int:
        """Return how many steps the path of a tag has in common with `other`, to the prefixes."""
        count = 0
        for mine, theirs in zip(self.steps, other.steps, strict=False):
            if not mine.agrees(theirs):
                break
            count += 1
        return count


def parse_path(text: str) -> Path:
    """Return the path that `text` says.

    Raises:
        ValueError: If it says none.

    >>> str(parse_path("values[].{a,b}[]"))
    'values[].{a,b}[]'
    """
    body = text.removesuffix("~")
    pieces = body.split(".")
    steps: list[PathStep] = []
    for piece in pieces:
        match = _STEP.fullmatch(piece)
        if not match or not piece or len(pieces) > _MAX_STEPS or (not match[1] and steps):
            raise ValueError(f"{text!r} is not a path, {piece!r} is no step of one")
        every = match[1] == "{*}"
        keys = tuple(match[1].strip("{}").split(",")) if match[1] and not every else ()
        if match[2] and not keys:
            raise ValueError(f"{text!r} is not a path, only a key can be optional")
        steps.append(PathStep(keys, bool(match[3]), bool(match[2]), every))
    if body != text and not (steps[-1].keys or steps[-1].every):
        raise ValueError(f"{text!r} is not a path, only a key has a name")
    return Path(tuple(steps), named=body != text)


def _step_text(step: PathStep) -> str:
    keys = (
        "{*}"
        if step.every
        else "{" + ",".join(step.keys) + "}"
        if len(step.keys) > 1
        else "".join(step.keys)
    )
    return keys + ("?" if step.optional else "") + ("[]" if step.each else "")


def children(value: Any, step: PathStep, trail: str) -> Iterator[tuple[str, Any, str]]:
    """Yield key, value and place of all that `step` leads to from `value`, which is at `trail`.

    Raises:
        Missing: If there is nothing.
    """
    for key, child, at in _keyed(value, step, trail):
        if not step.each:
            yield key, child, at
            continue
        if child is None or child == "":  # publishers write these for an empty list
            continue
        if not isinstance(child, list):
            raise Missing(at, f"is {kind(child)}, expected a list")
        for number, item in enumerate(child):
            yield key, item, f"{at}[{number}]"


def _keyed(value: Any, step: PathStep, trail: str) -> Iterator[tuple[str, Any, str]]:
    if not step.keys and not step.every:
        yield "", value, trail
        return
    if not isinstance(value, dict):
        raise Missing(trail, f"is {kind(value)}, expected an object")
    found = list(value) if step.every else [key for key in step.keys if key in value]
    if not found and not step.every:
        wanted = " or ".join(map(repr, step.keys))
        said = f"has no key {wanted}"
        folded = {key.casefold() for key in step.keys}
        names = map(str, value)  # in a damaged MaxMind DB keys may be numbers
        other = next((name for name in names if name.casefold() in folded), None)
        if other is not None:  # also where the key is optional: what it holds would be lost
            raise Missing(trail, f"{said}, but {other[:60]!r}: case counts")
        if step.optional:
            return
        if trail.endswith("]") and not trail.endswith("[0]"):  # the first one has it
            said += f"; write {step.keys[0]}? if only some of the items have it"
        raise Missing(trail, said)
    for key in found:
        yield key, value[key], f"{trail}.{key}" if trail else key


def texts_at(value: Any, steps: tuple[PathStep, ...], trail: str) -> list[str]:
    """Return the texts that `steps` lead to from `value`; none where a key is not there.

    Raises:
        Missing: If there is a list or an object in place of a text.
    """
    if not steps:
        return [text_of(value, trail)]
    found = []
    try:
        way = list(children(value, steps[0], trail))
    except Missing:
        return []
    for _, child, at in way:
        found += texts_at(child, steps[1:], at)
    return found


def text_of(value: Any, trail: str) -> str:
    """Return a text, number or truth as text, and null as the empty text.

    Raises:
        Missing: If `value` is a list or an object.
    """
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    raise Missing(trail, f"is {kind(value)}, expected a text")


def kind(value: Any) -> str:
    """Return what sort of JSON value this is, in words."""
    names: Mapping[type, str] = {dict: "an object", list: "a list", str: "a text"}
    return names.get(type(value), "null" if value is None else "a number or truth")
