"""GeoLite2's zipped tables and MaxMind DB files, made small."""

import sys
import tracemalloc
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import maxminddb
import pytest

from blockc.addresses.bit_tree import IPV4_DEPTH
from blockc.addresses.family import FAMILIES
from blockc.errors import SourceSyntaxError, SourceUnfit, UsageError
from blockc.formats.feeds import geolite2 as tables
from blockc.formats.feeds.feed import Feed
from blockc.formats.feeds.mmdb_tree import Tree
from blockc.formats.format_table import FORMATS, form_of
from tests.support.feeds import BLOCKS6, RECORDS, geolite2, mmdb

Said = Mapping[str, object]
MMDB: Said = {"tags": {"country": "country.iso_code"}}


def read(name: str, data: bytes, rows: Said | None = None, most: int = 1000) -> Feed:
    """Return what the reader of a format makes of `data`."""
    return FORMATS[name].read("file", data, form_of(name, rows or {}, max_records=most))


def selected(feed: Feed, tag: str, value: str) -> list[str]:
    """Return the prefixes of the rows that are called so."""
    found = feed.addresses([(tag, value)])
    return [text for family in FAMILIES for text in found.prefixes(family).texts()]


# ---- GeoLite2 ------------------------------------------------------------------------------------


def test_geolite2_tells_where_networks_are_used_and_registered() -> None:
    feed = read("geolite2-csv", geolite2())

    assert (feed.records, str(feed.date)) == (5, "2026-05-01")
    assert selected(feed, "country", "AU") == ["1.0.0.0/24"]
    assert selected(feed, "country", "DE") == ["2a00:1450::/32"]
    assert selected(feed, "registered", "CN") == ["1.0.1.0/24", "2a00:1450::/32"]
    assert selected(feed, "country", "") == ["2a01::/32", "2a02::/32"]


def test_the_registered_country_stands_in_where_no_other_is_known_and_that_is_told() -> None:
    feed = read("geolite2-csv", geolite2())

    assert selected(feed, "country", "CN") == ["1.0.1.0/24"]
    (said,) = feed.warnings
    assert said == (
        "file/GeoLite2-Country-Blocks-IPv4.csv:3: no place where it is used, its registered "
        "country stands in for it"
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is not a zip file that can be read"),
        (b"PK\x03\x04 no zip", "is not a zip file that can be read"),
        (geolite2()[:-40], "is not a zip file that can be read"),
        (geolite2(Locations_en=None), "has no Locations-en, expected the tables of GeoLite2"),
        (geolite2(Blocks_IPv6=None), "has no Blocks-IPv6"),
        (geolite2(Blocks_IPv6=""), "file/GeoLite2-Country-Blocks-IPv6.csv: the file is empty"),
        (geolite2(Locations_en="id,name\n1,x\n"), "has no column 'geoname_id'"),
        (
            geolite2(Blocks_IPv6=BLOCKS6.replace("2921044", "7")),
            "file/GeoLite2-Country-Blocks-IPv6.csv:2:16: '7' is no place in the table of locations",
        ),
        (
            geolite2(Blocks_IPv6=BLOCKS6.replace("/32", "/129")),
            "file/GeoLite2-Country-Blocks-IPv6.csv:2:1: '129' is not a prefix length of ipv6",
        ),
        (geolite2(Blocks_IPv4=BLOCKS6 + "3.0.0.0/24\n"), "1 cells, expected 7"),
    ],
)
def test_wrong_geolite2_is_refused_with_table_and_line(data: bytes, said: str) -> None:
    with pytest.raises((SourceSyntaxError, SourceUnfit)) as caught:
        read("geolite2-csv", data)
    assert said in str(caught.value)


def test_geolite2_without_a_date_is_refused() -> None:
    packed = BytesIO()
    with ZipFile(BytesIO(geolite2())) as good, ZipFile(packed, "w") as flat:
        for name in good.namelist():
            flat.writestr(name.rpartition("/")[2], good.read(name))
    with pytest.raises(SourceUnfit, match="has no folder with a date"):
        read("geolite2-csv", packed.getvalue())


def test_a_zip_bomb_is_left_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_MAX_BYTES", 1000)
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        archive.writestr("GeoLite2-Country-Blocks-IPv4.csv", b"0" * 10_000_000)
    with pytest.raises(SourceUnfit, match="unpacks to more than 1,000 bytes"):
        read("geolite2-csv", packed.getvalue())


# ---- MaxMind DB ----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [4, 6])
def test_mmdb_networks_are_read_once_with_their_tags(version: int) -> None:
    feed = read("mmdb", mmdb(version=version), MMDB)

    assert selected(feed, "country", "AU") == ["1.0.0.0/24"]
    assert selected(feed, "country", "CN") == ["1.0.1.0/24"]
    v6 = [["2a00:1450::/32"], ["2a01:0:0:1::/65"]] if version == 6 else [[], []]
    assert [selected(feed, "country", country) for country in ("DE", "FR")] == v6
    assert feed.records == {4: 2, 6: 4}[version]
    assert feed.date == datetime.fromtimestamp(int(feed.serial), UTC).date()


def test_mmdb_can_answer_for_networks() -> None:
    feed = read("mmdb", mmdb(), {"tags": {"asn": "asn"}})
    assert selected(feed, "asn", "13335") == ["1.0.0.0/24"]
    assert selected(feed, "asn", "15169") == ["2a00:1450::/32"]


def test_a_record_above_all_of_ipv4_speaks_about_ipv4_too() -> None:
    """As every reader says: who asks for an IPv4 address finds that record."""
    data = mmdb({"::/64": {"asn": 64500}, "2a00:1450::/32": {"asn": 15169}})
    found = maxminddb.open_database(BytesIO(data), maxminddb.MODE_FD).get("203.1.113.7")
    assert found == {"asn": 64500}
    rows = {"tags": {"asn": "asn"}, "special": "keep"}
    with pytest.raises(SourceUnfit, match="is wider than a /8"):
        read("mmdb", data, rows)
    feed = read("mmdb", data, rows | {"widest_prefix": {"ipv4": 0}})
    assert selected(feed, "asn", "64500") == ["0.0.0.0/0", "::/64"]


def nodes(*pairs: tuple[int, int]) -> bytes:
    """Return a tree of 24-bit records."""
    return b"".join(number.to_bytes(3, "big") for pair in pairs for number in pair)


def v6_tree(alias: int) -> Tree:
    """Return a tree with one IPv4 network, to whose branch `alias`, a 16-bit number, leads too.

    The first 96 nodes lead to the branch by zeros; the alias leaves them as soon as its bits do.
    """
    bits, branch = f"{alias:016b}", 96
    pairs = [(depth + 1, 1000) for depth in range(96)]
    leave, at = bits.index("1"), 97
    side = [at + n for n in range(15 - leave)] + [branch]
    pairs[leave] = (leave + 1, side[0])
    pairs.append((1000, 1500))  # the branch: 128.0.0.0/1 has record 1500
    for bit, following in zip(bits[leave + 1 :], side[1:], strict=True):
        pairs.append((following, 1000) if bit == "0" else (1000, following))
    count = len(pairs)
    fixed = [[count if n == 1000 else n for n in pair] for pair in pairs]
    return Tree.of(nodes(*[(a, b) for a, b in fixed]), count, 6, 0)


@pytest.mark.parametrize("alias", [0x2002, 0x0001, 0x8000])
def test_a_branch_that_is_reached_from_two_places_is_walked_once(alias: int) -> None:
    leaves = v6_tree(alias).leaves("file", 100)
    assert [column.tolist() for column in leaves] == [[0], [1 << 31], [97], [1500]]


@pytest.mark.parametrize(
    ("size", "packed"),
    [
        (6, "000002 abcdef"),
        (7, "000002 0a bcdef1"),
        (8, "00000002 0abcdef1"),
    ],
)
def test_nodes_of_every_size_are_unpacked(size: int, packed: str) -> None:
    data = bytes.fromhex(packed.replace(" ", ""))
    tree = Tree.of(data, 1, size, IPV4_DEPTH)
    assert tuple(tree.nodes[0]) == (2, 0xABCDEF if size == 6 else 0xABCDEF1)


def test_a_small_file_cannot_stand_for_millions_of_networks() -> None:
    """Both sides of each node lead to the next one: 40 nodes are the ends of 2**40 paths."""
    ladder = [(node + 1, node + 1) for node in range(40)]
    tracemalloc.start()
    with pytest.raises(SourceSyntaxError, match="its 40 nodes cannot hold so many networks"):
        Tree.of(nodes(*ladder), 40, 6, 0).leaves("file", 5_000_000)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_a_tree_that_goes_in_circles_is_refused() -> None:
    with pytest.raises(SourceUnfit, match="lists more than 50 networks, or goes in circles"):
        Tree.of(nodes((0, 0)), 1, 6, IPV4_DEPTH).leaves("file", 50)
    with pytest.raises(SourceSyntaxError, match="its tree is deeper than an address"):
        Tree.of(nodes((0, 1)), 1, 6, IPV4_DEPTH).leaves("file", 50)


@pytest.mark.parametrize(
    ("data", "rows", "said"),
    [
        (b"", MMDB, "is not a MaxMind DB file"),
        (mmdb()[:900], MMDB, "is not a MaxMind DB file, or cut"),
        (mmdb()[300:], MMDB, "is not a MaxMind DB file, or cut"),
        (mmdb(), {"tags": {"city": "city.name"}}, "has nothing at city.name, the tag 'city'"),
        (mmdb(), {"tags": {"c": "country"}}, "country is an object, expected a text"),
        (
            mmdb({"1.0.0.0/24": {"country": {"iso_code": "AUS"}}}),
            MMDB,
            "'AUS' is not a country code",
        ),
        (mmdb({"0.0.0.0/1": RECORDS["1.0.0.0/24"]}), MMDB, "is wider than a /8"),
    ],
)
def test_a_wrong_mmdb_is_refused(data: bytes, rows: Said, said: str) -> None:
    with pytest.raises((SourceSyntaxError, SourceUnfit)) as caught:
        read("mmdb", data, rows)
    assert said in str(caught.value)


def test_more_networks_than_are_believed_are_refused() -> None:
    with pytest.raises(SourceUnfit, match=r"lists more than 3 networks.*raise expect\.max_records"):
        read("mmdb", mmdb(), MMDB, most=3)


def test_without_the_library_the_operator_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = mmdb()
    monkeypatch.setitem(sys.modules, "maxminddb", None)
    with pytest.raises(UsageError, match=r"needs the library maxminddb; pip install blockc\[mmdb]"):
        read("mmdb", data, MMDB)
