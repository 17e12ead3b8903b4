"""Which artifacts a policy asks for, and which verdict every address must get from each."""

from datetime import date

import pytest

from blockc.addresses import AddrMap, AddrSet
from blockc.compiler.orders import ArtifactSpec, artifact_groups, verdicts
from blockc.errors import Mistakes, PolicyError
from tests.compiler.toy import COUNTRIES, TARGETS, compiled, output, resolved
from tests.policy.toy import addresses

STAGED = """
[list.staged]
block = ["CN"]
stages = [{ from = 2026-11-01, action = "monitor" }, { from = 2027-01-01, action = "block" }]
[list.plain]
block = ["US", "10.0.0.0/10"]
"""
BEFORE, MONITOR, BLOCK = date(2026, 10, 31), date(2026, 11, 1), date(2027, 1, 1)


def specs(text: str) -> list[ArtifactSpec]:
    """Return every artifact that a policy asks for."""
    groups = artifact_groups(resolved(text), COUNTRIES, TARGETS)
    return [spec for group in groups for spec in group.specs]


def said(intent: AddrMap, verdict: str) -> AddrSet:
    """Return the addresses that get a verdict, none if it is no verdict of the map."""
    return intent.where([verdict]) if verdict in intent.names else AddrSet.empty()


@pytest.mark.parametrize(("day", "action"), [(MONITOR, "monitor"), (BLOCK, "block")])
def test_a_list_says_the_action_in_force(day: date, action: str) -> None:
    one = resolved(STAGED, day).list_of("staged")
    assert verdicts([one]) == AddrMap.of_set(one.addresses, action)
    assert one.addresses


def test_a_list_before_its_first_stage_says_nothing() -> None:
    one = resolved(STAGED, BEFORE).list_of("staged")
    assert one.addresses
    assert verdicts([one]) == AddrMap.of_set(AddrSet.empty(), "block")


def test_of_several_lists_the_first_that_holds_an_address_and_is_in_force_decides() -> None:
    world = resolved(STAGED, MONITOR)
    staged, plain = world.list_of("staged"), world.list_of("plain")
    first, last = verdicts([staged, plain]), verdicts([plain, staged])
    assert said(first, "monitor") == staged.addresses
    assert said(first, "block") == plain.addresses - staged.addresses
    assert said(last, "block") == plain.addresses
    assert said(last, "monitor") == staged.addresses - plain.addresses
    off = resolved(STAGED, BEFORE)
    both = verdicts([off.list_of("staged"), off.list_of("plain")])
    assert both == AddrMap.of_set(plain.addresses, "block")


def test_lists_with_one_action_are_one_verdict() -> None:
    world = resolved(STAGED, BLOCK)
    lists = [world.list_of("staged"), world.list_of("plain")]
    together = lists[0].addresses | lists[1].addresses
    assert verdicts(lists) == AddrMap.of_set(together, "block")


def test_artifacts_come_in_the_order_of_paths_and_countries() -> None:
    split = 'split_by = "country"'
    text = STAGED + output("plain", "z.txt") + output("plain", "a/{country}.txt", more=split)
    found = [one.path for one in specs(text)]
    assert found == ["a/CN.txt", "a/EU.txt", "a/US.txt", "a/ZZ.txt", "z.txt"]


def test_the_parts_of_a_split_list_are_the_list_and_share_nothing() -> None:
    text = STAGED + output("plain", "{country}.txt", more='split_by = "country"')
    parts = {one.name: one.intent for one in specs(text)}
    assert said(parts["plain/CN"], "block") == addresses("10.0.0.0/10")
    assert said(parts["plain/US"], "block") == addresses("10.128.0.0/10")
    assert not said(parts["plain/EU"], "block")
    assert not said(parts["plain/ZZ"], "block")


def test_a_target_that_cannot_say_an_action_is_refused_with_the_place_of_its_output() -> None:
    text = STAGED + output("staged", "a.txt") + output("staged", "b.nft", "nftables")
    with pytest.raises(Mistakes) as caught:
        compiled(text, MONITOR)
    assert [type(error) for error in caught.value.errors] == [PolicyError, PolicyError]
    first, second = map(str, caught.value.errors)
    assert first.startswith("p.toml:8:3: a.txt: plain cannot express the verdict 'monitor'")
    assert second.startswith("p.toml:13:3: b.nft: nftables cannot express the verdict 'monitor'")


def test_a_list_that_is_off_makes_an_artifact_without_entries() -> None:
    build = compiled(STAGED + output("staged", "a.txt"), BEFORE)
    lines = build.files["a.txt"].decode().splitlines()
    assert lines
    assert all(line.startswith("#") for line in lines)
