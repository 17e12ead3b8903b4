"""Terraform for sets of networks that block nothing by themselves: prefix lists and IP groups.

What refers to them is the operator's, and gets their ids from an output.
"""

from collections.abc import Callable, Iterator, Sequence

from blockc.addresses import FAMILIES, MAPPED
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
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.allow_list import without_mapped
from blockc.targets.syntax.json_tree import JsonNode
from blockc.targets.syntax.reading import Found, Ordered, Part, Reading, each
from blockc.targets.syntax.terraform_json import (
    Configuration,
    configuration,
    declarations,
    entries,
    reference,
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
from blockc.values import replace

_PREFIX_LIST, _IP_GROUP = "aws_ec2_managed_prefix_list", "azurerm_ip_group"
_FAMILIES = {f"IPv{family.version}": family for family in FAMILIES}
_Read = tuple[tuple[Part, ...], list[Found]]


def _reader(
    kind: str, read: Callable[[Text, Configuration, str, JsonNode], _Read]
) -> Callable[[Text], Reading]:
    """Return the reader of resources of a kind, all of which one output names by their ids."""

    def read_resources(text: Text) -> Reading:
        whole = configuration(text, (kind,))
        made, found, parts = whole.resources[kind], declarations(whole), list[Part]()
        for label, node in made.items():
            own, said = read(text, whole, label, node)
            parts += own
            found += said
        if len(whole.outputs) != 1:
            raise text.error("expected one output, the ids", 0)
        ((name, output),) = whole.outputs.items()
        ids = output.only("value", list).items()
        require_used(made, [(reference(one, kind, "id"), one) for one in ids], output)
        return Reading(tuple(parts), found=(*found, output.found("output", name), *whole.comments))

    return read_resources


def _prefix_list(text: Text, _: Configuration, label: str, node: JsonNode) -> _Read:
    body = node.fields({"name": str, "address_family": str, "max_entries": int, "entry": list})
    require(body["name"], label)
    family = _FAMILIES.get(body["address_family"].value)
    if family is None:
        raise body["address_family"].error("expected IPv4 or IPv6")
    tokens = [row["cidr"] for row in rows(body["entry"], {"cidr": str})]
    if len(tokens) > body["max_entries"].value:
        raise body["max_entries"].error(f"the list has {len(tokens)} entries")
    if not tokens:  # the provider would keep the entries that the list has
        raise body["entry"].error("a prefix list without an entry is left out")
    bare = next((at for at, token in enumerate(tokens) if "/" not in token), None)
    if bare is not None:
        raise body["entry"].where(bare, "EC2 takes prefixes, with their length")
    parts = entries(text, body["entry"], tokens, (family,))
    return parts, [node.found("EC2 prefix list", label), body["max_entries"].found("max_entries")]


def _ip_group(text: Text, whole: Configuration, label: str, node: JsonNode) -> _Read:
    keys = {"name": str, "location": str, "resource_group_name": str, "cidrs": list}
    body = node.fields(keys)
    require(body["name"], label)
    said = [
        body[key].found(key, variable(body[key], whole.variables))
        for key in ("location", "resource_group_name")
    ]
    parts = entries(text, body["cidrs"], body["cidrs"].texts())
    return parts, [node.found("Azure IP group", label), *said]


def _aws_orders(
    document: Document, file: File, parts: Sequence[FamilyEntries]
) -> Iterator[Ordered]:
    filled = [one for one in document.shards(TERRAFORM_AWS_PREFIX_LIST, file) if one.texts]
    for shard in filled:
        yield Ordered("EC2 prefix list", f"{document.options['name']}_{shard.name}", claimed=True)
    yield Ordered("max_entries", document.options["shard"], required=bool(filled))
    yield Ordered("output", f"{document.options['name']}_ids")
    yield from comment_orders(document, parts)


def _azure_orders(
    document: Document, file: File, parts: Sequence[FamilyEntries]
) -> Iterator[Ordered]:
    name = document.options["name"]
    yield from object_orders(TERRAFORM_AZURE_IP_GROUP, document, file, "Azure IP group")
    yield from variable_orders(document, "location", "resource_group")
    yield Ordered("location", f"{name}_location")
    yield Ordered("resource_group_name", f"{name}_resource_group")
    yield Ordered("output", f"{name}_ids")
    yield from comment_orders(document, parts)


_QUOTAS = Reference(
    "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html", "2026-11-27"
)
_LIMITS = Reference(
    "https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/"
    "azure-subscription-service-limits",
    "2026-11-23",
)
_CALL = Reference("https://github.com/hashicorp/terraform-provider-aws/issues/35371", "2026-11-27")
_KEPT = Reference("https://github.com/hashicorp/terraform-provider-aws/issues/34682", "2026-11-27")
_AT_ONCE = Reference(
    "https://github.com/hashicorp/terraform-provider-azurerm/issues/19843", "2026-11-27"
)

TERRAFORM_AWS_PREFIX_LIST = Target(
    name="terraform-aws-prefix-list",
    title="Terraform: AWS VPC prefix lists",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="terraform-aws-prefix-list.tf.json.j2",
    ending="tf.json",
    reader=each(_reader(_PREFIX_LIST, _prefix_list)),
    orders=_aws_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(name_option("the prefix lists"), shard_option(100, 100)),
    sharding=Sharding(_QUOTAS, 100, "a region has prefix lists,", longest=255),
    adapt=without_mapped,
    never_consulted=(MAPPED,),
    maturity=Maturity.SCHEMA,
    notes="""\
A prefix list blocks nothing by itself: a rule group of AWS Network Firewall, or a route table, uses
it, and the output `NAME_ids` has the ids. A stage before `block` is what that says.

`max_entries` is `shard`, whatever a list holds: it counts against the quota of every resource that
uses the list, and EC2 does not change it in the call that changes entries. A prefix list holds 100
entries at most, because the provider sends all of them in one call, and EC2 takes 100 in a call.

A family without an entry has no prefix list, and the output does not name one: the provider takes
a list without an entry for one whose entries it must keep, so the addresses would stay blocked.
Terraform deletes the list; what uses it must take all ids of the output, whatever their number.""",
    references=(
        registry("hashicorp/aws", "ec2_managed_prefix_list"),
        _CALL,
        _KEPT,
        _QUOTAS,
        SYNTAX,
    ),
    deployment=Deployment(load=LOAD, rollback=ROLLBACK),
)

TERRAFORM_AZURE_IP_GROUP = replace(
    TERRAFORM_AWS_PREFIX_LIST,
    name="terraform-azure-ip-group",
    title="Terraform: Azure Firewall IP groups",
    writer="terraform-azure-ip-group.tf.json.j2",
    reader=each(_reader(_IP_GROUP, _ip_group)),
    orders=_azure_orders,
    options=(name_option("the IP groups"), shard_option(5000, 5000)),
    sharding=Sharding(_LIMITS, 100, "a policy refers to IP groups,", longest=80),
    notes="""\
An IP group blocks nothing by itself: a rule of an Azure Firewall policy that denies has it as its
source; the output `NAME_ids` has the ids. Azure documents IPv4 only; where it refuses the groups
of IPv6, take `azure-ip-group`, which has a file for each family. A rule whose group is empty is
skipped. The location and the resource group are variables.

Azure refuses to update a group while a firewall still takes in another one, hence
`-parallelism=1`. Azure's page says 100 to 200 groups for a policy, in its versions; here it is
100.""",
    references=(registry("hashicorp/azurerm", "ip_group"), _LIMITS, _AT_ONCE, SYNTAX),
    deployment=Deployment(
        load=LOAD.replace("apply plan", "apply -parallelism=1 plan"),
        rollback=ROLLBACK.replace("apply plan", "apply -parallelism=1 plan"),
    ),
)
