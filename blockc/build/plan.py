"""Which artifacts the outputs of a policy ask for, and what each of them must mean."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from blockc.addresses import FAMILIES, AddrMap, AddrSet, Family
from blockc.build.shares import country_shares
from blockc.policy.model import Output, Policy
from blockc.targets.target import Target

COUNTRY = "{country}"


@dataclass(frozen=True, slots=True)
class Order:
    """One artifact to make.

    `name` is what it holds, in a word: a list, several joined by `+`, or a list and a country.
    `intent` says which verdict every address must get from the artifact.
    """

    output: Output
    target: Target
    name: str
    title: str
    path: str
    intent: AddrMap
    families: tuple[Family, ...] = FAMILIES


def orders(
    policy: Policy,
    lists: Mapping[str, AddrSet],
    countries: AddrMap,
    targets: Mapping[str, Target],
) -> Iterator[Order]:
    """Yield the artifacts of every output in the order of the policy, countries in code order.

    Args:
        lists: What each list blocks.
        countries: The registered country of every address.
        targets: Every target by name.
    """
    for output in policy.outputs:
        target = targets[output.target]
        title = _title(policy, output)
        if output.country_map:
            yield Order(output, target, "countries", "registered country", output.path, countries)
        elif output.split_by_country:
            yield from _by_country(output, target, title, lists, countries)
        else:
            intent = AddrMap.of_set(_union(output, lists))
            yield Order(output, target, "+".join(output.lists), title, output.path, intent)


def _title(policy: Policy, output: Output) -> str:
    return "; ".join(filter(None, (policy.list_of(name).title for name in output.lists)))


def _union(output: Output, lists: Mapping[str, AddrSet]) -> AddrSet:
    blocked = AddrSet.empty()
    for name in output.lists:
        blocked |= lists[name]
    return blocked


def _by_country(
    output: Output,
    target: Target,
    title: str,
    lists: Mapping[str, AddrSet],
    countries: AddrMap,
) -> Iterator[Order]:
    """Yield an artifact a registered country, empty ones too: a consumer expects every file."""
    shares = country_shares(_union(output, lists), countries)
    for country, addresses in sorted(shares.items()):
        path = output.path.replace(COUNTRY, country)
        name = f"{'+'.join(output.lists)}/{country}"
        yield Order(output, target, name, title, path, AddrMap.of_set(addresses))
