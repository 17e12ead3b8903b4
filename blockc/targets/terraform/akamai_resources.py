"""Terraform for Akamai: network lists in shards, and their activation."""

from collections.abc import Iterator, Sequence

from blockc.addresses import MAPPED
from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    Reference,
    Sharding,
    Target,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.allow_list import without_mapped
from blockc.targets.syntax.json_tree import JsonNode
from blockc.targets.syntax.reading import Found, Ordered, Part, Reading, each
from blockc.targets.syntax.terraform_json import (
    Configuration,
    configuration,
    declarations,
    entries,
    literal,
    reference,
    require,
    require_used,
    variable,
)
from blockc.targets.syntax.tokens import Text
from blockc.targets.terraform.common import (
    LOAD,
    ROLLBACK,
    SLOW_SETS,
    SYNTAX,
    comment_orders,
    name_option,
    object_orders,
    registry,
    shard_option,
    variable_orders,
)

_LIST, _ACTIVATION = "akamai_networklist_network_list", "akamai_networklist_activations"
_VARIABLES = ("contract_id", "group_id", "notification_emails")
_NETWORKS = ("STAGING", "PRODUCTION")


def read_akamai(text: Text) -> Reading:
    """Return the rules of the network lists, each of which is activated."""
    whole = configuration(text, (_LIST, _ACTIVATION))
    lists, activations = whole.resources[_LIST], whole.resources[_ACTIVATION]
    found, parts = declarations(whole), list[Part]()
    for label, node in lists.items():
        read, own = _read_list(text, whole, label, node)
        parts += read
        found += own
    used = []
    for label, node in activations.items():
        refers, own = _read_activation(whole, label, node)
        used.append(refers)
        found += own
    require_used(lists, used, None)
    if len(whole.outputs) != 1:
        raise text.error("expected one output, the ids", 0)
    ((name, output),) = whole.outputs.items()
    ids = output.only("value", list)
    named = [(reference(node, _ACTIVATION, "network_list_id"), node) for node in ids.items()]
    require_used(activations, named, ids)
    found.append(output.found("output", name))
    return Reading(tuple(parts), found=(*found, *whole.comments))


def _read_list(
    text: Text, whole: Configuration, label: str, node: JsonNode
) -> tuple[tuple[Part, ...], list[Found]]:
    keys = {"name": str, "type": str, "description": str, "contract_id": str, "group_id": str}
    body = node.fields({**keys, "mode": str, "list": list, "lifecycle": dict})
    require(body["name"], label)
    require(body["type"], "IP")
    require(body["mode"], "REPLACE")
    require(body["lifecycle"], {"create_before_destroy": True})
    literal(body["description"])
    said = [body["name"].found("network list")]
    said += [
        body[key].found(key, variable(body[key], whole.variables))
        for key in ("contract_id", "group_id")
    ]
    return entries(text, body["list"], body["list"].texts()), said


def _read_activation(
    whole: Configuration, label: str, node: JsonNode
) -> tuple[tuple[str, JsonNode], list[Found]]:
    keys = {"network_list_id": str, "network": str, "sync_point": str, "notes": str}
    body = node.fields({**keys, "notification_emails": str})
    named = reference(body["network_list_id"], _LIST, "network_list_id")
    for what in (named, reference(body["sync_point"], _LIST, "sync_point")):
        if what != label:
            raise node.error(f"expected the list {label!r}")
    literal(body["notes"])
    emails = variable(body["notification_emails"], whole.variables)
    said = [
        body["network"].found("network"),
        body["notification_emails"].found("notification_emails", emails),
    ]
    return (named, body["network_list_id"]), said


def _orders(document: Document, file: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    name = document.options["name"]
    yield from object_orders(TERRAFORM_AKAMAI, document, file, "network list")
    yield from variable_orders(document, *_VARIABLES)
    for suffix in _VARIABLES:
        yield Ordered(suffix, f"{name}_{suffix}")
    yield Ordered("network", document.options["network"])
    yield Ordered("output", f"{name}_ids")
    yield from comment_orders(document, parts)


_LISTS = Reference(
    "https://techdocs.akamai.com/terraform/docs/set-up-network-lists", checked="2026-11-27"
)
_ACTIVATIONS = Reference(
    "https://techdocs.akamai.com/terraform/docs/nl-rc-activations", checked="2026-11-27"
)

_NOTES = """\
A network list holds 50,000 entries of both families, and does nothing by itself: put the output
`NAME_ids` into the IP and geo firewall of your security policy
(`akamai_appsec_ip_geo`), which also says what happens to who is in them. So stages before `block`
cannot be said here; write `until_block = "empty"`.

An activation takes minutes. It follows the `sync_point` of its list, so only the shards that
changed are activated again. `mode` is `REPLACE`: entries made by hand are removed."""

TERRAFORM_AKAMAI = Target(
    name="terraform-akamai",
    title="Terraform: Akamai network lists",
    match=Match.MEMBER,
    form=EntryForm.HOST,
    layout=Layout.TOGETHER,
    writer="terraform-akamai.tf.json.j2",
    ending="tf.json",
    reader=each(read_akamai),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(
        name_option("the network lists"),
        shard_option(2000, 50_000),
        Option(
            "network",
            "STAGING",
            "STAGING or PRODUCTION",
            pattern="|".join(_NETWORKS),
            about="where the lists are activated",
        ),
    ),
    sharding=Sharding(_LISTS),
    adapt=without_mapped,
    never_consulted=(MAPPED,),
    maturity=Maturity.SCHEMA,
    notes=_NOTES,
    references=(
        registry("akamai/akamai", "networklist_network_list"),
        _LISTS,
        _ACTIVATIONS,
        SLOW_SETS,
        SYNTAX,
    ),
    deployment=Deployment(
        load=LOAD
        + """
# a list that is there already: terraform import akamai_networklist_network_list.LABEL ID""",
        rollback=ROLLBACK,
    ),
)
