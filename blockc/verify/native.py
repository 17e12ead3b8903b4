"""The real programs as judges: each reads an artifact in a corner of its own and says yes or no.

The kernel's tables live in a network namespace that ends with the check, so nothing of the
machine is touched. That needs root; where it or a program is missing, the outcome says so.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from blockc.targets.core.target import NativeCheck, Target
from blockc.targets.core.target_options import OptionValue
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import Value

TIMEOUT_SECONDS = 120
_OURS = Path(sys.executable).parent  # where programs from PyPI are
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:{_OURS}"  # Debian keeps /usr/sbin from users
_APART = ("unshare", "--net")


class NativeAnswer(StrEnum):
    """What came of a check."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    SKIPPED = "skipped"


class NativeOutcome(Value):
    """The answer of the real programs, and what they said or why they were not asked."""

    answer: NativeAnswer
    reason: str = ""


def missing(target: Target) -> str:
    """Return why the real programs of `target` cannot be asked here, or nothing."""
    check = target.native
    if check is None:
        return f"no program on this machine reads {target.name}"
    for program in (*check.programs, *(_APART[:1] if check.namespace else ())):
        if not shutil.which(program, path=_PATH):
            return f"{program} is not installed"
    if check.namespace and _asked((*_APART, "true"))[0] != 0:
        return f"{check.programs[0]} needs a network namespace, which only root may make"
    return ""


def try_natively(
    target: Target, files: Sequence[ArtifactFile], options: Mapping[str, OptionValue]
) -> NativeOutcome:
    """Return what the real programs say about the files of one artifact.

    Args:
        files: The files in the order of `target.files`.
        options: What `Target.settle` returned.
    """
    reason = missing(target)
    if reason or target.native is None:
        return NativeOutcome(NativeAnswer.SKIPPED, reason)
    with TemporaryDirectory(prefix="blockc-native-") as folder:
        code, said = _asked(native_command(target.native, Path(folder), files, options))
    warning = target.native.warning.lower()
    if code in target.native.success_codes and not (warning and warning in said.lower()):
        return NativeOutcome(NativeAnswer.ACCEPTED)
    return NativeOutcome(NativeAnswer.REFUSED, said or f"exit code {code}")


def native_command(
    check: NativeCheck,
    folder: Path,
    files: Sequence[ArtifactFile],
    options: Mapping[str, OptionValue],
) -> tuple[str, ...]:
    """Return the command of a check, once everything it reads is in `folder`."""
    gaps = {"@folder@": str(folder), "@package@": str(Path(__file__).parents[1])}
    gaps |= {f"@option.{name}@": str(value) for name, value in options.items()}
    for number, file in enumerate(files):
        path = folder / f"artifact.{number}"
        path.write_bytes(file.data)
        gaps[f"@{number}@"] = str(path)

    def filled(words: str) -> str:
        return re.sub(r"@(?:folder|package|[0-9]|option\.\w+)@", lambda gap: gaps[gap[0]], words)

    for name, content in check.files.items():
        (folder / name).write_bytes(filled(content).encode())
    return (*(_APART if check.namespace else ()), *map(filled, check.argv))


def _asked(command: tuple[str, ...]) -> tuple[int | None, str]:
    """Return the exit code of a command, None if it does not end, and what it says."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PATH": _PATH},
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None, f"no answer in {TIMEOUT_SECONDS} seconds"
    return done.returncode, done.stdout.decode(errors="replace").strip()
