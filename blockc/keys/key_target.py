"""What a key target is: how a gateway is told which keys to revoke, and how that is read back."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from urllib.parse import quote

from blockc.errors import Location, SourceSyntaxError, Unproved
from blockc.keys.key_table import RESTORE, REVOKE
from blockc.targets.core.facts import Deployment, Reference
from blockc.targets.core.target_options import Option, OptionContext, OptionValue, settle
from blockc.targets.syntax.reading import Found, Ordered
from blockc.targets.syntax.tokens import Text
from blockc.values import Value
from blockc.verify.said import differences

OptionValues = Mapping[str, OptionValue]
KeyName = tuple[str, ...]


class NamePart(Value):
    """A part of the name by which a gateway knows a key: a column of the file of names.

    `pattern`: what it must match from end to end, so that no name breaks out of the text around it;
    `expects`: the same as a phrase for messages; `is_secret`: it is what clients send.
    """

    column: str
    pattern: str
    expects: str
    is_secret: bool = False

    def fits(self, text: str) -> bool:
        """Return whether a text can be this part of a name."""
        return re.fullmatch(self.pattern, text, re.ASCII) is not None


class PlannedKey(Value):
    """A key, what happens to it, and its name at the gateway, a text for each part."""

    key: str
    action: str
    name: KeyName


class ReadKey(Value, eq=False):
    """A name and an action that a text says; `error` makes the error to raise about it."""

    name: KeyName
    action: str
    error: Callable[[str], SourceSyntaxError]


class KeyReading(Value, eq=False):
    """What a plan says: keys with their actions, and what it says beside them."""

    keys: tuple[ReadKey, ...]
    found: tuple[Found, ...] = ()


KeyReader = Callable[[Text, OptionValues], KeyReading]


class KeyTarget(Value, kw_only=True, eq=False):
    """Everything particular to one gateway, or to one form of the list of keys.

    Attributes:
        parts: What names a key.
        template: In `templates/keys/`.
        ending: What its files are usually called after.
        reader: Reads a plan by the grammar of the platform, without a look at the template.
        restores: It can give a key back.
        of_list: What it says about a key is about one list; two plans may say different things.
        placed_by: The options that say which gateway it is; the others say how it is told.
        orders: What a plan must say beside its keys and their list, by the options.
        conflict: Returns why values of options do not go together, or nothing.
        notes: What an operator must know besides.
    """

    name: str
    title: str
    parts: tuple[NamePart, ...]
    template: str
    ending: str
    reader: KeyReader
    references: tuple[Reference, ...]
    deployment: Deployment
    options: tuple[Option, ...] = ()
    restores: Callable[[OptionValues], bool] = lambda _: True
    of_list: bool = False
    placed_by: tuple[str, ...] = ()
    orders: Callable[[OptionValues], Iterable[Ordered]] = lambda _: ()
    conflict: Callable[[OptionValues], str] = lambda _: ""
    notes: str = ""

    def settle(self, given: Mapping[str, object], name: str) -> dict[str, OptionValue]:
        """Return a value for every option, as `Target.settle`.

        Raises:
            PolicyError: If one is unknown or refused; several of them as `Mistakes`.
        """
        return settle(self.name, self.options, given, OptionContext(name))

    def gateway(self, options: OptionValues) -> dict[str, OptionValue]:
        """Return what says which gateway a plan is for, by option."""
        return {name: options[name] for name in self.placed_by}

    def parts_of(self, options: OptionValues) -> tuple[NamePart, ...]:
        """Return what names a key under these options."""
        left_out = options.get("what") == "app"
        return tuple(one for one in self.parts if not (left_out and one.column == "id"))


def key_context(
    target: KeyTarget, name: str, options: OptionValues, keys: Sequence[PlannedKey]
) -> dict[str, object]:
    """Return what a template of keys sees: the list, the options, and each key.

    A key has `action`, `name` and `url`: column -> text, as it is and percent-encoded.
    """
    columns = [one.column for one in target.parts_of(options)]
    return {
        "list": name,
        "option": dict(options),
        "keys": [
            {
                "action": one.action,
                "name": dict(zip(columns, one.name, strict=True)),
                "url": {c: quote(n, safe="") for c, n in zip(columns, one.name, strict=True)},
            }
            for one in keys
        ],
    }


def prove_keys(
    target: KeyTarget,
    text: Text,
    name: str,
    options: OptionValues,
    keys: Sequence[PlannedKey],
) -> None:
    """Compare what a text says with what was decided, key by key.

    Raises:
        Unproved: It says something else, or cannot be read.
    """
    try:
        reading = target.reader(text, options)
        orders = [Ordered("list", name, required=bool(keys)), *target.orders(options)]
        for wrong in chain(
            _other_keys(text, reading, keys), differences(text.path, reading.found, orders)
        ):
            raise wrong
    except SourceSyntaxError as wrong:
        said = f"target {target.name}: {wrong.message}"
        files = {text.path: text.text.encode()}
        raise Unproved(said, at=wrong.at, hint=wrong.hint, files=files) from None


def _other_keys(
    text: Text, reading: KeyReading, keys: Sequence[PlannedKey]
) -> Iterator[SourceSyntaxError]:
    wanted, seen = {one.name: one.action for one in keys}, set[KeyName]()
    for one in reading.keys:
        said = "/".join(one.name)
        if one.name in seen:
            yield one.error(f"key {said!r} is named twice")
        elif one.name not in wanted:
            yield one.error(f"key {said!r} is in the plan, and nobody decided that")
        elif one.action != wanted[one.name]:
            yield one.error(f"key {said!r}: {one.action}, decided is {wanted[one.name]}")
        seen.add(one.name)
    for name in wanted.keys() - seen:
        said = f"key {'/'.join(name)!r} was decided and is missing"
        yield SourceSyntaxError(said, at=Location(text.path))


def found_at(text: Text, what: str, value: object, at: int, width: int = 1) -> Found:
    """Return something that a text says at a position."""
    return Found(what, value, text.path, partial(text.error, at=at, width=width))


#: What a name is where no platform says: printable, and nothing that some program takes otherwise.
ANY_NAME = NamePart("id", r"[!-~](?:[ -~]{0,254}[!-~])?", "1 to 256 printable ASCII characters")
ACTIONS_OF_KEYS = (REVOKE, RESTORE)
