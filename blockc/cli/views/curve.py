"""The curve of a list as tables for people and as JSON for programs."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from blockc.cli.console import Cell, Figure, amount, amount_text, show, show_line, show_table
from blockc.cli.options import Settings
from blockc.cli.views.impact import share
from blockc.explain.curve import FamilyCurve, Point
from blockc.passes.affected import Impact
from blockc.vocabulary import WhenOver


def show_curves(
    settings: Settings, title: str, mode: WhenOver, curves: Sequence[FamilyCurve]
) -> None:
    """Print a table per family, a row a number of entries that matters."""
    for number, one in enumerate(curves):
        show("\n" * bool(number))
        family = one.curve.family
        if not one.wanted.addresses:
            show_line(f"{title}: nothing is listed in {family.name}")
            continue
        hit = one.wanted
        held = f"{amount_text(family, hit.addresses)} in {hit.delegations:,} delegations"
        rows = [_row(one, point, mode) for point in one.points]
        show_table(settings, f"{title}: {held}", _heads(mode), rows)
        for name in one.refused:
            show_line(f"{name}: not possible, protected space needs {one.curve.first:,} entries")


def _heads(mode: WhenOver) -> list[str]:
    blocked = ["others' addresses blocked", "", "delegations", ""]
    missed = ["list's addresses missed", "covered", "delegations", "covered"]
    return [
        "entries",
        "",
        *(blocked if mode != WhenOver.COVERAGE else []),
        *(missed if mode != WhenOver.COLLATERAL else []),
    ]


def _row(one: FamilyCurve, point: Point, mode: WhenOver) -> list[Cell]:
    added, lost, family = point.added, point.lost, one.curve.family
    blocked: list[Cell] = [
        amount(family, added.delegated),
        Figure(share(added.delegated, one.others.delegated)),
        added.delegations,
        Figure(share(added.delegations, one.others.delegations)),
    ]
    missed: list[Cell] = [
        amount(family, lost.addresses),
        Figure(share(one.wanted.addresses - lost.addresses, one.wanted.addresses)),
        lost.delegations,
        Figure(share(one.wanted.delegations - lost.delegations, one.wanted.delegations)),
    ]
    return [
        point.limit,
        ", ".join(point.names),
        *(blocked if mode != WhenOver.COVERAGE else []),
        *(missed if mode != WhenOver.COLLATERAL else []),
    ]


def curves_report(facts: Mapping[str, object], curves: Sequence[FamilyCurve]) -> dict[str, Any]:
    """Return the whole curves as `docs/json.md` describes it."""
    families = {one.curve.family.name: _family_report(one) for one in curves}
    return {**facts, "families": families}


def _family_report(one: FamilyCurve) -> dict[str, Any]:
    return {
        "listed": _hit_report(one.wanted),
        "others": _hit_report(one.others),
        "points": [_point_report(point) for point in one.points],
        "refused": [{"name": name, "limit": n} for name, n in one.refused.items()],
        "curve": [
            {"entries": entries, "cost": _cost_text(cost)} for entries, cost in one.breakpoints()
        ],
    }


def _point_report(point: Point) -> dict[str, Any]:
    return {
        "limit": point.limit,
        "names": list(point.names),
        "entries": point.entries,
        "added": _hit_report(point.added),
        "lost": _hit_report(point.lost),
    }


def _hit_report(hit: Impact) -> dict[str, Any]:
    return {
        "addresses": str(hit.addresses),
        "delegated": str(hit.delegated),
        "delegations": hit.delegations,
    }


def _cost_text(cost: Fraction) -> str:
    """Return a cost with four digits behind the point where it is not whole.

    >>> _cost_text(Fraction(7)), _cost_text(Fraction(1, 3))
    ('7', '0.3333')
    """
    return str(cost) if cost.denominator == 1 else f"{float(cost):.4f}"
