"""The nftables reader follows nft: statements, elements, and a table that starts empty."""

import pytest

from blockc.addresses.rules import Match, meaning
from blockc.errors import PolicyError, SourceSyntaxError
from blockc.targets.core.target_options import OptionContext
from blockc.targets.kernel.nftables import NFTABLES, read_nft
from blockc.targets.kernel.passing import ESTABLISHED, LOOPBACK, NEIGHBOURS, PASSES
from blockc.targets.syntax.tokens import Text
from tests.targets.artifacts import prefixes

TEXT = """table inet t
delete table inet t
table inet t {
	set v4 {
		type ipv4_addr
		flags interval
		elements = {
			10.0.0.0-10.0.0.255,
			10.0.2.0/24,
			10.0.4.7
		}
	}
	set v6 {
		type ipv6_addr
		flags interval
	}
	chain c {
		type filter hook prerouting priority raw; policy accept;
		iif "lo" accept
		ip saddr @v4 counter drop
		ip6 saddr @v6 drop
	}
}
"""
BASE = "\t\ttype filter hook prerouting priority raw;\n"
WANTED = prefixes("10.0.0.0/24", "10.0.2.0/24", "10.0.4.7/32")


def blocked(text: str) -> object:
    """Return what the chains of a file drop."""
    found = read_nft(Text("x.nft", text))
    return meaning(Match.INTERVALS, found.rules.values(), found.names).where(["block"])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("10.0.4.7\n", "10.0.4.7,\n"),
        ("10.0.4.7", "10.0.4.7, ,,"),
        ("10.0.4.7", "10.0.4.7,, # why\n,"),
        ("= {\n\t\t\t10", "={10"),
        ("10.0.4.7\n\t\t}", "10.0.4.7 }"),
        (",\n\t\t\t10.0.2", ", 10.0.2"),
        ("\n\t\tflags", ";flags"),
        ("table inet t\n", "# a } comment\ntable inet t # {\n"),
        ("prerouting priority raw", "input priority -300"),
        ("priority raw", "priority filter - 10"),
        ("ip saddr @v4 counter drop", "ip saddr @v4 drop; ip saddr @v4 counter drop"),
        ("iif", "iifname"),
        ('\t\tiif "lo" accept\n', ""),
        (" policy accept;", ""),
        ("table inet t\ndelete", "table inet t; delete"),
        ("10.0.2.0/24", "10.0.2.0/25,10.0.2.128/25"),
    ],
)
def test_the_spelling_of_a_file_does_not_change_what_it_means(old: str, new: str) -> None:
    assert old in TEXT
    assert blocked(TEXT.replace(old, new, 1)) == WANTED


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("delete table inet t\n", "", 2, "expected 'delete', found 'table'"),
        ("table inet t\ndelete table inet t\n", "", 1, "may hold elements from before"),
        ("delete table inet t\n", "delete table inet u\n", 2, "'t' to be deleted first"),
        ("table inet t {", "table ip t {", 3, "expected 'inet'"),
        ("table inet t {", "table inet u {", 3, "expected 't'"),
        ("10.0.4.7", "10.0.0.255", 10, "10.0.0.255/32 overlaps another entry"),
        ("10.0.4.7", "10.0.2.0/24", 10, "10.0.2.0/24 overlaps another entry"),
        ("10.0.4.7", "10.0.4.7/24", 10, "has host bits set"),
        ("10.0.4.7", "10.0.4.7-10.0.4.1", 10, "ends before it starts"),
        ("10.0.4.7", "10.0.4.7-10.0.4.9/32", 10, "is not an address"),
        ("10.0.4.7", "::1", 10, "does not belong"),
        ("10.0.4.7", "example.com", 10, "is not an address"),
        ("10.0.4.7", '10.0.4.7 comment "x"', 10, "a comma between"),
        ("10.0.4.7", "10.0.4.7 10.0.4.9", 10, "a comma between"),
        ("10.0.4.7", "\n10.0.4.7", 10, "no empty line"),
        ("10.0.0.0-", ", 10.0.0.0-", 8, "a comma between"),
        ("10.0.0.0-10.0.0.255,\n\t\t\t10.0.2.0/24,\n\t\t\t10.0.4.7\n", "", 8, "a comma between"),
        ("type ipv4_addr", "type ether_addr", 5, "expected ipv4_addr or ipv6_addr"),
        ("type ipv4_addr", "type ipv4_addr . inet_service", 5, "the end of the statement"),
        ("flags interval", "flags interval,timeout", 6, "the end of the statement"),
        ("\t\tflags interval\n\t\telements", "\t\telements", 6, "expected 'flags'"),
        ("flags interval\n\t}", "flags interval\n\t\tauto-merge\n\t}", 16, "expected '}'"),
        ("set v6", "set v4", 13, "defined twice"),
        ("set v6", "map v6", 13, "expected a set or a chain"),
        ("@v4", "@v5", 20, "no set 'v5' of ipv4"),
        ("ip saddr @v4", "ip6 saddr @v4", 20, "no set 'v4' of ipv6"),
        ("ip saddr @v4 counter drop", "ip saddr @v4 counter accept", 20, "is not understood"),
        ("ip saddr @v4 counter drop", "ip saddr != @v4 drop", 20, "is not understood"),
        ("ip saddr @v4 counter drop", "ip daddr @v4 drop", 20, "is not understood"),
        ("ip saddr @v4 counter drop", "tcp dport 22 ip saddr @v4 drop", 20, "is not understood"),
        ('iif "lo" accept', 'iif "eth0" accept', 19, "is not understood"),
        ('iif "lo" accept', "accept", 19, "is not understood"),
        ("counter drop", "drop counter", 20, "is not understood"),
        ("@v4 counter drop", "@v4 counter drop\r", 20, "is not understood"),
        (
            "interval\n\t}\n\tchain",
            "interval\n\t}\n\tchain c {\n" + BASE + "\t}\n\tchain",
            20,
            "twice",
        ),
        (
            "\tchain",
            "\tchain d {\n" + BASE.replace("raw", "-299") + "\t}\n\tchain",
            21,
            "different",
        ),
        ("\tchain", "\tchain d {\n" + BASE.replace("pre", "post") + "\t}\n\tchain", 18, "a hook"),
        ("@v6 drop\n\t}\n}\n", "@v6 drop\n\t}\n}\n# the end", 24, "nothing after the table"),
        ("policy accept", "policy drop", 18, "expected 'accept'"),
        ("type filter hook", "type nat hook", 18, "expected 'filter'"),
        ("hook prerouting", "hook output", 18, "a hook"),
        ("priority raw", "priority soon", 18, "a priority"),
        ("@v6 drop\n\t}\n}\n", "@v6 drop\n\t}\n}\nflush ruleset\n", 24, "nothing after the table"),
        ("@v6 drop\n\t}\n}\n", "@v6 drop\n\t}\n", 23, "the text ends here"),
        ("@v6 drop\n\t}\n}\n", "@v6 drop }\n}\n", 21, "expected the end of the statement"),
        ("interval\n\t}", "interval\n\t}}", 16, "expected a new line"),
    ],
)
def test_what_cannot_be_proved_is_an_error_with_its_line(
    old: str, new: str, line: int, reason: str
) -> None:
    assert old in TEXT
    with pytest.raises(SourceSyntaxError) as found:
        blocked(TEXT.replace(old, new, 1))
    assert reason in found.value.message
    assert found.value.at is not None
    assert found.value.at.line == line


def test_a_set_that_no_rule_drops_blocks_nobody() -> None:
    assert not blocked(TEXT.replace("\t\tip saddr @v4 counter drop\n", ""))


PASSING = """\t\tiif "lo" accept
\t\tct state established,related accept
\t\tip6 hoplimit 255 icmpv6 type nd-router-solicit accept
\t\tip6 hoplimit 255 icmpv6 type nd-router-advert accept
\t\tip6 hoplimit 255 icmpv6 type nd-neighbor-solicit accept
\t\tip6 hoplimit 255 icmpv6 type nd-neighbor-advert accept
"""
LIVING = TEXT.replace('\t\tiif "lo" accept\n', PASSING).replace("raw", "mangle")


def test_what_passes_is_told_and_changes_no_verdict_about_sources() -> None:
    found = read_nft(Text("x.nft", LIVING)).found
    told = [str(one.value) for one in found if one.what == PASSES]
    assert told == [LOOPBACK, ESTABLISHED, *NEIGHBOURS]
    assert blocked(LIVING) == WANTED


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("mangle", "raw", "connections are tracked only from priority -200 on"),
        ("mangle", "-200", "connections are tracked only from priority -200 on"),
        ("established,related", "new", "is not understood"),
        ("established,related", "established,related,new", "is not understood"),
        ("hoplimit 255 icmpv6 type nd-router-solicit", "hoplimit 1 icmpv6 type x", "understood"),
        ("ip6 hoplimit 255 icmpv6", "icmpv6", "is not understood"),
        ("@v6 drop\n", "@v6 drop\n\t\tct state established,related accept\n", "must stand before"),
    ],
)
def test_what_passes_is_that_and_no_more(old: str, new: str, reason: str) -> None:
    assert old in LIVING
    with pytest.raises(SourceSyntaxError, match=reason):
        blocked(LIVING.replace(old, new, 1))


def test_every_chain_that_stops_something_lets_the_same_pass() -> None:
    second = "\tchain d {\n\t\ttype filter hook prerouting priority mangle;\n"
    second += "{}\t\tip saddr @v4 drop\n\t}\n}\n"
    both = LIVING.removesuffix("}\n") + second.replace("{}", PASSING, 1)
    assert blocked(both) == WANTED
    with pytest.raises(SourceSyntaxError, match="the chains let different traffic pass"):
        blocked(LIVING.removesuffix("}\n") + second.replace("{}", "", 1))


def test_connections_that_nobody_tracks_yet_cannot_be_let_pass() -> None:
    holds = OptionContext("a")
    with pytest.raises(PolicyError, match="priority 'raw' is before connections are tracked"):
        NFTABLES.settle({"priority": "raw"}, holds)
    assert NFTABLES.settle({"priority": "raw", "established": False}, holds)
    assert NFTABLES.settle({"priority": "raw", "hook": "input"}, holds)
