"""Where artifacts go: patterns of relative paths, and the files they stand for."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import PurePosixPath
from string import ascii_letters, digits
from typing import NamedTuple
from unicodedata import normalize

from blockc.errors import PolicyError, suggestion
from blockc.values import Changing, field
from blockc.vocabulary import MANIFEST

PLACEHOLDERS = ("country", "family", "part")
RESERVED = (MANIFEST, ".generations")  # at the top of the output folder
_BRACES = re.compile(r"\{([^{}]*)\}|[{}]")


def require_pattern(path: str) -> frozenset[str]:
    """Return the placeholders of `path`.

    Raises:
        PolicyError: Without a place, if `path` could leave the output folder or cannot be filled.
    """
    reason = _objection(path)
    if reason:
        hint = "expected a path below the output folder, such as nginx/blocked.conf"
        raise PolicyError(f"path {path!r} {reason}", hint=hint)
    return frozenset(_placeholder(found, path) for found in _BRACES.finditer(path))


def is_pattern(path: str) -> bool:
    """Return whether `require_pattern` accepts `path`."""
    try:
        require_pattern(path)
    except PolicyError:
        return False
    return True


def folded(path: str) -> str:
    """Return what paths have in common that some file systems take for one.

    Those of macOS and Windows, and of what they serve, ignore case; some ignore in which of two
    ways a letter with an accent is written. A policy is built on a machine that does not, and its
    artifacts are unpacked or mounted on one that does.
    """
    return normalize("NFD", normalize("NFD", path).casefold())


def clash(path: str, other: str) -> str:
    """Return in words how `path` and `other`, whose files may be one, are that."""
    exact = PathClaims(fold=lambda text: text)
    exact.claim(other)
    if exact.claim(path) is not None:
        return f"{path!r} can be the same file as {other!r}"
    where = "where a file system ignores case, or how accents are written"
    return f"{path!r} can be the same file as {other!r} {where},"


_NOBODY = sys.maxsize


class _Step(NamedTuple):
    """One character of a path: any of `letters`, and any number more of them if it `repeats`."""

    letters: str
    repeats: bool = False


class _Node(Changing):
    """Where patterns with the same beginning stand.

    `again`: letters after which they still stand here. `first`: the number of the first pattern
    that comes through, `ends`: of the first that ends here.
    """

    again: str = ""
    after: dict[_Step, "_Node"] = field(default_factory=dict)
    first: int = _NOBODY
    ends: int = _NOBODY


_FOLDER = _Step("/")
_LETTER, _DIGITS = _Step(ascii_letters), _Step(digits, repeats=True)
_KINDS = {
    "{country}": (_LETTER, _LETTER),
    "{family}": (*map(_Step, "ipv"), _Step("46")),
    "{part}": (_DIGITS,),
}
_WILD = (_LETTER, _DIGITS, _Step("46"))


class PathClaims:
    """The files that the outputs of a policy may write, to find two that could be one.

    All patterns together are one tree of characters in which a placeholder is a step of any letter
    or any digit. A new pattern walks through it wherever both can go on, so the cost grows with
    the length of the paths and hardly with their number. Paths that `fold` makes one are one.
    """

    def __init__(self, fold: Callable[[str], str] = folded) -> None:
        self._fold = fold
        self._root = _Node()
        self._claimed: list[str] = []

    def claim(self, pattern: str) -> str | None:
        """Take the files of `pattern`; return the first pattern that may write one of them too.

        A file and a folder of one name cannot stand beside each other either.
        """
        forms = [_steps(one) for one in _forms(self._fold(pattern))]
        taken = min((self._first_in_the_way(steps) for steps in forms), default=_NOBODY)
        for steps in forms:
            self._add(steps, len(self._claimed))
        self._claimed.append(pattern)
        return self._claimed[taken] if taken < _NOBODY else None

    def _add(self, steps: Sequence[_Step], owner: int) -> None:
        node = self._root
        for step in steps:
            node.first = min(node.first, owner)
            node = node.after.setdefault(step, _Node(step.letters if step.repeats else ""))
        node.first, node.ends = min(node.first, owner), min(node.ends, owner)

    def _first_in_the_way(self, steps: Sequence[_Step]) -> int:
        """Return the number of the first pattern that meets `steps`: at its end, or at a folder."""
        first, waiting = _NOBODY, [(0, self._root)]
        seen = {(0, id(self._root))}
        while waiting:
            at, node = waiting.pop()
            if at == len(steps):
                below = node.after.get(_FOLDER)
                first = min(first, node.ends, below.first if below else _NOBODY)
            elif steps[at] == _FOLDER:
                first = min(first, node.ends)
            for state in _moves(steps, at, node):
                if (state[0], id(state[1])) not in seen:
                    seen.add((state[0], id(state[1])))
                    waiting.append(state)
        return first


def _moves(steps: Sequence[_Step], at: int, node: _Node) -> Iterator[tuple[int, _Node]]:
    """Yield where both a path at `at` and the patterns at `node` stand after one more character."""
    own = [(steps[at].letters, at + 1)] if at < len(steps) else []
    if at and steps[at - 1].repeats:
        own.append((steps[at - 1].letters, at))
    for letters, following in own:
        if node.again and _meet(letters, node.again):
            yield following, node
        for step, child in node.after.items() if len(letters) > 1 else _taking(letters, node):
            if _meet(letters, step.letters):
                yield following, child


def _taking(letter: str, node: _Node) -> Iterator[tuple[_Step, _Node]]:
    """Yield the steps that take `letter`, without a look at all others of one letter."""
    for step in (_Step(letter), *_WILD):
        if step in node.after:
            yield step, node.after[step]


def _meet(one: str, other: str) -> bool:
    return any(letter in other for letter in one)


def _forms(pattern: str) -> Iterator[str]:
    """Yield `pattern`, and what becomes of it where a target writes one file per family."""
    yield pattern
    if "{family}" not in pattern:
        path = PurePosixPath(pattern)
        yield str(path.with_name(f"{path.stem}.{{family}}{path.suffix}"))


def _steps(pattern: str) -> list[_Step]:
    pieces = re.split(r"(\{[a-z]+\})", pattern)
    return list(chain.from_iterable(_KINDS.get(piece) or map(_Step, piece) for piece in pieces))


def _short(steps: Sequence[str]) -> str:
    return "/".join(step for step in steps if step not in ("", "."))


def _objection(path: str) -> str:
    steps = path.split("/")
    checks = (
        (not path, "is empty"),
        (not path.isprintable(), "has characters that do not print"),
        ("\\" in path, "has a backslash, which some systems read as a folder"),
        (path.startswith("/"), "is absolute"),
        (".." in steps, "leaves the output folder"),
        (path.endswith("/"), "names a folder, not a file"),
        ("" in steps or "." in steps, f"has an empty step; write {_short(steps)!r}"),
        (folded(steps[0]) in RESERVED, "is a name blockc writes itself"),
    )
    return next((words for wrong, words in checks if wrong), "")


def _placeholder(found: re.Match[str], path: str) -> str:
    name = found[1]
    if name is None:
        raise PolicyError(f"path {path!r} has a brace without its partner")
    if name not in PLACEHOLDERS:
        known = [f"{{{one}}}" for one in PLACEHOLDERS]
        near = suggestion(found[0], known).removeprefix("; ")
        hint = near or f"known are {', '.join(known)}"
        raise PolicyError(f"unknown placeholder {found[0]}", hint=hint)
    return name
