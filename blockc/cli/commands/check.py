"""`blockc check`: would these source files be accepted?"""

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path

import click

from blockc.cli.console import print_failures, show_json, warn
from blockc.cli.input_options import project
from blockc.cli.options import Settings, verb
from blockc.cli.views.check import Verdict, check_report, show_checks
from blockc.errors import BlockcError, Location, SourceUnfit, UsageError
from blockc.fetch.definition import Source
from blockc.fetch.folder import Raw, read_bytes, read_packed
from blockc.fetch.http.messages import FetchFailed
from blockc.fetch.http.response_body import plain_member
from blockc.formats.checksum import parse_md5
from blockc.formats.delegated.reader import DelegatedFile, read_delegated
from blockc.formats.feeds.feed import Feed
from blockc.formats.format_table import DELEGATED, FORMATS, form_of
from blockc.registries.records import NAMED_REGISTRIES
from blockc.values import Value
from blockc.workspace.fetching import read_feed
from blockc.workspace.sources import chosen

PATH = click.Path(path_type=Path)


class Check(Value, kw_only=True):
    """The files to check, and what they should be."""

    files: tuple[Path, ...]
    format: str | None
    source: str | None
    registry: str | None
    md5: Path | None

    def __post_init__(self) -> None:
        if self.md5 and len(self.files) > 1:
            raise UsageError("--md5 is the checksum of one file", hint="check one file at a time")
        if self.source and (self.format or self.registry):
            raise UsageError("--source says the format and the registry")
        if self.registry and self.format not in (None, DELEGATED):
            raise UsageError(f"only the format {DELEGATED!r} has a registry")
        needed = FORMATS[self.format].needs if self.format in FORMATS else None
        if needed:
            raise UsageError(
                f"the format {self.format!r} needs {', '.join(sorted(needed))} from a definition",
                hint="name the source whose definition it is with --source",
            )


@click.command("check")
@click.argument("files", nargs=-1, required=True, type=PATH)
@click.option(
    "--format",
    type=click.Choice([DELEGATED, *FORMATS]),
    metavar="FORMAT",
    help=f"What the files should be: {', '.join([DELEGATED, *FORMATS])}.  [default: {DELEGATED}]",
)
@click.option("--source", metavar="NAME", help="The source whose files they should be.")
@click.option("--registry", type=click.Choice(NAMED_REGISTRIES), help="Whose file it should be.")
@click.option("--md5", type=PATH, help="The checksum published beside the file.")
@verb(Check, shows=("file", "json", "quiet"))
def command(settings: Settings, asked: Check) -> int:
    """Say whether each of FILES would be accepted as a source.

    Reads the files, packed ones (.xz, .gz, .bz2) too, as files of a format, or as those of a
    source, shipped or one's own: `blockc list sources` shows both. Writes nothing. Prints what
    they hold, and on stderr what is odd about them or why they are refused, with line and token.

    Exit codes: 0 all would be accepted, 2 one cannot be read, 3 one would be refused.
    """
    source = _source(settings, asked)
    verdicts = [_verdict(path, asked, source) for path in asked.files]
    for one in verdicts:
        for text in one.read.warnings if one.read else ():
            warn(text)
    refusals = [one.refusal for one in verdicts if one.refusal]
    print_failures(refusals, as_json=settings.json)
    if settings.json:
        show_json([check_report(one) for one in verdicts])
    else:
        show_checks(settings, verdicts)
    return max((one.exit_code for one in refusals), default=0)


def _source(settings: Settings, asked: Check) -> Source | None:
    if asked.source is None:
        return None
    (source,) = chosen(project(settings).sources(), [asked.source])
    return source


def _verdict(path: Path, asked: Check, source: Source | None) -> Verdict:
    try:
        raw = read_packed(path)
        if asked.md5:
            _require_md5(path, raw.data, asked.md5)
        if source:
            raw = Raw(raw.name, plain_member(raw.data, source))
        today = datetime.now(UTC).date()
        return Verdict(path, _read(raw, asked, source, today))
    except FetchFailed as failure:
        return Verdict(path, refusal=SourceUnfit(failure.reason, at=Location(str(path))))
    except BlockcError as refusal:
        return Verdict(path, refusal=_of_policy(path) if path.suffix == ".toml" else refusal)


def _of_policy(path: Path) -> BlockcError:
    return UsageError(
        "a TOML file is a policy or a definition, and not the file of a source",
        at=Location(str(path)),
        hint=f"check a policy with: blockc build --dry-run -f {path}",
    )


def _read(raw: Raw, asked: Check, source: Source | None, today: date) -> DelegatedFile | Feed:
    name = source.format if source else asked.format or DELEGATED
    if name == DELEGATED:
        registry = source.registry if source else asked.registry
        return read_delegated(raw.name, raw.data, registry=registry, today=today)
    if source:
        return read_feed(source, raw.name, raw.data)
    return FORMATS[name].read(raw.name, raw.data, form_of(name, {}))


def _require_md5(path: Path, unpacked: bytes, checksum: Path) -> None:
    """Raise SourceUnfit unless the file, as it is or unpacked, has the published digest."""
    wanted = parse_md5(str(checksum), read_packed(checksum).data)
    found = [
        hashlib.md5(data, usedforsecurity=False).hexdigest()
        for data in (read_bytes(path), unpacked)
    ]
    if wanted not in found:
        raise SourceUnfit(
            f"its md5 is {found[0]}, {checksum} says {wanted}",
            at=Location(str(path)),
            hint="fetch both again; the checksum can be some minutes younger than the file",
        )
