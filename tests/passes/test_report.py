"""Whom a lossy pass hits is counted exactly and named, the hardest hit first."""

from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import V4, V6
from blockc.passes.affected import CountryImpact, Delegation, impact_of
from tests.passes.test_weights import AVAILABLE, delegations

FIRST = delegations(V4, (0, 255, "DE"), (256, 1023, "FR"), (2048, 2303, "DE"), (4096, 4096, "US"))
SPARE = delegations(V4, (8192, 8447, "DE"), status=AVAILABLE)
SIXTH = delegations(V6, (1 << 96, (1 << 97) - 1, "JP"))


def test_hits_are_counted_in_addresses_and_delegations() -> None:
    hit = AddrSet.of_ranges([(V4, 100, 300), (V4, 2048, 2048), (V4, 8192, 8200), (V6, 0, 1 << 96)])
    four, six = impact_of(hit, [FIRST, SPARE, SIXTH])
    assert (four.addresses, four.delegated, four.all_delegated) == (211, 202, 256 + 768 + 256 + 1)
    assert (four.delegations, four.all_delegations) == (3, 4)
    assert four.countries == (CountryImpact("DE", 157, 2), CountryImpact("FR", 45, 1))
    assert [(one.country, one.addresses, one.row) for one in four.hardest] == [
        ("DE", 156, 1),
        ("FR", 45, 2),
        ("DE", 1, 3),
    ]
    assert (six.addresses, six.delegated, six.all_delegated) == ((1 << 96) + 1, 1, 1 << 96)
    assert six.hardest == (Delegation("apnic", "JP", 1 << 96, (1 << 97) - 1, 1, 1),)


def test_only_the_hardest_hit_are_named() -> None:
    hit = AddrSet.of_ranges([(V4, 0, 5000)])
    four, _ = impact_of(hit, [FIRST], most=1)
    assert [one.code for one in four.countries] == ["FR"]
    assert [one.addresses for one in four.hardest] == [768]
    assert four.delegations == 4


def test_nothing_hits_nobody() -> None:
    for hit in impact_of(AddrSet.empty(), [FIRST, SIXTH]):
        assert (hit.addresses, hit.delegated, hit.delegations) == (0, 0, 0)
        assert not hit.countries
        assert not hit.hardest
