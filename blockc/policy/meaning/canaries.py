"""Canaries: addresses that must come out one way, and the whole reason when one does not."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from blockc.addresses.addrset import AddrSet
from blockc.errors import PolicyError
from blockc.policy.meaning.deciding import (
    Reason,
    deciding,
    entry_text,
    first_of,
    held,
    reason_of,
)
from blockc.policy.meaning.slot_matrix import SlotMatrix
from blockc.policy.model import Protect
from blockc.tomlio.tables import Findings

if TYPE_CHECKING:  # `resolve` asks for them
    from blockc.policy.meaning.resolve import ListEntry, ResolvedList

_MOST_LISTS = 3  # that a message names


def require_canaries(
    protect: Protect,
    lists: "Sequence[ResolvedList]",
    never_block: "Sequence[ListEntry]",
    matrix: SlotMatrix,
) -> None:
    """Raise every canary that came out wrong, whatever the stage of the lists, and why it did.

    A list that allows blocks nearly everything, so only lists that block can fail `must_allow`.

    Args:
        never_block: The entries of protected space.
        matrix: What the lists were drawn on.
    """
    findings = Findings(PolicyError)
    for canary in protect.must_block:
        wanted = canary.addresses.as_set(matrix.selectors.families)
        left = [(one, wanted - one.addresses) for one in lists]
        if all(spared for _, spared in left):
            why = _why_not_blocked(wanted, left, never_block, matrix)
            findings.add(canary.place, f"{canary.addresses} must be blocked, and {why}")
    for canary in protect.must_allow:
        wanted = canary.addresses.as_set(matrix.selectors.families)
        for one in lists:
            blocked = wanted & one.addresses
            if one.definition.block and blocked:
                why = _chain(one, blocked, wanted, never_block, matrix)[1]
                said = f"{canary.addresses} must be allowed, and list {one.name!r} blocks it"
                findings.add(canary.place, f"{said}{why}")
    findings.require_none()


def _why_not_blocked(
    wanted: AddrSet,
    left: "Sequence[tuple[ResolvedList, AddrSet]]",
    never_block: "Sequence[ListEntry]",
    matrix: SlotMatrix,
) -> str:
    """Return why no list blocks the whole of a canary: what spares it, else who holds it."""
    why = list[str]()
    for one, rest in left:
        reason, chain = _chain(one, rest, wanted, never_block, matrix)
        if reason is Reason.PROTECTED:
            return f"never_block spares it{chain}"
        if reason in (Reason.EXCEPTED, Reason.ALLOWED) and len(why) < _MOST_LISTS:
            why.append(f"list {one.name!r} spares it{chain}")
    rest = left[0][1] if left else wanted
    return f"no list blocks it: {'; '.join([*why, _registered(rest, matrix)])}"


def _registered(addresses: AddrSet, matrix: SlotMatrix) -> str:
    """Return where the first of some addresses is registered."""
    at = next(at for at, part in enumerate(addresses.parts) if part.labels.any())
    part = addresses.parts[at]
    (country,) = matrix.country_of(at, matrix.slots_of(at, part.runs(part.labels)[0][:1]))
    return f"{first_of(addresses)} is registered in {country or 'no country'}"


def _chain(
    one: "ResolvedList",
    asked: AddrSet,
    whole: AddrSet,
    never_block: "Sequence[ListEntry]",
    matrix: SlotMatrix,
) -> "tuple[Reason, str]":
    """Return why the first address that is asked comes out as it does in a list, also in words.

    Args:
        whole: What else came with it; the address is named where it is a part of that.
    """
    entries = [counted.entry for counted in one.entries]
    holding = held(matrix, [*entries, *never_block], asked)
    reason = reason_of({entry.role for entry in holding}, allows=bool(one.definition.allow))
    texts = [entry_text(entry) for entry in deciding(reason, holding)]
    which = "" if asked.count == whole.count == 1 else f" ({first_of(asked)} of it)"
    return reason, f"{which}: {', '.join(texts)}" if texts else which
