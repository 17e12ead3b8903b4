"""Whether a plan may be published without approval: how many keys, and which share of all known.

What counts are keys whose fate changes by the plan: those that were not decided in the plan before,
for the same gateway and by the same name, whether they are due or not. So the day on which a stage
begins asks for nothing that was approved when it was decided.
"""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from blockc.keys.key_plan import KeyPlan
from blockc.values import Value, line_bytes

Manifest = Mapping[str, Any]


class KeyRefusal(Value):
    """A limit of `[[revoke]]` that a plan exceeds: so many keys are new, out of those known."""

    path: str
    list: str
    keys: int
    known: int
    limit: int | Fraction
    key: str

    def facts(self) -> dict[str, object]:
        """Return it as the history and reports have it."""
        number = isinstance(self.limit, int)
        return {
            "rule": "keys",
            "kind": "added",
            "list": self.list,
            "country": None,
            "family": None,
            "path": self.path,
            "keys": self.keys,
            "known": self.known,
            "limit": self.limit if number else f"{float(self.limit * 100):g}%",
            "key": self.key,
        }


def new_keys(plan: KeyPlan, before: Manifest) -> list[str]:
    """Return the keys of a plan that were not decided so before, in order."""
    report = plan.report()
    same = ("path", "target", "options")
    old = set[bytes]()
    for one in before.get("artifacts", ()):
        if all(one.get(name) == report[name] for name in same):
            old |= {line_bytes(key) for key in one["keys"]}
    return [one["key"] for one in report["keys"] if line_bytes(one) not in old]


def judge_keys(plans: Sequence[KeyPlan], before: Manifest) -> Iterator[KeyRefusal]:
    """Yield every limit that plans exceed, compared with the manifest that is shown."""
    for plan in plans:
        said, count = plan.revoke, len(new_keys(plan, before))
        if count > said.max_keys:
            yield KeyRefusal(
                said.path, said.list, count, plan.known, said.max_keys, "[[revoke]] max_keys"
            )
        if count > said.max_share * plan.known:
            yield KeyRefusal(
                said.path, said.list, count, plan.known, said.max_share, "[[revoke]] max_share"
            )
