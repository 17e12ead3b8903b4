"""A WAFv2 rule that blocks countries by their codes; AWS decides by its own data who is in them.

AWS takes no empty list of codes: a rule about no country matches who is in one and is not in it.
"""

from collections.abc import Iterator, Sequence

from blockc.addresses.rules import Match
from blockc.targets.cloud.aws_wafv2_rule import INTO_WEB_ACL, STATUSES, rule_action, rule_fields
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.target import (
    CountryCodes,
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    Reference,
    Responses,
    Target,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.json_tree import JsonNode
from blockc.targets.syntax.reading import Ordered, Reading, each
from blockc.targets.syntax.tokens import Text

MOST_CODES = 50  # in one statement


def read_geo_rule(text: Text) -> Reading:
    """Return what a rule does to which countries; it says nothing about addresses.

    Source: the shape Rule of the API.
    """
    rule = rule_fields(text)
    action, answer = rule_action(rule["Action"])
    codes = [code.found("country") for code in _codes(rule["Statement"])]
    said = rule["Action"].found("action", action)
    named = rule["Name"].found("AWS rule"), rule["Priority"].found("priority")
    return Reading((), found=(*named, said, *answer, *codes))


def _codes(statement: JsonNode) -> list[JsonNode]:
    """Return the codes of a statement: of one list, of several joined by Or, or none."""
    if "AndStatement" in statement.value:
        _require_nobody(statement)
        return []
    if "OrStatement" not in statement.value:
        return _match(statement)
    joined = statement.only("OrStatement", dict).only("Statements", list)
    if len(joined.value) < 2:
        raise joined.error("expected two statements or more in OrStatement")
    codes = [code for one in joined.items() for code in _match(one)]
    if len({code.value for code in codes}) < len(codes):
        raise joined.error("a country occurs twice")
    return codes


def _match(statement: JsonNode) -> list[JsonNode]:
    codes = statement.only("GeoMatchStatement", dict).only("CountryCodes", list)
    texts = codes.texts()
    if not 1 <= len(texts) <= MOST_CODES or len(set(texts)) < len(texts):
        raise codes.error(f"expected 1 to {MOST_CODES} codes, each once")
    return codes.items()


def _require_nobody(statement: JsonNode) -> None:
    """Raise SourceSyntaxError unless a statement is And(x, Not(x)) for some country."""
    both = statement.only("AndStatement", dict).only("Statements", list)
    if len(both.value) != 2:
        raise both.error("expected a country and its opposite")
    first, second = both.items()
    opposite = second.only("NotStatement", dict).only("Statement", dict)
    if [one.value for one in _match(first)] != [one.value for one in _match(opposite)]:
        raise both.error("expected a country and its opposite")


def _orders(document: Document, _: File, __: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    yield Ordered("AWS rule", document.options["name"], claimed=True)
    yield Ordered("priority", document.options["priority"])
    yield from document.countries()
    if document.action == "block":
        yield from document.answer()


_GUIDE = Reference(
    "https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-geo-match.html",
    checked="2026-11-27",
)
_QUOTAS = Reference(
    "https://docs.aws.amazon.com/waf/latest/developerguide/limits.html", checked="2026-11-23"
)

_NOTES = f"""\
AWS decides by the data of MaxMind who is in a country, and a country there is where an address is
thought to be used. That is not what the registries say, and nobody can prove it address by address:
what is proved is that the rule names exactly the countries of the list. So the list must be whole
countries and nothing else, without exceptions, and `never_block` may not hold an address that is
registered in one of them. Prefixes are said by `aws-wafv2-ipset`.

A statement takes {MOST_CODES} codes (WCU: 1 each); more countries are several statements joined by
Or in one rule. `EU`, `AP` and `ZZ` of the registries are not countries, and AWS does not know them.

Of the stages, `monitor` counts; `warn` also gives the request the header
`x-amzn-waf-blockc: warn`. A list that is not in force yet is a rule that matches nobody, so that
the rule can be in its place before the day. 451 is not among the statuses AWS WAF can answer with;
without a status it answers 403."""

AWS_WAFV2_GEO = Target(
    name="aws-wafv2-geo",
    title="AWS WAFv2 rule of countries",
    maturity=Maturity.SCHEMA,
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    debian=("jq",),
    writer="aws-wafv2-geo.json.j2",
    ending="json",
    reader=each(read_geo_rule),
    orders=_orders,
    words={ContentKind.CODES: BLOCKS},
    codes=CountryCodes(_GUIDE),
    options=(
        Option(
            "name",
            "blockc-{list}-countries",
            "1 to 128 letters, digits, - or _",
            pattern=r"[\w\-]{1,128}",
            about="the rule",
        ),
        Option(
            "priority",
            0,
            "a number from 0 to 2147483647",
            within=range(2**31),
            about="its place in the web ACL: no two rules have the same",
        ),
    ),
    responses=Responses(actions=frozenset({"monitor", "warn"}), statuses=STATUSES, links=True),
    notes=_NOTES,
    references=(_GUIDE, _QUOTAS),
    deployment=Deployment(
        load=f"cp list.json rule.json\n{INTO_WEB_ACL}",
        rollback="cp PREVIOUS/list.json rule.json  # and then the same",
    ),
)
