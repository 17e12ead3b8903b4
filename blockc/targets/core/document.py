"""What is to be written: one compiled list with where it comes from, and its entries as text."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import AddrSet, Family
from blockc.addresses.lines import address_texts, last_texts, prefix_lines, prefix_texts
from blockc.addresses.rules import Match, Rules
from blockc.errors import DoesNotFit
from blockc.targets.core.layout import File, SetRole
from blockc.targets.core.provenance import Provenance, Waiting
from blockc.targets.core.response import Response
from blockc.targets.core.shards import Shard, sharded
from blockc.targets.core.target import EntryForm, Target
from blockc.targets.core.target_options import OptionValue
from blockc.targets.core.verdicts import ContentKind, Vocabulary
from blockc.targets.syntax.addresses import backwards, rule_text
from blockc.targets.syntax.allow_list import allowed
from blockc.targets.syntax.reading import Ordered, Orders
from blockc.values import Value, field
from blockc.vocabulary import HeaderForm

REGISTERED = "the country of an address is where it is registered, not where it is used"
BY_THE_PLATFORM = "the platform decides by its own data who is in a country, not by the registries"
SAMPLE = "SAMPLE DATA: made from blockc's bundled sample, to try it out and not to use"
_HEADER_COLUMNS = 110


_LINES_AT_ONCE = 1 << 16


class FamilyEntries(Value, dict=True):
    """The entries of one family in one file, spelled as the target wants them."""

    rules: Rules
    addresses: int
    form: EntryForm
    words: Vocabulary
    names: tuple[str, ...]
    spelled: str | None = None  # the addresses of each entry, a line each, where they are known

    @property
    def family(self) -> Family:
        """Return the family of the entries."""
        return self.rules.family

    @property
    def name(self) -> str:
        """Return `ipv4` or `ipv6`."""
        return self.family.name

    @property
    def version(self) -> int:
        """Return 4 or 6."""
        return self.family.version

    @property
    def count(self) -> int:
        """Return the number of entries."""
        return len(self.rules)

    @cached_property
    def texts(self) -> Sequence[str]:
        """Return the addresses of each entry."""
        if self.spelled is None:
            return entry_texts(self.rules, self.form)
        return self.spelled.split("\n") if self.count else []

    @property
    def entries(self) -> list[tuple[str, str]]:
        """Return the addresses of each entry and the word for its verdict."""
        words = [self.words.word(name) or "" for name in self.names]
        labels = self.rules.verdict.tolist()
        return list(zip(self.texts, [words[label] for label in labels], strict=True))

    def lines(
        self,
        before: str = "",
        after: str = "",
        unnamed: str = "",
        *,
        between: str = " ",
        word_first: bool = False,
    ) -> str:
        """Return a line for each entry: its addresses, a blank and the word for its verdict.

        What a loop of a template writes too, but ten times faster. The last one has no newline.

        Args:
            before: What a line begins with.
            after: What it ends with.
            unnamed: The word where there is none; if empty, the blank is left out too.
            between: What stands in place of the blank.
            word_first: Whether the word stands right before the addresses, as a `!` does.
        """
        words = [self.words.word(name) or unnamed for name in self.names]
        if word_first:
            return self._joined([before + word for word in words], [after] * len(words))
        ends = [f"{between * bool(word)}{word}{after}" for word in words]
        return self._joined([before] * len(words), ends)

    def _joined(self, begins: list[str], ends: list[str]) -> str:
        """Return a line for each entry, between what lines with its label begin and end with."""
        pieces = []
        for at in range(0, self.count, _LINES_AT_ONCE):
            rows = slice(at, at + _LINES_AT_ONCE)
            labels = self.rules.verdict[rows]
            if (labels == labels[0]).all():
                begin, end = begins[int(labels[0])], ends[int(labels[0])]
                lines = self._lines_of(rows).replace("\n", f"{end}\n{begin}")
                pieces.append(begin + lines + end)
            else:
                rows_and_labels = zip(self._texts_of(rows), labels.tolist(), strict=True)
                pieces += [begins[n] + text + ends[n] for text, n in rows_and_labels]
        return "\n".join(pieces)

    def _lines_of(self, rows: slice) -> str:
        """Return the addresses of some entries, a line each, the last one without its end."""
        if self.spelled is None:
            return entry_lines(self.rules.take(rows), self.form)[:-1]
        return self.spelled if self.count <= _LINES_AT_ONCE else "\n".join(self.texts[rows])

    def _texts_of(self, rows: slice) -> Sequence[str]:
        """Return the addresses of some entries; all of them at once are several times the file."""
        if self.spelled is None:
            return entry_texts(self.rules.take(rows), self.form)
        return self.texts[rows]


class Document(Value, dict=True):
    """One compiled list, ready to be written for one target.

    Attributes:
        rules: The rules of each family in the order they are written.
        names: The verdict each label of the rules stands for; names[0] is the default.
        options: What `Target.settle` returned.
        part_options: The same for each part, where this is what joins the parts of a list that is
            split; then there are no rules.
        addresses: How many addresses of each family get a verdict, for the header.
        kind: What the list says about an address.
        action: What happens to the clients that the entries of one list name.
        response: What blocked clients get, or None where the artifact leaves it to others.
        stages: Its lists that do not block yet, of which the header says when they will.
        spelled: The addresses of each rule as the target spells them, a line each, where they are
            known.
        codes: The countries that are blocked, if that is what it says; then there are no rules.
    """

    rules: Mapping[Family, Rules]
    names: tuple[str, ...]
    provenance: Provenance
    options: Mapping[str, OptionValue]
    addresses: Mapping[Family, int]
    kind: ContentKind = ContentKind.LIST
    action: str = "block"
    response: Response | None = None
    stages: tuple[Waiting, ...] = ()
    part_options: tuple[Mapping[str, OptionValue], ...] = ()
    spelled: Mapping[Family, str] = field(default_factory=dict)
    codes: tuple[str, ...] = ()

    def parts(self, target: Target, file: File) -> list[FamilyEntries]:
        """Return the entries of one of the files of `target` as it spells them.

        Raises:
            PolicyError: If a verdict cannot be expressed.
            DoesNotFit: If there are too many entries or one is too wide.
        """
        if (target, file) not in self._made:
            self._made[target, file] = self._parts(target, file)
        return self._made[target, file]

    @cached_property
    def _made(self) -> dict[tuple[Target, File], list[FamilyEntries]]:
        """Return what `parts` made: the text of a file and its orders both ask for it."""
        return {}

    def _parts(self, target: Target, file: File) -> list[FamilyEntries]:
        target.require_verdicts(self.kind, self._said(target.match))
        parts = []
        for family in file.families:
            found = self.rules.get(family, Rules.empty(family))
            rules = target.adapt(file.half.of(found))
            rules = allowed(rules) if target.allows else rules
            if file.half in target.halves:  # a rule beside two sets holds no entries of its own
                _require_lengths(target, rules)
            count = self.addresses.get(family, 0) if file.half is SetRole.ALL else _count(rules)
            spelled = self.spelled.get(family) if rules is found else None
            words = target.words[self.kind]
            parts.append(FamilyEntries(rules, count, target.form, words, self.names, spelled))
        if file.half in target.halves:
            _require_room(target, parts, target.capacity(self.options))
        return parts

    def shards(self, target: Target, file: File) -> list[Shard]:
        """Return the entries of one of the files of `target` in shards, family by family.

        Raises:
            PolicyError: If a verdict cannot be expressed.
            DoesNotFit: If there are more shards than the platform can use together.
        """
        if (target, file) not in self._sharded:
            parts = self.parts(target, file)
            self._sharded[target, file] = sharded(target, parts, self.options)
        return self._sharded[target, file]

    @cached_property
    def _sharded(self) -> dict[tuple[Target, File], list[Shard]]:
        return {}

    def orders(self, target: Target, path: str) -> Orders:
        """Return what each file of the artifact at `path` must say beside its entries.

        A header may be left out, or say more; what it says of the list must be so.
        """
        found = {}
        for file in target.files(path):
            parts = self.parts(target, file)
            lines = self.header(parts) if target.comment else []
            header = (Ordered(topic(line), line, required=False) for line in lines)
            found[file.path] = (*target.orders(self, file, parts), *header)
        return found

    def answer(self, *, needed: bool = True) -> Iterator[Ordered]:
        """Yield what blocked clients get, as the readers of answers find it.

        Args:
            needed: Whether the file must say what a stage asks for.
        """
        if self.response:
            needed = needed and self.response.asked
            yield Ordered("status", self.response.status, required=needed)
            if self.response.link:
                yield Ordered("link", self.response.link, required=needed)

    def countries(self) -> Iterator[Ordered]:
        """Yield the countries and what happens to their clients, as readers of codes find it."""
        yield Ordered("action", self.action)
        for code in self.codes:
            yield Ordered("country", code)

    @property
    def caution(self) -> str:
        """Return what nobody may forget about the countries of an artifact."""
        return BY_THE_PLATFORM if self.kind is ContentKind.CODES else REGISTERED

    @property
    def note(self) -> str:
        """Return the same and when its lists block, where there is no header to say it."""
        return "; ".join([self.caution, *(one.brief for one in self.stages)])

    @property
    def waiting(self) -> str:
        """Return what a description says at its end of the lists that do not block yet."""
        return "".join(f", {one.brief}" for one in self.stages)

    def refusal(self) -> Iterator[Ordered]:
        """Yield the same of files that say a status whatever the policy says of one."""
        answer = self.response or Response()
        yield Ordered("status", answer.status)
        if answer.link:
            yield Ordered("link", answer.link)

    def _said(self, match: Match) -> list[str]:
        """Return the verdicts of the rules; the exceptions of two sets are not said but implied."""
        implied = {0} if match is Match.TWO_SETS else set[int]()
        return [self.names[at] for at in sorted(self._labels - implied)]

    @cached_property
    def _labels(self) -> set[int]:
        """Return the labels of the rules; every file of an artifact asks for them."""
        return {at for rules in self.rules.values() for at in _distinct(rules.verdict)}

    def header(self, parts: list[FamilyEntries]) -> list[str]:
        """Return the lines that say what an artifact is and what it was made from."""
        made_of = self.provenance
        if made_of.header is HeaderForm.NONE:
            return []
        lines = [SAMPLE] if made_of.sample else []
        lines.append(f"list {made_of.list}" + (f": {made_of.title}" if made_of.title else ""))
        if self.kind is ContentKind.CODES:
            lines.append(f"countries: {' '.join(self.codes) or 'none'}")
        else:
            lines += map(_count_line, parts)
        lines += map(str, self.stages)
        lines += [f"policy {made_of.policy}"] if made_of.policy else []
        lines += [f"source {one.name} of {one.date}, {one.digest}" for one in made_of.sources]
        lines.append(self.caution)
        return [short for line in lines for short in _wrapped(line)]


OF_HEADER = " in the header"  # how what a line of the header is about ends


def topic(line: str) -> str:
    """Return what a line of a header is about.

    >>> topic("ipv4: 2 entries, 7 addresses")
    'ipv4 in the header'
    """
    return f"{line.partition(' ')[0].rstrip(':')}{OF_HEADER}"


def _distinct(labels: NDArray[np.int32]) -> list[int]:
    """Return the different labels; most lists have one or two, and most zone files no entry."""
    distinct: list[int] = np.flatnonzero(np.bincount(labels)).tolist() if len(labels) else []
    return distinct


def _count(rules: Rules) -> int:
    family = rules.family
    return AddrSet.of_spans({family: (rules.start, rules.last)}).count_of(family)


def _count_line(part: FamilyEntries) -> str:
    entries = _counted(part.count, "entry", "entries")
    return f"{part.name}: {entries}, {_counted(part.addresses, 'address', 'addresses')}"


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _wrapped(line: str) -> list[str]:
    """Return `line` in pieces no program that reads headers could find too long."""
    line = line.rstrip()  # as a reader of headers takes it; a title may end with blanks
    return [line] if len(line) <= _HEADER_COLUMNS else textwrap.wrap(line, _HEADER_COLUMNS)


def entry_texts(rules: Rules, form: EntryForm) -> list[str]:
    """Return the addresses of each rule in `form`."""
    if not len(rules):
        return []
    family = rules.family
    if form is EntryForm.RANGE:
        pairs = zip(address_texts(family, rules.start), last_texts(family, rules.last), strict=True)
        return [first if first == last else f"{first}-{last}" for first, last in pairs]
    texts = prefix_texts(rules.prefixes())
    if form is EntryForm.BACKWARDS:
        return [*map(backwards, texts)]
    if form is EntryForm.HOST:
        full = f"/{family.width}"
        return [text.removesuffix(full) for text in texts]
    return texts


def entry_lines(rules: Rules, form: EntryForm) -> str:
    """Return the addresses of each rule in `form`, a line each."""
    if form is EntryForm.PREFIX:
        return prefix_lines(rules.prefixes()).decode()
    return "".join(f"{text}\n" for text in entry_texts(rules, form))


def _require_room(target: Target, parts: Sequence[FamilyEntries], capacity: int | None) -> None:
    if capacity is None or target.max_entries is None:
        return
    counts = {f"{part.name} ": part.count for part in parts}
    if target.max_entries.together:
        counts = {"": sum(counts.values())}
    for family, count in counts.items():
        if count > capacity:
            raise DoesNotFit(
                f"{target.name} holds {capacity:,} {family}entries, the list has {count:,}",
                hint=_way_out(target),
            )


def _require_lengths(target: Target, rules: Rules) -> None:
    if target.lengths is None or target.form is EntryForm.RANGE or not len(rules):
        return
    lengths = rules.prefixes().length
    allowed = target.lengths.of(rules.family)
    wrong = (lengths < allowed.start) | (lengths >= allowed.stop)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise DoesNotFit(
            f"{target.name} takes {rules.family.name} prefixes of /{allowed.start} to "
            f"/{allowed.stop - 1}, {rule_text(rules.take(np.array([at])))} is a /{lengths[at]}"
        )


def _way_out(target: Target) -> str:
    if target.max_entries and target.max_entries.option:
        return f"raise the option {target.max_entries.option}"
    return "write fewer countries a list, or choose a target with more room"
