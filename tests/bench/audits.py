"""Access logs: `blockc audit` with all its answers beside GoAccess and a loop over `ipaddress`.

Whole processes, by the seconds of the processor that they take: some use more cores than others.
Run as `python -m tests.bench.audits LOG` it is that loop, which only counts.
"""

import gzip
import ipaddress
import os
import shutil
import sys
from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from blockc.registries.countries import names
from tests.bench.access_logs import COUNTRIES, listed, write_access_log
from tests.bench.clock import Run, blockc, python, run
from tests.bench.table import Row, Scale

SECRET = "only for the measurement"  # noqa: S105  as it says
_FIFTY = "fifty.toml"
_LOOPED = 20  # the loop reads one line in so many
_POLICY = f"""\
version = 1
[list.six]
title = "Six countries"
block = {list(COUNTRIES)}
[audit]
key = "query:api_key"
account = "user"
"""
_PROXY = (
    "Oct 10 13:55:36 edge haproxy[14389]: {client}:33317 [10/Oct/2026:11:55:36.655] http-in "
    'static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET /v1/{path} HTTP/1.1"\n'
)
_GOACCESS = ("--log-format=COMBINED", "--no-progress", "-o")
_LINE = r'^(\S+) \S+ (\S+) \[([^]]+)\] "([^"]*)" (\d+) (\d+) "([^"]*)" "([^"]*)"$'
_TABLE = """
COPY (
    SELECT c.client, c.user, timezone('UTC', strptime(c.time, '%d/%b/%Y:%H:%M:%S %z')) AS time,
        c.request, c.status::SMALLINT AS status, c.bytes::BIGINT AS bytes, c.referrer, c.user_agent
    FROM (
        SELECT regexp_extract(line, '@line', [
            'client', 'user', 'time', 'request', 'status', 'bytes', 'referrer', 'user_agent'
        ]) AS c
        FROM read_csv('@log', columns = {'line': 'VARCHAR'}, delim = '\x01', quote = '',
            escape = '', header = false)
    )
) TO '@table' (FORMAT parquet)
"""


def rows(scale: Scale) -> Iterator[Row]:
    """Yield text, gzip and Parquet of one log, beside who else reads it."""
    count = scale.size(10_000_000)
    with TemporaryDirectory(prefix="blockc-bench-") as name:
        folder = Path(name)
        plain, packed, table = write_logs(folder, count)
        _prepare(folder, scale)
        took = {path: _audit(path, folder, scale) for path in (plain, packed, table)}
        many = _audit(plain, folder, scale, _FIFTY)
        thrice = _audit(_three_names(plain), folder, scale)
        proxied = _audit(_proxy_log(folder), folder, scale)
        part = folder / "part.log"
        write_access_log(part, count // _LOOPED)
        loop = run([python(), "-m", "tests.bench.audits", str(part)], folder / "said")
        program, peer = shutil.which("goaccess"), None
        if program:
            report = str(folder / "report.json")
            peer = run([program, str(plain), *_GOACCESS, report], folder / "said").processor
    what = f"audit of {count:,} lines"
    yield _row(what, took[plain], "goaccess", peer, ">= 20x, <= 2000 MB")
    yield _row(f"{what}, gzip", took[packed], "goaccess, plain", peer, ">= 20x")
    counted = loop.processor * _LOOPED
    yield _row(what, took[plain], "loop over ipaddress", counted, "only counts")
    yield _row(f"{what}, 50 lists", many, "audit of 1 list", took[plain].processor, ">= 0.8x")
    yield _row(
        f"{what}, Parquet", took[table], "audit of text", took[plain].processor, "only counts"
    )
    yield Row(
        what=f"{what}, Parquet",
        seconds=took[table].seconds,
        megabytes=took[table].megabytes,
        peer="audit of text",
        peer_seconds=took[plain].seconds,
        reach=">= 3x, by the clock",
    )
    said = f"<= {took[plain].megabytes:.0f} MB, as much as for one of them"
    yield _row(f"{what}, three times", thrice, "audit of text", took[plain].processor, said)
    yield _row(f"{what}, HAProxy", proxied, "audit of text", took[plain].processor, ">= 0.5x")


def _row(what: str, took: Run, peer: str, seconds: float | None, reach: str) -> Row:
    return Row(
        what=what,
        seconds=took.processor,
        megabytes=took.megabytes,
        peer=peer,
        peer_seconds=seconds,
        reach=f"{reach}, of processor time",
    )


def write_logs(folder: Path, count: int) -> Sequence[Path]:
    """Write one log in three ways."""
    plain, packed, table = folder / "a.log", folder / "a.log.gz", folder / "a.parquet"
    write_access_log(plain, count)
    with plain.open("rb") as file, gzip.open(packed, "wb", compresslevel=6) as to:
        shutil.copyfileobj(file, to)
    sql = _TABLE.replace("@line", _LINE)
    duckdb.execute(sql.replace("@log", str(plain)).replace("@table", str(table)))
    return plain, packed, table


def _three_names(log: Path) -> Path:
    """Give a log three names, and return the pattern of them."""
    for n in range(3):
        (log.parent / f"again-{n}.log").hardlink_to(log)
    return log.parent / "again-*.log"


def _proxy_log(folder: Path) -> Path:
    """Write a log of HAProxy, as syslog writes it, with the clients of another log."""
    path = folder / "proxy.log"
    with path.open("w", encoding="utf-8") as file, (folder / "a.log").open() as clients:
        for n, line in enumerate(clients):
            file.write(_PROXY.format(client=line.split(" ", 1)[0], path=n % 5000))
    return path


def _prepare(folder: Path, scale: Scale) -> None:
    """Write the policy, and read the registries once: their snapshots are kept."""
    write_policy(folder)
    (folder / _FIFTY).write_text(_fifty_lists(), encoding="utf-8")
    os.environ["BLOCKC_AUDIT_SECRET"] = SECRET
    (folder / "first.log").write_bytes(b'192.0.2.1 - - [10/Oct/2026:00:00:00 +0000] "-" 200 1\n')
    _audit(folder / "first.log", folder, scale)


def write_policy(folder: Path) -> None:
    """Write the policy: six countries, keys in the URL, and accounts."""
    (folder / "blockc.toml").write_text(_POLICY, encoding="utf-8")


def _fifty_lists() -> str:
    """Return the policy with 49 lists more, of one country each, that are beside the first."""
    codes = (code for code in sorted(names()) if code not in COUNTRIES)
    lists = (
        f'[list.l{n}]\nblock = ["{code}"]\nallow_empty = true\n'
        for n, code in enumerate(islice(codes, 49))
    )
    return _POLICY + "".join(lists)


def _audit(log: Path, folder: Path, scale: Scale, policy_name: str = "blockc.toml") -> Run:
    data = ["--sample"] if scale.data is None else ["--from", str(scale.data)]
    policy, store = str(folder / policy_name), str(folder / "store")
    command = blockc("audit", str(log), "-f", policy, "--store", store, "--json", *data)
    return run(command, folder / "said")


def _loop(log: Path) -> int:
    """Return how many requests come from listed IPv4 addresses."""
    spans = sorted(listed())
    starts, found = [start for start, _ in spans], 0
    with log.open() as file:
        for line in file:
            address = ipaddress.ip_address(line.split(" ", 1)[0])
            if address.version == 4:
                at = bisect(starts, int(address)) - 1
                found += at >= 0 and int(address) < sum(spans[at])
    return found


if __name__ == "__main__":
    sys.stdout.write(f"{_loop(Path(sys.argv[1]))}\n")
