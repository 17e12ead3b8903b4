"""A build says what it gave up for a limit: loudly, and in tables with names."""

from pathlib import Path

import pytest

from tests.cli.conftest import Blockc
from tests.cli.toy import POLICY, write_policy

OUTPUT = (
    '[[output]]\nlist = "far"\ntarget = "plain"\npath = "{path}"\nmax_entries = {most}\n{more}\n'
)


@pytest.fixture
def build(tmp_path: Path, registries: Path) -> tuple[object, ...]:
    """Return a command that builds `tmp_path / "blockc.toml"`."""
    policy, dist = tmp_path / "blockc.toml", tmp_path / "dist"
    return ("build", "-f", policy, "--from", registries, "-o", dist, "--as-of", "2026-11-23")


def lossy(folder: Path, mode: str, most: int = 2, path: str = "small.txt") -> None:
    """Write the small policy with one more output."""
    more = OUTPUT.format(path=path, most=most, more=f'when_over = "{mode}"')
    write_policy(folder, POLICY + more)


def cells(text: str, first: str) -> list[list[str]]:
    """Return the rows of tables that begin with `first`, split into words."""
    rows = (line.split() for line in text.splitlines())
    return [row for row in rows if row[:1] == [first]]


def test_harm_is_a_warning_that_quiet_does_not_hide(
    blockc: Blockc, build: tuple[object, ...], tmp_path: Path
) -> None:
    lossy(tmp_path, "collateral")
    done = blockc(*build, "-q")
    assert done.code == 0
    (warning,) = done.err.splitlines()
    assert warning == (
        "blockc: warning: small.txt: collateral within 2 blocks 384 ipv4 addresses that no list "
        "asks for: 0.000642 % of what is delegated to others, in 16.7 % of their delegations"
    )


def test_what_is_missed_is_a_warning_too(
    blockc: Blockc, build: tuple[object, ...], tmp_path: Path
) -> None:
    lossy(tmp_path, "coverage")
    err = blockc(*build, "--json").err
    assert "small.txt: coverage within 2 lets 384 ipv4 addresses through that a list blocks" in err


def test_tables_name_what_was_given_up_and_who_is_hit_hardest(
    blockc: Blockc, build: tuple[object, ...], tmp_path: Path
) -> None:
    lossy(tmp_path, "coverage")
    out = blockc(*build).out
    assert "Given up for fewer entries" in out
    assert "small.txt: hit hardest in ipv4, listed, not blocked" in out
    (harm,) = cells(out.partition("Given up")[2].partition("\n\n")[0], "small.txt")
    assert harm[:4] == ["small.txt", "coverage", "within", "2"]
    assert harm[4:9] == ["ipv4", "listed,", "not", "blocked", "384"]
    hardest = cells(out, "CN")
    assert hardest == [["CN", "China", "384", "2"]]
    assert cells(out, "1.0.1.0/24") == [["1.0.1.0/24", "CN", "apnic", "5", "256"]]


def test_entries_are_told_before_and_after_each_pass(
    blockc: Blockc, build: tuple[object, ...], tmp_path: Path
) -> None:
    lossy(tmp_path, "collateral")
    out = blockc(*build, "-v").out.partition("\nPasses\n")[2].partition("\n\n")[0]
    assert cells(out, "collateral") == [["collateral", "within", "2", "4", ">", "2", "1", ">", "1"]]


def test_exact_builds_have_nothing_to_tell(
    blockc: Blockc, build: tuple[object, ...], tmp_path: Path
) -> None:
    lossy(tmp_path, "collateral", most=4)
    done = blockc(*build)
    assert "Given up" not in done.out
    assert "warning" not in done.err


def test_many_artifacts_leave_the_rest_to_the_manifest(
    blockc: Blockc, build: tuple[object, ...], tmp_path: Path
) -> None:
    outputs = [
        OUTPUT.format(path=f"{n}.txt", most=2, more=f'when_over = "balance"\nmu = {n}')
        for n in range(1, 23)
    ]
    write_policy(tmp_path, POLICY + "".join(outputs))
    out = blockc(*build).out
    assert "Given up for fewer entries, 20 of 22; the rest is in manifest.json" in out
    assert "such tables in manifest.json that are not shown: 18" in out
