"""The Caddyfile grammar: what Caddy takes is read as Caddy means it, anything else is refused."""

import pytest

from blockc.addresses import V4, V6
from blockc.errors import SourceSyntaxError
from blockc.targets.syntax.tokens import Text
from blockc.targets.web.caddy import read_caddy


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
