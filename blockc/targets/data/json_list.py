"""JSON for programs: both families, what the list was made from, stable keys.

The schema `blockc-list/1`: `list`, `title`, `verdict`, `policy` (a digest), `sources` (name, date,
digest), `sample`, `note`, `entries` (a number a family), `addresses` (a number a family, as text,
because IPv6 numbers do not fit the numbers of JSON) and the prefixes under `ipv4` and `ipv6`.
A file of one family has only that family's keys. Of two sets each is a document of its own, and the
`verdict` of the second is `except`: its prefixes are taken away from those of the first.
"""

import itertools
from collections.abc import Iterator, Sequence
from functools import partial

from blockc.addresses.rules import Match
from blockc.targets.core.document import REGISTERED, Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Reference,
    Target,
    TwoSets,
)
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.addresses import decode_rules
from blockc.targets.syntax.json_tree import json_object
from blockc.targets.syntax.reading import Ordered, Part, Reading, each, halves
from blockc.targets.syntax.tokens import Text

SCHEMA = "blockc-list/1"
_ABOUT = {
    "schema": str,
    "list": str,
    "title": str,
    "verdict": str,
    "policy": str,
    "sources": list,
    "sample": bool,
    "note": str,
    "entries": dict,
    "addresses": dict,
}


_COMPARED = ("list", "title", "policy", "sources", "sample", "note", "entries", "addresses")


def read_json(text: Text, verdict: str = "block") -> Reading:
    """Return the rules of a `blockc-list/1` document; any other shape is an error."""
    document = json_object(text).fields(_ABOUT | {family.name: list for family in text.families})
    for key, wanted in {"schema": SCHEMA, "verdict": verdict}.items():
        if document[key].value != wanted:
            raise document[key].error(f"{key!r} is {document[key].value!r}, expected {wanted!r}")
    parts: list[Part] = []
    for family in text.families:
        node = document[family.name]
        parts += decode_rules(text, node.texts(), 1, node.where, families=(family,))
    entries = {part.rules.family.name: len(part.rules) for part in parts}
    if document["entries"].value != entries:
        raise document["entries"].error(f"{document['entries'].value!r}, the lists have {entries}")
    return Reading(tuple(parts), found=tuple(document[key].found(key) for key in _COMPARED))


def _orders(document: Document, _file: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    made_of = document.provenance
    about: dict[str, object] = {
        "list": made_of.list,
        "title": made_of.title,
        "policy": made_of.policy,
        "sources": [
            {"name": one.name, "date": one.date, "digest": one.digest} for one in made_of.sources
        ],
        "sample": made_of.sample,
        "note": REGISTERED,
        "entries": {part.name: part.count for part in parts},
        "addresses": {part.name: str(part.addresses) for part in parts},
    }
    return itertools.starmap(Ordered, about.items())


_NOTES = """\
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
    references=(Reference("https://www.rfc-editor.org/rfc/rfc8259", checked="2026-11-23"),),
    two_sets=TwoSets(halves(read_json, partial(read_json, verdict="except"))),
    deployment=Deployment(
        load="jq -r '.ipv4[], .ipv6[]' list.json  # every prefix, for a program of your own",
        rollback="jq -r '.ipv4[], .ipv6[]' PREVIOUS/list.json",
    ),
)
