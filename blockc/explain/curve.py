"""What a limit costs: for well-chosen numbers of entries whom they hit, and what they miss."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.rules import Match
from blockc.passes.affected import Impact, impact_of
from blockc.passes.budget.cost_curve import IMPOSSIBLE, Curve
from blockc.passes.budget.limit import curves_of, outcome
from blockc.passes.request import PassRequest
from blockc.registries.records import Records
from blockc.values import Value, field
from blockc.vocabulary import WhenOver

STEPS = (1, 2, 5)


class Question(Value):
    """Which list is to be fitted, how, and in whose eyes that is harm.

    Attributes:
        intent: One verdict, on the addresses of the list.
        match: How the platform decides.
        request: What may be given up; `max_entries` says nothing here.
        records: What the registries list.
        limits: Numbers of entries that somebody has to keep to, by what they are called.
        possible: The same of targets nobody asked for, of interest where they cost something.
    """

    intent: AddrMap
    match: Match
    request: PassRequest
    records: Sequence[Records]
    limits: Mapping[str, int]
    possible: Mapping[str, int] = field(default_factory=dict)


class Point(Value):
    """What at most `limit` entries of a family do.

    Attributes:
        names: What is called so: limits of somebody; `fewest` that spare protected space; `enough`,
            as more of them gain nothing, which is the list exactly but for don't-care space.
        entries: How many are really needed.
        added: What is blocked although it is not listed.
        lost: What is listed and not blocked.
    """

    names: tuple[str, ...]
    limit: int
    entries: int
    added: Impact
    lost: Impact


class FamilyCurve(Value):
    """Everything about one family.

    Attributes:
        curve: The least cost of every number of entries.
        worth: What one address or delegation counts in the curve.
        counted: `added` or `lost` if the curve's cost is just the addresses of that, else nothing.
        wanted: What the list hits if all of it is blocked.
        others: What everything else hits: addresses that are not listed, delegations with such.
        points: In order of entries.
        refused: The limits that are below the fewest entries that spare protected space.
    """

    curve: Curve
    worth: int
    counted: str
    wanted: Impact
    others: Impact
    points: tuple[Point, ...]
    refused: Mapping[str, int]

    def breakpoints(self) -> Iterator[tuple[int, Fraction]]:
        """Yield the numbers of entries at which the cost falls, and what it falls to.

        Units: addresses or delegations, as the curve was asked for.
        """
        before: Fraction | None = None
        for entries in range(self.curve.first, self.curve.enough + 1):
            cost = self.curve.at(entries) / self.worth
            if cost != before:
                yield entries, cost
            before = cost


def family_curves(question: Question) -> tuple[FamilyCurve, ...]:
    """Return the curve of each family with the points that matter.

    Raises:
        DoesNotFit: If the list has several verdicts, or no prefixes spare protected space.
    """
    wanted = question.intent.where(question.intent.names[1:])
    curves = curves_of(question.intent, question.match, question.request)
    return tuple(_family_curve(question, curve, wanted) for curve in curves.values())


def _family_curve(question: Question, curve: Curve, wanted: AddrSet) -> FamilyCurve:
    worth = question.request.weights.parts_a_unit if question.request.weights else 1
    records = [one for one in question.records if one.family == curve.family]
    possible = {name: n for name, n in question.possible.items() if n < curve.enough}
    limits = {**possible, **question.limits}
    chosen = chosen_limits(curve, limits)
    listed = AddrSet((wanted.part(curve.family),))
    (mine,), (others,) = impact_of(listed, records), impact_of(~listed, records)
    return FamilyCurve(
        curve=curve,
        worth=worth,
        counted=_COUNTED.get(question.request.when_over, "") if worth == 1 else "",
        wanted=mine,
        others=others,
        points=tuple(_point(question, curve, records, *one) for one in chosen.items()),
        refused={name: n for name, n in limits.items() if n < curve.first},
    )


_COUNTED = {WhenOver.COLLATERAL: "added", WhenOver.COVERAGE: "lost"}


def _point(
    question: Question, curve: Curve, records: Sequence[Records], limit: int, names: Sequence[str]
) -> Point:
    rules = curve.solve(limit)
    intent = AddrMap((question.intent.part(curve.family),), question.intent.names)
    change = outcome(intent, question.match, {curve.family: rules})
    (added,), (lost,) = impact_of(change.added, records), impact_of(change.lost, records)
    return Point(tuple(names), limit, len(rules), added, lost)


def chosen_limits(curve: Curve, limits: Mapping[str, int]) -> dict[int, list[str]]:
    """Return the numbers of entries to look at, increasing, each with what is called so.

    They are 1, 2, 5, 10, 20 and so on as far as they make a difference, the limits of somebody,
    the fewest entries that spare protected space, and the first with which all is gained.
    """
    first, enough = curve.first, curve.enough
    if first >= IMPOSSIBLE:
        return {}
    powers = (step * 10**digits for digits in range(len(str(enough))) for step in STEPS)
    chosen: dict[int, list[str]] = {n: [] for n in powers if first < n < enough}
    if first:
        chosen[first] = ["fewest"]
    chosen[enough] = ["enough"]
    for name, limit in limits.items():
        if limit >= first:
            chosen.setdefault(min(limit, enough), []).append(name)
    return dict(sorted(chosen.items()))
