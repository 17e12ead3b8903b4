"""What a policy's text becomes, whatever the order it is written in."""

import json
from datetime import date
from fractions import Fraction
from functools import partial
from itertools import permutations

import pytest

from blockc.addresses.family import V4, V6
from blockc.errors import Mistakes
from blockc.policy.checking.parse_policy import parse_policy
from blockc.policy.meaning.resolve import resolve
from blockc.policy.model import (
    ChangeLimits,
    Exemption,
    Hook,
    Known,
    Output,
    Policy,
    Stage,
    TargetFacts,
)
from blockc.policy.policy_schema import group_schema, policy_schema
from blockc.policy.syntax.country_groups import read_groups
from blockc.policy.syntax.selectors import AddressRange, CountrySelector, FeedSelector, ListSelector
from blockc.tomlio.tables import MOST_MISTAKES
from blockc.tomlio.when import When
from tests.policy.crowd import with_outputs
from tests.policy.toy import KNOWN, OPTIONS, TODAY, WORLD, Files, addresses, parsed, resolved
from tests.support.counting import calls_of

PIECES = (
    '[list.b]\nblock = ["CN", "list:a"]\nexcept = ["10.0.0.1"]\n',
    '[list.a]\nallow = ["10.0.0.0/24"]\n',
    '[protect]\nnever_block = ["10.0.0.2"]\n',
    '[[output]]\nlist = "b"\ntarget = "plain"\npath = "b.txt"\n',
    '[[output]]\nlist = "a"\ntarget = "map"\npath = "a.txt"\nvariable = "x"\n',
)


def test_the_order_of_tables_makes_no_difference() -> None:
    first = resolved("".join(PIECES))
    for order in permutations(PIECES):
        result = resolved("".join(order))
        assert result.policy == first.policy
        assert [one.addresses for one in result.lists] == [one.addresses for one in first.lists]


def test_a_policy_in_one_file_or_several_means_the_same() -> None:
    whole = resolved("".join(PIECES)).policy
    for cut in range(1, len(PIECES)):
        files = {
            "etc/parts/one.toml": b"version = 1\n" + "".join(PIECES[:cut]).encode(),
            "shared/two.toml": b"version = 1\n" + "".join(PIECES[cut:]).encode(),
        }
        for names in permutations(["parts/one.toml", "../shared/two.toml"]):
            policy = parsed(f"include = {json.dumps(names)}\n", files)
            assert policy.files == ("etc/blockc.toml", "etc/parts/one.toml", "shared/two.toml")
            for part in ("lists", "outputs", "protect", "guard"):
                assert getattr(policy, part) == getattr(whole, part)


def test_a_file_included_twice_is_read_once() -> None:
    common = b'version = 1\n[list.a]\nblock = ["file:own.txt"]\n'
    both = b'version = 1\ninclude = ["../common.toml"]\n'
    files = {"etc/common.toml": common, "etc/x/b.toml": both, "etc/own.txt": b"10.0.0.1\n"}
    reader = Counting(files)
    text = 'version = 1\ninclude = ["common.toml", "x/b.toml", "./common.toml"]\n'
    policy = parse_policy("etc/blockc.toml", text, known=KNOWN, read_file=reader)
    assert [one.name for one in policy.lists] == ["a"]
    assert reader.read == ["etc/common.toml", "etc/x/b.toml"]


class Counting(Files):
    """Files that remember which of them were read."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(files)
        self.read: list[str] = []

    def __call__(self, path: str) -> bytes:
        self.read.append(path)
        return super().__call__(path)


@pytest.mark.parametrize(
    ("entry", "fits"),
    [
        ("2.0.0.0/8", True),
        ("2.0.0.1-3.0.0.0", True),
        ("2.0.0.0-3.0.0.0", False),
        ("2001::/16", True),
        ("2000::/15", False),
        ("2001::-2002::", False),
        ("2001::1-2002::", True),
    ],
)
def test_a_file_holds_nothing_wider_than_an_operator_may_write(entry: str, *, fits: bool) -> None:
    text, files = '[list.a]\nblock = ["file:f.txt"]\n', {"etc/f.txt": f"{entry}\n".encode()}
    for form, given in ((text, files), (f'[list.a]\nblock = ["{entry}"]\n', {})):
        if fits:
            assert resolved(form, given).list_of("a").addresses == addresses(entry)
        else:
            with pytest.raises(Mistakes, match="wider than a /"):
                resolved(form, given)


@pytest.mark.parametrize(("status", "fits"), [(399, False), (400, True), (599, True), (600, False)])
def test_a_stage_answers_with_an_error_of_http(status: int, *, fits: bool) -> None:
    stage = f'{{ from = 2026-01-01, action = "block", status = {status} }}'
    text = f'[list.a]\nblock = ["CN"]\nstages = [{stage}]\n'
    if fits:
        assert parsed(text).list_of("a").stages[0].status == status
    else:
        with pytest.raises(Mistakes, match="refuses nothing"):
            parsed(text)


def test_a_file_is_named_from_the_file_that_names_it() -> None:
    files = {
        "etc/x/b.toml": b'version = 1\n[list.b]\nblock = ["file:own.txt"]\n',
        "etc/x/own.txt": b"10.0.0.1\n",
        "etc/own.txt": b"10.0.0.2\n",
    }
    result = resolved('include = ["x/b.toml"]\n[list.a]\nblock = ["file:own.txt"]\n', files)
    assert result.list_of("a").addresses == addresses("10.0.0.2")
    assert result.list_of("b").addresses == addresses("10.0.0.1")


def test_every_value_of_a_policy_arrives() -> None:
    policy = parsed(
        """
[list.a]
title = "A"
reference = "https://example.com"
block = ["CN", "feed:drop?region=b&kind=a"]
except = ["list:b", { prefix = "10.0.0.1", owner = "o", reason = "r", until = 2027-01-01 }]
stages = [{ from = 2026-01-01, action = "block", status = 451, blocked_by = "https://e.com" }]
[list.b]
block = ["US"]
[guard]
max_added = "2.5%"
max_removed = 70_000
max_age = "2w"
widest_prefix = { ipv4 = 9 }
ignore_below = { ipv4 = 4096 }
first_build = "approve"
native = "off"
list.a = { max_added = "50%" }
country.UK = { max_removed = 0 }
[[output]]
lists = ["b", "a"]
target = "map"
path = "a.conf"
max_entries = 10
when_over = "two-sets"
template = "my.j2"
variable = ["v", "w"]
response = "none"
until_block = "empty"
"""
    )
    one = policy.list_of("a")
    assert (one.title, one.reference) == ("A", "https://example.com")
    assert [w.selector for w in one.block] == [
        CountrySelector("CN"),
        FeedSelector("drop", (("kind", "a"), ("region", "b"))),
    ]
    assert fields_of(one.exemptions[0]) == (ListSelector("b"), "", "", None)
    selector, *rest = fields_of(one.exemptions[1])
    assert isinstance(selector, AddressRange)
    assert rest == ["o", "r", When(date(2027, 1, 1))]
    assert one.stages == (Stage(When(date(2026, 1, 1)), "block", 451, "https://e.com"),)
    require_guard(policy)
    require_output(policy.outputs[0])


def fields_of(exemption: Exemption) -> tuple[object, str, str, When | None]:
    return exemption.located.selector, exemption.owner, exemption.reason, exemption.until


def require_guard(policy: Policy) -> None:
    guard = policy.guard
    assert (guard.max_added, guard.max_removed) == (Fraction(1, 40), 70_000)
    assert guard.lists == {"a": ChangeLimits(Fraction(1, 2))}
    assert guard.countries == {"GB": ChangeLimits(max_removed=0)}
    assert (guard.ignore_below(V4), guard.ignore_below(V6)) == (4096, 1_048_576)
    assert guard.first_build == "approve"
    assert guard.native == "off"
    assert (guard.max_age_hours, guard.widest_ipv4, guard.widest_ipv6) == (336, 9, 16)


def require_output(output: Output) -> None:
    assert (output.target, output.path, output.lists) == ("map", "a.conf", ("b", "a"))
    assert (output.fit.max_entries, output.fit.when_over) == (10, "two-sets")
    assert (output.template, output.options) == ("my.j2", {"variable": ("v", "w")})
    assert (output.answers, output.until_block) == (False, "empty")
    assert not output.country_map
    assert not output.split_by_country


def test_a_variable_that_is_a_list_gives_its_entries_in_place() -> None:
    text = '[vars]\nthem = ["CN", "US"]\nnet = "10.0.0"\n[list.a]\n'
    policy = parsed(text + 'block = ["ZZ", "${them}", "${net}.0/24"]\nexcept = ["${them}"]\n')
    one = policy.list_of("a")
    assert [str(w.selector) for w in one.block] == ["ZZ", "CN", "US", "10.0.0.0/24"]
    assert [str(s.located.selector) for s in one.exemptions] == ["CN", "US"]


def test_a_variable_may_be_spelt_with_an_escape() -> None:
    policy = parsed('[vars]\nthem = "CN"\n[list.a]\nblock = ["\\u0024{them}"]\n')
    assert [str(w.selector) for w in policy.list_of("a").block] == ["CN"]


def test_without_a_reader_no_file_can_be_named() -> None:
    with pytest.raises(Mistakes) as caught:
        parse_policy("x.toml", 'version = 1\ninclude = ["b.toml"]\n', known=KNOWN)
    assert caught.value.errors[0].message == "cannot read b.toml: no file can be read here"


def test_a_feed_needs_somebody_who_knows_it() -> None:
    policy = parsed('[list.a]\nblock = ["feed:drop"]\n')
    with pytest.raises(Mistakes) as caught:
        resolve(policy, WORLD, read_file=Files(), as_of=TODAY)
    assert caught.value.errors[0].message == "feed:drop needs a source that was not given"


def test_mistakes_of_several_files_are_reported_together() -> None:
    files = {"etc/b.toml": b'version = 1\n[list.b]\nblock = ["XX"]\n'}
    with pytest.raises(Mistakes) as caught:
        parsed('include = ["b.toml"]\n[list.a]\nblock = ["QQ"]\n', files)
    assert [str(error.at) for error in caught.value.errors] == [
        "etc/b.toml:3:10",
        "etc/blockc.toml:4:10",
    ]


def test_the_schema_refuses_unknown_keys_but_for_the_options_of_targets() -> None:
    tables = policy_schema(KNOWN, OPTIONS)["$defs"]
    objects = {name: one for name, one in tables.items() if one.get("type") == "object"}
    open_tables = [name for name, one in objects.items() if one.get("additionalProperties", True)]
    assert open_tables == ["OutputTable", "RevokeTable"]
    assert tables["OutputTable"]["unevaluatedProperties"] is False
    targets = tables["OutputTable"]["properties"]["target"]["enum"]
    assert targets == ["map", "plain", "single", "whole"]
    assert {"from", "action"} == set(tables["StageTable"]["required"])
    assert "except" in tables["ListTable"]["properties"]


def test_the_schemas_are_plain_json_and_always_the_same() -> None:
    for schema in (partial(policy_schema, KNOWN, OPTIONS), group_schema):
        assert json.dumps(schema()) == json.dumps(schema())
    assert group_schema()["title"] == "blockc country groups"


def test_a_group_of_ones_own_is_read_like_a_shipped_one() -> None:
    text = 'source = "https://e.com"\ndate = 2026-01-01\ncaveat = "All."\n'
    (group,) = read_groups(
        "g.toml", text + '[group.g]\ntitle = "G"\ncaveat = "One."\ncountries = ["US", "CN", "US"]\n'
    )
    assert (group.countries, group.caveat) == (("CN", "US"), "All. One.")


@pytest.mark.parametrize(("lists", "outputs"), [(1, 4), (4, 1)])
def test_reading_takes_time_that_grows_with_the_lists_and_the_outputs(
    lists: int, outputs: int
) -> None:
    known = Known({"t": TargetFacts()})

    def calls(times: int) -> int:
        text = with_outputs(50 * (times if lists > 1 else 1), 50 * (times if outputs > 1 else 1))
        return calls_of(lambda: parse_policy("p.toml", text, known=known))

    calls(1)  # what is made once
    assert calls(20) < 5 * calls(5)


def test_a_long_circle_of_lists_is_told_by_its_ends() -> None:
    lists = "".join(f'[list.l{n}]\nblock = ["list:l{(n + 1) % 300}"]\n' for n in range(300))
    with pytest.raises(Mistakes) as found:
        parse_policy("p.toml", f"version = 1\n{lists}", known=Known({}))
    (first, *rest) = found.value.errors
    assert len(rest) == MOST_MISTAKES
    assert first.hint == (
        "l0 -> l1 -> l2 -> l3 -> l4 -> l5 -> 290 more -> l296 -> l297 -> l298 -> l299 -> l0"
    )


def test_a_long_chain_of_lists_is_followed_to_its_end() -> None:
    (first, *_) = resolved(with_outputs(1500, 0).removeprefix("version = 1\n")).lists
    assert first.addresses == resolved('[list.a]\nblock = ["CN"]').lists[0].addresses


def test_edges_are_in_order_of_name_and_know_their_outputs() -> None:
    text = """
    [list.x]
    block = ["CN"]
    [[output]]
    list = "x"
    target = "plain"
    path = "x.txt"
    on_change = ["systemctl", "reload", "nginx"]
    [edge.shop]
    outputs = ["x.txt"]
    domains = ["shop.example.com"]
    [edge.api]
    owner = "platform"
    [refresh]
    webhook_env = "HOOK"
    """
    policy = parsed(text)
    assert [(one.name, one.outputs, one.owner) for one in policy.edges] == [
        ("api", (), "platform"),
        ("shop", ("x.txt",), ""),
    ]
    (output,) = policy.outputs
    assert output.on_change == Hook(("systemctl", "reload", "nginx"), 60)
    assert policy.webhook_env == "HOOK"


def test_an_edge_and_the_refresh_are_in_one_file_only() -> None:
    more = b'version = 1\n[edge.a]\n[refresh]\nwebhook_env = "A"\n'
    text = 'include = ["more.toml"]\n[list.x]\nblock = ["CN"]\n[edge.a]\n[refresh]\n'
    with pytest.raises(Mistakes) as refused:
        parsed(text, {"etc/more.toml": more})
    said = [str(one).splitlines()[0] for one in refused.value.errors]
    assert [one.partition(": ")[2] for one in said] == [
        "edge 'a' is also in etc/blockc.toml:5:2",
        "[refresh] is also in etc/blockc.toml:6:2",
    ]
