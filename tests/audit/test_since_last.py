"""Logs that grow, are renamed, copied, cut to nothing and packed: every line is counted once."""

import gzip
import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blockc.audit.trend import KnownLog, Memory, memory_bytes, memory_of
from blockc.errors import UsageError
from blockc.storage import log_files
from blockc.workspace.audit.known_logs import Resumption
from blockc.workspace.audit.log_feed import LogFeed, shipped_formats
from tests.support.memory import growth

NOW = datetime.now(UTC)


class Site:
    """Two hosts that write logs, which are rotated in all ways, and one who counts."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.rng = folder, random.Random(seed)
        self.written: Counter[bytes] = Counter()
        self.counted: Counter[bytes] = Counter()
        self.half: dict[str, bytes] = {}
        self.number = 0
        self.known: tuple[KnownLog, ...] = ()

    def line(self) -> bytes:
        """Return a line; now and then one that was there before, as a probe of health writes."""
        self.number += 1
        again = self.rng.random() < 0.1
        number = 0 if again else self.number
        filler = "" if again else "x" * self.rng.choice([0, 5, 900, 5000])
        return f'192.0.2.7 - - [10/Oct/2026:13:55:36 +0000] "GET /{number}{filler}"\n'.encode()

    def write(self, name: str) -> None:
        """Write a few lines into a log, and maybe a part of one more."""
        data = self.half.pop(name, b"")
        whole = [data + self.line() if n == 0 and not data else self.line() for n in range(3)]
        if data:
            whole[0] = self.rest_of(data)
            self.written[data + whole[0]] += 1
            whole, first = whole[1:], whole[0]
        else:
            first = b""
        self.written.update(whole)
        text = first + b"".join(whole)
        if self.rng.random() < 0.4:
            part = b'192.0.2.9 - - [10/Oct/2026:13:55:36 +0000] "' + str(self.number).encode()
            self.half[name] = part
            text += part
        with (self.folder / name).open("ab") as log:
            log.write(text)

    def rest_of(self, part: bytes) -> bytes:
        """Return what ends a line that was begun."""
        return f'GET /{len(part)} rest {self.rng.random()}"\n'.encode()

    def finish(self, name: str) -> None:
        """End the line that was begun: nobody rotates a log in the middle of one."""
        part = self.half.pop(name, b"")
        if part:
            self.append(name, self.rest_of(part), part)

    def append(self, name: str, text: bytes, part: bytes = b"") -> None:
        """Write the end of a line, or all of one."""
        self.written[part + text] += 1
        with (self.folder / name).open("ab") as log:
            log.write(text)

    def rotate(self, name: str, *, copying: bool) -> None:
        """Move a log out of the way, packed from the second time on."""
        log = self.folder / name
        if not log.exists() or not log.stat().st_size:
            return
        self.finish(name)
        numbers = sorted(int(p.name.split(".")[2]) for p in self.folder.glob(f"{name}.*"))
        for number in reversed(numbers):
            for old in self.folder.glob(f"{name}.{number}*"):
                old.rename(old.with_name(old.name.replace(f".{number}", f".{number + 1}")))
        if copying:
            (self.folder / f"{name}.1").write_bytes(log.read_bytes())
            log.write_bytes(b"")
        else:
            log.rename(self.folder / f"{name}.1")

    def pack(self, name: str) -> None:
        """Pack what was rotated; now and then the original is still there."""
        for old in self.folder.glob(f"{name}.*[0-9]"):
            packed = old.with_name(old.name + ".gz")
            packed.write_bytes(gzip.compress(old.read_bytes()))
            if self.rng.random() < 0.7:
                old.unlink()

    def count(self) -> None:
        """Do what one run does, but for cutting lines."""
        paths = sorted(map(str, self.folder.glob("*.log*")))
        self.rng.shuffle(paths)
        run = Resumption(paths, self.known)
        assert run.lost() == []
        feed = LogFeed(run.begins, [shipped_formats()["combined"]], only=True)
        for _, (_, _, data) in feed.parts():
            self.counted.update(data.splitlines(keepends=True))
        self.known = run.known_now(feed.logs, NOW)
        memory = Memory(logs=self.known)
        assert set(memory_of(memory_bytes(memory)).logs) == set(self.known)


def test_a_line_too_long_is_read_again_until_it_has_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_files, "BLOCK", 1 << 10)
    site = Site(tmp_path, 0)
    site.append("a.log", b"one\n" + b"x" * 5_000)
    site.count()
    assert [(log.lines, log.read) for log in site.known] == [(1, 4)]
    site.append("a.log", b"x" * 2_000 + b"\nthree\n")
    site.count()
    assert [(log.lines, log.read) for log in site.known] == [(3, 4 + 7_001 + 6)]
    assert site.counted == {b"one\n": 1, b"three\n": 1}


@pytest.mark.parametrize("seed", range(40))
def test_every_line_is_counted_once(seed: int, tmp_path: Path) -> None:
    site = Site(tmp_path, seed)
    steps: Sequence[Callable[[str], None]] = (
        site.write, site.write, site.write, lambda name: site.rotate(name, copying=True),
        lambda name: site.rotate(name, copying=False), site.pack, lambda _: site.count(),
        lambda _: site.count(),
    )  # fmt: skip
    for _ in range(60):
        site.rng.choice(steps)(site.rng.choice(["a.log", "b.log"]))
        assert not site.counted - site.written
    for name in ("a.log", "b.log"):  # what holds nothing but what another one begins with waits
        site.finish(name)
        site.append(name, f"the last one of {name}\n".encode())
    site.count()
    assert site.counted == site.written
    assert sum(site.written.values()) > 30


def known_after(folder: Path, text: bytes, name: str = "access.log") -> tuple[KnownLog, ...]:
    """Return what is known once a log with that text was read."""
    (folder / name).write_bytes(text)
    known = read_on([folder / name], ())
    assert known
    return known


def read_on(paths: Sequence[Path], known: Sequence[KnownLog]) -> tuple[KnownLog, ...]:
    """Read what is new in logs, and return what is known then."""
    run = Resumption([str(path) for path in paths], known)
    feed = LogFeed(run.begins, [shipped_formats()["combined"]], only=True)
    assert all(feed.parts())
    return run.known_now(feed.logs, NOW)


LINE = b'192.0.2.7 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1" 200 7 "-" "curl"\n'


def test_a_log_that_is_gone_and_was_not_read_to_its_end_is_said(tmp_path: Path) -> None:
    known = known_after(tmp_path, LINE)
    (tmp_path / "access.log").write_bytes(LINE.replace(b"13:55", b"14:55"))
    (lost,) = Resumption([str(tmp_path / "access.log")], known).lost()
    assert lost.path == str(tmp_path / "access.log")


@pytest.mark.parametrize("linked", [Path.symlink_to, Path.hardlink_to])
def test_a_file_under_two_names_is_counted_once(
    tmp_path: Path, linked: Callable[[Path, Path], None]
) -> None:
    log, other = tmp_path / "access.log", tmp_path / "current.log"
    log.write_bytes(LINE * 5)
    linked(other, log)
    assert [one.lines for one in read_on([log, other], ())] == [5]


def test_a_log_whose_last_line_has_no_end_is_missed_however_old_it_is(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    known = known_after(tmp_path, LINE * 5 + LINE[:-1])
    old = NOW.timestamp() - 3 * 86_400
    for _ in range(3):
        os.utime(path, (old, old))
        known = read_on([path], known)
        assert [(one.lines, one.settled) for one in known] == [(5, False)]
    assert [one.path for one in Resumption([], known).lost()] == [str(path)]
    path.write_bytes(LINE * 6)
    os.utime(path, (old, old))
    for _ in range(2):
        known = read_on([path], known)
    assert [(one.lines, one.settled) for one in known] == [(6, True)]


def test_what_was_packed_and_read_may_go(tmp_path: Path) -> None:
    known = known_after(tmp_path, gzip.compress(LINE), "access.log.2.gz")
    assert [one.settled for one in known] == [True]
    assert Resumption([], known).lost() == []


def test_two_logs_that_go_on_one_are_refused(tmp_path: Path) -> None:
    known = known_after(tmp_path, LINE)
    names = [str(tmp_path / f"access.log-{day}") for day in (1, 2)]
    for name in names:
        Path(name).write_bytes(LINE + LINE.replace(b"curl", name[-1:].encode()))
    (tmp_path / "access.log").unlink()
    with pytest.raises(UsageError, match="begin as"):
        Resumption(names, known)


def test_a_packed_log_that_is_not_whole_yet_is_read_on_when_it_is(tmp_path: Path) -> None:
    lines = [
        LINE.replace(b"GET /", b"GET /%d" % random.Random(n).getrandbits(400)) for n in range(3000)
    ]
    data = gzip.compress(b"".join(lines))
    path = tmp_path / "access.log.1.gz"
    counted = Counter[bytes]()
    known: tuple[KnownLog, ...] = ()
    for size in (len(data) // 2, len(data) - 3, len(data)):
        path.write_bytes(data[:size])
        run = Resumption([str(path)], known)
        feed = LogFeed(run.begins, [shipped_formats()["combined"]], only=True)
        for _, (_, number, part) in feed.parts():
            assert number == sum(counted.values()) + 1
            counted.update(part.splitlines(keepends=True))
        known = run.known_now(feed.logs, NOW)
    assert counted == Counter(lines)
    assert [one.settled for one in known] == [True]


def test_a_table_of_very_many_short_lines_is_read_line_by_line() -> None:
    head = memory_bytes(Memory()).decode()

    def read(text: str) -> None:
        with pytest.raises(ValueError, match="kind"):
            memory_of((head + text).encode())

    assert growth(read, "{}\n") < 8
