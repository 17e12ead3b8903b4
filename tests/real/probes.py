"""Addresses to ask a real program about: both ends of slots, where a mistake would show."""

from ipaddress import ip_address, ip_network
from random import Random

from blockc.addresses import FAMILIES, AddrMap, AddrSet, Family, Prefix, columns

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


def ends(intent: AddrMap, family: Family, seed: int = 0) -> list[int]:
    """Return first and last address of `SLOTS_A_FAMILY` slots, those at the ends of the space too.

    Source: between two boundaries the answer cannot change, so two probes a slot decide.
    """
    part = intent.part(family)
    pairs = list(
        zip(columns.ints(family, part.starts), columns.last_ints(family, part.lasts), strict=True)
    )
    inner = Random(seed).sample(pairs[1:-1], min(SLOTS_A_FAMILY - 2, max(0, len(pairs) - 2)))
    return sorted({address for pair in [pairs[0], *inner, pairs[-1]] for address in pair})


def texts(family: Family, addresses: list[int]) -> list[str]:
    """Return addresses as text."""
    return [family.text(address) for address in addresses]


def blocked(intent: AddrMap, family: Family, addresses: list[int]) -> dict[str, bool]:
    """Return text -> whether the intent blocks it."""
    labels = intent.part(family).at(columns.column(family, addresses)).tolist()
    return dict(zip(texts(family, addresses), (bool(label) for label in labels), strict=True))


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
