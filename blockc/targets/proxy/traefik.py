"""Traefik's ipAllowList middleware, for its file provider and as an object of Kubernetes.

Traefik has no middleware that denies, so the list of those it lets pass is the complement of the
list. An empty one is an error that takes down every route of the middleware, so 0.0.0.0, which is
nobody's address, always passes.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from blockc.addresses import MAPPED, V4, Prefix
from blockc.addresses.rules import Match, Rules, without_space
from blockc.targets.cluster.manifests import (
    APPLY,
    NAMES,
    NAMESPACE,
    OBJECT,
    metadata,
    name_option,
    namespace_option,
    orders,
)
from blockc.targets.cluster.manifests import NOTES as MANIFESTS
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.facts import (
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    Reference,
    Responses,
)
from blockc.targets.core.layout import File
from blockc.targets.core.response import HTTP_ERRORS, REFUSED
from blockc.targets.core.target import Target
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.allow_list import kept_out, without_mapped
from blockc.targets.syntax.json_shape import Entries, Maybe, Named, Says, Shape, shaped
from blockc.targets.syntax.reading import Ordered, Reading, each
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

_NAME = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HEADER = re.compile(r"\A(?:#[^\n]*\n)*+")
_NOBODY = Prefix(V4, 0, 32)
_ALLOW = {
    "sourceRange": Entries(),
    "ipStrategy": Maybe({"depth": Says("depth", kind=int)}),
    "rejectStatusCode": Says("status", kind=int),
}
_FILE = {
    "http": {"middlewares": Named("Traefik middleware", _NAME, {"ipAllowList": _ALLOW})},
}
_OBJECT = {
    "apiVersion": "traefik.io/v1alpha1",
    "kind": "Middleware",
    "metadata": metadata("Middleware", NAMESPACE),
    "spec": {"ipAllowList": _ALLOW},
}


def _empty_lines(lines: re.Match[str]) -> str:
    return "\n" * lines[0].count("\n")


def _reader(shape: Shape) -> Callable[[Text], Reading]:
    read = shaped(shape)

    def read_allow_list(text: Text) -> Reading:
        """Return what an allow list blocks.

        Raises:
            SourceSyntaxError: If it lets nobody pass, which Traefik does not take.
        """
        reading = read(replace(text, text=_HEADER.sub(_empty_lines, text.text)))
        if not any(len(part.rules) for part in reading.parts):
            raise text.error("Traefik does not take an empty sourceRange", 0)
        return kept_out(reading)

    return read_allow_list


def _but_nobody(rules: Rules) -> Rules:
    """Return rules without the addresses that no client has in Traefik."""
    return without_space(without_mapped(rules), (_NOBODY,))


def _answer(document: Document) -> Iterator[Ordered]:
    depth = document.options["depth"]
    yield from document.answer()
    yield Ordered("depth", depth, required=bool(depth))


def _file_orders(document: Document, _file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    yield Ordered("Traefik middleware", document.options["name"], claimed=True)
    yield from _answer(document)


def _object_orders(
    document: Document, _file: File, _: Sequence[FamilyEntries]
) -> Iterator[Ordered]:
    yield from orders(document, "Middleware")
    yield from _answer(document)


_OPTIONS = (
    name_option("the middleware"),
    Option(
        "depth",
        0,
        "0 to 10",
        within=range(11),
        about="which address of X-Forwarded-For is compared, from the right; 0 is the connection's",
    ),
    Option(
        "status",
        REFUSED,
        "a status from 400 to 599",
        within=range(400, 600),
        about="what blocked clients get",
    ),
)
_NOTES = """\
`ipAllowList` says who may pass, so the file holds all addresses but those of the list, as few
prefixes as possible. Every router that names the middleware is protected, and no other. Of a list
in several parts a router names the middleware of each part, in a chain: who is blocked by one does
not pass. Entries are compared one after the other for each request.

`0.0.0.0/32`, which is nobody's address, always passes: a middleware with an empty `sourceRange` is
an error to Traefik, and its routers answer 404. Prefixes inside `::ffff:0:0/96` are left out, since
Traefik would take them for IPv4. With a `depth` of more than `X-Forwarded-For` has addresses the
client has none, and is refused; with one less than there are proxies a client can say who it is.

The status is that of the policy, 403 without one. Traefik sends no `Link` here, and cannot only
watch: a list in `monitor` is written with `until_block = "empty"`, and then lets everybody pass."""
_PAGE = Reference(
    "https://doc.traefik.io/traefik/v3.8/reference/routing-configuration/http/middlewares/"
    "ipallowlist/",
    "2026-11-27",
)

TRAEFIK = Target(
    name="traefik",
    title="Traefik ipAllowList for the file provider",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="traefik.yaml.j2",
    ending="yaml",
    reader=each(_reader(_FILE)),
    orders=_file_orders,
    words={ContentKind.LIST: BLOCKS},
    options=_OPTIONS,
    comment="#",
    adapt=_but_nobody,
    allows=True,
    never_consulted=(MAPPED, _NOBODY),
    responses=Responses(statuses=HTTP_ERRORS),
    notes=f"""\
The file is JSON, which is YAML too: Traefik reads files that are called `.yaml`, `.yml` or
`.toml`. It watches the folder of its file provider and takes a new file without a restart; the
name of the middleware for routers of other providers is `NAME@file`.

{_NOTES}""",
    references=(_PAGE,),
    deployment=Deployment(
        load="cp list.yaml /etc/traefik/dynamic/.new && "
        "mv /etc/traefik/dynamic/.new /etc/traefik/dynamic/list.yaml",
        rollback="cp PREVIOUS/list.yaml /etc/traefik/dynamic/.new && "
        "mv /etc/traefik/dynamic/.new /etc/traefik/dynamic/list.yaml",
    ),
)
TRAEFIK_MIDDLEWARE = replace(
    TRAEFIK,
    name="traefik-middleware",
    title="Traefik ipAllowList for Kubernetes",
    writer="traefik-middleware.json.j2",
    ending="json",
    reader=each(_reader(_OBJECT)),
    orders=_object_orders,
    comment="",
    options=(*_OPTIONS, namespace_option("default", "where the middleware is")),
    max_entries=OBJECT,
    maturity=Maturity.SCHEMA,
    notes=f"{_NOTES}\n\n{MANIFESTS}",
    references=(_PAGE, NAMES),
    deployment=APPLY,
)
