"""`blockc revoke` and `unrevoke`: decided by people, due with a stage, approved, and taken back."""

import json
import re
import time
from pathlib import Path

import pytest

from blockc.audit.pseudonyms import pseudonym
from tests.cli.conftest import Blockc
from tests.cli.test_docs import documented, keys
from tests.cli.test_refresh import Samples, samples

SECRET = "a secret of the tests"  # noqa: S105
POLICY = """\
version = 1
[list.far]
block  = ["KP", "group:five"]
stages = [{ from = 2026-11-01, action = "monitor" }, { from = 2026-12-01, action = "block" }]
[audit]
key    = "header:x-api-key"
owners = "owners.csv"
[[revoke]]
target    = "aws-api-gateway"
path      = "gateway/revoke.sh"
list      = "far"
keys      = "revoke.csv"
max_keys  = 2
max_share = "100%"
"""
GROUP = """\
source = "https://example.com"
date = 2026-11-01
[group.five]
title = "Five"
countries = ["IR", "SY"]
"""
RAW = ("k-one", "k-two", "k-three", "k-four")
ONE, TWO, THREE, FOUR = (pseudonym(key.encode(), SECRET.encode()) for key in RAW)
IDS = dict(zip((ONE, TWO, THREE, FOUR), ("aaaa1", "bbbb2", "cccc3", "dddd4"), strict=True))
HEADS = "key,proposal,listed,requests,share,countries"


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a policy beside the tables it names."""
    return written_policy(tmp_path, monkeypatch)


def written_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a policy beside the tables it names: one key to revoke, one to notify."""
    monkeypatch.setenv("BLOCKC_AUDIT_SECRET", SECRET)
    (tmp_path / "groups").mkdir()
    (tmp_path / "groups" / "five.toml").write_text(GROUP, encoding="utf-8")
    rows = [f"{raw},Firm,ops@x.example,en,IR,{IDS[key]}" for raw, key in zip(RAW, IDS, strict=True)]
    owners = "\n".join(("key,account,contact,language,country,id", *rows))
    (tmp_path / "owners.csv").write_text(f"{owners}\n", encoding="utf-8")
    path = tmp_path / "blockc.toml"
    path.write_text(POLICY, encoding="utf-8")
    decide(path, {ONE: "revoke", TWO: "notify"})
    return path


def decide(policy: Path, decisions: dict[str, str], name: str = "revoke.csv") -> Path:
    """Write a table of keys as an audit does, and return it."""
    rows = [f"{key},{said},90,100,0.9,KP" for key, said in decisions.items()]
    table = policy.with_name(name)
    table.write_bytes("\r\n".join((HEADS, *rows, "")).encode())
    return table


def plan(policy: Path) -> str:
    return (policy.parent / "revocations" / "gateway" / "revoke.sh").read_text(encoding="utf-8")


def command(key: str, value: str) -> str:
    patch = f"op=replace,path=/enabled,value={value}"
    return f"aws apigateway update-api-key --api-key {IDS[key]} --patch-operations {patch}\n"


def on(day: str) -> tuple[str, ...]:
    return ("--at", day, "--publish-as-of")


def events(blockc: Blockc, policy: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(
        blockc("history", "-o", policy.parent / "revocations", "--json").out
    )
    return found


def test_a_key_is_in_the_plan_from_the_day_on_which_its_list_blocks(
    blockc: Blockc, policy: Path
) -> None:
    decide(policy, {ONE: "revoke", TWO: "notify", THREE: "keep", FOUR: "watch"})
    assert blockc("revoke", "-f", policy, *on("2026-11-30")).code == 0
    assert "update-api-key" not in plan(policy)
    done = blockc("revoke", "-f", policy, "--json", *on("2026-11-30"))
    (told,) = json.loads(done.out)["plans"]
    assert [(one["key"], one["now"]) for one in told["keys"]] == [(ONE, False)]
    assert (told["from"], told["due"], told["known"]) == ("2026-12-01", False, 4)
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0
    assert plan(policy) == "#!/bin/sh\n# list far\nset -eu\n" + command(ONE, "false")
    kinds = [one["event"] for one in events(blockc, policy)]
    assert kinds == ["published", "keys-revoked", "published"]


def test_a_rule_may_revoke_what_the_audit_would_notify(blockc: Blockc, policy: Path) -> None:
    text = policy.read_text(encoding="utf-8")
    policy.write_text(f'{text}rule = ["revoke", "notify"]\n', encoding="utf-8")
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0
    both = sorted((ONE, TWO))
    assert plan(policy).endswith("".join(command(key, "false") for key in both))


def test_too_many_keys_need_approval_once_and_when_they_are_decided(
    blockc: Blockc, policy: Path
) -> None:
    decide(policy, dict.fromkeys((ONE, TWO, THREE), "revoke"))
    words = ("revoke", "-f", policy, *on("2026-11-20"))
    refused = blockc(*words)
    assert refused.code == 4
    assert "3 new keys, 75.0 % of 4 known; [[revoke]] max_keys is 2" in refused.err
    (digest,) = set(re.findall("--accept ([0-9a-f]{12}) --by", refused.err))
    assert blockc(*words, "--accept", digest).code == 2
    other = blockc(*words, "--accept", "0" * 12, "--by", "ops", "--reason", "no")
    assert (other.code, "approves another one" in other.err) == (4, True)
    said = ("--accept", digest, "--by", "ops", "--reason", "order 2026-17")
    assert json.loads(blockc(*words, *said, "--json").out)["approved"]["by"] == "ops"
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0
    assert plan(policy).count("value=false") == 3
    told = events(blockc, policy)
    assert [one["event"] for one in told] == [
        "refused", "refused", "approved", "published", "keys-revoked", "published",
    ]  # fmt: skip
    assert told[2]["reason"] == "order 2026-17"
    shown = blockc("history", "-o", policy.parent / "revocations").out
    assert "3 of 4 keys, [[revoke]] max_keys = 2" in shown


def test_a_share_of_the_known_keys_needs_approval_too(blockc: Blockc, policy: Path) -> None:
    text = policy.read_text(encoding="utf-8").replace('"100%"', '"24%"')
    policy.write_text(text, encoding="utf-8")
    refused = blockc("revoke", "-f", policy, *on("2026-12-01"))
    assert (refused.code, "max_share is 24%" in refused.err) == (4, True)
    policy.write_text(text.replace("24%", "25%"), encoding="utf-8")
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0


def test_a_key_that_gets_another_name_is_a_new_one(blockc: Blockc, policy: Path) -> None:
    text = policy.read_text(encoding="utf-8").replace("max_keys  = 2", "max_keys = 1")
    policy.write_text(text, encoding="utf-8")
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0
    decide(policy, {ONE: "revoke", TWO: "revoke"})
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0
    owners = policy.with_name("owners.csv")
    renamed = owners.read_text(encoding="utf-8").replace("aaaa1", "eeee5").replace("bbbb2", "ffff6")
    owners.write_text(renamed, encoding="utf-8")
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 4


@pytest.mark.parametrize(
    ("decisions", "said"),
    [
        ({ONE: "revok"}, "revoke.csv:2: 'revok' is not a decision about a key; did you mean"),
        ({TWO: "watch", "k-one": "revoke"}, "revoke.csv:3: this is not the HMAC of a key"),
        ({ONE: "watch", "0" * 32: "revoke"}, f"revoke.csv:3: key {'0' * 32} has no name for aws"),
        ({ONE: "restore"}, f"revoke.csv: key {ONE} is to be restored as aaaa1, and no plan"),
    ],
)
def test_a_decision_that_cannot_be_carried_out_is_refused_with_its_place(
    blockc: Blockc, policy: Path, decisions: dict[str, str], said: str
) -> None:
    decide(policy, decisions)
    done = blockc("revoke", "-f", policy, *on("2026-12-01"))
    assert done.code == 2
    assert said in done.err
    assert "k-one" not in done.err
    assert not (policy.parent / "revocations" / "gateway").exists()


def test_a_gateway_that_shares_a_name_between_keys_is_refused(blockc: Blockc, policy: Path) -> None:
    owners = policy.with_name("owners.csv")
    text = owners.read_text(encoding="utf-8").replace("bbbb2", "aaaa1")
    owners.write_text(text, encoding="utf-8")
    done = blockc("revoke", "-f", policy, *on("2026-12-01"))
    assert done.code == 2
    said = f"owners.csv:3: this row's key has the name of key {ONE}, which is to be revoked"
    assert said in done.err


def test_no_secret_is_written_or_shown(blockc: Blockc, policy: Path) -> None:
    done = blockc("revoke", "-f", policy, *on("2026-12-01"))
    assert done.code == 0
    published = [one for one in (policy.parent / "revocations").rglob("*") if one.is_file()]
    assert len(published) > 4
    written = b"".join(one.read_bytes() for one in published)
    written += done.out.encode() + done.err.encode()
    assert not [key for key in RAW if key.encode() in written]
    names = policy.with_name("names.csv")
    named = f'{policy.read_text(encoding="utf-8")}names = "names.csv"\n'
    policy.write_text(named.replace("aws-api-gateway", "json"), encoding="utf-8")
    for row in ("k-one,k-one", f"{ONE},k-one"):
        names.write_text(f"key,id\n{row}\n", encoding="utf-8")
        done = blockc("revoke", "-f", policy, *on("2026-12-01"))
        assert (done.code, "names.csv:2: the key is named by itself" in done.err) == (2, True)
        assert "k-one" not in done.err


def test_a_documented_key_id_is_its_own_name(blockc: Blockc, policy: Path) -> None:
    text = policy.read_text(encoding="utf-8").replace('owners = "owners.csv"', 'key_is = "id"')
    policy.write_text(text, encoding="utf-8")
    decide(policy, {"zzzz9": "revoke", "yyyy8": "keep"})
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0
    assert "--api-key zzzz9 " in plan(policy)
    decide(policy, {"zz/../9": "revoke"})
    done = blockc("revoke", "-f", policy, *on("2026-12-01"))
    assert (done.code, "revoke.csv:2: this row's key cannot name a key" in done.err) == (2, True)


def test_verify_finds_what_was_changed_in_a_published_plan(blockc: Blockc, policy: Path) -> None:
    folder = policy.parent / "revocations"
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0
    assert blockc("verify", folder).code == 0
    shown = folder / ".generations" / "live" / "gateway" / "revoke.sh"
    text = shown.read_text(encoding="utf-8")
    for other, said in (
        (
            text.replace("aaaa1", "bbbb2"),
            "revoke.sh:4:1: target aws-api-gateway: key 'bbbb2'",
        ),
        (text.replace("false", "true"), "key 'aaaa1': restore, decided is revoke"),
        (text.partition("aws")[0], "key 'aaaa1' was decided and is missing"),
    ):
        shown.write_text(other, encoding="utf-8")
        done = blockc("verify", folder)
        assert (done.code, said in done.out) == (1, True), done.out
    report = json.loads(blockc("verify", folder, "--json").out)
    assert keys(report) == documented("verify of plans")
    shown.unlink()
    assert "revoke.sh: is missing" in blockc("verify", folder).out


def test_a_refresh_makes_the_plans_and_a_broken_table_keeps_nothing_else_from_being_done(
    blockc: Blockc, policy: Path
) -> None:
    text = policy.read_text(encoding="utf-8").replace("2026-12-01", "2026-11-02")
    listed = text.replace('"KP", "group:five"', '"192.0.2.0/24"')
    output = '[[output]]\nlist = "far"\ntarget = "plain"\npath = "far.txt"\n'
    output += 'until_block = "empty"\n'
    policy.write_text(listed + output, encoding="utf-8")
    words = ("refresh", "-f", policy, "--json")
    done = blockc(*words)
    report = json.loads(done.out)
    assert (done.code, report["revoke"]["plans"][0]["due"]) == (0, True), done.err
    assert plan(policy).endswith(command(ONE, "false"))
    shown = blockc("refresh", "-f", policy).out
    assert "plan gateway" not in shown  # nothing changed
    decide(policy, {ONE: "revok"})
    policy.write_text((listed + output).replace("192.0.2.0", "198.51.100.0"), encoding="utf-8")
    done = blockc("refresh", "-f", policy)
    assert (done.code, "revoke FAILED: " in done.out) == (2, True)
    published = (policy.parent / "dist" / "far.txt").read_text(encoding="utf-8")
    assert "198.51.100.0/24" in published
    assert plan(policy).endswith(command(ONE, "false"))
    decide(policy, dict.fromkeys((ONE, TWO, THREE, FOUR), "revoke"))
    done = blockc("refresh", "-f", policy)
    assert (done.code, "`blockc revoke --file" in done.err) == (4, True)


def test_metrics_of_a_refresh_say_what_was_decided_and_what_stands_in_the_plans(
    blockc: Blockc, policy: Path
) -> None:
    text = policy.read_text(encoding="utf-8").replace("2026-12-01", "2026-11-02")
    policy.write_text(text.replace('"KP", "group:five"', '"192.0.2.0/24"'), encoding="utf-8")
    decide(policy, {ONE: "revoke", TWO: "notify", THREE: "watch", FOUR: "notify"})
    file = policy.with_name("blockc.prom")
    words, begin = ("refresh", "-f", policy, "--metrics", file), time.time() - 1
    assert blockc(*words).code == 0
    first = samples(file)
    plan = (("list", "far"), ("plan", "gateway/revoke.sh"))
    decided = {dict(labels)["decision"]: n for labels, n in named(first, "plan_decisions")}
    assert decided == {"revoke": 1, "notify": 2, "watch": 1, "keep": 0, "restore": 0}
    stand = {dict(labels)["action"]: n for labels, n in named(first, "plan_keys")}
    assert stand == {"revoke": 1, "restore": 0}
    assert first["blockc_plan_due", plan] == 1
    made = first["blockc_plans_made_timestamp_seconds", ()]
    assert begin <= made <= time.time()
    decide(policy, {ONE: "restore"})
    assert blockc(*words).code == 0
    second = samples(file)
    assert dict(named(second, "plan_keys")) == {
        (("action", "revoke"), *plan): 0, (("action", "restore"), *plan): 1,
    }  # fmt: skip
    decide(policy, {ONE: "revok"})
    assert blockc(*words).code == 2
    third = samples(file)
    assert third["blockc_refresh_step_failed", (("step", "revoke"),)] == 1
    assert named(third, "plan_keys") == []


def named(found: Samples, name: str) -> list[tuple[tuple[tuple[str, str], ...], float]]:
    """Return the labels and numbers of one metric."""
    return [(labels, value) for (one, labels), value in found.items() if one == f"blockc_{name}"]


def test_another_day_needs_another_folder_and_a_dry_run_publishes_nothing(
    blockc: Blockc, policy: Path
) -> None:
    done = blockc("revoke", "-f", policy, "--at", "2026-12-01")
    assert (done.code, "is not now" in done.err) == (2, True)
    done = blockc("revoke", "-f", policy, "--at", "2026-12-01", "--dry-run")
    assert (done.code, "nothing was published" in done.err) == (0, True)
    assert not (policy.parent / "revocations").exists()
    assert blockc("revoke", "-f", policy, "--at", "2026-12-01", "-o", policy.parent / "x").code == 0
    assert (policy.parent / "x" / "gateway" / "revoke.sh").exists()


def test_what_the_log_had_in_place_of_a_hash_may_stand_in_the_table_and_not_be_revoked(
    blockc: Blockc, policy: Path
) -> None:
    decide(policy, {"not a hash": "watch", ONE: "revoke"})
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0
    decide(policy, {"not a hash": "revoke"})
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 2


@pytest.mark.parametrize("kind", ["secret", "hmac"])
def test_owners_by_keys_themselves_need_the_secret(
    blockc: Blockc, policy: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    text = policy.read_text(encoding="utf-8")
    policy.write_text(text.replace("[audit]", f'[audit]\nkey_is = "{kind}"'), encoding="utf-8")
    monkeypatch.delenv("BLOCKC_AUDIT_SECRET")
    done = blockc("revoke", "-f", policy, *on("2026-12-01"))
    assert (done.code, "BLOCKC_AUDIT_SECRET is not set" in done.err) == (2, True)
    owners = policy.with_name("owners.csv")
    hashed = owners.read_text(encoding="utf-8")
    for raw, key in zip(RAW, IDS, strict=True):
        hashed = hashed.replace(raw, key)
    owners.write_text(hashed, encoding="utf-8")
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0


def test_a_policy_without_plans_says_so(blockc: Blockc, policy: Path) -> None:
    text = policy.read_text(encoding="utf-8").partition("[[revoke]]")[0]
    policy.write_text(text, encoding="utf-8")
    done = blockc("revoke", "-f", policy)
    assert (done.code, "has no [[revoke]]" in done.err) == (2, True)
