"""What files say is put together: rules by family, verdicts, objects, and where each stands."""

from collections.abc import Sequence

import numpy as np
import pytest

from blockc.addresses import V4, V6, Family
from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.addresses import decode_rules, rule_text
from blockc.targets.syntax.reading import (
    NAMES,
    Found,
    Part,
    Reading,
    acting,
    decoded,
    each,
    halves,
    two_sets,
)
from blockc.targets.syntax.tokens import ArtifactFile, Text


def part(path: str, tokens: str, verdicts: Sequence[int] | int = 1) -> Part:
    """Return the part of the one family that tokens are of; they stand one in a line."""
    text = Text(path, tokens.replace(" ", "\n"), (V6 if ":" in tokens else V4,))

    def where(at: int, why: str) -> SourceSyntaxError:
        return text.error(why, sum(len(token) + 1 for token in tokens.split()[:at]))

    return decode_rules(text, tokens.split(), verdicts, where)[0]


def said(path: str) -> Found:
    """Return something that a file says beside its entries."""
    return Found("set", path, path, lambda why: Text(path, "").error(why, 0))


def entries(reading: Reading) -> dict[str, list[tuple[str, int]]]:
    """Return each rule of each family with its label."""
    return {
        family.name: [
            (rule_text(rules.take(np.array([at]))), int(rules.verdict[at]))
            for at in range(len(rules))
        ]
        for family, rules in reading.rules.items()
    }


FIRST, SECOND = part("a", "10.0.0.0/8 9.9.9.9", [1, 2]), part("b", "8.0.0.0/8", 3)
COARSE, FINE = part("c", "2001:db8::/32", 1), part("d", "2001:db8::1 ::/0", 2)


def test_rules_of_a_family_follow_one_another_in_the_order_of_the_files() -> None:
    reading = Reading((FIRST, COARSE, SECOND, FINE))
    assert entries(reading) == {
        "ipv4": [("10.0.0.0/8", 1), ("9.9.9.9/32", 2), ("8.0.0.0/8", 3)],
        "ipv6": [("2001:db8::/32", 1), ("2001:db8::1/128", 2), ("::/0", 2)],
    }
    assert entries(Reading((FIRST,))) == {"ipv4": [("10.0.0.0/8", 1), ("9.9.9.9/32", 2)]}
    assert entries(Reading(())) == {}
    assert {rules.family for rules in reading.rules.values()} == {V4, V6}


@pytest.mark.parametrize(
    ("family", "row", "place"),
    [(V4, 0, "a:1:1"), (V4, 1, "a:2:1"), (V4, 2, "b:1:1"), (V6, 0, "c:1:1"), (V6, 2, "d:2:1")],
)
def test_a_rule_is_found_where_it_is_written(family: Family, row: int, place: str) -> None:
    assert str(Reading((FIRST, COARSE, SECOND, FINE)).place(family, row)) == place


def test_a_rule_that_was_not_read_has_no_place() -> None:
    reading = Reading((FIRST, COARSE, SECOND, FINE))
    for family in (V4, V6):
        with pytest.raises(IndexError, match=rf"^no rule \d of {family.name} was read$"):
            reading.place(family, 3)


def test_parts_of_one_file_and_family_are_one_in_their_order() -> None:
    third = part("e", "7.0.0.0/8 6.0.0.0/8", 2)
    for parts in ([FIRST], [FIRST, SECOND], [FIRST, SECOND, third]):
        joined = Part.joined(parts)
        assert entries(Reading((joined,))) == entries(Reading(tuple(parts)))
        for row in range(len(joined.rules)):
            assert joined.where(row, "").at == Reading(tuple(parts)).place(V4, row)


def test_what_several_files_say_is_joined() -> None:
    one, two = said("a"), said("b")
    names = ("", "a", "b", "c")  # not the greatest of the three, and the longest
    joined = Reading.joined(
        [
            Reading((FIRST,), ("", "x"), (one,)),
            Reading((COARSE,), names),
            Reading((SECOND,), ("", "y", "z"), (two,)),
        ]
    )
    assert joined.parts == (FIRST, COARSE, SECOND)
    assert joined.names == names
    assert joined.found == (one, two)
    nothing = Reading.joined([])
    assert (nothing.parts, nothing.names, nothing.found) == ((), NAMES, ())


def read(text: Text) -> Reading:
    """Return what a file of tokens in one line says."""
    found = (said(text.path),) if text.path in {"a", "y"} else ()
    return Reading((part(text.path, text.text),), found=found)


A, B = ArtifactFile("a", b"10.0.0.0/8"), ArtifactFile("b", b"2001:db8::/32")
X, Y = ArtifactFile("x", b"10.1.0.0/16 10.2.0.0/16"), ArtifactFile("y", b"2001:db8:1::/48")


def test_files_are_decoded_and_read_together_or_one_by_one() -> None:
    together = decoded(lambda texts: Reading.joined(read(text) for text in texts))
    for reader in (together, each(read)):
        reading = reader([A, B])
        assert entries(reading) == {"ipv4": [("10.0.0.0/8", 1)], "ipv6": [("2001:db8::/32", 1)]}
        assert [found.path for found in reading.found] == ["a"]
        with pytest.raises(SourceSyntaxError, match="c:1: not UTF-8 text"):
            reader([A, ArtifactFile("c", b"\xff")])


def test_the_second_half_of_two_sets_is_what_is_spared() -> None:
    whole = {
        "ipv4": [("10.0.0.0/8", 1), ("10.1.0.0/16", 0), ("10.2.0.0/16", 0)],
        "ipv6": [("2001:db8::/32", 1), ("2001:db8:1::/48", 0)],
    }
    texts = [file.decoded() for file in (A, B, X, Y)]
    for reading in (
        halves(read, read)([A, B, X, Y]),
        two_sets(map(read, texts[:2]), map(read, texts[2:])),
    ):
        assert entries(reading) == whole
        assert reading.names == NAMES
        assert [found.path for found in reading.found] == ["a", "y"]
        assert str(reading.place(V4, 2)) == "x:2:1"
        assert all(rules.verdict.dtype == np.int32 for rules in reading.rules.values())


def test_each_half_of_two_sets_has_its_own_reader() -> None:
    with pytest.raises(SourceSyntaxError, match="not a list"):
        halves(read, _refuse)([A, B, X, Y])
    assert entries(halves(read, lambda _: Reading(()))([A, X])) == {"ipv4": [("10.0.0.0/8", 1)]}


def _refuse(text: Text) -> Reading:
    raise text.error("not a list", 0)


@pytest.mark.parametrize(("action", "label"), [("block", 1), ("monitor", 2), ("warn", 3)])
def test_rules_around_a_list_say_what_its_entries_do(action: str, label: int) -> None:
    tokens = "10.0.0.0/8 10.1.0.0/16 9.0.0.0/8"
    listed = Reading((part("a", tokens, [1, 0, 1]),), found=(said("a"),))
    reading = acting(listed, action)
    assert reading.rules[V4].verdict.tolist() == [label, 0, label]
    assert reading.rules[V4].verdict.dtype == np.int32
    assert reading.names[label] == action
    assert reading.names[0] == ""
    assert reading.found == listed.found
    assert str(reading.place(V4, 2)) == "a:3:1"


def test_an_entry_of_any_verdict_does_what_the_rules_around_it_say() -> None:
    reading = acting(Reading((part("a", "10.0.0.0/8 9.0.0.0/8", [2, 0]),)), "warn")
    assert reading.rules[V4].verdict.tolist() == [3, 0]
