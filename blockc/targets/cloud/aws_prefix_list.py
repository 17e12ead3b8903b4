"""VPC prefix lists: the input of `aws ec2 create-managed-prefix-list`, with all entries.

A call takes 100 entries, so who loads a longer list makes several calls of it; the commands in the
documentation do. The format has no comments; tags of the prefix list say what it is.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from blockc.addresses import FAMILIES
from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.live import LiveForm
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    MaxEntries,
    Reference,
    Target,
)
from blockc.targets.core.target_options import Option, OptionValue
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.json_tree import JsonNode, json_object
from blockc.targets.syntax.reading import Found, Ordered, Part, Reading, each
from blockc.targets.syntax.tokens import Text

MOST_ENTRIES = 1_000
_NAME = re.compile(r"(?!com\.amazonaws)[ -~]{1,255}")
_KEYS = {
    "PrefixListName": str,
    "AddressFamily": str,
    "MaxEntries": int,
    "TagSpecifications": list,
    "Entries": list,
}
_FAMILIES = {f"IPv{family.version}": family for family in FAMILIES}


def read_prefix_list(text: Text) -> Reading:
    """Return the rules of a prefix list: every entry blocks.

    Source: the shape CreateManagedPrefixListRequest of the API, and what it says of names.
    """
    document = json_object(text).fields(_KEYS)
    name, family, most = (
        document[key] for key in ("PrefixListName", "AddressFamily", "MaxEntries")
    )
    if not _NAME.fullmatch(name.value):
        raise name.error("EC2 takes 1 to 255 characters, not com.amazonaws first")
    if _FAMILIES.get(family.value) not in text.families:
        raise family.error("this is not the family of this file")
    entries = document["Entries"]
    if not len(entries.value) <= most.value <= MOST_ENTRIES:
        raise most.error(f"expected a number from the {len(entries.value)} entries to 1,000")
    parts = _entries(text, entries, {"Cidr", "Description"})
    found = (name.found("EC2 prefix list"), most.found("MaxEntries"))
    return Reading(parts, found=(*found, *_tags(document["TagSpecifications"])))


def read_shown(texts: Sequence[Text], _: Mapping[str, OptionValue]) -> Reading:
    """Return the rules of what `aws ec2 get-managed-prefix-list-entries` prints."""
    nodes = ((text, json_object(text).fields({"Entries": list})["Entries"]) for text in texts)
    return Reading(tuple(part for one in nodes for part in _entries(*one, None)))


def _entries(text: Text, entries: JsonNode, keys: set[str] | None) -> tuple[Part, ...]:
    cidrs = entries.column("Cidr", keys)
    bare = [at for at, cidr in enumerate(cidrs) if "/" not in cidr]
    if bare:
        raise entries.where(bare[0], "EC2 takes prefixes, with their length")
    families = FAMILIES if keys is None else text.families
    parts = decode_rules(text, cidrs, 1, entries.where, families=families)
    require_distinct(parts)
    return parts


def _tags(specifications: JsonNode) -> list[Found]:
    """Return what the tags of a prefix list say."""
    if len(specifications.value) != 1:
        raise specifications.error("expected the tags of the prefix list and no other")
    (tagged,) = (one.fields({"ResourceType": str, "Tags": list}) for one in specifications.items())
    if tagged["ResourceType"].value != "prefix-list":
        raise tagged["ResourceType"].error("expected prefix-list")
    tags = [tag.fields({"Key": str, "Value": str}) for tag in tagged["Tags"].items()]
    return [tag["Value"].found(f"tag {tag['Key'].value}") for tag in tags]


def _orders(document: Document, file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    (family,), made_of = file.families, document.provenance
    name = f"{document.options['name']}-{family.name}"
    yield Ordered("EC2 prefix list", name, claimed=True)
    yield Ordered("MaxEntries", document.options["size"])
    yield Ordered("tag blockc:list", made_of.list)
    yield Ordered("tag blockc:policy", made_of.policy, required=False)
    if made_of.sample:
        yield Ordered("tag blockc:data", "SAMPLE DATA")


_API = Reference(
    "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateManagedPrefixList.html",
    checked="2026-11-27",
)
_QUOTAS = Reference(
    "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html", checked="2026-11-27"
)
_GUIDE = Reference(
    "https://docs.aws.amazon.com/vpc/latest/userguide/work-with-cust-managed-prefix-lists.html",
    checked="2026-11-27",
)

_NOTES = """\
A prefix list blocks nothing by itself. A rule group of AWS Network Firewall can use it as
`@NAME`, five of them in a group; a route table can send its traffic to nowhere. Security groups
only allow, and network ACLs know no prefix lists.

`MaxEntries` of a list counts against the quota of every resource that uses it, whatever the list
holds: 1,000 is more than a security group or a route table takes by default. It never follows the
entries, since it can be changed only in a call of its own; the option `size` sets it.

Every change makes a version. AWS keeps 1,000 of them, and one command brings one back. A call that
adds and removes is one version, so who uses the list sees both or neither.

There is no stage but `block`: a prefix list does not count."""

AWS_PREFIX_LIST = Target(
    name="aws-prefix-list",
    title="AWS VPC prefix list",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.APART,
    debian=("jq",),
    writer="aws-prefix-list.json.j2",
    ending="json",
    reader=each(read_prefix_list),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(
        Option(
            "name",
            "blockc-{list}",
            "1 to 250 letters, digits, - or _; the family is added to it",
            pattern=r"(?!com\.amazonaws)[\w\-]{1,250}",
            part="-{part}",
            about="the prefix lists",
        ),
        Option(
            "size",
            MOST_ENTRIES,
            f"a number from 1 to {MOST_ENTRIES}",
            within=range(1, MOST_ENTRIES + 1),
            about="`MaxEntries`, how many entries a list has room for",
        ),
    ),
    max_entries=MaxEntries(MOST_ENTRIES, _QUOTAS, option="size"),
    maturity=Maturity.SCHEMA,
    notes=_NOTES,
    references=(_API, _QUOTAS, _GUIDE),
    live=LiveForm(
        commands=(
            "aws ec2 get-managed-prefix-list-entries --prefix-list-id PL-OF-IPV4",
            "aws ec2 get-managed-prefix-list-entries --prefix-list-id PL-OF-IPV6",
        ),
        reader=read_shown,
        one_file=False,
        limits="Give each answer with a `--dump` of its own. Who uses the lists is not shown.",
    ),
    deployment=Deployment(
        load="""\
# once, with the first 100 entries:
jq '.Entries |= .[:100]' list.ipv4.json > create.json
aws ec2 create-managed-prefix-list --cli-input-json file://create.json
# then, and for every change, the difference in calls of 100 entries:
aws ec2 get-managed-prefix-list-entries --prefix-list-id "$PL" > now.json
jq -c --slurpfile now now.json '
  ([.Entries[].Cidr] - [$now[0].Entries[].Cidr]) as $add
  | ([$now[0].Entries[].Cidr] - [.Entries[].Cidr]) as $remove
  | range(0; [$add, $remove | length] | max; 100) as $at
  | {AddEntries: [$add[$at:$at + 100][] | {Cidr: .}],
     RemoveEntries: [$remove[$at:$at + 100][] | {Cidr: .}]}' list.ipv4.json |
while read -r call; do
  version=$(aws ec2 describe-managed-prefix-lists --prefix-list-ids "$PL" \\
      --query 'PrefixLists[0].Version' </dev/null)
  aws ec2 modify-managed-prefix-list --prefix-list-id "$PL" --current-version "$version" \\
      --cli-input-json "$call" </dev/null
  until aws ec2 describe-managed-prefix-lists --prefix-list-ids "$PL" \\
      --query 'PrefixLists[0].State' --output text </dev/null | grep -q complete; do sleep 1; done
done""",
        rollback="""\
aws ec2 restore-managed-prefix-list-version --prefix-list-id "$PL" \\
    --previous-version VERSION --current-version NOW""",
    ),
)
