"""What a policy makes of addresses, and the whole reason: which entries hold them, and who says so.

What is asked is an address or any number of spans. The space has been cut where anything that the
policy names changes, so a span is answered slot by slot, and slots of which the same entries hold
share one chain of reasons. Many of them cost one search in the cut.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.partition import Partition
from blockc.policy.meaning.deciding import Reason, deciding, reason_of
from blockc.policy.meaning.resolve import ListEntry, Resolved, ResolvedList
from blockc.policy.meaning.schedule import days_left
from blockc.policy.model import Exemption
from blockc.policy.syntax.selectors import AddressRange, ListSelector
from blockc.registries.records import REGISTRIES, STATUSES, Records, country_text
from blockc.registries.registry_map import deciding_rows
from blockc.values import Value

Slots = NDArray[np.intp]


class LookupQuestion(Value):
    """What somebody asks about: as they wrote it, and the addresses, in order and disjoint."""

    text: str
    spans: tuple[AddressRange, ...]

    @property
    def single(self) -> bool:
        """Return whether it is about one address."""
        return len(self.spans) == 1 and self.spans[0].count == 1


class ListReason(Value, eq=False):
    """What one list makes of addresses: why it has them or not, and its entries that hold them."""

    of_list: ResolvedList
    reason: Reason
    entries: tuple[ListEntry, ...]
    protected: tuple[ListEntry, ...] = ()

    @property
    def deciding(self) -> list[ListEntry]:
        """Return the entries that decide; none where it decides that there are none."""
        return deciding(self.reason, (*self.entries, *self.protected))

    @property
    def verdict(self) -> str:
        """Return what happens to the traffic: the action in force, `off` before it, or `allow`."""
        return self.of_list.schedule.action if self.reason.has else "allow"


class Chain(Value, eq=False):
    """The reasons of all lists about addresses of which the same entries hold.

    `country`: where they are registered, empty for nowhere. `protected`: the entries of
    `never_block` that hold them. `blocked`: whether a list that is in force blocks them.
    """

    country: str
    lists: tuple[ListReason, ...]
    protected: tuple[ListEntry, ...]
    blocked: bool


class Piece(Value, eq=False):
    """A part of what was asked that has one chain of reasons."""

    span: AddressRange
    chain: Chain


class LookupAnswer(Value, eq=False):
    """What a policy makes of what was asked: its pieces, in order, neighbours with other chains."""

    asked: LookupQuestion
    pieces: tuple[Piece, ...]

    @property
    def blocked(self) -> bool:
        """Return whether a list that is in force blocks all of it."""
        return all(piece.chain.blocked for piece in self.pieces)


def answers(
    resolved: Resolved, asked: Sequence[LookupQuestion], lists: Iterable[str] | None = None
) -> list[LookupAnswer]:
    """Return what a policy makes of what is asked.

    Args:
        lists: The lists to ask, by name; all without.

    Cost: a binary search per span, and for each entry of the policy a pass over the slots that
    anything asked lies in.
    """
    work = _Chains(resolved, lists)
    pieces: list[list[Piece]] = [[] for _ in asked]
    spans = [(number, span) for number, one in enumerate(asked) for span in one.spans]
    for at, cut in enumerate(resolved.matrix.cuts):
        mine = [(number, span) for number, span in spans if span.family == cut.family]
        if mine:
            for number, piece in work.pieces(at, mine):
                pieces[number].append(piece)
    return [LookupAnswer(one, tuple(found)) for one, found in zip(asked, pieces, strict=True)]


def every_chain(resolved: Resolved) -> tuple[list[Chain], list[Partition]]:
    """Return all chains there are, and for each family which of them an address has.

    What `answers` says of an address alone, for the whole space. The labels are positions.

    Cost: a pass over the slots for each entry of the policy.
    """
    work, known, parts = _Chains(resolved, None), dict[int, tuple[int, Chain]](), []
    for at, cut in enumerate(resolved.matrix.cuts):
        first, group = work.groups(at)
        chains = work.of_slots(at, first)
        labels = [
            known.setdefault(id(one), (len(known), one))[0]
            for one in map(chains.__getitem__, first.tolist())
        ]
        parts.append(Partition.of(cut.family, cut.slots, np.array(labels, np.int32)[group]))
    return [one for _, one in known.values()], parts


class _Chains:
    """The chains met so far, by the entries that hold and the country."""

    def __init__(self, resolved: Resolved, lists: Iterable[str] | None) -> None:
        self._matrix = resolved.matrix
        names = None if lists is None else set(lists)
        self._lists = [one for one in resolved.lists if names is None or one.name in names]
        self._protected = [counted.entry for counted in resolved.never_block]
        own = [[counted.entry for counted in one.entries] for one in self._lists]
        self._entries = list(chain(self._protected, *own))
        # The list of each entry, by position; that of protected space is -1.
        sizes = [len(self._protected), *map(len, own)]
        self._owners = [n for n, size in enumerate(sizes, start=-1) for _ in range(size)]
        self._known: dict[tuple[str, tuple[int, ...]], Chain] = {}

    def pieces(
        self, at: int, spans: Sequence[tuple[int, AddressRange]]
    ) -> Iterator[tuple[int, Piece]]:
        """Yield the pieces of spans of the family at a position, each with the span's number."""
        family, slots = self._matrix.cuts[at].family, self._matrix.cuts[at].slots
        start, last = columns.span_columns(family, [(one.first, one.last) for _, one in spans])
        first = self._matrix.slots_of(at, start)
        end = self._matrix.slots_of(at, columns.widen_lasts(last) if family.grain else last)
        chains = self.of_slots(at, _covered(first, end, len(slots)))
        for (number, span), begin, stop in zip(spans, first.tolist(), end.tolist(), strict=True):
            if begin == stop:
                yield number, Piece(span, chains[begin])
                continue
            edges = [n for n in range(begin + 1, stop + 1) if chains[n] is not chains[n - 1]]
            starts = columns.ints(family, slots[edges])
            bounds = [span.first, *starts, span.last + 1]
            for slot, (lower, upper) in zip([begin, *edges], pairwise(bounds), strict=True):
                yield number, Piece(AddressRange(family, lower, upper - 1), chains[slot])

    def of_slots(self, at: int, slots: Slots) -> dict[int, Chain]:
        """Return the chain of each of some slots."""
        holding: list[list[int]] = [[] for _ in slots]
        for number, entry in enumerate(self._entries):
            for row in np.flatnonzero(self._matrix.holds(entry.located, at, slots)).tolist():
                holding[row].append(number)
        countries = self._matrix.country_of(at, slots)
        keys = zip(countries, map(tuple, holding), strict=True)
        return dict(zip(slots.tolist(), (self._chain(*key) for key in keys), strict=True))

    def groups(self, at: int) -> tuple[Slots, Slots]:
        """Return the first slot of each group of which the same entries hold in one country.

        Returns:
            Those slots, and the group of every slot. What holds is told by the sum of 128 mixed
            bits for each entry, so two groups are one with a chance of 2**-128.
        """
        cut = self._matrix.cuts[at]
        slots = np.arange(len(cut.slots))
        sums = [_mixed(cut.countries.astype(np.uint64) << np.uint64(32), salt) for salt in (1, 2)]
        for number, entry in enumerate(self._entries):
            row = self._matrix.holds(entry.located, at, slots)
            for salt, one in enumerate(sums, start=3):
                one[row] += _mixed(np.array([number], np.uint64), salt)
        _, first, group = np.unique(sums[0], return_index=True, return_inverse=True)
        if (sums[1] != sums[1][first][group]).any():
            raise ValueError("two groups of entries have one sum of 64 bits")
        return first, group

    def _chain(self, country: str, holding: tuple[int, ...]) -> Chain:
        key = country, holding
        if key not in self._known:
            found: list[list[ListEntry]] = [[] for _ in range(len(self._lists) + 1)]
            for number in holding:
                found[self._owners[number]].append(self._entries[number])
            protected = tuple(found.pop())
            reasons = tuple(map(_reason, self._lists, found, [protected] * len(found)))
            blocked = any(one.verdict == "block" for one in reasons)
            self._known[key] = Chain(country, reasons, protected, blocked)
        return self._known[key]


def _mixed(numbers: "NDArray[np.uint64]", salt: int) -> "NDArray[np.uint64]":
    """Return numbers in which every bit depends on every bit (the finalizer of splitmix64)."""
    mixed = numbers + np.uint64(salt * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))


def _reason(
    one: ResolvedList, entries: Sequence[ListEntry], protected: tuple[ListEntry, ...]
) -> ListReason:
    roles = {entry.role for entry in (*entries, *protected)}
    reason = reason_of(roles, allows=bool(one.definition.allow))
    return ListReason(one, reason, tuple(entries), protected)


def _covered(first: Slots, end: Slots, count: int) -> Slots:
    """Return the slots, of so many, that any of the spans from `first` to `end` lies in."""
    steps = np.zeros(count + 1, dtype=np.int64)
    np.add.at(steps, first, 1)
    np.subtract.at(steps, end + 1, 1)
    return np.flatnonzero(np.cumsum(steps[:-1]) > 0)


def ended_exceptions(
    resolved: Resolved, span: AddressRange
) -> list[tuple[ResolvedList, Exemption]]:
    """Return the exceptions that spared some of a span until they ended, with their lists."""
    return [
        (one, exemption)
        for one in resolved.lists
        for exemption in one.definition.exemptions
        if (days_left(exemption, resolved.moment) or 0) < 0 and _touches(resolved, exemption, span)
    ]


def _touches(resolved: Resolved, exemption: Exemption, span: AddressRange) -> bool:
    selector = exemption.located.selector
    if isinstance(selector, AddressRange):
        same = selector.family == span.family
        return same and selector.first <= span.last and span.first <= selector.last
    asked = span.as_set(resolved.matrix.selectors.families)
    if isinstance(selector, ListSelector):
        other = next(one for one in resolved.lists if one.name == selector.name)
        return bool(asked & other.addresses)
    return bool(asked & resolved.matrix.selectors.addresses(exemption.located))


class RecordsFile(Value, eq=False):
    """What one registry's file lists: where the file is, the digest of its bytes, its records."""

    path: str
    digest: str
    records: tuple[Records, ...]


class RegistryRecord(Value):
    """What a registry says about addresses, and where it says so.

    `date`: when they were given out, nothing where the registry does not say.
    """

    registry: str
    country: str
    span: AddressRange
    date: str
    status: str
    path: str
    line: int
    digest: str


def registry_records(
    files: Sequence[RecordsFile], spans: Sequence[AddressRange]
) -> list[RegistryRecord | None]:
    """Return the record that decides about the whole of each span; None: none does, or several."""
    found: list[RegistryRecord | None] = [None] * len(spans)
    for family in dict.fromkeys(span.family for span in spans):
        mine = [at for at, span in enumerate(spans) if span.family == family]
        parts = [part for file in files for part in file.records if part.family == family]
        owners = [file for file in files for part in file.records if part.family == family]
        origin = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        records = Records.concat(parts, family)
        asked = [(spans[at].first, spans[at].last) for at in mine]
        start, last = columns.span_columns(family, asked)
        rows, picture = deciding_rows(records, start, last)
        first = picture.run_of(start)
        end = picture.run_of(columns.widen_lasts(last) if family.grain else last)
        labels = np.where(first == end, picture.labels[first], 0)
        chosen = columns.distinct(labels[labels > 0])
        deciding = rows[chosen - 1]
        made = _records(records.take(deciding), [owners[at] for at in origin[deciding].tolist()])
        known = dict(zip(chosen.tolist(), made, strict=True))
        for at, label in zip(mine, labels.tolist(), strict=True):
            found[at] = known.get(label)
    return found


def _records(records: Records, files: Sequence[RecordsFile]) -> Iterator[RegistryRecord]:
    """Yield records one by one, each with the file it stands in."""
    columns_of = (
        columns.ints(records.family, records.start),
        columns.last_ints(records.family, records.last),
        records.registry.tolist(),
        records.country.tolist(),
        records.date.tolist(),
        records.status.tolist(),
        records.row.tolist(),
        files,
    )
    for first, last, registry, country, date, status, row, file in zip(*columns_of, strict=True):
        day = f"{date:08}"
        yield RegistryRecord(
            registry=REGISTRIES[registry],
            country=country_text(country),
            span=AddressRange(records.family, first, last),
            date=f"{day[:4]}-{day[4:6]}-{day[6:]}" if date else "",
            status=STATUSES[status],
            path=file.path,
            line=row,
            digest=file.digest,
        )
