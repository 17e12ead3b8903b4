"""The scan of a table: clients and keys are looked at once each, and its rows by DuckDB alone.

The distinct clients are placed first, and most of them no list holds. One query adds up all rows by
the little that is asked of each, without looking at clients; another one adds up, by everything,
the rows of clients that are listed or not known. What is left of the first without the second is
what no list holds.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from blockc.audit.arrow import column_of, table_of
from blockc.audit.client_finder import Placed
from blockc.audit.field_sql import bare_path_sql
from blockc.audit.line_sql import LineLayout, client_cells, client_sql
from blockc.audit.scan_sql import (
    NO_ADDRESS,
    SHOWN_LINES,
    EngineOptions,
    columns_of_hits,
    cut_lines_sql,
)
from blockc.audit.zones import NOT_LISTED
from blockc.values import replace

_ROWS = 100_000
_PLACES = ("zone", "high", "low")
_SHOWN = "CREATE TABLE shown (@cells, zone INTEGER, high UBIGINT, low UBIGINT)"
_NOTE = f"""
INSERT INTO unreadable SELECT file, ?, count(*), min(number, {SHOWN_LINES}) FROM @rows GROUP BY file
"""
_SUMS = """
count(*) AS requests, coalesce(sum(bytes), 0) AS bytes, count(*) - count(time) AS timeless
"""
_NAMES = "CREATE TABLE names (raw VARCHAR, name VARCHAR)"
_HITS = f"""
CREATE TEMP TABLE table_hits AS
    SELECT * EXCLUDE (raw, name) REPLACE (left(name, 200) AS key)
    FROM (
        FROM apart WHERE zone > {NOT_LISTED}
        UNION ALL BY NAME
        SELECT {NOT_LISTED} AS zone, day, host, key, account, sum(requests) AS requests,
            sum(bytes) AS bytes, sum(timeless) AS timeless
        FROM (
            FROM everything
            UNION ALL
            SELECT day, host, key, account, -requests, -bytes, -timeless FROM apart
        )
        GROUP BY ALL HAVING sum(requests) > 0
    )
    LEFT JOIN names ON key = raw;
DROP TABLE names; DROP TABLE everything; DROP TABLE apart; DROP TABLE shown
"""


class TableScan:
    """Reads the rows of one table into `table_hits`, and into `unreadable`.

    Args:
        database: Of the scan that it is part of.
        place: Says where clients are, given who connected and what proxies wrote.
        named: Gives keys the names under which they are known.
        options: What is asked of each row.
    """

    def __init__(
        self,
        database: Any,
        place: Callable[[Any, Any], Placed],
        named: Callable[[Any], Any],
        options: EngineOptions,
    ) -> None:
        self._db, self._place, self._named, self._options = database, place, named, options

    def read(self, layout: LineLayout, rows: str) -> None:
        """Read rows.

        Args:
            layout: How they are cut.
            rows: The query that gives them, each with the number of its file and its own.
        """
        cells = client_cells(layout)
        self._place_clients(layout, cells, rows)
        same = " AND ".join(
            f"{sql} IS NOT DISTINCT FROM said_{name}" for name, sql in cells.items()
        )
        unknown = f"({rows}) SEMI JOIN (FROM shown WHERE zone < {NOT_LISTED}) ON {same}"
        self._db.execute(_NOTE.replace("@rows", unknown), [NO_ADDRESS])
        self._db.execute(self._everything(cut_lines_sql(layout, self._options, rows)))
        lines = f"SELECT cells.*, zone, high, low FROM ({rows}) AS cells JOIN shown ON {same}"
        self._db.execute(self._apart(cut_lines_sql(layout, self._options, lines, _PLACES)))
        self._name_keys()
        self._db.execute(_HITS)

    def _everything(self, cut: str) -> str:
        """Return the query that adds up all rows by what is asked of each."""
        good, _ = columns_of_hits(self._options)
        return f"""
        CREATE TABLE everything AS SELECT {_named_sql(good)}, {_SUMS}
        FROM (SELECT *, time AS first FROM ({cut})) GROUP BY ALL
        """

    def _apart(self, cut: str) -> str:
        """Return the query that adds up, by everything, rows that have a place."""
        good, listed = columns_of_hits(self._options)
        bare = f"{bare_path_sql('url')} AS bare_path"
        return f"""
        CREATE TABLE apart AS SELECT zone, {_named_sql(good | listed)}, {_SUMS},
            min(time) AS first, max(time) AS last
        FROM (SELECT *, time AS first, {bare} FROM ({cut})) GROUP BY ALL
        """

    def _place_clients(self, layout: LineLayout, cells: Mapping[str, str], rows: str) -> None:
        """Keep what the cells of clients say that are listed, or cannot be read, with places.

        Cells are compared as they stand: so DuckDB reads of the other columns little more than the
        rows of those clients.
        """
        client, forwarded = client_sql(replace(layout, types=("VARCHAR",) * len(layout.types)))
        self._db.execute(
            _SHOWN.replace("@cells", ", ".join(f"said_{name} VARCHAR" for name in cells))
        )
        distinct = f"SELECT DISTINCT {_named_sql(cells)} FROM ({rows})"
        said = f"SELECT *, {client} AS peer, {forwarded} AS told FROM ({distinct})"
        with self._db.cursor() as asked:
            for batch in asked.sql(said).to_arrow_reader(_ROWS):
                found = self._place(batch["peer"], batch["told"])
                listed = column_of(np.flatnonzero(found.zone != NOT_LISTED))
                columns = {f"said_{name}": batch[name].take(listed) for name in cells}
                columns |= {name: column_of(getattr(found, name)).take(listed) for name in _PLACES}
                self._insert("shown", columns)

    def _name_keys(self) -> None:
        """Keep the name of each key."""
        self._db.execute(_NAMES)
        with self._db.cursor() as asked:
            keys = asked.sql("SELECT DISTINCT key FROM everything WHERE key IS NOT NULL")
            for batch in keys.to_arrow_reader(_ROWS):
                self._insert("names", {"raw": batch["key"], "name": self._named(batch["key"])})

    def _insert(self, table: str, columns: Mapping[str, Any]) -> None:
        self._db.register("rows_to_add", table_of(columns))
        self._db.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows_to_add")
        self._db.unregister("rows_to_add")


def _named_sql(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
