"""The JSON syntax of Terraform read strictly: comments, blocks by type and label, references.

In a text `${` and `%{` begin a template, so where a value is expected they are an error; what
refers to something else is read by `reference`. A key `//` of a body is a comment.

Source: https://developer.hashicorp.com/terraform/language/syntax/json
"""

import re
from collections.abc import Mapping, Sequence

from blockc.addresses import FAMILIES, Family
from blockc.targets.syntax.addresses import decode_rules
from blockc.targets.syntax.json_tree import JsonNode, json_object
from blockc.targets.syntax.reading import Found, Part
from blockc.targets.syntax.tokens import Text
from blockc.values import Value

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_BLOCKED_BY = re.compile(r'<([^<>"\s]+)>; rel="blocked-by"')
_TYPES = ("string", "number", "map(string)", "list(string)")
_TEMPLATE = re.compile(r"(?<!\$)\$\{|(?<!%)%\{")


class Configuration(Value, eq=False):
    """The blocks of a file: type -> label -> body, and what its comment says, line by line."""

    resources: Mapping[str, Mapping[str, JsonNode]]
    variables: Mapping[str, JsonNode]
    outputs: Mapping[str, JsonNode]
    comments: tuple[Found, ...]


def configuration(text: Text, types: Sequence[str] = ()) -> Configuration:
    """Return the blocks of a file, whose resources are of some `types`."""
    blocks = {"//": list, "resource": dict, "variable": dict, "output": dict}
    root = json_object(text).fields({}, blocks)
    resources: dict[str, Mapping[str, JsonNode]] = {key: {} for key in types}
    if "resource" in root:
        kinds = root["resource"].fields({}, dict.fromkeys(types, dict))
        resources |= {kind: labelled(node) for kind, node in kinds.items()}
    return Configuration(
        resources,
        labelled(root["variable"]) if "variable" in root else {},
        labelled(root["output"]) if "output" in root else {},
        comments(root.get("//")),
    )


def values(text: Text) -> tuple[dict[str, JsonNode], tuple[Found, ...]]:
    """Return the values of a file of variables, and what its comment says."""
    root = json_object(text)
    names = {name: type(value) for name, value in root.value.items() if name != "//"}
    found = root.fields(names, {"//": list})
    return {name: found[name] for name in names}, comments(found.get("//"))


def comments(node: JsonNode | None) -> tuple[Found, ...]:
    """Return what the lines of a comment say."""
    if node is None:
        return ()
    node.texts()
    return tuple(line.found(about(line.value)) for line in node.items())


def about(line: str) -> str:
    """Return what a line of a comment is about.

    >>> about("ipv4: 2 entries, 7 addresses")
    'ipv4 in the comment'
    """
    return f"{line.partition(' ')[0].removesuffix(':')} in the comment"


def labelled(node: JsonNode) -> dict[str, JsonNode]:
    """Return the bodies of blocks by their labels, which are names."""
    if not isinstance(node.value, dict):
        raise node.error("expected an object")
    found = node.fields(dict.fromkeys(node.value, dict))
    for label, body in found.items():
        if not _NAME.fullmatch(label):
            raise body.error(f"{label!r} is not a name: letters, digits, _ and -, no digit first")
    return found


def literal(node: JsonNode) -> str:
    """Return a text that holds no template, as Terraform takes it."""
    text: str = node.value
    if _TEMPLATE.search(text):
        raise node.error("a template would decide what stands here")
    return text.replace("$${", "${").replace("%%{", "%{")


def blocked_by(node: JsonNode) -> Found:
    """Return the URL in the value of a header `Link`, see RFC 7725."""
    link = _BLOCKED_BY.fullmatch(literal(node))
    if link is None:
        raise node.error('expected <URL>; rel="blocked-by"')
    return node.found("link", link[1])


def require(node: JsonNode, value: object) -> None:
    """Raise SourceSyntaxError unless a value is what it must be."""
    if type(node.value) is not type(value) or node.value != value:
        raise node.error(f"expected {value!r}")


def reference(node: JsonNode, kind: str, attribute: str) -> str:
    """Return the label in `${kind.label.attribute}`."""
    label = isinstance(node.value, str) and re.fullmatch(
        rf"\$\{{{kind}\.({_NAME.pattern})\.{attribute}\}}", node.value
    )
    if not label:
        raise node.error(f"expected ${{{kind}.NAME.{attribute}}}")
    return label[1]


def require_used(
    made: Mapping[str, JsonNode], used: Sequence[tuple[str, JsonNode]], rule: JsonNode | None
) -> None:
    """Raise SourceSyntaxError unless what is made is what a rule uses, each once."""
    labels = [label for label, _ in used]
    for label, node in used:
        if label not in made or labels.count(label) > 1:
            raise node.error(f"{label!r} is not made and used exactly once")
    for label, body in made.items():
        if label not in labels:
            where = rule or body
            raise where.error(f"the rule does not use {label!r}")


def variable(node: JsonNode, declared: Mapping[str, JsonNode]) -> str:
    """Return the name in `${var.name}`, which must be declared in the same file."""
    found = isinstance(node.value, str) and re.fullmatch(
        rf"\$\{{var\.({_NAME.pattern})\}}", node.value
    )
    if not found:
        raise node.error("expected ${var.NAME}")
    if found[1] not in declared:
        raise node.error(f"the variable {found[1]!r} is not declared")
    return found[1]


def declarations(whole: Configuration) -> list[Found]:
    """Return the names of the variables, each of a plain type and without a default."""
    found = []
    for name, node in whole.variables.items():
        body = node.fields({"type": str, "description": str})
        literal(body["description"])
        if body["type"].value not in _TYPES:
            raise body["type"].error(f"expected one of {', '.join(_TYPES)}")
        found.append(node.found("variable", name))
    return found


def entries(
    text: Text, items: JsonNode, tokens: Sequence[str], families: tuple[Family, ...] = FAMILIES
) -> tuple[Part, ...]:
    """Return the rules of a list of prefixes, one of `tokens` for each item, none twice."""
    if len(set(tokens)) < len(tokens):
        at = next(at for at, token in enumerate(tokens) if token in tokens[:at])
        raise items.where(at, f"{tokens[at]} occurs twice")
    return decode_rules(text, tokens, 1, items.where, families=families)


def rows(items: JsonNode, kinds: Mapping[str, type]) -> list[dict[str, str]]:
    """Return the objects of a list, which have exactly the keys of `kinds`, of those types."""
    for at, item in enumerate(items.value):
        types = {key: type(value) for key, value in item.items()} if type(item) is dict else {}
        if types != kinds:
            items.items()[at].fields(kinds)
    found: list[dict[str, str]] = items.value
    return found
