"""`blockc verify --dump` of what APIs and tools of devices answer, as their clients print it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Blockc
from tests.cli.toy import write_policy

POLICY = """\
version = 1

[list.far]
block = ["175.45.176.0/22", "9.9.9.9", "2001:db8:1::/48"]
except = ["175.45.177.0/24"]

[[output]]
list = "far"
target = "{}"
path = "far.{}"
"""
IDS = {"id": "6yxNzlOpW1V7JfSwvLGtOc", "created_at": "2026-11-27T12:00:00Z", "deleted_at": None}


def azure(folder: Path) -> list[str]:
    """Return what `az network ip-group show` prints of each family."""
    groups = [json.loads(one.read_text("utf-8")) for one in sorted(folder.glob("far.ip*.json"))]
    made = [group["resources"][0] for group in groups]
    shown = {"etag": 'W/"1"', "provisioningState": "Succeeded", "firewallPolicies": []}
    return [json.dumps({**shown, "name": one["name"], **one["properties"]}) for one in made]


def google(folder: Path) -> list[str]:
    """Return what `gcloud network-security address-groups describe` prints of each family."""
    groups = [json.loads(one.read_text("utf-8")) for one in sorted(folder.glob("far.ip*.json"))]
    return [json.dumps({**one, "createTime": "2026-11-27T12:00:00Z"}) for one in groups]


def akamai(folder: Path) -> list[str]:
    """Return the answer of Akamai's API about a network list with its elements."""
    made = json.loads((folder / "far.json").read_text("utf-8"))
    shown = {"uniqueId": "1_FAR", "syncPoint": 7, "elementCount": len(made["list"]), "links": {}}
    return [json.dumps({**made, **shown})]


def fastly(folder: Path) -> list[str]:
    """Return the answer of Fastly's API about the entries of an ACL: `negated` is a text there."""
    made = json.loads((folder / "far.json").read_text("utf-8"))
    entries = [{**IDS, **one, "negated": "0", "comment": ""} for one in made["entries"]]
    whole = [{**one, "subnet": None} if one["subnet"] == 32 else one for one in entries]
    return [json.dumps([{key: one[key] for key in one if key != "op"} for one in whole])]


def pfctl(_: Path) -> list[str]:
    """Return what `pfctl -T show` prints."""
    return ["   9.9.9.9\n   175.45.176.0/22\n  !175.45.177.0/24\n   2001:db8:1::/48\n"]


def unbound(folder: Path) -> list[str]:
    """Return what `unbound-control get_option access-control` prints: of all files, backwards."""
    lines = (folder / "far.conf").read_text("utf-8").splitlines()
    said = [line.split(": ", 1)[1] for line in lines if "access-control: " in line]
    return ["".join(f"{line}\n" for line in [*reversed(said), "127.0.0.0/8 allow"])]


SHOWN: Mapping[str, tuple[str, Callable[[Path], list[str]]]] = {
    "azure-ip-group": ("json", azure),
    "cloud-armor-group": ("json", google),
    "akamai-list": ("json", akamai),
    "fastly-acl": ("json", fastly),
    "pf-table": ("txt", pfctl),
    "unbound": ("conf", unbound),
}


def differences(blockc: Blockc, folder: Path, target: str, dumps: list[str]) -> list[Any]:
    words: list[str | Path] = []
    for number, text in enumerate(dumps):
        path = folder / f"dump.{number}"
        path.write_text(text, encoding="utf-8")
        words += ["--dump", path]
    done = blockc("verify", folder / "dist", "--json", "--target", target, *words)
    report = json.loads(done.out)
    assert report["holds"] is (done.code == 0) is (report["differences"] == [])
    found: list[Any] = report["differences"]
    return found


@pytest.mark.parametrize("target", SHOWN)
def test_what_a_platform_says_it_has_is_compared_with_what_was_published(
    blockc: Blockc, tmp_path: Path, target: str
) -> None:
    ending, shown = SHOWN[target]
    built = blockc("build", "-q", "-f", write_policy(tmp_path, POLICY.format(target, ending)))
    assert built.code == 0, built.err
    dumps = shown(tmp_path / "dist")
    assert differences(blockc, tmp_path, target, dumps) == []

    assert "9.9.9.9" in dumps[0]
    changed = [dumps[0].replace("9.9.9.9", "8.8.8.8"), *dumps[1:]]
    (one,) = differences(blockc, tmp_path, target, changed)
    assert one["missing"]["ipv4"]["prefixes"] == ["9.9.9.9/32"]
    assert one["extra"]["ipv4"]["prefixes"] == ["8.8.8.8/32"]

    assert differences(blockc, tmp_path, target, ["[7]", *dumps[1:]])


def test_a_negated_entry_of_fastly_is_not_taken_for_one_that_blocks(
    blockc: Blockc, tmp_path: Path
) -> None:
    built = blockc("build", "-q", "-f", write_policy(tmp_path, POLICY.format("fastly-acl", "json")))
    assert built.code == 0, built.err
    (dump,) = fastly(tmp_path / "dist")
    negated = dump.replace('"negated": "0"', '"negated": "1"', 1)
    (one,) = differences(blockc, tmp_path, "fastly-acl", [negated])
    assert "expected an entry that is not negated" in one["message"]
