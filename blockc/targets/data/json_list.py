"""JSON for programs: both families, what the list was made from, stable keys.

The schema `blockc-list/1`: `list`, `title`, `verdict`, `policy` (a digest), `sources` (name, date,
digest), `sample`, `note`, `entries` (a number a family), `addresses` (a number a family, as text,
because IPv6 numbers do not fit the numbers of JSON) and the prefixes under `ipv4` and `ipv6`.
A file of one family has only that family's keys. Of two sets each is a document of its own, and the
`verdict` of the second is `except`: its prefixes are taken away from those of the first.
"""

from functools import partial

from blockc.addresses.rules import Match
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
from blockc.targets.syntax.json_text import JsonText
from blockc.targets.syntax.reading import Part, Reading, each, halves
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


def read_json(text: Text, verdict: str = "block") -> Reading:
    """Return the rules of a `blockc-list/1` document; any other shape is an error."""
    document = JsonText(text)
    document.require_keys(_ABOUT | {family.name: list for family in text.families})
    document.require_value("schema", SCHEMA)
    document.require_value("verdict", verdict)
    parts: list[Part] = []
    for family in text.families:
        prefixes, where = document.texts(family.name), document.where(family.name)
        parts += decode_rules(text, prefixes, 1, where, families=(family,))
    entries = {part.rules.family.name: len(part.rules) for part in parts}
    document.require_value("entries", entries)
    return Reading(tuple(parts))


_NOTES = """\
In two sets each is a document of its own, and the `verdict` of the second is `except`."""

JSON = Target(
    name="json",
    title="JSON with both families and provenance",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.EITHER,
    template="json.json.j2",
    reader=each(read_json),
    words={ContentKind.LIST: BLOCKS},
    notes=_NOTES,
    references=(Reference("https://www.rfc-editor.org/rfc/rfc8259", checked="2026-11-23"),),
    two_sets=TwoSets(halves(read_json, partial(read_json, verdict="except"))),
    deployment=Deployment(
        load="jq -r '.ipv4[], .ipv6[]' list.json  # every prefix, for a program of your own",
        rollback="jq -r '.ipv4[], .ipv6[]' PREVIOUS/list.json",
    ),
)
