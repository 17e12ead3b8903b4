"""nginx in front of TCP and UDP: a `geo` variable, and the upstream of a connection by it.

The stream module has no `if` and no status, so what is refused is a question of where a connection
is passed to: an upstream without a name cannot be connected to, and nginx closes the connection
before a byte of it is read. `deny` refuses too, but compares with one entry after the other, and
cannot only watch.

As in `nginx_geo`, what is not an address is looked up as 255.255.255.255, and an IPv4-mapped client
as IPv4. `$proxy_protocol_addr` of a connection without that header is not an address.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.live import LiveForm, joined
from blockc.targets.core.marks import WATCHED
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
from blockc.targets.core.verdicts import ContentKind, Vocabulary
from blockc.targets.syntax.reading import Found, Ordered, Reading, acting, each
from blockc.targets.syntax.statements import Statements
from blockc.targets.syntax.tokens import Text
from blockc.targets.web.nginx_geo import NGINX, WORDS, dumped_block, read_block, trial_script
from blockc.values import replace

_UPSTREAM = re.compile(r"\$?[A-Za-z_][A-Za-z0-9_.-]*")
_NOTHING = re.compile(r"\"\"|''")
_ACTION = re.compile("block|monitor|warn")
_MAPS = ("_action", "_upstream")  # the ends of the names of the variables beside the option's own


def read_stream(text: Text) -> Reading:
    """Return the rules of a `geo` block, and what happens to the connections it names.

    Source: https://nginx.org/en/docs/stream/ngx_stream_geo_module.html, the pages of the stream
    modules map and proxy, and nginx 1.22.1 itself.

    Raises:
        SourceSyntaxError: If the word for the log is not what happens, or anything else happens.
    """
    stream = NGINX.read(text)
    geo = read_block(stream)
    variable = next(str(one.value) for one in geo.found if one.what == "nginx variable")
    action, where = _action(stream, variable)
    upstream, refuses = _upstream(stream, variable)
    if refuses != (action == "block"):
        raise where.error(f"the log says {action}, and the connection is not treated so")
    if stream.word:
        raise stream.error("expected nothing after the upstream")
    maps = [replace(where, what="nginx variable", value=f"{variable}{end}") for end in _MAPS]
    return acting(replace(geo, found=(*geo.found, *maps, upstream)), action)


def _action(stream: Statements, variable: str) -> tuple[str, Found]:
    """Step over the map of what the log says; return its word for who is listed."""
    stream.expect("map", variable, f"{variable}_action", "{", "default")
    stream.take(_NOTHING, "nothing for who is not listed")
    stream.expect(";", "1")
    where = stream.found("action")
    action = stream.take(_ACTION, "block, monitor or warn")
    stream.expect(";", "}")
    return action, where


def _upstream(stream: Statements, variable: str) -> tuple[Found, bool]:
    """Step over the map of upstreams; return that of others, and whether the listed have none."""
    stream.expect("map", variable, f"{variable}_upstream", "{", "default")
    upstream = stream.found("nginx upstream")
    stream.take(_UPSTREAM, "an upstream for who is not listed")
    stream.expect(";")
    refuses = stream.word == "1"
    if refuses:
        stream.step()
        stream.take(_NOTHING, "no upstream for who is listed")
        stream.expect(";")
    stream.expect("}")
    return upstream, refuses


def read_dumped(texts: Sequence[Text], options: Mapping[str, OptionValue]) -> Reading:
    """Return the same of the three blocks in what `nginx -T` prints of all its files."""
    text, variable = joined(texts), f"${options['variable']}"
    blocks = [
        dumped_block(text, "geo", variable).text,
        dumped_block(text, "map", f"{variable}_action").text,
        dumped_block(text, "map", f"{variable}_upstream").text,
    ]
    length = max(block.count("\n") for block in blocks) + 1
    columns = [[*block.split("\n"), *[""] * (length - block.count("\n"))] for block in blocks]
    lines = ("".join(row) for row in zip(*columns, strict=False))
    return read_stream(replace(text, text="\n".join(lines)))


def _orders(document: Document, _file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    options = document.options
    for end in ("", *_MAPS):
        yield Ordered("nginx variable", f"${options['variable']}{end}", claimed=True)
    yield Ordered("nginx source", f"${options['source']}")
    yield Ordered("nginx values", WORDS[ContentKind.LIST])
    yield Ordered("nginx upstream", options["upstream"])


_GEO = Reference(
    "https://nginx.org/en/docs/stream/ngx_stream_geo_module.html", checked="2026-11-27"
)
_PROXY = Reference(
    "https://nginx.org/en/docs/stream/ngx_stream_proxy_module.html", checked="2026-11-27"
)

_NOTES = """\
In each `server` of `stream` that refuses, write `proxy_pass $NAME_upstream;`, NAME being the
option `variable`. There is no answer that says why: the connection of who is listed is closed.
nginx counts it with `$status` 500 and writes a line `no host in upstream ""` with the client's
address to the error log, at the level `error`.

nginx takes names of 46 characters unless its `variables_hash_bucket_size` is raised, and
`_upstream` is 9 of them: for a list with a long name set `variable` in the output. From some
fifteen files on it warns that it `could not build optimal variables_hash`, and serves them all the
same; `variables_hash_max_size 2048; variables_hash_bucket_size 256;` in `stream` silence it.

`$NAME_action` is a word for `log_format` of `stream`: the stage for who is listed, and nothing for
others. In `monitor` and `warn` everybody gets the same upstream; there is nobody to warn.

Behind a proxy that speaks the PROXY protocol write `source = "proxy_protocol_addr"`, and
`proxy_protocol` in `listen`; or set the address with `set_real_ip_from` and leave it. What is not
an address is looked up as 255.255.255.255, so is `$proxy_protocol_addr` without `proxy_protocol`
in `listen`, which lets everybody in. An IPv4-mapped client is looked up as IPv4."""

# A configuration that has nothing but the artifact, and writes only to the folder. Debian has the
# module as a file of its own; a nginx that was built with it has no such file.
_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"
_NATIVE = NativeCheck(
    programs=("nginx",),
    packages=("nginx", "libnginx-mod-stream"),
    argv=("sh", "@folder@/check.sh"),
    warning="[warn",
    files={
        "nginx.conf": """\
pid @folder@/pid;
error_log stderr warn;
events {}
stream {
    include @folder@/own.conf;
    include @0@;
    upstream @option.upstream@ { server unix:@folder@/backend; }
    log_format stages $@option.variable@_action;
    access_log off;
    server { listen unix:@folder@/socket; proxy_pass $@option.variable@_upstream; }
}
""",
        "check.sh": f"load=\n[ ! -e {_MODULE} ] || load='load_module {_MODULE};'\n"
        + trial_script(["source", "upstream"], "$load"),
    },
)

NGINX_STREAM = Target(
    name="nginx-stream",
    title="nginx stream upstream",
    match=Match.LONGEST,
    form=EntryForm.HOST,
    layout=Layout.TOGETHER,
    writer="nginx-stream.conf.j2",
    ending="conf",
    reader=each(read_stream),
    orders=_orders,
    words={ContentKind.LIST: Vocabulary({"": "0", "block": "1"})},
    comment="#",
    options=(
        Option(
            "variable",
            "blockc_{word}_stream",
            "1 to 37 lower-case letters, digits or _, a letter first, without the $",
            pattern=r"[a-z][a-z0-9_]{0,36}",
            part="_{part}",
            about="the variable of who is listed, and the beginning of those with _action and "
            "_upstream after it",
        ),
        Option(
            "source",
            "remote_addr",
            "the variable that holds the client's address, without the $",
            pattern=r"[a-z][a-z0-9_]{0,63}",
            about="what is looked up",
        ),
        Option(
            "upstream",
            "backend",
            "1 to 64 letters, digits, _, - or ., a letter first or $ and the name of a variable",
            pattern=r"\$?[A-Za-z_][A-Za-z0-9_.-]{0,63}",
            about="where the connections of all others go",
        ),
    ),
    lengths=Lengths(range(1, 33), range(1, 129), _GEO),  # /0 is another word for `default`
    responses=Responses(actions=WATCHED),
    native=_NATIVE,
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    live=LiveForm(
        commands=("nginx -T",),
        reader=read_dumped,
        shows=frozenset({"nginx variable", "nginx source", "nginx values", "nginx upstream"}),
        limits="It is what nginx would load; a running one has it from its last reload on. Which "
        "servers pass connections on by it is not looked at.",
    ),
    references=(_GEO, _PROXY),
    deployment=Deployment(
        load="nginx -t && nginx -s reload  # a file that does not load leaves the old one in force",
        rollback="blockc rollback && nginx -t && nginx -s reload",
    ),
)
