"""Why a list blocks an address or spares it: the entries that hold it, and what follows from them.

The rule is that of `resolve`, said for one address in place of a set: what the tests hold it to.
"""

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from blockc.addresses import columns
from blockc.addresses.addrset import AddrSet
from blockc.policy.meaning.slot_matrix import SlotMatrix

if TYPE_CHECKING:  # `resolve` says with this why a canary came out wrong
    from blockc.policy.meaning.resolve import ListEntry

NEVER_BLOCK = "never_block"


class Reason(StrEnum):
    """Why a list has an address or does not, in the words of people."""

    LISTED = "listed"  # an entry of `block` holds it and nothing spares it
    NOT_ALLOWED = "not allowed"  # the list names whom it allows, and it is not among them
    PROTECTED = "protected"  # it would be listed, and `never_block` spares it
    EXCEPTED = "excepted"  # it would be listed, and an exception spares it
    ALLOWED = "allowed"  # an entry of `allow` holds it
    NOT_LISTED = "not listed"  # no entry of `block` holds it

    @property
    def has(self) -> bool:
        """Return whether the list has the address."""
        return self in (Reason.LISTED, Reason.NOT_ALLOWED)


def reason_of(roles: Collection[str], *, allows: bool) -> Reason:
    """Return what follows for an address from the keys under which entries hold it.

    Args:
        roles: Keys of the list, and `never_block`.
        allows: Whether the list names whom it allows, not whom it blocks.

    >>> reason_of({"block", "except"}, allows=False), reason_of(set(), allows=True)
    (<Reason.EXCEPTED: 'excepted'>, <Reason.NOT_ALLOWED: 'not allowed'>)
    """
    if allows and "allow" in roles:
        return Reason.ALLOWED
    if not allows and "block" not in roles:
        return Reason.NOT_LISTED
    if "except" in roles:
        return Reason.EXCEPTED
    if NEVER_BLOCK in roles:
        return Reason.PROTECTED
    return Reason.NOT_ALLOWED if allows else Reason.LISTED


_DECIDES = {  # a reason -> the key of the entries that decide; none where the lack of them does
    Reason.LISTED: "block",
    Reason.ALLOWED: "allow",
    Reason.EXCEPTED: "except",
    Reason.PROTECTED: NEVER_BLOCK,
}


def deciding(reason: Reason, entries: "Iterable[ListEntry]") -> "list[ListEntry]":
    """Return the entries that decide, of those that hold an address."""
    return [entry for entry in entries if entry.role == _DECIDES.get(reason)]


def held(
    matrix: SlotMatrix, entries: "Sequence[ListEntry]", addresses: AddrSet
) -> "list[ListEntry]":
    """Return the entries that hold the first of some addresses; at least one there must be."""
    for at, part in enumerate(addresses.parts):
        start, _ = part.runs(part.labels)
        if len(start):
            slots = matrix.slots_of(at, start[:1])
            return [one for one in entries if matrix.holds(one.located, at, slots)[0]]
    raise ValueError("there is no address to decide about")


def first_of(addresses: AddrSet) -> str:
    """Return the first of some addresses as text."""
    for part in addresses.parts:
        start, _ = part.runs(part.labels)
        if len(start):
            return part.family.text(columns.ints(part.family, start[:1])[0])
    raise ValueError("there is no address to show")


def entry_text(entry: "ListEntry") -> str:
    """Return an entry as a chain shows it: where it stands, what it is, and who answers for it."""
    at, exemption = entry.located.place.location(), entry.exemption
    said = f"{at}: {entry.role} {entry.located.selector}"
    if exemption and exemption.owner:
        until = f", until {exemption.until}" if exemption.until else ""
        said = f"{said} (owner {exemption.owner}: {exemption.reason}{until})"
    return said
