"""What each selector stands for on one day: its addresses and how many there are."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Protocol, TypeVar

import numpy as np

from blockc.addresses import columns
from blockc.addresses.addrmap import AddrMap
from blockc.addresses.addrset import AddrSet
from blockc.addresses.columns import Column
from blockc.addresses.family import Family
from blockc.addresses.lines import read_spans
from blockc.addresses.totals import sizes
from blockc.errors import (
    BlockcError,
    Mistakes,
    PolicyError,
    SourceMistakes,
    SourceSyntaxError,
    SourceUnfit,
)
from blockc.policy.model import Guard, LocatedSelector
from blockc.policy.syntax.country_groups import CountryGroup
from blockc.policy.syntax.includes import ReadFile, beside, read_beside
from blockc.policy.syntax.selectors import (
    AddressRange,
    AsnListSelector,
    AsnSelector,
    CountrySelector,
    DelegatedSelector,
    FeedSelector,
    FileSelector,
    GroupSelector,
    RegistrySelector,
    StatusSelector,
)
from blockc.registries.as_numbers import read_as_numbers
from blockc.registries.registry_map import RegistryMap
from blockc.tomlio.tables import Findings
from blockc.values import Changing, Value, field

#: Numbers of addresses, one per family, in the order of the world's families.
Counts = tuple[int, ...]
T = TypeVar("T")
DELEGATED = ("allocated", "assigned")
EMPTY_HINT = "write { select = ..., allow_empty = true } if that is right"


class Feeds(Protocol):
    """Where `feed:` and `asn:` find their addresses."""

    def feed(self, name: str, filters: Sequence[tuple[str, str]]) -> AddrSet:
        """Return the addresses of the rows of a source that pass every filter."""

    def asn(self, numbers: Collection[int]) -> AddrSet:
        """Return the addresses that one or more autonomous systems announce."""

    def as_numbers(self, name: str) -> Collection[int]:
        """Return the AS numbers that a source lists."""


class SelectorData(Value):
    """Everything outside a policy that its meaning depends on."""

    world: RegistryMap
    groups: Mapping[str, CountryGroup]
    guard: Guard
    read_file: ReadFile
    feeds: Feeds | None = None


class SelectorSets(Changing, dict=True):
    """Finds what selectors stand for, each distinct one once."""

    data: SelectorData
    _sets: dict[str, AddrSet] = field(default_factory=dict)
    _counts: dict[str, Counts] = field(default_factory=dict)
    _too_wide: dict[str, PolicyError] = field(default_factory=dict)

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """Return the families of the world."""
        return self.data.world.families

    @cached_property
    def countries(self) -> AddrMap:
        """Return the registered country of every delegated address."""
        return self.data.world.countries()

    def codes(self, selector: CountrySelector | GroupSelector) -> tuple[str, ...]:
        """Return the country codes a country or group stands for."""
        if isinstance(selector, CountrySelector):
            return (selector.code,)
        return self.data.groups[selector.name].countries

    def counts(self, located: LocatedSelector) -> Counts:
        """Return how many addresses an entry stands for, by family; not for `list:`.

        Raises:
            PolicyError: If it stands for nothing that can be known.
        """
        selector = located.selector
        if isinstance(selector, AddressRange):
            counts = [0] * len(self.families)
            counts[self._places[selector.family.version]] = selector.last - selector.first + 1
            return tuple(counts)
        if isinstance(selector, CountrySelector | GroupSelector):
            nothing = (0,) * len(self.families)
            tallies = [self._tallies.get(code, nothing) for code in self.codes(selector)]
            return tuple(map(sum, zip(*tallies, strict=True)))
        key, found = self.set_of(located)
        if key not in self._counts:
            self._counts[key] = self.count(found)
        return self._counts[key]

    def count(self, addresses: AddrSet) -> Counts:
        """Return the number of addresses in a set."""
        return tuple(addresses.count_of(family) for family in self.families)

    def addresses(self, located: LocatedSelector) -> AddrSet:
        """Return what an entry stands for; not for `list:`."""
        selector = located.selector
        if isinstance(selector, AddressRange):
            return selector.as_set(self.families)
        if isinstance(selector, CountrySelector | GroupSelector):
            return self.countries.where(self.codes(selector))
        return self.set_of(located)[1]

    def all_addresses(self, entries: Iterable[LocatedSelector]) -> dict[str, AddrSet]:
        """Return what each of entries stands for, by how it is written.

        Raises:
            Mistakes: One stands for no address, and the policy does not say that it may.
        """
        findings, found = Findings(PolicyError), dict[str, AddrSet]()
        for one in entries:
            found[str(one.selector)] = self.addresses(one)
            if not found[str(one.selector)] and not one.allow_empty:
                findings.add(one.place, f"{one.selector} has no addresses", hint=EMPTY_HINT)
        findings.require_none()
        return found

    def set_of(self, located: LocatedSelector) -> tuple[str, AddrSet]:
        """Return a name and the addresses of an entry that is none of country, group, literal."""
        selector = located.selector
        key = str(selector)
        if isinstance(selector, FileSelector):
            key = f"file:{beside(located.place.document, selector.path)}"
        elif isinstance(selector, AsnListSelector) and isinstance(selector.listed, FileSelector):
            key = f"asn:file:{beside(located.place.document, selector.listed.path)}"
        if key not in self._sets:
            self._sets[key] = self._find(located, key)
        if key in self._too_wide and not located.spares:
            raise self._too_wide[key]
        return key, self._sets[key]

    @cached_property
    def _places(self) -> Mapping[int, int]:
        """Return the place of each family by its version, which is quicker to look up."""
        return {family.version: place for place, family in enumerate(self.families)}

    @cached_property
    def _tallies(self) -> Mapping[str, Counts]:
        return label_counts(self.countries)

    def _find(self, located: LocatedSelector, key: str) -> AddrSet:
        world = self.data.world
        match located.selector:
            case FileSelector():
                return self._file(located, located.selector.path, key)
            case FeedSelector() | AsnSelector() | AsnListSelector():
                return self._fed(located, located.selector)
            case RegistrySelector(name):
                return world.select(registries=[name], statuses=DELEGATED)
            case StatusSelector(name):
                return world.select(statuses=[name])
            case DelegatedSelector():
                return world.delegated()
            case _:
                return AddrSet.everything(self.families)

    def _file(self, located: LocatedSelector, name: str, key: str) -> AddrSet:
        path = beside(located.place.document, name)
        data = read_beside(located.place, name, self.data.read_file)
        spans = _of_author(lambda: read_spans(path, data))
        for family in spans:
            self._note_width(family, spans[family], path, key)
        return AddrSet.of_spans({family: spans[family] for family in self.families})

    def _note_width(
        self, family: Family, spans: tuple[Column, Column], path: str, key: str
    ) -> None:
        """Remember whether the file holds an entry wider than the guard lets a list block."""
        start, last = spans
        widest = self.data.guard.widest(family)
        row = next(_wide_rows(family, start, last, widest), None)
        if row is not None:
            (first,) = columns.ints(family, start[row : row + 1])
            (end,) = columns.last_ints(family, last[row : row + 1])
            said = f"{path} holds {AddressRange(family, first, end)}, wider than a /{widest}"
            hint = f"set [guard] widest_prefix.{family.name} if it is meant"
            self._too_wide.setdefault(key, PolicyError(said, hint=hint))

    def _fed(
        self, located: LocatedSelector, selector: FeedSelector | AsnSelector | AsnListSelector
    ) -> AddrSet:
        feeds = self.data.feeds
        if feeds is None:
            raise PolicyError(f"{selector} needs a source that was not given")
        if isinstance(selector, FeedSelector):
            return feeds.feed(selector.name, selector.filters)
        if isinstance(selector, AsnSelector):
            return feeds.asn([selector.number])
        listed = selector.listed
        if isinstance(listed, FeedSelector):
            return feeds.asn(feeds.as_numbers(listed.name))
        path = beside(located.place.document, listed.path)
        data = read_beside(located.place, listed.path, self.data.read_file)
        return feeds.asn(_of_author(lambda: read_as_numbers(path, data)))


def _of_author(read: Callable[[], T]) -> T:
    """Return what `read` makes of a file that the policy's author keeps, whose mistakes they are.

    Raises:
        PolicyError: It cannot be read, or one line is wrong.
        Mistakes: Several lines are wrong.
    """
    try:
        return read()
    except (SourceSyntaxError, SourceUnfit) as mistake:
        raise _in_policy(mistake) from None
    except SourceMistakes as found:
        raise Mistakes([_in_policy(one) for one in found.errors]) from None


def _in_policy(one: BlockcError) -> PolicyError:
    """Return the error of a line in a file that the policy's author keeps."""
    hint = "correct that line" if "host bits" in one.hint else one.hint
    return PolicyError(one.message, at=one.at, hint=hint)


def label_counts(mapped: AddrMap) -> dict[str, Counts]:
    """Return the number of addresses of every label but the default."""
    counts = zip(*(mapped.counts(family) for family in mapped.families), strict=True)
    return dict(list(zip(mapped.names, counts, strict=True))[1:])


def _wide_rows(family: Family, start: Column, last: Column, widest: int) -> Iterator[int]:
    """Yield the rows whose spans hold more addresses than a prefix of the length `widest`."""
    limit = 1 << (family.width - widest)
    for rows in columns.slices(len(start)):
        first, end = start[rows], last[rows]
        some = np.flatnonzero(columns.common_length(family, first, end) < widest)
        counts = sizes(family, first[some], end[some])  # all others lie in one such prefix
        pairs = zip(some.tolist(), counts, strict=True)
        yield from (rows.start + row for row, size in pairs if size > limit)
