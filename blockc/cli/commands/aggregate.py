"""`blockc aggregate`: the fewest prefixes that mean the same, in a pipe."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from blockc.addresses.family import FAMILIES, V4, V6, Family
from blockc.cli.console import step
from blockc.cli.options import Settings, number, verb
from blockc.errors import DoesNotFit, UsageError, os_reason
from blockc.storage.local import read_local, read_stdin
from blockc.values import Value
from blockc.vocabulary import WhenOver

if TYPE_CHECKING:  # what works on addresses is imported when there are some, and not for --help
    from blockc.addresses.addrset import AddrSet
    from blockc.passes.aggregate import AggregateOptions

INPUT = click.Path(path_type=Path, allow_dash=True)
AT_LEAST_1 = click.IntRange(min=1)
MODES = ("fail", "collateral", "coverage", "balance")


STDIN = Path("-")
MAX_BYTES = 1_000_000_000  # what has no end is told so before the memory is full


class Aggregate(Value, kw_only=True):
    """What is merged, how many entries it may take, and how the result is written."""

    files: tuple[Path, ...]
    exclude: tuple[Path, ...]
    spare: tuple[Path, ...]
    dont_care: tuple[Path, ...]
    max_entries: int | None
    when_over: str
    mu: Fraction | None
    shared: bool
    lengths: int | None
    longest: bool
    ranges: bool
    count: bool
    four: bool
    six: bool
    truncate: bool

    def __post_init__(self) -> None:
        if self.four and self.six:
            raise UsageError("-4 and -6 exclude each other", hint="give neither for both families")
        named = [*self.inputs, *self.exclude, *self.spare, *self.dont_care]
        if named.count(STDIN) > 1:
            raise UsageError("standard input can be read only once")
        shapes = {"--ranges": self.ranges, "--longest-match": self.longest}
        chosen = [name for name, given in {**shapes, "--lengths": self.lengths}.items() if given]
        if len(chosen) > 1:
            raise UsageError(
                f"{chosen[0]} and {chosen[1]} exclude each other",
                hint=f"leave one out, or call blockc twice: {chosen[1]} is of prefixes",
            )
        if self.mu is not None and self.when_over != "balance":
            raise UsageError("only --when-over balance has a --mu")
        if not self.max_entries and (self.shared or self.when_over != "fail"):
            option = "--shared" if self.shared else f"--when-over {self.when_over}"
            raise UsageError(f"{option} needs a limit", hint="give one with --max-entries")

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Return the files to merge: standard input if none is named."""
        return self.files or (STDIN,)

    @property
    def families(self) -> tuple[Family, ...]:
        """Return the families to write."""
        return (V4,) if self.four else (V6,) if self.six else FAMILIES

    @property
    def options(self) -> "AggregateOptions":
        """Return the form of the entries, and how many there may be."""
        from blockc.addresses.rules import Match
        from blockc.passes.aggregate import AggregateOptions

        ranges, longest = Match.INTERVALS, Match.LONGEST
        return AggregateOptions(
            families=self.families,
            match=ranges if self.ranges else longest if self.longest else Match.MEMBER,
            max_entries=self.max_entries,
            shared=self.shared,
            when_over=WhenOver(self.when_over),
            mu=Fraction(1) if self.mu is None else self.mu,
            most_lengths=self.lengths,
        )


@click.command("aggregate")
@click.argument("files", nargs=-1, type=INPUT)
@click.option("--exclude", multiple=True, type=INPUT, help="Take these addresses away; repeatable.")
@click.option(
    "--except",
    "spare",
    multiple=True,
    type=INPUT,
    help="Take these away and never cover them again, whatever it saves; repeatable.",
)
@click.option("--longest-match", "longest", is_flag=True, help="Print exceptions, `!prefix`, too.")
@click.option("--ranges", is_flag=True, help="Print ranges, first-last, instead of prefixes.")
@click.option("--max-entries", type=AT_LEAST_1, help="At most so many entries per family.")
@click.option("--shared", is_flag=True, help="At most so many in both families together.")
@click.option(
    "--when-over",
    type=click.Choice(MODES),
    default="fail",
    show_default=True,
    help="What to do when they are more: refuse, cover all of the list and the least else, "
    "cover nothing else and the most of the list, or weigh one against the other.",
)
@click.option("--mu", type=number, help="For balance: what an address of the list is worth.")
@click.option("--lengths", type=AT_LEAST_1, help="At most so many prefix lengths per family.")
@click.option(
    "--dont-care",
    multiple=True,
    type=INPUT,
    help="Addresses that may be covered if that saves entries; repeatable.",
)
@click.option("--count", is_flag=True, help="Print only how many entries and addresses.")
@click.option("-4", "--ipv4", "four", is_flag=True, help="Only IPv4.")
@click.option("-6", "--ipv6", "six", is_flag=True, help="Only IPv6.")
@click.option("-t", "--truncate", is_flag=True, help="Clear host bits instead of refusing them.")
@verb(Aggregate, shows=("json", "quiet", "verbose"))
def command(settings: Settings, asked: Aggregate) -> None:
    """Merge addresses, prefixes and ranges into the fewest prefixes.

    Reads FILES, or standard input without any (`-` is standard input too): an address, a prefix
    or a range a line, both families mixed, `#` and `;` start a comment; IPv4-mapped IPv6 addresses
    are IPv4. Writes nothing. Prints IPv4 before IPv6, each in address order.

    With --longest-match the longest prefix that holds an address decides: what is under a prefix
    that begins with `!` is not covered, unless a longer one without covers it again. Every form is
    the fewest entries there can be, and what covers more or less than the list says so on stderr.
    Private networks and other special-purpose space with local users are covered only if listed.

    Exit codes: 0 done, 2 a file cannot be read or the options contradict each other, 3 a line is
    not understood; it is named, 5 the entries are more than the limit. Nothing is printed then.
    """
    from blockc.cli.views.aggregate import (
        effort_lines,
        show_counts,
        show_lines,
        show_report,
        tell_change,
    )
    from blockc.passes.aggregate import Fitted, Space, aggregate

    wanted = _gather(settings, asked.inputs, truncate=asked.truncate)
    for path in asked.exclude:
        wanted -= _gather(settings, [path], truncate=asked.truncate)
    spared = _gather(settings, asked.spare, truncate=asked.truncate)
    free = _gather(settings, asked.dont_care, truncate=asked.truncate)
    try:
        result = aggregate(Space(wanted, free, spared), asked.options, effort_lines(settings))
    except DoesNotFit as problem:
        hint = "raise the limit, or choose with --when-over what to give up"
        raise DoesNotFit(problem.message, hint=hint) from None
    if isinstance(result, Fitted):
        tell_change(settings, result)
    if settings.json:
        key = "ranges" if asked.ranges else "prefixes"
        show_report(result, asked.families, key, count=asked.count)
    elif asked.count:
        show_counts(result, asked.families)
    else:
        show_lines(result, asked.families)


def _gather(settings: Settings, paths: Iterable[Path], *, truncate: bool) -> "AddrSet":
    """Return the union of the files' addresses."""
    from blockc.addresses.addrset import AddrSet
    from blockc.addresses.lines import read_spans

    total = AddrSet.empty()
    for path in paths:
        name = "stdin" if path == STDIN else str(path)
        step(settings, f"read {name}")
        total |= AddrSet.of_spans(read_spans(name, read_bytes(path), truncate=truncate))
    return total


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file, or of standard input for `-`; a file may be a pipe.

    Raises:
        UsageError: If the file cannot be read.
    """
    piped = path == STDIN
    try:
        return read_stdin(MAX_BYTES) if piped else read_local(path, MAX_BYTES, pipe=True)
    except OSError as reason:
        name = "standard input" if piped else path
        raise UsageError(f"cannot read {name}: {os_reason(reason)}") from None
