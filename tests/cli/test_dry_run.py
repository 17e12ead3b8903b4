"""`blockc build --dry-run`: what each list is on a day."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Blockc
from tests.cli.toy import write_policy

RICH = """\
version = 1

[list.far]
title = "Far away"
reference = "https://example.com/why"
block = ["CN", "group:un-m49-south-america"]
except = [
    "1.0.1.7",
    { prefix = "1.0.2.0/25", owner = "payments", reason = "contract 4811", until = 2026-12-01 },
    { select = "list:near", owner = "sales", reason = "customers" },
]
stages = [
    { from = 2026-11-01, action = "monitor" },
    { from = 2026-12-02, action = "block", status = 451, blocked_by = "https://example.com/law" },
]

[list.near]
block = ["AU"]

[protect]
never_block = ["1.0.3.0/24"]

[[output]]
list = "near"
target = "plain"
path = "near.txt"
"""


@pytest.fixture
def words(tmp_path: Path, registries: Path) -> tuple[object, ...]:
    policy = write_policy(tmp_path, RICH)
    words = ("build", "-f", policy, "--from", registries, "-o", tmp_path / "dist", "--dry-run")
    return (*words, "--as-of", "2026-11-23")


def test_a_dry_run_tells_what_each_list_is_and_publishes_nothing(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path
) -> None:
    done = blockc(*words)
    assert done.code == 0
    assert not (tmp_path / "dist").exists()
    assert not (tmp_path / "dist").exists()
    assert done.err.splitlines()[-1] == "blockc: nothing was published"
    lines = done.out.splitlines()
    rows = [line.split() for line in lines]
    assert lines[0] == "As of 2026-11-23 (UTC)"
    assert "far: Far away" in lines
    assert ["block", "CN", "768", "65,536", "/48"] in rows
    assert ["block", "group:un-m49-south-america", "1,048,576", "0"] in rows
    assert ["except", "1.0.1.7", "1", "0"] in rows
    assert ["except", "list:near", "1,024", "0"] in rows
    assert ["result", str(f"{768 + 1048576 - 1 - 128 - 256:,}"), "65,536", "/48"] in rows
    assert (
        "stage: monitor since 2026-11-01; from 2026-12-02, in 9 days: "
        "block with 451 for https://example.com/law"
    ) in lines
    assert ["1.0.2.0/25", "8", "2026-12-01", "payments", "contract", "4811"] in rows
    assert ["list:near", "no", "end", "sales", "customers"] in rows
    assert ["never_block", "1.0.3.0/24", "256", "0"] in rows
    assert any(line.startswith("un-m49-south-america") for line in lines)


def test_the_report_of_a_dry_run_is_as_documented(
    blockc: Blockc, words: tuple[object, ...]
) -> None:
    report = json.loads(blockc(*words, "--json").out)
    assert list(report) == ["sample", "as_of", "lists", "never_block", "groups", "notes", "coming"]
    assert (report["sample"], report["as_of"]) == (False, "2026-11-23")
    far, near = report["lists"]
    assert far["stage"] == {
        "from": "2026-11-01", "action": "monitor", "status": None, "blocked_by": "",
    }  # fmt: skip
    assert far["next_stage"]["from"] == "2026-12-02"
    assert (near["stage"], near["next_stage"], near["action"]) == (None, None, "block")
    assert far["addresses"] == {"ipv4": str(768 + 1048576 - 1 - 128 - 256), "ipv6": str(2**96)}
    assert far["entries"][3] == {
        "key": "except",
        "selector": "1.0.2.0/25",
        "addresses": {"ipv4": "128", "ipv6": "0"},
        "owner": "payments",
        "reason": "contract 4811",
        "until": "2026-12-01",
        "days_left": 8,
    }
    assert report["never_block"][0]["selector"] == "1.0.3.0/24"
    assert [group["name"] for group in report["groups"]] == ["un-m49-south-america"]
    assert report["notes"][-1].endswith("ends in 8 days, on 2026-12-01; payments owns it")


def test_a_dry_run_finds_the_mistakes_a_build_finds(
    blockc: Blockc, words: tuple[object, ...]
) -> None:
    done = blockc(*words[:-1], "2026-12-02")
    assert (done.code, done.out) == (2, "")
    assert "ended on 2026-12-01" in done.err
    assert blockc(*words[:-1], "2026-12-02", "--allow-expired").code == 0


def test_a_dry_run_shows_no_group_or_exception_where_there_is_none(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    done = blockc("build", "-f", write_policy(tmp_path), "--from", registries, "--dry-run")
    assert done.code == 0
    assert "Groups" not in done.out
    assert "Exceptions" not in done.out
    assert done.out.rstrip().endswith("\nstage: block")
