"""The fewest prefixes of every country at once, beside netaddr and ipaddress."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import Any

from blockc.addresses import columns
from blockc.addresses.family import V4, Family
from blockc.addresses.prefixes import minimal_cover
from blockc.registries.records import UNKNOWN_COUNTRIES, Records, country_text
from blockc.registries.registry_map import RegistryMap
from tests.bench.clock import in_turns
from tests.bench.inputs import records
from tests.bench.table import Row, Scale

NETADDR: Any = import_module("netaddr")  # publishes no type information
Blocks = dict[tuple[str, Family], list[tuple[int, int]]]


def rows(scale: Scale) -> Iterator[Row]:
    """Yield records to prefixes by blockc, and by each peer from objects that are ready."""
    parts = [one for pieces in records(scale.folder).values() for one in pieces]
    if scale.small:
        parts = [part.take(slice(None, None, 500)) for part in parts]
    blocks = by_country(parts)
    networks, cidrs = _networks(blocks), _cidrs(blocks)
    best = in_turns(
        min(scale.rounds, 2),
        {
            "blockc": lambda: covered(parts),
            "ipaddress": lambda: collapsed(networks),
            "netaddr": lambda: merged(cidrs),
        },
    )
    mine, found = covered(parts), {"ipaddress": collapsed(networks), "netaddr": merged(cidrs)}
    best |= in_turns(scale.rounds, {"blockc": lambda: covered(parts)})
    for peer, count in found.items():
        yield Row(
            what=f"all countries, both families, {mine:,} prefixes",
            seconds=best["blockc"],
            peer=peer,
            peer_seconds=best[peer],
            reach="<= 60 ms, >= 30x",
            differs=count != mine,
        )


def covered(parts: Sequence[Records]) -> int:
    """Return how many prefixes cover every country, from records, overlaps resolved."""
    mapped = RegistryMap.of(parts).countries().parts
    return sum(len(minimal_cover(one.family, *one.runs(one.labels != 0))) for one in mapped)


def by_country(parts: Sequence[Records]) -> Blocks:
    """Return first addresses and lengths of the blocks of every delegated record by country."""
    found: Blocks = {}
    for part in parts:
        rows = part.take(part.delegated)
        firsts = columns.ints(part.family, rows.start)
        lasts = columns.last_ints(part.family, rows.last)
        for first, last, number in zip(firsts, lasts, rows.country.tolist(), strict=True):
            code = country_text(number)
            country = "ZZ" if code in UNKNOWN_COUNTRIES else code
            blocks = minimal_cover(part.family, *columns.span_columns(part.family, [(first, last)]))
            found.setdefault((country, part.family), []).extend(
                (block.first, block.length) for block in blocks
            )
    return found


def _networks(blocks: Blocks) -> list[list[Any]]:
    kinds = {family: IPv4Network if family == V4 else IPv6Network for _, family in blocks}
    return [[kinds[family](one) for one in many] for (_, family), many in blocks.items()]


def _cidrs(blocks: Blocks) -> list[list[Any]]:
    return [
        [NETADDR.IPNetwork((first, length), version=family.version) for first, length in many]
        for (_, family), many in blocks.items()
    ]


def collapsed(networks: Sequence[Sequence[Any]]) -> int:
    """Return how many prefixes ipaddress needs."""
    return sum(len(list(collapse_addresses(one))) for one in networks)


def merged(cidrs: Sequence[Sequence[Any]]) -> int:
    """Return how many prefixes netaddr needs."""
    return sum(len(NETADDR.cidr_merge(one)) for one in cidrs)
