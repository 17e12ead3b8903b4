"""What `feed:` and `asn:` stand for in a build: the feeds as the lock has them, read when asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from blockc.addresses.addrset import AddrSet
from blockc.cli.options import Settings
from blockc.errors import PolicyError, suggestion
from blockc.fetch.locked import locked_sources
from blockc.fetch.store.parsed import Store
from blockc.formats.feeds.feed import Feed
from blockc.targets.core.document import Origin
from blockc.workspace.fetching import locked_feed, required_lock, tools
from blockc.workspace.sources import ASN_SOURCE, all_sources


@dataclass(slots=True)
class LockedFeeds:
    """The feeds of a build. Only those that a policy asks for are read, each once.

    `origins`: what headers and the manifest say about the feeds read so far, by name.
    """

    settings: Settings
    origins: dict[str, Origin] = field(default_factory=dict)
    _read: dict[str, Feed] = field(default_factory=dict)

    def feed(self, name: str, filters: Sequence[tuple[str, str]]) -> AddrSet:
        """Return the addresses of the rows of a source that pass every filter.

        Raises:
            PolicyError: No row is called what a filter asks for.
            UsageError: There is no lock, or it does not name the source.
            SourceUnfit: The bytes of the source are nowhere to be had.
        """
        feed = self._feed(name)
        for tag, value in filters:
            known = feed.tags[tag].names
            if value not in known:
                near = suggestion(value, known)
                raise PolicyError(f"no row of {name} has the {tag} {value!r}{near}")
        return feed.addresses(filters)

    def asn(self, number: int) -> AddrSet:
        """Return the addresses an autonomous system announces.

        Raises:
            PolicyError: The source that is asked, one of the operator's own, tells no AS numbers.
        """
        feed = self._feed(ASN_SOURCE)
        if "asn" not in feed.tags:
            hint = f"give sources/{ASN_SOURCE}.toml a column or tag asn"
            raise PolicyError(f"the source {ASN_SOURCE} tells no AS numbers", hint=hint)
        return feed.addresses([("asn", str(number))])

    def _feed(self, name: str) -> Feed:
        if name not in self._read:
            settings = self.settings
            known, lock = all_sources(settings.file), required_lock(settings)
            found = locked_sources(tools(settings), lock, known, [name], offline=settings.offline)
            one = found[name]
            feed = locked_feed(Store.of(settings.store), one)
            day = feed.date.isoformat() if feed.date else "no-date"
            self.origins[name] = Origin(name, day, f"sha256:{one.snapshot.sha256}")
            self._read[name] = feed
        return self._read[name]
