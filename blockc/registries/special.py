"""Space that IANA set aside for special purposes, and which of it real clients use locally.

Source: IANA IPv4 and IPv6 Special-Purpose Address Registries, and RFC 5771 and RFC 4291 for
multicast, which those registries leave out. As known on 2026-09-30.
"""

from functools import cache

from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import Prefix
from blockc.addresses.parse import parse_raw
from blockc.values import Value

AS_OF = "2026-09-30"


class Special(Value):
    """One special-purpose prefix.

    `reachable`: it may be the source of traffic from the public Internet.
    `local_users`: clients really use it on the near side of a firewall (private networks,
    carrier NAT, loopback, link-local, multicast), so it must never be blocked by an optimisation.
    """

    prefix: Prefix
    name: str
    rfc: str
    reachable: bool
    local_users: bool


_TABLE = """
0.0.0.0/8            - local  791   this network
10.0.0.0/8           - local  1918  private use
100.64.0.0/10        - local  6598  shared address space (carrier NAT)
127.0.0.0/8          - local  1122  loopback
169.254.0.0/16       - local  3927  link local
172.16.0.0/12        - local  1918  private use
192.0.0.0/24         - local  6890  IETF protocol assignments
192.0.0.9/32         + local  7723  port control protocol anycast
192.0.0.10/32        + local  8155  TURN anycast
192.0.2.0/24         - -      5737  documentation (TEST-NET-1)
192.31.196.0/24      + -      7535  AS112-v4
192.52.193.0/24      + -      7450  AMT
192.88.99.0/24       + local  7526  6to4 relay anycast (deprecated)
192.168.0.0/16       - local  1918  private use
192.175.48.0/24      + -      7534  direct delegation AS112 service
198.18.0.0/15        - local  2544  benchmarking
198.51.100.0/24      - -      5737  documentation (TEST-NET-2)
203.0.113.0/24       - -      5737  documentation (TEST-NET-3)
224.0.0.0/4          - local  5771  multicast
240.0.0.0/4          - -      1112  reserved for future use
255.255.255.255/32   - local  8190  limited broadcast
::/128               - local  4291  unspecified address
::1/128              - local  4291  loopback
::ffff:0:0/96        - local  4291  IPv4-mapped addresses
64:ff9b::/96         + local  6052  IPv4-IPv6 translation
64:ff9b:1::/48       - local  8215  IPv4-IPv6 translation, local
100::/64             - -      6666  discard only
100:0:0:1::/64       - -      9780  dummy prefix
2001::/23            - local  2928  IETF protocol assignments
2001::/32            + local  4380  Teredo
2001:1::1/128        + local  7723  port control protocol anycast
2001:1::2/128        + local  8155  TURN anycast
2001:1::3/128        + local  9665  DNS-SD service registration anycast
2001:2::/48          - local  5180  benchmarking
2001:3::/32          + -      7450  AMT
2001:4:112::/48      + -      7535  AS112-v6
2001:10::/28         - -      4843  ORCHID (deprecated)
2001:20::/28         + local  7343  ORCHIDv2
2001:30::/28         + local  9374  drone remote identification
2001:db8::/32        - -      3849  documentation
2002::/16            + local  3056  6to4
2620:4f:8000::/48    + -      7534  direct delegation AS112 service
3fff::/20            - -      9637  documentation
5f00::/16            - local  9602  segment routing SIDs
fc00::/7             - local  4193  unique local
fe80::/10            - local  4291  link local
ff00::/8             - local  4291  multicast
"""


@cache
def special_purpose() -> tuple[Special, ...]:
    """Return every special-purpose prefix, in the order of families and addresses."""
    return tuple(_special(line) for line in _TABLE.strip().splitlines())


@cache
def special_addresses() -> AddrSet:
    """Return all special-purpose space."""
    return AddrSet.of(row.prefix for row in special_purpose())


#: Space that no registry can hand out: what stands there in a file of theirs is damage. No file of
#: theirs since 2018 delegated a part of it. fec0::/10 was for sites until RFC 3879 took it back.
_NOT_DELEGATED = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
    *("172.16.0.0/12", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
    *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    *("::/8", "2001:2::/48", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16"),
    *("fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
)
#: Where IANA gives registries nothing yet, and may one day.
_NOT_GIVEN_OUT = ("::/3", "4000::/2", "8000::/1")


@cache
def never_delegated() -> tuple[Prefix, ...]:
    """Return the prefixes of which no registry can delegate a part: private, multicast..."""
    return tuple(_prefix(text) for text in _NOT_DELEGATED)


@cache
def not_given_out() -> tuple[Prefix, ...]:
    """Return what is outside 2000::/3, of which alone registries have parts (RFC 4291, 2.4)."""
    return tuple(_prefix(text) for text in _NOT_GIVEN_OUT)


@cache
def protected_addresses() -> AddrSet:
    """Return the special-purpose space with real users, never to be blocked as don't-care."""
    return AddrSet.of(row.prefix for row in special_purpose() if row.local_users)


def _special(line: str) -> Special:
    text, reachable, local, rfc, name = line.split(maxsplit=4)
    return Special(_prefix(text), name, f"RFC {rfc}", reachable == "+", local == "local")


def _prefix(text: str) -> Prefix:
    address, _, length = text.partition("/")
    return Prefix(*parse_raw(address), int(length))
