"""What a target is: how one platform's text is laid out, what it can say and what it refuses."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from blockc.addresses import FAMILIES, Prefix
from blockc.addresses.rules import Match, Rules
from blockc.errors import PolicyError
from blockc.targets.core.facts import (
    CountryCodes,
    Deployment,
    EntryForm,
    Joint,
    Layout,
    Lengths,
    Maturity,
    MaxEntries,
    NativeCheck,
    Reference,
    Responses,
    Sharding,
    TwoSets,
)
from blockc.targets.core.layout import ExtraFile, File, SetRole, Writer, with_ending
from blockc.targets.core.live import LiveForm
from blockc.targets.core.response import Response
from blockc.targets.core.target_options import Option, OptionContext, OptionValue, settle
from blockc.targets.core.verdicts import ACTIONS, ContentKind, Vocabulary, spoken
from blockc.targets.syntax.reading import Ordered, Reader
from blockc.values import Value, replace
from blockc.vocabulary import LineForm

if TYPE_CHECKING:
    from blockc.targets.core.document import Document, FamilyEntries

#: Also the values it is described with, so that the module of a target has one import.
__all__ = [
    "CountryCodes",
    "Deployment",
    "EntryForm",
    "Joint",
    "Layout",
    "Lengths",
    "Maturity",
    "MaxEntries",
    "NativeCheck",
    "Reference",
    "Responses",
    "Sharding",
    "Target",
    "TwoSets",
]

_PLAIN_NAME = re.compile(r"[\w.-]+", re.ASCII)
OrdersOf = Callable[["Document", File, Sequence["FamilyEntries"]], Iterable[Ordered]]


class Target(Value, kw_only=True, eq=False):
    """Everything particular to one output dialect.

    Attributes:
        match: How the platform decides about an address from the entries.
        words: The kinds of artifact it can be, with the verdicts each can express. A list that
            blocks is always one, or the countries it consists of.
        writer: Its template in `templates/`, or a function where its files are not text.
        ending: What its files are usually called after, such as `conf`.
        reader: Turns the files of one artifact, in the order of `files`, back into rules.
        comment: What starts a header line, or nothing where the syntax has no comments.
        native: How the real program is asked, or None where there is none to ask.
        deployment: How an artifact is put into service.
        max_entries: None where the platform states no limit.
        lengths: None where every prefix length is accepted.
        codes: How it says countries, if that is what its artifacts hold, in place of addresses.
        adapt: What the rules of a family must become before they are written, so that the
            platform decides as `match` says.
        allows: Its entries say who may pass; written is the complement of what a list blocks,
            while its reader says what is blocked.
        never_consulted: Space the platform never looks up in the entries, whatever they say of it.
        orders: What one of the files must say beside its entries, as the reader finds it: the
            objects it makes or uses, by the names that the options give them.
        conflict: Returns which values of options contradict each other, or nothing.
        whole: An artifact holds a whole list, since of two that are loaded only one decides, or
            what one lets pass the other does not stop; so no list is split.
        packets: It stops packets of any kind, those of the host's own network too.
        extra_files: The files beside those that hold the entries.
        two_sets: How a list is said as "in one set and not in another", or None.
        sharding: How the list is spread over several resources in the file, or None.
        joint: How the parts of a list that is split are joined, or None where each of them is
            used by itself.
        debian, pypi: The packages that its tests need beside those of the native check.
        responses: What it can do about clients besides blocking them, and what it can answer.
        live: How what a live system has of an artifact is read, or None where that is the files.
        read_lines: Reads lists in a form that an operator's own template writes, or None where
            only the platform's grammar counts.
        notes: What an operator must know besides, in paragraphs, for the documentation.
    """

    name: str
    title: str
    match: Match
    form: EntryForm
    layout: Layout
    writer: Writer
    ending: str
    reader: Reader
    words: Mapping[ContentKind, Vocabulary]
    references: tuple[Reference, ...]
    deployment: Deployment
    maturity: Maturity = Maturity.GOLDEN
    comment: str = ""
    orders: OrdersOf = lambda _document, _file, _parts: ()
    extra_files: tuple[ExtraFile, ...] = ()
    options: tuple[Option, ...] = ()
    conflict: Callable[[Mapping[str, OptionValue]], str] = lambda _options: ""
    whole: bool = False
    packets: bool = False
    max_entries: MaxEntries | None = None
    lengths: Lengths | None = None
    codes: CountryCodes | None = None
    native: NativeCheck | None = None
    adapt: Callable[[Rules], Rules] = lambda rules: rules
    allows: bool = False
    never_consulted: tuple[Prefix, ...] = ()
    two_sets: TwoSets | None = None
    sharding: Sharding | None = None
    joint: Joint | None = None
    debian: tuple[str, ...] = ()
    pypi: tuple[str, ...] = ()
    responses: Responses = Responses()
    live: LiveForm | None = None
    read_lines: Callable[[LineForm], Reader] | None = None
    notes: str = ""

    @property
    def verdicts(self) -> tuple[str, ...]:
        """Return every verdict it can express, for people to read."""
        said = spoken(self.words)
        return (
            *said,
            *(one for one in ACTIONS if one in self.responses.actions and one not in said),
        )

    @property
    def kind_of_list(self) -> ContentKind:
        """Return what an artifact of one list says."""
        return ContentKind.CODES if self.codes else ContentKind.LIST

    @property
    def has_exceptions(self) -> bool:
        """Return whether an entry can take back what a wider one says."""
        words = self.words[self.kind_of_list]
        return words.default in words.said

    @property
    def halves(self) -> tuple[SetRole, ...]:
        """Return which files the entries are spread over."""
        return (SetRole.BLOCK, SetRole.EXCEPT) if self.match is Match.TWO_SETS else (SetRole.ALL,)

    def in_two_sets(self) -> "Target":
        """Return this target as it writes a list that is said in two sets.

        Raises:
            ValueError: If it cannot.
        """
        if self.two_sets is None:
            raise ValueError(f"{self.name} cannot write two sets")
        return replace(
            self,
            match=Match.TWO_SETS,
            reader=self.two_sets.reader,
            extra_files=self.two_sets.extra_files,
            live=None,
            responses=replace(self.responses, extra_files=(), reader=None, native=None),
            joint=None,
        )

    def written_as(self, form: LineForm) -> "Target":
        """Return this target as an operator's own template writes it, in lists of that form.

        Raises:
            ValueError: If only its own grammar counts.
        """
        if self.read_lines is None:
            raise ValueError(f"{self.name} is read by its own grammar")
        mark = "".join(form.comments[:1])
        return replace(self, reader=self.read_lines(form), comment=mark, two_sets=None, live=None)

    def responding(self) -> "Target":
        """Return this target as it writes a list that says what to answer, or when to only watch.

        Two sets have files of their own for that already.
        """
        able = self.responses
        return replace(
            self,
            extra_files=(*self.extra_files, *able.extra_files),
            reader=able.reader or self.reader,
            native=able.native or self.native,
            live=None if self.live and self.live.alone else self.live,
            responses=replace(able, always=True),
        )

    def response(
        self, options: Mapping[str, OptionValue], ordered: Response | None
    ) -> Response | None:
        """Return what an artifact says that blocked clients get, or None if it says nothing."""
        status = options.get("status")
        return ordered or (Response(status, asked=False) if isinstance(status, int) else None)

    def can_say(self, kind: ContentKind, verdict: str) -> bool:
        """Return whether an artifact of `kind` can express `verdict`."""
        watched = kind is self.kind_of_list and verdict in self.responses.actions
        return watched or (kind in self.words and self.words[kind].word(verdict) is not None)

    def files(self, path: str) -> tuple[File, ...]:
        """Return the files of an artifact written to `path`, the main ones first.

        `{family}` in the path becomes `ipv4` or `ipv6`. Where the platform wants a file per family
        and the path does not say where, the family goes before the suffix.

        Raises:
            PolicyError: If the path asks for a file per family and the platform cannot, or another
                file cannot name the one at this path.
        """
        if "{family}" in path and self.layout is Layout.TOGETHER:
            raise PolicyError(
                f"{path!r} asks for a file per family, {self.name} holds both in one",
                hint="take {family} out of the path",
            )
        by_family = self._by_family(path)
        main = [file for half in self.halves for file in self._half(half, by_family)]
        self._require_nameable(main[0])
        return (*main, *self.files_beside(path))

    def files_beside(self, path: str) -> tuple[File, ...]:
        """Return those files of an artifact written to `path` that hold no entries."""
        main = self._by_family(path)
        return tuple(File(one.path(main), one.families, one.template) for one in self.extra_files)

    def _require_nameable(self, main: File) -> None:
        """Raise PolicyError if another file names `main` and its name has a meaning there."""
        if not any(one.names_main for one in self.extra_files):
            return
        name = PurePosixPath(main.path).name
        if not _PLAIN_NAME.fullmatch(name):
            raise PolicyError(
                f"{name!r} stands in a file beside it, whose reader takes some of its characters "
                "for something else",
                hint="use letters without accents, digits, '.', '-' and '_' in the name",
            )

    def _by_family(self, path: str) -> str:
        if self.layout is not Layout.APART or "{family}" in path:
            return path
        return with_ending(path, ".{family}" + PurePosixPath(path).suffix)

    def _half(self, half: SetRole, path: str) -> Iterable[File]:
        path = half.path(path)
        if "{family}" not in path:
            return [File(path, FAMILIES, self.writer, half)]
        return [
            File(path.replace("{family}", family.name), (family,), self.writer, half)
            for family in FAMILIES
        ]

    def settle(self, given: Mapping[str, object], holds: OptionContext) -> dict[str, OptionValue]:
        """Return a value for every option: what the policy gives, or the default for the list.

        Raises:
            PolicyError: If one is unknown or refused; several of them as `Mistakes`.
        """
        settled = settle(self.name, self.options, given, holds)
        wrong = self.conflict(settled)
        if wrong:
            raise PolicyError(f"{self.name}: {wrong}")
        return settled

    def require_verdicts(self, kind: ContentKind, verdicts: Iterable[str]) -> None:
        """Raise PolicyError unless an artifact of `kind` can express every one of `verdicts`."""
        words = self.words.get(kind)
        if words is None:
            raise PolicyError(f"{self.name} cannot hold {_KINDS[kind]}")
        for verdict in verdicts:
            if not self.can_say(kind, verdict):
                known = ", ".join(spoken({kind: words}))
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
            return "write until_block = 'empty' in the output, or choose a target that says more"
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
    ContentKind.CODES: "countries by their codes",
}
