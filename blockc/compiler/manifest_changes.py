"""What a manifest says otherwise than the one before it, as far as who loads the files must act.

The files are right, and yet a server that loads them goes wrong: a condition asks a variable that
says something else now, or a set is used by no rule, or nobody takes away one that is gone.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from blockc.errors import listed
from blockc.targets.core.verdicts import ContentKind, Vocabulary
from blockc.targets.registry import TARGETS
from blockc.values import loads_json

Entry = dict[str, Any]  # of an artifact, in a manifest
MOST_NAMES = 6  # of a kind in a warning; the manifest has all
_SAYS = {
    ContentKind.LIST: "whether an address is listed",
    ContentKind.VERDICTS: "words for actions",
    ContentKind.COUNTRIES: "codes of countries",
    ContentKind.CODES: "countries in place of addresses",
}


def changes_to_act_on(before: bytes, now: bytes) -> list[str]:
    """Return a warning for each object that says something else and each change of parts.

    Args:
        before: The manifest until now.
        now: The manifest from now on. What is not a manifest, or is older than what is asked of
            it, tells nothing.
    """
    try:
        old: list[Entry] = loads_json(before.decode())["artifacts"]
        new: list[Entry] = loads_json(now.decode())["artifacts"]
        return [*_other_forms(old, new), *_other_parts(old, new)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []  # there was none, or somebody changed it


def _other_forms(old: Sequence[Entry], new: Sequence[Entry]) -> Iterator[str]:
    """Yield the objects that keep their name and are not what those that ask them believe.

    A variable that was 1 or 0 is a word from now on: `if ($variable)` is true for `monitor`. A
    table whose column was `verdict` has `country`. What says the same words for a list and for
    several is what it was.
    """
    before = _named(old)
    for name, one in _named(new).items():
        other = before.get(name, one)
        was, says = ContentKind(other["says"]), ContentKind(one["says"])
        if was is not says and _words(other) != _words(one):
            yield (
                f"{name} said {_SAYS[was]} until now and says {_SAYS[says]} from this "
                "build on: change what asks it before this is loaded"
            )


def _named(artifacts: Sequence[Entry]) -> dict[str, Entry]:
    """Return the artifacts by what those who ask them call them: their objects, else their path."""
    return {name: one for one in artifacts for name in one.get("objects") or [one.get("path")]}


def _words(one: Entry) -> Vocabulary | ContentKind:
    """Return the words that an artifact can say of an address, as its target has them."""
    says = ContentKind(one["says"])
    target = TARGETS.get(one["target"])
    return target.words.get(says, says) if target else says


def _other_parts(old: Sequence[Entry], new: Sequence[Entry]) -> Iterator[str]:
    """Yield the artifacts that are in more or fewer parts; older manifests have no number of them.

    Each part is loaded by its name, so one that came is used by nobody yet, and one that went
    stays where it was loaded.
    """
    before = {(one["target"], one["path"]): one for one in old if "parts" in one}
    for one in new:
        other = before.get((one["target"], one["path"]))
        if other and other["parts"] != one["parts"]:
            is_map = one["says"] == ContentKind.COUNTRIES
            what = "the country map" if is_map else f"list {one['holds']}"
            yield (
                f"{one['path']}: {what}, {one['target']}: {_count(one['parts'])}, published "
                f"until now {_was(other['parts'])}: {'; '.join(_steps(other, one))}"
            )


def _count(parts: int) -> str:
    return f"{parts} part{'s' * (parts != 1)}" if parts else "the whole list in one"


def _was(parts: int) -> str:
    if not parts:
        return "was the whole list in one"
    return f"{'was' if parts == 1 else 'were'} {parts}"


def _steps(old: Entry, new: Entry) -> Iterator[str]:
    """Yield what to do, in order: AWS makes no rule over a missing set and deletes none in use."""
    came, went = _objects(new, old), _objects(old, new)
    files, gone = _files(new, old), _files(old, new)
    if files:
        made = f" ({came})" if came else ""
        yield f"load {listed(files, MOST_NAMES)}{made}"
    if new["joined_by"]:
        yield f"load {listed(new['joined_by'], MOST_NAMES)}, which names all parts"
    elif came:
        yield "use what came in your rules"
    if went or gone:
        away = went or listed(gone, MOST_NAMES)
        yield f"delete {away} where it is loaded: until then it stays in force"


def _objects(one: Entry, other: Entry) -> str:
    """Return the objects that the other one does not make, each kind named once."""
    kinds: dict[str, list[str]] = {}
    for name in one["objects"]:
        if name not in other["objects"]:
            kind, _, own = name.rpartition(" ")
            kinds.setdefault(kind, []).append(own)
    return ", ".join(f"{kind} {listed(names, MOST_NAMES)}" for kind, names in kinds.items())


def _files(one: Entry, other: Entry) -> list[str]:
    """Return the files of parts that the other one does not have."""
    others = {file["path"] for file in other["files"]} | {*one["joined_by"]}
    return [file["path"] for file in one["files"] if file["path"] not in others]
