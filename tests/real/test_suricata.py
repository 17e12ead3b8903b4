"""Rules for Suricata, by the tool of its makers that reads, checks and merges rules.

Suricata itself is not in Debian's stable release; `suricata-update` parses every rule and keeps
those that are one, by their numbers.
"""

import subprocess
from pathlib import Path

import pytest

from blockc.targets.core.render import render
from blockc.targets.core.target import Target
from blockc.targets.registry import TARGETS
from blockc.values import replace
from tests.support.machine import SYSTEM_PATH, require_program, require_root
from tests.targets.artifacts import EDGES, TEMPLATES, draft, rules_of

pytestmark = pytest.mark.real
FIREWALL, IPREP = TARGETS["aws-network-firewall"], TARGETS["suricata-iprep"]


def rules(target: Target, case: str, action: str, sid: int) -> list[str]:
    """Return the rules of an artifact whose first one has a number."""
    one = draft(target, rules_of(target, EDGES[case]), {"sid": sid}, names=("", action))
    files = render(target, replace(one, action=action), "x.list", TEMPLATES)
    text = next(file.data.decode() for file in files if b"sid:" in file.data or file is files[-1])
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def kept(lines: list[str], folder: Path) -> list[str]:
    """Return the rules that the tool keeps, in a namespace without a network."""
    require_root()
    (folder / "x.rules").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    command = [
        require_program("unshare"), "--net", require_program("suricata-update"), "--no-test",
        "--no-reload", "--suricata-version", "7.0.3", "-D", f"{folder}/data", "-o", f"{folder}/out",
        "--url", f"file://{folder}/x.rules",
    ]  # fmt: skip
    done = subprocess.run(
        command, env={"PATH": SYSTEM_PATH}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    text = (folder / "out" / "suricata.rules").read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_every_rule_is_one_to_the_tool_of_suricata(tmp_path: Path) -> None:
    lines: list[str] = []
    for target in (FIREWALL, IPREP):
        actions = ["block", *sorted(target.responses.actions)]
        for case in EDGES:
            for action in actions:
                lines += rules(target, case, action, 1_000_001 + len(lines))
    assert len(lines) > 60
    broken = 'drop ip [192.0.2.0/24 any -> any any (msg:"broken"; sid:9000001; rev:1;)'
    assert sorted(kept([*lines, broken], tmp_path)) == sorted(lines)
