"""Lists in shards: where their borders are, and how little a change of the list touches."""

from random import Random

import pytest

from blockc.addresses import V4, V6, AddrSet, Prefix
from blockc.addresses.parse import parse_prefix
from blockc.errors import DoesNotFit
from blockc.targets.core.shards import Shard
from blockc.targets.core.target import Target
from blockc.targets.registry import TARGETS
from blockc.values import replace
from tests.targets.artifacts import EDGES, PATH, draft, prefixes, rules_of, scattered

AWS = TARGETS["terraform-aws"]
assert AWS.sharding
FREE = replace(AWS, sharding=replace(AWS.sharding, most=None))
SHARDED = [target for target in TARGETS.values() if target.sharding]


def shards(target: Target, addresses: AddrSet, most: int) -> list[Shard]:
    """Return the shards of a list."""
    one = draft(target, rules_of(target, addresses), {"shard": most})
    return one.shards(target, target.files(PATH)[0])


def test_a_shard_is_named_after_the_space_that_it_holds() -> None:
    found = shards(AWS, prefixes("10.0.0.0/16", "10.2.0.0/16", "192.0.2.0/24", "2001:db8::/32"), 1)
    assert [(one.name, one.prefix, len(one.texts)) for one in found] == [
        ("ipv4_0a00p15", "10.0.0.0/15", 1),
        ("ipv4_0a02p15", "10.2.0.0/15", 1),
        ("ipv4_8p1", "128.0.0.0/1", 1),
        ("ipv6", "::/0", 1),
    ]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("most", [1, 3, 16, 1000])
def test_every_entry_is_in_the_one_shard_whose_space_holds_it(seed: int, most: int) -> None:
    addresses = scattered(Random(seed), 60)
    found = shards(FREE, addresses, most)
    assert len({one.name for one in found}) == len(found)
    assert all(0 < len(one.texts) <= most for one in found)
    for one in found:
        space = parse_prefix(one.prefix)
        for text in one.texts:
            entry = parse_prefix(text)
            assert entry.family == space.family
            assert space.first <= entry.first <= entry.last <= space.last
    entries = sum(len(addresses.prefixes(family)) for family in (V4, V6))
    assert sum(len(one.texts) for one in found) == entries


def test_a_list_without_entries_keeps_its_two_shards() -> None:
    assert [one.name for one in shards(AWS, EDGES["nothing"], 5)] == ["ipv4", "ipv6"]


@pytest.mark.parametrize("target", SHARDED, ids=lambda target: target.name)
@pytest.mark.parametrize("family", [V4, V6], ids=str)
def test_one_prefix_more_or_less_touches_one_shard(target: Target, family: object) -> None:
    """Whichever prefix it is, as long as its shard has room."""
    random = Random("one more")
    whole = scattered(random, 200)
    for victim in random.sample(list(whole.prefixes(V4 if family == V4 else V6)), 10):
        less = whole - AddrSet.of([victim])
        before = {one.name: one.texts for one in shards(target, whole, 50)}
        after = {one.name: one.texts for one in shards(target, less, 50)}
        touched = {name for name in {*before, *after} if before.get(name) != after.get(name)}
        merged = {name for name in after if name not in before}
        assert len(touched) == 1 or len(merged) == 1


def test_more_shards_than_the_platform_uses_together_are_refused_with_the_limit() -> None:
    many = AddrSet.of(Prefix(V4, at << 24, 16) for at in range(49))
    assert len(shards(AWS, many, 1)) == 50
    with pytest.raises(DoesNotFit) as refused:
        shards(AWS, many | prefixes("200.0.0.0/16"), 1)
    assert "50 at most, the list needs 51" in str(refused.value)
    assert "raise the option shard" in refused.value.hint
    assert len(shards(FREE, many | prefixes("200.0.0.0/16"), 1)) == 51


def test_aws_gets_ipv6_with_all_digits_as_it_gives_it_back() -> None:
    (_, found) = shards(AWS, prefixes("2001:db8::/32", "2001:db9::1/128"), 5)
    assert found.texts == (
        "2001:0db8:0000:0000:0000:0000:0000:0000/32",
        "2001:0db9:0000:0000:0000:0000:0000:0001/128",
    )
