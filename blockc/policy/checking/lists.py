"""Lists, exceptions and stages, from their tables to checked values."""

import re
from collections import deque
from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from blockc.errors import suggestion
from blockc.policy.checking.checks import LIST_NAME, Checks
from blockc.policy.model import Exemption, List, LocatedSelector, Stage
from blockc.policy.syntax.policy_tables import ExceptionTable, ListTable, StageTable
from blockc.policy.syntax.selectors import ListSelector, Selector
from blockc.tomlio.tables import Place
from blockc.values import json_bytes

_KEYS = tuple(ListTable.__struct_encode_fields__)
CHAIN_NAMED = 10
# What every platform takes within quotes: RFC 3986 less ' and $, which some of them act on. AWS
# takes 255 characters in a header, 20 of which are not the URL.
_URL = re.compile(r"https?://[A-Za-z0-9._~:/?#\[\]@!&()*+,;=%-]{1,227}")


def check_list(
    name: str, table: ListTable, raw: Mapping[str, object], place: Place, checks: Checks
) -> List:
    """Return the list called `name`, noting what is wrong with it. `raw` holds its keys."""
    _check_name(name, place, checks)
    _check_sides(name, table, raw, place, checks)
    if not table.title.isprintable():
        hint = "it stands in artifacts: write it in one line, with plain blanks"
        checks.findings.add(place / "title", "holds characters that do not print", hint=hint)
    return List(
        name=name,
        title=table.title or name,
        reference=table.reference,
        block=checks.selectors(table.block, place / "block"),
        allow=checks.selectors(table.allow, place / "allow", spares=True),
        exemptions=_exceptions(table.except_, place / "except", checks),
        stages=_stages(table.stages, place / "stages", checks),
        place=place,
        allow_empty=table.allow_empty,
        words=json_bytes(raw).decode(),
    )


def check_references(lists: Sequence[List], checks: Checks) -> None:
    """Note every list that refers to itself through `list:`."""
    try:
        TopologicalSorter({one.name: one.references for one in lists}).prepare()
    except CycleError:
        _find_circles(lists, checks)


def _find_circles(lists: Sequence[List], checks: Checks) -> None:
    references = {
        one.name: [w for w in one.selectors if isinstance(w.selector, ListSelector)]
        for one in lists
    }
    for name in sorted(references):
        for located in references[name]:
            chain = _way_back(name, _target(located.selector), references)
            if chain:
                hint = " -> ".join([name, *_shortened(chain)])
                checks.findings.add(located.place, f"list {name!r} refers to itself", hint=hint)


def _shortened(chain: Sequence[str]) -> Sequence[str]:
    """Return the names of a long chain that help to find it: its ends."""
    more = len(chain) - CHAIN_NAMED
    return (
        [*chain[: CHAIN_NAMED // 2], f"{more} more", *chain[-CHAIN_NAMED // 2 :]]
        if more > 0
        else chain
    )


def _target(selector: Selector) -> str:
    return selector.name if isinstance(selector, ListSelector) else ""


def _way_back(goal: str, start: str, references: dict[str, list[LocatedSelector]]) -> list[str]:
    """Return the names from `start` to `goal`, following `list:`, or nothing."""
    came_from = {start: ""}
    waiting = deque([start])
    while waiting:
        name = waiting.popleft()
        if name == goal:
            return _chain(name, came_from)
        for located in references.get(name, ()):
            following = _target(located.selector)
            if following not in came_from:
                came_from[following] = name
                waiting.append(following)
    return []


def _chain(name: str, came_from: dict[str, str]) -> list[str]:
    names = [name]
    while came_from[names[-1]]:
        names.append(came_from[names[-1]])
    return names[::-1]


def _check_name(name: str, place: Place, checks: Checks) -> None:
    if not LIST_NAME.fullmatch(name):
        hint = "names are 1 to 31 lower-case letters, digits and hyphens, a letter first"
        checks.findings.add_name(place, f"{name!r} is not a name of a list", hint=hint)


def _check_sides(
    name: str, table: ListTable, raw: Mapping[str, object], place: Place, checks: Checks
) -> None:
    if table.block and table.allow:
        hint = "allow = [...] blocks everything else; use except = [...] to spare some of a block"
        checks.findings.add_name(
            place / "allow", f"list {name!r} both blocks and allows", hint=hint
        )
    misspelt = any(suggestion(key, ("block", "allow")) for key in raw if key not in _KEYS)
    if not table.block and not table.allow and not misspelt:
        hint = "give it block = [...] or allow = [...]"
        checks.findings.add_missing(place / "block", f"list {name!r} selects nothing", hint=hint)


def _exceptions(
    entries: Sequence[str | ExceptionTable], place: Place, checks: Checks
) -> tuple[Exemption, ...]:
    found: list[Exemption] = []
    for index, entry in enumerate(entries):
        here = place / index
        if isinstance(entry, ExceptionTable):
            found += _exception(entry, here, checks)
        else:
            for text in checks.texts(entry):
                found += map(Exemption, checks.located(text, here, spares=True))
    return tuple(found)


def _exception(table: ExceptionTable, place: Place, checks: Checks) -> list[Exemption]:
    if bool(table.prefix) == bool(table.select):
        hint = "write prefix = an address, prefix or range, or select = any selector"
        checks.findings.add(place, "an exception needs one of prefix and select", hint=hint)
        return []
    for key, text in (("owner", table.owner), ("reason", table.reason)):
        if not text.strip():
            checks.findings.add(
                place / key, f"{key} is empty", hint="say who answers for it and why"
            )
    if table.prefix:
        literal = checks.addresses(table.prefix, place / "prefix")
        found = [LocatedSelector(literal, place / "prefix", spares=True)] if literal else []
    else:
        here = place / "select"
        found = checks.located(table.select, here, spares=True, allow_empty=table.allow_empty)
    return [Exemption(one, table.owner, table.reason, table.until) for one in found]


def _stages(tables: Sequence[StageTable], place: Place, checks: Checks) -> tuple[Stage, ...]:
    for index, table in enumerate(tables):
        _check_stage(table, place / index, checks)
        if index and table.from_.begin <= tables[index - 1].from_.begin:
            said = f"this stage does not begin after {tables[index - 1].from_}"
            hint = "put stages in order of from"
            checks.findings.add(place / index / "from", said, hint=hint)
    return tuple(Stage(t.from_, t.action, t.status, t.blocked_by) for t in tables)


def _check_stage(table: StageTable, place: Place, checks: Checks) -> None:
    answers = [key for key in ("status", "blocked_by") if getattr(table, key)]
    if table.action != "block":
        for key in answers:
            said = f"{key} has no meaning where the action is {table.action!r}"
            checks.findings.add_name(place / key, said)
    if table.status is not None and not 400 <= table.status <= 599:
        checks.findings.add(
            place / "status", f"{table.status} refuses nothing", hint="use 400 to 599"
        )
    if table.blocked_by and not _URL.fullmatch(table.blocked_by):
        said = "expected a URL with http or https, of at most 235 characters"
        hint = "a blank, a quote and a dollar sign are written %20, %22, %27 and %24 there"
        checks.findings.add(place / "blocked_by", said, hint=hint)
