"""One artifact: rules from its intent, files from the rules, and the proof of the files."""

import hashlib
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise

import numpy as np

from blockc.addresses import AddrMap, AddrSet, Family
from blockc.addresses.addrset import union
from blockc.addresses.rules import Rules, meaning
from blockc.compiler.limits import Limits
from blockc.compiler.orders import ArtifactGroup, ArtifactSpec, part_path
from blockc.errors import DoesNotFit, Miscompiled, Unproved, UnprovedTemplate
from blockc.passes.plan import compile_pieces, compile_rules
from blockc.passes.request import Compiled, PassRequest, PassStep
from blockc.policy.syntax.includes import beside
from blockc.targets.core.document import Document, entry_lines
from blockc.targets.core.provenance import Origin, Provenance
from blockc.targets.core.render import render_each
from blockc.targets.core.target import Target
from blockc.targets.core.target_options import OptionValue
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.syntax.reading import Orders
from blockc.targets.syntax.tokens import ArtifactFile, Text
from blockc.values import Value, field, replace
from blockc.verify.proof import Known, Proof, prove, prove_pieces
from blockc.vocabulary import HeaderForm

Spelled = Mapping[Family, str]  # the addresses of rules, a line each but for the end of the last


class Inputs(Value):
    """What every artifact of a build is made from, besides its own order.

    `policy`: the digest of everything the operator wrote, as headers show it.
    `files`: name -> sha256 of each file that digest is made of.
    `templates`: the text of every template, an operator's own under its path.
    """

    policy: str
    sources: tuple[Origin, ...]
    templates: Mapping[str, Text]
    sample: bool = False
    files: Mapping[str, str] = field(default_factory=dict)


class Written(Value, eq=False):
    """Files of an artifact that are proved together, the verdict each address must get from them,
    and what they must say beside: one part, or all parts and what joins them.

    `options`: with which it was written.
    """

    files: tuple[ArtifactFile, ...]
    said: AddrMap
    orders: Orders
    options: Mapping[str, OptionValue]


class PartDraft(Value, eq=False):
    """What a part is written from, the verdict each address must get, and where it goes."""

    document: Document
    said: AddrMap
    path: str
    target: Target

    def written(self, files: tuple[ArtifactFile, ...]) -> Written:
        """Return what is proved, once there are its files."""
        orders = self.document.orders(self.target, self.path)
        return Written(files, self.said, orders, self.document.options)


class Artifact(Value):
    """A proved artifact.

    `files`: path -> bytes. `entries` and `addresses`: by family, over all its files. `recipe`: what
    its rules were compiled from; those of artifacts with an equal one are the same. `orders`: what
    its files say beside their entries, part by part. `parts`: how many it has, 0 if it is whole;
    `joined_by`: the files that put all of them to use. `written`: the same files as they were
    proved, part by part.
    """

    order: ArtifactSpec
    files: Mapping[str, bytes]
    entries: Mapping[Family, int]
    addresses: Mapping[Family, int]
    steps: tuple[PassStep, ...]
    recipe: Hashable
    orders: tuple[Orders, ...] = ()
    parts: int = 0
    joined_by: tuple[str, ...] = ()
    written: tuple[Written, ...] = ()

    @property
    def size(self) -> int:
        """Return the number of bytes of all files."""
        return sum(map(len, self.files.values()))

    def digests(self) -> dict[str, str]:
        """Return the sha256 of each file."""
        return {path: hashlib.sha256(data).hexdigest() for path, data in self.files.items()}


class ArtifactCompiler:
    """Makes the artifacts of one build.

    Rules are compiled once for all artifacts with the same recipe, and those of a list that is
    split in one go where its pieces do not depend on each other.
    """

    def __init__(self, inputs: Inputs, limits: Limits) -> None:
        self._inputs = inputs
        self._limits = limits
        self._compiled: dict[Hashable, Compiled] = {}
        self._known: Known = {}

    def make_together(self, group: ArtifactGroup) -> list[Artifact] | None:
        """Return the artifacts of a group made as one map, or None where each needs its own passes.

        Raises:
            DoesNotFit: A limit of the target is exceeded.
            PolicyError: The target cannot express it.
            DefinitionError: The operator's template is wrong.
            Miscompiled: What was written does not mean what the policy says.
        """
        first, pieces, compiled = group.specs[0], group.pieces, self.rules_together(group)
        if pieces is None or compiled is None:
            return None
        request = self._limits.of(first)
        spelled = _spelled_together(first.target, compiled)
        wanted = zip(group.specs, compiled, spelled, strict=True)
        written = [together for (together,) in self._written(list(wanted))]
        files, names = [one.files for one in written], [spec.name for spec in group.specs]
        with _blaming_own_template(first):
            orders = [one.orders for one in written]
            proofs = prove_pieces(first.dialect, files, pieces, names, orders)
        return [
            self._artifact(spec, one, [(own, proof)], request)
            for spec, one, own, proof in zip(group.specs, compiled, written, proofs, strict=True)
        ]

    def rules_together(self, group: ArtifactGroup) -> tuple[Compiled, ...] | None:
        """Return the rules of a group compiled as one map, or None; see `make_together`."""
        first, pieces = group.specs[0], group.pieces
        alone = first.dialect.match is not first.target.match or first.output.fit.parts
        if pieces is None or alone:
            return None
        return compile_pieces(pieces, first.target.match, self._limits.of(first))

    def rules(self, spec: ArtifactSpec) -> Compiled:
        """Return the rules of an artifact; see `make`."""
        spec.require_expressible()
        if spec.kind is ContentKind.CODES:
            return _no_rules(spec)
        request = self._limits.of(spec)
        recipe = _recipe(spec, request)
        if recipe not in self._compiled:
            compiled = compile_rules(spec.intent, spec.target.match, request)
            self._compiled[recipe] = _in_parts(compiled, spec.output.fit.parts)
        _require_joinable(spec, self._compiled[recipe])
        return self._compiled[recipe]

    def make(self, spec: ArtifactSpec) -> Artifact:
        """Return the artifact of `spec`, proved over the whole space.

        Raises:
            DoesNotFit: It exceeds a limit of its target.
            PolicyError: Its target cannot express it.
            DefinitionError: The operator's template is wrong.
            Miscompiled: What was written does not mean what the policy says.
        """
        compiled, request = self.rules(spec), self._limits.of(spec)
        (parts,) = self._written([(spec, compiled, {})])
        with _blaming_own_template(spec):
            proofs = [
                prove(spec.dialect, one.files, one.said, spec.name, one.orders, self._known)
                for one in parts
            ]
        _require_whole(compiled, [one.said for one in parts])
        return self._artifact(spec, compiled, list(zip(parts, proofs, strict=True)), request)

    def _written(
        self, wanted: Sequence[tuple[ArtifactSpec, Compiled, Spelled]]
    ) -> list[list[Written]]:
        """Return what is proved together of each artifact: each part, or all with what joins them.

        Args:
            wanted: Artifacts of one output, and the addresses of their rules as the target writes
                them, where they are known.
        """
        first = wanted[0][0]
        drafts = [
            [self._draft(spec, compiled, *part, spelled) for part in _numbered(spec, compiled)]
            for spec, compiled, spelled in wanted
        ]
        pages = [(part.document, part.path) for parts in drafts for part in parts]
        templates = _templates(first, self._inputs)
        files = render_each(first.part_dialect, pages, templates)
        written = [[part.written(next(files)) for part in parts] for parts in drafts]
        return [
            [self._joined(spec, compiled, parts)] if spec.joint else parts
            for (spec, compiled, _), parts in zip(wanted, written, strict=True)
        ]

    def _draft(
        self,
        spec: ArtifactSpec,
        compiled: Compiled,
        number: int,
        rules: Mapping[Family, Rules],
        spelled: Spelled,
    ) -> PartDraft:
        """Return one part, or the whole."""
        whole = len(compiled.shards) == 1
        said = compiled.meaning if whole else _meaning(compiled, rules)
        document = replace(
            self._document(spec, compiled, number),
            rules=rules,
            addresses=compiled.addresses if whole else said.spoken_for(),
            spelled=spelled,
        )
        return PartDraft(document, said, part_path(spec.path, number), spec.part_dialect)

    def _joined(self, spec: ArtifactSpec, compiled: Compiled, parts: Sequence[Written]) -> Written:
        """Return all parts with the files that join them, which say what the list says."""
        own = tuple(part.options for part in parts)
        document = replace(self._document(spec, compiled, 0), part_options=own)
        target, path = spec.dialect, part_path(spec.path, 0)
        ours, joining = self._inputs.templates, spec.files_joining
        (beside,) = render_each(target, [(document, path)], ours, joining)
        orders = {path: said for part in parts for path, said in part.orders.items()}
        every = document.orders(target, path)
        orders |= {file.path: every[file.path] for file in beside}
        files = (*(file for part in parts for file in part.files), *beside)
        return Written(files, compiled.meaning, orders, document.options)

    def _document(self, spec: ArtifactSpec, compiled: Compiled, number: int) -> Document:
        """Return what is written for a part, 0 for the whole or the joint, without its rules."""
        options = spec.settle(number)
        return Document(
            rules={},
            names=compiled.names,
            provenance=_provenance(spec, self._inputs),
            options=options,
            addresses={},
            kind=spec.kind,
            action=spec.action,
            response=spec.dialect.response(options, spec.response),
            stages=spec.stages,
            codes=spec.codes,
        )

    @staticmethod
    def _artifact(
        spec: ArtifactSpec,
        compiled: Compiled,
        parts: Sequence[tuple[Written, Proof]],
        request: PassRequest,
    ) -> Artifact:
        return Artifact(
            order=spec,
            files={file.path: file.data for written, _ in parts for file in written.files},
            entries=_total(proof.entries for _, proof in parts),
            addresses=compiled.addresses,
            steps=compiled.steps,
            recipe=_recipe(spec, request),
            orders=tuple(written.orders for written, _ in parts),
            written=tuple(written for written, _ in parts),
            parts=len(compiled.shards) if spec.in_parts else 0,
            joined_by=tuple(file.path for file in spec.files_joining),
        )


def _require_joinable(spec: ArtifactSpec, compiled: Compiled) -> None:
    """Raise DoesNotFit if there are more parts than what joins them can name."""
    if spec.joint and len(compiled.shards) > spec.joint.most:
        said = f"the list needs {len(compiled.shards)} parts, one rule names {spec.joint.most}"
        raise DoesNotFit(said, hint="write it as several lists, or raise max_entries")


def _spelled_together(target: Target, compiled: Sequence[Compiled]) -> Iterator[Spelled]:
    """Yield the addresses of the rules of each piece as `target` writes them, made in one go."""
    lines, ends = dict[Family, str](), dict[Family, Iterator[tuple[int, int]]]()
    for family in compiled[0].rules:
        parts = [one.rules[family] for one in compiled]
        lines[family] = entry_lines(Rules.joined(parts), target.form)
        at = np.flatnonzero(np.frombuffer(lines[family].encode(), np.uint8) == ord("\n")) + 1
        counts = np.cumsum([0, *map(len, parts)])
        ends[family] = pairwise(np.append(0, at)[counts].tolist())
    for one in compiled:
        bounds = {family: next(ends[family]) for family in one.rules}
        yield {family: lines[family][begin : end - 1] for family, (begin, end) in bounds.items()}


def _in_parts(compiled: Compiled, parts: int | None) -> Compiled:
    """Return what was compiled in the number of parts that is asked for, the last ones empty.

    Who loads the parts names each of them: one that comes unasked is used by no rule, and one
    that goes away stays loaded.

    Raises:
        DoesNotFit: There are more.
    """
    if parts is None or len(compiled.shards) == parts:
        return compiled
    if len(compiled.shards) > parts:
        said = f"the list needs {len(compiled.shards)} parts, and parts = {parts}"
        raise DoesNotFit(said, hint="raise parts, and load what is added")
    empty = {family: Rules.empty(family) for family in compiled.meaning.families}
    more = [empty] * (parts - len(compiled.shards))
    return replace(compiled, shards=(*compiled.shards, *more))


def _no_rules(spec: ArtifactSpec) -> Compiled:
    """Return what is compiled for an artifact that says countries, whose addresses nobody knows."""
    match, nothing = spec.target.match, AddrMap.of_set(AddrSet.empty())
    rules = {family: Rules.empty(family) for family in nothing.families}
    return Compiled(match, nothing.names, rules, (rules,), (), nothing, {})


def _recipe(spec: ArtifactSpec, request: PassRequest) -> Hashable:
    """Return what the rules of an artifact depend on.

    Most countries of a list that is split are alike in holding nothing.
    """
    holds = spec.name if any(part.labels.any() for part in spec.intent.parts) else ""
    # A list may be called what the country map is called.
    what = spec.kind, holds, spec.output.until_block
    return what, spec.target.match, spec.output.fit.key, *request.lengths.items()


def _meaning(compiled: Compiled, rules: Mapping[Family, Rules]) -> AddrMap:
    families = compiled.meaning.families
    return meaning(compiled.match, rules.values(), compiled.names, families)


def _numbered(
    order: ArtifactSpec, compiled: Compiled
) -> Iterator[tuple[int, Mapping[Family, Rules]]]:
    """Yield the rules of each part; numbers do not depend on how many parts there are today."""
    return enumerate(compiled.shards, start=1 if order.in_parts else 0)


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


def _provenance(order: ArtifactSpec, inputs: Inputs) -> Provenance:
    full = order.output.header is HeaderForm.FULL
    return Provenance(
        list=order.name,
        policy=inputs.policy if full else order.policy,
        title=order.title,
        sources=inputs.sources if full else (),
        sample=inputs.sample,
        header=order.output.header,
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


def _templates(order: ArtifactSpec, inputs: Inputs) -> Mapping[str, Text]:
    """Return the templates with the operator's own, if there is one, in place of the target's."""
    own, ours = order.output.template, order.target.writer
    if not own or callable(ours):
        return inputs.templates
    path = beside(order.output.place.document, own)
    return {**inputs.templates, ours: inputs.templates[path]}
