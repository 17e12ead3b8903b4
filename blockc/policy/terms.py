"""What each selector stands for on one day: its addresses and how many there are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import numpy as np

from blockc.addresses import columns
from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet, Spans, union
from blockc.addresses.family import Family
from blockc.addresses.text_columns import read_spans
from blockc.addresses.world import World
from blockc.errors import PolicyError, SourceSyntaxError
from blockc.policy.gather import ReadFile, beside, read_beside
from blockc.policy.groups import CountryGroup
from blockc.policy.model import Guard, Written
from blockc.policy.selectors import (
    Addresses,
    Asn,
    Country,
    Delegated,
    Feed,
    File,
    Group,
    ListOf,
    Registry,
    Status,
)

Counts = Mapping[Family, int]


class Feeds(Protocol):
    """Where `feed:` and `asn:` find their addresses."""

    def feed(self, name: str, filters: Sequence[tuple[str, str]]) -> AddrSet:
        """Return the addresses of the rows of a source that pass every filter."""

    def asn(self, number: int) -> AddrSet:
        """Return the addresses an autonomous system announces."""


@dataclass(frozen=True, slots=True)
class Data:
    """Everything outside a policy that its meaning depends on."""

    world: World
    groups: Mapping[str, CountryGroup]
    guard: Guard
    read_file: ReadFile
    feeds: Feeds | None = None


@dataclass(slots=True)
class Terms:
    """Finds what selectors stand for, each distinct one once."""

    data: Data
    lists: dict[str, AddrSet] = field(default_factory=dict)
    _sets: dict[str, AddrSet] = field(default_factory=dict)
    _countries: AddrMap | None = None
    _counts: dict[str, dict[Family, int]] = field(default_factory=dict)

    @property
    def families(self) -> tuple[Family, ...]:
        """Return the families of the world."""
        return self.data.world.families

    def union(self, entries: Iterable[Written]) -> AddrSet:
        """Return what any of `entries` stands for.

        Countries are looked up together, and so are addresses: a policy has thousands of them.
        """
        codes: set[str] = set()
        spans: list[tuple[Family, int, int]] = []
        sets: list[AddrSet] = []
        for written in entries:
            selector = written.selector
            if isinstance(selector, Country | Group):
                codes.update(self._codes(selector))
            elif isinstance(selector, Addresses):
                spans.append((selector.family, selector.first, selector.last))
            else:
                sets.append(self._set(written))
        sets += [self._country_map.where(codes)] if codes else []
        sets += [AddrSet.of_ranges(spans, self.families)] if spans else []
        return sets[0] if len(sets) == 1 else union(sets, self.families)

    def counts(self, written: Written) -> Counts:
        """Return how many addresses one selector stands for, by family."""
        selector = written.selector
        if isinstance(selector, Addresses):
            return {f: selector.count * (f == selector.family) for f in self.families}
        if isinstance(selector, Country | Group):
            tallies = [self._tally(code) for code in self._codes(selector)]
            return {f: sum(tally[f] for tally in tallies) for f in self.families}
        found = self._set(written)
        return {f: found.count_of(f) for f in self.families}

    def _codes(self, selector: Country | Group) -> tuple[str, ...]:
        if isinstance(selector, Country):
            return (selector.code,)
        return self.data.groups[selector.name].countries

    @property
    def _country_map(self) -> AddrMap:
        if self._countries is None:
            self._countries = self.data.world.countries()
        return self._countries

    def _tally(self, code: str) -> Mapping[Family, int]:
        if not self._counts:
            self._counts = label_counts(self._country_map)
        return self._counts.get(code) or dict.fromkeys(self.families, 0)

    def _set(self, written: Written) -> AddrSet:
        selector = written.selector
        if isinstance(selector, ListOf):
            return self.lists[selector.name]
        name = str(selector)
        if isinstance(selector, File):
            name = beside(written.place.document, selector.path)
        if name not in self._sets:
            self._sets[name] = self._find(written)
        return self._sets[name]

    def _find(self, written: Written) -> AddrSet:
        world = self.data.world
        match written.selector:
            case File():
                return self._file(written, written.selector.path)
            case Feed() | Asn():
                return self._fed(written.selector)
            case Registry(name):
                return world.select(registries=[name]) & self._delegated()
            case Status(name):
                return world.select(statuses=[name])
            case Delegated():
                return self._delegated()
            case _:
                return AddrSet.everything(self.families)

    def _delegated(self) -> AddrSet:
        if "delegated" not in self._sets:
            self._sets["delegated"] = self.data.world.delegated()
        return self._sets["delegated"]

    def _file(self, written: Written, name: str) -> AddrSet:
        path = beside(written.place.document, name)
        data = read_beside(written.place, name, self.data.read_file)
        try:
            spans = read_spans(path, data)
        except SourceSyntaxError as mistake:
            raise PolicyError(mistake.message, at=mistake.at, hint=mistake.hint) from None
        for family in spans:
            self._require_narrow(family, spans[family], path)
        return AddrSet.of_spans({family: spans[family] for family in self.families})

    def _require_narrow(self, family: Family, spans: Spans, path: str) -> None:
        """Raise if the file holds an entry wider than the guard lets an operator write."""
        start, last = spans
        widest = self.data.guard.widest(family)
        limit = 1 << (family.width - widest)
        for row in _wide_rows(family, start, last, limit)[:1]:
            first, end = columns.ints(family, start)[row], columns.last_ints(family, last)[row]
            said = f"{path} holds {Addresses(family, first, end)}, wider than a /{widest}"
            hint = f"set [guard] widest_prefix.{family.name} if it is meant"
            raise PolicyError(said, hint=hint)

    def _fed(self, selector: Feed | Asn) -> AddrSet:
        feeds = self.data.feeds
        if feeds is None:
            raise PolicyError(f"{selector} needs a source that was not given")
        if isinstance(selector, Asn):
            found = feeds.asn(selector.number)
        else:
            found = feeds.feed(selector.name, selector.filters)
        if not found:
            raise PolicyError(f"{selector} matches nothing", hint="an empty feed is never meant")
        return found


def label_counts(mapped: AddrMap) -> dict[str, dict[Family, int]]:
    """Return the number of addresses of every label but the default, by family."""
    counts = {name: dict.fromkeys(mapped.families, 0) for name in mapped.names[1:]}
    for part in mapped.parts:
        order = np.argsort(part.labels, kind="stable")
        labels = part.labels[order]
        first = np.flatnonzero(np.diff(labels, prepend=-1))
        edges = [*first.tolist(), len(labels)]
        starts, lasts = part.starts[order], part.lasts[order]
        for low, high in pairwise(edges):
            if labels[low]:
                rows = slice(low, high)
                total = columns.total(part.family, starts[rows], lasts[rows])
                counts[mapped.names[labels[low]]][part.family] = total
    return counts


def _wide_rows(
    family: Family, start: columns.Column, last: columns.Column, limit: int
) -> list[int]:
    """Return the rows whose spans hold more than `limit` addresses."""
    if columns.is_wide(start) or limit < 1 << family.grain:
        sizes = columns.sizes(family, start, last)
        return [row for row, size in enumerate(sizes) if size > limit]
    return np.flatnonzero(last - start > np.uint64((limit >> family.grain) - 1)).tolist()
