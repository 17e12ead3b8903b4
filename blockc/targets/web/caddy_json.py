"""Caddy's own JSON: one route, for servers that are configured through its API or a JSON file.

It decides as the Caddyfile form does: whether any prefix holds the address of the connection.
"""

from collections.abc import Iterator, Sequence

from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.live import LiveForm
from blockc.targets.core.mapped import COPIES, decode_with_copies
from blockc.targets.core.response import HTTP_ERRORS, Response
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
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.json_tree import JsonNode, json_object
from blockc.targets.syntax.reading import Found, Ordered, Reading, each
from blockc.targets.syntax.tokens import Text
from blockc.targets.web.caddy import COMPARED, IP, STATUS, TWICE, compared
from blockc.targets.web.caddy_live import MATCHERS, live_route


def read_route(text: Text) -> Reading:
    """Return the rules of a route: every range of its only matcher, all of them block.

    Raises:
        SourceSyntaxError: If the route says anything else, or nothing refuses its clients.
    """
    route = json_object(text).fields({"@id": str, "match": list, "handle": list})
    matchers = route["match"].items()
    if len(matchers) != 1:
        raise route["match"].error("expected one matcher, or others would be refused too")
    kind = next((one for one in MATCHERS if one in matchers[0].value), MATCHERS[0])
    ranges = matchers[0].only(kind, dict).only("ranges", list)
    parts, twice = decode_with_copies(text, ranges.texts(), ranges.where)
    handlers = route["handle"].items()
    if not handlers:
        raise route["handle"].error("nothing refuses the clients")
    *before, last = handlers
    error = last.fields({"handler": str, "status_code": int, "error": str})
    if error["handler"].value != "error" or error["status_code"].value not in HTTP_ERRORS:
        raise last.error("expected the handler error with a status of 400 to 599")
    if "{" in error["error"].value:
        raise error["error"].error("a request would decide what stands here")
    return Reading(
        parts,
        found=(
            matchers[0].found(COMPARED, kind),
            *([ranges.found(TWICE, True)] if twice else []),
            route["@id"].found("Caddy route"),
            error["status_code"].found("Caddy status"),
            error["error"].found("message"),
            *map(_link, before),
        ),
    )


def _link(node: JsonNode) -> Found:
    """Return the only header that a handler before the error may set."""
    handler = node.fields({"handler": str, "response": dict})
    if handler["handler"].value != "headers":
        raise handler["handler"].error("expected the handler headers")
    links = handler["response"].only("set", dict).only("Link", list)
    if len(links.texts()) != 1 or "{" in links.value[0]:
        raise links.error("expected one text that no request decides")
    return links.found("Link", links.value[0])


def _orders(document: Document, _file: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    made_of, answer = document.provenance, document.response or Response()
    sample = "SAMPLE DATA, " if made_of.sample else ""
    said = f"list {made_of.list}, policy {made_of.policy}, by country of registration"
    yield Ordered("Caddy route", document.options["id"], claimed=True)
    yield Ordered("Caddy status", answer.status)
    yield Ordered("message", sample + said + document.waiting)
    if answer.link:
        yield Ordered("Link", answer.header)
    yield from compared(document, parts)


_NOTES = """\
The file is one route. It must be the first of its server, or an earlier one answers. Caddy loads it
without a restart, and finds it again by its `@id`. Where the configuration is a file, put the
route into it with `jq`.

The connection's address is compared, which behind a proxy is the proxy's; `ip = "client_ip"` and
`mapped = true` are as for `caddy`. Entries are compared one after the other for every request. The
error runs the error routes of the server, which may choose another answer; its message, with the
list and the policy, is in Caddy's log."""

# A server with the route and nothing else; it is loaded, and nothing listens.
_NATIVE = NativeCheck(
    programs=("caddy",),
    packages=("caddy",),
    argv=("sh", "@folder@/check.sh"),
    warning='"level":"warn"',
    files={
        "begin": '{"admin":{"disabled":true},"apps":{"http":{"servers":{"check":'
        '{"listen":["127.0.0.1:8080"],"routes":[',
        "end": "]}}}}}",
        "check.sh": """\
set -e
cat @folder@/begin @0@ @folder@/end > @folder@/caddy.json
caddy validate --config @folder@/caddy.json
""",
    },
)

CADDY_JSON = Target(
    name="caddy-json",
    title="Caddy route in JSON",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="caddy-json.json.j2",
    ending="json",
    reader=each(read_route),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(
        Option(
            "id",
            "blockc_{word}",
            "1 to 64 lower-case letters, digits or _, a letter first",
            pattern=r"[a-z][a-z0-9_]{0,63}",
            part="_{part}",
            about="the route's @id, by which the API finds it",
        ),
        STATUS,
        IP,
        COPIES,
    ),
    responses=Responses(statuses=HTTP_ERRORS, links=True),
    native=_NATIVE,
    live=LiveForm(
        commands=("curl -fsS http://localhost:2019/config/",),
        reader=lambda texts, options: read_route(live_route(texts, options)),
        shows=frozenset({"Caddy route", "Caddy status", "message", "Link", COMPARED, TWICE}),
        limits="What `/id/ID` shows is read too; of the whole configuration the route must be the "
        "first of its server.",
    ),
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    references=(
        Reference("https://caddyserver.com/docs/json/apps/http/servers/routes/", "2026-11-27"),
        Reference("https://caddyserver.com/docs/api", "2026-11-27"),
    ),
    deployment=Deployment(
        load="""\
# once: in front of the other routes; then every new file takes the place of the old one
curl -fsS -X PUT -H 'Content-Type: application/json' --data-binary @list.json \\
  http://localhost:2019/config/apps/http/servers/SERVER/routes/0
curl -fsS -X PATCH -H 'Content-Type: application/json' --data-binary @list.json \\
  http://localhost:2019/id/ID""",
        rollback="""\
curl -fsS -X PATCH -H 'Content-Type: application/json' --data-binary @PREVIOUS/list.json \\
  http://localhost:2019/id/ID""",
    ),
)
