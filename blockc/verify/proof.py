"""The proof of an artifact: its text, read back, means the intent for every address there is."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import AddrMap, AddrSet, Family, columns, minimal_cover, overlay
from blockc.addresses.columns import Column
from blockc.addresses.partition import paint
from blockc.addresses.rules import Rules, meaning
from blockc.errors import Location, Miscompiled, SourceSyntaxError
from blockc.targets.core.target import Target
from blockc.targets.syntax.reading import Part, Reading
from blockc.targets.syntax.tokens import Text
from blockc.values import Value
from blockc.verify.trie_oracle import trie_oracle

Labels = NDArray[Any]


class Proof(Value):
    """What was compared: entries read back, slots of equal verdict, addresses asked for."""

    entries: Mapping[Family, int]
    slots: int
    probes: int


class _Slots(Value):
    """The slots of one family in which neither intent nor artifact changes, and what is wanted."""

    path: str
    family: Family
    names: tuple[str, ...]
    starts: Column
    wanted: Labels

    @property
    def lasts(self) -> Column:
        return columns.before(self.family, np.roll(self.starts, -1))

    def require(self, got: Labels, witness: str) -> None:
        """Raise Miscompiled at the first slot that `witness` gives another verdict."""
        wrong = self.wanted != got
        if not wrong.any():
            return
        at = int(np.argmax(wrong))
        place = slice(at, at + 1)
        first = next(iter(minimal_cover(self.family, self.starts[place], self.lasts[place])))
        raise Miscompiled(
            f"{first} is {self._said(got[at])} by {witness}, "
            f"the policy wants it {self._said(self.wanted[at])}",
            at=Location(self.path),
            hint="nothing was published; report this, or mend the template if it is your own",
        )

    def _said(self, label: int) -> str:
        return f"given {self.names[label]!r}" if self.names[label] else "left alone"


def prove(target: Target, texts: Sequence[Text], intent: AddrMap) -> Proof:
    """Return the proof that the files of one artifact say `intent`.

    Between two neighbouring boundaries of the artifact and the intent both are constant, so
    comparing them slot by slot decides every address. PyTricia, which shares no code with that
    sweep, is then asked for the first and the last address of each slot (see `trie_oracle`). Of
    space that the platform never looks up it only matters that no entry gives it a verdict.

    Args:
        texts: The files in the order of `target.files`.

    Raises:
        Miscompiled: With the first prefix on which text and intent differ, or where the text
            cannot be read.

    Cost: O(n log n); reading and PyTricia take most of it, about 3 us an entry.
    """
    reading = _read(target, texts)
    return _proof(reading, _compare(target, reading, intent, texts))


def _compare(target: Target, reading: Reading, intent: AddrMap, texts: Sequence[Text]) -> int:
    """Return the number of slots in which a reading was compared with what it should say."""
    intent = _asked(target, intent)
    try:
        said = meaning(target.match, reading.rules.values(), reading.names, intent.families)
    except ValueError as reason:
        raise Miscompiled(f"{target.name}: {reason}", at=Location(texts[0].path)) from None
    names = tuple(dict.fromkeys((*intent.names, *reading.names)))
    label = np.array([names.index(name) for name in reading.names], dtype=np.int32)
    count = 0
    for family in intent.families:
        starts, (wanted, got) = overlay(intent.part(family), said.part(family))
        path = next((text.path for text in texts if family in text.families), texts[0].path)
        slots = _Slots(path, family, names, starts, wanted)
        slots.require(label[got], "its text")
        rules = reading.rules.get(family, Rules.empty(family))
        ask = trie_oracle(target.match, rules, label)
        slots.require(ask(starts), "the trie's first look")
        slots.require(ask(_as_starts(family, slots.lasts)), "the trie's second look")
        count += len(starts)
    return count


def prove_pieces(
    target: Target, texts: Sequence[Sequence[Text]], intents: Sequence[AddrMap], pieces: AddrMap
) -> list[Proof]:
    """Return the proofs that the files of each of several artifacts say its intent, all at once.

    What every artifact holds is read back into one map whose labels are the artifacts, and that
    is compared with the map of what each should hold. The artifacts share no address.

    Args:
        texts: The files of each artifact, in the order of `target.files`.
        intents: What each must say: one verdict on its own piece of `pieces`.
        pieces: The artifact each address belongs to: label n + 1 is texts[n].

    Raises:
        Miscompiled: As `prove` of the first artifact that is wrong.
    """
    readings = [_read(target, files) for files in texts]
    try:
        count = _compare(target, _together(readings, pieces.names), pieces, texts[0])
    except Miscompiled:
        for files, intent in zip(texts, intents, strict=True):
            prove(target, files, intent)
        raise
    return [_proof(reading, count) for reading in readings]


def _together(readings: Sequence[Reading], names: tuple[str, ...]) -> Reading:
    """Return one reading of the rules of all, the verdict being the reading's number from 1."""
    parts = []
    for number, reading in enumerate(readings, start=1):
        for part in reading.parts:
            rules = part.rules
            numbered = Rules(rules.family, rules.start, rules.last, rules.verdict * number)
            parts.append(Part(numbered, part.where))
    return Reading(tuple(parts), names)


def _proof(reading: Reading, slots: int) -> Proof:
    return Proof({f: len(rules) for f, rules in reading.rules.items()}, slots, 2 * slots)


def _read(target: Target, texts: Sequence[Text]) -> Reading:
    try:
        return target.reader(texts)
    except SourceSyntaxError as error:
        raise Miscompiled(
            f"{target.name} cannot be read back: {error.message}", at=error.at, hint=error.hint
        ) from None


def _asked(target: Target, intent: AddrMap) -> AddrMap:
    """Return the intent without verdicts in the space that the platform never looks up."""
    if not target.unasked:
        return intent
    silent = AddrSet.of(target.unasked)
    parts = []
    for part in intent.parts:
        start, last = silent.spans(part.family)
        parts.append(paint(part, [(start, last, np.zeros(len(start), dtype=np.int32))]))
    return AddrMap(tuple(parts), intent.names)


def _as_starts(family: Family, lasts: Column) -> Column:
    """Return inclusive ends as addresses: a narrow IPv6 end stands for the end of its /64."""
    return columns.widen_lasts(lasts) if family.grain else lasts
