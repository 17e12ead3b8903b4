"""`blockc check`: would these source files be accepted?"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from blockc.addresses.family import FAMILIES
from blockc.addresses.records import REGISTRIES
from blockc.cli.output import Cell, amount, show_json, show_table, warn
from blockc.cli.shared import Settings, verb
from blockc.errors import BlockcError, Location, SourceUnfit, UsageError
from blockc.fetch.folder import read_packed
from blockc.formats.checksum import parse_md5
from blockc.formats.delegated import Delegated, read_delegated

PATH = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The files to check, and what they should be."""

    files: tuple[Path, ...]
    format: str
    registry: str | None
    md5: Path | None

    def __post_init__(self) -> None:
        if self.md5 and len(self.files) > 1:
            raise UsageError("--md5 is the checksum of one file", hint="check one file at a time")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one file is, or why it would be refused."""

    path: Path
    read: Delegated | None = None
    refusal: BlockcError | None = None


@click.command("check")
@click.argument("files", nargs=-1, required=True, type=PATH)
@click.option(
    "--format",
    type=click.Choice(["delegated"]),
    default="delegated",
    show_default=True,
    help="What the files should be.",
)
@click.option("--registry", type=click.Choice(REGISTRIES[1:]), help="Whose file it should be.")
@click.option("--md5", type=PATH, help="The checksum published beside the file.")
@verb(Check)
def command(settings: Settings, asked: Check) -> int:
    """Say whether each of FILES would be accepted as a source.

    Reads the files, packed ones (.xz, .gz, .bz2) too. Writes nothing. Prints what they hold, and
    on stderr what is odd about them or why they are refused, with line and token.

    Exit code 0 if all would be accepted, 3 if one would be refused.
    """
    verdicts = [_verdict(path, asked) for path in asked.files]
    for one in verdicts:
        for text in one.read.warnings if one.read else ():
            warn(text)
        if one.refusal:
            click.echo(f"blockc: {one.refusal}", err=True)
    if settings.json:
        show_json([_report(one) for one in verdicts])
    else:
        _show(settings, [one for one in verdicts if one.read])
    return max((one.refusal.exit_code for one in verdicts if one.refusal), default=0)


def _verdict(path: Path, asked: Check) -> Verdict:
    try:
        raw = read_packed(path)
        if asked.md5:
            _require_md5(path, asked.md5)
        today = datetime.now(UTC).date()
        read = read_delegated(raw.name, raw.data, registry=asked.registry, today=today)
    except BlockcError as refusal:
        return Verdict(path, refusal=refusal)
    return Verdict(path, read=read)


def _require_md5(path: Path, checksum: Path) -> None:
    """Raise SourceUnfit unless the bytes of `path`, as they are, have the published digest."""
    wanted = parse_md5(str(checksum), read_packed(checksum).data)
    found = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
    if found != wanted:
        raise SourceUnfit(
            f"its md5 is {found}, {checksum} says {wanted}",
            at=Location(str(path)),
            hint="fetch both again; the checksum can be some minutes younger than the file",
        )


def _report(one: Verdict) -> dict[str, object]:
    if one.refusal or one.read is None:
        at = one.refusal.at if one.refusal else None
        return {
            "file": str(one.path),
            "accepted": False,
            "reason": one.refusal.message if one.refusal else "",
            "line": at.line if at else 0,
            "column": at.column if at else 0,
        }
    header, counts = one.read.header, one.read.counts
    return {
        "file": str(one.path),
        "accepted": True,
        "registry": header.registry,
        "version": header.version,
        "serial": header.serial,
        "startdate": header.startdate.isoformat() if header.startdate else None,
        "enddate": header.enddate.isoformat(),
        "rows": dict(counts.rows),
        "statuses": {f.name: dict(counts.statuses[f]) for f in FAMILIES},
        "delegated_addresses": {f.name: str(counts.delegated[f]) for f in FAMILIES},
        "warnings": list(one.read.warnings),
    }


def _show(settings: Settings, accepted: list[Verdict]) -> None:
    heads = ["file", "registry", "data of", "serial", "asn rows"]
    heads += [f"{f.name} {what}" for f in FAMILIES for what in ("rows", "delegated")]
    rows = [_row(one.path, one.read) for one in accepted if one.read]
    if rows:
        show_table(settings, "Accepted", heads, rows)


def _row(path: Path, read: Delegated) -> list[Cell]:
    header, counts = read.header, read.counts
    cells: list[Cell] = [path.name, header.registry, header.enddate.isoformat(), header.serial]
    cells.append(counts.rows["asn"])
    for family in FAMILIES:
        cells += [counts.rows[family.name], amount(family, counts.delegated[family])]
    return cells
