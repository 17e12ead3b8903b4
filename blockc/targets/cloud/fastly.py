"""Fastly access control lists: the body of the call that fills one, with exceptions."""

from collections.abc import Iterator, Sequence

from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.facts import Deployment, EntryForm, Layout, MaxEntries, Reference
from blockc.targets.core.layout import File
from blockc.targets.core.target import Target
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import ContentKind, Vocabulary
from blockc.targets.syntax.json_shape import Entries, Says, shaped
from blockc.targets.syntax.reading import Ordered, each

_BLOCKS, _NEGATED = 0, 1
_KEYS = ["op", "ip", "subnet", "negated"]
_NAME = r"[A-Za-z][A-Za-z0-9_]{0,63}"


def _prefix(item: object) -> str | None:
    """Return what creates an entry as a prefix, None for any other operation."""
    if not isinstance(item, dict) or list(item) != _KEYS:
        return None
    operation, address, length, negated = item.values()
    types = (type(operation), type(address), type(length), type(negated))
    whole = types == (str, str, int, int) and operation == "create"
    return f"{address}/{length}" if whole and negated in {_BLOCKS, _NEGATED} else None


def _verdict(item: dict[str, int]) -> int:
    return 1 - item["negated"]


read_entries = shaped(
    {
        "acl": Says("Fastly ACL", _NAME),
        "comment": Says("comment"),
        "entries": Entries(_prefix, verdict=_verdict, most=1_000),
    }
)


def _orders(document: Document, _file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    made_of = document.provenance
    sample = "SAMPLE DATA, " if made_of.sample else ""
    said = f"list {made_of.list}, policy {made_of.policy}, by country of registration"
    yield Ordered("Fastly ACL", document.options["name"], claimed=True)
    yield Ordered("comment", sample + said)


_API = Reference(
    "https://docs.rs/fastly-api/latest/fastly_api/apis/acl_entry_api/index.html", "2026-11-27"
)
_LIMIT = Reference(
    "https://github.com/fastly/terraform-provider-fastly/issues/203", "2026-11-23", verified=False
)

FASTLY_ACL = Target(
    name="fastly-acl",
    title="Fastly ACL entries",
    match=Match.LONGEST,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="fastly-acl.json.j2",
    ending="json",
    reader=each(read_entries),
    orders=_orders,
    words={ContentKind.LIST: Vocabulary({"block": str(_BLOCKS), "": str(_NEGATED)})},
    options=(
        Option(
            "name",
            "blockc_{word}",
            "1 to 64 letters, digits or _, a letter first",
            pattern=_NAME,
            part="_{part}",
            about="the ACL in VCL",
        ),
    ),
    max_entries=MaxEntries(1_000, _LIMIT, together=True),
    notes="""\
An ACL holds 1,000 entries unless Fastly raises that for you, and one call fills it; of a larger
list each part (`when_over = "split"`) is an ACL of its own. An entry that is `negated` is an
exception to a wider one. The file creates all entries, and knows nothing of those that are there:
so a load makes the ACL anew in a draft of the service, fills it, and activates the draft. Nobody
sees half a list, and a rollback activates the version before. `acl` and `comment` are for people;
`jq` leaves them out of the call.

What happens to who is listed is in your VCL, for all parts:

```vcl
if (client.ip ~ blockc_LIST) { error 451 "Unavailable For Legal Reasons"; }
```

So a list in `monitor` is written with `until_block = "empty"`.""",
    references=(_API, _LIMIT),
    deployment=Deployment(
        load="""\
fastly service-version clone --version active        # the draft is `latest` from here on
fastly acl delete --version latest --name NAME       # not the first time
fastly acl create --version latest --name NAME       # tells the id of the new ACL
fastly acl-entry update --acl-id ID --file "$(jq -c '{entries}' list.json)"
fastly service-version activate --version latest""",
        rollback="fastly service-version activate --version PREVIOUS",
    ),
)
