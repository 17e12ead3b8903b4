"""What there is to say about what was imported: what it covers, and what it should not."""

from collections.abc import Mapping, Sequence

from blockc.addresses import V4, AddrMap, AddrSet, Family, Prefix
from blockc.addresses.addrset import union
from blockc.compiler.country_split import counts_by_country
from blockc.importing.importer import Imported
from blockc.registries.special import special_purpose
from blockc.values import Value


class ImportFindings(Value, eq=False):
    """What files block together.

    Attributes:
        blocked: All that any of them blocks.
        special: Special-purpose space that is blocked: its prefix, its name and the part of it.
        countries: Country -> addresses by family; nothing where no registry's data was given.
        protected: What is blocked and must never be.
        spared: Who says that somebody is spared -> what of that is blocked.
    """

    blocked: AddrSet
    special: tuple[tuple[Prefix, str, AddrSet], ...]
    countries: Mapping[str, Mapping[Family, int]]
    protected: AddrSet
    spared: Mapping[str, AddrSet]

    @property
    def is_allow_list(self) -> bool:
        """Return whether most of IPv4 is blocked, so that the policy says who may come."""
        return 2 * self.blocked.count_of(V4) > 1 << V4.width


def findings(
    files: Sequence[Imported],
    protected: AddrSet,
    countries: AddrMap | None = None,
    spared: Mapping[str, AddrSet] | None = None,
) -> ImportFindings:
    """Return what is to be said about imported files.

    Args:
        protected: What must never be blocked.
        countries: Where addresses are registered, if that is known.
        spared: What a policy spares, by what says so in it.
    """
    blocked = union(one.blocked for one in files)
    special = []
    for one in special_purpose():
        part = blocked & AddrSet.of([one.prefix])
        if part:
            special.append((one.prefix, one.name, part))
    return ImportFindings(
        blocked=blocked,
        special=tuple(special),
        countries=_by_country(blocked, countries) if countries else {},
        protected=blocked & protected,
        spared={who: blocked & one for who, one in (spared or {}).items() if blocked & one},
    )


def _by_country(blocked: AddrSet, countries: AddrMap) -> Mapping[str, Mapping[Family, int]]:
    """Return country -> addresses by family, the largest in IPv4 first."""
    counts = counts_by_country(blocked, countries)
    found = {
        code: {
            family: count for family, count in zip(blocked.families, numbers, strict=True) if count
        }
        for code, numbers in counts.items()
        if any(numbers)
    }
    return dict(sorted(found.items(), key=lambda one: -one[1].get(V4, 0)))
