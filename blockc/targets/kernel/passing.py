"""What passes a packet filter before its list is asked: else a host may cut itself off.

Replies to what the host asked for itself come from anywhere, and on IPv6 a host that hears no
neighbours and no routers reaches nobody.
"""

from collections.abc import Iterator, Mapping

from blockc.targets.core.target_options import Option, OptionValue
from blockc.targets.syntax.reading import Ordered

PASSES = "traffic that passes"
LOOPBACK, ESTABLISHED = "loopback", "established and related connections"
NEIGHBOURS = (
    "router solicitations",
    "router advertisements",
    "neighbour solicitations",
    "neighbour advertisements",
)
OPTIONS = (
    Option("loopback", True, "true or false", about="whether what the host sends itself passes"),
    Option(
        "established",
        True,
        "true or false",
        about="whether replies pass, and connections that were there before",
    ),
    Option("neighbours", True, "true or false", about="whether neighbour discovery of IPv6 passes"),
)


def passing(options: Mapping[str, OptionValue], version: int | None = None) -> Iterator[Ordered]:
    """Yield what a file of one version, or of both, must let pass, and nothing else of the kind."""
    if options["loopback"]:
        yield Ordered(PASSES, LOOPBACK)
    if options["established"]:
        yield Ordered(PASSES, ESTABLISHED)
    for kind in NEIGHBOURS if options["neighbours"] and version != 4 else ():
        yield Ordered(PASSES, kind)
