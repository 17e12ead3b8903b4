"""Tables of lists in the databases that read them, asked at both ends of slots of both families."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from ipaddress import ip_address
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from blockc.addresses import FAMILIES, AddrMap, AddrSet, Family
from blockc.addresses.rules import Match, Rules, meaning
from blockc.targets.core.render import render
from blockc.targets.core.target import Target
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.data.csv_table import CLICKHOUSE, CSV
from blockc.targets.data.parquet_ranges import PARQUET
from blockc.targets.data.sql_ranges import SQL
from blockc.targets.syntax.tokens import ArtifactFile
from tests.real.probes import ends, listed, mapped, verdicts
from tests.support.machine import absent
from tests.targets.artifacts import (
    EDGES,
    PATH,
    PROVENANCE,
    TEMPLATES,
    draft,
    nested,
    prefixes,
    written,
)

pytestmark = pytest.mark.real
SLOTS = 120
ONE_ROW = """
SELECT verdict FROM (
    SELECT last_address, verdict FROM {table} WHERE first_address <= ?
    ORDER BY first_address DESC LIMIT 1
) AS nearest WHERE last_address >= ?
"""


def module(name: str) -> ModuleType:
    """Return a package that not every machine has."""
    try:
        return __import__(name, fromlist=["_"])
    except ImportError:
        absent(f"the package {name} is not installed")


def asked(intent: AddrMap) -> dict[Family, dict[str, str]]:
    """Return the verdict that each address at the end of a slot must get."""
    return {one: verdicts(intent, one, ends(intent, one, SLOTS)) for one in FAMILIES}


class Ranges:
    """The tables of a file in a database."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def load(self, file: ArtifactFile) -> None:
        """Run the statements of a file."""
        text = file.data.decode()
        if isinstance(self.connection, sqlite3.Connection):
            self.connection.executescript(text)
        else:
            self.connection.execute(text)

    def says(self, family: Family, text: str) -> str:
        """Return the verdict of an address, nothing where there is none."""
        number: int | str = int(ip_address(text))
        if family.version == 6:
            number = ip_address(text).packed.hex()
        query = ONE_ROW.format(table=f"blockc_export_control_{family.name}")
        row = self.connection.execute(query, (number, number)).fetchone()
        return str(row[0]) if row else ""


@pytest.fixture(params=["sqlite3", "duckdb"])
def ranges(request: pytest.FixtureRequest) -> Iterator[Ranges]:
    """Return an empty database."""
    database = sqlite3 if request.param == "sqlite3" else module("duckdb")
    with closing(database.connect(":memory:")) as connection:
        yield Ranges(connection)


def test_one_row_says_what_the_list_says(ranges: Ranges) -> None:
    for addresses in (listed(31), *EDGES.values()):  # each takes the place of the one before
        ranges.load(written(SQL, addresses)[0])
        for family, wanted in asked(AddrMap.of_set(addresses)).items():
            assert {text: ranges.says(family, text) for text in wanted} == wanted


def test_more_rows_than_one_statement_takes_are_loaded_twice(ranges: Ranges) -> None:
    """The second time every row meets one with its own primary key in the same transaction."""
    texts = [f"10.{n >> 8}.{n & 255}.0/25" for n in range(2_500)]
    file = written(SQL, prefixes(*texts, "2001:db8::/32"))[0]
    assert file.data.count(b"INSERT INTO") == 4
    for _ in range(2):
        ranges.load(file)
        assert [ranges.says(FAMILIES[0], f"10.9.195.{n}") for n in (0, 127, 128)] == [
            "block", "block", ""
        ]  # fmt: skip


def test_a_reader_sees_the_old_rows_until_the_transaction_is_over(tmp_path: Path) -> None:
    first, second = (written(SQL, prefixes(text))[0] for text in ("10.0.0.0/8", "12.0.0.0/8"))
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path)) as one, closing(sqlite3.connect(path)) as other:
        Ranges(one).load(first)
        one.executescript(second.data.decode().replace("COMMIT;\n", ""))
        assert Ranges(other).says(FAMILIES[0], "10.0.0.1") == "block"
        assert Ranges(other).says(FAMILIES[0], "12.0.0.1") == ""
        one.commit()
        assert Ranges(other).says(FAMILIES[0], "10.0.0.1") == ""
        assert Ranges(other).says(FAMILIES[0], "12.0.0.1") == "block"


def artifact(
    target: Target, rules: Sequence[tuple[str, int]], kind: ContentKind, names: tuple[str, ...]
) -> tuple[AddrMap, tuple[ArtifactFile, ...]]:
    """Return what entries mean and what a target makes of them."""
    found = nested(*rules)
    one = draft(target, found, None, PROVENANCE, kind, names)
    return meaning(Match.MEMBER, found.values(), names), render(target, one, PATH, TEMPLATES)


COUNTRIES = [
    ("10.0.0.0/9", 1),
    ("10.128.0.0/9", 2),
    ("2001:db8::/33", 2),
    ("2001:db8:8000::/33", 1),
]
ACTIONS = [("10.0.0.0/9", 1), ("10.128.0.0/9", 2), ("2001:db8::/33", 3), ("2001:db9::/32", 1)]


def test_duckdb_reads_the_rows_of_a_csv_file(tmp_path: Path) -> None:
    database = module("duckdb")
    for kind, entries, names in (
        (ContentKind.COUNTRIES, COUNTRIES, ("ZZ", "AU", "CN")),
        (ContentKind.VERDICTS, ACTIONS, ("", "block", "monitor", "warn")),
    ):
        _, (file,) = artifact(CSV, entries, kind, names)
        path = tmp_path / "list.csv"
        path.write_bytes(file.data)
        with closing(database.connect()) as connection:
            rows = connection.execute("SELECT * FROM read_csv(?)", [str(path)]).fetchall()
            columns = [one[0] for one in connection.description]
        assert columns == ["network", "country" if names[0] else "verdict", "list"]
        assert rows == [(text, names[label], "export-control") for text, label in entries]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return a session of ClickHouse, of which a process has one."""
    with closing(module("chdb.session").Session(str(tmp_path_factory.mktemp("data")))) as found:
        yield found


@pytest.fixture
def clickhouse(session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a session that may read the files of a folder: the embedded one reads where it is."""
    monkeypatch.chdir(tmp_path)
    return session, tmp_path


def require_in_clickhouse(clickhouse: Any, intent: AddrMap, files: Sequence[ArtifactFile]) -> None:
    """Check what the dictionary says of addresses of both families, IPv4-mapped ones too."""
    session, folder = clickhouse
    table, sql = files
    text = sql.data.decode().replace("/var/lib/clickhouse/user_files", str(folder))
    (folder / Path(table.path).name).write_bytes(table.data)
    session.query(text)
    name, column = text.split()[4], "country" if "\n    country " in text else "verdict"
    session.query(f"SELECT dictGet('{name}', '{column}', tuple(toIPv4('0.0.0.0')))")  # loads it
    default = intent.names[0]
    for family, said in asked(intent).items():
        wanted = {a: "" if v == default else v for a, v in said.items() if not mapped(a)}
        if family.version == 4:
            wanted |= {f"::ffff:{a}": v for a, v in wanted.items()}
        for version in (4, 6):
            texts = [a for a in wanted if (":" in a) == (version == 6)]
            if texts:
                key = f"tuple(toIPv{version}(arrayJoin({texts})))"
                query = f"SELECT dictGet('{name}', '{column}', {key})"
                found = str(session.query(query, "TSV")).split("\n")[:-1]
                assert dict(zip(texts, found, strict=True)) == {a: wanted[a] for a in texts}


def test_clickhouse_finds_what_the_list_says(clickhouse: Any) -> None:
    office = AddrSet.everything() - prefixes("198.51.100.0/24", "2001:db8::/32")
    for addresses in (listed(32), office, *EDGES.values()):
        files = written(CLICKHOUSE, addresses)
        require_in_clickhouse(clickhouse, AddrMap.of_set(addresses), files)


def test_clickhouse_finds_countries_and_the_actions_of_lists(clickhouse: Any) -> None:
    for kind, entries, names in (
        (ContentKind.COUNTRIES, COUNTRIES, ("ZZ", "AU", "CN")),
        (ContentKind.VERDICTS, ACTIONS, ("", "block", "monitor", "warn")),
    ):
        require_in_clickhouse(clickhouse, *artifact(CLICKHOUSE, entries, kind, names))


def spelled(family: Family, text: str) -> int | bytes:
    """Return an address as a Parquet file spells it."""
    return int(ip_address(text)) if family.version == 4 else ip_address(text).packed


def require_in_parquet(intent: AddrMap, files: Sequence[ArtifactFile], folder: Path) -> None:
    """Check what DuckDB and Arrow find in the files of both families."""
    database, arrow = module("duckdb"), module("pyarrow.parquet")
    default = intent.names[0]
    for family, file in zip(FAMILIES, files, strict=True):
        path = folder / f"{family.name}.parquet"
        path.write_bytes(file.data)
        wanted = asked(intent)[family]
        table = arrow.read_table(path)
        rows = list(zip(*(table.column(n).to_pylist() for n in range(3)), strict=True))
        found = {}
        for text in wanted:
            address = spelled(family, text)
            said = [word for first, last, word in rows if first <= address <= last]
            found[text] = "".join(said) or default
        assert found == wanted
        column, some = table.column_names[2], [*wanted][:: max(1, len(wanted) // 25)]
        with closing(database.connect()) as connection:
            query = f"SELECT {column} FROM read_parquet(?) WHERE first <= ? AND last >= ?"  # noqa: S608
            for text in some:
                address = spelled(family, text)
                said = connection.execute(query, [str(path), address, address]).fetchall()
                assert "".join(word for (word,) in said) == (
                    wanted[text] if wanted[text] != default else ""
                )


def test_duckdb_and_arrow_find_in_a_parquet_file_what_the_list_says(tmp_path: Path) -> None:
    for addresses in (listed(33), *EDGES.values()):
        require_in_parquet(AddrMap.of_set(addresses), written(PARQUET, addresses), tmp_path)
    for kind, entries, names in (
        (ContentKind.COUNTRIES, COUNTRIES, ("ZZ", "AU", "CN")),
        (ContentKind.VERDICTS, ACTIONS, ("", "block", "monitor", "warn")),
    ):
        require_in_parquet(*artifact(PARQUET, entries, kind, names), tmp_path)


def test_rows_of_several_groups_are_found_and_groups_that_cannot_hold_them_are_skipped(
    tmp_path: Path,
) -> None:
    arrow, database = module("pyarrow.parquet"), module("duckdb")
    numbers = range(150_000)
    starts = np.arange(150_000, dtype=np.uint64) * np.uint64(512)
    rules = {
        FAMILIES[0]: Rules.of_spans(FAMILIES[0], starts, starts + np.uint64(255)),
        FAMILIES[1]: Rules.empty(FAMILIES[1]),
    }
    file = render(PARQUET, draft(PARQUET, rules), PATH, TEMPLATES)[0]
    assert len(PARQUET.reader([file]).rules[FAMILIES[0]]) == len(numbers)
    path = tmp_path / "x.parquet"
    path.write_bytes(file.data)
    said = arrow.read_metadata(path)
    groups = [said.row_group(n) for n in range(said.num_row_groups)]
    assert [group.num_rows for group in groups] == [65_536, 65_536, 18_928]
    ends = [(g.column(0).statistics.min, g.column(0).statistics.max) for g in groups]
    assert ends == [
        (0, 65_535 * 512),
        (65_536 * 512, 131_071 * 512),
        (131_072 * 512, 149_999 * 512),
    ]
    assert said.metadata[b"blockc"].startswith(b"list export-control")
    with closing(database.connect()) as connection:
        query = "SELECT count(*) FROM read_parquet(?) WHERE first <= ? AND last >= ?"
        for number, wanted in ((70_000 * 512 + 255, 1), (70_000 * 512 + 256, 0)):
            assert connection.execute(query, [str(path), number, number]).fetchall() == [(wanted,)]
