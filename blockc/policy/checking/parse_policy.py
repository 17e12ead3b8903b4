"""From the text of a policy to a `Policy`, or to everything that is wrong with it."""

from collections.abc import Mapping, Sequence
from itertools import chain

from blockc.errors import PolicyError
from blockc.policy.checking.check_audit import check_audit
from blockc.policy.checking.check_guard import check_guard
from blockc.policy.checking.check_revoke import check_revokes
from blockc.policy.checking.checks import Checks
from blockc.policy.checking.lists import check_list, check_references
from blockc.policy.checking.operation import check_edges, check_webhook
from blockc.policy.checking.outputs import check_output, check_paths
from blockc.policy.checking.responses import check_responses
from blockc.policy.checking.whole_countries import check_country_outputs
from blockc.policy.model import Canary, Known, List, Note, Output, Policy, Protect
from blockc.policy.syntax.includes import PolicyFile, ReadFile, read_includes
from blockc.policy.syntax.policy_tables import ListTable, ProtectTable, PublishTable
from blockc.tomlio.tables import Findings, Place, TomlDocument

MOST_KEPT = 10_000


def _no_files(path: str) -> bytes:
    raise FileNotFoundError(2, "no file can be read here", path)


def parse_policy(path: str, text: str, *, known: Known, read_file: ReadFile = _no_files) -> Policy:
    """Return the policy that `text` and the files it includes describe.

    Args:
        path: The name of the file: for messages, and the place that other paths start from.
        text: TOML.
        known: The names of targets, groups and sources.
        read_file: Returns the bytes of a file; OSError if there is none.

    Raises:
        Mistakes: All that is wrong, each with file, line, column and caret.
    """
    findings = Findings(PolicyError)
    files, variables = read_includes(TomlDocument(path, text), read_file, findings)
    names = frozenset(chain.from_iterable(file.table.list for file in files))
    guard = check_guard(files, names, findings)
    checks = Checks(known, names, variables, guard, findings)
    lists, outputs = _lists(files, checks), _outputs(files, checks)
    check_responses(outputs, lists, checks)
    check_country_outputs(outputs, lists, checks)
    _note_unused(lists, outputs, checks)
    kept = _kept(files, checks)
    policy = Policy(
        files=tuple(file.place.document.path for file in files),
        lists=lists,
        outputs=outputs,
        protect=_protect(files, checks),
        guard=guard,
        groups=known.groups,
        notes=tuple(checks.notes),
        edges=check_edges(files, outputs, checks),
        webhook_env=check_webhook(files, checks),
        keep=kept.keep,
        history=kept.history,
        audit=check_audit(files, checks),
        revokes=check_revokes(files, checks),
    )
    findings.require_none()
    return policy


def _lists(files: Sequence[PolicyFile], checks: Checks) -> tuple[List, ...]:
    tables: dict[str, tuple[ListTable, Mapping[str, object], Place]] = {}
    for file in files:
        for name, table in file.table.list.items():
            place = file.place / "list" / name
            if name in tables:
                other = tables[name][2].location(name=True)
                checks.findings.add_name(place, f"list {name!r} is also in {other}")
            tables[name] = (table, _table(file.raw["list"][name]), place)
    lists = tuple(check_list(name, *tables[name], checks) for name in sorted(tables))
    check_references(lists, checks)
    return lists


def _outputs(files: Sequence[PolicyFile], checks: Checks) -> tuple[Output, ...]:
    outputs = [
        check_output(
            table, _table(file.raw["output"][index]), file.place / "output" / index, checks
        )
        for file in files
        for index, table in enumerate(file.table.output)
    ]
    check_paths(outputs, checks)
    return tuple(sorted(outputs, key=lambda output: output.path))


def _note_unused(lists: Sequence[List], outputs: Sequence[Output], checks: Checks) -> None:
    """Note every list that no output holds, neither itself nor within another list."""
    needed = {name for output in outputs for name in output.lists}
    waiting = [one for one in lists if one.name in needed]
    named = {one.name: one for one in lists}
    while waiting:
        for name in waiting.pop().references:
            if name in named and name not in needed:
                needed.add(name)
                waiting.append(named[name])
    for one in lists if outputs else ():
        if one.name not in needed:
            said = f"list {one.name!r} is in no output, so it blocks nothing"
            checks.notes.append(Note(one.place, said))


def _table(value: object) -> Mapping[str, object]:
    """Return a table as it was written; what is none was reported when types were checked."""
    return value if isinstance(value, dict) else {}


def _protect(files: Sequence[PolicyFile], checks: Checks) -> Protect:
    parts = [check_protect(file.table.protect, file.place / "protect", checks) for file in files]
    return Protect(
        tuple(chain.from_iterable(part.never_block for part in parts)),
        tuple(chain.from_iterable(part.must_block for part in parts)),
        tuple(chain.from_iterable(part.must_allow for part in parts)),
    )


def check_protect(table: ProtectTable, place: Place, checks: Checks) -> Protect:
    """Return what wins over every list, noting what is wrong with it."""
    return Protect(
        never_block=checks.selectors(table.never_block, place / "never_block", spares=True),
        must_block=_canaries(table.must_block, place / "must_block", checks),
        must_allow=_canaries(table.must_allow, place / "must_allow", checks),
    )


def _kept(files: Sequence[PolicyFile], checks: Checks) -> PublishTable:
    """Return what is kept of what was published, noting what is wrong with it."""
    given = [file for file in files if "publish" in file.raw]
    for file in given[1:]:
        first = (given[0].place / "publish").location(name=True)
        checks.findings.add_name(file.place / "publish", f"[publish] is also in {first}")
    kept = given[0].table.publish if given else PublishTable()
    if not 1 <= kept.keep <= MOST_KEPT:
        said = f"expected a number from 1 to {MOST_KEPT:,}, found {kept.keep:,}"
        checks.findings.add(given[0].place / "publish" / "keep", said)
    if kept.history.endswith("/") or "\0" in kept.history:
        said = f"expected a file, found {kept.history!r}"
        checks.findings.add(given[0].place / "publish" / "history", said)
    return kept


def _canaries(texts: tuple[str, ...], place: Place, checks: Checks) -> tuple[Canary, ...]:
    entries = ((checks.addresses(text, here), here) for text, here in checks.entries(texts, place))
    return tuple(Canary(addresses, here) for addresses, here in entries if addresses)
