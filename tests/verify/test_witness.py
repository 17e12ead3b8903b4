"""The second witness decides as each match model does, and as somebody who reads rule by rule."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from blockc.addresses import V4, V6, AddrMap, Family, Prefix, Prefixes, columns
from blockc.addresses.columns import Column
from blockc.addresses.rules import Match, Rules, meaning
from blockc.errors import Miscompiled
from blockc.targets.data.plain import PLAIN
from blockc.targets.syntax.reading import Part, Reading
from blockc.targets.syntax.tokens import ArtifactFile, Text
from blockc.values import replace
from blockc.verify import proof
from blockc.verify import trie_oracle as oracles
from blockc.verify.proof import prove
from blockc.verify.trie_oracle import Labels, layer_oracle, trie_oracle
from tests.targets.artifacts import nested, prefixes, written

SIZE = 64
PLACES = {V4: 0xC0000200, V6: 0x20010DB8 << 96 | 0xFFC0}
LABEL = np.array([0, 1, 2, 3], dtype=np.int32)
Drawn = Sequence[tuple[Prefix, int]]


def drawn(random: Random, family: Family, *, distinct: bool) -> Drawn:
    """Return nested prefixes of a few addresses in any order, each with a verdict."""
    found: dict[Prefix, int] = {}
    rules = []
    for _ in range(random.randint(0, 14)):
        length = family.width - random.choice([0, 0, 1, 1, 2, 3, 4, 5, 6])
        host = family.width - length
        first = PLACES[family] + random.randrange(SIZE)
        prefix = Prefix(family, first >> host << host, length)
        if not distinct or prefix not in found:
            found[prefix] = random.randrange(4)
            rules.append((prefix, found[prefix]))
    return rules


def as_rules(family: Family, drawn: Drawn) -> Rules:
    """Return the rules in their order."""
    if not drawn:
        return Rules.empty(family)
    starts = columns.column(family, [prefix.first for prefix, _ in drawn])
    lengths = np.array([prefix.length for prefix, _ in drawn], dtype=np.int16)
    if family.grain and not columns.is_wide(starts):
        starts = columns.widen(starts)
    verdicts = np.array([verdict for _, verdict in drawn], dtype=np.int32)
    return Rules.of_prefixes(Prefixes(family, starts, lengths), verdicts)


def first_of(drawn: Drawn, address: int) -> int:
    """Return the verdict of the first rule that holds an address, looking at one after another."""
    return next((v for p, v in drawn if p.first <= address <= p.last), 0)


def longest_of(drawn: Drawn, address: int) -> int:
    """Return the verdict of the narrowest rule that holds an address."""
    return first_of(sorted(drawn, key=lambda rule: -rule[0].length), address)


def two_sets_of(drawn: Drawn, address: int) -> int:
    """Return whether an address is in one set and not in the other."""
    held = {min(v, 1) for p, v in drawn if p.first <= address <= p.last}
    return int(held == {1})


def asked(family: Family) -> list[int]:
    """Return every address the rules can be about, and some around them."""
    return list(range(PLACES[family] - 3, PLACES[family] + SIZE + 3))


@pytest.mark.parametrize("family", [V4, V6], ids=str)
@pytest.mark.parametrize("seed", range(60))
def test_the_first_rule_that_matches_decides(family: Family, seed: int) -> None:
    rules = drawn(Random(seed), family, distinct=False)
    require_agreement(Match.FIRST, family, rules, [first_of(rules, a) for a in asked(family)])


@pytest.mark.parametrize("family", [V4, V6], ids=str)
@pytest.mark.parametrize("seed", range(60))
def test_the_longest_prefix_decides(family: Family, seed: int) -> None:
    rules = drawn(Random(seed), family, distinct=True)
    require_agreement(Match.LONGEST, family, rules, [longest_of(rules, a) for a in asked(family)])


@pytest.mark.parametrize("family", [V4, V6], ids=str)
@pytest.mark.parametrize("seed", range(60))
def test_the_second_of_two_sets_is_taken_away(family: Family, seed: int) -> None:
    rules = [(p, min(v, 1)) for p, v in drawn(Random(seed), family, distinct=False)]
    wanted = [two_sets_of(rules, a) for a in asked(family)]
    require_agreement(Match.TWO_SETS, family, rules, wanted)


@pytest.mark.parametrize("family", [V4, V6], ids=str)
@pytest.mark.parametrize("seed", range(20))
def test_the_range_that_holds_an_address_decides(
    family: Family, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(seed)
    cuts = sorted(random.sample(range(SIZE + 1), random.choice([0, 2, 6, 12])))
    spans = list(zip(cuts[::2], cuts[1::2], strict=True))
    random.shuffle(spans)
    drawn = [(PLACES[family] + a, PLACES[family] + b - 1, random.randrange(1, 4)) for a, b in spans]
    firsts, lasts, verdicts = zip(*drawn, strict=True) if drawn else ((), (), ())
    start, last = columns.column(family, firsts), columns.column(family, lasts)
    rules = Rules(family, start, last, np.array(verdicts, dtype=np.int32))
    wanted = [next((v for a, b, v in drawn if a <= one <= b), 0) for one in asked(family)]
    addresses = columns.column(family, asked(family))
    swept = meaning(Match.INTERVALS, [rules], ["", "a", "b", "c"]).part(family).at(addresses)

    monkeypatch.setattr(oracles, "_MANY", 0)
    layers = layer_oracle(Match.INTERVALS, rules, LABEL)

    assert layers is not None
    assert layers(addresses).tolist() == wanted
    assert trie_oracle(Match.INTERVALS, rules, LABEL)(addresses).tolist() == wanted
    assert swept.tolist() == wanted


def require_agreement(match: Match, family: Family, drawn: Drawn, wanted: list[int]) -> None:
    """Check witness and sweep against what was found rule by rule."""
    rules = as_rules(family, drawn)
    addresses = columns.column(family, asked(family))
    swept = meaning(match, [rules], ["", "a", "b", "c"], [family]).part(family).at(addresses)

    assert trie_oracle(match, rules, LABEL)(addresses).tolist() == wanted
    assert swept.tolist() == wanted


@pytest.mark.parametrize("family", [V4, V6], ids=str)
@pytest.mark.parametrize("match", [Match.LONGEST, Match.MEMBER, Match.INTERVALS])
@pytest.mark.parametrize("seed", range(40))
def test_layers_answer_as_the_trie_of_pytricia_does(
    match: Match, family: Family, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prefixes of all lengths, nested and not, in any order."""
    random, found = Random(seed), dict[Prefix, int]()
    for _ in range(random.choice([0, 1, 8, 60])):
        host = random.choice([0, 1, 2, 5, 12, 20, 31, 32, family.grain, family.width])
        first = PLACES[family] + random.randrange(1 << random.choice([3, 12, family.grain + 8]))
        found[Prefix(family, first >> host << host, family.width - host)] = random.randrange(4)
    if match == Match.MEMBER:
        found = dict.fromkeys(found, 2)
    if match == Match.INTERVALS:
        found = {one: verdict for one, verdict in found.items() if one.length == family.width}
    rules = as_rules(family, [*found.items()])
    if seed % 2:
        rules = Rules(family, *columns.narrow_spans(rules.start, rules.last), rules.verdict)
    ends = {address for one in found for address in (one.first, one.last)}
    near = {address + by for address in ends | {0, 1 << 31} for by in (-1, 0, 1)}
    asked = columns.column(family, sorted(one for one in near if 0 <= one <= family.last))
    monkeypatch.setattr(oracles, "_MANY", 0)
    layers = layer_oracle(match, rules, LABEL)

    assert layers is not None
    wanted = trie_oracle(match, rules, LABEL)(asked).tolist()
    assert layers(asked).tolist() == wanted
    for begin, end in ((0, 1), (2, 5), (1, len(asked))):  # what begins before them reaches in
        assert layers(asked[begin:end]).tolist() == wanted[begin:end]


def test_only_many_rules_of_which_one_decides_are_asked_in_layers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = nested(("10.0.0.0/8", 1), ("2001:db8::/32", 1))
    assert layer_oracle(Match.MEMBER, few[V4], LABEL) is None
    monkeypatch.setattr(oracles, "_MANY", 0)
    assert layer_oracle(Match.MEMBER, few[V4], LABEL)
    assert layer_oracle(Match.MEMBER, few[V6], LABEL)
    assert layer_oracle(Match.FIRST, few[V4], LABEL) is None
    assert layer_oracle(Match.TWO_SETS, few[V4], LABEL) is None


@pytest.mark.parametrize(
    ("row", "share", "rows"),
    [
        (2, 99, [(0, 2), (13, 15), (26, 28), (39, 41)]),
        (1, 8, [(0, 5), (12, 17), (24, 29), (36, 41)]),
        (50, 99, [(0, 41)] * 4),
    ],
)
def test_of_many_rules_pytricia_is_asked_about_rows_of_slots_spread_over_the_space(
    monkeypatch: pytest.MonkeyPatch, row: int, share: int, rows: list[tuple[int, int]]
) -> None:
    """It takes a call from Python for each address; layers are asked about every slot."""
    asked: list[list[int]] = []

    def counted(match: Match, rules: Rules, label: Labels) -> oracles.TrieOracle:
        ask = trie_oracle(match, rules, label)

        def counting(addresses: Column) -> Labels:
            asked.append(columns.ints(rules.family, addresses))
            return ask(addresses)

        return counting

    monkeypatch.setattr(oracles, "_MANY", 0)
    monkeypatch.setattr(proof, "_SLOTS_AT_ONCE", 8)
    monkeypatch.setattr(proof, "_ROW", row)
    monkeypatch.setattr(proof, "_SHARE", share)
    monkeypatch.setattr(proof, "trie_oracle", counted)
    addresses = prefixes(*(f"10.0.{2 * n}.0/24" for n in range(20)))
    prove(PLAIN, written(PLAIN, addresses), AddrMap.of_set(addresses))
    edges = [0, *(0x0A000000 + (n << 8) for n in range(40)), 1 << 32]  # of 41 slots
    ends = [[first, end - 1] for first, end in pairwise(edges)]
    of_ipv4 = [[address for pair in ends[begin:end] for address in pair] for begin, end in rows]
    assert asked == [*of_ipv4, *[[0, V6.last]] * 4]


@pytest.mark.parametrize("match", list(Match))
def test_answers_use_the_labels_of_the_proof(match: Match) -> None:
    rules = nested(("10.0.0.0/8", 1))[V4]
    label: Labels = np.array([7, 5], dtype=np.int32)
    ask = trie_oracle(match, rules, label)
    assert ask(columns.column(V4, [0x0A000000, 0x0B000000])).tolist() == [5, 7]


def test_ordered_ranges_are_never_called_proved() -> None:
    ranged = Rules.of_spans(V4, columns.column(V4, [1]), columns.column(V4, [4]))
    with pytest.raises(ValueError, match="a range, not a prefix"):
        trie_oracle(Match.FIRST, ranged, LABEL)


def reading(rules: Mapping[Family, Rules]) -> Reading:
    """Return what a reader would that found these rules."""
    text = Text("x", "")
    return Reading(tuple(Part(one, lambda _, why: text.error(why, 0)) for one in rules.values()))


def test_an_ordered_artifact_is_proved_and_its_order_matters() -> None:
    """The reader gives rules in the order of the text; the first that matches decides."""
    rules = nested(("10.1.0.0/16", 0), ("10.0.0.0/8", 1), ("2001:db8::/32", 1))
    intent = AddrMap.of_set(prefixes("10.0.0.0/8", "2001:db8::/32") - prefixes("10.1.0.0/16"))
    ordered = replace(PLAIN, match=Match.FIRST, reader=lambda _: reading(rules))
    turned = {family: one.take(slice(None, None, -1)) for family, one in rules.items()}
    wrong = replace(ordered, reader=lambda _: reading(turned))

    prove(ordered, [ArtifactFile("x", b"")], intent)
    with pytest.raises(Miscompiled, match=r"10\.1\.0\.0/16 is blocked, the policy allows it"):
        prove(wrong, [ArtifactFile("x", b"")], intent)
