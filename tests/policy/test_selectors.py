"""Every form a selector can be written in, and the same form back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockc.addresses.family import V4, V6, Family
from blockc.errors import PolicyError
from blockc.policy.syntax.selectors import (
    AddressRange,
    AsnSelector,
    CountrySelector,
    DelegatedSelector,
    FeedSelector,
    FileSelector,
    GroupSelector,
    ListSelector,
    RegistrySelector,
    Selector,
    StatusSelector,
    WorldSelector,
    note_on,
    parse_selector,
)

LOW = 0x2001_0DB8 << 96
FORMS: dict[str, Selector] = {
    "CN": CountrySelector("CN"),
    "EU": CountrySelector("EU"),
    "AP": CountrySelector("AP"),
    "ZZ": CountrySelector("ZZ"),
    "group:un-m49-asia": GroupSelector("un-m49-asia"),
    "registry:ripencc": RegistrySelector("ripencc"),
    "status:reserved": StatusSelector("reserved"),
    "feed:spamhaus-drop": FeedSelector("spamhaus-drop"),
    "feed:aws?region=eu-west-1&service=EC2": FeedSelector(
        "aws", (("region", "eu-west-1"), ("service", "EC2"))
    ),
    "feed:aws?service=EC2&service=S3": FeedSelector("aws", (("service", "EC2"), ("service", "S3"))),
    "feed:azure?name=a=b c": FeedSelector("azure", (("name", "a=b c"),)),
    "asn:0": AsnSelector(0),
    "asn:4294967295": AsnSelector(4294967295),
    "file:lists/own ranges.txt": FileSelector("lists/own ranges.txt"),
    "file:../shared.txt": FileSelector("../shared.txt"),
    "list:export-control": ListSelector("export-control"),
    "delegated": DelegatedSelector(),
    "world": WorldSelector(),
    "192.0.2.1": AddressRange(V4, 0xC0000201, 0xC0000201),
    "192.0.2.0/24": AddressRange(V4, 0xC0000200, 0xC00002FF),
    "192.0.2.1-192.0.2.9": AddressRange(V4, 0xC0000201, 0xC0000209),
    "2001:db8::/32": AddressRange(V6, LOW, LOW + (1 << 96) - 1),
    "feed:1::2": AddressRange(V6, 0xFEED_0001 << 96 | 2, 0xFEED_0001 << 96 | 2),
}
REWRITTEN = {
    "UK": "GB",
    "EL": "GR",
    "::ffff:192.0.2.1": "192.0.2.1",
    "::ffff:192.0.2.0/120": "192.0.2.0/24",
    "::ffff:192.0.2.1-::ffff:192.0.2.9": "192.0.2.1-192.0.2.9",
    "192.0.2.0-192.0.2.255": "192.0.2.0/24",
    "192.0.2.7/32": "192.0.2.7",
    "2001:DB8:0::1": "2001:db8::1",
    "feed:aws?service=S3&region=b": "feed:aws?region=b&service=S3",
}


@pytest.mark.parametrize("text", FORMS)
def test_a_selector_is_read_and_written_the_same(text: str) -> None:
    assert parse_selector(text) == FORMS[text]
    assert str(FORMS[text]) == text


@pytest.mark.parametrize("text", REWRITTEN)
def test_other_spellings_have_one_canonical_form(text: str) -> None:
    assert str(parse_selector(text)) == REWRITTEN[text]


@pytest.mark.parametrize("text", ["UK", "EL"])
def test_a_code_that_is_read_as_another_is_noted(text: str) -> None:
    assert note_on(text).startswith(f"{text} is read as {REWRITTEN[text]} (")
    assert not note_on(REWRITTEN[text])


@given(st.sampled_from([V4, V6]), st.data())
def test_every_range_is_read_back_from_its_text(family: Family, data: st.DataObject) -> None:
    ends = st.integers(0, family.last)
    first, last = sorted((data.draw(ends), data.draw(ends)))
    if family == V6 and first >> 32 == 0xFFFF:
        return  # an IPv4-mapped address is read as the IPv4 address it stands for
    located = AddressRange(family, first, last)
    assert parse_selector(str(located)) == located


@given(st.text(max_size=40) | st.from_regex(r"[a-z]{3,8}:[!-~]{0,20}", fullmatch=True))
def test_whatever_is_written_gives_a_selector_or_a_policy_error(text: str) -> None:
    found = outcome(text)
    if isinstance(found, PolicyError):
        assert found.hint
        assert found.at is None
    else:
        assert parse_selector(str(found)) == found


def outcome(text: str) -> Selector | PolicyError:
    try:
        return parse_selector(text)
    except PolicyError as mistake:
        return mistake
