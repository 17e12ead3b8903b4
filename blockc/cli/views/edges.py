"""Edges and what protects them, as tables for people and as JSON for programs."""

from collections.abc import Iterator
from datetime import date

from blockc.cli.console import Cell, info, show, show_table
from blockc.cli.options import Settings
from blockc.cli.views.generations import instant
from blockc.explain.edges import Coverage, EdgeCoverage, ListStage, Protection
from blockc.policy.meaning.schedule import schedule_text

_COUNTRY_MAP = "the country map"


def coverage_report(found: Coverage) -> dict[str, object]:
    """Return what protects each edge as `docs/json.md` describes it."""
    return {
        "edges": [_edge_report(one) for one in found.edges],
        "edges_without_output": list(found.bare),
        "edges_behind": list(found.behind),
        "lists_without_edge": list(found.loose_lists),
        "outputs_without_edge": list(found.loose_outputs),
    }


def _edge_report(one: EdgeCoverage) -> dict[str, object]:
    edge = one.edge
    return {
        "name": edge.name,
        "kind": edge.kind,
        "owner": edge.owner,
        "hosts": list(edge.hosts),
        "domains": list(edge.domains),
        "outputs": [_protection_report(each) for each in one.protections],
    }


def _protection_report(one: Protection) -> dict[str, object]:
    receipt = one.receipt
    return {
        "path": one.output.path,
        "target": one.output.target,
        "lists": [_stage_report(each) for each in one.lists],
        "current": one.current,
        "runs": {
            "generation": receipt.generation,
            "at": receipt.at.isoformat(),
            "by": receipt.by,
        }
        if receipt
        else None,
    }


def _stage_report(one: ListStage) -> dict[str, object]:
    then = one.schedule.then
    return {
        "list": one.list,
        "action": one.schedule.action,
        "next_action": then.action if then else None,
        "next_from": str(then.start) if then else None,
    }


def show_coverage(settings: Settings, found: Coverage, day: date) -> None:
    """Print what protects each edge, and what is missing."""
    if found.edges:
        heads = ["edge", "kind", "owner", "output", "lists", "runs"]
        rows = [row for one in found.edges for row in _rows(one, day)]
        show_table(settings, "Edges and what protects them", heads, rows)
    else:
        info(settings, "the policy names no edge; [edge.NAME] says what the company runs")
    gaps = list(_gaps(found)) if found.edges else []
    if gaps:
        show("\n")
        show_table(settings, "Missing", ["what", "which"], gaps)
    elif found.edges:
        info(settings, "every edge has an output, and every list and output reaches an edge")


def _rows(one: EdgeCoverage, day: date) -> Iterator[list[Cell]]:
    head: list[Cell] = [one.edge.name, one.edge.kind, one.edge.owner]
    if not one.protections:
        yield [*head, "none", "", ""]
    for number, each in enumerate(one.protections):
        stages = [f"{s.list}: {schedule_text(s.schedule, day)}" for s in each.lists]
        stages = stages or [_COUNTRY_MAP]
        yield [
            *(head if not number else ["", "", ""]),
            each.output.path,
            "; ".join(stages),
            _runs(each),
        ]


def _runs(one: Protection) -> str:
    """Return what is known to run, as people read it."""
    if one.receipt is None:
        return "not known"
    words = {True: "what is published", False: "an OLDER state", None: "not known whether current"}
    return f"{words[one.current]}: {one.receipt.generation} since {instant(one.receipt.at)}"


def _gaps(found: Coverage) -> Iterator[list[Cell]]:
    for what, names in (
        ("edges without an output", found.bare),
        ("edges that run something else than what is published", found.behind),
        ("lists that reach no edge", found.loose_lists),
        ("outputs that no edge uses", found.loose_outputs),
    ):
        if names:
            yield [what, ", ".join(names)]
