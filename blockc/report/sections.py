"""Tables for pages that are read elsewhere: Markdown for a pull request, HTML by itself.

Whatever stands in a cell is text: it is escaped, so that no name in a policy or a file can become a
heading, a link or a script.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape

from blockc.errors import printable
from blockc.values import Value

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|~>])")
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;"
    "color:#1b1f24;background:#fff}table{border-collapse:collapse;margin:.5rem 0 2rem}"
    "th,td{padding:.25rem .75rem;border-bottom:1px solid #d0d7de;text-align:left;"
    "overflow-wrap:anywhere}th{overflow-wrap:normal}"
    ".n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    "div{overflow-x:auto}p.more{color:#57606a}"
    "@media print{@page{margin:14mm}body{font-size:10pt;line-height:1.3;margin:0;padding:0}"
    "h1{font-size:15pt;margin:0}h2{font-size:12pt;margin:.8em 0 .2em}p{margin:.2em 0}"
    "table{margin:.2em 0 .4em}tr{break-inside:avoid}}"
)


class Section(Value):
    """A table with what stands above it.

    Attributes:
        rows: Texts; those of a column in `numbers` stand to the right.
        more: How many rows there are that are not among these.
        text: A sentence in place of a table, or above it.
    """

    title: str
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    numbers: frozenset[int] = frozenset()
    more: int = 0
    text: str = ""


def markdown(title: str, sections: Sequence[Section], limit: int) -> str:
    """Return a page of Markdown no longer than `limit` characters, the first sections first.

    A table that does not fit is cut after a row, and says how many rows it has more.
    """
    page = f"## {escape_markdown(title)}\n"
    for section in sections:
        room = limit - len(page)
        part = "".join(_markdown_section(section, room))
        if len(part) > room:
            break
        page += part
    return page


def _markdown_section(section: Section, room: int) -> Iterator[str]:
    """Yield the pieces of a section: head, as many rows as fit `room`, and what was left out."""
    head = f"\n### {escape_markdown(section.title)}\n\n"
    if section.text:
        head += f"{escape_markdown(section.text)}\n\n"
    if section.heads:
        head += _markdown_row(section.heads)
        marks = ["--:" if n in section.numbers else "---" for n in range(len(section.heads))]
        head += f"| {' | '.join(marks)} |\n"
    yield head
    used, shown = len(head) + len(_left_out(10**12)), 0
    for row in section.rows:
        line = _markdown_row(row)
        used += len(line)
        if used > room:
            break
        yield line
        shown += 1
    left = len(section.rows) - shown + section.more
    if left:
        yield _left_out(left)


def _left_out(count: int) -> str:
    return f"\n*rows not shown: {count:,}*\n"


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(escape_markdown, cells))} |\n"


def escape_markdown(text: str) -> str:
    r"""Return text that Markdown shows as it is, on one line; nobody is mentioned by it.

    >>> escape_markdown("a|b\n<i> @you *x*")
    'a\\|b &lt;i&gt; &#64;you \\*x\\*'
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    line = _MARKDOWN.sub(r"\\\1", line.replace("&", "\0"))
    line = line.replace("\0", "&amp;").replace("<", "&lt;").replace("\\>", "&gt;")
    return line.replace("@", "&#64;").replace("://", ":&#47;/")


def html_page(title: str, sections: Sequence[Section]) -> str:
    """Return a page that needs nothing else: no script, no font, no image."""
    body = "".join(map(_html_section, sections))
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style></head>\n"
        f"<body>\n<h1>{escape(title)}</h1>\n{body}</body>\n</html>\n"
    )


def _html_section(section: Section) -> str:
    parts = [f"<h2>{escape(section.title)}</h2>\n"]
    if section.text:
        parts.append(f"<p>{escape(section.text)}</p>\n")
    if section.heads:
        rows = [_html_row("th", section.heads, section.numbers)]
        rows += [_html_row("td", row, section.numbers) for row in section.rows]
        parts.append(f"<div><table>\n{''.join(rows)}</table></div>\n")
    if section.more:
        parts.append(f'<p class="more">rows not shown: {section.more:,}</p>\n')
    return "".join(parts)


def _html_row(tag: str, cells: Sequence[str], numbers: frozenset[int]) -> str:
    marks = (' class="n"' if n in numbers else "" for n in range(len(cells)))
    pairs = zip(map(escape, map(printable, cells)), marks, strict=True)
    return f"<tr>{''.join(f'<{tag}{mark}>{cell}</{tag}>' for cell, mark in pairs)}</tr>\n"
