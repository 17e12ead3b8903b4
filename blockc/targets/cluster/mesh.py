"""Policies at the gateways of Kubernetes, in HTTP: Istio's AuthorizationPolicy and Envoy Gateway's
SecurityPolicy.

In both an object that says too little denies everybody: a rule without a source, a policy whose
default is to deny. So an empty list has no rules at all, and readers take nothing but what we mean.
"""

from collections.abc import Iterator, Sequence

from blockc.addresses.rules import Match
from blockc.targets.cluster.manifests import (
    APPLY,
    NAME,
    NAMES,
    NAMESPACE,
    NOTES,
    OBJECT,
    metadata,
    name_option,
    namespace_option,
    orders,
    selector,
    selector_option,
)
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.facts import EntryForm, Layout, Maturity, Reference, Responses
from blockc.targets.core.layout import File
from blockc.targets.core.target import Target
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import BLOCKS, ContentKind
from blockc.targets.syntax.json_shape import (
    Doing,
    Either,
    Entries,
    Maybe,
    Meaning,
    Says,
    shaped,
)
from blockc.targets.syntax.reading import Ordered, each

_SOURCES = ("ipBlocks", "remoteIpBlocks")
_SOURCE = Either(tuple(Meaning("source", key, {key: Entries()}) for key in _SOURCES))
read_istio = shaped(
    {
        "apiVersion": "security.istio.io/v1",
        "kind": "AuthorizationPolicy",
        "metadata": metadata(
            "AuthorizationPolicy",
            NAMESPACE,
            {"istio.io/dry-run": Maybe(Doing("monitor", "true"))},
        ),
        "spec": {
            "selector": Maybe(selector("matchLabels")),
            "action": "DENY",
            "rules": Maybe([{"from": [{"source": _SOURCE}]}]),
        },
    }
)
read_gateway = shaped(
    {
        "apiVersion": "gateway.envoyproxy.io/v1alpha1",
        "kind": "SecurityPolicy",
        "metadata": metadata("SecurityPolicy", NAMESPACE),
        "spec": {
            "targetRefs": [
                {
                    "group": "gateway.networking.k8s.io",
                    "kind": "Gateway",
                    "name": Says("gateway", NAME),
                }
            ],
            "authorization": {
                "defaultAction": "Allow",
                "rules": Maybe(
                    [
                        {
                            "name": Says("rule", NAME),
                            "action": "Deny",
                            "principal": {"clientCIDRs": Entries()},
                        }
                    ]
                ),
            },
        },
    }
)


def _istio_orders(document: Document, _file: File, _: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    yield from orders(document, "AuthorizationPolicy")
    yield Ordered("source", document.options["source"], required=False)


def _gateway_orders(
    document: Document, _file: File, _: Sequence[FamilyEntries]
) -> Iterator[Ordered]:
    yield from orders(document, "SecurityPolicy")
    option = document.options
    yield Ordered("gateway", option["gateway"])
    yield Ordered(
        "policy of the gateway",
        f"{option['namespace']}/{option['gateway']}",
        claimed=True,
        required=False,
        hint="Envoy Gateway takes only the oldest policy of a gateway: make one list of both",
    )
    yield Ordered("rule", option["name"], required=False)


_ISTIO_NOTES = f"""\
Istio asks policies of the action DENY before those that allow. A policy in the root namespace, by
default `istio-system`, holds for the whole mesh, so `selector` names the gateway's labels.

`ipBlocks` compares the source address of the packet. A cloud's load balancer, or a service whose
`externalTrafficPolicy` is not `Local`, puts its own address there, and then nobody is on the list.
`remoteIpBlocks` compares the client that `X-Forwarded-For` or the PROXY protocol names, as
`numTrustedProxies` says; a gateway that trusts more proxies than there are believes its clients.

Istio answers 403 and cannot be told another status. In `monitor` the policy has the annotation
`istio.io/dry-run`: nobody is denied, and the gateway counts and logs who would be. The action AUDIT
is not used, since it does nothing without a plugin of its own. When the stage begins to block the
annotation goes, which only `--server-side` or `kubectl replace` takes away for certain.

{NOTES}"""

_GATEWAY_NOTES = f"""\
One policy holds for a gateway: of several that name the same one Envoy Gateway takes the oldest and
marks the others as conflicted. So a list cannot be split here, and two lists for one gateway are
refused: they must be one. A policy of a route takes the place of the gateway's, unless it is
merged with it (`mergeType`).

The client's address is what `ClientTrafficPolicy` says: of the connection, or of a header with
`clientIPDetection`. Envoy Gateway answers 403. It cannot only watch, so a list in `monitor` is
written with `until_block = "empty"`, as a policy without rules, which allows everybody.

{NOTES}"""

ISTIO_AUTHORIZATIONPOLICY = Target(
    name="istio-authorizationpolicy",
    title="Istio AuthorizationPolicy",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="istio-authorizationpolicy.json.j2",
    ending="json",
    reader=each(read_istio),
    orders=_istio_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(
        name_option("the policy"),
        namespace_option("istio-system", "where the policy is; the root namespace is for all"),
        selector_option("istio=ingressgateway", "the workloads it holds for"),
        Option(
            "source",
            "ipBlocks",
            "ipBlocks or remoteIpBlocks",
            pattern="|".join(_SOURCES),
            about="whose address is compared: the packet's, or that of the client behind proxies",
        ),
    ),
    max_entries=OBJECT,
    responses=Responses(actions=frozenset({"monitor"})),
    maturity=Maturity.SCHEMA,
    notes=_ISTIO_NOTES,
    references=(
        Reference(
            "https://istio.io/latest/docs/reference/config/security/authorization-policy/",
            "2026-11-27",
        ),
        NAMES,
    ),
    deployment=APPLY,
)

ENVOY_GATEWAY = Target(
    name="envoy-gateway",
    title="Envoy Gateway SecurityPolicy",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="envoy-gateway.json.j2",
    ending="json",
    reader=each(read_gateway),
    orders=_gateway_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(
        name_option("the policy and its rule"),
        namespace_option("default", "where the policy and its gateway are"),
        Option(
            "gateway",
            "eg",
            "1 to 63 lower-case letters, digits or -, no - at the ends",
            pattern=NAME,
            about="the gateway it holds for",
        ),
    ),
    max_entries=OBJECT,
    whole=True,
    maturity=Maturity.SCHEMA,
    notes=_GATEWAY_NOTES,
    references=(
        Reference(
            "https://gateway.envoyproxy.io/docs/tasks/security/restrict-ip-access/", "2026-11-27"
        ),
        NAMES,
    ),
    deployment=APPLY,
)
