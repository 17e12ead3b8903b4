"""What is said otherwise under a name that stays is told, by the words of each target."""

import pytest

from blockc.compiler.compile import Build
from blockc.compiler.manifest_changes import changes_to_act_on
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.registry import TARGETS
from tests.compiler.toy import compiled

LISTED, ACTIONS = "whether an address is listed", "words for actions"
COUNTRIES = "codes of countries"
ONE, SEVERAL, MAP = 'list = "a"', 'lists = ["a"]', 'map = "country"'
NAMES = {"nginx-geo": "variable", "sql": "table", "clickhouse": "dictionary"}


def built(says: str, target: str) -> Build:
    """Return a build of one output under a name that the policy gives."""
    ending = TARGETS[target].ending
    path = "x.{family}" if target == "parquet" else "x"
    option = f'{NAMES[target]} = "it"\n' if target in NAMES else ""
    text = f'[list.a]\nblock = ["10.0.0.0/8"]\n[[output]]\n{says}\ntarget = "{target}"\n'
    return compiled(f'{text}path = "{path}.{ending}"\n{option}')


def told(before: str, now: str, target: str) -> list[str]:
    """Return what is told when an output holds something else from now on."""
    was, says = (built(one, target).files["manifest.json"] for one in (before, now))
    return changes_to_act_on(was, says)


@pytest.mark.parametrize("target", ["haproxy-map", "csv", "mmdb", "parquet", "sql", "clickhouse"])
def test_a_file_that_becomes_a_country_map_is_told_and_one_of_the_same_words_is_not(
    target: str,
) -> None:
    for says, said in ((ONE, LISTED), (SEVERAL, ACTIONS)):
        assert f"said {said} until now and says {COUNTRIES}" in told(says, MAP, target)[0]
        assert f"said {COUNTRIES} until now and says {said}" in told(MAP, says, target)[0]
    assert told(ONE, SEVERAL, target) == told(SEVERAL, ONE, target) == []


BOTH = [
    name
    for name, one in TARGETS.items()
    if {ContentKind.LIST, ContentKind.VERDICTS} <= one.words.keys()
]


@pytest.mark.parametrize("target", BOTH)
def test_a_list_that_is_said_in_other_words_among_several_is_told(target: str) -> None:
    words = TARGETS[target].words
    other = words[ContentKind.LIST] != words[ContentKind.VERDICTS]
    assert bool(told(ONE, SEVERAL, target)) == other
