"""A set is what it was when its bytes are read again, and bytes of anything else are refused."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES, V4, V6, Family
from blockc.addresses.set_archive import set_from_bytes, set_to_bytes
from tests.addresses.toy import EDGES

BOTH = AddrSet.of_ranges([(V4, 0, 5), (V4, 9, V4.last), (V6, 1 << 70, (1 << 71) + 3)])


def addresses(family: Family) -> st.SearchStrategy[int]:
    near = [at + by for at in EDGES[family] for by in (-1, 0, 1) if 0 <= at + by <= family.last]
    return st.sampled_from(near) | st.integers(0, family.last)


@st.composite
def sets(draw: st.DrawFn) -> AddrSet:
    found = []
    for family in FAMILIES:
        for _ in range(draw(st.integers(0, 5))):
            one, other = draw(addresses(family)), draw(addresses(family))
            found.append((family, min(one, other), max(one, other)))
    return AddrSet.of_ranges(found)


@given(sets())
def test_a_set_is_what_it_was(one: AddrSet) -> None:
    assert set_from_bytes(set_to_bytes(one)) == one


@pytest.mark.parametrize("one", [AddrSet.empty(), AddrSet.everything(), BOTH, ~BOTH])
def test_the_ends_of_the_space_survive(one: AddrSet) -> None:
    assert set_from_bytes(set_to_bytes(one)) == one


@given(st.data())
def test_changed_bytes_are_refused_or_still_a_set(data: st.DataObject) -> None:
    good = set_to_bytes(BOTH)
    at = data.draw(st.integers(0, len(good) - 1))
    bad = good[:at] + bytes([data.draw(st.integers(0, 255))]) + good[at + 1 :]
    try:
        set_from_bytes(bad[: data.draw(st.integers(at, len(bad)))])
    except ValueError as reason:
        assert str(reason).startswith("not a set of addresses")  # noqa: PT017  or none at all


def test_what_is_packed_may_not_be_endless_or_of_another_family() -> None:
    head = set_to_bytes(BOTH).partition(b"\n")[0] + b"\n"
    bomb = head + b'[[4,false,"<u4",1],[6,false,"<u8",1]]\n' + zlib.compress(bytes(10**6))
    with pytest.raises(ValueError, match="too long"):
        set_from_bytes(bomb)
    far = (1 << 40).to_bytes(8, "little")
    with pytest.raises(ValueError, match="not of its family"):
        set_from_bytes(
            head
            + b'[[4,false,"<u8",2],[6,false,"<u8",1]]\n'
            + zlib.compress(bytes(8) + far + bytes(8))
        )
