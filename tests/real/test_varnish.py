"""Varnish: the commands of its page, one list after another and back, and exceptions in entries."""

import subprocess
import time
from pathlib import Path

import pytest

from blockc.addresses.rules import Match, meaning
from blockc.targets.core.render import render
from blockc.targets.proxy.varnish import VARNISH
from blockc.targets.syntax.reading import NAMES
from tests.real.test_by_header import (
    OTHERS,
    REAL,
    folder,
    listing,
    require_agreement,
    served,
    statuses,
)
from tests.support.machine import require_program
from tests.targets.artifacts import (
    TEMPLATES,
    draft,
    nested,
    prefixes,
)

__all__ = ["folder"]

pytestmark = [pytest.mark.real, pytest.mark.slow]
LISTS = ("192.0.2.0/24", "198.51.100.0/24", "2001:db8::/32")
CLIENTS = ("192.0.2.1", "198.51.100.1", "2001:db8::1")


def refused(port: int) -> list[str]:
    """Return who is refused."""
    return [client for client, status in statuses(port, CLIENTS).items() if status != OTHERS]


def test_the_commands_of_the_page_load_one_list_after_another_and_go_back(tmp_path: Path) -> None:
    real = f"{require_program('varnishadm')} -n {tmp_path}/work"

    def run(commands: str) -> None:
        script = commands.replace("varnishadm", real).replace(
            "/etc/varnish/default.vcl", f"{tmp_path}/conf"
        )
        subprocess.run(["sh", "-ec", script], check=True, capture_output=True)

    (tmp_path / "list").write_bytes(listing(VARNISH, prefixes(LISTS[0])))
    with served(VARNISH, tmp_path) as port:
        for listed, client in zip(LISTS[1:], CLIENTS[1:], strict=True):
            (tmp_path / "list").write_bytes(listing(VARNISH, prefixes(listed)))
            time.sleep(1)  # names have seconds
            run(VARNISH.deployment.load)
            assert refused(port) == [client]
        back, _ = VARNISH.deployment.rollback.split("\n")
        run(back.replace("NAME", "boot"))
        assert refused(port) == [CLIENTS[0]]


def test_varnish_spares_an_exception_inside_an_entry(folder: Path) -> None:
    rules = nested(
        ("10.1.2.0/24", 1), ("10.0.0.0/8", 1), ("10.1.0.0/16", 0), ("10.1.2.3/32", 0),
        ("2001:db8:8::1/128", 1), ("2001:db8::/32", 1), ("2001:db8:8::/48", 0),
    )  # fmt: skip
    intent = meaning(Match.LONGEST, rules.values(), NAMES)
    (file,) = render(VARNISH, draft(VARNISH, rules, {"source": REAL}), "list", TEMPLATES)
    require_agreement(VARNISH, folder, file.data, intent)
