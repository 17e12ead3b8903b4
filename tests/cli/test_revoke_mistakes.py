"""`blockc revoke` and `unrevoke` where an operator errs, or changes a policy between two plans."""

from pathlib import Path

import pytest

from tests.cli.conftest import Blockc
from tests.cli.test_revoke import ONE, decide, on, written_policy


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
    apigee = '"apigee"\nnames = "names.csv"\nX
    change(policy, ('"aws-api-gateway"', apigee))
    names = policy.with_name("names.csv")
    names.write_text(f"key,developer,app,id\n{ONE},a@x.example,one,k-one\n", encoding="utf-8")
    done = blockc("revoke", "-f", policy, *on("2026-12-01"))
    assert (done.code, "would name each key by itself, and keys are secret" in done.err) == (2, True)
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
