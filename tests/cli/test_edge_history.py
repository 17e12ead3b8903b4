"""`blockc history --country CC --edge NAME`: when a country was blocked on an edge."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from blockc.publish.generations import append_event
from tests.cli.test_docs import documented, keys
from tests.cli.test_edges import Site, site

__all__ = ["site"]
COUNTRIES = """\
version = 1
[list.far]
block = ["BR"]
[guard]
max_added = 10_000_000
max_removed = 10_000_000
[[output]]
list = "far"
target = "plain"
path = "far.txt"
[[output]]
list = "far"
target = "plain"
path = "near/{country}.txt"
split_by = "country"
[edge.shop]
outputs = ["far.txt", "near/{country}.txt"]
[edge.api]
outputs = ["far.txt"]
"""


@pytest.fixture
def year(site: Site, registries: Path) -> Site:
    """Block Brazil, China, Brazil again in the first hours of a day, and deploy some of it."""

    def publish(hour: int, text: str) -> None:
        site.write(text)
        with time_machine.travel(f"2026-12-01T{hour:02}:00:00Z", tick=False):
            done = site("build", "--from", registries, "-q")
        assert done.code == 0, done.err

    def deploy(hour: int, edge: str) -> None:
        with time_machine.travel(f"2026-12-01T{hour:02}:30:00Z", tick=False):
            assert site("deployed", edge, "--by", "mika").code == 0

    publish(1, COUNTRIES)
    deploy(2, "shop")
    publish(3, COUNTRIES.replace("BR", "CN"))
    deploy(4, "shop")
    publish(5, COUNTRIES)
    deploy(6, "shop")
    publish(7, COUNTRIES.replace('["far.txt", "near/{country}.txt"]', '["near/{country}.txt"]'))
    return site


def intervals(site: Site, edge: str) -> dict[str, list[tuple[str, str, str]]]:
    """Return output -> when Brazil was blocked there: state, begin, end by the hour."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for one in json.loads(site("history", "--country", "BR", "--edge", edge, "--json").out):
        state = ("blocked" if one["blocked"] else "open") if one["known"] else "unknown"
        end = one["to"][11:16] if one["to"] else "now"
        found.setdefault(one["output"], []).append((state, one["from"][11:16], end))
    return found


def test_when_a_country_was_blocked_on_an_edge_follows_what_ran_there(year: Site) -> None:
    there = [
        ("unknown", "01:00", "02:30"),
        ("blocked", "02:30", "04:30"),
        ("open", "04:30", "06:30"),
    ]
    assert intervals(year, "shop") == {
        "far.txt": [*there, ("blocked", "06:30", "07:00"), ("open", "07:00", "now")],
        "near/{country}.txt": [*there, ("blocked", "06:30", "now")],
    }


def test_of_an_edge_nobody_spoke_of_what_was_shown_is_taken_and_said(year: Site) -> None:
    shown = [("blocked", "01:00", "03:00"), ("open", "03:00", "05:00"), ("blocked", "05:00", "now")]
    assert intervals(year, "api") == {"far.txt": shown}
    said = year("history", "--country", "BR", "--edge", "api")
    assert "far.txt: nobody said what runs on api; it is taken for what was shown" in said.err
    assert "far.txt: without a gap since 2026-12-01 05:00:00 UTC" in said.err


def test_a_reload_that_failed_leaves_it_unknown_what_runs(year: Site) -> None:
    facts = {"outputs": {"far.txt": "", "near/{country}.txt": ""}, "by": "x", "said": "y"}
    append_event(year.dist, "reload-failed", facts, datetime(2026, 12, 1, 8, tzinfo=UTC))
    found = intervals(year, "shop")["near/{country}.txt"]
    assert found[-2:] == [("blocked", "06:30", "08:00"), ("unknown", "08:00", "now")]
    said = year("history", "--country", "BR", "--edge", "shop")
    assert "not known since 2026-12-01 08:00:00 UTC" in said.err


def test_the_intervals_of_an_edge_are_documented_and_wrong_edges_told(year: Site) -> None:
    done = year("history", "--country", "BR", "--edge", "shop", "--edge", "api", "--json")
    assert keys(json.loads(done.out)) == documented("history --country --edge")
    assert {one["edge"] for one in json.loads(done.out)} == {"shop", "api"}
    wrong = year("history", "--country", "BR", "--edge", "shp")
    assert "the history has no edge 'shp'; did you mean 'shop'?; it has api, shop" in wrong.err
    assert "so it needs --country" in year("history", "--edge", "shop").err
