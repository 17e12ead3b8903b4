"""Which artifacts a policy asks for, and which verdict every address must get from each."""

from datetime import date

import pytest

from blockc.addresses import AddrMap, AddrSet
from blockc.compiler.orders import ArtifactSpec, artifact_groups, verdicts
from blockc.errors import DoNotFit, Mistakes, PolicyError
from blockc.targets.core.target import Layout
from tests.compiler.toy import COUNTRIES, TARGETS, compiled, output, resolved
from tests.policy.toy import addresses

STAGED = """
[list.staged]
block = ["CN"]
stages = [{ from = 2026-11-01, action = "monitor" }, { from = 2027-01-01, action = "block" }]
[list.plain]
block = ["US", "10.0.0.0/10"]
"""
BEFORE, MONITOR, BLOCK = date(2026, 10, 31), date(2026, 11, 1), date(2027, 1, 1)


def specs(text: str) -> list[ArtifactSpec]:
    """Return every artifact that a policy asks for."""
    groups = artifact_groups(resolved(text), COUNTRIES, TARGETS)
    return [spec for group in groups for spec in group.specs]


def said(intent: AddrMap, verdict: str) -> AddrSet:
    """Return the addresses that get a verdict, none if it is not a verdict of the map."""
    return intent.where([verdict]) if verdict in intent.names else AddrSet.empty()


@pytest.mark.parametrize(("day", "action"), [(MONITOR, "monitor"), (BLOCK, "block")])
def test_a_list_says_the_action_in_force(day: date, action: str) -> None:
    one = resolved(STAGED, day).list_of("staged")
    assert verdicts([one]) == AddrMap.of_set(one.addresses, action)
    assert one.addresses


def test_a_list_before_its_first_stage_says_nothing() -> None:
    one = resolved(STAGED, BEFORE).list_of("staged")
    assert one.addresses
    assert verdicts([one]) == AddrMap.of_set(AddrSet.empty(), "block")


def test_of_several_lists_the_first_that_holds_an_address_and_is_in_force_decides() -> None:
    world = resolved(STAGED, MONITOR)
    staged, plain = world.list_of("staged"), world.list_of("plain")
    first, last = verdicts([staged, plain]), verdicts([plain, staged])
    assert said(first, "monitor") == staged.addresses
    assert said(first, "block") == plain.addresses - staged.addresses
    assert said(last, "block") == plain.addresses
    assert said(last, "monitor") == staged.addresses - plain.addresses
    off = resolved(STAGED, BEFORE)
    both = verdicts([off.list_of("staged"), off.list_of("plain")])
    assert both == AddrMap.of_set(plain.addresses, "block")


def test_lists_with_one_action_are_one_verdict() -> None:
    world = resolved(STAGED, BLOCK)
    lists = [world.list_of("staged"), world.list_of("plain")]
    together = lists[0].addresses | lists[1].addresses
    assert verdicts(lists) == AddrMap.of_set(together, "block")


def test_artifacts_come_in_the_order_of_paths_and_countries() -> None:
    split = 'split_by = "country"'
    text = STAGED + output("plain", "z.txt") + output("plain", "a/{country}.txt", more=split)
    found = [one.path for one in specs(text)]
    assert found == ["a/CN.txt", "a/EU.txt", "a/US.txt", "a/ZZ.txt", "z.txt"]


def test_the_parts_of_a_split_list_are_the_list_and_share_nothing() -> None:
    text = STAGED + output("plain", "{country}.txt", more='split_by = "country"')
    parts = {one.name: one.intent for one in specs(text)}
    assert said(parts["plain/CN"], "block") == addresses("10.0.0.0/10")
    assert said(parts["plain/US"], "block") == addresses("10.128.0.0/10")
    assert not said(parts["plain/EU"], "block")
    assert not said(parts["plain/ZZ"], "block")


def test_a_target_that_cannot_say_an_action_is_refused_with_the_place_of_its_output() -> None:
    text = STAGED + output("staged", "a.txt") + output("staged", "b.conf", "nginx-geo")
    for day in (BEFORE, MONITOR, BLOCK):  # whatever the day: it is known before it comes
        with pytest.raises(Mistakes) as caught:
            compiled(text, day)
        assert [type(error) for error in caught.value.errors] == [PolicyError, PolicyError]
        first, second = map(str, caught.value.errors)
        assert first.startswith("p.toml:10:1: plain cannot say 'monitor', and list 'staged' says")
        assert second.startswith("p.toml:15:1: nginx-geo cannot say 'monitor', and list 'staged'")
        assert "says so in p.toml:5; write until_block = " in first
        assert "p.toml:5; write lists = [...] in place of list, or write until_block" in second


def test_an_edge_that_cannot_warn_watches_while_others_warn() -> None:
    text = LEGAL.replace(', status = 451, blocked_by = "https://e.com/legal"', "")
    warning = text.replace('"monitor"', '"warn"')
    with pytest.raises(Mistakes, match=r'cannot say .warn.*write until_block = "monitor": then'):
        compiled(warning + output("legal", "e.json", "envoy-rbac"), MONITOR)
    watching = output("legal", "e.json", "envoy-rbac", 'until_block = "monitor"')
    assert b"shadow_rules" in compiled(warning + watching, MONITOR).files["e.json"]
    assert b"shadow_rules" not in compiled(warning + watching, BLOCK).files["e.json"]
    said = '[[output]]\nlists = ["legal"]\ntarget = "haproxy-map"\npath = "h.map"\n'
    with pytest.raises(Mistakes, match="goes with list; an entry of lists says warn itself"):
        compiled(warning + said + 'until_block = "monitor"\n', MONITOR)


def test_a_list_that_is_off_makes_an_artifact_without_entries() -> None:
    build = compiled(STAGED + output("staged", "a.nft", "nftables"), BEFORE)
    assert "elements" not in build.files["a.nft"].decode()


@pytest.mark.parametrize("day", [BEFORE, MONITOR, BLOCK])
def test_an_output_that_is_empty_until_the_list_blocks_says_so(day: date) -> None:
    text = STAGED + output("staged", "a.txt", more='until_block = "empty"')
    lines = compiled(text, day).files["a.txt"].decode().splitlines()
    said = [line for line in lines if "of list staged" in line]
    entries = [line for line in lines if not line.startswith("#")]
    assert bool(entries) == (day == BLOCK)
    stage = {BEFORE: "off", MONITOR: "monitor"}.get(day)
    line = f"# stage {stage} of list staged: no entries; blocks from 2027-01-01 (UTC) on"
    assert said == ([line] if stage else [])


#: These have no field for a sentence, or no text at all while there are no entries.
SAY_NOTHING = {
    *("csv", "clickhouse", "crowdsec"),
    *("f5-data-group", "aws-wafv2-geo", "aws-prefix-list", "cloud-armor", "cloud-armor-country"),
    *("azure-frontdoor", "azure-appgateway", "azure-frontdoor-geo", "azure-ip-group"),
}


@pytest.mark.parametrize("target", TARGETS)
def test_an_artifact_that_says_what_it_is_says_when_it_blocks(target: str) -> None:
    one = TARGETS[target]
    path = f"a.{'{family}.' if one.layout is Layout.APART else ''}{one.ending}"
    text = STAGED + output("staged", path, target, 'until_block = "empty"')
    files = compiled(text, MONITOR).files
    when = b"blocks from 2027-01-01"
    assert any(when in data for name, data in files.items() if name.startswith("a.")) == (
        target not in SAY_NOTHING
    )
    assert not any(b"blocks from" in data for data in compiled(text, BLOCK).files.values())


def test_lists_that_do_not_block_yet_are_left_out_beside_one_that_does() -> None:
    said = 'lists = ["staged", "plain"]\ntarget = "nginx-geo"\n'
    outputs = (
        f'[[output]]\n{said}path = "a.conf"\nuntil_block = "empty"\n'
        f'[[output]]\n{said}path = "b.conf"\nvariable = "other"\n'
    )
    files = compiled(STAGED + outputs, MONITOR).files
    assert b" monitor;" in files["b.conf"]
    assert b" monitor;" not in files["a.conf"]
    assert b" block;" in files["a.conf"]


@pytest.mark.parametrize(
    ("target", "path", "dropped"),
    [("nftables", "a.nft", "counter drop"), ("ipset", "a.rules.v4", "src -j DROP")],
)
def test_a_packet_filter_counts_then_logs_then_drops(target: str, path: str, dropped: str) -> None:
    stages = STAGED.replace('"monitor" },', '"monitor" }, { from = 2026-12-01, action = "warn" },')
    text = stages + output("staged", "a.nft", target)
    for day, drops, logs in (
        (MONITOR, False, False),
        (date(2026, 12, 1), False, True),
        (BLOCK, True, False),
    ):
        files = compiled(text, day).files  # each is read back and proved
        shown = files[path].decode()
        assert (dropped in shown) == drops
        assert ("10/second" in shown) == logs
        assert ("of list staged: counted" in shown) == (not drops)
        assert b"10.0.0.0" in files["a.nft"]


LEGAL = """
[list.legal]
block = ["CN"]
stages = [
    { from = 2026-11-01, action = "monitor" },
    { from = 2027-01-01, action = "block", status = 451, blocked_by = "https://e.com/legal" },
]
"""
SILENT = 'response = "none"'


def test_one_policy_answers_on_some_edges_and_drops_on_others() -> None:
    web = '[[output]]\nlists = ["legal"]\ntarget = "{}"\npath = "{}"\n'
    text = LEGAL + web.format("nginx-geo", "n.conf") + web.format("haproxy-map", "h.map")
    text += output("legal", "c.conf", "caddy", 'until_block = "empty"')
    text += output("legal", "j.json", "json") + output("legal", "d.nft", "nftables", SILENT)
    link = b'<https://e.com/legal>; rel="blocked-by"'
    for day in (MONITOR, BLOCK):  # the files are there, and say it, before the day
        files = compiled(text, day).files
        assert b"return 451;" in files["n.server.conf"]
        assert link in files["n.server.conf"]
        assert b"return status 451 hdr Link" in files["h.rules.cfg"]
        assert link in files["h.rules.cfg"]
        assert (b"error @blockc_legal 451" in files["c.conf"]) == (day == BLOCK)
        assert (link in files["c.conf"]) == (day == BLOCK)
        assert b'"status": 451' in files["j.json"]
        assert b"451" not in files["d.nft"].replace(b"sha256:1451", b"")
        assert (b"counter drop" in files["d.nft"]) == (day == BLOCK)


def test_a_status_that_a_cloud_cannot_send_is_refused_and_one_that_it_can_arrives() -> None:
    with pytest.raises(Mistakes) as refused:
        compiled(LEGAL + output("legal", "a.json", "aws-wafv2-ipset"))
    (error,) = refused.value.errors
    assert str(error).startswith(
        "p.toml:11:10: aws-wafv2-ipset cannot answer with status 451, and list 'legal' says so in "
        "p.toml:7; use one of 400-401, 403-405, 408-409, 411-416, 421, 429, 500-505, or write"
    )
    text = LEGAL.replace("451", "403") + output("legal", "a.json", "aws-wafv2-ipset")
    counted, blocked = (compiled(text, day).files["a.rule.json"] for day in (MONITOR, BLOCK))
    assert b'"Action": {"Count": {}}' in counted
    assert b'"ResponseCode": 403' in blocked
    assert b'{"Name": "Link", "Value": "<https://e.com/legal>; rel=\\"blocked-by\\""}' in blocked
    silent = LEGAL + output("legal", "a.json", "aws-wafv2-ipset", SILENT)
    assert b'"Action": {"Block": {}}' in compiled(silent, BLOCK).files["a.rule.json"]


@pytest.mark.parametrize(
    ("day", "wanted"),
    [(date(2026, 12, 31), 451), (date(2027, 1, 1), 451), (date(2027, 2, 1), 404)],
)
def test_the_answer_is_that_of_the_stage_that_blocks_or_will_next(day: date, wanted: int) -> None:
    more = '{ from = 2027-02-01, action = "block", status = 404 },\n]'
    text = LEGAL.replace("\n]", f"\n    {more}") + output("legal", "j.json", "json")
    assert f'"status": {wanted}' in compiled(text, day).files["j.json"].decode()


def test_what_a_target_cannot_do_and_what_it_cannot_answer_are_told_in_one_run() -> None:
    with pytest.raises(Mistakes) as refused:
        compiled(LEGAL + output("legal", "a.txt"))
    said = [str(error).partition(", and list")[0] for error in refused.value.errors]
    assert said == [
        "p.toml:11:1: plain cannot say 'monitor'",
        "p.toml:11:10: plain cannot answer with status 451",
    ]


SPLIT = 'when_over = "split"\nmax_entries = 2\n'


@pytest.mark.parametrize("entries", [1, 2, 3, 4])
def test_a_list_is_in_as_many_parts_as_are_asked_for_and_the_last_are_empty(entries: int) -> None:
    block = ", ".join(f'"10.{2 * n + 1}.0.0/24"' for n in range(entries))
    more = f"{SPLIT}parts = 3\n"
    build = compiled(f"[list.a]\nblock = [{block}]\n" + output("a", "{part}.txt", more=more))
    assert sorted(build.files) == ["1.txt", "2.txt", "3.txt", "manifest.json"]
    held = [
        [line for line in build.files[f"{n}.txt"].decode().splitlines() if line[:1] != "#"]
        for n in (1, 2, 3)
    ]
    assert sum(map(len, held)) == entries
    assert held[2] == []
    aws = compiled(
        f"[list.a]\nblock = [{block}]\n" + output("a", "{part}.json", "aws-wafv2-ipset", more)
    )
    assert len(aws.files) == 8  # two sets for each part, the rule and the manifest


def test_a_list_that_needs_more_parts_is_refused_and_so_are_parts_of_nothing() -> None:
    block = ", ".join(f'"10.{2 * n + 1}.0.0/24"' for n in range(5))
    lists = f"[list.a]\nblock = [{block}]\n"
    with pytest.raises(DoNotFit, match=r"a\.txt: the list needs 3 parts, and parts = 2; "):
        compiled(lists + output("a", "a.txt", more=f"{SPLIT}parts = 2\n"))
    with pytest.raises(Mistakes, match="only when_over = 'split' makes parts"):
        compiled(lists + output("a", "a.txt", more="parts = 2\n"))
    with pytest.raises(Mistakes, match="expected at least 1"):
        compiled(lists + output("a", "a.txt", more=f"{SPLIT}parts = 0\n"))
