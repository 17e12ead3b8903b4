"""What every target must do, in the order in which an author of a new one meets it."""

import re
from contextlib import suppress
from datetime import date
from random import Random

import numpy as np
import pytest

from blockc.addresses import FAMILIES, V4, V6, AddrMap, AddrSet, Family, columns
from blockc.addresses.columns import Spans
from blockc.addresses.rules import Match, Rules, meaning
from blockc.errors import DoesNotFit, Miscompiled, PolicyError
from blockc.passes.plan import compile_rules
from blockc.passes.request import PassRequest
from blockc.targets.core.document import REGISTERED
from blockc.targets.core.render import render
from blockc.targets.core.target import Layout, Target
from blockc.targets.core.target_options import Option, OptionContext
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.registry import TARGETS, target_named
from blockc.targets.syntax.reading import NAMES
from blockc.targets.syntax.tokens import ArtifactFile, Text
from blockc.values import replace
from blockc.verify.native import NativeAnswer, missing, try_natively
from blockc.verify.proof import prove
from tests.targets.artifacts import (
    DIALECTS,
    EDGES,
    PATH,
    PROVENANCE,
    TEMPLATES,
    draft,
    in_order,
    nested,
    prefixes,
    rules_of,
    scattered,
    settled,
    written,
    written_rules,
)

pytestmark = pytest.mark.parametrize("target", DIALECTS)
BARE = {
    "feed.txt.j2",
    "f5-data-group.txt.j2",
}  # entries alone; a header stands beside them, if at all


# It can be described, and everything it says about the platform can be looked up.


def test_a_target_says_where_its_facts_are_written_and_when_somebody_looked(target: Target) -> None:
    references = [*target.references]
    references += [limit.reference for limit in (target.max_entries, target.lengths) if limit]
    assert references
    for reference in references:
        assert reference.url.startswith("https://")
        assert date.fromisoformat(reference.checked) <= date(2027, 12, 31)


def test_a_target_is_found_by_its_name_and_has_its_templates(target: Target) -> None:
    found = target_named(target.name)
    assert found.name == target.name
    assert (found is target) == (target in TARGETS.values())
    assert re.fullmatch(r"[a-z][a-z0-9-]{1,30}", target.name)
    for file in target.files(PATH):
        assert callable(file.writer) or file.writer in TEMPLATES


@pytest.mark.parametrize(
    "name", ["a b", "a'b", 'a"b', "a;b", "a$uri", "a#b", "a,b", "a)b", "\u00e4"]
)
def test_a_name_that_another_file_would_read_otherwise_is_refused(
    target: Target, name: str
) -> None:
    one = draft(target, rules_of(target, EDGES["neighbours"]))
    try:
        files = render(target, one, f"x y/{name}.txt", TEMPLATES)
    except PolicyError:
        return
    lines = [line for file in files for line in file.data.splitlines()]
    assert not [line for line in lines if name.encode() in line and line[:1] != b"#"]


def test_a_target_can_block_and_has_exceptions_where_one_of_several_entries_decides(
    target: Target,
) -> None:
    assert "block" in target.words[ContentKind.LIST].said
    assert target.has_exceptions == (target.match in {Match.LONGEST, Match.FIRST})


# What is written can be read back, whatever the list.


@pytest.mark.parametrize("case", EDGES)
def test_an_artifact_means_what_was_asked_at_every_edge(target: Target, case: str) -> None:
    texts = written(target, EDGES[case])

    proof = prove(target, texts, AddrMap.of_set(EDGES[case]))

    assert proof.probes == 2 * proof.slots


@pytest.mark.parametrize("seed", range(8))
def test_an_artifact_means_what_was_asked_for_random_lists(target: Target, seed: int) -> None:
    # An allow list has some fifty entries around each hole, and 20,000 are the most of an object.
    addresses = scattered(Random(seed), 4 << min(seed, 5 if target.allows else seed))

    prove(target, written(target, addresses), AddrMap.of_set(addresses))


@pytest.mark.parametrize("seed", range(4))
def test_the_reader_returns_the_rules_that_were_written(target: Target, seed: int) -> None:
    rules = rules_of(target, scattered(Random(seed), 40))

    read = target.reader(written_rules(target, rules))

    assert read.names[:2] == NAMES
    for family in FAMILIES:
        assert same(read.rules[family], target.adapt(rules[family]))


def test_a_target_that_has_exceptions_writes_them_inside_entries(target: Target) -> None:
    rules = nested(
        ("10.0.0.0/8", 1), ("10.1.0.0/16", 0), ("10.1.2.0/24", 1), ("10.1.2.3/32", 0),
        ("2001:db8::/32", 1), ("2001:db8:8::/48", 0), ("2001:db8:8::1/128", 1),
    )  # fmt: skip
    if target.match is Match.TWO_SETS:
        return
    if not target.has_exceptions:
        with pytest.raises(PolicyError, match="cannot express an exception"):
            written_rules(target, rules)
        return
    wanted = meaning(Match.LONGEST, rules.values(), NAMES)
    rules = in_order(target, rules)
    read = target.reader(written_rules(target, rules))

    said = meaning(target.match, read.rules.values(), read.names)
    assert said.where(["block"]) == wanted.where(["block"])
    prove(target, written_rules(target, rules), wanted)


def test_equal_drafts_give_equal_texts(target: Target) -> None:
    addresses = scattered(Random(7), 30)
    assert written(target, addresses) == written(target, addresses)


def test_as_many_entries_as_people_have_are_written_and_proved(target: Target) -> None:
    for count in (100_000 >> n for n in range(8)):  # a platform with a limit gets what fits
        addresses = AddrSet.of_spans({V4: many(V4, count), V6: many(V6, count // 100)})
        with suppress(DoesNotFit):
            prove(target, written(target, addresses), AddrMap.of_set(addresses))
            return
    pytest.fail("not even 782 entries fit")


# It refuses what the platform refuses.


def test_more_entries_than_fit_are_refused(target: Target) -> None:
    if target.max_entries is None:
        assert target.capacity({}) is None
        return
    if target.allows:
        one = replace(target, max_entries=replace(target.max_entries, count=3, option=""))
        with pytest.raises(
            DoesNotFit, match=f"{target.name} holds 3 ipv4 entries, the list has 31"
        ):
            written(one, prefixes("10.0.0.2/31"))
        return
    small = replace(target, max_entries=replace(target.max_entries, count=3, option=""))
    three, four = prefixes("10.0.0.0/32", "10.0.0.2/32", "10.0.0.4/32"), prefixes("10.0.0.6/32")

    assert written(small, three)
    family = "" if target.max_entries.together else "ipv4 "
    with pytest.raises(DoesNotFit, match=f"{target.name} holds 3 {family}entries, the list has 4"):
        written(small, three | four)
    both = prefixes("10.0.0.0/32", "10.0.0.2/32", "2001:db8::1/128", "2001:db8::3/128")
    if target.max_entries.together:
        with pytest.raises(DoesNotFit, match="holds 3 entries, the list has 4"):
            written(small, both)
    else:
        assert written(small, both)


def test_a_prefix_length_the_platform_does_not_take_is_refused(target: Target) -> None:
    if target.lengths is None:
        return
    for text in ("0.0.0.0/0", "::/0"):
        rules = nested((text, 1))
        if all(target.adapt(one) is one for one in rules.values()):
            with pytest.raises(DoesNotFit, match=f"{text} is a /0"):
                written_rules(target, rules)


def test_a_prefix_wider_than_the_platform_takes_is_written_in_pieces(target: Target) -> None:
    if target.lengths is None:
        return
    lengths = {family: target.lengths.of(family) for family in FAMILIES}
    intent = AddrMap.of_set(AddrSet.everything())

    rules = compile_rules(intent, Match.MEMBER, PassRequest(lengths=lengths)).rules

    assert {family: len(rules[family]) for family in FAMILIES} == {
        family: 1 << allowed.start for family, allowed in lengths.items()
    }
    prove(target, written_rules(target, rules), intent)


def test_a_verdict_it_cannot_express_is_refused_before_anything_is_written(target: Target) -> None:
    for kind in target.words:
        with pytest.raises(PolicyError, match="cannot express the verdict 'teapot'; it knows"):
            target.require_verdicts(kind, ["teapot"])
    one = draft(target, rules_of(target, EDGES["ipv4 only"]))
    with pytest.raises(PolicyError, match="teapot"):
        render(target, replace(one, names=("", "teapot")), PATH, TEMPLATES)


# It says what it was made from, where the format has room for that.


def test_every_file_with_comments_carries_the_whole_header(target: Target) -> None:
    one = draft(target, rules_of(target, EDGES["ipv4 only"]))
    for file, made in zip(target.files(PATH), written(target, EDGES["ipv4 only"]), strict=True):
        lines = one.header(one.parts(target, file))
        assert REGISTERED in lines
        assert f"policy {PROVENANCE.policy}" in lines
        if target.comment:
            said = [f"{target.comment} {line}".encode() in made.data for line in lines]
            assert said == [True] * len(lines)


def test_what_is_made_from_the_sample_says_so_in_every_file(target: Target) -> None:
    sample = replace(PROVENANCE, sample=True)
    one = draft(target, rules_of(target, EDGES["ipv4 only"]), provenance=sample)
    files = target.files(PATH)
    for file, made in zip(files, render(target, one, PATH, TEMPLATES), strict=True):
        if file.writer in BARE or file.half not in target.halves:
            continue
        if target.comment or target.writer in BARE or file.writer == target.writer:
            assert b"SAMPLE DATA" in made.data or b'"sample": true' in made.data
    for made in written(target, EDGES["ipv4 only"]):
        assert b"SAMPLE DATA" not in made.data


def test_a_title_cannot_become_a_command(target: Target) -> None:
    title = "} ; 0.0.0.0/0 1; flush x add x 1.2.3.4 */ COMMIT " + "é" * 1100 + " swap a b"
    one = draft(
        target,
        rules_of(target, EDGES["ipv4 only"]),
        provenance=replace(PROVENANCE, title=title),
    )
    prove(target, render(target, one, PATH, TEMPLATES), AddrMap.of_set(EDGES["ipv4 only"]))


# Its files go where the policy says.


def test_a_file_a_family_is_made_where_the_platform_allows_it(target: Target) -> None:
    path = "zones/CN.{family}.txt"
    if target.layout is Layout.TOGETHER:
        with pytest.raises(PolicyError, match=re.escape("take {family} out of the path")):
            target.files(path)
        return
    both = EDGES["neighbours"]
    texts = render(target, draft(target, rules_of(target, both)), path, TEMPLATES)

    assert [text.path for text in texts[:2]] == ["zones/CN.ipv4.txt", "zones/CN.ipv6.txt"]
    assert [text.families for text in texts[:2]] == [(family,) for family in FAMILIES]
    prove(target, texts, AddrMap.of_set(both))
    with pytest.raises(Miscompiled):
        prove(target, (*swapped(texts[:2]), *texts[2:]), AddrMap.of_set(both))


def test_every_file_of_an_artifact_has_its_own_path(target: Target) -> None:
    for path in ("x", "a.b/x", "a/x.y.z", "x.conf"):
        files = [file.path for file in target.files(path)]
        assert len(set(files)) == len(files)
        assert all(file.startswith(path.rpartition("/")[0]) for file in files)
        if target.layout is not Layout.APART:
            assert files[0] == path


def test_every_file_has_its_own_path_also_where_the_family_is_a_folder(target: Target) -> None:
    if target.layout is not Layout.TOGETHER:
        for path in ("{family}/x.txt", "x-{family}.txt", "{family}", "a/{family}/{family}.txt"):
            files = [file.path for file in target.files(path)]
            assert len(set(files)) == len(files)
            assert not any("{" in file for file in files)


@pytest.mark.parametrize("title", ["  both ends  ", " ", "x " * 80])
def test_a_title_may_begin_and_end_with_blanks(target: Target, title: str) -> None:
    addresses = EDGES["ipv4 only"]
    one = draft(target, rules_of(target, addresses))
    one = replace(one, provenance=replace(one.provenance, title=title))
    files = render(target, one, PATH, TEMPLATES)
    prove(target, files, AddrMap.of_set(addresses), "x", one.orders(target, PATH))


# An operator's own template is welcome, and trusted no more than ours.


def test_a_template_of_the_operator_is_used_and_still_proved(target: Target) -> None:
    if callable(target.writer):
        return
    addresses, name = EDGES["ipv4 only"], target.writer
    own = Text("mine.j2", TEMPLATES[name].text)
    old, new = ("192.0.3.0", "192.0.2.0") if target.allows else ("192.0.2.0", "192.0.0.0")
    entries = re.compile(r"\{\{ ((?:(?:part|shard)\.(?:lines|texts)|texts?\b).*?) \}\}")
    wider = f"replace('{old}', '{new}') | replace('0.2.0.192', '0.0.0.192')"
    widened = entries.sub(rf"{{{{ (\1) | {wider} }}}}", own.text)
    wrong = Text("mine.j2", widened)
    assert wrong != own
    one = draft(target, rules_of(target, addresses))
    intent = AddrMap.of_set(addresses)

    prove(target, render(target, one, PATH, {**TEMPLATES, name: own}), intent)
    with pytest.raises(Miscompiled):
        prove(target, render(target, one, PATH, {**TEMPLATES, name: wrong}), intent)


# The real program agrees.


@pytest.mark.real
@pytest.mark.parametrize("case", EDGES)
def test_the_real_program_accepts_every_edge(target: Target, case: str) -> None:
    from tests.support.machine import absent

    if target.native is None:
        assert try_natively(target, (), {}).answer is NativeAnswer.SKIPPED
        return
    if missing(target):
        absent(missing(target))
    outcome = try_natively(target, written(target, EDGES[case]), settled(target))
    assert (outcome.answer, outcome.reason) == (NativeAnswer.ACCEPTED, "")


@pytest.mark.real
def test_the_real_program_accepts_the_longest_names(target: Target) -> None:
    from tests.support.machine import absent

    options = {
        option.name: longest_name(option) for option in target.options if "{" in str(option.default)
    }
    if target.native is None or not options:
        return
    if missing(target):
        absent(missing(target))
    outcome = try_natively(
        target,
        written(target, EDGES["neighbours"], options),
        target.settle(options, OptionContext(PROVENANCE.list)),
    )
    assert (outcome.answer, outcome.reason) == (NativeAnswer.ACCEPTED, "")


def longest_name(option: Option) -> str:
    """Return the longest name that an option takes and that begins as its default does."""
    start = str(option.default).partition("{")[0]
    taken = [name for n in range(300) if re.fullmatch(option.pattern, name := start + n * "a")]
    return taken[-1]


def many(family: Family, count: int) -> Spans:
    """Return so many prefixes far from each other: single addresses, and pairs of them."""
    width = 4096 << family.width - 32
    starts = [n * width + n % 7 * 2 for n in range(1, count + 1)]
    lasts = [start + n % 2 for n, start in enumerate(starts)]
    return columns.column(family, starts), columns.column(family, lasts)


def same(left: Rules, right: Rules) -> bool:
    """Return whether two columns of rules are equal, row by row."""
    rows = [np.array_equal(a, b) for a, b in zip(_columns(left), _columns(right), strict=True)]
    return left.family == right.family and all(rows)


def _columns(rules: Rules) -> tuple[np.ndarray[tuple[int], np.dtype[np.generic]], ...]:
    return rules.start, rules.last, rules.verdict


def swapped(files: tuple[ArtifactFile, ...]) -> tuple[ArtifactFile, ...]:
    """Return the files with the families they may speak of exchanged."""
    return tuple(
        replace(file, families=other.families)
        for file, other in zip(files, reversed(files), strict=True)
    )
