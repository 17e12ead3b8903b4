"""Which sources there are, which of them a policy uses, and where its lock is."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from blockc.errors import Location, UsageError, suggestion
from blockc.fetch.definition import REGISTRIES, Source, read_source
from blockc.fetch.lock import NAME
from blockc.formats.format_table import mistakes
from blockc.policy.model import LocatedSelector, Policy
from blockc.policy.syntax.selectors import AsnSelector, FeedSelector
from blockc.workspace.registries import shipped_sources

OWN = "sources"
ASN_SOURCE = "iptoasn"  # what `asn:` asks


def lock_path(policy: Path) -> Path:
    """Return where the lock of the policy at this path is: beside it."""
    return policy.parent / NAME


def all_sources(policy: Path) -> dict[str, Source]:
    """Return every source by name: those blockc ships, and the operator's own.

    Those stand in the folder `sources` beside the policy. One that has the name of a shipped one
    takes its place.

    Raises:
        Mistakes: A definition is wrong.
        UsageError: One cannot be read.
    """
    own = {path.stem: _own_source(path) for path in own_definitions(policy)}
    return {**shipped_sources(), **own}


def own_definitions(policy: Path) -> list[Path]:
    """Return the files of the operator's own sources."""
    return sorted((policy.parent / OWN).glob("*.toml"))


def used_sources(policy: Policy) -> tuple[str, ...]:
    """Return the sources a policy needs: the registries, and every feed it names."""
    selectors = [one.selector for one in _written(policy)]
    feeds = {one.name for one in selectors if isinstance(one, FeedSelector)}
    feeds |= {ASN_SOURCE for one in selectors if isinstance(one, AsnSelector)}
    return (*REGISTRIES, *sorted(feeds - set(REGISTRIES)))


def chosen(known: dict[str, Source], names: Iterable[str]) -> list[Source]:
    """Return the sources with these names, each once.

    Raises:
        UsageError: There is no such source.
    """
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in known:
            raise UsageError(
                f"no source {name!r}{suggestion(name, known)}",
                hint="`blockc list sources` shows them",
            )
    return [known[name] for name in wanted]


def _own_source(path: Path) -> Source:
    try:
        return read_source(str(path), path.read_text(encoding="utf-8"), mistakes)
    except OSError as reason:
        said = (reason.strerror or str(reason)).lower()
        raise UsageError(f"cannot read this source: {said}", at=Location(str(path))) from None
    except UnicodeDecodeError:
        raise UsageError("not UTF-8 text", at=Location(str(path))) from None


def _written(policy: Policy) -> Iterator[LocatedSelector]:
    """Return every selector of a policy."""
    yield from policy.protect.never_block
    for one in policy.lists:
        yield from one.selectors
