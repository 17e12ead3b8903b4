"""The forms that `blockc import` reads, and how one is recognised."""

import re
from collections.abc import Callable, Mapping, Sequence

from blockc.importing.entries import Contents
from blockc.importing.firewalls import read_ipset, read_iptables, read_nft
from blockc.importing.list_files import read_aws, read_dat, read_lines, read_map, read_p2p
from blockc.importing.servers import read_apache, read_nginx
from blockc.values import Value


class Form(Value, eq=False):
    """One form in which programs write or print who is blocked.

    Attributes:
        title: What it is, for people.
        read: Returns what a text says; the words are those by which maps say that they block.
        marks: What a text in this form has somewhere.
        target: The target that writes the like of it, for the first policy.
    """

    title: str
    read: Callable[[str, Sequence[str]], Contents]
    marks: re.Pattern[str]
    target: str


def _marks(pattern: str) -> re.Pattern[str]:
    """Return a pattern to search for; none looks at a line more than a few times, or at others."""
    return re.compile(pattern, re.MULTILINE)


_ADDRESS = r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]+)"
_KEPT = r"(?:0x[0-9a-f]+ )?"  # HAProxy prints first where it keeps an entry

#: name -> form, in the order in which a text is tried; the last one is not guessed by its marks.
FORMS: Mapping[str, Form] = {
    "iptables": Form(
        "rules of iptables-save or ip6tables-save", read_iptables,
        _marks(r"^(?:\[.*\] )?-A \S"), "ipset",
    ),
    "ipset": Form(
        "sets of ipset save", read_ipset,
        _marks(r"^(?:create|add) (?:-exist )?[\w.:-]+ \S"), "ipset",
    ),
    "nft": Form(
        "sets and chains of nft list", read_nft,
        _marks(r"^[ \t]*table (?:\w+ )?[\w-]+ \{"), "nftables",
    ),
    "apache": Form(
        "Require, Allow and Deny of Apache", read_apache,
        _marks(r"(?i)^[ \t]*(?:Require (?:not )?(?:ip|all)|(?:Deny|Allow) from)\b"), "apache",
    ),
    "nginx": Form(
        "allow, deny and geo of nginx", read_nginx,
        _marks(r"^[ \t]*(?:(?:deny|allow)\s+\S+\s*;|geo\s+\$)"), "nginx-geo",
    ),
    "aws": Form("an IP set of AWS WAFv2", read_aws, _marks(r'"Addresses"\s*:\s*\['),
                "aws-wafv2-ipset"),
    "dat": Form(
        "a DAT list of eMule", read_dat,
        _marks(r"^[ \t]*[0-9.]+[ \t]*-[ \t]*[0-9.]+[ \t]*,[ \t]*[0-9]+[ \t]*,"), "plain",
    ),
    "p2p": Form(
        "a P2P list of PeerGuardian", read_p2p,
        _marks(r"^[0-9.]*[^0-9.#\n][^\n]*:[0-9.]+-[0-9.]+[ \t]*$"), "plain",
    ),
    "map": Form(
        "a map of HAProxy", read_map,
        _marks(rf"^{_KEPT}{_ADDRESS}(?:/[0-9]+)?[ \t]+[A-Za-z0-9_]+[ \t]*$"), "haproxy-map",
    ),
    "lines": Form(
        "a plain list", read_lines,
        _marks(rf"^[ \t]*{_KEPT}{_ADDRESS}"), "plain",
    ),
}  # fmt: skip


def guess(text: str) -> str:
    """Return the form that a text has, or nothing.

    >>> guess("deny 192.0.2.0/24;"), guess("192.0.2.0/24"), guess("dear all")
    ('nginx', 'lines', '')
    """
    return next((name for name, form in FORMS.items() if form.marks.search(text)), "")
