"""The guard and the protected space, from their tables to checked values."""

import re
from fractions import Fraction

from blockc.policy.checking.checks import Checks
from blockc.policy.model import Canary, Guard, Protect
from blockc.policy.syntax.policy_tables import GuardTable, ProtectTable
from blockc.tomlio.tables import Findings, Place

_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%")
_AGE = re.compile(r"([0-9]{1,4})([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 168}


def check_guard(table: GuardTable, place: Place, findings: Findings) -> Guard:
    """Return the guard, noting what is wrong with it."""
    here = place / "widest_prefix"
    return Guard(
        max_added=_share(table.max_added, place / "max_added", findings),
        max_removed=_share(table.max_removed, place / "max_removed", findings),
        max_age_hours=_hours(table.max_age, place / "max_age", findings),
        widest_ipv4=_length(table.widest_prefix.ipv4, 32, here / "ipv4", findings),
        widest_ipv6=_length(table.widest_prefix.ipv6, 128, here / "ipv6", findings),
        preflight=table.preflight,
    )


def check_protect(table: ProtectTable, place: Place, checks: Checks) -> Protect:
    """Return what wins over every list, noting what is wrong with it."""
    return Protect(
        never_block=checks.selectors(table.never_block, place / "never_block", spares=True),
        must_block=_canaries(table.must_block, place / "must_block", checks),
        must_allow=_canaries(table.must_allow, place / "must_allow", checks),
    )


def _canaries(texts: tuple[str, ...], place: Place, checks: Checks) -> tuple[Canary, ...]:
    entries = ((checks.addresses(text, here), here) for text, here in checks.entries(texts, place))
    return tuple(Canary(addresses, here) for addresses, here in entries if addresses)


def _length(length: int, width: int, place: Place, findings: Findings) -> int:
    if 0 <= length <= width:
        return length
    findings.add(place, f"expected a length from 0 to {width}")
    return 0


def _share(text: str, place: Place, findings: Findings) -> Fraction:
    found = _SHARE.fullmatch(text)
    share = Fraction(found[1]) / 100 if found else Fraction(2)
    if share > 1:
        findings.add(
            place, f"{text!r} is not a share", hint="expected '0%' to '100%', such as '2.5%'"
        )
    return share


def _hours(text: str, place: Place, findings: Findings) -> int:
    found = _AGE.fullmatch(text)
    if not found:
        findings.add(
            place, f"{text!r} is not an age", hint="expected hours, days or weeks such as '4d'"
        )
    return int(found[1]) * _HOURS[found[2]] if found else 0
