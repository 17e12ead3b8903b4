"""Groups of countries: those we ship, and what is refused in one of your own."""

from pathlib import Path

import pytest

from blockc.errors import Mistakes
from blockc.policy.syntax.country_groups import CountryGroup, read_groups
from blockc.registries import countries

FOLDER = Path(__file__).resolve().parents[2] / "sources" / "groups"
FILES = sorted(FOLDER.glob("*.toml"))
GROUPS: dict[str, CountryGroup] = {
    group.name: group
    for path in FILES
    for group in read_groups(path.name, path.read_text(encoding="utf-8"))
}
REGIONS = ("africa", "americas", "asia", "europe", "oceania")
SIZES = {
    "eu27": 27, "eea": 30, "efta": 4, "schengen": 29, "five-eyes": 5,
    "us-ofac-comprehensive": 3, "us-ear-e1": 3, "us-ear-e2": 1, "us-ear-d5": 22,
    "un-m49-africa": 60, "un-m49-americas": 57, "un-m49-asia": 50, "un-m49-europe": 51,
    "un-m49-oceania": 29,
}  # fmt: skip


def members(*names: str) -> set[str]:
    return {code for name in names for code in GROUPS[name].countries}


@pytest.mark.parametrize("name", SIZES)
def test_a_shipped_group_has_its_members_source_and_day(name: str) -> None:
    group = GROUPS[name]
    assert len(group.countries) == len(set(group.countries)) == SIZES[name]
    assert group.source.startswith("https://")
    assert group.day.year >= 2026


def test_every_group_is_written_once_and_holds_only_countries() -> None:
    written = sum(path.read_text(encoding="utf-8").count("[group.") for path in FILES)
    assert written == len(GROUPS)
    assert members(*GROUPS) <= set(countries.names())


def test_the_sub_regions_of_un_m49_divide_its_regions() -> None:
    regions = [members(f"un-m49-{name}") for name in REGIONS]
    joined = {f"un-m49-{name}" for name in (*REGIONS, "sub-saharan-africa")}
    joined.add("un-m49-latin-america-and-the-caribbean")
    parts = [members(name) for name in GROUPS if name.startswith("un-m49") and name not in joined]
    assert len(parts) == 22
    for pieces in (regions, parts):
        assert set.union(*pieces) == set(countries.names()) - {"TW", "AQ"}
        assert sum(map(len, pieces)) == 247
    assert all(any(part <= region for region in regions) for part in parts)


def test_the_continents_divide_all_countries() -> None:
    names = ("africa", "antarctica", "asia", "europe", "north-america", "oceania", "south-america")
    assert members(*names) == set(countries.names())
    assert sum(len(GROUPS[name].countries) for name in names) == 249


def test_european_groups_stand_to_each_other_as_their_treaties_do() -> None:
    assert members("eea") == members("eu27") | (members("efta") - {"CH"})
    assert members("schengen") == (members("eu27") - {"CY", "IE"}) | members("efta")
    assert members("us-ofac-comprehensive") <= members("us-ear-d5")
    assert members("us-ear-e1", "us-ear-e2") <= members("us-ear-d5")


def test_what_the_registries_cannot_tell_apart_is_said() -> None:
    assert "Crimea" in GROUPS["us-ofac-comprehensive"].caveat
    assert "legal advice" in GROUPS["us-ear-d5"].caveat
    assert "Taiwan" in GROUPS["un-m49-asia"].caveat


WRONG = """\
source = "https://example.com"
date = 2026-01-01

[group.Mine]
title = "Mine"
countries = ["CN", "EU", "XK", "UK", "Germany"]

[group.none]
title = "None"
countries = []
"""
EXPECTED = """\
g.toml:4:2: 'Mine' is not a name of a group; names are lower-case letters, digits and hyphens, \
a letter first
g.toml:6:20: 'EU' is not an ISO 3166 country code; pseudo-codes belong to no group; a policy \
selects them by themselves
g.toml:6:26: 'XK' is not an ISO 3166 country code; no registry uses XK: Kosovo's space is \
registered under other codes, mostly RS and AL
g.toml:6:32: 'UK' is not an ISO 3166 country code; did you mean 'GB' (United Kingdom of Great \
Britain and Northern Ireland)?
g.toml:6:38: 'Germany' is not an ISO 3166 country code; did you mean 'DE' (Germany)?
g.toml:10:1: group 'none' has no countries"""


def test_every_mistake_of_a_group_is_reported() -> None:
    with pytest.raises(Mistakes) as caught:
        read_groups("g.toml", WRONG)
    assert [str(error).split("\n")[0] for error in caught.value.errors] == EXPECTED.split("\n")
