"""Groups of countries: data with a source, a day and a caveat, never code."""

from datetime import date
from typing import Annotated

from blockc.errors import DefinitionError
from blockc.policy.syntax.selectors import NAME
from blockc.registries import countries
from blockc.tomlio.tables import Findings, Place, Table, TomlDocument, for_editors, from_table
from blockc.values import Value


class CountryGroup(Value):
    """The countries of a group as `source` gave them on `day`.

    Invariant: `countries` are ISO 3166 codes in order; EU, AP and ZZ are never among them.
    """

    name: str
    title: str
    countries: tuple[str, ...]
    source: str
    day: date
    caveat: str = ""


class GroupTable(Table):
    """One group of a file."""

    title: str
    countries: tuple[
        Annotated[str, for_editors(description="ISO 3166-1 alpha-2", pattern="^[A-Z]{2}$")], ...
    ]
    caveat: str = ""


class GroupFileTable(Table):
    """A file of groups that share one source."""

    source: Annotated[str, for_editors(description="URL of who decides the membership")]
    date: Annotated[date, for_editors(description="the day the source was read")]
    group: dict[str, GroupTable]
    caveat: str = ""


def read_groups(path: str, text: str) -> tuple[CountryGroup, ...]:
    """Return the groups of a file.

    Raises:
        Mistakes: All that is wrong with it.
    """
    document = TomlDocument(path, text)
    findings = Findings(DefinitionError)
    place = Place(document)
    table = from_table(GroupFileTable, document.table(), place, findings)
    groups = tuple(
        _group(name, one, table, place / "group" / name, findings)
        for name, one in sorted(table.group.items())
    )
    findings.require_none()
    return groups


def _group(
    name: str, table: GroupTable, shared: GroupFileTable, place: Place, findings: Findings
) -> CountryGroup:
    if not NAME.fullmatch(name):
        hint = "names are lower-case letters, digits and hyphens, a letter first"
        findings.add_name(place, f"{name!r} is not a name of a group", hint=hint)
    if not table.countries:
        findings.add_name(place / "countries", f"group {name!r} has no countries")
    for index, code in enumerate(table.countries):
        if code not in countries.names():
            said = f"{code!r} is not an ISO 3166 country code"
            findings.add(place / "countries" / index, said, hint=_advice(code))
    caveat = " ".join(text for text in (shared.caveat, table.caveat) if text)
    members = tuple(sorted(set(table.countries)))
    return CountryGroup(name, table.title, members, shared.source, shared.date, caveat)


def _advice(code: str) -> str:
    if code in countries.PSEUDO:
        return "pseudo-codes belong to no group; a policy selects them by themselves"
    return countries.advice(countries.ALIASES.get(code, code))
