"""`blockc curve`: what every number of entries costs, to choose a limit with open eyes."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import click

from blockc.cli.console import info, show_json
from blockc.cli.input_options import InputCall, input_options, project
from blockc.cli.options import Settings, number, require_folder, verb
from blockc.cli.progress import Stages
from blockc.errors import UsageError, suggestion
from blockc.policy.syntax.policy_tables import Weigh
from blockc.vocabulary import DontCare, WhenOver

if TYPE_CHECKING:  # what computes is imported when it is asked to, and not for --help
    from blockc.explain.curve import Question
    from blockc.policy.meaning.resolve import Resolved, ResolvedList
    from blockc.policy.model import Fit
    from blockc.targets.core.target import Target
    from blockc.workspace.project import ProjectDay

Mode = Literal["collateral", "coverage", "balance"]
DEFAULT_TARGET = "plain"


class CurveCall(InputCall, kw_only=True):
    """Which list, for which platform, and what counts as harm."""

    name: str
    target: str | None
    mode: Mode
    mu: Fraction | None
    weigh: Weigh
    dont_care: DontCare
    svg: Path | None

    def __post_init__(self) -> None:
        InputCall.__post_init__(self)
        require_folder("--svg", self.svg)
        if self.mu is not None and self.mode != "balance":
            raise UsageError("only --mode balance has a --mu")

    @property
    def fit(self) -> "Fit":
        """Return the same as an output of a policy would say."""
        from blockc.policy.model import Fit

        mu = Fraction(1) if self.mu is None else self.mu
        return Fit(when_over=WhenOver(self.mode), mu=mu, weigh=self.weigh, dont_care=self.dont_care)


@click.command("curve")
@click.argument("name", metavar="LIST")
@click.option("--target", metavar="NAME", help="Fit it as this target does.  [default: plain]")
@click.option(
    "--mode",
    type=click.Choice(get_args(Mode)),
    default="collateral",
    show_default=True,
    help="Block all of the list and the least else, nothing else and the most of the list, "
    "or weigh one against the other.",
)
@click.option("--mu", type=number, help="For balance: what an address of the list is worth.")
@click.option(
    "--weigh",
    type=click.Choice(get_args(Weigh)),
    default="addresses",
    show_default=True,
    help="What is made as small as can be; both are shown.",
)
@click.option(
    "--dont-care",
    type=click.Choice([one.value for one in DontCare]),
    default="off",
    show_default=True,
    help="Space that may be blocked if that saves entries.",
)
@click.option("--svg", type=click.Path(path_type=Path), help="Draw it into this file.")
@input_options
@verb(CurveCall, shows=("file", "store", "json", "quiet", "verbose"))
def command(settings: Settings, asked: CurveCall) -> None:
    """Show what every number of entries costs, so that a limit can be chosen.

    Reads the policy, the files it names and the registries' data. Writes nothing but the file of
    --svg. Prints for each family of LIST the least harm, or the most coverage, at 1, 2, 5, 10 and
    so on entries, at the limits of targets and of the policy's outputs, and at as many as are
    enough; in addresses and in delegations. Every number is the exact optimum.

    Exit codes: 2 the policy or the call is wrong, 3 a registry's data is missing or broken, 5 the
    target takes no prefixes that could say it.
    """
    from blockc.cli.views.build import tell_day
    from blockc.cli.views.curve import curves_report, show_curves
    from blockc.explain.curve import family_curves
    from blockc.targets.registry import target_named

    stages = Stages(settings)
    day = project(settings).on(asked.inputs(), stages, registries=True)
    tell_day(settings, day)
    target = target_named(asked.target or DEFAULT_TARGET)
    question = _question(day, asked, target)
    with stages("price", asked.name):
        curves = family_curves(question)
    title = f"{asked.name} ({asked.mode}, {target.match})"
    if asked.svg:
        from blockc.report.curve_chart import curve_chart
        from blockc.storage.atomic import write_files

        write_files({asked.svg: curve_chart(title, curves).encode()})
        info(settings, f"wrote {asked.svg}")
    if settings.json:
        show_json(curves_report(_facts(day, asked, target), curves))
    else:
        show_curves(settings, title, WhenOver(asked.mode), curves)
    if asked.sample:
        info(settings, "SAMPLE DATA, for trying blockc and not for use")


def _question(day: "ProjectDay", asked: CurveCall, target: "Target") -> "Question":
    from blockc.addresses.addrmap import AddrMap
    from blockc.compiler.limits import Limits
    from blockc.explain.curve import Question

    resolved = day.resolved
    one = _list_named(resolved, asked.name)
    requests = Limits(day.world, day.records, resolved.protected)
    return Question(
        intent=AddrMap.of_set(one.addresses),
        match=target.match,
        request=requests.fitting(asked.fit, target),
        records=day.records,
        limits=dict(_limits(resolved, asked, target)),
        possible={} if asked.target else dict(_possible(target)),
    )


def _list_named(resolved: "Resolved", name: str) -> "ResolvedList":
    """Return a list of the policy.

    Raises:
        UsageError: If there is none of this name.
    """
    names = [one.name for one in resolved.lists]
    if name not in names:
        hint = f"the policy has {', '.join(names)}" if names else "the policy has no list"
        raise UsageError(f"no list {name!r}{suggestion(name, names)}", hint=hint)
    return resolved.list_of(name)


def _limits(resolved: "Resolved", asked: CurveCall, target: "Target") -> Iterator[tuple[str, int]]:
    """Yield the limits to mark: of the target if one was asked for, and of outputs."""
    capacity = target.capacity({})
    if asked.target and capacity:
        yield f"{target.name} {capacity:,}", capacity
    for output in resolved.policy.outputs:
        if asked.name in output.lists and output.fit.max_entries:
            yield f"{output.path} {output.fit.max_entries:,}", output.fit.max_entries


def _possible(target: "Target") -> Iterator[tuple[str, int]]:
    """Yield the limits of all targets that decide alike."""
    from blockc.targets.registry import TARGETS

    for one in TARGETS.values():
        capacity = one.capacity({})
        if capacity and one.match == target.match:
            yield f"{one.name} {capacity:,}", capacity


def _facts(day: "ProjectDay", asked: CurveCall, target: "Target") -> dict[str, object]:
    return {
        "sample": asked.sample,
        "as_of": day.resolved.as_of.isoformat(),
        "list": asked.name,
        "target": target.name,
        "match": str(target.match),
        "mode": asked.mode,
        "mu": float(asked.fit.mu) if asked.mode == "balance" else None,
        "weigh": asked.weigh,
        "dont_care": asked.dont_care,
    }
