"""Which artifact makes which object of its platform: a table, a set, a variable.

Each artifact is right by itself, and yet of two that make one object only the last one loaded is
there. So a build refuses them.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from blockc.addresses import AddrMap, AddrSet
from blockc.compiler.orders import ArtifactSpec, part_path
from blockc.errors import PolicyError
from blockc.policy.model import Output, Policy
from blockc.targets.core.document import Document
from blockc.targets.core.provenance import Provenance
from blockc.targets.core.target import Target
from blockc.targets.registry import TARGETS
from blockc.targets.syntax.reading import NAMES, Ordered, SharedPlace
from blockc.values import replace

if TYPE_CHECKING:
    from blockc.compiler.artifacts import Artifact

Owner = tuple[Output, str]  # and the path of what it writes


def shared_objects(artifacts: "Iterable[Artifact]") -> list[PolicyError]:
    """Return an error for each object that a second artifact makes, at its output.

    Cost: O(n) in the files.
    """
    claims = _Claims()
    for artifact in artifacts:
        for orders in artifact.orders:
            owner = artifact.order.output, next(iter(orders), artifact.order.path)
            claims.take(owner, (one for orders_of in orders.values() for one in orders_of))
    return claims.errors


def shared_by_outputs(policy: Policy) -> list[PolicyError]:
    """Return the same as far as a policy tells it before anything is compiled.

    Which countries and how many parts a list is split into is known only then.
    """
    claims = _Claims()
    for output in policy.outputs:
        if not output.split_by_country:
            with suppress(PolicyError):  # told when it is compiled, with more of its causes
                claims.take((output, output.path), _declared(output, TARGETS[output.target]))
    return claims.errors


class _Claims:
    def __init__(self) -> None:
        self.errors: list[PolicyError] = []
        self._owners: dict[tuple[str, object], Owner] = {}
        self._shared: dict[str, list[tuple[SharedPlace, Owner]]] = {}

    def take(self, owner: Owner, orders: Iterable[Ordered]) -> None:
        """Note what an artifact makes, and an error for what another one makes already."""
        for one in orders:
            if one.claimed:
                first = self._first(one, owner)
                if first != owner:
                    self.errors.append(_shared(one, first, owner))
                    return  # of one artifact that has several, one error is enough

    def _first(self, one: Ordered, owner: Owner) -> Owner:
        """Return who claimed it first, which is `owner` if nobody did before."""
        if not isinstance(one.value, SharedPlace):
            return self._owners.setdefault((one.what, one.value), owner)
        before = self._shared.setdefault(one.what, [])
        first = next((other for others, other in before if others.meets(one.value)), owner)
        before.append((one.value, owner))
        return first


def _shared(shared: Ordered, first: Owner, second: Owner) -> PolicyError:
    other = first[0].place.location()
    return PolicyError(
        f"{second[1]}: the {shared.what} {str(shared.value)!r} is also made by {first[1]!r} "
        f"({other.path}:{other.line})",
        at=second[0].place.location(),
        hint=shared.hint or "give one of the two another name with an option of its output",
    )


def _declared(output: Output, target: Target) -> Sequence[Ordered]:
    """Return what an output orders that is not split, or its first part."""
    name = "countries" if output.country_map else "+".join(output.lists)
    nothing = AddrMap.of_set(AddrSet.empty())
    spec = ArtifactSpec(output, target, name, "", output.path, nothing)
    number = 1 if spec.in_parts else 0
    document = Document(
        rules={},
        names=NAMES,
        provenance=Provenance(list=name, policy=""),
        options=spec.settle(number),
        addresses={},
        kind=spec.kind,
    )
    files = spec.part_dialect.files(part_path(spec.path, number))
    made = [one for file in files for one in target.orders(document, file, ())]
    if spec.joint:
        joint = replace(document, options=spec.settle(0))
        made += [one for file in spec.files_joining for one in target.orders(joint, file, ())]
    return made
