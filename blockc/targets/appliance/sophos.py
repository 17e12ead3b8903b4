"""IP hosts of Sophos Firewall and their groups, as the part of a request to its API."""

import re
from collections.abc import Iterator, Sequence
from functools import partial

from blockc.addresses import V4, V6
from blockc.addresses.rules import Match
from blockc.errors import SourceSyntaxError
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.target import Deployment, EntryForm, Layout, Reference, Target
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.reading import Found, Ordered, Part, Reading, each
from blockc.targets.syntax.tokens import Text

_HOST = re.compile(
    r"""\s*<IPHost>\s*<Name>(?P<name>[^<>&,#]{1,60})</Name>\s*<IPFamily>IPv(?P<version>[46])</IPFamily>\s*
    <HostType>IP(?:</HostType>\s*<IPAddress>(?P<only>[^<>&]+)</IPAddress>
    |Range</HostType>\s*<StartIPAddress>(?P<first>[^<>&-]+)</StartIPAddress>\s*
    <EndIPAddress>(?P<last>[^<>&]+)</EndIPAddress>)\s*</IPHost>""",
    re.VERBOSE,
)
_OURS = "blockc_"  # what names of groups begin with, and those of hosts have no room for
_GROUP = re.compile(
    r"""\s*<IPHostGroup>\s*<Name>(?P<name>blockc_\w{1,50})_v(?P<version>[46])</Name>\s*
    (?:<Description>[^<>&]{0,255}</Description>\s*)?<IPFamily>IPv(?P=version)</IPFamily>\s*
    <HostList>""",
    re.VERBOSE | re.ASCII,
)
_GROUP_HOST = re.compile(r"\s*<Host>([^<>&]+)</Host>")


def read_host_groups(text: Text) -> Reading:
    """Return the rules of the host groups that a request makes, each of hosts made before it.

    A request says each host once, before its group; every host is in the group of its family, and
    begins with the name of that, so that no host of somebody else is changed.

    Source: https://docs.sophos.com/nsg/sophos-firewall/19.5/API/, IPHost and IPHostGroup.
    """
    at = _past(text, re.compile(r"\s*<Set>"), 0, "<Set>").end()
    hosts: dict[str, re.Match[str]] = {}
    while host := _HOST.match(text.text, at):
        if host["name"] in hosts:
            raise text.error("a host of this name is made twice", host.start("name"))
        hosts[host["name"]] = host
        at = host.end()
    parts: dict[str, Part] = {}
    found: list[Found] = []
    while group := _GROUP.match(text.text, at):
        members, at = _members(text, group, hosts)
        if group["version"] in parts:
            raise text.error("there is a group of this family already", group.start("name"))
        parts[group["version"]] = _part_of(text, group["version"], members)
        error = partial(text.error, at=group.start("name"), width=len(group["name"]))
        found.append(Found("host group", f"{group['name']}_v{group['version']}", text.path, error))
    at = _past(text, re.compile(r"\s*</Set>\s*"), at, "an IPHost, an IPHostGroup or </Set>").end()
    if text.text[at:]:
        raise text.error("expected nothing after </Set>", at)
    if hosts:
        name, host = hosts.popitem()
        raise text.error(f"the host {name!r} is in no group", host.start("name"))
    return Reading(tuple(parts.values()), found=tuple(found))


def _past(text: Text, element: re.Pattern[str], at: int, expected: str) -> re.Match[str]:
    """Return the match of an element that must stand at a position."""
    match = element.match(text.text, at)
    if match is None:
        blanks = len(text.text[at:]) - len(text.text[at:].lstrip())
        raise text.error(f"expected {expected}", at + blanks)
    return match


def _members(
    text: Text, group: re.Match[str], hosts: dict[str, re.Match[str]]
) -> tuple[list[re.Match[str]], int]:
    """Return the hosts of a group, which are taken out of `hosts`, and where the group ends."""
    members, at = [], group.end()
    while name := _GROUP_HOST.match(text.text, at):
        host = hosts.pop(name[1], None)
        if host is None or host["version"] != group["version"]:
            message = "this file makes no host of this name for the family of the group"
            raise text.error(message, name.start(1), len(name[1]))
        beginning = f"{group['name'].removeprefix(_OURS)}_"
        if not name[1].startswith(beginning):
            message = f"the name of a host of this group begins with {beginning}"
            raise text.error(message, name.start(1), len(name[1]))
        members.append(host)
        at = name.end()
    ending = re.compile(r"\s*</HostList>\s*</IPHostGroup>")
    return members, _past(text, ending, at, "<Host> or </HostList></IPHostGroup>").end()


def _part_of(text: Text, version: str, hosts: Sequence[re.Match[str]]) -> Part:
    """Return the rules that hosts of one family stand for."""

    def where(row: int, why: str) -> SourceSyntaxError:
        return text.error(why, hosts[row].start("name"), len(hosts[row]["name"]))

    words = [one["only"] or f"{one['first']}-{one['last']}" for one in hosts]
    family = V4 if version == "4" else V6
    (part,) = decode_rules(text, words, 1, where, families=(family,), ranges=True)
    require_distinct([part])
    return part


def _orders(document: Document, file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    for family in file.families:
        name = f"{document.options['name']}_v{family.version}"
        yield Ordered("host group", name, claimed=True)


SOPHOS_HOSTS = Target(
    name="sophos-hosts",
    title="IP host groups of Sophos Firewall",
    match=Match.INTERVALS,
    form=EntryForm.RANGE,
    layout=Layout.TOGETHER,
    writer="sophos-hosts.xml.j2",
    ending="xml",
    reader=each(read_host_groups),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    packets=True,
    options=(
        Option(
            "name",
            "blockc_{word}",
            "blockc_ and 1 to 20 lower-case letters, digits or _",
            # A host is called so without blockc_, `_` and its first address: 60 characters.
            pattern=r"blockc_[a-z0-9_]{1,20}",
            part="_{part}",
            about="the host groups, with _v4 and _v6 added, and with a first address the hosts",
        ),
    ),
    deployment=Deployment(
        load="""\
# login.xml: <Login><Username>...</Username><Password>...</Password></Login>; keep it to yourself
(echo '<Request>'; cat login.xml list.xml; echo '</Request>') |
  curl --form 'reqxml=<-' https://firewall:4444/webconsole/APIController >answer.xml
grep -o 'Status code="[0-9]*"' answer.xml | sort | uniq -c  # 200 alone: all was done""",
        rollback="the same with PREVIOUS/list.xml",
    ),
    notes="""\
Make one rule for each family, first in the table, that drops traffic whose source network is the
group. The firewall adds each host, or changes the one of that name, and then the group: it is not
one transaction, so look at every status in the answer. Hosts that are no longer in a group stay
behind without effect; they can be deleted where nothing uses them.

The list has as few ranges as there can be, but each is an object of the firewall: some thousand
take minutes. Sophos says no number for how many it holds; try the list on the smallest model you
have. Before you publish an empty list, try what a rule does whose group has no host. Threat feeds
of Sophos take single IPv4 addresses and no networks, so no feed is written for them.""",
    references=(
        Reference(
            "https://docs.sophos.com/nsg/sophos-firewall/19.5/API/SYSTEM/Host%20and%20Services/"
            "IPHost/operations/AddIPHost&EditIPHost.html",
            checked="2026-11-28",
        ),
        Reference(
            "https://docs.sophos.com/nsg/sophos-firewall/21.0/Help/en-us/webhelp/onlinehelp/"
            "AdministratorHelp/ActiveThreatResponse/ConfigureFeeds/ThirdPartyThreatFeeds/"
            "Requirements/index.html",
            checked="2026-11-28",
        ),
    ),
)
