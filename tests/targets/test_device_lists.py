"""Lists in the configuration of devices: what is loaded replaces what was there, and all of it."""

import ipaddress
from xml.etree import ElementTree as ET

import pytest

from blockc.addresses import AddrMap
from blockc.addresses.rules import Match, meaning
from blockc.errors import SourceSyntaxError, Unproved
from blockc.targets.appliance.device_lists import (
    F5_DATA_GROUP,
    JUNOS_PREFIX_LIST,
    PF_TABLE,
    read_data_group,
    read_pf_table,
    read_prefix_lists,
)
from blockc.targets.appliance.device_scripts import (
    EDGEOS_NETWORK_GROUP,
    MIKROTIK_ADDRESS_LIST,
    read_groups,
    read_router,
)
from blockc.targets.appliance.sophos import SOPHOS_HOSTS, read_host_groups
from blockc.targets.core.render import render
from blockc.targets.core.target import Target
from blockc.targets.syntax.reading import NAMES, Reading
from blockc.targets.syntax.tokens import Text
from blockc.verify.proof import prove
from tests.targets.artifacts import EDGES, PATH, TEMPLATES, draft, nested, prefixes, rules_of

V4_MENU, V6_MENU = "/ip firewall address-list\n", "/ipv6 firewall address-list\n"
SWAP = 'remove [find list="x"]\nset [find list="x_new"] list="x"\n'
FRESH = "remove [find list=x_new]\n"
ADD = "add list=x_new address=192.0.2.1-192.0.2.4\n"
ROUTER = f"{V4_MENU}{FRESH}{ADD}{V6_MENU}{FRESH}"
GROUP = "delete firewall group network-group x\n"
SET = f"{GROUP}set firewall group network-group x "
SWAPS = f"{V4_MENU}{SWAP}{V6_MENU}{SWAP}"


def blocked(reading: Reading) -> object:
    return meaning(Match.MEMBER, reading.rules.values(), NAMES).where(["block"])


def test_an_exception_of_pf_stands_behind_the_mark_without_a_blank() -> None:
    rules = nested(("10.0.0.0/8", 1), ("10.1.0.0/16", 0), ("2001:db8::1/128", 0))
    (file,) = render(PF_TABLE, draft(PF_TABLE, rules), PATH, TEMPLATES)
    assert file.data.endswith(b"\n10.0.0.0/8\n!10.1.0.0/16\n!2001:db8::1\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("! 10.0.0.1\n", "expected one address or prefix, with ! before an exception"),
        ("!!10.0.0.1\n", "'!10.0.0.1' is not an address"),
        ("10.0.0.0-10.0.0.9\n", "is not an address"),
        ("10.0.0.0/8\n!10.0.0.0/8\n", "10.0.0.0/8 occurs twice"),
    ],
)
def test_what_pfctl_would_take_otherwise_is_an_error(text: str, reason: str) -> None:
    with pytest.raises(SourceSyntaxError) as refused:
        read_pf_table(Text("x", text))
    assert reason in refused.value.message


@pytest.mark.parametrize(
    "record", ["host 10.0.0.0/8,", "network 10.0.0.1,", "host 10.0.0.1", "host 10.0.0.1 := 1,", "#"]
)
def test_a_record_of_a_data_group_is_a_host_or_a_network_without_a_value(record: str) -> None:
    both = prefixes("10.0.0.1/32", "2001:db8::/32")
    assert blocked(read_data_group(Text("x", "host 10.0.0.1,\nnetwork 2001:db8::/32,\n"))) == both
    with pytest.raises(SourceSyntaxError):
        read_data_group(Text("x", f"host 10.0.0.1,\n{record}\n"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("prefix-list x { 10.0.0.0/8; }", "may hold prefixes from before: expected `replace:`"),
        ("replace: prefix-list x { 10.0.0.0/8; ::1/128; }", "prefixes of both families"),
        ("replace: prefix-list x { } replace: prefix-list x { }", "this list is written twice"),
        ("replace: prefix-list x { 10.0.0.0/8 }", "expected a prefix and `;`"),
        ('replace: prefix-list x { apply-path "a b"; }', "expected a prefix and `;`"),
        ("replace: prefix-list x { 10.0.0.0/8; } policy-statement y { }", "expected `replace:`"),
    ],
)
def test_a_prefix_list_that_is_not_replaced_whole_is_an_error(text: str, reason: str) -> None:
    with pytest.raises(SourceSyntaxError) as refused:
        read_prefix_lists(Text("x", f"policy-options {{ {text} }}\n"))
    assert reason in refused.value.message


def test_a_script_leaves_behind_what_it_filled_aside() -> None:
    assert blocked(read_router(Text("x", ROUTER + SWAPS))) == prefixes(
        "192.0.2.1/32", "192.0.2.2/31", "192.0.2.4/32"
    )


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (ROUTER.replace(FRESH, "", 1) + SWAPS, "the list 'x_new' may hold entries from before"),
        (ROUTER + SWAPS.replace('remove [find list="x"]\n', "", 1), "may hold entries from before"),
        (ROUTER + SWAPS + V4_MENU + FRESH, "expected one list of each family in the end"),
        (ROUTER.replace(V4_MENU, "") + SWAPS, "expected the menu of an address list before"),
        (ROUTER.replace("1-192.0.2.4", "1 comment=x") + SWAPS, "is not an address"),
        (ROUTER + ADD + SWAPS, "an ipv4 entry where it does not belong"),
        (ROUTER + SWAPS + "/system reboot\n", "this command is not understood"),
        (ROUTER + SWAPS + ":put [find]\n", "this command is not understood"),
        (ROUTER.replace(ADD, ADD + ADD) + SWAPS, "192.0.2.1-192.0.2.4 occurs twice"),
    ],
)  # fmt: skip
def test_a_script_that_leaves_old_entries_or_does_more_is_refused(script: str, reason: str) -> None:
    with pytest.raises(SourceSyntaxError) as refused:
        read_router(Text("x", script))
    assert reason in refused.value.message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("set firewall group network-group x network 10.0.0.0/8\n", "networks from before"),
        (GROUP + GROUP, "expected a network group that is deleted once"),
        ("delete firewall name x\n", "this command is not understood"),
        (SET + "ipv6-network ::1/128\n", "this command is not understood"),
        (SET + "network ::1/128\n", "an ipv6 entry where it does not belong"),
        (SET + "network 10.0.0.0/8 description y\n", "is not a prefix length"),
    ],
)  # fmt: skip
def test_a_group_that_is_not_set_anew_is_refused(text: str, reason: str) -> None:
    with pytest.raises(SourceSyntaxError) as refused:
        read_groups(Text("x", text))
    assert reason in refused.value.message


def test_a_list_that_is_never_swapped_is_not_the_one_that_is_ordered() -> None:
    for script in (ROUTER, ROUTER + SWAPS.replace(V6_MENU + SWAP, "")):
        assert "x_new" in {one.value for one in read_router(Text("x", script)).found}


def test_a_network_of_ipv6_is_written_with_the_word_of_the_platform() -> None:
    target, addresses = EDGEOS_NETWORK_GROUP, EDGES["ipv6 only"]
    for platform, word in (("edgeos", b" ipv6-network 2001:"), ("vyos", b"_v6 network 2001:")):
        one = draft(target, rules_of(target, addresses), {"platform": platform})
        files = render(target, one, PATH, TEMPLATES)
        assert word in files[0].data
        prove(target, files, AddrMap.of_set(addresses), "", one.orders(target, PATH))
        other = draft(target, rules_of(target, addresses), {"platform": "edgeos"})
        if platform == "vyos":
            with pytest.raises(Unproved, match="the platform is 'vyos', ordered is 'edgeos'"):
                prove(target, files, AddrMap.of_set(addresses), "", other.orders(target, PATH))


@pytest.mark.parametrize(
    ("target", "lines"),
    [(MIKROTIK_ADDRESS_LIST, 9), (JUNOS_PREFIX_LIST, 0), (F5_DATA_GROUP, 0), (PF_TABLE, 0)],
)
def test_one_more_entry_is_one_more_line(target: Target, lines: int) -> None:
    texts = [
        render(target, draft(target, rules_of(target, addresses)), PATH, TEMPLATES)[0].data
        for addresses in (prefixes("10.0.0.0/8"), prefixes("10.0.0.0/8", "12.0.0.0/8"))
    ]
    before, after = ([x for x in text.splitlines() if x[:1] != b"#"] for text in texts)
    assert len(after) == len(before) + 1
    assert [line for line in after if line in before] == before
    assert len(before) >= lines


HOST = (
    "<IPHost><Name>x_192.0.2.0</Name><IPFamily>IPv4</IPFamily><HostType>IPRange</HostType>"
    "<StartIPAddress>192.0.2.0</StartIPAddress><EndIPAddress>192.0.2.9</EndIPAddress></IPHost>\n"
)
NO_GROUPS = "".join(
    f"<IPHostGroup><Name>blockc_x_v{v}</Name><IPFamily>IPv{v}</IPFamily><HostList>"
    "</HostList></IPHostGroup>\n"
    for v in (4, 6)
)
MEMBER = "<Host>x_192.0.2.0</Host>"
IN_V4 = NO_GROUPS.replace("<HostList>", f"<HostList>{MEMBER}", 1)
V6_HOST = HOST.replace("192.0.2.0", "2001:db8::").replace("192.0.2.9", "2001:db8::9")


def test_hosts_of_sophos_are_what_an_xml_parser_reads() -> None:
    name = "blockc_" + "n" * 20
    edges = (
        EDGES["ipv4 only"] | EDGES["ipv6 only"] | prefixes("2001:db8:1111:2222:3333:4444:5555:6666")
    )
    rules = rules_of(SOPHOS_HOSTS, edges)
    one = draft(SOPHOS_HOSTS, rules, {"name": name})
    (file,) = render(SOPHOS_HOSTS, one, PATH, TEMPLATES)
    request = ET.fromstring(file.data)  # noqa: S314  our own
    hosts = {host.findtext("Name", ""): host for host in request.iterfind("IPHost")}
    read = list[str]()
    for member in request.iterfind("IPHostGroup/HostList/Host"):
        host = hosts.pop(member.text or "")
        words = [host.findtext(tag, "") for tag in ("IPAddress", "StartIPAddress", "EndIPAddress")]
        found = [word for word in words if word]
        ends = ipaddress.ip_address(found[0]), ipaddress.ip_address(found[-1])
        read += map(str, ipaddress.summarize_address_range(*ends))
        assert len(member.text or "") <= 60
    assert not hosts
    assert prefixes(*read) == edges


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"<Set>{HOST}{HOST}{IN_V4}</Set>", "a host of this name is made twice"),
        (f"<Set>{HOST}{NO_GROUPS}</Set>", "'x_192.0.2.0' is in no group"),
        (f"<Set>{IN_V4}</Set>", "makes no host of this name"),
        (f"<Set>{IN_V4}{HOST}</Set>", "makes no host of this name"),
        (f"<Set>{HOST}{IN_V4.replace(MEMBER, 2 * MEMBER)}</Set>", "makes no host of this name"),
        (f"<Set>{V6_HOST}{IN_V4.replace('192.0.2.0', '2001:db8::')}</Set>", "an ipv6 entry where"),
        (f"<Set>{HOST.replace('x_', 'y_')}{IN_V4.replace('<Host>x_', '<Host>y_')}</Set>", "x_"),
        (f"<Set>{HOST.replace('>192.0.2.0', '>192.0.2.99')}{IN_V4}</Set>", "192.0.2.99"),
        (f"<Set>{HOST.replace('.9<', '.999<')}{IN_V4}</Set>", "192.0.2.999"),
        (f"<Set>{HOST}{IN_V4}{NO_GROUPS}</Set>", "there is a group of this family already"),
        (f"<Set operation='add'>{HOST}{IN_V4}</Set>", "expected <Set>"),
        (f"<Set>{HOST}{IN_V4}<Remove/></Set>", "expected an IPHost, an IPHostGroup or </Set>"),
        (f"<Set>{HOST}{IN_V4.replace('blockc_x', 'Any')}</Set>", "expected an IPHost, an"),
        (f"<Set>{HOST}{IN_V4}</Set><Set/>", "expected nothing after </Set>"),
        (f"<Set>{HOST}{IN_V4.replace('</HostList>', '', 1)}</Set>", "expected <Host> or </HostL"),
        (f"<Set><!-- {HOST} -->{HOST}{IN_V4}</Set>", "expected an IPHost, an IPHostGroup or"),
        ("", "expected <Set>"),
    ],
)
def test_a_request_that_sophos_could_take_otherwise_is_an_error(text: str, reason: str) -> None:
    read_host_groups(Text("x", f"<Set>\n{HOST}{IN_V4}</Set>\n"))
    with pytest.raises(SourceSyntaxError, match=reason):
        read_host_groups(Text("x", text))


def test_a_line_of_blanks_is_no_command_of_a_router() -> None:
    with pytest.raises(SourceSyntaxError, match="x:2:1: this command is not understood"):
        read_router(Text("x", f"{V4_MENU} \n{FRESH}{ADD}"))
