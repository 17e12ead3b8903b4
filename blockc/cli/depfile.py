"""Dependency files for make and ninja: what a build read, so that it runs again when that changes.

Source: the form GCC writes with `-MD -MP`, in the escapes GNU make 4.3 undoes,
https://www.gnu.org/software/make/manual/make.html#Rule-Syntax
"""

import re
from collections.abc import Iterable

from blockc.errors import UsageError

_IN_TARGETS = re.compile(r"(\\*)([ #:*?\[\]%])")
_IN_SOURCES = re.compile(r"(\\*)([ #:*?\[\]|])")
_IMPOSSIBLE = re.compile(r"[\n\r\t\0=;]|\\$|\(.*\)$")  # a rule, a variable, an archive


def depfile_text(target: str, sources: Iterable[str]) -> str:
    """Return a rule that says `target` depends on `sources`.

    Each source is also a target of its own without a recipe, so that it may go away.

    Raises:
        UsageError: A name cannot be said in a make file.
    """
    names = sorted(set(sources))
    rule = [f"{_escaped(target, _IN_TARGETS)}:", *(_escaped(name, _IN_SOURCES) for name in names)]
    alone = (f"\n{_escaped(name, _IN_TARGETS)}:\n" for name in names)
    return " \\\n ".join(rule) + "\n" + "".join(alone)


def _escaped(name: str, special: re.Pattern[str]) -> str:
    if _IMPOSSIBLE.search(name):
        raise UsageError(
            f"make cannot read the file name {name!r}",
            hint="rename it, or build without --depfile",
        )
    local = f"./{name}" if name.startswith("~") else name
    return special.sub(r"\1\1\\\2", local.replace("$", "$$"))
