"""The page of an evidence archive: what is in it and how to check it, without a network."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from blockc.errors import printable

_STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;margin:1em 0}td,th{border:1px solid #ccc;padding:.3em .6em;"
    "text-align:left;vertical-align:top}code{font:13px monospace;word-break:break-all}"
    "@media print{body{max-width:none}}"
)


def evidence_page(index: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> str:
    """Return the page as HTML that needs nothing else.

    Args:
        index: The machine-readable index, but for its list of files.
        events: Those of the history in the archive.
    """
    first, last = index["from"] or "the beginning", index["to"] or "the end of the history"
    parts = [
        "<!DOCTYPE html>\n<html lang=en><meta charset=utf-8>",
        f"<title>blockc: evidence</title><style>{_STYLE}</style>",
        f"<h1>What was blocked, from {_text(first)} to {_text(last)}</h1>",
        _summary(index, len(events)),
        _HOW_TO_CHECK,
        "<h2>Generations</h2>",
        _table(_GENERATION_HEADS, map(_generation_row, index["generations"])),
        "<h2>Events</h2>",
        _table(("n", "at (UTC)", "event", "generation", "by", "reason"), map(_event_row, events)),
        "<h2>Not in this archive</h2>" if index["missing"] else "",
        _table(("what", "of"), map(_missing_row, index["missing"])) if index["missing"] else "",
        "</html>\n",
    ]
    return "\n".join(part for part in parts if part)


_HOW_TO_CHECK = (
    "<h2>How to check this</h2><p>With blockc, on any machine and without a network: "
    "<code>blockc evidence verify FILE</code>; with <code>--rebuild</code> it also compiles each "
    "generation again. By hand: each file in <code>objects/</code> and <code>sources/</code> has "
    "its sha256 as its name; each line of <code>history.jsonl</code> has in <code>previous</code> "
    "the sha256 of the line before."
)
_GENERATION_HEADS = ("generation", "shown from", "to", "record", "sources", "files")


def _summary(index: Mapping[str, Any], events: int) -> str:
    head = f"<code>{_text(index['head'])}</code>"
    return (
        f"<p>Generations shown in that time: {len(index['generations'])}. Events in the history: "
        f"{events}. Its last line has the sha256 {head}, which stands for all of them: compare it "
        "with the one that was noted elsewhere."
    )


def _generation_row(one: Mapping[str, Any]) -> list[str]:
    name, record = one["name"], f"records/{one['name']}.json"
    sources = [
        f"{_text(source['name'])} of {_text(source['date'])}: "
        + (_link(f"sources/{source['file']}") if source["file"] else "not here")
        for source in one["sources"]
    ]
    files = [_link(f"generations/{name}/{path}", path) for path in one["files"]]
    spans = one["shown"]
    return [
        f"<code>{_text(name)}</code>",
        "<br>".join(_text(span["from"]) for span in spans),
        "<br>".join(_text(span["to"] or "") for span in spans),
        _link(record) if one["recorded"] else "none",
        "<br>".join(sources),
        "<br>".join(files) or "their digests are in the history",
    ]


def _event_row(one: Mapping[str, Any]) -> list[str]:
    keys = ("n", "at", "event", "generation", "by", "reason")
    return [_text(str(one.get(key) or "")) for key in keys]


def _missing_row(one: Mapping[str, Any]) -> list[str]:
    return [_text(one["what"]), f"<code>{_text(one['of'])}</code>"]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{head}" for head in heads)
    lines = ["<tr>" + "".join(f"<td>{cell}" for cell in row) for row in rows]
    return "\n".join([f"<table><tr>{head}", *lines, "</table>"])


def _link(path: str, shown: str = "") -> str:
    return f'<a href="{escape(path)}"><code>{_text(shown or path)}</code></a>'


def _text(text: str) -> str:
    return escape(printable(text))
