"""DNS response policy zones (RPZ): a record for each prefix, the longest one decides.

Exceptions are taken out of the list. Written as `rpz-passthru.` they would end the policy for whom
they hold, and so let through what other triggers and later zones block.

The serial of the zone is an option and no clock, so that equal lists are equal files. Whoever
transfers the zone writes a new serial where the file is put into service.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, islice

from blockc.addresses import MAPPED
from blockc.addresses.lines import prefix_texts
from blockc.addresses.plain_text import lines_one_by_one
from blockc.addresses.rules import Match, without_space
from blockc.errors import SourceSyntaxError
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Lengths,
    Maturity,
    NativeCheck,
    Reference,
    Responses,
    Target,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.addresses import backwards, decode_rules, require_distinct
from blockc.targets.syntax.reading import BLOCK, Found, Ordered, Part, Reading, acting, each
from blockc.targets.syntax.tokens import Text

_ACTIONS = {"nxdomain": ".", "nodata": "*.", "drop": "rpz-drop.", "tcp-only": "rpz-tcp-only."}
_WATCH = "rpz-passthru."
_SAID = dict.fromkeys(_ACTIONS.values(), BLOCK) | {_WATCH: "monitor"}
_TRIGGERS = ("client-ip", "ip")
_TIMES = "60 3600 600 604800 60"  # of the records, then those of the SOA
_SOA = re.compile(
    r"@ IN SOA localhost\. root\.localhost\. ([0-9]{1,10})((?: [0-9]{1,9}){4}) ; serial"
)
_HEAD = (re.compile(r"\$TTL ([0-9]{1,9})"), _SOA, re.compile(r"@ IN NS localhost\."))
_RECORD = re.compile(r"([0-9a-fz.]+)\.rpz-(client-ip|ip) CNAME ([a-z*.-]+)")
_IPV4 = re.compile(r"([0-9]+)\.([0-9]+)\.([0-9]+)\.([0-9]+)\.([0-9]+)")


class _Zone:
    """The records of a zone: the lines that hold more than a comment."""

    def __init__(self, text: Text) -> None:
        self.text = text

    def records(self) -> Iterator[tuple[int, str]]:
        """Yield position and text of each record."""
        at = 0
        for line in lines_one_by_one(self.text.text):
            if line and line[0] != ";":
                yield at, line
            at += len(line) + 1

    def error(self, record: int, why: str) -> SourceSyntaxError:
        """Return the error to raise about a record, or about the end of the text."""
        at, line = next(islice(self.records(), record, None), (0, ""))
        if not line:
            return self.text.error(f"{why}, the text ends here", len(self.text.text))
        return self.text.error(why, at, len(line))

    def match(
        self, record: int, line: str, pattern: re.Pattern[str], expected: str
    ) -> re.Match[str]:
        """Return how a record matches a pattern.

        Raises:
            SourceSyntaxError: If it does not.
        """
        match = pattern.fullmatch(line)
        if match is None:
            raise self.error(record, f"expected {expected}")
        return match


def read_zone(text: Text) -> Reading:
    """Return the rules of a zone in which all records have one kind of trigger and one action.

    Source: the reference of BIND, "Response Policy Zone (RPZ) Rewriting", and named 9.18 itself.
    named-checkzone takes prefixes with host bits, of length 0 and in another spelling than named's
    own; named leaves those out with a line in its log, so here they are errors.
    """
    zone, begin, expected = _Zone(text), len(_HEAD), "$TTL, SOA and NS"
    lines = (line for _, line in zone.records())
    head = [zone.match(at, next(lines, ""), one, expected) for at, one in enumerate(_HEAD)]
    found = [Found("zone serial", int(head[1][1]), text.path, partial(zone.error, 1))]
    times = f"{head[0][1]}{head[1][2]}"
    found.append(Found("zone times", times, text.path, partial(zone.error, 1)))
    expected = "LENGTH.ADDRESS-BACKWARDS.rpz-TRIGGER CNAME ACTION"
    names, said = list[str](), dict[str, str]()
    for at, line in enumerate(lines, begin):
        name, *words = zone.match(at, line, _RECORD, expected).groups()
        for what, word in zip(("RPZ trigger", "RPZ action"), words, strict=True):
            if said.setdefault(what, word) != word:
                raise zone.error(at, f"another {what} than {said[what]}")
        names.append(name)
    error = partial(zone.error, begin)
    found += [Found(what, word, text.path, error) for what, word in said.items()]
    action = said.get("RPZ action", _ACTIONS["nxdomain"])
    if action not in _SAID:
        raise zone.error(begin, f"expected one of {', '.join(_SAID)}")
    parts = _rules(zone, names)
    return acting(Reading(parts, found=tuple(found)), _SAID[action])


def _rules(zone: _Zone, names: Sequence[str]) -> tuple[Part, ...]:
    """Return the rules of records by their names without the trigger."""

    def where(at: int, why: str) -> SourceSyntaxError:
        return zone.error(len(_HEAD) + at, why)

    parts = decode_rules(zone.text, [_forwards(name) for name in names], 1, where)
    require_distinct(parts)
    texts = (prefix_texts(part.rules.prefixes()) for part in parts)
    known = set(map(backwards, chain.from_iterable(texts)))
    for at, name in enumerate(names):
        if name not in known:
            raise where(at, f"named spells {name} otherwise, and leaves it out")
    return parts


def _forwards(name: str) -> str:
    """Return the prefix whose length and labels stand backwards in a name."""
    ipv4 = _IPV4.fullmatch(name)
    if ipv4:
        return f"{ipv4[5]}.{ipv4[4]}.{ipv4[3]}.{ipv4[2]}/{ipv4[1]}"
    length, *labels = name.split(".")
    words = ":".join("" if label == "zz" else label for label in reversed(labels))
    begins, ends = labels[-1:] == ["zz"], labels[:1] == ["zz"]
    return f"{':' * begins}{words}{':' * ends}/{length}"


def _orders(document: Document, _: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    option = document.options
    filled = any(part.count for part in parts)
    action = _WATCH if document.action == "monitor" else _ACTIONS[str(option["action"])]
    yield Ordered("zone serial", option["serial"])
    yield Ordered("zone times", _TIMES)
    yield Ordered("RPZ trigger", option["trigger"], required=filled)
    yield Ordered("RPZ action", action, required=filled)


_NOTES = """\
`trigger = "client-ip"` is about who asks, `"ip"` about the addresses in the answer: names that lead
into the list. A zone has one of them; write two outputs for both.

Load it as a zone and name it: `response-policy { zone "NAME"; };`. named rewrites only answers for
which it recurses, unless that says `recursive-only no`. In the stage `monitor` the records are
`rpz-passthru.`: named logs them in its category `rpz` and answers, but asks no later zone, so let
this one be the last.

The serial is 1, or what `serial` says: equal lists are equal files, and no clock is in them. A
server that loads the file itself needs no other. Where others transfer the zone, write a new serial
as the file is put into service, as the command below does.

IPv4-mapped addresses are left to the entries of IPv4, which named looks them up in."""

_NATIVE = NativeCheck(
    programs=("named-checkzone",),
    packages=("bind9-utils",),
    argv=("named-checkzone", "-i", "none", "list", "@0@"),
)
_REFERENCE = Reference(
    "https://github.com/isc-projects/bind9/blob/main/doc/arm/reference.rst",
    checked="2026-11-27",
)

RPZ = Target(
    name="rpz",
    title="DNS response policy zone",
    match=Match.MEMBER,
    form=EntryForm.BACKWARDS,
    layout=Layout.TOGETHER,
    writer="rpz.zone.j2",
    ending="zone",
    reader=each(read_zone),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    comment=";",
    options=(
        Option(
            "trigger",
            "client-ip",
            " or ".join(_TRIGGERS),
            pattern="|".join(_TRIGGERS),
            about="whether the client or an address in the answer is looked up",
        ),
        Option(
            "action",
            "nxdomain",
            " or ".join(_ACTIONS),
            pattern="|".join(_ACTIONS),
            about="what is answered",
        ),
        Option(
            "serial",
            1,
            "a number from 1 to 4294967295",
            within=range(1, 1 << 32),
            about="the serial of the zone",
        ),
    ),
    lengths=Lengths(range(1, 33), range(1, 129), _REFERENCE),
    adapt=partial(without_space, space=(MAPPED,)),
    never_consulted=(MAPPED,),
    responses=Responses(actions=frozenset({"monitor"})),
    native=_NATIVE,
    debian=("bind9",),
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    references=(_REFERENCE,),
    deployment=Deployment(
        load="""\
sed "s/ 1 \\(.* ; serial\\)/ $(date +%s) \\1/" list.zone > /etc/bind/list.zone  # for transfers
named-checkzone list /etc/bind/list.zone && rndc reload list""",
        rollback="blockc rollback  # and then the same: a later serial",
    ),
)
