"""The Caddyfile grammar: what Caddy takes is read as Caddy means it, anything else is refused."""

import pytest

from blockc.addresses import V4, V6, AddrMap
from blockc.errors import SourceSyntaxError, Unproved
from blockc.targets.core.render import render
from blockc.targets.core.target import Target
from blockc.targets.syntax.tokens import Text
from blockc.targets.web.caddy import CADDY, read_caddy
from blockc.targets.web.caddy_json import CADDY_JSON, read_route
from blockc.verify.proof import prove
from tests.targets.artifacts import PATH, TEMPLATES, changed, draft, prefixes, rules_of


@pytest.mark.parametrize(
    ("text", "ipv4", "ipv6"),
    [
        ("@a remote_ip 192.0.2.0/24 2001:db8::/32\nerror @a 403\n", 1, 1),
        ('@a {\r\n\r\n  remote_ip "192.0.2.0/24" \\\n `192.0.3.1`\r\n}\r\nabort @a', 2, 0),
        ("respond @a 451 # why\n\n@a {\n\tremote_ip ::1\n\tremote_ip ::/0\n}\n", 0, 2),
        ("# nothing\n", 0, 0),
    ],
)
def test_every_way_to_write_the_same_is_read(text: str, ipv4: int, ipv6: int) -> None:
    rules = read_caddy(Text("x", text)).rules
    assert (len(rules[V4]), len(rules[V6])) == (ipv4, ipv6)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("@a remote_ip 192.0.2.0/24\n", 1, 1, "nothing refuses"),
        ("@a {\n}\nerror @a 403\n", 1, 1, "matches everybody"),
        ("error 403\n", 1, 7, "everybody is refused"),
        ("@a remote_ip forwarded 192.0.2.1\nerror @a 403\n", 1, 14, "a header"),
        ("@a remote_ip {args.0}\nerror @a 403\n", 1, 14, "not an? "),
        ("# {$HOME}\n", 1, 3, "the environment"),
        ("@a not remote_ip 192.0.2.1\nabort @a\n", 1, 4, "expected 'remote_ip'"),
        ("@a remote_ip 192.0.2.1\nerror @a 200\n", 2, 10, "expected a status"),
        ("@a remote_ip 192.0.2.\r1\nerror @a 403\n", 1, 14, "not an? "),
        ("@a remote_ip 192.0.2.1\u00a0\nerror @a 403\n", 1, 14, "not an? "),
        ("@a remote_ip 192.0.2.1#x\nerror @a 403\n", 1, 14, "not an? "),
        ('@a remote_ip "192.0.2.1"1\nerror @a 403\n', 1, 14, "not an? "),
        ("@a { remote_ip 192.0.2.1 }\nerror @a 403\n", 1, 6, "the end of the line"),
        ("@a {\nremote_ip 192.0.2.1\n", 3, 1, "the text ends here"),
        ("@a remote_ip ::1\n@a remote_ip ::2\nabort @a\n", 2, 1, "defined twice"),
        ("file_server\n", 1, 1, "expected a matcher"),
    ],
)
def test_what_cannot_be_proved_is_refused_where_it_stands(
    text: str, line: int, column: int, message: str
) -> None:
    with pytest.raises(SourceSyntaxError, match=message) as refused:
        read_caddy(Text("x", text))
    place = refused.value.at
    assert place is not None
    found = (place.line, place.column)
    assert found == (line, column)


def route(old: str = "", new: str = "") -> Text:
    """Return a route with something changed."""
    text = """{
 "@id": "blockc_x",
 "match": [{"remote_ip": {"ranges": ["192.0.2.0/24", "2001:db8::/32"]}}],
 "handle": [
  {"handler": "headers", "response": {"set": {"Link": ["<https://example.com>"]}}},
  {"handler": "error", "status_code": 451, "error": "list x"}
 ]
}"""
    assert old in text
    return Text("x", text.replace(old, new, 1))


def test_a_route_is_read_with_all_it_says() -> None:
    reading = read_route(route())
    assert [len(reading.rules[family]) for family in (V4, V6)] == [1, 1]
    assert {one.what: one.value for one in reading.found} == {
        "Caddy route": "blockc_x",
        "Caddy status": 451,
        "message": "list x",
        "Link": "<https://example.com>",
        "address that is compared": "remote_ip",
    }


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ('"remote_ip": {', '"remote_host": {', 3, "expected remote_ip and nothing beside it"),
        ('"remote_ip": {', '"path": ["/x"], "remote_ip": {', 3, "expected remote_ip and nothing"),
        ('{"ranges"', '{"forwarded": true, "ranges"', 3, "expected ranges and nothing beside it"),
        ("}}],", '}}, {"path": ["/x"]}],', 3, "expected one matcher"),
        ('"192.0.2.0/24"', '"private_ranges"', 3, "is not an address"),
        ('"192.0.2.0/24"', '"{http.request.header.x}"', 3, "is not an"),
        ('"192.0.2.0/24"', '"192.0.2.1/24"', 3, "host bits"),
        ('"handler": "headers"', '"handler": "rewrite"', 5, "expected the handler headers"),
        ('"Link"', '"Location"', 5, "expected Link and nothing beside it"),
        ("<https://example.com>", "{http.request.uri}", 5, "one text that no request decides"),
        ('"handler": "error"', '"handler": "static_response"', 6, "expected the handler error"),
        ("451", "200", 6, "with a status of 400 to 599"),
        ("451", '"{http.request.header.x}"', 6, "'status_code' is not a number"),
        ('"list x"', '"{http.request.header.x}"', 6, "a request would decide"),
        ('"@id"', '"terminal": true, "@id"', 2, "unknown key 'terminal'"),
    ],
)
def test_a_route_that_does_anything_else_is_refused(
    old: str, new: str, line: int, message: str
) -> None:
    with pytest.raises(SourceSyntaxError) as refused:
        read_route(route(old, new))
    assert message in refused.value.message
    assert refused.value.at
    assert refused.value.at.line == line


def test_a_route_that_refuses_nobody_is_an_error() -> None:
    text = '{"@id": "x", "match": [{"remote_ip": {"ranges": []}}], "handle": []}'
    with pytest.raises(SourceSyntaxError, match="nothing refuses the clients"):
        read_route(Text("x", text))


@pytest.mark.parametrize("target", [CADDY, CADDY_JSON], ids=lambda one: one.name)
def test_ipv4_that_is_there_twice_is_read_once_and_must_be_the_same(target: Target) -> None:
    addresses = prefixes("192.0.2.0/24", "198.51.100.7/32", "2001:db8::/32")
    rules = rules_of(target, addresses)
    document = draft(target, rules, {"mapped": True, "ip": "client_ip"})
    (file,) = render(target, document, PATH, TEMPLATES)
    orders, intent = document.orders(target, PATH), AddrMap.of_set(addresses)
    assert b"::ffff:192.0.2.0/120" in file.data
    prove(target, [file], intent, "", orders)
    with pytest.raises(Unproved, match="the IPv4-mapped entries are not those of IPv4"):
        prove(target, [changed(file, "::ffff:192.0.2.0/120", "::ffff:192.0.2.0/121")], intent)
    plain = draft(target, rules, {"ip": "client_ip"})
    with pytest.raises(Unproved, match="IPv4 as IPv4-mapped IPv6 is True, ordered is nothing"):
        prove(target, [file], intent, "", plain.orders(target, PATH))
    (once,) = render(target, plain, PATH, TEMPLATES)
    with pytest.raises(Unproved, match="the IPv4 as IPv4-mapped IPv6 True is ordered and"):
        prove(target, [once], intent, "", orders)
