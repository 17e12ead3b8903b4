"""Rules over the limit go into several artifacts that together say the same, each by itself."""

from collections.abc import Mapping

import numpy as np
import pytest

from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import V4, V6, Family, Prefix
from blockc.addresses.rules import Match, Rules, meaning
from blockc.errors import DoesNotFit
from blockc.passes.budget.sharding import pack
from blockc.passes.plan import compile_rules
from blockc.passes.request import Compiled, PassRequest
from blockc.vocabulary import WhenOver
from tests.passes.toy import TOY, address_map, cells, deep, names, partition, some_labellings

SPLIT = WhenOver.SPLIT


def blocked_by(shard: Mapping[Family, Rules], compiled: Compiled) -> tuple[int, ...]:
    told = meaning(compiled.match, shard.values(), compiled.names, [TOY])
    return cells(told)


@pytest.mark.parametrize("limit", [1, 2, 3])
@pytest.mark.parametrize("match", Match)
def test_shards_are_within_the_limit_and_add_up(match: Match, limit: int) -> None:
    for labels in some_labellings(2, 70):
        compiled = compile_rules(
            address_map(labels), match, PassRequest(max_entries=limit, when_over=SPLIT)
        )
        for shard in compiled.shards:
            exceptions = int((shard[TOY].verdict == 0).sum()) if match == Match.TWO_SETS else 0
            assert max(exceptions, len(shard[TOY]) - exceptions) <= limit
        seen = [blocked_by(shard, compiled) for shard in compiled.shards]
        assert tuple(map(sum, zip(*seen, strict=True))) == labels, "wrong, or blocked twice"
        assert cells(compiled.meaning) == labels


def test_exceptions_stay_with_what_they_are_excepted_from() -> None:
    labels = (1, 1, 1, 0, 0, 1, 1, 1)
    compiled = compile_rules(
        address_map(labels), Match.LONGEST, PassRequest(max_entries=2, when_over=SPLIT)
    )
    verdicts = [sorted(shard[TOY].verdict.tolist()) for shard in compiled.shards]
    assert verdicts == [[0, 1], [0, 1]]


def test_families_share_artifacts_where_the_limit_is_shared() -> None:
    v4 = partition([1, 0, 1, 0, 1, 0, 1, 0], V4)
    intent = AddrMap((v4, deep([1, 0, 1, 0, 1, 0, 0, 0])), names(2))
    for shared, sizes in ((False, [(3, 3), (1, 0)]), (True, [(3, 0), (1, 2), (0, 1)])):
        request = PassRequest(max_entries=3, when_over=SPLIT, shared=shared)
        compiled = compile_rules(intent, Match.MEMBER, request)
        assert [(len(s[V4]), len(s[V6])) for s in compiled.shards] == sizes


def test_what_fits_is_one_shard() -> None:
    compiled = compile_rules(
        address_map([1, 0, 1, 0, 1, 0, 1, 0]),
        Match.MEMBER,
        PassRequest(max_entries=4, when_over=SPLIT),
    )
    assert compiled.shards == (compiled.rules,)


def test_a_unit_that_grew_over_the_limit_is_refused() -> None:
    """Three allowed lengths make a unit of one entry into four: no cut can help."""
    request = PassRequest(max_entries=1, when_over=SPLIT, lengths={TOY: [0, 2, 3]})
    intent = address_map([1, 1, 1, 1, 0, 0, 0, 0])
    with pytest.raises(DoesNotFit, match="2 entries, the limit is 1"):
        compile_rules(intent, Match.LONGEST, request)
    assert len(compile_rules(intent, Match.MEMBER, request).shards) == 2


def test_units_are_never_parted() -> None:
    rules = Rules.of_spans(TOY, np.arange(6, dtype=np.uint64), np.arange(6, dtype=np.uint64))
    units = np.array([0, 2, 5], dtype=np.uint64)
    shards = pack([rules], [units], 4, shared=False)
    assert [part[0].start.tolist() for part in shards] == [[0, 1], [2, 3, 4, 5]]
    with pytest.raises(ValueError, match="a unit of 3 entries does not fit into 2"):
        pack([rules], [units], 2, shared=False)


def hosts(numbers: range) -> AddrSet:
    """Return single addresses that have no neighbour."""
    return AddrSet.of(Prefix(V4, 97_003 * n % 2**31 * 2, 32) for n in numbers)


def shards_of(addresses: AddrSet, most_parts: int | None = None) -> list[set[int]]:
    request = PassRequest(max_entries=160, when_over=SPLIT, most_parts=most_parts)
    compiled = compile_rules(AddrMap.of_set(addresses), Match.MEMBER, request)
    return [{*shard[V4].start.tolist()} for shard in compiled.shards]


def test_one_address_more_or_less_changes_one_artifact_and_seldom_moves_a_group() -> None:
    before, moved = shards_of(hosts(range(1_000))), []
    assert len(before) == 7
    for n in range(0, 1_000, 25):
        after = shards_of(hosts(range(1_000)) - hosts(range(n, n + 1)))
        assert len(after) == 7
        moved.append(sum(old != new for old, new in zip(before, after, strict=True)))
    assert moved.count(1) >= len(moved) * 3 // 4
    assert min(moved) == 1


def test_artifacts_are_full_where_there_are_no_more_of_them() -> None:
    sizes = [len(one) for one in shards_of(hosts(range(1_118)))]
    assert (len(sizes), max(sizes) <= 160, min(sizes[:-1]) >= 150) == (8, True, True)
    assert [len(one) for one in shards_of(hosts(range(1_118)), 7)] == [160] * 6 + [158]
