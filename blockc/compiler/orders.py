"""Which artifacts the outputs of a policy ask for, and what each of them must mean."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import PurePosixPath

from blockc.addresses import AddrMap, AddrSet, columns
from blockc.addresses.piece_map import PieceMap
from blockc.compiler.country_split import country_pieces
from blockc.errors import DoesNotFit, PolicyError
from blockc.policy.checking.whole_countries import codes_of
from blockc.policy.meaning.resolve import Resolved, ResolvedList
from blockc.policy.meaning.schedule import blocking_stage
from blockc.policy.model import Output, Policy, Stage
from blockc.targets.core.layout import File
from blockc.targets.core.provenance import Waiting
from blockc.targets.core.response import REFUSED, Response
from blockc.targets.core.target import CountryCodes, Joint, Target
from blockc.targets.core.target_options import OptionContext, OptionValue
from blockc.targets.core.verdicts import ContentKind
from blockc.values import Value, json_bytes, replace
from blockc.vocabulary import UntilBlock, WhenOver

COUNTRY = "{country}"


class ArtifactSpec(Value):
    """One artifact to make.

    `name` is what it holds, in a word: a list, several joined by `+`, or a list and a country.
    `intent` says which verdict every address must get from the artifact.
    `action` is what happens to the clients of one list, `response` what blocked ones get.
    `watches` says that a stage of its lists, whichever is in force, does not block.
    `stages` are its lists that do not block yet. `policy` is the
    digest of the words of the policy about those lists, empty for the country map.
    `codes` are the countries of the list, if the target says them in place of addresses, and
    `spared` is the first prefix of them that the policy protects.
    """

    output: Output
    target: Target
    name: str
    title: str
    path: str
    intent: AddrMap
    action: str = "block"
    response: Response | None = None
    watches: bool = False
    stages: tuple[Waiting, ...] = ()
    policy: str = ""
    codes: tuple[str, ...] = ()
    spared: str = ""

    @property
    def kind(self) -> ContentKind:
        """Return what the artifact says about an address, and so which words it needs."""
        if self.output.country_map:
            return ContentKind.COUNTRIES
        return ContentKind.VERDICTS if self.output.says_action else self.target.kind_of_list

    @property
    def dialect(self) -> Target:
        """Return the target as it writes this artifact.

        Two sets are always two, also on days when one would do, and what is answered is always
        written: whoever loads the files relies on the same ones every day.
        """
        target = self._silent_dialect
        able = target.responses
        if able.always or self.response or self.joint or (self.watches and able.actions):
            return target.responding()
        return target

    @property
    def part_dialect(self) -> Target:
        """Return the target as it writes one part, without the files that join the parts."""
        return self._silent_dialect if self.joint else self.dialect

    @property
    def joint(self) -> Joint | None:
        """Return how its parts are joined, if it is in parts and they are."""
        return self._silent_dialect.joint if self.in_parts else None

    @property
    def files_joining(self) -> tuple[File, ...]:
        """Return the files that join its parts, if there are any."""
        if self.joint is None:
            return ()
        beside = self.dialect.files_beside(part_path(self.path, 0))
        return beside[len(self.part_dialect.extra_files) :]  # those of a part stand beside the part

    @property
    def _silent_dialect(self) -> Target:
        if self.output.reader:
            return self.target.written_as(self.output.reader)
        able = self._in_two_sets and self.target.two_sets is not None
        return self.target.in_two_sets() if able else self.target

    def settle(self, number: int) -> dict[str, OptionValue]:
        """Return the options of part `number`, counted from 1; 0 is the whole list, or its joint.

        Raises:
            PolicyError: If one is unknown or refused; several of them as `Mistakes`.
        """
        holds = OptionContext(self.word, number, self.kind)
        return self.target.settle(self.output.options, holds)

    def require_expressible(self) -> None:
        """Raise PolicyError unless the target can say what is asked, in the way it is asked."""
        found = {at for part in self.intent.parts for at in columns.distinct(part.labels).tolist()}
        said = [self.intent.names[at] for at in sorted(found - {0})]
        self.target.require_verdicts(self.kind, said)
        if self.target.codes:
            self._require_whole_countries(self.target.codes)
        if self._in_two_sets and self.output.reader:
            raise PolicyError(
                "a list in a form of your own is written as one set",
                hint="choose something else with when_over, or leave reader out",
            )
        if self._in_two_sets and not self.target.two_sets:
            raise PolicyError(
                f"{self.target.name} cannot say that an address is in one set and not in another",
                hint="choose something else with when_over, or another target",
            )

    def _require_whole_countries(self, able: CountryCodes) -> None:
        if self.spared:
            raise PolicyError(
                f"never_block spares {self.spared}, which is registered in a country of list "
                f"{self.name!r}: {self.target.name} can only say whole countries",
                hint="choose a target that takes prefixes",
            )
        if able.most and len(self.codes) > able.most:
            raise DoesNotFit(
                f"{self.target.name} holds {able.most} countries, the list has {len(self.codes)}",
                hint="write it as several lists, or choose a target that takes prefixes",
            )

    @property
    def _in_two_sets(self) -> bool:
        return self.output.fit.when_over is WhenOver.TWO_SETS

    @property
    def in_parts(self) -> bool:
        """Return whether it is written in parts with numbers, be it one part today."""
        return self.output.fit.when_over is WhenOver.SPLIT or "{part}" in self.path

    @property
    def word(self) -> str:
        """Return `name` as the lists of a policy are named, which is what options are made of."""
        return self.name.replace("+", "-").replace("/", "-").lower()


def part_path(path: str, number: int) -> str:
    """Return the path of part `number`, counted from 1; 0 is the whole list, or what joins parts.

    >>> part_path("aws/edge.json", 2), part_path("aws/edge-{part}.json", 2)
    ('aws/edge.2.json', 'aws/edge-2.json')
    >>> part_path("aws/edge.json", 0), part_path("aws/edge-{part}.json", 0)
    ('aws/edge.json', 'aws/edge-all.json')
    """
    if "{part}" in path:
        return path.replace("{part}", str(number or "all"))
    if not number:
        return path
    pure = PurePosixPath(path)
    return str(pure.with_name(f"{pure.stem}.{number}{pure.suffix}"))


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
    resolved: Resolved,
    countries: AddrMap,
    targets: Mapping[str, Target],
    outputs: Iterable[Output] | None = None,
) -> Iterator[ArtifactGroup]:
    """Yield the artifacts of every output in the order of the policy, countries in code order.

    Args:
        resolved: What each list of the policy selects, and what happens to its traffic.
        countries: The registered country of every address.
        targets: Every target by name.
        outputs: Some of the outputs; all without.
    """
    intents: dict[tuple[str, ...], AddrMap] = {}
    for output in resolved.policy.outputs if outputs is None else outputs:
        target = targets[output.target]
        if output.country_map:
            title = "registered country"
            spec = ArtifactSpec(output, target, "countries", title, output.path, countries)
            yield ArtifactGroup((spec,))
            continue
        spec = _whole(output, target, resolved, intents)
        if target.codes:
            spec = _by_codes(spec, resolved, countries)
        yield _by_country(spec, countries) if output.split_by_country else ArtifactGroup((spec,))


def _whole(
    output: Output, target: Target, resolved: Resolved, intents: dict[tuple[str, ...], AddrMap]
) -> ArtifactSpec:
    """Return the artifact of an output that holds lists, not yet split.

    Args:
        intents: What lists say together, by their names; outputs of the same lists share it.
    """
    lists = [resolved.list_of(name) for name in output.lists]
    shown = [one for one in lists if not _is_left_out(output, one)]
    names = tuple(one.name for one in shown)
    if names not in intents:
        intents[names] = verdicts(shown)
    alone = _stage(shown[0]) if shown and not output.says_action else None
    empty = output.until_block is UntilBlock.EMPTY
    action = _action(output, alone) if alone else "block"
    waits = empty or action in target.responses.actions
    return ArtifactSpec(
        output=output,
        target=target,
        name="+".join(output.lists),
        title="; ".join(one.definition.title for one in lists if one.definition.title),
        path=output.path,
        intent=_as(intents[names], action),
        action=action,
        policy=words_digest(resolved.policy, output.lists),
        response=_response(lists, resolved.moment) if output.answers else None,
        watches=not empty
        and any(stage.action != "block" for one in lists for stage in one.definition.stages),
        stages=tuple(
            _waiting(output, one) for one in lists if waits and one.schedule.action != "block"
        ),
    )


def _by_codes(spec: ArtifactSpec, resolved: Resolved, countries: AddrMap) -> ArtifactSpec:
    """Return an artifact with the countries of its list, none while that is not in force."""
    (one,) = (resolved.list_of(name) for name in spec.output.lists)
    if _is_left_out(spec.output, one) or not one.schedule.now:
        return spec
    lists = {each.name: each for each in resolved.policy.lists}
    codes = codes_of(one.definition, lists, resolved.policy.groups)
    spared = countries.where(codes) - one.addresses
    first = next((str(p) for f in spared.families for p in spared.prefixes(f)), "")
    return replace(spec, codes=codes, spared=first)


def _stage(one: ResolvedList) -> Stage | None:
    """Return the stage of a list, before the first one that: its rules do no more than it will.

    Entries and rules may be brought into service one after the other, on the day it begins.
    """
    return one.schedule.now or one.schedule.then


def _action(output: Output, stage: Stage) -> str:
    """Return what an output of one list does in a stage."""
    watches = output.until_block is UntilBlock.MONITOR and stage.action == "warn"
    return "monitor" if watches else stage.action


def _as(intent: AddrMap, action: str) -> AddrMap:
    """Return what a list that warns means in an output that only watches."""
    if action != "monitor":
        return intent
    return replace(intent, names=tuple("monitor" if n == "warn" else n for n in intent.names))


def _is_left_out(output: Output, one: ResolvedList) -> bool:
    return output.until_block is UntilBlock.EMPTY and one.schedule.action != "block"


def _response(lists: Iterable[ResolvedList], moment: datetime) -> Response | None:
    """Return what blocked clients get, if a stage of a list says anything about it.

    The policy has been refused if the lists do not agree.
    """
    stages = [stage for one in lists for stage in one.definition.stages]
    if not any(stage.status or stage.blocked_by for stage in stages):
        return None
    found = [blocking_stage(one.definition.stages, moment) for one in lists]
    stage = next((one for one in found if one), None)
    return Response(stage.status or REFUSED, stage.blocked_by) if stage else None


def _waiting(output: Output, one: ResolvedList) -> Waiting:
    """Return what an artifact says about a list that does not block yet."""
    empty = _is_left_out(output, one) or not one.schedule.now
    here = "no entries" if empty else "counted, not blocked"
    blocking = (stage for stage in one.definition.stages if stage.action == "block")
    begins = next((stage.start for stage in blocking if _is_to_come(stage, one)), None)
    zone = "" if not begins or isinstance(begins.written, datetime) else "UTC"
    return Waiting(one.name, one.schedule.action, here, str(begins or ""), zone)


def _is_to_come(stage: Stage, one: ResolvedList) -> bool:
    then = one.schedule.then
    return then is not None and stage.start.begin >= then.start.begin


def words_digest(policy: Policy, names: Iterable[str]) -> str:
    """Return the digest of what a policy says of some lists, and of the lists they refer to.

    Unlike the digest of the whole policy it stays when another list is changed, and unlike that of
    the sources it stays when only the day did.
    """
    known = {one.name: one for one in policy.lists}
    found: dict[str, str] = {}
    waiting = list(names)
    while waiting:
        one = known[waiting.pop()]
        if one.name not in found:
            found[one.name] = one.words
            waiting += one.references
    ordered = {name: found[name] for name in sorted(found)}
    return f"sha256:{hashlib.sha256(json_bytes(ordered)).hexdigest()}"


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
