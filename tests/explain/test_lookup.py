"""The chain of reasons about an address: over toy universes it says what the sets say, and why."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise, product

import pytest

from blockc.addresses import columns
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import V4, V6, Family
from blockc.explain.lookup import (
    Chain,
    LookupQuestion,
    RecordsFile,
    answers,
    ended_exceptions,
    every_chain,
    registry_records,
)
from blockc.policy.meaning.deciding import Reason
from blockc.policy.meaning.resolve import Resolved, resolve
from blockc.policy.model import Guard, List, LocatedSelector, Policy, Protect
from blockc.policy.syntax.selectors import AddressRange, ListSelector, parse_addresses
from blockc.registries.registry_map import RegistryMap
from tests.policy.test_laws import SUBSETS, Subset, list_of, located, singles
from tests.policy.toy import Files, records, resolved

NARROW = Family(4, 2)


def meaning(
    lists: Iterable[List], never_block: Iterable[LocatedSelector], family: Family
) -> Resolved:
    policy = Policy(
        files=("toy.toml",),
        lists=tuple(sorted(lists, key=lambda one: one.name)),
        outputs=(),
        protect=Protect(tuple(never_block)),
        guard=Guard(),
        groups={},
    )
    world = RegistryMap.of([], families=[family])
    return resolve(policy, world, read_file=Files(), as_of=date(2026, 11, 23))


def every_span(family: Family) -> list[AddressRange]:
    size = 1 << family.width
    return [AddressRange(family, a, b) for a in range(size) for b in range(a, size)]


def ranges_of(addresses: AddrSet, family: Family) -> list[tuple[int, int]]:
    start, last = addresses.spans(family)
    return list(zip(columns.ints(family, start), columns.last_ints(family, last), strict=True))


def require_sets(found: Resolved, asked: Sequence[AddressRange]) -> None:
    """Require that every answer is whole, and says of each list what its set of addresses says."""
    told = answers(found, [LookupQuestion(str(one), (one,)) for one in asked])
    held = [ranges_of(one.addresses, asked[0].family) for one in found.lists]
    for span, answer in zip(asked, told, strict=True):
        pieces = answer.pieces
        bounds = [one.span for one in pieces]
        assert (bounds[0].first, bounds[-1].last) == (span.first, span.last)
        assert all(a.last + 1 == b.first for a, b in pairwise(bounds))
        assert all(a.chain is not b.chain for a, b in pairwise(pieces))
        for piece in pieces:
            first, last = piece.span.first, piece.span.last
            for reason, one, ranges in zip(piece.chain.lists, found.lists, held, strict=True):
                assert reason.of_list is one
                touched = [(a, b) for a, b in ranges if a <= last and first <= b]
                assert bool(touched) == reason.reason.has
                assert all(a <= first and last <= b for a, b in touched)
                assert reason.verdict == ("block" if reason.reason.has else "allow")


@pytest.mark.parametrize("never_block", SUBSETS, ids=str)
def test_the_verdict_is_that_of_the_sets_for_every_span_of_every_list(never_block: Subset) -> None:
    lists = []
    for number, (asked, exempt) in enumerate(product(SUBSETS[1:], SUBSETS)):
        lists.append(list_of(f"block-{number}", singles(asked), (), singles(exempt)))
        lists.append(list_of(f"allow-{number}", (), singles(asked), singles(exempt)))
        other = [ListSelector(f"block-{number}")]
        lists.append(list_of(f"other-{number}", [ListSelector(f"allow-{number}")], (), other))
    require_sets(meaning(lists, located(singles(never_block)), NARROW), every_span(NARROW))


def test_the_chains_of_the_whole_space_are_those_of_every_address() -> None:
    lists = []
    for number, (asked, exempt) in enumerate(product(SUBSETS[1:], SUBSETS)):
        lists.append(list_of(f"block-{number}", singles(asked), (), singles(exempt)))
        lists.append(list_of(f"allow-{number}", (), singles(asked), singles(exempt)))
    for some in (lists, lists[:1], lists[1:4], []):
        found = meaning(some, located(singles(SUBSETS[3])), NARROW)
        chains, (part,) = every_chain(found)
        labels = part.at(columns.column(NARROW, range(4)))
        spans = [AddressRange(NARROW, n, n) for n in range(4)]
        told = answers(found, [LookupQuestion(str(one), (one,)) for one in spans])
        for label, answer in zip(labels.tolist(), told, strict=True):
            (piece,) = answer.pieces
            assert said(chains[label]) == said(piece.chain)


def said(chain: Chain) -> object:
    reasons = [(one.of_list.name, one.reason, one.entries, one.protected) for one in chain.lists]
    return chain.country, reasons, chain.protected, chain.blocked


def test_addresses_within_a_unit_of_a_wide_family_are_told_apart() -> None:
    half = 1 << 63
    spans = [AddressRange(V6, half, half + 9), AddressRange(V6, 3 << 64, (4 << 64) - 1)]
    except_ = [AddressRange(V6, half + 3, half + 3)]
    found = meaning([list_of("a", spans, (), except_)], (), V6)
    edges = [0, 1, half - 1, half, half + 3, half + 4, half + 9, half + 10, (1 << 64) - 1, 1 << 64]
    edges += [(3 << 64) - 1, 3 << 64, (4 << 64) - 1]
    asked = [AddressRange(V6, a, b) for a in edges for b in edges if a <= b]
    require_sets(found, asked)


TEXT = """[list.a]
block = ["CN", "10.130.0.0/16"]
except = [
    { prefix = "10.1.0.0/16", owner = "web", reason = "ours", until = 2026-11-30 },
    { prefix = "10.2.0.0/16", owner = "ops", reason = "gone", until = 2026-11-01 },
]
[list.b]
allow = ["CN"]
stages = [{ from = 2026-12-24, action = "block" }]
[protect]
never_block = ["10.3.0.0/16", "10.200.0.0/16"]
"""


def told(text: str, found: Resolved) -> list[tuple[str, str, str, list[str], list[int]]]:
    """Return for each piece and list: range, verdict, reason, deciding entries, their lines."""
    span = parse_addresses(text)
    (answer,) = answers(found, [LookupQuestion(text, (span,))])
    return [
        (
            f"{piece.span} {one.of_list.name}",
            one.verdict,
            str(one.reason),
            [f"{entry.role} {entry.located.selector}" for entry in one.deciding],
            [entry.located.place.location().line for entry in one.deciding],
        )
        for piece in answer.pieces
        for one in piece.chain.lists
    ]


LISTED = ("block", "listed", ["block CN"], [3])
ALLOWED = ("allow", "allowed", ["allow CN"], [9])


@pytest.mark.parametrize(
    ("asked", "first", "second"),
    [
        (
            "10.0.0.1",
            ("block", "listed", ["block CN"], [3]),
            ALLOWED,
        ),
        (
            "10.1.0.1",
            ("allow", "excepted", ["except 10.1.0.0/16"], [5]),
            ALLOWED,
        ),
        (
            "10.3.0.1",
            ("allow", "protected", ["never_block 10.3.0.0/16"], [12]),
            ALLOWED,
        ),
        (
            "10.2.0.1",
            ("block", "listed", ["block CN"], [3]),
            ALLOWED,
        ),
        (
            "10.130.0.1",
            ("block", "listed", ["block 10.130.0.0/16"], [3]),
            ("off", "not allowed", [], []),
        ),
        (
            "10.200.0.1",
            ("allow", "not listed", [], []),
            ("allow", "protected", ["never_block 10.200.0.0/16"], [12]),
        ),
        ("9.9.9.9", ("allow", "not listed", [], []), ("off", "not allowed", [], [])),
    ],
)
def test_an_address_is_told_the_entry_that_decides_and_where_it_stands(
    asked: str, first: object, second: object
) -> None:
    found = resolved(TEXT, allow_expired=True)
    assert [one[1:] for one in told(asked, found)] == [first, second]


def test_a_prefix_is_told_in_pieces() -> None:
    found = resolved(TEXT, allow_expired=True)
    ranges = [one[0] for one in told("10.0.0.0/14", found) if one[0].endswith(" a")]
    assert ranges == [f"10.{number}.0.0/16 a" for number in range(4)]


def test_only_the_lists_that_are_named_are_asked() -> None:
    asked = [LookupQuestion("10.0.0.1", (parse_addresses("10.0.0.1"),))]
    (answer,) = answers(resolved(TEXT, allow_expired=True), asked, ["b"])
    assert [one.of_list.name for one in answer.pieces[0].chain.lists] == ["b"]
    assert answer.pieces[0].chain.lists[0].reason is Reason.ALLOWED
    assert not answer.blocked


def test_an_exception_that_has_ended_is_told_where_it_would_have_spared() -> None:
    found = resolved(TEXT, allow_expired=True)

    def ended(text: str) -> list[str]:
        pairs = ended_exceptions(found, parse_addresses(text))
        return [f"{one.name} {exemption.owner}" for one, exemption in pairs]

    assert ended("10.2.3.4") == ended("10.0.0.0/8") == ["a ops"]
    assert ended("10.1.0.1") == ended("10.4.0.1") == ended("2001:db8::1") == []


def test_the_record_that_decides_is_told_with_its_file_and_line() -> None:
    file = RecordsFile("apnic.txt", "sha256:1", (records(V4), records(V6)))
    texts = ["10.0.0.1", "10.0.0.0/9", "10.0.0.0/8", "9.9.9.9", "10.194.1.1", "2001:db8::1"]
    found = registry_records([file], [parse_addresses(text) for text in texts])
    said = [one and f"{one.path}:{one.line} {one.country} {one.status} {one.span}" for one in found]
    assert said == [
        "apnic.txt:1 CN allocated 10.0.0.0/9",
        "apnic.txt:1 CN allocated 10.0.0.0/9",
        None,
        None,
        "apnic.txt:5  available 10.194.0.0/16",
        "apnic.txt:1 CN allocated 2001:db8::/32",
    ]
    assert {one.date for one in found if one} == {"2020-01-01"}
