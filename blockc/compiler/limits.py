"""What the passes are asked for: the limits to keep to, and what may be given up for them."""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from blockc.addresses import FAMILIES, columns
from blockc.addresses.addrset import AddrSet, union
from blockc.addresses.columns import Column, Spans
from blockc.compiler.orders import ArtifactSpec
from blockc.passes.budget.weights import Weights, never_blocked
from blockc.passes.request import PassRequest
from blockc.policy.model import Fit
from blockc.registries.records import Records
from blockc.registries.registry_map import RegistryMap
from blockc.registries.special import (
    protected_addresses,
    special_addresses,
    special_purpose,
)
from blockc.targets.core.target import Target
from blockc.targets.core.target_options import OptionContext
from blockc.values import Value, field, replace
from blockc.vocabulary import LOSSY, DontCare, WhenOver

T = TypeVar("T")


class Limits(Value):
    """Makes the request of each order of a build; what orders share is worked out once.

    `protected`: what the policy protects. Beyond what lists say no pass may block it, nor
    special-purpose space with local users.
    """

    world: RegistryMap
    records: Sequence[Records]
    protected: AddrSet
    known: dict[Hashable, object] = field(default_factory=dict)

    def of(self, order: ArtifactSpec) -> PassRequest:
        """Return what the passes must keep to, and what they may give up."""
        target, fit = order.target, order.output.fit
        whole = OptionContext(order.word, int(fit.when_over is WhenOver.SPLIT), order.kind)
        capacity = target.capacity(target.settle(order.output.options, whole))
        limits = [limit for limit in (fit.max_entries, capacity) if limit is not None]
        together = target.max_entries is not None and target.max_entries.together
        parts = [fit.parts, order.joint.most if order.joint else None]
        return replace(
            self.fitting(fit, target),
            max_entries=min(limits, default=None),
            shared=together,
            most_parts=min((one for one in parts if one is not None), default=None),
        )

    def fitting(self, fit: Fit, target: Target) -> PassRequest:
        """Return what `fit` asks for, the target's own limit left out."""
        when_over = fit.when_over
        lengths = target.lengths
        return PassRequest(
            dont_care=self._dont_care(fit.dont_care),
            protected=self._protected(fit),
            max_entries=fit.max_entries,
            when_over=when_over,
            mu=fit.mu,
            weights=self._weights(fit) if when_over in LOSSY else None,
            lengths={family: lengths.of(family) for family in FAMILIES} if lengths else {},
            most_lengths=fit.lengths,
        )

    def _dont_care(self, tier: DontCare) -> AddrSet | None:
        if tier is DontCare.OFF:
            return None
        return self._once(tier, lambda: dont_care_space(tier, self.world))

    def _protected(self, fit: Fit) -> AddrSet:
        def protected() -> AddrSet:
            spared = never_blocked(self.world, fit.spare)
            return union([self.protected, protected_addresses(), spared])

        return self._once(("protected", *fit.spare), protected)

    def _weights(self, fit: Fit) -> Weights:
        """Return the weights of harm: only what is delegated can be harmed."""
        key = (fit.weigh, *fit.factors.items())
        if fit.weigh == "delegations":
            return self._once(key, lambda: Weights.of_delegations(self.records, fit.factors))
        return self._once(key, lambda: Weights.of_addresses(self.world, fit.factors))

    def _once(self, key: Hashable, make: Callable[[], T]) -> T:
        if key not in self.known:
            self.known[key] = make()
        return self.known[key]  # type: ignore[return-value]  # a key always has one type


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
