"""A small world in five delegation files, a policy for it, and blockc as a program of its own."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLE = CHECKOUT / "examples" / "edge" / "blockc.toml"
PROGRAM = f"{sys.executable} -m blockc"
SAMPLE = CHECKOUT / "sources" / "sample"

ROWS: Mapping[str, tuple[str, ...]] = {
    "afrinic": ("ZA|ipv4|41.0.0.0|2097152|20071126|allocated",),
    "apnic": (
        "CN|ipv4|1.0.1.0|256|20110414|allocated",
        "CN|ipv4|1.0.2.0|512|20110414|allocated",
        "AU|ipv4|1.0.4.0|1024|20110412|allocated",
        "CN|ipv6|2400:3200::|32|20080107|allocated",
    ),
    "arin": ("US|ipv4|3.0.0.0|16777216|19880223|assigned", "US|ipv6|2600::|29|20050113|allocated"),
    "lacnic": ("BR|ipv4|177.0.0.0|1048576|20101228|allocated",),
    "ripencc": (
        "FR|ipv4|2.0.0.0|1048576|20100712|allocated",
        "DE|ipv4|2.16.0.0|768|20100712|allocated",
        "FR|ipv6|2001:660::|32|19990826|allocated",
    ),
}
POLICY = """\
version = 1

[list.far]
title = "Far away"
block = ["CN", "BR"]
except = ["1.0.2.128/25"]

[[output]]
list = "far"
target = "plain"
path = "far.txt"

[[output]]
list = "far"
target = "nginx-geo"
path = "nginx/far.conf"
"""
#: A guard that lets a list change as it likes, if it did block something before.
LAX = '[guard]\nmax_added = "100%"\nmax_removed = "100%"\n'
FAR = ["1.0.1.0/24", "1.0.2.0/25", "1.0.3.0/24", "177.0.0.0/12", "2400:3200::/32"]


class Done(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


def delegated(registry: str, rows: tuple[str, ...], day: str = "20261120") -> str:
    """Return an extended delegation file with these rows, its counts right."""
    head = f"2|{registry}|{day}|{len(rows)}|19840101|{day}|+0000"
    kinds = ("asn", "ipv4", "ipv6")
    counts = {kind: sum(row.split("|")[1] == kind for row in rows) for kind in kinds}
    summaries = [f"{registry}|*|{kind}|*|{count}|summary" for kind, count in counts.items()]
    lines = [head, *summaries, *(f"{registry}|{row}|id" for row in rows)]
    return "".join(f"{line}\n" for line in lines)


def write_registries(folder: Path, **more: tuple[str, ...]) -> Path:
    """Write the five files into `folder`, with `more` rows a registry, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for registry, rows in ROWS.items():
        text = delegated(registry, rows + more.get(registry, ()))
        (folder / f"delegated-{registry}-extended-latest").write_text(text, encoding="utf-8")
    return folder


def write_policy(folder: Path, text: str = POLICY) -> Path:
    """Write a policy into `folder` and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "blockc.toml"
    path.write_text(text, encoding="utf-8")
    return path


def program(
    *words: object, stdin: bytes | None = None, cwd: Path | None = None, **environment: str
) -> Done:
    """Run blockc as a program of its own."""
    command = [sys.executable, "-m", "blockc", *map(str, words)]
    done = subprocess.run(
        command,
        input=stdin,
        cwd=cwd,
        env=environ(**environment),
        capture_output=True,
        check=False,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def environ(**more: str) -> dict[str, str]:
    """Return this process's environment, with this checkout's blockc in it, and `more`."""
    return {**os.environ, "PYTHONPATH": str(CHECKOUT), **more}


def on_terminal(*words: object, columns: int = 80, cwd: Path | None = None, **more: str) -> str:
    """Return all that blockc shows on a terminal of that width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    env = {key: value for key, value in environ(TERM="xterm", **more).items() if key != "COLUMNS"}
    command, nothing = [sys.executable, "-m", "blockc", *map(str, words)], subprocess.DEVNULL
    with subprocess.Popen(command, stdin=nothing, stdout=theirs, stderr=theirs, env=env, cwd=cwd):
        os.close(theirs)
        seen = bytearray()
        with suppress(OSError):  # how Linux says that the other end is closed
            while piece := os.read(ours, 1 << 16):
                seen += piece
    os.close(ours)
    return seen.decode().replace("\r\n", "\n")


def shell(line: str, *words: object, cwd: Path | None = None) -> Done:
    """Run a shell line in which `$blockc` is the program; `words` are `$1`, `$2` and so on."""
    command = ["bash", "-c", line, "bash", *map(str, words)]
    ours = environ(blockc=f"{sys.executable} -m blockc")
    done = subprocess.run(command, cwd=cwd, env=ours, capture_output=True, check=False)
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def run(folder: Path, *command: str, **more: str) -> Done:
    """Run any program in `folder`, as if make had not called us."""
    clean = {key: value for key, value in environ(**more).items() if not key.startswith("MAKE")}
    done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, check=False)
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def shown(folder: Path) -> dict[str, bytes]:
    """Return path -> bytes of every file that was published into `folder`, or else is below it."""
    top = folder / ".generations" / "live"
    top = top.resolve() if top.exists() else folder
    files = (path for path in sorted(top.rglob("*")) if path.is_file())
    return {path.relative_to(top).as_posix(): path.read_bytes() for path in files}


def entries(text: bytes) -> list[str]:
    """Return the lines of an artifact that are not comments."""
    return [line for line in text.decode().splitlines() if line and not line.startswith("#")]
