"""Addresses to ask a real program about: both ends of slots, where a mistake would show."""

from ipaddress import ip_address, ip_network
from random import Random

import numpy as np

from blockc.addresses import FAMILIES, AddrMap, AddrSet, Family, Prefix, columns
from blockc.addresses.columns import Column
from blockc.addresses.lines import address_texts

SLOTS_A_FAMILY = 1_000


def listed(seed: int, count: int = 900) -> AddrSet:
    """Return about `count` prefixes a family: near each other, touching, nested, and alone."""
    random = Random(seed)
    found = []
    for family in FAMILIES:
        longest = family.width
        bases = [random.getrandbits(12) << (longest - 12) for _ in range(40)]
        for _ in range(count):
            length = random.choice([*range(longest // 2, longest + 1), longest, longest])
            host = longest - length
            first = random.choice(bases) | random.getrandbits(longest - 12)
            found.append(Prefix(family, first >> host << host, length))
            if random.random() < 0.2:
                neighbour = found[-1].first ^ found[-1].size
                found.append(Prefix(family, neighbour, length))
    return AddrSet.of(found)


def ends(
    intent: AddrMap, family: Family, slots: int | None = SLOTS_A_FAMILY, seed: int = 0
) -> Column:
    """Return first and last address of `slots` slots, those at the ends of the space too.

    Of all slots if `slots` is None.

    Source: between two boundaries the answer cannot change, so two probes a slot decide.
    """
    part = intent.part(family)
    count = len(part.starts)
    rows = list(range(count))
    if slots is not None and count > slots:
        rows = sorted({0, *Random(seed).sample(rows[1:-1], slots - 2), count - 1})
    starts, lasts = columns.widen(part.starts), columns.widen_lasts(part.lasts)
    if not family.grain:
        starts, lasts = part.starts, part.lasts
    return np.unique(np.concatenate([starts[rows], lasts[rows]]))


def verdicts(intent: AddrMap, family: Family, addresses: Column) -> dict[str, str]:
    """Return text -> the verdict the intent gives it."""
    labels = intent.part(family).at(addresses).tolist()
    return dict(
        zip(address_texts(family, addresses), (intent.names[at] for at in labels), strict=True)
    )


def blocked(intent: AddrMap, family: Family, addresses: Column) -> dict[str, bool]:
    """Return text -> whether the intent gives it a verdict."""
    return {text: bool(said) for text, said in verdicts(intent, family, addresses).items()}


def mapped(text: str) -> bool:
    """Return whether this is an IPv4 address in the clothes of IPv6, which servers take off."""
    return getattr(ip_address(text), "ipv4_mapped", None) is not None


def reaches_a_hook(text: str, hook: str) -> bool:
    """Return whether the kernel hands packets from this source to netfilter at `hook` at all.

    Before any hook it drops IPv6 from loopback, multicast and IPv4-mapped sources (ipv6_rcv);
    before `input` also IPv4 from 0/8, 127/8, 224/4 and broadcast (ip_route_input_slow).
    """
    address = ip_address(text)
    never = ["::1/128", "ff00::/8", "::ffff:0:0/96"]
    if hook == "input":
        never += ["0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32"]
    return not any(address in ip_network(net) for net in never)
