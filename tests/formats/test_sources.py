"""The shipped definitions read the files they are for, and say of them what a plain look says."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from ipaddress import collapse_addresses, ip_network
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES, V4
from blockc.fetch.definition import Source, read_source
from blockc.formats.feeds.feed import Feed
from blockc.formats.format_table import DELEGATED, FORMATS, form_of, tags_of
from blockc.resources import sources_dir
from tests.support.data import data_folder

SHIPPED = {path.stem: path for path in sorted(sources_dir().glob("*.toml"))}
CUTS = Path(__file__).resolve().parents[1] / "corpus" / "sources"
Row = tuple[str, dict[str, str]]


def source_of(name: str) -> Source:
    """Return a shipped source."""
    return read_source(str(SHIPPED[name]), SHIPPED[name].read_text(encoding="utf-8"))


def read(source: Source, path: Path) -> Feed:
    """Return the feed that the reader of `source` makes of a file."""
    return FORMATS[source.format].read(path.name, path.read_bytes(), source.options)


@cache
def real_feed(name: str) -> Feed:
    """Return a shipped source's real file, read."""
    return read(source_of(name), data_folder("formats") / REAL[name].file)


# ---- a plain look at the real files ------------------------------------------------------------


def plain_aws(document: Any) -> Iterator[Row]:
    """Yield prefixes and tags of AWS."""
    for row in document["prefixes"]:
        yield row["ip_prefix"], row
    for row in document["ipv6_prefixes"]:
        yield row["ipv6_prefix"], row


def plain_azure(document: Any) -> Iterator[Row]:
    """Yield prefixes and tags of Azure."""
    for value in document["values"]:
        properties = value["properties"]
        tags = {"tag": value["name"], "service": properties["systemService"]}
        for prefix in properties["addressPrefixes"]:
            yield prefix, tags


def plain_gcp(document: Any) -> Iterator[Row]:
    """Yield prefixes and tags of Google Cloud."""
    for row in document["prefixes"]:
        yield row.get("ipv4Prefix") or row["ipv6Prefix"], {"region": row["scope"]}


def plain_github(document: Any) -> Iterator[Row]:
    """Yield prefixes and tags of GitHub: its lists of prefixes, whatever they are called."""
    for name, values in document.items():
        if isinstance(values, list) and name != "ssh_keys":
            yield from ((prefix, {"service": name}) for prefix in values)


def plain_oracle(document: Any) -> Iterator[Row]:
    """Yield prefixes and tags of Oracle, once for each tag."""
    for region in document["regions"]:
        for row in region["cidrs"]:
            for tag in row["tags"]:
                yield row["cidr"], {"region": region["region"], "service": tag}


def plain_fastly(document: Any) -> Iterator[Row]:
    """Yield the prefixes of Fastly."""
    for prefix in document["addresses"] + document["ipv6_addresses"]:
        yield prefix, {}


class Real(NamedTuple):
    """A real file, how to look at it, and what to ask for."""

    file: str
    rows: Callable[[Any], Iterator[Row]]
    asked: tuple[str, str] | None


REAL = {
    "aws": Real("aws-ip-ranges.json", plain_aws, ("service", "EC2")),
    "azure": Real("microsoft-azure-ip-ranges.json", plain_azure, ("service", "AzureStorage")),
    "fastly": Real("fastly-ip-ranges.json", plain_fastly, None),
    "gcp": Real("google-cloud-ip-ranges.json", plain_gcp, ("region", "us-east1")),
    "github": Real("github-ip-ranges.json", plain_github, ("service", "actions_macos")),
    "oracle": Real("oracle-cloud-ip-ranges.json", plain_oracle, ("service", "OSN")),
}


def texts(found: AddrSet) -> list[str]:
    """Return the prefixes of a set."""
    return [text for family in FAMILIES for text in found.prefixes(family).texts()]


def collapsed(prefixes: list[str]) -> list[str]:
    """Return what the standard library merges `prefixes` to."""
    networks: list[Any] = [ip_network(prefix) for prefix in prefixes]
    merged = [
        collapse_addresses([one for one in networks if one.version == family.version])
        for family in FAMILIES
    ]
    return [str(network) for part in merged for network in part]


@pytest.mark.parametrize("name", REAL)
def test_real_file_says_what_a_plain_look_says(name: str) -> None:
    real, feed = REAL[name], real_feed(name)
    document = json.loads((data_folder("formats") / real.file).read_text(encoding="utf-8"))
    rows = list(real.rows(document))

    assert texts(feed.addresses()) == collapsed([prefix for prefix, _ in rows])
    if real.asked:
        wanted = [prefix for prefix, tags in rows if tags[real.asked[0]] == real.asked[1]]
        assert wanted
        assert texts(feed.addresses([real.asked])) == collapsed(wanted)


@pytest.mark.parametrize("name", REAL)
def test_real_file_is_accepted_without_a_word(name: str) -> None:
    feed, source = real_feed(name), source_of(name)

    assert feed.records >= source.expect.min_records
    assert feed.warnings == ()
    assert set(feed.tags) == tags_of(source.format, source.options)


@pytest.mark.parametrize(
    ("name", "file"), [("digitalocean", "digitalocean.csv"), ("linode", "linode.txt")]
)
def test_real_geofeed_says_what_a_plain_look_says(name: str, file: str) -> None:
    path = data_folder("formats") / file
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split(",") for line in lines if not line.startswith("#")]
    feed = read(source_of(name), path)

    assert feed.records == len(rows) >= source_of(name).expect.min_records
    assert texts(feed.addresses()) == collapsed([row[0] for row in rows])
    for country in {row[1] for row in rows}:
        here = [row[0] for row in rows if row[1] == country]
        assert texts(feed.addresses([("country", country)])) == collapsed(here)


def test_real_lists_of_cloudflare_and_akamai_are_read() -> None:
    folder = data_folder("formats")
    for file, count in (
        ("cloudflare-v4-ip-ranges.txt", 15),  # no final newline
        ("cloudflare-v6-ip-ranges.txt", 7),
        ("akamai-v4-ip-ranges.txt", 19),  # a tab behind each prefix
        ("akamai-v6-ip-ranges.txt", 3),
    ):
        lines = (folder / file).read_text(encoding="utf-8").split()
        feed = FORMATS["text"].read(
            file, (folder / file).read_bytes(), form_of("text", {"final_newline": "optional"})
        )
        assert feed.records == len(lines) == count
        assert texts(feed.addresses()) == collapsed(lines)


def test_real_file_of_zscaler_is_read_by_the_definition_of_an_operator() -> None:
    path = data_folder("formats") / "zscaler-cloud-ip-ranges.json"
    prefixes = json.loads(path.read_text(encoding="utf-8"))["hubPrefixes"]
    feed = FORMATS["json"].read(
        path.name, path.read_bytes(), form_of("json", {"prefix": "hubPrefixes[]"})
    )
    assert texts(feed.addresses()) == collapsed(prefixes)


# ---- sources whose files are not at hand: cuts in their form ------------------------------------


def test_every_shipped_feed_is_tested_on_a_file() -> None:
    geofeeds = {"digitalocean", "linode"}
    feeds = {name for name in SHIPPED if source_of(name).format != DELEGATED}

    assert feeds == REAL.keys() | geofeeds | {path.stem for path in CUTS.iterdir()} | {"geolite2"}


@pytest.mark.parametrize(
    ("file", "prefixes", "asked", "chosen"),
    [
        (
            "spamhaus-drop.json",
            ["1.10.16.0/20", "1.19.0.0/16", "223.254.0.0/16"],
            ("rir", "apnic"),
            ["1.10.16.0/20", "223.254.0.0/16"],
        ),
        ("spamhaus-drop-v6.json", ["2a06:e480::/29", "2a0b:64c0::/29"], None, []),
        (
            "firehol-level1.netset",
            ["1.10.16.0/20", "5.42.92.0/24", "45.128.0.0/11", "203.8.23.7/32"],
            None,
            [],
        ),
        ("tor-exits.txt", ["162.247.74.201/32", "185.112.146.73/32"], None, []),
        ("emerging-threats.txt", ["1.34.61.22/32", "104.131.97.53/32"], None, []),
        (
            "cloudflare.json",
            ["103.21.244.0/22", "173.245.48.0/20", "2400:cb00::/32"],
            None,
            [],
        ),
        (
            "iptoasn.tsv",
            ["1.0.0.0/24", "1.0.4.0/22", "2001:200::/37"],
            ("asn", "2500"),
            ["2001:200::/37"],
        ),
    ],
)
def test_cut_in_the_form_of_a_source_is_read(
    file: str, prefixes: list[str], asked: tuple[str, str] | None, chosen: list[str]
) -> None:
    feed = read(source_of(Path(file).stem), CUTS / file)

    assert texts(feed.addresses()) == prefixes
    assert not asked or texts(feed.addresses([asked])) == chosen


def test_the_space_nobody_comes_from_is_left_out_of_a_bogon_list_and_told() -> None:
    feed = read(source_of("firehol-level1"), CUTS / "firehol-level1.netset")

    assert [str(prefix) for prefix in feed.dropped.prefixes(V4)] == [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "192.168.0.0/16",
        "224.0.0.0/3",
    ]
    count = 2**29 + 3 * 2**24 + 2**22 + 2**16
    (said,) = feed.warnings
    assert said == (
        f"firehol-level1.netset:31: special-purpose space is left out: {count:,} ipv4 addresses, "
        "such as 0.0.0.0/8 (this network); 6 such rows"
    )
