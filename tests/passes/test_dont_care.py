"""Free space is what nobody uses: not special space with local users, nor what is handed out."""

import numpy as np

from blockc.addresses import columns
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import V6
from blockc.addresses.parse import parse_prefix
from blockc.compiler.limits import dont_care_space
from blockc.registries.records import STATUSES, Records
from blockc.registries.registry_map import RegistryMap
from blockc.registries.special import protected_addresses, special_purpose
from blockc.vocabulary import DontCare


def records(*rows: tuple[str, str]) -> list[Records]:
    """Return a record a `(prefix, status)`."""
    found = []
    for text, status in rows:
        prefix = parse_prefix(text)
        start, last = columns.span_columns(prefix.family, [(prefix.first, prefix.last)])
        small = [np.array([n], dtype=k) for n, k in ((0x5553, "u2"), (1, "u1"))]
        rest = [
            np.array([n], dtype=k)
            for n, k in ((STATUSES.index(status), "u1"), (0, "i4"), (1, "i4"))
        ]
        found.append(Records(prefix.family, start, last, small[0], small[1], *rest))
    return found


WORLD = RegistryMap.of(
    records(
        ("1.0.0.0/24", "allocated"),
        ("1.0.1.0/24", "assigned"),
        ("1.0.2.0/24", "available"),
        ("1.0.3.0/24", "reserved"),
        ("1.0.4.0/24", "other"),
        ("10.0.0.0/8", "available"),
        ("198.51.100.0/24", "available"),
        ("2001:db8::/32", "reserved"),
        ("2a00::/16", "allocated"),
        ("2b00::/16", "available"),
    )
)


def free(tier: DontCare, text: str) -> bool:
    return parse_prefix(text) in dont_care_space(tier, WORLD)


def touched(tier: DontCare, text: str) -> bool:
    return not dont_care_space(tier, WORLD).isdisjoint(AddrSet.of([parse_prefix(text)]))


def test_no_space_is_free_unless_asked_for() -> None:
    assert not dont_care_space(DontCare.OFF, WORLD)


def test_each_tier_frees_what_its_name_says() -> None:
    for text, reserved, unallocated in (
        ("1.0.0.0/24", False, False),
        ("1.0.1.0/24", False, False),
        ("1.0.2.0/24", False, True),
        ("1.0.3.0/24", True, True),
        ("1.0.4.0/24", False, False),
        ("5.0.0.0/8", True, True),
        ("198.51.100.0/24", True, True),
        ("240.0.0.0/5", True, True),
        ("2001:db8::/32", True, True),
        ("2a00::/16", False, False),
        ("2b00::/16", False, True),
        ("9000::/4", True, True),
    ):
        assert free(DontCare.RESERVED, text) == touched(DontCare.RESERVED, text) == reserved, text
        assert free(DontCare.UNALLOCATED, text) == unallocated, text


def test_special_space_with_users_is_never_free_whatever_registries_say() -> None:
    for tier in DontCare:
        assert dont_care_space(tier, WORLD).isdisjoint(protected_addresses())
        for special in special_purpose():
            assert not special.reachable or not touched(tier, str(special.prefix)), special.name


def test_free_space_of_ipv6_is_whole_64s_so_that_columns_stay_narrow() -> None:
    part = dont_care_space(DontCare.UNALLOCATED, WORLD).part(V6)
    assert not columns.is_wide(part.starts)
    assert not touched(DontCare.UNALLOCATED, "::2/128"), "its /64 holds the loopback address"
