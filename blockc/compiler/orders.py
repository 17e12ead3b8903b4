"""Which artifacts the outputs of a policy ask for, and what each of them must mean."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from blockc.addresses import FAMILIES, AddrMap, AddrSet, Family
from blockc.compiler.country_split import country_labels, split_by_country
from blockc.errors import PolicyError
from blockc.passes.request import WhenOver
from blockc.policy.meaning.resolve import Resolved, ResolvedList
from blockc.policy.model import Output
from blockc.targets.core.target import Target
from blockc.targets.core.verdicts import ContentKind
from blockc.values import Value

COUNTRY = "{country}"


class ArtifactSpec(Value):
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

    @property
    def kind(self) -> ContentKind:
        """Return what the artifact says about an address, and so which words it needs."""
        if self.output.country_map:
            return ContentKind.COUNTRIES
        return ContentKind.VERDICTS if self.output.says_action else ContentKind.LIST

    @property
    def dialect(self) -> Target:
        """Return the target as it writes this artifact.

        Two sets are always two, also on days when one would do: whoever loads them relies on the
        same files every day.
        """
        return self.target.two_sets or self.target if self._in_two_sets else self.target

    def require_expressible(self) -> None:
        """Raise PolicyError unless the target can say what is asked, in the way it is asked."""
        found = {at for part in self.intent.parts for at in np.unique(part.labels).tolist()}
        said = [self.intent.names[at] for at in sorted(found - {0})]
        self.target.require_verdicts(self.kind, said)
        if self._in_two_sets and not self.target.two_sets:
            raise PolicyError(
                f"{self.target.name} cannot say that an address is in one set and not in another",
                hint="choose something else with when_over, or another target",
            )

    @property
    def _in_two_sets(self) -> bool:
        return WhenOver(self.output.fit.when_over) is WhenOver.TWO_SETS

    @property
    def word(self) -> str:
        """Return `name` as the lists of a policy are named, which is what options are made of."""
        return self.name.replace("+", "-").replace("/", "-").lower()


class ArtifactGroup(Value, eq=False):
    """Artifacts of one output: a single one, or the pieces of a list that is split by country.

    Attributes:
        specs: The artifacts, in the order of their paths.
        pieces: The artifact each address belongs to, names[n + 1] being that of specs[n]; None
            where some piece says more than one verdict.
    """

    specs: tuple[ArtifactSpec, ...]
    pieces: AddrMap | None = None


def artifact_groups(
    resolved: Resolved, countries: AddrMap, targets: Mapping[str, Target]
) -> Iterator[ArtifactGroup]:
    """Yield the artifacts of every output in the order of the policy, countries in code order.

    Args:
        resolved: What each list of the policy selects, and what happens to its traffic.
        countries: The registered country of every address.
        targets: Every target by name.
    """
    for output in resolved.policy.outputs:
        target = targets[output.target]
        lists = [resolved.list_of(name) for name in output.lists]
        title = "; ".join(one.definition.title for one in lists if one.definition.title)
        if output.split_by_country:
            yield _by_country(output, target, title, verdicts(lists), countries)
            continue
        name, intent = "+".join(output.lists), verdicts(lists)
        if output.country_map:
            name, title, intent = "countries", "registered country", countries
        yield ArtifactGroup((ArtifactSpec(output, target, name, title, output.path, intent),))


def artifact_specs(
    resolved: Resolved, countries: AddrMap, targets: Mapping[str, Target]
) -> Iterator[ArtifactSpec]:
    """Yield the artifacts of `artifact_groups` one by one."""
    for group in artifact_groups(resolved, countries, targets):
        yield from group.specs


def verdicts(lists: Iterable[ResolvedList]) -> AddrMap:
    """Return the action of the first of `lists` that holds an address and is in force.

    A list before its first stage does nothing yet: alone it is a map that blocks no address.
    """
    layers: dict[str, AddrSet] = {}
    taken = AddrSet.empty()
    for one in lists:
        if one.schedule.now:
            action = one.schedule.action
            layers[action] = layers.get(action, AddrSet.empty()) | (one.addresses - taken)
            taken |= one.addresses
    return AddrMap.layered(layers or {"block": taken})


def _by_country(
    output: Output, target: Target, title: str, intent: AddrMap, countries: AddrMap
) -> ArtifactGroup:
    """Return an artifact for each country, empty ones too: a consumer expects every file."""
    layers = {name: intent.where([name]) for name in intent.names[1:]}
    listed = intent.where(layers)
    shares = sorted(split_by_country(listed, countries).items())
    specs = tuple(
        ArtifactSpec(
            output,
            target,
            f"{'+'.join(output.lists)}/{country}",
            title,
            output.path.replace(COUNTRY, country),
            _within(share, layers),
        )
        for country, share in shares
    )
    codes = [country for country, _ in shares]
    alone = len(layers) == 1
    return ArtifactGroup(specs, country_labels(listed, countries, codes) if alone else None)


def _within(share: AddrSet, layers: Mapping[str, AddrSet]) -> AddrMap:
    """Return the verdicts of `layers`, which are disjoint, inside `share`."""
    if len(layers) == 1:
        return AddrMap.of_set(share, *layers)
    return AddrMap.layered({action: share & chosen for action, chosen in layers.items()})
