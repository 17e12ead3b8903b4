"""Where artifacts go: patterns of relative paths, and the files they stand for."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from blockc.errors import PolicyError, suggestion

PLACEHOLDERS = ("country", "family", "part")
RESERVED = ("manifest.json",)
_BRACES = re.compile(r"\{([^{}]*)\}|[{}]")


def require_pattern(path: str) -> frozenset[str]:
    """Return the placeholders of `path`.

    Raises:
        PolicyError: Without a place, if `path` could leave the output folder or cannot be filled.
    """
    reason = _objection(path)
    if reason:
        hint = "expected a path below the output folder, such as nginx/blocked.conf"
        raise PolicyError(f"path {path!r} {reason}", hint=hint)
    return frozenset(_placeholder(found, path) for found in _BRACES.finditer(path))


def is_pattern(path: str) -> bool:
    """Return whether `require_pattern` accepts `path`."""
    try:
        require_pattern(path)
    except PolicyError:
        return False
    return True


def may_collide(one: str, other: str) -> bool:
    """Return whether two patterns can stand for the same file, or for a file and its folder."""
    return any(_covers(one, path) for path in _examples(other))


def _examples(pattern: str) -> Iterator[str]:
    """Yield files that stand for all that `pattern` can give.

    A family without a placeholder goes before the suffix where a target writes a file a family.
    """
    path = PurePosixPath(pattern)
    for family in ("ipv4", "ipv6"):
        filled = pattern.replace("{country}", "QQ").replace("{part}", "1")
        yield filled.replace("{family}", family)
        if "{family}" not in pattern:
            apart = str(path.with_name(f"{path.stem}.{family}{path.suffix}"))
            yield apart.replace("{country}", "QQ").replace("{part}", "1")


def _covers(pattern: str, path: str) -> bool:
    """Return whether `pattern` can give `path`, a folder of it, or a file below it."""
    above = _regex(pattern)
    folders = [str(parent) for parent in PurePosixPath(path).parents]
    below = [pattern, *map(str, PurePosixPath(pattern).parents)]
    return any(above.fullmatch(folder) for folder in folders) or any(
        _regex(folder).fullmatch(path) for folder in below
    )


def _regex(pattern: str) -> re.Pattern[str]:
    kinds = {"{country}": "[A-Z]{2}", "{family}": "ipv[46]", "{part}": "[0-9]+"}
    pieces = re.split(r"(\{[a-z]+\})", pattern)
    return re.compile("".join(kinds.get(piece) or re.escape(piece) for piece in pieces))


def _objection(path: str) -> str:
    steps = path.split("/")
    checks = (
        (not path, "is empty"),
        (not path.isprintable(), "has characters that do not print"),
        ("\\" in path, "has a backslash, which some systems read as a folder"),
        (path.startswith("/"), "is absolute"),
        (".." in steps, "leaves the output folder"),
        (path.endswith("/"), "names a folder, not a file"),
        ("" in steps or "." in steps, "has an empty step"),
        (path in RESERVED, "is a name blockc writes itself"),
    )
    return next((words for wrong, words in checks if wrong), "")


def _placeholder(found: re.Match[str], path: str) -> str:
    name = found[1]
    if name is None:
        raise PolicyError(f"path {path!r} has a brace without its partner")
    if name not in PLACEHOLDERS:
        known = [f"{{{one}}}" for one in PLACEHOLDERS]
        near = suggestion(found[0], known).removeprefix("; ")
        hint = near or f"known are {', '.join(known)}"
        raise PolicyError(f"unknown placeholder {found[0]}", hint=hint)
    return name
