"""One grammar: what an address may be written like is the same in every reader of lists."""

from collections.abc import Callable, Mapping

import pytest

from blockc.addresses import columns
from blockc.addresses.columns import Spans
from blockc.addresses.family import FAMILIES, Family
from blockc.addresses.lines import read_spans
from blockc.errors import SourceMistakes, SourceSyntaxError, SourceUnfit
from blockc.formats.format_table import FORMATS, form_of

READ = {
    "\ufeff5.6.7.8": "5.6.7.8-5.6.7.8",
    "5.6.7.8\r": "5.6.7.8-5.6.7.8",
    "5.6.7.*": "5.6.7.0-5.6.7.255",
    "5.6.*.*": "5.6.0.0-5.6.255.255",
    "5.6.7.0/255.255.255.0": "5.6.7.0-5.6.7.255",
    "5.6.7.1-9": "5.6.7.1-5.6.7.9",
    "5.6.7.1-5.6.7.9": "5.6.7.1-5.6.7.9",
    "5.6.7.1 - 5.6.7.9": "5.6.7.1-5.6.7.9",
    "5.6.7.8;comment": "5.6.7.8-5.6.7.8",
    "5.6.7.8 # c": "5.6.7.8-5.6.7.8",
    "5.6.7.8\t# c": "5.6.7.8-5.6.7.8",
    "5.6.7.8#c": "5.6.7.8-5.6.7.8",
    "2A10:1::/32": "2a10:1::-2a10:1:ffff:ffff:ffff:ffff:ffff:ffff",
    "2a10:1::-2a10:1::f": "2a10:1::-2a10:1::f",
}
REFUSED = {  # and what the message must say
    "5.6.*": "expected an address",
    "5.*": "expected an address",
    "5.6.7.": "expected an address",
    "5.6.7.0 255.255.255.0": "write a netmask as address/netmask",
    "5.6.7.0/0.0.0.255": "is not a netmask of ipv4",
    "5.6.7.1\u20135.6.7.9": "plain hyphen",
    "5.6.7.1,5.6.7.9": "",
    "5.6.7.8 // c": "a comment begins with # or ;",
    "// c": "a comment begins with # or ;",
    "! c": "a comment begins with # or ;",
    "' c": "a comment begins with # or ;",
    "5.6.7.8,": "",
    '"5.6.7.8"': "",
    "5.6.7.8:443": "leave out the port",
    "[2a10:1::1]": "leave out the port and the brackets",
    "2a10:1::1%eth0": "leave out the interface",
    "5.6.7.8\u00a0": "invisible character",
    "\u200b5.6.7.8": "invisible character",
    "5.6/16": "",
    "5.6.7": "",
    "84281096": "",
    "0x05060708": "",
    "5.6.7.8/33": "",
    "5.6.7.8/032": "",
    "5.6.7.8/ 32": "",
    "2a10:1::/32-2a10:2::": "",
    "005.006.007.008": "leading zero",
    "010.0.0.1": "leading zero",
    "5.6.7.300": "over 255",
    "5.6.7.8/-1": "",
    "example.com": "a host name",
    "5.6.7.8 host.example.com": "",
    "deny 5.6.7.8;": "",
    "route: 5.6.7.0/24": "",
    "add blacklist 5.6.7.0/24": "",
    "5.6.7.8\t1870": 'format = "csv"',
}


def in_words(spans: Mapping[Family, Spans]) -> str:
    """Return the only span there is."""
    return " ".join(
        f"{family.text(first)}-{family.text(last)}"
        for family in FAMILIES
        for first, last in zip(
            columns.ints(family, spans[family][0]),
            columns.last_ints(family, spans[family][1]),
            strict=True,
        )
    )


def readings(text: str) -> list[str]:
    """Return what the readers of `file:` and `aggregate`, and of sources, make of a line."""
    data = text.encode() + b"\n"
    found = []
    options = form_of("text", {"special": "keep"})
    readers: list[Callable[[], Mapping[Family, Spans]]] = [
        lambda: read_spans("f", data),
        lambda: FORMATS["text"].read("f", data, options).spans,
    ]
    for read in readers:
        try:
            found.append(in_words(read()))
        except (SourceMistakes, SourceSyntaxError, SourceUnfit) as error:
            found.append(f"refused: {error}")
    return found


@pytest.mark.parametrize("text", READ)
def test_a_form_that_is_read_is_read_alike_everywhere(text: str) -> None:
    assert readings(text) == [READ[text]] * 2


@pytest.mark.parametrize("text", REFUSED)
def test_a_form_that_is_refused_is_refused_everywhere_with_its_cause(text: str) -> None:
    for said in readings(text):
        assert said.startswith("refused: f:1:1: "), said
        assert REFUSED[text] in said
