"""VCL as Varnish and Fastly read it: acls, and what subroutines say of headers."""

import pytest

from blockc.addresses import V4, V6
from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.statements import Statements
from blockc.targets.syntax.tokens import Text
from blockc.targets.syntax.vcl import VCL, Acl, read_acl, read_link, read_spoofed
from tests.support.refusals import refused, told

ENTRY = 'expected "ADDRESS"/LENGTH; or ! before it'
ACL = """\
# a list
acl far {
    "10.0.0.0"/8; # wide
    ! "10.1.0.0"/16;
    "2001:db8::"/32;
    !"192.0.2.1"/32;"192.0.2.0"/24;
}
sub x {}
"""


def vcl(text: str) -> Statements:
    """Return a reader at the beginning of a text."""
    return VCL.read(Text("x", text))


def acl(text: str, *, table: bool = False) -> Acl:
    """Return the acl of a text."""
    return read_acl(vcl(text), "acl of a program", table=table)


def test_an_acl_says_its_name_and_who_is_in_it() -> None:
    source = vcl(ACL)
    name, reading = read_acl(source, "acl of a program", table=False)
    assert source.word == "sub"
    assert (name.what, name.value, told(name.error("why"))) == (
        "acl of a program", "far", "2:5+3 why",
    )  # fmt: skip
    assert reading.rules[V4].verdict.tolist() == [1, 0, 0, 1]
    assert reading.rules[V4].start.tolist() == [
        10 << 24,
        10 << 24 | 1 << 16,
        0xC0000201,
        0xC0000200,
    ]
    assert reading.rules[V6].verdict.tolist() == [1]
    places = [reading.place(V4, row) for row in range(4)] + [reading.place(V6, 0)]
    assert [(one.line, one.column) for one in places if one] == [
        (3, 5), (4, 5), (6, 5), (6, 21), (5, 5),
    ]  # fmt: skip


def test_an_acl_may_be_empty() -> None:
    source = vcl("acl a {} x")
    _, reading = read_acl(source, "acl", table=False)
    assert [len(rules) for rules in reading.rules.values()] == [0, 0]
    assert source.word == "x"


def test_varnish_needs_a_table_which_fastly_does_not_know() -> None:
    assert acl('acl a +table { "1.1.1.1"/32; }', table=True).name.value == "a"
    wrong = refused(lambda: acl('acl a { "1.1.1.1"/32; }', table=True))
    assert wrong == "1:7+1 expected +table, without which many entries take minutes to compile"
    assert refused(acl, "acl a +table { }") == "1:7+6 expected '{', found '+table'"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a {}", "1:1+1 expected 'acl', found 'a'"),
        ("acl 1a {}", "1:5+1 expected the name of an acl"),
        ("acl a-b {}", "1:5+3 expected the name of an acl"),
        ('acl a { "1.1.1.1"/32; ', "1:23+1 expected `}`, the text ends here"),
        ('acl a { "1.1.1.1"/32 }', f"1:9+9 {ENTRY}"),
        ('acl a { "1.1.1.1"; }', f"1:9+9 {ENTRY}"),
        ('acl a { "1.1.1.1"/; }', f"1:9+9 {ENTRY}"),
        ('acl a { "1.1.1.1"/32;; }', f"1:22+1 {ENTRY}"),
        ('acl a { "2.2.2.2"/32; 1.1.1.1/32; }', f"1:23+1 {ENTRY}"),
        ("acl a { localhost/32; }", f"1:9+9 {ENTRY}"),
        ('acl a { !!"1.1.1.1"/32; }', f"1:9+1 {ENTRY}"),
        ("acl a { ! }", f"1:9+1 {ENTRY}"),
        ('acl a { "1.1.1.1"/32; // all\n}', f"1:23+1 {ENTRY}"),
        ('acl a { # all\n "1.1.1.1"/32; // all\n}', f"2:16+1 {ENTRY}"),
        ('acl a { /* all */ "1.1.1.1"/32; }', f"1:9+1 {ENTRY}"),
        ('acl a { "1.1.1.1"!32; }', f"1:9+9 {ENTRY}"),
        ('acl a { "1.1.1.1"/32!"1.1.1.2"/32; }', f"1:9+9 {ENTRY}"),
        ('acl a { "1.1.1.1"/33; }', "1:9+9 '33' is not a prefix length of ipv4"),
        ('acl a { "1.1.1.1"/32;\n!"1.1.1"/24; }', "2:1+1 '1.1.1' is not an address"),
        ('acl a { "1.1.1.1"/32; "1.1.1.1"/32; }', "1:23+9 1.1.1.1/32 occurs twice"),
        ('acl a { "1.1.1.1"/32; !"1.1.1.1"/32; }', "1:23+1 1.1.1.1/32 occurs twice"),
    ],
)  # fmt: skip
def test_what_is_no_acl_is_refused_where_it_stands(text: str, wrong: str) -> None:
    assert refused(acl, text) == wrong


def test_a_header_is_taken_out_of_a_request_by_its_name() -> None:
    source = vcl("unset req.http.X-Blockc-Far; set")
    header = read_spoofed(source)
    assert header
    assert (header.what, header.value) == ("header for the origin", "X-Blockc-Far")
    assert told(header.error("why")) == "1:7+21 why"
    assert source.word == "set"


def test_what_takes_no_header_out_is_not_stepped_over() -> None:
    source = vcl("set req.http.X = 1;")
    assert read_spoofed(source) is None
    assert source.word == "set"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("unset resp.http.X;", "1:7+11 expected req.http. and the name of a header"),
        ("unset req.http.X_Y;", "1:7+12 expected req.http. and the name of a header"),
        ("unset req.http.X", "1:17+1 expected ';', found ''"),
    ],
)
def test_anything_else_than_a_header_is_refused(text: str, wrong: str) -> None:
    with pytest.raises(SourceSyntaxError) as found:
        read_spoofed(vcl(text))
    assert told(found.value).startswith(wrong)


def test_a_link_says_its_url() -> None:
    source = vcl('{"<https://example.com/a?b=c>; rel="blocked-by""}; }')
    link = read_link(source)
    assert (link.what, link.value) == ("link", "https://example.com/a?b=c")
    assert told(link.error("why")) == "1:1+49 why"
    assert source.word == "}"


@pytest.mark.parametrize(
    "text",
    [
        '{"<https://example.com/>; rel="blocks""};',
        '{"https://example.com/; rel="blocked-by""};',
        '"<https://example.com/>";',
        '{"<a b>; rel="blocked-by""};',
    ],
)
def test_a_header_that_is_no_link_to_who_blocks_is_refused(text: str) -> None:
    message = 'expected {"<URL>; rel="blocked-by""}'
    assert refused(read_link, vcl(text)).endswith(f" {message}")
    assert refused(read_link, vcl('{"<x>; rel="blocked-by""} x')).startswith("1:27+1 expected ';'")
