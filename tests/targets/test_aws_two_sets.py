"""Two IP sets per family and the rule that takes one away from the other, as AWS wants them."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from blockc.addresses import V4, V6, AddrMap
from blockc.addresses.rules import Match, meaning
from blockc.errors import DoesNotFit, Miscompiled, SourceSyntaxError
from blockc.targets.cloud.aws_wafv2_ipset import AWS_WAFV2_IPSET
from blockc.targets.core.render import render
from blockc.targets.syntax.reading import NAMES
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import replace
from blockc.verify.proof import prove
from tests.targets.artifacts import TEMPLATES, changed, draft, nested, prefixes, with_text

TWO_SETS = AWS_WAFV2_IPSET.in_two_sets()
RULES = nested(
    ("10.0.0.0/8", 1), ("10.1.0.0/16", 0), ("192.0.2.0/24", 1),
    ("2001:db8::/32", 1), ("2001:db8:8::/48", 0),
)  # fmt: skip
INTENT = AddrMap.of_set(
    prefixes("10.0.0.0/8", "192.0.2.0/24", "2001:db8::/32")
    - prefixes("10.1.0.0/16", "2001:db8:8::/48")
)
Change = Callable[[dict[str, Any]], object]


def written(
    options: dict[str, object] | None = None, path: str = "x.json"
) -> tuple[ArtifactFile, ...]:
    """Return the files of the small list."""
    return render(TWO_SETS, draft(TWO_SETS, RULES, options), path, TEMPLATES)


def with_rule(change: Change) -> tuple[ArtifactFile, ...]:
    """Return the files with something changed in the rule."""
    *sets, rule = written()
    value = json.loads(rule.data)
    change(value)
    return (*sets, with_text(rule, json.dumps(value, indent=1)))


def joined(rule: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the rule joins: the Or of the sets, and the Not."""
    found: list[dict[str, Any]] = rule["Statement"]["AndStatement"]["Statements"]
    return found


def test_each_set_and_the_rule_have_a_file() -> None:
    assert [text.path for text in written()] == [
        "x.ipv4.json", "x.ipv6.json", "x.except.ipv4.json", "x.except.ipv6.json", "x.rule.json",
    ]  # fmt: skip
    assert [text.path for text in written(path="a/{family}/x.json")] == [
        "a/ipv4/x.json", "a/ipv6/x.json", "a/except.ipv4/x.json", "a/except.ipv6/x.json",
        "a/rule/x.json",
    ]  # fmt: skip


def test_the_first_sets_are_named_as_without_exceptions() -> None:
    """So choosing two sets leaves the set that is there in its place."""
    names = [json.loads(text.data)["Name"] for text in written()]
    assert names == [
        "blockc-export-control-ipv4", "blockc-export-control-ipv6",
        "blockc-export-control-except-ipv4", "blockc-export-control-except-ipv6",
        "blockc-export-control",
    ]  # fmt: skip


def test_the_sets_mean_the_list() -> None:
    read = TWO_SETS.reader(written())
    assert meaning(Match.TWO_SETS, read.rules.values(), read.names) == INTENT
    assert prove(TWO_SETS, written(), INTENT).entries == {V4: 3, V6: 2}


def test_the_rule_names_the_sets_by_arns_to_fill_in() -> None:
    options: dict[str, object] = {
        "scope": "CLOUDFRONT",
        "arn": "arn:aws:wafv2:us-east-1:123456789012",
    }
    arns = re.findall(r'"ARN": "(.*?)"', written(options)[-1].data.decode())
    assert len(arns) == 4
    assert arns[2] == (
        "arn:aws:wafv2:us-east-1:123456789012:global/ipset/"
        "blockc-export-control-except-ipv4/ID-OF-blockc-export-control-except-ipv4"
    )
    prove(TWO_SETS, written(options), INTENT)


def test_sets_that_have_their_ids_are_still_proved() -> None:
    filled = with_rule(lambda _: None)
    ours = filled[-1].data.decode()
    rule = with_text(filled[-1], re.sub("ID-OF-[a-z0-9-]+", "1-2-3", ours))
    prove(TWO_SETS, (*filled[:-1], rule), INTENT)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda rule: joined(rule).reverse(), "expected NotStatement"),
        (lambda rule: joined(rule).pop(), "expected two statements in AndStatement"),
        (lambda rule: rule.update(Action={"Allow": {}}), "expected Block and nothing beside it"),
        (lambda rule: rule.update(Action={"Count": {"x": 1}}), "expected CustomRequestHandling"),
        (lambda rule: rule.update(Action={"Block": {"x": 1}}), "expected CustomResponse"),
        (lambda rule: rule.update(Statement={}), "expected AndStatement"),
        (lambda rule: rule.update(Statement={"OrStatement": 1}), "expected AndStatement"),
        (lambda rule: rule.update(Extra=1), "unknown key 'Extra'"),
        (lambda rule: joined(rule)[0]["OrStatement"]["Statements"].pop(), "expected two"),
        (lambda rule: joined(rule)[0]["OrStatement"].update(Statements=3), "is not a list"),
        (lambda rule: joined(rule)[1].update(NotStatement=joined(rule)[0]), "expected Statement"),
        (
            lambda rule: joined(rule)[0]["OrStatement"]["Statements"][0].update(
                IPSetReferenceStatement={"ARN": "arn:aws:wafv2:x:y:regional/regexset/a/b"}
            ),
            "is not the ARN of an IP set",
        ),
    ],
)
def test_a_rule_that_says_something_else_is_an_error(change: Change, reason: str) -> None:
    with pytest.raises(SourceSyntaxError) as refused:
        TWO_SETS.reader(with_rule(change))
    assert reason in refused.value.message


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("control-ipv4/", "control-ipv6/"),
        ("control-except-ipv4/", "control-ipv4/"),
        ("control-ipv4/", "of-others-ipv4/"),
    ],
)
def test_a_set_used_twice_never_or_not_ours_is_an_error(old: str, new: str) -> None:
    *sets, rule = written()
    with pytest.raises(SourceSyntaxError, match="is not made and used exactly once"):
        TWO_SETS.reader((*sets, changed(rule, old, new)))
    with pytest.raises(SourceSyntaxError, match="is not made and used exactly once"):
        TWO_SETS.reader((sets[0], sets[0], *sets[2:], rule))


def test_exceptions_and_sets_that_changed_places_are_found() -> None:
    """The rule decides which set is which, not the name of its file."""
    *sets, rule = written()
    turned = changed(changed(rule, "control-ip", "control-EXCEPT-ip"), "-except-", "-")
    turned = changed(turned, "-EXCEPT-", "-except-")
    with pytest.raises(Miscompiled, match=r"the policy (blocks|allows) it"):
        prove(TWO_SETS, (*sets, turned), INTENT)


def test_each_set_has_its_own_limit() -> None:
    assert TWO_SETS.max_entries
    three = replace(TWO_SETS, max_entries=replace(TWO_SETS.max_entries, count=2))
    two = replace(TWO_SETS, max_entries=replace(TWO_SETS.max_entries, count=1))
    assert render(three, draft(three, RULES), "x.json", TEMPLATES)
    with pytest.raises(DoesNotFit, match="holds 1 ipv4 entries, the list has 2"):
        render(two, draft(two, RULES), "x.json", TEMPLATES)


def test_a_set_of_two_is_read_like_one_alone() -> None:
    assert TWO_SETS.reader(written()).names == NAMES
    assert AWS_WAFV2_IPSET.reader(written()[:2]).rules[V4].verdict.tolist() == [1, 1]
