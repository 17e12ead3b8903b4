"""HAProxy map files: a prefix and a word a line, decided by the longest prefix of `map_ip`.

A map says a word for one list too, so nothing changes for who asks when a list becomes several.
"""

import numpy as np

from blockc.addresses.rules import Match
from blockc.errors import SourceSyntaxError
from blockc.targets.core.target import EntryForm, Layout, Reference, Target
from blockc.targets.core.verdicts import ACTIONS, COUNTRY_CODES, ContentKind, Vocabulary
from blockc.targets.proxy.haproxy_fallback import (
    ASKED_TWICE,
    MAPPED,
    is_held,
    touches,
    without_mapped,
)
from blockc.targets.syntax.addresses import decode_rules, require_distinct, rule_text
from blockc.targets.syntax.reading import Reading, each
from blockc.targets.syntax.tokens import Text

_LONGEST_LINE = 16_382  # bytes; what follows in a longer one is a new line, even in a comment
_ACTIONS = Vocabulary({"": "none", **ACTIONS})


def read_map(text: Text) -> Reading:
    """Return the rules of a map file: the longest prefix decides, and its value is the verdict.

    Source: HAProxy 2.6.12 itself. `#` starts a comment only as the first character of a line, the
    value goes to the end of the line, and of two equal prefixes the first decides. What it would
    take in silence (no value, host bits, a prefix twice) is an error here.
    """
    networks, values = _columns(text)
    countries = bool(values) and COUNTRY_CODES.word(values[0]) is not None
    names, verdicts = (COUNTRY_CODES if countries else _ACTIONS).read(values)
    if -1 in verdicts:
        at = verdicts.index(-1)
        expected = "a country code" if countries else ", ".join(_ACTIONS.said.values())
        raise _about(text, at, f"the value {values[at]!r} is no verdict, expected {expected}")

    def where(at: int, why: str) -> SourceSyntaxError:
        return _about(text, at, why)

    reading = Reading(decode_rules(text, networks, verdicts, where), names)
    require_distinct(reading.parts)
    _require_no_fallback(text, reading)
    return reading


def _columns(text: Text) -> tuple[list[str], list[str]]:
    """Return the first and the second word of every line that holds an entry, which has no more.

    Cost: a few passes in C over the text; line by line only where something is wrong.
    """
    every = text.text.split("\n")
    lines = [line for line in every if line.strip(" \t") and line[0] != "#"]
    seen = "".join(lines).replace("\t", " ")
    if not (seen.isascii() and seen.isprintable()) or max(map(len, every)) * 4 > _LONGEST_LINE:
        _require_lines(text)
    words = " \0 ".join(lines).split()
    if len(words) != max(0, 3 * len(lines) - 1) or not {"\0"}.issuperset(words[2::3]):
        at = next(at for at, line in enumerate(lines) if len(line.split()) != 2)
        raise _about(text, at, "expected a prefix and one word")
    return words[0::3], words[1::3]


def _require_lines(text: Text) -> None:
    """Raise unless HAProxy sees the same lines and blanks in the text as we do."""
    at = 0
    for line in text.text.split("\n"):
        if len(line.encode("utf-8", "replace")) > _LONGEST_LINE:
            raise text.error(f"longer than {_LONGEST_LINE:,} bytes, HAProxy cuts it in two", at)
        blanked = line.replace("\t", " ")
        if line[:1] != "#" and not (blanked.isascii() and blanked.isprintable()):
            raise text.error("an entry holds a character that HAProxy may not take", at, len(line))
        at += len(line) + 1


def _about(text: Text, entry: int, why: str) -> SourceSyntaxError:
    """Return the error about an entry, counted from 0 over the lines that hold one."""
    at = 0
    for line in text.text.split("\n"):
        if line.strip(" \t") and line[0] != "#":
            if not entry:
                return text.error(why, at, len(line))
            entry -= 1
        at += len(line) + 1
    return text.error(why, len(text.text))


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

HAPROXY_MAP = Target(
    name="haproxy-map",
    title="HAProxy map file",
    match=Match.LONGEST,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    template="haproxy-map.map.j2",
    reader=each(read_map),
    words={
        ContentKind.LIST: _ACTIONS,
        ContentKind.VERDICTS: _ACTIONS,
        ContentKind.COUNTRIES: COUNTRY_CODES,
    },
    comment="#",
    adapt=without_mapped,
    unasked=(MAPPED,),
    programs=("haproxy",),
    notes=_NOTES,
    references=(_MANUAL,),
)
