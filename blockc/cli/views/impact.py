"""What passes saved and whom they hit: loud on stderr, in tables on stdout."""

from collections.abc import Iterator, Sequence
from math import floor, log10
from typing import TYPE_CHECKING

from blockc.addresses import FAMILIES
from blockc.cli.console import Cell, Figure, amount, amount_text, show, show_line, show_table
from blockc.cli.options import Settings
from blockc.compiler.artifacts import Artifact
from blockc.compiler.impact import PassImpact, alike_artifacts
from blockc.passes.contract import HARMLESS
from blockc.policy.syntax.selectors import AddressRange
from blockc.registries.countries import name_of

if TYPE_CHECKING:  # most builds give nothing up
    from blockc.passes.affected import CountryImpact, Delegation, Impact

MOST_ROWS, MOST_TABLES = 20, 4  # the manifest has the rest
_BLOCKED = "blocked, not listed"
_MISSED = "listed, not blocked"


def harm_warnings(harms: Sequence[PassImpact]) -> Iterator[str]:
    """Yield for every artifact what was given up for its limit."""
    for harm in harms:
        if harm.step.contract in HARMLESS:
            continue
        for hit in harm.added:
            said = f"blocks {amount_text(hit.family, hit.addresses)} that no list asks for"
            yield f"{_named(harm)}: {harm.step.name} {said}: {_shares(hit)}"
        for hit in harm.lost:
            said = f"lets {amount_text(hit.family, hit.addresses)} through that a list blocks"
            yield f"{_named(harm)}: {harm.step.name} {said}"


def _shares(hit: "Impact") -> str:
    return (
        f"{share(hit.delegated, hit.all_delegated)} of what is delegated to others, "
        f"in {share(hit.delegations, hit.all_delegations)} of their delegations"
    )


def show_passes(settings: Settings, artifacts: Sequence[Artifact]) -> None:
    """Print the entries before and after each pass; artifacts that are compiled alike once."""
    rows = [row for alike in alike_artifacts(artifacts) for row in _pass_rows(alike)]
    heads = ["artifact", "pass", *(f.name for f in FAMILIES)]
    show("\n")
    show_table(settings, f"Passes{_cut(len(rows))}", heads, rows[:MOST_ROWS])


def _pass_rows(alike: Sequence[Artifact]) -> Iterator[list[Cell]]:
    paths = sorted(path for one in alike for path in one.files)
    for number, step in enumerate(alike[0].steps):
        pairs = ((step.before.get(f, 0), step.after.get(f, 0)) for f in FAMILIES)
        counts = [Figure(f"{before:,} > {after:,}") for before, after in pairs]
        yield ["" if number else _some(paths), step.name, *counts]


def show_harms(settings: Settings, harms: Sequence[PassImpact]) -> None:
    """Print what every pass gave up, and the countries and delegations hit hardest."""
    if not harms:
        return
    hits = [(harm, *one) for harm in harms for one in _sides(harm)]
    hits.sort(key=lambda one: one[2].delegated / max(1, one[2].all_delegated), reverse=True)
    show("\n")
    title = f"Given up for fewer entries{_cut(len(hits))}"
    show_table(settings, title, _HEADS, [_harm_row(*one) for one in hits[:MOST_ROWS]])
    tables = [one for one in hits if one[2].countries]
    for harm, what, hit in tables[:MOST_TABLES]:
        show("\n")
        title = f"{_named(harm)}: hit hardest in {hit.family.name}, {what}"
        show_table(settings, title, _COUNTRIES, (_country_row(hit, one) for one in hit.countries))
        if hit.hardest:
            show("\n")
            show_table(
                settings, title, _DELEGATIONS, (_delegation_row(hit, one) for one in hit.hardest)
            )
    if len(tables) > MOST_TABLES:
        show("\n")
        show_line(f"such tables in manifest.json that are not shown: {len(tables) - MOST_TABLES}")


_HEADS = ["artifact", "pass", "family", "", "addresses", "delegated", "", "delegations", ""]
_COUNTRIES = ["country", "", "addresses", "delegations"]
_DELEGATIONS = ["delegation", "country", "registry", "line", "addresses"]


def _sides(harm: PassImpact) -> "Iterator[tuple[str, Impact]]":
    yield from ((_BLOCKED, hit) for hit in harm.added)
    yield from ((_MISSED, hit) for hit in harm.lost)


def _harm_row(harm: PassImpact, what: str, hit: "Impact") -> list[Cell]:
    return [
        _named(harm),
        harm.step.name,
        hit.family.name,
        what,
        amount(hit.family, hit.addresses),
        amount(hit.family, hit.delegated),
        Figure(share(hit.delegated, hit.all_delegated)),
        hit.delegations,
        Figure(share(hit.delegations, hit.all_delegations)),
    ]


def _country_row(hit: "Impact", one: "CountryImpact") -> list[Cell]:
    return [one.code, name_of(one.code), amount(hit.family, one.addresses), one.delegations]


def _delegation_row(hit: "Impact", one: "Delegation") -> list[Cell]:
    held = str(AddressRange(hit.family, one.first, one.last))
    return [held, one.country, one.registry, one.row, amount(hit.family, one.addresses)]


def share(part: int, whole: int) -> str:
    """Return a share in per cent, with enough digits to tell it from nothing and from all.

    >>> [share(part, 10**6) for part in (0, 1, 1234, 333_333, 999_996, 10**6)]
    ['0 %', '0.0001 %', '0.123 %', '33.3 %', '99.9996 %', '100 %']
    """
    if not part or not whole:
        return "0 %"
    percent = 100 * part / whole
    digits = max(0, 2 - floor(log10(min(percent, 100 - percent) or 100)))
    text = f"{percent:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def _named(harm: PassImpact) -> str:
    return _some(harm.files)


def _some(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def _cut(rows: int) -> str:
    return f", {MOST_ROWS} of {rows}; the rest is in manifest.json" if rows > MOST_ROWS else ""
