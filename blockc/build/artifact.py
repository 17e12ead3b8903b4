"""One artifact: rules from its intent, text from the rules, and the proof of the text."""

import hashlib
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from blockc.addresses import AddrSet, Family
from blockc.build.plan import Order
from blockc.passes.plan import compile_rules
from blockc.passes.request import Compiled, Request, Step, WhenOver
from blockc.policy.gather import beside
from blockc.targets.draft import Draft, Origin, Provenance
from blockc.targets.options import Value
from blockc.targets.reading import Text
from blockc.targets.render import render
from blockc.verify.readback import prove


@dataclass(frozen=True, slots=True)
class Inputs:
    """What every artifact of a build is made from, besides its own order.

    `policy`: the digest of everything the operator wrote, as headers show it.
    `templates`: the text of every template, an operator's own under its path.
    `protected`: what no pass may block beyond what the policy says.
    """

    policy: str
    sources: tuple[Origin, ...]
    templates: Mapping[str, Text]
    protected: AddrSet
    sample: bool = False


@dataclass(frozen=True, slots=True)
class Artifact:
    """A proved artifact.

    `files`: path -> bytes. `entries` and `addresses`: by family, over all its files.
    """

    order: Order
    files: Mapping[str, bytes]
    entries: Mapping[Family, int]
    addresses: Mapping[Family, int]
    steps: tuple[Step, ...]

    @property
    def size(self) -> int:
        """Return the number of bytes of all files."""
        return sum(map(len, self.files.values()))

    def digests(self) -> dict[str, str]:
        """Return the sha256 of each file."""
        return {path: hashlib.sha256(data).hexdigest() for path, data in self.files.items()}


@dataclass(frozen=True, slots=True)
class Workshop:
    """Makes the artifacts of one build.

    Rules are compiled once for all artifacts that hold the same and match alike; most countries
    of a list that is split by country are alike in holding nothing.
    """

    inputs: Inputs
    compiled: dict[Hashable, Compiled] = field(default_factory=dict)

    def make(self, order: Order) -> Artifact:
        """Return the artifact of `order`, proved over the whole space.

        Raises:
            DoesNotFit: It exceeds a limit of its target.
            PolicyError: Its target cannot express it.
            DefinitionError: The operator's template is wrong.
            Miscompiled: What was written does not mean what the policy says.
        """
        target = order.target
        options = target.settle(order.output.options, _word(order.name))
        compiled = self._compile(order, _request(order, options, self.inputs))
        addresses = order.intent.where(order.intent.names[1:])
        counts = {family: addresses.count_of(family) for family in order.families}
        draft = Draft(
            rules=compiled.rules,
            names=compiled.names,
            provenance=_provenance(order, self.inputs),
            options=options,
            addresses=counts,
        )
        texts = render(target, draft, order.path, _templates(order, self.inputs))
        prove(target, texts, compiled.meaning)
        return _artifact(order, compiled, texts, counts)

    def _compile(self, order: Order, request: Request) -> Compiled:
        holds = order.name if any(part.labels.any() for part in order.intent.parts) else ""
        asked = request.max_entries, request.when_over, *request.lengths.items()
        key = (holds, order.target.match, *asked)
        if key not in self.compiled:
            self.compiled[key] = compile_rules(order.intent, order.target.match, request)
        return self.compiled[key]


def _provenance(order: Order, inputs: Inputs) -> Provenance:
    return Provenance(
        list=order.name,
        policy=inputs.policy,
        title=order.title,
        sources=inputs.sources,
        sample=inputs.sample,
    )


def _request(order: Order, options: Mapping[str, Value], inputs: Inputs) -> Request:
    """Return what the passes must keep to: the operator's limit, else the platform's."""
    target, output = order.target, order.output
    lengths = target.lengths
    return Request(
        protected=inputs.protected,
        max_entries=output.max_entries or target.capacity(options),
        when_over=WhenOver(output.when_over),
        lengths={f: lengths.of(f) for f in order.families} if lengths else {},
    )


def _templates(order: Order, inputs: Inputs) -> Mapping[str, Text]:
    """Return the templates with the operator's own, if there is one, in place of the target's."""
    own = order.output.template
    if not own:
        return inputs.templates
    path = beside(order.output.place.document, own)
    return {**inputs.templates, order.target.template: inputs.templates[path]}


def _artifact(
    order: Order, compiled: Compiled, texts: tuple[Text, ...], counts: Mapping[Family, int]
) -> Artifact:
    return Artifact(
        order=order,
        files={text.path: text.text.encode() for text in texts},
        entries={family: len(rules) for family, rules in compiled.rules.items()},
        addresses=counts,
        steps=compiled.steps,
    )


def _word(name: str) -> str:
    """Return `name` as the lists of a policy are named, which is what options are made of."""
    return name.replace("+", "-").replace("/", "-").lower()
