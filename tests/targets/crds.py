"""The parts of published schemas that our manifests use; other properties were cut out of them.

Sources, each as it stands in the repository of the project:
istio/api kubernetes/customresourcedefinitions.gen.yaml (security.istio.io/v1);
envoyproxy/gateway charts/gateway-helm/crds/generated/gateway.envoyproxy.io_securitypolicies.yaml;
cilium/cilium pkg/k8s/apis/cilium.io/client/crds/v2/ciliumcidrgroups.yaml and
ciliumclusterwidenetworkpolicies.yaml;
projectcalico/calico libcalico-go/config/crd/crd.projectcalico.org_tiers.yaml,
_globalnetworksets.yaml and _globalnetworkpolicies.yaml. What a rule or a type says is theirs; that
nothing else may stand beside is ours, since the rest was cut.
"""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
TEXT: Schema = {"type": "string"}
TEXTS: Schema = {"type": "array", "items": TEXT}
CIDR_V4 = r"((25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)\.){3}(25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)/"
LABELS: Schema = {"type": "object", "additionalProperties": {"type": "string", "maxLength": 63}}


def of(required: str, **properties: Schema) -> Schema:
    """Return the schema of an object with these properties and no others."""
    found = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": required.split()}


def one_of(*values: str) -> Schema:
    """Return the schema of a text that is one of several."""
    return {"type": "string", "enum": list(values)}


def many(items: Schema, least: int = 0) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items, "minItems": least}


NAME: Schema = {"type": "string", "maxLength": 253, "pattern": r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"}
METADATA = of("name", name=NAME, namespace=NAME, labels=LABELS, annotations={"type": "object"})


def kind(spec: Schema) -> Schema:
    """Return the schema of an object of Kubernetes."""
    return of(
        "apiVersion kind metadata spec", apiVersion=TEXT, kind=TEXT, metadata=METADATA, spec=spec
    )


MATCH = of("", matchLabels=LABELS)
_ISTIO_SOURCE = of("", ipBlocks=TEXTS, remoteIpBlocks=TEXTS)
_ISTIO = of(
    "",
    action=one_of("ALLOW", "DENY", "AUDIT", "CUSTOM"),
    selector=MATCH,
    rules={
        "type": "array",
        "maxItems": 512,
        "items": of(
            "",
            **{"from": {"type": "array", "maxItems": 512, "items": of("", source=_ISTIO_SOURCE)}},
        ),
    },
)
_GATEWAY = of(
    "",
    targetRefs={
        "type": "array",
        "maxItems": 16,
        "minItems": 1,
        "items": of("group kind name", group=TEXT, kind=TEXT, name=NAME),
    },
    authorization=of(
        "",
        defaultAction=one_of("Allow", "Deny"),
        rules=many(
            of(
                "action principal",
                name={"type": "string", "minLength": 1, "maxLength": 253},
                action=one_of("Allow", "Deny"),
                principal=of("", clientCIDRs=many(TEXT, 1)),
            )
        ),
    ),
)
_CLUSTERWIDE = of(
    "endpointSelector",
    endpointSelector=MATCH,
    enableDefaultDeny=of("", ingress={"type": "boolean"}, egress={"type": "boolean"}),
    ingressDeny=many(
        of(
            "",
            fromCIDRSet=many(of("", cidrGroupRef={"type": "string", "maxLength": 253, **NAME})),
        )
    ),
)
_RULE = of("action", action=TEXT, source=of("", selector=TEXT))
_GLOBAL = of("", tier=TEXT, selector=TEXT, types=TEXTS, ingress=many(_RULE))
_TIER = of("", order={"type": "number"}, defaultAction=one_of("Pass", "Deny"))

#: apiVersion and kind -> the schema of an object.
CRDS: Mapping[tuple[str, str], Schema] = {
    ("security.istio.io/v1", "AuthorizationPolicy"): kind(_ISTIO),
    ("gateway.envoyproxy.io/v1alpha1", "SecurityPolicy"): kind(_GATEWAY),
    ("cilium.io/v2", "CiliumCIDRGroup"): kind(of("externalCIDRs", externalCIDRs=TEXTS)),
    ("cilium.io/v2", "CiliumClusterwideNetworkPolicy"): kind(_CLUSTERWIDE),
    ("projectcalico.org/v3", "Tier"): kind(_TIER),
    ("projectcalico.org/v3", "GlobalNetworkSet"): kind(of("", nets=TEXTS)),
    ("projectcalico.org/v3", "GlobalNetworkPolicy"): kind(_GLOBAL),
}
