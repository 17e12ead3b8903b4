"""`blockc list`: what there is to name in a policy."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import click

from blockc.cli.console import info, show, show_json, show_table
from blockc.cli.input_options import project
from blockc.cli.options import Settings, verb
from blockc.cli.views.listing import Column, Row, columns, plain
from blockc.cli.wrap import terminal_columns
from blockc.errors import Mistakes, UsageError, suggestion
from blockc.registries import countries
from blockc.values import Value


class Listing(NamedTuple):
    """A table of some keys of the rows; as JSON the rows are whole."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]


class ListCall(Value, kw_only=True):
    """What to list."""

    what: str
    names: tuple[str, ...]


@click.command("list")
@click.argument("what", type=click.Choice(["sources", "targets", "groups", "countries"]))
@click.argument("names", nargs=-1, metavar="[NAME]...")
@verb(ListCall, shows=("file", "store", "json", "quiet"))
def command(settings: Settings, asked: ListCall) -> None:
    """List the sources, targets, groups or countries a policy can name, or those NAMEd.

    Reads what blockc ships and one's own in the folders `sources` and `groups` beside the policy;
    for sources also blockc.lock and the store, for the age of their data. Writes nothing. Prints a
    table. A country stands for the addresses registered there, which is not where they are used.

    Exit codes: 0 done, 2 there is no such list or name, or a definition is wrong.
    """
    listing = _LISTINGS[asked.what](settings)
    if asked.names:
        listing = _named(listing, asked.names)
    if settings.json:
        show_json(listing.rows)
    elif asked.names:
        for number, row in enumerate(listing.rows):
            show("\n" * bool(number))
            show_table(settings, str(next(iter(row.values()))), ["key", "value"], _whole(row))
    else:
        on_paper = terminal_columns(sys.stdout) is None
        shown = [column for column in listing.columns if on_paper or not column.wide]
        rows = [[column.show(row[column.key]) for column in shown] for row in listing.rows]
        show_table(settings, listing.title, [column.head for column in shown], rows)
        if len(shown) < len(listing.columns):
            kind = listing.title.lower()
            info(settings, f"`blockc list {kind} NAME` shows one of the {kind} whole")


def _whole(row: Row) -> Iterator[tuple[str, str]]:
    """Yield every key of a row with its value, countries with their names."""
    for key, value in row.items():
        named = [f"{c} ({countries.name_of(c)})" for c in value] if key == "countries" else value
        yield key.replace("_", " "), str(plain(named))


def _named(listing: Listing, names: Sequence[str]) -> Listing:
    """Return the rows that were asked for, in that order.

    Raises:
        Mistakes: Every name that is not in the list.
    """
    rows = {str(next(iter(row.values()))): row for row in listing.rows}
    wrong = [name for name in names if name not in rows]
    if wrong:
        kind = listing.title.lower()
        everything = f"`blockc list {kind}` shows them"
        mistakes = [
            UsageError(
                f"{name!r} is not one of the {kind}{suggestion(name, rows)}",
                hint=(kind == "countries" and countries.advice(name)) or everything,
            )
            for name in wrong
        ]
        raise Mistakes(mistakes)
    return listing._replace(rows=[rows[name] for name in names])


def _sources(settings: Settings) -> Listing:
    from blockc.cli.views.sources import COLUMNS, source_rows

    return Listing("Sources", COLUMNS, source_rows(project(settings)))


def _targets(_settings: Settings) -> Listing:
    from blockc.targets.registry import TARGETS

    rows: list[Row] = [
        {
            "name": target.name,
            "match": str(target.kind_of_list if target.codes else target.match),
            "families": str(target.layout),
            "verdicts": list(target.verdicts),
            "title": target.title,
        }
        for target in TARGETS.values()
    ]
    shown = (
        *columns("name"),
        Column("match", "blocks what is in", lambda match: _MATCHES[match]),
        Column("families", "files", lambda families: _FILES[families]),
        *columns("verdicts", "title"),
    )
    return Listing("Targets", shown, rows)


_MATCHES = {
    "member": "any prefix",
    "intervals": "any range",
    "longest": "the longest prefix",
    "codes": "countries, by its own data",
    "first": "the first entry that holds it",
}
_FILES = {"together": "both families in one", "apart": "one per family", "either": "as path says"}


def _groups(settings: Settings) -> Listing:
    rows: list[Row] = [
        {
            "name": group.name,
            "title": group.title,
            "date": group.day.isoformat(),
            "source": group.source,
            "caveat": group.caveat,
            "countries": list(group.countries),
        }
        for _, group in sorted(project(settings).groups().items())
    ]
    members = Column("countries", "members", len)
    codes = Column("countries", "countries", wide=True)
    shown = (*columns("name"), Column("date", "as of"), members, codes, *columns("title"))
    return Listing("Groups", shown, rows)


def _countries(_settings: Settings) -> Listing:
    known: Mapping[str, str] = {**countries.names(), **countries.PSEUDO}
    rows: list[Row] = [
        {
            "code": code,
            "kind": "pseudo" if code in countries.PSEUDO else "ISO 3166",
            "name": known[code],
        }
        for code in sorted(known)
    ]
    return Listing("Countries", columns("code", "kind", "name"), rows)


_LISTINGS: Mapping[str, Callable[[Settings], Listing]] = {
    "sources": _sources,
    "targets": _targets,
    "groups": _groups,
    "countries": _countries,
}
