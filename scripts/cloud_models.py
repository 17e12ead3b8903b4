"""Cut what vendors' own Python clients say of the objects that cloud targets write, for the tests.

    python -m scripts.cloud_models FOLDER

FOLDER keeps the packages, which are large; those that are missing are fetched with `pip download`.
Only the types in `WANTED` are taken: which keys there are, of what type, which values, and which
keys must be there. Clients check some of that when they call, and some of it never.
"""

import ast
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

MODELS = Path(__file__).resolve().parents[1] / "tests" / "targets" / "cloud_models.json"
_AZURE = "azure/mgmt/{0}/models/_models.py azure/mgmt/{0}/models/_enums.py"
_GOOGLE = "google/cloud/{}/types/{}.py"
_FASTLY = "fastly/model/bulk_update_acl_entries_request.py fastly/model/bulk_update_acl_entry.py"
_CLOUDFLARE = """
    cloudflare/types/rules/lists/item_update_params.py
    cloudflare/types/rules/list_create_params.py
    cloudflare/types/rulesets/managed_challenge_rule_param.py
    cloudflare/types/rulesets/log_rule_param.py
    cloudflare/types/rulesets/block_rule_param.py
"""
#: Name of a model -> the package, its modules, and the types that are taken.
WANTED: Mapping[str, tuple[str, str, str]] = {
    "azure-frontdoor": (
        "azure-mgmt-frontdoor==2.0.0",
        _AZURE.format("frontdoor"),
        "CustomRule MatchCondition",
    ),
    "azure-network": (
        "azure-mgmt-network==33.1.0",
        _AZURE.format("network"),
        """WebApplicationFirewallCustomRule MatchCondition MatchVariable
        IpGroup IpGroupPropertiesFormat""",
    ),
    "google-compute": (
        "google-cloud-compute==1.57.0",
        _GOOGLE.format("compute_v1", "compute"),
        "SecurityPolicyRule SecurityPolicyRuleMatcher SecurityPolicyRuleMatcherConfig Expr",
    ),
    "google-networksecurity": (
        "google-cloud-network-security==0.13.4",
        _GOOGLE.format("network_security_v1", "address_group"),
        "AddressGroup",
    ),
    "fastly": ("fastly==15.0.0", _FASTLY, "BulkUpdateAclEntriesRequest BulkUpdateAclEntry"),
    "cloudflare": (
        "cloudflare==5.9.0",
        _CLOUDFLARE,
        """BodyListsListItemIPComment ListCreateParams BlockRuleParam LogRuleParam
        ManagedChallengeRuleParam ActionParameters ActionParametersResponse""",
    ),
}
_SIMPLE = {"str": "string", "int": "number", "float": "number", "bool": "boolean"}
_OF_PROTO = {"STRING": "string", "INT32": "number", "BOOL": "boolean"}
Fields = Iterator[tuple[str, object, bool]]  # the key, its kind, and whether it must be there
Classes = Mapping[str, ast.ClassDef]


def main(folder: Path) -> None:
    """Write the models, with where each is from."""
    found = {name: _model(folder, *wanted) for name, wanted in WANTED.items()}
    MODELS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _model(folder: Path, package: str, modules: str, types: str) -> dict[str, Any]:
    name, version = package.split("==")
    wheel = f"{name.replace('-', '_')}-{version}-*.whl"
    if not [*folder.glob(wheel)]:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "-d", str(folder), package]
        subprocess.run(command, check=True)
    (path,) = folder.glob(wheel)
    with zipfile.ZipFile(path) as archive:
        trees = [ast.parse(archive.read(module)) for module in modules.split()]
    classes = {
        node.name: node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)
    }
    read = _READERS[name.partition("-")[0]]
    wanted = types.split()
    return {"source": f"PyPI {package}"} | {
        one: _as_type(read(classes, wanted, classes[one])) for one in wanted
    }


def _as_type(fields: Fields) -> dict[str, Any]:
    every = list(fields)
    return {
        "required": sorted(key for key, _, needed in every if needed),
        "fields": {key: kind for key, kind, _ in every},
    }


def _annotated(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr, ast.Call | None]]:
    """Yield the annotated names of a class, with what is called for each."""
    for one in node.body:
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            value = one.value if isinstance(one.value, ast.Call) else None
            yield one.target.id, one.annotation, value


def _words(node: ast.AST) -> list[str]:
    """Return the names and texts in an annotation, without the modules before them."""
    return re.findall(r"\w+", re.sub(r"\w+\.", "", ast.unparse(node).replace("'", "")))


def _kind(classes: Classes, wanted: list[str], words: list[str]) -> object:
    """Return the kind of an annotation: a simple one, an enum, a type, or None: not taken."""
    for word in words:
        if word in wanted:
            return {"type": word}
        if word in classes and (values := _values(classes[word])):
            return {"enum": values}
    return next((_SIMPLE[word] for word in words if word in _SIMPLE), None)


def _values(node: ast.ClassDef) -> list[object]:
    """Return the values of an enum."""
    assigned = [one.value for one in node.body if isinstance(one, ast.Assign)]
    return [one.value for one in assigned if isinstance(one, ast.Constant)]


def _azure(classes: Classes, wanted: list[str], node: ast.ClassDef) -> Fields:
    """Yield the fields of a model; those that only answers have are left out."""
    for base in node.bases:
        name = ast.unparse(base).rpartition(".")[2]
        if name in classes and name != "_Model":
            yield from _azure(classes, wanted, classes[name])
    for name, annotation, call in _annotated(node):
        said = {one.arg: ast.literal_eval(one.value) for one in (call.keywords if call else ())}
        if said.get("visibility") == ["read"]:
            continue
        words = _words(annotation)
        kind = _kind(classes, wanted, [word for word in words if word != "Union"])
        holds = next((word for word in words if word in {"list", "dict"}), "")
        yield said.get("name", name), {holds: kind} if holds else kind, words[0] != "Optional"


def _google(classes: Classes, wanted: list[str], node: ast.ClassDef) -> Fields:
    """Yield the fields of a message, as its JSON calls them; none of them must be there."""
    nested = {one.name: one for one in node.body if isinstance(one, ast.ClassDef)}
    for name, annotation, call in _annotated(node):
        if call is None:
            raise ValueError(f"{name} is not a field")
        head, *rest = name.rstrip("_").split("_")
        key = head + "".join(word.capitalize() for word in rest)
        enum = "".join(word.capitalize() for word in name.rstrip("_").split("_"))
        proto = ast.unparse(call.args[0]).rpartition(".")[2]
        if enum in nested:  # also where the field is a text
            kind: object = {"enum": _names(nested[enum])}
        elif proto == "MESSAGE":
            kind = _kind(classes, wanted, _words(annotation))
        else:
            kind = _OF_PROTO.get(proto)
        holds = {"RepeatedField": "list", "MapField": "dict"}.get(ast.unparse(call.func)[6:])
        yield key, {holds: kind} if holds else kind, False


def _names(node: ast.ClassDef) -> list[str]:
    targets = [one.targets[0] for one in node.body if isinstance(one, ast.Assign)]
    return [one.id for one in targets if isinstance(one, ast.Name)]


def _fastly(_: Classes, wanted: list[str], node: ast.ClassDef) -> Fields:
    """Yield the fields of a model that may be sent."""
    named = {
        one.targets[0].id: one.value
        for one in node.body
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name)
    }
    allowed = {key[0]: [*said.values()] for key, said in _literal(named["allowed_values"]).items()}
    read_only = _literal(named.get("read_only_vars", ast.Set([])))
    (types,) = [
        one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "openapi_types"
    ]
    (returned,) = [one.value for one in types.body if isinstance(one, ast.Return)]
    if not isinstance(returned, ast.Dict):
        raise TypeError("the types of a model are not written out")
    for key, value in zip(returned.keys, returned.values, strict=True):
        name = ast.literal_eval(key) if key else ""
        kind = {"enum": allowed[name]} if name in allowed else _kind({}, wanted, _words(value))
        if name not in read_only:
            yield name, {"list": kind} if "[" in ast.unparse(value) else kind, False


def _literal(node: ast.expr) -> Any:
    return set() if isinstance(node, ast.Set) and not node.elts else ast.literal_eval(node)


def _cloudflare(classes: Classes, wanted: list[str], node: ast.ClassDef) -> Fields:
    """Yield the keys of a typed dictionary; what goes into the URL is left out."""
    for name, annotation, _ in _annotated(node):
        if name == "account_id":
            continue
        text = ast.unparse(annotation)
        choice = re.search(r"Literal\[(.*?)\]", text)
        kind: object = {"enum": [*ast.literal_eval(f"({choice[1]},)")]} if choice else None
        kind = kind or _kind(classes, wanted, _words(annotation))
        yield name, kind, text.startswith("Required")


_READERS: Mapping[str, Callable[[Classes, list[str], ast.ClassDef], Fields]] = {
    "azure": _azure,
    "google": _google,
    "fastly": _fastly,
    "cloudflare": _cloudflare,
}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
