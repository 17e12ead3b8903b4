"""What rules mean under every match model, against one slow reading of each."""

from collections.abc import Sequence
from itertools import permutations, product
from random import Random

import numpy as np
import pytest

from blockc.addresses.columns import column
from blockc.addresses.family import FAMILIES, V4, V6, Family
from blockc.addresses.prefixes import Prefixes
from blockc.addresses.rules import Match, Rules, deciding_rule, deciding_rules, meaning
from tests.addresses import oracle
from tests.addresses.random_ranges import some_ranges
from tests.addresses.toy import TOY, every_range, int32, labelled, pairs, spans

TINY = Family(0, 2)
NAMES = ("", "one", "two", "three")
Rule = oracle.Rule


def rules_of(family: Family, rows: Sequence[Rule], *, wide: bool = False) -> Rules:
    start, last = spans(family, [row[:2] for row in rows], wide=wide)
    return Rules(family, start, last, int32([row[2] for row in rows]))


def told(match: Match, family: Family, rows: Sequence[Rule]) -> list[tuple[int, int]] | None:
    """Return start and label of every run of the meaning, or None if the rules contradict."""
    try:
        found = meaning(match, [rules_of(family, rows)], NAMES, [family])
    except ValueError:
        return None
    return labelled(found.part(family))


def expected(match: Match, family: Family, rows: Sequence[Rule]) -> list[tuple[int, int]] | None:
    """Return the same, asked address by address at every edge, one rule after the other."""
    if match == Match.LONGEST and len({row[:2] for row in rows}) < len(rows):
        return None
    if match == Match.LONGEST and any(is_range(row) for row in rows):
        return None
    found = []
    for address in oracle.edges([row[:2] for row in rows], family.last):
        hits = [row for row in rows if row[0] <= address <= row[1]]
        verdict = decided(match, hits)
        if verdict is None:
            return None
        found.append((address, verdict))
    return oracle.runs(found)


def is_range(row: Rule) -> bool:
    size = row[1] - row[0] + 1
    return size & (size - 1) != 0 or row[0] % size != 0


def decided(match: Match, hits: Sequence[Rule]) -> int | None:
    """Return the verdict of the rules that hold an address, None if they contradict."""
    if not hits:
        return 0
    verdicts = {row[2] for row in hits}
    match match:
        case Match.FIRST:
            return hits[0][2]
        case Match.LONGEST:
            return min(hits, key=lambda row: row[1] - row[0])[2]
        case Match.TWO_SETS:
            return int(0 not in verdicts)
    return verdicts.pop() if len(verdicts) == 1 else None


def test_every_model_means_what_it_says_for_every_two_rules_of_a_toy() -> None:
    one_rule = [(*row, verdict) for row in every_range(TINY) for verdict in (0, 1, 2)]
    for match, count in product(Match, (0, 1, 2)):
        for rows in product(one_rule, repeat=count):
            assert told(match, TINY, rows) == expected(match, TINY, rows)


@pytest.mark.parametrize("match", Match)
@pytest.mark.parametrize("seed", range(10))
def test_every_model_means_what_it_says_for_many_rules_of_a_toy(match: Match, seed: int) -> None:
    random = Random(seed)
    for _ in range(15):
        rows = some_toy_rules(random, match)
        assert told(match, TOY, rows) == expected(match, TOY, rows)


def some_toy_rules(random: Random, match: Match) -> list[Rule]:
    """Return up to eight rules, often such that they do not contradict each other."""
    ranges = [row for row in every_range() if match != Match.LONGEST or not is_range((*row, 0))]
    rows = [(*random.choice(ranges), random.randrange(3)) for _ in range(random.randrange(9))]
    if match == Match.LONGEST:
        rows = list({row[:2]: row for row in rows}.values())
    if match in (Match.MEMBER, Match.INTERVALS) and random.randrange(3):
        rows = [(first, last, 1) for first, last, _ in rows]
    return rows


@pytest.mark.parametrize("match", Match)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", range(15))
def test_every_model_is_right_at_real_widths(match: Match, family: Family, seed: int) -> None:
    random = Random(seed)
    found = some_ranges(random, family, narrow=seed % 2 == 0)
    if match == Match.LONGEST:
        blocks = [b for row in found for b in oracle.cover([row], family)[:3]]
        found = [
            (first, first + (1 << (family.width - n)) - 1) for first, n in dict.fromkeys(blocks)
        ]
    several = match not in (Match.MEMBER, Match.INTERVALS)
    rows = [(*row, random.randrange(3) if several else 1) for row in found]
    assert told(match, family, rows) == expected(match, family, rows)
    wide = bool(family.grain)
    again = meaning(match, [rules_of(family, rows, wide=wide)], NAMES, [family])
    assert labelled(again.part(family)) == told(match, family, rows)


@pytest.mark.parametrize("match", Match, ids=str)
def test_the_deciding_rules_of_the_whole_space_are_those_of_every_address(match: Match) -> None:
    """Where rules contradict each other nothing is asked: no artifact like that is read."""
    chance, tried = Random(7), 0
    ranges = [row for row in every_range() if match != Match.LONGEST or not is_range((*row, 0))]
    for _ in range(400):
        rows = [(*chance.choice(ranges), chance.randrange(3)) for _ in range(chance.randrange(6))]
        if told(match, TOY, rows) is None:
            continue
        tried += 1
        rules = rules_of(TOY, rows)
        labels = deciding_rules(match, rules).at(column(TOY, range(TOY.size))).tolist()
        asked = [deciding_rule(match, rules, address) for address in range(TOY.size)]
        assert labels == [0 if row is None else row + 1 for row in asked]
    assert tried > 50


@pytest.mark.parametrize("match", [one for one in Match if one != Match.FIRST])
def test_only_first_match_depends_on_the_order_of_rules(match: Match) -> None:
    rows = [(0, 7, 1), (2, 3, 1), (2, 2, 1), (6, 7, 1), (4, 4, 1)]
    if match in (Match.LONGEST, Match.TWO_SETS):
        rows = [(first, last, place % 2) for place, (first, last, _) in enumerate(rows)]
    readings = {tuple(told(match, TOY, order) or ()) for order in permutations(rows)}
    assert len(readings) == 1


def test_ten_thousand_nested_first_match_rules_mean_what_they_say() -> None:
    rows = [(n, V4.last - n, n % 3) for n in range(9999, -1, -1)]
    assert told(Match.FIRST, V4, rows) == oracle.runs(
        [(n, n % 3) for n in range(10_000)]
        + [(V4.last - n + 1, (n - 1) % 3) for n in range(9999, 0, -1)]
    )


def test_rules_know_whether_they_are_prefixes_for_every_range() -> None:
    for family, base in ((TOY, 0), (V4, V4.last - 7), (V6, 1 << 64), (V6, V6.last - 7)):
        for first, last in every_range():
            row = (base + first, base + last, 1)
            if is_range(row):
                with pytest.raises(ValueError, match="a range, not a prefix"):
                    rules_of(family, [row]).prefixes()
            else:
                (prefix,) = rules_of(family, [row]).prefixes()
                assert (prefix.first, prefix.last) == row[:2]


def test_rules_of_prefixes_and_of_spans_are_the_same_rules() -> None:
    prefixes = Prefixes(V4, np.array([0, 16], dtype=np.uint64), np.array([28, 30], dtype=np.int16))
    by_prefix, by_span = (
        Rules.of_prefixes(prefixes),
        Rules.of_spans(V4, prefixes.start, prefixes.last),
    )
    for rules in (by_prefix, by_span):
        assert pairs(V4, (rules.start, rules.last)) == [(0, 15), (16, 19)]
        assert rules.verdict.tolist() == [1, 1]
        assert len(rules) == 2
    chosen = Rules.of_prefixes(prefixes, int32([2, 3]))
    assert chosen.take(np.array([1])).verdict.tolist() == [3]
    assert chosen.take(slice(None, None, -1)).verdict.tolist() == [3, 2]


def test_a_family_without_rules_is_all_default() -> None:
    found = meaning(Match.MEMBER, [rules_of(V4, [(0, 9, 1)])], NAMES)
    assert labelled(found.part(V4)) == [(0, 1), (10, 0)]
    assert labelled(found.part(V6)) == [(0, 0)]


def test_rules_that_nobody_asked_for_are_refused() -> None:
    rules = rules_of(V4, [(0, 9, 1)])
    for given, families in (([rules, rules], FAMILIES), ([rules], [V6])):
        with pytest.raises(ValueError, match="come twice or were not asked for"):
            meaning(Match.FIRST, given, NAMES, families)


def test_a_verdict_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="no name"):
        meaning(Match.FIRST, [rules_of(V4, [(0, 9, 4)])], NAMES, [V4])


def test_rules_cannot_be_built_wrong() -> None:
    zero, one = (np.array([n], dtype=np.uint64) for n in (0, 1))
    with pytest.raises(ValueError, match="ends before it starts"):
        Rules(V4, one, zero, int32([1]))
    with pytest.raises(ValueError, match="have one verdict each"):
        Rules(V4, zero, one, int32([1, 2]))
    with pytest.raises(ValueError, match="read-only"):
        Rules(V4, zero, one, int32([1])).verdict[0] = 2
