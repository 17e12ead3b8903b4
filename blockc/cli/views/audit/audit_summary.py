"""One page of an audit for people who report or decide: what was found, and what to do by when.

Plain words and few figures. Whatever stands in it is text: it is escaped, since logs are written by
strangers.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from blockc.audit.answers import AnswerTable
from blockc.errors import counted
from blockc.registries.countries import name_of
from blockc.report.sections import Section, html_page, markdown
from blockc.values import Value
from blockc.workspace.audit.auditing import AuditReport

_MOST = 5
_PAGE_CHARACTERS = 20_000
_DOES = {
    "monitor": "is counted, and not disturbed",
    "warn": "is marked, and served as before",
    "block": "is refused",
}
_MEANS = {
    "revoke": "nearly all requests come from listed addresses: revoking the key is proposed",
    "notify": "some requests do: the owner is to be told",
    "watch": "few requests do: nothing is to be done yet",
}


class _Task(Value):
    """What is to be done, and by when."""

    what: str
    why: str
    by: str


def summary_html(found: AuditReport) -> str:
    """Return the page as HTML that needs nothing else, and fits a sheet of paper."""
    return html_page(_TITLE, list(_sections(found)))


def summary_markdown(found: AuditReport) -> str:
    """Return the page as Markdown, for a ticket or a wiki."""
    return markdown(_TITLE, list(_sections(found)), _PAGE_CHARACTERS)


_TITLE = "Who is affected by the block, and what is to be done"


def _sections(found: AuditReport) -> Iterator[Section]:
    """Yield the parts of the page, the most important first; what is empty is left out."""
    yield Section("In short", text=_in_short(found))
    tasks = [(one.what, one.why, one.by) for one in _tasks(found)]
    if tasks:
        heads = ("what", "why", "by when")
        yield Section("What is to be done", heads, tuple(tasks), numbers=frozenset((2,)))
    rows = [
        (name, _DOES.get(action, action), f"from {begin}" if begin else "always")
        for name, action, begin in found.stages
    ]
    yield Section(
        "What happens when",
        ("list", "who comes from there", "when"),
        tuple(rows[: 2 * _MOST]),
        more=max(0, len(rows) - 2 * _MOST),
    )
    yield from _where(found)
    yield from _keys(found)
    yield Section("How this was found", text=" ".join(_doubts(found)))


def _in_short(found: AuditReport) -> str:
    total = _rows(found.answer("impact"), by="total")
    facts = total[0] if total else {}
    days = [day for day, _ in found.days if day]
    when = f" from {min(days)} to {max(days)}" if days else ""
    said = (
        f"Of {found.requests:,} requests{when}, {found.listed:,} "
        f"({_percent(found.listed, found.requests)}) came from addresses that the block is for. "
    )
    if not facts:
        return said + "Nobody would be affected."
    parts = [f"{facts['addresses']:,} different addresses"]
    parts += [counted(facts[f"{one}s"], one) for one in ("key", "account") if facts[f"{one}s"]]
    refused = f"{facts['refused']:,}" if facts["refused"] else "None"
    return f"{said}They are of {', '.join(parts)}. {refused} of these requests were refused so far."


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}%" if whole else "0%"


def _tasks(found: AuditReport) -> Iterator[_Task]:
    """Yield what people have to do, the most urgent first."""
    by = _by_when(found)
    gaps = found.answer("gaps").rows
    if gaps:
        hosts = len({row[0] for row in gaps})
        through = sum(row[2] for row in gaps)
        why = f"{through:,} requests were answered although a block had begun, by {hosts:,} hosts"
        yield _Task("Find out where the block does not hold", why, "at once")
    names = {one.name for one in found.answers}
    keys = _rows(found.answer("keys")) if "keys" in names else []
    notices = _rows(found.answer("notices")) if "notices" in names else []
    unknown = {one["key"] for one in notices if not one["contact"]}
    if unknown:
        why = f"{counted(len(unknown), 'key')} used from there, of which no owner is known"
        yield _Task("Find the owners of keys", why, by)
    told = {one["contact"] for one in notices if one["contact"]}
    if told:
        why = f"{counted(len(told), 'owner')} of keys used from there: table notices"
        yield _Task("Tell the owners", why, by)
    revoked = sum(one["proposal"] == "revoke" for one in keys)
    if revoked:
        why = f"it is proposed for {counted(revoked, 'key')}: table keys"
        yield _Task("Decide which keys to revoke", why, by)
    wanted = len({row[1] for row in found.answer("surprises").rows})
    if wanted:
        why = (
            f"{counted(wanted, 'network')} of partners, monitors or old customers: table surprises"
        )
        yield _Task("Decide about exceptions", why, by)
    if found.unreadable or found.timeless or any(log.damage for log in found.logs):
        why = "lines of the logs could not be read, so somebody may be missing here"
        yield _Task("Look at the logs", why, by)


def _by_when(found: AuditReport) -> str:
    """Return the day before which it must be done: that on which the first list blocks."""
    begins = sorted(begin for _, action, begin in found.stages if action == "block")
    if not begins:
        return "before the block begins"
    day = begins[0][: len("YYYY-MM-DD")]
    past = not day or date.fromisoformat(day) < found.moment.date()
    return "at once: the block has begun" if past else f"before {day}"


def _where(found: AuditReport) -> Iterator[Section]:
    impact = found.answer("impact")
    for by, title in (("country", "From where"), ("list", "By which list")):
        rows = _rows(impact, by=by)
        if len(rows) > (by == "list"):
            yield Section(
                title,
                (by, "requests", "of all", "addresses", "keys"),
                tuple(_where_row(by, one) for one in rows[:_MOST]),
                numbers=frozenset((1, 2, 3, 4)),
                more=max(0, len(rows) - _MOST),
            )


def _where_row(by: str, one: dict[str, Any]) -> tuple[str, ...]:
    value = str(one["value"])
    name = f"{name_of(value) or value} ({value})" if by == "country" else value
    counts = (f"{one[key]:,}" for key in ("addresses", "keys"))
    return name, f"{one['requests']:,}", f"{100 * one['of_all']:.1f}%", *counts


def _keys(found: AuditReport) -> Iterator[Section]:
    if "keys" not in {one.name for one in found.answers}:
        return
    keys = _rows(found.answer("keys"))
    rows = []
    for proposal, meaning in _MEANS.items():
        mine = [one["listed"] for one in keys if one["proposal"] == proposal]
        if mine:
            rows.append((proposal, f"{len(mine):,}", f"{sum(mine):,}", meaning))
    if rows:
        heads = ("proposal", "keys", "requests from there", "meaning")
        yield Section("API keys", heads, tuple(rows), numbers=frozenset((1, 2)))


def _doubts(found: AuditReport) -> Iterator[str]:
    lines = sum(log.lines for log in found.logs)
    yield (
        f"{len(found.logs):,} log files with {lines:,} lines were compared with the lists of "
        f"{found.subject}, as they are on {found.moment:%Y-%m-%d %H:%M} UTC."
    )
    if found.unreadable:
        yield f"{found.unreadable:,} lines do not say who asked, and are in no number."
    if found.timeless:
        yield f"{found.timeless:,} requests have no time that can be read."
    damaged = sum(bool(log.damage) for log in found.logs)
    if damaged:
        yield f"{damaged:,} files are damaged, and were read up to there."
    yield from (f"{note[:1].upper()}{note[1:]}." for note in found.notes)
    yield "Where an address is registered is not always where a person is."


def _rows(answer: AnswerTable, *, by: str = "") -> list[dict[str, Any]]:
    """Return the rows of an answer as tables of names and cells, of one kind if asked."""
    rows = [dict(zip(answer.heads, row, strict=True)) for row in answer.rows]
    return [one for one in rows if not by or one["by"] == by]
