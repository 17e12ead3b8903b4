"""Feeds that firewalls poll: a text with an entry per line, and what each vendor makes of it.

All of them are read by the same loop; a vendor differs in whether a line may be a comment, in what
an entry may be, and in how many it keeps. What is too much is skipped, cut off or empties the
table on the device, and nobody hears of it there: so it is an error here.
"""

from collections.abc import Iterator, Sequence

from blockc.addresses.rules import Match
from blockc.targets.appliance.served import (
    NGINX_FILE,
    conflict,
    options,
    read_location,
    serving,
)
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Lengths,
    MaxEntries,
    Reference,
    Target,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.line_grammar import LineGrammar, ListReader
from blockc.targets.syntax.reading import Ordered
from blockc.values import replace

_ENTRY = "one address or prefix and nothing beside it"
_RANGE_ENTRY = "one address, prefix or range and nothing beside it"


def _orders(document: Document, file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    if file.writer == NGINX_FILE.template:
        yield from serving(document)


def _feed(name: str, grammar: LineGrammar, *, ranges: bool, most: Option | None = None) -> Target:
    """Return a feed of both families in one file, without what its vendor says of it."""
    return Target(
        name=name,
        title="Feed",
        match=Match.MEMBER,
        form=EntryForm.HOST,
        layout=Layout.TOGETHER,
        writer="plain.txt.j2" if grammar.comments else "feed.txt.j2",
        ending="txt",
        extra_files=(NGINX_FILE,),
        reader=ListReader(grammar, ranges, read_location),  # of the list, and what serves it
        orders=_orders,
        words={ContentKind.LIST: BLOCKS},
        packets=True,
        comment="#" if grammar.comments else "",
        options=(*options(name), *([most] if most else [])),
        conflict=conflict,
        references=(_NGINX,),
        deployment=Deployment(
            load=_LOAD,
            rollback="blockc rollback  # then the same copy: the devices get the feed of before",
        ),
    )


def _most(count: int, most: int, about: str) -> Option:
    """Return the option for the number of entries that the operator's device keeps."""
    expects = f"a number from 1 to {most}"
    return Option("most_entries", count, expects, within=range(1, most + 1), about=about)


_NGINX = Reference(
    "https://nginx.org/en/docs/http/ngx_http_core_module.html#etag", checked="2026-11-27"
)
_LOAD = """\
rsync -aL --exclude .generations dist/ server:/var/lib/blockc/  # each file is renamed into place
# once: include list.nginx.conf in the server {} of nginx, and give the devices its URL"""
_COMMENTS = "The header of the list stands in the location, since the feed has no comments."
_SERVED = """\
Devices poll the location with the ETag of what they have: they get 304 while the feed is the
same, and the whole feed after a build that changed it."""


def _notes(*said: str) -> str:
    return "\n\n".join((*said, _SERVED))


_PALO_ALTO = Reference(
    "https://docs.paloaltonetworks.com/pan-os/7-1/pan-os-web-interface-help/objects/"
    "objects-external-dynamic-lists.html",
    checked="2026-11-27",
)
PALOALTO_EDL = replace(
    _feed(
        "paloalto-edl",
        LineGrammar("PAN-OS", _RANGE_ENTRY, comments=False),
        ranges=True,
        most=_most(50_000, 150_000, "how many addresses all lists of the firewall may have"),
    ),
    title="External dynamic list of Palo Alto firewalls",
    max_entries=MaxEntries(50_000, _PALO_ALTO, option="most_entries", together=True),
    references=(
        Reference(
            "https://docs.paloaltonetworks.com/network-security/security-policy/administration/"
            "objects/external-dynamic-lists/formatting-guidelines-for-an-external-dynamic-list",
            checked="2026-11-27",
        ),
        _NGINX,
    ),
    notes=_notes(
        """\
PAN-OS counts the entries of all lists together, a prefix as one. What is over the number for the
model (150,000 on the PA-5000 and PA-7000 series, else 50,000) is skipped with a line in the
system log; so it is an error here. Take what other lists need from `most_entries`. A comment may
only stand behind an entry, so there is no header in the feed; it stands in the location.""",
        """\
While the server cannot be reached the firewall keeps the last list it got. Where the password is
refused it stops to enforce the list.""",
    ),
)

_FORTINET = Reference(
    "https://docs.fortinet.com/document/fortigate/7.4.0/new-features/677896/"
    "external-resource-entry-limit-enhancements-7-4-4",
    checked="2026-11-27",
)
FORTIGATE_FEED = replace(
    _feed(
        "fortigate-feed",
        LineGrammar("FortiOS", _RANGE_ENTRY, comments=False),
        ranges=True,
        most=_most(131_072, 300_000, "how many entries the firewall keeps"),
    ),
    title="IP address threat feed of FortiGate",
    max_entries=MaxEntries(131_072, _FORTINET, option="most_entries", together=True),
    references=(
        Reference(
            "https://docs.fortinet.com/document/fortigate/7.6.2/administration-guide/9463/"
            "external-feeds",
            checked="2026-11-27",
        ),
        _NGINX,
    ),
    notes=_notes(
        """\
Before 7.4.4 a feed has 128 K entries and 10 MB. Since then all feeds of the firewall share 300,000
addresses, and a file has 128, 64 or 32 MB by the size of the model; set `most_entries` to what is
left for this feed. What is over is cut off, so it is an error here. """
        + _COMMENTS,
        "While the server cannot be reached the firewall keeps the last list it got.",
    ),
)

CHECKPOINT_FEED = replace(
    _feed("checkpoint-feed", LineGrammar("Check Point", _RANGE_ENTRY), ranges=True),
    title="Network feed of Check Point gateways",
    references=(
        Reference(
            "https://docs.ansible.com/ansible/latest/collections/check_point/mgmt/"
            "cp_mgmt_network_feed_module.html",
            checked="2026-11-27",
        ),
        _NGINX,
    ),
    notes=_notes(
        """\
R81.20 and later. In the object choose the format `Flat List`, the type `IP Address`, the data
column 1 and `#` as the beginning of the lines to ignore. An indicator (IoC) feed takes IPv4 alone
and only asks Anti-Bot and Anti-Virus, so it is not what is written here."""
    ),
)

_CISCO = Reference(
    "https://docs.defenseorchestrator.com/cdfmc/c_custom_security_intelligence_lists_2.html",
    checked="2026-11-27",
)
CISCO_SI_FEED = replace(
    _feed("cisco-si-feed", LineGrammar("Cisco Secure Firewall", _ENTRY), ranges=False),
    title="Security Intelligence feed of Cisco Secure Firewall (Firepower)",
    lengths=Lengths(range(1, 33), range(1, 129), _CISCO),
    references=(_CISCO, _NGINX),
    notes=_notes(
        """\
A feed has at most 500 MB, and no /0. From a feed without an address the management center takes
nothing and keeps the old one: to unblock, take the feed out of the access control policy, or leave
one address of documentation space (192.0.2.1) in the list."""
    ),
)

JUNIPER_FEED = replace(
    _feed("juniper-feed", LineGrammar("Junos", _RANGE_ENTRY, comments=False), ranges=True),
    title="Feed for a dynamic address of Juniper SRX",
    references=(
        Reference(
            "https://community.juniper.net/blogs/karel-hendrych/2025/11/30/"
            "srx-dynamic-ip-objects-aka-feed-server",
            checked="2026-11-27",
        ),
        _NGINX,
    ),
    notes=_notes(
        """\
`security dynamic-address feed-server` gets it without a commit, and asks with HEAD whether it has
changed. How many entries there may be depends on the platform; the vendor states no number. """
        + _COMMENTS
    ),
)

_PFSENSE = Reference(
    "https://docs.netgate.com/pfsense/en/latest/firewall/aliases-features.html",
    checked="2026-11-27",
)
PFSENSE_TABLE = replace(
    _feed(
        "pfsense-table",
        LineGrammar("pfSense", _ENTRY, comments_anywhere=True),
        ranges=False,
        most=_most(200_000, 100_000_000, "half of the `Firewall Maximum Table Entries` there"),
    ),
    title="URL table (IPs) of pfSense and OPNsense",
    max_entries=MaxEntries(200_000, _PFSENSE, option="most_entries", together=True),
    references=(
        Reference(
            "https://docs.netgate.com/pfsense/en/latest/firewall/aliases-types.html",
            checked="2026-11-27",
        ),
        Reference("https://docs.opnsense.org/manual/aliases.html", checked="2026-11-27"),
        _NGINX,
    ),
    notes=_notes(
        """\
All tables share `Firewall Maximum Table Entries`, 400,000 if nobody changed it, and a table
stands there twice while it is loaded anew. Where it does not fit the rules fail to load, so what
is over is an error here."""
    ),
)
