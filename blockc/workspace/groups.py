"""Which groups of countries a policy can name: those blockc ships, and the operator's own."""

from pathlib import Path

from blockc.errors import Location, UsageError
from blockc.policy.syntax.groups import CountryGroup, read_groups
from blockc.workspace.registries import FileReader, shipped_groups

OWN = "groups"


def all_groups(policy: Path, reader: FileReader) -> dict[str, CountryGroup]:
    """Return every group by name for the policy at this path.

    The operator's own stand in the folder `groups` beside the policy. One that has the name of a
    shipped one takes its place. They are read as the policy's files are, and so are part of its
    digest: who changes a group changes the policy.

    Raises:
        Mistakes: A file of groups is wrong.
        UsageError: One cannot be read, or two of them hold one group.
    """
    own: dict[str, tuple[CountryGroup, Path]] = {}
    for path in sorted((policy.parent / OWN).glob("*.toml")):
        for group in read_groups(str(path), _text(path, reader)):
            if group.name in own:
                said = f"group {group.name!r} is also in {own[group.name][1]}"
                raise UsageError(said, at=Location(str(path)), hint="remove one of the two")
            own[group.name] = group, path
    return shipped_groups() | {name: group for name, (group, _) in own.items()}


def _text(path: Path, reader: FileReader) -> str:
    try:
        return reader(str(path)).decode()
    except OSError as reason:
        said = (reason.strerror or str(reason)).lower()
        raise UsageError(f"cannot read these groups: {said}", at=Location(str(path))) from None
    except UnicodeDecodeError:
        raise UsageError("not UTF-8 text", at=Location(str(path))) from None
