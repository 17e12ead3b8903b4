"""What the grammars of name and mail servers take, and what is refused because a program errs."""

import pytest

from blockc.addresses import V4, V6
from blockc.errors import SourceSyntaxError
from blockc.targets.core.target import Target
from blockc.targets.dns.bind_acl import BIND_ACL
from blockc.targets.dns.dnsdist import DNSDIST
from blockc.targets.dns.postfix_cidr import POSTFIX_CIDR
from blockc.targets.dns.unbound import UNBOUND
from blockc.targets.syntax.reading import Reading
from blockc.targets.syntax.tokens import ArtifactFile
from tests.targets.artifacts import EDGES, PATH, in_order, nested, written, written_rules


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
