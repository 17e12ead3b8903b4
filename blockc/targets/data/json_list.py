"""JSON for programs: both families, what the list was made from, stable keys.

The schema `blockc-list/1`: `list`, `title`, `verdict`, `policy` (a digest), `sources` (name, date,
digest; only with `header = "full"`), `sample`, `note`, `entries` (a number per family), `addresses`
(a number per family, as text, because IPv6 numbers do not fit the numbers of JSON) and the prefixes
under `ipv4` and `ipv6`.
A file of one family has only that family's keys. `verdict` is the action of the list. `response`,
with `status` and perhaps `link`, is there only where a stage says what blocked clients get. Of two
sets each is a document of its own, and the `verdict` of the second is `except`: its prefixes are
taken away from those of the first.
"""

import itertools
from collections.abc import Iterator, Sequence
from functools import partial

from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.response import HTTP_ERRORS
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Reference,
    Responses,
    Target,
    TwoSets,
)
from blockc.targets.core.verdicts import ACTIONS, BLOCKS, ContentKind
from blockc.targets.syntax.addresses import decode_rules
from blockc.targets.syntax.json_tree import json_object
from blockc.targets.syntax.reading import BLOCK, Ordered, Part, Reading, acting, each, halves
from blockc.targets.syntax.tokens import Text
from blockc.vocabulary import HeaderForm

SCHEMA = "blockc-list/1"
_ABOUT = {
    "schema": str,
    "list": str,
    "title": str,
    "verdict": str,
    "policy": str,
    "sample": bool,
    "note": str,
    "entries": dict,
    "addresses": dict,
}


_PERHAPS = {"response": dict, "sources": list}
_COMPARED = [key for key in _ABOUT | _PERHAPS if key not in {"schema", "verdict"}]


def read_json(text: Text, verdicts: Sequence[str] = tuple(ACTIONS)) -> Reading:
    """Return the rules of a `blockc-list/1` document; any other shape is an error.

    Args:
        verdicts: What the document may say of its entries.
    """
    lists = {family.name: list for family in text.families}
    document = json_object(text).fields(_ABOUT | lists, optional=_PERHAPS)
    for key, wanted in {"schema": (SCHEMA,), "verdict": verdicts}.items():
        if document[key].value not in wanted:
            expected = " or ".join(map(repr, wanted))
            raise document[key].error(f"{key!r} is {document[key].value!r}, expected {expected}")
    parts: list[Part] = []
    for family in text.families:
        node = document[family.name]
        parts += decode_rules(text, node.texts(), 1, node.where, families=(family,))
    entries = {part.rules.family.name: len(part.rules) for part in parts}
    if document["entries"].value != entries:
        raise document["entries"].error(f"{document['entries'].value!r}, the lists have {entries}")
    said = tuple(document[key].found(key) for key in _COMPARED if key in document)
    verdict = document["verdict"].value
    return acting(Reading(tuple(parts), found=said), verdict if verdict in ACTIONS else BLOCK)


def _orders(document: Document, _file: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    made_of = document.provenance
    about: dict[str, object] = {
        "list": made_of.list,
        "title": made_of.title,
        "policy": made_of.policy,
        "sample": made_of.sample,
        "note": document.note,
        "entries": {part.name: part.count for part in parts},
        "addresses": {part.name: str(part.addresses) for part in parts},
    }
    answer = document.response
    if answer:
        about["response"] = {"status": answer.status} | (
            {"link": answer.link} if answer.link else {}
        )
    if made_of.header is HeaderForm.FULL:
        about["sources"] = [
            {"name": one.name, "date": one.date, "digest": one.digest} for one in made_of.sources
        ]
    return itertools.starmap(Ordered, about.items())


_NOTES = """\
`verdict` is the action of the list. Where a stage says what blocked clients get, the document has
`"response": {"status": 451, "link": "URL"}`.

In two sets each is a document of its own, and the `verdict` of the second is `except`."""

JSON = Target(
    name="json",
    title="JSON with both families and provenance",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.EITHER,
    writer="json.json.j2",
    ending="json",
    reader=each(read_json),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    notes=_NOTES,
    responses=Responses(actions=frozenset({"monitor", "warn"}), statuses=HTTP_ERRORS, links=True),
    references=(Reference("https://www.rfc-editor.org/rfc/rfc8259", checked="2026-11-23"),),
    two_sets=TwoSets(halves(read_json, partial(read_json, verdicts=("except",)))),
    deployment=Deployment(
        load="jq -r '.ipv4[], .ipv6[]' list.json  # every prefix, for a program of your own",
        rollback="jq -r '.ipv4[], .ipv6[]' PREVIOUS/list.json",
    ),
)
