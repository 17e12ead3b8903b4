"""What AWS is given, against its own model of every call; and the commands that the pages show.

The commands run as they stand there, with a program `aws` that keeps what AWS would keep and
refuses what AWS refuses.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from blockc.addresses import V6, AddrSet, Prefix
from blockc.errors import DoesNotFit
from blockc.targets.cloud.aws_cloudformation import AWS_CLOUDFORMATION
from blockc.targets.cloud.aws_prefix_list import AWS_PREFIX_LIST
from blockc.targets.cloud.aws_wafv2_geo import AWS_WAFV2_GEO
from blockc.targets.cloud.aws_wafv2_ipset import AWS_WAFV2_IPSET
from blockc.targets.core.render import render
from blockc.targets.core.response import Response
from blockc.targets.core.target import Target
from blockc.values import replace
from tests.support.aws_shapes import input_problems, shape_problems
from tests.support.machine import require_program
from tests.targets.artifacts import (
    EDGES,
    LINK,
    PATH,
    TEMPLATES,
    draft,
    of_countries,
    prefixes,
    rules_of,
    scattered,
    written,
)

pytestmark = pytest.mark.real
WAFV2 = [AWS_WAFV2_IPSET, AWS_WAFV2_IPSET.responding(), AWS_WAFV2_IPSET.in_two_sets()]


def bodies(target: Target, addresses: AddrSet) -> dict[str, Any]:
    """Return path -> JSON of what `target` writes."""
    return {one.path: json.loads(one.data) for one in written(target, addresses)}


@pytest.mark.parametrize("target", WAFV2, ids=["sets", "with a rule", "two sets"])
@pytest.mark.parametrize("case", ["nothing", "neighbours", "halves"])
def test_the_model_of_wafv2_has_nothing_against_sets_and_rules(target: Target, case: str) -> None:
    for path, body in bodies(target, EDGES[case]).items():
        if ".rule." in path:
            assert shape_problems("wafv2", "Rule", body) == []
        else:
            assert input_problems("wafv2", "CreateIPSet", body) == []


@pytest.mark.parametrize("action", ["monitor", "warn", "block"])
@pytest.mark.parametrize("count", [0, 1, 50, 51, 250])
def test_the_model_of_wafv2_has_nothing_against_rules_of_countries(action: str, count: int) -> None:
    from blockc.registries import countries

    codes = list(countries.names())[:count]
    answer = Response(403, LINK) if action == "block" else None
    document = of_countries(AWS_WAFV2_GEO, *codes, action=action, response=answer)
    (file,) = render(AWS_WAFV2_GEO, document, PATH, TEMPLATES)
    assert shape_problems("wafv2", "Rule", json.loads(file.data)) == []


@pytest.mark.parametrize("action", ["monitor", "warn"])
def test_the_model_of_wafv2_has_nothing_against_a_stage_before_block(action: str) -> None:
    target = AWS_WAFV2_IPSET.responding()
    rules = rules_of(target, EDGES["neighbours"])
    document = replace(draft(target, rules), action=action, response=None, names=("", action))
    *_, rule = render(target, document, PATH, TEMPLATES)
    assert shape_problems("wafv2", "Rule", json.loads(rule.data)) == []


def test_the_model_finds_what_is_wrong() -> None:
    (body, _) = bodies(AWS_WAFV2_IPSET, EDGES["neighbours"]).values()
    for key, value, said in (
        ("Name", "bad name!", "expected ^"),
        ("Scope", "X", "expected one of 2 words"),
        ("Addresses", ["a" * 51], "is 51, expected 1 to 50"),
        ("Address", [], "knows no Address"),
        ("Scope", 1, "is not a string"),
    ):
        (problem,) = input_problems("wafv2", "CreateIPSet", {**body, key: value})
        assert said in problem
    del body["Scope"]
    assert input_problems("wafv2", "CreateIPSet", body) == ["CreateIPSet has no Scope"]


# cfn-lint takes 3 s to begin, so it reads all templates at once.


def templates() -> Iterator[tuple[str, bytes]]:
    """Yield a name and a template of CloudFormation, of lists and of stages."""
    for case in ("nothing", "everything", "halves", "neighbours", "ipv6 only"):
        several = {"shard": 1} if case == "neighbours" else {}
        (file,) = written(AWS_CLOUDFORMATION, EDGES[case], several)
        yield case, file.data
    document = draft(
        AWS_CLOUDFORMATION, rules_of(AWS_CLOUDFORMATION, EDGES["neighbours"]), {"name": "a-" * 20}
    )
    for action in ("monitor", "warn", "block"):
        answer = Response(403, LINK) if action == "block" else None
        said = replace(document, action=action, names=("", action), response=answer)
        (file,) = render(AWS_CLOUDFORMATION, said, PATH, TEMPLATES)
        yield action, file.data


def linted(folder: Path, made: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Return the file and the message of each thing that cfn-lint has against templates."""
    for name, data in made.items():
        (folder / f"{name}.json").write_bytes(data)
    paths = [str(folder / f"{name}.json") for name in made]
    command = [require_program("cfn-lint"), "--non-zero-exit-code", "none", "--format", "json"]
    done = subprocess.run([*command, *paths], capture_output=True, text=True, check=True)
    return [(Path(one["Filename"]).stem, one["Message"]) for one in json.loads(done.stdout)]


def test_cfn_lint_has_nothing_against_our_templates_and_finds_what_is_wrong(tmp_path: Path) -> None:
    made = dict(templates())
    good = made["neighbours"]
    for wrong, old, new in (
        ("wrong kind", b"AWS::WAFv2::IPSet", b"AWS::WAFv2::IpSet"),
        ("wrong name", b'"Name": "blockc', b'"Name": "block c'),
        ("wrong key", b'"Arn": {', b'"ARN": {'),
        ("wrong reference", b'["IPv4', b'["IP_v4'),
    ):
        assert old in good
        made[wrong] = good.replace(old, new)
    said = linted(tmp_path, made)
    assert {name for name, _ in said} == {name for name in made if name.startswith("wrong")}, said


def test_the_largest_template_has_the_size_that_cloudformation_takes() -> None:
    most = AWS_CLOUDFORMATION.capacity({})
    assert most == 15_000
    long = [Prefix(V6, (0x2000 << 112) + (at << 90), 127) for at in range(most)]
    longest = AddrSet.of(long)
    assert longest.prefixes(V6).length.min() == 127
    (file,) = written(AWS_CLOUDFORMATION, longest)
    assert 800_000 < len(file.data) < 1_000_000
    with pytest.raises(DoesNotFit, match="holds 15,000 entries, the list has 15,001"):
        written(AWS_CLOUDFORMATION, longest | prefixes("192.0.2.0/24"))


# A program `aws` for one prefix list, one web ACL and one IP set: it keeps state in one file.
FAKE = """\
#!{python}
import json, os, sys
verbs, words = sys.argv[1:3], sys.argv[3:]
given = dict(zip(words[::2], words[1::2]))
path = {state!r}
state = json.load(open(path)) if os.path.exists(path) else {{}}

def body(option):
    text = given[option]
    return json.load(open(text[7:])) if text.startswith("file://") else json.loads(text)

def arn(name, key):
    return f"arn:aws:wafv2:eu-central-1:123456789012:regional/ipset/{{name}}/{{key}}"

def token(number):
    return f"a1b2c3d4-0000-0000-0000-{{number:012}}"

def note(service, operation, value):
    with open(path + ".calls", "a") as calls:
        print(json.dumps([service, operation, value]), file=calls)

sets = state.setdefault("sets", {{}})
if verbs[1] == "create-ip-set":
    made = body("--cli-input-json")
    note("wafv2", "CreateIPSet", made)
    sets[made["Name"]] = made | {{"Id": token(len(sets)), "token": 0}}
elif verbs[1] == "list-ip-sets":
    note("wafv2", "ListIPSets", {{"Scope": given["--scope"], "Limit": int(given["--limit"])}})
    print(json.dumps({{"IPSets": [
        {{"Name": name, "Id": one["Id"], "ARN": arn(name, one["Id"])}} for name, one in sets.items()
    ]}}))
elif verbs[1] == "get-ip-set":
    call = {{"Scope": given["--scope"], "Name": given["--name"], "Id": given["--id"]}}
    note("wafv2", "GetIPSet", call)
    one = sets[call["Name"]]
    if call["Id"] != one["Id"]:
        sys.exit("WAFNonexistentItemException")
    shown = {{key: one[key] for key in ("Name", "Id", "IPAddressVersion", "Addresses")}}
    print(json.dumps({{"IPSet": shown, "LockToken": token(one["token"])}}))
elif verbs[1] == "update-ip-set":
    call = body("--cli-input-json")
    note("wafv2", "UpdateIPSet", call)
    one = sets[call["Name"]]
    if call["LockToken"] != token(one["token"]) or call["Id"] != one["Id"]:
        sys.exit("WAFOptimisticLockException")
    one |= {{"Addresses": call["Addresses"], "token": one["token"] + 1}}
elif verbs[1] == "check-capacity":
    call = {{"Scope": given["--scope"], "Rules": json.loads(given["--rules"])}}
    note("wafv2", "CheckCapacity", call)
elif verbs[1] == "get-web-acl":
    print(json.dumps({{"WebACL": state["acl"], "LockToken": token(state["acl_token"])}}))
elif verbs[1] == "update-web-acl":
    call = body("--cli-input-json")
    note("wafv2", "UpdateWebACL", call)
    if call["LockToken"] != token(state["acl_token"]):
        sys.exit("WAFOptimisticLockException")
    state["acl"]["Rules"] = call["Rules"]
    state["acl_token"] += 1
elif verbs[1] == "create-managed-prefix-list":
    made = body("--cli-input-json")
    note("ec2", "CreateManagedPrefixList", made)
    state |= {{"entries": [e["Cidr"] for e in made["Entries"]], "version": 1, "calls": 1,
              "most": made["MaxEntries"]}}
elif verbs[1] == "get-managed-prefix-list-entries":
    print(json.dumps({{"Entries": [{{"Cidr": one}} for one in state["entries"]]}}))
elif verbs[1] == "describe-managed-prefix-lists":
    state["looked"] = state.get("looked", 0) + 1
    done = state["looked"] % 3 == 0
    said = "modify-complete" if done else "modify-in-progress"
    print(said if "State" in given["--query"] else state["version"])
elif verbs[1] == "modify-managed-prefix-list":
    call = body("--cli-input-json") | {{"PrefixListId": given["--prefix-list-id"],
                                       "CurrentVersion": int(given["--current-version"])}}
    note("ec2", "ModifyManagedPrefixList", call)
    add = [e["Cidr"] for e in call["AddEntries"]]
    remove = [e["Cidr"] for e in call["RemoveEntries"]]
    now = [one for one in state["entries"] if one not in remove] + add
    if call["CurrentVersion"] != state["version"] or not {{*remove}} <= {{*state["entries"]}}:
        sys.exit("IncorrectState")
    if len(now) > state["most"] or len({{*now}}) < len(now):
        sys.exit("PrefixListMaxEntriesExceeded")
    state |= {{"entries": now, "version": state["version"] + 1, "calls": state["calls"] + 1}}
else:
    sys.exit(f"unknown: {{sys.argv}}")
json.dump(state, open(path, "w"))
"""


class Cloud:
    """A folder with the program, and what it keeps."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "state.json"
        program = folder / "aws"
        text = FAKE.format(python=f"{sys.executable} -IS", state=str(self.path))
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        return found

    def keep(self, **state: Any) -> None:
        """Let the cloud have something from before."""
        self.path.write_text(json.dumps(state), encoding="utf-8")

    @property
    def problems(self) -> list[str]:
        """Return what the model has against the calls that were made."""
        calls = Path(f"{self.path}.calls").read_text(encoding="utf-8").splitlines()
        return [one for call in calls for one in input_problems(*json.loads(call))]

    def run(self, script: str) -> None:
        """Run a script in which the program is found first."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env={
                **os.environ,
                "PATH": f"{self.folder}:{os.environ['PATH']}",
                "PL": "pl-1",
                "ACL": "edge",
                "ACL_ID": "a1b2c3d4-0000-0000-0000-000000000001",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")


METRICS = {
    "SampledRequestsEnabled": True,
    "CloudWatchMetricsEnabled": True,
    "MetricName": "edge",
}
#: All that the answer about a web ACL can hold, as far as an update must not repeat it.
WEB_ACL = {
    "Name": "edge",
    "Id": "a1b2c3d4-0000-0000-0000-000000000001",
    "ARN": "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/edge/a1b2c3d4",
    "DefaultAction": {"Allow": {}},
    "Rules": [
        {
            "Name": "ours-already",
            "Priority": 7,
            "Statement": {"GeoMatchStatement": {"CountryCodes": ["AQ"]}},
            "Action": {"Count": {}},
            "VisibilityConfig": METRICS,
        }
    ],
    "VisibilityConfig": METRICS,
    "Capacity": 1,
    "ManagedByFirewallManager": False,
    "LabelNamespace": "awswaf:123456789012:webacl:edge:",
    "RetrofittedByFirewallManager": False,
}


def test_the_commands_for_ip_sets_make_update_and_use_them(tmp_path: Path) -> None:
    require_program("jq")
    cloud, target = Cloud(tmp_path), AWS_WAFV2_IPSET.responding()
    cloud.keep(acl=WEB_ACL, acl_token=0)
    create, rest = AWS_WAFV2_IPSET.deployment.load.split("# for every change", 1)
    for number, addresses in enumerate([prefixes(), EDGES["neighbours"], EDGES["ipv4 only"]]):
        files = dict(zip(("ipv4", "ipv6", "rule"), written(target, addresses), strict=True))
        for name, file in files.items():
            (tmp_path / f"list.{name}.json").write_bytes(file.data)
        if not number:
            cloud.run(create + create.replace("ipv4", "ipv6"))
        cloud.run("# " + rest)
        for family in ("ipv4", "ipv6"):
            kept = cloud.state["sets"][f"blockc-export-control-{family}"]
            assert kept["Addresses"] == json.loads(files[family].data)["Addresses"]
            assert kept["token"] == number + 1
        other, rule = cloud.state["acl"]["Rules"]
        assert other == WEB_ACL["Rules"][0]  # type: ignore[index]
        used = rule["Statement"]["OrStatement"]["Statements"]
        ids = [one["IPSetReferenceStatement"]["ARN"].split("/")[-1] for one in used]
        assert ids == [one["Id"] for one in cloud.state["sets"].values()]
    assert cloud.problems == []


def test_the_commands_for_a_rule_of_countries_put_it_in_place_of_the_one_before(
    tmp_path: Path,
) -> None:
    require_program("jq")
    cloud = Cloud(tmp_path)
    cloud.keep(acl=WEB_ACL, acl_token=0)
    for codes in (("CN",), ("CN", "KP")):
        (file,) = render(AWS_WAFV2_GEO, of_countries(AWS_WAFV2_GEO, *codes), PATH, TEMPLATES)
        (tmp_path / "list.json").write_bytes(file.data)
        cloud.run(AWS_WAFV2_GEO.deployment.load)
        other, rule = cloud.state["acl"]["Rules"]
        assert (other["Name"], rule) == ("ours-already", json.loads(file.data))
    assert cloud.problems == []


def lists(random: Random, count: int) -> AddrSet:
    return prefixes(*(f"10.{random.randrange(256)}.{2 * n % 256}.{n % 7}/32" for n in range(count)))


def test_the_commands_for_a_prefix_list_make_what_the_file_says(tmp_path: Path) -> None:
    require_program("jq")
    cloud, random = Cloud(tmp_path), Random(1)
    create, _, rest = AWS_PREFIX_LIST.deployment.load.partition("# then")
    for number, count in enumerate([250, 250, 30, 0, 301]):
        (ipv4, _) = written(AWS_PREFIX_LIST, lists(random, count))
        (tmp_path / "list.ipv4.json").write_bytes(ipv4.data)
        before = cloud.state["calls"] if number else 0
        cloud.run((create if number == 0 else "") + f"#{rest}".replace("sleep 1", "true"))
        wanted = [one["Cidr"] for one in json.loads(ipv4.data)["Entries"]]
        assert sorted(cloud.state["entries"]) == sorted(wanted)
        assert cloud.state["calls"] - before <= 4
    assert cloud.problems == []


def test_the_longest_prefix_list_is_as_the_model_demands_but_for_the_entries_of_a_call() -> None:
    random = Random(2)
    addresses = scattered(random, 400)
    (_, ipv6) = bodies(AWS_PREFIX_LIST, addresses).values()
    assert len(ipv6["Entries"]) > 100
    (problem,) = input_problems("ec2", "CreateManagedPrefixList", ipv6)
    assert "Entries is" in problem
    ipv6["Entries"] = ipv6["Entries"][:100]
    assert input_problems("ec2", "CreateManagedPrefixList", ipv6) == []
