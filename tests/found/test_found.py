"""Inputs that failed once, each with the right answer. `tests/corpus/found` holds them."""

import shutil
from collections.abc import Callable
from ipaddress import IPv4Address, summarize_address_range
from zipfile import ZipFile

import pytest

from tests.cli.conftest import Blockc
from tests.found.conftest import Case

Test = Callable[..., None]


def found(name: str) -> Callable[[Test], Test]:
    """Return what gives a test the input of this name."""
    return pytest.mark.parametrize("case", [name], indirect=True, ids=[name])


@found("emule-dat")
def test_numbers_filled_with_zeros_are_read_only_where_the_definition_says_so(case: Case) -> None:
    case.define("x", "csv", 'columns = ["prefix", "", ""]', "x.dat")
    refused = case.update("x")
    assert refused.code == 3
    assert "leading zero" in refused.err
    assert 'leading_zeros = "decimal"' in refused.err

    case.define("x", "csv", 'columns = ["prefix", "", ""]\nleading_zeros = "decimal"', "x.dat")
    assert case.reads("x") == ["1.2.4.0/24"]


@found("emule-dat")
def test_two_slashes_are_said_to_begin_no_comment(case: Case) -> None:
    case.write("data/x.dat", b"// a list\n5.6.7.8\n")
    case.define("x", "text", "", "x.dat")
    assert "a comment begins with # or ;" in case.update("x").err
    case.list_of('"file:data/x.dat"')
    said = case.build()
    assert said.code == 2
    assert "data/x.dat:1:1:" in said.err
    assert "a comment begins with # or ;" in said.err


@found("leading-zero")
def test_a_leading_zero_is_named_though_few_bad_rows_are_skipped(case: Case) -> None:
    refused = case.update("x")
    assert refused.code == 3
    assert "x.txt:1:1: 2 of 3 rows cannot be read" in refused.err
    assert "leading zero" in refused.err
    assert "bad_rows" in refused.err

    updated = case.update("big")
    assert updated.code == 0
    assert "big.txt:1001:1: left out, '95.32.221.040' is not an address" in updated.err
    assert "leading zero" in updated.err


@found("tsv-count")
def test_columns_are_said_to_be_columns(case: Case) -> None:
    said = case.build()
    assert said.code == 2
    assert said.err.count('read it as format = "csv" with separator = "tab"') == 2
    case.list_of('"feed:x"')
    assert case.reads("x") == ["5.6.7.8/32", "185.176.26.100/32"]
    case.define("t", "text", "", "x.txt")
    assert 'read it as format = "csv" with separator = "tab"' in case.update("t").err


@found("m365")
def test_a_key_that_only_some_items_have_is_optional(case: Case) -> None:
    refused = case.update("x")
    assert refused.code == 3
    assert "[1] has no key 'ips'; write ips? if only some of the items have it" in refused.err
    case.edit("sources/x.toml", "[].{ips}[]", "[].ips?[]")
    assert case.reads("x") == ["40.92.0.0/15", "52.112.0.0/14", "2a01:111:f400::/48"]
    shutil.rmtree(case.folder / "dist")  # or the guard asks about what is blocked no more
    case.list_of('"feed:x?area=Skype"')
    assert case.build().code == 0
    assert case.blocked() == ["52.112.0.0/14"]


@found("json-null")
@pytest.mark.parametrize("nothing", ['""', "null", "[]", '[null, "175.45.176.0/22"]'])
def test_null_or_an_empty_text_in_place_of_a_list_is_nothing(case: Case, nothing: str) -> None:
    case.edit("data/x.json", '"ipv6":""', f'"ipv6":{nothing}')
    assert case.reads("x") == ["175.45.176.0/22"]


@found("comma-list")
@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("w", ["5.9.1.1/32", "5.9.1.2/32"]),
        ("x", ["5.9.1.1/32", "5.10.2.2/32"]),
        ("y", ["5.9.1.1/32", "5.10.2.2/32", "5.11.3.3/32"]),
    ],
)
def test_a_comma_is_refused_with_both_ways_named(case: Case, name: str, split: list[str]) -> None:
    refused = case.update(name)
    assert refused.code == 3
    assert 'range = ","' in refused.err
    assert 'split = ","' in refused.err
    case.edit(f"sources/{name}.toml", "[rows]", '[rows]\nsplit = ","')
    case.list_of(f'"feed:{name}"')
    assert case.reads(name) == split


@found("comma-list")
def test_a_comma_joins_the_ends_of_a_range_where_it_is_said_to(case: Case) -> None:
    case.edit("sources/x.toml", "[rows]", '[rows]\nrange = ","')
    case.list_of('"feed:x"')
    ends = IPv4Address("5.9.1.1"), IPv4Address("5.10.2.2")
    assert case.reads("x") == list(map(str, summarize_address_range(*ends)))


@found("comma-list")
def test_two_addresses_with_a_blank_between_them_are_nothing(case: Case) -> None:
    refused = case.update("v")
    assert refused.code == 3
    assert "write a netmask as address/netmask, a range as first-last" in refused.err


@found("many-bad-lines")
def test_all_bad_lines_of_a_file_are_reported_in_one_run(case: Case, blockc: Blockc) -> None:
    said = case.build()
    assert said.code == 2
    assert said.err.count("has host bits set") == 2
    assert "unknown selector 'foo'" in said.err
    case.list_of('"file:data/p.txt"')
    said = case.build()
    assert said.code == 2
    assert [f"p.txt:{line}:1:" in said.err for line in range(1, 6)] == [True] * 4 + [False]
    listed = blockc("aggregate", case.folder / "data" / "p.txt")
    assert listed.code != 0
    assert [f"p.txt:{line}:1:" in listed.err for line in range(1, 6)] == [True] * 4 + [False]


@found("utf16")
@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("x.txt", "UTF-16"),
        ("le.txt", "UTF-16"),
        ("l1.txt", "l1.txt:1:1: 'caf\\\\xe9 5.6.7.8' is not an address"),
    ],
)
def test_another_encoding_is_named(case: Case, blockc: Blockc, file: str, said: str) -> None:
    case.define("z", "text", "", file)
    case.list_of(f'"file:data/{file}"')
    path = case.folder / "data" / file
    for done in (case.update("z"), case.build(), blockc("aggregate", path)):
        assert done.code != 0
        assert said in done.err


@found("utf16")
def test_a_byte_order_mark_of_utf_8_is_no_part_of_an_address(case: Case, blockc: Blockc) -> None:
    case.list_of('"feed:x", "feed:y?country=DE", "file:data/bom.txt"')
    case.write("data/bom.txt", b"\xef\xbb\xbf5.6.8.0/24\n")
    assert case.reads("x", "y") == ["5.6.7.0/24", "5.6.8.0/24"]
    assert blockc("aggregate", case.folder / "data" / "bom.txt").out == "5.6.8.0/24\n"


@found("utf16")
def test_latin_1_in_a_comment_is_nobodys_business(case: Case) -> None:
    case.list_of('"file:data/l1c.txt"')
    assert case.build().code == 0
    assert case.blocked() == ["5.6.7.8/32"]


@found("ip2location")
def test_numbers_of_ipv4_mapped_addresses_are_ipv4(case: Case) -> None:
    assert case.reads("v4", "v6") == ["1.0.0.0/24", "2001:200::/32"]


@found("policy-bom-crlf")
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named_in_every_file_of_a_project(case: Case, encoding: str) -> None:
    written = case.policy.read_text(encoding="utf-8").encode(encoding)
    case.write("blockc.toml", written)
    done = case.build()
    assert done.code == 2
    assert "blockc.toml: UTF-16 text, expected UTF-8; save it as UTF-8" in done.err
    (case.folder / "sources").mkdir()
    case.write("sources/x.toml", written)
    assert "x.toml: UTF-16 text" in case.update("x").err


@found("zip-feed")
@pytest.mark.parametrize("name", ["x", "y"])
def test_an_archive_of_one_file_is_unpacked(case: Case, name: str) -> None:
    case.list_of(f'"feed:{name}"')
    assert case.reads(name) == ["5.6.7.8/32"]
    checked = case.blockc(
        "check", "-f", case.policy, "--source", name, *(case.folder / "data").glob("*")
    )
    assert checked.code == 0, checked.err


@found("policy-bom-crlf")
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_policy_from_windows_is_read(case: Case, mark: bytes) -> None:
    case.write("blockc.toml", mark + case.policy.read_bytes())
    done = case.build()
    assert done.code == 0, done.err
    assert case.blocked() == ["5.6.7.0/24"]


IPTOASN = b"8.8.0.0/24,64500\n9.9.0.0/24,64500_64501\n9.9.9.0/24,64501\n7.7.0.0/24,64502\n"
END = 'end = { key = "type", value = "metadata", records = "records" }'


@pytest.fixture
def announced(case: Case) -> Case:
    """Return the input with a table of who announces what, fetched."""
    case.define("iptoasn", "csv", 'columns = ["prefix", "asn"]', "iptoasn.csv")
    case.write("data/iptoasn.csv", IPTOASN)
    assert case.update("iptoasn").code == 0
    return case


@found("asndrop")
def test_a_file_of_as_numbers_selects_what_they_announce(announced: Case) -> None:
    case = announced
    assert case.build().code == 0
    assert case.blocked() == ["8.8.0.0/24", "9.9.0.0/24", "9.9.9.0/24"]
    case.write("data/asn.txt", b"# bad\nAS64502 ; somebody\n\n64999\n")
    assert case.build().code == 0
    assert case.blocked() == ["7.7.0.0/24"]
    case.write("data/asn.txt", b"AS64502\nAS99999999999\nexample\n")
    said = case.build()
    assert said.code == 2
    assert "asn.txt:2:1: 'AS99999999999' is not an AS number" in said.err
    assert "asn.txt:3:1: 'example' is not an AS number; expected such as AS64500" in said.err


@found("asndrop")
def test_a_source_of_as_numbers_selects_what_they_announce(announced: Case) -> None:
    case = announced
    case.list_of('"asn:feed:x"')
    case.define("x", "json-lines", f'prefix = "asn"\nlists = "as-numbers"\n{END}', "x.json")
    assert case.reads("x") == ["8.8.0.0/24", "9.9.0.0/24"]
    case.list_of('"feed:x"')
    said = case.build()
    assert said.code == 2
    assert "write asn:feed:x" in said.err

    case.write("data/y.txt", b"AS64501 ; comment\n64502\n")
    case.define("y", "text", 'lists = "as-numbers"', "y.txt")
    case.list_of('"asn:feed:y"')
    assert case.reads("y") == ["7.7.0.0/24", "9.9.0.0/24", "9.9.9.0/24"]
    case.write("data/z.csv", b"AS,name\n64502,x\nAS64501,y\n")
    case.define("z", "csv", 'lists = "as-numbers"\ncolumns = { asn = "AS" }', "z.csv")
    case.list_of('"asn:feed:z"')
    assert case.reads("z") == ["7.7.0.0/24", "9.9.0.0/24", "9.9.9.0/24"]
    case.list_of('"asn:feed:iptoasn"')
    assert "write feed:iptoasn" in case.build().err
    case.list_of('"asn:feed:nobody"')
    assert "unknown source 'nobody'" in case.build().err


@found("asndrop")
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"asn":"x"}\n', "x.json:1:9: 'x' is not an AS number"),
        (b'{"asn":1.5}\n', "asn is a number or truth, expected the text of a prefix"),
        (b'{"asn":-1}\n', "'-1' is not an AS number"),
        (b'{"asn":64500}\n{"type":"metadata","records":2}\n', "counts 2 records, there are 1"),
        (b'{"asn":64500}\n', "the record that ends the file, type = metadata, is missing"),
    ],
)
def test_a_source_of_as_numbers_that_is_cut_or_wrong_is_refused(
    case: Case, data: bytes, said: str
) -> None:
    end = END if b"metadata" in data or "missing" in said else ""
    case.define("x", "json-lines", f'prefix = "asn"\nlists = "as-numbers"\n{end}', "x.json")
    case.list_of('"asn:feed:x"')
    case.write("data/x.json", data)
    done = case.update("x")
    assert done.code == 3
    assert said in done.err


@found("comma-list")
def test_a_file_of_another_form_is_not_something_to_try_again_later(case: Case) -> None:
    said = case.update("x").err
    assert "correct the definition of x, or tell the publisher" in said
    assert "try again later" not in said
    (case.folder / "data" / "y.txt").unlink()
    said = case.update("x", "y").err
    assert "correct the definition of x" in said
    assert "for the others try again later" in said


@found("json-null")
def test_a_new_key_beside_a_fixed_list_of_keys_is_reported(case: Case) -> None:
    case.edit("data/x.json", '"cc":"kp"', '"cc":"kp","anycast":["8.8.8.0/24"]')
    done = case.update("x")
    assert done.code == 0
    assert "the key 'anycast' holds addresses and is not in {ipv4,ipv6}[]" in done.err


@found("empty-feed")
def test_a_feed_that_may_be_empty_stops_no_list(case: Case) -> None:
    refused = case.update("x", "y")
    assert refused.code == 3
    assert "lists no addresses; if that may be so, say may_be_empty = true" in refused.err
    case.edit(
        "sources/x.toml",
        "[expect]\nmin_records = 1",
        "may_be_empty = true\n[expect]\nmin_records = 0",
    )
    assert case.reads("x", "y") == ["5.6.7.8/32"]
    case.write("data/x.txt", b"5.6.7.9\n")
    assert case.reads("x", "y") == ["5.6.7.8/31"]
    case.write("data/x.txt", b"# again nothing\n")
    assert case.reads("x", "y") == ["5.6.7.8/32"]

    case.list_of('"feed:x"')
    said = case.build()
    assert said.code == 2
    assert "it blocks nothing" in said.err


@found("empty-feed")
def test_an_empty_body_is_refused_all_the_same(case: Case) -> None:
    case.edit("sources/x.toml", "[expect]", "may_be_empty = true\n[expect]")
    case.write("data/x.txt", b"")
    done = case.update("x")
    assert done.code == 3
    assert "answered with an empty file" in done.err


@found("emule-dat")
def test_a_comment_of_another_kind_in_a_table_is_said_to_be_none(case: Case) -> None:
    case.write("data/x.dat", b"// c\n001.002.004.000 - 001.002.004.255 , 100 , Net\n")
    case.define("x", "csv", 'columns = ["prefix", "", ""]\nleading_zeros = "decimal"', "x.dat")
    done = case.update("x")
    assert done.code == 3
    assert "x.dat:1: 1 cells, expected 3; a comment begins with #" in done.err
    case.edit("sources/x.toml", "leading_zeros", 'comment = "/"\nleading_zeros')
    assert case.reads("x") == ["1.2.4.0/24"]


@found("zip-feed")
def test_an_archive_of_several_files_asks_which_one(case: Case) -> None:
    with ZipFile(case.folder / "data" / "x.zip", "a") as archive:
        archive.writestr("README", "hello\n")
    said = case.update("x").err
    assert "the zip archive has 2 files: 'listed_ip_30.txt', 'README'" in said
    assert "correct the definition of x" in said
    case.edit("sources/x.toml", "[expect]", 'member = "listed_ip_*.txt"\n[expect]')
    assert case.reads("x") == ["5.6.7.8/32"]
