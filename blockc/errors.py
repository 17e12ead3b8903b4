"""What can go wrong, where it went wrong, and who must act."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import AnyStr, ClassVar

_LONGEST = 8_000  # characters of a message
_STRIDE = 4096  # characters that are skipped at once on the way to a line


def printable(text: str) -> str:
    """Return `text` with everything a terminal could act on written as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _cut(message: str) -> str:
    """Return a message, a very long one without its middle: it may quote a whole file."""
    half = _LONGEST // 2
    return message if len(message) <= _LONGEST else f"{message[:half]} ... {message[-half:]}"


def counted(count: int, noun: str) -> str:
    """Return how many there are of something, in the singular or the plural.

    >>> counted(1, "key"), counted(1200, "key")
    ('1 key', '1,200 keys')
    """
    return f"{count:,} {noun}{'s' * (count != 1)}"


def listed(names: Sequence[str], most: int = 99) -> str:
    """Return names as a sentence has them, the first `most` where they are more.

    >>> listed(["arin", "lacnic", "ripencc"]), listed(["a", "b", "c"], 1)
    ('arin, lacnic and ripencc', 'a and 2 more')
    """
    left = len(names) - most
    shown = [*names[:most], *([f"{left} more"] if left > 0 else [])]
    return " and ".join([", ".join(shown[:-1]), *shown[-1:]] if shown[1:] else shown)


def suggestion(word: str, known: Iterable[str], *, likeness: float = 0.6) -> str:
    """Return `; did you mean 'x'?` for the nearest of `known`, or nothing."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(known), n=1, cutoff=likeness)
    return f"; did you mean {near[0]!r}?" if near else ""


#: What to do where a file may not be read or written.
DENIED = "change the permissions, or work as the user to whom it belongs"
#: Message and advice where git left both versions of some lines in a file.
CONFLICT = "a mark of a merge conflict", "resolve the conflict: keep the lines that are meant"
_CONFLICT_MARK = re.compile(r"(<{7}|>{7}|\|{7}) |={7}\s*$")


def is_conflict_mark(line: str) -> bool:
    """Return whether git, and what works like it, writes such a line around versions of others."""
    return _CONFLICT_MARK.match(line) is not None


def line_begin(text: AnyStr, number: int, newline: AnyStr) -> int:
    """Return where the line of this number, counted from 1, begins; behind the last it is the end.

    >>> line_begin("a\\nb\\nc", 3, "\\n")
    4
    """
    begin, before = 0, number - 1
    while before and begin < len(text):
        here = text.count(newline, begin, begin + _STRIDE)
        if here < before:
            begin, before = begin + _STRIDE, before - here
        else:
            begin, before = text.find(newline, begin) + 1, before - 1
    return min(begin, len(text)) if not before else len(text)


def os_reason(error: Exception) -> str:
    """Return what the operating system says, as part of a sentence.

    >>> os_reason(FileNotFoundError(2, "No such file or directory"))
    'no such file or directory'
    """
    return (getattr(error, "strerror", None) or str(error) or "not possible").lower()


@dataclass(frozen=True, slots=True)
class Location:
    """A place in an input: file, line and column counted from 1 (0 means the whole file)."""

    path: str
    line: int = 0
    column: int = 0
    text: str = ""
    width: int = 1

    def __str__(self) -> str:
        numbers = [str(n) for n in (self.line, self.column) if n]
        return printable(":".join([self.path, *numbers]))

    def picture(self) -> str:
        """Return the line with a caret under the column, or nothing if the line is unknown."""
        if not self.text:
            return ""
        window = max(0, self.column - 60)
        shown = printable(self.text[window : window + 100])
        if not self.column:
            return f"\n    {shown}"
        before = printable(self.text[window : self.column - 1])
        marked = printable(self.text[self.column - 1 : self.column - 1 + min(self.width, 100)])
        room = max(1, 100 - len(before))
        return f"\n    {shown}\n    {' ' * len(before)}{'^' * max(1, min(len(marked), room))}"


class BlockcError(Exception):
    """A failure blockc foresaw. `exit_code` tells who must act."""

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, at: Location | None = None, hint: str = "") -> None:
        self.message = _cut(message)
        super().__init__(self.message)
        self.at = at
        self.hint = hint

    def __str__(self) -> str:
        where = f"{self.at}: " if self.at else ""
        step = f"; {self.hint}" if self.hint else ""
        return f"{where}{printable(self.message + step)}{self.at.picture() if self.at else ''}"


@contextmanager
def placed_at(path: str) -> Iterator[None]:
    """Let failures that do not say where they are say that it is in a file."""
    try:
        yield
    except BlockcError as reason:
        reason.at = reason.at or Location(path)
        raise


class UsageError(BlockcError):
    """The command was called in a way that cannot work; the operator must act."""


class DefinitionError(BlockcError):
    """A source, group or target definition is wrong; the operator must act."""


class PolicyError(BlockcError):
    """The policy is wrong; its author must act."""


class OutputError(BlockcError):
    """The result cannot be written where it should go; the operator must act."""


class SourceSyntaxError(BlockcError):
    """A source does not follow its format; upstream must act."""

    exit_code = 3


class SourceUnfit(BlockcError):
    """A source is missing, stale, truncated or not what was asked for; upstream must act."""

    exit_code = 3


class UnsafeChange(BlockcError):
    """The change is larger than the guard allows; somebody must approve it."""

    exit_code = 4


class DoesNotFit(BlockcError):
    """The result exceeds a limit of its target; the policy's author must choose what to give up."""

    exit_code = 5


class Miscompiled(BlockcError):
    """A pass, a template or a reader broke its contract; blockc is wrong."""

    exit_code = 70


class Unproved(Miscompiled):
    """An artifact does not say what was ordered, or cannot be read back; blockc is wrong.

    Attributes:
        files: path -> bytes of the whole artifact, for whoever wants to look at it.
    """

    def __init__(
        self,
        message: str,
        *,
        at: Location | None = None,
        hint: str = "",
        files: Mapping[str, bytes] | None = None,
    ) -> None:
        super().__init__(message, at=at, hint=hint)
        self.files = dict(files or {})


class UnprovedTemplate(Unproved):
    """The same where the operator's own template wrote the artifact; the operator must act."""

    exit_code = 2


class Mistakes(BlockcError):
    """Several mistakes found in one run, reported together.

    Invariant: `errors` is not empty and in the order of the file.
    """

    def __init__(self, errors: Sequence[BlockcError]) -> None:
        self.errors = tuple(errors)
        super().__init__(str(self))
        self.message = str(self)

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


class SourceMistakes(Mistakes):
    """Several lines of a source that do not follow its format, reported together."""

    exit_code = 3


class UnsafeChanges(Mistakes):
    """Several limits of the guard that one change exceeds, reported together."""

    exit_code = 4


class DoNotFit(Mistakes):
    """Several results that exceed limits of their targets, reported together."""

    exit_code = 5
