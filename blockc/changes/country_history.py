"""Since when a country was blocked, and when it was not: from what was shown one after another."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from blockc.values import Value

Manifest = Mapping[str, Any]


class Shown(Value):
    """A generation that was shown, or ran somewhere, from an instant on.

    Attributes:
        manifest: None: nothing was shown, or nobody kept it.
        known: Whether anybody said what ran.
    """

    begin: datetime
    generation: str
    manifest: Manifest | None
    known: bool = True


class Interval(Value):
    """A time in which a country was blocked in an artifact, or was not.

    Attributes:
        begin: When it began.
        end: When it ended; None: it goes on.
        generations: What was shown, in order.
        known: Whether anybody knows; if not, the rest says nothing.
        least: The fewest addresses of the country that were blocked, by family; 0 in a gap.
        most: The most.
    """

    begin: datetime
    end: datetime | None
    generations: tuple[str, ...]
    least: Mapping[str, int]
    most: Mapping[str, int]
    known: bool = True

    @property
    def blocked(self) -> bool:
        """Return whether any address of the country was blocked."""
        return any(self.least.values())


def country_intervals(shown: Sequence[Shown], country: str) -> dict[str, list[Interval]]:
    """Return the intervals of each artifact, in order, from the first time on anything was shown.

    An artifact that a generation does not have blocks nobody while that one is shown. Counts are
    of the lists: what a limit gave up is in the manifest.

    Args:
        shown: What was shown, in order of the history.
        country: An ISO 3166 code, in capitals.
    """
    made = [_blocked(one.manifest, country) for one in shown]
    paths = dict.fromkeys(path for counts in made for path in sorted(counts))
    return {
        path: list(_intervals(shown, [counts.get(path, {}) for counts in made])) for path in paths
    }


def edge_intervals(ran: Mapping[str, Sequence[Shown]], country: str) -> dict[str, list[Interval]]:
    """Return the intervals of each output of an edge.

    Args:
        ran: What ran of each output, by its path, in order of the history.
        country: An ISO 3166 code, in capitals.
    """
    return {
        path: list(_intervals(shown, [_of_output(one.manifest, path, country) for one in shown]))
        for path, shown in ran.items()
    }


def _of_output(manifest: Manifest | None, path: str, country: str) -> dict[str, int]:
    """Return how many addresses of a country the artifacts of an output block: the most of one.

    An older manifest does not say which output an artifact is of; then its first file does.
    """
    blocked = _blocked(manifest, country)
    outputs = {
        one["files"][0]["path"]: one.get("output", one["files"][0]["path"])
        for one in (manifest or {}).get("artifacts", ())
        if one["files"]
    }
    found = [counts for first, counts in blocked.items() if outputs[first] == path]
    return {
        family: max((one.get(family, 0) for one in found), default=0) for family in _families(found)
    }


def _intervals(shown: Sequence[Shown], counts: Sequence[Mapping[str, int]]) -> Iterator[Interval]:
    rows = zip(shown, counts, strict=True)
    runs = [list(run) for _, run in groupby(rows, _state)]
    ends = [*(run[0][0].begin for run in runs[1:]), None]
    for run, end in zip(runs, ends, strict=True):
        held = [count for _, count in run]
        yield Interval(
            run[0][0].begin,
            end,
            tuple(dict.fromkeys(one.generation for one, _ in run if one.generation)),
            {family: min(count.get(family, 0) for count in held) for family in _families(held)},
            {family: max(count.get(family, 0) for count in held) for family in _families(held)},
            run[0][0].known,
        )


def _state(row: tuple[Shown, Mapping[str, int]]) -> tuple[bool, bool]:
    shown, counts = row
    return shown.known, any(counts.values())


def _families(counts: Iterable[Mapping[str, int]]) -> list[str]:
    return sorted({family for count in counts for family in count} or {"ipv4", "ipv6"})


def _blocked(manifest: Manifest | None, country: str) -> dict[str, dict[str, int]]:
    """Return how many addresses of a country each artifact blocks, by the path of its first file.

    Raises:
        ValueError: It is not a manifest.
    """
    if manifest is None:
        return {}
    try:
        return {
            one["files"][0]["path"]: _count(manifest["lists"], one["holds"], country)
            for one in manifest["artifacts"]
            if one["files"]
        }
    except (KeyError, TypeError, AttributeError) as reason:
        raise ValueError(f"it is not a manifest: {reason!r}") from None


def _count(lists: Mapping[str, Any], holds: str, country: str) -> dict[str, int]:
    """Return the blocked addresses of a country in an artifact: the most that one list has.

    An artifact holds a list, the piece of a country of it (`LIST/CC`), or several (`A+B`).
    """
    names, _, piece = holds.partition("/")
    counts = {"ipv4": 0, "ipv6": 0}
    for name in names.split("+") if piece in ("", country) else ():
        one = lists.get(name)
        if one and one["action"] == "block":
            for family, count in one["countries"].get(country, {}).items():
                counts[family] = max(counts.get(family, 0), int(count))
    return counts
