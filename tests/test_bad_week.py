"""The page of a bad week: every command on it is run in order, and says what the page says.

`pytest tests/test_bad_week.py --update-golden` writes the outputs and the table of faults anew. A
command stands behind the moment at which it is run, by a clock that is set. A block with the name
of a file is that file, a `diff` an edit of it. What happens elsewhere between two commands,
`<!-- upstream: ... -->`, is a method of `Upstream`.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from copy import copy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest
import time_machine

from blockc.vocabulary import RIRS
from tests.cli.conftest import Blockc, blockc
from tests.cli.toy import CHECKOUT, ROWS, Done, delegated, environ, shown

__all__ = ["blockc"]

PAGE = CHECKOUT / "docs" / "bad-week.md"
MONDAY = date(2026, 11, 30)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
PROMPT = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat) (\d\d):(\d\d)\$ (.*)")
BLOCKS = re.compile(r"<!-- upstream: (.+?) -->|```([a-z]+) ?([\w.-]*)\n(.*?)```", re.DOTALL)
_COMING = re.compile(r"blockc: warning: .* from 2026-12-03 on ")
_MARK = re.compile(r"^blockc: (warning: )?")
TABLE = "<!-- made by the test -->\n"
SOURCE = """\
title = "{name}"
format = "delegated"
registry = "{name}"
urls = ["file:upstream/{name}"]
licence = {{ text = "made up" }}
refresh_hours = 24
max_age_hours = 96
[expect]
min_records = 1
max_bytes = 1_000_000
max_shrink_addresses = 0.1
max_shrink_records = 0.1
"""
#: blockc by the clock that NOW says.
PROGRAM = """\
#!/bin/sh
exec {python} -c '
import os, sys, time_machine
with time_machine.travel(os.environ["NOW"], tick=False):
    from blockc.cli.main import main
    sys.argv[0] = "blockc"
    main()
' "$@"
"""
GERMANY = tuple(f"DE|ipv4|5.{n}.0.0|65536|20120504|allocated" for n in range(1, 60, 2))
IRAN = tuple(f"IR|ipv4|46.{n}.0.0|32768|20101102|allocated" for n in range(100, 140, 2))
BELARUS = tuple(f"BY|ipv4|93.{n}.160.0|1024|20080417|allocated" for n in range(84, 108))
PARTNER = "IR|ipv4|185.55.224.0|1024|20140219|allocated"


class Upstream:
    """Five registries that publish a file each night into a folder, and what goes wrong there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = {name: tuple(ROWS[name]) for name in RIRS}
        self.rows["ripencc"] += (*GERMANY, *IRAN, *BELARUS)
        folder.mkdir()

    def day(self, day: str) -> None:
        """Publish the files of a day, whole."""
        for name in RIRS:
            text = delegated(name, self.rows[name], day.replace("-", ""))
            (self.folder / name).write_text(text, encoding="utf-8")

    def cut(self, day: str) -> None:
        """Publish, and lose the second half of RIPE's file."""
        self.day(day)
        path = self.folder / "ripencc"
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    def shifted(self, day: str) -> None:
        """Publish a third of Germany's rows as Iran's; no count changes."""
        whole = self.rows["ripencc"]
        moved = {row: row.replace("DE|", "IR|", 1) for row in GERMANY[: len(GERMANY) // 3]}
        self.rows["ripencc"] = tuple(moved.get(row, row) for row in whole)
        self.day(day)
        self.rows["ripencc"] = whole

    def partner(self, day: str) -> None:
        """Publish with one network more for Iran, which is a partner's office."""
        self.rows["ripencc"] += (PARTNER,)
        self.day(day)

    def swapped(self, day: str) -> None:
        """Publish two registries' files under each other's name."""
        self.day(day)
        one, other = self.folder / "ripencc", self.folder / "apnic"
        text = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(text)

    def shrunken(self, day: str) -> None:
        """Publish half of RIPE's rows, with counts that agree."""
        self.rows["ripencc"] = self.rows["ripencc"][::2]
        self.day(day)

    def doubled(self, day: str) -> None:
        """Publish RIPE's file twice in one."""
        self.day(day)
        path = self.folder / "ripencc"
        path.write_bytes(path.read_bytes() * 2)

    def repeated(self, day: str) -> None:
        """Publish each of RIPE's rows twice, with counts that agree: it says nothing else."""
        self.rows["ripencc"] *= 2
        self.day(day)


class Digests:
    """Stands in for every digest and generation name on the page, so that they never change."""

    def __init__(self) -> None:
        self.shown = dict[str, str]()

    def hide(self, text: str) -> str:
        """Return `text` with stand-ins, by the order in which digests first appear."""
        return re.sub(r"\b([0-9a-f]{2}/)?([0-9a-f]{12,64})\b", self._stand_in, text)

    def _stand_in(self, found: re.Match[str]) -> str:
        name = hashlib.sha256(f"{len(self.shown)}".encode()).hexdigest()
        name = self.shown.setdefault(found[2][:12], name)
        return (f"{name[:2]}/" if found[1] else "") + name[: len(found[2])]

    def real(self, command: str, folder: Path) -> str:
        """Return a command with the generation that a stand-in stands for."""
        names = {name[:16]: key for key, name in self.shown.items()}
        kept = [path.stem for path in (folder / "dist/.generations/records").glob("*.json")]
        for name, key in names.items():
            for real in kept:
                if real.startswith(key):
                    command = command.replace(name, real)
        return command


class Week:
    """A folder with a policy, its upstream, and a program with a clock that is set."""

    def __init__(self, folder: Path, text: str) -> None:
        self.folder, self.digests = folder, Digests()
        for name in ("sources", "bin"):
            (folder / name).mkdir(parents=True)
        for name in RIRS:
            (folder / "sources" / f"{name}.toml").write_text(SOURCE.format(name=name), "utf-8")
        program = folder / "bin" / "blockc"
        program.write_text(PROGRAM.format(python=sys.executable), encoding="utf-8")
        program.chmod(0o755)
        nginx = folder / "bin" / "nginx"  # so that the page is the same without one
        nginx.write_text("#!/bin/sh\n", encoding="utf-8")
        nginx.chmod(0o755)
        self.upstream = Upstream(folder / "upstream")
        for _, kind, name, content in BLOCKS.findall(text):
            if name and kind != "diff":
                (folder / name).write_text(content, encoding="utf-8")

    def happen(self, event: str) -> None:
        """Let something happen upstream: what, and on which day."""
        what, day = event.split()
        getattr(self.upstream, what)(day)

    def edit(self, name: str, lines: Sequence[str]) -> None:
        """Change a file as a diff says: what it takes away stands there once."""
        old, new = ("".join(f"{x[1:]}\n" for x in lines if x[0] in f" {sign}") for sign in "-+")
        text = (self.folder / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} does not hold this once:\n{old}"
        (self.folder / name).write_text(text.replace(old, new), encoding="utf-8")

    def run(self, command: str, now: datetime) -> Done:
        """Run a command of the page at that moment, stderr among stdout as on a terminal."""
        environment = environ(
            PATH=f"{self.folder / 'bin'}:{os.environ['PATH']}",
            NOW=now.isoformat(),
            BLOCKC_STORE=str(self.folder / "store"),
            COLUMNS="100",
            TZ="UTC",
        )
        done = subprocess.run(
            ["bash", "-c", self.digests.real(command, self.folder)],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), "")

    def told(self, command: str, now: datetime) -> str:
        """Return what a command says, as the page has it."""
        done = self.run(command, now)
        code = f"exit code {done.code}\n" if done.code else ""
        return self.seen(done.out.rstrip("\n") + "\n" if done.out.strip() else "") + code

    def seen(self, text: str) -> str:
        """Return a text as the page has it: no place of this machine, no digest."""
        return self.digests.hide(text.replace(str(self.folder), "/srv/policy"))

    def copied(self, folder: Path) -> "Week":
        """Return this week as it stands, in another folder."""
        shutil.copytree(self.folder, folder, symlinks=True)
        other = copy(self)
        other.folder, other.digests = folder, Digests()
        other.upstream = copy(self.upstream)
        other.upstream.folder, other.upstream.rows = folder / "upstream", dict(self.upstream.rows)
        return other


def moment(prompt: re.Match[str]) -> datetime:
    """Return the instant that a prompt says."""
    day = MONDAY + timedelta(days=DAYS.index(prompt[1]))
    return datetime(day.year, day.month, day.day, int(prompt[2]), int(prompt[3]), tzinfo=UTC)


def walked(text: str, week: Week) -> str:
    """Return a page with what its commands say now."""

    def again(block: re.Match[str]) -> str:
        if block[1]:
            week.happen(block[1])
        if block[2] == "diff":
            week.edit(block[3], block[4].splitlines())
        if block[2] != "console":
            return block[0]
        said = ""
        for prompt in PROMPT.finditer(block[4]):
            said += f"{prompt[0]}\n{week.told(prompt[4], moment(prompt))}"
        return f"```console\n{said}```"

    return BLOCKS.sub(again, text)


def _rewritten(request: pytest.FixtureRequest, story: str | None, table: str | None) -> str:
    """Return the page, with these parts of it written anew if that is asked for."""
    if request.config.getoption("--update-golden"):
        old_story, old_table = PAGE.read_text(encoding="utf-8").split(TABLE)
        parts = (old_story if story is None else story, old_table if table is None else table)
        PAGE.write_text(TABLE.join(parts), encoding="utf-8")
    return PAGE.read_text(encoding="utf-8")


def test_every_command_of_the_page_says_what_the_page_says(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    text = PAGE.read_text(encoding="utf-8").split(TABLE)[0]
    found = walked(text, Week(tmp_path / "policy", text))
    assert found == _rewritten(request, found, None).split(TABLE)[0]


def rewrite(path: Path, old: str, new: str) -> None:
    """Change the first `old` in a file."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path} does not hold {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def in_evidence(week: Week, end: str, old: bytes, new: bytes) -> None:
    """Change the first `old` in the one member of the archive whose name ends so and holds it."""
    path = week.folder / "week.zip"
    with ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    (name,) = (one for one, data in members.items() if one.endswith(end) and old in data)
    members[name] = members[name].replace(old, new, 1)
    with ZipFile(path, "w") as archive:
        for one, data in members.items():
            archive.writestr(one, data)


#: What is asked in turn, after a fault, until one does not end with 0.
STAGES = (
    "update --strict",
    "verify",
    "history verify",
    "evidence verify week.zip",
    "build --locked",
)
TUESDAY = datetime(2026, 12, 1, 2, 10, tzinfo=UTC)
_LIVE = "dist/.generations/live"
#: What goes wrong, and how: upstream, in the policy's folder, or in what was published.
FAULTS: dict[str, Callable[[Week], None]] = {
    "a registry's file is truncated": lambda week: week.happen("cut 2026-12-01"),
    "two registries' files are swapped": lambda week: week.happen("swapped 2026-12-01"),
    "half of a registry's rows are gone, its counts agree": lambda week: week.happen(
        "shrunken 2026-12-01"
    ),
    "a registry's file stands twice in one": lambda week: week.happen("doubled 2026-12-01"),
    "each row of a registry stands twice, its counts agree": lambda week: week.happen(
        "repeated 2026-12-01"
    ),
    "a third of a country is registered in another": lambda week: week.happen("shifted 2026-12-01"),
    "a template of one's own writes another address": lambda week: rewrite(
        week.folder / "dns.j2", "{% endfor %}", "{% endfor %}\n192.0.43.8"
    ),
    "a template of one's own leaves an address out": lambda week: rewrite(
        week.folder / "dns.j2", "part.lines()", 'part.texts[1:] | join("\\n")'
    ),
    "a template of one's own names what does not exist": lambda week: rewrite(
        week.folder / "dns.j2", "provenance.title", "provenance.titel"
    ),
    "a published artifact is changed": lambda week: rewrite(
        week.folder / _LIVE / "dns/embargo.txt", "46.100.0.0/17", "46.100.0.0/16"
    ),
    "the manifest is changed": lambda week: rewrite(
        week.folder / _LIVE / "manifest.json", "655360", "655361"
    ),
    "a line of the history is changed": lambda week: rewrite(
        week.folder / "dist/.generations/history.jsonl", "order-18", "order-17"
    ),
    "a line of the history in the evidence is changed": lambda week: in_evidence(
        week, "history.jsonl", b"order-18", b"order-17"
    ),
    "a policy in the evidence is changed": lambda week: in_evidence(
        week, "", b'block  = ["BY"]', b'block  = ["RU"]'
    ),
}


class Answers:
    """blockc in this process, by a clock that is set."""

    def __init__(self, blockc: Blockc, monkeypatch: pytest.MonkeyPatch) -> None:
        self.blockc, self.monkeypatch = blockc, monkeypatch

    def __call__(self, week: Week, command: str, now: datetime = TUESDAY) -> Done:
        self.monkeypatch.chdir(week.folder)
        self.monkeypatch.setenv("BLOCKC_STORE", str(week.folder / "store"))
        with time_machine.travel(now, tick=False):
            return self.blockc(*command.split())

    def first(self, week: Week) -> tuple[str, Done]:
        """Return which command is the first that does not end with 0, and how; or `none`."""
        done = Done(0, "", "")
        for stage in STAGES:
            done = self(week, f"{stage} -q")
            if done.code:
                return stage, done
        return "none", done

    def after(self, fault: str, week: Week) -> str:
        """Return the row of the table for a fault: the first command that finds it."""
        before = shown(week.folder / "dist")
        FAULTS[fault](week)
        stage, done = self.first(week)
        night = self(week, "refresh -q")
        after = shown(week.folder / "dist")
        artifacts = before.keys() - {"manifest.json"}
        assert {name: after[name] for name in artifacts} == {
            name: before[name] for name in artifacts
        }
        lines = (done.err + done.out).splitlines()
        said = [_MARK.sub("", line) for line in lines if not _COMING.match(line)]
        return f"| {fault} | {stage} | {done.code} | {night.code} | {said[0] if said else '-'} |\n"


def test_every_fault_is_stopped_by_the_stage_that_the_page_says(
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    blockc: Blockc,
) -> None:
    answer, good = Answers(blockc, monkeypatch), Week(tmp_path / "good", PAGE.read_text("utf-8"))
    good.happen("day 2026-11-29")
    for command in ("refresh -q", "evidence -o week.zip"):
        done = answer(good, command, TUESDAY - timedelta(days=1))
        assert done.code == 0, done.err
    rows = "| fault | found by | ends with | `refresh` ends with | what is said first |\n"
    rows += "|---|---|---|---|---|\n"
    for number, fault in enumerate(FAULTS):
        week = good.copied(tmp_path / str(number))
        rows += week.seen(answer.after(fault, week))
    assert rows == _rewritten(request, None, rows).split(TABLE)[1]
