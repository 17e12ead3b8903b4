"""The table of targets imports what is asked for, and nothing else."""

import subprocess
import sys

import pytest

from blockc.errors import PolicyError
from blockc.targets.registry import ROWS, TARGETS, target_named

CATEGORIES = {
    "appliance", "cloud", "cluster", "data", "dns", "kernel", "kubernetes", "mail", "proxy",
    "terraform", "web",
}  # fmt: skip


def test_a_build_for_one_target_imports_only_that_target() -> None:
    code = (
        "import sys\n"
        "from blockc.targets.registry import ROWS, TARGETS\n"
        "from blockc.workspace.policy_files import known\n"
        "known().targets['nginx-geo'], TARGETS['nginx-geo'], list(TARGETS), len(TARGETS)\n"
        "names = {row.module for row in ROWS.values()}\n"
        "print(*[name for name in names if f'blockc.targets.{name}' in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["web.nginx_geo"]


def test_every_row_has_a_summary_and_a_known_kind_of_platform() -> None:
    assert {row.category for row in ROWS.values()} <= CATEGORIES
    assert all(row.summary for row in ROWS.values())


@pytest.mark.parametrize("name", ["nginx", "", "../x", "NGINX_GEO"])
def test_what_is_no_target_is_refused_with_all_there_are(name: str) -> None:
    with pytest.raises(PolicyError, match="unknown target") as refused:
        target_named(name)
    assert all(known in refused.value.hint for known in TARGETS)
    assert TARGETS.get(name) is None
