"""The guard as operators meet it: what is refused, what is said, and how it is approved."""

import json
import re
import shlex
from pathlib import Path

import pytest
import time_machine

from tests.cli.conftest import Blockc, accepted
from tests.cli.toy import (
    LAX,
    POLICY,
    ROWS,
    Done,
    delegated,
    on_terminal,
    shown,
    write_policy,
    write_registries,
)

BIGGER = POLICY.replace('"BR"]', '"BR", "US"]')
Words = tuple[object, ...]


def digest_in(done: Done) -> str:
    """Return the digest that a refusal asks to accept."""
    (digest,) = set(re.findall("--accept ([0-9a-f]{12}) --by", done.err))
    return str(digest)


def shift_germany(folder: Path) -> None:
    """Let the registry say that France is in Brazil from now on; no count changes."""
    rows = tuple(row.replace("FR|ipv4", "BR|ipv4") for row in ROWS["ripencc"])
    path = folder / "delegated-ripencc-extended-latest"
    path.write_text(delegated("ripencc", rows), encoding="utf-8")


def test_an_edit_that_blocks_too_much_is_refused_with_rule_numbers_key_and_command(
    blockc: Blockc, words: Words, tmp_path: Path
) -> None:
    assert blockc(*words).code == 0
    before = shown(tmp_path / "dist")
    write_policy(tmp_path, BIGGER)
    done = blockc(*words)
    assert (done.code, done.out) == (4, "")
    assert shown(tmp_path / "dist") == before
    lines = done.err.splitlines()
    assert lines[0] == (
        "blockc: list far: 16,777,216 ipv4 addresses become blocked, 16.0 times the 1,049,216 ipv4 "
        "addresses before; [guard] max_added is 2%"
    )
    assert lines[1] == (
        "blockc: list far: 16,777,216 ipv4 addresses of US become blocked, 100 % of all that are "
        "registered there; [guard] max_added is 2%"
    )
    assert (
        f"nothing was published: change {digest_in(done)} needs approval; why: policy: +"
        in (lines[2])
    )


def test_the_command_that_is_shown_approves_exactly_this_change(
    blockc: Blockc, words: Words, tmp_path: Path
) -> None:
    blockc(*words)
    write_policy(tmp_path, BIGGER)
    refused = blockc(*words)
    (command,) = re.findall("run `blockc (.*)`", refused.err)
    again = [w.replace("WHO", "ops").replace("WHY", "asked for") for w in shlex.split(command)]
    assert again[-4:] == ["--by", "ops", "--reason", "asked for"]
    done = blockc(*again, "--json")
    assert done.code == 0, done.err
    guard = json.loads(done.out)["guard"]
    assert guard["digest"] == digest_in(refused)
    assert guard["approved"] == {"by": "ops", "reason": "asked for"}
    assert [(one["rule"], one["country"]) for one in guard["refusals"]] == [
        ("list", None),
        ("country", "US"),
    ]


def test_the_diff_that_is_shown_is_of_that_very_build(
    blockc: Blockc, words: Words, tmp_path: Path
) -> None:
    blockc(*words)
    write_policy(tmp_path, BIGGER)
    (shown_words,) = re.findall("see `blockc (diff [^`]+)`", blockc(*words).err)
    done = blockc(*shlex.split(shown_words))
    assert done.code == 0
    assert "16,777,216" in done.out
    (published,) = re.findall("see `blockc (diff [^`]+)`", blockc(*words, "--publish-as-of").err)
    assert published == shown_words


def test_an_approval_is_for_no_other_change(blockc: Blockc, words: Words, tmp_path: Path) -> None:
    blockc(*words)
    write_policy(tmp_path, BIGGER)
    old = digest_in(blockc(*words))
    write_policy(tmp_path, BIGGER.replace('"US"', '"US", "FR"'))
    done = blockc(*words, "--accept", old, "--by", "ops", "--reason", "x")
    assert done.code == 4
    assert f"--accept {old} approves another one" in done.err
    assert digest_in(done) != old


def test_an_approval_for_another_live_generation_does_not_hold(
    blockc: Blockc, words: Words, tmp_path: Path
) -> None:
    blockc(*words)
    write_policy(tmp_path, BIGGER)
    old = digest_in(blockc(*words))
    write_policy(tmp_path, POLICY + "# a word\n")
    assert blockc(*words).code == 0
    write_policy(tmp_path, BIGGER)
    assert blockc(*words, "--accept", old, "--by", "ops", "--reason", "x").code == 4


@pytest.mark.parametrize(
    "options",
    [("--accept", "abcdef012345"), ("--by", "me"), ("--reason", "why"),
     ("--accept", "abcdef012345", "--by", " ", "--reason", "why")],
)  # fmt: skip
def test_what_is_approved_by_whom_and_why_go_together(
    blockc: Blockc, words: Words, options: tuple[str, ...]
) -> None:
    done = blockc(*words, *options)
    assert done.code == 2
    assert "--accept, --by and --reason go together" in done.err


def test_countries_that_shift_in_the_data_are_refused_with_their_numbers(
    blockc: Blockc, words: Words, tmp_path: Path
) -> None:
    assert blockc(*words).code == 0
    shift_germany(tmp_path / "registries")
    done = blockc(*words)
    assert done.code == 4
    assert "1,048,576 ipv4 addresses become blocked" in done.err
    assert "of BR become blocked, 50 % of all that are registered there" in done.err
    assert "why: data: +1,048,576 ipv4 addresses" in done.err


def test_what_a_country_had_counts_where_it_loses(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    text = POLICY.replace('"BR"]', '"FR", "US"]') + '[guard]\nmax_removed = "40%"\n'
    words = ("build", "-f", write_policy(tmp_path, text), "--from", registries)
    assert blockc(*words).code == 0
    shift_germany(registries)
    done = blockc(*words)
    assert done.code == 4
    lines = [line for line in done.err.splitlines() if "nothing was" not in line]
    (line,) = lines
    assert line == (
        "blockc: list far: 1,048,576 ipv4 addresses of FR stop being blocked, 100 % of all that "
        "are registered there; [guard] max_removed is 40%"
    )


def test_a_list_that_goes_is_refused_as_all_of_it(
    blockc: Blockc, words: Words, tmp_path: Path
) -> None:
    more = '[list.us]\nblock = ["US"]\n[[output]]\nlist = "us"\ntarget = "plain"\npath = "us"\n'
    write_policy(tmp_path, POLICY + more)
    assert blockc(*words).code == 0
    write_policy(tmp_path)
    done = blockc(*words)
    assert done.code == 4
    assert "list us: 16,777,216 ipv4 addresses stop being blocked, 100 % of the 16,777" in done.err


def test_a_new_list_is_refused_and_with_a_number_of_its_own_it_is_not(
    blockc: Blockc, words: Words, tmp_path: Path
) -> None:
    assert blockc(*words).code == 0
    more = '[list.us]\nblock = ["US"]\n[[output]]\nlist = "us"\ntarget = "plain"\npath = "us"\n'
    write_policy(tmp_path, POLICY + more)
    done = blockc(*words)
    assert done.code == 4
    assert "list us: 16,777,216 ipv4 addresses become blocked, and none were before" in done.err
    limits = '[guard]\nlist.us.max_added = 17_000_000\ncountry.US.max_added = "100%"\n'
    write_policy(tmp_path, POLICY + more + limits)
    assert blockc(*words).code == 0


def test_a_list_that_only_monitors_is_no_matter_until_it_blocks_by_edit(
    blockc: Blockc, words: Words, tmp_path: Path
) -> None:
    assert blockc(*words).code == 0
    stage = 'stages = [{{ from = 2026-01-01, action = "{}" }}]\n'
    more = '[[output]]\nlists = ["us"]\ntarget = "nginx-geo"\npath = "us"\n'
    lists = '[list.us]\nblock = ["US"]\n'
    write_policy(tmp_path, POLICY + lists + stage.format("monitor") + more)
    assert blockc(*words).code == 0
    write_policy(tmp_path, POLICY + lists + stage.format("block") + more)
    assert "list us: 16,777,216 ipv4 addresses become blocked" in blockc(*words).err


def test_what_a_date_does_passes_and_what_the_data_does_that_day_does_not(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    staged = POLICY.replace(
        'title = "Far away"',
        'stages = [{ from = 2026-11-01, action = "monitor" }, { from = 2026-12-01, '
        'action = "block" }]',
    ).replace('list = "far"\ntarget = "nginx-geo"', 'lists = ["far"]\ntarget = "nginx-geo"')
    staged = staged.replace(
        'list = "far"\ntarget = "plain"\npath = "far.txt"',
        'list = "far"\ntarget = "json"\npath = "far.txt"',
    )
    words = ("build", "-f", write_policy(tmp_path, staged), "--from", registries, "--publish-as-of")
    first = blockc(*words, "--as-of", "2026-11-23")
    assert first.code == 0, first.err
    write_registries(registries, lacnic=("BR|ipv4|179.0.0.0|1048576|20261125|allocated",))
    done = blockc(*words, "--as-of", "2026-12-01")
    assert done.code == 4
    assert "list far: 1,048,576 ipv4 addresses become blocked" in done.err
    write_registries(registries)
    done = blockc(*words, "--as-of", "2026-12-01")
    assert done.code == 0, done.err


def test_an_exception_that_ends_passes(blockc: Blockc, tmp_path: Path, registries: Path) -> None:
    spared = '{ prefix = "177.0.0.0/12", owner = "o", reason = "r", until = 2026-11-30 }'
    policy = write_policy(tmp_path, POLICY.replace('"1.0.2.128/25"', spared))
    words = ("build", "-f", policy, "--from", registries, "--publish-as-of", "--allow-expired")
    assert blockc(*words, "--as-of", "2026-11-30").code == 0
    done = blockc(*words, "--as-of", "2026-12-01")
    assert done.code == 0, done.err


def test_a_first_build_passes_or_asks_as_the_policy_says(
    blockc: Blockc, words: Words, tmp_path: Path
) -> None:
    write_policy(tmp_path, POLICY + '[guard]\nfirst_build = "approve"\n')
    done = blockc(*words)
    assert done.code == 4
    assert "this is the first build here, and [guard] first_build asks for approval" in done.err
    assert not (tmp_path / "dist" / "far.txt").exists()
    assert accepted(blockc, *words).code == 0


def test_what_the_sample_made_is_nothing_to_compare_with_and_is_compared_itself(
    blockc: Blockc, words: Words, tmp_path: Path
) -> None:
    sample = ("build", "-f", words[2], "--sample", "-o", tmp_path / "dist", "--as-of", "2026-11-23")
    assert blockc(*sample).code == 0
    write_policy(tmp_path, BIGGER)
    assert blockc(*sample).code == 0, "who tries things out is asked nothing"
    assert blockc(*words).code == 0, "from the sample to real data"
    done = blockc(*sample)
    assert done.code == 4, "and back would be a mistake"


def test_another_folder_is_compared_with_what_stands_there(
    blockc: Blockc, words: Words, tmp_path: Path
) -> None:
    blockc(*words)
    write_policy(tmp_path, BIGGER)
    elsewhere = [tmp_path / "other" if word == tmp_path / "dist" else word for word in words]
    assert blockc(*elsewhere).code == 0
    write_policy(tmp_path)
    assert blockc(*elsewhere).code == 4
    assert blockc(*words).code == 0


def test_a_damaged_record_is_no_way_around(blockc: Blockc, words: Words, tmp_path: Path) -> None:
    blockc(*words)
    write_policy(tmp_path, BIGGER)
    (record,) = (tmp_path / "dist" / ".generations" / "records").iterdir()
    record.write_bytes(record.read_bytes()[:-20])
    done = blockc(*words)
    assert done.code == 2
    assert "damaged" in done.err


def test_whoever_writes_lax_limits_is_not_asked(
    blockc: Blockc, words: Words, tmp_path: Path
) -> None:
    blockc(*words)
    write_policy(tmp_path, POLICY.replace('"BR"]', "]") + LAX)
    assert blockc(*words).code == 0


def test_programs_get_the_refusals_as_json(blockc: Blockc, words: Words, tmp_path: Path) -> None:
    blockc(*words)
    write_policy(tmp_path, BIGGER)
    done = blockc(*words, "--json")
    report = json.loads(done.err)
    assert (done.code, done.out, report["exit_code"]) == (4, "", 4)
    assert len(report["errors"]) == 3
    assert "--accept" in report["errors"][-1]["hint"]


def test_a_refusal_and_an_approval_stand_in_the_history(
    blockc: Blockc, words: Words, tmp_path: Path
) -> None:
    blockc(*words)
    write_policy(tmp_path, BIGGER)
    assert accepted(blockc, *words).code == 0
    path = tmp_path / "dist" / ".generations" / "history.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    events = [one for one in map(json.loads, lines) if not one["event"].endswith("-begun")]
    assert [one["event"] for one in events] == ["published", "refused", "approved", "published"]
    refused, approved = events[1:3]
    assert refused["digest"] == approved["digest"]
    assert refused["before"] == approved["before"] == events[0]["generation"]
    assert refused["live"] == events[0]["generation"]
    assert (approved["by"], approved["reason"]) == ("ops", "meant")
    assert [one["key"] for one in refused["refusals"]] == ["[guard] max_added"] * 2
    proof = blockc("history", "verify", "-f", words[2])
    assert proof.code == 0, proof.err
    table = blockc("history", "-f", words[2]).out
    said = "list far, US: 16,777,216 ipv4 addresses added, [guard] max_added = 2%"
    assert table.count(said) == 2


STAGES = """
[list.soon]
block = ["FR"]
stages = [
    { from = 2026-01-01, action = "monitor" },
    { from = 2026-11-24, action = "block" },
]
"""


def test_what_a_clock_that_went_back_takes_back_is_refused(
    blockc: Blockc, words: Words, tmp_path: Path
) -> None:
    """That a stage begins was reviewed; that it has not begun yet again was not."""
    now = [one for one in words if one not in ("--as-of", "2026-11-23")]
    write_policy(tmp_path, POLICY + STAGES)

    def built(moment: str) -> Done:
        with time_machine.travel(moment, tick=False):
            return blockc(*now)

    assert built("2026-11-23 02:00Z").code == 0
    assert built("2026-11-24 02:00Z").code == 0  # the stage begins, as the policy says
    blocked = shown(tmp_path / "dist")
    refused = built("2026-11-23 03:00Z")
    assert refused.code == 4, refused.err
    assert "list soon: 1,048,576 ipv4 addresses stop being blocked" in refused.err
    assert "why: date: -" in refused.err
    assert shown(tmp_path / "dist") == blocked
    assert built("2026-11-25 02:00Z").code == 0


def test_a_refusal_that_diff_shows_fits_the_terminal(
    blockc: Blockc, words: Words, tmp_path: Path
) -> None:
    assert blockc(*words).code == 0
    write_policy(tmp_path, BIGGER)
    said = on_terminal("diff", *words[1:])
    refusal = said[said.index("The guard refuses") : said.index("Lists")]
    assert "needs approval: --accept" in " ".join(refusal.split())
    assert max(map(len, refusal.splitlines())) <= 80
