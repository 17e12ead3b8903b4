"""A small world, a few groups and feeds, and the way from a policy's text to its meaning."""

from collections.abc import Collection, Mapping
from datetime import date

import numpy as np

from blockc.addresses.addrset import AddrSet
from blockc.addresses.columns import span_columns
from blockc.addresses.family import V4, V6, Family
from blockc.addresses.parse import parse_span
from blockc.policy.checking.parse_policy import parse_policy
from blockc.policy.meaning.resolve import Resolved, resolve
from blockc.policy.model import FeedFacts, Known, Policy, TargetFacts
from blockc.policy.syntax.country_groups import CountryGroup
from blockc.registries.records import REGISTRIES, STATUSES, Records, country_number
from blockc.registries.registry_map import RegistryMap

TODAY = date(2026, 11, 23)
Row = tuple[str, str, str, str]
ROWS: tuple[Row, ...] = (
    ("10.0.0.0/9", "CN", "apnic", "allocated"),
    ("10.128.0.0/10", "US", "arin", "assigned"),
    ("10.192.0.0/16", "", "apnic", "assigned"),
    ("10.193.0.0/16", "ZZ", "afrinic", "allocated"),
    ("10.194.0.0/16", "", "ripencc", "available"),
    ("10.195.0.0/16", "EU", "ripencc", "allocated"),
    ("2001:db8::/32", "CN", "apnic", "allocated"),
)
GROUPS = {
    "both": CountryGroup("both", "Both", ("CN", "US"), "https://example.com", TODAY),
    "old": CountryGroup("old", "Old", ("CN",), "https://example.com", date(2020, 1, 1)),
}
TARGETS = {
    "plain": TargetFacts(),
    "map": TargetFacts(
        frozenset({"variable", "status"}),
        several_lists=True,
        country_map=True,
        actions_of_lists=frozenset({"monitor", "warn", "block"}),
        statuses=frozenset({400, 403, 404, 451}),
        links=True,
    ),
    "single": TargetFacts(frozenset({"scope"}), one_family=True),
    "whole": TargetFacts(whole=True),
}
#: target -> the schema of each of its options
OPTIONS: Mapping[str, Mapping[str, object]] = {
    "plain": {},
    "map": {
        "variable": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 499},
    },
    "single": {"scope": {"type": "string"}},
    "whole": {},
}
SOURCES = {"drop": FeedFacts(frozenset({"kind", "region"})), "tor": FeedFacts()}
KNOWN = Known(TARGETS, GROUPS, SOURCES)


class Feeds:
    """Sources that are known by heart."""

    def feed(self, name: str, filters: object) -> AddrSet:
        chosen = {"drop": "198.51.100.0/25" if filters else "198.51.100.0/24"}
        return addresses(chosen[name]) if name in chosen else AddrSet.empty()

    def asn(self, numbers: Collection[int]) -> AddrSet:
        return addresses("192.0.2.0/24") if 64500 in numbers else AddrSet.empty()

    def as_numbers(self, name: str) -> Collection[int]:
        return {"drop": [64500, 64501]}.get(name, [])


class Files(dict[str, bytes]):
    """Files that exist only here; called, they are read."""

    def __call__(self, path: str) -> bytes:
        if path not in self:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self[path]


def addresses(*texts: str) -> AddrSet:
    """Return the union of addresses, prefixes and ranges."""
    return AddrSet.of_ranges(parse_span(text) for text in texts)


def records(family: Family) -> Records:
    """Return the rows of one family as columns."""
    mine = [(span, row) for row in ROWS if (span := parse_span(row[0]))[0] == family]
    start, last = span_columns(family, [(first, end) for (_, first, end), _ in mine])
    return Records(
        family,
        start,
        last,
        np.array([country_number(row[1]) for _, row in mine], dtype=np.uint16),
        np.array([REGISTRIES.index(row[2]) for _, row in mine], dtype=np.uint8),
        np.array([STATUSES.index(row[3]) for _, row in mine], dtype=np.uint8),
        np.full(len(mine), 20200101, dtype=np.int32),
        np.arange(1, len(mine) + 1, dtype=np.int32),
    )


WORLD = RegistryMap.of([records(V4), records(V6)])


def parsed(text: str, files: Mapping[str, bytes] | None = None) -> Policy:
    """Return the policy of `text`, whose first line is located here."""
    read_file = Files(files or {})
    full = "version = 1\n" + text
    return parse_policy("etc/blockc.toml", full, known=KNOWN, read_file=read_file)


def resolved(
    text: str,
    files: Mapping[str, bytes] | None = None,
    *,
    as_of: date = TODAY,  # a day or an instant
    allow_expired: bool = False,
) -> Resolved:
    """Return what `text` means in the small world."""
    return resolve(
        parsed(text, files),
        WORLD,
        read_file=Files(files or {}),
        as_of=as_of,
        feeds=Feeds(),
        allow_expired=allow_expired,
    )
