"""The real programs as judges: each reads an artifact in a corner of its own and says yes or no.

The kernel's tables live in a network namespace that ends with the check, so nothing of the
machine is touched. That needs root; where it or a program is missing, the outcome says so.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from blockc.targets.core.target import Target
from blockc.targets.syntax.tokens import Text
from blockc.values import Value

TIMEOUT_SECONDS = 120
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"  # Debian keeps /usr/sbin from users
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


Command = tuple[str, ...]


def missing(target: Target) -> str:
    """Return why the real programs of `target` cannot be asked here, or nothing."""
    if not target.programs:
        return f"no program on this machine reads {target.name}"
    namespace = target.name in _IN_NAMESPACE
    for program in (*target.programs, *_APART[: int(namespace)]):
        if shutil.which(program, path=_PATH) is None:
            return f"{program} is not installed"
    if namespace and _complaint((*_APART, "true")):
        return f"{target.programs[0]} needs a network namespace, which only root may make"
    return ""


def try_natively(target: Target, texts: Sequence[Text]) -> NativeOutcome:
    """Return what the real programs say about the files of one artifact.

    Args:
        texts: The files in the order of `target.files`.
    """
    reason = missing(target)
    if reason:
        return NativeOutcome(NativeAnswer.SKIPPED, reason)
    with TemporaryDirectory(prefix="blockc-native-") as folder:
        paths = []
        for number, text in enumerate(texts):
            path = Path(folder, f"artifact.{number}")
            path.write_text(text.text, encoding="utf-8")
            paths.append(path)
        said = _complaint(_COMMANDS[target.name](Path(folder), paths))
    return (
        NativeOutcome(NativeAnswer.REFUSED, said) if said else NativeOutcome(NativeAnswer.ACCEPTED)
    )


def _complaint(command: Command) -> str:
    """Return what `command` says if it fails or warns, or nothing if it is content."""
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
        return f"no answer in {TIMEOUT_SECONDS} seconds"
    said = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode or "[warn" in said.lower():
        return said or f"exit code {done.returncode}"
    return ""


def _nginx(folder: Path, paths: Sequence[Path]) -> Command:
    """Include the file in a configuration that has nothing else and writes only to `folder`."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"    {kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"pid {folder}/pid;\nerror_log stderr warn;\nevents {{}}\n"
        f"http {{\n{temporary}    access_log off;\n    include {paths[0]};\n}}\n",
        encoding="utf-8",
    )
    return ("nginx", "-t", "-q", "-p", str(folder), "-c", str(configuration))


def _haproxy(folder: Path, paths: Sequence[Path]) -> Command:
    """Look addresses up in the file, in a configuration that opens nothing."""
    configuration = folder / "haproxy.cfg"
    configuration.write_text(
        "defaults\n    mode http\n    timeout connect 1s\n    timeout client 1s\n"
        f"    timeout server 1s\nfrontend check\n    bind unix@{folder}/socket\n"
        f"    http-request set-var(txn.verdict) src,map_ip({paths[0]})\n"
        "    http-request return status 200\n",
        encoding="utf-8",
    )
    return ("haproxy", "-c", "-f", str(configuration))


def _nft(_: Path, paths: Sequence[Path]) -> Command:
    return (*_APART, "nft", "--check", "--file", str(paths[0]))


def _ipset(folder: Path, paths: Sequence[Path]) -> Command:
    """Load the sets twice, as an update would, then test the rules, all in one namespace."""
    restore, v4, v6 = paths
    script = folder / "check.sh"
    script.write_text(
        "set -e\n"
        f"ipset restore < {restore}\n"
        f"ipset restore < {restore}\n"
        f"iptables-restore --test --noflush < {v4}\n"
        f"ip6tables-restore --test --noflush < {v6}\n",
        encoding="utf-8",
    )
    return (*_APART, "sh", str(script))


_COMMANDS: dict[str, Callable[[Path, Sequence[Path]], Command]] = {
    "nginx-geo": _nginx,
    "haproxy-map": _haproxy,
    "nftables": _nft,
    "ipset": _ipset,
}
_IN_NAMESPACE = frozenset({"nftables", "ipset"})
