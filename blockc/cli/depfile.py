"""Dependency files for make and ninja: what a build read, so that it runs again when that changes.

Source: the form GCC writes with `-MD -MP`, in the escapes GNU make 4.3 undoes,
https://www.gnu.org/software/make/manual/make.html#Rule-Syntax
"""

import re
from collections.abc import Iterable

from blockc.errors import UsageError

_ESCAPED = re.compile(r"(\\*)([ \t#:*?\[\]|])")
_IMPOSSIBLE = re.compile(r"[\n\r\0=;]|\\$|\(.*\)$")  # a rule, a variable or an archive to make


def depfile_text(target: str, sources: Iterable[str]) -> str:
    """Return a rule that says `target` depends on `sources`.

    Each source is also a target of its own without a recipe, so that it may go away.

    Raises:
        UsageError: A name cannot be said in a make file.
    """
    names = [_escaped(name) for name in sorted(set(sources))]
    rule = " \\\n ".join([f"{_escaped(target)}:", *names])
    return "".join([f"{rule}\n", *(f"\n{name}:\n" for name in names)])


def _escaped(name: str) -> str:
    if _IMPOSSIBLE.search(name):
        raise UsageError(
            f"make cannot read the file name {name!r}",
            hint="rename it, or build without --depfile",
        )
    local = f"./{name}" if name.startswith("~") else name
    return _ESCAPED.sub(r"\1\1\\\2", local.replace("$", "$$"))
