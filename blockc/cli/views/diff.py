"""How two states differ: as tables, JSON, Markdown for a pull request, and a page."""

from collections.abc import Iterable, Iterator

from blockc.addresses.family import FAMILIES, Family
from blockc.addresses.lines import prefix_texts
from blockc.changes.change import ListChange
from blockc.changes.holdings import Holding
from blockc.cli.console import Cell, Figure, amount, info, show, show_line, show_table
from blockc.cli.options import Settings
from blockc.cli.views.guard import refusal_text
from blockc.policy.syntax.selectors import AddressRange
from blockc.report.sections import Section, html_page, markdown
from blockc.workspace.comparing import refusal_facts
from blockc.workspace.diff.diffing import StateDifference

MARKDOWN_LIMIT = 59_000
MOST_ROWS, MOST_PREFIXES = 20, 2_000
KINDS = ("added", "removed", "moved")


def show_diff(settings: Settings, found: StateDifference) -> None:
    """Print how two states differ; nothing but a line on stderr where they do not."""
    for number, section in enumerate(sections_of(found, MOST_ROWS, prefixes=False)):
        if number:
            show("\n")
        cut = f", {len(section.rows)} of {len(section.rows) + section.more}" if section.more else ""
        if section.heads:
            rows = (_cells(row, section.numbers) for row in section.rows)
            show_table(settings, section.title + cut, section.heads, rows)
        else:
            show_line(f"{section.title}\n{section.text}")
    if not found.found and not found.found.entries:
        info(settings, f"no difference between {found.old} and {found.new}")
    elif found.digest and found.refusals:
        info(settings, f"the guard will refuse this change; its digest is {found.digest}")


def _cells(row: tuple[str, ...], numbers: frozenset[int]) -> list[Cell]:
    return [Figure(cell) if n in numbers else cell for n, cell in enumerate(row)]


def diff_markdown(found: StateDifference) -> str:
    """Return a page below 60,000 characters, countries first, prefixes as far as there is room."""
    return markdown(_title(found), list(sections_of(found, 200, prefixes=True)), MARKDOWN_LIMIT)


def diff_html(found: StateDifference) -> str:
    """Return a page that needs nothing else."""
    return html_page(_title(found), list(sections_of(found, 1000, prefixes=True)))


def _title(found: StateDifference) -> str:
    return f"From {found.old} to {found.new}"


def sections_of(found: StateDifference, most: int, *, prefixes: bool) -> Iterator[Section]:
    """Yield the tables of a difference, the most important first; empty ones are left out."""
    if not found.found and not found.found.entries:
        yield Section("No difference", text="Every list says the same about every address.")
        return
    if found.refusals:
        texts = "; ".join(refusal_text(one) for one in found.refusals[:10])
        said = f"{texts}. It needs approval: --accept {found.digest}"
        yield Section("The guard refuses this change", text=said)
    tables = [
        Section("Lists", _LISTS, tuple(_list_rows(found)), frozenset(range(3, 8))),
        Section("Countries", _COUNTRIES, tuple(_country_rows(found)), frozenset((3, 4, 5))),
        Section("Causes", _CAUSES, tuple(_cause_rows(found)), frozenset((2, 3, 4))),
        *(_largest(family, rows) for family, rows in found.largest.items()),
        Section("Entries of files", _FILES, tuple(_file_rows(found)), frozenset((1, 2, 3, 4))),
    ]
    if prefixes:
        rows = tuple(_prefix_rows(found.found.lists))
        tables.append(Section("Prefixes", _PREFIXES, rows))
    for table in tables:
        if table.rows:
            left = max(0, len(table.rows) - most) if table.title not in ("Lists", "Prefixes") else 0
            rows = table.rows[: len(table.rows) - left]
            yield Section(table.title, table.heads, rows, table.numbers, left)


def _largest(family: Family, rows: Iterable[Holding]) -> Section:
    texts = tuple(map(_holding_row, rows))
    return Section(f"Largest in {family.name}", _LARGEST, texts, frozenset((6, 7)))


_LISTS = ("list", "action", "family", *KINDS, "prefixes added", "prefixes removed")
_COUNTRIES = ("country", "list", "family", *KINDS)
_CAUSES = ("cause", "family", *KINDS)
_LARGEST = ("delegation", "list", "", "country", "registry", "date", "line", "addresses")
_FILES = ("file", *(f"{f.name} {when}" for f in FAMILIES for when in ("before", "now")))
_PREFIXES = ("", "list", "prefix")


def _text(family: Family, count: int) -> str:
    said = amount(family, count)
    return f"{said:,}" if isinstance(said, int) else str(said)


def _list_rows(found: StateDifference) -> Iterator[tuple[str, ...]]:
    for one in found.found.lists:
        action = one.after if one.before == one.after else f"{one.before} > {one.after}"
        for family in FAMILIES:
            counts = [one.count(kind, family) for kind in KINDS]
            if any(counts):
                sizes = [one.added.prefix_count(family), one.removed.prefix_count(family)]
                texts = [_text(family, count) for count in counts]
                yield one.name, action, family.name, *texts, *(f"{n:,}" for n in sizes)


def _summed(
    cells: Iterable[tuple[tuple[str, ...], Family, str, int]],
) -> Iterator[tuple[tuple[str, ...], Family, list[int]]]:
    """Yield keys with what was added, removed and moved in a family, the largest first."""
    found: dict[tuple[tuple[str, ...], Family], list[int]] = {}
    for key, family, kind, count in cells:
        found.setdefault((key, family), [0, 0, 0])[KINDS.index(kind)] += count
    for (key, family), counts in sorted(
        found.items(), key=lambda one: (one[0][1], -sum(one[1]), one[0][0])
    ):
        yield key, family, counts


def country_of(before: str, after: str) -> str:
    """Return a country as tables name it, with the one that addresses had before.

    >>> country_of("DE", "RU"), country_of("DE", "DE"), country_of("", "")
    ('RU, was DE', 'DE', '-')
    """
    return after or "-" if before == after else f"{after or '-'}, was {before or '-'}"


def _country_rows(found: StateDifference) -> Iterator[tuple[str, ...]]:
    cells = (
        ((country_of(c.country_before, c.country_after), one.name), c.family, c.kind, c.addresses)
        for one, c in found.found.cells()
    )
    for key, family, counts in _summed(cells):
        yield *key, family.name, *(_text(family, count) for count in counts)


def _cause_rows(found: StateDifference) -> Iterator[tuple[str, ...]]:
    cells = (((str(c.cause),), c.family, c.kind, c.addresses) for _, c in found.found.cells())
    for key, family, counts in _summed(cells):
        yield *key, family.name, *(_text(family, count) for count in counts)


def _holding_row(one: Holding) -> tuple[str, ...]:
    held = str(AddressRange(one.family, one.first, one.last))
    date = f"{one.date:08}" if one.date else "-"
    day = f"{date[:4]}-{date[4:6]}-{date[6:]}" if one.date else "-"
    line = str(one.line) if one.line else "-"
    size = _text(one.family, one.addresses)
    return held, one.list, one.kind, one.country or "-", one.registry or "-", day, line, size


def _file_rows(found: StateDifference) -> Iterator[tuple[str, ...]]:
    for one in found.found.entries:
        pairs = ((one.before.get(f, 0), one.after.get(f, 0)) for f in FAMILIES)
        yield one.path, *(f"{count:,}" for pair in pairs for count in pair)


def _prefix_rows(lists: Iterable[ListChange]) -> Iterator[tuple[str, ...]]:
    for one in lists:
        for kind, part in one.parts():
            for family in FAMILIES:
                texts = prefix_texts(part.prefixes(family))
                yield from ((kind, one.name, text) for text in texts[:MOST_PREFIXES])


def diff_report(found: StateDifference, *, prefixes: bool) -> dict[str, object]:
    """Return a difference as `docs/json.md` describes it; numbers of addresses are texts."""
    guard = {"digest": found.digest, "refusals": [refusal_facts(one) for one in found.refusals]}
    return {
        "old": found.old,
        "new": found.new,
        "different": bool(found.found) or bool(found.found.entries),
        "lists": [_list_report(one, prefixes=prefixes) for one in found.found.lists],
        "largest": [_holding_report(one) for rows in found.largest.values() for one in rows],
        "files": [
            {
                "path": one.path,
                "before": {f.name: count for f, count in one.before.items()},
                "after": {f.name: count for f, count in one.after.items()},
            }
            for one in found.found.entries
        ],
        "guard": guard if found.digest else None,
    }


def _list_report(one: ListChange, *, prefixes: bool) -> dict[str, object]:
    report: dict[str, object] = {
        "name": one.name,
        "before": one.before,
        "after": one.after,
        "changes": [
            {
                "kind": cell.kind,
                "family": cell.family.name,
                "country": cell.country_after or None,
                "country_before": cell.country_before or None,
                "cause": str(cell.cause),
                "addresses": str(cell.addresses),
            }
            for cell in one.cells
        ],
    }
    for kind in KINDS:
        part = getattr(one, kind)
        report[kind] = {
            f.name: {
                "addresses": str(part.count_of(f)),
                "prefixes": prefix_texts(part.prefixes(f)) if prefixes else part.prefix_count(f),
            }
            for f in FAMILIES
        }
    return report


def _holding_report(one: Holding) -> dict[str, object]:
    return {
        "list": one.list,
        "kind": one.kind,
        "family": one.family.name,
        "range": str(AddressRange(one.family, one.first, one.last)),
        "registry": one.registry or None,
        "country": one.country or None,
        "date": one.date or None,
        "line": one.line or None,
        "addresses": str(one.addresses),
    }
