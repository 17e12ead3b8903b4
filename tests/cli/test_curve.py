"""`blockc curve`: the price of every limit, as tables, JSON and a drawing."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.conftest import Blockc
from tests.cli.toy import POLICY, program, write_policy

LIMITED = POLICY.replace('path = "far.txt"', 'path = "far.txt"\nmax_entries = 3')


@pytest.fixture
def curve(tmp_path: Path, registries: Path) -> tuple[object, ...]:
    """Return a command that shows the curve of the small policy's list."""
    policy = write_policy(tmp_path, LIMITED)
    return ("curve", "far", "-f", policy, "--from", registries, "--as-of", "2026-11-23")


def rows(text: str) -> list[str]:
    """Return the rows that begin with a number, a space between the words."""
    lines = (line.split() for line in text.splitlines())
    return [" ".join(one) for one in lines if one and one[0].replace(",", "").isdigit()]


def test_tables_tell_harm_in_addresses_and_delegations(
    blockc: Blockc, curve: tuple[object, ...]
) -> None:
    done = blockc(*curve)
    assert done.code == 0
    four, six = done.out.split("\n\n")
    assert four.startswith("far (collateral, member): 1,049,216 ipv4 addresses in 3 delegations\n")
    # 128 addresses of a listed delegation are excepted: it is one of the six that hold others
    assert rows(four) == [
        "2 fewest 128 0.000642 % 1 16.7 %",
        "3 far.txt 3 128 0.000642 % 1 16.7 %",
        "4 enough 0 0 % 0 0 %",
    ]
    assert rows(six) == ["1 enough, far.txt 3 0 0 % 0 0 %"]


def test_tables_tell_what_is_covered(blockc: Blockc, curve: tuple[object, ...]) -> None:
    done = blockc(*curve, "--mode", "coverage")
    assert rows(done.out.split("\n\n")[0]) == [
        "1 640 99.939 % 2 33.3 %",
        "2 384 99.9634 % 2 33.3 %",
        "3 far.txt 3 128 99.9878 % 1 66.7 %",
        "4 enough 0 100 % 0 100 %",
    ]


def test_balance_tells_both(blockc: Blockc, curve: tuple[object, ...]) -> None:
    heads = blockc(*curve, "--mode", "balance", "--mu", "0.5").out.splitlines()[1]
    assert "others' addresses blocked" in heads
    assert "list's addresses missed" in heads


def test_a_target_decides_how_and_marks_its_own_limit_only(
    blockc: Blockc, curve: tuple[object, ...]
) -> None:
    ranges = blockc(*curve, "--target", "nftables").out
    assert ranges.startswith("far (collateral, intervals)")
    assert rows(ranges)[-2].startswith("3 enough, far.txt 3"), "ranges need one entry less"
    assert "aws" not in ranges
    assert "aws-wafv2-ipset 10,000" in blockc(*curve, "--target", "aws-wafv2-ipset").out


def test_space_that_is_free_saves_entries(blockc: Blockc, curve: tuple[object, ...]) -> None:
    spread = LIMITED.replace('["CN", "BR"]', '["9.0.0.0/24", "9.0.2.0/24"]')
    Path(str(curve[3])).write_text(spread, encoding="utf-8")
    exact = blockc(*curve).out
    free = blockc(*curve, "--dont-care", "unallocated").out
    assert rows(exact)[-1].startswith("2 enough")
    assert rows(free)[-1].startswith("1 enough")


def test_limits_that_protected_space_forbids_are_named(
    blockc: Blockc, curve: tuple[object, ...]
) -> None:
    policy = LIMITED.replace("max_entries = 3", "max_entries = 1")
    spared = "\n[protect]\nnever_block = ['1.0.0.0/24', '1.0.2.128/25']\n"
    Path(str(curve[3])).write_text(policy + spared, encoding="utf-8")
    done = blockc(*curve)
    assert "far.txt 1: not possible, protected space needs 4 entries" in done.out


def test_the_report_has_the_whole_curve(blockc: Blockc, curve: tuple[object, ...]) -> None:
    report = json.loads(blockc(*curve, "--json").out)
    assert report["list"] == "far"
    assert (report["mode"], report["mu"], report["weigh"]) == ("collateral", None, "addresses")
    four = report["families"]["ipv4"]
    assert four["curve"] == [{"entries": 2, "cost": "128"}, {"entries": 4, "cost": "0"}]
    assert [point["limit"] for point in four["points"]] == [2, 3, 4]
    assert four["points"][1]["names"] == ["far.txt 3"]
    assert four["points"][1]["added"] == {"addresses": "128", "delegated": "128", "delegations": 1}
    by_delegation = json.loads(blockc(*curve, "--json", "--weigh", "delegations").out)
    costs = by_delegation["families"]["ipv4"]["curve"]
    assert costs[0] == {"entries": 2, "cost": "0.2500"}, "a quarter of a delegation of 512"


def test_the_drawing_is_written_whole(
    blockc: Blockc, curve: tuple[object, ...], tmp_path: Path
) -> None:
    path = tmp_path / "drawn" / "far.svg"
    path.parent.mkdir()
    done = blockc(*curve, "--svg", path)
    assert done.err == f"blockc: wrote {path}\n"
    first = path.read_bytes()
    assert ET.fromstring(first).tag.endswith("svg")  # noqa: S314  ours
    assert b"far (collateral, member), ipv4" in first
    blockc(*curve, "--svg", path)
    assert path.read_bytes() == first
    assert [one.name for one in path.parent.iterdir()] == ["far.svg"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--mu", "3"], "only --mode balance has a --mu"),
        (["--target", "nftable"], "unknown target 'nftable'; did you mean 'nftables'?"),
        (["--mode", "fail"], "'fail' is not one of 'collateral', 'coverage', 'balance'"),
        (["--sample"], "--sample and --from exclude each other"),
    ],
)
def test_calls_that_make_no_sense_are_refused(
    blockc: Blockc, curve: tuple[object, ...], words: list[str], said: str
) -> None:
    done = blockc(*curve, *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_an_unknown_list_is_told_its_nearest_neighbour(
    blockc: Blockc, curve: tuple[object, ...]
) -> None:
    done = blockc("curve", "fra", *curve[2:])
    assert done == (
        2,
        "",
        "blockc: no list 'fra'; did you mean 'far'?; the policy has far\n",
    )


def test_the_sample_says_so(tmp_path: Path) -> None:
    policy = write_policy(tmp_path, 'version = 1\n[list.kp]\nblock = ["KP"]\n')
    done = program("curve", "kp", "-f", policy, "--sample", "--as-of", "2026-11-23")
    assert done.code == 0
    assert "SAMPLE DATA" in done.err
    assert rows(done.out)[-1].startswith("1 enough")
