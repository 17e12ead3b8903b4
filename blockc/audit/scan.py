"""The scan of lines: DuckDB cuts them, their clients are placed, and what is alike is added up.

What remains of any number of lines is two tables, `hits` and `unreadable`. A scan of some of the
lines gives its rows as Arrow, and another one takes them: so lines may be read in many places, and
what the places found adds up to what one of them would have found alone.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from blockc.audit.client_finder import ClientFinder, Texts
from blockc.audit.line_sql import (
    LineLayout,
    cut_sql,
    literal,
    path_sql,
    source_sql,
    time_sql,
    url_sql,
    with_source,
)
from blockc.audit.log_format import LogFormat
from blockc.audit.pseudonyms import HMAC_CHARACTERS, pseudonym
from blockc.errors import Location, UsageError
from blockc.values import Value

SHOWN_LINES = 20  # unreadable lines of a file whose numbers are kept, for each reason
_HASH = re.compile(rb"(?:[0-9A-Fa-f]{32}){1,2}")
NOT_A_HASH = "not a hash"  # what stands where a hash was promised; it may be a secret
_REMEMBERED_KEYS = 500_000
_SCHEMA = pa.schema([("file", pa.int32()), ("number", pa.int64()), ("line", pa.string())])
_PLACED, _TOLD = ("zone", "high", "low"), ("client", "forwarded")
_ROWS = 100_000  # lines that are placed at once
_KEEP = f"""
INSERT INTO unreadable SELECT file, reason, count(*), min(number, {SHOWN_LINES})
    FROM scanned WHERE reason <> '' GROUP BY file, reason;
INSERT INTO hits BY NAME SELECT * EXCLUDE (reason, file, number) FROM scanned WHERE reason = '';
DROP TABLE scanned;
"""
_TABLES = """
CREATE TABLE hits (
    zone INTEGER, high UBIGINT, low UBIGINT, day DATE, era TINYINT, host VARCHAR, path VARCHAR,
    status SMALLINT, key VARCHAR, account VARCHAR, agent VARCHAR, requests BIGINT, bytes HUGEINT,
    first TIMESTAMP, last TIMESTAMP, timeless BIGINT
);
CREATE TABLE unreadable (file INTEGER, reason VARCHAR, lines BIGINT, first_lines BIGINT[]);
"""


class EngineOptions(Value, kw_only=True):
    """What is asked of each line.

    Attributes:
        key, account: Where they stand, as `source_sql` takes it; empty where nobody asks.
        secret: Keys are known by their HMAC with it alone; empty: as they are.
        hashed: Lines hold that HMAC already, which is taken as it is; never another text.
        eras: Instants, UTC without a zone, in order: an era begins at each.
        zone: The zone of times without an offset.
        depth: How many steps of a path are told apart.
        path_groups: Names and the begins of the paths that are counted under them.
        agents: Words of user agents that are counted apart.
        scratch: A folder for what does not fit the memory.
        memory: Bytes that the engine may use.
    """

    key: str = ""
    account: str = ""
    secret: bytes = b""
    hashed: bool = False
    eras: tuple[str, ...] = ()
    zone: str = "UTC"
    depth: int = 1
    path_groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    agents: tuple[str, ...] = ()
    scratch: str = ""
    memory: int = 1 << 30
    threads: int = 0


class LineScan:
    """Reads lines into the tables `hits` and `unreadable` of a database of its own.

    Args:
        clients: Who finds the client of a line.
        options: What is asked of each line.
    """

    def __init__(self, clients: ClientFinder, options: EngineOptions) -> None:
        self._options, self._clients = options, clients
        self._known: dict[bytes, str] = {}
        self._db = duckdb.connect()
        self._configure()
        self._db.execute(_TABLES)

    def _configure(self) -> None:
        asked = self._options
        settings = {
            "TimeZone": asked.zone,
            "memory_limit": f"{asked.memory >> 20}MiB",
            "temp_directory": asked.scratch,
            "preserve_insertion_order": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_file_encryption": "true",
        }
        if asked.threads:
            settings["threads"] = str(asked.threads)
        for name, value in settings.items():
            self._db.execute(f"SET GLOBAL {name} = {literal(value)}")
        self._db.execute("SET enable_progress_bar = false")  # it would stand among the answers

    def _placed(self, batch: Any) -> Any:
        """Return a batch of cut lines with the places of their clients, and without secrets."""
        found = self._clients.place(_texts(batch["client"]), _texts(batch["forwarded"]))
        columns = {name: batch[name] for name in batch.schema.names if name not in _TOLD}
        for name, column in zip(_PLACED, (found.zone, found.high, found.low), strict=True):
            columns[name] = pa.array(column)
        if self._options.secret or self._options.hashed:
            columns["key"] = self._pseudonyms(batch["key"])
        return pa.RecordBatch.from_pydict(columns)

    def _pseudonyms(self, column: Any) -> Any:
        texts = _texts(column)
        rows = np.flatnonzero(texts.valid).tolist()
        found: list[str | None] = [None] * len(texts)
        for row in rows:
            raw = texts.data[texts.offsets[row] : texts.offsets[row + 1]].tobytes()
            known = self._known.get(raw)
            if known is None:
                known = self._remember(raw)
            found[row] = known
        return pa.array(found, pa.string())

    def _remember(self, raw: bytes) -> str:
        if len(self._known) >= _REMEMBERED_KEYS:
            self._known.clear()
        known = key_name(raw, self._options)
        self._known[raw] = known
        return known

    def read(self, layout: LineLayout, blocks: Iterable[tuple[int, int, bytes]]) -> None:
        """Read the lines of files of one layout.

        Args:
            layout: How they are cut.
            blocks: The number of a file, that of the first line, and whole lines.
        """
        with self._db.cursor() as cutting:
            cutting.register(
                "lines", pa.RecordBatchReader.from_batches(_SCHEMA, map(_batch, blocks))
            )
            self._add_up(cutting.sql(cut_lines_sql(layout, self._options)).to_arrow_reader(_ROWS))

    def read_parquet(self, form: LogFormat, file: int, path: str) -> int:
        """Read the rows of a Parquet file, and return how many there are.

        Args:
            form: The names that its columns may have.
            file: Its number.

        Raises:
            UsageError: It has no column with the client, or is not Parquet to its end.
        """
        source = f"read_parquet({literal(path)}, file_row_number = true)"
        try:
            rows = self._db.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
            names = [(row[0], row[1]) for row in rows if row[0] != "file_row_number"]
            layout = LineLayout(form, tuple(n for n, _ in names), tuple(t for _, t in names))
            lines = f"SELECT *, {file:d} AS file, file_row_number + 1 AS number, 'row' AS line"
            with self._db.cursor() as cutting:
                sql = cut_lines_sql(layout, self._options, f"{lines} FROM {source}")
                self._add_up(cutting.sql(sql).to_arrow_reader(_ROWS))
            ((count,),) = self.rows(f"SELECT count(*) FROM {source}")
        except duckdb.Error as reason:
            said = str(reason).splitlines()[0]
            raise UsageError(f"cannot read it as Parquet: {said}", at=Location(path)) from None
        return int(count)

    def _add_up(self, cut: Any) -> None:
        first = next(cut, None)
        if first is None:
            return
        begin = self._placed(first)
        placed = pa.RecordBatchReader.from_batches(
            begin.schema, chain([begin], map(self._placed, cut))
        )
        self._db.register("placed", placed)
        self._db.execute(f"CREATE TEMP TABLE scanned AS {added_up_sql(self._options)}")
        self._db.unregister("placed")
        self._db.execute(_KEEP)

    def found(self, table: str) -> Iterator[Any]:
        """Yield the rows of `hits` or `unreadable` as record batches of Arrow."""
        yield from self._db.sql(f"SELECT * FROM {table}").to_arrow_reader(_ROWS)

    def add(self, table: str, rows: Any) -> None:
        """Add rows to a table.

        Args:
            table: One of the tables.
            rows: A table or a record batch of Arrow, whose columns have the names of the table's.
        """
        self._db.register("rows_to_add", rows)
        self._db.execute(f"INSERT INTO {table} BY NAME SELECT * FROM rows_to_add")
        self._db.unregister("rows_to_add")

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a question about the tables."""
        return self._db.execute(sql, list(parameters)).fetchall()

    def close(self) -> None:
        """Forget everything."""
        self._db.close()


def key_name(raw: bytes, options: EngineOptions) -> str:
    """Return what a key is called, given what a line has in its place."""
    if options.hashed:
        if _HASH.fullmatch(raw):
            return raw[:HMAC_CHARACTERS].decode().lower()
        if not options.secret:
            return NOT_A_HASH
    return pseudonym(raw, options.secret)


def cut_lines_sql(
    layout: LineLayout, options: EngineOptions, lines: str = "SELECT file, number, line FROM lines"
) -> str:
    """Return the query that cuts every line into what is asked of it.

    Raises:
        UsageError: The lines cannot say who asked.
    """
    for spec in (options.key, options.account):
        layout = with_source(layout, spec)
    cut = cut_sql(layout)
    if "client" not in cut.fields:
        wanted = ", ".join(layout.format.fields.get("client", ()))
        raise UsageError("no column holds the client", hint=f"expected one of {wanted}")
    inner = lines
    for name, sql in cut.before.items():
        inner = f"SELECT *, {sql} AS {name} FROM ({inner})"
    empty = "trim(line, chr(13) || chr(10) || ' ') = ''"
    said = {
        "file": "file",
        "number": "number",
        "reason": f"CASE WHEN coalesce({cut.readable}, false) THEN '' WHEN {empty} "
        "THEN 'empty line' ELSE 'not of the format' END",
        "client": f"CASE WHEN {cut.readable} THEN {cut.fields['client']} END",
        "forwarded": cut.fields.get("forwarded", "NULL::VARCHAR"),
        "time": time_sql(layout, cut),
        "host": cut.fields.get("host", "NULL::VARCHAR"),
        "url": url_sql(cut),
        "status": cut.fields.get("status", "NULL::VARCHAR"),
        "bytes": cut.fields.get("bytes", "NULL::VARCHAR"),
        "key": source_sql(layout, cut, options.key) if options.key else "NULL::VARCHAR",
        "account": source_sql(layout, cut, options.account) if options.account else "NULL::VARCHAR",
        "agent": _agent(cut.fields.get("agent"), options.agents),
    }
    return f"SELECT {', '.join(f'{sql} AS {name}' for name, sql in said.items())} FROM ({inner})"


def added_up_sql(options: EngineOptions) -> str:
    """Return the query that adds lines up whose clients are placed.

    What no list holds is told apart by day, host, key and account alone.
    """
    era = " + ".join(f"(time >= {literal(one)}::TIMESTAMP)::TINYINT" for one in options.eras)
    good = {"day": "time::DATE", "host": "left(host, 100)"}
    good |= {name: f"left({name}, 200)" for name in ("key", "account")}
    listed = {
        "high": "high",
        "low": "low",
        "era": f"({era or 0})::TINYINT",
        "path": path_sql("url", options.depth, options.path_groups),
        "status": "try_cast(status AS SMALLINT)",
        "agent": "agent",
    }
    columns = [f"CASE WHEN zone >= 0 THEN {sql} END AS {name}" for name, sql in good.items()]
    columns += [f"CASE WHEN zone > 0 THEN {sql} END AS {name}" for name, sql in listed.items()]
    wrong = "CASE WHEN reason = '' AND zone < 0 THEN 'no address of a client' ELSE reason END"
    names = ", ".join([*good, *listed])
    return f"""
    SELECT zone, {names}, wrong AS reason, wrong_file AS file, wrong_number AS number,
        count(*) AS requests, coalesce(sum(try_cast(bytes AS BIGINT)), 0) AS bytes,
        min(time) AS first, max(time) AS last, count(*) FILTER (WHERE time IS NULL) AS timeless
    FROM (
        SELECT zone, {", ".join(columns)}, time, bytes, {wrong} AS wrong,
            CASE WHEN zone < 0 THEN file END AS wrong_file,
            CASE WHEN zone < 0 THEN number END AS wrong_number
        FROM placed
    )
    GROUP BY ALL
    """


def _agent(sql: str | None, agents: Sequence[str]) -> str:
    if not sql or not agents:
        return "NULL::VARCHAR"
    cases = (f"WHEN contains({sql}, {literal(one)}) THEN {literal(one)}" for one in agents)
    return f"CASE {' '.join(cases)} END"


def _batch(block: tuple[int, int, bytes]) -> Any:
    """Return whole lines as a batch; their bytes are not copied unless they are not UTF-8."""
    file, number, data = block
    try:
        data.decode()
    except UnicodeDecodeError:
        data = data.decode("utf-8", "backslashreplace").encode()
    ends = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 10) + 1
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    buffers = pa.py_buffer(offsets), pa.py_buffer(data)
    lines = pa.StringArray.from_buffers(len(ends), *buffers)
    files = np.full(len(ends), file, dtype=np.int32)
    numbers = np.arange(number, number + len(ends), dtype=np.int64)
    return pa.record_batch([pa.array(files), pa.array(numbers), lines], schema=_SCHEMA)


def _texts(column: Any) -> Texts:
    """Return a column of texts as numpy sees it."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    wide = pa.types.is_large_string(column.type)
    if not wide and not pa.types.is_string(column.type):
        column, wide = column.cast(pa.large_string()), True
    _, offsets, data = column.buffers()
    kind = np.int64 if wide else np.int32
    at = np.frombuffer(offsets, dtype=kind)[column.offset : column.offset + len(column) + 1]
    valid = np.asarray(column.is_valid())
    held = np.frombuffer(data, dtype=np.uint8) if data else np.zeros(0, dtype=np.uint8)
    return Texts(held, at.astype(np.int64), valid)
