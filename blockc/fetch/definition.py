"""A source: one TOML file per source, read into a frozen value with every mistake placed."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Literal

from blockc.errors import suggestion
from blockc.fetch.http.urls import wrong_url
from blockc.formats.format_table import DELEGATED, FORMATS, read_options
from blockc.formats.parsing.format_options import FormatOptions, RowsTable
from blockc.tomlio.tables import Findings, Place, Table, TomlDocument, from_table, json_schema
from blockc.values import Value, field, replace
from blockc.vocabulary import RIRS

NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


class Checksum(Table):
    """Where the published digest of a file is: at the url of the file with `suffix` added."""

    kind: Literal["md5"]
    suffix: str


class Licence(Table):
    """The terms in words, and the page that states them if there is one."""

    text: str
    url: str = ""


class Expectations(Table):
    """What a good file looks like. `max_shrink_*` are shares of what the last good one had.

    `max_country_shift`: of a registry, the share of a country's addresses that may be registered
    in other countries from one file to the next.
    """

    min_records: int
    max_bytes: int
    max_shrink_addresses: float
    max_shrink_records: float
    max_records: int = 5_000_000
    max_country_shift: float = 0.1


class SourceTable(Table, kw_only=True):
    """The keys of a source file."""

    title: str
    format: str
    registry: str = ""
    urls: tuple[str, ...]
    checksum: Checksum | None = None
    licence: Licence
    refresh_hours: int
    max_age_hours: int
    member: str = ""
    may_be_empty: bool = False
    private_redirects: bool = False
    expect: Expectations
    rows: RowsTable = RowsTable()


class Source(Value):
    """One upstream file: what it is called, where it is and when it is fit for use.

    Invariant: `urls` is not empty, the origin first, each https, a file, or http on this machine;
    `registry` is one of the five for the format `delegated`, and empty for any other.

    Attributes:
        member: Which file of a zip or tar archive is meant, if it has several.
        may_be_empty: A file that lists nothing is right.
        private_redirects: A public host may send us on to one that is not.
        rows: What the definition says about how the file is written, as TOML has it.
        options: The same as readers need it.
    """

    name: str
    title: str
    format: str
    registry: str
    urls: tuple[str, ...]
    checksum: Checksum | None
    licence: Licence
    refresh_hours: int
    max_age_hours: int
    expect: Expectations
    member: str = ""
    may_be_empty: bool = False
    private_redirects: bool = False
    rows: Mapping[str, Any] = field(default_factory=dict)
    options: FormatOptions = field(default_factory=FormatOptions)

    @property
    def reading(self) -> str:
        """Return the digest of all that decides what the same bytes are read as."""
        limits = self.expect.max_records, self.may_be_empty
        said = [self.format, self.registry, self.member, self.rows, limits]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def read_source(path: str, text: str) -> Source:
    """Return the source that the file at `path` defines; the stem of the file is its name.

    Args:
        path: For messages, and for the name.
        text: TOML.

    Raises:
        Mistakes: Every DefinitionError in the file.
    """
    document = TomlDocument(path, text)
    findings, place = Findings(), Place(document)
    said = document.table()
    table = from_table(SourceTable, said, place, findings)
    name = PurePath(path).stem
    if not NAME.fullmatch(name):
        findings.add(place, f"{name!r} is not a name of a source, expected such as 'spamhaus-drop'")
    _check_registry(table, place, findings)
    _check_urls(table, place, findings)
    _check_numbers(table, place, findings)
    written = said.get("rows", {})
    rows = written if isinstance(written, dict) else {}
    options = read_options(table.format, rows, table.rows, place, findings)
    if table.member and not unpacks(table.format):
        findings.add_name(place / "member", f"the format {table.format!r} reads the archive itself")
    findings.require_none()
    values = {key: getattr(table, key) for key in SourceTable.__struct_fields__}
    options = replace(
        options, max_records=table.expect.max_records, may_be_empty=table.may_be_empty
    )
    return Source(name, **{**values, "rows": rows}, options=options)


def unpacks(format_name: str) -> bool:
    """Return whether an archive is unpacked before the reader of this format sees it."""
    return format_name not in FORMATS or not FORMATS[format_name].reads_archive


def _check_registry(table: SourceTable, place: Place, findings: Findings) -> None:
    said = table.registry
    if table.format == "delegated" and not said:
        findings.add_missing(place / "registry", "the format 'delegated' needs a registry")
    elif table.format == "delegated" and said not in RIRS:
        wrong = f"unknown registry {said!r}{suggestion(said, RIRS)}"
        findings.add(place / "registry", wrong, hint=f"expected one of {', '.join(RIRS)}")
    elif table.format != "delegated" and said:
        findings.add_name(place / "registry", "only the format 'delegated' has a registry")


def _check_urls(table: SourceTable, place: Place, findings: Findings) -> None:
    if not table.urls:
        findings.add(place / "urls", "no url, expected the origin and then its mirrors")
    for number, url in enumerate(table.urls):
        wrong = wrong_url(url)
        if wrong:
            findings.add(place / "urls" / number, f"{url!r} {wrong}")
    terms = table.licence.url
    if terms and (wrong_url(terms) or not terms.startswith("https:")):
        findings.add(place / "licence" / "url", f"{terms!r} is not an https url")


def _check_numbers(table: SourceTable, place: Place, findings: Findings) -> None:
    expect = place / "expect"
    for at, number in (
        (place / "refresh_hours", table.refresh_hours),
        (expect / "max_bytes", table.expect.max_bytes),
        (expect / "max_records", table.expect.max_records),
    ):
        if number < 1:
            findings.add(at, f"expected at least 1, found {number}")
    least = 0 if table.may_be_empty else 1
    if table.expect.min_records < least:
        found = table.expect.min_records
        findings.add(expect / "min_records", f"expected at least {least}, found {found}")
    if table.max_age_hours < table.refresh_hours:
        findings.add(
            place / "max_age_hours", "too old before it is refreshed", hint="raise it, or refresh"
        )
    for key in ("max_shrink_addresses", "max_shrink_records", "max_country_shift"):
        share = getattr(table.expect, key)
        if not 0 < share <= 1:
            findings.add(expect / key, f"expected a share above 0 and up to 1, found {share}")


def source_schema() -> dict[str, Any]:
    """Return the schema of the definition of a source, for editors."""
    schema = json_schema(SourceTable, identity="urn:blockc:source:1", title="blockc source")
    properties = schema["$defs"]["SourceTable"]["properties"]
    properties["format"]["enum"] = sorted([DELEGATED, *FORMATS])
    properties["registry"]["enum"] = ["", *RIRS]
    return schema
