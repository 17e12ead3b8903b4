"""What an artifact says beside its entries, against what was ordered.

A rule that drops the right addresses in a table that is not ours, at another hook, or by a header
that the client writes, is wrong although every entry is right. So readers return what they found
beside the entries, and all of it is compared.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from blockc.errors import Location
from blockc.targets.core.document import topic
from blockc.targets.core.target import EntryForm, Target
from blockc.targets.syntax.reading import Found, Ordered, Orders, Reading
from blockc.targets.syntax.tokens import ArtifactFile, Text

# The lines of our own header that state something about the list; others are anybody's remarks.
_STATEMENT = re.compile(
    r"list \S+(?:: .*)?|stage \S+ of list \S+: .*|policy sha256:\S+|source \S+ of \S+, \S+"
    r"|ipv[46]: [\d,]+ entr(?:y|ies), [\d,]+ address(?:es)?"
)


def unordered(
    target: Target, files: Sequence[ArtifactFile], reading: Reading, orders: Orders
) -> tuple[str, Location] | None:
    """Return what an artifact says or fails to say against its orders, and where; None if nothing.

    Args:
        orders: What each file was ordered to say; files that are not in it are not looked at.
    """
    for file in files:
        if file.path in orders:
            found = [one for one in reading.found if one.path == file.path]
            if target.comment:
                found += statements(file.decoded(), target.comment)
            wrong = _difference(file.path, found, orders[file.path])
            if wrong:
                return wrong
    return None


def statements(text: Text, comment: str) -> Iterator[Found]:
    """Yield what the comments at the beginning of a text say about the list, as our headers do."""
    at = 0
    for line in text.text.split("\n"):
        if not line.startswith(comment):
            return
        said = line.removeprefix(comment).strip(" ")
        if _STATEMENT.fullmatch(said):
            yield Found(topic(said), said, text.path, partial(text.error, at=at, width=len(line)))
        at += len(line) + 1


def _difference(
    path: str, found: Sequence[Found], orders: Sequence[Ordered]
) -> tuple[str, Location] | None:
    for one in found:
        wanted = [order.value for order in orders if order.what == one.what]
        if one.value not in wanted:
            expected = f"ordered is {_list(wanted)}" if wanted else "nothing of the kind is ordered"
            wrong = one.error(f"the {one.what} is {one.value!r}, {expected}")
            return wrong.message, wrong.at or Location(path)
    said = [(one.what, one.value) for one in found]
    for order in orders:
        if order.required and (order.what, order.value) not in said:
            return f"the {order.what} {order.value!r} is ordered and missing", Location(path)
    return None


def _list(values: Sequence[object]) -> str:
    return " or ".join(map(repr, values))


def beyond_limits(target: Target, reading: Reading) -> tuple[str, Location | None] | None:
    """Return which of the platform's limits an artifact exceeds, and where; None if none.

    A capacity that an option sets is part of the text, and so the reader's to enforce.
    """
    most = target.max_entries.count if target.max_entries and not target.max_entries.option else 0
    for part in reading.parts:
        rules = part.rules
        if 0 < most < len(rules):
            said = f"{target.name} holds {most:,} entries, this is one more"
            return said, part.where(most, "").at
        if target.lengths and target.form is not EntryForm.RANGE and len(rules):
            allowed = target.lengths.of(rules.family)
            lengths = rules.prefixes().length
            wrong = (lengths < allowed.start) | (lengths >= allowed.stop)
            if wrong.any():
                at = int(np.argmax(wrong))
                said = f"{target.name} takes prefixes of /{allowed.start} to /{allowed.stop - 1}"
                return f"{said}, this is a /{lengths[at]}", part.where(at, "").at
    return None
