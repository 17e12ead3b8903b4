"""Answers what is to happen to an address, from an artifact of the target `matcher`.

    matcher = blockc.load("dist")
    answer = matcher.lookup("203.0.113.9")
    if answer.action == "block":
        ...  # answer with answer.status, and answer.link in the header Link

    python -m blockc.runtime.matcher dist 203.0.113.9      # the same, to try a file

The layout of the file is described in `blockc.targets.data.matcher_file`.
"""

import hashlib
import json
import logging
import os
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path
from socket import AF_INET, AF_INET6, AddressFamily, inet_ntop, inet_pton
from typing import NamedTuple

_LOG = logging.getLogger("blockc")
_FIRST_LINE = b"blockc-matcher 1\n"
_DIGEST_SIZE = 32
_ENDING = ".blockc"
_MAPPED = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96, IPv4 clients of dual-stack sockets


class MatcherError(ValueError):
    """A file that cannot be used; the message says which, why, and what to do."""


class Answer(NamedTuple):
    """What is to happen to a client.

    Attributes:
        action: `block`, `warn` or `monitor`; empty if the address is not listed.
        list: The list, or the lists with a `+` between them, that were asked.
        status: The HTTP status to refuse with.
        link: The URL of who blocks it, for `Link: <...>; rel="blocked-by"`, or nothing.
    """

    action: str
    list: str
    status: int
    link: str


class AnsweredSpan(NamedTuple):
    """Addresses that get the same answer: the first, the last, and the answer."""

    first: str
    last: str
    answer: Answer


class _Runs(NamedTuple):
    """The runs of one family: the first address of each, packed, and its answer."""

    family: AddressFamily
    starts: Sequence[bytes]
    answers: Sequence[Answer]


class _State(NamedTuple):
    """What a file said when it was read. Never changed, so threads share it without a lock."""

    name: str
    ipv4: _Runs
    ipv6: _Runs


class Matcher:
    """Answers for one artifact; safe for threads, and takes a new file over while it runs.

    Args:
        path: The artifact. It may be a link that a build moves.
        every: How many seconds may pass until a changed file is noticed; it is looked at when
            somebody asks, never by a thread of its own. None: never look again.
        clock: Tells seconds that only grow.

    Raises:
        MatcherError: The file cannot be read or is not what a build writes.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        every: float | None = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = Path(path)
        self._every, self._clock = every, clock
        self._mark = _mark(self.path)
        self._state = _read(self.path)
        self._next_look = clock() + (every or 0)

    @property
    def list(self) -> str:
        """Return the list, or the lists with a `+` between them, that are asked."""
        return self._state.name

    def lookup(self, address: str) -> Answer:
        """Return what is to happen to an address.

        An IPv4-mapped IPv6 address counts as the IPv4 address in it, and a zone (`%eth0`) does
        not count.

        Raises:
            ValueError: It is not an IPv4 or IPv6 address.
        """
        if self._every is not None and self._clock() >= self._next_look:
            self.refresh()
        state = self._state
        packed, is_ipv4 = packed_address(address)
        runs = state.ipv4 if is_ipv4 else state.ipv6
        return runs.answers[bisect_right(runs.starts, packed) - 1]

    def span(self, address: str) -> AnsweredSpan:
        """Return the widest range round an address in which all get the same answer.

        Raises:
            ValueError: It is not an IPv4 or IPv6 address.
        """
        packed, is_ipv4 = packed_address(address)
        runs = self._state.ipv4 if is_ipv4 else self._state.ipv6
        after = bisect_right(runs.starts, packed)
        end = _before(runs.starts[after]) if after < len(runs.starts) else b"\xff" * len(packed)
        first, last = (inet_ntop(runs.family, one) for one in (runs.starts[after - 1], end))
        return AnsweredSpan(first, last, runs.answers[after - 1])

    def refresh(self) -> bool:
        """Read the file again if it is another; return whether it was taken over.

        A file that cannot be used is left aside with an error in the log `blockc`: what was read
        before goes on deciding.
        """
        self._next_look = self._clock() + (self._every or 0)
        mark = _mark(self.path)
        if mark is None or mark == self._mark:
            if mark is None and self._mark is not None:
                _LOG.error("%s is gone; what it said goes on deciding", self.path)
                self._mark = None
            return False
        self._mark = mark
        try:
            self._state = _read(self.path)
        except MatcherError as reason:
            _LOG.error("%s; what was read before goes on deciding", reason)
            return False
        return True

    def __repr__(self) -> str:
        return f"Matcher({str(self.path)!r}, list={self.list!r})"


def load(path: str | os.PathLike[str], every: float | None = 1.0) -> Matcher:
    """Return the matcher of a file, or of the only such file below a folder that a build published.

    Args:
        path: An artifact of the target `matcher`, or the folder that holds one.
        every: See `Matcher`.

    Raises:
        MatcherError: The file cannot be used; or the folder has none, or several.
    """
    chosen = Path(path)
    if not chosen.is_dir():
        return Matcher(chosen, every)
    found = sorted(_files(str(chosen)))
    if not found:
        said = "add an [[output]] with target = 'matcher' to the policy, and build"
        raise MatcherError(f"{chosen}: no file *{_ENDING} in this folder; {said}")
    if len(found) > 1:
        raise MatcherError(f"{chosen}: several files *{_ENDING}, name one: {', '.join(found)}")
    return Matcher(found[0], every)


def packed_address(text: str) -> tuple[bytes, bool]:
    """Return the bytes of an address, and whether they are IPv4.

    Raises:
        ValueError: It is not an address.

    >>> packed_address("::ffff:192.0.2.1")
    (b'\\xc0\\x00\\x02\\x01', True)
    """
    try:
        if ":" not in text:
            return inet_pton(AF_INET, text), True
        packed = inet_pton(AF_INET6, text.partition("%")[0] if "%" in text else text)
    except (OSError, ValueError):
        raise ValueError(f"{text!r} is not an IPv4 or IPv6 address") from None
    return (packed[12:], True) if packed.startswith(_MAPPED) else (packed, False)


def _files(folder: str) -> list[str]:
    """Return the artifacts below a folder; what is hidden, as old generations are, is not."""
    found = []
    for above, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [os.path.join(above, name) for name in names if name.endswith(_ENDING)]  # noqa: PTH118
    return found


def _before(packed: bytes) -> bytes:
    """Return the address before one that is not 0."""
    return (int.from_bytes(packed, "big") - 1).to_bytes(len(packed), "big")


def _mark(path: Path) -> tuple[int, ...] | None:
    """Return what tells whether a file is still the same; None if it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _read(path: Path) -> _State:
    try:
        return _state(path.read_bytes())
    except OSError as reason:
        raise MatcherError(f"{path}: {reason.strerror}") from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as reason:
        why = reason if isinstance(reason, MatcherError) else "not as blockc writes it"
        raise MatcherError(f"{path}: {why}; build it again") from None


def _state(data: bytes) -> _State:
    if not data.startswith(_FIRST_LINE):
        raise MatcherError("not an artifact of the target matcher, or of a newer blockc")
    body, digest = data[:-_DIGEST_SIZE], data[-_DIGEST_SIZE:]
    if hashlib.sha256(body).digest() != digest:
        raise MatcherError("cut off or changed: its digest is another")
    begin = body.index(b"\n", len(_FIRST_LINE)) + 1
    about = json.loads(body[len(_FIRST_LINE) : begin])
    answer = about.get("response", {})
    said = about["list"], int(answer.get("status", 403)), str(answer.get("link", ""))
    answers = [Answer(str(action), *said) for action in about["verdicts"]]
    ipv4, begin = _runs(body, begin, AF_INET, about["runs"]["ipv4"], answers)
    ipv6, begin = _runs(body, begin, AF_INET6, about["runs"]["ipv6"], answers)
    if begin != len(body):
        raise MatcherError("longer than it says")
    return _State(str(about["list"]), ipv4, ipv6)


def _runs(
    data: bytes, begin: int, family: AddressFamily, count: int, answers: list[Answer]
) -> tuple[_Runs, int]:
    """Return the runs of a family that begin at a byte, and the byte after them."""
    width = 4 if family == AF_INET else 16
    middle = begin + count * width
    end = middle + count * 2
    starts = [data[at : at + width] for at in range(begin, middle, width)]
    if end > len(data) or not starts or any(starts[0]):
        raise MatcherError(f"it does not hold the {count} runs it says")
    labels = zip(data[middle:end:2], data[middle + 1 : end : 2], strict=True)
    found = [answers[high << 8 | low] for high, low in labels]
    return _Runs(family, starts, found), end


def main(words: Sequence[str]) -> int:
    """Say what a file says of each address; return 2 if that cannot be said."""
    if not words:
        sys.stderr.write("usage: python -m blockc.runtime.matcher FILE [ADDRESS...]\n")
        return 2
    try:
        matcher = load(words[0], every=None)
        answers = [f"{text} {matcher.lookup(text).action or '-'}\n" for text in words[1:]]
    except ValueError as reason:
        sys.stderr.write(f"{reason}\n")
        return 2
    sys.stdout.writelines(answers)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
