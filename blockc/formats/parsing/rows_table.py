"""Checks the table `[rows]` of a definition, whose types are right, and reads the paths in it."""

from collections.abc import Iterator, Mapping
from typing import Literal

from blockc.formats.parsing.format_options import ADDRESS_COLUMNS, COUNTRY, TAG, FormatOptions
from blockc.formats.parsing.format_options import RowsTable as Rows
from blockc.formats.parsing.json_paths import Path, parse_path
from blockc.formats.parsing.tags import ASN, COUNTRIES, is_as_number
from blockc.tomlio.tables import Findings, Place

_COMMAS = ("", ",", ";", "|")
_WIDEST = {"ipv4": 32, "ipv6": 64}
_WAYS = (
    {"prefix"},
    {"prefix", "length"},
    {"start", "last"},
)


def read_rows(rows: Rows, place: Place, findings: Findings) -> FormatOptions:
    """Return what `rows`, which stands at `place`, says, with all that is wrong in `findings`."""
    _check_lists(rows, place, findings)
    _check_widest(rows, place / "widest_prefix", findings)
    _check_labels(rows, place / "labels", findings)
    _check_columns(rows, place / "columns", findings)
    _check_marks(rows, place, findings)
    options = FormatOptions(
        rows=rows,
        prefixes=tuple(_prefixes(rows, place / "prefix", findings)),
        tags=dict(_tags(rows, place / "tags", findings)),
        date=_one_text("date", rows.date, place, findings),
        serial=_one_text("serial", rows.serial, place, findings),
    )
    _check_names(rows, place, findings)
    _check_tags(options, place / "tags", findings)
    return options


def _check_lists(rows: Rows, place: Place, findings: Findings) -> None:
    if rows.lists == "addresses":
        return
    for name in ("tags", "labels", "range", "split"):
        if getattr(rows, name):
            findings.add_name(place / name, f"a list of AS numbers has no {name!r}")


def _check_widest(rows: Rows, place: Place, findings: Findings) -> None:
    for name, most in _WIDEST.items():
        length = getattr(rows.widest_prefix, name)
        if not 0 <= length <= most:
            findings.add(place / name, f"expected 0 to {most}, found {length}")


def _check_labels(rows: Rows, place: Place, findings: Findings) -> None:
    for name, text in rows.labels.items():
        if name in COUNTRIES and not COUNTRY.fullmatch(text):
            wrong = f"{text!r} is not a country code"
            findings.add(place / name, wrong, hint="expected such as DE")
        elif name == ASN and not is_as_number(text):
            wrong = f"{text!r} is not an AS number"
            findings.add(place / name, wrong, hint="expected such as 64500")
        elif not text.strip() or text != text.strip():
            findings.add(place / name, "a label is a text without blanks around it")
        elif name in {*rows.columns, *rows.tags}:
            findings.add(place / name, f"the tag {name!r} is told by the rows, too")


def _check_columns(rows: Rows, place: Place, findings: Findings) -> None:
    names = [name for name in rows.columns if name]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        findings.add(place, f"two columns are called {twice[0]!r}")
    if rows.lists == "as-numbers":
        if names and set(names) != {ASN}:
            wrong = f"a table of AS numbers has the column {ASN!r} and no other that is read"
            hint = (
                'write "" for the others, or name it alone: { asn = "its name in the first row" }'
            )
            findings.add(place, wrong, hint=hint)
        return
    found = set(names) & set(ADDRESS_COLUMNS)
    if names and found not in _WAYS:
        hint = "expected prefix, prefix and length, or start and last"
        told = ", ".join(sorted(found)) or "none"
        findings.add(place, f"no columns of addresses: {told}", hint=hint)


def _check_marks(rows: Rows, place: Place, findings: Findings) -> None:
    separator = FormatOptions(rows=rows).separator
    if len(separator) != 1 or separator in '"\r\n' or separator.isalnum():
        hint = 'expected such as "," or "tab"'
        findings.add(place / "separator", f"{rows.separator!r} separates nothing", hint=hint)
    if len(rows.comment) > 1 or rows.comment.isalnum():
        hint = 'expected such as "#" or ""'
        findings.add(place / "comment", f"{rows.comment!r} begins no comment", hint=hint)
    for name, mark in (("range", rows.range), ("split", rows.split)):
        if mark not in _COMMAS:
            wrong = f"{mark!r} separates no addresses"
            findings.add(place / name, wrong, hint='expected such as ","')
    if rows.range and rows.range == rows.split:
        wrong = f"{rows.range!r} cannot both join a range and separate entries"
        findings.add(place / "split", wrong)


def _prefixes(rows: Rows, place: Place, findings: Findings) -> Iterator[Path]:
    texts = [rows.prefix] if isinstance(rows.prefix, str) else rows.prefix
    for number, text in enumerate(texts):
        at = place if isinstance(rows.prefix, str) else place / number
        path = _path(text, at, findings)
        if path and (path.named or any("*" in step.keys for step in path.steps)):
            hint = "`*` and `~` are for tags"
            findings.add(at, f"{text!r} leads to no prefix", hint=hint)
        elif path:
            yield path


def _tags(rows: Rows, place: Place, findings: Findings) -> Iterator[tuple[str, Path]]:
    for name, text in rows.tags.items():
        path = _path(text, place / name, findings)
        if path:
            yield name, path


def _one_text(
    name: Literal["date", "serial"], text: str, place: Place, findings: Findings
) -> Path | None:
    """Return the path to one text of the whole file, if there is to be one."""
    path = _path(text, place / name, findings) if text else None
    if path and (path.named or any(step.each or "*" in step.keys for step in path.steps)):
        findings.add(place / name, f"{text!r} does not lead to one text")
    return path


def _path(text: str, place: Place, findings: Findings) -> Path | None:
    try:
        return parse_path(text)
    except ValueError as reason:
        findings.add(place, str(reason), hint="expected such as prefixes[].ip_prefix")
    return None


def _check_names(rows: Rows, place: Place, findings: Findings) -> None:
    """Note the tags that cannot be selected."""
    for table in ("columns", "tags", "labels"):
        names = getattr(rows, table)
        for name in filter(None, names):
            if TAG.fullmatch(name):
                continue
            wrong = f"{name!r} is not a name of a tag"
            hint = "lower-case letters, digits, - and _, a letter first"
            if isinstance(names, Mapping):
                findings.add_name(place / table / name, wrong, hint=hint)
            else:
                findings.add(place / table, wrong, hint=hint)


def _check_tags(options: FormatOptions, place: Place, findings: Findings) -> None:
    """Note the tags that no row would have."""
    for name, tag in options.tags.items():
        if not options.prefixes and (tag.named or any("*" in step.keys for step in tag.steps)):
            findings.add(place / name, f"{str(tag)!r} leads to no text", hint="name its keys")
        for path in options.prefixes:
            if not _leads_on(tag, path):
                wrong = f"{str(tag)!r} does not go the way of the prefix {str(path)!r}"
                findings.add(place / name, wrong, hint="begin both paths with the same steps")
                break


def _leads_on(tag: Path, path: Path) -> bool:
    """Return whether a tag says one thing for a prefix: it parts from its way before any list."""
    shared = tag.shared(path)
    rest = tag.steps[shared:]
    lost = any("*" in step.keys for step in rest) or (tag.named and bool(rest))
    return not lost and not (shared == 0 and any(step.each for step in rest))
