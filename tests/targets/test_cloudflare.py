"""Cloudflare lists and rules: what the API takes, and that the rule means every list."""

import json
from datetime import date

import pytest

from blockc.addresses import V4, V6, AddrMap
from blockc.compiler.artifacts import Artifact
from blockc.errors import DoesNotFit, DoNotFit, Mistakes, SourceSyntaxError, Unproved
from blockc.targets.cloud.cloudflare import (
    CLOUDFLARE_COUNTRY,
    CLOUDFLARE_LIST,
    LONGEST_EXPRESSION,
    read_shown,
)
from blockc.targets.core.render import render
from blockc.targets.core.response import Response
from blockc.targets.syntax.tokens import ArtifactFile, Text
from blockc.values import replace
from blockc.verify.proof import prove
from tests.compiler.toy import compiled, output
from tests.support.machine import absent
from tests.targets.artifacts import (
    EDGES,
    PATH,
    TEMPLATES,
    draft,
    of_countries,
    prefixes,
    rules_of,
)

RULED = CLOUDFLARE_LIST.responding()
LIST = '[list.x]\nblock = ["US", "CN"]\n'
OUT = output("x", "cf/x.json", "cloudflare-list")


def artifact(text: str, day: date = date(2026, 11, 23)) -> Artifact:
    (found,) = compiled(text, day).artifacts
    return found


def rule(found: Artifact) -> dict[str, object]:
    (path,) = (path for path in found.files if path.endswith(".rule.json"))
    said: dict[str, object] = json.loads(found.files[path])
    return said


def test_a_list_comes_with_what_makes_it_and_the_rule_that_uses_it() -> None:
    found = artifact(LIST + OUT)
    assert list(found.files) == ["cf/x.json", "cf/x.create.json", "cf/x.rule.json"]
    items = json.loads(found.files["cf/x.json"])
    assert items == [{"ip": "10.0.0.0/9"}, {"ip": "10.128.0.0/10"}, {"ip": "2001:db8::/32"}]
    made = json.loads(found.files["cf/x.create.json"])
    assert (made["name"], made["kind"]) == ("blockc_x", "ip")
    assert rule(found)["expression"] == "ip.src in $blockc_x"
    assert rule(found)["action"] == "block"


STAGES = (
    'stages = [{ from = 2026-12-01, action = "monitor" }, { from = 2027-01-01, action = "warn" }, '
    '{ from = 2027-02-01, action = "block", status = 451 }]\n'
)
DAYS = [
    (date(2026, 11, 30), "log", 0),
    (date(2026, 12, 1), "log", 3),
    (date(2027, 1, 1), "managed_challenge", 3),
    (date(2027, 2, 1), "block", 3),
]


@pytest.mark.parametrize(("day", "action", "items"), DAYS)
def test_a_stage_logs_challenges_or_blocks_with_a_status(
    day: date, action: str, items: int
) -> None:
    found = artifact(LIST + STAGES + OUT, day)
    said = rule(found)
    assert said["action"] == action
    assert len(json.loads(found.files["cf/x.json"])) == items
    response = {"status_code": 451, "content_type": "text/plain", "content": "Access denied"}
    wanted = {"response": response} if action == "block" else None
    assert said.get("action_parameters") == wanted


@pytest.mark.parametrize(("day", "action", "items"), DAYS)
def test_the_rule_of_countries_keeps_the_same_days(day: date, action: str, items: int) -> None:
    found = artifact(LIST + STAGES + output("x", "x.json", "cloudflare-country"), day)
    said = json.loads(found.files["x.json"])
    nobody = '(ip.src.country eq "AQ" and ip.src.country ne "AQ")'
    assert said["action"] == action
    assert said["expression"] == ('ip.src.country in {"CN" "US"}' if items else nobody)
    assert ("action_parameters" in said) == (action == "block")


def test_parts_are_lists_of_their_own_and_one_rule_uses_all_of_them() -> None:
    more = 'when_over = "split"\nmax_entries = 1\nparts = 4\n'
    found = artifact(LIST + output("x", "cf/x.json", "cloudflare-list", more))
    names = [f"cf/x.{n}{end}" for n in range(1, 5) for end in (".json", ".create.json")]
    assert list(found.files) == [*names, "cf/x.rule.json"]
    parts = " or ".join(f"ip.src in $blockc_x_{n}" for n in range(1, 5))
    assert rule(found)["expression"] == f"({parts})"
    assert found.files["cf/x.4.json"] == b"[\n]\n"


def test_the_longest_expression_of_most_parts_with_the_longest_names_is_taken() -> None:
    assert CLOUDFLARE_LIST.joint
    clause = len(" or ip.src in $") + 50
    assert CLOUDFLARE_LIST.joint.most * clause <= LONGEST_EXPRESSION


def test_both_families_count_together_and_the_plan_is_an_option() -> None:
    text = LIST + output("x", "cf/x.json", "cloudflare-list", "items = 2")
    with pytest.raises(DoNotFit, match="both families: 3 entries, the limit is 2"):
        compiled(text)
    one = draft(CLOUDFLARE_LIST, rules_of(CLOUDFLARE_LIST, EDGES["neighbours"]), {"items": 3})
    with pytest.raises(DoesNotFit, match="raise the option items"):
        render(CLOUDFLARE_LIST, one, PATH, TEMPLATES)


def test_a_prefix_that_is_too_wide_is_written_as_several() -> None:
    found = artifact('[list.x]\nblock = ["world"]\n' + OUT)
    items = [item["ip"] for item in json.loads(found.files["cf/x.json"])]
    assert (items[0], items[255]) == ("0.0.0.0/8", "255.0.0.0/8")
    assert (items[256], items[-1], len(items)) == ("::/12", "fff0::/12", 256 + 4096)


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ("status = 503", "cannot answer with status 503"),
        ('status = 403, blocked_by = "https://example.com/"', "cannot say who demands the block"),
    ],
)
def test_what_cloudflare_cannot_answer_is_refused(stage: str, said: str) -> None:
    staged = f'stages = [{{ from = 2026-01-01, action = "block", {stage} }}]\n'
    for target in ("cloudflare-list", "cloudflare-country"):
        with pytest.raises(Mistakes, match=f"{target} {said}"):
            compiled(LIST + staged + output("x", "x.json", target))


@pytest.mark.parametrize(
    ("template", "old", "new", "said"),
    [
        ("", '"ip"', '"IP"', "expected an object with a text 'ip'"),
        ("", "[\n{%", '[\n{"ip": "10.9.9.9"},\n{%', "is blocked, the policy allows it"),
        ("", '{"ip": "', '{"ip": "10.9.9.9"}, {"ip": "', "this item occurs twice"),
        ("create", '"kind": "ip"', '"kind": "asn"', "expected the kind ip"),
        ("create", '"name": "', '"name": "x', "does not use every list exactly once"),
        ("create", '"kind"', '"kinds"', "unknown key 'kinds'"),
        ("rule", "ip.src in", "ip.src.city in", "expected lists of source addresses"),
        ("rule", "ip.src in", "not ip.src in", "expected lists of source addresses"),
        ("rule", '"block": "block"', '"block": "skip"', "expected one of block"),
        ("rule", '"block": "block"', '"block": "log"', "only who is blocked gets a response"),
        ("rule", '"enabled": true', '"enabled": false', "the rule is switched off"),
        ("rule", "{{ response.status }}", "404", "the status is 404, ordered is 451"),
        ("rule", "{{ response.status }}", "500", "Cloudflare takes 400 to 499"),
        ("rule", "text/plain", "text/html", "expected text/plain"),
        ("rule", "{{ option.body | tojson }}", '"x"', "the body is 'x', ordered is"),
        ("rule", '"ref": "{{ option.name }}"', '"ref": "x"', "the Cloudflare rule is 'x'"),
    ],
)  # fmt: skip
def test_a_template_that_says_something_else_is_found_out(
    template: str, old: str, new: str, said: str
) -> None:
    name = f"cloudflare-list{template and '.'}{template}.json.j2"
    text = TEMPLATES[name].text
    assert old in text
    addresses = EDGES["ipv4 only"]
    one = draft(RULED, rules_of(RULED, addresses))
    one = replace(one, response=Response(451))
    own = {**TEMPLATES, name: Text(name, text.replace(old, new))}
    files = render(RULED, one, PATH, own)
    with pytest.raises(Unproved, match=said):
        prove(RULED, files, AddrMap.of_set(addresses), "x", one.orders(RULED, PATH))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("ip.src.country", "ip.src.continent", "expected `ip.src.country in`"),
        ("in {", "in { ", "expected `ip.src.country in`"),
        (' \\"KP\\"', ' \\"KP\\" \\"KP\\"', "a country occurs twice"),
        (' \\"KP\\"', ', \\"KP\\"', "expected `ip.src.country in`"),
        ('"action": "block"', '"action": "log"', "the action is 'monitor', ordered is 'block'"),
    ],
)
def test_another_rule_of_countries_is_found_out(old: str, new: str, said: str) -> None:
    one = of_countries(CLOUDFLARE_COUNTRY, "CN", "KP")
    (file,) = render(CLOUDFLARE_COUNTRY, one, PATH, TEMPLATES)
    assert old.encode() in file.data
    other = ArtifactFile(file.path, file.data.replace(old.encode(), new.encode()), file.families)
    nobody = AddrMap.of_set(prefixes())
    with pytest.raises(Unproved, match=said):
        prove(CLOUDFLARE_COUNTRY, [other], nobody, "x", one.orders(CLOUDFLARE_COUNTRY, PATH))


def test_an_item_twice_is_refused() -> None:
    items = Text("x.json", '[{"ip": "10.0.0.1"},\n{"ip": "10.0.0.1"}]')
    made = Text("x.create.json", '{"name": "x", "kind": "ip", "description": ""}')
    with pytest.raises(SourceSyntaxError, match="this item occurs twice") as refused:
        CLOUDFLARE_LIST.reader([items.encoded(), made.encoded()])
    assert refused.value.at
    assert refused.value.at.line == 2


def page(*addresses: str, after: str = "") -> Text:
    items = [{"id": "7f", "ip": one, "created_on": "2026-11-23T00:00:00Z"} for one in addresses]
    cursors = {"after": after} if after else {}
    answer = {"result": items, "success": True, "result_info": {"cursors": cursors}}
    return Text("page.json", json.dumps(answer))


def test_what_the_api_lists_is_read_page_by_page() -> None:
    pages = [page("10.0.0.1", "2001:db8::/32", after="yvdl"), page("10.0.0.2")]
    rules = read_shown(pages, {}).rules
    assert (len(rules[V4]), len(rules[V6])) == (2, 1)
    with pytest.raises(SourceSyntaxError, match="the last one too"):
        read_shown(pages[:1], {})
    with pytest.raises(SourceSyntaxError, match="expected the answer of the API"):
        read_shown([Text("x", '{"errors": []}')], {})


@pytest.mark.real
def test_the_parser_of_cloudflare_takes_every_expression_we_write() -> None:
    try:
        from octorules_wirefilter import parse_expression
    except ImportError:
        absent("octorules-wirefilter is not installed")
    split = 'when_over = "split"\nmax_entries = 1\nparts = 60\n'
    every = LIST + output("x", "a.json", "cloudflare-list", split)
    expressions = [rule(artifact(every))["expression"], rule(artifact(LIST + OUT))["expression"]]
    for codes in ((), ("CN",), ("CN", "KP", "RU")):
        said = of_countries(CLOUDFLARE_COUNTRY, *codes)
        (file,) = render(CLOUDFLARE_COUNTRY, said, PATH, TEMPLATES)
        expressions.append(json.loads(file.data)["expression"])
        parsed = parse_expression(str(expressions[-1]))
        assert {*parsed["string_literals"]} == {*codes} or parsed["string_literals"] == ["AQ"]
    for expression in expressions:
        assert parse_expression(str(expression)).get("error") is None
    for wrong in ("ip.src in $Bad-Name", 'ip.src.country in {"CN", "KP"}', "ip.source in $x"):
        assert parse_expression(wrong)["error"]
