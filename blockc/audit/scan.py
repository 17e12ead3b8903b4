"""The scan of lines: DuckDB cuts them, their clients are placed, and what is alike is added up.

What remains of any number of lines is two tables, `hits` and `unreadable`. A scan of some of the
lines gives its rows as Arrow, and another one takes them: so lines may be read in many places, and
what the places found adds up to what one of them would have found alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from blockc.audit.arrow import (
    LINES,
    NO_TIME,
    PLACED,
    HeldBatches,
    added_up,
    block_lines,
    column_of,
    column_of_texts,
    held_together,
    numbers_of,
    placed_batch,
    strings,
    texts_of,
)
from blockc.audit.client_finder import ClientFinder, Placed
from blockc.audit.line_sql import TOO_LONG, LineLayout, literal, table_layout
from blockc.audit.log_format import LogFormat
from blockc.audit.pseudonyms import hash_name, pseudonym
from blockc.audit.regular_blocks import MOST_BYTES, Readers, RegularBlocks
from blockc.audit.scan_sql import SHOWN_LINES, EngineOptions, added_up_sql, cut_lines_sql, times_sql
from blockc.audit.table_scan import TableScan
from blockc.audit.texts import Places, Texts
from blockc.audit.zones import NOT_LISTED
from blockc.errors import UsageError, placed_at

NOT_A_HASH = "not a hash"  # what stands where a hash was promised; it may be a secret
_REMEMBERED_KEYS = 500_000
_REMEMBERED_BYTES = 512  # of a key; a longer one is computed each time
_ROWS = 100_000  # lines that are placed at once
_SUMMED_ROWS = 500_000  # placed rows that are added up at once
_ODD_ROWS = 20_000  # lines that only SQL can read, which are kept until they are worth a query
_NOTE = f"""
INSERT INTO unreadable SELECT file, reason, count(*), min(number, {SHOWN_LINES})
    FROM scanned WHERE reason <> '' GROUP BY file, reason
"""
_SCANNED = """
SELECT * EXCLUDE (reason, file, number) REPLACE (left(key, 200) AS key)
FROM scanned WHERE reason = ''
"""
_MERGED_ROWS = 1_000_000  # so many rows, about 150 MB, are not worth adding up again
_PARTS = range(4)  # of `hits`, which are added up one after the other: only one is there twice
_PART = "hash(low, key, path) % @count = @part".replace("@count", str(len(_PARTS)))
_MERGE = """
CREATE TABLE merged AS SELECT * REPLACE (
    sum(requests)::BIGINT AS requests, sum(bytes) AS bytes, min(first) AS first, max(last) AS last,
    sum(timeless)::BIGINT AS timeless
) FROM hits_@part GROUP BY ALL;
DROP TABLE hits_@part;
ALTER TABLE merged RENAME TO hits_@part
"""
_HITS = """
CREATE TABLE hits_@part (
    zone INTEGER, high UBIGINT, low UBIGINT, day DATE, era TINYINT, host VARCHAR, path VARCHAR,
    status SMALLINT, key VARCHAR, account VARCHAR, agent VARCHAR, requests BIGINT, bytes HUGEINT,
    first TIMESTAMP, last TIMESTAMP, timeless BIGINT
)
"""
_UNREADABLE = """
CREATE TABLE unreadable (file INTEGER, reason VARCHAR, lines BIGINT, first_lines BIGINT[])
"""


class LineScan:
    """Reads lines into the tables `hits` and `unreadable` of a database of its own.

    Args:
        clients: Who finds the client of a line.
        options: What is asked of each line.
    """

    def __init__(self, clients: ClientFinder, options: EngineOptions) -> None:
        self._options, self._clients = options, clients
        self._known: dict[bytes, str] = {}
        self._enough = _MERGED_ROWS
        self._db = duckdb.connect()
        self._configure()
        self._db.execute(_UNREADABLE)
        self._for_each_part(_HITS)
        self._db.execute(
            f"CREATE VIEW hits AS {' UNION ALL '.join(f'FROM hits_{n}' for n in _PARTS)}"
        )

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

    def _placed(self, batch: Any) -> Iterator[Any]:
        """Yield cut lines with the places of their clients, and without secrets."""
        found = self._place(batch["client"], batch["forwarded"])
        sizes = numbers_of(batch["bytes"], 0)
        alone = (found.zone != NOT_LISTED) | (sizes < 0) | (sizes >= MOST_BYTES)
        single, others = np.flatnonzero(alone), np.flatnonzero(~alone)
        shown = batch.take(column_of(single))
        columns: dict[str, Any] = {name: shown[name] for name in shown.schema.names}
        columns |= {name: getattr(found, name)[single] for name in ("zone", "high", "low")}
        columns["first"] = columns["last"] = shown["time"]
        columns["key"] = self._named(texts_of(shown["key"]))
        yield placed_batch(columns, len(single))
        rest = batch.take(column_of(others))
        texts = {name: rest[name] for name in ("host", "account")}
        texts["key"] = self._named(texts_of(rest["key"]))
        micros = numbers_of(rest["time"], NO_TIME)
        yield added_up(micros, sizes[others], texts)

    def _place(self, peer: Any, forwarded: Any) -> Placed:
        """Return where clients are; one that is there often is looked for once."""
        if forwarded.null_count < len(forwarded):
            return self._clients.place(texts_of(peer), texts_of(forwarded))
        said = peer.dictionary_encode()
        found = self._clients.place(texts_of(said.dictionary), Texts.absent(len(said.dictionary)))
        return found.at(numbers_of(said.indices, len(said.dictionary)))

    def _named(self, keys: Texts) -> Any:
        """Return the names of keys: without a secret they are called what they are."""
        if not self._options.secret and not self._options.hashed:
            return strings(keys)
        said = strings(keys).dictionary_encode()
        raws = said.dictionary.cast(pa.binary()).to_pylist()
        names = [self._known.get(raw) or self._remember(raw) for raw in raws]
        return column_of_texts(names).take(said.indices)

    def _remember(self, raw: bytes) -> str:
        if len(self._known) >= _REMEMBERED_KEYS:
            self._known.clear()
        known = key_name(raw, self._options)
        if len(raw) <= _REMEMBERED_BYTES:
            self._known[raw] = known
        return known

    def read(self, layout: LineLayout, blocks: Iterable[tuple[int, int, bytes]]) -> None:
        """Read the lines of files of one layout.

        Args:
            layout: How they are cut.
            blocks: The number of a file, that of the first line, and whole lines; nothing stands
                for a line that was too long to be held.
        """
        plain = ((file, number, _utf8(data)) for file, number, data in self._noted(blocks))
        sql = cut_lines_sql(layout, self._options)
        with self._db.cursor() as timing:
            readers = Readers(
                self._clients, partial(_times, timing, times_sql(layout)), self._named
            )
            asked = (self._options.key, self._options.account)
            quick = RegularBlocks.of(layout, asked, readers, agents=bool(self._options.agents))
            if quick is None:
                held = held_together(map(block_lines, plain), _SUMMED_ROWS)
                self._add_up(chain.from_iterable(self._cut(sql, some) for some in held))
            else:
                self._add_up(self._cut_quickly(quick, sql, plain))

    def _noted(self, blocks: Iterable[tuple[int, int, bytes]]) -> Iterator[tuple[int, int, bytes]]:
        """Yield the blocks that hold lines, and note the lines that were too long."""
        for file, number, data in blocks:
            if data:
                yield file, number, data
            else:
                row = [file, TOO_LONG, number]
                self._db.execute("INSERT INTO unreadable VALUES (?, ?, 1, [?])", row)

    def _cut(self, sql: str, lines: Sequence[Any]) -> Iterator[Any]:
        """Yield placed rows of any lines; all that they say is in memory."""
        with self._db.cursor() as cutting:
            cutting.register("lines", pa.RecordBatchReader.from_batches(LINES, lines))
            for batch in cutting.sql(sql).to_arrow_reader(_ROWS):
                yield from self._placed(batch)

    def _cut_quickly(
        self, quick: RegularBlocks, sql: str, blocks: Iterable[tuple[int, int, bytes]]
    ) -> Iterator[Any]:
        """Yield placed rows of lines of which most are regular."""
        odd = HeldBatches(_ODD_ROWS)
        for block in blocks:
            placed, left = quick.rows(*block)
            yield from placed
            if enough := odd.add(left):
                yield from self._cut(sql, enough)
        if rest := odd.take():
            yield from self._cut(sql, rest)

    def read_parquet(self, form: LogFormat, file: int, path: str) -> int:
        """Read the rows of a Parquet file, and return how many there are.

        Args:
            form: The names that its columns may have.
            file: Its number.

        Raises:
            UsageError: It has no column with the client, or is not Parquet to its end.
        """
        source = f"read_parquet({literal(path)}, file_row_number = true)"
        with placed_at(path):
            try:
                return self._read_table(form, file, source)
            except duckdb.Error as reason:
                said = str(reason).splitlines()[0]
                raise UsageError(f"cannot read it as Parquet: {said}") from None

    def _read_table(self, form: LogFormat, file: int, source: str) -> int:
        described = self.rows(f"DESCRIBE SELECT * FROM {source}")
        layout, heads = table_layout(form, described, row_number="file_row_number")
        source += f" AS cells({heads})"
        rows = f"SELECT * REPLACE (number + 1 AS number), {file:d} AS file, 'row' AS line"
        table = TableScan(
            self._db, self._place, lambda keys: self._named(texts_of(keys)), self._options
        )
        table.read(layout, f"{rows} FROM {source}")
        self._add_hits("table_hits")
        self._db.execute("DROP TABLE table_hits")
        self._merge()
        ((count,),) = self.rows(f"SELECT count(*) FROM {source}")
        return int(count)

    def _add_up(self, placed: Iterable[Any]) -> None:
        """Add placed rows up, many at a time.

        They are all there before DuckDB is asked: a query that pulls rows which another query
        makes may wait for itself.
        """
        for some in held_together(placed, _SUMMED_ROWS):
            self._keep(some)
            some.clear()  # they are not there any more while the next ones are made
            self._merge()

    def _keep(self, placed: Sequence[Any]) -> None:
        self._db.register("placed", pa.Table.from_batches(placed, schema=PLACED))
        self._db.execute(f"CREATE TEMP TABLE scanned AS {added_up_sql(self._options)}")
        self._db.unregister("placed")
        self._db.execute(_NOTE)
        self._add_hits(f"({_SCANNED})")
        self._db.execute("DROP TABLE scanned")

    def _add_hits(self, rows: str) -> None:
        """Add rows to `hits`, those that may be alike to the same part of it.

        Args:
            rows: A table or a query in parentheses.
        """
        self._for_each_part(f"INSERT INTO hits_@part BY NAME SELECT * FROM {rows} WHERE {_PART}")

    def _for_each_part(self, sql: str) -> None:
        for part in _PARTS:
            self._db.execute(sql.replace("@part", str(part)))

    def _merge(self) -> None:
        """Add up what is alike in `hits` once it has half as many rows more than the last time.

        So many lines take no more memory than what is different in them.
        """
        ((count,),) = self.rows("SELECT count(*) FROM hits")
        if count >= self._enough:
            self._for_each_part(_MERGE)
            with suppress(duckdb.TransactionException):  # a query is still at work: next time
                self._db.execute("CHECKPOINT")  # which packs tables, in memory too
            ((count,),) = self.rows("SELECT count(*) FROM hits")
            self._enough = max(count + count // 2, _MERGED_ROWS)

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
        if table == "hits":
            self._add_hits("rows_to_add")
        else:
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
        if name := hash_name(raw):
            return name
        if not options.secret:
            return NOT_A_HASH
    return pseudonym(raw, options.secret)


def _times(database: Any, sql: str, texts: Any) -> Places:
    """Return the microseconds of texts of times."""
    database.register("said", pa.table({"n": column_of(np.arange(len(texts))), "said": texts}))
    rows = database.execute(sql).fetchnumpy()
    found = np.empty(len(texts), dtype=np.int64)
    found[rows["n"]] = rows["micros"]
    return found


def _utf8(data: bytes) -> bytes:
    """Return lines in UTF-8; they are copied only if they are not."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode("utf-8", "backslashreplace").encode()
    return data
