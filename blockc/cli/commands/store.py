"""`blockc store`: what the store holds, whether it is sound, and making room in it."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockc.cli.console import Cell, already_done, info, show, show_json, show_table
from blockc.cli.input_options import warn_of_open_store
from blockc.cli.options import Settings, verb
from blockc.errors import Location, UsageError, counted, printable
from blockc.values import Value

if TYPE_CHECKING:  # what reads the store is imported when it is read, and not for --help
    from blockc.fetch.store.maintenance import StoreEntry
    from blockc.fetch.store.state import State

DAYS = 30


class StoreCall(Value, kw_only=True):
    """What to do with the store."""

    what: str
    days: int | None
    dry_run: bool

    def __post_init__(self) -> None:
        if self.what != "gc" and (self.dry_run or self.days is not None):
            raise UsageError("--older-than and --dry-run belong to `blockc store gc`")


@click.command("store")
@click.argument("what", type=click.Choice(["ls", "verify", "gc"]))
@click.option(
    "--older-than",
    "days",
    type=int,
    metavar="DAYS",
    help=f"gc: spare what was touched since.  [default: {DAYS}]",
)
@click.option("--dry-run", is_flag=True, help="gc: show what would be removed.")
@verb(StoreCall, shows=("store", "json", "quiet"))
def command(settings: Settings, asked: StoreCall) -> int:
    """List what the store holds, prove it, or make room in it.

    \b
    ls      each source: its last good snapshot and when it was last confirmed
    verify  read everything and compare it with its digest
    gc      remove what no source and no lock needs and nobody touched lately

    Reads the store and the locks that `blockc update` wrote. Writes nothing, but gc removes files.
    Prints what it found.

    Exit codes: 0 done, 1 something is damaged, 2 the store cannot be read or written.
    """
    from blockc.fetch.store.parsed import Store

    root = Store.of(settings.store).root
    if root.exists() and not root.is_dir():
        hint = "name a folder with --store or BLOCKC_STORE"
        raise UsageError("the store is not a folder", at=Location(str(root)), hint=hint)
    warn_of_open_store(settings)
    return _DEEDS[asked.what](settings, asked, root)


def _list(settings: Settings, _asked: StoreCall, root: Path) -> int:
    from blockc.fetch.store.maintenance import entries, needed, remembered

    states, files, wanted = list(remembered(root)), list(entries(root)), needed(root)
    size, spare = sum(one.bytes for one in files), [one for one in files if one.key not in wanted]
    if settings.json:
        show_json(
            {
                "store": str(root),
                "files": len(files),
                "bytes": size,
                "not_needed": {"files": len(spare), "bytes": sum(one.bytes for one in spare)},
                "sources": [_state_report(one) for one in states],
            }
        )
        return 0
    heads = ["source", "data of", "confirmed", "records", "bytes", "digest", "from"]
    show_table(settings, f"Store {printable(str(root))}", heads, map(_row, states))
    unneeded = f"{len(spare):,} of them ({_megabytes(spare)}) needed by no source and no lock"
    info(settings, f"{counted(len(files), 'file')}, {_megabytes(files)}; {unneeded}")
    return 0


def _row(state: "State") -> list[Cell]:
    good, at = state.good, state.checked_at
    confirmed = at.strftime("%Y-%m-%d %H:%M") if at else "-"
    if good is None:
        return [state.name, "-", confirmed, "", "", "-", "-"]
    day = good.facts.date.isoformat() if good.facts.date else "-"
    return [state.name, day, confirmed, good.facts.records, good.bytes, good.short, good.url]


def _state_report(state: "State") -> dict[str, object]:
    from blockc.cli.views.update import snapshot_report

    return {
        "name": state.name,
        "checked_at": state.checked_at.isoformat(timespec="seconds") if state.checked_at else None,
        "good": snapshot_report(state.good),
        "refused": snapshot_report(state.refused),
    }


def _verify(settings: Settings, _asked: StoreCall, root: Path) -> int:
    from blockc.fetch.store.maintenance import entries, verify

    count, damages = sum(1 for _ in entries(root)), list(verify(root))
    if settings.json:
        found = [{"path": str(one.path), "reason": one.reason} for one in damages]
        show_json({"store": str(root), "files": count, "damaged": found})
    else:
        show("".join(printable(f"{one.path}: {one.reason}") + "\n" for one in damages))
    if damages:
        info(settings, f"{len(damages):,} damaged; `blockc update` fetches again what it needs")
    else:
        info(settings, f"{counted(count, 'file')}, all sound")
    return 1 if damages else 0


def _sweep(settings: Settings, asked: StoreCall, root: Path) -> int:
    from blockc.fetch.store.maintenance import sweep

    days = DAYS if asked.days is None else asked.days
    swept = sweep(root, days, datetime.now(UTC), dry_run=asked.dry_run)
    count = counted(len(swept.entries), "file")
    with nullcontext() if asked.dry_run else already_done(f"{count} removed"):
        if settings.json:
            removed = [str(one.path) for one in swept.entries]
            show_json({"store": str(root), "bytes": swept.bytes, "removed": removed})
        else:
            would = "would be removed" if asked.dry_run else "removed"
            show(f"{count} {would}, {_megabytes(swept.entries)}\n")
    return 0


def _megabytes(files: Iterable["StoreEntry"]) -> str:
    return f"{sum(one.bytes for one in files) / 1e6:,.1f} MB"


_DEEDS: Mapping[str, Callable[[Settings, StoreCall, Path], int]] = {
    "ls": _list,
    "verify": _verify,
    "gc": _sweep,
}
