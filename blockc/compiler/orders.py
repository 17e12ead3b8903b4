"""Which artifacts the outputs of a policy ask for, and what each of them must mean."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from blockc.addresses import AddrMap, AddrSet
from blockc.addresses.piece_map import PieceMap
from blockc.compiler.country_split import country_pieces
from blockc.errors import PolicyError
from blockc.policy.meaning.resolve import Resolved, ResolvedList
from blockc.policy.model import Output
from blockc.targets.core.target import Target
from blockc.targets.core.verdicts import ContentKind
from blockc.values import Value, replace
from blockc.vocabulary import WhenOver

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
        able = self._in_two_sets and self.target.two_sets is not None
        return self.target.in_two_sets() if able else self.target

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
        return self.output.fit.when_over is WhenOver.TWO_SETS

    @property
    def word(self) -> str:
        """Return `name` as the lists of a policy are named, which is what options are made of."""
        return self.name.replace("+", "-").replace("/", "-").lower()


class ArtifactGroup(Value):
    """The artifacts of one output: one, or the pieces of a list that is split.

    `pieces`: of a list that is split, what the artifacts say together, in their order.
    """

    specs: tuple[ArtifactSpec, ...]
    pieces: PieceMap | None = None

    @property
    def path(self) -> str:
        """Return the path as the policy has it."""
        return self.specs[0].output.path


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
        if output.country_map:
            title = "registered country"
            spec = ArtifactSpec(output, target, "countries", title, output.path, countries)
            yield ArtifactGroup((spec,))
            continue
        lists = [resolved.list_of(name) for name in output.lists]
        title = "; ".join(one.definition.title for one in lists if one.definition.title)
        name, intent = "+".join(output.lists), verdicts(lists)
        spec = ArtifactSpec(output, target, name, title, output.path, intent)
        yield _by_country(spec, countries) if output.split_by_country else ArtifactGroup((spec,))


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


def _by_country(whole: ArtifactSpec, countries: AddrMap) -> ArtifactGroup:
    """Return an artifact for each country, empty ones too: a consumer expects every file."""
    codes, pieces = country_pieces(whole.intent, countries)
    specs = (
        replace(
            whole,
            name=f"{whole.name}/{code}",
            path=whole.path.replace(COUNTRY, code),
            intent=intent,
        )
        for code, intent in zip(codes, pieces.maps, strict=True)
    )
    return ArtifactGroup(tuple(specs), pieces)
