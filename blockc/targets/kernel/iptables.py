"""The rules files of iptables and ip6tables, as far as they drop what is in a set."""

import re
from collections.abc import Iterator

from blockc.targets.syntax.tokens import Text

_CHAIN = re.compile(r":([A-Za-z][\w-]{0,27}) - \[0:0\]", re.ASCII)
_LOOPBACK = "-i lo -j RETURN"
_DROP = re.compile(r"-m set --match-set ([A-Za-z][\w-]{0,30}) src -j DROP", re.ASCII)
_RETURN = "-j RETURN"
_BUILT_IN = {"INPUT", "FORWARD", "OUTPUT"}  # the chains of `filter` that the kernel has itself
_LONGEST_LINE = 10_000  # bytes, a few fewer than the buffer has: what follows is a new line


def dropped_sets(text: Text) -> list[str]:
    """Return the sets whose sources one chain drops, loopback apart, in the order of the rules.

    The file is what iptables-restore reads: one table `filter`, one chain of its own, and in it
    nothing that lets a source through or stops it for another reason.

    Source: iptables-restore(8), iptables-extensions(8) `set`.
    """
    lines = _lines(text)
    _expect(text, lines, re.compile(r"\*filter"), "`*filter`")
    chain = _expect(text, lines, _CHAIN, "a chain of its own, as `:NAME - [0:0]`")[1]
    if chain in _BUILT_IN:
        raise text.error(f"{chain} is a chain of the kernel", text.text.find(f":{chain} ") + 1)
    found: list[str] = []
    returned = False
    for at, line in lines:
        if line == "COMMIT":
            _require_end(text, lines)
            return found
        rule = line.removeprefix(f"-A {chain} ")
        drop = _DROP.fullmatch(rule)
        if returned or rule == line or not (drop or rule in {_LOOPBACK, _RETURN}):
            raise text.error("this rule is not understood, or never reached", at, len(line))
        returned = rule == _RETURN
        if drop:
            found.append(drop[1])
    raise text.error("expected `COMMIT` at the end", len(text.text))


def _lines(text: Text) -> Iterator[tuple[int, str]]:
    """Yield position and content of each line that is not blank or comment."""
    at = 0
    for line in text.text.split("\n"):
        if len(line.encode("utf-8", "surrogatepass")) > _LONGEST_LINE:
            message = f"longer than {_LONGEST_LINE:,} bytes, iptables-restore cuts it in two"
            raise text.error(message, at)
        if line and not line.startswith("#"):
            yield at, line
        at += len(line) + 1


def _expect(
    text: Text, lines: Iterator[tuple[int, str]], wanted: re.Pattern[str], shown: str
) -> re.Match[str]:
    at, line = next(lines, (len(text.text), ""))
    match = wanted.fullmatch(line)
    if match is None:
        raise text.error(f"expected {shown}", at, len(line))
    return match


def _require_end(text: Text, lines: Iterator[tuple[int, str]]) -> None:
    for at, line in lines:
        raise text.error("expected nothing after `COMMIT`", at, len(line))
