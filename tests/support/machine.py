"""What this machine has: in CI a missing program is a failure, elsewhere a skip with its reason."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

_OURS = Path(sys.executable).parent  # where programs from PyPI are
SYSTEM_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:{_OURS}"


def is_ci() -> bool:
    """Return whether CI runs these tests."""
    return os.environ.get("CI") == "true"


def absent(what: str) -> NoReturn:
    """Skip this test because `what` is missing; in CI fail it."""
    if is_ci():
        pytest.fail(f"{what}, and CI must have it", pytrace=False)
    pytest.skip(what)


def require_program(name: str) -> str:
    """Return the path of the real program `name`."""
    return shutil.which(name, path=SYSTEM_PATH) or absent(f"{name} is not installed")


def require_root() -> None:
    """Return if this process is root."""
    if os.geteuid() != 0:
        absent("only root may do this")


def require_mounts() -> None:
    """Return if this process may mount in a namespace of its own."""
    require_root()
    probe = [require_program("unshare"), "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    if subprocess.run(probe, capture_output=True, check=False).returncode != 0:
        absent("this machine does not let root mount a tmpfs")
