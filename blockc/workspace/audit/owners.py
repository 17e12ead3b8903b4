"""Whose a key is, by a file of the operator."""

from collections.abc import Sequence
from pathlib import Path

from blockc.errors import Location, UsageError, os_reason
from blockc.keys.key_table import KeyRow, read_key_rows
from blockc.policy.model import Audit
from blockc.storage.local import read_local


def read_owners(rules: Audit, beside: Path, columns: Sequence[str]) -> list[KeyRow]:
    """Return the rows of the owners' file; none if the policy names none.

    Args:
        beside: The folder of the policy.
        columns: Those that it must have; others may be `account`, `contact`, `language`,
            `country`, and what a gateway calls the key.

    Raises:
        UsageError: It cannot be read.
        PolicyError: It is not such a table; says the line.
    """
    if not rules.owners:
        return []
    path = str(beside / rules.owners)
    try:
        data = read_local(Path(path))
    except OSError as reason:
        said = f"cannot read the owners: {os_reason(reason)}"
        raise UsageError(said, at=Location(path)) from None
    return read_key_rows(path, data, columns)
