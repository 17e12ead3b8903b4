"""The curves of a list as a chart: shares of addresses and of delegations against entries."""

from collections.abc import Callable, Iterator, Sequence

from blockc.explain.curve import FamilyCurve, Point
from blockc.report.chart import Axis, ChartLine, Panel, chart
from blockc.values import Value


def curve_chart(title: str, curves: Sequence[FamilyCurve]) -> str:
    """Return the curves as SVG, a panel a family that has any entry."""
    panels = [_panel(title, one) for one in curves if one.points and one.curve.enough]
    description = "; ".join(f"{panel.title}: {_told(panel)}" for panel in panels)
    return chart(title, description, panels)


def _panel(title: str, one: FamilyCurve) -> Panel:
    family = one.curve.family.name
    marks = [
        (float(point.limit), _mark(name, point.limit, one.curve.enough))
        for point in one.points
        for name in point.names
        if point.limit
    ]
    x, y = Axis(f"entries, {family}"), Axis("share", " %", least=0.001)
    return Panel(f"{title}, {family}", x, y, list(_lines(one)), marks)


def _mark(name: str, limit: int, enough: int) -> str:
    if name == "enough":
        return f"enough {limit:,}"
    return f"{name} fits" if limit == enough else name


class _Count(Value):
    """One thing that is counted at every point."""

    said: str
    side: str
    by_address: bool
    part: Callable[[Point], int]
    whole: Callable[[FamilyCurve], int]


_COUNTS = (
    _Count(
        "others' addresses blocked",
        "added",
        True,
        lambda point: point.added.delegated,
        lambda one: one.others.delegated,
    ),
    _Count(
        "others' delegations blocked",
        "added",
        False,
        lambda point: point.added.delegations,
        lambda one: one.others.delegations,
    ),
    _Count(
        "list's addresses missed",
        "lost",
        True,
        lambda point: point.lost.addresses,
        lambda one: one.wanted.addresses,
    ),
    _Count(
        "list's delegations missed",
        "lost",
        False,
        lambda point: point.lost.delegations,
        lambda one: one.wanted.delegations,
    ),
)


def _lines(one: FamilyCurve) -> Iterator[ChartLine]:
    """Yield the lines that are not all on the floor.

    What the curve itself counts is drawn at every number of entries, all else from point to point.
    """
    for count in _COUNTS:
        whole = max(1, count.whole(one))
        dots = [(float(p.limit), 100 * count.part(p) / whole) for p in one.points if p.limit]
        if not any(share for _, share in dots):
            continue
        dense = count.by_address and count.side == one.counted
        places = [(float(n), 100 * float(cost) / whole) for n, cost in one.breakpoints() if n]
        yield ChartLine(count.said, places if dense else dots, dots)


def _told(panel: Panel) -> str:
    """Return what a panel shows, for whoever does not see it."""
    told = []
    for line in panel.lines:
        shares = (f"{share:.3g} % with {entries:,.0f} entries" for entries, share in line.dots)
        told.append(f"{line.name}: {', '.join(shares)}")
    return "; ".join(told)
