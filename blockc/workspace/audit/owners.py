"""Whose a key is, by a file of the operator."""

import csv
from pathlib import Path

from blockc.errors import Location, UsageError, os_reason
from blockc.storage.local import read_local


def read_owners(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file with `key` and `contact`, and maybe `account` and `language`.

    Raises:
        UsageError: It cannot be read, or has no such columns.
    """
    at = Location(str(path))
    try:
        text = read_local(path).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as reason:
        raise UsageError(f"cannot read the owners: {os_reason(reason)}", at=at) from None
    rows = list(csv.DictReader(text.splitlines()))
    if rows and not {"key", "contact"} <= rows[0].keys():
        hint = "the first line must be: key,account,contact,language"
        raise UsageError("the owners have no columns key and contact", at=at, hint=hint)
    return rows
