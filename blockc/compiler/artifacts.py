"""One artifact: rules from its intent, text from the rules, and the proof of the text."""

import hashlib
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath

import numpy as np

from blockc.addresses import AddrMap, AddrSet, Family
from blockc.addresses.addrset import union
from blockc.addresses.rules import Match, Rules, meaning
from blockc.compiler.limits import Limits
from blockc.compiler.orders import ArtifactGroup, ArtifactSpec
from blockc.errors import Miscompiled, Unproved, UnprovedTemplate
from blockc.passes.plan import compile_rules
from blockc.passes.request import Compiled, PassRequest, PassStep, WhenOver
from blockc.policy.syntax.includes import beside
from blockc.targets.core.document import Document, Origin, Provenance
from blockc.targets.core.options import OptionContext
from blockc.targets.core.render import render
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.syntax.reading import BLOCK
from blockc.targets.syntax.tokens import Text
from blockc.values import Value, field, replace
from blockc.verify.proof import Proof, prove, prove_pieces


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
    limits: Limits
    compiled: dict[Hashable, Compiled] = field(default_factory=dict)

    def make_together(self, group: ArtifactGroup) -> list[Artifact] | None:
        """Return the artifacts of a group made as one map, or None where each needs its own passes.

        A piece of a set holds the same entries whether it is compiled alone or with the others,
        as long as no pass may choose: nothing is free, nothing is given up, no length is refused.

        Raises:
            PolicyError: The target cannot express it.
            DefinitionError: The operator's template is wrong.
            Miscompiled: What was written does not mean what the policy says.
        """
        if group.pieces is None or not _is_plain_set(group.specs[0]):
            return None
        for spec in group.specs:
            spec.require_expressible()
        request = self.limits.of(group.specs[0])
        if request.dont_care is not None:
            return None
        compiled = compile_rules(group.pieces, Match.MEMBER, replace(request, max_entries=None))
        if any(step.before != step.after for step in compiled.steps):
            return None
        drafts = [
            self._draft(spec, rules, ("", BLOCK), spec.intent, 0)
            for spec, rules in zip(group.specs, _taken_apart(compiled), strict=True)
        ]
        most = request.max_entries
        if most is not None and any(len(r) > most for one in drafts for r in one.rules.values()):
            return None
        texts = list(map(self._rendered, group.specs, drafts))
        intents = [spec.intent for spec in group.specs]
        names = [spec.name for spec in group.specs]
        with _blaming_own_template(group.specs[0]):
            proofs = prove_pieces(group.specs[0].target, texts, intents, group.pieces, names)
        nothing = AddrSet.empty(group.pieces.families)
        empty: tuple[PassStep, ...] = ()
        made = []
        for spec, draft, files, proof in zip(group.specs, drafts, texts, proofs, strict=True):
            counts = {family: len(rules) for family, rules in draft.rules.items()}
            steps = tuple(
                PassStep(step.name, step.contract, counts, counts, nothing, nothing)
                for step in compiled.steps
            )
            if not any(counts.values()):
                steps = empty = empty or steps  # the same for all, as `alike_artifacts` shows them
            content = {text.path: text.text.encode() for text in files}
            made.append(Artifact(spec, content, proof.entries, draft.addresses, steps))
        return made

    def make(self, order: ArtifactSpec) -> Artifact:
        """Return the artifact of `order`, proved over the whole space.

        Raises:
            DoesNotFit: It exceeds a limit of its target.
            PolicyError: Its target cannot express it.
            DefinitionError: The operator's template is wrong.
            Miscompiled: What was written does not mean what the policy says.
        """
        order.require_expressible()
        compiled = self._compile(order, self.limits.of(order))
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
        whole = len(compiled.shards) == 1
        said = compiled.meaning if whole else self._meaning(compiled, rules)
        draft = self._draft(order, rules, compiled.names, said, number)
        texts = self._rendered(order, draft, number)
        with _blaming_own_template(order):
            return ArtifactPart(texts, prove(order.dialect, texts, said, order.name), said)

    def _draft(
        self,
        order: ArtifactSpec,
        rules: Mapping[Family, Rules],
        names: tuple[str, ...],
        said: AddrMap,
        number: int,
    ) -> Document:
        """Return what is to be written of part `number` of an artifact, which means `said`."""
        return Document(
            rules=rules,
            names=names,
            provenance=_provenance(order, self.inputs),
            options=order.dialect.settle(order.output.options, OptionContext(order.word, number)),
            addresses=_counts(said),
            kind=order.kind,
        )

    def _rendered(self, order: ArtifactSpec, draft: Document, number: int = 0) -> tuple[Text, ...]:
        path = part_path(order.path, number)
        return render(order.dialect, draft, path, _templates(order, self.inputs))

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


def _is_plain_set(order: ArtifactSpec) -> bool:
    """Return whether the artifact is entries of one verdict that belong together in any number."""
    fit = order.output.fit
    return (
        order.target.match is Match.MEMBER
        and order.kind is ContentKind.LIST
        and _when_over(order) is WhenOver.FAIL
        and fit.lengths is None
        and "{part}" not in order.path
    )


def _taken_apart(compiled: Compiled) -> Iterator[dict[Family, Rules]]:
    """Yield the rules of each verdict by itself, as rules with the verdict 1."""
    count = len(compiled.names)
    cuts = {}
    for family, rules in compiled.rules.items():
        order = np.argsort(rules.verdict, kind="stable")
        cuts[family] = order, np.searchsorted(rules.verdict[order], np.arange(1, count + 1))
    for piece in range(count - 1):
        found = {}
        for family, (order, ends) in cuts.items():
            rows = compiled.rules[family].take(order[ends[piece] : ends[piece + 1]])
            found[family] = Rules.of_spans(family, rows.start, rows.last)
        yield found


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


@contextmanager
def _blaming_own_template(order: ArtifactSpec) -> Iterator[None]:
    """Make a failed proof the operator's, if it was the operator's template that wrote the text."""
    own = order.output.template
    try:
        yield
    except Unproved as failed:
        if not own:
            raise
        named = order.output.place.location()
        hint = f"the template {own}, named in {named.path}:{named.line}, wrote this: mend it"
        raise UnprovedTemplate(
            failed.message, at=failed.at, hint=hint, files=failed.files
        ) from None


def _when_over(order: ArtifactSpec) -> WhenOver:
    return WhenOver(order.output.fit.when_over)


def _templates(order: ArtifactSpec, inputs: Inputs) -> Mapping[str, Text]:
    """Return the templates with the operator's own, if there is one, in place of the target's."""
    own = order.output.template
    if not own:
        return inputs.templates
    path = beside(order.output.place.document, own)
    return {**inputs.templates, order.target.template: inputs.templates[path]}
