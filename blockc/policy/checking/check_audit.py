"""The audit of a policy: how access logs are read, and by which rules keys are judged."""

import ipaddress
import re
from collections.abc import Sequence

from blockc.policy.checking.check_guard import read_share
from blockc.policy.checking.checks import Checks
from blockc.policy.model import Audit
from blockc.policy.syntax.includes import PolicyFile
from blockc.policy.syntax.policy_tables import AuditTable
from blockc.tomlio.tables import Findings, Place

_SPEC = re.compile(r"(header|query|json|column):[^\s:]{1,200}|user")
_ENVIRONMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_PATH = re.compile(r"/[^\s?#*]{0,200}")
_MOST_STEPS = 5


def check_audit(files: Sequence[PolicyFile], checks: Checks) -> Audit:
    """Return what [audit] says, which one of the files may have, noting what is wrong with it."""
    given = [file for file in files if "audit" in file.raw]
    for file in given[1:]:
        first = (given[0].place / "audit").location(name=True)
        checks.findings.add_name(file.place / "audit", f"[audit] is also in {first}")
    return _checked(given[0].table.audit, given[0].place / "audit", checks) if given else Audit()


def _checked(table: AuditTable, place: Place, checks: Checks) -> Audit:
    findings = checks.findings
    for name in ("key", "account"):
        said = getattr(table, name)
        if said and not _SPEC.fullmatch(said):
            hint = "write header:NAME, query:NAME, json:PATH, column:N or user"
            findings.add(place / name, f"{said!r} does not name where a key stands", hint=hint)
    for number, proxy in enumerate(table.proxies):
        if not _is_network(proxy):
            findings.add(place / "proxies" / number, f"{proxy!r} is not an address or a prefix")
    if not _ENVIRONMENT.fullmatch(table.secret_env):
        findings.add(place / "secret_env", f"{table.secret_env!r} is not the name of a variable")
    for name, least, most in (
        ("path_depth", 0, _MOST_STEPS), ("known_days", 1, 3660), ("min_requests", 1, 10**9),
    ):  # fmt: skip
        number = getattr(table, name)
        if not least <= number <= most:
            said = f"expected a number from {least} to {most:,}, found {number:,}"
            findings.add(place / name, said)
    _check_paths(table, place / "path_groups", findings)
    return Audit(
        key=table.key,
        key_is=table.key_is,
        secret_env=table.secret_env,
        account=table.account,
        proxies=table.proxies,
        proxy_header=table.proxy_header,
        wanted=checks.selectors(table.wanted, place / "wanted", spares=True),
        agents=table.agents,
        known_days=table.known_days,
        revoke=read_share(table.revoke, place / "revoke", findings),
        notify=read_share(table.notify, place / "notify", findings),
        min_requests=table.min_requests,
        owners=table.owners,
        path_depth=table.path_depth,
        path_groups=table.path_groups,
    )


def _check_paths(table: AuditTable, place: Place, findings: Findings) -> None:
    for group, paths in table.path_groups.items():
        for number, path in enumerate(paths):
            if not _PATH.fullmatch(path):
                said = f"{path!r} is not a path: it begins with / and has no query"
                findings.add(place / group / number, said)


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return text == "unix"
    return True
