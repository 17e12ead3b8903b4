"""How an output may be fitted into its target, from its table to a checked value."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

from blockc.policy.checking.checks import Checks
from blockc.policy.model import Fit
from blockc.policy.syntax.policy_tables import OutputTable
from blockc.registries import countries
from blockc.tomlio.tables import Place
from blockc.vocabulary import LOSSY


def check_fit(table: OutputTable, place: Place, checks: Checks) -> Fit:
    """Return how an output may be fitted, noting what is wrong with it."""
    for key in ("max_entries", "lengths", "parts"):
        number = getattr(table, key)
        if number is not None and number < 1:
            checks.findings.add(place / key, "expected at least 1")
    _check_balance(table, place, checks)
    return Fit(
        max_entries=table.max_entries,
        when_over=table.when_over,
        mu=_mu(table, place, checks),
        weigh=table.weigh,
        factors=dict(_factors(table, place, checks)),
        spare=tuple(_countries(table.spare, place / "spare", checks)),
        dont_care=table.dont_care,
        lengths=table.lengths,
        parts=table.parts,
    )


def _check_balance(table: OutputTable, place: Place, checks: Checks) -> None:
    """Note keys that would do nothing: somebody believes that they do."""
    if table.mu is not None and table.when_over != "balance":
        checks.findings.add_name(place / "mu", "only when_over = 'balance' has a mu")
    if table.parts is not None and table.when_over != "split":
        checks.findings.add_name(place / "parts", "only when_over = 'split' makes parts")
    lossy = table.when_over in LOSSY
    for key in ("factors", "spare"):
        if getattr(table, key) and not lossy:
            said = f"{key} weighs harm, and when_over = {table.when_over.value!r} does none"
            checks.findings.add_name(place / key, said, hint=f"expected one of {', '.join(LOSSY)}")


def _mu(table: OutputTable, place: Place, checks: Checks) -> Fraction:
    """Return mu as the decimal that was written, so that no binary rounding decides a tie."""
    if table.mu is None:
        return Fraction(1)
    if not 0 <= table.mu <= 10**9:
        checks.findings.add(place / "mu", "expected a number from 0 to 1,000,000,000")
        return Fraction(1)
    return Fraction(repr(table.mu))


def _factors(table: OutputTable, place: Place, checks: Checks) -> Iterator[tuple[str, int]]:
    for name, factor in sorted(table.factors.items()):
        here = place / "factors" / name
        if not 0 <= factor <= 10**6:
            checks.findings.add(here, "expected a factor from 0 to 1,000,000")
        for code in _countries([name], here, checks):
            yield code, factor


def _countries(names: Iterable[str], place: Place, checks: Checks) -> Iterator[str]:
    for name in names:
        if countries.is_code(name):
            yield name
        else:
            hint = countries.advice(name)
            checks.findings.add(place, f"unknown country {name!r}", hint=hint, part=name)
