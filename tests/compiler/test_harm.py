"""What passes give up is told in the manifest: how much, whom it hits, and who is hit hardest."""

import json
from typing import Any

from blockc.compiler.compile import Build
from blockc.compiler.impact import alike_artifacts
from tests.compiler.toy import compiled, output

# 5.0.0.0/8 is nobody's, 10.0.0.0/9 belongs to CN, 10.128.0.0/10 to US in the small world.
LIST = '[list.far]\nblock = ["CN", "10.192.0.0/16", "10.195.0.0/16"]\n'
WIDEN = 'when_over = "collateral"\nmax_entries = 2'


def harms(build: Build) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(build.files["manifest.json"])["harms"]
    return found


def test_exact_artifacts_harm_nobody() -> None:
    assert harms(compiled(LIST + output("far", "far.txt"))) == []


def test_what_a_limit_adds_is_counted_and_named() -> None:
    spread = '[list.far]\nblock = ["2001:db8:1::/48", "2001:db8:3::/48", "2001:db8:8000::/48"]\n'
    build = compiled(spread + output("far", "far.txt", "plain", WIDEN))
    (one,) = harms(build)
    assert (one["files"], one["pass"]) == (["far.txt"], "collateral within 2")
    assert one["contract"] == "widening"
    assert one["before"] == {"ipv4": 0, "ipv6": 3}
    assert one["after"] == {"ipv4": 0, "ipv6": 2}
    assert one["lost"] == []
    (hit,) = one["added"]
    added = str(2 << 80)
    assert (hit["family"], hit["addresses"], hit["delegated"]) == ("ipv6", added, added)
    assert (hit["delegations"], hit["all_delegations"]) == (1, 1)
    assert hit["countries"] == [{"code": "CN", "addresses": added, "delegations": 1}]
    assert hit["hardest"] == [
        {
            "registry": "apnic",
            "country": "CN",
            "range": "2001:db8::/32",
            "line": 1,
            "addresses": added,
        }
    ]


def test_what_a_limit_misses_is_counted_and_named() -> None:
    more = 'when_over = "coverage"\nmax_entries = 1'
    (one,) = harms(compiled(LIST + output("far", "far.txt", "plain", more)))
    (hit,) = one["lost"]
    assert one["added"] == []
    assert (hit["family"], hit["addresses"]) == ("ipv4", str(2 << 16))
    assert [c["code"] for c in hit["countries"]] == ["EU", "ZZ"]


def test_free_space_that_is_blocked_is_told_and_hits_nobody() -> None:
    spread = '[list.far]\nblock = ["5.0.0.0/24", "5.0.2.0/24"]\n'
    more = 'dont_care = "reserved"'
    (one,) = harms(compiled(spread + output("far", "far.txt", "plain", more)))
    (hit,) = one["added"]
    assert one["contract"] == "within don't-care space"
    assert (hit["addresses"], hit["delegated"], hit["delegations"]) == (str(512), "0", 0)
    assert hit["countries"] == hit["hardest"] == []


def test_artifacts_that_are_compiled_alike_are_told_once() -> None:
    more = 'when_over = "coverage"\nmax_entries = 1'
    build = compiled(LIST + "".join(output("far", f"{n}.txt", "plain", more) for n in "ab"))
    (one,) = harms(build)
    assert one["files"] == ["a.txt", "b.txt"]
    assert [len(alike) for alike in alike_artifacts(build.artifacts)] == [2]
