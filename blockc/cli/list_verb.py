"""`blockc list`: what there is to name in a policy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import click

from blockc.cli.inputs import shipped_groups
from blockc.cli.output import Cell, show_json, show_table
from blockc.cli.shared import Settings, verb
from blockc.cli.source_listing import HEADS, source_rows
from blockc.policy import countries
from blockc.targets.registry import ALL


class Listing(NamedTuple):
    """A table; as JSON each row is an object with the heads as keys."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to list."""

    what: str


@click.command("list")
@click.argument("what", type=click.Choice(["sources", "targets", "groups", "countries"]))
@verb(Wanted, shows=("file", "store", "json", "quiet"))
def command(settings: Settings, asked: Wanted) -> None:
    """List the sources, targets, groups or countries a policy can name.

    Reads what blockc ships and, for sources, one's own in the folder `sources` beside the policy,
    with blockc.lock and the store for the age of their data. Writes nothing. Prints a table. A
    country stands for the addresses registered there, which is not where they are used.

    Exit codes: 0 done, 2 there is no such list, or a definition is wrong.
    """
    if asked.what == "sources":
        listing = Listing("Sources", HEADS, source_rows(settings))
    else:
        listing = _LISTINGS[asked.what]()
    if settings.json:
        show_json([dict(zip(listing.heads, row, strict=True)) for row in listing.rows])
    else:
        show_table(settings, listing.title, listing.heads, listing.rows)


def _targets() -> Listing:
    rows = [
        (t.name, str(t.match), str(t.layout), ", ".join(t.verdicts), t.title)
        for t in ALL
    ]
    return Listing("Targets", ("name", "match", "families", "verdicts", "title"), rows)


def _groups() -> Listing:
    rows = [
        (g.name, g.day.isoformat(), len(g.countries), " ".join(g.countries), g.title)
        for g in shipped_groups().values()
    ]
    return Listing("Groups", ("name", "as of", "members", "countries", "title"), rows)


def _countries() -> Listing:
    known: Mapping[str, str] = {**countries.names(), **countries.PSEUDO}
    rows = [
        (code, "pseudo" if code in countries.PSEUDO else "ISO 3166", known[code])
        for code in sorted(known)
    ]
    return Listing("Countries", ("code", "kind", "name"), rows)


_LISTINGS: Mapping[str, Callable[[], Listing]] = {
    "targets": _targets,
    "groups": _groups,
    "countries": _countries,
}
