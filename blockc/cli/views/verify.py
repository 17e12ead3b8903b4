"""What verifying found, as text for people and as JSON for programs."""

from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from blockc.addresses import FAMILIES, AddrSet
from blockc.cli.console import Cell, amount_text, info, show, show_json, show_table, warn
from blockc.cli.options import Settings
from blockc.errors import printable
from blockc.verify.drift import Drift
from blockc.verify.native import NativeAnswer, NativeOutcome
from blockc.workspace.asked_edges import AskedOutput
from blockc.workspace.verifying import CheckedArtifact, Difference, Verification

MOST_PREFIXES, MOST_LISTED = 10, 1_000
Report = dict[str, Any]


def show_verification(settings: Settings, folder: Path, found: Verification) -> None:
    """Print what was read and proved, then all that differs, and say in the end how it came out."""
    if not found.same_bytes:
        old = found.generation.record.blockc
        warn(f"this version of blockc writes other bytes than {old} wrote; what they say is proved")
    if settings.json:
        show_json(verification_report(folder, found))
        return
    if not settings.quiet:
        rows = [_row(list(group)) for _, group in groupby(found.artifacts, _output_of)]
        heads = ["artifact", "target", "files", *(f.name for f in FAMILIES), "proof", "program"]
        moment = found.generation.record.moment
        title = f"Generation {found.generation.name} of {moment:%Y-%m-%d %H:%M} UTC"
        show_table(settings, f"{title}, with entries read by family", heads, rows)
    show_differences(found.differences)
    count = len(found.differences)
    said = f"{count:,} difference{'s' * (count != 1)}" if count else "all is as it was made"
    info(settings, f"{folder}: {said}")


def show_drift(settings: Settings, target: str, differences: Sequence[Difference]) -> None:
    """Print how what a live system has differs from what was published."""
    if settings.json:
        found = [difference_report(one) for one in differences]
        show_json({"target": target, "holds": not found, "differences": found})
        return
    show_differences(differences)
    count = len(differences)
    said = f"{count:,} difference{'s' * (count != 1)} from" if count else "is"
    info(settings, f"what {target} has: {said} what was published")


def show_differences(differences: Sequence[Difference]) -> None:
    """Print all that differs, a paragraph each."""
    for one in differences:
        of_list = f" ({one.holds})" if one.holds else ""
        show(f"{one.stage}: {one.at}{of_list}: {one.message}\n")
        for kind, addresses in _kinds(one.drift):
            for line in _prefix_lines(kind, addresses):
                show(f"  {line}\n")


def _kinds(drift: Drift | None) -> Iterator[tuple[str, AddrSet]]:
    if drift is not None:
        yield "missing", drift.missing
        yield "too many", drift.extra
        yield "another verdict", drift.other


def _prefix_lines(kind: str, addresses: AddrSet) -> Iterator[str]:
    """Yield what is in a set: a line for each family that has something."""
    for family in addresses.families:
        count = addresses.count_of(family)
        if count:
            some = list(map(str, islice(addresses.prefixes(family), MOST_PREFIXES)))
            rest = addresses.prefix_count(family) - len(some)
            more = f" and {rest:,} more" if rest else ""
            yield f"{kind}: {amount_text(family, count)}: {' '.join(some)}{more}"


def _output_of(one: CheckedArtifact) -> str:
    return one.artifact.order.output.path


def _row(artifacts: list[CheckedArtifact]) -> list[Cell]:
    """Return the row of one output: its one artifact, or one per country."""
    spec = artifacts[0].artifact.order
    path = spec.output.path if len(artifacts) > 1 else min(artifacts[0].artifact.files)
    entries = [sum(one.entries.get(family, 0) for one in artifacts) for family in FAMILIES]
    sound = all(proof for one in artifacts for proof in one.proofs)
    files = sum(len(one.artifact.files) for one in artifacts)
    outcomes = [outcome for one in artifacts for outcome in one.native]
    program = _program(outcomes)
    return [path, spec.target.name, files, *entries, "holds" if sound else "FAILS", program]


def _program(outcomes: Sequence[NativeOutcome]) -> str:
    """Return what the real programs said together, the worst first, and why they were not asked."""
    for answer in (NativeAnswer.REFUSED, NativeAnswer.SKIPPED, NativeAnswer.ACCEPTED):
        for one in outcomes:
            if one.answer is answer:
                return f"not asked: {one.reason}" if answer is NativeAnswer.SKIPPED else str(answer)
    return "not asked"


def verification_report(folder: Path, found: Verification) -> Report:
    """Return what verifying found as `docs/json.md` describes it."""
    record = found.generation.record
    return {
        "folder": str(folder.absolute()),
        "generation": found.generation.name,
        "moment": record.moment.isoformat(),
        "blockc": record.blockc,
        "same_bytes": found.same_bytes,
        "holds": not found.differences,
        "artifacts": [_artifact_report(one) for one in found.artifacts],
        "differences": [difference_report(one) for one in found.differences],
    }


def _artifact_report(one: CheckedArtifact) -> Report:
    proofs = [proof for proof in one.proofs if proof]
    return {
        "target": one.artifact.order.target.name,
        "holds": one.artifact.order.name,
        "files": sorted(one.artifact.files),
        "proved": len(proofs) == len(one.proofs),
        "entries": {family.name: one.entries.get(family, 0) for family in FAMILIES},
        "slots": sum(proof.slots for proof in proofs),
        "probes": sum(proof.probes for proof in proofs),
        "programs": [{"answer": str(each.answer), "said": each.reason} for each in one.native],
    }


def difference_report(one: Difference) -> Report:
    """Return a difference as `docs/json.md` describes it."""
    kinds = zip(("missing", "extra", "other"), _kinds(one.drift), strict=False)
    return {
        "stage": one.stage,
        "path": one.at.path,
        "line": one.at.line or None,
        "list": one.holds or None,
        "message": one.message,
        **dict.fromkeys(("missing", "extra", "other")),
        **{key: _set_report(addresses) for key, (_, addresses) in kinds},
    }


def _set_report(addresses: AddrSet) -> Report:
    return {
        family.name: {
            "addresses": str(addresses.count_of(family)),
            "prefixes": list(map(str, islice(addresses.prefixes(family), MOST_LISTED))),
        }
        for family in addresses.families
    }


def show_edges(settings: Settings, outputs: Sequence[AskedOutput]) -> None:
    """Print what each edge has of each output, and how it differs."""
    if settings.json:
        show_json([_asked_report(one) for one in outputs])
        return
    heads = ["edge", "output", "has", "asked with"]
    show_table(settings, "What edges have, and what is published", heads, map(_asked_row, outputs))
    for one in outputs:
        show_differences(one.differences)
        if one.failure:
            info(settings, f"{one.edge}: {printable(one.path)}: {one.failure}")


def _asked_row(one: AskedOutput) -> list[Cell]:
    has = "not asked" if one.failure else "something else" if one.differences else "the same"
    return [one.edge, printable(one.path), has, printable("; ".join(one.commands))]


def _asked_report(one: AskedOutput) -> Report:
    return {
        "edge": one.edge,
        "output": one.path,
        "commands": list(one.commands),
        "holds": not (one.failure or one.differences),
        "failure": one.failure or None,
        "differences": [difference_report(difference) for difference in one.differences],
    }
