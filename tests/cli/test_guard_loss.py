"""What outputs lose or harm to keep a limit is judged as a change of a list is."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Blockc
from tests.cli.test_guard import Words, digest_in
from tests.cli.toy import (
    POLICY,
    write_policy,
)

FIT = """
[[output]]
list = "far"
target = "plain"
path = "small.txt"
max_entries = {}
when_over = "{}"
"""
IGNORING = "[guard]\nignore_below = {{ ipv4 = {}, ipv6 = 1 }}\n"


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("collateral", "128 ipv4 addresses more that no list names are blocked"),
        ("coverage", "384 ipv4 addresses more of its lists are let through"),
    ],
)
def test_what_a_limit_of_entries_costs_more_is_refused_and_approved(
    blockc: Blockc, words: Words, tmp_path: Path, mode: str, said: str
) -> None:
    guard = IGNORING.format(100) + 'max_added = "0.01%"\nmax_removed = "0.01%"\n'
    write_policy(tmp_path, POLICY + guard + FIT.format(4, mode))
    assert blockc(*words).code == 0
    write_policy(tmp_path, POLICY + guard + FIT.format(2, mode))
    refused = blockc(*words)
    assert refused.code == 4, refused.err
    share, count = ("0.0122 %", "128") if mode == "collateral" else ("0.0366 %", "384")
    key = "max_added" if mode == "collateral" else "max_removed"
    assert refused.err.splitlines()[0] == (
        f"blockc: output small.txt: to keep to its limit {said}, as much as {share} of the "
        f"1,049,216 ipv4 addresses blocked before; [guard] {key} is 0.01%"
    )
    diff = blockc("diff", *words[1:5], "-o", *words[6:])
    assert f"output small.txt: to keep to its limit {said}" in diff.out + diff.err
    done = blockc(
        *words, "--json", "--accept", digest_in(refused), "--by", "ops", "--reason", "meant"
    )
    assert done.code == 0, done.err
    (refusal,) = json.loads(done.out)["guard"]["refusals"]
    assert (refusal["rule"], refusal["output"], refusal["addresses"]) == (
        "loss", "small.txt", count,
    )  # fmt: skip
    write_policy(tmp_path, POLICY + guard + FIT.format(2, mode) + "# the same loss again\n")
    assert blockc(*words).code == 0


def test_a_loss_below_the_limit_of_its_list_and_one_that_shrinks_are_published(
    blockc: Blockc, words: Words, tmp_path: Path
) -> None:
    for floor, most in ((129, 4), (129, 2), (100, 4)):
        guard = IGNORING.format(floor) + 'max_added = "0.01%"\n'
        write_policy(tmp_path, POLICY + guard + FIT.format(most, "collateral"))
        assert blockc(*words).code == 0, (floor, most)


def test_a_loss_has_the_limits_of_its_list(blockc: Blockc, words: Words, tmp_path: Path) -> None:
    guard = IGNORING.format(100) + "list.far = { max_added = 127 }\n"
    write_policy(tmp_path, POLICY + guard + FIT.format(4, "collateral"))
    assert blockc(*words).code == 0
    write_policy(tmp_path, POLICY + guard + FIT.format(2, "collateral"))
    refused = blockc(*words)
    assert "[guard.list.far] max_added is 127 ipv4 addresses" in refused.err
    write_policy(tmp_path, POLICY + guard.replace("127", "128") + FIT.format(2, "collateral"))
    assert blockc(*words).code == 0


ENDING = '{{ prefix = "{}", owner = "o", reason = "r", until = 2026-11-23 }}'


@pytest.mark.parametrize(
    ("prefix", "most", "days", "code"),
    [
        ("1.0.3.1", 2, ("2026-11-23", "2026-11-24"), 4),  # excuses itself
        ("177.0.0.0/16", 2, ("2026-11-23", "2026-11-24"), 0),  # which is more than is lost
        ("177.0.0.0/16", 6, ("2026-11-24", "2026-11-23"), 4),  # nobody reviewed that it goes back
    ],
)
def test_a_date_excuses_the_loss_of_as_many_addresses_as_it_moves(
    blockc: Blockc,
    words: Words,
    tmp_path: Path,
    *,
    prefix: str,
    most: int,
    days: tuple[str, str],
    code: int,
) -> None:
    spared = POLICY.replace('"1.0.2.128/25"', f'"1.0.2.128/25", {ENDING.format(prefix)}')
    guard = IGNORING.format(1) + 'max_added = 0\nmax_removed = "100%"\n'
    build = (*words[:-2], "--publish-as-of", "--allow-expired", "--as-of")
    write_policy(tmp_path, spared + guard + FIT.format(100, "collateral"))
    first = blockc(*build, days[0])
    assert first.code == 0, first.err
    write_policy(tmp_path, spared + guard + FIT.format(most, "collateral"))
    done = blockc(*build, days[1])
    assert done.code == code, done.err
    assert ("output small.txt: to keep to its limit" in done.err) == (code == 4)
