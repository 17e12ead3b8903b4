"""A policy drawn on one cut of the space means what set algebra, entry by entry, says."""

import pytest

from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES
from blockc.policy.meaning.resolve import resolve
from blockc.policy.model import LocatedSelector, Policy
from blockc.policy.syntax.selectors import AddressRange, CountrySelector
from tests.policy.crowd import crowded
from tests.policy.toy import ROWS, TODAY, WORLD, Files, addresses, parsed

HELD = {code: addresses(*(row[0] for row in ROWS if row[1] == code)) for code in ("CN", "US", "EU")}


def plainly(located: LocatedSelector) -> AddrSet:
    """Return what one entry stands for, without any of the machinery."""
    if isinstance(located.selector, CountrySelector):
        return HELD[located.selector.code]
    assert isinstance(located.selector, AddressRange)
    return located.selector.as_set(FAMILIES)


def expected(policy: Policy, name: str) -> AddrSet:
    """Return what a list blocks, by the law: (block - except) - never_block."""
    one = policy.list_of(name)
    blocked = AddrSet.empty()
    for located in one.block:
        blocked |= plainly(located)
    for located in (
        *(exemption.located for exemption in one.exemptions),
        *policy.protect.never_block,
    ):
        blocked -= plainly(located)
    return blocked


@pytest.mark.parametrize("seed", range(6))
def test_a_crowded_policy_means_what_plain_set_algebra_says(seed: int) -> None:
    text = crowded(lists=6, entries=8, exceptions=40, codes=sorted(HELD), seed=seed)
    policy = parsed(text.removeprefix("version = 1\n"))
    result = resolve(policy, WORLD, read_file=Files(), as_of=TODAY)
    for one in result.lists:
        assert one.addresses == expected(policy, one.name)
        assert [sum(counted.counts) for counted in one.entries] == [
            plainly(counted.entry.located).count for counted in one.entries
        ]
