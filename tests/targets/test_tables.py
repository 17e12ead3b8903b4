"""Tables for data: what their readers refuse, and that nothing in them is run by who opens them."""

import re

import pytest

from blockc.addresses import V4, V6
from blockc.errors import SourceSyntaxError
from blockc.targets.core.target import Target
from blockc.targets.data.crowdsec import CROWDSEC
from blockc.targets.data.csv_table import CLICKHOUSE, CSV
from blockc.targets.data.sql_ranges import SQL
from blockc.targets.data.suricata_iprep import SURICATA_IPREP
from blockc.targets.syntax.reading import Reading
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import replace
from tests.targets.artifacts import (
    EDGES,
    PATH,
    PROVENANCE,
    TEMPLATES,
    changed,
    draft,
    prefixes,
    rules_of,
    written,
)

HEAD = "network,verdict,list\n"


def read(target: Target, text: str) -> Reading:
    """Return what the reader of a target of one file makes of a text."""
    return target.reader([ArtifactFile(PATH, text.encode())])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected the columns network, verdict or country, and list"),
        ("network,verdict,note\n", "expected the columns network"),
        ("network,list,verdict\n", "expected the columns network"),
        (f"{HEAD}10.0.0.0/8,allow,x\n", "'allow' is not a verdict"),
        (f"{HEAD}10.0.0.0/8,CN,x\n", "'CN' is not a verdict"),
        ("network,country,list\n10.0.0.0/8,block,x\n", "'block' is not a country"),
        (f"{HEAD}10.0.0.1/8,block,x\n", "has host bits set"),
        (f"{HEAD}10.0.0.0/8,block,x\n10.1.0.0/16,warn,x\n", "overlaps another entry"),
        (f"{HEAD}10.0.0.0/8,block,x\n11.0.0.0/8,block,y\n", "another list than 'x'"),
        (f'{HEAD}10.0.0.0/8,"block",x\n', "a character that a reader of CSV may not take"),
    ],
)
def test_a_csv_file_that_says_anything_else_is_refused(text: str, message: str) -> None:
    with pytest.raises(SourceSyntaxError) as refused:
        read(CSV, text)
    assert message in refused.value.message


def test_no_cell_is_a_formula_to_a_spreadsheet() -> None:
    hostile = replace(PROVENANCE, title="=cmd|' /C calc'!A0", sample=True)
    document = draft(CSV, rules_of(CSV, EDGES["mapped and embedded"]), provenance=hostile)
    from blockc.targets.core.render import render

    for case in (render(CSV, document, PATH, TEMPLATES), written(CSV, EDGES["all but the ends"])):
        cells = re.split(r"[,\n]", case[0].data.decode())
        assert [cell for cell in cells if cell[:1] in {*"=+-@\t\r\"'"} - {""}] == []


def test_the_dictionary_of_clickhouse_reads_the_file_beside_it() -> None:
    table, sql = written(CLICKHOUSE, EDGES["ipv4 only"])
    for old, new, message in (
        ("list.conf'", "other.csv'", "this is not the file beside it"),
        ("verdict String", "country String", "the file has the column verdict"),
        ("IP_TRIE", "FLAT", "expected a dictionary of the layout IP_TRIE"),
        ("path '/var", "path 'var", "expected a dictionary of the layout IP_TRIE"),
    ):
        with pytest.raises(SourceSyntaxError, match=message):
            CLICKHOUSE.reader([table, changed(sql, old, new)])


def test_an_entry_of_ipv6_that_clickhouse_takes_for_ipv4_is_refused() -> None:
    table, sql = written(CLICKHOUSE, EDGES["ipv4 only"])
    wide = changed(table, "192.0.2.0/24", "::/1")
    with pytest.raises(SourceSyntaxError, match="an entry holds addresses of ::ffff"):
        CLICKHOUSE.reader([wide, sql])


def test_rows_of_sql_may_stand_on_any_lines() -> None:
    (file,) = written(SQL, prefixes("10.0.0.0/8", "12.0.0.0/8", "::/1"))
    text = file.data.decode().replace("),\n(", "), (").replace(" VALUES\n", " VALUES ")
    reading = read(SQL, text)
    assert len(reading.rules[V4]) == 2
    assert len(reading.rules[V6]) == 1
    assert reading.rules[V6].prefixes().length.tolist() == [1]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("BEGIN;\n", "", "expected BEGIN"),
        ("COMMIT;\n", "", "expected COMMIT"),
        ("COMMIT;\n", "COMMIT;\nDROP TABLE x;\n", "expected nothing after the transaction"),
        ("DELETE FROM blockc_export_control_ipv4;\n", "", "expected DELETE FROM blockc_export"),
        ("DELETE FROM blockc_export_control_ipv4", "DELETE FROM users", "expected DELETE FROM"),
        ("IF NOT EXISTS ", "", "expected a table of ipv4 addresses"),
        ("BIGINT", "INTEGER", "expected a table of ipv4 addresses"),
        (" PRIMARY KEY", "", "expected a table of ipv4 addresses"),
        ("control_ipv6 (\n", "control2_ipv6 (\n", "the other table begins with blockc_export"),
        ("INSERT INTO blockc_export_control_ipv4", "INSERT INTO users", "expected rows of blockc"),
        ("(167772160, 184549375, ", "(184549375, 167772160, ", "ends before it starts"),
        ("184549375", "4294967296", "after the last address"),
        ("(167772160, ", "(-1, ", "expected rows of"),
        ("(201326592, ", "(184549375, ", "overlaps another entry"),
        ("'block')", "'allow')", "the row says no verdict"),
        ("'block')", "'block');--", "expected DELETE FROM"),
    ],
)
def test_sql_that_says_anything_else_is_refused(old: str, new: str, message: str) -> None:
    (file,) = written(SQL, prefixes("10.0.0.0/8", "12.0.0.0/8", "2001:db8::/32"))
    assert old.encode() in file.data
    wrong = replace(file, data=file.data.replace(old.encode(), new.encode(), 1))
    with pytest.raises(SourceSyntaxError) as refused:
        SQL.reader([wrong])
    assert message in refused.value.message
    assert refused.value.at
    assert refused.value.at.line


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("duration,scope,", "scope,duration,", "expected the columns duration, scope, value, type"),
        ("25h,Range,12.0.0.0/8", "4h,Range,12.0.0.0/8", "another duration than '25h'"),
        (",ban,blockc/export-control\n25h", ",captcha,blockc/export-control\n25h", "another type"),
        ("Range,10.0.0.0/8", "Ip,10.0.0.0/8", "the scope Ip of a prefix, expected Range"),
        ("12.0.0.0/8", "10.0.0.0/8", "10.0.0.0/8 occurs twice"),
        ("2001:db8::/32", "::8000:0:0/81", "an entry holds addresses of ::ffff:0:0/96"),
        ("12.0.0.0/8,ban", "12.0.0.0/8,ban,x", "expected 5 cells"),
    ],
)
def test_decisions_that_say_anything_else_are_refused(old: str, new: str, message: str) -> None:
    (file,) = written(CROWDSEC, prefixes("10.0.0.0/8", "12.0.0.0/8", "2001:db8::/32"))
    assert old.encode() in file.data
    with pytest.raises(SourceSyntaxError) as refused:
        CROWDSEC.reader([changed(file, old, new)])
    assert message in refused.value.message


@pytest.mark.parametrize(
    ("number", "old", "new", "message"),
    [
        (0, "192.0.2.0/24,1,127", "192.0.2.0/24,1,30", "another score than"),
        (0, "192.0.2.0/24,1,127", "192.0.2.0/24,1", "expected 3 cells"),
        (0, "198.51.100.7/32", "192.0.2.0/24", "192.0.2.0/24 occurs twice"),
        (1, "1,export-control", "x,export-control", "expected one category: ID,NAME,DESCRIPTION"),
        (2, "drop", "reject", "expected one rule about iprep:src"),
        (2, "iprep:src", "iprep:any", "expected one rule about iprep:src"),
        (2, "=,127", ">,126", "expected one rule about iprep:src"),
        (2, "any any (", "any 80 (", "expected one rule about iprep:src"),
        (2, "rev:1;", "rev:1; classtype:x;", "expected one rule about iprep:src"),
    ],
)
def test_reputation_that_says_anything_else_is_refused(
    number: int, old: str, new: str, message: str
) -> None:
    files = list(written(SURICATA_IPREP, EDGES["ipv4 only"]))
    assert old.encode() in files[number].data
    files[number] = changed(files[number], old, new)
    with pytest.raises(SourceSyntaxError) as refused:
        SURICATA_IPREP.reader(files)
    assert message in refused.value.message


def test_a_table_is_emptied_before_it_is_filled_so_that_no_row_of_before_goes_on_blocking() -> None:
    for said in (CSV.deployment.load, CSV.deployment.rollback):
        assert said.startswith("psql -1 ")
        assert 0 < said.index("TRUNCATE blocked") < said.index("copy blocked from ")
