"""A large policy to a checked one, and that to sets of addresses over the world."""

from collections.abc import Iterator
from datetime import date

from blockc.addresses.family import FAMILIES
from blockc.policy.checking.parse_policy import parse_policy
from blockc.policy.meaning.resolve import Resolved, resolve
from blockc.policy.model import Known, TargetFacts
from blockc.registries.registry_map import RegistryMap
from tests.bench.clock import in_turns
from tests.bench.inputs import records
from tests.bench.table import Row, Scale
from tests.policy.crowd import crowded, with_outputs

LISTS, SELECTORS, EXCEPTIONS, OUTPUTS = 50, 200, 10_000, 1_000
DAY = date(2026, 11, 23)


def rows(scale: Scale) -> Iterator[Row]:
    """Yield the measurement of reading a policy, and that of working out what it means."""
    held = records(scale.folder)
    world = RegistryMap.of(one for family in FAMILIES for one in held[family])
    exceptions = scale.size(EXCEPTIONS)
    codes = [*sorted(world.country_counts()), "registry:apnic", "status:reserved", "delegated"]
    text = crowded(LISTS, SELECTORS // LISTS, exceptions // LISTS, codes, seed=4)
    policy = parse_policy("blockc.toml", text, known=Known({}))
    outputs, known = scale.size(OUTPUTS), Known({"t": TargetFacts()})
    many = with_outputs(LISTS, outputs)

    def meaning() -> Resolved:
        return resolve(policy, world, read_file=_no_files, as_of=DAY)

    best = in_turns(
        scale.rounds,
        {
            "parse": lambda: parse_policy("blockc.toml", text, known=Known({})),
            "outputs": lambda: parse_policy("blockc.toml", many, known=known),
            "resolve": meaning,
        },
    )
    what = f"{LISTS} lists, {SELECTORS} selectors, {exceptions:,} exceptions"
    yield Row(what=f"read {what}", seconds=best["parse"], reach="(no promise)")
    what_else = f"read {LISTS} lists, {outputs:,} outputs"
    yield Row(what=what_else, seconds=best["outputs"], reach="<= 1 s")
    yield Row(what=f"mean {what}", seconds=best["resolve"], reach="<= 0.3 s")


def _no_files(path: str) -> bytes:
    raise FileNotFoundError(2, "no file is measured", path)
