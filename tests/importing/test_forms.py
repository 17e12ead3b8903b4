"""What stands in the files of today is read as the programs read it, and nothing is lost."""

import pytest

from blockc.addresses import AddrSet
from blockc.addresses.addrset import union
from blockc.errors import PolicyError, SourceUnfit
from blockc.importing.importer import Imported, import_files
from tests.targets.artifacts import prefixes


def imported(text: str, form: str = "", *values: str) -> Imported:
    """Return what one file says."""
    (found,) = import_files({"x": text.encode()}, form, values)
    return found


def lines(found: Imported, what: str) -> list[int]:
    """Return the lines of the entries that are dead, redundant or cleared."""
    return [entry.line for entry in found.named(what)]


NGINX = """
geo $remote_addr $bad {   # ours
    default 0;
    192.0.2.0/24 1;
    192.0.2.7 0;
    192.0.2.9 "1";
    203.0.113.0/24 0;
    include more.conf;
}
server {
    listen 80;
    allow 198.51.100.7; deny 198.51.100.0/24;
    deny 198.51.100.128/25;
    deny 2001:db8::7/64;
    location /x { deny example.com; }
}
"""


def test_nginx_is_read_as_nginx_decides() -> None:
    found = imported(NGINX)
    office = prefixes("192.0.2.7/32", "198.51.100.7/32")
    assert (found.form, found.guessed) == ("nginx", True)
    assert found.blocked == prefixes("192.0.2.0/24", "198.51.100.0/24", "2001:db8::/64") - office
    assert [(one.line, one.text) for one in found.unread] == [
        (8, "include more.conf"),
        (15, "example.com"),
    ]
    assert lines(found, "dead") == [13]
    assert lines(found, "redundant") == [6, 7]
    assert lines(found, "cleared") == [14]
    assert found.others == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("deny 192.0.2.0/24 198.51.100.0/24;", "nginx takes one address here"),
        ("denny 203.0.113.0/24;", "holds a prefix and is not known"),
        ("set_real_ip_from 203.0.113.0/24;", ""),
        ("rewrite ^/a/b$ /c/1 last;", ""),
    ],
)
def test_a_statement_of_nginx_that_may_be_about_clients_is_named(line: str, reason: str) -> None:
    found = imported(f"deny 192.0.2.7;\n{line}\n")
    assert [(one.line, one.why) for one in found.unread] == ([(2, reason)] if reason else [])
    assert found.blocked == prefixes("192.0.2.7/32")


def test_a_geo_block_of_whom_to_admit_blocks_all_others() -> None:
    found = imported("geo $ok { default deny; 192.0.2.0/24 allow; }")
    assert found.blocked == AddrSet.everything() - prefixes("192.0.2.0/24")


def test_the_words_that_block_can_be_said() -> None:
    text = "geo $c { default ZZ; 192.0.2.0/24 CN; 198.51.100.0/24 NL; }"
    assert imported(text, "nginx", "CN").blocked == prefixes("192.0.2.0/24")


def test_deny_all_behind_what_is_allowed_blocks_everybody_else() -> None:
    found = imported("allow 192.0.2.0/24;\nallow 2001:db8::/32;\ndeny all;\n")
    assert ~found.blocked == prefixes("192.0.2.0/24", "2001:db8::/32")


@pytest.mark.parametrize(
    ("text", "blocked"),
    [
        ("Require all granted\nRequire not ip 192.0.2.0/24 10.1\n",
         ("192.0.2.0/24", "10.1.0.0/16")),
        ("Order Deny,Allow\nDeny from 10.0.0.0/8\nAllow from 10.0.0.0/9\n", ("10.128.0.0/9",)),
        ("Order Allow,Deny\nAllow from all\nDeny from 192.0.2.7\n", ("192.0.2.7/32",)),
        ("<RequireNone>\nRequire ip 192.0.2.0/24\n</RequireNone>", ("192.0.2.0/24",)),
        ("<Location />\n<RequireAll>\nRequire not ip 192.0.2.7\n</RequireAll>\n</Location>",
         ("192.0.2.7/32",)),
    ],
)  # fmt: skip
def test_apache_is_read_in_its_old_and_its_new_words(text: str, blocked: tuple[str, ...]) -> None:
    found = imported(text)
    assert found.form == "apache"
    assert found.blocked == prefixes(*blocked)


def test_apache_that_admits_some_blocks_the_others_and_names_what_it_does_not_know() -> None:
    found = imported("Require ip 192.0.2.0/24\nRequire host example.com\nDeny from env=bad\n")
    assert ~found.blocked == prefixes("192.0.2.0/24")
    assert [one.line for one in found.unread] == [2, 3]


IPTABLES = """\
*filter
:INPUT DROP [0:0]
[3:180] -A INPUT -s 192.0.2.0/25 -j ACCEPT
-A INPUT -s 192.0.2.0/24 -m comment --comment "it's -j ACCEPT" -j DROP
-A INPUT -s 192.0.2.7/32 -j DROP
-A INPUT ! -s 203.0.113.0/24 -j DROP
-A INPUT -s 203.0.113.9/32 -p tcp -m tcp --dport 22 -j DROP
-A INPUT -m iprange --src-range 10.0.0.1-10.0.0.9 -j REJECT --reject-with icmp-port-unreachable
-A INPUT -m set --match-set bad src -j DROP
-A INPUT -m set --match-set gone src -j DROP
-A INPUT -i lo -j ACCEPT
COMMIT
"""
IPSET = """\
create bad hash:net family inet hashsize 1024 maxelem 65536
create good hash:net family inet
create ports hash:ip,port family inet
add bad 198.51.100.0/24
add bad 198.51.100.7 nomatch
add good 203.0.113.0/24
add ports 192.0.2.1,tcp:22
"""


def test_iptables_and_its_sets_are_read_together() -> None:
    rules, sets = import_files({"rules": IPTABLES.encode(), "sets": IPSET.encode()})
    assert (rules.form, sets.form) == ("iptables", "ipset")
    assert rules.blocked == prefixes(
        "192.0.2.128/25", "198.51.100.0/24", "10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/30",
        "10.0.0.8/31",
    ) - prefixes("198.51.100.7/32")  # fmt: skip
    assert [one.line for one in rules.unread] == [2, 6, 7, 10, 11]
    assert lines(rules, "dead") == [5]
    assert sets.blocked == prefixes("203.0.113.0/24")  # no rule names it, so it blocks
    assert [one.line for one in sets.unread] == [7]


def test_a_set_that_a_rule_accepts_is_not_blocked() -> None:
    rules = "-A INPUT -m set --match-set good src -j ACCEPT\n-A INPUT -s 203.0.113.7 -j DROP\n"
    found = import_files({"rules": rules.encode(), "sets": b"add good 203.0.113.0/24\n"})
    assert not union(one.blocked for one in found)


NFT = """\
table inet filter { # handle 3
	set bad {
		type ipv4_addr
		flags interval,timeout
		elements = { 192.0.2.0/24 counter packets 1 bytes 60 comment "a, b",
			198.51.100.1-198.51.100.4 timeout 1d expires 2h,
			203.0.113.7 }
	}
	set ports {
		type inet_service
		elements = { 22 }
	}
	chain input {
		type filter hook input priority filter; policy accept;
		ip saddr { 192.0.2.8, 192.0.2.9 } accept
		ip saddr @bad counter packets 0 bytes 0 drop # handle 9
		ip6 saddr 2001:db8::/32 reject with icmpv6 admin-prohibited
		ip saddr 10.0.0.0/8 tcp dport 22 drop
	}
}
"""


def test_nft_is_read_by_its_chains() -> None:
    found = imported(NFT)
    assert found.form == "nft"
    assert found.blocked == prefixes(
        "192.0.2.0/24", "198.51.100.1/32", "198.51.100.2/31", "198.51.100.4/32", "203.0.113.7/32",
        "2001:db8::/32",
    ) - prefixes("192.0.2.8/31")  # fmt: skip
    assert [one.text.split()[0] for one in found.unread] == ["set", "ip"]


@pytest.mark.parametrize(
    ("form", "text", "blocked"),
    [
        ("map", "# c\n192.0.2.0/24 block\n192.0.2.7/32 none\n", "192.0.2.0/24 -192.0.2.7/32"),
        ("map", "0x55d0 192.0.2.0/24 1\n0x55d8 198.51.100.7/32 0\n", "192.0.2.0/24"),
        ("lines", "0x55d0 192.0.2.0/24\n0x55d8 198.51.100.7\n", "192.0.2.0/24 198.51.100.7/32"),
        ("aws", '{"IPSet": {"Addresses": ["192.0.2.0/24",\n"2001:db8::/32"]}, "LockToken": "x"}',
         "192.0.2.0/24 2001:db8::/32"),
        ("p2p", "A: b:001.002.003.000-001.002.003.255\n", "1.2.3.0/24"),
        ("dat", "001.002.003.000 - 001.002.003.255 , 000 , A\n9.9.9.9 - 9.9.9.9 , 200 , B\n",
         "1.2.3.0/24"),
        ("lines", "; c\r\n192.0.2.*\r\n198.51.100.7 // x\r\n10.0.0.0 - 10.0.0.1\r\n",
         "192.0.2.0/24 198.51.100.7/32 10.0.0.0/31"),
    ],
)  # fmt: skip
def test_lists_are_recognised_and_read(form: str, text: str, blocked: str) -> None:
    found = imported(text)
    words = blocked.split()
    spared = prefixes(*(word[1:] for word in words if word[0] == "-"))
    assert found.form == form
    assert found.blocked == prefixes(*(word for word in words if word[0] != "-")) - spared
    assert not found.unread


def test_a_list_names_what_it_does_not_understand() -> None:
    found = imported("192.0.2.0/24\nexample.com\n192.0.2.300\n192.0.2.7\n192.0.2.9/33\n")
    assert [one.line for one in found.unread] == [2, 3, 5]
    assert lines(found, "dead") == [4]


def test_a_map_of_countries_blocks_nobody_until_somebody_says_who() -> None:
    text = "192.0.2.0/24 CN\n198.51.100.0/24 NL\n"
    assert len(imported(text, "map").unread) == 2
    assert imported(text, "map", "NL").blocked == prefixes("198.51.100.0/24")


@pytest.mark.parametrize("text", ["dear all,\nplease block nobody\n", "\0\1\2", "<html>"])
def test_what_has_no_form_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(SourceUnfit, match="in no form") as refused:
        imported(text)
    assert "nginx" in refused.value.hint


def test_an_unknown_form_is_refused_with_the_nearest() -> None:
    with pytest.raises(PolicyError, match=r"neither a form nor a target.*nginx"):
        imported("192.0.2.1", "ngnix")


def test_the_name_of_a_target_reads_also_what_others_wrote_for_its_platform() -> None:
    found = imported("deny 192.0.2.0/24;", "nginx-geo")
    assert (found.form, found.blocked) == ("nginx", prefixes("192.0.2.0/24"))
