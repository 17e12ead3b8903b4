"""Real worlds: the bundled sample and the sets in the folder of real data, read once a run."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from functools import cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Network,
    collapse_addresses,
    summarize_address_range,
)
from pathlib import Path

from blockc.addresses import FAMILIES, AddrSet, Family
from blockc.fetch.folder import read_folder
from blockc.registries.registry_map import RegistryMap
from blockc.workspace.inputs import InputOptions, sample_folder
from blockc.workspace.project import Project

TODAY = date(2026, 11, 23)
Code = str
Networks = Mapping[tuple[Code, str], list[str]]


@cache
def world_of(folder: Path) -> RegistryMap:
    """Return the world of the registry files in `folder`."""
    found = Project().registries(InputOptions(folder=folder, as_of=TODAY))
    return RegistryMap.of(records for one in found for records in one.records)


def sample_world() -> RegistryMap:
    """Return the world of the bundled sample."""
    return world_of(sample_folder())


def of_countries(world: RegistryMap, *codes: Code) -> AddrSet:
    """Return what is delegated to the countries."""
    return world.select(countries=codes, statuses=["allocated", "assigned"])


def cover(addresses: AddrSet) -> dict[Family, int]:
    """Return the number of minimal prefixes of each family."""
    return {family: len(addresses.prefixes(family)) for family in FAMILIES}


def plainly_collapsed(folder: Path) -> Networks:
    """Return country and family -> minimal prefixes, by the standard library alone."""
    four: dict[Code, list[IPv4Network]] = defaultdict(list)
    six: dict[Code, list[IPv6Network]] = defaultdict(list)
    for raw in read_folder(folder).values():
        for line in raw.data.decode("ascii").splitlines():
            fields = line.split("|")
            if len(fields) < 7 or fields[6] not in ("allocated", "assigned"):
                continue
            code = fields[1] or "ZZ"
            if fields[2] == "ipv4":
                first = IPv4Address(fields[3])
                last = IPv4Address(int(first) + int(fields[4]) - 1)
                four[code] += summarize_address_range(first, last)
            elif fields[2] == "ipv6":
                six[code].append(IPv6Network(f"{fields[3]}/{fields[4]}"))
    collapsed = {
        (code, "ipv4"): [*map(str, collapse_addresses(found))] for code, found in four.items()
    }
    collapsed |= {
        (code, "ipv6"): [*map(str, collapse_addresses(found))] for code, found in six.items()
    }
    return collapsed
