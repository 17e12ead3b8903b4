"""AWS WAFv2 IP sets: the input of `aws wafv2 create-ip-set --cli-input-json`, one a family.

The format has no comments; the description says what it can in its 256 characters. In two sets
there are as many for the exceptions, and the rule that takes them away.
"""

import re
from collections.abc import Sequence

from blockc.addresses import FAMILIES
from blockc.addresses.rules import Match
from blockc.targets.cloud.aws_wafv2_rule import read_rule
from blockc.targets.core.layout import ExtraFile
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Lengths,
    MaxEntries,
    Reference,
    Target,
    TwoSets,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.addresses import decode_rules
from blockc.targets.syntax.json_text import JsonText
from blockc.targets.syntax.reading import Reading, each, two_sets
from blockc.targets.syntax.tokens import Text

_NAME = re.compile(r"[\w\-]{1,128}", re.ASCII)
_DESCRIPTION = re.compile(
    r"(?=.{3,256}\Z)[\w+=:#@/\-,.][\w+=:#@/\-,.\s]+[\w+=:#@/\-,.]", re.ASCII | re.DOTALL
)
_SCOPES = ("REGIONAL", "CLOUDFRONT")
_VERSIONS = {f"IPV{family.version}": family for family in FAMILIES}
_KEYS = {
    "Name": str,
    "Scope": str,
    "Description": str,
    "IPAddressVersion": str,
    "Addresses": list,
}


def read_ip_set(text: Text) -> Reading:
    """Return the rules of one IP set: every address it lists blocks."""
    return _read_set(text)[1]


def read_two_sets(texts: Sequence[Text]) -> Reading:
    """Return the rules of the sets as the rule in the last file uses them."""
    sets = dict(map(_read_set, texts[:-1]))
    text = texts[-1]
    rule = read_rule(text)
    used = [*rule.block, *rule.spare]
    for name in (*used, *sets):
        if name not in sets or used.count(name) != 1 or len(sets) < len(texts) - 1:
            at = max(0, text.text.find(name))
            raise text.error(f"the set {name!r} is not made and used exactly once", at, len(name))
    return two_sets([sets[name] for name in rule.block], [sets[name] for name in rule.spare])


def _read_set(text: Text) -> tuple[str, Reading]:
    """Return the name of an IP set and its rules.

    Source: the shape CreateIPSet of the API, and its rules for names and descriptions.
    """
    document = JsonText(text)
    document.require_keys(_KEYS)
    fine = {
        "Name": _NAME.fullmatch(document.value("Name")),
        "Scope": document.value("Scope") in _SCOPES,
        "Description": _DESCRIPTION.fullmatch(document.value("Description")),
        "IPAddressVersion": document.value("IPAddressVersion") in _VERSIONS,
    }
    for key, good in fine.items():
        if not good:
            raise text.error(f"AWS does not take this {key}", text.text.find(f'"{key}"'), len(key))
    family = _VERSIONS[document.value("IPAddressVersion")]
    where = document.where("Addresses")
    addresses = document.texts("Addresses")
    for at, address in enumerate(addresses):
        if "/" not in address or address.endswith("/0"):
            raise where(at, f"AWS takes prefixes from /1 on, this is {address!r}")
    if family not in text.families:
        raise text.error(f"an {family.name} set where it does not belong", 0)
    parts = decode_rules(text, addresses, 1, where, families=(family,))
    return document.value("Name"), Reading(parts)


_API = Reference(
    "https://docs.aws.amazon.com/waf/latest/APIReference/API_CreateIPSet.html", checked="2026-11-23"
)
_GUIDE = Reference(
    "https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-ipset-match.html",
    checked="2026-11-23",
)

_NOTES = """\
In two sets the rule blocks who is in a set of the first kind and in none of the second. AWS
makes the id of a set when the set is made: put it in place of `ID-OF-` and the set's name, and
give `arn` the region and the account. The default action of a block is 403; 451 is not among
the statuses AWS WAF can answer with."""

AWS_WAFV2_IPSET = Target(
    name="aws-wafv2-ipset",
    title="AWS WAFv2 IP set",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.APART,
    template="aws-wafv2-ipset.json.j2",
    reader=each(read_ip_set),
    words={ContentKind.LIST: BLOCKS},
    options=(
        Option(
            "name",
            "blockc-{list}",
            "1 to 115 letters, digits, - or _; the family is added to it",
            pattern=r"[\w\-]{1,115}",
            part="-{part}",
        ),
        Option("scope", "REGIONAL", "REGIONAL or CLOUDFRONT", pattern="REGIONAL|CLOUDFRONT"),
        Option(
            "description",
            "blockc list {list}",
            "3 to 100 letters, digits, blanks or + = : # @ / - , . with no blank at the ends",
            pattern=r"[\w+=:#@/\-,.][\w+=:#@/\-,. ]{1,98}[\w+=:#@/\-,.]",
        ),
        Option(
            "arn",
            "arn:aws:wafv2:REGION:ACCOUNT",
            "how the ARNs of the sets begin, for the rule: arn:aws:wafv2:, region, : and account",
            pattern=r"arn:aws[a-z-]{0,20}:wafv2:[A-Za-z0-9-]{1,30}:[A-Za-z0-9]{1,30}",
        ),
    ),
    max_entries=MaxEntries(10_000, _GUIDE),
    lengths=Lengths(range(1, 33), range(1, 129), _GUIDE),
    notes=_NOTES,
    references=(_API, _GUIDE),
    two_sets=TwoSets(
        read_two_sets, (ExtraFile("aws-wafv2-ipset.rule.json.j2", ".rule.json", FAMILIES),)
    ),
    deployment=Deployment(
        load="""\
aws wafv2 create-ip-set --cli-input-json file://list.ipv4.json  # once; then, for every change:
aws wafv2 get-ip-set --name NAME --scope REGIONAL --id ID       # tells the LockToken
aws wafv2 update-ip-set --name NAME --scope REGIONAL --id ID --lock-token TOKEN \\
    --addresses "$(jq -c .Addresses list.ipv4.json)\"""",
        rollback="""\
aws wafv2 update-ip-set --name NAME --scope REGIONAL --id ID --lock-token TOKEN \\
    --addresses "$(jq -c .Addresses PREVIOUS/list.ipv4.json)\"""",
    ),
)
