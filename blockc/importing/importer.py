"""Files of today to what they block: by their form, or as artifacts of a target."""

from collections.abc import Iterator, Mapping, Sequence

from blockc.addresses import AddrSet
from blockc.addresses.addrset import union
from blockc.addresses.lines import prefix_texts
from blockc.addresses.rules import meaning
from blockc.errors import BlockcError, PolicyError, SourceUnfit, suggestion
from blockc.importing.decide import Decided, count_unread, decide
from blockc.importing.entries import (
    SET,
    Contents,
    Entry,
    EntryColumns,
    Scope,
    TooMuch,
    Unread,
    Unreads,
    require_few_of_sets,
    require_few_scopes,
)
from blockc.importing.forms import FORMS, guess
from blockc.targets.core.target import Target
from blockc.targets.registry import TARGETS
from blockc.targets.syntax.reading import Reading
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import Value, field, replace

_MOST_TRIED = 8_000_000  # bytes of files that the readers of all targets are asked about
_MOST_BYTES = 32_000_000  # entries and where they stand take up to 100 bytes for each


class Imported(Value, eq=False):
    """What one file blocks, or several that are one artifact.

    Attributes:
        path: Its name; of several files the first one's.
        form: The name of a form or of a target.
        guessed: Nobody said that it has this form.
        scopes: Name and contents of each part that decides by itself.
        blocked: Everything that any of them blocks.
        unread: What was not understood.
        others: How many statements are about something else.
    """

    path: str
    form: str
    guessed: bool
    scopes: tuple[tuple[str, Decided], ...]
    blocked: AddrSet
    unread: Unreads = field(default_factory=Unreads)
    others: int = 0

    @property
    def entries(self) -> int:
        """Return how many entries were read."""
        return sum(decided.count for _, decided in self.scopes)

    def named(self, what: str) -> EntryColumns:
        """Return the entries of all scopes that are dead, redundant or cleared."""
        return EntryColumns.joined(getattr(decided, what) for _, decided in self.scopes)


def import_files(
    files: Mapping[str, bytes], form: str = "", values: Sequence[str] = ()
) -> list[Imported]:
    """Return what files block.

    Args:
        files: Path -> bytes.
        form: The form or the target of all of them; guessed for each if nothing.
        values: The words by which maps say that they block, where that cannot be guessed.

    Raises:
        PolicyError: The form is neither known nor a target.
        SourceSyntaxError: A file is not an artifact of the target.
        SourceUnfit: A file is in no form that is known, or blocks nobody that could be read.
    """
    forms = {path: form or guess(_text(data)) for path, data in files.items()}
    if form in TARGETS:
        found, refusals = _artifact(form, files, values)
        if found:
            return [found]
        lenient = next((name for name, one in FORMS.items() if form in {name, one.target}), "")
        if not lenient:
            raise refusals[0]
        forms = {path: guess(_text(data)) or lenient for path, data in files.items()}
    elif form and form not in FORMS:
        raise PolicyError(
            f"--as {form!r} is neither a form nor a target{suggestion(form, [*FORMS, *TARGETS])}",
            hint=f"forms are {', '.join(FORMS)}; `blockc list targets` shows the targets",
        )
    contents, doubtful = ({}, False) if form else _read_as_guessed(files, forms)
    if doubtful:
        few = sum(map(len, files.values())) <= _MOST_TRIED
        for name in TARGETS if few else ():
            found, _ = _artifact(name, files, values)
            if found:
                return [replace(found, guessed=True)]
    if "" in forms.values():
        raise SourceUnfit(
            f"{', '.join(path for path, one in forms.items() if not one)}: in no form that blockc "
            "knows",
            hint=f"say which it is with --as: {', '.join(FORMS)}, or a target",
        )
    known = {} if values else contents
    every = {p: known.get(p) or _read(p, forms[p], data, values) for p, data in files.items()}
    return _by_forms(every, forms, guessed=not form)


def _read_as_guessed(
    files: Mapping[str, bytes], forms: Mapping[str, str]
) -> tuple[dict[str, Contents], bool]:
    """Return what files say in their forms, up to one of which that is doubtful, and whether it is.

    It is where a file has no form, or says hardly anything in it.
    """
    found: dict[str, Contents] = {}
    for path, data in files.items():
        if not forms[path]:
            return found, True
        found[path] = contents = _read(path, forms[path], data, ())
        read, wrong = 0, len(contents.unread)
        for scope in contents.scopes:
            unread = count_unread(scope.entries)
            read, wrong = read + len(scope.entries) - unread, wrong + unread
        if wrong >= read:
            return found, True
    return found, False


def _read(path: str, form: str, data: bytes, values: Sequence[str]) -> Contents:
    """Return what a file says in a form.

    Raises:
        SourceUnfit: It says too much.
    """
    if len(data) > _MOST_BYTES:
        said = f"{path}: {len(data):,} bytes, a file in this form may have {_MOST_BYTES:,}"
        raise SourceUnfit(said, hint="a policy reads longer lists itself: block = ['file:LIST']")
    try:
        found = FORMS[form].read(_text(data), values)
        require_few_scopes(len(found.scopes))
    except TooMuch as reason:
        raise SourceUnfit(f"{path}: {reason}") from None
    return found


def _by_forms(
    contents: Mapping[str, Contents], forms: Mapping[str, str], *, guessed: bool
) -> list[Imported]:
    try:
        found = _with_sets(contents)
    except TooMuch as reason:
        raise SourceUnfit(f"{', '.join(contents)}: {reason}") from None
    return [_decided(path, forms[path], found[path], guessed=guessed) for path in contents]


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return "" if b"\0" in data else data.decode("latin-1").replace("\r\n", "\n")


def _decided(path: str, form: str, contents: Contents, *, guessed: bool) -> Imported:
    scopes = [(scope.name, decide(scope)) for scope in contents.scopes]
    unread = Unreads.joined([contents.unread, *(decided.unread for _, decided in scopes)])
    blocked = union(decided.blocked for _, decided in scopes)
    return Imported(
        path=path,
        form=form,
        guessed=guessed,
        scopes=tuple(scopes),
        blocked=blocked,
        unread=unread,
        others=contents.others,
    )


def _with_sets(contents: Mapping[str, Contents]) -> dict[str, Contents]:
    """Return contents in which rules that name a set hold what is in it.

    A set that a rule names does what the rule says, and nothing by itself.
    """
    sets = {
        scope.name.removeprefix("set "): scope
        for one in contents.values()
        for scope in one.scopes
        if scope.name.startswith("set ")
    }
    used = {text[1:] for one in contents.values() for text in _named(one)}
    if not used:
        return dict(contents)
    found, held = {}, _Held(sets)
    for path, one in contents.items():
        scopes = [s for s in one.scopes if s.name.removeprefix("set ") not in used]
        unread = Unreads(one.unread, len(one.unread))
        expanded = [
            Scope(s.name, s.match, EntryColumns(_expanded(s, held, unread))) for s in scopes
        ]
        found[path] = Contents(tuple(expanded), unread, one.others)
    return found


def _named(contents: Contents) -> Iterator[str]:
    texts = (text for scope in contents.scopes for text in scope.entries.texts)
    return (text for text in texts if text.startswith(SET))


class _Held:
    """What is in each set, by its name; asked for all that rules get by the sets they name."""

    def __init__(self, sets: Mapping[str, Scope]) -> None:
        self._sets = sets
        self._texts: dict[str, list[str]] = {}
        self._given = 0

    def __contains__(self, name: str) -> bool:
        return name in self._sets

    def texts(self, name: str) -> list[str]:
        """Return the prefixes in a set.

        Raises:
            TooMuch: With what was given before there are too many of them.
        """
        if name not in self._texts:
            held = decide(self._sets[name]).blocked
            every = (prefix_texts(held.prefixes(family)) for family in held.families)
            self._texts[name] = [text for texts in every for text in texts]
        self._given += len(self._texts[name])
        require_few_of_sets(self._given)
        return self._texts[name]


def _expanded(scope: Scope, held: _Held, unread: Unreads) -> Iterator[Entry]:
    """Yield entries with what is in a set in its place; a set that is nowhere is not read."""
    for entry in scope.entries:
        if not entry.text.startswith(SET):
            yield entry
        elif entry.text[1:] in held:
            texts = held.texts(entry.text[1:])
            yield from (Entry(entry.line, text, entry.blocks) for text in texts)
        else:
            why = "this set stands in the output of `ipset save`; give that file too"
            unread.append(Unread(entry.line, entry.text[1:], why))


def _artifact(
    name: str, files: Mapping[str, bytes], values: Sequence[str]
) -> tuple[Imported | None, list[BlockcError]]:
    """Return what files say as an artifact of a target, in any of its ways, or why they do not."""
    target = TARGETS[name]
    refusals: list[BlockcError] = []
    for way in (target, target.responding(), *([target.in_two_sets()] if target.two_sets else [])):
        wanted = way.files("FILE")
        if len(wanted) != len(files):
            names = ", ".join(file.path for file in wanted)
            refusals.append(PolicyError(f"an artifact of {name} consists of {names}"))
            continue
        given = [
            ArtifactFile(path, data, file.families)
            for (path, data), file in zip(files.items(), wanted, strict=True)
        ]
        try:
            return _meant(way, name, files, way.reader(given), values), []
        except BlockcError as refused:  # tracebacks hold all that the reader had by then
            refused.__context__ = None
            refusals.insert(0, refused.with_traceback(None))
    return None, refusals


def _meant(
    way: Target, name: str, files: Mapping[str, bytes], reading: Reading, values: Sequence[str]
) -> Imported:
    said = meaning(way.match, reading.rules.values(), reading.names)
    blocking = [one for one in reading.names[1:] if one in (values or ["block"])]
    if not blocking and any(map(len, reading.rules.values())):
        raise SourceUnfit(
            f"{', '.join(files)}: says {', '.join(reading.names[1:6])}, and not who is blocked",
            hint="say with --value which of these words block",
        )
    blocked = said.where(blocking) if blocking else AddrSet.empty()
    count = sum(map(len, reading.rules.values()))
    decided = Decided(blocked, count, Unreads(), EntryColumns(), EntryColumns(), EntryColumns())
    return Imported(
        path=next(iter(files)),
        form=name,
        guessed=False,
        scopes=((way.title, decided),),
        blocked=blocked,
    )
