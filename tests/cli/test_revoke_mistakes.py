"""`blockc revoke` and `unrevoke` where an operator errs, or changes a policy between two plans."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Blockc
from tests.cli.test_revoke import ONE, TWO, decide, events, on, written_policy


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a policy beside the tables it names."""
    return written_policy(tmp_path, monkeypatch)


def change(policy: Path, *changes: tuple[str, str]) -> None:
    """Replace texts that a policy has."""
    text = policy.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    policy.write_text(text, encoding="utf-8")


def test_a_gateway_that_is_told_keys_by_themselves_is_refused_while_keys_are_secret(
    blockc: Blockc, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BLOCKC_AUDIT_SECRET")
    apigee = '"apigee"\nnames = "names.csv"\norganization = "acme"\nwhat = "key"'
    change(policy, ('"aws-api-gateway"', apigee))
    names = policy.with_name("names.csv")
    names.write_text(f"key,developer,app,id\n{ONE},a@x.example,one,k-one\n", encoding="utf-8")
    done = blockc("revoke", "-f", policy, *on("2026-12-01"))
    assert done.code == 2
    assert "apigee would name each key by itself, and keys are secret" in done.err
    assert not policy.with_name("revocations").exists()
    change(policy, ('what = "key"', 'what = "app"'))
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0
    written = [one.read_bytes() for one in policy.parent.glob("revocations/**/*") if one.is_file()]
    assert not any(b"k-one" in one for one in written)


def test_gateways_that_cannot_give_back_refuse_it(blockc: Blockc, policy: Path) -> None:
    guid = "7c0a5b3e-0b6f-4b0e-9d53-1f4f3c0a9e21"
    names = policy.with_name("names.csv")
    names.write_text(f"key,consumer,id\n{ONE},bazaar,{guid}\n", encoding="utf-8")
    text = policy.read_text(encoding="utf-8").replace("aws-api-gateway", "kong")
    policy.write_text(f'{text}names = "names.csv"\n', encoding="utf-8")
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0
    decide(policy, {ONE: "restore"})
    done = blockc("revoke", "-f", policy, *on("2026-12-01"))
    assert (done.code, "kong cannot give a key back" in done.err) == (2, True)


def test_two_plans_of_one_gateway_do_not_say_the_opposite_of_a_key(
    blockc: Blockc, policy: Path
) -> None:
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0
    decide(policy, {ONE: "restore"})
    decide(policy, {ONE: "revoke"}, "other.csv")
    text = policy.read_text(encoding="utf-8")
    plan = text[text.index("[[revoke]]") :]
    later = "[list.later]\nblock = ['KP']\nstages = [{ from = 2027-01-01, action = 'block' }]\n"
    for old, new in (("revoke.sh", "other.sh"), ("revoke.csv", "other.csv"), ("far", "later")):
        plan = plan.replace(old, new)
    policy.write_text(text + later + plan, encoding="utf-8")
    done = blockc("revoke", "-f", policy, *on("2026-12-02"))
    said = f"key {ONE} is to be restored here, and revoked in gateway/other.sh"
    assert (done.code, said in done.err) == (2, True), done.err
    change(policy, ("aws-api-gateway", "json"), ("revoke.sh", "a.json"), ("other.sh", "b.json"))
    done = blockc("revoke", "-f", policy, *on("2026-12-02"))
    assert "is to be restored here" not in done.err
    decide(policy, {ONE: "keep"})
    change(policy, ('"json"', '"aws-api-gateway"'))
    assert blockc("revoke", "-f", policy, *on("2026-12-02")).code == 0


def test_unrevoke_finds_a_key_that_begins_as_a_formula_in_a_newer_audit(
    blockc: Blockc, policy: Path
) -> None:
    change(policy, ('owners = "owners.csv"', 'key_is = "id"'), ("aws-api-gateway", "json"))
    decide(policy, {"-abc": "revoke"})
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0
    newer = decide(policy, {"'-abc": "revoke"}, "january.csv")
    decide(policy, {"'-abc": "keep"})
    words = ("unrevoke", "-f", policy, "--at", "2027-01-15", "--keys", newer, "--json")
    (found,) = json.loads(blockc(*words).out)
    assert (found["reasons"], found["decision"]) == (["decided is keep"], "keep")


@pytest.mark.parametrize("entry", ["registry:ripencc", "world", "list:inner", "list:allowing"])
def test_nobodys_country_is_a_reason_where_a_list_blocks_space_of_any_country(
    blockc: Blockc, policy: Path, entry: str
) -> None:
    inner = '[list.inner]\nblock = ["KP", "delegated"]\n[list.allowing]\nallow = ["DE"]\n'
    change(policy, ('"KP", "group:five"', f'"KP", "{entry}"'), ("[audit]", f"{inner}[audit]"))
    owners = policy.with_name("owners.csv")
    owners.write_text(owners.read_text(encoding="utf-8").replace("IR,", "FR,"), encoding="utf-8")
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0
    words = ("unrevoke", "-f", policy, "--at", "2027-01-15", "--json")
    assert json.loads(blockc(*words).out) == []
    change(policy, (f'"KP", "{entry}"', '"KP"'))
    (found,) = json.loads(blockc(*words).out)
    assert found["reasons"] == ["its owner is in FR"]


def test_another_gateway_gets_its_keys_anew_and_those_of_the_first_are_not_forgotten(
    blockc: Blockc, policy: Path
) -> None:
    change(policy, ('"aws-api-gateway"', '"cloudflare-api-tokens"'))
    owners = policy.with_name("owners.csv")
    token = "0" * 31 + "1"
    owners.write_text(owners.read_text(encoding="utf-8").replace("aaaa1", token), encoding="utf-8")
    assert blockc("revoke", "-f", policy, *on("2026-12-01")).code == 0
    change(policy, ("max_keys", f'account = "{token}"\nmax_keys'))
    done = blockc("revoke", "-f", policy, *on("2026-12-01"))
    assert (done.code, "which revoked 1 key;" in done.err) == (0, True), done.err
    told = [one for one in events(blockc, policy) if one["event"] == "keys-revoked"]
    assert [one["gateway"] for one in told] == [{"account": ""}, {"account": token}]
    words = ("unrevoke", "-f", policy, "--at", "2027-01-15", "--json")
    (found,) = json.loads(blockc(*words).out)
    assert found["reasons"] == ["the policy has no plan of it any more"]
    change(policy, (f'"{token}"', f'"{"0" * 32}"'))
    decide(policy, {ONE: "restore"})
    done = blockc("revoke", "-f", policy, *on("2026-12-02"))
    assert (done.code, "no plan of gateway/revoke.sh revoked that" in done.err) == (2, True)


def test_keys_of_a_plan_that_is_taken_out_are_told(blockc: Blockc, policy: Path) -> None:
    change(policy, ('"KP", "group:five"', '"192.0.2.0/24"'), ("2026-12-01", "2026-11-02"))
    assert blockc("revoke", "-f", policy).code == 0
    change(policy, ("gateway/revoke.sh", "gateway/moved.sh"))
    moved = blockc("revoke", "-f", policy)
    assert (moved.code, "any more" in moved.err) == (0, False)
    decide(policy, {ONE: "restore"})
    assert blockc("revoke", "-f", policy).code == 0
    decide(policy, {TWO: "revoke"})
    assert "any more" not in blockc("revoke", "-f", policy).err
    decide(policy, {ONE: "revoke", TWO: "revoke"})
    assert blockc("revoke", "-f", policy).code == 0
    decide(policy, {TWO: "revoke"})
    change(policy, ("gateway/moved.sh", "gateway/again.sh"))
    said = "gateway/moved.sh: the policy has no such plan for this gateway any more, which revoked"
    for verb in ("revoke", "refresh"):
        done = blockc(verb, "-f", policy)
        assert (done.code, f"{said} 1 key;" in done.err) == (0, True), done.err
    change(policy, ("aws-api-gateway", "json"))
    shown = json.loads(blockc("unrevoke", "-f", policy, "--json").out)
    gone = [(one["path"], one["table"], one["reasons"]) for one in shown]
    assert gone == [
        (path, None, ["the policy has no plan of it any more"])
        for path in ("gateway/again.sh", "gateway/moved.sh", "gateway/moved.sh")
    ]
    assert blockc("unrevoke", "-f", policy).code == 0


def shown(folder: Path) -> dict[str, bytes]:
    """Return the files that a published folder shows."""
    found = (one for one in folder.rglob("*") if ".generations" not in one.parts)
    return {str(one): one.read_bytes() for one in found if one.is_file()}


def test_plans_and_artifacts_do_not_take_the_place_of_each_other(
    blockc: Blockc, policy: Path
) -> None:
    change(policy, ('["KP", "group:five"]', '["203.0.113.0/24"]'))
    output = '[[output]]\nlist = "far"\ntarget = "plain"\npath = "far.txt"\nuntil_block = "empty"\n'
    change(policy, ("[audit]", f"{output}[audit]"))
    dist, plans = policy.with_name("dist"), policy.with_name("revocations")
    assert blockc("build", "-f", policy).code == 0
    assert blockc("revoke", "-f", policy).code == 0
    before = shown(dist), shown(plans)
    assert all(before)
    done = blockc("revoke", "-f", policy, "-o", dist)
    assert (done.code, "holds what `blockc build` published" in done.err) == (2, True)
    for verb in (("build", "-o", plans), ("diff", "-o", plans)):
        done = blockc(*verb[:1], "-f", policy, *verb[1:])
        assert (done.code, "holds plans of `blockc revoke`" in done.err) == (2, True), done.err
    assert (shown(dist), shown(plans)) == before
    assert blockc("build", "-f", policy).code == 0
