"""Cut what Kubernetes projects publish of the objects that targets write, for the tests.

    python -m scripts.crds FOLDER

FOLDER keeps a clone of each project, `OWNER+NAME`; what is missing is fetched with git. Kept is
what a schema says of the keys in `PUBLISHED`, which are those that the targets write, and that no
others may stand there. Cilium's repository is larger than all others together: its schemas are
taken from a catalogue that has them by themselves.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

CRDS = Path(__file__).resolve().parents[1] / "tests" / "targets" / "crds.json"
_CALICO = "api/config/crd/projectcalico.org_{}.yaml"


class Project(NamedTuple):
    """A repository at a commit, and the version of the project that is in it."""

    repository: str
    version: str
    commit: str


class Published(NamedTuple):
    """Where the schema of an object stands, and the keys of its `spec` that are kept."""

    project: Project
    path: str
    keys: str


_OF_CALICO = Project("projectcalico/calico", "3.32.1", "0ca9d1b93644778cafdf1812f3dda02ac0c361e8")
_OF_CILIUM = Project("datreeio/CRDs-catalog", "1.18.2", "7b1e26ef9deea49293714d204c1a2270aab1178f")
#: apiVersion and kind of an object -> its schema.
PUBLISHED: Mapping[tuple[str, str], Published] = {
    ("security.istio.io/v1", "AuthorizationPolicy"): Published(
        Project("istio/api", "1.30.3", "2e43f07b30b6744bc8252fce39fb58b03f85ff8b"),
        "kubernetes/customresourcedefinitions.gen.yaml",
        "action selector.matchLabels rules.from.source.ipBlocks rules.from.source.remoteIpBlocks",
    ),
    ("gateway.envoyproxy.io/v1alpha1", "SecurityPolicy"): Published(
        Project("envoyproxy/gateway", "1.9.0", "39763b1c07ec30a5526fe70434a2cfe4181de642"),
        "charts/gateway-helm/charts/crds/crds/generated/"
        "gateway.envoyproxy.io_securitypolicies.yaml",
        """targetRefs.group targetRefs.kind targetRefs.name authorization.defaultAction
        authorization.rules.name authorization.rules.action
        authorization.rules.principal.clientCIDRs""",
    ),
    ("cilium.io/v2", "CiliumCIDRGroup"): Published(
        _OF_CILIUM, "cilium.io/ciliumcidrgroup_v2.json", "externalCIDRs"
    ),
    ("cilium.io/v2", "CiliumClusterwideNetworkPolicy"): Published(
        _OF_CILIUM,
        "cilium.io/ciliumclusterwidenetworkpolicy_v2.json",
        """endpointSelector.matchLabels enableDefaultDeny.ingress enableDefaultDeny.egress
        ingressDeny.fromCIDRSet.cidrGroupRef""",
    ),
    ("projectcalico.org/v3", "Tier"): Published(
        _OF_CALICO, _CALICO.format("tiers"), "order defaultAction"
    ),
    ("projectcalico.org/v3", "GlobalNetworkSet"): Published(
        _OF_CALICO, _CALICO.format("globalnetworksets"), "nets"
    ),
    ("projectcalico.org/v3", "GlobalNetworkPolicy"): Published(
        _OF_CALICO,
        _CALICO.format("globalnetworkpolicies"),
        "tier selector types ingress.action ingress.source.selector",
    ),
    ("traefik.io/v1alpha1", "Middleware"): Published(
        Project("traefik/traefik", "3.7.9", "d0bd2ec198533d760c1abfc74b98033d6d92d039"),
        "docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml",
        """ipAllowList.sourceRange ipAllowList.rejectStatusCode ipAllowList.ipStrategy.depth""",
    ),
}
#: What a schema says of a value by itself; `x-kubernetes-validations` are rules in CEL.
_SAID = (
    "type format enum pattern default minLength maxLength minItems maxItems minProperties "
    "maxProperties minimum maximum required oneOf anyOf allOf not x-kubernetes-validations"
)


def main(folder: Path) -> None:
    """Write the schemas, with where each is from."""
    found = []
    for (api, kind), one in PUBLISHED.items():
        schema = _schema(_text(folder, one), kind, api.rpartition("/")[2])
        keys = [["spec", *key.split(".")] for key in one.keys.split()]
        source = f"{one.project.repository} {one.path} at {one.project.commit}"
        found.append(
            {
                "apiVersion": api,
                "kind": kind,
                "version": one.project.version,
                "source": source,
                "schema": _cut(schema, keys),
            }
        )
    CRDS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _text(folder: Path, one: Published) -> str:
    """Return a file of a project, which is fetched where it is missing."""
    project = one.project
    clone = folder / project.repository.replace("/", "+")
    if not clone.exists():
        subprocess.run(["git", "init", "-q", "--bare", str(clone)], check=True)
        url = f"https://github.com/{project.repository}"
        fetch = ["git", "-C", str(clone), "fetch", "-q", "--depth", "1", url, project.commit]
        subprocess.run(fetch, check=True)
    show = ["git", "-C", str(clone), "show", f"{project.commit}:{one.path}"]
    return subprocess.run(show, check=True, capture_output=True, text=True).stdout


def _schema(text: str, kind: str, version: str) -> Mapping[str, Any]:
    """Return the schema of a kind in a file that defines several, or is the schema."""
    if text.startswith("{"):
        only: Mapping[str, Any] = json.loads(text)
        return only
    for document in yaml.load_all(text, yaml.CSafeLoader):
        if document and document["spec"]["names"]["kind"] == kind:
            (one,) = [each for each in document["spec"]["versions"] if each["name"] == version]
            found: Mapping[str, Any] = one["schema"]["openAPIV3Schema"]
            return found
    raise LookupError(f"{kind} is not defined")


def _cut(schema: Mapping[str, Any], keys: list[list[str]]) -> dict[str, Any]:
    """Return what a schema says of some of its keys, and that there are no others."""
    found = {key: schema[key] for key in _SAID.split() if key in schema}
    if rules := found.pop("x-kubernetes-validations", None):
        found["x-kubernetes-validations"] = [each["rule"] for each in rules]
    values = schema.get("additionalProperties")
    if isinstance(values, Mapping):
        found["additionalProperties"] = _cut(values, [])
    elif schema.get("type") == "object" and "properties" in schema:
        inner = dict.fromkeys(key[0] for key in keys)
        found["properties"] = {
            name: _cut(
                schema["properties"][name],
                [key[1:] for key in keys if key[0] == name and len(key) > 1],
            )
            for name in inner
        }
        found["additionalProperties"] = False
    if "items" in schema:
        found["items"] = _cut(schema["items"], keys)
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
