"""Texts of single addresses, prefixes and ranges: every form, and nothing else."""

import socket
from ipaddress import IPv6Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blockc.addresses.family import FAMILIES, V4, V6, Family, Prefix
from blockc.addresses.parse import HostBits, parse_address, parse_prefix, parse_range, parse_span

families = st.sampled_from(FAMILIES)
MAPPED = 0xFFFF_0000_0000


@st.composite
def prefixes(draw: st.DrawFn) -> Prefix:
    """Draw a prefix of either family outside the IPv4-mapped block."""
    family = draw(families)
    length = draw(st.integers(0, family.width))
    bits = draw(st.integers(0, (1 << length) - 1))
    first = bits << (family.width - length)
    return Prefix(family, first if first >> 32 != 0xFFFF else 0, length)


@settings(deadline=None, derandomize=True)
@given(prefixes())
def test_a_prefix_comes_back_from_its_text(prefix: Prefix) -> None:
    assert parse_prefix(str(prefix)) == prefix
    assert parse_span(str(prefix)) == (prefix.family, prefix.first, prefix.last)


@settings(deadline=None, derandomize=True)
@given(prefixes(), st.integers(0))
def test_an_address_comes_back_from_its_text(prefix: Prefix, offset: int) -> None:
    address = prefix.first + offset % prefix.size
    if prefix.family == V4 or address >> 32 != 0xFFFF:
        assert parse_address(prefix.family.text(address)) == (prefix.family, address)


@settings(deadline=None, derandomize=True)
@given(prefixes(), prefixes())
def test_a_range_comes_back_from_its_text(a: Prefix, b: Prefix) -> None:
    first, last = f"{a.family.text(a.first)}", f"{b.family.text(b.last)}"
    if a.family == b.family and a.first <= b.last:
        assert parse_range(f"{first}-{last}") == (a.family, a.first, b.last)
    else:
        with pytest.raises(ValueError, match=r"mixes|before it starts"):
            parse_range(f"{first}-{last}")


@settings(deadline=None, derandomize=True)
@given(prefixes(), st.integers(1))
def test_host_bits_are_refused_with_the_prefix_that_was_meant(prefix: Prefix, host: int) -> None:
    address = prefix.first | host % prefix.size
    text = f"{prefix.family.text(address)}/{prefix.length}"
    if address == prefix.first:
        assert parse_prefix(text) == prefix
    elif prefix.family == V4 or address >> 32 != 0xFFFF:
        with pytest.raises(HostBits) as caught:
            parse_prefix(text)
        assert caught.value.meant == prefix == parse_prefix(text, truncate=True)
        assert str(caught.value) == f"{text} has host bits set, the prefix is {prefix}"


@settings(deadline=None, derandomize=True)
@given(st.integers(0, V6.last))
def test_every_spelling_of_an_ipv6_address_is_that_address(address: int) -> None:
    if address >> 32 != 0xFFFF:
        one = IPv6Address(address)
        for text in (one.exploded, one.exploded.upper(), str(one).upper()):
            assert parse_address(text) == (V6, address)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("0.0.0.0", (V4, 0, 0)),  # noqa: S104  an address, nothing is bound
        ("255.255.255.255", (V4, V4.last, V4.last)),
        ("0.0.0.0/0", (V4, 0, V4.last)),
        ("255.255.255.255/32", (V4, V4.last, V4.last)),
        ("1.2.3.4-1.2.3.4", (V4, 0x01020304, 0x01020304)),
        ("0.0.0.0-255.255.255.255", (V4, 0, V4.last)),
        ("1.2.3.4 - 1.2.3.5", (V4, 0x01020304, 0x01020305)),
        ("::", (V6, 0, 0)),
        ("::/0", (V6, 0, V6.last)),
        ("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", (V6, 0, V6.last)),
        ("1::", (V6, 1 << 112, 1 << 112)),
        ("::1.2.3.4", (V6, 0x01020304, 0x01020304)),
        (
            "64:ff9b::1.2.3.4/128",
            (V6, (0x64FF9B << 96) | 0x01020304, (0x64FF9B << 96) | 0x01020304),
        ),
    ],
)
def test_every_form_is_read(text: str, meant: tuple[Family, int, int]) -> None:
    assert parse_span(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("::ffff:1.2.3.4", (V4, 0x01020304, 0x01020304)),
        ("::FFFF:102:304", (V4, 0x01020304, 0x01020304)),
        ("::ffff:1.2.3.0/120", (V4, 0x01020300, 0x010203FF)),
        ("::ffff:0:0/97", (V4, 0, (1 << 31) - 1)),
        ("::ffff:1.2.3.4-::ffff:1.2.3.9", (V4, 0x01020304, 0x01020309)),
        ("::ffff:0:0-::ffff:ffff:fffe", (V4, 0, V4.last - 1)),
        # The block as a whole, and what reaches beyond it, stays what it is.
        ("::ffff:0:0/96", (V6, MAPPED, MAPPED + V4.last)),
        ("::ffff:0:0-::ffff:ffff:ffff", (V6, MAPPED, MAPPED + V4.last)),
        ("::fffe:0:0/95", (V6, 0xFFFE_0000_0000, MAPPED + V4.last)),
        ("::ffff:ffff:ffff-::1:0:0:0", (V6, MAPPED + V4.last, MAPPED + V4.last + 1)),
    ],
)
def test_mapped_addresses_are_the_ipv4_they_stand_for(
    text: str, meant: tuple[Family, int, int]
) -> None:
    assert parse_span(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "/",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "01.2.3.4",
        "1.2.3.04",
        "1.2.3.00",
        "1..3.4",
        ".1.2.3.4",
        "1.2.3.4.",
        " 1.2.3.4",
        "1.2.3.4 ",
        "1.2.3.4\n",
        "+1.2.3.4",
        "1.2.3.-4",
        "1e1.2.3.4",
        "0x1.2.3.4",
        "16909060",
        "\u0661.2.3.4",  # a digit, but not one of ours
        "1.2.3.4/",
        "1.2.3.4/33",
        "1.2.3.4/-1",
        "1.2.3.4/08",
        "1.2.3.0/255.255.255.0",
        "1.2.3.4//32",
        "1.2.3.4/32/32",
        "1.2.3.4/\u0663\u0662",
        "/24",
        "::/129",
        "::/0128",
        ":::",
        "1::2::3",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "12345::",
        "g::",
        "::1.2.3",
        "::1.2.3.256",
        "::01.2.3.4",
        "fe80::1%eth0",
        "[::1]",
        "::1\x00",
        "1.2.3.4-",
        "-1.2.3.4",
        "1.2.3.4-1.2.3.5-1.2.3.6",
        "1.2.3.4/32-1.2.3.5",
        "1.2.3.0-1.2.3.0/24",
        "1.2.3.4-1.2.3.5/32",
        "1.2.3.5-1.2.3.4",
        "1.2.3.4-::1",
        "::ffff:1.2.3.4-1.2.3.9",
        "1.2.3.4-9",
        "localhost",
        "example.com",
        "1.2.3.4.example.com",
        "9" * 5000,
        "1.2.3.4/" + "3" * 5000,
        ":" * 5000,
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    for parse in (parse_span, parse_prefix, parse_range, parse_address):
        with pytest.raises(ValueError, match=r"is not|mixes|ends before"):
            parse(text)


def test_names_are_never_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a name was looked up")

    for function in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
        monkeypatch.setattr(socket, function, refuse)
    for text in ("localhost", "localhost/32", "localhost-localhost", "ip6-localhost", "a.b"):
        with pytest.raises(ValueError, match="is not an address"):
            parse_span(text)
