"""Questions about addresses, answered from a project: what it means, and what stands around it."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum
from pathlib import Path

import numpy as np

from blockc.addresses import columns
from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES
from blockc.addresses.human_forms import EXPECTED
from blockc.addresses.lines import BLANKS, IN_A_LIST, decode_lines
from blockc.addresses.plain_text import TextLines
from blockc.compiler.watch import Watch, unwatched
from blockc.errors import Location, UsageError
from blockc.explain.lookup import (
    LookupAnswer,
    LookupQuestion,
    Piece,
    RecordsFile,
    RegistryRecord,
    answers,
    ended_exceptions,
    registry_records,
)
from blockc.explain.published_lines import DecidingLine, PublishedLines
from blockc.policy.meaning.resolve import ListEntry, ResolvedList
from blockc.policy.model import Exemption
from blockc.policy.syntax.includes import beside
from blockc.policy.syntax.selectors import AddressRange, AsnSelector, FeedSelector, FileSelector
from blockc.storage.local import read_local
from blockc.values import Value, field, replace
from blockc.vocabulary import MANIFEST, RIRS
from blockc.workspace.inputs import InputOptions
from blockc.workspace.locked_data import LockedData
from blockc.workspace.project import Project, ProjectDay
from blockc.workspace.sources import ASN_SOURCE

_ASN = re.compile(r"(?i)(?:asn?:?)([0-9]{1,10})")
_LAST_ASN = 2**32 - 1
MOST_ROWS = 10  # of a source that are shown for one entry


class SourceRow(Value):
    """A row of a source, or a line of a file, that holds addresses which were asked about.

    `number`: a line for `file:`, else the place among the rows of the source, from 1.
    `tags`: what the source says about the row.
    """

    entry: ListEntry
    path: str
    number: int
    span: AddressRange
    tags: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""


class ExplainedPiece(Value, eq=False):
    """A piece of an answer, and what stands around it.

    `record`: of the registry that decides about the whole piece, if one does.
    """

    piece: Piece
    record: RegistryRecord | None = None
    rows: tuple[SourceRow, ...] = ()
    lines: tuple[DecidingLine, ...] = ()


class Explained(Value, eq=False):
    """An answer with all that explains it.

    `ended`: exceptions that spared some of it until they ended.
    """

    answer: LookupAnswer
    pieces: tuple[ExplainedPiece, ...]
    ended: tuple[tuple[ResolvedList, Exemption], ...] = ()


def asked_day(project: Project, options: InputOptions, observe: Watch = unwatched) -> ProjectDay:
    """Return a day to ask about: nothing is refused, and registries tell who holds what.

    A policy that asks no registry needs none; then the lock may lack them.
    """
    lock = None if options.data else project.lock()
    known = options.data is not None or (lock is not None and {*RIRS} <= lock.sources.keys())
    return project.on(options, observe, registries=known, refusing=False)


def asked_in(name: str, data: bytes, announced: Callable[[int], AddrSet]) -> list[LookupQuestion]:
    """Return what is asked, a line each: an address, a prefix, a range, or `AS64500`.

    Args:
        name: What the text is called in messages.
        announced: Returns the addresses that an autonomous system announces.

    Raises:
        UsageError: A line is none of these, or the system announces nothing.
        SourceUnfit: It is not text.
    """
    lines = TextLines.of(name, data, may_be_empty=True)
    texts = lines.text.split("\n")
    if "#" in lines.text or ";" in lines.text:
        texts = [re.split(r"[#;]", text, maxsplit=1)[0] for text in texts]
    texts = [text.strip(BLANKS) for text in texts]
    systems = {at: int(one[1]) for at, one in enumerate(map(_ASN.fullmatch, texts)) if one}
    found = {at: _announced(number, announced) for at, number in systems.items()}
    rest = ["" if at in systems else text for at, text in enumerate(texts)]
    decoded = decode_lines("\n".join(rest).encode() if systems else lines.data)
    for one in decoded.wrong.first:
        at = Location(name, one.position + 1) if sum(map(bool, texts)) > 1 else None
        hint = "expected an address, a prefix, a range or AS64500"
        hint = IN_A_LIST.get(one.hint, one.hint) if one.hint not in ("", EXPECTED) else hint
        raise UsageError(f"{one.text!r} cannot be looked up: {one.message}", at=at, hint=hint)
    for family in FAMILIES:
        start, last = decoded.spans[family]
        ends = zip(columns.ints(family, start), columns.last_ints(family, last), strict=True)
        for at, (first, end) in zip(decoded.positions[family].tolist(), ends, strict=True):
            found[at] = (AddressRange(family, first, end),)
    return [LookupQuestion(texts[at], found[at]) for at in sorted(found)]


def _announced(number: int, announced: Callable[[int], AddrSet]) -> tuple[AddressRange, ...]:
    if number > _LAST_ASN:
        raise UsageError(f"AS{number} is not an autonomous system number")
    addresses = announced(number)
    if not addresses:
        raise UsageError(
            f"AS{number} announces nothing, as {ASN_SOURCE} has it in the lock",
            hint=f"if that is old, run `blockc update {ASN_SOURCE}`",
        )
    return tuple(_spans(addresses))


def _spans(addresses: AddrSet) -> Iterator[AddressRange]:
    for family in addresses.families:
        start, last = addresses.spans(family)
        ends = zip(columns.ints(family, start), columns.last_ints(family, last), strict=True)
        yield from (AddressRange(family, first, end) for first, end in ends)


class Detail(IntEnum):
    """How much is looked up beside the verdicts."""

    VERDICTS = 0
    RECORDS = 1  # what the registries say, too
    ALL = 2  # rows of sources, exceptions that ended and lines of artifacts, too


class Explainer:
    """Answers questions about one day of a project.

    Args:
        folder: What is published, to name the line that decides in each artifact; None: no file is
            looked at.
    """

    def __init__(self, day: ProjectDay, folder: Path | None) -> None:
        self._day = day
        self._folder = folder
        self._lines: PublishedLines | None = None
        if folder and (folder / MANIFEST).exists():
            self._lines = PublishedLines(day.resolved, day.world, self._published)
        self._sources = {str(one.path): one.origin.name for one in day.found}
        self._records: dict[int, tuple[RegistryRecord, RegistryRecord]] = {}
        self._files = [
            RecordsFile(str(one.path), one.origin.digest, one.records) for one in day.found
        ]

    @property
    def published(self) -> bool:
        """Return whether anything is published where it was to be looked at."""
        return self._lines is not None

    @property
    def lines(self) -> PublishedLines | None:
        """Return what is published, None if nothing is looked at."""
        return self._lines

    @property
    def files(self) -> list[RecordsFile]:
        """Return what the registries list, each file called as people find it."""
        named = [self._file_named(one.path) for one in self._files]
        return [replace(one, path=path) for one, path in zip(self._files, named, strict=True)]

    def _file_named(self, path: str) -> str:
        feeds = self._day.resolved.matrix.selectors.data.feeds
        if self._day.options.data or not isinstance(feeds, LockedData):
            return path
        return feeds.file_of(self._sources[path])

    def _published(self, path: str) -> bytes | None:
        try:
            return read_local((self._folder or Path()) / path, None)
        except OSError:
            return None

    def explain(
        self,
        asked: Sequence[LookupQuestion],
        lists: Iterable[str] | None = None,
        detail: Detail = Detail.ALL,
    ) -> list[Explained]:
        """Return the answers and what stands around them.

        Args:
            lists: The lists to ask, by name; all without.
        """
        found = answers(self._day.resolved, asked, lists)
        spans = [piece.span for answer in found for piece in answer.pieces]
        if detail is Detail.VERDICTS:
            return [Explained(one, tuple(map(ExplainedPiece, one.pieces))) for one in found]
        records = map(self._named, registry_records(self._files, spans))
        return [self._explained(answer, records, detail) for answer in found]

    def _named(self, record: RegistryRecord | None) -> RegistryRecord | None:
        """Return a record that says where people find its file; one that many share stays one."""
        if record is None:
            return None
        if id(record) not in self._records:
            path = self._file_named(record.path)
            self._records[id(record)] = record, replace(record, path=path)
        return self._records[id(record)][1]

    def _explained(
        self, answer: LookupAnswer, records: Iterator[RegistryRecord | None], detail: Detail
    ) -> Explained:
        pairs = [(piece, next(records)) for piece in answer.pieces]
        if detail is not Detail.ALL:
            return Explained(answer, tuple(ExplainedPiece(*pair) for pair in pairs))
        found = [ended_exceptions(self._day.resolved, span) for span in answer.asked.spans]
        ended = {id(exemption): (one, exemption) for each in found for one, exemption in each}
        pieces = [
            ExplainedPiece(piece, record, tuple(self._rows(piece)), self._said(answer, piece))
            for piece, record in pairs
        ]
        return Explained(answer, tuple(pieces), tuple(ended.values()))

    def _said(self, answer: LookupAnswer, piece: Piece) -> tuple[DecidingLine, ...]:
        """Return what artifacts say about a single address; of a prefix they say many things."""
        if not answer.asked.single or self._lines is None:
            return ()
        span = piece.span
        return tuple(self._lines.about(span.family, span.first, piece.chain.country))

    def _rows(self, piece: Piece) -> Iterator[SourceRow]:
        """Yield the rows of sources by which entries hold a piece."""
        chain = piece.chain
        entries = [*chain.protected, *(entry for one in chain.lists for entry in one.entries)]
        for entry in {id(entry): entry for entry in entries}.values():
            selector = entry.located.selector
            if isinstance(selector, FileSelector):
                yield from self._file_rows(entry, selector, piece.span)
            elif isinstance(selector, FeedSelector):
                yield from self._feed_rows(entry, selector.name, selector.filters, piece.span)
            elif isinstance(selector, AsnSelector):
                asn = [("asn", str(selector.number))]
                yield from self._feed_rows(entry, ASN_SOURCE, asn, piece.span)

    def _file_rows(
        self, entry: ListEntry, selector: FileSelector, span: AddressRange
    ) -> Iterator[SourceRow]:
        path = beside(entry.located.place.document, selector.path)
        lines = TextLines.of(path, self._day.reader(path), may_be_empty=True)
        decoded = decode_lines(lines.data)
        start, last = decoded.spans[span.family]
        for at in _overlapping(span, start, last):
            number = int(decoded.positions[span.family][at]) + 1
            yield SourceRow(entry, path, number, _range(span, start, last, at))

    def _feed_rows(
        self,
        entry: ListEntry,
        name: str,
        filters: Sequence[tuple[str, str]],
        span: AddressRange,
    ) -> Iterator[SourceRow]:
        feeds = self._day.resolved.matrix.selectors.data.feeds
        if not isinstance(feeds, LockedData):
            return
        feed, path, digest = feeds.feed_file(name)
        start, last = feed.spans[span.family]
        chosen = feed.rows(span.family, filters)
        for at in _overlapping(span, start, last):
            if chosen[at]:
                tags = {
                    tag: one.names[one.labels[span.family][at]] for tag, one in feed.tags.items()
                }
                where = _range(span, start, last, at)
                yield SourceRow(entry, path, at + 1, where, tags, digest)


def _overlapping(span: AddressRange, start: columns.Column, last: columns.Column) -> list[int]:
    """Return the first positions of the spans that share an address with another one."""
    asked = columns.span_columns(span.family, [(span.first, span.last)])
    (start, last), (first, end) = columns.spans_alike([(start, last), asked])
    found: list[int] = np.flatnonzero((start <= end) & (first <= last))[:MOST_ROWS].tolist()
    return found


def _range(
    span: AddressRange, start: columns.Column, last: columns.Column, at: int
) -> AddressRange:
    (first,) = columns.ints(span.family, start[at : at + 1])
    (end,) = columns.last_ints(span.family, last[at : at + 1])
    return AddressRange(span.family, first, end)
