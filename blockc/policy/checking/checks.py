"""What every part of a policy is checked with: known names, variables, and a place for mistakes."""

import re
from collections.abc import Collection, Iterator, Sequence

from blockc.errors import PolicyError, suggestion
from blockc.policy.model import Guard, Known, LocatedSelector, Note
from blockc.policy.syntax.includes import VARIABLE, Variables
from blockc.policy.syntax.policy_tables import EntryTable
from blockc.policy.syntax.selectors import (
    AddressRange,
    AsnListSelector,
    FeedSelector,
    GroupSelector,
    ListSelector,
    Selector,
    note_on,
    parse_addresses,
    parse_selector,
)
from blockc.tomlio.tables import Findings, Place
from blockc.values import Value, field

LIST_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


class Checks(Value):
    """The names a policy may use, and what was found so far."""

    known: Known
    lists: frozenset[str]
    variables: Variables
    guard: Guard
    findings: Findings
    notes: list[Note] = field(default_factory=list)

    def selectors(
        self, entries: Sequence[str | EntryTable], place: Place, *, spares: bool = False
    ) -> tuple[LocatedSelector, ...]:
        """Return the selectors of a list, noting those that are wrong."""
        found: list[LocatedSelector] = []
        for index, entry in enumerate(entries):
            if isinstance(entry, EntryTable):
                here = place / index / "select"
                found += self.located(
                    entry.select, here, spares=spares, allow_empty=entry.allow_empty
                )
            else:
                for text in self.texts(entry):
                    found += self.located(text, place / index, spares=spares)
        return tuple(found)

    def located(
        self, text: str, place: Place, *, spares: bool, allow_empty: bool = False
    ) -> list[LocatedSelector]:
        """Return the one selector that `text` is, or none if that is a mistake."""
        selector = self.selector(text, place, spares=spares)
        if selector is None:
            return []
        source = selector.listed if isinstance(selector, AsnListSelector) else selector
        if isinstance(source, FeedSelector):
            allow_empty = allow_empty or self.known.sources[source.name].may_be_empty
        return [LocatedSelector(selector, place, spares, allow_empty)]

    def texts(self, text: str) -> Iterator[str]:
        """Yield `text`, or the entries of the variable that it is."""
        variable = VARIABLE.fullmatch(text)
        value = self.variables.get(variable[1]) if variable else text
        for one in value if isinstance(value, tuple) else (value,):
            yield one or ""

    def entries(self, texts: Sequence[str], place: Place) -> Iterator[tuple[str, Place]]:
        """Yield each text and its place; a variable that is a list gives its own entries."""
        for index, text in enumerate(texts):
            for one in self.texts(text):
                yield one, place / index

    def selector(self, text: str, place: Place, *, spares: bool = False) -> Selector | None:
        """Return what `text` selects, or None if that is a mistake."""
        try:
            selector = parse_selector(text)
            self._require_known(selector)
            if isinstance(selector, AddressRange) and not spares:
                self._require_narrow(selector, text)
        except PolicyError as mistake:
            self.findings.add_error(place, mistake)
            return None
        self.note(place, text)
        return selector

    def note(self, place: Place, text: str) -> None:
        """Tell how a country that the operator names is understood, where that may surprise."""
        note = note_on(text)
        if note:
            self.notes.append(Note(place, note))

    def addresses(self, text: str, place: Place) -> AddressRange | None:
        """Return the address, prefix or range `text` is, or None if that is a mistake."""
        try:
            addresses = parse_addresses(text)
        except PolicyError as mistake:
            self.findings.add_error(place, mistake)
            return None
        return addresses

    def list_exists(self, name: str, place: Place) -> bool:
        """Return whether the policy has a list called `name`, noting if not."""
        if name not in self.lists:
            hint = _nearest(name, self.lists, "lists")
            self.findings.add(place, f"unknown list {name!r}", hint=hint)
        return name in self.lists

    def _require_known(self, selector: Selector) -> None:
        if isinstance(selector, AsnListSelector):
            selector = selector.listed
        if isinstance(selector, GroupSelector):
            _require("group", selector.name, self.known.groups)
        elif isinstance(selector, ListSelector):
            _require("list", selector.name, self.lists)
        elif isinstance(selector, FeedSelector):
            _require("source", selector.name, self.known.sources)
            filters = self.known.sources[selector.name].filters
            for key, _ in selector.filters:
                _require_filter(selector.name, key, filters)

    def _require_narrow(self, addresses: AddressRange, text: str) -> None:
        widest = self.guard.widest(addresses.family)
        if addresses.count <= 1 << (addresses.family.width - widest):
            return
        if addresses.count == addresses.family.size:
            hint = "write 'world' if every address is meant"
            raise PolicyError(f"{text} is all of {addresses.family.name}", hint=hint)
        hint = f"set [guard] widest_prefix.{addresses.family.name} if it is meant"
        raise PolicyError(f"{text} is wider than a /{widest}", hint=hint)


def _require(kind: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise PolicyError(f"unknown {kind} {name!r}", hint=_nearest(name, known, f"{kind}s"))


def _require_filter(source: str, key: str, filters: Collection[str]) -> None:
    if not filters:
        raise PolicyError(f"the rows of {source} cannot be filtered", hint=f"write feed:{source}")
    if key not in filters:
        hint = _nearest(key, filters, "filters")
        raise PolicyError(f"{source} has no filter {key!r}", hint=hint)


def _nearest(name: str, known: Collection[str], plural: str) -> str:
    near = suggestion(name, sorted(known)).removeprefix("; ")
    if near or not known:
        return near or f"there are no {plural}"
    return f"known are {', '.join(sorted(known))}" if len(known) <= 12 else ""
