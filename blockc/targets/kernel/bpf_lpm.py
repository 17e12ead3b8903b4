"""Maps of the kernel's BPF for XDP programs and others: an LPM trie per family, by `bpftool batch`.

The file fills two new maps and then puts them into the place that programs look at: an array of
maps with one slot, which the kernel changes at once. Programs so see the old list or the new one.

A key is the length of the prefix, 32 bits in the byte order of a little-endian machine, and the
address in network order; a value is 32 bits, likewise little-endian. The kernel wants the flag
BPF_F_NO_PREALLOC (1) for such a map, so room for more entries costs no memory.
"""

import re
from collections.abc import Iterator, Sequence
from socket import AF_INET, AF_INET6, inet_ntop  # a pure function; nothing here opens a socket

from blockc.addresses import FAMILIES, V4, V6, Family, columns
from blockc.addresses.rules import Match
from blockc.errors import SourceSyntaxError
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.live import LiveForm, Options
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    MaxEntries,
    NativeCheck,
    Reference,
    Target,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import ContentKind, Vocabulary
from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.commands import Command, CommandGrammar, Run
from blockc.targets.syntax.json_tree import json_list
from blockc.targets.syntax.reading import Found, Ordered, Part, Reading, decoded
from blockc.targets.syntax.tokens import Text

BPFTOOL = CommandGrammar("bpftool", re.compile(r"[^ \t]+"), longest_line=65_000)

_WIDTHS = {4 + family.width // 8: family for family in (V4, V6)}  # bytes of a key -> its family
_SOCKETS = {V4: AF_INET, V6: AF_INET6}
_WORDS = Vocabulary({"": "0", "block": "1", "warn": "2", "monitor": "3"})
_CREATE = re.compile(
    r"map create (/\S+) type lpm_trie key ([0-9]+) value 4 entries ([1-9][0-9]{0,9})"
    r" name (\w{1,15}) flags 1",
    re.ASCII,
)
_PAIR = ("key", "value")
_SLOT = " key hex 00 00 00 00 value pinned "
_SWAP = re.compile(rf"map update pinned (/\S+){_SLOT}(/\S+)", re.ASCII)
_UPDATE = re.compile(r"map update pinned (/\S+) key hex ", re.ASCII)
_ENTRY = re.compile(r"((?:[0-9a-f]{2} ){8,20})value hex ((?:[0-9a-f]{2} ?){4})(?<! )")
_PREPARED = "# first all entries, then both maps take their places"


def write_batch(document: Document, _: File, parts: Sequence[FamilyEntries]) -> bytes:
    """Return the commands that fill a map for each family and put it in its place."""
    place = f"{document.options['folder']}/{document.options['map']}"
    lines = [f"# {line}" for line in document.header(list(parts))]
    for part in parts:
        new = f"{place}_v{part.version}_new"
        key = 4 + part.family.width // 8
        lines.append(
            f"map create {new} type lpm_trie key {key} value 4 "
            f"entries {document.options['entries']} name blockc_v{part.version} flags 1"
        )
        lines += map(f"map update pinned {new} key hex ".__add__, _entries(part))
    lines.append(_PREPARED)
    for part in parts:
        live = f"{place}_v{part.version}"
        lines.append(f"map update pinned {live}{_SLOT}{live}_new")
    return "".join(f"{line}\n" for line in lines).encode()


def _entries(part: FamilyEntries) -> Iterator[str]:
    """Yield key and value of each entry, as bytes in hexadecimal."""
    rules, size = part.rules, part.family.width // 8
    values = [int(part.words.word(name) or 0) for name in part.names]
    ends = [f" value hex {value.to_bytes(4, 'little').hex(' ')}" for value in values]
    rows = zip(
        rules.prefixes().length.tolist(),
        columns.ints(part.family, rules.start),
        rules.verdict.tolist(),
        strict=True,
    )
    for length, start, label in rows:
        key = length.to_bytes(4, "little") + start.to_bytes(size, "big")
        yield key.hex(" ") + ends[label]


class _Map:
    """A map that the file makes: its entries as text, the value and the line of each."""

    def __init__(self, made: Command, family: Family, room: int) -> None:
        self.made, self.family, self.room = made, family, room
        self.entries: list[str] = []
        self.values: list[str] = []
        self.lines: list[int] = []

    def add(self, line: int, entry: str) -> None:
        """Add what stands behind `key hex` in a line."""
        found = _ENTRY.fullmatch(entry)
        key = bytes.fromhex(found[1]) if found else b""
        if found is None or len(key) != 4 + self.family.width // 8:
            raise self.made.source.error("expected the bytes of a key and of a value", line)
        address = inet_ntop(_SOCKETS[self.family], key[4:])
        self.entries.append(f"{address}/{int.from_bytes(key[:4], 'little')}")
        self.values.append(str(int.from_bytes(bytes.fromhex(found[2]), "little")))
        self.lines.append(line)
        if len(self.entries) > self.room:
            raise self.made.source.error("the map is full", line)

    def part(self) -> Part:
        """Return its rules; an update of a key that is there would replace its value."""
        source = self.made.source

        def where(at: int, why: str) -> SourceSyntaxError:
            return source.error(why, self.lines[at])

        _, labels = _WORDS.read(self.values)
        if -1 in labels:
            at = labels.index(-1)
            raise where(at, f"{self.values[at]} is not a value for a verdict")
        families = (self.family,)
        parts = decode_rules(source.text, self.entries, labels, where, families=families)
        require_distinct(parts)
        return parts[0]


def read_batch(texts: Sequence[Text]) -> Reading:
    """Return the rules of the maps that a batch file fills and puts in their places.

    Source: bpftool-map(8) and bpftool 7.1 itself: a batch ends at the first command that fails.
    """
    commands = BPFTOOL.read(texts[0])
    filled: dict[str, _Map] = {}
    found: list[Found] = []
    parts: list[Part] = []
    for step in commands.runs("map update pinned"):
        command = step if isinstance(step, Command) else next(step.commands())
        if made := _CREATE.fullmatch(command.content):
            if made[1] in filled or int(made[2]) not in _WIDTHS:
                raise command.error("expected a map of its own with a key of 8 or 20 bytes")
            filled[made[1]] = _Map(command, _WIDTHS[int(made[2])], int(made[3]))
            found.append(command.found("entries of a BPF map", 10, int(made[3])))
            found.append(command.found("name of a BPF map", 12))
            continue
        for line, content in _lines(step):
            if swapped := _SWAP.fullmatch(content):
                parts.append(_taken(filled, commands.command(line, content), swapped[2]))
                found.append(commands.command(line, content).found("BPF map", 3))
                found.append(commands.command(line, content).found("new BPF map", 12))
                continue
            update = _UPDATE.match(content)
            if update is None or update[1] not in filled:
                raise commands.error("expected an entry of a map that was made before", line)
            filled[update[1]].add(line, content[update.end() :])
    if filled or sorted(part.rules.family.version for part in parts) != [4, 6]:
        raise commands.end_error("expected one map of each family, and each in its place")
    return Reading(tuple(parts), _WORDS.read([])[0], tuple(found))


def read_dumped(texts: Sequence[Text], _: Options) -> Reading:
    """Return the rules of the maps that `bpftool -j map dump` prints, a list for each family.

    Bytes are texts such as `0x0a` there.
    """
    parts: list[Part] = []
    for text in texts:
        listed, entries, values = json_list(text), list[str](), list[str]()
        for at, entry in enumerate(listed.value):
            try:
                key, value = (bytes(int(byte, 16) for byte in entry[one]) for one in _PAIR)
                address = inet_ntop(_SOCKETS[_WIDTHS[len(key)]], key[4:])
            except (KeyError, TypeError, ValueError):
                raise listed.where(at, "expected the bytes of a key and of a value") from None
            entries.append(f"{address}/{int.from_bytes(key[:4], 'little')}")
            values.append(str(int.from_bytes(value, "little")))
        labels = _WORDS.read(values)[1]
        if -1 in labels:
            raise listed.where(labels.index(-1), "this is not a value for a verdict")
        parts += decode_rules(text, entries, labels, listed.where, families=FAMILIES)
    require_distinct(parts)
    return Reading(tuple(parts), _WORDS.read([])[0])


def _lines(step: Command | Run) -> Iterator[tuple[int, str]]:
    """Yield number and content of each line of a step."""
    if isinstance(step, Command):
        yield step.line, step.content
    else:
        yield from enumerate(step.lines, step.begin)


def _taken(filled: dict[str, _Map], command: Command, path: str) -> Part:
    """Return the rules of a map that takes its place, which it can do once."""
    if path not in filled:
        raise command.error("expected a map that was made before, and has no place yet", 12)
    return filled.pop(path).part()


def _orders(document: Document, _: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    options = document.options
    yield Ordered("entries of a BPF map", options["entries"])
    for part in parts:
        live = f"{options['folder']}/{options['map']}_v{part.version}"
        yield Ordered("BPF map", live, claimed=True)
        yield Ordered("new BPF map", f"{live}_new")
        yield Ordered("name of a BPF map", f"blockc_v{part.version}")


_KERNEL = Reference("https://docs.kernel.org/bpf/map_lpm_trie.html", checked="2026-11-27")
_ONCE = """\
set -e
mkdir -p @option.folder@
cd @option.folder@
for v in 4 6; do
    key=$((v == 4 ? 8 : 20))
    bpftool map create none_v$v type lpm_trie key $key value 4 entries 1 name none flags 1
    bpftool map create @option.map@_v$v type array_of_maps key 4 value 4 entries 1 \\
        name blockc inner_map pinned none_v$v
    rm none_v$v
done
"""
_LOAD = """\
cd @option.folder@
rm -f @option.map@_v4_new @option.map@_v6_new
bpftool batch file @0@
rm @option.map@_v4_new @option.map@_v6_new
"""

# The array holds the number of the map, whose bytes are the last words of the line.
_DUMP = """\
set -- $(bpftool map dump pinned /sys/fs/bpf/blockc/NAME_v{} | head -1)
bpftool -j map dump id $((0x${{10}}$9$8$7))"""

BPF_LPM = Target(
    name="bpf-lpm",
    title="LPM maps of BPF, for XDP",
    match=Match.LONGEST,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer=write_batch,
    ending="bpf",
    reader=decoded(read_batch),
    orders=_orders,
    words={
        ContentKind.LIST: Vocabulary({"": "0", "block": "1"}),
        ContentKind.VERDICTS: _WORDS,
    },
    comment="#",
    options=(
        Option(
            "map",
            "blockc_{word}",
            "blockc_ and 1 to 48 lower-case letters, digits or _",
            # The load removes pins of this name: the prefix keeps it from being another's.
            pattern=r"blockc_[a-z0-9_]{1,48}",
            part="_{part}",
            about="the pinned arrays, with _v4 and _v6 added",
        ),
        Option(
            "folder",
            "/sys/fs/bpf/blockc",
            "a folder of names of letters, digits, _ and - below /sys/fs/bpf",
            pattern=r"/sys/fs/bpf(?:/[\w-]{1,64}){1,5}",
            about="where they are pinned",
        ),
        Option(
            "entries",
            1_048_576,
            "a number from 1 to 4294967295",
            within=range(1, 2**32),
            about="how many entries a map has room for",
        ),
    ),
    max_entries=MaxEntries(1_048_576, _KERNEL, option="entries"),
    # In a mount namespace too, so that what is pinned ends with the check; loaded twice.
    native=NativeCheck(
        programs=("bpftool",),
        packages=("bpftool",),
        argv=("unshare", "--mount", "sh", "@folder@/check.sh"),
        files={
            "once.sh": _ONCE,
            "load.sh": f"set -e\n{_LOAD}",
            "check.sh": """\
set -e
mount -t bpf bpf /sys/fs/bpf
sh @folder@/once.sh
sh @folder@/load.sh
sh @folder@/load.sh
""",
        },
        namespace=True,
    ),
    maturity=Maturity.PROGRAM,
    packets=True,
    live=LiveForm(
        commands=tuple(_DUMP.format(family.version) for family in FAMILIES),
        reader=read_dumped,
        one_file=False,
        limits="It is what the arrays point at. Give each map with a `--dump` of its own; which "
        "programs ask is not shown.",
    ),
    deployment=Deployment(
        load="""\
cd /sys/fs/bpf/blockc
rm -f NAME_v4_new NAME_v6_new  # what a load that failed has left
bpftool batch file list.bpf
rm NAME_v4_new NAME_v6_new  # the arrays hold the maps now""",
        rollback="the same with PREVIOUS/list.bpf",
    ),
    notes="""\
An XDP program looks up `NAME_v4` at 0, and in the map it finds there the source address:

```c
struct key4 { __u32 prefixlen; __u8 address[4]; };   /* prefixlen = 32, address in network order */
struct key6 { __u32 prefixlen; __u8 address[16]; };  /* prefixlen = 128 */
__u32 *verdict = bpf_map_lookup_elem(inner, &key);   /* 1: block, 2: warn, 3: monitor */
```

Nothing there, or 0, means that no list says anything. The maps have the flag `BPF_F_NO_PREALLOC`
(1), without which the kernel makes no such map, so room for more entries costs nothing. A batch
that fails leaves the old maps in their places, and entries are written in the byte order of x86
and ARM. Make the arrays once, with the same key, value and flags:

```sh
mkdir -p /sys/fs/bpf/blockc && cd /sys/fs/bpf/blockc
bpftool map create none type lpm_trie key 8 value 4 entries 1 name none flags 1   # 20 for IPv6
bpftool map create NAME_v4 type array_of_maps key 4 value 4 entries 1 name blockc \\
    inner_map pinned none
rm none
```""",
    references=(
        _KERNEL,
        Reference(
            "https://manpages.debian.org/bookworm/bpftool/bpftool-map.8.en.html",
            checked="2026-11-27",
        ),
    ),
)
