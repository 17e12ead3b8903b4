"""HAProxy map files: a prefix and a word a line, decided by the longest prefix of `map_ip`.

A map says a word for one list too, so nothing changes for who asks when a list becomes several.
"""

import numpy as np

from blockc.addresses.rules import Match
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    NativeCheck,
    Reference,
    Target,
)
from blockc.targets.core.verdicts import ACTIONS, COUNTRY_CODES, ContentKind, Vocabulary
from blockc.targets.proxy.haproxy_fallback import (
    ASKED_TWICE,
    MAPPED,
    is_held,
    touches,
    without_mapped,
)
from blockc.targets.syntax.addresses import decode_rules, require_distinct, rule_text
from blockc.targets.syntax.line_grammar import LineGrammar
from blockc.targets.syntax.reading import Reading, each
from blockc.targets.syntax.tokens import Text

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
        raise lines.error(at, f"the value {values[at]!r} is no verdict, expected {expected}")
    reading = Reading(decode_rules(text, networks, verdicts, lines.error), names)
    require_distinct(reading.parts)
    _require_no_fallback(text, reading)
    return reading


def _require_no_fallback(text: Text, reading: Reading) -> None:
    """Raise unless HAProxy decides every address by the entries of its own family."""
    rules = reading.rules[MAPPED.family]
    met = touches(rules, MAPPED)
    if met.any():
        raise text.error(
            f"{rule_text(rules.take(np.flatnonzero(met)[:1]))} holds addresses of {MAPPED}",
            0,
            hint="IPv4 clients are looked up there; take that space out of the entry",
        )
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
    unasked=(MAPPED,),
    native=_NATIVE,
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    references=(_MANUAL,),
    deployment=Deployment(
        load="haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl reload haproxy",
        rollback="cp PREVIOUS/list.map list.map && systemctl reload haproxy",
    ),
)
