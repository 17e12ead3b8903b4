"""Unbound `access-control`: what a client gets, by the most specific netblock that holds it.

Exceptions are taken out of the list. Written as `allow` they would open the resolver to
addresses that its operator may not serve at all.
"""

import re
from collections.abc import Iterator, Sequence

from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.live import LiveForm, Options, joined, only
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    NativeCheck,
    Reference,
    Target,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.line_grammar import LineGrammar, Lines
from blockc.targets.syntax.reading import Found, Ordered, Reading, each
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

_CLAUSE = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*+[ \t]*(server:)[ \t]*(?:\n|\Z)")
_LINES = LineGrammar("unbound", "access-control: PREFIX ACTION", width=3)
_KEY, _ACTIONS = "access-control:", ("refuse", "deny")


def read_access_control(text: Text) -> Reading:
    """Return the rules of a `server:` clause with nothing but `access-control` of one action.

    Source: unbound.conf(5) and unbound-checkconf 1.17 itself, which takes host bits and a netblock
    twice; both are errors here.
    """
    clause = _CLAUSE.match(text.text)
    if clause is None:
        raise text.error("expected `server:` before anything else", 0)
    blank = text.text[: clause.start(1)] + " " * len(clause[1]) + text.text[clause.end(1) :]
    return _entries(replace(text, text=blank))


def _entries(text: Text) -> Reading:
    """Return the rules of lines with nothing but `access-control` of one action."""
    lines = _LINES.read(text)
    keys, networks, actions = lines.columns
    _require(lines, keys, (_KEY,))
    _require(lines, actions, _ACTIONS if not actions else (actions[0],))
    found = []
    if actions:
        _require(lines, actions[:1], _ACTIONS)
        found = [Found("unbound action", actions[0], text.path, lambda why: lines.error(0, why))]
    reading = Reading(decode_rules(text, networks, 1, lines.error), found=tuple(found))
    require_distinct(reading.parts)
    return reading


def read_shown(texts: Sequence[Text], options: Options) -> Reading:
    """Return the rules of the action of the list in what `unbound-control` says of the option."""
    ending = f" {options['action']}"
    clause = only(joined(texts), lambda line: f"{_KEY} {line}" if line.endswith(ending) else None)
    return _entries(clause)


def _require(lines: Lines, words: Sequence[str], known: Sequence[str]) -> None:
    """Raise SourceSyntaxError about the first of the words that is not one of the known."""
    if {*words} - {*known}:
        at = next(at for at, word in enumerate(words) if word not in known)
        raise lines.error(at, f"expected {' or '.join(known)}, found {words[at]}")


def _orders(document: Document, _: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    filled = any(part.count for part in parts)
    yield Ordered("unbound action", document.options["action"], required=filled)


_NOTES = """\
The most specific netblock decides, in whatever file it stands: an `access-control` of your own
inside an entry wins over it. `refuse` answers REFUSED, `deny` does not answer. Who may ask at all
stands in your own configuration: unbound serves nobody but this host by default.

There is no stage but `block`. No action of `access-control` logs, and a tag, with which a zone
could, also answers clients whom a wider entry refuses. The target `rpz` has `monitor`."""

_NATIVE = NativeCheck(
    programs=("unbound-checkconf",),
    packages=("unbound",),
    argv=("unbound-checkconf", "@folder@/unbound.conf"),
    files={
        "unbound.conf": """\
server:
    directory: "@folder@"
    chroot: ""
    username: ""
    pidfile: ""
    trust-anchor-file: ""
include: "@0@"
"""
    },
)

UNBOUND = Target(
    name="unbound",
    title="Unbound access control",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="unbound.conf.j2",
    ending="conf",
    reader=each(read_access_control),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    comment="#",
    options=(
        Option(
            "action",
            "refuse",
            " or ".join(_ACTIONS),
            pattern="|".join(_ACTIONS),
            about="what blocked clients get",
        ),
    ),
    native=_NATIVE,
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    live=LiveForm(
        commands=("unbound-control get_option access-control",),
        reader=read_shown,
        shows=frozenset({"unbound action"}),
        limits="Entries of the same action that are not of this list count as more than was "
        "published, and more specific ones of other actions are not looked at.",
    ),
    references=(
        Reference(
            "https://manpages.debian.org/bookworm/unbound/unbound.conf.5.en.html",
            checked="2026-11-27",
        ),
    ),
    deployment=Deployment(
        load="unbound-checkconf && unbound-control reload_keep_cache",
        rollback="blockc rollback && unbound-checkconf && unbound-control reload",
    ),
)
