"""Logs that the real logrotate renames, copies, cuts and packs are counted line by line, once."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from time import sleep

import pytest

from blockc.audit.trend import KnownLog
from blockc.workspace.audit.known_logs import Resumption
from blockc.workspace.audit.log_feed import LogFeed, shipped_formats
from tests.support.machine import require_program

pytestmark = [pytest.mark.real, pytest.mark.slow]
WAYS = {
    "renamed": "nocreate",
    "copied and cut": "copytruncate",
    "packed": "compress",
    "packed later": "compress\n    delaycompress",
    "named by day": "dateext\n    dateformat -%s\n    compress",
}


def line(number: int) -> str:
    """Return a line that no other is like."""
    return f'192.0.2.7 - - [10/Oct/2026:13:55:36 +0000] "GET /{number} HTTP/1.1" 200 7 "-" "curl"\n'


@pytest.mark.parametrize("way", WAYS)
def test_what_logrotate_does_loses_and_doubles_no_line(way: str, tmp_path: Path) -> None:
    program = require_program("logrotate")
    logs = tmp_path / "logs"
    logs.mkdir()
    logs.chmod(0o755)
    config = tmp_path / "rotate.conf"
    config.write_text(
        f"{logs}/access.log {{\n    rotate 9\n    missingok\n    {WAYS[way]}\n}}\n",
        encoding="utf-8",
    )
    config.chmod(0o644)
    known: tuple[KnownLog, ...] = ()
    counted: list[str] = []
    for turn in range(6):
        for half in range(2):
            with (logs / "access.log").open("a", encoding="utf-8") as log:
                log.writelines(line(100 * turn + 50 * half + n) for n in range(50))
            if turn % 2 == half:  # read in the middle of a log, at its end
                known = read(logs, known, counted)
        command = [program, "--force", "--state", str(tmp_path / "state"), str(config)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        if way == "named by day":  # a name for each second
            sleep(1.1)
    read(logs, known, counted)
    assert len(list(logs.iterdir())) >= 6
    assert sorted(counted) == sorted(line(n) for n in range(600))


def read(logs: Path, known: tuple[KnownLog, ...], counted: list[str]) -> tuple[KnownLog, ...]:
    """Take down the lines that are new, and return what is known then."""
    run = Resumption(sorted(map(str, logs.glob("access.log*"))), known)
    assert run.lost() == []
    feed = LogFeed(run.begins, [shipped_formats()["combined"]], only=True)
    for _, (_, _, data) in feed.parts():
        counted += data.decode().splitlines(keepends=True)
    return run.known_now(feed.logs, datetime.now(UTC))
