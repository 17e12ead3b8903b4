"""What a policy means: precedence as laws, entries counted, canaries, days."""

from collections.abc import Mapping
from itertools import product

import pytest

from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import V4, V6
from blockc.errors import Mistakes
from blockc.policy.meaning.resolve import countries_map
from tests.policy.toy import ROWS, WORLD, addresses, resolved

SELECTED = {
    "CN": addresses("10.0.0.0/9", "2001:db8::/32"),
    "EU": addresses("10.195.0.0/16"),
    "ZZ": addresses("10.192.0.0/15"),
    "group:both": addresses("10.0.0.0/9", "10.128.0.0/10", "2001:db8::/32"),
    "registry:ripencc": addresses("10.195.0.0/16"),
    "status:available": addresses("10.194.0.0/16"),
    "status:assigned": addresses("10.128.0.0/10", "10.192.0.0/16"),
    "delegated": addresses(*(row[0] for row in ROWS if row[3] != "available")),
    "world": AddrSet.everything(),
    "feed:drop": addresses("198.51.100.0/24"),
    "feed:drop?kind=a": addresses("198.51.100.0/25"),
    "asn:64500": addresses("192.0.2.0/24"),
    "file:own.txt": addresses("203.0.113.0/24", "2001:db8:1::-2001:db8:2::"),
    "list:other": addresses("198.18.0.0/15"),
    "::ffff:192.0.2.1": addresses("192.0.2.1"),
    "192.0.2.0/24": addresses("192.0.2.0/24"),
    "192.0.2.1-192.0.2.9": addresses("192.0.2.1-192.0.2.9"),
}
FILES = {"etc/own.txt": b"# ours\n203.0.113.0/24\n2001:db8:1::-2001:db8:2::\n"}
OTHER = '[list.other]\nblock = ["198.18.0.0/15"]\n'


@pytest.mark.parametrize("text", SELECTED)
def test_a_selector_stands_for_its_addresses(text: str) -> None:
    result = resolved(f'{OTHER}[list.a]\nblock = ["{text}"]', FILES).list_of("a")
    assert result.addresses == SELECTED[text]
    assert result.entries[0].counts == tuple(SELECTED[text].count_of(f) for f in (V4, V6))


def test_an_allow_list_blocks_the_complement() -> None:
    result = resolved('[list.a]\nallow = ["CN"]\nexcept = ["192.0.2.1"]').list_of("a")
    assert result.addresses == ~(SELECTED["CN"] | addresses("192.0.2.1"))


def test_protect_beats_except_beats_block_for_every_choice_of_entries() -> None:
    pool = ("10.0.0.0/30", "10.0.0.0/31", "10.0.0.2/31")
    for block, exemption, never in product(pool, repeat=3):
        text = f'[list.a]\nallow_empty = true\nblock = ["{block}"]\nexcept = ["{exemption}"]'
        result = resolved(f'{text}\n[protect]\nnever_block = ["{never}"]')
        expected = (addresses(block) - addresses(exemption)) - addresses(never)
        assert result.list_of("a").addresses == expected
        assert not result.list_of("a").addresses & result.protected


def test_a_list_of_a_list_is_what_it_selects_before_protection() -> None:
    inner = '[list.z]\nblock = ["10.0.0.0/30"]\nexcept = ["10.0.0.0/32"]\n'
    outer = '[list.a]\nblock = ["list:z"]\n[protect]\nnever_block = ["10.0.0.3"]'
    result = resolved(inner + outer)
    assert result.list_of("a").addresses == addresses("10.0.0.1-10.0.0.2")
    assert result.list_of("z").addresses == addresses("10.0.0.1-10.0.0.2")


def test_the_country_map_names_all_space_and_calls_what_has_no_country_zz() -> None:
    mapped = countries_map(WORLD)
    assert set(mapped.names) == {"ZZ", "CN", "EU", "US"}
    assert mapped.where(mapped.names) == AddrSet.everything()
    assert not SELECTED["ZZ"] - mapped.where(["ZZ"])
    for code in ("CN", "EU"):
        assert mapped.where([code]) == SELECTED[code]


def mistakes(text: str, files: Mapping[str, bytes] | None = None) -> list[str]:
    with pytest.raises(Mistakes) as caught:
        resolved(text, files)
    return [str(error).splitlines()[0] for error in caught.value.errors]


WRONG_FILES = """\
etc/bad.txt:2:1: 192.0.2.1/24 has host bits set, the prefix is 192.0.2.0/24; \
correct that line
etc/blockc.toml:3:16: cannot read etc/gone.txt: no such file or directory
etc/blockc.toml:3:43: etc/wide.txt holds 2.0.0.0/7, wider than a /8; \
set [guard] widest_prefix.ipv4 if it is meant""".splitlines()


def test_everything_that_cannot_be_resolved_is_reported_at_once() -> None:
    text = '[list.a]\nblock = ["file:gone.txt", "file:bad.txt", "file:wide.txt"]'
    files = {"etc/bad.txt": b"192.0.2.0/24\n192.0.2.1/24 # x\n", "etc/wide.txt": b"2.0.0.0/7\n"}
    assert mistakes(text, files) == WRONG_FILES


def test_a_known_country_that_may_have_no_addresses_is_a_note() -> None:
    result = resolved('[list.a]\nblock = [{ select = "UK", allow_empty = true }, "CN"]')
    assert [note.message for note in result.notes] == [
        "UK is read as GB (United Kingdom of Great Britain and Northern Ireland)",
        "GB has no addresses",
    ]


def test_canaries_are_checked_whatever_the_stage() -> None:
    text = (
        '[list.a]\nblock = ["CN"]\nstages = [{ from = 2030-01-01, action = "block" }]\n'
        '[list.b]\nallow = ["CN"]\n[protect]\n'
    )
    assert not resolved(text + 'must_block = ["10.0.0.1"]\nmust_allow = ["9.9.9.9"]').notes
    wrong = mistakes(text + 'must_block = ["10.0.0.0/8"]\nmust_allow = ["10.0.0.1"]')
    assert wrong == [
        (
            "etc/blockc.toml:8:15: 10.0.0.0/8 must be blocked, and no list blocks it: list 'b' "
            "spares it (10.0.0.0 of it): etc/blockc.toml:6:10: allow CN; "
            "10.128.0.0 is registered in US"
        ),
        (
            "etc/blockc.toml:9:15: 10.0.0.1 must be allowed, and list 'a' blocks it: "
            "etc/blockc.toml:3:10: block CN"
        ),
    ]


EMPTY = {"etc/empty.txt": b"", "etc/words.txt": b"# nobody\n; nobody\n"}
NOTHING = ("file:empty.txt", "file:words.txt", "GB", "asn:1", "feed:tor", "status:reserved")
ONE_LIST = '[list.a]\nblock = ["CN"]\n'
ROLES = {
    "block": '[list.a]\nblock = ["CN", {}]\n',
    "allow": '[list.a]\nallow = ["CN", {}]\n',
    "except": '[list.a]\nblock = ["CN"]\nexcept = [{}]\n',
    "never_block": ONE_LIST + "[protect]\nnever_block = [{}]\n",
}
WHO = 'owner = "web", reason = "ours", '


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("text", NOTHING)
def test_an_entry_that_stands_for_nothing_is_refused_unless_it_may(role: str, text: str) -> None:
    wrong = mistakes(ROLES[role].replace("{}", f'"{text}"'), EMPTY)
    assert [f": {text} has no addresses; " in said for said in wrong] == [True]
    who = WHO if role == "except" else ""
    entry = f'{{ {who}select = "{text}", allow_empty = true }}'
    result = resolved(ROLES[role].replace("{}", entry), EMPTY)
    assert [note.message for note in result.notes] == [f"{text} has no addresses"]


ENTRY = '{ select = "file:empty.txt", allow_empty = true }'
ALL = '"0.0.0.0/0", "::/0"'
EMPTY_LISTS = {
    f"block = [{ENTRY}]": "has no addresses in block: it blocks nothing",
    f"allow = [{ENTRY}]": "has no addresses in allow: it blocks every address",
    'block = ["CN"]\nexcept = ["CN"]': "everything in it is allowed or spared",
    'block = ["CN"]\nexcept = ["group:both"]': "everything in it is allowed or spared",
    'allow = ["world"]': "everything in it is allowed or spared",
    f"allow = [{ALL}]": "everything in it is allowed or spared",
}


@pytest.mark.parametrize("table", EMPTY_LISTS)
def test_a_list_that_is_nothing_is_refused_unless_it_may_be(table: str) -> None:
    (said,) = mistakes(f"[list.a]\n{table}\n", EMPTY)
    assert EMPTY_LISTS[table] in said
    assert said.startswith("etc/blockc.toml:3:1: ")
    allowed = resolved(f"[list.a]\nallow_empty = true\n{table}\n", EMPTY).list_of("a").addresses
    assert allowed == (
        AddrSet.everything() if "every address" in EMPTY_LISTS[table] else AddrSet.empty()
    )


def test_protection_that_wipes_a_list_out_is_refused() -> None:
    wiped = ONE_LIST + '[protect]\nnever_block = ["group:both"]\n'
    (said,) = mistakes(wiped)
    assert "list 'a' blocks nothing" in said


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("wide", ["fc00::/7", "fe80::/10", "12.0.0.0/7", "file:wide.txt"])
def test_only_what_blocks_has_a_width_limit(role: str, wide: str) -> None:
    text, files = ROLES[role].replace("{}", f'"{wide}"'), {"etc/wide.txt": b"12.0.0.0/7\n"}
    if role == "block":
        (said,) = mistakes(text, files)
        assert "wider than a /" in said
    else:
        blocked = resolved(text, files).list_of("a").addresses
        assert blocked
        assert not blocked & addresses(wide if "file" not in wide else "12.0.0.0/7")


def test_one_file_that_spares_and_blocks_is_limited_where_it_blocks() -> None:
    text = '[list.a]\nblock = ["CN", "file:w.txt"]\n[protect]\nnever_block = ["file:w.txt"]\n'
    (said,) = mistakes(text, {"etc/w.txt": b"12.0.0.0/7\n"})
    assert said.startswith("etc/blockc.toml:3:16: etc/w.txt holds 12.0.0.0/7, wider than a /8")


def test_a_list_that_no_output_holds_is_noted() -> None:
    lists = '[list.a]\nblock = ["list:b"]\n[list.b]\nblock = ["CN"]\n[list.c]\nblock = ["US"]\n'
    output = '[[output]]\nlist = "a"\ntarget = "plain"\npath = "a.txt"\n'
    said = "etc/blockc.toml:6:2: list 'c' is in no output, so it blocks nothing"
    assert [str(note) for note in resolved(lists + output).notes] == [said]


_SILENT = "give the list allow_empty = true if that is right"


@pytest.mark.parametrize(
    ("entries", "key", "said"),
    [
        ('allow = ["192.0.2.0/24"]', "allow", "allows no IPv6: it blocks all of it"),
        ('allow = ["2001:db8::/32"]', "allow", "allows no IPv4: it blocks all of it"),
        ('allow = ["192.0.2.0/24"]\nexcept = ["2001:db8::1"]', "", ""),
        ('allow = ["192.0.2.0/24", "::/0"]', "", ""),
        ('allow = ["192.0.2.0/24"]\nallow_empty = true', "", ""),
        ('block = ["192.0.2.0/24"]', "", ""),
        (
            'block = ["CN"]\nexcept = ["2001:db8::/32"]',
            "except",
            "blocks no IPv6: all of it is allowed or spared",
        ),
        ('block = ["CN"]\nexcept = ["2001:db8::/33"]', "", ""),
        ('block = ["CN"]\nexcept = ["::/0"]', "", ""),
        ('block = ["CN"]\nexcept = ["2001:db8::/32"]\nallow_empty = true', "", ""),
        (
            'block = ["CN"]\n[protect]\nnever_block = ["2001:db8::/32"]',
            "block",
            "blocks no IPv6: all of it is allowed or spared",
        ),
    ],
)
def test_a_family_that_a_list_blocks_whole_or_not_at_all_beside_the_other_is_noted(
    entries: str, key: str, said: str
) -> None:
    notes = resolved(f"[list.a]\n{entries}").notes
    assert [note.message for note in notes] == ([f"list 'a' {said}; {_SILENT}"] if said else [])
    assert all(note.place.key[-1] == key for note in notes)


@pytest.mark.parametrize(
    ("code", "advice"), [("EU", "group:eu27"), ("AP", "group:asia"), ("ZZ", "delegated")]
)
def test_a_pseudo_code_is_noted_with_what_may_have_been_meant(code: str, advice: str) -> None:
    entry = f'{{ select = "{code}", allow_empty = true }}'
    notes = [note.message for note in resolved(f'[list.a]\nblock = ["CN", {entry}]').notes]
    assert any(note.startswith(f"{code} is space") and advice in note for note in notes)


@pytest.mark.parametrize("key", ['spare = ["EU"]', "factors = { EU = 10 }"])
def test_a_pseudo_code_whose_space_a_lossy_fit_spares_is_noted_too(key: str) -> None:
    output = f'[[output]]\nlist = "a"\ntarget = "plain"\npath = "a"\nmax_entries = 9\n{key}\n'
    notes = resolved(f'[list.a]\nblock = ["CN"]\n{output}when_over = "collateral"').notes
    assert any("EU is space registered for Europe" in note.message for note in notes)


SPARED = """[list.a]
block = ["CN"]
except = [{ prefix = "10.1.0.0/16", owner = "web", reason = "ours", until = 2027-01-01 }]
[protect]
never_block = ["10.2.0.0/16"]
"""


def test_a_canary_that_comes_out_wrong_says_the_whole_reason() -> None:
    assert mistakes(SPARED + 'must_block = ["10.2.3.4", "10.1.2.3", "10.128.0.1"]') == [
        (
            "etc/blockc.toml:7:15: 10.2.3.4 must be blocked, and never_block spares it: "
            "etc/blockc.toml:6:16: never_block 10.2.0.0/16"
        ),
        (
            "etc/blockc.toml:7:27: 10.1.2.3 must be blocked, and no list blocks it: list 'a' "
            "spares it: etc/blockc.toml:4:22: except 10.1.0.0/16 (owner web: ours, until "
            "2027-01-01); 10.1.2.3 is registered in CN"
        ),
        (
            "etc/blockc.toml:7:39: 10.128.0.1 must be blocked, and no list blocks it: "
            "10.128.0.1 is registered in US"
        ),
    ]


def test_the_same_reason_is_told_where_both_families_and_a_part_of_a_canary_are_asked() -> None:
    text = SPARED.replace('"10.2.0.0/16"', '"2001:db8:1::/48"')
    assert mistakes(text + 'must_block = ["2001:db8::/32"]\nmust_allow = ["9.9.9.9"]') == [
        (
            "etc/blockc.toml:7:15: 2001:db8::/32 must be blocked, and never_block spares it "
            "(2001:db8:1:: of it): etc/blockc.toml:6:16: never_block 2001:db8:1::/48"
        ),
    ]
