"""AWS WAFv2 IP sets: the input of `aws wafv2 create-ip-set --cli-input-json`, one per family.

The format has no comments; the description says what it can in its 256 characters. In two sets
there are as many for the exceptions, and the rule that takes them away.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from blockc.addresses import FAMILIES, Family
from blockc.addresses.rules import Match
from blockc.targets.cloud.aws_wafv2_rule import INTO_WEB_ACL, SCOPE, STATUSES, read_rule
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import ExtraFile, File, SetRole
from blockc.targets.core.live import LiveForm
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Joint,
    Layout,
    Lengths,
    Maturity,
    MaxEntries,
    Reference,
    Responses,
    Target,
    TwoSets,
)
from blockc.targets.core.target_options import Option, OptionValue
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.addresses import decode_rules
from blockc.targets.syntax.json_tree import JsonNode, json_object
from blockc.targets.syntax.reading import Ordered, Part, Reading, decoded, each, two_sets
from blockc.targets.syntax.tokens import Text

_NAME = re.compile(r"[\w\-]{1,128}", re.ASCII)
_DESCRIPTION = re.compile(
    r"(?=.{3,256}\Z)[\w+=:#@/\-,.][\w+=:#@/\-,.\s]+[\w+=:#@/\-,.]", re.ASCII | re.DOTALL
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_SCOPES = ("REGIONAL", "CLOUDFRONT")
_VERSIONS = {f"IPV{family.version}": family for family in FAMILIES}
_KEYS = {
    "Name": str,
    "Scope": str,
    "Description": str,
    "IPAddressVersion": str,
    "Addresses": list,
}


_KEYS_GOT = {"Name": str, "Id": str, "ARN": str, "IPAddressVersion": str, "Addresses": list}
_ARN = re.compile(r"arn:[\w-]+:wafv2:[\w-]*:\w*:(regional|global)/ipset/[\w-]+/[\w-]+", re.ASCII)
_SCOPE_IN_ARN = {"regional": "REGIONAL", "global": "CLOUDFRONT"}


def read_ip_set(text: Text) -> Reading:
    """Return the rules of one IP set: every address it lists blocks."""
    return _read_set(text)[1]


def read_with_rule(texts: Sequence[Text], *, in_two: bool = False) -> Reading:
    """Return the rules of the sets as the rule in the last file uses them."""
    sets = dict(map(_read_set, texts[:-1]))
    rule = read_rule(texts[-1], two_sets=in_two)
    used = [*rule.block, *rule.spare]
    for name in (*used, *sets):
        if name not in sets or used.count(name) != 1 or len(sets) < len(texts) - 1:
            arn = (rule.block | rule.spare).get(name)
            message = f"the set {name!r} is not made and used exactly once"
            raise arn.error(message) if arn else texts[-1].error(message, 0)
    both = two_sets([sets[name] for name in rule.block], [sets[name] for name in rule.spare])
    return Reading(both.parts, ("", rule.action), (*both.found, *rule.found))


def read_got(texts: Sequence[Text], options: Mapping[str, OptionValue]) -> Reading:
    """Return the rules of the sets that `aws wafv2 get-ip-set` printed, a file for each set.

    Sets of other names are left out. Source: the shape GetIPSetResponse of the API; the scope
    stands in the ARN.
    """
    readings = []
    for text in texts:
        got = json_object(text).fields({"IPSet": dict}, {"LockToken": str})["IPSet"]
        document = got.fields(_KEYS_GOT, {"Description": str})
        arn, name, family = document["ARN"], document["Name"], _family(document, text)
        scope = _ARN.fullmatch(arn.value)
        if not scope:
            raise arn.error("this is not the ARN of an IP set")
        found = name.found("AWS IP set", f"{_SCOPE_IN_ARN[scope[1]]} {name.value}")
        if name.value == f"{options['name']}-{family.name}":
            readings.append(Reading(_addresses(document, text, family), found=(found,)))
    return Reading.joined(readings)


def _read_set(text: Text) -> tuple[str, Reading]:
    """Return the name of an IP set and its rules.

    Source: the shape CreateIPSet of the API, and its rules for names and descriptions.
    """
    document = json_object(text).fields(_KEYS)
    fine = {
        "Name": _NAME.fullmatch(document["Name"].value),
        "Scope": document["Scope"].value in _SCOPES,
        "Description": _DESCRIPTION.fullmatch(document["Description"].value),
        "IPAddressVersion": document["IPAddressVersion"].value in _VERSIONS,
    }
    for key, good in fine.items():
        if not good:
            raise document[key].error(f"AWS does not take this {key}")
    parts = _addresses(document, text, _family(document, text))
    name = document["Name"]
    found = name.found("AWS IP set", f"{document['Scope'].value} {name.value}")
    policies = _DIGEST.findall(document["Description"].value)
    said = (document["Description"].found("policy", policy) for policy in policies)
    return name.value, Reading(parts, found=(found, *said))


def _family(document: Mapping[str, JsonNode], text: Text) -> Family:
    version = document["IPAddressVersion"]
    family = _VERSIONS.get(version.value)
    if family is None:
        raise version.error("AWS does not take this IPAddressVersion")
    if family not in text.families:
        raise version.error(f"an {family.name} set where it does not belong")
    return family


def _addresses(document: Mapping[str, JsonNode], text: Text, family: Family) -> tuple[Part, ...]:
    addresses = document["Addresses"]
    bare = [at for at, address in enumerate(addresses.texts()) if "/" not in address]
    if bare:
        raise addresses.where(bare[0], "AWS takes prefixes, with their length")
    return decode_rules(text, addresses.value, 1, addresses.where, families=(family,))


def _orders(document: Document, file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    option = document.options
    if file.writer == AWS_WAFV2_IPSET.writer:
        (family,) = file.families
        kind = "except-" if file.half is SetRole.EXCEPT else ""
        name = f"{option['scope']} {option['name']}-{kind}{family.name}"
        yield Ordered("AWS IP set", name, claimed=True)
        yield Ordered("policy", document.provenance.policy, required=False)
        return
    scope = "global" if option["scope"] == "CLOUDFRONT" else "regional"
    yield Ordered("AWS rule", option["name"], claimed=True)
    yield Ordered("ARN of the sets", f"{option['arn']}:{scope}")
    if document.action == "block":
        yield from document.answer()


_API = Reference(
    "https://docs.aws.amazon.com/waf/latest/APIReference/API_CreateIPSet.html", checked="2026-11-23"
)
_GUIDE = Reference(
    "https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-ipset-match.html",
    checked="2026-11-23",
)

_QUOTAS = Reference(
    "https://docs.aws.amazon.com/waf/latest/developerguide/limits.html", checked="2026-11-27"
)
_REFERENCES = 50  # to sets, in the rules of a web ACL

_STATUSES = Reference(
    "https://docs.aws.amazon.com/waf/latest/developerguide/customizing-the-response-status-codes.html",
    checked="2026-11-27",
)

_NOTES = """\
In two sets the rule blocks who is in a set of the first kind and in none of the second. AWS
makes the id of a set when the set is made: put it in place of `ID-OF-` and the set's name, and
give `arn` the region and the account.

A list that is split has one rule over the sets of all its parts, so that a part cannot be written
and used by no rule. How many parts there are depends on the data unless the output says
`parts = 4`: then there are always four, the last ones empty, and the rule never changes. Without
it `build` tells when a part came or went: a set that came blocks nothing until it is made and the
rule is loaded, and AWS keeps one that went until it is deleted. A web ACL can name 50 sets. One
changed address changes one set, as long as there is room in it.

Each set that the rule names costs 1 WCU of a web ACL, which has 5,000 and is billed for more from
1,500 on. AWS takes one call a second that makes or changes something.

A list with a stage before `block`, or with a stage that says what blocked clients get, has a rule
too. In `monitor` it counts; in `warn` it also gives the request the header
`x-amzn-waf-blockc: warn`, so that the application can say what is to come. 451 is not among the
statuses AWS WAF can answer with; without a status it answers 403."""

_UPDATE = """\
aws wafv2 list-ip-sets --scope REGIONAL --limit 100 > sets.json
for file in list.ipv4.json list.ipv6.json; do
  name=$(jq -r .Name "$file")
  id=$(jq -r --arg name "$name" '.IPSets[] | select(.Name == $name).Id' sets.json)
  aws wafv2 get-ip-set --scope REGIONAL --name "$name" --id "$id" > now.json
  jq --slurpfile now now.json 'del(.IPAddressVersion)
    | . + {Id: $now[0].IPSet.Id, LockToken: $now[0].LockToken}' "$file" > update.json
  aws wafv2 update-ip-set --cli-input-json file://update.json
done"""
_LOAD = f"""\
# once, for each file:
aws wafv2 create-ip-set --cli-input-json file://list.ipv4.json
# for every change; AWS refuses it with the old LockToken if somebody else was faster:
{_UPDATE}
# the rule, if there is one, once and when it changed; only now the sets have an ARN:
aws wafv2 list-ip-sets --scope REGIONAL --limit 100 > sets.json
jq --slurpfile sets sets.json '($sets[0].IPSets | map({{(.Name): .ARN}}) | add) as $arns
  | walk(if type == "object" and has("ARN")
         then .ARN = ($arns[.ARN | split("/")[2]] // error("a set is not made yet"))
         else . end)' list.rule.json > rule.json
{INTO_WEB_ACL}"""
_ROLLBACK = "cd PREVIOUS\n" + _UPDATE

_RULE = ExtraFile("aws-wafv2-ipset.rule.json.j2", ".rule.json", FAMILIES)

AWS_WAFV2_IPSET = Target(
    name="aws-wafv2-ipset",
    title="AWS WAFv2 IP set",
    maturity=Maturity.SCHEMA,
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.APART,
    debian=("jq",),
    writer="aws-wafv2-ipset.json.j2",
    ending="json",
    reader=each(read_ip_set),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(
        Option(
            "name",
            "blockc-{list}",
            "1 to 115 letters, digits, - or _; the family is added to it",
            pattern=r"[\w\-]{1,115}",
            part="-{part}",
            about="the sets, and the rule over them",
        ),
        SCOPE,
        Option(
            "description",
            "blockc list {list}",
            "3 to 100 letters, digits, blanks or + = : # @ / - , . with no blank at the ends",
            pattern=r"[\w+=:#@/\-,.][\w+=:#@/\-,. ]{1,98}[\w+=:#@/\-,.]",
            about="what AWS shows beside the set",
        ),
        Option(
            "arn",
            "arn:aws:wafv2:REGION:ACCOUNT",
            "how the ARNs of the sets begin, for the rule: arn:aws:wafv2:, region, : and account",
            pattern=r"arn:aws[a-z-]{0,20}:wafv2:[A-Za-z0-9-]{1,30}:[A-Za-z0-9]{1,30}",
            about="where the sets are, in the rule over them",
        ),
    ),
    max_entries=MaxEntries(10_000, _GUIDE),
    lengths=Lengths(range(1, 33), range(1, 129), _GUIDE),
    notes=_NOTES,
    references=(_API, _GUIDE, _STATUSES),
    two_sets=TwoSets(decoded(partial(read_with_rule, in_two=True)), (_RULE,)),
    responses=Responses(
        actions=frozenset({"monitor", "warn"}),
        statuses=STATUSES,
        links=True,
        extra_files=(_RULE,),
        reader=decoded(read_with_rule),
    ),
    live=LiveForm(
        commands=(
            "aws wafv2 get-ip-set --name NAME-ipv4 --scope SCOPE --id ID",
            "aws wafv2 get-ip-set --name NAME-ipv6 --scope SCOPE --id ID",
        ),
        reader=read_got,
        shows=frozenset({"AWS IP set"}),
        one_file=False,
        alone=True,
        limits="Which rules use the sets is not shown: a list that is written with a rule has no "
        "such form.",
    ),
    joint=Joint(_REFERENCES // len(FAMILIES), _QUOTAS),
    deployment=Deployment(load=_LOAD, rollback=_ROLLBACK),
)
