"""What targets can say: words for verdicts, countries, and refusals that say the way out."""

import pytest

from blockc.errors import PolicyError
from blockc.targets.core.target import Target
from blockc.targets.core.verdicts import COUNTRY_CODES, ContentKind, Vocabulary, spoken
from blockc.targets.registry import TARGETS, target_named
from blockc.targets.web.nginx_geo import NGINX_GEO

MAPS = [target for target in TARGETS.values() if ContentKind.VERDICTS in target.words]
SETS = [target for target in TARGETS.values() if ContentKind.VERDICTS not in target.words]
BLOCK_ONLY = [target for target in SETS if not target.responses.actions]


def test_words_are_read_back_as_the_verdicts_they_were_written_for() -> None:
    for target in TARGETS.values():
        for words in target.words.values():
            verdicts = [*words.said, "CN", "EU"] if words.countries else [*words.said]
            written = [words.word(verdict) or "" for verdict in verdicts]
            names, labels = words.read(written)
            assert names[0] == words.default
            assert [names[label] for label in labels] == verdicts


def test_a_word_of_another_vocabulary_has_no_label() -> None:
    words = Vocabulary({"": "0", "block": "1"})
    assert words.read(["1", "block", "0", "", "CN"]) == (("", "block"), [1, -1, 0, -1, -1])
    assert COUNTRY_CODES.read(["CN", "cn", "CNX", "C1", "ZZ"]) == (("ZZ", "CN"), [1, -1, -1, -1, 0])


def test_one_word_never_stands_for_two_verdicts() -> None:
    with pytest.raises(ValueError, match="one word for two verdicts"):
        Vocabulary({"block": "1", "warn": "1"})


def test_what_can_be_said_is_listed_without_the_default() -> None:
    assert spoken(NGINX_GEO.words) == ("block", "warn", "monitor", "any country")
    assert target_named("plain").verdicts == ("block",)
    assert target_named("ipset").verdicts == ("block", "warn", "monitor")  # it counts and logs


@pytest.mark.parametrize("target", MAPS, ids=lambda target: target.name)
def test_a_map_takes_every_action_and_one_of_countries_every_country(target: Target) -> None:
    target.require_verdicts(ContentKind.VERDICTS, ["block", "warn", "monitor"])
    if target.has_exceptions:
        target.require_verdicts(ContentKind.VERDICTS, [""])
    for verdict in ("CN", "legal", "Block", "10"):
        with pytest.raises(PolicyError, match=f"{target.name} cannot express the verdict"):
            target.require_verdicts(ContentKind.VERDICTS, [verdict])
    if ContentKind.COUNTRIES not in target.words:
        return
    target.require_verdicts(ContentKind.COUNTRIES, ["ZZ", "CN", "EU", "XK"])
    for verdict in ("block", "cn", "CHN", ""):
        with pytest.raises(PolicyError, match="it knows any country"):
            target.require_verdicts(ContentKind.COUNTRIES, [verdict])


@pytest.mark.parametrize("target", BLOCK_ONLY, ids=lambda target: target.name)
@pytest.mark.parametrize("action", ["warn", "monitor"])
def test_a_set_that_may_only_block_says_what_to_do_about_a_stage(
    target: Target, action: str
) -> None:
    with pytest.raises(PolicyError) as refused:
        target.require_verdicts(target.kind_of_list, [action])
    assert str(refused.value) == (
        f"{target.name} cannot express the verdict {action!r}; it knows block; "
        "write until_block = 'empty' in the output, or choose a target that says more"
    )


def test_a_target_whose_rules_say_the_action_needs_no_word_for_it() -> None:
    for target in [one for one in SETS if one not in BLOCK_ONLY]:
        target.require_verdicts(target.kind_of_list, ["monitor"])
        assert target.words[target.kind_of_list].word("monitor") is None


def test_one_list_in_nginx_never_turns_into_words_by_itself() -> None:
    """`if ($variable)` would take the word `monitor` for a reason to refuse."""
    with pytest.raises(PolicyError) as refused:
        NGINX_GEO.require_verdicts(ContentKind.LIST, ["monitor"])
    assert str(refused.value) == (
        "nginx-geo cannot express the verdict 'monitor'; it knows block; "
        "write lists = [...] in place of list: then an entry says block, warn, monitor"
    )


@pytest.mark.parametrize("target", SETS, ids=lambda target: target.name)
def test_a_set_holds_neither_several_lists_nor_the_country_map(target: Target) -> None:
    for kind, said in (
        (ContentKind.VERDICTS, "several lists"),
        (ContentKind.COUNTRIES, "the country map"),
    ):
        with pytest.raises(PolicyError, match=f"{target.name} cannot hold {said}"):
            target.require_verdicts(kind, ["block"])
