"""Policies for packets in Kubernetes: Cilium's, Calico's and Kubernetes' own.

A policy that selects a pod changes what else may reach it: without a word against it, all that no
policy allows is dropped. So each of these says that it denies the list and nothing else.
"""

from collections.abc import Iterator, Sequence

from blockc.addresses import FAMILIES, MAPPED, V4, V6, Family, Prefix, Prefixes
from blockc.addresses.rules import Match, Rules
from blockc.errors import SourceSyntaxError
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
from blockc.targets.syntax.allow_list import without_mapped
from blockc.targets.syntax.json_shape import (
    Doing,
    Each,
    Either,
    Entries,
    Maybe,
    Meaning,
    Says,
    Shape,
    shaped,
)
from blockc.targets.syntax.reading import Ordered, Part, Reading, SharedPlace, each
from blockc.targets.syntax.tokens import Text

_ENDPOINTS = Either(({}, selector("matchLabels")))
_LIST = {"apiVersion": "v1", "kind": "List"}
_GROUP = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumCIDRGroup",
    "metadata": metadata("CiliumCIDRGroup"),
    "spec": {"externalCIDRs": Entries()},
}
_CLUSTERWIDE = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumClusterwideNetworkPolicy",
    "metadata": metadata("CiliumClusterwideNetworkPolicy"),
    "spec": {
        "endpointSelector": _ENDPOINTS,
        "enableDefaultDeny": {"ingress": False, "egress": False},
        "ingressDeny": [{"fromCIDRSet": [{"cidrGroupRef": Says("CIDR group", NAME)}]}],
    },
}
read_cilium = shaped({**_LIST, "items": [_GROUP, _CLUSTERWIDE]})

_EXPRESSION = r"[A-Za-z0-9_./()=!&|' {},-]{1,200}"
_SOURCE = {"selector": Says("source", r"blockc == '([a-z0-9-]{1,63})'")}
_TIER = {
    "apiVersion": "projectcalico.org/v3",
    "kind": "Tier",
    "metadata": {"name": Says("tier", NAME)},
    "spec": {"order": Says("order of the tier", kind=int), "defaultAction": "Pass"},
}
_SET = {
    "apiVersion": "projectcalico.org/v3",
    "kind": "GlobalNetworkSet",
    "metadata": metadata("GlobalNetworkSet", {"labels": {"blockc": Says("label", NAME)}}),
    "spec": {"nets": Entries()},
}
_GLOBAL = {
    "apiVersion": "projectcalico.org/v3",
    "kind": "GlobalNetworkPolicy",
    "metadata": {"name": Says("GlobalNetworkPolicy", rf"{NAME}\.{NAME}")},
    "spec": {
        "tier": Says("tier", NAME),
        "selector": Says("Calico selector", _EXPRESSION),
        "types": ["Ingress"],
        "ingress": [{"action": Either(("Deny", Doing("monitor", "Log"))), "source": _SOURCE}],
    },
}
read_calico = shaped({**_LIST, "items": [_TIER, _SET, _GLOBAL]})


def _peer(family: Family) -> Shape:
    """Return the shape of a peer that lets all of a family in but for its exceptions."""
    whole = str(Prefix(family, 0, 0))
    block = {"cidr": whole, "except": Maybe(Entries(families=(family,)))}
    return Meaning("peer", family.name, {"ipBlock": block})


_INSIDE = Meaning("peer", "the cluster", {"namespaceSelector": {}})
_PEERS = Either((_peer(V4), _peer(V6), _INSIDE))
_read_peers = shaped(
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata("NetworkPolicy", NAMESPACE),
        "spec": {
            "podSelector": _ENDPOINTS,
            "policyTypes": ["Ingress"],
            "ingress": Either(([], [{"from": Each(_PEERS, least=1)}])),
        },
    }
)


def read_network_policy(text: Text) -> Reading:
    """Return what a NetworkPolicy keeps out: the exceptions of each family, or all of a family.

    Raises:
        SourceSyntaxError: If it is no such policy, or lets a family in twice, since what one peer
            excepts the other lets in.
    """
    reading = _read_peers(text)
    peers = [one for one in reading.found if one.what == "peer"]
    for at, one in enumerate(peers):
        if one.value in [other.value for other in peers[:at]]:
            raise one.error(f"{one.value} is let in twice")
    let_in = {one.value for one in peers}
    parts = [part for part in reading.parts if part.rules.family.name in let_in]
    parts += [_all_of(family, text) for family in FAMILIES if family.name not in let_in]
    own = tuple(one for one in reading.found if one.what != "peer" or one.value == "the cluster")
    return Reading(tuple(parts), reading.names, own)


def _all_of(family: Family, text: Text) -> Part:
    def where(_: int, why: str) -> SourceSyntaxError:
        return text.error(f"no peer lets {family.name} in: {why}", 0)

    return Part(Rules.of_prefixes(Prefixes.of(family, [Prefix(family, 0, 0)])), where)


def _cilium_orders(
    document: Document, _file: File, _: Sequence[FamilyEntries]
) -> Iterator[Ordered]:
    yield from orders(document, "CiliumCIDRGroup")
    yield from orders(document, "CiliumClusterwideNetworkPolicy")
    yield Ordered("CIDR group", document.options["name"])


def _calico_orders(
    document: Document, _file: File, _: Sequence[FamilyEntries]
) -> Iterator[Ordered]:
    option = document.options
    yield from orders(document, "GlobalNetworkSet")
    yield Ordered("GlobalNetworkPolicy", f"{option['tier']}.{option['name']}", claimed=True)
    yield Ordered("label", option["name"])
    yield Ordered("source", option["name"])
    yield Ordered("tier", option["tier"])
    yield Ordered(
        "order of Calico's tier",
        SharedPlace(f"tier={option['tier']}", f"order {option['order']}"),
        claimed=True,
        required=False,
        hint="give both the same `order`, or another `tier`",
    )
    yield Ordered("order of the tier", option["order"])
    yield Ordered("Calico selector", option["endpoints"])


def _policy_orders(
    document: Document, _file: File, _: Sequence[FamilyEntries]
) -> Iterator[Ordered]:
    option = document.options
    yield from orders(document, "NetworkPolicy")
    yield Ordered(
        f"NetworkPolicy for pods of the namespace {option['namespace']} with the labels",
        SharedPlace(str(option["selector"]), document.provenance.list),
        claimed=True,
        required=False,
        hint="what one policy lets in the other cannot keep out: make one list of both, or give "
        "them selectors that no pod can meet together",
    )
    yield Ordered("peer", "the cluster", required=bool(option["cluster"]))


_CILIUM_NOTES = f"""\
The file is a list of two objects: the group of prefixes, and a policy for the whole cluster that
denies them. `enableDefaultDeny` is false in both directions: without it Cilium would drop whatever
no other policy allows to reach the selected pods, from the day the policy is there. What denies
goes before what allows, in any policy.

Prefixes are compared with addresses outside of the cluster; pods and nodes are not, whatever their
address is. Behind a service whose `externalTrafficPolicy` is not `Local` they see a node's address.
`CiliumCIDRGroup` of `cilium.io/v2` needs Cilium 1.18.

A packet gets no answer, so there is no status. Cilium cannot only watch one policy, so a list in
`monitor` is written with `until_block = "empty"`, as an empty group. A list that is split is a
group and a policy for each part: delete those that went.

{NOTES}"""

_CALICO_NOTES = f"""\
The file is a list of three objects: a tier, the set of prefixes and a policy in that tier. The
tier's `defaultAction` is `Pass`: in a tier that denies by default, as they do, a policy would drop
all that it does not allow. So lists go into a tier of their own, before those of the applications
(`order`). Tiers need Calico 3.29. Several outputs write the same tier.

`endpoints` is Calico's expression for what the policy holds for; `all()` is every pod and every
host endpoint. Behind a service whose `externalTrafficPolicy` is not `Local` they see a node's
address. In `monitor` the rule has the action `Log`: packets are logged by the kernel, and pass. A
packet gets no answer, so there is no status. A list that is split is a set and a policy for each
part: delete those that went. Without Calico's API server `calicoctl apply -f` takes the file.

{NOTES}"""

_POLICY_NOTES = f"""\
NetworkPolicy can only allow. This one lets everybody in to the pods it selects but the list, which
stands in `except`; a family that is blocked as a whole is not let in at all. What another policy
allows for the same pods is allowed: a pod with a policy `from: []` elsewhere is open to the list.
For the same reason a list cannot be split here, and two lists for pods that may be the same ones
are refused: they must be one.

`namespaceSelector: {{}}` lets the pods of all namespaces in, whose addresses network plugins do not
compare with `ipBlock` alike; `cluster = false` leaves it out. A policy holds in one namespace.
Whether `ipBlock` sees the client or a node depends on `externalTrafficPolicy`.

A packet gets no answer, so there is no status, and nothing is logged. A list in `monitor` is
written with `until_block = "empty"`, and then lets everybody in.

{NOTES}"""

_CILIUM_PAGES = (
    Reference("https://docs.cilium.io/en/latest/network/kubernetes/ciliumcidrgroup/", "2026-11-27"),
    Reference("https://docs.cilium.io/en/latest/security/policy/deny/", "2026-11-27"),
    NAMES,
)
CILIUM_POLICY = Target(
    name="cilium-policy",
    title="Cilium CIDR group and policy",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="cilium-policy.json.j2",
    ending="json",
    reader=each(read_cilium),
    orders=_cilium_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(
        name_option("the group and the policy"),
        selector_option("", "the pods it holds for"),
    ),
    max_entries=OBJECT,
    maturity=Maturity.SCHEMA,
    packets=True,
    adapt=without_mapped,
    never_consulted=(MAPPED,),
    notes=_CILIUM_NOTES,
    references=_CILIUM_PAGES,
    deployment=APPLY,
)

CALICO_POLICY = Target(
    name="calico-policy",
    title="Calico network set and policy",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="calico-policy.json.j2",
    ending="json",
    reader=each(read_calico),
    orders=_calico_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(
        name_option("the set, its label and, behind the tier's name, the policy"),
        Option(
            "tier",
            "blockc",
            "1 to 63 lower-case letters, digits or -, no - at the ends, no tier of Calico's own",
            pattern=rf"(?!(?:default|kube-admin|kube-baseline)\Z){NAME}",
            about="the tier the policy is in",
        ),
        Option(
            "order",
            10,
            "0 to 1000000",
            within=range(1_000_001),
            about="where the tier stands among the tiers, the least first",
        ),
        Option(
            "endpoints",
            "all()",
            "a selector of Calico of up to 200 characters, without double quotes",
            pattern=_EXPRESSION,
            about="the pods and hosts it holds for",
        ),
    ),
    max_entries=OBJECT,
    responses=Responses(actions=frozenset({"monitor"})),
    maturity=Maturity.SCHEMA,
    packets=True,
    adapt=without_mapped,
    never_consulted=(MAPPED,),
    notes=_CALICO_NOTES,
    references=(
        Reference(
            "https://docs.tigera.io/calico/latest/network-policy/policy-tiers/tiered-policy",
            "2026-11-27",
        ),
        Reference(
            "https://docs.tigera.io/calico/latest/reference/resources/globalnetworkset",
            "2026-11-27",
        ),
        NAMES,
    ),
    deployment=APPLY,
)

KUBERNETES_NETWORKPOLICY = Target(
    name="kubernetes-networkpolicy",
    title="Kubernetes NetworkPolicy",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="kubernetes-networkpolicy.json.j2",
    ending="json",
    reader=each(read_network_policy),
    orders=_policy_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(
        name_option("the policy"),
        namespace_option("default", "where the policy and its pods are"),
        selector_option("", "the pods it holds for"),
        Option(
            "cluster",
            True,
            "true or false",
            about="whether the pods of all namespaces are let in",
        ),
    ),
    max_entries=OBJECT,
    whole=True,
    packets=True,
    adapt=without_mapped,
    never_consulted=(MAPPED,),
    pypi=("kubernetes-validate",),
    maturity=Maturity.SCHEMA,
    notes=_POLICY_NOTES,
    references=(
        Reference(
            "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
            "2026-11-27",
        ),
        NAMES,
    ),
    deployment=APPLY,
)
