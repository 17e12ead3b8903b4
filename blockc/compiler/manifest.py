"""The manifest: what a build holds and what it was made from, for machines and auditors.

It has no clock in it: equal inputs give an equal manifest, so a build that changes nothing
publishes nothing.
"""

from collections.abc import Sequence
from typing import Any

from blockc import __version__
from blockc.addresses import FAMILIES, AddrMap, AddrSet
from blockc.compiler.artifacts import Artifact, Inputs
from blockc.compiler.country_split import counts_by_country
from blockc.compiler.impact import PassImpact, counts_report, impact_report
from blockc.passes.request import PassStep
from blockc.policy.meaning.resolve import Resolved, ResolvedList
from blockc.registries.countries import NO_COUNTRY
from blockc.targets.core.verdicts import ContentKind
from blockc.values import json_bytes

SCHEMA = "blockc-manifest/1"


def manifest_bytes(
    resolved: Resolved,
    countries: AddrMap,
    artifacts: Sequence[Artifact],
    harms: Sequence[PassImpact],
    inputs: Inputs,
) -> bytes:
    """Return the manifest of a build as JSON.

    Units: addresses and entries are counts by family; sizes are bytes. Counts of addresses are
    texts, because an IPv6 count exceeds what many JSON readers keep exactly.
    """
    manifest = {
        "schema": SCHEMA,
        "blockc": __version__,
        "sample": inputs.sample,
        "policy": inputs.policy,
        "files": [{"name": n, "digest": f"sha256:{d}"} for n, d in inputs.files.items()],
        "sources": [{"name": s.name, "date": s.date, "digest": s.digest} for s in inputs.sources],
        "lists": {one.name: _list(one, countries) for one in resolved.lists},
        "artifacts": [_artifact(artifact) for artifact in artifacts],
        "harms": [impact_report(harm) for harm in harms],
    }
    return json_bytes(manifest)


def _list(one: ResolvedList, countries: AddrMap) -> dict[str, Any]:
    return {
        "title": one.definition.title,
        "reference": one.definition.reference,
        "action": one.schedule.action,
        "addresses": _counts(one.addresses),
        "prefixes": {f.name: one.addresses.prefix_count(f) for f in FAMILIES},
        "countries": _by_country(one.addresses, countries),
    }


def _counts(addresses: AddrSet) -> dict[str, str]:
    return {family.name: str(addresses.count_of(family)) for family in FAMILIES}


def _by_country(blocked: AddrSet, countries: AddrMap) -> dict[str, dict[str, str]]:
    """Return the blocked addresses by registered country, countries with none left out.

    Empty where no registry was asked: nobody knows then who is registered where.
    """
    if countries.names == (NO_COUNTRY,):
        return {}
    return {
        code: {f.name: str(count) for f, count in zip(blocked.families, counts, strict=True)}
        for code, counts in counts_by_country(blocked, countries).items()
        if any(counts)
    }


def _artifact(artifact: Artifact) -> dict[str, Any]:
    codes = list(artifact.order.codes)
    of_countries = {"countries": codes} if artifact.order.kind is ContentKind.CODES else {}
    return of_countries | {
        "target": artifact.order.target.name,
        "output": artifact.order.output.path,
        "path": artifact.order.path,
        "holds": artifact.order.name,
        "says": str(artifact.order.kind),
        "objects": sorted(
            f"{one.what} {one.value}"
            for orders in artifact.orders
            for orders_of in orders.values()
            for one in orders_of
            if one.claimed
        ),
        "parts": artifact.parts,
        "joined_by": list(artifact.joined_by),
        "files": [
            {"path": path, "bytes": len(artifact.files[path]), "sha256": digest}
            for path, digest in artifact.digests().items()
        ],
        "entries": counts_report(artifact.entries),
        "addresses": {family.name: str(count) for family, count in artifact.addresses.items()},
        "passes": [step_report(step) for step in artifact.steps],
    }


def step_report(step: PassStep) -> dict[str, Any]:
    """Return what a pass did, in numbers, as the manifest and `--json` have it."""
    added = _counts(step.added)  # often one value with what was lost: nothing
    return {
        "name": step.name,
        "contract": str(step.contract),
        "before": counts_report(step.before),
        "after": counts_report(step.after),
        "added": added,
        "lost": added if step.lost is step.added else _counts(step.lost),
    }
