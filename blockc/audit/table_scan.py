"""The scan of a table: clients and keys are looked at once each, and lines only where they must be.

Nearly all rows of a table come from clients that no list holds, and of those nothing is asked but
how many there are for each day, host, key and account. So the distinct clients are placed first;
the rows of those that are listed, or cannot be read, are given on one by one, and all others are
added up by DuckDB without a look at their addresses, URLs and statuses.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from blockc.audit.arrow import column_of, table_of
from blockc.audit.client_finder import Placed
from blockc.audit.zones import NOT_LISTED

_ROWS = 100_000
#: Names that no column of a table has, so that nobody takes one for the other.
_CLIENT, _FORWARDED = "blockc_shown_client", "blockc_shown_forwarded"
_ADD_UP = """
CREATE TABLE summed AS
SELECT time::DATE AS day, left(host, 100) AS host, left(account, 200) AS account, key AS raw,
    count(*) AS requests, sum(bytes) AS bytes, min(time) AS first, max(time) AS last,
    count(*) FILTER (WHERE time IS NULL) AS timeless
FROM (@cut)
GROUP BY ALL
"""
_KEEP = f"""
INSERT INTO hits BY NAME
SELECT {NOT_LISTED} AS zone, day, host, account, left(name, 200) AS key, sum(requests) AS requests,
    coalesce(sum(bytes), 0) AS bytes, min(first) AS first, max(last) AS last,
    sum(timeless) AS timeless
FROM summed LEFT JOIN names USING (raw) GROUP BY ALL;
DROP TABLE names; DROP TABLE summed; DROP TABLE shown
"""


class TableScan:
    """Reads the rows of one table.

    Args:
        database: Of the scan that it is part of.
        rows: What gives the rows, with those columns that each one has besides.
        cut: Gives what cuts rows, given what gives them; every row can be read.
        client: Who connected, and what proxies wrote, as SQL of the columns of the table.
        place: Says where clients are, given who connected and what proxies wrote.
        named: Gives keys the names under which they are known.
    """

    def __init__(
        self,
        database: Any,
        rows: str,
        cut: Callable[[str], str],
        client: tuple[str, str],
        place: Callable[[Any, Any], Placed],
        named: Callable[[Any], Any],
    ) -> None:
        self._db, self._cut, self._place, self._named = database, cut, place, named
        self._rows, self._client = f"({rows})", client

    def shown(self) -> Iterator[Any]:
        """Yield the rows of clients that are listed, or that cannot be read, as they are cut."""
        self._db.execute(f"CREATE TABLE shown ({_CLIENT} VARCHAR, {_FORWARDED} VARCHAR)")
        client, forwarded = self._client
        said = f"{client} AS {_CLIENT}, {forwarded} AS {_FORWARDED}"
        with self._db.cursor() as asked:
            clients = asked.sql(f"SELECT DISTINCT {said} FROM {self._rows}")
            for batch in clients.to_arrow_reader(_ROWS):
                zone = self._place(batch[_CLIENT], batch[_FORWARDED]).zone
                rows = column_of(np.flatnonzero(zone != NOT_LISTED))
                self._insert("shown", batch.take(rows))
        with self._db.cursor() as asked:
            yield from asked.sql(self._cut(self._which("SEMI"))).to_arrow_reader(_ROWS)

    def _which(self, join: str) -> str:
        """Return what gives the rows that are shown, or the others; before any of them is cut."""
        client, forwarded = self._client
        same = f"{client} IS NOT DISTINCT FROM {_CLIENT}"
        same += f" AND {forwarded} IS NOT DISTINCT FROM {_FORWARDED}"
        return f"SELECT * FROM {self._rows} {join} JOIN shown ON {same}"

    def keep_others(self) -> None:
        """Add up the rows of all other clients, behind `shown`."""
        self._db.execute(_ADD_UP.replace("@cut", self._cut(self._which("ANTI"))))
        self._db.execute("CREATE TABLE names (raw VARCHAR, name VARCHAR)")
        with self._db.cursor() as asked:
            keys = asked.sql("SELECT DISTINCT raw FROM summed WHERE raw IS NOT NULL")
            for batch in keys.to_arrow_reader(_ROWS):
                names = table_of({"raw": batch["raw"], "name": self._named(batch["raw"])})
                self._insert("names", names)
        self._db.execute(_KEEP)

    def _insert(self, table: str, rows: Any) -> None:
        self._db.register("rows_to_add", rows)
        self._db.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows_to_add")
        self._db.unregister("rows_to_add")
