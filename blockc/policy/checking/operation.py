"""How a policy is put to use: edges, hooks and the refresh, from their tables to checked values."""

import re
from collections.abc import Mapping, Sequence

from blockc.errors import suggestion
from blockc.policy.checking.checks import LIST_NAME, Checks
from blockc.policy.model import Edge, Hook, Output
from blockc.policy.syntax.includes import PolicyFile
from blockc.policy.syntax.policy_tables import EdgeTable, OutputTable
from blockc.tomlio.tables import Place

_ENVIRONMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_MOST_SECONDS = 3600


def check_edges(
    files: Sequence[PolicyFile], outputs: Sequence[Output], checks: Checks
) -> tuple[Edge, ...]:
    """Return the edges of all files, noting what is wrong with them."""
    edges, paths = dict[str, Edge](), [one.path for one in outputs]
    for file in files:
        for name, table in file.table.edge.items():
            place = file.place / "edge" / name
            if name in edges:
                other = edges[name].place.location(name=True)
                checks.findings.add_name(place, f"edge {name!r} is also in {other}")
            if not LIST_NAME.fullmatch(name):
                hint = "use 1 to 31 lower-case letters, digits and hyphens, a letter first"
                checks.findings.add_name(place, f"{name!r} is not a name", hint=hint)
            edges[name] = _edge(name, table, place, paths, checks)
    return tuple(edges[name] for name in sorted(edges))


def _edge(name: str, table: EdgeTable, place: Place, paths: Sequence[str], checks: Checks) -> Edge:
    for number, path in enumerate(table.outputs):
        if path not in paths:
            near = suggestion(path, paths).removeprefix("; ")
            hint = near or "write the path of an [[output]] as it stands there"
            here = place / "outputs" / number
            checks.findings.add(here, f"no output has the path {path!r}", hint=hint)
    for key in ("kind", "owner", "hosts", "domains"):
        value = getattr(table, key)
        if not "".join(value).isprintable():
            checks.findings.add(place / key, "holds characters that do not print")
    return Edge(
        name=name,
        outputs=table.outputs,
        kind=table.kind,
        owner=table.owner,
        hosts=table.hosts,
        domains=table.domains,
        place=place,
        live={path: _commands(table, path, place / "live", checks) for path in table.live},
        live_seconds=_seconds(table.live_seconds, place / "live_seconds", checks),
    )


def _commands(
    table: EdgeTable, path: str, place: Place, checks: Checks
) -> tuple[tuple[str, ...], ...]:
    """Return the commands that ask what an edge has of an output; one may be written by itself."""
    given, here = table.live[path], place / path
    if path not in table.outputs:
        near = suggestion(path, table.outputs).removeprefix("; ")
        hint = near or "write a path that stands in outputs of the edge"
        checks.findings.add_name(here, f"{path!r} does not protect the edge", hint=hint)
    lists = tuple(one for one in given if isinstance(one, tuple))
    words = tuple(one for one in given if isinstance(one, str))
    commands = lists or (words,)
    hint = 'such as ["nft", "list", "ruleset"], or [["ipset", "save"], ["iptables-save"]]'
    if (lists and words) or not all(one and one[0] for one in commands):
        checks.findings.add(here, "is not one command or a list of commands", hint=hint)
    if any("\0" in word for one in commands for word in one):
        checks.findings.add(here, "holds a character that no argument can hold")
    return commands


def _seconds(seconds: int, place: Place, checks: Checks) -> int:
    if not 1 <= seconds <= _MOST_SECONDS:
        said = f"expected a number from 1 to {_MOST_SECONDS:,}, found {seconds:,}"
        checks.findings.add(place, said)
    return seconds


def check_webhook(files: Sequence[PolicyFile], checks: Checks) -> str:
    """Return the environment variable that holds the URL of the webhook, or nothing."""
    given = [file for file in files if "refresh" in file.raw]
    for file in given[1:]:
        first = (given[0].place / "refresh").location(name=True)
        checks.findings.add_name(file.place / "refresh", f"[refresh] is also in {first}")
    name = given[0].table.refresh.webhook_env if given else ""
    if name and not _ENVIRONMENT.fullmatch(name):
        said = f"{name!r} is not the name of an environment variable"
        hint = "write the name; the URL is a secret and stays out of the policy"
        checks.findings.add(given[0].place / "refresh" / "webhook_env", said, hint=hint)
    return name


def check_command(
    table: OutputTable, raw: Mapping[str, object], place: Place, checks: Checks
) -> Hook | None:
    """Return what is run when the files of an output changed, if anything is."""
    if "on_change" in raw and not (table.on_change and table.on_change[0]):
        said, hint = "names no program", 'such as on_change = ["nginx", "-s", "reload"]'
        checks.findings.add(place / "on_change", said, hint=hint)
    if any("\0" in word for word in table.on_change):
        checks.findings.add(place / "on_change", "holds a character that no argument can hold")
    if not 1 <= table.on_change_seconds <= _MOST_SECONDS:
        said = f"expected a number of seconds from 1 to {_MOST_SECONDS:,}"
        checks.findings.add(place / "on_change_seconds", said)
    if "on_change_seconds" in raw and not table.on_change:
        said = "only what on_change runs has a time limit"
        checks.findings.add_name(place / "on_change_seconds", said)
    return Hook(table.on_change, table.on_change_seconds) if table.on_change else None
