"""The formats blockc reads: name, description and reader."""

from collections.abc import Callable
from dataclasses import dataclass

from blockc.addresses.addrset import AddrSet
from blockc.formats.delegated import Delegated, read_delegated
from blockc.formats.text import read_list


@dataclass(frozen=True, slots=True)
class Format:
    """A form of source file. `read` takes the file's name, for messages, and its bytes."""

    name: str
    description: str
    read: Callable[[str, bytes], Delegated | AddrSet]


FORMATS = {
    one.name: one
    for one in (
        Format(
            "delegated", "a registry's delegation file, plain, extended or combined", read_delegated
        ),
        Format("text", "addresses, prefixes and ranges, one a line", read_list),
    )
}
