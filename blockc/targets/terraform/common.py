"""What all Terraform targets have in common: names, shards, the comment at the head of a file."""

from collections.abc import Iterator, Sequence

from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.target import Reference, Target
from blockc.targets.core.target_options import Option
from blockc.targets.syntax.reading import Ordered
from blockc.targets.syntax.terraform_json import about


def name_option(about: str, most: int = 30) -> Option:
    """Return the option by which resources are named."""
    return Option(
        "name",
        "blockc_{word}",
        f"1 to {most} lower-case letters, digits or _, a letter first",
        pattern=rf"[a-z][a-z0-9_]{{0,{most - 1}}}",
        part="_{part}",
        about=f"{about}; family and shard are added to it",
    )


def shard_option(default: int, most: int) -> Option:
    """Return the option that says how many entries a shard holds."""
    return Option(
        "shard",
        default,
        f"a number from 1 to {most}",
        within=range(1, most + 1),
        about="the most entries in one resource",
    )


def comment_orders(document: Document, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    """Yield what the comment may say."""
    for line in document.header(list(parts)):
        yield Ordered(about(line), line, required=False)


def object_orders(target: Target, document: Document, file: File, what: str) -> Iterator[Ordered]:
    """Yield the objects of the platform that a file makes, one for each shard."""
    for shard in document.shards(target, file):
        yield Ordered(what, f"{document.options['name']}_{shard.name}", claimed=True)


def variable_orders(document: Document, *suffixes: str) -> Iterator[Ordered]:
    """Yield the variables that a file declares."""
    for suffix in suffixes:
        yield Ordered("variable", f"{document.options['name']}_{suffix}")


def registry(provider: str, resource: str) -> Reference:
    """Return the page of a resource in the registry of providers."""
    url = f"https://registry.terraform.io/providers/{provider}/latest/docs/resources/{resource}"
    return Reference(url, checked="2026-11-27")


SLOW_SETS = Reference("https://github.com/hashicorp/terraform/issues/32940", checked="2026-11-27")
SYNTAX = Reference(
    "https://developer.hashicorp.com/terraform/language/syntax/json", checked="2026-11-27"
)
LOAD = """\
cp list.tf.json FOLDER/ && cd FOLDER           # a folder with the provider's configuration
terraform init && terraform plan -out=plan && terraform apply plan     # or: tofu"""
ROLLBACK = """\
cp PREVIOUS/list.tf.json FOLDER/ && cd FOLDER
terraform plan -out=plan && terraform apply plan"""
