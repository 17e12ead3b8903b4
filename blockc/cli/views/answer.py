"""One answer about addresses in full, for people: drawn from the report that programs get.

An answer that was kept is shown by this alone, so it imports nothing that computes.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from blockc.addresses.family import FAMILIES, V4, V6, Family
from blockc.cli.console import Cell, amount, show, show_line, show_table
from blockc.cli.options import Settings
from blockc.errors import Location

MOST_PIECES = 20
MOST_NAMED = 3  # files at odds with their lists, in one sentence
MANY = 1_000  # answers: from here on JSON is not indented
STRENGTH = ("block", "warn", "monitor", "off", "allow")
Report = dict[str, Any]


def show_answer(settings: Settings, report: Report, answer: Report, *, unkept: bool) -> None:
    """Print an answer in full.

    Args:
        report: The whole report that it stands in.
        unkept: What is asked is a generation whose files are not kept any more.
    """
    show_line(headline(answer, ahead=_is_ahead(report)))
    if len(answer["pieces"]) == 1:
        _show_piece(settings, answer["pieces"][0])
    else:
        _show_mixture(settings, answer)
    _show_stages(report, answer)
    for one in answer["ended"]:
        said = f"{one['selector']} of list {one['list']}"
        show_line(f"ended: exception {said} ended on {one['until']}, {_owner(one)}; {_at(one)}")
    if not _is_single(answer):
        return
    if report["published"]:
        show("\n")
        rows = [row for piece in answer["pieces"] for row in map(_line_row, piece["artifacts"])]
        show_table(settings, "Published", ["file", "line", "says", "entry"], rows)
    elif unkept:
        show_line("published: the files of this generation are not kept any more")
    else:
        show_line("published: nothing was found to look at; see -o")


def strongest(piece: Report) -> str:
    """Return the verdict about a piece that says the most: `block` before `warn` and so on."""
    verdicts = {one["verdict"] for one in piece["lists"]}
    return next((one for one in STRENGTH if one in verdicts), "allow")


def headline(answer: Report, *, ahead: bool) -> str:
    """Return the answer in a sentence.

    A list that is watched only, or not in force, blocks nothing. What the lists say is not all: an
    artifact that gave something up for its limit, or an older one, can say another thing of one
    address, and then the sentence says so.

    Args:
        answer: What is known about what was asked.
        ahead: It is about a day to come, of which the files that are published now say nothing.
    """
    text, count, counts = answer["asked"], int(answer["addresses"]), dict[str, int]()
    for piece in answer["pieces"]:
        verdict = strongest(piece)
        counts[verdict] = counts.get(verdict, 0) + int(piece["addresses"])
    if len(counts) <= 1:
        verdict = next(iter(counts), "allow")
        said = {"block": "is blocked", "off": "is not blocked yet", "allow": "is not blocked"}
        whole = "" if _is_single(answer) else f" ({count:,} addresses)"
        files = _is_single(answer) and answer["pieces"] and not ahead
        odd = _at_odds(answer["pieces"][0]) if files else ""
        return f"{text}{whole} {said.get(verdict, f'is not blocked, {verdict} is in force')}{odd}"
    parts = [f"{verdict} {counts[verdict]:,}" for verdict in STRENGTH if verdict in counts]
    return f"{text} ({count:,} addresses): {', '.join(parts)}"


def _at_odds(piece: Report) -> str:
    """Return which published files block what their lists do not, or let through what these block.

    What a list blocks in one file and not in another is judged by file; a file that cannot be
    read, or that holds a country and no verdict, says nothing.
    """
    verdicts = {one["name"]: one["verdict"] for one in piece["lists"]}
    odd: dict[bool, list[str]] = {True: [], False: []}
    for one in piece["artifacts"]:
        lists = one["holds"].partition("/")[0].split("+")
        if one["wrong"] or one["verdict"] not in STRENGTH or not verdicts.keys() >= set(lists):
            continue
        blocks = one["verdict"] == "block"
        if blocks != any(verdicts[name] == "block" for name in lists):
            odd[blocks].append(one["path"])
    return "".join(_but(paths, blocks=blocks) for blocks, paths in odd.items() if paths)


def _but(paths: list[str], *, blocks: bool) -> str:
    one = len(paths) == 1
    does = ("blocks" if one else "block") if blocks else f"{'does' if one else 'do'} not block"
    named = paths if len(paths) <= MOST_NAMED else paths[: MOST_NAMED - 1]
    more = f" and {len(paths) - len(named)} others" if len(named) < len(paths) else ""
    return f", but {', '.join(named)}{more} as published {does} it"


def _is_ahead(report: Report) -> bool:
    """Return whether an answer is about a day to come."""
    return bool(report["as_of"] > datetime.now(UTC).date().isoformat())


def _is_single(answer: Report) -> bool:
    return bool(answer["addresses"] == "1")


def _show_piece(settings: Settings, piece: Report) -> None:
    show(_registered(piece))
    show("\n")
    rows = [row for one in piece["lists"] for row in _reason_rows(one)]
    show_table(settings, "Lists", ["list", "verdict", "reason", "entry", "where"], rows)
    for entry in _protecting(piece):
        show_line(f"never_block: {entry['selector']}, so no list may block it; {_at(entry)}")
    for row in piece["rows"]:
        show_line(f"row: {_row_text(row)}")


def _protecting(piece: Report) -> list[Report]:
    """Return the entries of `never_block` that hold a piece: every list names the same."""
    lists = piece["lists"]
    return [one for one in lists[0]["entries"] if one["key"] == "never_block"] if lists else []


def _reason_rows(one: Report) -> Iterator[list[Cell]]:
    first: list[Cell] = [one["name"], one["verdict"], one["reason"]]
    entries = _deciding(one)
    if not entries:
        yield [*first, "", ""]
    for number, entry in enumerate(entries):
        said = f"{entry['key']} {entry['selector']}"
        if entry["owner"]:
            said = f"{said}, {_owner(entry)}"
        yield [*(["", "", ""] if number else first), said, _at(entry)]


def _deciding(one: Report) -> list[Report]:
    return [entry for entry in one["entries"] if entry["decides"]]


def _show_mixture(settings: Settings, answer: Report) -> None:
    show("\n")
    rows = list(_mixture_rows(answer))
    show_table(settings, "Lists", ["list", "verdict", *(f.name for f in FAMILIES)], rows)
    every = answer["pieces"]
    cut = f", {MOST_PIECES} of {len(every):,}" if len(every) > MOST_PIECES else ""
    show("\n")
    heads = ["range", "country", "verdict", "list", "why"]
    show_table(settings, f"Pieces{cut}", heads, map(_piece_row, every[:MOST_PIECES]))


def _piece_row(piece: Report) -> list[Cell]:
    verdict = strongest(piece)
    lists = [one for one in piece["lists"] if one["verdict"] == verdict]
    names = "" if verdict == "allow" else ",".join(one["name"] for one in lists)
    telling = [one for one in lists if one["reason"] != "not listed"] or lists
    why = _because(telling[0]) if telling else "there is no list"
    return [piece["range"], piece["country"] or "-", verdict, names, why]


def _because(one: Report) -> str:
    """Return why a list has addresses or not: the reason, and the first entry that decides."""
    entries = _deciding(one)
    if not entries:
        return str(one["reason"])
    more = f" and {len(entries) - 1} more" if len(entries) > 1 else ""
    return f"{one['reason']}: {entries[0]['selector']} at {_at(entries[0])}{more}"


def _mixture_rows(answer: Report) -> Iterator[list[Cell]]:
    """Yield for every list how many addresses of each family get which verdict."""
    pieces = answer["pieces"]
    for number, one in enumerate(pieces[0]["lists"] if pieces else ()):
        counts: dict[tuple[str, Family], int] = {}
        for piece in pieces:
            key = piece["lists"][number]["verdict"], V6 if ":" in piece["range"] else V4
            counts[key] = counts.get(key, 0) + int(piece["addresses"])
        verdicts = [verdict for verdict in STRENGTH if any(v == verdict for v, _ in counts)]
        for row, verdict in enumerate(verdicts):
            amounts = [amount(f, counts.get((verdict, f), 0)) for f in FAMILIES]
            yield ["" if row else one["name"], verdict, *amounts]


def _show_stages(report: Report, answer: Report) -> None:
    schedules = {one["name"]: one["schedule"] for one in report["lists"]}
    for one in answer["pieces"][0]["lists"] if answer["pieces"] else ():
        if schedules[one["name"]]:
            show_line(f"stage: list {one['name']}: {schedules[one['name']]}")


def _registered(piece: Report) -> str:
    """Return what the registries say about a piece, in lines."""
    record, country = piece["record"], piece["country"]
    if record is None:
        where = f"in {country}, by several records" if country else "nowhere: no registry lists it"
        return f"registered: {where}\n"
    since = f" since {record['date']}" if record["date"] else ""
    what = f"{record['country'] or 'no country'}: {record['range']}, {record['status']}{since}"
    digest = record["digest"][:19]
    return f"registered: {what}, says {record['registry']}\n  {_at(record)}, {digest}\n"


def _owner(one: Report) -> str:
    if not one["owner"]:
        return "without an owner"
    until = f", until {one['until']}" if one["until"] else ""
    return f"owner {one['owner']}: {one['why']}{until}"


def _row_text(row: Report) -> str:
    tags = "".join(f", {tag} {value}" for tag, value in row["tags"].items() if value)
    said = f"{row['selector']} has {row['range']}{tags}"
    if not row["digest"]:
        return f"{said}: {row['path']}:{row['number']}"
    return f"{said}: row {row['number']:,} of {row['digest'][:19]}"


def _line_row(line: Report) -> list[Cell]:
    if line["wrong"]:
        return [line["path"], "", "?", line["wrong"]]
    text = "no entry, the default" if line["entry"] is None else line["entry"]
    return [line["path"], str(line["line"] or ""), line["verdict"], text]


def _at(one: Report) -> str:
    return str(Location(one["path"], one["line"] or 0, one.get("column") or 0))
