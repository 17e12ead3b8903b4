"""The rules files of iptables and ip6tables, as far as they drop, log or count what is in a set."""

import re
from collections.abc import Mapping

from blockc.errors import SourceSyntaxError
from blockc.targets.kernel.passing import ESTABLISHED, LOOPBACK, NEIGHBOURS, PASSES
from blockc.targets.syntax.commands import Command, CommandGrammar
from blockc.targets.syntax.reading import Found
from blockc.targets.syntax.tokens import Text
from blockc.values import Value

IPTABLES_COMMANDS = CommandGrammar(
    "iptables-restore",
    re.compile(r'(?:"[^"]*"|[^ \t"])+|"'),
    longest_line=10_000,  # a few fewer than its buffer of 10,240 has
)
_CHAIN = re.compile(r":([A-Za-z][\w-]{0,27}) - \[0:0\]", re.ASCII)
_PASSING = {  # a rule that lets traffic pass whoever sends it -> what that is
    "-i lo -j RETURN": LOOPBACK,
    "-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN": ESTABLISHED,
    "-m conntrack --ctstate ESTABLISHED,RELATED -j RETURN": ESTABLISHED,
}
_PASSING_IPV6 = _PASSING | {
    f"-p ipv6-icmp -m hl --hl-eq 255 -m icmp6 --icmpv6-type {word} -j RETURN": kind
    for word, kind in zip(
        (
            "router-solicitation",
            "router-advertisement",
            "neighbour-solicitation",
            "neighbour-advertisement",
        ),
        NEIGHBOURS,
        strict=True,
    )
}
_MATCH = re.compile(r"-m set --match-set ([A-Za-z][\w-]{0,30}) src(?= |\Z)(.*)", re.ASCII)
_LOG = re.compile(
    r"-m limit --limit [1-9][0-9]{0,4}/(?:second|minute|hour|day) "
    r'-j LOG --log-prefix "[\w:. -]{1,29}"',
    re.ASCII,
)
_RETURN = "-j RETURN"
_ACTIONS = {"": "monitor", "-j DROP": "block"}
_WEIGHT = ("monitor", "warn", "block")
_OWN = {"INPUT", "FORWARD", "OUTPUT"}  # the chains of `filter` that the kernel has itself
_TARGETS = {"ACCEPT", "DROP", "QUEUE", "RETURN"}  # no chain may be called so


class RulesFile(Value, eq=False):
    """What one chain does to the sources in the sets it names, loopback apart."""

    actions: dict[str, str]  # set -> `block`, `warn` or `monitor`
    found: tuple[Found, ...]


def read_rules(text: Text) -> RulesFile:
    """Return what the rules of a file do.

    `block` is a drop, `warn` a line in the log, `monitor` a rule without a target, which counts.
    The file is what iptables-restore reads: one table `filter`, one chain of its own, and in it
    nothing that lets a source through or stops it for another reason. Of one set at most: of two,
    each would decide by itself, whatever the exceptions in the other one.

    Source: iptables-restore(8), iptables-extensions(8) `set`, `limit` and `LOG`.
    """
    source = IPTABLES_COMMANDS.read(text)
    commands = list(source)
    if not commands or commands[0].content != "*filter":
        raise _error_at(commands[:1], text, "expected `*filter`")
    match = _CHAIN.fullmatch(commands[1].content) if commands[1:] else None
    if match is None:
        raise _error_at(commands[1:2], text, "expected a chain of its own, as `:NAME - [0:0]`")
    chain = match[1]
    if chain in _OWN | _TARGETS:
        kind = "a chain of the kernel" if chain in _OWN else "what a rule does"
        raise commands[1].error(f"{chain} is {kind}")
    ends = [at for at, command in enumerate(commands) if command.content == "COMMIT"]
    if not ends:
        raise source.end_error("expected `COMMIT` at the end")
    if ends[0] < len(commands) - 1:
        raise commands[ends[0] + 1].error("expected nothing after `COMMIT`")
    program = "iptables" if text.families[0].version == 4 else "ip6tables"
    made = commands[1].found(f"{program} chain", 0, chain)
    passing = _PASSING if program == "iptables" else _PASSING_IPV6
    return _actions(chain, commands[2:-1], made, passing)


def _actions(
    chain: str, rules: list[Command], made: Found, passing: Mapping[str, str]
) -> RulesFile:
    actions: dict[str, str] = {}
    found = [made]
    returned = False
    for command in rules:
        rule = " ".join(command.words[2:])
        name, action = _action(rule)
        known = command.words[:2] == ["-A", chain] and (
            action or rule in passing or rule == _RETURN
        )
        if returned or not known:
            raise command.error("this rule is not understood, or never reached")
        returned = rule == _RETURN
        if rule in passing and actions:
            raise command.error("what passes must stand before the rules about sources")
        if rule in passing:
            found.append(command.found(PASSES, 0, passing[rule]))
        if action and name not in actions:
            if actions:
                raise command.error("a second set, which would decide by itself", 5)
            found.append(command.found("ipset set", 5))
        if action:
            actions[name] = max(action, actions.get(name, action), key=_WEIGHT.index)
    return RulesFile(actions, tuple(found))


def _action(rule: str) -> tuple[str, str]:
    """Return the set that a rule matches and what it does, or two empty words."""
    match = _MATCH.fullmatch(rule)
    does = match[2].strip(" ") if match else ""
    if match and does in _ACTIONS:
        return match[1], _ACTIONS[does]
    return (match[1], "warn") if match and _LOG.fullmatch(does) else ("", "")


def _error_at(first: list[Command], text: Text, message: str) -> SourceSyntaxError:
    """Return the error about the first of some commands, or the end of the text."""
    return first[0].error(message) if first else text.error(message, len(text.text))
