"""Generations by name, the way back and its pin, and the history of all of it."""

import json
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Blockc
from tests.cli.test_docs import documented, keys
from tests.cli.toy import FAR, LAX, POLICY, shown, write_policy

OTHER = POLICY.replace('"BR"', '"AU"').replace("nginx/far", "nginx/new") + LAX
EDGE = '[edge.shop]\noutputs = ["far.txt"]\n'


@pytest.fixture
def words(tmp_path: Path, registries: Path) -> tuple[object, ...]:
    """Return a build of a policy that has published twice."""
    return ("build", "-f", write_policy(tmp_path), "--from", registries)


def published(blockc: Blockc, words: tuple[object, ...], tmp_path: Path) -> list[dict[str, bytes]]:
    """Publish two different generations and return what each showed."""
    found = []
    for text in (POLICY, OTHER):
        write_policy(tmp_path, text + EDGE)
        assert blockc(*words).code == 0
        found.append(shown(tmp_path / "dist"))
    return found


def test_a_rollback_shows_the_generation_before_and_holds_it(
    blockc: Blockc, tmp_path: Path, words: tuple[object, ...]
) -> None:
    assert blockc(*words).code == 0
    place = ("-f", tmp_path / "blockc.toml")
    none = blockc("rollback", *place)
    assert (none.code, none.out) == (2, "")
    assert "no earlier generation" in none.err
    first, second = published(blockc, words, tmp_path)
    assert FAR[0].encode() in first["far.txt"]

    back = blockc("rollback", *place, "--by", "mika", "--reason", "customer locked out")
    assert (back.code, back.out) == (0, "")
    lines = back.err.splitlines()
    assert lines[-2].endswith("3 files written, 1 removed")
    assert "by mika since" in lines[-1]
    assert lines[-1].endswith(" UTC (customer locked out); `blockc rollback --release` ends it")
    assert shown(tmp_path / "dist") == first

    held = blockc(*words)
    assert held.code == 0
    assert "published nothing: pinned to " in held.err
    assert "`blockc rollback --release` ends it" in held.err
    assert shown(tmp_path / "dist") == first
    report = json.loads(blockc(*words, "--json").out)
    assert (report["compiled"], report["written"]) == (True, [])
    assert (report["pinned"]["by"], report["pinned"]["reason"]) == ("mika", "customer locked out")

    assert blockc("rollback", "--release", *place).code == 0
    assert "pinned" not in blockc(*words).err
    assert shown(tmp_path / "dist") == second
    assert blockc("rollback", "--release", *place).code == 2


def test_a_build_that_would_make_what_is_pinned_says_that_it_is(
    blockc: Blockc, tmp_path: Path, words: tuple[object, ...]
) -> None:
    assert blockc(*words).code == 0
    (one,) = json.loads(blockc("generations", "--json", "-f", tmp_path / "blockc.toml").out)
    assert blockc("rollback", one["name"][:9], "-f", tmp_path / "blockc.toml").code == 0
    done = blockc(*words)
    assert "nothing was compiled" in done.err
    assert "pinned to" in done.err


def test_a_policy_that_cannot_be_compiled_is_refused_while_pinned_too(
    blockc: Blockc, tmp_path: Path, words: tuple[object, ...]
) -> None:
    published(blockc, words, tmp_path)
    assert blockc("rollback", "-f", tmp_path / "blockc.toml").code == 0
    write_policy(tmp_path, POLICY.replace("far.txt", "/far.txt"))
    assert blockc(*words).code == 2


def test_generations_say_what_was_published_and_the_policy_how_many_are_kept(
    blockc: Blockc, tmp_path: Path, words: tuple[object, ...]
) -> None:
    published(blockc, words, tmp_path)
    place = ("-f", tmp_path / "blockc.toml")
    assert blockc("rollback", *place).code == 0
    done = blockc("generations", *place)
    assert done.code == 0
    assert "live, pinned" in done.out
    assert "5, 2026-11-20" in done.out
    found = json.loads(blockc("generations", "--json", *place).out)
    assert [(one["live"], one["pinned"]) for one in found] == [(True, True), (False, False)]
    assert keys(found) == documented("generations")
    assert blockc("rollback", "--release", *place).code == 0
    write_policy(tmp_path, POLICY.replace('"BR"', '"DE"') + LAX + "[publish]\nkeep = 1\n")
    assert blockc(*words).code == 0
    assert [one["live"] for one in json.loads(blockc("generations", "--json", *place).out)] == [
        True
    ]
    write_policy(tmp_path, POLICY + "[publish]\nkeep = 0\n")
    assert "expected a number from 1 to 10,000, found 0" in blockc(*words).err


def test_the_history_says_who_did_what_and_proves_it(
    blockc: Blockc, tmp_path: Path, words: tuple[object, ...]
) -> None:
    published(blockc, words, tmp_path)
    place = ("-f", tmp_path / "blockc.toml")
    assert blockc("rollback", "--by", "mika", "--reason", "x", *place).code == 0
    report = json.loads(blockc("history", "--json", *place).out)
    kinds = ["published", "stage-begun", "exception-begun", "published", "rolled-back"]
    assert [one["event"] for one in report] == kinds
    elsewhere = (
        "[].programs[].",
        "[].keys[].",
        "[].path",
        "[].target",
        "[].gateway",
    )  # of other kinds of events
    assert keys(report) == {one for one in documented("history") if not one.startswith(elsewhere)}
    table = blockc("history", *place).out
    assert "mika" in table
    today = datetime.now(UTC).date().isoformat()
    assert json.loads(blockc("history", "--json", *place, "--from", today, "--to", today).out)
    assert blockc("history", "--json", *place, "--to", "2026-01-01").out == "[]\n"
    assert "is not a date" in blockc("history", *place, "--to", "x").err
    assert blockc("history", "verify", *place).code == 0
    proof = json.loads(blockc("history", "verify", "--json", *place).out)
    assert (proof["events"], proof["problems"]) == (5, [])
    path = tmp_path / "dist" / ".generations" / "history.jsonl"
    path.write_bytes(path.read_bytes().replace(b"mika", b"kim "))
    bad = blockc("history", "verify", *place)
    assert (bad.code, "the end was changed" in bad.out) == (1, True)
    broken = json.loads(blockc("history", "verify", "--json", *place).out)
    assert keys(broken) == documented("history verify")


def test_evidence_is_written_and_checked(
    blockc: Blockc, tmp_path: Path, words: tuple[object, ...]
) -> None:
    published(blockc, words, tmp_path)
    place, path = ("-f", tmp_path / "blockc.toml"), tmp_path / "e.zip"
    written = blockc("evidence", "--from", "2026-01-01", "-o", path, *place)
    assert (written.code, written.out) == (0, "")
    assert "2 generations; the history ends with" in written.err
    report = json.loads(blockc("evidence", "--json", "-o", path, *place).out)
    checked = blockc("evidence", "verify", path, "--rebuild")
    assert (checked.code, checked.out) == (0, "")
    assert "nothing is wrong, 2 compiled again with the same bytes" in checked.err
    shutil.rmtree(tmp_path / "registries")
    lacking = json.loads(blockc("evidence", "--json", "-o", path, *place).out)
    assert lacking["missing"]
    assert keys(report, lacking) == documented("evidence")
    noted = json.loads(blockc("evidence", "verify", path, "--json").out)
    assert (noted["problems"], len(noted["notes"])) == ([], len(lacking["missing"]))
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("more", b"")
    bad = blockc("evidence", "verify", path)
    assert (bad.code, bad.out) == (1, "more is not in the index\n")
    again = json.loads(blockc("evidence", "verify", path, "--json").out)
    assert keys(noted, again) == documented("evidence verify")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["evidence"], "name the file to write with -o"),
        (["evidence", "verify"], "name the FILE to check"),
        (["evidence", "verify", "x", "-o", "y"], "verify takes a FILE, and --rebuild"),
        (["evidence", "write", "x", "-o", "y"], "belong to `blockc evidence verify FILE`"),
        (["evidence", "-o", "y", "--to", "z"], "write days as YYYY-MM-DD"),
        (["evidence", "-o", "y", "--published", "none"], "nothing was published here"),
        (["history", "verify", "--country", "BR"], "takes no other option than -o"),
        (["rollback", "--release", "x"], "takes no NAME"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    blockc: Blockc, tmp_path: Path, words: list[str], said: str
) -> None:
    done = blockc(*words, "-f", tmp_path / "blockc.toml")
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_since_when_a_country_was_blocked_has_every_gap(
    blockc: Blockc, tmp_path: Path, words: tuple[object, ...]
) -> None:
    published(blockc, words, tmp_path)
    write_policy(tmp_path, POLICY + "[guard]\nmax_added = 10_000_000\n")
    assert blockc(*words).code == 0
    place = ("-f", tmp_path / "blockc.toml")
    report = json.loads(blockc("history", "--country", "br", "--json", *place).out)
    assert keys(report) == documented("history --country")
    far = [one for one in report if one["artifact"] == "far.txt"]
    assert [one["blocked"] for one in far] == [True, False, True]
    assert far[0]["most"] == {"ipv4": "1048576", "ipv6": "0"}
    assert [one["to"] for one in far] == [far[1]["from"], far[2]["from"], None]
    table = blockc("history", "--country", "BR", *place)
    assert "far.txt: without a gap since" in table.err
    assert "nginx/new.conf: not blocked since" in table.err
    assert "is not a country code" in blockc("history", "--country", "XX", *place).err


def test_a_part_that_comes_with_a_build_or_goes_with_a_rollback_is_told(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    text = POLICY.partition("[[output]]")[0] + '[[output]]\nlist = "far"\ntarget = "plain"\n'
    text += 'path = "far.txt"\nwhen_over = "split"\nmax_entries = '
    words = ("build", "--from", registries, "-o", tmp_path / "dist", "-f")
    assert "warning" not in blockc(*words, write_policy(tmp_path, f"{text}4\n")).err
    done = blockc(*words, write_policy(tmp_path, f"{text}2\n"))
    assert done.code == 0
    assert (
        "far.txt: list far, plain: 2 parts, published until now was 1: load far.2.txt" in done.err
    )
    again = blockc(*words, write_policy(tmp_path, f"{text}2\n"))
    assert "parts" not in again.err
    back = blockc("rollback", "-o", tmp_path / "dist")
    assert "1 part, published until now were 2: delete far.2.txt where it is loaded" in back.err


def test_a_rollback_needs_no_policy_and_tells_programs_what_it_did(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    policy = write_policy(tmp_path)
    assert blockc("build", "-f", policy, "--from", registries).code == 0
    write_policy(tmp_path, POLICY.replace('"BR"', '"AU"') + LAX)
    assert blockc("build", "-f", policy, "--from", registries).code == 0
    policy.unlink()
    report = json.loads(blockc("rollback", "--json", "-q", "-f", policy).out)
    assert list(report) == ["folder", "generation", "written", "unchanged", "removed", "pinned"]
    assert report["folder"] == str(tmp_path / "dist")
    assert report["written"] == ["far.txt", "manifest.json", "nginx/far.conf"]


def test_the_policy_says_where_the_history_is_kept(
    blockc: Blockc, tmp_path: Path, words: tuple[object, ...]
) -> None:
    text = POLICY + '[publish]\nhistory = "../kept/far.jsonl"\n'
    (tmp_path / "policy").mkdir()
    place = ("-f", write_policy(tmp_path / "policy", text))
    limit = '[guard]\nfirst_build = "approve"\n'
    write_policy(tmp_path / "policy", text + limit)
    assert blockc("build", *place, *words[3:]).code == 4
    write_policy(tmp_path / "policy", text)
    assert blockc("build", *place, *words[3:]).code == 0
    kept = tmp_path / "kept" / "far.jsonl"
    events = [json.loads(line)["event"] for line in kept.read_text("utf-8").splitlines()]
    assert events[:2] == ["refused", "published"]
    report = json.loads(blockc("history", *place, "--json").out)
    assert [one["event"] for one in report] == events
    assert blockc("history", "verify", *place).code == 0
    write_policy(tmp_path / "policy", text.replace("far.jsonl", "far/"))
    wrong = blockc("build", *place, *words[3:])
    assert (wrong.code, "expected a file, found '../kept/far/'" in wrong.err) == (2, True)
