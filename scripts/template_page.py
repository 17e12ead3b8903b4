"""The page of what a template sees, with an example of everything, made from what one is given."""

import re

from blockc.addresses import FAMILIES, AddrSet
from blockc.addresses.parse import parse_prefix
from blockc.addresses.rules import Rules
from blockc.targets.core.document import Document
from blockc.targets.core.provenance import Origin, Provenance
from blockc.targets.core.response import Response
from blockc.targets.core.target_options import OptionContext
from blockc.targets.core.template_context import NAMES, template_context
from blockc.targets.registry import TARGETS
from blockc.vocabulary import HeaderForm

PREFACE = """\
# What a template sees

Made from the code; `make targets` writes it anew.

With `template = "own.j2"` an output is written by a template of your own, in the language of
[Jinja](https://jinja.palletsprojects.com/). What it writes is read back and proved like what ours
write. It runs in a sandbox and sees texts, numbers, true or false and tuples of them. A name that
does not exist is an error with the line and the names that do. Begin with one of ours, in
`templates/`. The newline behind a block and the blanks before it are left out.

Whatever it does, it can take no more of the machine than a list of the size needs: it may write
4 million characters and 512 for each entry, add 128 MB and 1 KB for each entry to the memory, and
use 5 seconds of the processor and one for each 30,000 entries. What takes more is stopped, with
exit code 2 and the line. Loops over a million entries stay far below.

Of `target = "plain"` the text may be a list in a form of your own. `reader` says how it is read:

```toml
[[output]]
list     = "embargo"
target   = "plain"
path     = "router/embargo.acl"
template = "router.acl.j2"

[output.reader]
line     = "deny ip {address} any"
comments = ["!"]
around   = ["ip access-list embargo", "exit"]
```

`line` is what a line with addresses looks like, or several such texts; `{address}` stands for an
address, prefix or range. A line that is none of these, no comment, not empty and not one of
`around` is an error with its place. `reader = "lines"` is short for
`{ line = "{address}", comments = ["#"] }`. What is written for another target is read by the
grammar of that platform, and by nothing else.

The examples are of a list `embargo` for nginx-geo, with `header = "full"`; codes have only targets
that say countries in place of addresses.
"""
SHAPES = {str: "text", bool: "true or false", int: "number"}


def template_page() -> str:
    """Return the page."""
    rows = ["| name | shape | example | what it is |", "|---|---|---|---|"]
    rows += [f"| `{name}` | {shape(name)} | {example(name)} | {NAMES[name]} |" for name in NAMES]
    return "\n".join([PREFACE, *rows, ""])


def shape(name: str) -> str:
    """Return what kind of value stands under a name."""
    value = value_of(name)
    if isinstance(value, tuple):
        return " and ".join(SHAPES[type(item)] for item in value)
    return next(word for kind, word in SHAPES.items() if isinstance(value, kind))


def example(name: str) -> str:
    """Return the value under a name, as code."""
    value = value_of(name)
    shown = str(value).lower() if isinstance(value, bool) else str(value).replace("\n", "⏎")
    return f"`{shown}`" if shown else "nothing"


def value_of(name: str) -> object:
    """Return the value under a name, the first where it stands for several."""
    value: object = _CONTEXT
    for step in re.findall(r"\w+(?=[.(\[]|$)|\[\]|\(.*\)", name):
        if isinstance(value, tuple):
            value = value[0]
        elif callable(value):
            value = value("deny ", ";")
        elif isinstance(value, dict):
            value = value[next(iter(value)) if step == "NAME" else step]
        else:
            value = getattr(value, step)
    return value


def _context(name: str = "nginx-geo") -> dict[str, object]:
    target = TARGETS[name]
    blocked = AddrSet.of(map(parse_prefix, ("192.0.2.0/24", "198.51.100.7/32", "2001:db8::/32")))
    document = Document(
        rules={family: Rules.of_prefixes(blocked.prefixes(family)) for family in FAMILIES},
        names=("", "block"),
        provenance=Provenance(
            list="embargo",
            policy="sha256:1f2e3d",
            title="Countries under embargo",
            sources=(Origin("apnic", "2026-11-23", "sha256:4c5b6a"),),
            header=HeaderForm.FULL,
        ),
        options=target.settle({}, OptionContext("embargo")),
        addresses={family: blocked.count_of(family) for family in FAMILIES},
        response=Response(451, "https://example.com/legal"),
        codes=("CN",),
    )
    (file, *_) = target.files("nginx/embargo.conf")
    return template_context(target, document, file, "nginx/embargo.conf")


_CONTEXT = _context() | {"shards": _context("terraform-aws")["shards"]}
