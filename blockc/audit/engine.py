"""The embedded engine: the tables of a scan beside those of zones and lists, and what they answer.

What remains of the lines is one table, `hits`: a row for each address in a listed zone, day, host,
path, status, key and account, and for traffic that no list holds a row for each day, host, key and
account. DuckDB is opened by `blockc.audit.scan` alone.
"""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pyarrow as pa

from blockc.audit.arrow import column_of, column_of_texts
from blockc.audit.client_finder import ClientFinder
from blockc.audit.scan import LineScan
from blockc.audit.scan_sql import EngineOptions
from blockc.audit.zones import Zones
from blockc.values import Value

_TABLES = """
CREATE TABLE zones (
    zone INTEGER, listed BOOLEAN, country VARCHAR, network VARCHAR, wanted VARCHAR
);
CREATE TABLE members (zone INTEGER, list VARCHAR);
CREATE TABLE lists (
    list VARCHAR, title VARCHAR, action VARCHAR, block_era TINYINT, other BOOLEAN
);
CREATE TABLE owners (key VARCHAR, account VARCHAR, contact VARCHAR, language VARCHAR);
CREATE TABLE stages (list VARCHAR, action VARCHAR, begins VARCHAR);
CREATE VIEW hit AS SELECT * FROM hits JOIN zones USING (zone) WHERE listed;
"""


class AuditedList(Value):
    """What an audit knows about a list.

    Attributes:
        name: As the tables name it; with the other side's mark if `other`.
        title: As people know it.
        action: What it does at the instant of the audit.
        block_era: The era in which it begins to block; -1 if it never does.
        other: It is of the side that is compared.
    """

    name: str
    title: str
    action: str
    block_era: int = -1
    other: bool = False


class Engine(LineScan):
    """One audit: feed it the lines of all logs, or what other scans found in them; then ask.

    Args:
        zones: Of every address, told apart by country, network and who is wanted.
        lists: What is known about each list.
        clients: Who finds the client of a line.
        options: What is asked of each line.
    """

    def __init__(
        self,
        zones: Zones,
        lists: Sequence[AuditedList],
        clients: ClientFinder,
        options: EngineOptions,
    ) -> None:
        super().__init__(clients, options)
        self._db.execute(_TABLES)
        self._fill(zones, lists)

    def _fill(self, zones: Zones, lists: Sequence[AuditedList]) -> None:
        first = {one.name for one in lists if not one.other}
        rows = [
            (n, int(bool(first & set(one.lists))), *one.labels) for n, one in enumerate(zones.zones)
        ]
        self.insert("zones", rows)
        pairs = [(n, name) for n, one in enumerate(zones.zones) for name in one.lists]
        self.insert("members", pairs)
        self.insert(
            "lists",
            [(one.name, one.title, one.action, one.block_era, int(one.other)) for one in lists],
        )

    def insert(self, table: str, rows: Sequence[Sequence[object]]) -> None:
        """Add rows to one of the tables."""
        names = [row[0] for row in self._db.execute(f"DESCRIBE {table}").fetchall()]
        columns = zip(names, zip(*rows, strict=True), strict=True)
        if rows:
            self.add(table, pa.table({n: _column(c) for n, c in columns}))

    def parquet(self, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
        """Return a table as the bytes of a Parquet file."""
        import pyarrow.parquet

        columns = zip(*rows, strict=True) if rows else [()] * len(heads)
        table = pa.table({h: _column(c) for h, c in zip(heads, columns, strict=True)})
        sink = pa.BufferOutputStream()
        pyarrow.parquet.write_table(table, sink)
        data: bytes = sink.getvalue().to_pybytes()
        return data


def _column(values: Sequence[object]) -> Any:
    """Return values of one type, and None, as a column of Arrow."""
    kinds = set(map(type, values))
    if kinds and kinds <= {str, type(None)}:
        return column_of_texts(cast("Sequence[str | None]", values))
    if kinds in ({int}, {float}):
        return column_of(np.array(values))
    return pa.array(values)
