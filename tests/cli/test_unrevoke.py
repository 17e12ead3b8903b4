"""Keys that are given back: by decision, and only after they were revoked."""

import json
from pathlib import Path

from tests.cli.conftest import Blockc
from tests.cli.test_docs import documented, keys
from tests.cli.test_revoke import ONE, TWO, command, decide, events, on, plan, policy

__all__ = ["policy"]


def test_a_key_is_given_back_by_decision_and_only_after_it_was_revoked(
    blockc: Blockc, policy: Path
) -> None:
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0
    newer = decide(policy, {TWO: "notify"}, "january.csv")
    words = ("unrevoke", "-f", policy, "--at", "2027-01-15", "--keys", newer, "--json")
    (found,) = json.loads(blockc(*words).out)
    assert (found["key"], found["name"], found["decision"]) == (ONE, {"id": "aaaa1"}, "revoke")
    assert found["reasons"] == ["no request from listed addresses"]
    assert keys([found]) == documented("unrevoke")
    decide(policy, {ONE: "restore"})
    report = json.loads(blockc("revoke", "-f", policy, "--json", *on("2027-01-15")).out)
    assert plan(policy).endswith(command(ONE, "true"))
    assert keys(report) == documented("revoke")
    assert [one["event"] for one in events(blockc, policy)][-2] == "keys-restored"
    assert json.loads(blockc(*words).out) == []
    decide(policy, {ONE: "revoke"})
    assert blockc("revoke", "-f", policy, *on("2027-02-01")).code == 0
    assert [one["event"] for one in events(blockc, policy)][-2] == "keys-revoked"


def test_unrevoke_says_who_moved_and_what_was_taken_back(blockc: Blockc, policy: Path) -> None:
    decide(policy, {ONE: "revoke", TWO: "revoke"})
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0
    assert json.loads(blockc("unrevoke", "-f", policy, "--at", "2027-01-15", "--json").out) == []
    newer = decide(policy, {ONE: "revoke", TWO: "watch"}, "january.csv")
    owners = policy.with_name("owners.csv")
    moved = owners.read_text(encoding="utf-8").replace("IR,aaaa1", "de,aaaa1")
    owners.write_text(moved, encoding="utf-8")
    decide(policy, {ONE: "revoke"})
    found = json.loads(
        blockc("unrevoke", "-f", policy, "--at", "2027-01-15", "--keys", newer, "--json").out
    )
    assert {one["key"]: one["reasons"] for one in found} == {
        ONE: ["its owner is in DE"],
        TWO: ["90 of 100 requests are listed: watch", "it is no longer in the table"],
    }
    done = blockc("revoke", "-f", policy, *on("2026-12-02"))
    assert "nobody decides any more, by the names they had, about 1 key;" in done.err
    shown = blockc("unrevoke", "-f", policy, "--at", "2027-01-15")
    assert "write restore as its proposal" in shown.err


def test_evidence_holds_plans_and_what_they_were_made_from(blockc: Blockc, policy: Path) -> None:
    folder, archive = policy.parent / "revocations", policy.parent / "keys.zip"
    assert blockc("revoke", "-f", policy, *on("2026-11-30")).code == 0
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0
    decide(policy, {ONE: "restore", TWO: "revoke"})
    assert blockc("revoke", "-f", policy, *on("2027-01-01")).code == 0
    assert blockc("history", "verify", "-o", folder).code == 0
    assert blockc("evidence", "write", "--published", folder, "-o", archive).code == 0
    done = json.loads(blockc("evidence", "verify", archive, "--rebuild", "--json").out)
    assert (len(done["rebuilt"]), done["problems"], done["notes"]) == (3, [], [])
    inside = folder / ".generations"
    (record,) = [
        one for one in (inside / "records").iterdir() if b"2027-01-01T" in one.read_bytes()
    ]
    table = policy.with_name("revoke.csv").read_bytes()
    assert table in [one.read_bytes() for one in (inside / "objects").iterdir()]
    assert b"owners.csv" not in record.read_bytes()


def test_what_was_revoked_by_another_name_is_not_given_back_by_this_one(
    blockc: Blockc, policy: Path
) -> None:
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0
    owners = policy.with_name("owners.csv")
    renamed = owners.read_text(encoding="utf-8").replace("aaaa1", "eeee5")
    owners.write_text(renamed, encoding="utf-8")
    decide(policy, {ONE: "restore"})
    done = blockc("revoke", "-f", policy, *on("2026-12-02"))
    assert (done.code, "is to be restored as eeee5, and no plan" in done.err) == (2, True)
    owners.write_text(renamed.replace("eeee5", "aaaa1"), encoding="utf-8")
    assert blockc("revoke", "-f", policy, *on("2026-12-02")).code == 0


def test_keys_may_be_given_back_where_their_list_does_not_block(
    blockc: Blockc, policy: Path
) -> None:
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0
    words = ("unrevoke", "-f", policy, "--json", "--at")
    assert json.loads(blockc(*words, "2026-12-01").out) == []
    (found,) = json.loads(blockc(*words, "2026-11-30").out)
    assert found["reasons"] == ["list far does not block"]
