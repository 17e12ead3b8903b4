"""CrowdSec decisions: a CSV file for `cscli decisions import`, a row for each prefix.

A decision ends after its duration, so the list must be imported again before that.

cscli takes IPv4-mapped addresses for IPv4 and refuses the whole file for a prefix of IPv6 that ends
with one, so IPv6 has no entries in `::ffff:0:0/96`.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from blockc.addresses import MAPPED
from blockc.addresses.rules import Match, without_space
from blockc.errors import SourceSyntaxError
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.target import Deployment, EntryForm, Layout, Reference, Target
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.delimited import DelimitedGrammar
from blockc.targets.syntax.reading import Ordered, Reading, each
from blockc.targets.syntax.tokens import Text

_COLUMNS = ("duration", "scope", "value", "type", "reason")
_GRAMMAR = DelimitedGrammar("cscli", len(_COLUMNS))
_SCOPE = "Range"


def read_decisions(text: Text) -> Reading:
    """Return the rules of decisions about ranges that all last equally long and do the same.

    Source: https://docs.crowdsec.net/docs/cscli/cscli_decisions_import/. The columns may stand in
    any order there; here they have one.
    """
    table = _GRAMMAR.read(text)
    if table.lines[:1] != [",".join(_COLUMNS)]:
        raise table.error(0, f"expected the columns {', '.join(_COLUMNS)}")
    durations, scopes, values, types, reasons = table.columns(1)

    def where(row: int, why: str) -> SourceSyntaxError:
        return table.error(1 + row, why)

    if {*scopes} - {_SCOPE}:
        row = next(row for row, scope in enumerate(scopes) if scope != _SCOPE)
        raise where(row, f"the scope {scopes[row]} of a prefix, expected {_SCOPE}")
    parts = decode_rules(text, values, 1, where)
    require_distinct(parts)
    if any(len(without_space(part.rules, [MAPPED])) != len(part.rules) for part in parts):
        raise table.error(0, f"an entry holds addresses of {MAPPED}, for which cscli refuses all")
    found = (
        *table.one_value("duration", durations, 1),
        *table.one_value("type", types, 1),
        *table.one_value("reason", reasons, 1),
    )
    return Reading(parts, found=found)


def _orders(document: Document, _: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    filled = any(part.count for part in parts)
    sample = "SAMPLE DATA: " if document.provenance.sample else ""
    yield Ordered("duration", document.options["duration"], required=filled)
    yield Ordered("type", document.options["type"], required=filled)
    yield Ordered("reason", f"{sample}blockc/{document.provenance.list}", required=filled)


_NOTES = """\
Every row has the scope `Range`, a single address too. The reason is `blockc/LIST`, by which
`cscli decisions list --scenario` shows what is in force.

What leaves the list stays blocked until its duration is over, and what stays in it is there twice
until then. So import more often than the duration is long, and delete what is there before where
it must go at once.

The tests import such files into the local API of CrowdSec 1.4 and ask it for decisions as a bouncer
does. IPv4-mapped addresses are left to the entries of IPv4, as there."""

CROWDSEC = Target(
    name="crowdsec",
    title="CrowdSec decisions",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.EITHER,
    writer="crowdsec.csv.j2",
    ending="csv",
    reader=each(read_decisions),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    packets=True,
    options=(
        Option(
            "duration",
            "25h",
            "1 to 9999 hours or minutes, such as 25h or 90m",
            pattern=r"[1-9][0-9]{0,3}[hm]",
            about="how long a decision is in force",
        ),
        Option(
            "type",
            "ban",
            "1 to 32 lower-case letters, digits, - or _, a letter first, as ban or captcha",
            pattern=r"[a-z][a-z0-9_-]{0,31}",
            about="what bouncers do",
        ),
    ),
    adapt=partial(without_space, space=(MAPPED,)),
    never_consulted=(MAPPED,),
    notes=_NOTES,
    references=(
        Reference(
            "https://docs.crowdsec.net/docs/cscli/cscli_decisions_import/", checked="2026-11-27"
        ),
    ),
    deployment=Deployment(
        load="""\
cscli decisions delete --scenario blockc/LIST  # what leaves the list goes at once; nothing is
cscli decisions import --input list.csv        # blocked between the two""",
        rollback="""\
cscli decisions delete --scenario blockc/LIST
cscli decisions import --input PREVIOUS/list.csv""",
    ),
)
