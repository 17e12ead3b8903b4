"""Plans that revoke keys, from their tables to checked values."""

from collections.abc import Mapping, Sequence
from typing import Any

from blockc.errors import suggestion
from blockc.policy.checking.check_guard import read_share
from blockc.policy.checking.checks import Checks
from blockc.policy.checking.outputs import target_options
from blockc.policy.checking.paths import PathClaims, clash, is_pattern
from blockc.policy.model import Revoke
from blockc.policy.syntax.includes import PolicyFile, beside
from blockc.policy.syntax.policy_tables import RevokeTable
from blockc.tomlio.tables import Place

_KEYS = frozenset(RevokeTable.__struct_fields__)
_RULES = ("revoke", "notify", "watch")


def check_revokes(files: Sequence[PolicyFile], checks: Checks) -> tuple[Revoke, ...]:
    """Return the plans of all files in order of path, noting what is wrong with them."""
    found = [
        _checked(table, file.raw["revoke"][number], file.place / "revoke" / number, checks)
        for file in files
        for number, table in enumerate(file.table.revoke)
    ]
    claims, places = PathClaims(), dict[str, Place]()
    for one in found:
        other = claims.claim(one.path) if is_pattern(one.path) else None
        if other is not None:
            at = (places[other] / "path").location()
            said = f"{clash(one.path, other)} in {at.path}:{at.line}"
            checks.findings.add(one.place / "path", said, hint="give each plan its own path")
        places.setdefault(one.path, one.place)
    return tuple(sorted(found, key=lambda one: one.path))


def _checked(table: RevokeTable, raw: Mapping[str, Any], place: Place, checks: Checks) -> Revoke:
    findings, options = checks.findings, checks.known.key_targets.get(table.target)
    if options is None:
        known = sorted(checks.known.key_targets)
        near = suggestion(table.target, known).removeprefix("; ")
        hint = near or f"known are {', '.join(known)}"
        findings.add(place / "target", f"unknown key target {table.target!r}", hint=hint)
    if not is_pattern(table.path) or "{" in table.path:
        hint = "such as gateway/revoke.json"
        findings.add(place / "path", f"{table.path!r} is not a path of one file", hint=hint)
    checks.list_exists(table.list, place / "list")
    rule = (table.rule,) if isinstance(table.rule, str) else table.rule
    for word in rule or ("",):
        if word not in _RULES:
            hint = f"write one or more of {', '.join(_RULES)}"
            findings.add(place / "rule", f"{word!r} is not a proposal of an audit", hint=hint)
    for key in ("keys", "names"):
        if "\0" in getattr(table, key) or (key == "keys" and not table.keys):
            findings.add(place / key, "expected a file", hint="such as revoke.csv")
    if table.max_keys < 0:
        findings.add(place / "max_keys", f"expected a number of keys, found {table.max_keys}")
    own = {key: raw[key] for key in raw.keys() - _KEYS}
    return Revoke(
        target=table.target,
        path=table.path,
        list=table.list,
        keys=beside(place.document, table.keys),
        names=beside(place.document, table.names) if table.names else "",
        rule=rule,
        max_keys=table.max_keys,
        max_share=read_share(table.max_share, place / "max_share", findings),
        options=target_options(own, table.target, options, place, checks, _KEYS),
        place=place,
    )
