"""Address algebra: families, sets and maps over a whole address space, and their prefixes.

Start reading at `family` and `columns`, then `partition`: everything else is a partition of the
space with labels. `addrset` and `addrmap` are its two faces, `prefixes` its shortest spelling,
`records` and `world` what the registries say about it, `rules` what a firewall makes of it.
Nothing here reads a clock, a disk, a network or an environment.
"""

from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES, V4, V6, Family, Prefix
from blockc.addresses.partition import Partition, overlay
from blockc.addresses.prefixes import Prefixes, minimal_cover

__all__ = [
    "FAMILIES",
    "V4",
    "V6",
    "AddrMap",
    "AddrSet",
    "Family",
    "Partition",
    "Prefix",
    "Prefixes",
    "minimal_cover",
    "overlay",
]
