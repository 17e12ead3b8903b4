"""nftables: a table of its own, with an interval set per family and a chain that drops sources.

The file replaces the whole table in one transaction: `table` makes sure that it exists, `delete`
removes it with everything in it, and the block makes it anew (`destroy` is unknown to nft 1.0.6).
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.live import LiveForm, block, joined, only
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    NativeCheck,
    Reference,
    Responses,
    Target,
)
from blockc.targets.core.target_options import Option, OptionValue
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.kernel.nft_file import HOOKS, NftFile, priority_number, tracks
from blockc.targets.kernel.nft_json import in_words, is_json
from blockc.targets.kernel.passing import OPTIONS, PASSES, passing
from blockc.targets.syntax.reading import Ordered, Reading, acting, each
from blockc.targets.syntax.tokens import Text

_COUNTED = re.compile(r"counter packets [0-9]+ bytes [0-9]+")


def read_nft(text: Text) -> Reading:
    """Return what the chains do to the sources in the interval sets they name."""
    return _meaning(NftFile(text))


def read_shown(texts: Sequence[Text], options: Mapping[str, OptionValue]) -> Reading:
    """Return the same of the table as `nft list table` or `nft list ruleset` shows it.

    Counters have counted, prefixes are ranges or not, and other tables stand beside. With `-j` it
    is JSON, whose places are lost.
    """
    if is_json(texts[0]):
        words = in_words(joined(texts), str(options["table"]))
        return _meaning(NftFile(words, shown=True))
    table = re.escape(str(options["table"]))
    counted = only(joined(texts), lambda line: _COUNTED.sub("counter", line))
    begin = re.compile(rf"^table inet {table} \{{", re.MULTILINE)
    return _meaning(NftFile(block(counted, begin, f"table inet {options['table']}"), shown=True))


def _meaning(file: NftFile) -> Reading:
    sets = (acting(Reading((file.sets[name],)), does) for name, does in file.actions.items())
    return Reading.joined([*sets, Reading((), found=tuple(file.found))])


def _orders(document: Document, _file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    options = document.options
    yield Ordered("nft table", f"inet {options['table']}", claimed=True)
    yield Ordered("nft hook", options["hook"])
    yield Ordered("nft priority", priority_number(str(options["priority"])))
    yield from passing(options)


def _conflict(options: Mapping[str, OptionValue]) -> str:
    """Return which options contradict each other, or nothing."""
    hook, priority = str(options["hook"]), priority_number(str(options["priority"]))
    if options["established"] and not tracks(hook, priority):
        return (
            f"the priority {options['priority']!r} is before connections are tracked, "
            "so established = true knows none; write priority = 'mangle', or established = false"
        )
    return ""


_NOTES = """\
The file replaces the whole table in one transaction; nothing else may live in that table.

Loopback, replies to what the host asked for itself and neighbour discovery pass before the list
is asked; connections that were there before pass too. In `prerouting` connections are tracked
after the priority -200, so `priority = "raw"` goes with `established = false` only.

In the stage `monitor` the sources are counted, in `warn` counted and logged, at most ten packets a
second and family; `nft list table inet TABLE` shows the counters."""

NFTABLES = Target(
    name="nftables",
    title="nftables table with interval sets",
    match=Match.INTERVALS,
    form=EntryForm.RANGE,
    layout=Layout.TOGETHER,
    writer="nftables.nft.j2",
    ending="nft",
    reader=each(read_nft),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    comment="#",
    options=(
        Option(
            "table",
            "blockc_{word}",
            "blockc_ and 1 to 48 lower-case letters, digits or _",
            # The file deletes this table: the prefix keeps it from being somebody else's.
            pattern=r"blockc_[a-z0-9_]{1,48}",
            part="_{part}",
            about="the table, of the family inet",
        ),
        Option(
            "hook",
            "prerouting",
            " or ".join(HOOKS),
            pattern="|".join(HOOKS),
            about="where packets are looked at",
        ),
        Option(
            "priority",
            "mangle",
            "raw, mangle, filter, security or a number, as text",
            pattern=r"raw|mangle|filter|security|-?[0-9]{1,5}",
            about="before or after which other chains",
        ),
        *OPTIONS,
    ),
    conflict=_conflict,
    native=NativeCheck(
        programs=("nft",),
        packages=("nftables",),
        argv=("nft", "--check", "--file", "@0@"),
        namespace=True,
    ),
    maturity=Maturity.PROGRAM,
    packets=True,
    responses=Responses(actions=frozenset({"monitor", "warn"})),
    live=LiveForm(
        commands=("nft list table inet TABLE",),
        reader=read_shown,
        shows=frozenset({"nft table", "nft hook", "nft priority", PASSES}),
        limits="With `nft -j list table` the JSON is read, and messages name no line.",
    ),
    deployment=Deployment(
        load="nft -f list.nft  # one transaction: a file that fails leaves the old table in force",
        rollback="nft -f PREVIOUS/list.nft  # or, to block nothing: nft delete table inet TABLE",
    ),
    notes=_NOTES,
    references=(
        Reference("https://www.netfilter.org/projects/nftables/manpage.html", checked="2026-11-23"),
    ),
)
