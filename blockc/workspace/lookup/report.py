"""Answers as JSON, as `docs/json.md` describes them; what people are shown is drawn from the same.

Of many answers most words are alike, so they are put into text once: ten times as fast.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from blockc.errors import Location
from blockc.explain.lookup import Chain, ListReason, LookupAnswer, RegistryRecord
from blockc.explain.published_lines import DecidingLine
from blockc.policy.meaning.resolve import ListEntry, ResolvedList
from blockc.policy.meaning.schedule import schedule_text
from blockc.policy.meaning.summary import list_report
from blockc.policy.model import Exemption
from blockc.policy.syntax.selectors import GroupSelector
from blockc.workspace.lookup.explaining import Explained, ExplainedPiece, SourceRow
from blockc.workspace.project import ProjectDay

_SAID = {True: "true", False: "false"}
_quoted = json.JSONEncoder().encode
Report = dict[str, Any]


class LookupReports:
    """Puts what is known about addresses on one day into words."""

    def __init__(self, day: ProjectDay) -> None:
        self._day = day
        self._places: dict[int, Location] = {}
        self._chains: dict[int, str] = {}
        self._records: dict[int, str] = {}

    def place(self, entry: ListEntry) -> Location:
        """Return where an entry stands."""
        place = entry.located.place
        if id(entry) not in self._places:
            self._places[id(entry)] = place.location()
        return self._places[id(entry)]

    def json(self, found: Iterable[Explained], source: Mapping[str, Any]) -> str:
        """Return answers as JSON.

        Args:
            source: What answers; see `source_report`.
        """
        answers = ", ".join(map(self._answer, found))
        return f'{json.dumps({**self.head(), **source})[:-1]}, "asked": [{answers}]}}'

    def head(self) -> Report:
        """Return what is the same for all answers."""
        resolved = self._day.resolved
        return {
            "sample": self._day.options.sample,
            "as_of": resolved.as_of.isoformat(),
            "lists": [
                {**list_report(one), "schedule": self._schedule(one)} for one in resolved.lists
            ],
        }

    def _schedule(self, one: ResolvedList) -> str | None:
        day = self._day.resolved.as_of
        return schedule_text(one.schedule, day) if one.definition.stages else None

    def chain(self, chain: Chain) -> Report:
        """Return the reasons of all lists about some addresses."""
        return {"country": chain.country, "lists": [self._reason(one) for one in chain.lists]}

    def _answer(self, one: Explained) -> str:
        answer = one.answer
        pieces = ", ".join(map(self._piece, one.pieces))
        ended = json.dumps([_ended_report(*each) for each in one.ended]) if one.ended else "[]"
        return (
            f'{{"asked": {_quoted(answer.asked.text)}, "addresses": "{_count(answer)}", '
            f'"blocked": {_SAID[answer.blocked]}, "pieces": [{pieces}], "ended": {ended}}}'
        )

    def _piece(self, one: ExplainedPiece) -> str:
        span, chain, record = one.piece.span, one.piece.chain, one.record
        if id(chain) not in self._chains:
            self._chains[id(chain)] = json.dumps(self.chain(chain))[1:-1]
        if id(record) not in self._records:
            self._records[id(record)] = json.dumps(record_report(record) if record else None)
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
        selector, exemption, at = entry.located.selector, entry.exemption, self.place(entry)
        groups = self._day.resolved.policy.groups
        group = groups[selector.name] if isinstance(selector, GroupSelector) else None
        return {
            "key": entry.role,
            "selector": str(selector),
            "group_date": group.day.isoformat() if group else None,
            **_place_report(at),
            **_owner_report(exemption),
        }


def _count(answer: LookupAnswer) -> int:
    return sum(piece.span.count for piece in answer.pieces)


def _ended_report(of_list: ResolvedList, exemption: Exemption) -> Report:
    at = exemption.located.place.location()
    said = {"list": of_list.name, "selector": str(exemption.located.selector)}
    return {**said, **_place_report(at), **_owner_report(exemption)}


def _place_report(at: Location) -> Report:
    return {"path": at.path, "line": at.line or None, "column": at.column or None}


def _owner_report(exemption: Exemption | None) -> Report:
    if exemption is None or not exemption.owner:
        return {"owner": None, "why": None, "until": None}
    until = str(exemption.until) if exemption.until else None
    return {"owner": exemption.owner, "why": exemption.reason, "until": until}


def record_report(record: RegistryRecord) -> Report:
    """Return what a registry says about addresses."""
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
