"""What protects each edge, and every way in which something can be missing."""

from datetime import UTC, datetime

from blockc.explain.edges import Receipt, coverage
from tests.policy.toy import parsed

POLICY = """
[list.inner]
block = ["CN"]
[list.outer]
block = ["list:inner", "192.0.2.0/24"]
stages = [{ from = 2026-01-01, action = "monitor" }, { from = 2027-01-01, action = "block" }]
[list.loose]
block = ["198.51.100.0/24"]
[[output]]
lists = ["outer"]
target = "map"
path = "a.map"
[[output]]
list = "loose"
target = "plain"
path = "b.txt"
[edge.shop]
outputs = ["a.map"]
[edge.api]
"""
NOW = datetime(2026, 11, 27, tzinfo=UTC)


def receipt(digest: str) -> Receipt:
    """Return what somebody said runs."""
    return Receipt("0123456789abcdef", NOW, "ada", digest, 7)


def test_an_edge_shows_its_outputs_with_the_stage_of_each_list() -> None:
    found = coverage(parsed(POLICY), NOW, {}, {})
    assert [one.edge.name for one in found.edges] == ["api", "shop"]
    assert found.edges[0].protections == ()
    (protection,) = found.edges[1].protections
    (stage,) = protection.lists
    assert (stage.list, stage.schedule.action) == ("outer", "monitor")
    assert stage.schedule.then
    assert stage.schedule.then.action == "block"
    assert (protection.receipt, protection.current) == (None, None)


def test_what_is_missing_is_named() -> None:
    found = coverage(parsed(POLICY), NOW, {}, {})
    assert (found.bare, found.loose_lists, found.loose_outputs) == (
        ("api",),
        ("loose",),
        ("b.txt",),
    )
    assert not found.whole
    text = POLICY.replace("[edge.api]", '[edge.api]\noutputs = ["b.txt"]')
    assert coverage(parsed(text), NOW, {}, {}).whole


def test_a_receipt_says_whether_what_runs_is_what_is_published() -> None:
    policy, at = parsed(POLICY), ("shop", "a.map")
    for published, current, behind in (
        ({"a.map": "1"}, True, ()),
        ({"a.map": "2"}, False, ("shop",)),
        ({}, None, ()),
    ):
        found = coverage(policy, NOW, {at: receipt("1")}, published)
        assert found.edges[1].protections[0].current is current
        assert found.behind == behind


def test_a_country_map_has_no_lists() -> None:
    output = '[[output]]\nmap = "country"\ntarget = "map"\npath = "c"\n'
    found = coverage(parsed(f'{POLICY}[edge.map]\noutputs = ["c"]\n{output}'), NOW, {}, {})
    assert found.edges[1].protections[0].lists == ()
