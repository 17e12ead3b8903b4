"""What `blockc check` says about files: as tables for people, as JSON for programs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from blockc.addresses.family import FAMILIES
from blockc.cli.console import Cell, amount, show_table
from blockc.cli.options import Settings
from blockc.errors import BlockcError
from blockc.formats.delegated.reader import DelegatedFile
from blockc.formats.feeds.feed import Feed
from blockc.values import Value

_SHOWN = 3  # values of a tag


class Verdict(Value):
    """What one file is, or why it would be refused."""

    path: Path
    read: DelegatedFile | Feed | None = None
    refusal: BlockcError | None = None


def check_report(one: Verdict) -> dict[str, object]:
    """Return a verdict as it is documented for programs."""
    if one.refusal or one.read is None:
        at = one.refusal.at if one.refusal else None
        return {
            "file": str(one.path),
            "accepted": False,
            "reason": one.refusal.message if one.refusal else "",
            "line": at.line if at else 0,
            "column": at.column if at else 0,
        }
    said = _delegated(one.read) if isinstance(one.read, DelegatedFile) else _feed(one.read)
    return {"file": str(one.path), "accepted": True, **said, "warnings": list(one.read.warnings)}


def _delegated(read: DelegatedFile) -> Mapping[str, object]:
    header, counts = read.header, read.counts
    return {
        "registry": header.registry,
        "version": header.version,
        "serial": header.serial,
        "startdate": header.startdate.isoformat() if header.startdate else None,
        "enddate": header.enddate.isoformat(),
        "rows": dict(counts.rows),
        "statuses": {f.name: dict(counts.statuses[f]) for f in FAMILIES},
        "delegated_addresses": {f.name: str(counts.delegated[f]) for f in FAMILIES},
    }


def _feed(read: Feed) -> Mapping[str, object]:
    counts = read.counts()
    return {
        "records": read.records,
        "date": read.date.isoformat() if read.date else None,
        "serial": read.serial,
        "listed_addresses": {f.name: str(counts[f]) for f in FAMILIES},
        "dropped_addresses": {f.name: str(read.dropped.count_of(f)) for f in FAMILIES},
        "tags": {name: len(tag.names) - 1 for name, tag in sorted(read.tags.items())},
    }


def show_checks(settings: Settings, verdicts: Sequence[Verdict]) -> None:
    """Print a table of the files that would be accepted."""
    registries = [(one.path, one.read) for one in verdicts if isinstance(one.read, DelegatedFile)]
    feeds = [(one.path, one.read) for one in verdicts if isinstance(one.read, Feed)]
    if registries:
        heads = ["file", "registry", "data of", "type", "rows", "delegated"]
        rows = [row for path, read in registries for row in _registry_rows(path, read)]
        show_table(settings, "Accepted", heads, rows)
    if feeds:
        heads = ["file", "data of", "records", *(f.name for f in FAMILIES), "tags"]
        show_table(settings, "Accepted", heads, [_feed_row(path, read) for path, read in feeds])


def _registry_rows(path: Path, read: DelegatedFile) -> list[list[Cell]]:
    """Return a row a type; the first says which file it is."""
    header, counts = read.header, read.counts
    rows: list[list[Cell]] = [
        [path.name, header.registry, header.enddate.isoformat()],
        ["", "", ""],
        ["", "", "", "asn", counts.rows["asn"], ""],
    ]
    for row, family in zip(rows, FAMILIES, strict=False):
        row += [family.name, counts.rows[family.name], amount(family, counts.delegated[family])]
    return rows


def _feed_row(path: Path, read: Feed) -> list[Cell]:
    counts = read.counts()
    day = read.date.isoformat() if read.date else "-"
    tags = "; ".join(f"{name}: {_values(tag.names[1:])}" for name, tag in sorted(read.tags.items()))
    addresses = [amount(family, counts[family]) for family in FAMILIES]
    return [path.name, day, read.records, *addresses, tags or "-"]


def _values(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(sorted(names)[:_SHOWN]) + more
