"""The entries of an aggregated list, as lines and as a report, and what they give up."""

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from blockc.addresses.family import Family
from blockc.cli.console import amount_text, info, show, show_json, warn
from blockc.cli.options import Settings
from blockc.passes.aggregate import Fitted, Merged

if TYPE_CHECKING:
    from blockc.passes.contract import Change
    from blockc.passes.request import Effort, Observer

SOON, LONG = 5, 90  # seconds: what takes less is not talked about, or not in minutes


def show_lines(result: Merged | Fitted, families: tuple[Family, ...]) -> None:
    """Print one entry per line."""
    for lines in chain.from_iterable(map(result.lines, families)):
        show(lines)


def show_counts(result: Merged | Fitted, families: tuple[Family, ...]) -> None:
    """Print how many entries and addresses each family has."""
    for family in families:
        counted = f"{result.entries(family)} entries {result.addresses(family)} addresses"
        show(f"{family.name} {counted}\n")


def show_report(
    result: Merged | Fitted, families: tuple[Family, ...], key: str, *, count: bool
) -> None:
    """Print JSON as `docs/json.md` describes it; the entries stand under `key` unless `count`."""
    report: dict[str, dict[str, object]] = {}
    for family in families:
        addresses = str(result.addresses(family))
        one: dict[str, object] = {"entries": result.entries(family), "addresses": addresses}
        if isinstance(result, Fitted):
            sets = {"added": result.change.added, "lost": result.change.lost}
            one |= {name: str(found.count_of(family)) for name, found in sets.items()}
        if not count:
            one[key] = b"".join(result.lines(family)).decode().splitlines()
        report[family.name] = one
    show_json(report)


def effort_lines(settings: Settings) -> "Observer":
    """Return what says before a long computation what it takes, and then how far it is."""
    told = 0

    def observe(effort: "Effort") -> None:
        nonlocal told
        if effort.seconds < SOON:
            return
        if not effort.share:
            told = 0
            minutes = f"about {effort.seconds / 60:,.0f} minutes"
            time = minutes if effort.seconds > LONG else "a while"
            room = f"{effort.megabytes:,.0f} MB of memory"
            info(settings, f"finding the least cost takes {time} and {room}")
        elif (tenths := int(effort.share * 10)) > told:
            told = tenths
            info(settings, f"{tenths * 10} % of it is done")

    return observe


def tell_change(settings: Settings, found: Fitted) -> None:
    """Say what the entries cover too much or too little, loudly where it is not free space."""
    from blockc.passes.contract import HARMLESS

    lossy = found.compiled.steps[-1].contract not in HARMLESS
    for text in _changes(found.change):
        if lossy:
            warn(text)
        else:
            info(settings, text)


def _changes(change: "Change") -> Iterator[str]:
    for family in change.added.families:
        if added := change.added.count_of(family):
            yield f"covered though not listed: {amount_text(family, added)}"
        if lost := change.lost.count_of(family):
            yield f"listed but not covered: {amount_text(family, lost)}"
