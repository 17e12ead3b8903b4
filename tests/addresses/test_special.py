"""The table of special-purpose space: in order, complete where it hurts, and protecting users."""

from itertools import pairwise

import pytest

from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES
from blockc.addresses.parse import parse_raw, parse_span
from blockc.registries.special import protected_addresses, special_addresses, special_purpose


def holds(addresses: AddrSet, *texts: str) -> bool:
    return not AddrSet.of_ranges(parse_span(text) for text in texts) - addresses


def test_the_table_is_sorted_and_has_every_prefix_once() -> None:
    rows = special_purpose()
    assert all(a.prefix < b.prefix for a, b in pairwise(rows))
    assert {row.prefix.family for row in rows} == set(FAMILIES)


def test_rows_of_one_name_are_one_purpose() -> None:
    for row in special_purpose():
        assert row.name == row.name.strip()
        assert row.rfc.removeprefix("RFC ").isdecimal()
        twins = [other for other in special_purpose() if other.name == row.name]
        assert len({(twin.reachable, twin.local_users) for twin in twins}) == 1


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.1", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "169.254.169.254",
        "172.16.0.0", "172.31.255.255", "192.168.1.1", "198.18.0.1", "224.0.0.1", "239.255.255.255",
        "255.255.255.255", "::", "::1", "fc00::1", "fdff::1", "fe80::1", "ff02::1", "2001::1",
        "64:ff9b::102:304", "2002:102:304::1", "192.0.0.8", "192.0.0.170",
    ],
)  # fmt: skip
def test_space_with_real_users_is_protected(text: str) -> None:
    assert holds(protected_addresses(), text)


@pytest.mark.parametrize(
    "text",
    [
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
        "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "223.255.255.255",
        "2000::1", "2400::1", "2a00::1", "fbff::1", "fe7f::1",
    ],
)  # fmt: skip
def test_ordinary_space_is_not_special(text: str) -> None:
    assert not holds(special_addresses(), text)


def test_protected_space_is_special_space() -> None:
    assert not protected_addresses() - special_addresses()
    assert not holds(protected_addresses(), "203.0.113.1")
    assert holds(special_addresses(), "203.0.113.0/24", "2001:db8::/32", "240.0.0.0/4", "3fff::/20")


def test_the_mapped_block_is_in_the_table_as_ipv6() -> None:
    mapped = parse_raw("::ffff:0:0")
    assert [
        row.name for row in special_purpose() if (row.prefix.family, row.prefix.first) == mapped
    ]
