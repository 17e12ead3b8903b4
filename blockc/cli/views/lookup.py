"""Whether addresses are blocked and why, as text for people and as JSON for programs."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from blockc.addresses import FAMILIES
from blockc.cli.console import Cell, amount, info, show, show_json, show_table
from blockc.cli.options import Settings
from blockc.cli.views.answer_source import AnswerSource, source_lines, source_report
from blockc.errors import Location
from blockc.explain.lookup import Chain, ListReason, LookupAnswer, RegistryRecord
from blockc.explain.published_lines import DecidingLine
from blockc.policy.meaning.deciding import Reason
from blockc.policy.meaning.resolve import ListEntry, ResolvedList
from blockc.policy.meaning.schedule import schedule_text
from blockc.policy.meaning.summary import list_report
from blockc.policy.model import Exemption
from blockc.policy.syntax.selectors import GroupSelector
from blockc.workspace.lookup.explaining import Explained, ExplainedPiece, SourceRow
from blockc.workspace.project import ProjectDay

MOST_PIECES = 20
MANY = 1_000  # answers: from here on JSON is not indented
_STRENGTH = ("block", "warn", "monitor", "off", "allow")
_SAID = {True: "true", False: "false"}
_quoted = json.JSONEncoder().encode
Report = dict[str, Any]


def show_lookup(
    settings: Settings, source: AnswerSource, found: Sequence[Explained], *, lines: bool
) -> None:
    """Print the answers: as JSON, a line each, or in full."""
    view = _View(source.day)
    if settings.json:
        text = view.json(found, source_report(source))
        if len(found) < MANY:
            show_json(json.loads(text))
        else:
            show(f"{text}\n")
    elif lines:
        for said in source_lines(source):
            info(settings, said)
        show("".join(map(view.line, found)))
    else:
        show("".join(f"{said}\n" for said in source_lines(source)))
        for number, one in enumerate(found):
            show("\n" * bool(number))
            view.show(settings, one, source)


class _View:
    """What is shown of one day; what many answers share is put into words once."""

    def __init__(self, day: ProjectDay) -> None:
        self._day = day
        self._places: dict[int, Location] = {}
        self._chains: dict[int, str] = {}
        self._records: dict[int, str] = {}
        self._whys: dict[int, tuple[str, str, str]] = {}

    def _place(self, entry: ListEntry) -> Location:
        place = entry.located.place
        if id(entry) not in self._places:
            self._places[id(entry)] = place.location()
        return self._places[id(entry)]

    # JSON. Of many answers most words are alike, so they are put into text once: ten times as fast.

    def json(self, found: Iterable[Explained], source: Report) -> str:
        """Return the answers as JSON, as `docs/json.md` describes them."""
        resolved = self._day.resolved
        head = {
            "sample": self._day.options.sample,
            "as_of": resolved.as_of.isoformat(),
            **source,
            "lists": [list_report(one) for one in resolved.lists],
        }
        answers = ", ".join(map(self._answer, found))
        return f'{json.dumps(head)[:-1]}, "asked": [{answers}]}}'

    def _answer(self, one: Explained) -> str:
        answer = one.answer
        pieces = ", ".join(map(self._piece, one.pieces))
        ended = json.dumps([self._ended(*each) for each in one.ended]) if one.ended else "[]"
        return (
            f'{{"asked": {_quoted(answer.asked.text)}, "addresses": "{_count(answer)}", '
            f'"blocked": {_SAID[answer.blocked]}, "pieces": [{pieces}], "ended": {ended}}}'
        )

    def _piece(self, one: ExplainedPiece) -> str:
        span, chain, record = one.piece.span, one.piece.chain, one.record
        if id(chain) not in self._chains:
            lists = json.dumps([self._reason(each) for each in chain.lists])
            self._chains[id(chain)] = f'"country": "{chain.country}", "lists": {lists}'
        if id(record) not in self._records:
            self._records[id(record)] = json.dumps(_record_report(record) if record else None)
        rows = json.dumps([_row_report(row) for row in one.rows]) if one.rows else "[]"
        lines = json.dumps([_line_report(line) for line in one.lines]) if one.lines else "[]"
        return (
            f'{{"range": "{span}", "addresses": "{span.count}", {self._chains[id(chain)]}, '
            f'"record": {self._records[id(record)]}, "rows": {rows}, "artifacts": {lines}}}'
        )

    def _reason(self, one: ListReason) -> Report:
        deciding = [id(entry) for entry in one.deciding]
        entries = (*one.entries, *one.protected)
        return {
            "name": one.of_list.name,
            "verdict": one.verdict,
            "reason": str(one.reason),
            "entries": [
                {**self._entry(entry), "decides": id(entry) in deciding} for entry in entries
            ],
        }

    def _entry(self, entry: ListEntry) -> Report:
        selector, exemption, at = entry.located.selector, entry.exemption, self._place(entry)
        groups = self._day.resolved.policy.groups
        group = groups[selector.name] if isinstance(selector, GroupSelector) else None
        return {
            "key": entry.role,
            "selector": str(selector),
            "group_date": group.day.isoformat() if group else None,
            **_place_report(at),
            **_owner_report(exemption),
        }

    def _ended(self, of_list: ResolvedList, exemption: Exemption) -> Report:
        at = exemption.located.place.location()
        said = {"list": of_list.name, "selector": str(exemption.located.selector)}
        return {**said, **_place_report(at), **_owner_report(exemption)}

    # Lines

    def line(self, one: Explained) -> str:
        """Return an answer in a line: what was asked, verdict, country, lists, and why."""
        if len(one.pieces) == 1:
            chain = one.pieces[0].piece.chain
            verdict, lists, why = self._why(chain)
            country = chain.country or "-"
            return f"{one.answer.asked.text}\t{verdict}\t{country}\t{lists or '-'}\t{why}\n"
        said = list(dict.fromkeys(self._why(piece.piece.chain) for piece in one.pieces))
        countries = ",".join(dict.fromkeys(p.piece.chain.country or "-" for p in one.pieces))
        verdicts = {verdict for verdict, _, _ in said}
        verdict = verdicts.pop() if len(verdicts) == 1 else "mixed"
        lists = ",".join(dict.fromkeys(names for _, names, _ in said if names))
        why = said[0][2] if len(said) == 1 else f"{len(one.pieces)} pieces"
        return f"{one.answer.asked.text}\t{verdict}\t{countries}\t{lists or '-'}\t{why}\n"

    def _why(self, chain: Chain) -> tuple[str, str, str]:
        """Return the strongest verdict of a chain, which lists say it, and why the first does."""
        if id(chain) not in self._whys:
            verdict = strongest(chain)
            lists = [one for one in chain.lists if one.verdict == verdict]
            names = "" if verdict == "allow" else ",".join(one.of_list.name for one in lists)
            telling = [one for one in lists if one.reason is not Reason.NOT_LISTED] or lists
            why = self._because(telling[0]) if telling else "there is no list"
            self._whys[id(chain)] = verdict, names, why
        return self._whys[id(chain)]

    def _because(self, one: ListReason) -> str:
        """Return why a list has addresses or not: the reason, and the first entry that decides."""
        deciding = one.deciding
        if not deciding:
            return str(one.reason)
        more = f" and {len(deciding) - 1} more" if len(deciding) > 1 else ""
        return f"{one.reason}: {self._entry_text(deciding[0])}{more}"

    def _entry_text(self, entry: ListEntry) -> str:
        return f"{entry.located.selector} at {self._place(entry)}"

    # In full

    def show(self, settings: Settings, one: Explained, source: AnswerSource) -> None:
        """Print an answer in full."""
        show(f"{headline(one.answer)}\n")
        if len(one.pieces) == 1:
            self._show_piece(settings, one.pieces[0])
        else:
            self._show_mixture(settings, one)
        self._show_stages(one)
        for of_list, exemption in one.ended:
            said = f"{exemption.located.selector} of list {of_list.name}"
            at = exemption.located.place.location()
            show(f"ended: exception {said} ended on {exemption.until}, {_owner(exemption)}; {at}\n")
        if one.answer.asked.single:
            if source.published:
                show("\n")
                rows = [row for piece in one.pieces for row in map(_line_row, piece.lines)]
                show_table(settings, "Published", ["file", "line", "says", "entry"], rows)
            elif source.generation and not source.generation.files:
                show("published: the files of this generation are not kept any more\n")
            else:
                show("published: nothing was found to look at; see -o\n")

    def _show_piece(self, settings: Settings, one: ExplainedPiece) -> None:
        show(_registered(one))
        show("\n")
        rows = [row for reason in one.piece.chain.lists for row in self._reason_rows(reason)]
        show_table(settings, "Lists", ["list", "verdict", "reason", "entry", "where"], rows)
        for entry in one.piece.chain.protected:
            at = self._place(entry)
            show(f"never_block: {entry.located.selector}, so no list may block it; {at}\n")
        for row in one.rows:
            show(f"row: {_row_text(row)}\n")

    def _reason_rows(self, one: ListReason) -> Iterator[list[Cell]]:
        first: list[Cell] = [one.of_list.name, one.verdict, str(one.reason)]
        entries = one.deciding
        if not entries:
            yield [*first, "", ""]
        for number, entry in enumerate(entries):
            said = f"{entry.role} {entry.located.selector}"
            if entry.exemption and entry.exemption.owner:
                said = f"{said}, {_owner(entry.exemption)}"
            where = str(self._place(entry))
            yield [*(["", "", ""] if number else first), said, where]

    def _show_mixture(self, settings: Settings, one: Explained) -> None:
        show("\n")
        rows = list(_mixture_rows(one.answer))
        show_table(settings, "Lists", ["list", "verdict", *(f.name for f in FAMILIES)], rows)
        pieces = [self._mixture_row(piece) for piece in one.pieces[:MOST_PIECES]]
        cut = f", {MOST_PIECES} of {len(one.pieces):,}" if len(one.pieces) > MOST_PIECES else ""
        show("\n")
        heads = ["range", "country", "verdict", "list", "why"]
        show_table(settings, f"Pieces{cut}", heads, pieces)

    def _mixture_row(self, one: ExplainedPiece) -> list[Cell]:
        chain = one.piece.chain
        return [str(one.piece.span), chain.country or "-", *self._why(chain)]

    def _show_stages(self, one: Explained) -> None:
        for reason in one.pieces[0].piece.chain.lists if one.pieces else ():
            of_list = reason.of_list
            if of_list.definition.stages:
                said = schedule_text(of_list.schedule, self._day.resolved.as_of)
                show(f"stage: list {of_list.name}: {said}\n")


def strongest(chain: Chain) -> str:
    """Return the verdict of a chain that says the most: `block` before `warn` and so on."""
    verdicts = {one.verdict for one in chain.lists}
    return next((one for one in _STRENGTH if one in verdicts), "allow")


def headline(answer: LookupAnswer) -> str:
    """Return the answer in a sentence.

    A list that is watched only, or not in force, blocks nothing.
    """
    text, counts = answer.asked.text, dict[str, int]()
    for piece in answer.pieces:
        verdict = strongest(piece.chain)
        counts[verdict] = counts.get(verdict, 0) + piece.span.count
    if answer.asked.single or len(counts) == 1:
        verdict = next(iter(counts), "allow")
        said = {"block": "is blocked", "off": "is not blocked yet", "allow": "is not blocked"}
        whole = "" if answer.asked.single else f" ({_count(answer):,} addresses)"
        return f"{text}{whole} {said.get(verdict, f'is not blocked, {verdict} is in force')}"
    parts = [f"{verdict} {counts[verdict]:,}" for verdict in _STRENGTH if verdict in counts]
    return f"{text} ({_count(answer):,} addresses): {', '.join(parts)}"


def _count(answer: LookupAnswer) -> int:
    return sum(piece.span.count for piece in answer.pieces)


def _mixture_rows(answer: LookupAnswer) -> Iterator[list[Cell]]:
    """Yield for every list how many addresses of each family get which verdict."""
    for number, one in enumerate(answer.pieces[0].chain.lists if answer.pieces else ()):
        counts: dict[tuple[str, int], int] = {}
        for piece in answer.pieces:
            key = piece.chain.lists[number].verdict, piece.span.family.version
            counts[key] = counts.get(key, 0) + piece.span.count
        verdicts = [verdict for verdict in _STRENGTH if any(v == verdict for v, _ in counts)]
        for row, verdict in enumerate(verdicts):
            amounts = [amount(f, counts.get((verdict, f.version), 0)) for f in FAMILIES]
            yield ["" if row else one.of_list.name, verdict, *amounts]


def _registered(one: ExplainedPiece) -> str:
    """Return what the registries say about a piece, in lines."""
    record = one.record
    if record is None:
        country = one.piece.chain.country
        where = f"in {country}, by several records" if country else "nowhere: no registry lists it"
        return f"registered: {where}\n"
    since = f" since {record.date}" if record.date else ""
    what = f"{record.country or 'no country'}: {record.span}, {record.status}{since}"
    at = Location(record.path, record.line)
    return f"registered: {what}, says {record.registry}\n  {at}, {record.digest[:19]}\n"


def _owner(exemption: Exemption) -> str:
    if not exemption.owner:
        return "without an owner"
    until = f", until {exemption.until}" if exemption.until else ""
    return f"owner {exemption.owner}: {exemption.reason}{until}"


def _row_text(row: SourceRow) -> str:
    tags = "".join(f", {tag} {value}" for tag, value in row.tags.items() if value)
    said = f"{row.entry.located.selector} has {row.span}{tags}"
    if not row.digest:
        return f"{said}: {row.path}:{row.number}"
    return f"{said}: row {row.number:,} of {row.digest[:19]}"


def _line_row(line: DecidingLine) -> list[Cell]:
    if line.wrong:
        return [line.path, "", "?", line.wrong]
    text = line.at.text.strip() if line.at else "no entry, the default"
    number = str(line.at.line) if line.at and line.at.line else ""
    return [line.path, number, line.verdict or "allow", text]


def _place_report(at: Location) -> Report:
    return {"path": at.path, "line": at.line or None, "column": at.column or None}


def _owner_report(exemption: Exemption | None) -> Report:
    if exemption is None or not exemption.owner:
        return {"owner": None, "why": None, "until": None}
    until = str(exemption.until) if exemption.until else None
    return {"owner": exemption.owner, "why": exemption.reason, "until": until}


def _record_report(record: RegistryRecord) -> Report:
    return {
        "registry": record.registry,
        "country": record.country,
        "range": str(record.span),
        "date": record.date or None,
        "status": record.status,
        "path": record.path,
        "line": record.line,
        "digest": record.digest,
    }


def _row_report(row: SourceRow) -> Report:
    return {
        "selector": str(row.entry.located.selector),
        "range": str(row.span),
        "path": row.path,
        "number": row.number,
        "digest": row.digest or None,
        "tags": dict(row.tags),
    }


def _line_report(line: DecidingLine) -> Report:
    at: Location | None = line.at
    return {
        "target": line.target,
        "holds": line.holds,
        "path": line.path,
        "line": at.line or None if at else None,
        "entry": at.text.strip() if at else None,
        "verdict": line.verdict or "allow",
        "wrong": line.wrong or None,
    }
