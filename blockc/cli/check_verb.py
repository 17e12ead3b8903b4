"""`blockc check`: would these source files be accepted?"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from blockc.addresses.family import FAMILIES
from blockc.addresses.records import REGISTRIES
from blockc.cli.output import Cell, amount, complain, show_json, show_table, warn
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

    Exit codes: 0 all would be accepted, 2 one cannot be read, 3 one would be refused.
    """
    verdicts = [_verdict(path, asked) for path in asked.files]
    for one in verdicts:
        for text in one.read.warnings if one.read else ():
            warn(text)
        if one.refusal:
            complain(one.refusal)
    if settings.json:
        show_json([_report(one) for one in verdicts])
    else:
        _show(settings, [one for one in verdicts if one.read])
    return max((one.refusal.exit_code for one in verdicts if one.refusal), default=0)


def _verdict(path: Path, asked: Check) -> Verdict:
    try:
        _require_readable(path)
        raw = read_packed(path)
        if asked.md5:
            _require_md5(path, raw.data, asked.md5)
        today = datetime.now(UTC).date()
        read = read_delegated(raw.name, raw.data, registry=asked.registry, today=today)
    except BlockcError as refusal:
        return Verdict(path, refusal=refusal)
    return Verdict(path, read=read)


def _require_readable(path: Path) -> None:
    """Raise UsageError unless there is a file to check: nobody upstream can help otherwise."""
    try:
        path.open("rb").close()
    except OSError as reason:
        said = (reason.strerror or str(reason)).lower()
        raise UsageError(f"cannot read this file: {said}", at=Location(str(path))) from None


def _require_md5(path: Path, unpacked: bytes, checksum: Path) -> None:
    """Raise SourceUnfit unless the file, as it is or unpacked, has the published digest."""
    _require_readable(checksum)
    wanted = parse_md5(str(checksum), read_packed(checksum).data)
    found = [
        hashlib.md5(data, usedforsecurity=False).hexdigest()
        for data in (path.read_bytes(), unpacked)
    ]
    if wanted not in found:
        raise SourceUnfit(
            f"its md5 is {found[0]}, {checksum} says {wanted}",
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
    rows = [row for one in accepted if one.read for row in _rows(one.path, one.read)]
    if rows:
        heads = ["file", "registry", "data of", "type", "rows", "delegated"]
        show_table(settings, "Accepted", heads, rows)


def _rows(path: Path, read: Delegated) -> list[list[Cell]]:
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
