"""The forms only people write, against plain arithmetic."""

import re
from ipaddress import ip_address, ip_network

import pytest

from blockc.addresses.family import V4, V6
from blockc.addresses.human_forms import advice, parse_written
from blockc.addresses.parse import HostBits, parse_span


def span(first: str, last: str) -> tuple[object, int, int]:
    """Return a range as `parse_written` does."""
    family = V6 if ":" in first else V4
    return family, int(ip_address(first)), int(ip_address(last))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("1.2.3.*", "1.2.3.0", "1.2.3.255"),
        ("1.2.*.*", "1.2.0.0", "1.2.255.255"),
        ("1.2.3-5.*", "1.2.3.0", "1.2.5.255"),
        ("1.2.3.4-9", "1.2.3.4", "1.2.3.9"),
        ("1.2.3.4 - 1.2.3.9", "1.2.3.4", "1.2.3.9"),
        ("1.2.3.0/255.255.255.0", "1.2.3.0", "1.2.3.255"),
        ("1.2.3.4/255.255.255.255", "1.2.3.4", "1.2.3.4"),
    ],
)
def test_a_form_means_its_range(text: str, first: str, last: str) -> None:
    assert parse_written(text) == span(first, last)


@pytest.mark.parametrize("text", ["*.*.*.*", "0.0.0.0/0.0.0.0"])
def test_everything_can_be_written_too(text: str) -> None:
    assert parse_written(text) == (V4, 0, V4.last)


@pytest.mark.parametrize("length", range(33))
def test_every_netmask_is_its_prefix_and_no_inverse_is(length: int) -> None:
    network = ip_network(f"0.0.0.0/{length}")
    assert parse_written(f"0.0.0.0/{network.netmask}") == parse_span(str(network))
    if 0 < length < 32:
        with pytest.raises(ValueError, match="is not a netmask of ipv4"):
            parse_written(f"0.0.0.0/{network.hostmask}")


def test_host_bits_are_refused_or_cleared_below_a_netmask() -> None:
    with pytest.raises(HostBits, match=r"the prefix is 1\.2\.3\.0/24"):
        parse_written("1.2.3.4/255.255.255.0")
    assert parse_written("1.2.3.4/255.255.255.0", truncate=True) == span("1.2.3.0", "1.2.3.255")
    with pytest.raises(HostBits):
        parse_written("1.2.3.4/24")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1.2.*.4", "'1.2.*.4' is not a wildcard"),
        ("1.2.3.9-4", "'1.2.3.9-4' is not a wildcard"),
        ("1.2.3.1-300", "'1.2.3.1-300' is not a wildcard"),
        ("01.2.3.*", "'01.2.3.*' is not a wildcard"),
        ("1.2.3.256", "'1.2.3.256' is not an address"),
        ("1.2.3", "'1.2.3' is not an address"),
        ("2a00::*", "'2a00::*' is not an address"),
        ("1.2.3.4,", "'1.2.3.4,' is not an address"),
        ("1.2.3.4,1.2.3.9", "'1.2.3.4,1.2.3.9' is not an address"),
        ("1.2.3.0/255.0.255.0", "'255.0.255.0' is not a netmask of ipv4"),
        ("2a00::/255.255.0.0", "'255.255.0.0' is not a netmask of ipv6"),
        ("1.2.3.0/255.255.255.256", "'255.255.255.256' is not an address"),
        ("", "'' is not an address"),
    ],
)
def test_anything_else_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_written(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("95.32.221.040", "leading zero"),
        ("001.002.004.000 - 001.002.004.255", "leading zero"),
        ("1.2.3.256", "over 255"),
        ("1.2.3.4\t17\tx", 'format = "csv"'),
        ("// c", "a comment begins with #"),
        ("1.2.3.4 // c", "a comment begins with #"),
        ("! c", "a comment begins with #"),
        ("1.2.3.4,1.2.3.9", 'range = ","'),
        ("1.2.3.4, 1.2.3.9, 1.2.3.10", 'split = ","'),
        ("1.2.3.4\u20131.2.3.9", "plain hyphen"),
        ("1.2.3.0 255.255.255.0", "address/netmask"),
        ("1.2.3.4:443", "port"),
        ("[2a00::1]", "brackets"),
        ("fe80::1%2", "interface"),
        ("example.com", "a host name"),
        ("foo", "expected an address"),
        ("", "expected an address"),
    ],
)
def test_what_is_refused_comes_with_its_cause(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"is not an?"):
        parse_written(text)
    assert said in advice(text)
