"""ipset restore files, and the iptables rules that drop what is in the sets.

Sets are filled aside and swapped, since a restore that fails half way keeps what it added. A set
that exists can be created again only with the same `maxelem` (ipset 7.17 says "set with the same
name already exists"), so that number is an option and never follows the entries; it costs no
memory.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from blockc.addresses import V4, V6, Family
from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import ExtraFile, File
from blockc.targets.core.live import LiveForm, joined, only
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Lengths,
    Maturity,
    MaxEntries,
    NativeCheck,
    Reference,
    Responses,
    Target,
)
from blockc.targets.core.target_options import Option, OptionValue
from blockc.targets.core.verdicts import ContentKind, Vocabulary
from blockc.targets.kernel.ipset_restore import MOST_ENTRIES, Restore
from blockc.targets.kernel.iptables import Saved, read_rules
from blockc.targets.kernel.passing import OPTIONS, PASSES, passing
from blockc.targets.syntax.reading import Ordered, Reading, acting, decoded
from blockc.targets.syntax.tokens import Text
from blockc.values import replace


def read_ipset(texts: Sequence[Text]) -> Reading:
    """Return what the rules do to the contents of their sets once the restore file has run.

    Args:
        texts: The restore file, then a rules file per family.
    """
    restore = Restore(texts[0])
    rules = [(text, read_rules(text)) for text in texts[1:]]
    sets = [
        acting(Reading((restore.part(name, family),)), action)
        for text, file in rules
        for family in text.families
        for name, action in file.actions.items()
    ]
    restore.require_loadable_again()
    found = (*restore.found, *(found for _, file in rules for found in file.found))
    return Reading.joined([*sets, Reading((), found=found)])


_OPTIONS_SHOWN = re.compile(r" (?:bucketsize [0-9]+|initval 0x[0-9a-f]+)")
_ENTERED = "rule that sends packets to the chain"


def read_saved(texts: Sequence[Text], options: Mapping[str, OptionValue]) -> Reading:
    """Return the same of what `ipset save`, `iptables-save` and `ip6tables-save` show.

    The kernel shows sets in no order, addresses without their length, and other sets and chains.
    """
    whole, chain = joined(texts), str(options["set"])
    names = {family: f"{chain}_v{family.version}" for family in (V4, V6)}
    sets = only(whole, lambda line: _set_line(line, [*names.values()]))
    restore = Restore(sets)
    readings = []
    found = list(restore.found)
    for family, name in names.items():
        rules = Saved(whole, chain, family)
        file = read_rules(rules.text)
        action = file.actions.get(name, "")
        readings += [acting(Reading((restore.part(name, family),)), action)] if action else []
        passes = f"{_program(family)} {PASSES}"  # what passes one does not pass the other
        found += [replace(o, what=passes) if o.what == PASSES else o for o in file.found]
        found += rules.entered(_ENTERED)
    return Reading.joined([*readings, Reading((), found=tuple(found))])


def _set_line(line: str, names: Sequence[str]) -> str | None:
    """Return a line of `ipset save` as a restore file has it, None if it is about other sets."""
    words = line.split(" ", 2)
    if words[0] not in ("create", "add") or words[1:2][0] not in names:
        return None
    return _OPTIONS_SHOWN.sub("", line)


def _live_orders(options: Mapping[str, OptionValue]) -> Iterator[Ordered]:
    for family in (V4, V6):
        program = _program(family)
        yield Ordered(f"{program} {_ENTERED}", options["set"])
        for one in passing(options, family.version):
            yield replace(one, what=f"{program} {one.what}")


def _program(family: Family) -> str:
    return "iptables" if family == V4 else "ip6tables"


def _orders(document: Document, file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    options = document.options
    live = {family: f"{options['set']}_v{family.version}" for family in file.families}
    if file.writer == IPSET.writer:
        for name in live.values():
            yield Ordered("ipset set", name, claimed=True)
            yield Ordered("ipset set", f"{name}_new", claimed=True, required=False)
        yield Ordered("maxelem", options["maxelem"])
        yield Ordered("hashsize", options["hashsize"])
        return
    for family, name in live.items():
        yield Ordered(f"{_program(family)} chain", options["set"], claimed=True)
        yield Ordered("ipset set", name)
        yield from passing(options, family.version)


_MANUAL = Reference("https://ipset.netfilter.org/ipset.man.html", checked="2026-11-23")

_NOTES = """\
A set can be created again only with the same `maxelem`, so that number never follows the
entries; it costs no memory. Load the restore file first, then the rules; load the rules again
when a stage begins.

Loopback, replies to what the host asked for itself and neighbour discovery pass before the list
is asked; connections that were there before pass too.

In the stage `monitor` the rules count packets, in `warn` they count and log them, at most ten a
second; `iptables -L CHAIN -v` shows the counters."""

# The sets are loaded twice, as an update would, then the rules are tested, in one namespace.
_NATIVE = NativeCheck(
    programs=("ipset", "iptables-restore", "ip6tables-restore"),
    packages=("ipset", "iptables"),
    argv=("sh", "@folder@/check.sh"),
    files={
        "check.sh": """\
set -e
ipset restore < @0@
ipset restore < @0@
iptables-restore --test --noflush < @1@
ip6tables-restore --test --noflush < @2@
"""
    },
    namespace=True,
)

IPSET = Target(
    name="ipset",
    title="ipset restore file with iptables rules",
    match=Match.LONGEST,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="ipset.ipset.j2",
    ending="ipset",
    extra_files=(
        ExtraFile("ipset.rules.j2", ".rules.v4", (V4,)),
        ExtraFile("ipset.rules.j2", ".rules.v6", (V6,)),
    ),
    reader=decoded(read_ipset),
    orders=_orders,
    words={ContentKind.LIST: Vocabulary({"": "nomatch", "block": ""})},
    comment="#",
    options=(
        Option(
            "set",
            "blockc_{word}",
            "blockc_ and 1 to 17 lower-case letters, digits or _ (`_v4_new` must still fit)",
            # The prefix keeps a policy from swapping or flushing sets and chains of others.
            pattern=r"blockc_[a-z0-9_]{1,17}",
            part="_{part}",
            about="the chain, and the sets with _v4 and _v6 added",
        ),
        Option(
            "maxelem",
            1_048_576,
            f"a number from 1 to {MOST_ENTRIES}; destroy the sets before changing it",
            within=range(1, MOST_ENTRIES + 1),
            about="how many entries a set has room for",
        ),
        Option(
            "hashsize",
            4096,
            "a number from 64 to 1048576",
            within=range(64, 1_048_577),
            about="how many buckets a set begins with",
        ),
        *OPTIONS,
    ),
    max_entries=MaxEntries(1_048_576, _MANUAL, option="maxelem"),
    lengths=Lengths(range(1, 33), range(1, 129), _MANUAL),
    native=_NATIVE,
    maturity=Maturity.PROGRAM,
    packets=True,
    responses=Responses(actions=frozenset({"monitor", "warn"})),
    live=LiveForm(
        commands=("ipset save", "iptables-save", "ip6tables-save"),
        reader=read_saved,
        shows=frozenset({"ipset set", "maxelem", "iptables chain", "ip6tables chain"}),
        expects=_live_orders,
    ),
    deployment=Deployment(
        load="""\
ipset restore < list.ipset
iptables-restore --noflush < list.rules.v4
ip6tables-restore --noflush < list.rules.v6""",
        rollback="ipset restore < PREVIOUS/list.ipset  # the rules stay as they are",
    ),
    notes=_NOTES,
    references=(
        _MANUAL,
        Reference("https://manpages.debian.org/iptables-restore", checked="2026-11-23"),
    ),
)
