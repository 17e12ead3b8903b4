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
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from blockc.addresses import FAMILIES
from blockc.addresses.rules import Match
from blockc.errors import SourceSyntaxError
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import ExtraFile, File
from blockc.targets.core.live import LiveForm, block, joined
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Lengths,
    Maturity,
    NativeCheck,
    Reference,
    Responses,
    Target,
)
from blockc.targets.core.target_options import Option, OptionValue
from blockc.targets.core.verdicts import ACTIONS, COUNTRY_CODES, ContentKind, Vocabulary
from blockc.targets.syntax.addresses import decode_rules, require_distinct
from blockc.targets.syntax.reading import Found, Ordered, Reading, decoded, each
from blockc.targets.syntax.statements import StatementGrammar, Statements, Words
from blockc.targets.syntax.tokens import Text
from blockc.targets.web.nginx_server import STATUSES, read_server
from blockc.values import replace

# Words end at a blank, `;` or `{`; quotes and comments count only where a word may begin.
NGINX = StatementGrammar(
    "nginx",
    word=re.compile(
        r"""[ \t\r\n]*+(?:\#[^\n]*+|(
            "(?:[^"\\]|\\.)*+"(?=[ \t\r\n;{]|\Z) | '(?:[^'\\]|\\.)*+'(?=[ \t\r\n;{]|\Z)
            | [;{}"'] | [^ \t\r\n;{}"'\#][^ \t\r\n;{]*+))""",
        re.VERBOSE | re.DOTALL,
    ),
    ends=(";",),
    marks=";{",
    odd="\"'#\\",
    longest_line=4_000,  # a few fewer than its buffer (NGX_CONF_BUFFER) has, for comments too
)
_VARIABLE = re.compile(r"\$[A-Za-z0-9_]+")
_QUOTES = ("'", '"')
_KINDS = {
    ContentKind.LIST: Vocabulary({"": "0", "block": "1"}),
    ContentKind.VERDICTS: Vocabulary({"": "", **ACTIONS}),
    ContentKind.COUNTRIES: COUNTRY_CODES,
}
WORDS = {
    ContentKind.LIST: "1 and 0",
    ContentKind.VERDICTS: "words for actions",
    ContentKind.COUNTRIES: "country codes",
}
_BY_DEFAULT = {words.said[words.default]: kind for kind, words in _KINDS.items()}
_DEFAULTS = '`default 0;`, `default "";` or `default ZZ;`'
_UNPROVABLE = {"include", "proxy", "proxy_recursive", "ranges", "delete", "volatile"}


def read_geo(text: Text) -> Reading:
    """Return the rules of one `geo` block in CIDR mode; the default's value tells its words.

    Source: https://nginx.org/en/docs/http/ngx_http_geo_module.html and nginx 1.22.1 itself: the
    longest prefix decides and order does not. Where nginx would only warn (a network twice, host
    bits) this is an error, because one of the two was not meant.
    """
    geo = NGINX.read(text)
    reading = read_block(geo)
    if geo.word:
        raise geo.error("expected one geo block and nothing else")
    return reading


def read_block(geo: Statements) -> Reading:
    """Step over a `geo` block, and return its rules."""
    text = geo.text
    found = _variables(geo)
    block = geo.block()
    networks, values = map(_unquoted, (block, block), block.rows(2, ";", _wrong_entry))
    default = networks.index("default") if "default" in networks else -1
    if default < 0 or values[default] not in _BY_DEFAULT:
        raise block.error(3 * max(0, default), f"expected {_DEFAULTS} in the block")
    kind = _BY_DEFAULT[values[default]]
    found.append(Found("nginx values", WORDS[kind], text.path, partial(block.error, 3 * default)))
    names, verdicts = _KINDS[kind].read(values)
    if -1 in verdicts:
        at = verdicts.index(-1)
        expected = ", ".join(_KINDS[kind].said.values())
        raise block.error(
            3 * at,
            _wrong_entry(
                networks[at], f"{values[at]!r} is not a verdict, expected one of {expected}"
            ),
        )
    del networks[default], verdicts[default]

    def where(at: int, why: str) -> SourceSyntaxError:
        return block.error(3 * (at + (at >= default)), _wrong_entry(networks[at], why))

    for refused in ("default", "255.255.255.255/32"):
        if refused in networks:
            raise where(networks.index(refused), "nginx does not take this here")
    parts = decode_rules(text, networks, verdicts, where)
    require_distinct(parts)
    geo.expect("}")
    return Reading(parts, names, tuple(found))


def read_dumped(texts: Sequence[Text], options: Mapping[str, OptionValue]) -> Reading:
    """Return the same of the block for the variable in what `nginx -T` prints of all its files."""
    return read_geo(dumped_block(joined(texts), "geo", f"${options['variable']}"))


def dumped_block(text: Text, directive: str, variable: str) -> Text:
    """Return the `geo` or `map` block that sets a variable, out of what `nginx -T` prints."""
    begin = re.compile(
        rf"^[ \t]*{directive}\s+(?:\$\w+\s+)?{re.escape(variable)}\s*\{{", re.MULTILINE
    )
    return block(text, begin, f"{directive} block for {variable}")


def read_with_server(texts: Sequence[Text]) -> Reading:
    """Return the rules of a `geo` block, and what a server with the second file answers."""
    geo = read_geo(texts[0])
    said = {one.what: one.value for one in geo.found}
    flag = said["nginx values"] == WORDS[ContentKind.LIST]
    condition = f"{said['nginx variable']}" + ("" if flag else " = block")
    answer = read_server(NGINX.read(texts[1]), condition)
    return replace(geo, found=(*geo.found, *answer))


def _variables(geo: Statements) -> list[Found]:
    """Step over `geo`, the variables and `{`; return which variables those are."""
    geo.expect("geo")
    source = geo.found("nginx source")
    geo.take(_VARIABLE, "a variable")
    variable = geo.found("nginx variable")
    if geo.word == "{":
        variable = replace(source, what="nginx variable")
        source = replace(source, value="$remote_addr")
    else:
        geo.take(_VARIABLE, "a variable")
    geo.expect("{")
    return [source, variable]


def _unquoted(block: Words, entries: list[str]) -> list[str]:
    together = "".join(entries)
    if not any(character in together for character in (*_QUOTES, "\\")):
        return entries
    for at, word in enumerate(block.words):
        if "\\" in word:
            raise block.error(at, "escapes are not understood here")
    return [word[1:-1] if word[0] in _QUOTES and word[1:] else word for word in entries]


def _wrong_entry(network: str, why: str = "expected a network, a value and `;`") -> str:
    if network in _UNPROVABLE:
        return f"what `{network}` does is not in this file, so it cannot be proved"
    return why


def _orders(document: Document, file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    if file.writer == _SERVER.template:
        yield from document.answer()
        return
    yield Ordered("nginx variable", f"${document.options['variable']}", claimed=True)
    yield Ordered("nginx source", f"${document.options['source']}")
    yield Ordered("nginx values", WORDS[document.kind])


_MODULE = Reference("https://nginx.org/en/docs/http/ngx_http_geo_module.html", checked="2026-11-23")

_NOTES = """\
One list gives 1 or 0 and is refused in a stage before `block`: `if ($variable)` would take the
word `monitor` for a reason to refuse. Write `lists = [NAME]` and compare with `block`; the variable
then has another name, so that no condition takes a word for a number.

A client without an address (`unix:`), or a value of `source` that is none, is looked up as
255.255.255.255. IPv4-mapped IPv6 clients are looked up as IPv4.

Where a stage says what blocked clients get, the second file answers so for every request to a
server that includes it. To refuse in one location only, write `response = "none"` and the answer by
hand. With a link it answers for that status of upstreams too, where `proxy_intercept_errors` is on.

nginx takes variables of 46 characters unless its `variables_hash_bucket_size` is raised: for a
list with a long name set `variable` in the output. From some fifty files on it warns that it
`could not build optimal variables_hash`, and serves them all the same. It is silent about 2,000
with `variables_hash_max_size 2048; variables_hash_bucket_size 256;` in `http`.

Behind a proxy set the client's address with the realip module; then `source` can stay."""

_SERVER = ExtraFile("nginx-geo.server.conf.j2", ".server.conf", FAMILIES)


def trial_script(options: Sequence[str], load: str = "") -> str:
    """Return a script by which nginx reads `nginx.conf`, which includes `own.conf` first.

    An option may name a variable that the operator defines elsewhere. Where nginx does not know it,
    it is defined for the trial; one that nginx has itself must not be defined a second time.

    Args:
        options: Those that may, in the order in which the artifact names them first: nginx speaks
            of one variable at a time.
        load: What nginx loads before, for the shell.
    """
    words = " ".join(f"'@option.{name}@'" for name in options)
    return f"""\
try() {{
    said=$(nginx -t -q -p @folder@ -c @folder@/nginx.conf -g "{load}" 2>&1)
    code=$?
}}
: > @folder@/own.conf
try
for word in {words}; do
    name=${{word#\\$}}
    case $said in *"unknown \\"$name\\" variable"*)
        echo "map '' \\$$name {{ default 192.0.2.1; }}" >> @folder@/own.conf
        try ;;
    esac
done
printf '%s\\n' "$said"
exit $code
"""


# A configuration that has nothing but the artifact, and writes only to the folder.
_NATIVE = NativeCheck(
    programs=("nginx",),
    packages=("nginx",),
    argv=("sh", "@folder@/check.sh"),
    warning="[warn",
    files={
        "check.sh": trial_script(["source"]),
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
    include @folder@/own.conf;
    include @0@;
    server { listen unix:@folder@/socket; return 200 $@option.variable@; }
}
""",
    },
)
_SERVER_NATIVE = replace(
    _NATIVE,
    files={
        name: text.replace("include @0@;", "include @0@;\n    server { include @1@; }")
        for name, text in _NATIVE.files.items()
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
    orders=_orders,
    words=_KINDS,
    comment="#",
    options=(
        Option(
            "variable",
            "blockc_{word}",
            "1 to 46 lower-case letters, digits or _, a letter first, without the $",
            pattern=r"[a-z][a-z0-9_]{0,45}",  # nginx's variables_hash_bucket_size of 64
            part="_{part}",
            by_kind={
                ContentKind.VERDICTS: "blockc_{word}_action",
                ContentKind.COUNTRIES: "blockc_country",
            },
            about="the variable of the answer",
        ),
        Option(
            "source",
            "remote_addr",
            "the variable that holds the client's address, without the $",
            pattern=r"[a-z][a-z0-9_]{0,63}",
            about="what is looked up",
        ),
    ),
    lengths=Lengths(range(1, 33), range(1, 129), _MODULE),  # /0 is another word for `default`
    responses=Responses(
        statuses=STATUSES,
        links=True,
        extra_files=(_SERVER,),
        reader=decoded(read_with_server),
        native=_SERVER_NATIVE,
    ),
    native=_NATIVE,
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    live=LiveForm(
        commands=("nginx -T",),
        reader=read_dumped,
        shows=frozenset({"nginx variable", "nginx source", "nginx values"}),
        limits="It is what nginx would load; a running one has it from its last reload on. What "
        "asks the variable, and the second file, are not looked at.",
    ),
    references=(_MODULE,),
    deployment=Deployment(
        load="nginx -t && nginx -s reload  # a file that does not load leaves the old one in force",
        rollback="blockc rollback && nginx -t && nginx -s reload",
    ),
)
