"""What a scan asks of each line, and the queries that ask it."""

from collections.abc import Sequence

from blockc.audit.arrow import NO_TIME
from blockc.audit.field_sql import (
    agent_sql,
    bare_path_sql,
    path_sql,
    url_sql,
    whole_number_sql,
    with_source_sql,
    with_time_sql,
)
from blockc.audit.line_sql import CutSql, LineLayout, client_sql, cut_sql, literal, with_source
from blockc.values import Value

SHOWN_LINES = 20  # unreadable lines of a file whose numbers are kept, for each reason
NO_ADDRESS = "no address of a client"  # why a line is in no number


class EngineOptions(Value, kw_only=True):
    """What is asked of each line.

    Attributes:
        key, account: Where they stand, as `with_source_sql` takes it; empty where nobody asks.
        secret: Keys are known by their HMAC with it alone; empty: as they are.
        hashed: Lines hold that HMAC already, which is taken as it is; never another text.
        eras: Instants, UTC without a zone, in order: an era begins at each.
        zone: The zone of times without an offset.
        depth: How many steps of a path are told apart.
        path_groups: Names and the begins of the paths that are counted under them.
        agents: Words of user agents that are counted apart.
        scratch: A folder for what does not fit the memory.
        memory: Bytes that the engine may use.
        threads: How many DuckDB may use; 0: one for each core.
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


def cut_lines_sql(
    layout: LineLayout,
    options: EngineOptions,
    lines: str = "SELECT file, number, line FROM lines",
    placed: Sequence[str] = (),
) -> str:
    """Return the query that cuts every line into what is asked of it.

    Args:
        lines: Gives them, each with the number of its file and its own.
        placed: Columns of `lines` besides, which are kept.

    Raises:
        UsageError: The lines cannot say who asked.
    """
    sources = {"key": options.key, "account": options.account}
    for spec in sources.values():
        layout = with_source(layout, spec)
    cut = with_time_sql(layout, cut_sql(layout), options.zone)
    for name, spec in sources.items():
        cut = with_source_sql(layout, cut, name, spec) if spec else cut
    client, forwarded = client_sql(layout)
    inner = lines
    for name, sql in cut.before.items():
        inner = f"SELECT *, {sql} AS {name} FROM ({inner})"
    empty = "trim(line, chr(13) || chr(10) || ' ') = ''"
    fields, text = cut.fields, "NULL::VARCHAR"
    said = {
        "file": "file",
        "number": "number",
        "reason": f"CASE WHEN coalesce({cut.readable}, false) THEN '' WHEN {empty} "
        "THEN 'empty line' ELSE 'not of the format' END",
        "client": f"CASE WHEN {cut.readable} THEN {client} END",
        "forwarded": forwarded,
        "time": fields["moment"],
        "host": fields.get("host", text),
        "bytes": whole_number_sql(layout, cut, "bytes", "BIGINT"),
        "key": fields.get("key", text),
        "account": fields.get("account", text),
        "url": url_sql(cut),
        "status": whole_number_sql(layout, cut, "status", "SMALLINT"),
        "agent": (options.agents and fields.get("agent")) or text,
        **{name: name for name in placed},
    }
    return f"SELECT {', '.join(f'{sql} AS {name}' for name, sql in said.items())} FROM ({inner})"


def added_up_sql(options: EngineOptions) -> str:
    """Return the query that adds lines up whose clients are placed.

    What no list holds is told apart by day, host, key and account alone; nobody asks for the times
    of its first and last request.
    """
    good, listed = columns_of_hits(options)
    columns = [f"CASE WHEN zone >= 0 THEN {sql} END AS {name}" for name, sql in good.items()]
    columns += [f"CASE WHEN zone > 0 THEN {sql} END AS {name}" for name, sql in listed.items()]
    wrong = f"CASE WHEN reason = '' AND zone < 0 THEN {literal(NO_ADDRESS)} ELSE reason END"
    names = ", ".join([*good, *listed])
    return f"""
    SELECT zone, {names}, wrong AS reason, wrong_file AS file, wrong_number AS number,
        sum(requests) AS requests, coalesce(sum(bytes), 0) AS bytes,
        min(first) FILTER (WHERE zone > 0) AS first, max(last) FILTER (WHERE zone > 0) AS last,
        sum(timeless) AS timeless
    FROM (
        SELECT zone, {", ".join(columns)}, requests, bytes, first, last, timeless, {wrong} AS wrong,
            CASE WHEN zone < 0 THEN file END AS wrong_file,
            CASE WHEN zone < 0 THEN number END AS wrong_number
        FROM (SELECT *, {bare_path_sql("url")} AS bare_path FROM placed)
    )
    GROUP BY ALL
    """


def columns_of_hits(options: EngineOptions) -> tuple[dict[str, str], dict[str, str]]:
    """Return the SQL of what all lines are told apart by, and of what listed ones are besides.

    It asks for the columns of placed lines, and for `bare_path`.
    """
    era = " + ".join(f"(first >= {literal(one)}::TIMESTAMP)::TINYINT" for one in options.eras)
    good = {"day": "first::DATE", "host": "left(host, 100)", "key": "key"}
    good["account"] = "left(account, 200)"
    listed = {
        "high": "high",
        "low": "low",
        "era": f"({era or 0})::TINYINT",
        "path": path_sql("bare_path", options.depth, options.path_groups),
        "status": "status",
        "agent": agent_sql(options.agents),
    }
    return good, listed


def times_sql(layout: LineLayout) -> str:
    """Return the query that reads texts of times: their number and microseconds."""
    cut = with_time_sql(layout, CutSql({}, "", {"time": "said"}))
    inner = "said"
    for name, sql in cut.before.items():
        inner = f"(SELECT *, {sql} AS {name} FROM {inner})"
    return f"SELECT n, coalesce(epoch_us({cut.fields['moment']}), {NO_TIME}) AS micros FROM {inner}"
