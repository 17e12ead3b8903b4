"""Write the tables of docs/passes.md anew, from the bundled sample: `make tables`.

    python -m scripts.tables [--check] [NAME...]

Every table stands between `<!-- table NAME -->` and `<!-- end -->`. The sample is the five
registries' real files of 2018-10-13, so whoever runs this gets the same numbers.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from fractions import Fraction
from functools import cache
from itertools import product
from pathlib import Path

from blockc.addresses import FAMILIES, V4, V6, AddrMap, AddrSet, Family
from blockc.addresses.rules import Match
from blockc.compiler.limits import Limits
from blockc.explain.curve import Question, family_curves
from blockc.passes.affected import Impact, impact_of
from blockc.passes.budget.cost_curve import Curve
from blockc.passes.budget.limit import curves_of, outcome
from blockc.passes.plan import compile_rules
from blockc.passes.request import Compiled, PassRequest
from blockc.policy.model import Fit
from blockc.policy.syntax.policy_tables import Weigh
from blockc.registries.records import Records
from blockc.registries.registry_map import RegistryMap
from blockc.report.curve_chart import curve_chart
from blockc.targets.data.plain import PLAIN
from blockc.targets.registry import TARGETS
from blockc.values import replace
from blockc.vocabulary import DontCare, WhenOver
from blockc.workspace.inputs import InputOptions
from blockc.workspace.project import Project

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, PICTURE = DOCS / "passes.md", DOCS / "curve.svg"
DAY = date(2018, 10, 13)
EU27 = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"
LISTS = {
    "CN": "CN",
    "RU": "RU",
    "SIX": "CN RU IR KP CU SY",
    "US": "US",
    "EU27": EU27,
}
MAP = "country map"
EXACT = (Match.MEMBER, Match.LONGEST, Match.TWO_SETS, Match.INTERVALS)
MODELS = {Match.MEMBER: "cover", Match.LONGEST: "longest match", Match.INTERVALS: "intervals"}


@cache
def records() -> list[Records]:
    """Return the records of the sample."""
    found = Project().registries(InputOptions(sample=True, as_of=DAY))
    return [part for one in found for part in one.records]


@cache
def world() -> RegistryMap:
    """Return the world of the sample."""
    return RegistryMap.of(records())


@cache
def requests() -> Limits:
    """Return the maker of requests, for a policy that protects nothing by itself."""
    return Limits(world(), records(), AddrSet.empty())


@cache
def intent(name: str) -> AddrMap:
    """Return what a list of countries, or the country map, wants."""
    if name == MAP:
        return world().countries()
    return AddrMap.of_set(world().select(countries=LISTS[name].split()) & world().delegated())


def compiled(name: str, match: Match, request: PassRequest) -> Compiled:
    """Return the rules of a list."""
    return compile_rules(intent(name), match, request)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as Markdown, the first column to the left and all others to the right."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def saved(before: int, after: int) -> str:
    """Return a number of entries and how many per cent fewer they are.

    >>> saved(1000, 933), saved(1000, 1000), saved(1000, 1200)
    ('933 (-6.7 %)', '1,000', '1,200 (+20.0 %)')
    """
    change = 100 * (after - before) / before
    return f"{after:,}" + (f" ({change:+.1f} %)" if after != before else "")


def percent(part: float, whole: int) -> str:
    """Return a share with four digits that count."""
    return f"{100 * part / whole:.4g} %"


def exact_table() -> str:
    """Entries of every list by match model, nothing given up."""
    heads = ["list"]
    heads += [f"{family.name} {what}" for family in FAMILIES for what in _EXACT_NAMES]
    return table(heads, [[name, *_exact_row(name)] for name in (*LISTS, MAP)])


_EXACT_NAMES = ("cover", "longest match", "two sets", "intervals")


def _exact_row(name: str) -> list[str]:
    found = {
        match: compiled(name, match, PassRequest())
        for match in EXACT
        if name != MAP or match != Match.TWO_SETS
    }
    cells = []
    for family in FAMILIES:
        cover = found[Match.MEMBER].entries[family]
        cells += [
            saved(cover, found[match].entries[family]) if match in found else "" for match in EXACT
        ]
    return cells


def two_sets_table() -> str:
    """Entries and exceptions of two sets, as few as can be together and for a limit."""
    rows = []
    for name, limit in (("SIX", None), ("US", None), ("US", 6_000), ("EU27", None)):
        over = (
            PassRequest(max_entries=limit, when_over=WhenOver.TWO_SETS) if limit else PassRequest()
        )
        rules = compiled(name, Match.TWO_SETS, over).rules[V4]
        exceptions = int((rules.verdict == 0).sum())
        entries = len(rules) - exceptions
        said = f"{limit:,} each" if limit else "none"
        rows.append([name, said, f"{entries:,}", f"{exceptions:,}", f"{len(rules):,}"])
    return table(["list, ipv4", "limit", "entries", "exceptions", "together"], rows)


def free_table() -> str:
    """Entries with don't-care space, and the addresses that are blocked for that."""
    rows = [
        [f"{name}, {family.name}, {MODELS[match]}", *_free_cells(name, family, match)]
        for name in ("SIX", "US", "EU27")
        for family in FAMILIES
        for match in (Match.MEMBER, Match.LONGEST, Match.INTERVALS)
    ]
    heads = ["", '`"off"`', '`"reserved"`', '`"unallocated"`', "blocked for it, of all"]
    return table(heads, rows)


def _free_cells(name: str, family: Family, match: Match) -> list[str]:
    off, reserved, unallocated = (_free(name, tier, match) for tier in _TIERS)
    before = off.entries[family]
    extra = (unallocated.meaning.where(["block"]) - off.meaning.where(["block"])).count_of(family)
    return [
        f"{before:,}",
        saved(before, reserved.entries[family]),
        saved(before, unallocated.entries[family]),
        percent(extra, family.size),
    ]


_TIERS = tuple(DontCare)


@cache
def _free(name: str, tier: DontCare, match: Match) -> Compiled:
    return compiled(name, match, requests().fitting(Fit(dont_care=tier), PLAIN))


def lengths_table() -> str:
    """Entries of a plain cover in few prefix lengths."""
    rows = []
    for name in ("SIX", "EU27"):
        for family in FAMILIES:
            cover = compiled(name, Match.MEMBER, PassRequest()).rules[family].prefixes()
            before, used = len(cover), len(set(cover.length.tolist()))
            cells = [_fewer(name, family, most, before) for most in (9, 7, 5)]
            rows.append([f"{name}, {family.name}", f"{before:,} in {used}", *cells])
    heads = ["", "all lengths", "`lengths = 9`", "`lengths = 7`", "`lengths = 5`"]
    return table(heads, rows)


def _fewer(name: str, family: Family, most: int, before: int) -> str:
    return saved(before, _in_lengths(name, most).entries[family])


@cache
def _in_lengths(name: str, most: int) -> Compiled:
    return compiled(name, Match.MEMBER, PassRequest(most_lengths=most))


@cache
def curve(
    match: Match, family: Family, mode: WhenOver, weigh: Weigh = "addresses", mu: str = "1"
) -> Curve:
    """Return what every number of entries of SIX costs."""
    fit = Fit(when_over=mode, mu=Fraction(mu), weigh=weigh)
    request = _only(requests().fitting(fit, PLAIN), family)
    return curves_of(_alone("SIX", family), match, request)[family]


def _alone(name: str, family: Family) -> AddrMap:
    whole = intent(name)
    return AddrMap((whole.part(family),), whole.names)


def _only(request: PassRequest, family: Family) -> PassRequest:
    protected = request.protected or AddrSet.empty()
    return replace(request, protected=AddrSet((protected.part(family),)))


def hits(found: Curve, limit: int) -> tuple[Impact, Impact]:
    """Return whom at most `limit` prefixes for SIX block too much, and what they miss."""
    family = found.family
    change = outcome(_alone("SIX", family), Match.MEMBER, {family: found.solve(limit)})
    mine = [one for one in records() if one.family == family]
    (added,), (lost,) = impact_of(change.added, mine), impact_of(change.lost, mine)
    return added, lost


@cache
def others(family: Family) -> Impact:
    """Return what is delegated and not in SIX."""
    mine = [one for one in records() if one.family == family]
    listed = _alone("SIX", family).where(["block"])
    (hit,) = impact_of(~listed, mine)
    return hit


def budget_table() -> str:
    """What a limit costs SIX: harm if all is covered, coverage if nobody is harmed."""
    limits = {V4: (10_000, 5_000, 1_000, 600, 100), V6: (2_000, 1_000, 600, 100)}
    rows = [_budget_row(family, limit) for family in FAMILIES for limit in limits[family]]
    heads = ["SIX, at most", *(f"harm, {what}" for what in MODELS.values())]
    return table([*heads, "covered, cover", "covered, longest match"], rows)


def _budget_row(family: Family, limit: int) -> list[str]:
    listed = intent("SIX").where(["block"]).count_of(family)
    harm = [int(curve(match, family, "collateral").at(limit)) for match in MODELS]
    missed = [
        int(curve(match, family, "coverage").at(limit)) for match in (Match.MEMBER, Match.LONGEST)
    ]
    return [
        f"{limit:,} {family.name} entries",
        *(_harm_cell(family, cost) for cost in harm),
        *(f"{100 * (listed - cost) / listed:.3f} %" for cost in missed),
    ]


def _harm_cell(family: Family, cost: int) -> str:
    share = percent(cost, others(family).delegated)
    return f"{cost:,} ({share})" if family == V4 else share


def balance_table() -> str:
    """The middle: how much of SIX is covered at which harm, by `mu`."""
    weights = ("0.3", "1", "3", "10")
    rows = [
        [f"{limit:,} ipv4 entries", *(_balance_cell(limit, mu) for mu in weights)]
        for limit in (600, 1_000, 5_000)
    ]
    return table(["SIX, at most", *(f"`mu = {mu}`" for mu in weights)], rows)


def _balance_cell(limit: int, mu: str) -> str:
    added, lost = hits(curve(Match.MEMBER, V4, "balance", mu=mu), limit)
    listed = intent("SIX").where(["block"]).count_of(V4)
    covered = percent(listed - lost.addresses, listed)
    return f"{covered} at {percent(added.delegated, others(V4).delegated)}"


def weights_table() -> str:
    """Address counts flatter: the same limit in addresses and in delegations."""
    kinds: tuple[Weigh, ...] = ("addresses", "delegations")
    rows = []
    for limit, weigh in product((5_000, 1_000), kinds):
        added, _ = hits(curve(Match.MEMBER, V4, "collateral", weigh), limit)
        addresses = percent(added.delegated, others(V4).delegated)
        delegations = percent(added.delegations, others(V4).delegations)
        rows.append([f"{limit:,} ipv4 entries", f"`{weigh}`", addresses, delegations])
    return table(
        ["SIX, at most", "`weigh`", "of others' addresses", "of others' delegations"], rows
    )


FAST: dict[str, Callable[[], str]] = {
    "exact": exact_table,
    "two-sets": two_sets_table,
    "lengths": lengths_table,
}
SLOW: dict[str, Callable[[], str]] = {
    "dont-care": free_table,
    "budget": budget_table,
    "balance": balance_table,
    "weights": weights_table,
}


def renewed(text: str, names: Iterable[str]) -> str:
    """Return the page with the tables `names` made anew."""
    for name in names:
        begin, end = f"<!-- table {name} -->\n", "<!-- end -->"
        before, found, rest = text.partition(begin)
        if not found:
            raise ValueError(f"{PAGE.name} has no place for the table {name!r}")
        text = before + begin + {**FAST, **SLOW}[name]() + "\n" + end + rest.partition(end)[2]
    return text


def picture() -> str:
    """Return the curve of SIX as it is drawn by `blockc curve --svg`."""
    limits = {f"{name} {n:,}": n for name, one in TARGETS.items() if (n := one.capacity({}))}
    request = requests().fitting(Fit(when_over=WhenOver.COLLATERAL), PLAIN)
    question = Question(intent("SIX"), Match.MEMBER, request, records(), limits)
    return curve_chart("CN, RU, IR, KP, CU, SY (collateral, member)", family_curves(question))


def main(arguments: list[str]) -> int:
    """Write what is named, or all tables and the picture; return 1 if --check finds another."""
    parser = argparse.ArgumentParser(prog="python -m scripts.tables", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join([*FAST, *SLOW]))
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    given = parser.parse_args(arguments)
    made = {PAGE: renewed(PAGE.read_text(encoding="utf-8"), given.names or [*FAST, *SLOW])}
    if not given.names:
        made[PICTURE] = picture()
    stale = [path for path, text in made.items() if path.read_text(encoding="utf-8") != text]
    for path in stale:
        print(path.name, "differs" if given.check else "written")
        if not given.check:
            path.write_text(made[path], encoding="utf-8")
    return int(given.check and bool(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
