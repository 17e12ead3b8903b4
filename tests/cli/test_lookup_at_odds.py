"""The first sentence of an answer, where a published file says another thing than its lists."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Blockc
from tests.cli.toy import write_policy, write_registries

POLICY = """\
version = 1

[list.some]
block = ["CN", "AU"]

[list.other]
block = ["192.0.2.0/24"]

[[output]]
list = "some"
target = "plain"
path = "all.txt"

[[output]]
list = "some"
target = "plain"
path = "zones/{country}.zone"
when_over = "split"
split_by = "country"

[[output]]
lists = ["other", "some"]
target = "nginx-geo"
path = "both.conf"
"""
FEW = """
[[output]]
list = "some"
target = "plain"
path = "few{number}.txt"
max_entries = 1
when_over = "{how}"
"""
First = Callable[..., str]


@pytest.fixture
def first(tmp_path: Path, blockc: Blockc) -> First:
    """Return a function that builds a policy and returns the first line of an answer."""
    where = ("--from", write_registries(tmp_path / "registries"), "--as-of", "2026-11-23")

    def ask(policy: str, address: str) -> str:
        words = ("-f", write_policy(tmp_path, policy), *where)
        built = blockc("build", *words, "--publish-as-of", "-q")
        assert built.code == 0, built.err
        twice = {blockc("lookup", *words, address).out.splitlines()[0] for _ in range(2)}
        (said,) = twice  # the second answer is one that was kept
        return said

    return ask


def test_files_that_say_what_their_lists_say_are_not_mentioned(first: First) -> None:
    assert first(POLICY, "1.0.1.7") == "1.0.1.7 is blocked"
    assert first(POLICY, "192.0.2.1") == "192.0.2.1 is blocked"
    assert first(POLICY, "9.9.9.9") == "9.9.9.9 is not blocked"


@pytest.mark.parametrize(("count", "files", "verb"), [
    (1, "few0.txt", "blocks"),
    (2, "few0.txt, few1.txt", "block"),
    (4, "few0.txt, few1.txt and 2 others", "block"),
])  # fmt: skip
def test_what_a_file_blocks_beside_its_list_stands_in_the_first_sentence(
    first: First, count: int, files: str, verb: str
) -> None:
    few = "".join(FEW.format(number=n, how="collateral") for n in range(count))
    said = f"1.0.0.1 is not blocked, but {files} as published {verb} it"
    assert first(POLICY + few, "1.0.0.1") == said


def test_what_a_file_lets_through_of_its_list_stands_in_the_first_sentence(first: First) -> None:
    few = FEW.format(number=0, how="coverage")
    said = "1.0.1.7 is blocked, but few0.txt as published does not block it"
    assert first(POLICY + few, "1.0.1.7") == said


def test_of_a_day_to_come_the_files_of_today_are_not_held_against_the_lists(
    tmp_path: Path, blockc: Blockc
) -> None:
    policy = POLICY.replace('"AU"]', '"AU"]\nstages = [{ from = 2090-01-01, action = "block" }]')
    where = ("--from", write_registries(tmp_path / "registries"))
    words = ("-f", write_policy(tmp_path, f'{policy}[guard]\nmax_age = "9999w"\n'), *where)
    assert blockc("build", *words, "-q").code == 0
    for asked in ("--at", "--as-of"):
        said = blockc("lookup", *words, asked, "2090-02-01", "1.0.1.7").out.splitlines()
        assert "1.0.1.7 is blocked" in said[:2]
