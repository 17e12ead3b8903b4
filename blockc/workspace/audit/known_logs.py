"""Which of the named files goes on which log that was read before, and from where.

A log is the same under another name, packed, or as a copy of which the original was cut to nothing:
it is found by its content. Two files of one content are counted once.
"""

import os
import re
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from blockc.audit.trend import HEAD, TAIL, KnownLog, digest_of, marks_of
from blockc.errors import Location, UsageError, os_reason
from blockc.storage.log_files import (
    STDIN,
    blocks,
    first_bytes,
    is_packed,
    is_parquet,
    last_bytes,
    same_so_far,
)
from blockc.values import Value, replace
from blockc.workspace.audit.log_feed import LogBegin, ReadLog

_ROTATED = re.compile(r"(?:[.-][0-9]+|\.(?:gz|bz2|xz|zst|old|bak))+$")
_LEAST, _CERTAIN = 64, 1024  # so many equal bytes are a copy, of a file of a like name, of any
_DAY_NS = 86_400 * 1_000_000_000  # what has not changed for that long is not written to any more


class LogFile(Value):
    """A file that was named, as it is now; `head` are its first bytes, unpacked, if it is new."""

    path: str
    device: int
    inode: int
    size: int
    changed: int
    packed: bool = False
    head: bytes = b""

    @property
    def stamp(self) -> tuple[int, int, int, int]:
        """Return what tells whether it was touched."""
        return self.device, self.inode, self.size, self.changed


class Going(Value):
    """A file and the log that it is, if that is known; `unread`: it may have more than was read."""

    file: LogFile
    known: KnownLog | None
    unread: bool = True


def log_file(path: str, stamps: Collection[tuple[int, int, int, int]] = ()) -> LogFile:
    """Return a file as it is now; nothing is read of one whose stamp is among `stamps`.

    Raises:
        UsageError: It cannot be read on from a place, or not at all.
    """
    said = ""
    if path == STDIN or not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116  a text
        said = "--since-last reads files, which it can find again"
    elif is_parquet(path):
        said = "--since-last does not read Parquet, of which nobody adds to the end"
    if said:
        hint = "audit it without --since-last"
        raise UsageError(said, at=Location(path), hint=hint)
    found = os.stat(path)  # noqa: PTH116  before it is read: what comes later changes it
    stamp = found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
    if stamp in stamps:
        return LogFile(path, *stamp)
    return LogFile(path, *stamp, is_packed(path), first_bytes(path, HEAD))


def goings(files: Sequence[LogFile], known: Sequence[KnownLog]) -> list[Going]:
    """Return what each file is; of several that are one log the longest alone.

    Raises:
        UsageError: Two files go on one log differently, and nothing says which of them it is.
    """
    stamps = {log.stamp: log for log in known}
    begins: dict[str, list[KnownLog]] = {}
    for log in known:
        begins.setdefault(log.marks[0] if log.marks else "", []).append(log)
    claims = [_claim(file, stamps, begins) for file in files]
    found = [one for one in claims if one.known is None]
    claimed: dict[int, list[Going]] = {}
    for one in claims:
        if one.known:
            claimed.setdefault(id(one.known), []).append(one)
    for log in known:
        rivals = claimed.get(id(log), [])
        rivals.sort(key=lambda one, log=log: _nearness(log, one.file), reverse=True)  # type: ignore[misc]
        if rivals:
            kept, others = _longest(rivals)
            found.append(kept)
            for other in others:
                if _nearness(log, kept.file) == _nearness(log, other.file):
                    said = f"both this file and {kept.file.path} begin as {log.path} did"
                    hint = "name only one of them, or begin anew without --since-last"
                    raise UsageError(said, at=Location(other.file.path), hint=hint)
                found.append(Going(other.file, None))
    new = [one for one in found if one.known is None]
    return [one for one in found if one.known] + _without_copies(new)


def _claim(
    file: LogFile,
    stamps: Mapping[tuple[int, int, int, int], KnownLog],
    begins: Mapping[str, Sequence[KnownLog]],
) -> Going:
    """Return which log a file is by itself; `begins`: the logs by their first mark."""
    if file.stamp in stamps:
        return Going(file, stamps[file.stamp], unread=False)
    marks = marks_of(file.head)
    alike = [
        log
        for first in {"", *marks[:1]}
        for log in begins.get(first, ())
        if log.begins_like(marks)
        and (any(_nearness(log, file)) or min(log.read, len(file.head)) >= _CERTAIN)
    ]
    tails = last_bytes(file.path, sorted({log.read for log in alike}), TAIL)
    fits = [log for log in alike if log.read in tails and digest_of(tails[log.read]) == log.tail]
    if fits:
        return Going(file, max(fits, key=lambda log: log.read))
    longer = [log for log in alike if log.read not in tails and log.marks]
    if longer:  # all of it was read
        return Going(file, max(longer, key=lambda log: log.read), unread=False)
    return Going(file, None)


def _nearness(log: KnownLog, file: LogFile) -> tuple[bool, bool]:
    """Return what beside its content says that a file is this log."""
    same = (log.device, log.inode) == (file.device, file.inode)
    return same, _stem(file.path) == _stem(log.path)


def _stem(path: str) -> str:
    """Return the path of a log without what a rotation adds to it.

    >>> _stem("logs/access.log.2.gz"), _stem("logs/access.log-20261128")
    ('logs/access.log', 'logs/access.log')
    """
    return _ROTATED.sub("", path)


def _longest(rivals: Sequence[Going]) -> tuple[Going, list[Going]]:
    """Return the longest of the copies of the first of some files, and those that are none."""
    kept, others = rivals[0], []
    for other in rivals[1:]:
        log = kept.known
        order = same_so_far(kept.file.path, other.file.path, log.read if log else 0)
        if order is None:
            others.append(other)
        elif order < 0 or (order == 0 and kept.unread and not other.unread):
            kept = other
    return kept, others


def _without_copies(new: Sequence[Going]) -> list[Going]:
    """Return files that nobody has read yet, without those that others of them begin with."""
    buckets: dict[bytes, list[Going]] = {}
    for one in new:
        kept = buckets.setdefault(one.file.head[:_LEAST], [])
        for at, other in enumerate(kept):
            if _begin_alike(one.file, other.file):
                order = same_so_far(one.file.path, other.file.path, 0)
                if order is not None:
                    kept[at] = one if order > 0 else other
                    break
        else:
            kept.append(one)
    return [one for kept in buckets.values() for one in kept]


def _begin_alike(one: LogFile, other: LogFile) -> bool:
    if (one.device, one.inode) == (other.device, other.inode):
        return True  # one file under two names
    same = min(len(one.head), len(other.head))
    related = _stem(one.path) == _stem(other.path)
    return same >= (_LEAST if related else _CERTAIN) and one.head[:same] == other.head[:same]


class _Reading:
    """Reads a log on from a place, and takes down what the next run has to know about it."""

    def __init__(self, going: Going) -> None:
        self.file, self.known = going.file, going.known
        self.read = self.known.read if self.known else 0
        self._head = going.file.head[: self.read] if self.read < HEAD else b""
        tails = last_bytes(self.file.path, [self.read], TAIL) if self.read else {}
        self._tail = tails.get(self.read, b"")

    def begin(self) -> LogBegin:
        log = self.known
        if log is None:
            return LogBegin(self.file.path, data=self._blocks)
        return LogBegin(self.file.path, log.lines, log.format, log.columns, self._blocks)

    def _blocks(self) -> Iterator[bytes]:
        read, head, tail = self.read, self._head, self._tail
        for data in blocks(self.file.path, start=self.read, resumable=True):
            yield data
            if read < HEAD:
                head += data[: HEAD - read]
            tail = (tail + data[-TAIL:])[-TAIL:]
            read += len(data)
            if data.endswith(b"\n"):  # a very long line that has no end yet comes again
                self.read, self._head, self._tail = read, head, tail

    def now(self, done: ReadLog, moment: int) -> KnownLog | None:
        """Return what is known of the log now; None if nothing of it was read yet."""
        file, log = self.file, self.known
        if not self.read:
            return None
        whole = file.packed or file.size <= self.read  # not so: its last line has no end yet
        old = whole and moment - file.changed > _DAY_NS and bool(log and log.read == self.read)
        return KnownLog(
            path=log.path if log else file.path,
            device=file.device,
            inode=file.inode,
            size=file.size,
            changed=file.changed,
            read=self.read,
            lines=(log.lines if log else 0) + done.lines,
            marks=log.marks if log and log.read >= HEAD else marks_of(self._head),
            tail=digest_of(self._tail),
            format=done.format or (log.format if log else ""),
            columns=done.columns if done.format or log is None else log.columns,
            settled=old or (file.packed and not done.damage),
        )


class Resumption:
    """One run over files of which some were read before.

    Args:
        paths: The files.
        known: The logs that were read before.

    Raises:
        UsageError: It cannot be known what was counted.
    """

    def __init__(self, paths: Sequence[str], known: Sequence[KnownLog]) -> None:
        try:
            stamps = {log.stamp for log in known}
            files = [log_file(path, stamps) for path in paths]
            self._goings = goings(files, known)
            self._readings = [_Reading(one) for one in self._goings if one.unread]
        except OSError as reason:
            at = Location(str(reason.filename)) if reason.filename else None
            raise UsageError(f"cannot read it: {os_reason(reason)}", at=at) from None
        self._known = tuple(known)

    @property
    def begins(self) -> list[LogBegin]:
        """Return the logs with something to read, and from where."""
        return [one.begin() for one in self._readings]

    def lost(self) -> list[KnownLog]:
        """Return the logs that were not read to their end, and are in no file."""
        found = {id(one.known) for one in self._goings}
        return [log for log in self._known if not log.settled and id(log) not in found]

    def known_now(self, done: Sequence[ReadLog], now: datetime) -> tuple[KnownLog, ...]:
        """Return all logs as the next run has to know them."""
        moment = int(now.timestamp()) * 1_000_000_000
        logs = {id(log): log for log in self._known}
        for log in self.lost():
            logs[id(log)] = replace(log, settled=True)
        for one in self._goings:
            old = moment - one.file.changed > _DAY_NS
            if old and one.known and not one.unread and one.file.size <= one.known.read:
                logs[id(one.known)] = replace(one.known, settled=True)
        for reading, read in zip(self._readings, done, strict=True):
            after = reading.now(read, moment)
            if after:
                logs[id(reading.known or reading)] = after
        return tuple(logs.values())
