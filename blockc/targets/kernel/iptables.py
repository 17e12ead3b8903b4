"""The rules files of iptables and ip6tables, as far as they drop, log or count what is in a set."""

import re
from collections.abc import Iterator

from blockc.targets.syntax.tokens import Text

_CHAIN = re.compile(r":([A-Za-z][\w-]{0,27}) - \[0:0\]", re.ASCII)
_LOOPBACK = "-i lo -j RETURN"
_MATCH = re.compile(r"-m set --match-set ([A-Za-z][\w-]{0,30}) src(?= |\Z)(.*)", re.ASCII)
_LOG = re.compile(
    r"-m limit --limit [1-9][0-9]{0,4}/(?:second|minute|hour|day) "
    r'-j LOG --log-prefix "[\w:. -]{1,29}"',
    re.ASCII,
)
_RETURN = "-j RETURN"
_ACTIONS = {"": "monitor", "-j DROP": "block"}
_WEIGHT = ("monitor", "warn", "block")
_BUILT_IN = {"INPUT", "FORWARD", "OUTPUT"}  # the chains of `filter` that the kernel has itself
_LONGEST_LINE = 10_000  # bytes, a few fewer than the buffer has: what follows is a new line


def set_actions(text: Text) -> dict[str, str]:
    """Return set -> what one chain does to its sources, loopback apart.

    `block` is a drop, `warn` a line in the log, `monitor` a rule without a target, which counts.
    The file is what iptables-restore reads: one table `filter`, one chain of its own, and in it
    nothing that lets a source through or stops it for another reason.

    Source: iptables-restore(8), iptables-extensions(8) `set`, `limit` and `LOG`.
    """
    lines = _lines(text)
    _expect(text, lines, re.compile(r"\*filter"), "`*filter`")
    chain = _expect(text, lines, _CHAIN, "a chain of its own, as `:NAME - [0:0]`")[1]
    if chain in _BUILT_IN:
        raise text.error(f"{chain} is a chain of the kernel", text.text.find(f":{chain} ") + 1)
    found: dict[str, str] = {}
    returned = False
    for at, line in lines:
        if line == "COMMIT":
            _require_end(text, lines)
            return found
        rule = line.removeprefix(f"-A {chain} ")
        name, action = _action(rule)
        if returned or rule == line or not (action or rule in {_LOOPBACK, _RETURN}):
            raise text.error("this rule is not understood, or never reached", at, len(line))
        returned = rule == _RETURN
        if action:
            found[name] = max(action, found.get(name, action), key=_WEIGHT.index)
    raise text.error("expected `COMMIT` at the end", len(text.text))


def _action(rule: str) -> tuple[str, str]:
    """Return the set that a rule matches and what it does, or two empty words."""
    match = _MATCH.fullmatch(rule)
    does = match[2].strip(" ") if match else ""
    if match and does in _ACTIONS:
        return match[1], _ACTIONS[does]
    return (match[1], "warn") if match and _LOG.fullmatch(does) else ("", "")


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
