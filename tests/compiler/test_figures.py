"""Real worlds in figures: as published for 2018-10-13, and as the standard library finds them."""

from pathlib import Path

import pytest

from blockc.addresses import FAMILIES, V4, V6, AddrSet
from blockc.compiler.country_split import split_by_country
from blockc.policy.meaning.resolve import countries_map
from blockc.workspace.inputs import sample_folder
from blockc.workspace.registries import shipped_groups
from tests.compiler.worlds import cover, of_countries, plainly_collapsed, sample_world, world_of
from tests.support.data import data_folder

SIX = ("CN", "RU", "IR", "KP", "CU", "SY")
EU27 = shipped_groups()["eu27"].countries


@pytest.mark.parametrize(
    ("countries", "four", "six"),
    [
        (("CN",), 5_074, 1_605),
        (SIX, 13_860, 3_796),
        (EU27, 25_971, 10_659),
        (("US",), 17_452, 5_724),
    ],
    ids=["CN", "SIX", "EU27", "US"],
)
def test_the_sample_takes_as_many_prefixes_as_published(
    countries: tuple[str, ...], four: int, six: int
) -> None:
    assert cover(of_countries(sample_world(), *countries)) == {V4: four, V6: six}


def test_all_delegated_space_takes_as_many_prefixes_as_published() -> None:
    assert cover(sample_world().delegated()) == {V4: 19_434, V6: 40_111}


def test_the_sample_is_the_whole_world_of_its_day() -> None:
    assert world_of(data_folder("rir-2018-10-13")) == sample_world()


@pytest.fixture(params=["sample", "rir-2025-05-06-reconstructed"])
def folder(request: pytest.FixtureRequest) -> Path:
    return sample_folder() if request.param == "sample" else data_folder(request.param)


@pytest.mark.slow
def test_every_country_is_covered_as_the_standard_library_does(folder: Path) -> None:
    world, wanted = world_of(folder), plainly_collapsed(folder)
    assert world.conflicts == ()
    codes = {code for code, _ in wanted}
    assert set(world.country_counts()) == codes
    assert len(codes) > 230
    for code in codes:
        addresses = of_countries(world, *({code, ""} if code == "ZZ" else {code}))
        for family in FAMILIES:
            found = addresses.prefixes(family).texts()
            assert found == wanted.get((code, family.name), []), (code, family.name)


def test_the_shares_of_the_countries_are_together_the_whole_and_apart_disjoint() -> None:
    world = sample_world()
    chosen = of_countries(world, *SIX) | AddrSet.everything([V4, V6]) - world.delegated()
    shares = split_by_country(chosen, countries_map(world))
    together = AddrSet.empty()
    for share in shares.values():
        assert not together & share
        together |= share
    assert together == chosen
    assert {code for code, share in shares.items() if share} == {*SIX, "ZZ"}
    assert len(shares) > 230
