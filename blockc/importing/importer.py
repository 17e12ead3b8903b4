"""Files of today to what they block: by their form, or as artifacts of a target."""

from collections.abc import Iterator, Mapping, Sequence

from blockc.addresses import AddrSet
from blockc.addresses.addrset import union
from blockc.addresses.lines import prefix_texts
from blockc.addresses.rules import meaning
from blockc.errors import BlockcError, PolicyError, SourceUnfit, suggestion
from blockc.importing.entries import SET, Contents, Decided, Entry, Scope, Unread, decide
from blockc.importing.forms import FORMS, guess
from blockc.targets.core.target import Target
from blockc.targets.registry import TARGETS
from blockc.targets.syntax.reading import Reading
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import Value, replace


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
    unread: tuple[Unread, ...] = ()
    others: int = 0

    @property
    def entries(self) -> int:
        """Return how many entries were read."""
        return sum(decided.count for _, decided in self.scopes)

    def named(self, what: str) -> list[Entry]:
        """Return the entries of all scopes that are dead, redundant or cleared."""
        return [entry for _, decided in self.scopes for entry in getattr(decided, what)]


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
    elif not form and any(map(_is_doubtful, forms.values(), files.values())):
        for name in TARGETS:
            found, _ = _artifact(name, files, values)
            if found:
                return [replace(found, guessed=True)]
    if "" in forms.values():
        raise SourceUnfit(
            f"{', '.join(path for path, one in forms.items() if not one)}: in no form that blockc "
            "knows",
            hint=f"say which it is with --as: {', '.join(FORMS)}, or a target",
        )
    return _by_forms(files, forms, values, guessed=not form)


def _is_doubtful(form: str, data: bytes) -> bool:
    """Return whether a text has no form, or says hardly anything in the form that it may have."""
    if not form:
        return True
    contents = FORMS[form].read(_text(data), ())
    scopes = [decide(scope) for scope in contents.scopes]
    wrong = len(contents.unread) + sum(len(one.unread) for one in scopes)
    return wrong >= sum(one.count for one in scopes)


def _by_forms(
    files: Mapping[str, bytes], forms: Mapping[str, str], values: Sequence[str], *, guessed: bool
) -> list[Imported]:
    contents = {path: FORMS[forms[path]].read(_text(data), values) for path, data in files.items()}
    found = _with_sets(contents)
    return [_decided(path, forms[path], found[path], guessed=guessed) for path in files]


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return "" if b"\0" in data else data.decode("latin-1").replace("\r\n", "\n")


def _decided(path: str, form: str, contents: Contents, *, guessed: bool) -> Imported:
    scopes = [(scope.name, decide(scope)) for scope in contents.scopes]
    unread = [*contents.unread, *(one for _, decided in scopes for one in decided.unread)]
    blocked = union(decided.blocked for _, decided in scopes)
    return Imported(
        path=path,
        form=form,
        guessed=guessed,
        scopes=tuple(scopes),
        blocked=blocked,
        unread=tuple(sorted(unread)),
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
    used = {entry.text[1:] for entry in _named(contents)}
    found = {}
    for path, one in contents.items():
        scopes = [s for s in one.scopes if s.name.removeprefix("set ") not in used]
        unread = list(one.unread)
        expanded = [Scope(s.name, s.match, tuple(_expanded(s, sets, unread))) for s in scopes]
        found[path] = Contents(tuple(expanded), tuple(unread), one.others)
    return found


def _named(contents: Mapping[str, Contents]) -> Iterator[Entry]:
    for one in contents.values():
        for scope in one.scopes:
            yield from (entry for entry in scope.entries if entry.text.startswith(SET))


def _expanded(scope: Scope, sets: Mapping[str, Scope], unread: list[Unread]) -> Iterator[Entry]:
    """Yield entries with what is in a set in its place; a set that is nowhere is not read."""
    for entry in scope.entries:
        if not entry.text.startswith(SET):
            yield entry
        elif entry.text[1:] in sets:
            held = decide(sets[entry.text[1:]]).blocked
            for family in held.families:
                texts = prefix_texts(held.prefixes(family))
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
        except BlockcError as refused:
            refusals.insert(0, refused)
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
    decided = Decided(blocked, count, (), (), (), ())
    return Imported(
        path=next(iter(files)),
        form=name,
        guessed=False,
        scopes=((way.title, decided),),
        blocked=blocked,
    )
