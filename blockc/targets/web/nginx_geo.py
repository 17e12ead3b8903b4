"""nginx `geo`: a variable that says of a client what the policy says, by the longest prefix.

One list gives 1 or 0, so that `if ($variable)` is enough. Several lists give the action in force,
and nothing where there is none; the country map gives a country code. `if ($variable)` would also
take `monitor` for a reason to refuse, which is why one list never turns into words by itself.

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
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Lengths,
    Maturity,
    NativeCheck,
    Reference,
    Target,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import ACTIONS, COUNTRY_CODES, ContentKind, Vocabulary
from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.reading import Reading, each
from blockc.targets.syntax.tokens import Text, TokenStream

# Words end at a blank, `;` or `{`; quotes and comments count only where a word may begin.
WORD = re.compile(
    r"""[ \t\r\n]*+(?:\#[^\n]*+|(
        "(?:[^"\\]|\\.)*+"(?=[ \t\r\n;{]|\Z) | '(?:[^'\\]|\\.)*+'(?=[ \t\r\n;{]|\Z)
        | [;{}"'] | [^ \t\r\n;{}"'\#][^ \t\r\n;{]*+))""",
    re.VERBOSE | re.DOTALL,
)
_SPECIAL = "\"'#\\\v\f\x1c\x1d\x1e\x1f"  # the last six are blanks to `split` alone
_VARIABLE = re.compile(r"\$[A-Za-z0-9_]+")
_QUOTES = ("'", '"')
_KINDS = {
    ContentKind.LIST: Vocabulary({"": "0", "block": "1"}),
    ContentKind.VERDICTS: Vocabulary({"": "", **ACTIONS}),
    ContentKind.COUNTRIES: COUNTRY_CODES,
}
_BY_DEFAULT = {words.said[words.default]: words for words in _KINDS.values()}
_DEFAULTS = '`default 0;`, `default "";` or `default ZZ;`'
_LONGEST_LINE = 4_000  # bytes, a few fewer than nginx's buffer (NGX_CONF_BUFFER) has
_UNPROVABLE = {"include", "proxy", "proxy_recursive", "ranges", "delete", "volatile"}


def read_geo(text: Text) -> Reading:
    """Return the rules of one `geo` block in CIDR mode; the default's value tells its words.

    Source: https://nginx.org/en/docs/http/ngx_http_geo_module.html and nginx 1.22.1 itself: the
    longest prefix decides and order does not. Where nginx would only warn (a network twice, host
    bits) this is an error, because one of the two was not meant.
    """
    _require_short_lines(text)
    words = TokenStream(text, WORD, plain_words)
    begin = _require_geo(words)
    entries = _unquoted(words, begin, words.words[begin:-1])
    if len(entries) % 3 or set(entries[2::3]) - {";"}:
        raise _bad_entry(words, begin, entries)
    networks, values = entries[0::3], entries[1::3]
    default = networks.index("default") if "default" in networks else -1
    if default < 0 or values[default] not in _BY_DEFAULT:
        raise words.error(begin + 3 * max(0, default), f"expected {_DEFAULTS} in the block")
    names, verdicts = _verdicts(words, begin, networks, values, _BY_DEFAULT[values[default]])
    del networks[default], verdicts[default]

    def where(at: int, why: str) -> SourceSyntaxError:
        return words.error(begin + 3 * (at + (at >= default)), _reason(networks[at], why))

    for refused in ("default", "255.255.255.255/32", "0.0.0.0/0", "::/0"):  # /0 is the default
        if refused in networks:
            raise where(networks.index(refused), "nginx does not take this here")
    parts = decode_rules(text, networks, verdicts, where)
    require_distinct(parts)
    return Reading(parts, names)


def _require_short_lines(text: Text) -> None:
    """Raise if a line, so also a comment, does not fit the buffer nginx reads words into."""
    at = 0
    lines = text.text.split("\n")
    if max(map(len, lines)) * 4 <= _LONGEST_LINE:  # 4 bytes are the most of a character
        return
    for line in lines:
        if len(line.encode("utf-8", "surrogatepass")) > _LONGEST_LINE:
            raise text.error(f"longer than {_LONGEST_LINE:,} bytes, nginx refuses it", at)
        at += len(line) + 1


def plain_words(text: str) -> list[str] | None:
    """Return what `WORD` finds in a text without quotes and odd characters, or None.

    Cost: a fifth of the pattern's.
    """
    body = "\n".join([line for line in text.split("\n") if line[:1] != "#"])
    odd = not body.isascii() or any(character in body for character in _SPECIAL)
    if odd or body.count("}") != 1 or not body.rstrip().endswith("}"):
        return None
    return body.replace(";", " ; ").replace("{", " { ").split()


def _require_geo(words: TokenStream) -> int:
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


def _unquoted(words: TokenStream, begin: int, entries: list[str]) -> list[str]:
    together = "".join(entries)
    if not any(character in together for character in (*_QUOTES, "\\")):
        return entries
    for at, word in enumerate(entries):
        if "\\" in word:
            raise words.error(begin + at, "escapes are not understood here")
    return [word[1:-1] if word[0] in _QUOTES and word[1:] else word for word in entries]


def _bad_entry(words: TokenStream, begin: int, entries: Sequence[str]) -> SourceSyntaxError:
    at = next((at for at in range(2, len(entries), 3) if entries[at] != ";"), len(entries))
    first = at - at % 3
    network = entries[first] if first < len(entries) else ""
    return words.error(begin + first, _reason(network, "expected a network, a value and `;`"))


def _reason(network: str, why: str) -> str:
    if network in _UNPROVABLE:
        return f"what `{network}` does is not in this file, so it cannot be proved"
    return why


def _verdicts(
    words: TokenStream,
    begin: int,
    networks: Sequence[str],
    values: Sequence[str],
    known: Vocabulary,
) -> tuple[tuple[str, ...], list[int]]:
    names, found = known.read(values)
    if -1 in found:
        at = found.index(-1)
        expected = ", ".join(known.said.values())
        why = f"the value {values[at]!r} is no verdict, expected one of {expected}"
        raise words.error(begin + 3 * at, _reason(networks[at], why))
    return names, found


_MODULE = Reference("https://nginx.org/en/docs/http/ngx_http_geo_module.html", checked="2026-11-23")

_NOTES = """\
One list gives 1 or 0 and is refused in a stage before `block`: `if ($variable)` would take the
word `monitor` for a reason to refuse. Write `lists = [NAME]` and compare with `block`.

A client without an address (`unix:`), or a value of `source` that is none, is looked up as
255.255.255.255. IPv4-mapped IPv6 clients are looked up as IPv4.

Behind a proxy set the client's address with the realip module; then `source` can stay."""

# A configuration that has nothing but the artifact, and writes only to the folder.
_NATIVE = NativeCheck(
    programs=("nginx",),
    packages=("nginx",),
    argv=("nginx", "-t", "-q", "-p", "@folder@", "-c", "@folder@/nginx.conf"),
    files={
        "nginx.conf": """\
pid @folder@/pid;
error_log stderr warn;
events {}
http {
    client_body_temp_path @folder@/client_body;
    proxy_temp_path @folder@/proxy;
    fastcgi_temp_path @folder@/fastcgi;
    uwsgi_temp_path @folder@/uwsgi;
    scgi_temp_path @folder@/scgi;
    access_log off;
    include @0@;
}
"""
    },
)

NGINX_GEO = Target(
    name="nginx-geo",
    title="nginx geo variable",
    match=Match.LONGEST,
    form=EntryForm.HOST,
    layout=Layout.TOGETHER,
    writer="nginx-geo.conf.j2",
    ending="conf",
    reader=each(read_geo),
    words=_KINDS,
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
    native=_NATIVE,
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    references=(_MODULE,),
    deployment=Deployment(
        load="nginx -t && nginx -s reload  # a file that does not load leaves the old one in force",
        rollback="cp PREVIOUS/list.conf list.conf && nginx -t && nginx -s reload",
    ),
)
