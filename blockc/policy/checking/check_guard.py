"""The guard of a policy: limits, how old data may be, how wide an entry may be written."""

import re
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction

from blockc.errors import suggestion
from blockc.policy.model import ChangeLimits, Guard, Limit
from blockc.policy.syntax.includes import PolicyFile
from blockc.policy.syntax.policy_tables import GuardTable, LimitsTable
from blockc.registries.countries import ALIASES, advice, is_code
from blockc.tomlio.tables import Findings, Place

_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%")
_AGE = re.compile(r"([0-9]{1,4})([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 168}


def check_guard(files: Sequence[PolicyFile], lists: Collection[str], findings: Findings) -> Guard:
    """Return the guard, which one of the files may have, noting what is wrong with it."""
    given = [file for file in files if "guard" in file.raw]
    for file in given[1:]:
        first = (given[0].place / "guard").location(name=True)
        findings.add_name(file.place / "guard", f"[guard] is also in {first}")
    if not given:
        return Guard()
    return _checked(given[0].table.guard, lists, given[0].place / "guard", findings)


def _checked(table: GuardTable, lists: Collection[str], place: Place, findings: Findings) -> Guard:
    widest, ignored = place / "widest_prefix", place / "ignore_below"
    return Guard(
        max_added=_limit(table.max_added, place / "max_added", findings),
        max_removed=_limit(table.max_removed, place / "max_removed", findings),
        lists=_of_lists(table.list, lists, place / "list", findings),
        countries=_of_countries(table.country, place / "country", findings),
        ignore_below_ipv4=_number(table.ignore_below.ipv4, ignored / "ipv4", findings),
        ignore_below_ipv6=_number(table.ignore_below.ipv6, ignored / "ipv6", findings),
        first_build=table.first_build,
        max_age_hours=_hours(table.max_age, place / "max_age", findings),
        widest_ipv4=_length(table.widest_prefix.ipv4, 32, widest / "ipv4", findings),
        widest_ipv6=_length(table.widest_prefix.ipv6, 128, widest / "ipv6", findings),
        preflight=table.preflight,
        native=table.native,
    )


def _of_lists(
    tables: Mapping[str, LimitsTable], lists: Collection[str], place: Place, findings: Findings
) -> dict[str, ChangeLimits]:
    for name in tables:
        if name not in lists:
            findings.add_name(place / name, f"no list {name!r}{suggestion(name, lists)}")
    return {name: _limits(table, place / name, findings) for name, table in tables.items()}


def _of_countries(
    tables: Mapping[str, LimitsTable], place: Place, findings: Findings
) -> dict[str, ChangeLimits]:
    found: dict[str, ChangeLimits] = {}
    for said, table in tables.items():
        code = ALIASES.get(said, said)
        if not is_code(code):
            findings.add_name(place / said, f"unknown country {said!r}", hint=advice(said))
        elif code in found:
            findings.add_name(place / said, f"country {code} has limits already")
        found[code] = _limits(table, place / said, findings)
    return found


def _limits(table: LimitsTable, place: Place, findings: Findings) -> ChangeLimits:
    added, removed = table.max_added, table.max_removed
    return ChangeLimits(
        None if added is None else _limit(added, place / "max_added", findings),
        None if removed is None else _limit(removed, place / "max_removed", findings),
    )


def _limit(said: str | int, place: Place, findings: Findings) -> Limit:
    if isinstance(said, str):
        return read_share(said, place, findings)
    return _number(said, place, findings)


def read_share(text: str, place: Place, findings: Findings) -> Fraction:
    """Return the share that a text such as `2.5%` says, noting what is wrong with it."""
    found = _SHARE.fullmatch(text)
    share = Fraction(found[1]) / 100 if found else Fraction(2)
    if share > 1:
        hint = "expected '0%' to '100%', such as '2.5%', or a number of addresses"
        findings.add(place, f"{text!r} is not a share", hint=hint)
    return share


def _number(number: int, place: Place, findings: Findings) -> int:
    if number < 0:
        findings.add(place, f"expected a number of addresses, found {number}")
    return number


def _hours(text: str, place: Place, findings: Findings) -> int:
    found = _AGE.fullmatch(text)
    if not found:
        findings.add(
            place, f"{text!r} is not an age", hint="expected hours, days or weeks such as '4d'"
        )
    return int(found[1]) * _HOURS[found[2]] if found else 0


def _length(length: int, width: int, place: Place, findings: Findings) -> int:
    if 0 <= length <= width:
        return length
    findings.add(place, f"expected a length from 0 to {width}")
    return 0
