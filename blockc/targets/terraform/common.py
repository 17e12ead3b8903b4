"""What all Terraform targets have in common: names, shards, the comment at the head of a file."""

from collections.abc import Iterator, Sequence

from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.target_options import Option
from blockc.targets.syntax.allow_list import MAPPED as MAPPED  # noqa: PLC0414  for the targets
from blockc.targets.syntax.allow_list import (
    without_mapped as without_mapped,  # noqa: PLC0414  for the targets
)
from blockc.targets.syntax.reading import Ordered
from blockc.targets.syntax.terraform_json import COMMENT


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
        yield Ordered(COMMENT, line, required=False)
