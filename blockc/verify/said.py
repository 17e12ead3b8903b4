"""What an artifact says beside its entries, against what was ordered.

A rule that drops the right addresses in a table that is not ours, at another hook, or by a header
that the client writes, is wrong although every entry is right. So readers return what they found
beside the entries, and all of it is compared.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from blockc.errors import Location, SourceSyntaxError
from blockc.targets.core.document import topic
from blockc.targets.core.target import EntryForm, Target
from blockc.targets.syntax.reading import Found, Ordered, Orders, Reading
from blockc.targets.syntax.tokens import ArtifactFile, Text

# The lines of our own header that state something about the list; others are anybody's remarks.
_LINE = re.compile("^.*", re.MULTILINE)
_STATEMENT = re.compile(
    r"list \S+(?:: .*)?|stage \S+ of list \S+: .*|policy sha256:\S+|source \S+ of \S+, \S+"
    r"|countries: [A-Z ]+|ipv[46]: [\d,]+ entr(?:y|ies), [\d,]+ address(?:es)?"
)


def unordered(
    target: Target, files: Sequence[ArtifactFile], reading: Reading, orders: Orders
) -> SourceSyntaxError | None:
    """Return the error about what an artifact says or fails to say against its orders, or None.

    Args:
        orders: What each file was ordered to say; files that are not in it are not looked at.
    """
    for file in files:
        if file.path in orders:
            header = statements(file.decoded(), target.comment) if target.comment else ()
            found = [one for one in (*reading.found, *header) if one.path == file.path]
            wrong = next(differences(file.path, found, orders[file.path]), None)
            if wrong:
                return wrong
    return None


def statements(text: Text, comment: str) -> Iterator[Found]:
    """Yield what the comments at the beginning of a text say about the list, as our headers do."""
    for found in _LINE.finditer(text.text):
        line, at = found[0], found.start()
        if not line.startswith(comment):  # a list has many lines
            return
        said = line.removeprefix(comment).strip(" ")
        if _STATEMENT.fullmatch(said):
            yield Found(topic(said), said, text.path, partial(text.error, at=at, width=len(line)))


def differences(
    path: str, found: Sequence[Found], orders: Sequence[Ordered]
) -> Iterator[SourceSyntaxError]:
    """Yield the errors about what is said and not ordered, then about orders that are not met."""
    for one in found:
        wanted = [order.value for order in orders if order.what == one.what]
        if one.value not in wanted:
            expected = " or ".join(map(repr, wanted)) or "nothing of the kind"
            yield one.error(f"the {one.what} is {one.value!r}, ordered is {expected}")
    said = [(one.what, one.value) for one in found]
    for order in orders:
        if order.required and (order.what, order.value) not in said:
            missing = f"the {order.what} {order.value!r} is ordered and missing"
            yield SourceSyntaxError(missing, at=Location(path))


def beyond_limits(target: Target, reading: Reading) -> SourceSyntaxError | None:
    """Return the error about what exceeds a limit of the platform, or None.

    A capacity that an option sets is part of the text, and so the reader's to enforce. Of an allow
    list is read what it does not hold, which says nothing of its size.
    """
    if target.allows:
        return None
    before = 0  # entries of the other family that count too
    for part in reading.parts:
        rules = part.rules
        if target.max_entries and not target.max_entries.option:
            most = target.max_entries.count
            if most < before + len(rules):
                message = f"{target.name} holds {most:,} entries, this is one more"
                return part.where(most - before, message)
            before += len(rules) if target.max_entries.together else 0
        if target.lengths and target.form is not EntryForm.RANGE and len(rules):
            allowed = target.lengths.of(rules.family)
            lengths = rules.prefixes().length
            wrong = (lengths < allowed.start) | (lengths >= allowed.stop)
            if wrong.any():
                at = int(np.argmax(wrong))
                taken = f"/{allowed.start} to /{allowed.stop - 1}"
                return part.where(
                    at, f"{target.name} takes prefixes of {taken}, this is a /{lengths[at]}"
                )
    return None
