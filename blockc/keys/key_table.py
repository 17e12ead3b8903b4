"""Tables of keys as CSV: what people decided about each key, and what a gateway calls it.

The first is the table `keys` of an audit after people went through it. Its column `proposal` is the
decision then: who strikes a key out removes its row or writes `keep`. The second says for each key
by which name a gateway knows it, which is never the key itself.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import BytesIO, TextIOWrapper

from blockc.errors import BlockcError, Location, Mistakes, PolicyError, suggestion
from blockc.values import Value

REVOKE, RESTORE = "revoke", "restore"
PROPOSALS = (REVOKE, "notify", "watch")  # what an audit writes
DECISIONS = (*PROPOSALS, "keep", RESTORE)  # what may stand in its place
_WORDS = {word: word for word in DECISIONS}  # in nearly every row: one of each is kept
PSEUDONYM = re.compile(r"[0-9a-f]{32}")
RUN_BY_SPREADSHEETS = ("=", "+", "-", "@")
_NO_KEYS = ("", "not a hash")  # what an audit writes of requests without a key
_MOST_TOLD = 20
_LONGEST_KEY = 512


class KeyRow(Value):
    """A row of a table of keys: the names of the columns, its cells, and where it stands."""

    columns: tuple[str, ...]  # the same of all rows: a mapping in each would be most of a table
    values: tuple[str, ...]
    path: str
    line: int

    @property
    def cells(self) -> Mapping[str, str]:
        """Return its cells by the name of their column."""
        return dict(zip(self.columns, self.values, strict=True))

    @property
    def key(self) -> str:
        """Return the key as the table has it."""
        return self.values[self.columns.index("key")]

    def error(self, message: str, hint: str = "") -> PolicyError:
        """Return the error about this row. The row is not shown: a secret may stand in it."""
        return PolicyError(message, at=Location(self.path, self.line), hint=hint)


class DecidedKey(Value):
    """A key that is to be revoked or restored, and the row that says so."""

    key: str
    action: str
    row: KeyRow


def read_key_rows(path: str, data: bytes, columns: Sequence[str]) -> list[KeyRow]:
    """Return the rows of a CSV file by RFC 4180 whose first line names the columns.

    Args:
        path: Of the file, for messages.
        columns: Those that it must have.

    Raises:
        PolicyError: It is not such a table.
    """
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        line = data.count(b"\n", 0, reason.start) + 1
        raise PolicyError("not UTF-8 text", at=Location(path, line)) from None
    text = TextIOWrapper(BytesIO(data), "utf-8-sig", newline="")
    reader, rows, begin = csv.reader(text, strict=True), [], 1
    heads: tuple[str, ...] = ()
    try:
        for cells in reader:
            if not heads:
                heads = tuple(_heads(path, cells, columns))
            elif cells:
                if len(cells) != len(heads):
                    said = f"expected {len(heads)} cells, found {len(cells)}"
                    raise PolicyError(said, at=Location(path, begin))
                values = tuple(_WORDS.get(cell, cell) for cell in cells)
                rows.append(KeyRow(heads, values, path, begin))
            begin = reader.line_num + 1
    except csv.Error as reason:
        raise PolicyError(f"not CSV: {reason}", at=Location(path, begin)) from None
    if not heads:
        _heads(path, [], columns)
    return rows


def _heads(path: str, cells: list[str], columns: Sequence[str]) -> list[str]:
    missing = [name for name in columns if name not in cells]
    if missing:
        hint = f"the first line must name {', '.join(columns)}"
        said = f"the table has no column {', '.join(missing)}"
        raise PolicyError(said, at=Location(path, 1), hint=hint)
    twice = next((name for name in cells if cells.count(name) > 1), None)
    if twice is not None:
        raise PolicyError(f"two columns are called {twice!r}", at=Location(path, 1))
    return cells


def decided_keys(
    rows: Iterable[KeyRow], rule: Sequence[str], *, is_secret: bool
) -> list[DecidedKey]:
    """Return the keys that people decided to revoke or to restore, in the order of the table.

    Args:
        rule: The decisions that revoke a key.
        is_secret: Keys are secret, so each must be an HMAC, also where nothing is done about it.

    Raises:
        Mistakes: The first rows that cannot be understood, or name a key for the second time.
    """
    found, mistakes, seen = list[DecidedKey](), list[BlockcError](), dict[str, int]()
    for row in rows:
        said = row.cells["proposal"]
        acts = said in rule or said == RESTORE
        wrong = _wrong_row(row, seen, is_secret=is_secret, acts=acts)
        if wrong:
            mistakes.append(wrong)
            if len(mistakes) == _MOST_TOLD:
                break
        elif acts:
            found.append(DecidedKey(row.key, RESTORE if said == RESTORE else REVOKE, row))
        seen.setdefault(row.key, row.line)
    require_no_mistakes(mistakes)
    return found


def require_no_mistakes(mistakes: Sequence[BlockcError]) -> None:
    """Raise Mistakes about the first of them, if there are any."""
    if mistakes:
        raise Mistakes(mistakes[:_MOST_TOLD])


def _wrong_row(
    row: KeyRow, seen: Mapping[str, int], *, is_secret: bool, acts: bool
) -> PolicyError | None:
    """Return what is wrong with a row. Of a key that nothing is done about only secrets are.

    The table is kept with each plan, and in the evidence, so no row of it may hold a secret.
    """
    said = row.cells["proposal"]
    if said not in DECISIONS:
        near = suggestion(said, DECISIONS).removeprefix("; ")
        hint = near or f"write one of {', '.join(DECISIONS)}"
        return row.error(f"{said!r} is not a decision about a key", hint)
    if row.key in seen:
        return row.error(f"this key is also in line {seen[row.key]}", "leave one of them")
    if is_secret and (acts or row.key not in _NO_KEYS) and not PSEUDONYM.fullmatch(row.key):
        hint = "`blockc audit -o DIR` writes keys.csv; keys that are not secret need key_is = 'id'"
        return row.error("this is not the HMAC of a key, as an audit writes it", hint)
    return _wrong_key(row) if acts else None


def _wrong_key(row: KeyRow) -> PolicyError | None:
    if not row.key or len(row.key) > _LONGEST_KEY or not row.key.isprintable():
        return row.error(f"expected a key of 1 to {_LONGEST_KEY} characters that print")
    if as_audited(row.key) != row.key:
        hint = "write the key as the gateway has it into this cell if it is the right one"
        said = "the audit wrote an apostrophe before this key, for spreadsheets"
        return row.error(said, hint)
    return None


def as_audited(key: str) -> str:
    """Return a key without the apostrophe that an audit writes before what a spreadsheet runs."""
    plain = key.removeprefix("'")
    return plain if plain.lstrip().startswith(RUN_BY_SPREADSHEETS) else key


def named_keys(
    rows: Iterable[KeyRow],
    columns: Sequence[str],
    pseudonym_of: Callable[[str], str],
    *,
    is_secret: bool,
) -> Iterator[tuple[str, KeyRow]]:
    """Yield for each row of a file of names the key as a table of the audit has it.

    Args:
        columns: Those that name a key to the gateway.
        pseudonym_of: Returns the HMAC of a key.
        is_secret: Keys are secret: a name must not be the key itself.

    Raises:
        PolicyError: A row has no key, or names a secret key by itself.
    """
    for row in rows:
        if not row.key:
            raise row.error("the row has no key")
        key = row.key
        if is_secret and not PSEUDONYM.fullmatch(key):
            if row.key in [row.cells[name] for name in columns]:
                raise _secret_as_name(row)
            key = pseudonym_of(key)
        yield key, row


def _secret_as_name(row: KeyRow) -> PolicyError:
    hint = "write the id by which the gateway knows the key, or say key_is = 'id' in [audit]"
    return row.error("the key is named by itself, and it is a secret", hint)
