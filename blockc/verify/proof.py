"""The proof of an artifact: its files, read back, mean the intent for every address there is."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import AddrMap, AddrSet, Family, Prefix, columns, minimal_cover, overlay
from blockc.addresses.columns import Column
from blockc.addresses.partition import Partition, paint
from blockc.addresses.piece_map import PieceMap
from blockc.addresses.rules import Match, Rules, deciding_rule, meaning
from blockc.errors import Location, SourceSyntaxError, Unproved
from blockc.targets.core.target import Target
from blockc.targets.syntax.addresses import shifted
from blockc.targets.syntax.line_grammar import ListReader
from blockc.targets.syntax.reading import Orders, Part, Reading
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import Value
from blockc.verify.said import beyond_limits, unordered
from blockc.verify.trie_oracle import TrieOracle, layer_oracle, trie_oracle

Labels = NDArray[Any]
Known = dict[bytes, int]  # the digest of rules and of what they mean -> slots that were compared


_SLOTS_AT_ONCE = 1 << 19  # a trie takes some 200 bytes for each entry
# Where layers are asked about all slots, PyTricia is about one in 64: in rows of so many at least.
_ROWS, _ROW, _SHARE = 4, 1 << 10, 256


class Proof(Value):
    """What was compared: entries read back, slots of equal verdict, addresses asked for."""

    entries: Mapping[Family, int]
    slots: int
    probes: int


class _Slots(Value):
    """Slots in a row of one family, in which neither intent nor artifact changes.

    `wanted`: what the intent says there; `got`: what the sweep made of the artifact.
    """

    family: Family
    names: tuple[str, ...]
    starts: Column
    lasts: Column
    wanted: Labels
    got: Labels

    def touched_by(self, rules: Rules) -> Rules:
        """Return the rules that hold an address of the slots, in their order."""
        window = self.starts[:1], self.lasts[-1:]
        (start, last), (first, end) = columns.spans_alike([(rules.start, rules.last), window])
        here = (start <= end) & (last >= first)
        return rules if here.all() else rules.take(here)

    def wrong(self, got: Labels) -> tuple[Prefix, str, str] | None:
        """Return the first prefix that gets another verdict than is wanted, and both verdicts."""
        differs = self.wanted != got
        if not differs.any():
            return None
        at = int(np.argmax(differs))
        first = next(iter(minimal_cover(self.family, self.starts[at:], self.lasts[at:])))
        return first, self.names[got[at]], self.names[self.wanted[at]]


class _Artifact(Value, eq=False):
    """The files of one artifact, and what they are called in messages."""

    target: Target
    files: Sequence[ArtifactFile]
    name: str
    orders: Orders

    def unproved(self, message: str, at: Location | None, hint: str = "") -> Unproved:
        """Return the error to raise about the artifact."""
        of_list = f", list {self.name}" if self.name else ""
        return Unproved(
            f"target {self.target.name}{of_list}: {message}",
            at=at or Location(self.files[0].path),
            hint=hint or "nothing was published",
            files={file.path: file.data for file in self.files},
        )

    def read(self) -> Reading:
        """Return what the files say, if it is what was ordered beside the entries."""
        try:
            reading = self.target.reader(self.files)
        except SourceSyntaxError as error:
            message = f"cannot be read back: {error.message}"
            raise self.unproved(message, error.at, error.hint) from None
        return self.as_ordered(reading)

    def as_ordered(self, reading: Reading) -> Reading:
        """Return what was read from the files, if it is what was ordered beside the entries."""
        wrong = beyond_limits(self.target, reading)
        wrong = wrong or unordered(self.target, self.files, reading, self.orders)
        if wrong:
            raise self.unproved(wrong.message, wrong.at)
        return reading

    def require(self, slots: _Slots, got: Labels, reading: Reading, witness: str = "") -> None:
        """Raise Unproved at the first slot that gets another verdict than is wanted."""
        wrong = slots.wrong(got)
        if wrong is None:
            return
        first, said, wanted = wrong
        at = _decider(self.target.match, reading, first) or Location(self._file_of(first.family))
        raise self.unproved(
            f"{first} is {_state(said)}{witness}, the policy {_wish(wanted)}",
            at,
        )

    def _file_of(self, family: Family) -> str:
        return next((f.path for f in self.files if family in f.families), self.files[0].path)


def _state(verdict: str) -> str:
    return {"": "allowed", "block": "blocked"}.get(verdict, f"given {verdict!r}")


def _wish(verdict: str) -> str:
    return {"": "allows it", "block": "blocks it"}.get(verdict, f"gives it {verdict!r}")


def _decider(match: Match, reading: Reading, asked: Prefix) -> Location | None:
    """Return the place of the rule that decides about the first address of a prefix.

    Where no rule holds it, nothing in the file explains the verdict.
    """
    rules = reading.rules.get(asked.family, Rules.empty(asked.family))
    row = deciding_rule(match, rules, asked.first)
    return None if row is None else reading.place(asked.family, row)


def prove(
    target: Target,
    files: Sequence[ArtifactFile],
    intent: AddrMap,
    name: str = "",
    orders: Orders = MappingProxyType({}),
    known: Known | None = None,
) -> Proof:
    """Return the proof that the files of one artifact say `intent`, and beside it what was ordered.

    Between two neighbouring boundaries of the artifact and the intent both are constant, so
    comparing them slot by slot decides every address. A trie, which shares no code with that
    sweep, is then asked for the first and the last address of each slot (see `trie_oracle`). Of
    space that the platform never looks up it only matters that no entry gives it a verdict.

    Args:
        files: The files in the order of `target.files`.
        name: The list, for messages.
        orders: What each file must say beside its entries; nothing is asked of others.
        known: What was compared before. Artifacts of one build often hold the same rules; every
            text is read, but equal rules are compared with an equal intent once.

    Raises:
        Unproved: With the first prefix on which text and intent differ and the place of the entry
            that decides about it, or with the place where the text cannot be read.

    Cost: O(n log n); reading and PyTricia take most of it, about 3 us an entry.
    """
    artifact = _Artifact(target, files, name, orders)
    reading = artifact.read()
    return _proof(reading, _compare(artifact, reading, intent, {} if known is None else known))


def _compare(artifact: _Artifact, reading: Reading, intent: AddrMap, known: Known) -> int:
    """Return the number of slots in which a reading was compared with what it should say."""
    intent = consulted(artifact.target, intent)
    names = tuple(dict.fromkeys((*intent.names, *reading.names)))
    label = np.fromiter(map(names.index, reading.names), np.int32)
    for family in reading.rules.keys() - set(intent.families):
        raise artifact.unproved(f"entries of {family.name} were not asked for", None)
    count = 0
    for part in intent.parts:
        rules = reading.rules.get(part.family, Rules.empty(part.family))
        key = _digest(artifact.target.match, rules, label, part)
        if key not in known:
            known[key] = _compare_family(artifact, reading, part, names, label)
        count += known[key]
    return count


def _compare_family(
    artifact: _Artifact, reading: Reading, intent: Partition, names: tuple[str, ...], label: Labels
) -> int:
    family, match = intent.family, artifact.target.match
    rules = reading.rules.get(family, Rules.empty(family))
    try:
        said = meaning(match, [rules], reading.names)
    except ValueError as reason:
        raise artifact.unproved(str(reason), None) from None
    starts, (wanted, got) = overlay(intent, said.part(family))
    del said  # its starts are those of the intent nearly always, and as many

    def slots(rows: slice) -> _Slots:
        lasts = columns.run_lasts(family, starts, rows)
        return _Slots(family, names, starts[rows], lasts, wanted[rows], label[got[rows]])

    pieces = [*columns.slices(len(starts), _SLOTS_AT_ONCE)]
    for some in map(slots, pieces):
        artifact.require(some, some.got, reading)
    for some, ask in _witnesses(match, rules, label, slots, pieces):
        ends = columns.alike([some.starts, _as_starts(family, some.lasts)])
        found = ask(np.stack(ends, axis=1).ravel())
        artifact.require(some, found[0::2], reading, " by the trie's first look")
        artifact.require(some, found[1::2], reading, " by the trie's second look")
    return len(starts)


def _witnesses(
    match: Match,
    rules: Rules,
    label: Labels,
    slots: Callable[[slice], _Slots],
    pieces: Sequence[slice],
) -> Iterator[tuple[_Slots, TrieOracle]]:
    """Yield slots, at the end all of them, and what is to be asked about them.

    For many rules those are the rules in layers, and about some slots PyTricia too.

    Args:
        slots: Returns some slots in a row.
        pieces: All slots, so many at a time that a trie of the rules in them is small.
    """
    layers = layer_oracle(match, rules, label)
    if layers:
        yield from ((slots(rows), layers) for rows in pieces)
        pieces = [*_spread(pieces[-1].stop)]
    for some in map(slots, pieces):
        yield some, trie_oracle(match, some.touched_by(rules), label)


def _spread(count: int) -> Iterator[slice]:
    """Yield rows of slots spread over all, the first and the last slot among them."""
    size = min(count, max(_ROW, count // _SHARE))
    for number in range(_ROWS):
        begin = (count - size) * number // (_ROWS - 1)
        yield slice(begin, begin + size)


def _digest(match: Match, rules: Rules, label: Labels, intent: Partition) -> bytes:
    """Return a digest of all that the comparison of rules with an intent depends on."""
    digest = hashlib.sha256(f"{match} {intent.family.name}".encode())
    rows = rules.start, rules.last, rules.verdict
    for column in (*rows, label, intent.starts, intent.labels):
        digest.update(f" {column.dtype.str} {len(column)} ".encode())
        digest.update(np.ascontiguousarray(column).view(np.uint8).data)
    return digest.digest()


def prove_pieces(
    target: Target,
    files: Sequence[Sequence[ArtifactFile]],
    pieces: PieceMap,
    names: Sequence[str],
    orders: Sequence[Orders],
) -> list[Proof]:
    """Return the proofs that the files of each artifact of a split list say its piece, all at once.

    All files are read back into one map whose labels are the pieces, and that is compared with
    `pieces` as one artifact is. Entries of a split list are disjoint, so the platform decides in
    one piece as it does in all. What is wrong is told by the proof of the piece that is.

    Args:
        files: The files of each piece, in the order of `target.files`.
        names: The list of each, for messages.
        orders: What each must say beside its entries.

    Raises:
        Unproved: As `prove` of the first artifact that is wrong.
    """
    artifacts = [_Artifact(target, *one) for one in zip(files, names, orders, strict=True)]
    readings = _readings(target, artifacts)
    parts = _in_pieces(pieces, readings)
    whole = Reading(tuple(parts), (*pieces.together.names, _ANOTHER))
    try:
        count = _compare(artifacts[0], whole, pieces.together, {})
    except Unproved:
        for own, intent, name in zip(files, pieces.maps, names, strict=True):
            prove(target, own, intent, name)
        raise
    return [_proof(reading, count) for reading in readings]


_ANOTHER = "a verdict of no piece"


def _readings(target: Target, artifacts: Sequence[_Artifact]) -> list[Reading]:
    """Return what the files of each artifact say; of lists, all are read in one go if they can."""
    if isinstance(target.reader, ListReader):
        with suppress(SourceSyntaxError):  # told by the reader of the one it is in
            found = target.reader.together([artifact.files for artifact in artifacts])
            if found:
                return [*map(_Artifact.as_ordered, artifacts, found)]
    return [artifact.read() for artifact in artifacts]


def _in_pieces(pieces: PieceMap, readings: Sequence[Reading]) -> Iterator[Part]:
    """Yield what the files of all pieces say, with the labels they have in the pieces together.

    Both engines look at the rules in the order of addresses, so they are put into it once.
    """
    verdicts, other = pieces.verdicts, len(pieces.verdicts)
    inner = {
        names: np.array([verdicts.index(n) if n in verdicts else other for n in names])
        for names in {reading.names for reading in readings}
    }
    for family in pieces.together.families:
        found = [
            (number, part, inner[reading.names])
            for number, reading in enumerate(readings)
            for part in reading.parts
            if part.rules.family == family and len(part.rules)
        ]
        if found:
            said = Part.joined([part for _, part, _ in found])
            verdict = np.concatenate([table[part.rules.verdict] for _, part, table in found])
            number = np.repeat([one for one, _, _ in found], [len(p.rules) for _, p, _ in found])
            labels = pieces.labels(number, verdict)
            labels[verdict == other] = len(pieces.together.names)
            rules = Rules(family, said.rules.start, said.rules.last, labels)
            order = rules.order()
            yield Part(rules.take(order), shifted(said.where, order))


def _proof(reading: Reading, slots: int) -> Proof:
    return Proof({f: len(rules) for f, rules in reading.rules.items()}, slots, 2 * slots)


def consulted(target: Target, intent: AddrMap) -> AddrMap:
    """Return an intent without verdicts in the space that the platform never looks up."""
    if not target.never_consulted:
        return intent
    silent = AddrSet.of(target.never_consulted)
    parts = []
    for part in intent.parts:
        start, last = silent.spans(part.family)
        parts.append(paint(part, [(start, last, np.zeros(len(start), dtype=np.int32))]))
    return AddrMap(tuple(parts), intent.names)


def _as_starts(family: Family, lasts: Column) -> Column:
    """Return inclusive ends as addresses: a narrow IPv6 end stands for the end of its /64."""
    return columns.widen_lasts(lasts) if family.grain else lasts
