"""The fewest longest-match entries of the whole country map, one family at a time."""

from collections.abc import Iterator
from functools import partial

from blockc.addresses.family import FAMILIES
from blockc.addresses.prefixes import cover_size
from blockc.passes.exact.ortc import longest
from blockc.registries.registry_map import RegistryMap
from tests.bench.clock import in_turns
from tests.bench.inputs import records
from tests.bench.table import Row, Scale


def rows(scale: Scale) -> Iterator[Row]:
    """Yield the optimum of each family, with the entries it saves against a plain cover."""
    parts = [one for pieces in records(scale.folder).values() for one in pieces]
    if scale.small:
        parts = [part.take(slice(None, None, 500)) for part in parts]
    countries = RegistryMap.of(parts).countries()
    for family in FAMILIES:
        wanted, lengths = countries.part(family), range(family.width + 1)
        plain = cover_size(family, *wanted.runs(wanted.labels != 0))
        entries = len(longest(wanted, lengths))
        best = in_turns(scale.rounds, {"blockc": partial(longest, wanted, lengths)})
        yield Row(
            what=f"ORTC of the country map, {family.name}, {plain:,} to {entries:,}",
            seconds=best["blockc"],
            reach="<= 0.3 s",
        )
