"""`blockc aggregate`: the fewest prefixes that mean the same, in a pipe."""

import sys
from pathlib import Path
from typing import BinaryIO

import click

from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES, V4, V6, Family
from blockc.addresses.text_columns import last_texts, prefix_lines, read_spans
from blockc.addresses.text_columns import address_texts
from blockc.cli.output import show_json
from blockc.cli.shared import Settings, global_options
from blockc.errors import OutputError, UsageError

INPUT = click.Path(path_type=Path, allow_dash=True)


@click.command("aggregate")
@click.argument("files", nargs=-1, type=INPUT)
@click.option("--exclude", multiple=True, type=INPUT, help="Take these addresses away; repeatable.")
@click.option("--ranges", is_flag=True, help="Print ranges, first-last, instead of prefixes.")
@click.option("--count", is_flag=True, help="Print only how many entries and addresses.")
@click.option("-4", "--ipv4", "four", is_flag=True, help="Only IPv4.")
@click.option("-6", "--ipv6", "six", is_flag=True, help="Only IPv6.")
@click.option("-t", "--truncate", is_flag=True, help="Clear host bits instead of refusing them.")
@global_options
def command(
    *,
    settings: Settings,
    files: tuple[Path, ...],
    exclude: tuple[Path, ...],
    ranges: bool,
    count: bool,
    four: bool,
    six: bool,
    truncate: bool,
) -> None:
    """Merge addresses, prefixes and ranges into the fewest prefixes.

    Reads FILES, or standard input without any (`-` is standard input too): an address, a prefix
    or a range a line, both families mixed, `#` and `;` start a comment. Prints IPv4 before IPv6,
    each in address order. IPv4-mapped IPv6 addresses are read as IPv4.

    Exit code 3 names the first line that is not understood; nothing is printed then.
    """
    if four and six:
        raise UsageError("-4 and -6 exclude each other", hint="give neither for both families")
    if list((*files, *exclude)).count(Path("-")) > 1:
        raise UsageError("standard input can be read only once")
    families = (V4,) if four else (V6,) if six else FAMILIES
    result = _gather(files or (Path("-"),), truncate=truncate)
    for path in exclude:
        result -= _gather([path], truncate=truncate)
    if count or settings.json:
        _report(result, families, ranges=ranges, count=count, as_json=settings.json)
    else:
        _print(result, families, ranges=ranges)


def _gather(paths: tuple[Path, ...] | list[Path], *, truncate: bool) -> AddrSet:
    """Return the union of the files' addresses."""
    total = AddrSet.empty()
    for path in paths:
        name = "stdin" if path == Path("-") else str(path)
        total |= AddrSet.of_spans(read_spans(name, read_bytes(path), truncate=truncate))
    return total


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file, or of standard input for `-`.

    Raises:
        UsageError: If the file cannot be read.
    """
    try:
        return sys.stdin.buffer.read() if path == Path("-") else path.read_bytes()
    except OSError as reason:
        raise UsageError(f"cannot read {path}: {reason.strerror}") from None


def _lines(result: AddrSet, family: Family, *, ranges: bool) -> bytes:
    if not ranges:
        return prefix_lines(result.prefixes(family))
    start, last = result.spans(family)
    pairs = zip(address_texts(family, start), last_texts(family, last), strict=True)
    return "".join(f"{a}-{b}\n" if a != b else f"{a}\n" for a, b in pairs).encode()


def _print(result: AddrSet, families: tuple[Family, ...], *, ranges: bool) -> None:
    out: BinaryIO = sys.stdout.buffer
    try:
        for family in families:
            out.write(_lines(result, family, ranges=ranges))
        out.flush()
    except BrokenPipeError:
        raise
    except OSError as reason:
        raise OutputError(f"cannot write to standard output: {reason.strerror}") from None


def _report(
    result: AddrSet, families: tuple[Family, ...], *, ranges: bool, count: bool, as_json: bool
) -> None:
    report: dict[str, dict[str, object]] = {}
    for family in families:
        entries = len(result.spans(family)[0]) if ranges else result.prefix_count(family)
        report[family.name] = {"entries": entries, "addresses": result.count_of(family)}
        if not count:
            lines = _lines(result, family, ranges=ranges).decode().splitlines()
            report[family.name]["ranges" if ranges else "prefixes"] = lines
    if as_json:
        show_json(report)
        return
    for name, row in report.items():
        click.echo(f"{name} {row['entries']} entries {row['addresses']} addresses")
