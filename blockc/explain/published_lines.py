"""Which line of which published artifact decides about an address."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count

from blockc.addresses import Family
from blockc.addresses.rules import Rules, deciding_rule
from blockc.compiler.orders import ArtifactSpec, artifact_groups, part_path
from blockc.errors import BlockcError, Location
from blockc.policy.meaning.resolve import Resolved, countries_map
from blockc.registries.countries import NO_COUNTRY
from blockc.registries.registry_map import RegistryMap
from blockc.targets.core.layout import File
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.registry import TARGETS
from blockc.targets.syntax.reading import Reading
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import Value

ReadPublished = Callable[
    [str], bytes | None
]  # the bytes of a published file, None if there is none


class DecidingLine(Value):
    """What an artifact says about an address, and where.

    Attributes:
        holds: What the artifact holds: a list, several, a list and a country, or `countries`.
        path: The file.
        at: The line that decides, None where no entry holds the address and the default does.
        verdict: What it says: nothing, `block`, `warn`, `monitor`, or a country.
        wrong: Why it says nothing about the address: it cannot be read, or it says countries, about
            which the platform's own data decide.
    """

    target: str
    holds: str
    path: str
    at: Location | None = None
    verdict: str = ""
    wrong: str = ""


class PublishedLines:
    """The artifacts of a policy as they are published; each is read once, when it is asked.

    Of a list that is split by country only the file of the country is asked in which an address
    is registered.
    """

    def __init__(self, resolved: Resolved, world: RegistryMap, read: ReadPublished) -> None:
        groups = artifact_groups(resolved, countries_map(world), TARGETS)
        self._specs = [spec for group in groups for spec in group.specs]
        self._read = read
        self._parts_of: dict[str, list[PublishedPart]] = {}

    @property
    def specs(self) -> list[ArtifactSpec]:
        """Return all artifacts that the policy asks for."""
        return self._specs

    def read_all(self) -> None:
        """Read every artifact that is published."""
        for spec in self._specs:
            self._parts(spec)

    def read(self) -> "Iterator[tuple[ArtifactSpec, PublishedPart]]":
        """Yield every part of an artifact that has been read."""
        for spec in self._specs:
            for part in self._parts_of.get(spec.path, ()):
                yield spec, part

    def files_of(self, spec: ArtifactSpec) -> "Iterator[Sequence[File]]":
        """Yield the files of each part that has been read, or the first, and of one part more."""
        known = len(self._parts_of.get(spec.path, ())) or 1
        for number in range(1, known + 2) if spec.in_parts else (0,):
            yield spec.dialect.files(part_path(spec.path, number))

    def about(self, family: Family, address: int, country: str) -> list[DecidingLine]:
        """Return what every published artifact says about one address.

        Args:
            country: Where the address is registered, empty for nowhere.
        """
        found = []
        for spec in self._specs:
            piece = spec.name.partition("/")[2]
            if not spec.output.split_by_country or piece == (country or NO_COUNTRY):
                found += self._said(spec, family, address)
        return found

    def _said(self, spec: ArtifactSpec, family: Family, address: int) -> list[DecidingLine]:
        """Return what an artifact says: of several parts, the one that has an entry for it."""
        said = [one.said(spec, family, address) for one in self._parts(spec)]
        return [one for one in said if one.at or one.wrong] or said[:1]

    def _parts(self, spec: ArtifactSpec) -> "list[PublishedPart]":
        if spec.path not in self._parts_of:
            self._parts_of[spec.path] = list(self._read_parts(spec))
        return self._parts_of[spec.path]

    def _read_parts(self, spec: ArtifactSpec) -> "Iterator[PublishedPart]":
        """Yield each part of an artifact that is published; the first one also if it is not."""
        for number in count(1) if spec.in_parts else (0,):
            files = spec.dialect.files(part_path(spec.path, number))
            found = [self._read(file.path) for file in files]
            if number > 1 and found[0] is None:
                return
            held = [
                ArtifactFile(file.path, data, file.families)
                for file, data in zip(files, found, strict=True)
                if data is not None
            ]
            whole = len(held) == len(files)
            reading = _reading(spec, held) if whole else "it is not published"
            yield PublishedPart(files, held, reading)
            if found[0] is None:
                return


class PublishedPart(Value, eq=False):
    """The files of one part of an artifact, what they hold and say, or why they cannot be read."""

    files: Sequence[File]
    held: Sequence[ArtifactFile]
    reading: Reading | str

    def said(self, spec: ArtifactSpec, family: Family, address: int) -> DecidingLine:
        """Return what the part says about an address."""
        files = (file.path for file in self.files if family in file.families)
        path = next(files, self.files[0].path)
        if spec.kind is ContentKind.CODES and isinstance(self.reading, Reading):
            said = (
                f"the platform's own data decide who is in {' '.join(spec.codes) or 'no country'}"
            )
            return DecidingLine(spec.target.name, spec.name, path, wrong=said)
        if isinstance(self.reading, str):
            return DecidingLine(spec.target.name, spec.name, path, wrong=self.reading)
        rules = self.reading.rules.get(family, Rules.empty(family))
        row = deciding_rule(spec.dialect.match, rules, address)
        if row is None:
            return DecidingLine(spec.target.name, spec.name, path)
        at, verdict = self.reading.place(family, row), self.reading.names[rules.verdict[row]]
        return DecidingLine(spec.target.name, spec.name, at.path if at else path, at, verdict)


def _reading(spec: ArtifactSpec, files: Sequence[ArtifactFile]) -> Reading | str:
    try:
        return spec.dialect.reader(files)
    except BlockcError as failed:
        return f"it cannot be read: {failed.message}"
