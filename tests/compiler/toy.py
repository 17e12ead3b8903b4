"""Policies over a small world, from text to what a build makes of them."""

from datetime import date

from blockc.addresses import FAMILIES
from blockc.compiler.artifacts import Inputs
from blockc.compiler.compile import Build, RegistryData, compile_policy
from blockc.policy.checking.parse_policy import parse_policy
from blockc.policy.meaning.resolve import Resolved, countries_map, resolve
from blockc.targets.core.provenance import Origin
from blockc.targets.registry import TARGETS
from blockc.workspace.policy_files import known
from blockc.workspace.registries import shipped_templates
from tests.policy.toy import WORLD, Files, records

__all__ = ["TARGETS"]
TODAY = date(2026, 11, 23)
COUNTRIES = countries_map(WORLD)
DATA = RegistryData(WORLD, [records(family) for family in FAMILIES])
INPUTS = Inputs(
    policy="sha256:0",
    sources=(Origin("apnic", "2026-11-20", "sha256:1"),),
    templates=shipped_templates(),
)


def resolved(text: str, day: date = TODAY, *, allow_expired: bool = False) -> Resolved:
    """Return what the policy `text` means in the small world."""
    nothing = Files({})
    policy = parse_policy("p.toml", f"version = 1\n{text}", known=known(), read_file=nothing)
    return resolve(policy, WORLD, read_file=nothing, as_of=day, allow_expired=allow_expired)


def compiled(text: str, day: date = TODAY) -> Build:
    """Return what a build of the policy `text` makes in the small world."""
    return compile_policy(resolved(text, day), DATA, TARGETS, INPUTS)


def output(name: str, path: str, target: str = "plain", more: str = "") -> str:
    """Return the text of an output."""
    said = f'[[output]]\nlist = "{name}"\ntarget = "{target}"\npath = "{path}"\n'
    return f"{said}{more}\n"
