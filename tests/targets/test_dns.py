"""What the grammars of name and mail servers take, and what is refused because a program errs."""

import pytest

from blockc.addresses import V4, V6
from blockc.errors import SourceSyntaxError
from blockc.targets.core.render import render
from blockc.targets.core.target import Target
from blockc.targets.dns.bind_acl import BIND_ACL
from blockc.targets.dns.bird_set import BIRD_SET
from blockc.targets.dns.dnsdist import DNSDIST
from blockc.targets.dns.postfix_cidr import POSTFIX_CIDR
from blockc.targets.dns.rpz import RPZ
from blockc.targets.dns.unbound import UNBOUND
from blockc.targets.syntax.reading import Reading
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import replace
from tests.targets.artifacts import (
    EDGES,
    PATH,
    TEMPLATES,
    draft,
    in_order,
    nested,
    rules_of,
    written,
    written_rules,
)


def read(target: Target, text: str) -> Reading:
    """Return what the reader of a target makes of a text."""
    return target.reader([ArtifactFile(PATH, text.encode())])


def said(reading: Reading) -> dict[str, object]:
    """Return what a text says beside its entries."""
    return {one.what: one.value for one in reading.found}


def test_an_acl_may_be_written_in_any_form_that_bind_reads_alike() -> None:
    text = "// x {\n# y\nacl x {! 10.1.0.0/16;10.0.0.0/8 ;\n\t2001:db8::1; };"
    reading = read(BIND_ACL, text)
    assert reading.rules[V4].verdict.tolist() == [0, 1]
    assert len(reading.rules[V6]) == 1
    assert said(reading) == {"BIND acl": "x"}
    assert said(read(BIND_ACL, 'acl "a-b" { };')) == {"BIND acl": "a-b"}


LUA = """x = newNMG()
for mask in ([[
10.0.0.0/8
]]):gmatch("%S+") do x:addMask(mask) end
addAction(NetmaskGroupRule(x), DropAction())
"""


ZONE = """; a list
$TTL 60
@ IN SOA localhost. root.localhost. 1 3600 600 604800 60 ; serial
@ IN NS localhost.
"""
SETS = """# a list
define x_v4 = [ 10.0.0.0/8+ ];
define x_v6 = [
    2001:db8::/32+,  # inside
    2001:db9::/32+ ];
"""


@pytest.mark.parametrize(
    ("target", "text", "message"),
    [
        (BIND_ACL, "acl any { 10.0.0.0/8; };", "a name other than any, none, localhost, localnets"),
        (BIND_ACL, "acl x { 10.0.0.0/8 };", "an address or a prefix, and `;`"),
        (BIND_ACL, "acl x { !!10.0.0.0/8; };", "an address or a prefix, and `;`"),
        (BIND_ACL, "acl x { !; };", "an address or a prefix, and `;`"),
        (BIND_ACL, "acl x { any; };", "'any' is not an address"),
        (BIND_ACL, "acl x { 10/8; };", "'10' is not an address"),
        (BIND_ACL, "acl x { 10.0.0.1/8; };", "has host bits set"),
        (BIND_ACL, "acl x { 10.0.0.0/8; !10.0.0.0/8; };", "10.0.0.0/8 occurs twice"),
        (BIND_ACL, "acl x { { 10.0.0.0/8; }; };", "an address or a prefix, and `;`"),
        (BIND_ACL, "acl x { }", "expected ';', found ''"),
        (BIND_ACL, "acl x { }; acl y { };", "one acl and nothing else"),
        (BIND_ACL, "acl x { /* 10.0.0.0/8; */ };", "expected"),
        (POSTFIX_CIDR, "!10.0.0.0/8 REJECT\n", "'!10.0.0.0' is not an address"),
        (POSTFIX_CIDR, "10.0.0.1/8 REJECT\n", "has host bits set"),
        (POSTFIX_CIDR, "10.0.0.0/8 OK\n", "'OK' is not one of DUNNO, REJECT, WARN, INFO"),
        (POSTFIX_CIDR, "10.0.0.0/8\n", "expected a prefix and one word"),
        (POSTFIX_CIDR, "if 10.0.0.0/8\n10.0.0.0/9 REJECT\nendif\n", "expected a prefix and one"),
        (POSTFIX_CIDR, "# x\n 10.0.0.0/8 REJECT\n", "to Postfix this goes on with the line"),
        (POSTFIX_CIDR, "10.0.0.0/8 REJECT\n10.0.0.0/8 DUNNO\n", "10.0.0.0/8 occurs twice"),
        (UNBOUND, "access-control: 10.0.0.0/8 deny\n", "`server:` before anything else"),
        (UNBOUND, "server:\n", ""),
        (UNBOUND, "server:\naccess-control: 10.0.0.0/8 allow\n", "refuse or deny, found allow"),
        (UNBOUND, "server:\naccess-control: 10.0.0.0/8 deny\naccess-control: ::/0 refuse\n",
         "expected deny, found refuse"),
        (UNBOUND, "server:\ninterface: 10.0.0.0/8 deny\n", "expected access-control:, found inter"),
        (UNBOUND, "server:\naccess-control: 10.0.0.0/8 deny # x\n", "expected access-control: "),
        (RPZ, ZONE, ""),
        (RPZ, ZONE + "24.0.2.0.192.rpz-ip CNAME .\n", ""),
        (RPZ, ZONE + "32.zz.db8.2001.rpz-ip CNAME .\n128.zz.rpz-ip CNAME .\n", ""),
        (RPZ, ZONE.replace("@ IN NS localhost.\n", ""), "expected $TTL, SOA and NS, the text ends"),
        (RPZ, ZONE + " CNAME .\n", "expected LENGTH.ADDRESS-BACKWARDS.rpz-TRIGGER CNAME ACTION"),
        (RPZ, ZONE + "24.0.2.0.192.rpz-nsip CNAME .\n", "expected LENGTH.ADDRESS-BACKWARDS"),
        (RPZ, ZONE + "24.0.2.0.192.rpz-ip CNAME rpz-drop\n", "expected one of ., *., rpz-drop."),
        (RPZ, ZONE + "24.1.2.0.192.rpz-ip CNAME .\n", "has host bits set"),
        (RPZ, ZONE + "24.0.2.0.192.rpz-ip CNAME .\n" * 2, "192.0.2.0/24 occurs twice"),
        (RPZ, ZONE + "48.0.0.0.0.0.1.db8.2001.rpz-ip CNAME .\n", "named spells 48.0.0.0.0.0.1"),
        (RPZ, ZONE + "024.0.2.0.192.rpz-ip CNAME .\n", "'024' is not a prefix length"),
        (RPZ, ZONE + "32.zz.0db8.2001.rpz-ip CNAME .\n", "named spells 32.zz.0db8.2001 otherwise"),
        (RPZ, ZONE + "24.0.2.0.192.rpz-ip CNAME .\n24.0.3.0.192.rpz-ip CNAME rpz-drop.\n",
         "another RPZ action than ."),
        (RPZ, ZONE + "24.0.2.0.192.rpz-ip CNAME .\n24.0.3.0.192.rpz-client-ip CNAME .\n",
         "another RPZ trigger than ip"),
        (BIRD_SET, SETS, ""),
        (BIRD_SET, SETS.replace("10.0.0.0/8+", " "), ""),
        (BIRD_SET, SETS.replace("/8+", "/8"), "expected a prefix with + behind it"),
        (BIRD_SET, SETS.replace("/8+", "/8{8,32}"), "expected a prefix with + behind it"),
        (BIRD_SET, SETS.replace("/8+", "/8+,"), "expected no comma behind the last entry"),
        (BIRD_SET, SETS.replace("/8+", "/8+ 11.0.0.0/8+"), "expected entries with a comma between"),
        (BIRD_SET, SETS.replace("/8+", "/8+, 10.0.0.0/8+"), "10.0.0.0/8 occurs twice"),
        (BIRD_SET, SETS.replace("10.0.0.0/8", "2001:db8::/32"), "an ipv6 entry where it does not"),
        (BIRD_SET, SETS.replace("x_v4", "x_v6"), "a set that ends with _v4"),
        (BIRD_SET, SETS + "define y = 1;\n", "expected two sets and nothing else"),
        (DNSDIST, LUA, ""),
        (DNSDIST, "--[[\n" + LUA + "]]\n", "a NetmaskGroup, its netmasks and one rule"),
        (DNSDIST, LUA + LUA, "a NetmaskGroup, its netmasks and one rule"),
        (DNSDIST, LUA.replace("DropAction", "AllowAction"), "expected one of DropAction()"),
        (DNSDIST, LUA.replace("10.0.0.0/8", "10.0.0.0/8\n!10.0.0.0/8"), "occurs twice"),
        (DNSDIST, LUA.replace("10.0.0.0/8", "10.0.0.0/8\n!!10.1.0.0/16"), "is not an address"),
        (DNSDIST, LUA.replace("10.0.0.0/8", "10.0.0.0/8\xa010.1.0.0/16"), "may not take"),
    ],
)  # fmt: skip
def test_what_cannot_be_proved_is_refused(target: Target, text: str, message: str) -> None:
    if not message:
        read(target, text)
        return
    with pytest.raises(SourceSyntaxError) as refused:
        read(target, text)
    assert message in refused.value.message
    assert refused.value.at
    assert refused.value.at.line


def test_an_exception_stands_before_what_it_is_taken_from() -> None:
    rules = nested(("10.0.0.0/8", 1), ("10.1.0.0/16", 0), ("2001:db8::/32", 1))
    for target, first, second in (
        (BIND_ACL, b"    !10.1.0.0/16;\n", b"    10.0.0.0/8;\n"),
        (POSTFIX_CIDR, b"10.1.0.0/16 DUNNO\n", b"10.0.0.0/8 REJECT\n"),
    ):
        (file,) = written_rules(target, in_order(target, rules))
        assert first + second in file.data


def test_unbound_gets_no_allow_which_would_open_the_resolver() -> None:
    assert not UNBOUND.has_exceptions
    for case in EDGES:
        assert b" allow" not in written(UNBOUND, EDGES[case])[0].data


def test_a_zone_has_no_clock_in_its_serial_and_a_new_one_only_where_it_is_asked_for() -> None:
    first, again = (written(RPZ, EDGES["neighbours"])[0].data for _ in range(2))
    assert first == again
    assert b" 1 3600 600 604800 60 ; serial\n" in first
    other = written(RPZ, EDGES["neighbours"], {"serial": 2_026_112_701})[0].data
    assert other == first.replace(b" 1 3600", b" 2026112701 3600")


def test_a_zone_only_watches_in_the_stage_monitor_and_no_exception_ends_other_policies() -> None:
    document = draft(RPZ, rules_of(RPZ, EDGES["neighbours"]), names=("", "monitor"))
    (file,) = render(RPZ, replace(document, action="monitor"), PATH, TEMPLATES)
    assert read(RPZ, file.data.decode()).names[1:3] == ("block", "monitor")
    assert b"CNAME rpz-passthru." in file.data
    assert not RPZ.has_exceptions
