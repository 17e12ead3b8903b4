"""`blockc import`: what a company has today as a side file and a first policy, with a report."""

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockc.cli.commands.aggregate import STDIN, read_bytes
from blockc.cli.console import already_done, info
from blockc.cli.input_options import PATH, project
from blockc.cli.options import Settings, verb
from blockc.errors import OutputError, SourceUnfit, UsageError
from blockc.values import Value

if TYPE_CHECKING:
    from blockc.addresses import AddrMap, AddrSet

_SPARES = {"except": "an exception of", "allow": "allowed by"}
INPUT = click.Path(path_type=Path, allow_dash=True)


class ImportCall(Value, kw_only=True):
    """What is imported and as what, where the policy goes, and what it is compared with."""

    files: tuple[Path, ...]
    form: str | None
    value: tuple[str, ...]
    protect: tuple[Path, ...]
    output: Path
    force: bool
    dry_run: bool
    sample: bool
    folder: Path | None

    def __post_init__(self) -> None:
        if [*self.files, *self.protect].count(STDIN) > 1:
            raise UsageError("standard input can be read only once")


@click.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=INPUT)
@click.option("--as", "form", metavar="TARGET", help="The form of the files, or their target.")
@click.option(
    "--value", multiple=True, metavar="WORD", help="A word by which a map blocks; repeatable."
)
@click.option(
    "--protect", multiple=True, type=INPUT, help="A list of what is never blocked; repeatable."
)
@click.option(
    "-o", "--output", type=PATH, default=Path(), help="Folder of the policy.  [default: .]"
)
@click.option("--dry-run", is_flag=True, help="Only report, write nothing.")
@click.option("--force", is_flag=True, help="Overwrite what is in the way.")
@click.option("--sample", is_flag=True, help="Report by country, by the bundled sample of 2018.")
@click.option("--from", "folder", type=PATH, help="The same by the registries' files in a folder.")
@verb(ImportCall, shows=("file", "store", "json", "quiet"))
def command(settings: Settings, asked: ImportCall) -> int:
    """Turn what is blocked today into side files and a first policy.

    Reads FILES (`-` is standard input): allow, deny and geo of nginx, Require,
    Allow and Deny of Apache, iptables-save, ipset save, nft list, maps and
    lists of HAProxy, IP sets of AWS, P2P and DAT lists, plain lists, and the
    artifacts of every target. Without --as the form of each file is guessed,
    and the report says so. Rules of which the first decides are evaluated in
    their order, and what allows is taken out.

    Writes blockc.toml, and beside it in imported/ what each file blocks.

    Prints what each file blocks, by country where the registries' data is at
    hand (--sample, --from, or the lock), which entries are redundant or decide
    nothing, what of it is special-purpose space, and what is in a file of
    --protect. With -f also what that policy spares today: its never_block,
    the exceptions of its lists, and who they allow. Lines that were not
    understood are counted, and the first 1,000 named.

    \b
    Exit codes: 0 all was read, 1 something was not and is named; what was
    read is written, 2 the call is wrong or a file is in the way, 3 a file is
    in no form that is known, or blocks nobody. Nothing is written then.
    """
    from blockc.cli.views.importing import show_import
    from blockc.importing.findings import findings
    from blockc.importing.importer import import_files
    from blockc.importing.written import policy_files
    from blockc.storage.atomic import write_files

    contents = _contents(asked.files)
    imported = import_files(contents, asked.form or "", asked.value)
    protect, spared = _protected(asked.protect), dict[str, "AddrSet"]()
    if settings.names_policy:
        never_block, spared = _spared(settings, asked)
        protect |= {settings.file.name: never_block} if never_block else {}
    found = findings(imported, _all(protect), _countries(settings, asked), spared)
    if not found.blocked:
        raise SourceUnfit(
            f"{', '.join(contents)}: blocks nobody, as far as it was read",
            hint="say what it is with --as, or which words of a map block with --value",
        )
    texts = policy_files(imported, protect, found)
    if not asked.dry_run:
        _require_free(asked, list(texts))
        write_files({asked.output / path: data for path, data in texts.items()})
    written = [] if asked.dry_run else sorted(texts)
    with already_done("the files were written") if written else nullcontext():
        show_import(settings, imported, found, {str(asked.output / path): path for path in written})
    return int(any(one.unread for one in imported))


def _contents(paths: tuple[Path, ...]) -> dict[str, bytes]:
    """Return the bytes of each file by its name."""
    return {("stdin" if path == STDIN else str(path)): read_bytes(path) for path in paths}


def _protected(paths: tuple[Path, ...]) -> "dict[str, AddrSet]":
    from blockc.addresses import AddrSet
    from blockc.addresses.lines import read_spans

    return {
        name: AddrSet.of_spans(read_spans(name, data)) for name, data in _contents(paths).items()
    }


def _spared(settings: Settings, asked: ImportCall) -> "tuple[AddrSet, dict[str, AddrSet]]":
    """Return what the policy never blocks, and what its lists spare, by what says so."""
    from blockc.workspace.inputs import InputOptions

    inputs = InputOptions(sample=asked.sample, folder=asked.folder)
    resolved = project(settings).on(inputs, refusing=False).resolved
    spared = {}
    for one in resolved.lists:
        for role, says in _SPARES.items():
            entries = [c.entry.located for c in one.entries if c.entry.role == role]
            if entries:
                addresses = resolved.matrix.addresses(resolved.matrix.union(entries))
                spared[f"{says} list {one.name!r}"] = addresses
    return resolved.protected, spared


def _all(sets: "Mapping[str, AddrSet]") -> "AddrSet":
    from blockc.addresses.addrset import union

    return union(sets.values())


def _countries(settings: Settings, asked: ImportCall) -> "AddrMap | None":
    """Return where addresses are registered, or None where nothing says so."""
    from blockc.registries.registry_map import RegistryMap
    from blockc.workspace.inputs import InputOptions

    here = project(settings)
    if not asked.sample and not asked.folder and here.lock() is None:
        info(settings, "no data of the registries: --sample or `blockc update` shows countries")
        return None
    snapshots = here.registries(InputOptions(sample=asked.sample, folder=asked.folder))
    return RegistryMap.of(records for one in snapshots for records in one.records).countries()


def _require_free(asked: ImportCall, paths: list[str]) -> None:
    for path in paths if not asked.force else ():
        if (asked.output / path).exists():
            raise OutputError(
                f"{asked.output / path} is in the way",
                hint="name another folder with -o, or overwrite it with --force",
            )
