"""What a pass promises about the meaning of its rules, and the check of that promise."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import Family
from blockc.addresses.partition import Partition, overlay
from blockc.addresses.prefixes import minimal_cover
from blockc.errors import Miscompiled
from blockc.values import Value

Mask = NDArray[np.bool_]


class Contract(StrEnum):
    """Which addresses may get another verdict than the one asked for.

    No contract lets a pass replace a verdict by another one, nor give a verdict to protected
    space; what differs is who may gain a verdict and who may lose it.
    """

    EXACT = "exact"  # nobody
    WITHIN_DONT_CARE = "within don't-care space"  # don't-care space may gain one
    WIDENING = "widening"  # any space may gain one, nobody loses it
    NARROWING = "narrowing"  # some lose it, only don't-care space may gain one
    BALANCED = "balanced"  # some gain one, some lose it


#: The contracts that change nothing for anybody who is asked about.
HARMLESS = (Contract.EXACT, Contract.WITHIN_DONT_CARE)
_MAY_LOSE = (Contract.NARROWING, Contract.BALANCED)
_MAY_GAIN = (Contract.WIDENING, Contract.BALANCED)


class Change(Value):
    """The addresses that gained a verdict and the ones that lost it."""

    added: AddrSet
    lost: AddrSet


class ContractScope(Value):
    """A contract with the space it speaks about and the entries it may use.

    Invariant: `dont_care` and `protected` share no address, nor does either hold wanted space.
    """

    contract: Contract
    dont_care: AddrSet
    protected: AddrSet

    def require_kept(self, name: str, wanted: AddrMap, got: AddrMap) -> Change:
        """Return how `got` differs from `wanted`, which the pass `name` may have caused.

        Raises:
            Miscompiled: If it may not; the message has the first prefix that is wrong.

        Cost: O(n log n) for n runs in all.
        """
        if wanted.names != got.names:
            raise Miscompiled(f"pass {name} renamed the verdicts")
        parts = [self._compare(name, *pair) for pair in zip(wanted.parts, got.parts, strict=True)]
        added, lost = (AddrSet(tuple(pair[at] for pair in parts)) for at in (0, 1))
        return Change(added, lost)

    def _compare(self, name: str, wanted: Partition, got: Partition) -> tuple[Partition, Partition]:
        family = wanted.family
        if wanted == got:
            nothing = Partition.filled(family, np.False_)
            return nothing, nothing
        slots, (old, new, free, shut) = overlay(
            wanted, got, self.dont_care.part(family), self.protected.part(family)
        )
        added, lost = (old == 0) & (new != 0), (old != 0) & (new == 0)
        wrong = {
            "changed the verdict of": (old != 0) & (new != 0) & (old != new),
            "gave a verdict to protected": added & shut,
            "gave a verdict to": self._unasked(added, free),
            "lost": lost & (self.contract not in _MAY_LOSE),
        }
        for what, where in wrong.items():
            _require_nowhere(f"pass {name} ({self.contract}) {what}", family, slots, where)
        return Partition.of(family, slots, added), Partition.of(family, slots, lost)

    def _unasked(self, added: Mask, free: Mask) -> Mask:
        """Return which of the slots that gained a verdict the contract lets gain none."""
        if self.contract == Contract.EXACT:
            return added
        return added & ~free & (self.contract not in _MAY_GAIN)


def _require_nowhere(message: str, family: Family, slots: columns.Column, where: Mask) -> None:
    if not where.any():
        return
    wrong = Partition.of(family, slots, where)
    first = next(iter(minimal_cover(family, *wrong.runs(wrong.labels))))
    raise Miscompiled(f"{message} {first}", hint="this is a mistake in blockc, please report it")
