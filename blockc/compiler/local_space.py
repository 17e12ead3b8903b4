"""Lists that stop what a host needs of its own network, told where they are written."""

from collections.abc import Iterator, Mapping

from blockc.addresses import AddrSet, Prefix
from blockc.addresses.parse import parse_prefix
from blockc.policy.meaning.resolve import Resolved
from blockc.policy.model import Note
from blockc.targets.core.target import Target

#: Where neighbours speak before they have another address, and to whom.
LOCAL: Mapping[str, Prefix] = {
    text: parse_prefix(text) for text in ("169.254.0.0/16", "224.0.0.0/4", "fe80::/10", "ff00::/8")
}


def local_space_notes(resolved: Resolved, targets: Mapping[str, Target]) -> Iterator[Note]:
    """Yield a note for each list that a packet filter holds and that covers such space.

    A web server is asked by nobody from there, so only outputs that stop packets are looked at.
    """
    outputs = [one for one in resolved.policy.outputs if targets[one.target].packets]
    names = {name for output in outputs for name in output.lists}
    for one in resolved.lists if names else ():
        covered = [text for text, prefix in LOCAL.items() if one.addresses & AddrSet.of([prefix])]
        if one.name in names and covered:
            spaces = ", ".join(covered)
            said = (
                f"list {one.name!r} stops link-local or multicast traffic of the host's own "
                f"network ({spaces}); spare it with never_block unless that is meant"
            )
            side = "allow" if one.definition.allow else "block"
            yield Note(one.definition.place / side, said)
