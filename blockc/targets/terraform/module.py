"""Terraform without a provider: a variable with a list in shards, and the module that checks it.

The values are in a file that Terraform loads by its name, and change every day; the module
declares the variable with its type and what must hold of it, and stays.
"""

from collections.abc import Iterator, Sequence

from blockc.addresses import FAMILIES, MAPPED
from blockc.addresses.rules import Match
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import ExtraFile, File
from blockc.targets.core.response import HTTP_ERRORS
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Maturity,
    Reference,
    Responses,
    Sharding,
    Target,
)
from blockc.targets.core.verdicts import ACTIONS, BLOCKS, ContentKind
from blockc.targets.syntax.allow_list import without_mapped
from blockc.targets.syntax.reading import Found, Ordered, Part, Reading, acting, decoded
from blockc.targets.syntax.terraform_json import configuration, entries, literal, require, values
from blockc.targets.syntax.tokens import Text
from blockc.targets.terraform.common import (
    SLOW_SETS,
    SYNTAX,
    comment_orders,
    name_option,
    shard_option,
)

_TYPE = (
    "object({list = string, sample = bool, action = string, status = optional(number), "
    "link = optional(string), ipv4 = map(list(string)), ipv6 = map(list(string))})"
)


def read_module(texts: Sequence[Text]) -> Reading:
    """Return the rules in the values of the only variable that the module declares."""
    text, module = texts
    given, comments = values(text)
    name, found = _read_declaration(module)
    if list(given) != [name]:
        raise text.error(f"expected a value for {name!r} and nothing else", 0)
    families = {family.name: dict for family in FAMILIES}
    body = given[name].fields(
        {"list": str, "sample": bool, "action": str, **families}, {"status": int, "link": str}
    )
    if body["action"].value not in ACTIONS:
        raise body["action"].error(f"expected one of {', '.join(ACTIONS)}")
    parts = list[Part]()
    for family in FAMILIES:
        shards = body[family.name].fields(dict.fromkeys(body[family.name].value, list))
        for shard in shards.values():
            parts += entries(text, shard, shard.texts(), (family,))
        found += [shard.found("shard", key) for key, shard in shards.items()]
    told = ("list", "sample", "status", "link")
    found += [body[key].found(key) for key in told if key in body]
    found.append(given[name].found("value of the variable", name))
    return acting(Reading(tuple(parts), found=(*found, *comments)), body["action"].value)


def _read_declaration(module: Text) -> tuple[str, list[Found]]:
    """Return the name of the variable; what is checked of it can only refuse."""
    whole = configuration(module)
    if len(whole.variables) != 1:
        raise module.error("expected one variable", 0)
    ((name, node),) = whole.variables.items()
    body = node.fields({"description": str, "type": str, "validation": list})
    literal(body["description"])
    require(body["type"], _TYPE)
    checks = [
        check.fields({"condition": str, "error_message": str})
        for check in body["validation"].items()
    ]
    for check in checks:
        literal(check["error_message"])
    for condition in _conditions(name):
        if condition not in [check["condition"].value for check in checks]:
            raise body["validation"].error(f"nothing checks {condition}")
    wanted = {
        f"{name}_action": f"${{var.{name}.action}}",
        f"{name}_shards": f"${{merge(var.{name}.ipv4, var.{name}.ipv6)}}",
    }
    if list(whole.outputs) != list(wanted):
        raise module.error(f"expected the outputs {' and '.join(wanted)}", 0)
    for output, value in wanted.items():
        require(whole.outputs[output].only("value", str), value)
    return name, [node.found("variable", name), *whole.comments]


def _conditions(name: str) -> Iterator[str]:
    """Yield what must be checked of the variable, so that no wrong value gets into a plan."""
    for family, is_ipv4 in zip(FAMILIES, ("can", "!can"), strict=True):
        yield (
            f"${{alltrue([for shard in values(var.{name}.{family.name}) : "
            f"alltrue([for prefix in shard : {is_ipv4}(cidrnetmask(prefix)) && "
            "try(cidrsubnet(prefix, 0, 0), null) == prefix])])}"
        )
    yield f'${{contains(["block", "warn", "monitor"], var.{name}.action)}}'


def _orders(document: Document, file: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    name = document.options["name"]
    if file.writer != TERRAFORM.writer:
        yield Ordered("variable", name, claimed=True)
        return
    yield Ordered("value of the variable", name)
    yield Ordered("list", document.provenance.list)
    yield Ordered("sample", document.provenance.sample)
    for shard in document.shards(TERRAFORM, file):
        yield Ordered("shard", shard.name)
    if document.response and document.response.asked:
        yield from document.answer()
    yield from comment_orders(document, parts)


_VARIABLES = Reference(
    "https://developer.hashicorp.com/terraform/language/values/variables", checked="2026-11-27"
)

_NOTES = """\
Terraform loads a file that ends in `.auto.tfvars.json` by itself, so call the output
`NAME.auto.tfvars.json`; `NAME.tf.json` beside it declares the variable. Both go into the folder
where `terraform` runs. The plan fails if an entry is not a prefix, has host bits, is of the other
family or is spelled otherwise than Terraform spells it.

`var.NAME.ipv4` and `var.NAME.ipv6` are maps with the shards of the list, for resources of any
provider: `for_each = var.NAME.ipv4`, `each.key` as part of its name and `each.value` as its
addresses. A shard is a part of the address space, so a change of one prefix changes one resource.

`var.NAME.action` is what happens to the clients (block, warn or monitor), and with a stage that
says so `var.NAME.status` and `var.NAME.link` what they get; both are null without.

A program in Go, as Terraform and its providers are, takes `::ffff:192.0.2.0/120` for IPv4, so
nothing is written of `::ffff:0:0/96`."""

TERRAFORM = Target(
    name="terraform",
    title="Terraform variable with its checks",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer="terraform.auto.tfvars.json.j2",
    ending="auto.tfvars.json",
    reader=decoded(read_module),
    orders=_orders,
    words={ContentKind.LIST: BLOCKS},
    options=(name_option("the variable"), shard_option(1000, 1_000_000)),
    sharding=Sharding(SLOW_SETS),
    adapt=without_mapped,
    never_consulted=(MAPPED,),
    extra_files=(ExtraFile("terraform.tf.json.j2", ".tf.json", FAMILIES, ".auto.tfvars.json"),),
    responses=Responses(actions=frozenset({"monitor", "warn"}), statuses=HTTP_ERRORS, links=True),
    debian=("nodejs", "npm"),
    maturity=Maturity.SCHEMA,
    notes=_NOTES,
    references=(_VARIABLES, SYNTAX, SLOW_SETS),
    deployment=Deployment(
        load="""\
cp list.tf.json list.auto.tfvars.json FOLDER/ && cd FOLDER
terraform init && terraform plan -out=plan && terraform apply plan     # or: tofu""",
        rollback="""\
cp PREVIOUS/list.tf.json PREVIOUS/list.auto.tfvars.json FOLDER/ && cd FOLDER
terraform plan -out=plan && terraform apply plan""",
    ),
)
