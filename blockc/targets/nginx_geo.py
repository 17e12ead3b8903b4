"""nginx `geo`: a variable that is 1 for blocked clients, decided by the longest prefix.

Two things nginx does that the file does not show, both kept because they are the safe side:

* 255.255.255.255 is looked up for clients without an address (`unix:` sockets) and for values of
  `source` that are none. A list that covers it, such as the complement of an allow list, so
  blocks what nginx cannot name. The single address is written bare: with /32 nginx refuses it.
* IPv4-mapped clients (`::ffff:192.0.2.1`) are looked up as IPv4, and entries in ::ffff:0:0/96
  match nobody.
"""

import re
from collections.abc import Sequence

from blockc.addresses.rules import Match
from blockc.errors import SourceSyntaxError
from blockc.targets.options import Option
from blockc.targets.reading import Reading, Text, Words, each, gather, require_distinct
from blockc.targets.target import Form, Layout, Lengths, Reference, Target

# Words end at a blank, `;` or `{`; quotes and comments count only where a word may begin.
_WORD = re.compile(
    r"""[ \t\r\n]*+(?:\#[^\n]*+|(
        "(?:[^"\\]|\\.)*+"(?=[ \t\r\n;{]|\Z) | '(?:[^'\\]|\\.)*+'(?=[ \t\r\n;{]|\Z)
        | [;{}"'] | [^ \t\r\n;{}"'\#][^ \t\r\n;{]*+))""",
    re.VERBOSE | re.DOTALL,
)
_VARIABLE = re.compile(r"\$[A-Za-z0-9_]+")
_VERDICTS = {"0": 0, "1": 1}
_UNPROVABLE = {"include", "proxy", "proxy_recursive", "ranges", "delete", "volatile"}


def read_geo(text: Text) -> Reading:
    """Return the rules of one `geo` block in CIDR mode: the value 1 blocks, 0 does not.

    Source: https://nginx.org/en/docs/http/ngx_http_geo_module.html and nginx 1.22.1 itself: the
    longest prefix decides and order does not. Where nginx would only warn (a network twice, host
    bits) this is an error, because one of the two was not meant.
    """
    words = Words(text, _WORD)
    begin = _require_geo(words)
    entries = _unquoted(words, begin, words.words[begin:-1])
    if len(entries) % 3 or set(entries[2::3]) - {";"}:
        raise _bad_entry(words, begin, entries)
    networks = entries[0::3]
    verdicts = _verdicts(words, begin, networks, entries[1::3])
    default = networks.index("default") if "default" in networks else -1
    if default < 0 or verdicts[default]:
        raise words.error(begin, "expected `default 0;` in the block")
    del networks[default], verdicts[default]

    def where(at: int, why: str) -> SourceSyntaxError:
        return words.error(begin + 3 * (at + (at >= default)), _reason(networks[at], why))

    for refused in ("default", "255.255.255.255/32"):
        if refused in networks:
            raise where(networks.index(refused), "nginx does not take this here")
    rules = gather(text, networks, verdicts, where)
    for one in rules.values():
        require_distinct(text, one)
    return Reading(rules)


def _require_geo(words: Words) -> int:
    """Return where the entries begin, once it is sure that the text is one `geo` block."""
    words.expect(0, "geo")
    variables = 1 if words.words[2:3] == ["{"] else 2
    for at in range(1, 1 + variables):
        if not _VARIABLE.fullmatch("".join(words.words[at : at + 1])):
            raise words.error(at, "expected a variable")
    begin = variables + 2
    words.expect(begin - 1, "{")
    end = words.words.index("}") if "}" in words.words else len(words)
    if end != len(words) - 1:
        raise words.error(end + 1, "expected one geo block and nothing else")
    return begin


def _unquoted(words: Words, begin: int, entries: list[str]) -> list[str]:
    if not set("".join(entries)) & {'"', "'", "\\"}:
        return entries
    for at, word in enumerate(entries):
        if "\\" in word:
            raise words.error(begin + at, "escapes are not understood here")
    return [word[1:-1] if word[0] in "\"'" else word for word in entries]


def _bad_entry(words: Words, begin: int, entries: Sequence[str]) -> SourceSyntaxError:
    at = next((at for at in range(2, len(entries), 3) if entries[at] != ";"), len(entries))
    first = at - at % 3
    network = entries[first] if first < len(entries) else ""
    return words.error(begin + first, _reason(network, "expected a network, a value and `;`"))


def _reason(network: str, why: str) -> str:
    if network in _UNPROVABLE:
        return f"what `{network}` does is not in this file, so it cannot be proved"
    return why


def _verdicts(
    words: Words, begin: int, networks: Sequence[str], values: Sequence[str]
) -> list[int]:
    found = [_VERDICTS.get(value, -1) for value in values]
    if -1 in found:
        at = found.index(-1)
        why = f"the value {values[at]!r} is no verdict, expected 0 or 1"
        raise words.error(begin + 3 * at, _reason(networks[at], why))
    return found


_MODULE = Reference("https://nginx.org/en/docs/http/ngx_http_geo_module.html", checked="2026-11-23")

NGINX_GEO = Target(
    name="nginx-geo",
    title="nginx geo variable",
    match=Match.LONGEST,
    form=Form.HOST,
    layout=Layout.TOGETHER,
    template="nginx-geo.conf.j2",
    reader=each(read_geo),
    words={"": "0", "block": "1"},
    comment="#",
    options=(
        Option(
            "variable",
            "blockc_{word}",
            "1 to 64 lower-case letters, digits or _, a letter first, without the $",
            pattern=r"[a-z][a-z0-9_]{0,63}",
            part="_{part}",
        ),
        Option(
            "source",
            "remote_addr",
            "the variable that holds the client's address, without the $",
            pattern=r"[a-z][a-z0-9_]{0,63}",
        ),
    ),
    lengths=Lengths(range(1, 33), range(1, 129), _MODULE),  # /0 is another word for `default`
    programs=("nginx",),
    references=(_MODULE,),
)
