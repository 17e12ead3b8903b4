"""The space that a list may block although nobody asked for it, if that saves entries."""

from blockc.addresses import columns
from blockc.addresses.addrset import AddrSet, union
from blockc.addresses.columns import Column, Spans
from blockc.registries.registry_map import RegistryMap
from blockc.registries.special import (
    protected_addresses,
    special_addresses,
    special_purpose,
)
from blockc.vocabulary import DontCare


def dont_care_space(tier: DontCare, world: RegistryMap) -> AddrSet:
    """Return the space of `tier`, whole /64s in IPv6.

    Special-purpose space with local users is never part of it, whatever the registries say: it
    has real clients on the near side of a firewall.
    """
    if tier == DontCare.OFF:
        return AddrSet.empty(world.families)
    kept = ["available"] if tier == DontCare.RESERVED else []
    usable = world.select(statuses=["other", *kept]) - special_addresses()
    taken = union([world.delegated(), usable, protected_addresses(), reachable_addresses()])
    return ~AddrSet.of_spans({f: _whole_units(*taken.spans(f)) for f in taken.families})


def reachable_addresses() -> AddrSet:
    """Return the special-purpose space that may be the source of traffic from the Internet."""
    return AddrSet.of(row.prefix for row in special_purpose() if row.reachable)


def _whole_units(start: Column, last: Column) -> Spans:
    """Return spans widened to whole units, so that columns stay narrow (see `columns`)."""
    if not columns.is_wide(start):
        return start, last
    return columns.split(start)[0], columns.split(last)[0]
