"""dnsdist: a NetmaskGroup in Lua and the rule that uses it; the longest netmask decides.

The netmasks stand in one long string. Written as one call each they would be constants of one
function of Lua, which may have 65,536.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial

from blockc.addresses.rules import Match
from blockc.errors import SourceSyntaxError
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    NativeCheck,
    Reference,
    Responses,
    Target,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import ContentKind, Vocabulary
from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.reading import BLOCK, Found, Ordered, Reading, acting, each
from blockc.targets.syntax.tokens import ODD, Text

_ACTIONS = {
    "drop": "DropAction()",
    "refused": "RCodeAction(DNSRCode.REFUSED)",
    "truncate": "TCAction()",
}
_WATCHING = {"monitor": "NoneAction()", "warn": 'LogAction("", false, true, false, false, true)'}
_SAID = dict.fromkeys(_ACTIONS.values(), BLOCK) | {c: a for a, c in _WATCHING.items()}
_COMMENTS = r"(?:--(?!\[)[^\n]*\n|[ \t]*\n)*+"
_FILE = re.compile(
    rf"""{_COMMENTS}(?P<name>[a-z][a-z0-9_]*)[ ]=[ ]newNMG\(\)\n
    for[ ]mask[ ]in[ ]\(\[\[\n(?P<masks>[^\[\]]*)\]\]\):gmatch\("%S\+"\)[ ]do[ ]
    (?P=name):addMask\(mask\)[ ]end\n
    addAction\(NetmaskGroupRule\((?P=name)\),[ ](?P<action>[^\n]*)\)\n{_COMMENTS}""",
    re.VERBOSE | re.ASCII,
)


def read_lua(text: Text) -> Reading:
    """Return the rules of a NetmaskGroup and what the rule of dnsdist does to who is in it.

    Lua can say the same in many ways; this is the one that is understood.

    Source: https://dnsdist.org/reference/netmaskgroup.html and dnsdist 1.7 itself.
    """
    match = _FILE.fullmatch(text.text)
    if match is None:
        raise text.error("expected a NetmaskGroup, its netmasks and one rule", 0)
    if match["action"] not in _SAID:
        expected = ", ".join(_SAID)
        raise text.error(f"expected one of {expected}", match.start("action"))
    masks = [(found.start(), found[0]) for found in re.finditer(r"[^ \t\n]+", match["masks"])]
    begin = match.start("masks")
    odd = ODD.search(match["masks"].replace("\n", " "))
    if odd:
        raise text.error("a character that dnsdist may not take", begin + odd.start())
    where = partial(_error, text, [begin + at for at, _ in masks])
    networks = [mask.removeprefix("!") for _, mask in masks]
    labels = [0 if mask.startswith("!") else 1 for _, mask in masks]
    parts = decode_rules(text, networks, labels, where)
    require_distinct(parts)
    found = []
    for what, value, group in (
        ("dnsdist group", match["name"], "name"),
        ("dnsdist action", match["action"], "action"),
    ):
        error = partial(text.error, at=match.start(group), width=len(match[group]))
        found.append(Found(what, value, text.path, error))
    return acting(Reading(parts, found=tuple(found)), _SAID[match["action"]])


def _error(text: Text, places: Sequence[int], at: int, why: str) -> SourceSyntaxError:
    return text.error(why, places[at])


def _orders(document: Document, _file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    options = document.options
    yield Ordered("dnsdist group", options["group"], claimed=True)
    blocking = _ACTIONS[str(options["action"])]
    yield Ordered("dnsdist action", _WATCHING.get(document.action, blocking))


_NOTES = """\
The rule stands where the file is read: `dofile("/etc/dnsdist/list.lua")` before your other rules.
It compares the client that dnsdist knows: with the PROXY protocol that is the client behind the
proxy, with EDNS client subnet it is not the subnet.

In the stage `monitor` the rule does nothing and counts (`showRules()`), in `warn` it logs each
query. Changes need a restart; the console takes the lines of the file too, but the rule of the
file before stays until `rmRule` removes it."""

_NATIVE = NativeCheck(
    programs=("dnsdist",),
    packages=("dnsdist",),
    argv=("dnsdist", "--check-config", "--config", "@0@"),
)

DNSDIST = Target(
    name="dnsdist",
    title="dnsdist netmask group",
    match=Match.LONGEST,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="dnsdist.lua.j2",
    ending="lua",
    reader=each(read_lua),
    orders=_orders,
    words={ContentKind.LIST: Vocabulary({"": "!", "block": ""})},
    comment="--",
    options=(
        Option(
            "group",
            "blockc_{word}",
            "blockc_ and 1 to 48 lower-case letters, digits or _",
            # A variable of Lua: the prefix keeps it from being a word of Lua or of dnsdist.
            pattern=r"blockc_[a-z0-9_]{1,48}",
            part="_{part}",
            about="the variable of the group",
        ),
        Option(
            "action",
            "drop",
            " or ".join(_ACTIONS),
            pattern="|".join(_ACTIONS),
            about="what blocked clients get",
        ),
    ),
    responses=Responses(actions=frozenset(_WATCHING)),
    native=_NATIVE,
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    references=(
        Reference("https://dnsdist.org/reference/netmaskgroup.html", checked="2026-11-27"),
        Reference("https://dnsdist.org/reference/rules-management.html", checked="2026-11-27"),
    ),
    deployment=Deployment(
        load="dnsdist --check-config && systemctl restart dnsdist",
        rollback="blockc rollback && systemctl restart dnsdist",
    ),
)
