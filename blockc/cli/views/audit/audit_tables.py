"""What an audit found: tables for people, JSON and CSV for programs.

Cells come from logs, which strangers write. Tables show no character that a terminal acts on, JSON
is ASCII, and no cell of a CSV file is one that a spreadsheet would run.
"""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from blockc.audit.answers import AnswerTable
from blockc.cli.console import Cell, Figure, info, show, show_line, show_table, warn
from blockc.cli.options import Settings
from blockc.cli.views.audit.audit_summary import summary_html, summary_markdown
from blockc.keys.key_table import PSEUDONYM, RUN_BY_SPREADSHEETS
from blockc.storage.atomic import write_files
from blockc.workspace.audit.auditing import AuditReport

_MOST_ROWS = 20
_LONGEST_CELL = 40
_LEAST_KEY = 8  # characters of a pseudonym, as of a commit
#: What people are shown of wide tables; JSON and files have every column.
_SHOWN = {
    "keys": ("key", "proposal", "listed", "requests", "share", "countries", "networks", "last"),
    "notices": ("contact", "key", "list", "action", "from", "requests"),
    "surprises": ("why", "addresses", "list", "requests", "days"),
}


def show_audit(settings: Settings, found: AuditReport) -> None:
    """Print the tables, the first rows of each, and on stderr what may be wrong."""
    share = f"{100 * found.listed / found.requests:.2f}%" if found.requests else "0%"
    show_line(
        f"{found.listed:,} of {found.requests:,} requests ({share}) come from listed addresses."
    )
    show_line(f"Lists: {found.subject}, at {found.moment:%Y-%m-%d %H:%M} UTC.")
    shorten = _shortened(found)
    for one in found.answers:
        if one.name == "impact":
            _show_impact(settings, one)
        elif one.rows:
            show("\n")
            shown = _columns_shown(one)
            heads = tuple(one.heads[n] for n in shown)
            rows = [[row[n] for n in shown] for row in one.rows]
            _show(settings, one.title, heads, [_with_key(heads, row, shorten) for row in rows])
        if one.name == "surprises" and one.rows:
            _show_exceptions(one)
    _tell_doubts(settings, found)
    if shorten:
        info(settings, "keys are shown by their begin; --json and -o have them whole")


def _tell_doubts(settings: Settings, found: AuditReport) -> None:
    for log in found.logs:
        if log.damage:
            warn(f"{log.path}: {log.damage}; {log.lines:,} lines before that were read")
    if found.unreadable:
        warn(f"{found.unreadable:,} lines do not say who asked, and are in no other number")
    if found.timeless:
        warn(f"{found.timeless:,} lines have no time that can be read, and so no day")
    for note in found.notes:
        info(settings, note)


def _columns_shown(answer: AnswerTable) -> list[int]:
    """Return which columns people are shown: those in which something stands."""
    shown = _SHOWN.get(answer.name, answer.heads)
    there = [any(row[n] != "" for row in answer.rows) for n in range(len(answer.heads))]
    return [n for n, head in enumerate(answer.heads) if head in shown and there[n]]


def _shortened(found: AuditReport) -> dict[str, str]:
    """Return the begin of each pseudonym that tells it from all others, as long for all of them."""
    keys = {
        row[one.heads.index("key")] for one in found.answers if "key" in one.heads
        for row in one.rows
    }  # fmt: skip
    keys = {key for key in keys if PSEUDONYM.fullmatch(key)}
    length = next(n for n in range(_LEAST_KEY, 33) if len({key[:n] for key in keys}) == len(keys))
    return {key: key[:length] for key in keys}


def _with_key(heads: Sequence[str], row: list[Any], shorten: Mapping[str, str]) -> list[Any]:
    return [
        shorten.get(cell, cell) if head == "key" else cell
        for head, cell in zip(heads, row, strict=True)
    ]


def _show_exceptions(answer: AnswerTable) -> None:
    """Print the exceptions of the rows that are shown, a line for each, to be pasted."""
    at = answer.heads.index("exception")
    lines = dict.fromkeys(row[at] for row in answer.rows[:_MOST_ROWS])
    show_line("\nTo spare one, paste its line into `except` of the list, and fill it in:")
    show("".join(f"  {line},\n" for line in lines))


def _show_impact(settings: Settings, answer: AnswerTable) -> None:
    for by in dict.fromkeys(row[0] for row in answer.rows):
        rows = [row[1:] for row in answer.rows if row[0] == by]
        show("\n")
        title = "All" if by == "total" else f"By {by}"
        _show(settings, title, (by, *answer.heads[2:]), rows, last=by == "day")


def _show(
    settings: Settings, title: str, heads: tuple[str, ...], rows: Any, *, last: bool = False
) -> None:
    """Print the first rows of a table, or the last ones."""
    left = len(rows) - _MOST_ROWS
    if left > 0:
        title += f", the last {_MOST_ROWS} of" if last else f", {_MOST_ROWS} of"
        title += f" {len(rows):,}"
    words = [head.replace("_", " ") for head in heads]
    kept = rows[-_MOST_ROWS:] if last else rows[:_MOST_ROWS]
    cells = [[_cell(head, cell) for head, cell in zip(heads, row, strict=True)] for row in kept]
    show_table(settings, title, words, cells)
    if left > 0 and last:
        show_line(f"Left out before these: {left:,}; --json and -o have all.")


def _cell(head: str, cell: Any) -> Cell:
    if head in ("share", "of_all", "of_its_own") and isinstance(cell, float):
        return Figure(f"{100 * cell:.2f}%")
    if not isinstance(cell, str):
        return int(cell)
    if head in ("first", "last", "from"):
        return Figure(cell[: len("YYYY-MM-DD")])  # a day is never broken
    whole = head == "file" or len(cell) <= _LONGEST_CELL  # a path is broken at its slashes
    return cell if whole else cell[: _LONGEST_CELL - 3] + "..."


def audit_report(found: AuditReport) -> dict[str, object]:
    """Return what an audit found as `docs/json.md` describes it."""
    return {
        "lists": found.subject,
        "moment": found.moment.isoformat(),
        "requests": found.requests,
        "listed": found.listed,
        "unreadable": found.unreadable,
        "timeless": found.timeless,
        "logs": [
            {"path": log.path, "format": log.format, "lines": log.lines, "damage": log.damage}
            for log in found.logs
        ],
        "answers": {
            one.name: [dict(zip(one.heads, row, strict=True)) for row in one.rows]
            for one in found.answers
        },
        "notes": list(found.notes),
    }


def write_audit(folder: Path | None, summary: Path | None, found: AuditReport) -> None:
    """Write each table as CSV and Parquet and the summary into a folder, and the summary by itself.

    Args:
        folder: Is made if it is not there.
        summary: Markdown if its name ends in `.md`, else HTML.

    Raises:
        OutputError: It cannot be written.
    """
    files: dict[Path, bytes] = {}
    if folder:
        files = {folder / f"{name}.parquet": data for name, data in found.parquet.items()}
        files |= {folder / f"{one.name}.csv": csv_bytes(one) for one in found.answers}
        files[folder / "summary.html"] = summary_html(found).encode()
    if summary:
        page = summary_markdown if summary.suffix == ".md" else summary_html
        files[summary] = page(found).encode()
    if files:
        write_files(files)


def csv_bytes(answer: AnswerTable) -> bytes:
    """Return a table as CSV by RFC 4180."""
    page = StringIO()
    writer = csv.writer(page, lineterminator="\r\n")
    writer.writerow(answer.heads)
    writer.writerows([_defused(cell) for cell in row] for row in answer.rows)
    return page.getvalue().encode()


def _defused(cell: Any) -> Any:
    """Return a cell that a spreadsheet takes for a text: behind an apostrophe if it might run.

    A dash alone, which stands for what is not known, is a text anyway.
    """
    if not isinstance(cell, str):
        return cell
    plain = "".join(c if c.isprintable() else " " for c in cell)
    might_run = plain.lstrip().startswith(RUN_BY_SPREADSHEETS) and plain != "-"
    return f"'{plain}" if might_run else plain
