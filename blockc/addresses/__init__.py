"""Address algebra: families, sets and maps over a whole address space, and their prefixes.

Start reading at `family` and `columns`, then `partition`: everything else is a partition of the
space with labels. `addrset` and `addrmap` are its two faces, `prefixes` its shortest spelling,
`records` and `world` what the registries say about it, `rules` what a firewall makes of it, and
`text_columns` how lists of it are read and written.
Nothing here reads a clock, a disk, a network or an environment.

The names below are loaded when first used: whoever only needs `Family` must not wait for numpy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blockc.addresses.addrmap import AddrMap
    from blockc.addresses.addrset import AddrSet
    from blockc.addresses.family import FAMILIES, MAPPED, V4, V6, Family, Prefix
    from blockc.addresses.partition import Partition, overlay
    from blockc.addresses.prefixes import Prefixes, minimal_cover

__all__ = [
    "FAMILIES",
    "MAPPED",
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

_HOMES = {
    "family": ("FAMILIES", "MAPPED", "V4", "V6", "Family", "Prefix"),
    "partition": ("Partition", "overlay"),
    "prefixes": ("Prefixes", "minimal_cover"),
    "addrset": ("AddrSet",),
    "addrmap": ("AddrMap",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
