"""What a target is: how one platform's text is laid out, what it can say and what it refuses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from blockc.addresses import FAMILIES, V4, V6, Family
from blockc.addresses.rules import Match
from blockc.errors import PolicyError, UsageError
from blockc.targets.options import Held, Option, Value, settle
from blockc.targets.reading import Reading, Text


class Form(StrEnum):
    """How an artifact spells the addresses of an entry."""

    PREFIX = "prefix"  # 192.0.2.0/24, 192.0.2.7/32
    HOST = "host"  # 192.0.2.0/24, 192.0.2.7
    RANGE = "range"  # 192.0.2.0-192.0.2.6, 192.0.2.7


class Layout(StrEnum):
    """How the families of one list are spread over files."""

    TOGETHER = "together"  # both in one file, because the platform wants it so
    EITHER = "either"  # both in one file, or one a family where the path says `{family}`
    APART = "apart"  # a file a family, because the platform's objects hold only one


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a fact about a platform is written, and the day (ISO) somebody looked."""

    url: str
    checked: str


@dataclass(frozen=True, slots=True)
class MaxEntries:
    """How many entries of one family fit one file.

    Args:
        option: The option by which an operator sets the number, for platforms that let them.
    """

    count: int
    reference: Reference
    option: str = ""


@dataclass(frozen=True, slots=True)
class Lengths:
    """The prefix lengths a platform takes."""

    ipv4: range
    ipv6: range
    reference: Reference

    def of(self, family: Family) -> range:
        """Return the lengths for `family`."""
        return {V4: self.ipv4, V6: self.ipv6}[family]


@dataclass(frozen=True, slots=True)
class Companion:
    """A further file of an artifact: the rules that use the sets of the first."""

    template: str
    ending: str  # what the path gets in place of its suffix
    families: tuple[Family, ...]


@dataclass(frozen=True, slots=True)
class File:
    """One file an artifact consists of, before it has text."""

    path: str
    families: tuple[Family, ...]
    template: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Target:
    """One output dialect: a descriptor, a template and a reader.

    Attributes:
        match: How the platform decides about an address from the entries.
        words: The verdicts it can express and the word each has in the text. `block` is always
            one; `` (no verdict) is there where an entry can be an exception inside another.
        reader: Turns the files of one artifact, in the order of `files`, back into rules.
        comment: What starts a header line, or nothing where the syntax has no comments.
        programs: What `verify.native` needs to try an artifact for real.
        max_entries: None where the platform states no limit.
        lengths: None where every prefix length is accepted.
    """

    name: str
    title: str
    match: Match
    form: Form
    layout: Layout
    template: str
    reader: Callable[[Sequence[Text]], Reading]
    words: Mapping[str, str]
    references: tuple[Reference, ...]
    comment: str = ""
    companions: tuple[Companion, ...] = ()
    options: tuple[Option, ...] = ()
    max_entries: MaxEntries | None = None
    lengths: Lengths | None = None
    programs: tuple[str, ...] = ()

    def files(self, path: str) -> tuple[File, ...]:
        """Return the files of an artifact written to `path`, the main ones first.

        `{family}` in the path becomes `ipv4` or `ipv6`. Where the platform wants a file a family
        and the path does not say where, the family goes before the suffix.

        Raises:
            PolicyError: If the path asks for a file a family and the platform cannot.
        """
        if "{family}" in path and self.layout is Layout.TOGETHER:
            raise PolicyError(
                f"{path!r} asks for a file a family, {self.name} holds both in one",
                hint="take {family} out of the path",
            )
        if self.layout is Layout.APART and "{family}" not in path:
            path = _with_ending(path, ".{family}" + PurePosixPath(path).suffix)
        if "{family}" in path:
            main = [
                File(path.replace("{family}", family.name), (family,), self.template)
                for family in FAMILIES
            ]
        else:
            main = [File(path, FAMILIES, self.template)]
        extra = [
            File(_with_ending(path, c.ending), c.families, c.template) for c in self.companions
        ]
        return (*main, *extra)

    def settle(self, given: Mapping[str, object], holds: Held) -> dict[str, Value]:
        """Return a value for every option: what the policy gives, or the default for the list.

        Raises:
            PolicyError: If one is unknown or refused; several of them as `Mistakes`.
        """
        return settle(self.name, self.options, given, holds)

    def require_verdicts(self, verdicts: Sequence[str]) -> None:
        """Raise PolicyError unless every one of `verdicts` can be expressed."""
        known = ", ".join(word for word in self.words if word)
        for verdict in verdicts:
            if verdict not in self.words:
                said = f"the verdict {verdict!r}" if verdict else "an exception inside an entry"
                raise PolicyError(f"{self.name} cannot express {said}; it knows {known}")

    def capacity(self, options: Mapping[str, Value]) -> int | None:
        """Return how many entries of one family fit one file under `options`."""
        if self.max_entries is None:
            return None
        chosen = options.get(self.max_entries.option, self.max_entries.count)
        return chosen if isinstance(chosen, int) else self.max_entries.count


def _with_ending(path: str, ending: str) -> str:
    """Return `path` with `ending` in place of its suffix."""
    pure = PurePosixPath(path)
    if not pure.name:
        raise UsageError(f"{path!r} names no file")
    return str(pure.with_name(pure.stem + ending))
