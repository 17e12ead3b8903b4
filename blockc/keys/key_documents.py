"""Plans for programs of one's own: JSON, CSV and SQL."""

import re
from collections.abc import Iterator
from functools import partial

from blockc.errors import SourceSyntaxError
from blockc.keys.key_target import (
    ACTIONS_OF_KEYS,
    ANY_NAME,
    KeyReading,
    KeyTarget,
    NamePart,
    OptionValues,
    ReadKey,
    found_at,
)
from blockc.targets.core.facts import Deployment, Reference
from blockc.targets.core.target_options import Option
from blockc.targets.syntax.json_tree import json_object
from blockc.targets.syntax.reading import Ordered
from blockc.targets.syntax.tokens import Text
from blockc.values import replace

_SCHEMA = "blockc-keys/1"
_ACTION = "revoke|restore"
_CSV_HEAD = "id,action,list\n"
_CSV_ROW = re.compile(rf'"((?:[^"\n]|"")+)",({_ACTION}),([a-z][a-z0-9-]*)\n')
_SQL_ROW = re.compile(rf"\('((?:[^'\n\\]|'')+)', '({_ACTION})', '([a-z][a-z0-9-]*)'\)")
_SQL_HEAD = re.compile(
    r"""CREATE\ TABLE\ IF\ NOT\ EXISTS\ (?P<table>[a-z][a-z0-9_]*)\ \(\n
    \ \ \ \ list\ VARCHAR\(31\)\ NOT\ NULL,\n
    \ \ \ \ key_id\ VARCHAR\(256\)\ NOT\ NULL,\n
    \ \ \ \ action\ VARCHAR\(8\)\ NOT\ NULL,\n
    \ \ \ \ PRIMARY\ KEY\ \(list,\ key_id\)\n
    \);\n
    BEGIN;\n
    DELETE\ FROM\ (?P=table)\ WHERE\ list\ =\ '(?P<list>[a-z][a-z0-9-]*)';\n""",
    re.VERBOSE,
)
_SQL_END = "COMMIT;\n"


def read_json_keys(text: Text, _: OptionValues) -> KeyReading:
    """Return the keys of a JSON document."""
    top = json_object(text).fields({"schema": str, "list": str, "keys": list})
    if top["schema"].value != _SCHEMA:
        raise top["schema"].error(f"expected {_SCHEMA!r}")
    keys = list[ReadKey]()
    for item in top["keys"].items():
        cells = item.fields({"id": str, "action": str})
        if cells["action"].value not in ACTIONS_OF_KEYS:
            raise cells["action"].error(f"expected {' or '.join(ACTIONS_OF_KEYS)}")
        keys.append(ReadKey((cells["id"].value,), cells["action"].value, item.error))
    return KeyReading(tuple(keys), (top["list"].found("list"),))


def read_csv_keys(text: Text, _: OptionValues) -> KeyReading:
    """Return the keys of a CSV file by RFC 4180; the first cell of a row stands in quotes."""
    if not text.text.startswith(_CSV_HEAD):
        raise text.error("expected the columns id, action, list", 0)
    keys, found, at = list[ReadKey](), [], len(_CSV_HEAD)
    if at == len(text.text):  # an empty table says no list, and nothing else either
        return KeyReading(())
    while at < len(text.text):
        row = _CSV_ROW.match(text.text, at)
        if row is None:
            raise text.error('expected a row such as "ID",revoke,LIST', at)
        error = partial(text.error, at=at, width=len(row[0]) - 1)
        keys.append(ReadKey((row[1].replace('""', '"'),), row[2], error))
        found.append(found_at(text, "list", row[3], at))
        at = row.end()
    return KeyReading(tuple(keys), tuple(found))


def read_sql_keys(text: Text, _: OptionValues) -> KeyReading:
    """Return the keys of a file that replaces the rows of a list in a table, in one transaction.

    What is understood is the SQL that databases have in common. A backslash is refused: MySQL
    reads more into it than the others.
    """
    head = _SQL_HEAD.match(text.text)
    if head is None:
        raise text.error("expected a table of keys, and a transaction that empties it", 0)
    table, listed, at = head["table"], head["list"], head.end()
    found = [
        found_at(text, "SQL table", table, head.start("table"), len(table)),
        found_at(text, "list", listed, head.start("list"), len(listed)),
    ]
    keys = list[ReadKey]()
    insert = f"INSERT INTO {table} (key_id, action, list) VALUES\n"
    if text.text.startswith(insert, at):
        rows = list(_sql_rows(text, at + len(insert)))
        at = rows[-1].end() + 2
        for row in rows:
            error = partial(text.error, at=row.start(), width=len(row[0]))
            keys.append(ReadKey((row[1].replace("''", "'"),), row[2], error))
            found.append(found_at(text, "list", row[3], row.start(3), len(row[3])))
    if text.text[at:] != _SQL_END:
        raise text.error("expected COMMIT; and nothing behind it", at)
    return KeyReading(tuple(keys), tuple(found))


def _sql_rows(text: Text, at: int) -> Iterator[re.Match[str]]:
    """Yield the rows from a position on, up to the end of the statement."""
    while True:
        row = _SQL_ROW.match(text.text, at)
        if row is None:
            raise _no_row(text, at)
        yield row
        if text.text.startswith(";\n", row.end()):
            return
        if not text.text.startswith(",\n", row.end()):
            raise _no_row(text, row.end())
        at = row.end() + 2


def _no_row(text: Text, at: int) -> SourceSyntaxError:
    return text.error("expected a row such as ('ID', 'revoke', 'LIST')", at)


JSON_KEYS = KeyTarget(
    name="json",
    title="JSON document of keys",
    parts=(ANY_NAME,),
    template="json.json.j2",
    ending="json",
    reader=read_json_keys,
    of_list=True,
    references=(Reference("https://www.rfc-editor.org/rfc/rfc8259", checked="2026-11-27"),),
    deployment=Deployment(
        load="jq -r '.keys[] | select(.action == \"revoke\") | .id' keys.json\n"
        "jq -r '.keys[] | select(.action == \"restore\") | .id' keys.json",
        rollback="",
    ),
)

CSV_KEYS = KeyTarget(
    name="csv",
    title="CSV table of keys",
    parts=(
        NamePart(
            "id",
            r"(?![=+@'-])" + ANY_NAME.pattern,
            "printable ASCII whose first character no spreadsheet runs (= + - @ ')",
        ),
    ),
    template="csv.csv.j2",
    ending="csv",
    reader=read_csv_keys,
    of_list=True,
    references=(Reference("https://www.rfc-editor.org/rfc/rfc4180", checked="2026-11-27"),),
    deployment=Deployment(load="psql -c '\\copy revoked from keys.csv csv header'", rollback=""),
)

SQL_KEYS = KeyTarget(
    name="sql",
    title="SQL table of keys",
    parts=(
        replace(
            ANY_NAME,
            pattern=r"(?!.*\\)" + ANY_NAME.pattern,
            expects="printable ASCII without a backslash, which databases read in two ways",
        ),
    ),
    template="sql.sql.j2",
    ending="sql",
    reader=read_sql_keys,
    placed_by=("table",),
    of_list=True,
    options=(
        Option(
            "table",
            "blockc_keys",
            "1 to 50 lower-case letters, digits or _, a letter first",
            pattern=r"[a-z][a-z0-9_]{0,49}",
            about="the table that holds the plan",
        ),
    ),
    orders=lambda options: (Ordered("SQL table", options["table"]),),
    references=(
        Reference("https://www.sqlite.org/lang_expr.html", checked="2026-11-27"),
        Reference("https://dev.mysql.com/doc/refman/8.4/en/string-literals.html", "2026-11-27"),
    ),
    deployment=Deployment(
        load="psql -v ON_ERROR_STOP=1 -f keys.sql\n"
        'psql -c "UPDATE api_keys SET enabled = FALSE WHERE id IN\n'
        "  (SELECT key_id FROM blockc_keys WHERE action = 'revoke')\"\n"
        'psql -c "UPDATE api_keys SET enabled = TRUE WHERE id IN\n'
        "  (SELECT key_id FROM blockc_keys WHERE action = 'restore')\"",
        rollback="",
    ),
    notes="The rows of the list are replaced in one transaction; those of other lists stay.",
)
