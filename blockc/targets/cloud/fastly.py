"""Fastly: the entries of an access control list, and the same in VCL with what is done about them.

Of an address in an entry that is negated, and in a narrower one that is not, Fastly writes that the
negation takes precedence, and others that the longest prefix decides, as in Varnish. So neither
form has exceptions; the entries are what is left.
"""

import re
from collections.abc import Iterator, Sequence

from blockc.addresses import FAMILIES
from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.live import LiveForm, Options
from blockc.targets.core.marks import HEADER, WATCHED, rule_orders, word
from blockc.targets.core.response import HTTP_ERRORS
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    MaxEntries,
    Reference,
    Responses,
    Target,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.json_shape import Entries, Says, shaped
from blockc.targets.syntax.json_tree import json_list
from blockc.targets.syntax.reading import Found, Ordered, Part, Reading, acting, each
from blockc.targets.syntax.statements import Statements
from blockc.targets.syntax.tokens import Text
from blockc.targets.syntax.vcl import VCL, read_acl, read_link, read_spoofed
from blockc.values import replace

_KEYS = ["op", "ip", "subnet", "negated"]
_NAME = r"[A-Za-z][A-Za-z0-9_]{0,63}"
_STATUS = re.compile(r"[45][0-9]{2}")
_AT_THE_EDGE = ("fastly.ff.visits_this_service", "==", "0", "&&", "req.restarts", "==", "0")


def _prefix(item: object) -> str | None:
    """Return what creates an entry as a prefix, None for any other operation."""
    if not isinstance(item, dict) or list(item) != _KEYS:
        return None
    operation, address, length, negated = item.values()
    types = (type(operation), type(address), type(length), type(negated))
    whole = types == (str, str, int, int) and (operation, negated) == ("create", 0)
    return f"{address}/{length}" if whole else None


read_entries = shaped(
    {
        "acl": Says("Fastly ACL", _NAME),
        "comment": Says("comment"),
        "entries": Entries(_prefix, most=1_000),
    }
)


def read_shown(texts: Sequence[Text], _: Options) -> Reading:
    """Return the rules of the entries that the API lists, all pages of an ACL in one list."""
    parts: list[Part] = []
    for text in texts:
        listed, tokens = json_list(text), list[str]()
        for at, entry in enumerate(listed.value):
            said = entry if isinstance(entry, dict) else {}
            address, length = said.get("ip"), said.get("subnet")
            if type(address) is not str or str(said.get("negated", 0)) != "0":
                raise listed.where(at, "expected an entry that is not negated")
            tokens.append(address if length is None else f"{address}/{length}")
        parts += decode_rules(text, tokens, 1, listed.where, families=FAMILIES)
    require_distinct(parts)
    return Reading(tuple(parts))


def read_vcl(text: Text) -> Reading:
    """Return the rules of an acl, and what a subroutine does to the clients in it.

    Source: https://www.fastly.com/documentation/reference/vcl and what is said there of `acl`,
    `error`, `log` and of the variables that are compared.

    Raises:
        SourceSyntaxError: If it does anything else, or spares who is in a wider entry.
    """
    vcl = VCL.read(text)
    acl = read_acl(vcl, "Fastly VCL acl", table=False)
    name = str(acl.name.value)
    for part in acl.reading.parts:
        for at in (part.rules.verdict == 0).nonzero()[0][:1]:
            raise part.where(int(at), "what Fastly does by a ! is not the same everywhere")
    vcl.expect("sub", f"{name}_recv", "{", "if", "(", *_AT_THE_EDGE, ")", "{")
    header = read_spoofed(vcl)
    vcl.expect("if", "(", "client.ip", "~", name, ")", "{")
    endpoint, action = _logged(vcl, name)
    found = [acl.name, endpoint]
    if action == "block":
        found += _refusal(vcl, name)
    elif header:
        vcl.expect("set", f"req.http.{header.value}", "=", '"warn"', ";", "}", "}", "}")
        found, action = [*found, header], "warn"
    else:
        vcl.expect("}", "}", "}")
    if action != "block" and vcl.word == "sub":
        vcl.expect("sub", f"{name}_error", "{", "}")
    if vcl.word:
        raise vcl.error("expected nothing after that")
    return acting(replace(acl.reading, found=tuple(found)), action)


def _logged(vcl: Statements, name: str) -> tuple[Found, str]:
    """Step over a line for the log; return to which endpoint it goes, and the action it names."""
    vcl.expect("log", '"syslog "', "req.service_id")
    said, where = vcl.word, vcl.found("log endpoint")
    match = re.fullmatch(rf'" (\w+) :: {re.escape(name)}: (block|monitor|warn) "', said, re.ASCII)
    if match is None:
        raise vcl.error(f'expected " ENDPOINT :: {name}: block ", monitor or warn')
    vcl.step()
    vcl.expect("client.ip", ";")
    return replace(where, value=match[1]), match[2]


def _refusal(vcl: Statements, name: str) -> list[Found]:
    """Step over the refusal, and what adds a link to it; return status and link."""
    vcl.expect("error")
    status = vcl.found("status")
    found = [replace(status, value=int(vcl.take(_STATUS, "a status from 400 to 599")))]
    vcl.expect(";", "}", "}", "}")
    if vcl.word != "sub":
        return found
    vcl.expect("sub", f"{name}_error", "{", "if", "(", "obj.status", "==", str(found[0].value))
    vcl.expect("&&", "client.ip", "~", name, ")", "{", "set", "obj.http.Link", "=")
    found.append(read_link(vcl))
    vcl.expect("}", "}")
    return found


def _vcl_orders(document: Document, _file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    yield from rule_orders(document, "Fastly VCL acl", "log endpoint", "endpoint")


def _orders(document: Document, _file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    made_of = document.provenance
    sample = "SAMPLE DATA, " if made_of.sample else ""
    said = f"list {made_of.list}, policy {made_of.policy}, by country of registration"
    yield Ordered("Fastly ACL", document.options["name"], claimed=True)
    yield Ordered("comment", sample + said + document.waiting)


_API = Reference(
    "https://docs.rs/fastly-api/latest/fastly_api/apis/acl_entry_api/index.html", "2026-11-27"
)
_LIMIT = Reference(
    "https://github.com/fastly/terraform-provider-fastly/issues/203", "2026-11-23", verified=False
)

_VCL_ACL = Reference(
    "https://fastly.com/documentation/reference/vcl/declarations/acl", "2026-11-27"
)
_CLIENT = Reference(
    "https://fastly.com/documentation/reference/vcl/variables/client-connection/client-ip",
    "2026-11-27",
)
_ERROR = Reference("https://fastly.com/documentation/reference/vcl/statements/error", "2026-11-27")
_STATUSES = Reference(
    "https://docs.fastly.com/documentation/reference/http/http-statuses", "2026-11-27"
)
_SNIPPETS = Reference("https://docs.fastly.com/vcl/vcl-snippets/", "2026-11-27")

_LIST = """\
for page in $(seq 10); do curl -fsS -H "Fastly-Key: $KEY" \
  "https://api.fastly.com/service/$SERVICE/acl/$ACL/entries?per_page=100&page=$page"
done | jq -s add"""

FASTLY_ACL = Target(
    name="fastly-acl",
    title="Fastly ACL entries",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="fastly-acl.json.j2",
    ending="json",
    reader=each(read_entries),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
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
    maturity=Maturity.SCHEMA,
    notes="""\
An ACL holds 1,000 entries unless Fastly raises that for you, and one call fills it; of a larger
list each part (`when_over = "split"`) is an ACL of its own. No entry is `negated`: what Fastly does
where a narrower one is inside is not certain. The file creates all entries, and knows nothing of
those that are there: so a load makes the ACL anew in a draft of the service, fills it, and then
activates the draft. Nobody sees half a list, and a rollback activates the version before. `acl` and
`comment` are for people; `jq` leaves them out of the call.

What happens to who is listed is in your VCL, for all parts:

```vcl
if (client.ip ~ blockc_LIST) { error 451 "Unavailable For Legal Reasons"; }
```

So a list in `monitor` is written with `until_block = "empty"`; `fastly-vcl` can say it.""",
    live=LiveForm(
        commands=(_LIST,),
        reader=read_shown,
        limits="The API lists 100 entries a page. What the VCL does by the ACL is not shown.",
    ),
    references=(_API, _LIMIT, _VCL_ACL),
    deployment=Deployment(
        load="""\
fastly service-version clone --version active        # the draft is `latest` from here on
fastly acl delete --version latest --name NAME       # not the first time
fastly acl create --version latest --name NAME       # tells the id of the new ACL
fastly acl-entry update --acl-id ID --file "$(jq -c '{entries}' list.json)"
fastly service-version activate --version latest""",
        rollback="fastly service-version activate --version VERSION  # the one before",
    ),
)

FASTLY_VCL = Target(
    name="fastly-vcl",
    title="Fastly VCL acl and subroutines",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="fastly-vcl.vcl.j2",
    ending="vcl",
    reader=each(read_vcl),
    words={ContentKind.LIST: BLOCKS},
    comment="#",
    orders=_vcl_orders,
    options=(
        word("the acl, and the subroutines with _recv and _error after it"),
        Option(
            "endpoint",
            "blockc",
            "1 to 64 letters, digits or _",
            pattern=r"[A-Za-z0-9_]{1,64}",
            about="the logging endpoint of the service that gets a line for each listed client",
        ),
        HEADER,
    ),
    max_entries=MaxEntries(20_000, _SNIPPETS, together=True),
    responses=Responses(actions=WATCHED, statuses=HTTP_ERRORS - {550}, links=True),
    notes="""\
The file is a snippet of the type `init`. It does nothing until the subroutine `NAME_recv` is called
at the beginning of `vcl_recv`, in a snippet of its own or in your VCL; where a stage says a link,
`NAME_error` is called in `vcl_error`; in the stages before `block` it is there and does nothing.

A snippet has 1 MB unless Fastly raises that for you; 20,000 entries always fit. Who has more, or
changes the list often, takes `fastly-acl`, whose entries need no new version of the service.

`client.ip` is the client only where a request first reaches Fastly; behind a shield it is another
server of Fastly. So nothing is asked there, nor again after a `restart`.

In each stage the endpoint gets a line with the acl, the word of the stage and the client. In `warn`
the origin gets a header as well; one of that name that a client sends is taken out. Status 550 is
kept by Fastly.

Varnish 7 compiles the acl in the tests, since Fastly's compiler cannot be had; the subroutines are
read back and compared with golden files.""",
    references=(
        _VCL_ACL,
        _CLIENT,
        _SNIPPETS,
        _ERROR,
        _STATUSES,
    ),
    debian=("varnish", "gcc", "libc6-dev"),
    deployment=Deployment(
        load="""\
fastly service-version clone --version active        # the draft is `latest` from here on
fastly vcl snippet delete --version latest --name blockc_LIST    # not the first time
fastly vcl snippet create --version latest --name blockc_LIST --type init --content list.vcl
fastly service-version validate --version latest &&
  fastly service-version activate --version latest""",
        rollback="fastly service-version activate --version VERSION  # the one before",
    ),
)
