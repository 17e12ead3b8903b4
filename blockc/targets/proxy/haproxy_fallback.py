"""Where HAProxy looks twice: IPv4 clients in IPv6 clothes, and what that asks of the entries.

An IPv6 client that no IPv6 entry holds is looked up as IPv4 if it is in ::ffff:0:0/96 (IPv4 on a
socket bound with `v4v6`), in ::/96 or in 2002::/16 (6to4). And an IPv4 client that no IPv4 entry
holds is looked up in ::ffff:0:0/96. So that every client gets what the policy says:

* no IPv6 entry may hold an address of ::ffff:0:0/96. Otherwise a list of everything but an office,
  which covers that space too, would refuse the office as well;
* some IPv6 entry must hold ::/96, and some 2002::/16, or the IPv4 entries would decide there. Only
  a map can say so of space that it does not block.

Source: HAProxy 2.6.12 itself, asked; `pat_match_ip` in its src/pattern.c.
"""

from blockc.addresses import V6, Prefix
from blockc.addresses.rules import Rules
from blockc.targets.core.mapped import around_mapped, is_held, merged, rules_of_pieces

ASKED_TWICE = (Prefix(V6, 0, 96), Prefix(V6, 0x2002 << 112, 16))


def without_mapped(rules: Rules) -> Rules:
    """Return rules of one family that HAProxy decides by the longest match, fallback or not.

    Nothing holds ::ffff:0:0/96, and the default is said where HAProxy must not look twice.
    """
    if rules.family != V6:
        return rules
    rules = around_mapped(rules)
    missing = [prefix for prefix in ASKED_TWICE if not is_held(rules, prefix)]
    if not missing:
        return rules
    return merged(rules, rules_of_pieces([(prefix, 0) for prefix in missing]))
