"""What a target is: how one platform's text is laid out, what it can say and what it refuses."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import PurePosixPath

from blockc.addresses import FAMILIES, V4, V6, Family, Prefix
from blockc.addresses.rules import Match, Rules
from blockc.errors import PolicyError
from blockc.targets.core.layout import ExtraFile, File, SetRole, with_ending
from blockc.targets.core.options import Option, OptionContext, OptionValue, settle
from blockc.targets.core.verdicts import ACTIONS, ContentKind, Vocabulary, spoken
from blockc.targets.syntax.reading import Reading
from blockc.targets.syntax.tokens import Text
from blockc.values import Value, replace


class EntryForm(StrEnum):
    """How an artifact spells the addresses of an entry."""

    PREFIX = "prefix"  # 192.0.2.0/24, 192.0.2.7/32
    HOST = "host"  # 192.0.2.0/24, 192.0.2.7
    RANGE = "range"  # 192.0.2.0-192.0.2.6, 192.0.2.7


class Layout(StrEnum):
    """How the families of one list are spread over files."""

    TOGETHER = "together"  # both in one file, because the platform wants it so
    EITHER = "either"  # both in one file, or one a family where the path says `{family}`
    APART = "apart"  # a file a family, because the platform's objects hold only one


class Reference(Value):
    """Where a fact about a platform is written, and the day (ISO) somebody looked."""

    url: str
    checked: str


class MaxEntries(Value):
    """How many entries of one family fit one file.

    Args:
        option: The option by which an operator sets the number, for platforms that let them.
    """

    count: int
    reference: Reference
    option: str = ""


class Lengths(Value):
    """The prefix lengths a platform takes."""

    ipv4: range
    ipv6: range
    reference: Reference

    def of(self, family: Family) -> range:
        """Return the lengths for `family`."""
        return {V4: self.ipv4, V6: self.ipv6}[family]


class Target(Value, kw_only=True, eq=False):
    """One output dialect: a descriptor, a template and a reader.

    Attributes:
        match: How the platform decides about an address from the entries.
        words: The kinds of artifact it can be, with the verdicts each can express. A list that
            blocks is always one.
        reader: Turns the files of one artifact, in the order of `files`, back into rules.
        comment: What starts a header line, or nothing where the syntax has no comments.
        programs: What `verify.native` needs to try an artifact for real.
        max_entries: None where the platform states no limit.
        lengths: None where every prefix length is accepted.
        adapt: What the rules of a family must become before they are written, so that the
            platform decides as `match` says.
        unasked: Space the platform never looks up in the entries, whatever they say of it.
        two_sets: The same platform where a list is "in one set and not in another", or None.
        notes: What an operator must know besides, in paragraphs, for the documentation.
    """

    name: str
    title: str
    match: Match
    form: EntryForm
    layout: Layout
    template: str
    reader: Callable[[Sequence[Text]], Reading]
    words: Mapping[ContentKind, Vocabulary]
    references: tuple[Reference, ...]
    comment: str = ""
    companions: tuple[ExtraFile, ...] = ()
    options: tuple[Option, ...] = ()
    max_entries: MaxEntries | None = None
    lengths: Lengths | None = None
    programs: tuple[str, ...] = ()
    adapt: Callable[[Rules], Rules] = lambda rules: rules
    unasked: tuple[Prefix, ...] = ()
    two_sets: "Target | None" = None
    notes: str = ""

    @property
    def verdicts(self) -> tuple[str, ...]:
        """Return every verdict it can express, for people to read."""
        return spoken(self.words)

    @property
    def has_exceptions(self) -> bool:
        """Return whether an entry can take back what a wider one says."""
        words = self.words[ContentKind.LIST]
        return words.default in words.said

    @property
    def halves(self) -> tuple[SetRole, ...]:
        """Return which files the entries are spread over."""
        return (SetRole.BLOCK, SetRole.EXCEPT) if self.match is Match.TWO_SETS else (SetRole.ALL,)

    def with_two_sets(
        self, reader: Callable[[Sequence[Text]], Reading], *companions: ExtraFile
    ) -> "Target":
        """Return this target, able to write a list as what to block and what to spare of it."""
        halves = replace(self, match=Match.TWO_SETS, reader=reader, companions=companions)
        return replace(self, two_sets=halves)

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
            path = with_ending(path, ".{family}" + PurePosixPath(path).suffix)
        main = [file for half in self.halves for file in self._half(half, path)]
        extra = [File(c.path(path), c.families, c.template) for c in self.companions]
        return (*main, *extra)

    def _half(self, half: SetRole, path: str) -> Iterable[File]:
        path = half.path(path)
        if "{family}" not in path:
            return [File(path, FAMILIES, self.template, half)]
        return [
            File(path.replace("{family}", family.name), (family,), self.template, half)
            for family in FAMILIES
        ]

    def settle(self, given: Mapping[str, object], holds: OptionContext) -> dict[str, OptionValue]:
        """Return a value for every option: what the policy gives, or the default for the list.

        Raises:
            PolicyError: If one is unknown or refused; several of them as `Mistakes`.
        """
        return settle(self.name, self.options, given, holds)

    def require_verdicts(self, kind: ContentKind, verdicts: Iterable[str]) -> None:
        """Raise PolicyError unless an artifact of `kind` can express every one of `verdicts`."""
        words = self.words.get(kind)
        if words is None:
            raise PolicyError(f"{self.name} cannot hold {_KINDS[kind]}")
        known = ", ".join(spoken({kind: words}))
        for verdict in verdicts:
            if words.word(verdict) is None:
                exception = verdict == words.default
                said = "an exception inside an entry" if exception else f"the verdict {verdict!r}"
                raise PolicyError(
                    f"{self.name} cannot express {said}; it knows {known}",
                    hint=self._way_out(kind, verdict),
                )

    def _way_out(self, kind: ContentKind, verdict: str) -> str:
        """Return what an operator can do about a verdict that cannot be expressed."""
        richer = self.words.get(ContentKind.VERDICTS)
        if kind is ContentKind.LIST and richer and richer.word(verdict):
            said = ", ".join(spoken({kind: richer}))
            return f"write lists = [...] in place of list: then an entry says {said}"
        if verdict in ACTIONS:
            return "leave the output out until the list blocks, or choose a target that says more"
        return ""

    def capacity(self, options: Mapping[str, OptionValue]) -> int | None:
        """Return how many entries of one family fit one file under `options`."""
        if self.max_entries is None:
            return None
        chosen = options.get(self.max_entries.option, self.max_entries.count)
        return chosen if isinstance(chosen, int) else self.max_entries.count


_KINDS = {
    ContentKind.LIST: "a list",
    ContentKind.VERDICTS: "several lists in one map",
    ContentKind.COUNTRIES: "the country map",
}
