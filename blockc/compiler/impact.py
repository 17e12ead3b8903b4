"""Whom the passes of a build hit that give something up, and what each pass saved."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from blockc.addresses import AddrSet, Family
from blockc.compiler.artifacts import Artifact
from blockc.passes.request import PassStep
from blockc.policy.syntax.selectors import AddressRange
from blockc.registries.records import Records
from blockc.values import Value, replace

if TYPE_CHECKING:  # most builds give nothing up
    from blockc.passes.affected import Impact


class PassImpact(Value, eq=False):
    """What one pass did to addresses of artifacts that are compiled alike.

    Attributes:
        artifacts: Those that hold what the pass made.
        added: What it blocks although no list says so, out of all that no list names; a value a
            family that gained addresses.
        lost: What it lets through although a list blocks it, out of all that is listed.
    """

    artifacts: tuple[Artifact, ...]
    step: PassStep
    added: "tuple[Impact, ...]"
    lost: "tuple[Impact, ...]"

    @property
    def files(self) -> tuple[str, ...]:
        """Return the files that hold what the pass made."""
        return tuple(sorted(path for one in self.artifacts for path in one.files))


def impacts_of(artifacts: Iterable[Artifact], records: Sequence[Records]) -> tuple[PassImpact, ...]:
    """Return what was done by every pass that changed what addresses get."""
    return tuple(
        _harm(alike, step, records)
        for alike in alike_artifacts(artifacts)
        for step in alike[0].steps
        if step.added or step.lost
    )


def _harm(alike: tuple[Artifact, ...], step: PassStep, records: Sequence[Records]) -> PassImpact:
    intent = alike[0].order.intent
    listed = intent.where(intent.names[1:])
    added = _hits(step.added, ~listed, records)
    return PassImpact(alike, step, added, _hits(step.lost, listed, records))


def alike_artifacts(artifacts: Iterable[Artifact]) -> Iterator[tuple[Artifact, ...]]:
    """Yield artifacts together that were compiled once for all of them, in order."""
    groups: dict[Hashable, list[Artifact]] = {}
    for artifact in artifacts:
        groups.setdefault(artifact.recipe, []).append(artifact)
    yield from map(tuple, groups.values())


def _hits(addresses: AddrSet, among: AddrSet, records: Sequence[Records]) -> "tuple[Impact, ...]":
    """Return what `addresses` hit, out of all that `among` would."""
    if not addresses:
        return ()
    from blockc.passes.affected import impact_of

    pairs = zip(impact_of(addresses, records), impact_of(among, records), strict=True)
    return tuple(
        replace(hit, all_delegated=whole.delegated, all_delegations=whole.delegations)
        for hit, whole in pairs
        if hit.addresses
    )


def impact_report(harm: PassImpact) -> dict[str, Any]:
    """Return a harm as the manifest and `--json` have it, without the moment it was seen.

    Units: numbers of addresses are texts, because an IPv6 count exceeds what many readers keep.
    """
    step = harm.step
    return {
        "files": list(harm.files),
        "pass": step.name,
        "contract": str(step.contract),
        "before": counts_report(step.before),
        "after": counts_report(step.after),
        "added": [_hit_report(hit) for hit in harm.added],
        "lost": [_hit_report(hit) for hit in harm.lost],
    }


def counts_report(counts: Mapping[Family, int]) -> dict[str, int]:
    """Return numbers of entries by the name of the family."""
    return {family.name: count for family, count in counts.items()}


def _hit_report(hit: "Impact") -> dict[str, Any]:
    return {
        "family": hit.family.name,
        "addresses": str(hit.addresses),
        "delegated": str(hit.delegated),
        "all_delegated": str(hit.all_delegated),
        "delegations": hit.delegations,
        "all_delegations": hit.all_delegations,
        "countries": [
            {"code": c.code, "addresses": str(c.addresses), "delegations": c.delegations}
            for c in hit.countries
        ],
        "hardest": [
            {
                "registry": one.registry,
                "country": one.country,
                "range": str(AddressRange(hit.family, one.first, one.last)),
                "line": one.row,
                "addresses": str(one.addresses),
            }
            for one in hit.hardest
        ],
    }
