"""The nginx reader follows nginx: its words, its longest match, and what it would only warn of."""

import pytest

from blockc.addresses.rules import Match, meaning
from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.reading import Reading
from blockc.targets.syntax.tokens import Text
from blockc.targets.web.nginx_geo import read_geo
from tests.targets.artifacts import prefixes

HEAD = "geo $remote_addr $blockc_x {\n"


def read(body: str) -> Reading:
    """Return what a block with `body` says."""
    return read_geo(Text("x.conf", f"{HEAD}{body}\n}}\n"))


@pytest.mark.parametrize(
    "text",
    [
        "geo $x{default 0;10.0.0.0/8 1;}",
        "geo $remote_addr $x {\r\n\tdefault 0;\r\n\t10.0.0.0/8 1;\r\n}",
        "# a comment; with } in it\ngeo $x { # and here\n10.0.0.0/8 1; default 0; #}\n}\n\n# end",
        'geo $x { default \'0\'; "10.0.0.0/8" "1"; }',
        "geo $x { 10.0.0.0/9 1; default 0; 10.128.0.0/9 1; }",
        "geo $x\n{\ndefault\n0\n;\n10.0.0.0/8\n1\n;\n}",
        "geo $x { default 0; 10.0.0.0/8 1; 11.0.0.0/8 0; }",
    ],
)
def test_blanks_comments_quotes_and_order_do_not_matter(text: str) -> None:
    found = read_geo(Text("x.conf", text))
    said = meaning(Match.LONGEST, found.rules.values(), found.names)
    assert said.where(["block"]) == prefixes("10.0.0.0/8")


def test_the_longest_prefix_decides_in_both_families() -> None:
    found = read(
        "10.1.2.0/24 1; default 0; 10.1.0.0/16 0; 10.0.0.0/8 1; 2001:DB8::/32 1; 2001:db8::1 0;"
    )
    said = meaning(Match.LONGEST, found.rules.values(), found.names).where(["block"])
    v4 = prefixes("10.0.0.0/8") - prefixes("10.1.0.0/16") | prefixes("10.1.2.0/24")
    assert said == v4 | prefixes("2001:db8::/32") - prefixes("2001:db8::1/128")


def test_the_last_address_is_read_bare() -> None:
    rules = read("default 0; 255.255.255.255 1;").rules.values()
    said = meaning(Match.LONGEST, rules, ("", "block")).where(["block"])
    assert said == prefixes("255.255.255.255/32")


@pytest.mark.parametrize(
    ("body", "line", "column", "reason"),
    [
        ("", 3, 1, "expected `default 0;`"),
        ("10.0.0.0/8 1;", 2, 1, "expected `default 0;`"),
        ("default 1;", 2, 1, "expected `default 0;`"),
        ("default 0;\ndefault 0;", 3, 1, "does not take this here"),
        ("default 0;\n255.255.255.255/32 1;", 3, 1, "does not take this here"),
        ("default 0;\n# " + "x" * 4_000, 3, 1, "longer than 4,000 bytes"),
        ("default 0;\n10.0.0.0/8 2;", 3, 1, "'2' is not a verdict"),
        ("default 0;\n10.0.0.0/8 deny;", 3, 1, "'deny' is not a verdict"),
        ("default 0;\n10.0.0.1/8 1;", 3, 1, "10.0.0.1/8 has host bits set"),
        ("default 0;\n2001:db8::1/32 1;", 3, 1, "has host bits set"),
        ("default 0;\n10.0.0.0/33 1;", 3, 1, "'33' is not a prefix length of ipv4"),
        ("default 0;\n10.0.0.0/08 1;", 3, 1, "'08' is not a prefix length of ipv4"),
        ("default 0;\n10.0.0/8 1;", 3, 1, "'10.0.0' is not an address"),
        ("default 0;\n010.0.0.0/8 1;", 3, 1, "'010.0.0.0' is not an address"),
        ("default 0;\n::1%eth0 1;", 3, 1, "'::1%eth0' is not an address"),
        ("default 0;\n10.0.0.0-10.0.0.9 1;", 3, 1, "is not an address"),
        ("default 0;\n10.0.0.0/8 1;\n10.0.0.0/8 1;", 4, 1, "10.0.0.0/8 occurs twice"),
        ("default 0;\n10.0.0.1 1;\n10.0.0.1/32 0;", 4, 1, "10.0.0.1/32 occurs twice"),
        ("default 0;\n10.0.0.0/8;", 3, 1, "expected a network, a value"),
        ("default 0;\n10.0.0.0/8 1", 3, 1, "expected a network, a value"),
        ("default 0;\n10.0.0.0/8 1 2;", 3, 1, "expected a network, a value"),
        ("default 0;\n10.0.0.0/8 1#2;", 3, 1, "'1#2' is not a verdict"),
        ('default 0;\n10.0.0.0/8 "1"x;', 3, 1, "expected a network, a value"),
        ("default 0;\n10.0.0.0\\/8 1;", 3, 1, "escapes are not understood"),
        ('default 0;\n10.0.0.0/8 "1;', 3, 1, "expected a network, a value"),
        ("default 0;\nranges;", 3, 1, "`ranges`"),
        ("default 0;\ninclude /etc/x;", 3, 1, "what `include` does is not in this file"),
        ("default 0;\nproxy 127.0.0.1 ;", 3, 1, "what `proxy` does is not in this file"),
        ("default 0;\ndelete 10.0.0.0/8;", 3, 1, "what `delete` does is not in this file"),
        ("default 0; }\ngeo $y {\ndefault 0;", 3, 1, "one geo block and nothing else"),
        ("default 0; { }", 2, 12, "expected a network, a value"),
    ],
)
def test_what_cannot_be_meant_is_an_error_with_its_place(
    body: str, line: int, column: int, reason: str
) -> None:
    with pytest.raises(SourceSyntaxError) as found:
        read(body)
    assert reason in found.value.message
    assert found.value.at is not None
    assert (found.value.at.line, found.value.at.column) == (line, column)


@pytest.mark.parametrize(
    "text", ["", "geo", "geo $x", "geo $x {", "map $x $y { }", "geo x { }", "geo $a $b $c { }", "}"]
)
def test_a_text_that_is_no_geo_block_is_an_error(text: str) -> None:
    with pytest.raises(SourceSyntaxError):
        read_geo(Text("x.conf", text))
