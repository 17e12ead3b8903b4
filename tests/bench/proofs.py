"""Reading one artifact of each target back and proving it, as every build does with each."""

from collections.abc import Iterator
from functools import partial

from blockc.addresses import FAMILIES, AddrMap
from blockc.passes.plan import compile_rules
from blockc.passes.request import PassRequest
from blockc.registries.registry_map import RegistryMap
from blockc.targets.core.render import render
from blockc.targets.core.target import Target
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.registry import TARGETS
from blockc.values import replace
from blockc.verify.proof import prove
from tests.bench.clock import in_turns
from tests.bench.inputs import records
from tests.bench.table import Row, Scale
from tests.targets.artifacts import PATH, TEMPLATES, draft

EMBARGOED = ("CN", "RU", "IR", "KP", "CU", "SY")


def rows(scale: Scale) -> Iterator[Row]:
    """Yield the proof of one long list, a row per target."""
    parts = [one for pieces in records(scale.folder).values() for one in pieces]
    if scale.small:
        parts = [part.take(slice(None, None, 500)) for part in parts]
    intent = AddrMap.of_set(RegistryMap.of(parts).select(countries=EMBARGOED))
    for target in TARGETS.values():
        if ContentKind.LIST not in target.words:
            continue
        yield _proof(replace(target, max_entries=None), intent, scale.rounds)


def _proof(target: Target, intent: AddrMap, rounds: int) -> Row:
    lengths = {family: target.lengths.of(family) for family in FAMILIES} if target.lengths else {}
    rules = compile_rules(intent, target.match, PassRequest(lengths=lengths)).rules
    texts = render(target, draft(target, rules), PATH, TEMPLATES)
    entries = sum(map(len, rules.values()))
    best = in_turns(rounds, {"blockc": partial(prove, target, texts, intent)})
    return Row(
        what=f"prove {target.name}, {entries:,} entries",
        seconds=best["blockc"],
        reach="<= 50 ms",
    )
