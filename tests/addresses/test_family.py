"""Families and prefixes: what they refuse, how they sort, what they are called."""

from ipaddress import IPv4Address, IPv6Address
from random import Random

import pytest

from blockc.addresses.family import FAMILIES, V4, V6, Family, Prefix
from tests.addresses.random_ranges import some_address
from tests.addresses.toy import EDGES, TOY


@pytest.mark.parametrize("width", [0, -1, 65, 127, 129])
def test_a_family_has_a_width_that_columns_can_hold(width: int) -> None:
    with pytest.raises(ValueError, match=f"1 to 64 or 128 bits, not {width}"):
        Family(0, width)


def test_prefixes_exist_for_every_aligned_block_and_no_other() -> None:
    for first in range(-1, 9):
        for length in range(-1, 5):
            size = 1 << max(0, 3 - length)
            if 0 <= length <= 3 and 0 <= first < 8 and first % size == 0:
                assert Prefix(TOY, first, length).last == first + size - 1
            else:
                with pytest.raises(ValueError, match=r"outside|host bits"):
                    Prefix(TOY, first, length)


def test_prefixes_sort_by_family_then_address_then_length() -> None:
    wanted = [
        Prefix(V4, 0, 0),
        Prefix(V4, 0, 8),
        Prefix(V4, 1 << 24, 8),
        Prefix(V6, 0, 0),
        Prefix(V6, 0, 128),
    ]
    shuffled = [wanted[place] for place in (3, 0, 4, 2, 1)]
    assert sorted(shuffled) == wanted


@pytest.mark.parametrize("family", FAMILIES)
def test_texts_are_what_ipaddress_reads_back(family: Family) -> None:
    random = Random(1)
    kind = IPv4Address if family == V4 else IPv6Address
    for address in [*EDGES[family], *(some_address(random, family) for _ in range(500))]:
        assert int(kind(family.text(address))) == address
        assert family.text(address) == family.text(address).lower()


def test_mapped_addresses_are_written_the_same_by_every_python() -> None:
    assert V6.text(0xFFFF_0102_0304) == "::ffff:102:304"
    assert V6.text(0xFFFF_0000_0000) == "::ffff:0:0"
    assert str(Prefix(V6, 0xFFFF_0000_0000, 96)) == "::ffff:0:0/96"
    assert V6.text(0x0102_0304) == "::102:304"


def test_families_have_names_and_grains() -> None:
    assert [family.name for family in FAMILIES] == ["ipv4", "ipv6"]
    assert [family.grain for family in (TOY, V4, Family(0, 64), V6)] == [0, 0, 0, 64]
    assert TOY.text(5) == "0x5"
