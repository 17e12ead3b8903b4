"""Equal inputs give equal bytes: wherever, whenever and with whatever hash seed they are built."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.toy import shown

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLE = CHECKOUT / "examples" / "edge"


def built(folder: Path, policy: str, **environment: str) -> dict[str, bytes]:
    """Return what a program of its own publishes from a copy of the example in `folder`."""
    shutil.copytree(EXAMPLE, folder / "edge", ignore=shutil.ignore_patterns("dist", ".dist*"))
    command = [
        sys.executable,
        "-m",
        "blockc",
        "build",
        "-q",
        "--sample",
        "--publish-as-of",
        "--as-of",
        "2026-11-23",
    ]
    more = {"PYTHONPATH": str(CHECKOUT), **environment}
    subprocess.run(
        [*command, "-f", policy],
        cwd=folder,
        env={**os.environ, **more},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return shown(folder / "edge" / "dist")


@pytest.mark.slow
def test_two_machines_publish_the_same_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "another place"
    first = built(one, "edge/blockc.toml", PYTHONHASHSEED="1", TZ="Pacific/Kiritimati", LANG="C")
    second = built(
        other,
        str(other / "edge" / "blockc.toml"),
        PYTHONHASHSEED="4711",
        TZ="America/Adak",
        BLOCKC_STORE=str(tmp_path / "empty store"),
        COLUMNS="40",
    )
    assert len(first) > 480
    assert first == second
    assert not [path for path, data in first.items() if str(tmp_path).encode() in data]
