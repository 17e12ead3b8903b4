"""Say in one line what this machine lacks to set up blockc; runs under any Python 3."""

import importlib.util
import os
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path

OLDEST = (3, 11)


def lacking() -> str:
    """Return what is missing and what to install, or an empty text."""
    if sys.version_info < OLDEST:
        here = "{}.{}".format(*sys.version_info)
        return (
            f"Python {here} is too old; install 3.11 or newer and name it: make PYTHON=python3.11"
        )
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        return "this Python cannot make environments; install python3-venv (Debian)"
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    if not shutil.which(compiler):
        return f"no C compiler {compiler!r}, pytricia needs one; install gcc (Debian)"
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        return "no Python headers, pytricia needs them; install python3-dev (Debian)"
    return ""


if __name__ == "__main__":
    lack = lacking()
    if lack:
        print(f"blockc: {lack}", file=sys.stderr)
        sys.exit(2)
