"""One artifact: rules from its intent, text from the rules, and the proof of the text."""

import hashlib
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from blockc.addresses import AddrMap, Family
from blockc.addresses.addrset import union
from blockc.addresses.rules import Rules, meaning
from blockc.compiler.limits import Limits
from blockc.compiler.orders import ArtifactSpec
from blockc.errors import Miscompiled
from blockc.passes.plan import compile_rules
from blockc.passes.request import Compiled, PassRequest, PassStep, WhenOver
from blockc.policy.syntax.includes import beside
from blockc.targets.core.document import Document, Origin, Provenance
from blockc.targets.core.options import OptionContext
from blockc.targets.core.render import render
from blockc.targets.syntax.tokens import Text
from blockc.values import Value, field
from blockc.verify.proof import Proof, prove


class Inputs(Value):
    """What every artifact of a build is made from, besides its own order.

    `policy`: the digest of everything the operator wrote, as headers show it.
    `templates`: the text of every template, an operator's own under its path.
    """

    policy: str
    sources: tuple[Origin, ...]
    templates: Mapping[str, Text]
    sample: bool = False


class Artifact(Value):
    """A proved artifact.

    `files`: path -> bytes. `entries` and `addresses`: by family, over all its files.
    """

    order: ArtifactSpec
    files: Mapping[str, bytes]
    entries: Mapping[Family, int]
    addresses: Mapping[Family, int]
    steps: tuple[PassStep, ...]

    @property
    def size(self) -> int:
        """Return the number of bytes of all files."""
        return sum(map(len, self.files.values()))

    def digests(self) -> dict[str, str]:
        """Return the sha256 of each file."""
        return {path: hashlib.sha256(data).hexdigest() for path, data in self.files.items()}


class ArtifactPart(Value):
    """The texts of one part of an artifact, their proof, and the verdict each address gets."""

    texts: tuple[Text, ...]
    proof: Proof
    meaning: AddrMap


class ArtifactCompiler(Value):
    """Makes the artifacts of one build.

    Rules are compiled once for all artifacts that hold the same and match alike; most countries
    of a list that is split by country are alike in holding nothing.
    """

    inputs: Inputs
    requests: Limits
    compiled: dict[Hashable, Compiled] = field(default_factory=dict)

    def make(self, order: ArtifactSpec) -> Artifact:
        """Return the artifact of `order`, proved over the whole space.

        Raises:
            DoesNotFit: It exceeds a limit of its target.
            PolicyError: Its target cannot express it.
            DefinitionError: The operator's template is wrong.
            Miscompiled: What was written does not mean what the policy says.
        """
        order.require_expressible()
        compiled = self._compile(order, self.requests.of(order))
        parts = [self._part(order, compiled, rules, at) for at, rules in _numbered(order, compiled)]
        _require_whole(compiled, [part.meaning for part in parts])
        return Artifact(
            order=order,
            files={text.path: text.text.encode() for part in parts for text in part.texts},
            entries=_total(part.proof.entries for part in parts),
            addresses=_counts(compiled.meaning),
            steps=compiled.steps,
        )

    def _part(
        self, order: ArtifactSpec, compiled: Compiled, rules: Mapping[Family, Rules], number: int
    ) -> ArtifactPart:
        """Return one part of a list that is split, proved; or the whole list as part 0."""
        target = order.dialect
        whole = len(compiled.shards) == 1
        said = compiled.meaning if whole else self._meaning(compiled, rules)
        draft = Document(
            rules=rules,
            names=compiled.names,
            provenance=_provenance(order, self.inputs),
            options=target.settle(order.output.options, OptionContext(order.word, number)),
            addresses=_counts(said),
            kind=order.kind,
        )
        path = part_path(order.path, number)
        texts = render(target, draft, path, _templates(order, self.inputs))
        return ArtifactPart(texts, prove(target, texts, said), said)

    @staticmethod
    def _meaning(compiled: Compiled, rules: Mapping[Family, Rules]) -> AddrMap:
        families = compiled.meaning.families
        return meaning(compiled.match, rules.values(), compiled.names, families)

    def _compile(self, order: ArtifactSpec, request: PassRequest) -> Compiled:
        holds = order.name if any(part.labels.any() for part in order.intent.parts) else ""
        what = order.kind, holds  # a list may be called what the country map is called
        key = what, order.target.match, order.output.fit.key, *request.lengths.items()
        if key not in self.compiled:
            self.compiled[key] = compile_rules(order.intent, order.target.match, request)
        return self.compiled[key]


def part_path(path: str, number: int) -> str:
    """Return the path of part `number`, counted from 1; 0 is the whole list.

    >>> part_path("aws/edge.json", 2), part_path("aws/edge-{part}.json", 2)
    ('aws/edge.2.json', 'aws/edge-2.json')
    """
    if "{part}" in path:
        return path.replace("{part}", str(number or 1))
    if not number:
        return path
    pure = PurePosixPath(path)
    return str(pure.with_name(f"{pure.stem}.{number}{pure.suffix}"))


def _numbered(
    order: ArtifactSpec, compiled: Compiled
) -> Iterator[tuple[int, Mapping[Family, Rules]]]:
    """Yield the rules of each part; numbers do not depend on how many parts there are today."""
    split = _when_over(order) is WhenOver.SPLIT or "{part}" in order.path
    return enumerate(compiled.shards, start=1 if split else 0)


def _require_whole(compiled: Compiled, parts: Sequence[AddrMap]) -> None:
    """Raise Miscompiled unless the parts together say what the list says."""
    if len(parts) == 1 and parts[0] == compiled.meaning:
        return
    for name in compiled.names[1:]:
        together = union(part.where([name]) for part in parts)
        if together != compiled.meaning.where([name]):
            raise Miscompiled(f"the parts of a split list do not say {name!r} where the list does")


def _total(counts: Iterable[Mapping[Family, int]]) -> dict[Family, int]:
    """Return the sums by family, over the parts of an artifact."""
    found: dict[Family, int] = {}
    for one in counts:
        for family, count in one.items():
            found[family] = found.get(family, 0) + count
    return found


def _counts(said: AddrMap) -> dict[Family, int]:
    """Return how many addresses of each family get a verdict."""
    addresses = said.where(said.names[1:])
    return {family: addresses.count_of(family) for family in said.families}


def _provenance(order: ArtifactSpec, inputs: Inputs) -> Provenance:
    return Provenance(
        list=order.name,
        policy=inputs.policy,
        title=order.title,
        sources=inputs.sources,
        sample=inputs.sample,
    )


def _when_over(order: ArtifactSpec) -> WhenOver:
    return WhenOver(order.output.fit.when_over)


def _templates(order: ArtifactSpec, inputs: Inputs) -> Mapping[str, Text]:
    """Return the templates with the operator's own, if there is one, in place of the target's."""
    own = order.output.template
    if not own:
        return inputs.templates
    path = beside(order.output.place.document, own)
    return {**inputs.templates, order.target.template: inputs.templates[path]}
