"""What was imported and what is odd about it, as tables for people and as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from blockc.addresses import FAMILIES, AddrSet
from blockc.addresses.lines import prefix_texts
from blockc.cli.console import Cell, amount, amount_text, info, show, show_json, show_table, warn
from blockc.cli.options import Settings

if TYPE_CHECKING:
    from blockc.importing.entries import Entry
    from blockc.importing.findings import ImportFindings
    from blockc.importing.importer import Imported

MOST_SHOWN = 20
SAYS = {
    "dead": "decides about no address: others come before it, or hold it",
    "redundant": "says what is said without it",
    "cleared": "has host bits set, which are ignored",
}
NOBODY = "nobody"


def show_import(
    settings: Settings,
    files: "Sequence[Imported]",
    found: "ImportFindings",
    written: Mapping[str, str],
) -> None:
    """Print what was imported.

    Args:
        written: The files that were written -> what the policy calls them.
    """
    if settings.json:
        show_json(_report(files, found, list(written)))
        return
    show_table(
        settings, "", ["file", "form", "entries", "ipv4", "ipv6", "not read"], map(_row, files)
    )
    for one in files:
        _tell_entries(one)
    _tell_findings(settings, found)
    for path in written:
        info(settings, f"wrote {path}")
    if written:
        info(settings, "blockc build compiles the policy, blockc build --dry-run shows it")


def _row(one: "Imported") -> list[Cell]:
    form = f"{one.form}, guessed" if one.guessed else one.form
    counts = [amount(family, one.blocked.count_of(family)) for family in FAMILIES]
    return [one.path, form, one.entries, *counts, len(one.unread)]


def _tell_entries(one: "Imported") -> None:
    for unread in one.unread:
        warn(f"{one.path}:{unread.line}: not read: {unread.text}: {unread.why}")
    if len(one.unread) > len([*one.unread]):
        warn(f"{one.path}: {len(one.unread):,} lines not read; the first of them are named above")
    for what, says in SAYS.items():
        entries = one.named(what)
        for entry in entries[:MOST_SHOWN]:
            show(f"{one.path}:{entry.line}: {entry.text} {says}\n")
        if len(entries) > MOST_SHOWN:
            show(f"{one.path}: {len(entries) - MOST_SHOWN:,} more like that\n")


def _tell_findings(settings: Settings, found: "ImportFindings") -> None:
    if found.countries:
        show_table(
            settings,
            "Where it is registered",
            ["country", "ipv4", "ipv6"],
            [
                [code or NOBODY, *(amount(family, counts.get(family, 0)) for family in FAMILIES)]
                for code, counts in found.countries.items()
            ],
        )
    for prefix, name, part in found.special:
        whole = "all" if prefix in part else "some"
        show(f"special-purpose: {whole} of {prefix} ({name}) is blocked\n")
    for who, addresses in {"protected": found.protected, **found.spared}.items():
        for family in FAMILIES:
            if count := addresses.count_of(family):
                first = prefix_texts(addresses.prefixes(family))[0]
                warn(f"{who} and blocked today: {amount_text(family, count)}, first {first}")
    if found.is_allow_list:
        show("nearly everybody is blocked: the policy names who is allowed\n")


def _report(
    files: "Sequence[Imported]", found: "ImportFindings", written: list[str]
) -> dict[str, Any]:
    return {
        "files": [_file(one) for one in files],
        "blocked": _counts(found.blocked),
        "countries": {
            code: {family.name: str(count) for family, count in counts.items()}
            for code, counts in found.countries.items()
        },
        "special": [
            {"prefix": str(prefix), "name": name, "blocked": _counts(part)}
            for prefix, name, part in found.special
        ],
        "protected": _counts(found.protected),
        "spared": {who: _counts(addresses) for who, addresses in found.spared.items()},
        "allow_list": found.is_allow_list,
        "written": written,
    }


def _file(one: "Imported") -> dict[str, Any]:
    return {
        "path": one.path,
        "form": one.form,
        "guessed": one.guessed,
        "entries": one.entries,
        "others": one.others,
        "blocked": _counts(one.blocked),
        "unread": [unread._asdict() for unread in one.unread],
        "unread_lines": len(one.unread),
        **{what: list(_entries(one.named(what))) for what in SAYS},
    }


def _entries(entries: "Sequence[Entry]") -> Iterator[dict[str, Any]]:
    yield from ({"line": entry.line, "text": entry.text} for entry in entries)


def _counts(addresses: AddrSet) -> dict[str, dict[str, str | int]]:
    return {
        family.name: {
            "addresses": str(addresses.count_of(family)),
            "prefixes": addresses.prefix_count(family),
        }
        for family in FAMILIES
    }
