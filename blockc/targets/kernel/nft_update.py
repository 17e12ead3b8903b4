"""nftables, contents only: what is in two sets of a table that stands already, and nothing else.

The rules around the sets, their counters and everything else in the table stay as they are. nft
sends the file as one transaction, so no packet sees a set that is empty or half filled.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from blockc.addresses import Family
from blockc.addresses.rules import Match, Rules
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    NativeCheck,
    Reference,
    Target,
)
from blockc.targets.core.target_options import Option, OptionValue
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.kernel.nft_file import NFT, elements
from blockc.targets.syntax.reading import Found, Ordered, Part, Reading, each
from blockc.targets.syntax.statements import Statements
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

_NAME = re.compile(r"[A-Za-z][\w./-]*", re.ASCII)
_FAMILY = re.compile("inet|ip|ip6|netdev|bridge")


def read_update(text: Text) -> Reading:
    """Return what is in the sets that are flushed and filled; a set holds one family.

    Source: nft(8) and nft 1.0.6 itself. An element of the other family would be looked up as a
    host name by nft, so it is an error here.
    """
    file = NFT.read(text)
    file.skip_ends()
    sets: dict[str, list[Part]] = {}
    found: list[Found] = []
    while file.word:
        if file.word == "flush":
            made = _set(file, "flush", "set")
            if made.value in sets:
                raise made.error("this set is flushed twice")
            sets[str(made.value)] = []
            found.append(made)
            file.end()
            continue
        filled = _set(file, "add", "element")
        if filled.value not in sets:
            raise filled.error("the set may hold elements from before")
        file.expect("{")
        file.skip_ends()
        parts = [one for one in elements(file) if len(one.rules)]
        file.expect("}")
        file.end()
        if len(parts) != 1 or sets[str(filled.value)]:
            raise filled.error("expected the elements of one family, in one statement")
        sets[str(filled.value)] = parts
        found.append(replace(filled, what=_of(parts[0].rules.family)))
    known = [part for parts in sets.values() for part in parts]
    families = {part.rules.family for part in known}
    empty = (
        Part(Rules.empty(family), lambda _, why: file.error(why))
        for family in text.families
        if family not in families
    )
    return Reading((*known, *empty), found=tuple(found))


def _set(file: Statements, *verb: str) -> Found:
    """Step over a verb and the set that it is about, and return the set."""
    file.expect(*verb)
    found = file.found("nft set")
    words = (
        file.take(_FAMILY, "the family of the table"),
        file.take(_NAME, "the name of the table"),
        file.take(_NAME, "the name of a set"),
    )
    return replace(found, value=" ".join(words))


def _of(family: Family) -> str:
    return f"nft set of {family.name}"


def _orders(document: Document, _: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    options = document.options
    for part in parts:
        name = f"{options['family']} {options['table']} {options[f'set{part.version}']}"
        yield Ordered("nft set", name, claimed=True)
        yield Ordered(_of(part.family), name, required=part.count > 0)


def _conflict(options: Mapping[str, OptionValue]) -> str:
    return "set4 and set6 are one set" if options["set4"] == options["set6"] else ""


def _name(option: str, default: str, about: str, part: str = "") -> Option:
    expects = "a letter, then up to 63 letters, digits or _"
    return Option(option, default, expects, pattern=r"[A-Za-z]\w{0,63}", part=part, about=about)


NFTABLES_UPDATE = Target(
    name="nftables-update",
    title="Contents of nftables interval sets",
    match=Match.INTERVALS,
    form=EntryForm.RANGE,
    layout=Layout.TOGETHER,
    writer="nftables-update.nft.j2",
    ending="nft",
    reader=each(read_update),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    comment="#",
    options=(
        Option(
            "family",
            "inet",
            "inet, netdev or bridge",
            pattern="inet|netdev|bridge",
            about="the family of the table",
        ),
        _name("table", "blockc_{word}", "the table that holds the sets", "_{part}"),
        _name("set4", "v4", "the set of IPv4 addresses"),
        _name("set6", "v6", "the set of IPv6 addresses"),
    ),
    conflict=_conflict,
    # The sets as they would stand before, with an element that must go.
    native=NativeCheck(
        programs=("nft",),
        packages=("nftables",),
        argv=("sh", "@folder@/check.sh"),
        files={
            "before.nft": """\
table @option.family@ @option.table@ {
	set @option.set4@ { type ipv4_addr; flags interval; elements = { 192.0.2.1 }; }
	set @option.set6@ { type ipv6_addr; flags interval; elements = { 2001:db8::1 }; }
}
""",
            "check.sh": "set -e\nnft -f @folder@/before.nft\nnft -f @0@\nnft -f @0@\n",
        },
        namespace=True,
    ),
    maturity=Maturity.PROGRAM,
    packets=True,
    deployment=Deployment(
        load="nft -f list.nft  # one transaction: a file that fails leaves the old contents",
        rollback="nft -f PREVIOUS/list.nft",
    ),
    notes="""\
The table and the two sets must stand already, with `type ipv4_addr; flags interval;` and `type
ipv6_addr; flags interval;`: your own, or those that an output of the target `nftables` with the
same list makes. Rules and counters around the sets stay; what they do to an address in a set is
theirs to say. `nftables` writes the rules too, and begins their counters anew.

The file is not cut into pieces: nft 1.0.6 sends 500,000 elements in one statement, as one
transaction.""",
    references=(
        Reference("https://www.netfilter.org/projects/nftables/manpage.html", checked="2026-11-23"),
    ),
)
