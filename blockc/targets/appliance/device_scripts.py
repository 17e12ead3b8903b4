"""Lists that a device gets as commands: address lists of MikroTik, groups of EdgeOS and VyOS.

The commands run on a model of the device's lists: what a list held before must be gone, and only
the list that is in force in the end counts.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from blockc.addresses import V4, V6, Family
from blockc.addresses.rules import Match
from blockc.errors import SourceSyntaxError
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Reference,
    Target,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.commands import Command, CommandGrammar, Commands, Run
from blockc.targets.syntax.reading import Found, Ordered, Part, Reading, each
from blockc.targets.syntax.tokens import Text

ROUTEROS = CommandGrammar("RouterOS", re.compile(r"[^ \t]+"), longest_line=4_000)
EDGEOS = CommandGrammar("EdgeOS", re.compile(r"[^ \t]+"), longest_line=4_000)
_MENUS = {"/ip firewall address-list": V4, "/ipv6 firewall address-list": V6}
_NAME = r"[A-Za-z][\w-]{0,62}"
_FIND = rf'\[find list="?({_NAME})"?\]'
_REMOVE = re.compile(rf"remove {_FIND}", re.ASCII)
_RENAME = re.compile(rf'set {_FIND} list="?({_NAME})"?', re.ASCII)
_ADD = re.compile(rf"add list=({_NAME}) address=", re.ASCII)
_GROUP = re.compile(rf"(ipv6-)?network-group ({_NAME})", re.ASCII)
_MEMBER = re.compile(
    rf"set firewall group (?:(network-group {_NAME}) network"
    rf"|(ipv6-network-group {_NAME}) (ipv6-network|network)) ",
    re.ASCII,
)
_PLATFORMS = {"ipv6-network": "edgeos", "network": "vyos"}


@dataclass
class _List:
    """A list while the commands run: its entries, and the line of each from 0."""

    made: Command
    entries: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def part(self, family: Family, *, ranges: bool = False) -> Part:
        """Return its rules; `ranges`: an entry may be one."""
        source = self.made.source

        def where(at: int, why: str) -> SourceSyntaxError:
            return source.error(why, self.lines[at])

        families = (family,)
        parts = decode_rules(source.text, self.entries, 1, where, families=families, ranges=ranges)
        require_distinct(parts)
        return parts[0]


def _additions(
    step: Command | Run, beginning: re.Pattern[str]
) -> Iterator[tuple[re.Match[str], Sequence[str], Sequence[int]]]:
    """Yield how lines begin that add an entry to a list, what follows it in each, and their lines.

    Lines that begin alike come together.
    """
    begin, lines = (
        (step.begin, step.lines) if isinstance(step, Run) else (step.line, [step.content])
    )
    first = beginning.match(lines[0])
    entries = step.after(first[0]) if first and isinstance(step, Run) else None
    if first and entries is not None:
        yield first, entries, range(begin, begin + len(lines))
        return
    for line, content in enumerate(lines, begin):
        found = beginning.match(content)
        if found is None:
            raise step.source.error("this command is not understood", line)
        yield found, [content[found.end() :]], [line]


class _Router:
    """A RouterOS script, run line by line. It stops at a line that fails, such as an entry twice.

    Source: https://manual.mikrotik.com/docs/firewall-and-quality-of-service/firewall/address-lists
    """

    def __init__(self, commands: Commands) -> None:
        self.lists: dict[tuple[Family, str], _List] = {}  # those that hold nothing from before
        self._menu: Family | None = None
        for step in commands.runs("add"):
            if isinstance(step, Run) or step.words[:1] == ["add"]:
                self._add(step)
            else:
                self._run(step)

    def _family(self, step: Command | Run) -> Family:
        if self._menu is None:
            line = step.begin if isinstance(step, Run) else step.line
            raise step.source.error("expected the menu of an address list before", line)
        return self._menu

    def _add(self, step: Command | Run) -> None:
        family = self._family(step)
        for beginning, entries, lines in _additions(step, _ADD):
            filled = self.lists.get((family, beginning[1]))
            if filled is None:
                said = f"the list {beginning[1]!r} may hold entries from before"
                raise step.source.error(said, lines[0])
            filled.entries += entries
            filled.lines += lines

    def _run(self, command: Command) -> None:
        said = command.content
        if said in _MENUS:
            self._menu = _MENUS[said]
            return
        family = self._family(command)
        if removed := _REMOVE.fullmatch(said):
            self.lists[family, removed[1]] = _List(command)
            return
        renamed = _RENAME.fullmatch(said)
        if renamed is None:
            raise command.error("this command is not understood")
        old, new = ((family, name) for name in renamed.groups())
        before = self.lists.get(new)
        if old not in self.lists or before is None or before.entries:
            raise command.error("one of the lists may hold entries from before")
        filled = self.lists.pop(old)
        self.lists[new] = _List(command, filled.entries, filled.lines)


def read_router(text: Text) -> Reading:
    """Return the rules of the one list of each family that an imported script leaves behind."""
    commands = ROUTEROS.read(text)
    router = _Router(commands)
    if sorted(family.version for family, _ in router.lists) != [4, 6]:
        raise commands.end_error("expected one list of each family in the end")
    return Reading(
        tuple(one.part(family, ranges=family == V4) for (family, _), one in router.lists.items()),
        found=tuple(
            one.made.found("address list", 0, name) for (_, name), one in router.lists.items()
        ),
    )


def read_groups(text: Text) -> Reading:
    """Return the rules of the groups that are deleted and set anew.

    Source: https://docs.vyos.io/en/latest/configuration/firewall/groups.html, and the same commands
    of EdgeOS, where the word before a network of IPv6 is `ipv6-network`.
    """
    groups: dict[str, _List] = {}
    found: list[Found] = []
    for step in EDGEOS.read(text).runs("set"):
        if isinstance(step, Command) and step.words[:3] == ["delete", "firewall", "group"]:
            name = " ".join(step.words[3:])
            if not _GROUP.fullmatch(name) or name in groups:
                raise step.error("expected a network group that is deleted once")
            groups[name] = _List(step)
            found.append(step.found("network group", 4, name))
            continue
        for beginning, entries, lines in _additions(step, _MEMBER):
            group = groups.get(beginning[1] or beginning[2])
            if group is None:
                raise step.source.error("this group may hold networks from before", lines[0])
            group.entries += entries
            group.lines += lines
            if beginning[3]:
                command = step.source.command(lines[0], beginning.string)
                found.append(command.found("platform", 5, _PLATFORMS[beginning[3]]))
    parts = (one.part(V6 if name.startswith("ipv6-") else V4) for name, one in groups.items())
    return Reading(tuple(parts), found=tuple(found))


def _router_orders(document: Document, _: File, __: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    yield Ordered("address list", document.options["list"], claimed=True)


def _group_orders(document: Document, _: File, __: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    name = document.options["name"]
    yield Ordered("network group", f"network-group {name}_v4", claimed=True)
    yield Ordered("network group", f"ipv6-network-group {name}_v6", claimed=True)
    yield Ordered("platform", document.options["platform"], required=False)


MIKROTIK_ADDRESS_LIST = Target(
    name="mikrotik-address-list",
    title="Address lists of MikroTik RouterOS",
    match=Match.MEMBER,
    form=EntryForm.HOST,
    layout=Layout.TOGETHER,
    writer="mikrotik-address-list.rsc.j2",
    ending="rsc",
    reader=each(read_router),
    orders=_router_orders,
    words={ContentKind.LIST: BLOCKS},
    packets=True,
    comment="#",
    options=(
        Option(
            "list",
            "blockc_{word}",
            "blockc_ and 1 to 48 lower-case letters, digits or _",
            # The script removes what the list holds: the prefix keeps it from being another's.
            pattern=r"blockc_[a-z0-9_]{1,48}",
            part="_{part}",
            about="the address list, of `/ip` and of `/ipv6`",
        ),
    ),
    deployment=Deployment(
        load="""\
scp list.rsc router:
ssh router '/import file-name=list.rsc'
# once: /ip firewall raw add chain=prerouting src-address-list=LIST action=drop; /ipv6 the same""",
        rollback="the same with PREVIOUS/list.rsc",
    ),
    notes="""\
The script fills `LIST_new` and then gives it the name of the list. A line that fails ends the
import before that, so the old list stays whole; the next import removes what the last one left.
While the name changes hands, for a moment the list is empty.

Entries are part of the configuration. A router with little memory or flash may not hold a long
list (80,000 entries do not fit a device with 32 MB): try it on the smallest model you have.""",
    references=(
        Reference(
            "https://manual.mikrotik.com/docs/firewall-and-quality-of-service/firewall/"
            "address-lists",
            checked="2026-11-27",
        ),
    ),
)

EDGEOS_NETWORK_GROUP = Target(
    name="edgeos-network-group",
    title="Network groups of Ubiquiti EdgeOS and of VyOS",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="edgeos-network-group.commands.j2",
    ending="commands",
    reader=each(read_groups),
    orders=_group_orders,
    words={ContentKind.LIST: BLOCKS},
    packets=True,
    comment="#",
    options=(
        Option(
            "name",
            "blockc_{word}",
            "blockc_ and 1 to 20 lower-case letters, digits or _",
            # The commands delete the groups: the prefix keeps them from being somebody else's.
            pattern=r"blockc_[a-z0-9_]{1,20}",
            part="_{part}",
            about="the groups, with _v4 and _v6 added",
        ),
        Option(
            "platform",
            "edgeos",
            "edgeos or vyos",
            pattern="edgeos|vyos",
            about="whose words are written",
        ),
    ),
    deployment=Deployment(
        load="""\
scp list.commands router:/tmp/list.commands
# there, in vbash: configure; source /tmp/list.commands; commit; save""",
        rollback="the same with PREVIOUS/list.commands",
    ),
    notes="""\
One commit changes both groups; a commit of thousands of networks takes minutes on a small device.
A group is an ipset on EdgeOS, and `ipset` writes one that loads at once there, outside of the
configuration. UniFi gateways have no file for a list: use `ipset` there too. An empty list leaves
no group, and a rule that names one cannot be committed then.""",
    references=(
        Reference(
            "https://docs.vyos.io/en/latest/configuration/firewall/groups.html",
            checked="2026-11-27",
        ),
        Reference(
            "https://gist.github.com/111A5AB1/b3eb2e87b32129ddf84bf1c41914cf43",
            checked="2026-11-27",
            verified=False,
        ),
    ),
)
