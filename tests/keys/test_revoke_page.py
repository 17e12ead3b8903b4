"""The page about plans has every key target as it is; `--update-golden` writes that part anew."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from blockc.keys.key_registry import KEY_TARGETS
from blockc.keys.key_table import DECISIONS
from blockc.keys.key_target import KeyTarget
from blockc.policy.checking.parse_policy import parse_policy
from blockc.workspace.policy_files import known
from tests.keys.gateway_cases import case_of, text_of_plan

PAGE = Path(__file__).resolve().parents[2] / "docs" / "revoke.md"


def section(target: KeyTarget) -> Iterator[str]:
    """Yield the lines about a target, with a plan of two keys."""
    yield from (f"### {target.name}", "", f"{target.title}.", "")
    if target.notes:
        yield from (target.notes, "")
    rows = [f"| `{one.column}` | {one.expects.replace('|', '&#124;')} |" for one in target.parts]
    yield from ("| column of `names` | what it is |", "|---|---|", *rows, "")
    if target.options:
        yield from ("| option | sets | takes | if left out |", "|---|---|---|---|")
        for one in target.options:
            left_out = f"`{one.default}`" if one.default else "empty"
            yield f"| `{one.name}` | {one.about} | {one.expects} | {left_out} |"
        yield ""
    _, options, keys = case_of(target.name)
    yield from ("```", text_of_plan(target, options, keys).text.rstrip("\n"), "```", "")
    yield from ("```sh", target.deployment.load, "```", "")
    read = ", ".join(f"[{n}]({one.url})" for n, one in enumerate(target.references, 1))
    yield from (f"Read on {target.references[0].checked}: {read}.", "")


def test_the_page_has_every_key_target(request: pytest.FixtureRequest) -> None:
    text = PAGE.read_text(encoding="utf-8")
    head = text.partition("### ")[0]
    made = "\n".join(line for one in KEY_TARGETS.values() for line in section(one))
    whole = f"{head}{made.rstrip()}\n"
    if request.config.getoption("--update-golden"):
        PAGE.write_text(whole, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == whole


def test_the_page_has_every_decision_and_its_policy_is_one() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?`) \|", text.partition("## What a gateway")[0], re.MULTILINE)
    assert {word for row in rows for word in re.findall("`(.*?)`", row)} == set(DECISIONS)
    (policy,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    listed = 'version = 1\n[list.export-control]\nblock = ["KP"]\n'
    assert parse_policy("blockc.toml", listed + policy, known=known()).revokes
