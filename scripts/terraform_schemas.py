"""Cut what Terraform's providers say of the resources that targets write, for the tests.

    python -m scripts.terraform_schemas FOLDER

FOLDER keeps the packages, which are large; those that are missing are fetched with `npm pack` and
`pip download`. The prebuilt providers of the Terraform CDK are made from the schemas of the
providers, and so are the SDKs of Pulumi for the two that the CDK has no package of; Pulumi writes
the names of lists in the plural, which is taken back here.
"""

import ast
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).resolve().parents[1] / "tests" / "targets" / "terraform_schemas.json"
CDK = {
    "aws_wafv2_ip_set": ("aws", "21.22.1", "wafv2-ip-set"),
    "aws_wafv2_rule_group": ("aws", "21.22.1", "wafv2-rule-group"),
    "aws_ec2_managed_prefix_list": ("aws", "21.22.1", "ec2-managed-prefix-list"),
    "azurerm_ip_group": ("azurerm", "14.23.1", "ip-group"),
    "cloudflare_list": ("cloudflare", "13.9.1", "list"),
    "google_network_security_address_group": (
        "google-beta", "16.12.1", "google-network-security-address-group",
    ),
    "google_compute_security_policy_rule": ("google", "16.12.1", "compute-security-policy-rule"),
    "azurerm_cdn_frontdoor_firewall_policy": (
        "azurerm", "14.23.1", "cdn-frontdoor-firewall-policy",
    ),
}  # fmt: skip
PULUMI = {
    "fastly_service_acl_entries": ("fastly", "12.8.1", "service_acl_entries"),
    "akamai_networklist_network_list": ("akamai", "12.1.1", "network_list"),
    "akamai_networklist_activations": ("akamai", "12.1.1", "network_list_activations"),
}
SINGULAR = {"entries": "entry", "lists": "list"}
#: The blocks inside of which the targets write; the others are left out, they are large.
INSIDE = {
    "aws_wafv2_rule_group": (
        "rule.action.block.custom_response.response_header",
        "rule.action.count.custom_request_handling.insert_header",
        "rule.statement.or_statement.statement.ip_set_reference_statement",
        "rule.visibility_config",
        "visibility_config",
    ),
    "aws_ec2_managed_prefix_list": ("entry",),
    "cloudflare_list": ("items",),
    "google_compute_security_policy_rule": ("match.expr",),
    "azurerm_cdn_frontdoor_firewall_policy": ("custom_rule.match_condition",),
}
_ATTRIBUTE = re.compile(
    r'^ +(\w+): \{\n +value: (.*),\n +isBlock: (?:true|false),\n +type: "(\w+)",\n'
    r' +storageClassType: "(\w+)",',
    re.MULTILINE,
)
_BLOCK = re.MULTILINE | re.DOTALL
_FUNCTION = re.compile(r"^function (\w+)ToHclTerraform\(struct\) \{(.*?)^\}", _BLOCK)
_CONFIG = re.compile(
    r"^export interface \w+Config extends cdktf\.TerraformMetaArguments \{(.*?)^\}",
    _BLOCK,
)
_VERSION = re.compile(r"providerVersion: '([\d.]+)'")
_SIMPLE = {"string", "number", "boolean"}


def main(folder: Path) -> None:
    """Write the schemas, with where each is from."""
    found = {kind: _from_cdk(folder, kind) for kind in CDK}
    found |= {kind: _from_pulumi(folder, kind) for kind in PULUMI}
    text = json.dumps(dict(sorted(found.items())), indent=1)
    SCHEMAS.write_text(text + "\n", encoding="utf-8")


def _from_cdk(folder: Path, kind: str) -> dict[str, Any]:
    provider, version, name = CDK[kind]
    package = folder / f"cdktf-provider-{provider}-{version}.tgz"
    source = f"@cdktf/provider-{provider}@{version}"
    if not package.exists():
        subprocess.run(["npm", "pack", "--silent", source], cwd=folder, check=True)
    with tarfile.open(package) as archive:
        code, types = (_text(archive, f"package/lib/{name}/index.{end}") for end in ("js", "d.ts"))
    functions = dict(_FUNCTION.findall(code))
    resource = code[code.rindex("extends cdktf.TerraformResource") :]
    body = resource[resource.index("synthesizeHclAttributes") :]
    wanted = [path.split(".") for path in INSIDE.get(kind, ())]
    (provider_version,) = set(_VERSION.findall(code))
    return {
        "source": f"npm {source}, provider {provider_version}",
        "required": sorted(_required(types)),
        "attributes": dict(_attributes(body, functions, wanted)),
    }


def _text(archive: tarfile.TarFile, name: str) -> str:
    member = archive.extractfile(name)
    if member is None:
        raise FileNotFoundError(name)
    return member.read().decode()


def _required(types: str) -> Iterator[str]:
    """Yield the arguments that a resource must have."""
    config = _CONFIG.search(types)
    if config is None:
        raise ValueError("no configuration in the types of a resource")
    for name in re.findall(r"readonly (\w+): ", config[1]):
        yield re.sub(r"([A-Z])", lambda letter: f"_{letter[1].lower()}", name)


def _attributes(
    code: str, functions: Mapping[str, str], wanted: list[list[str]]
) -> Iterator[tuple[str, object]]:
    """Yield the attributes of a body: a type, a body, or None for a block that is left out."""
    for name, value, shape, kind in _ATTRIBUTE.findall(code):
        inner = re.search(r"(?<!cdktf\.)\b(\w+)ToHclTerraform", value)
        if inner is None:
            said = kind if kind in _SIMPLE else kind.removesuffix("List").removesuffix("Map")
            yield name, said if shape == "simple" else f"{shape} of {said}"
            continue
        deeper = [path[1:] for path in wanted if path[0] == name]
        if not deeper:
            yield name, None
            continue
        deeper = [path for path in deeper if path]
        body = dict(_attributes(functions[inner[1]], functions, deeper))
        yield name, {"nesting": shape, "attributes": body}


def _from_pulumi(folder: Path, kind: str) -> dict[str, Any]:
    provider, version, name = PULUMI[kind]
    package = folder / f"pulumi_{provider}-{version}-py3-none-any.whl"
    source = f"pulumi-{provider}=={version}"
    if not package.exists():
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "-d", str(folder), source]
        subprocess.run(command, check=True)
    with zipfile.ZipFile(package) as archive:
        module = ast.parse(archive.read(f"pulumi_{provider}/{name}.py"))
        inputs = ast.parse(archive.read(f"pulumi_{provider}/_inputs.py"))
    classes = {node.name: node for tree in (inputs, module) for node in _classes(tree)}
    first = next(one.name for one in _classes(module) if one.name.endswith("Args"))
    attributes, required = _arguments(classes, first)
    return {"source": f"PyPI {source}", "required": required, "attributes": attributes}


def _classes(tree: ast.Module) -> Iterable[ast.ClassDef]:
    return (node for node in tree.body if isinstance(node, ast.ClassDef))


def _arguments(
    classes: Mapping[str, ast.ClassDef], name: str
) -> tuple[dict[str, object], list[str]]:
    """Return the arguments of a class with their types, and the names of those it must have."""
    made = next(
        node
        for node in classes[name].body
        if isinstance(node, ast.FunctionDef) and node.name == "__init__"
    )
    found, required = dict[str, object](), list[str]()
    for argument, default in zip(made.args.kwonlyargs, made.args.kw_defaults, strict=True):
        said = SINGULAR.get(argument.arg, argument.arg)
        found[said] = _kind(classes, ast.unparse(argument.annotation or argument))
        if default is None:
            required.append(said)
    return found, sorted(required)


def _kind(classes: Mapping[str, ast.ClassDef], annotation: str) -> object:
    inner = re.search(r"\b(\w+Args)\b", annotation)
    many = "Sequence[" in annotation
    if inner:
        return {
            "nesting": "set" if many else "struct",
            "attributes": _arguments(classes, inner[1])[0],
        }
    names = {"str": "string", "int": "number", "float": "number", "bool": "boolean"}
    (said,) = {names[one] for one in re.findall(r"_builtins\.(\w+)", annotation)}
    return f"set of {said}" if many else said


if __name__ == "__main__":
    main(Path(sys.argv[1]))
