"""`blockc aggregate`: the fewest prefixes that mean the same, in a pipe."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click

from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES, V4, V6, Family
from blockc.addresses.text_columns import address_texts, last_texts, prefix_lines, read_spans
from blockc.cli.output import show, show_json, step
from blockc.cli.shared import Settings, verb
from blockc.errors import UsageError

INPUT = click.Path(path_type=Path, allow_dash=True)


STDIN = Path("-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """What is merged, and how the result is written."""

    files: tuple[Path, ...]
    exclude: tuple[Path, ...]
    ranges: bool
    count: bool
    four: bool
    six: bool
    truncate: bool

    def __post_init__(self) -> None:
        if self.four and self.six:
            raise UsageError("-4 and -6 exclude each other", hint="give neither for both families")
        if [*self.inputs, *self.exclude].count(STDIN) > 1:
            raise UsageError("standard input can be read only once")

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Return the files to merge: standard input if none is named."""
        return self.files or (STDIN,)

    @property
    def families(self) -> tuple[Family, ...]:
        """Return the families to write."""
        return (V4,) if self.four else (V6,) if self.six else FAMILIES


@click.command("aggregate")
@click.argument("files", nargs=-1, type=INPUT)
@click.option("--exclude", multiple=True, type=INPUT, help="Take these addresses away; repeatable.")
@click.option("--ranges", is_flag=True, help="Print ranges, first-last, instead of prefixes.")
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

    Exit codes: 0 done, 2 a file cannot be read, 3 a line is not understood; it is named, and
    nothing is printed.
    """
    result = _gather(settings, asked.inputs, truncate=asked.truncate)
    for path in asked.exclude:
        result -= _gather(settings, [path], truncate=asked.truncate)
    if asked.count or settings.json:
        _report(result, asked, as_json=settings.json)
    else:
        show(b"".join(_lines(result, f, ranges=asked.ranges) for f in asked.families))


def _gather(settings: Settings, paths: Iterable[Path], *, truncate: bool) -> AddrSet:
    """Return the union of the files' addresses."""
    total = AddrSet.empty()
    for path in paths:
        name = "stdin" if path == STDIN else str(path)
        step(settings, f"read {name}")
        total |= AddrSet.of_spans(read_spans(name, read_bytes(path), truncate=truncate))
    return total


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file, or of standard input for `-`.

    Raises:
        UsageError: If the file cannot be read.
    """
    if path == STDIN and sys.stdin is None:
        raise UsageError("standard input is closed", hint="name a file")
    try:
        return sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
    except OSError as reason:
        said = (reason.strerror or str(reason)).lower()
        raise UsageError(f"cannot read {path}: {said}") from None


def _lines(result: AddrSet, family: Family, *, ranges: bool) -> bytes:
    if not ranges:
        return prefix_lines(result.prefixes(family))
    start, last = result.spans(family)
    pairs = zip(address_texts(family, start), last_texts(family, last), strict=True)
    return "".join(f"{a}-{b}\n" if a != b else f"{a}\n" for a, b in pairs).encode()


def _report(result: AddrSet, asked: Aggregate, *, as_json: bool) -> None:
    report: dict[str, dict[str, object]] = {}
    for family in asked.families:
        runs = len(result.spans(family)[0])
        entries = runs if asked.ranges else result.prefix_count(family)
        report[family.name] = {"entries": entries, "addresses": str(result.count_of(family))}
        if not asked.count:
            lines = _lines(result, family, ranges=asked.ranges).decode().splitlines()
            report[family.name]["ranges" if asked.ranges else "prefixes"] = lines
    if as_json:
        show_json(report)
        return
    rows = report.items()
    show("".join(f"{n} {row['entries']} entries {row['addresses']} addresses\n" for n, row in rows))
