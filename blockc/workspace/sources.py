"""Which sources there are, and which of them a policy uses."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from blockc.errors import Location, UsageError, os_reason, suggestion
from blockc.fetch.definition import Source, read_source
from blockc.policy.model import LocatedSelector, Policy
from blockc.policy.syntax.includes import text_of
from blockc.policy.syntax.selectors import (
    AsnListSelector,
    AsnSelector,
    CountrySelector,
    DelegatedSelector,
    FeedSelector,
    GroupSelector,
    RegistrySelector,
    Selector,
    StatusSelector,
)
from blockc.vocabulary import LOSSY, RIRS, DontCare
from blockc.workspace.file_reader import FileReader
from blockc.workspace.registries import Layered, ShippedSources

OWN = "sources"
ASN_SOURCE = "iptoasn"  # what `asn:` asks
_OF_REGISTRIES = (
    CountrySelector,
    DelegatedSelector,
    GroupSelector,
    RegistrySelector,
    StatusSelector,
)


def all_sources(reader: FileReader) -> Mapping[str, Source]:
    """Return every source by name: those blockc ships, and the operator's own.

    Those stand in the folder `sources` beside the policy. One that has the name of a shipped one
    takes its place. They say what a feed is, so who reads a policy reads them as its files are
    read, and they are part of its digest.

    Raises:
        Mistakes: A definition is wrong.
        UsageError: One cannot be read.
    """
    own = {path.stem: _own_source(path, reader) for path in reader.listed(OWN)}
    return Layered(own, ShippedSources())


def used_sources(policy: Policy) -> tuple[str, ...]:
    """Return the sources a policy needs: every feed it names, and the registries if asked."""
    selectors = [one.selector for one in _written(policy)]
    feeds = {name for one in selectors for name in sources_of(one)}
    return (*(RIRS if asks_registries(policy) else ()), *sorted(feeds - set(RIRS)))


def asks_registries(policy: Policy) -> bool:
    """Return whether anything in a policy depends on what the registries say.

    All five or none: who holds an address is known only when all have been heard.
    """
    return any(isinstance(one.selector, _OF_REGISTRIES) for one in _written(policy)) or any(
        output.country_map
        or output.split_by_country
        or output.fit.dont_care is not DontCare.OFF
        or output.fit.when_over in LOSSY
        for output in policy.outputs
    )


def sources_of(selector: Selector) -> tuple[str, ...]:
    """Return the feeds that a selector asks, by name."""
    if isinstance(selector, FeedSelector):
        return (selector.name,)
    if isinstance(selector, AsnListSelector):
        return (ASN_SOURCE, *sources_of(selector.listed))
    return (ASN_SOURCE,) if isinstance(selector, AsnSelector) else ()


def chosen(known: Mapping[str, Source], names: Iterable[str]) -> list[Source]:
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


def _own_source(path: Path, reader: FileReader) -> Source:
    try:
        return read_source(str(path), text_of(str(path), reader(str(path))))
    except OSError as reason:
        said = os_reason(reason)
        raise UsageError(f"cannot read this source: {said}", at=Location(str(path))) from None


def _written(policy: Policy) -> Iterator[LocatedSelector]:
    """Return every selector of a policy."""
    yield from policy.protect.never_block
    yield from policy.audit.wanted
    for one in policy.lists:
        yield from one.selectors
