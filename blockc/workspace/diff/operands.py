"""What `blockc diff` compares: an operand is recognised by what it is."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from blockc.addresses.addrset import AddrSet
from blockc.addresses.columns import span_columns
from blockc.addresses.family import FAMILIES
from blockc.addresses.rules import meaning
from blockc.changes.change import ListState
from blockc.errors import Location, SourceSyntaxError, UsageError, os_reason, suggestion
from blockc.publish.place import PublishFolder
from blockc.publish.record import recorded_names
from blockc.storage.local import read_local
from blockc.targets.core.target import Target
from blockc.targets.core.target_options import OptionValue
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import Value

NOW, PUBLISHED = "now", "published"
LiveOptions = Callable[[Target], Mapping[str, OptionValue]]
_GENERATION = re.compile(r"[0-9a-f]{4,16}(-[0-9]+)?")


class Operand(Value):
    """One side of a comparison.

    Attributes:
        kind: `now` (what would be built), `published`, `generation`, `policy`, `lock`, `at` or
            `file`.
        text: What names it: a name, a path, a day or an instant.
    """

    kind: str
    text: str = ""

    @property
    def label(self) -> str:
        """Return what it is called in a report."""
        named = {NOW: "what would be built now", PUBLISHED: "what is published"}
        return named.get(self.kind) or f"{self.kind} {self.text}"

    @property
    def path(self) -> Path:
        """Return the path of a policy, a lock or a file."""
        return Path(self.text)

    @property
    def moment(self) -> datetime:
        """Return the instant of an `at`, UTC; of a day it is the first.

        Raises:
            UsageError: It is neither a day nor an instant.
        """
        found = _moment(self.text)
        if found is None:
            hint = "write a day as 2026-12-01, an instant as 2026-12-01T00:00:00+01:00"
            raise UsageError(f"{self.text!r} is not a day or an instant", hint=hint)
        return found


KINDS = (NOW, PUBLISHED, "generation", "policy", "lock", "at", "file")


def operand(text: str, folder: Path) -> Operand:
    """Return what a word on the command line names.

    Args:
        text: A word, or `KIND:WORD` where the kind is to be certain.
        folder: The published folder, for names of generations.

    Raises:
        UsageError: It is nothing, or several things.
    """
    kind, colon, rest = text.partition(":")
    if colon and kind in KINDS[2:] and rest:
        return Operand(kind, rest)
    if text in (NOW, PUBLISHED):
        return Operand(text)
    found = list(_candidates(text, folder))
    if len(found) == 1:
        return found[0]
    if found:
        ways = " or ".join(f"{one.kind}:{one.text}" for one in found)
        kinds = " or ".join("a day" if one.kind == "at" else f"a {one.kind}" for one in found)
        raise UsageError(f"{text!r} can be {kinds}", hint=f"write {ways}")
    near = suggestion(text, [NOW, PUBLISHED, *recorded_names(PublishFolder.of(folder).inside)])
    raise UsageError(
        f"{text!r} is not a file, a day, an instant or a generation{near}",
        hint="an operand is `published`, `now`, a generation, a policy (.toml), a lock (.lock), a "
        "day or instant, or a file of addresses",
    )


def _candidates(text: str, folder: Path) -> Iterator[Operand]:
    if Path(text).is_file():
        kind = {".toml": "policy", ".lock": "lock"}.get(Path(text).suffix, "file")
        yield Operand(kind, text)
    if _moment(text):
        yield Operand("at", text)
    if _GENERATION.fullmatch(text):
        names = recorded_names(PublishFolder.of(folder).inside)
        if any(name.startswith(text) for name in names):
            yield Operand("generation", text)


def _moment(text: str) -> datetime | None:
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        found = datetime.fromisoformat(text) if "T" in text else None
    except ValueError:
        return None
    return found.astimezone(UTC) if found and found.tzinfo else None


def file_lists(
    path: Path, target: str, options: LiveOptions = lambda _target: {}
) -> Mapping[str, ListState]:
    """Return what a file says: a plain list, or by the grammar of a target.

    Args:
        target: The name of a target; empty for a list of addresses, prefixes and ranges.
        options: Returns the options with which an artifact of the target was written, to find it in
            what a live system shows.

    Returns:
        One list for each verdict; `block` for a file that only lists.

    Raises:
        UsageError: It cannot be read, or there is no such target.
        SourceSyntaxError: It does not follow the grammar.
        SourceUnfit: It is no text.
    """
    from blockc.addresses.lines import read_spans

    try:
        data = read_local(path)
    except OSError as error:
        raise UsageError(f"cannot read it: {os_reason(error)}", at=Location(str(path))) from None
    if not target:
        spans = read_spans(str(path), data)
        held = {family: spans.get(family) or span_columns(family, []) for family in FAMILIES}
        return {"block": ListState("block", AddrSet.of_spans(held))}
    return _read_by(target, ArtifactFile(str(path), data), options)


def _read_by(name: str, file: ArtifactFile, options: LiveOptions) -> Mapping[str, ListState]:
    """Return what an artifact says, or a live system of it."""
    from blockc.targets.registry import TARGETS

    if name not in TARGETS:
        hint = "`blockc list targets` shows them"
        raise UsageError(f"no target {name!r}{suggestion(name, TARGETS)}", hint=hint)
    target = TARGETS[name]
    try:
        reading = target.reader([file])
    except SourceSyntaxError as wrong:
        if target.live is None:
            raise
        try:
            reading = target.live.reader([file.decoded()], options(target))
        except SourceSyntaxError as shown:
            hint = f"as what a live system shows it is not right either: {shown.message}"
            raise SourceSyntaxError(wrong.message, at=wrong.at, hint=hint) from None
    said = meaning(target.match, reading.rules.values(), reading.names)
    return {name: ListState("block", said.where([name])) for name in reading.names[1:]}
