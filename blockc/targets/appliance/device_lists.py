"""Lists in the configuration of a device: tables of pf, data groups of F5, prefix lists of Junos.

Each is a file that the device's own command loads whole, in place of what it had.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial

from blockc.addresses.plain_text import text_batches
from blockc.addresses.rules import Match
from blockc.errors import SourceSyntaxError
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.live import LiveForm, Options, joined
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    MaxEntries,
    Reference,
    Target,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind, Vocabulary
from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.line_grammar import LineGrammar, Lines
from blockc.targets.syntax.reading import Found, Ordered, Part, Reading, each
from blockc.targets.syntax.statements import StatementGrammar, Statements
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

PF = LineGrammar(
    "pfctl", "one address or prefix, with ! before an exception", comments_anywhere=True
)
DATA_GROUP = LineGrammar("BIG-IP", "`host ADDRESS,` or `network PREFIX,`", width=2, comments=False)
# Words end at a blank, `;` or a brace; `#` and `/*` begin comments, quotes hold blanks.
JUNOS = StatementGrammar(
    "Junos",
    word=re.compile(
        r"""[ \t\r\n]*+(?:\#[^\n]*+ | ("[^"\n]*" | [{};"\#] | [^ \t\r\n{};"\#]++))""",
        re.VERBOSE,
    ),
    ends=(";",),
    marks="{};",
    odd='"#\\*',
)
_EXCEPTION = "!"
_INDENTED = re.compile(r"^(?=[ \t!])[ \t]*(!?)[ \t]*", re.MULTILINE)


def read_pf_table(text: Text) -> Reading:
    """Return the rules of a table: the longest prefix decides, `!` makes it an exception.

    Source: pfctl(8): words of a file are addresses, `#` begins a comment.
    """
    lines = PF.read(text)
    parts: list[Part] = []
    for first, words in lines.batches():
        labels = [not word.startswith(_EXCEPTION) for word in words]
        bare = [word.removeprefix(_EXCEPTION) for word in words]
        parts += decode_rules(text, bare, list(map(int, labels)), partial(_error, lines, first))
    require_distinct(parts)
    return Reading(tuple(parts) or decode_rules(text, [], 1, lines.error))


def read_shown(texts: Sequence[Text], _: Options) -> Reading:
    """Return the rules of a table as `pfctl -T show` prints it: indented, `!` before the blanks."""
    shown = joined(texts)
    entries = (_INDENTED.sub(r"\1", some) for some in text_batches(shown.text))
    return read_pf_table(replace(shown, text="\n".join(entries)))


def _error(lines: Lines, first: int, entry: int, why: str) -> SourceSyntaxError:
    return lines.error(first + entry, why)


def read_data_group(text: Text) -> Reading:
    """Return the rules of an external data group of addresses, whose records have no value.

    Source: https://community.f5.com/t5/technical-articles/irules-data-group-formatting-rules/ta-p/287174
    """
    lines = DATA_GROUP.read(text)
    kinds, records = lines.columns or ([], [])
    for at, (kind, record) in enumerate(zip(kinds, records, strict=True)):
        if {"host": False, "network": True}.get(kind) is not ("/" in record) or record[-1] != ",":
            raise lines.error(at, f"expected {DATA_GROUP.entry}")
    return Reading(decode_rules(text, [one.removesuffix(",") for one in records], 1, lines.error))


def read_prefix_lists(text: Text) -> Reading:
    """Return the rules of the prefix lists of a file for `load replace`.

    Source: https://www.juniper.net/documentation/us/en/software/junos/routing-policy/topics/ref/
    statement/prefix-list-edit-policy-options.html: a list has prefixes of one family where it
    stands in a firewall filter; an address without a length is one address.
    """
    file = JUNOS.read(text)
    file.expect("policy-options", "{")
    parts: list[Part] = []
    found: list[Found] = []
    while file.word != "}":
        parts += _prefix_list(file, found)
    file.step()
    if file.word:
        raise file.error("expected nothing after policy-options")
    return Reading(tuple(parts), found=tuple(found))


_LIST = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,254}")


def _prefix_list(file: Statements, found: list[Found]) -> Iterator[Part]:
    """Step over a prefix list, note its name in `found`, and yield its rules."""
    if file.word != "replace:":
        raise file.error("the list may hold prefixes from before: expected `replace:`")
    file.expect("replace:", "prefix-list")
    name = file.found("prefix list")
    if name.value in {one.value for one in found}:
        raise name.error("this list is written twice")
    file.take(_LIST, "a name")
    found.append(name)
    file.expect("{")
    block = file.block()
    (prefixes,) = block.rows(1, ";", lambda word: f"expected a prefix and `;`, found {word!r}")
    parts = decode_rules(file.text, prefixes, 1, lambda at, why: block.error(2 * at, why))
    if all(len(part.rules) for part in parts):
        raise name.error("this list holds prefixes of both families")
    yield from parts
    file.expect("}")


def _orders(document: Document, file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    for family in file.families:
        name = f"{document.options['name']}-v{family.version}"
        yield Ordered("prefix list", name, claimed=True)


_PFCTL = Reference("https://man.openbsd.org/pfctl", checked="2026-11-23")
_PF_LIMIT = Reference("https://www.openbsd.org/faq/pf/options.html", checked="2026-11-27")
_PF_NOTES = """\
`!` before an entry is an exception: the longest prefix that holds an address decides. All tables
share `set limit table-entries`, 200,000 where nobody raised it (100,000 with less than 100 MB of
memory). Where the new entries do not fit `pfctl` fails, so what is over is an error here.

In `pf.conf`: `table <blocked> persist file "/etc/pf/list.txt"` and `block in quick from <blocked>`.
pfSense and OPNsense take no `!` in an alias: `pfsense-table`."""

PF_TABLE = Target(
    name="pf-table",
    title="Table of pf",
    match=Match.LONGEST,
    form=EntryForm.HOST,
    layout=Layout.EITHER,
    writer="pf-table.txt.j2",
    ending="txt",
    reader=each(read_pf_table),
    words={ContentKind.LIST: Vocabulary({"": _EXCEPTION, "block": ""})},
    packets=True,
    comment="#",
    options=(
        Option(
            "table_entries",
            200_000,
            "a number from 1 to 100000000",
            within=range(1, 100_000_001),
            about="how many entries there is room for",
        ),
    ),
    max_entries=MaxEntries(200_000, _PF_LIMIT, option="table_entries", together=True),
    deployment=Deployment(
        load="pfctl -t blocked -T replace -f list.txt",
        rollback="pfctl -t blocked -T replace -f PREVIOUS/list.txt",
    ),
    notes=_PF_NOTES,
    live=LiveForm(
        commands=("pfctl -t blocked -T show",),
        reader=read_shown,
        limits="Which rules use the table is not shown.",
    ),
    references=(_PFCTL, Reference("https://man.openbsd.org/pf.conf", checked="2026-11-27")),
)

_F5 = (
    "https://community.f5.com/t5/technical-articles/irules-data-group-formatting-rules/ta-p/287174"
)

F5_DATA_GROUP = Target(
    name="f5-data-group",
    title="External data group of F5 BIG-IP",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="f5-data-group.txt.j2",
    ending="txt",
    reader=each(read_data_group),
    words={ContentKind.LIST: BLOCKS},
    deployment=Deployment(
        load="""\
scp list.txt bigip:/var/tmp/list.txt
# once: create sys file data-group blocked type ip source-path file:/var/tmp/list.txt
#       create ltm data-group external blocked external-file-name blocked
tmsh modify sys file data-group blocked source-path file:/var/tmp/list.txt""",
        rollback="the same with PREVIOUS/list.txt",
    ),
    notes="""\
An iRule asks it with `[class match [IP::client_addr] equals blocked]`. BIG-IP takes the new file
whole or not at all. The file has no comments, so the header is left out.""",
    references=(Reference(_F5, checked="2026-11-27"),),
)

JUNOS_PREFIX_LIST = Target(
    name="junos-prefix-list",
    title="Prefix lists of Junos",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="junos-prefix-list.conf.j2",
    ending="conf",
    reader=each(read_prefix_lists),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    packets=True,
    comment="#",
    options=(
        Option(
            "name",
            "blockc-{list}",
            "blockc- and 1 to 64 lower-case letters, digits or hyphens",
            # The file replaces these lists: the prefix keeps them from being somebody else's.
            pattern=r"blockc-[a-z0-9-]{1,64}",
            part="-{part}",
            about="the prefix lists, with -v4 and -v6 added",
        ),
    ),
    deployment=Deployment(
        load="""\
load replace list.conf  # in configuration mode
commit confirmed 5
commit""",
        rollback="rollback 1\ncommit",
    ),
    notes="""\
A term asks a list with `from source-prefix-list NAME`, one family in each term; `replace:` is
obeyed by `load replace` alone. How many prefixes a filter may have depends on the platform; see
whether the filter was installed with `show firewall`. Before you publish an empty list, try what
a term with it does: to some releases a list without a prefix is no condition at all.""",
    references=(
        Reference(
            "https://www.juniper.net/techpubs/software/junos/junos82/swconfig82-policy/html/"
            "policy-extend-match-config18.html",
            checked="2026-11-27",
        ),
    ),
)
