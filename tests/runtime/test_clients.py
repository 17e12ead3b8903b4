"""The client is the right-most address that no trusted proxy has; what cannot be read is said."""

from itertools import product

import pytest

from blockc.runtime.clients import Proxies, UnreadableClientError, address_of

EDGE = Proxies(["10.0.0.0/8", "2001:db8:1::/48", "192.0.2.1"])
UNREADABLE = UnreadableClientError


@pytest.mark.parametrize(
    ("peer", "said", "client"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),  # a stranger says who it is
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),  # 1.1.1.1 is forged
        ("10.0.0.1", ["1.1.1.1", "198.51.100.1"], "198.51.100.1"),  # two headers are one
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1, 10.2.3.4"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1 ,\t10.2.3.4,10.9.9.9"], "198.51.100.1"),
        ("10.0.0.1", [], "10.0.0.1"),  # the proxy itself, as its health check
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["10.3.3.3"], "10.3.3.3"),  # nobody but proxies
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("2001:db8:1::5", ["2001:db8::7"], "2001:db8::7"),
        ("10.0.0.1", ["[2001:db8::7]:443"], "2001:db8::7"),
        ("10.0.0.1", ["198.51.100.1:5678"], "198.51.100.1"),
        ("10.0.0.1", ["unknown, 198.51.100.1"], "198.51.100.1"),  # what stands left is not read
        ("10.0.0.1", ["<script>, 198.51.100.1"], "198.51.100.1"),
    ],
)
def test_x_forwarded_for_is_read_from_the_right(peer: str, said: list[str], client: str) -> None:
    assert EDGE.client(peer, said) == client


@pytest.mark.parametrize(
    "said",
    [
        "unknown",
        "198.51.100.1,",
        "a b",
        "198.51.100.1:x",
        "[::1",
        "[::1]x",
        "1.2.3",
        "-",
        "1.1.1.1 2.2.2.2",
    ],
)
def test_what_a_trusted_proxy_says_must_be_an_address(said: str) -> None:
    with pytest.raises(UNREADABLE, match="is not the address of a client"):
        EDGE.client("10.0.0.1", [said])


def test_a_peer_without_an_address_needs_a_proxy_that_tells() -> None:
    with pytest.raises(UNREADABLE, match="a client without an address"):
        EDGE.client(None, ["198.51.100.1"])
    socket = Proxies(["unix", "10.0.0.0/8"])
    assert socket.client(None, ["198.51.100.1"]) == "198.51.100.1"
    assert socket.client(None, ["198.51.100.1, 10.0.0.9"]) == "198.51.100.1"
    with pytest.raises(UNREADABLE, match="a client without an address"):
        socket.client(None, [])
    with pytest.raises(UNREADABLE, match="'testclient' is not an address"):
        EDGE.client("testclient", ["198.51.100.1"])


FORWARDED = Proxies(["10.0.0.0/8"], header="Forwarded")


@pytest.mark.parametrize(
    ("said", "client"),
    [
        (["for=198.51.100.1"], "198.51.100.1"),
        (["For=198.51.100.1;proto=https;by=10.0.0.1"], "198.51.100.1"),
        (["for=1.1.1.1, for=198.51.100.1"], "198.51.100.1"),
        (["for=1.1.1.1", 'proto=http ; for="198.51.100.1:99"'], "198.51.100.1"),
        (['for="[2001:db8::7]:4711"'], "2001:db8::7"),
        (['for="[2001:db8::7]"'], "2001:db8::7"),
        (['for="\\[2001:db8::7\\]"'], "2001:db8::7"),
        (['for=198.51.100.1;host="a,b;for=1.1.1.1"'], "198.51.100.1"),
        (['for=198.51.100.1;host="\\",for=1.1.1.1"'], "198.51.100.1"),
        (["for=198.51.100.1, for=10.0.0.2"], "198.51.100.1"),
        (["for=unknown, for=198.51.100.1"], "198.51.100.1"),
        (['for="198.51.100.1:_port"'], "198.51.100.1"),
    ],
)
def test_forwarded_is_read_by_its_grammar(said: list[str], client: str) -> None:
    assert FORWARDED.client("10.0.0.1", said) == client


@pytest.mark.parametrize(
    "said",
    [
        "for=unknown", "for=_hidden", "proto=https", "for=198.51.100.1;", "for=198.51.100.1,,",
        'for="198.51.100.1', "for", "for=[::1]", "=198.51.100.1", "for = 198.51.100.1",
    ],
)  # fmt: skip
def test_what_forwarded_does_not_say_is_unreadable(said: str) -> None:
    with pytest.raises(UNREADABLE):
        FORWARDED.client("10.0.0.1", [said])


def test_no_chain_of_strangers_hides_the_address_that_connects_to_a_proxy() -> None:
    words = ["1.1.1.1", "10.0.0.5", "unknown", "", "[::1]:1", "for=1.1.1.1", '"', 'for="', ","]
    for forged in product(words, repeat=3):
        said = ", ".join(forged)
        assert EDGE.client("10.0.0.1", [said, "198.51.100.1"]) == "198.51.100.1"


def test_a_header_that_strangers_break_is_not_believed() -> None:
    # An open quote swallows what the proxy adds, so nobody can tell who the client is.
    with pytest.raises(UNREADABLE):
        FORWARDED.client("10.0.0.1", ['for="1.1.1.1', "for=198.51.100.1"])


def test_settings_are_checked() -> None:
    with pytest.raises(ValueError, match="neither x-forwarded-for nor forwarded"):
        Proxies([], header="X-Real-IP")
    with pytest.raises(ValueError, match="has host bits set"):
        Proxies(["10.0.0.1/8"])


def test_an_address_stands_alone_with_a_port_or_in_brackets() -> None:
    assert address_of("2001:db8::1") == "2001:db8::1"
    assert address_of("[192.0.2.1]:80") == "192.0.2.1"
