"""The plain reader takes what people keep in lists, and the writer a header only if wanted."""

import pytest

from blockc.addresses.rules import Match, meaning
from blockc.errors import SourceSyntaxError
from blockc.targets.data.plain import read_plain
from blockc.targets.syntax.tokens import Text
from tests.targets.artifacts import prefixes


def test_addresses_prefixes_and_ranges_may_be_mixed() -> None:
    text = "10.0.0.0/8 # a comment\n\n  10.1.0.0/16\n::1\n192.0.2.4-192.0.2.7\n2001:DB8::/32"
    found = read_plain(Text("x", text))
    said = meaning(Match.MEMBER, found.rules.values(), found.names).where(["block"])
    assert said == prefixes("10.0.0.0/8", "::1/128", "192.0.2.4/30", "2001:db8::/32")


def test_a_mapped_address_stays_what_it_is() -> None:
    found = read_plain(Text("x", "::ffff:192.0.2.1\n"))
    said = meaning(Match.MEMBER, found.rules.values(), found.names).where(["block"])
    assert said.count_of(said.families[0]) == 0
    assert said.count_of(said.families[1]) == 1


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("10.0.0.0/8\n10.0.0.0/99\n", 2, 1, "'99' is not a prefix length of ipv4"),
        ("10.0.0.0/8 x\n", 1, 1, "expected one address, prefix or range and nothing beside it"),
        ("10.0.0.0/8 11.0.0.0/8\n", 1, 1, "expected one address"),
        ("::1\n10.0.0.0/8\r\n", 2, 11, "a character that a program may not take"),
        ("# 1\n\n  1.2.3.4/24\n", 3, 3, "1.2.3.4/24 has host bits set"),
        ("1.2.3.4/8/32\n1.2.3.4\n", 1, 1, "has more than one '/'"),
        ("1.2.3.9-1.2.3.1\n", 1, 1, "ends before it starts"),
        ("1.2.3.4-::1\n", 1, 1, "'1.2.3.4' is not an address"),
        ("\x00\n", 1, 1, "a character that"),
        ("1.2.3.4\n\ud800\n", 2, 1, "a character that"),
        ("::1\n1:2:3:4:5:6:7::\n", 2, 1, "'1:2:3:4:5:6:7::' shortens a single group"),
        ("::1\n2001:db8::/129\n", 2, 1, "'129' is not a prefix length of ipv6"),
    ],
)
def test_what_is_no_address_is_an_error_with_its_place(
    text: str, line: int, column: int, reason: str
) -> None:
    with pytest.raises(SourceSyntaxError) as found:
        read_plain(Text("x", text))
    assert reason in found.value.message
    assert found.value.at is not None
    assert (found.value.at.line, found.value.at.column) == (line, column)
