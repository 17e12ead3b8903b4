"""Reads the operator's policy, checked against the targets, groups and sources there are."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from blockc.compiler.claims import shared_by_outputs
from blockc.errors import Location, Mistakes, PolicyError, UsageError, os_reason
from blockc.fetch.definition import Source
from blockc.formats.format_table import DELEGATED, tags_of
from blockc.policy.checking.parse_policy import parse_policy
from blockc.policy.model import FeedFacts, Known, Output, Policy, TargetFacts
from blockc.policy.syntax.country_groups import CountryGroup, read_groups
from blockc.policy.syntax.includes import beside, read_beside, text_of
from blockc.targets.core.target import Layout, Target
from blockc.targets.core.verdicts import ACTIONS, ContentKind
from blockc.targets.registry import TARGETS
from blockc.targets.syntax.tokens import Text
from blockc.workspace.file_reader import FileReader
from blockc.workspace.registries import Layered, shipped_groups
from blockc.workspace.sources import all_sources

OWN_GROUPS = "groups"


def known(policy: Path = Path("blockc.toml"), reader: FileReader | None = None) -> Known:
    """Return every name that the policy at this path can use."""
    reader = reader or FileReader(policy)
    feeds = _Feeds(all_sources(reader))
    return Known(
        targets=_EveryTarget(),
        key_targets=_EveryKeyTarget(),
        groups=all_groups(reader),
        sources=feeds,
    )


def all_groups(reader: FileReader) -> Mapping[str, CountryGroup]:
    """Return every group by name for the policy of a reader.

    The operator's own stand in the folder `groups` beside the policy. One that has the name of a
    shipped one takes its place. They are read as the policy's files are, and so are part of its
    digest: who changes a group changes the policy.

    Raises:
        Mistakes: A file of groups is wrong.
        UsageError: One cannot be read, or two of them hold one group.
    """
    own: dict[str, tuple[CountryGroup, Path]] = {}
    for path in reader.listed(OWN_GROUPS):
        for group in read_groups(str(path), _text(path, reader)):
            if group.name in own:
                said = f"group {group.name!r} is also in {own[group.name][1]}"
                raise UsageError(said, at=Location(str(path)), hint="remove one of the two")
            own[group.name] = group, path
    return Layered({name: group for name, (group, _) in own.items()}, _ShippedGroups())


def _text(path: Path, reader: FileReader) -> str:
    try:
        return text_of(str(path), reader(str(path)))
    except OSError as reason:
        said = os_reason(reason)
        raise UsageError(f"cannot read these groups: {said}", at=Location(str(path))) from None


class _Feeds(Mapping[str, FeedFacts]):
    """What a policy may ask of each source but the registries, whose files are not feeds."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources

    def __getitem__(self, name: str) -> FeedFacts:
        one = self._sources[name]
        if one.format == DELEGATED:
            raise KeyError(name)
        return FeedFacts(tags_of(one.format, one.options), one.may_be_empty)

    def __iter__(self) -> Iterator[str]:
        return (name for name, one in self._sources.items() if one.format != DELEGATED)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _ShippedGroups(Mapping[str, CountryGroup]):
    """Every group blockc ships, by name; they are read when somebody asks for one."""

    def __getitem__(self, name: str) -> CountryGroup:
        return shipped_groups()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(shipped_groups())

    def __len__(self) -> int:
        return len(shipped_groups())


class _EveryTarget(Mapping[str, TargetFacts]):
    """What a policy may ask of each target; a target is imported when a policy names it."""

    def __getitem__(self, name: str) -> TargetFacts:
        return _facts(TARGETS[name])

    def __iter__(self) -> Iterator[str]:
        return iter(TARGETS)

    def __len__(self) -> int:
        return len(TARGETS)


class _EveryKeyTarget(Mapping[str, frozenset[str]]):
    """The options of each key target; they are imported when a policy names one."""

    def __getitem__(self, name: str) -> frozenset[str]:
        from blockc.keys.key_registry import KEY_TARGETS

        return frozenset(option.name for option in KEY_TARGETS[name].options)

    def __iter__(self) -> Iterator[str]:
        from blockc.keys.key_registry import KEY_TARGETS

        return iter(KEY_TARGETS)

    def __len__(self) -> int:
        from blockc.keys.key_registry import KEY_TARGETS

        return len(KEY_TARGETS)


def _facts(target: Target) -> TargetFacts:
    """Return what a policy may ask of `target`."""
    return TargetFacts(
        options=frozenset(option.name for option in target.options),
        one_family=target.layout is Layout.APART,
        several_lists=ContentKind.VERDICTS in target.words,
        country_map=ContentKind.COUNTRIES in target.words,
        template=not callable(target.writer),
        lines=target.read_lines is not None,
        actions=frozenset(a for a in ACTIONS if target.can_say(target.kind_of_list, a)),
        actions_of_lists=frozenset(a for a in ACTIONS if target.can_say(ContentKind.VERDICTS, a)),
        statuses=target.responses.statuses,
        links=target.responses.links,
        comments=bool(target.comment),
        whole=target.whole,
        unknown_codes=target.codes.unknown if target.codes else None,
    )


def read_policy(path: Path, reader: FileReader) -> Policy:
    """Return the policy at `path`.

    Raises:
        UsageError: It cannot be read.
        Mistakes: Everything that is wrong with it.
    """
    try:
        text = text_of(str(path), reader(str(path)))
    except OSError as reason:
        said = os_reason(reason)
        hint = "name the policy with -f, or begin one with `blockc init`"
        raise UsageError(f"cannot read {path}: {said}", hint=hint) from None
    policy = parse_policy(str(path), text, known=known(path, reader), read_file=reader)
    shared = shared_by_outputs(policy)
    if shared:
        raise Mistakes(shared)
    return policy


def own_templates(policy: Policy, reader: FileReader) -> dict[str, Text]:
    """Return the operator's own templates by path.

    Raises:
        PolicyError: One cannot be read.
    """
    wanted = [output for output in policy.outputs if output.template]
    return {template_path(one): _template(one, reader) for one in wanted}


def template_path(output: Output) -> str:
    """Return the path of an output's own template, which stands beside the policy."""
    return beside(output.place.document, output.template)


def _template(output: Output, reader: FileReader) -> Text:
    path, place = template_path(output), output.place / "template"
    try:
        return Text(path, read_beside(place, output.template, reader).decode())
    except UnicodeDecodeError:
        said, hint = f"{path} is not UTF-8 text", "save it as UTF-8"
        raise PolicyError(said, at=place.location(), hint=hint) from None
