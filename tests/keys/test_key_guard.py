"""How many keys of a plan are new, and when that needs approval."""

import json
from datetime import UTC, datetime
from fractions import Fraction

from blockc.keys.key_guard import judge_keys, new_keys
from blockc.keys.key_plan import KeyPlan, manifest_of
from blockc.keys.key_table import REVOKE
from blockc.keys.key_target import PlannedKey
from blockc.policy.meaning.schedule import schedule_at
from blockc.policy.model import Revoke
from blockc.tomlio.tables import Place, TomlDocument
from tests.keys.gateway_cases import LIST, case_of


def plan_of(count: int, *, known: int = 100_000, most: int = 10, share: str = "1") -> KeyPlan:
    """Return a plan of keys k0, k1, ..."""
    target, options, _ = case_of("json")
    revoke = Revoke(
        target=target.name, path="plan.json", list=LIST, keys="", names="", rule=(REVOKE,),
        max_keys=most, max_share=Fraction(share), options={}, place=Place(TomlDocument("x", "")),
    )  # fmt: skip
    keys = tuple(PlannedKey(f"k{n}", REVOKE, (f"id-{n}",)) for n in range(count))
    schedule = schedule_at((), datetime(2026, 12, 1, tzinfo=UTC))
    return KeyPlan(
        revoke=revoke, target=target, options=options, keys=keys, known=known,
        schedule=schedule, begins="",
    )  # fmt: skip


def limits(plan: KeyPlan, before: KeyPlan | None = None) -> list[str]:
    """Return the limits that a plan exceeds after another one."""
    manifest = json.loads(manifest_of([before])) if before else {}
    return [one.key.removeprefix("[[revoke]] ") for one in judge_keys([plan], manifest)]


def test_limits_are_what_may_be_added() -> None:
    assert limits(plan_of(10)) == []
    assert limits(plan_of(11)) == ["max_keys"]
    assert limits(plan_of(21), plan_of(11)) == []
    assert limits(plan_of(22), plan_of(11)) == ["max_keys"]
    assert limits(plan_of(5), plan_of(11)) == []


def test_a_share_is_of_all_known_keys() -> None:
    assert limits(plan_of(5, known=100, share="1/20")) == []
    assert limits(plan_of(6, known=100, share="1/20")) == ["max_share"]
    assert limits(plan_of(6, known=100, most=5, share="1/20")) == ["max_keys", "max_share"]
    assert limits(plan_of(1, known=0, share="0")) == ["max_share"]


def test_many_keys_are_compared_at_once() -> None:
    before = json.loads(manifest_of([plan_of(20_000)]))
    assert new_keys(plan_of(20_001), before) == ["k20000"]
