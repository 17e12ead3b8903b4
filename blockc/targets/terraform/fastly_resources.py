"""Terraform for Fastly: the entries of ACLs in shards, and the VCL that asks the ACLs.

An ACL is part of a service, which is the operator's: the outputs say which ACLs it must have and
what its VCL must do.
"""

import re
from collections.abc import Iterator, Sequence

from blockc.addresses import MAPPED
from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.response import HTTP_ERRORS, Response
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    Reference,
    Responses,
    Sharding,
    Target,
)
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.allow_list import without_mapped
from blockc.targets.syntax.json_tree import JsonNode
from blockc.targets.syntax.reading import Found, Ordered, Part, Reading, acting, each
from blockc.targets.syntax.terraform_json import (
    Configuration,
    configuration,
    declarations,
    entries,
    literal,
    require,
    require_used,
    rows,
    variable,
)
from blockc.targets.syntax.tokens import Text
from blockc.targets.terraform.common import (
    LOAD,
    ROLLBACK,
    SYNTAX,
    comment_orders,
    name_option,
    object_orders,
    registry,
    shard_option,
    variable_orders,
)

_ENTRIES = "fastly_service_acl_entries"
_VCL = re.compile(r"if \((client\.ip ~ \w+(?: \|\| client\.ip ~ \w+)*)\) \{ (.+) \}", re.ASCII)
_WARN = 'set req.http.blockc = "warn";'


def read_fastly(text: Text) -> Reading:
    """Return the rules of the entries, as the VCL in the second output uses their ACLs."""
    whole = configuration(text, (_ENTRIES,))
    made = whole.resources[_ENTRIES]
    found, parts = declarations(whole), list[Part]()
    for label, node in made.items():
        read, own = _read_entries(text, whole, label, node)
        parts += read
        found += own
    if len(whole.outputs) != 2:
        raise text.error("expected two outputs, the ACLs and the VCL", 0)
    (first, acls), (second, vcl) = whole.outputs.items()
    names = acls.only("value", list)
    require_used(made, list(zip(names.texts(), names.items(), strict=True)), names)
    refers, action, answer = _read_vcl(vcl.only("value", str))
    require_used(made, refers, vcl)
    found += [acls.found("output", first), vcl.found("output", second)]
    return acting(Reading(tuple(parts), found=(*found, *answer, *whole.comments)), action)


def _read_entries(
    text: Text, whole: Configuration, label: str, node: JsonNode
) -> tuple[tuple[Part, ...], list[Found]]:
    keys = {"service_id": str, "acl_id": str, "manage_entries": bool, "entry": list}
    body = node.fields(keys)
    require(body["manage_entries"], value=True)
    ids = re.fullmatch(r'\$\{var\.(\w+)\["(\w+)"\]\}', body["acl_id"].value, re.ASCII)
    if ids is None or ids[2] != label or ids[1] not in whole.variables:
        raise body["acl_id"].error(f"expected the id of the ACL {label!r} in a declared variable")
    service = variable(body["service_id"], whole.variables)
    tokens = []
    for at, row in enumerate(rows(body["entry"], {"ip": str, "subnet": str, "negated": bool})):
        if row["negated"]:
            raise body["entry"].where(at, "an exception where a list has none")
        tokens.append(f"{row['ip']}/{row['subnet']}")
    said = [node.found("Fastly ACL", label), body["acl_id"].found("ids", ids[1])]
    parts = entries(text, body["entry"], tokens)
    return parts, [*said, body["service_id"].found("service", service)]


def _read_vcl(node: JsonNode) -> tuple[list[tuple[str, JsonNode]], str, list[Found]]:
    """Return the names of the ACLs, what the VCL does, and what blocked clients get."""
    vcl = _VCL.fullmatch(literal(node))
    if vcl is None:
        raise node.error("expected one `if` over ACLs")
    labels = re.findall(r"client\.ip ~ (\w+)", vcl[1])
    refers = [(label, node) for label in labels]
    if vcl[2] == _WARN:
        return refers, "warn", []
    if re.fullmatch(r'log "blockc [a-z0-9-]+ monitor " client\.ip;', vcl[2]):
        return refers, "monitor", []
    error = re.fullmatch(r"error ([45][0-9]{2});", vcl[2])
    if error is None:
        raise node.error("expected an error with a status of 400 to 599")
    return refers, "block", [node.found("status", int(error[1]))]


def _orders(document: Document, file: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    name = document.options["name"]
    yield from object_orders(TERRAFORM_FASTLY, document, file, "Fastly ACL")
    yield from variable_orders(document, "service_id", "acl_ids")
    yield Ordered("service", f"{name}_service_id")
    yield Ordered("ids", f"{name}_acl_ids")
    yield Ordered("output", f"{name}_acls")
    yield Ordered("output", f"{name}_vcl")
    if document.action == "block":
        yield Ordered("status", (document.response or Response()).status)
    yield from comment_orders(document, parts)


_SOURCE = Reference(
    "https://github.com/fastly/terraform-provider-fastly/blob/main/fastly/resource_fastly_service_acl_entries.go",
    checked="2026-11-27",
)
_SIZE = Reference(
    "https://github.com/fastly/terraform-provider-fastly/issues/203",
    checked="2026-11-27",
    verified=False,
)
_SLICE = Reference(
    "https://github.com/fastly/terraform-provider-fastly/issues/757", checked="2026-11-27"
)

_NOTES = """\
An ACL holds 1,000 entries unless Fastly raised that for you; then raise `shard`, up to the 10,000
that the provider takes.

The service must have the ACLs of the output `NAME_acls`
(`dynamic "acl" { for_each = module.blockc.NAME_acls ... }`), whose ids go into the variable
`NAME_acl_ids`: `{ for acl in fastly_service_vcl.SERVICE.acl : acl.name => acl.acl_id }`. The output
`NAME_vcl` goes into `vcl_recv`. Entries are not versioned: they take effect at once.

In `monitor` the VCL logs; in `warn` the request gets the header `blockc: warn`, so that the
application can say what is to come. The header `Link` needs VCL of your own in `vcl_error`."""

TERRAFORM_FASTLY = Target(
    name="terraform-fastly",
    title="Terraform: Fastly ACL entries",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="terraform-fastly.tf.json.j2",
    ending="tf.json",
    reader=each(read_fastly),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(name_option("the ACLs"), shard_option(1000, 10_000)),
    sharding=Sharding(_SIZE, longest=255),
    adapt=without_mapped,
    never_consulted=(MAPPED,),
    responses=Responses(actions=frozenset({"monitor", "warn"}), statuses=HTTP_ERRORS),
    maturity=Maturity.SCHEMA,
    notes=_NOTES,
    references=(
        registry("fastly/fastly", "service_acl_entries"),
        _SOURCE,
        _SIZE,
        _SLICE,
        SYNTAX,
    ),
    deployment=Deployment(
        load=LOAD
        + """
# entries that are there already: terraform import fastly_service_acl_entries.LABEL SERVICE/ACL""",
        rollback=ROLLBACK,
    ),
)
