"""Drift tells which addresses get no verdict, one too many, or another; and what is asked for."""

from collections.abc import Mapping, Sequence
from random import Random

import pytest

from blockc.addresses import FAMILIES, V4, AddrMap, AddrSet
from blockc.addresses.rules import Match, Rules
from blockc.errors import SourceSyntaxError
from blockc.targets.core.live import LiveForm
from blockc.targets.core.target_options import OptionValue
from blockc.targets.data.plain import PLAIN
from blockc.targets.proxy.haproxy_map import HAPROXY_MAP
from blockc.targets.syntax.reading import Found, Ordered, Part, Reading
from blockc.targets.syntax.tokens import ArtifactFile, Text
from blockc.values import replace
from blockc.verify.drift import Drift, drift, live_reading
from tests.targets.artifacts import prefixes, scattered

NOWHERE = AddrSet.empty()


def where(_: int, why: str) -> SourceSyntaxError:
    """Return an error about a rule."""
    return Text("x", "").error(why, 0)


def reading(layers: Mapping[str, AddrSet], names: Sequence[str] = ("", "block")) -> Reading:
    """Return what a reader would of an artifact with these verdicts, labelled as in `names`."""
    parts = [
        Part(Rules.of_prefixes(one.prefixes(family), names.index(name)), where)
        for name, one in layers.items()
        for family in one.families
    ]
    return Reading(tuple(parts), tuple(names))


def test_an_address_has_one_kind_of_drift_or_none() -> None:
    """Whatever numbers the verdicts have in the artifact and in the intent."""
    target = replace(PLAIN, match=Match.LONGEST)
    random = Random(1)
    for _ in range(30):
        blocked, watched = (scattered(random, 9) for _ in range(2))
        moved, kept, lost = (scattered(random, 4) for _ in range(3))
        intent = AddrMap.layered({"block": blocked, "monitor": watched})
        wanted = {name: intent.where([name]) for name in ("block", "monitor")}
        said = {
            "monitor": (wanted["monitor"] - lost) | moved,
            "block": (wanted["block"] - lost - moved) | (kept - wanted["monitor"] - moved),
        }
        any_said, any_wanted = said["monitor"] | said["block"], blocked | watched
        right = (said["block"] & wanted["block"]) | (said["monitor"] & wanted["monitor"])

        found = drift(target, reading(said, ("", "monitor", "block")), intent)
        assert found.missing == any_wanted - any_said
        assert found.extra == any_said - any_wanted
        assert found.other == (any_wanted & any_said) - right
        assert bool(found)


def test_the_same_entries_are_no_drift() -> None:
    wanted = prefixes("10.0.0.0/8", "2001:db8::/32")
    found = drift(PLAIN, reading({"block": wanted}), AddrMap.of_set(wanted))
    assert not found
    assert (found.missing, found.extra, found.other) == (NOWHERE, NOWHERE, NOWHERE)


@pytest.mark.parametrize("kind", ["missing", "extra", "other"])
def test_drift_of_any_kind_is_drift(kind: str) -> None:
    none = Drift(NOWHERE, NOWHERE, NOWHERE)
    assert not none
    assert bool(replace(none, **{kind: prefixes("192.0.2.1/32")})) is True


def test_a_family_of_which_nothing_is_shown_is_missing_and_one_not_asked_for_does_not_count() -> (
    None
):
    wanted, shown = prefixes("10.0.0.0/8", "2001:db8::/32"), prefixes("10.0.0.0/8")
    found = drift(PLAIN, reading({"block": shown}), AddrMap.of_set(wanted))
    assert (found.missing, found.extra) == (prefixes("2001:db8::/32"), NOWHERE)
    only = AddrMap((AddrMap.of_set(wanted).part(V4),), ("", "block"))
    found = drift(PLAIN, reading({"block": wanted}), only)
    assert found.missing.families == (V4,)
    assert not found


def test_what_a_platform_never_looks_up_does_not_drift() -> None:
    silent, wanted = AddrSet.of(HAPROXY_MAP.never_consulted), prefixes("10.0.0.0/8")
    shown = reading({"block": wanted})
    assert silent
    assert not drift(HAPROXY_MAP, shown, AddrMap.of_set(wanted | silent))
    assert drift(PLAIN, shown, AddrMap.of_set(wanted | silent)).missing == silent


def test_entries_are_what_the_platform_makes_of_them() -> None:
    rules = Rules.of_prefixes(prefixes("10.0.0.0/8").prefixes(V4), 1)
    spared = Rules.of_prefixes(prefixes("10.1.0.0/16").prefixes(V4), 0)
    nested = Reading((Part(rules, where), Part(spared, where)))
    intent = AddrMap.of_set(prefixes("10.0.0.0/8"))
    longest = replace(PLAIN, match=Match.LONGEST)
    assert drift(longest, nested, intent).missing == prefixes("10.1.0.0/16")
    assert not drift(replace(PLAIN, match=Match.FIRST), nested, intent)
    twice = Reading((Part(rules, where), Part(rules, where)))
    with pytest.raises(ValueError, match="a prefix occurs twice"):
        drift(longest, twice, intent)


TABLE, NAME = Ordered("table", "t", claimed=True), Ordered("name", "n")
HEADER = Ordered("policy in the header", "sha256:1")
ORDERS = {"a": [TABLE, HEADER], "b": [NAME]}


def said(what: str) -> Found:
    """Return something that is said beside entries."""
    return Found(what, what, "x", lambda why: where(0, why))


def test_what_shows_its_files_is_asked_for_all_but_their_headers() -> None:
    """Headers tell of a build; in force may be an earlier one that means the same."""
    file = ArtifactFile("x", b"10.0.0.0/8\n")
    found, orders = live_reading(PLAIN, [file], ORDERS, {})
    assert len(found.rules[V4]) == 1
    assert orders == [TABLE, NAME]
    with pytest.raises(SourceSyntaxError, match="'nonsense'"):
        live_reading(PLAIN, [ArtifactFile("x", b"nonsense\n")], ORDERS, {})


def test_of_a_live_system_only_what_it_shows_is_asked_for() -> None:
    hook = Ordered("hook", "input")

    def read(texts: Sequence[Text], options: Mapping[str, OptionValue]) -> Reading:
        assert [text.text for text in texts] == ["one", "two"]
        assert options == {"hook": "input"}
        shown = reading({"monitor": prefixes("10.0.0.0/8")}, ("", "block", "monitor"))
        return replace(shown, found=(said("table"), said("handle"), said("hook"), said("name")))

    form = LiveForm(
        commands=("show", "show more"),
        reader=read,
        shows=frozenset({"table"}),
        expects=lambda options: [replace(hook, value=options["hook"])],
    )
    files = [ArtifactFile("x", b"one"), ArtifactFile("y", b"two")]
    found, orders = live_reading(replace(PLAIN, live=form), files, ORDERS, {"hook": "input"})
    assert orders == [TABLE, hook]
    assert [one.what for one in found.found] == ["table", "hook"]
    assert found.names == ("", "block", "monitor")
    assert {family: len(rules) for family, rules in found.rules.items()} == {
        family: int(family == V4) for family in FAMILIES
    }


def test_a_file_of_a_live_system_that_is_not_text_is_refused_with_its_line() -> None:
    form = LiveForm(commands=("show",), reader=lambda *_: Reading(()))
    with pytest.raises(SourceSyntaxError, match="x:2: not UTF-8 text"):
        live_reading(replace(PLAIN, live=form), [ArtifactFile("x", b"a\n\xff")], {}, {})
