"""Akamai network lists of addresses: the body that creates or replaces one."""

from collections.abc import Iterator, Sequence

from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.facts import (
    CountryCodes,
    Deployment,
    EntryForm,
    Layout,
    MaxEntries,
    Reference,
)
from blockc.targets.core.layout import File
from blockc.targets.core.live import LiveForm, json_entries
from blockc.targets.core.target import Target
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.json_shape import Codes, Entries, Says, Shape, of_countries, shaped
from blockc.targets.syntax.reading import Ordered, Reading, each
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

_NAME = r"[A-Za-z0-9][A-Za-z0-9 _-]{0,62}[A-Za-z0-9]"
_MOST_CODES = 275


def _list(kind: str, items: Shape) -> Shape:
    """Return the shape of the body of a network list."""
    names = {"name": Says("network list", _NAME), "type": kind}
    return {**names, "description": Says("description"), "list": items}


read_network_list = shaped(_list("IP", Entries()))


def read_country_list(text: Text) -> Reading:
    """Return the countries of a network list of the type GEO."""
    return of_countries(shaped(_list("GEO", Codes(_MOST_CODES)))(text))


def _orders(document: Document, _file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    made_of = document.provenance
    by = "the data of Akamai" if document.kind is ContentKind.CODES else "country of registration"
    sample = "SAMPLE DATA, " if made_of.sample else ""
    said = f"list {made_of.list}, policy {made_of.policy}, by {by}"
    yield Ordered("network list", document.options["name"], claimed=True)
    yield Ordered("description", sample + said + document.waiting)
    if document.codes:
        yield from document.countries()


_PAGE = Reference("https://techdocs.akamai.com/terraform/docs/set-up-network-lists", "2026-11-27")
_LISTS = ":/network-list/v2/network-lists"
_CHANGE = """\
SYNC=$(http --auth-type edgegrid GET "{lists}/ID" | jq .syncPoint)
jq --argjson sync "$SYNC" '.syncPoint = $sync' {file} | http --auth-type edgegrid PUT "{lists}/ID"
http --auth-type edgegrid POST "{lists}/ID/environments/PRODUCTION/activate"
"""

AKAMAI_LIST = Target(
    name="akamai-list",
    title="Akamai network list",
    match=Match.MEMBER,
    form=EntryForm.HOST,
    layout=Layout.TOGETHER,
    writer="akamai-list.json.j2",
    ending="json",
    reader=each(read_network_list),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(
        Option(
            "name",
            "blockc {list}",
            "2 to 64 letters, digits, blanks, - or _, with a letter or digit at both ends",
            pattern=_NAME,
            part=" {part}",
            about="the network list",
            by_kind={ContentKind.CODES: "blockc {list} countries"},
        ),
    ),
    max_entries=MaxEntries(50_000, _PAGE, together=True),
    notes="""\
A network list says nothing of what happens to its clients: the security configuration that uses it
does, which can deny or alert, and so it can first be used in a match target that only alerts. A
list in `monitor` is written with `until_block = "empty"`. A change is in force once it is
activated, on STAGING first where you want to see it. `syncPoint` is raised with each change: a load
that was overtaken by another one is refused.""",
    live=LiveForm(
        commands=(f'http --auth-type edgegrid GET "{_LISTS}/ID?includeElements=true"',),
        reader=json_entries("list"),
        limits="It is the newest version; which one is active, and who uses it, is not shown.",
    ),
    references=(_PAGE,),
    deployment=Deployment(
        load=f"""\
http --auth-type edgegrid POST "{_LISTS}" < list.json  # once; tells the uniqueId, which is ID here
{_CHANGE.format(lists=_LISTS, file="list.json")}""",
        rollback=_CHANGE.format(lists=_LISTS, file="PREVIOUS/list.json"),
    ),
)

AKAMAI_COUNTRY = replace(
    AKAMAI_LIST,
    name="akamai-country",
    title="Akamai network list of countries",
    writer="akamai-country.json.j2",
    reader=each(read_country_list),
    words={ContentKind.CODES: BLOCKS},
    codes=CountryCodes(_PAGE, most=_MOST_CODES),
    max_entries=None,
    notes=f"""\
Akamai decides by its own data (EdgeScape) who is in a country. That is not what the registries say,
and nobody can prove it address by address: what is proved is that the list names exactly the
countries of the policy.

{AKAMAI_LIST.notes}""",
)
