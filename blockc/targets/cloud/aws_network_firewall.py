"""AWS Network Firewall: the Suricata rules of a stateful rule group, both families.

A rule names many prefixes. Which ones stand together depends on the addresses alone, so one change
of a list changes one rule. There is a rule only where it has prefixes: Suricata takes no empty
group of addresses.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from blockc.addresses.plain_text import lines_one_by_one
from blockc.addresses.rules import Match
from blockc.errors import SourceSyntaxError
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.live import LiveForm
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
from blockc.targets.core.target_options import Option, OptionValue
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.addresses import decode_rules
from blockc.targets.syntax.reading import Found, Ordered, Reading, acting, each
from blockc.targets.syntax.tokens import Text

LONGEST_RULE, LONGEST_GROUP = 8_192, 2_000_000  # in characters
MOST_PREFIXES = 170  # of 44 characters with their comma: what a rule has room for
MOST_RULES = 240  # of the greatest length, with a header
_RULE = re.compile(
    r"(?P<verb>drop|alert) ip \[(?P<prefixes>[0-9a-f.:/,]+)\] any -> any any "
    r'\(msg:"(?P<msg>blockc (?P<list>[^";]+), (?P<action>block|warn|monitor))"; '
    r"sid:(?P<sid>[1-9][0-9]{0,9}); rev:1;\)"
)
_VERBS = {"block": "drop", "warn": "alert", "monitor": "alert"}


def read_rules(text: Text) -> Reading:
    """Return what rules do to packets by their source: all rules do the same.

    Source: the format of Suricata's rules, and what AWS says of their length and number.
    """
    if len(text.text) > LONGEST_GROUP:
        raise text.error(f"AWS takes {LONGEST_GROUP:,} characters", LONGEST_GROUP)
    rules = list(_rules(text))
    places, tokens = list[int](), list[str]()
    for rule in rules:
        prefixes, begin = rule["prefixes"].split(","), rule.start("prefixes")
        tokens += prefixes
        places += accumulate((len(one) + 1 for one in prefixes[:-1]), initial=begin)

    def where(at: int, why: str) -> SourceSyntaxError:
        return text.error(why, places[at], len(tokens[at]))

    parts = decode_rules(text, tokens, 1, where)
    action = rules[0]["action"] if rules else "block"
    return acting(Reading(parts, found=tuple(_found(text, rules, action))), action)


def _rules(text: Text) -> Iterator[re.Match[str]]:
    """Yield the rules of a text, a line each."""
    at = 0
    for line in lines_one_by_one(text.text):
        if line and not line.startswith("#"):
            if len(line) > LONGEST_RULE:
                raise text.error(f"AWS takes a rule of {LONGEST_RULE:,} characters", at, len(line))
            rule = _RULE.fullmatch(text.text, at, at + len(line))
            if rule is None:
                raise text.error("this is not a rule by the source of packets", at, len(line))
            yield rule
        at += len(line) + 1


def _found(text: Text, rules: Sequence[re.Match[str]], action: str) -> Iterator[Found]:
    """Yield what rules say beside their prefixes; they are numbered without a gap."""
    for number, rule in enumerate(rules):
        at, sid = rule.start("sid"), int(rule["sid"])
        first = int(rules[0]["sid"])
        if sid != first + number:
            raise text.error(f"the sid {sid} does not follow the one before", at, len(rule["sid"]))
        if rule["action"] != action or rule["verb"] != _VERBS[action]:
            raise text.error("this rule does something else", rule.start(), len(rule["verb"]))

        def error(why: str, rule: re.Match[str] = rule) -> SourceSyntaxError:
            return text.error(why, rule.start("msg"), len(rule["msg"]))

        yield Found("list of the rule", rule["list"], text.path, error)
        if number == 0:
            yield Found("first sid", first, text.path, error)


def read_shown(texts: Sequence[Text], _: Mapping[str, OptionValue]) -> Reading:
    """Return the rules of what `aws network-firewall describe-rule-group` prints of them."""
    return Reading.joined(map(read_rules, texts))


def _orders(document: Document, _: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    needed = any(part.count for part in parts)
    yield Ordered("list of the rule", document.provenance.list, required=needed)
    yield Ordered("first sid", document.options["sid"], required=needed)


_QUOTAS = Reference(
    "https://docs.aws.amazon.com/network-firewall/latest/developerguide/quotas.html",
    checked="2026-11-27",
)
_GUIDE = Reference(
    "https://docs.aws.amazon.com/network-firewall/latest/developerguide/stateful-rule-groups-suricata.html",
    checked="2026-11-27",
)
_FORMAT = Reference("https://docs.suricata.io/en/latest/rules/intro.html", checked="2026-11-23")

_NOTES = f"""\
The rules look at the source of every packet, whatever the protocol. The firewall sees a reply to
what your own hosts asked for as a packet of that source too: put rules that pass such traffic
before, in a policy with strict order.

AWS takes {LONGEST_RULE:,} characters in a rule and {LONGEST_GROUP:,} in a group, so there are at
most {MOST_RULES} rules of {MOST_PREFIXES} prefixes. A list that needs more is refused. The capacity
of a group is the number of its rules at most, and is fixed when the group is made: give it room,
such as {MOST_RULES}.

In `monitor` and in `warn` the rules alert, and the alert log has the stage at the end of `msg`;
the firewall cannot tell a client anything, so no stage has a status here."""

_DESCRIBE = """\
aws network-firewall describe-rule-group --type STATEFUL --rule-group-name GROUP \
    --query RuleGroup.RulesSource.RulesString --output text"""

AWS_NETWORK_FIREWALL = Target(
    name="aws-network-firewall",
    title="AWS Network Firewall, Suricata rules of a stateful rule group",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="aws-network-firewall.rules.j2",
    ending="rules",
    reader=each(read_rules),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    comment="#",
    options=(
        Option(
            "sid",
            1_000_001,
            "a number from 1 to 4294960000",
            within=range(1, 4_294_960_001),
            about="the number of the first rule; no two rules of a group have the same",
        ),
        Option(
            "shard",
            MOST_PREFIXES,
            f"a number from 1 to {MOST_PREFIXES}",
            within=range(1, MOST_PREFIXES + 1),
            about="how many prefixes a rule has at most",
        ),
    ),
    packets=True,
    sharding=Sharding(_QUOTAS, MOST_RULES, "a rule group has room for rules of this length,"),
    responses=Responses(actions=frozenset({"monitor", "warn"})),
    maturity=Maturity.SCHEMA,
    pypi=("suricata-update",),
    notes=_NOTES,
    references=(_GUIDE, _QUOTAS, _FORMAT),
    live=LiveForm(
        commands=(_DESCRIBE,),
        reader=read_shown,
        shows=frozenset({"list of the rule", "first sid"}),
        limits="Which firewall policies use the group is not shown.",
    ),
    deployment=Deployment(
        load=f"""\
# once:
aws network-firewall create-rule-group --type STATEFUL --rule-group-name GROUP \\
    --capacity {MOST_RULES} --rules file://list.rules
# for every change:
token=$(aws network-firewall describe-rule-group --type STATEFUL --rule-group-name GROUP \\
    --query UpdateToken --output text)
aws network-firewall update-rule-group --type STATEFUL --rule-group-name GROUP \\
    --update-token "$token" --rules file://list.rules""",
        rollback="""\
token=$(aws network-firewall describe-rule-group --type STATEFUL --rule-group-name GROUP \\
    --query UpdateToken --output text)
aws network-firewall update-rule-group --type STATEFUL --rule-group-name GROUP \\
    --update-token "$token" --rules file://PREVIOUS/list.rules""",
    ),
)
