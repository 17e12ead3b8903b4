"""The scan of a table: clients and keys are looked at once each, and its rows by DuckDB alone.

The distinct clients are placed first, and most of them no list holds. Then one query cuts all rows
and adds them up, with the places of the other clients beside it: URLs and statuses are only looked
at in the rows of listed ones.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from blockc.audit.arrow import column_of, table_of
from blockc.audit.client_finder import Placed
from blockc.audit.line_sql import LineLayout, client_sql
from blockc.audit.scan_sql import (
    NO_ADDRESS,
    SHOWN_LINES,
    EngineOptions,
    added_up_sql,
    cut_lines_sql,
)
from blockc.audit.zones import NOT_LISTED

_ROWS = 100_000
_PLACES = ("zone", "high", "low")
_SHOWN = """
CREATE TABLE shown (peer VARCHAR, told VARCHAR, zone INTEGER, high UBIGINT, low UBIGINT)
"""
_NOTE = f"""
INSERT INTO unreadable SELECT file, ?, count(*), min(number, {SHOWN_LINES}) FROM @rows GROUP BY file
"""
_ONE = "time AS first, time AS last, 1 AS requests, (time IS NULL)::BIGINT AS timeless"
_NAMES = "CREATE TABLE names (raw VARCHAR, name VARCHAR)"
_KEEP = """
INSERT INTO hits BY NAME
    SELECT * EXCLUDE (reason, file, number, raw, name) REPLACE (left(name, 200) AS key)
    FROM summed LEFT JOIN names ON key = raw;
DROP TABLE names; DROP TABLE summed; DROP TABLE shown
"""


class TableScan:
    """Reads the rows of one table into `hits` and `unreadable`.

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
        client, forwarded = client_sql(layout)
        self._place_clients(f"SELECT DISTINCT {client} AS peer, {forwarded} AS told FROM ({rows})")
        same = f"{client} IS NOT DISTINCT FROM peer AND {forwarded} IS NOT DISTINCT FROM told"
        unknown = f"({rows}) SEMI JOIN (FROM shown WHERE zone < {NOT_LISTED}) ON {same}"
        self._db.execute(_NOTE.replace("@rows", unknown), [NO_ADDRESS])
        zone = f"coalesce(zone, {NOT_LISTED})"
        lines = f"SELECT cells.*, {zone} AS zone, high, low FROM ({rows}) AS cells"
        lines += f" LEFT JOIN shown ON {same} WHERE {zone} >= {NOT_LISTED}"
        cut = cut_lines_sql(layout, self._options, lines, _PLACES)
        summed = added_up_sql(self._options, f"(SELECT *, {_ONE} FROM ({cut}))")
        self._db.execute(f"CREATE TABLE summed AS {summed}")
        self._name_keys()
        self._db.execute(_KEEP)

    def _place_clients(self, distinct: str) -> None:
        """Keep the clients that are listed, or cannot be read, with their places."""
        self._db.execute(_SHOWN)
        with self._db.cursor() as asked:
            for batch in asked.sql(distinct).to_arrow_reader(_ROWS):
                found = self._place(batch["peer"], batch["told"])
                rows = np.flatnonzero(found.zone != NOT_LISTED)
                shown = batch.take(column_of(rows))
                columns = {name: shown[name] for name in shown.schema.names}
                columns |= {name: column_of(getattr(found, name)[rows]) for name in _PLACES}
                self._insert("shown", columns)

    def _name_keys(self) -> None:
        """Keep the name of each key."""
        self._db.execute(_NAMES)
        with self._db.cursor() as asked:
            keys = asked.sql("SELECT DISTINCT key FROM summed WHERE key IS NOT NULL")
            for batch in keys.to_arrow_reader(_ROWS):
                self._insert("names", {"raw": batch["key"], "name": self._named(batch["key"])})

    def _insert(self, table: str, columns: Mapping[str, Any]) -> None:
        self._db.register("rows_to_add", table_of(columns))
        self._db.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows_to_add")
        self._db.unregister("rows_to_add")
