"""Feeds from the operator's own definitions to artifacts: checked, listed, fetched, selected."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from blockc.vocabulary import RIRS
from tests.cli.conftest import Blockc
from tests.cli.toy import ROWS, delegated, write_registries

DAY = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y%m%d")
HEAD = """\
title = "{name}"
format = "{format}"
urls = ["file:data/{name}"]
licence = {{ text = "ours" }}
refresh_hours = 24
max_age_hours = 100
{more}
[expect]
min_records = 1
max_bytes = 1_000_000
max_shrink_addresses = 0.5
max_shrink_records = 0.5
{rows}
"""
CLOUD = {
    "made": "7",
    "ranges": [
        {"net": "198.18.0.0/24", "use": ["web"]},
        {"net": "5.5.0.0/24", "use": ["web", "mail"]},
        {"net": "6.6.0.0/24", "use": ["mail"]},
        {"net": "2a00:1450::/32", "use": ["web"]},
    ],
}
POLICY = """\
version = 1

[list.clouds]
title = "Mail of our cloud, all of a feed, and a network"
block = ["feed:our-cloud?use=mail", "feed:bad-hosts", "asn:64500"]

[[output]]
list = "clouds"
target = "plain"
path = "clouds.txt"
"""


def define(folder: Path, name: str, form: str, rows: str = "", more: str = "") -> None:
    """Write a source of the operator whose file stands in `data`."""
    text = HEAD.format(name=name, format=form, rows=rows, more=more)
    (folder / "sources" / f"{name}.toml").write_text(text, encoding="utf-8")


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a policy that uses feeds; every source is a file in the folder `data` beside it."""
    monkeypatch.setenv("BLOCKC_STORE", str(tmp_path / "store"))
    (tmp_path / "sources").mkdir()
    (tmp_path / "data").mkdir()
    for registry in RIRS:
        define(tmp_path, registry, "delegated", more=f'registry = "{registry}"')
        data = delegated(registry, ROWS[registry], DAY)
        (tmp_path / "data" / registry).write_text(data, encoding="utf-8")
    rows = '[rows]\nprefix = "ranges[].net"\nserial = "made"\ntags = { use = "ranges[].use[]" }'
    define(tmp_path, "our-cloud", "json", rows)
    (tmp_path / "data" / "our-cloud").write_text(json.dumps(CLOUD), encoding="utf-8")
    define(tmp_path, "bad-hosts", "text")
    (tmp_path / "data" / "bad-hosts").write_text("# bad\n7.7.7.*\n10.0.0.0/8\n", encoding="utf-8")
    define(tmp_path, "iptoasn", "csv", '[rows]\ncolumns = ["prefix", "asn"]')
    data = "8.8.0.0/24,64500\n9.9.0.0/24,64500_64501\n9.9.9.0/24,64501\n"
    (tmp_path / "data" / "iptoasn").write_text(data, encoding="utf-8")
    path = tmp_path / "blockc.toml"
    path.write_text(POLICY, encoding="utf-8")
    return path


def test_feeds_go_from_their_files_through_the_lock_into_artifacts(
    blockc: Blockc, policy: Path
) -> None:
    updated = blockc("update", "-f", policy)
    assert updated.code == 0, updated.err
    assert "bad-hosts: file:data/bad-hosts:3: special-purpose space is left out" in updated.err

    built = blockc("build", "-f", policy, "--locked")
    assert built.code == 0, built.err
    lines = (policy.parent / "dist" / "clouds.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "5.5.0.0/24",
        "6.6.0.0/24",
        "7.7.7.0/24",
        "8.8.0.0/24",
        "9.9.0.0/24",
    ]
    manifest = json.loads((policy.parent / "dist" / "manifest.json").read_text(encoding="utf-8"))
    sources = json.dumps(manifest)
    assert all(name in sources for name in ("our-cloud", "bad-hosts", "iptoasn"))

    row = blockc("generations", "-f", policy).out.splitlines()[-1]
    assert re.search(r"  3 +2  ", row), row  # sources without a day, and files


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("use=mail", "use=male", "no row of our-cloud has the use 'male'; did you mean 'mail'?"),
        ("?use=mail", "?region=eu", "our-cloud has no filter 'region'; known are use"),
        ("feed:bad-hosts", "feed:bad-host", "unknown source 'bad-host'; did you mean 'bad-hosts'?"),
        ("feed:bad-hosts", "feed:bad-hosts?x=1", "the rows of bad-hosts cannot be filtered"),
        ("feed:bad-hosts", "feed:arin", "unknown source 'arin'"),
        ("asn:64500", "asn:64999", "asn:64999 has no addresses"),
    ],
)
def test_a_selector_that_finds_nothing_is_refused_with_its_place(
    blockc: Blockc, policy: Path, old: str, new: str, said: str
) -> None:
    assert blockc("update", "-f", policy).code == 0
    policy.write_text(POLICY.replace(old, new), encoding="utf-8")
    done = blockc("build", "-f", policy)
    assert done.code == 2
    assert f"{policy}:5:" in done.err
    assert said in done.err


def test_a_source_that_is_not_in_the_lock_is_asked_for(blockc: Blockc, policy: Path) -> None:
    assert blockc("update", *RIRS, "-f", policy).code == 0
    done = blockc("build", "-f", policy)
    assert done.code == 2
    assert "run `blockc update our-cloud`" in done.err


def test_sources_are_listed_with_their_terms_age_and_users(blockc: Blockc, policy: Path) -> None:
    policy.write_text(f'{POLICY}[list.china]\nblock = ["CN"]\n', encoding="utf-8")
    assert blockc("update", "-f", policy).code == 0
    rows = json.loads(blockc("list", "sources", "-f", policy, "--json").out)
    found = {row["name"]: row for row in rows}

    cloud, asn, arin = (found[name] for name in ("our-cloud", "iptoasn", "arin"))
    assert (cloud["used_by"], cloud["filters"], cloud["licence"]) == (["clouds"], ["use"], "ours")
    assert (cloud["date"], cloud["age_hours"], cloud["max_age_hours"]) == (None, 0, 100)
    assert (asn["used_by"], asn["title"]) == (["clouds"], "iptoasn")
    assert (arin["used_by"], arin["date"]) == (
        ["every list"],
        f"{DAY[:4]}-{DAY[4:6]}-{DAY[6:]}",
    )
    assert 24 <= arin["age_hours"] < 48
    assert (found["aws"]["used_by"], found["aws"]["age_hours"]) == ([], None)


def test_sources_are_listed_though_the_policy_is_wrong(blockc: Blockc, policy: Path) -> None:
    policy.write_text("version = 2\n", encoding="utf-8")
    done = blockc("list", "sources", "-f", policy, "--json")
    assert done.code == 0
    assert json.loads(done.err)["warning"] == (
        "the policy cannot be read, so what it uses is not shown: "
        f"{policy}:1:11: expected 1, found 2; `blockc build --dry-run` shows all mistakes"
    )
    assert [row["used_by"] for row in json.loads(done.out) if row["used_by"]] == []


def test_a_wrong_definition_is_refused_with_file_key_and_suggestion(
    blockc: Blockc, policy: Path
) -> None:
    define(policy.parent, "our-cloud", "jsn", '[rows]\nprefx = "a[]"')
    done = blockc("list", "sources", "-f", policy)
    path = policy.parent / "sources" / "our-cloud.toml"
    assert done.code == 2
    assert f"{path}:2:10: unknown format 'jsn'; did you mean 'json'?" in done.err
    assert f"{path}:14:1: unknown key 'prefx'; did you mean 'prefix'?" in done.err


def test_a_file_is_checked_as_that_of_a_source(blockc: Blockc, policy: Path) -> None:
    file = policy.parent / "data" / "our-cloud"
    (report,) = json.loads(
        blockc("check", "-f", policy, "--source", "our-cloud", file, "--json").out
    )
    assert report.pop("warnings")[0].startswith(f"{file}:1:")
    assert report == {
        "file": str(file),
        "accepted": True,
        "records": 4,
        "date": None,
        "serial": "7",
        "listed_addresses": {"ipv4": "512", "ipv6": str(2**96)},
        "dropped_addresses": {"ipv4": "256", "ipv6": "0"},
        "tags": {"use": 2},
    }
    table = blockc("check", "-f", policy, "--source", "our-cloud", file).out.splitlines()
    assert table[-1].split()[:4] == ["our-cloud", "-", "4", "512"]
    assert table[-1].endswith("use: mail, web")
    arin = policy.parent / "data" / "arin"
    assert blockc("check", "-f", policy, "--source", "arin", arin).code == 0
    assert blockc("check", "-f", policy, "--source", "apnic", arin).code == 3


def test_a_file_is_checked_as_one_of_a_format(blockc: Blockc, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.txt"
    good.write_text("5.5.0.0/24,NL,NL-NH,Amsterdam,\n", encoding="utf-8")
    bad.write_text("5.5.0.0/24\n5.5.0.0/33\n", encoding="utf-8")
    assert blockc("check", "--format", "geofeed", good).code == 0
    done = blockc("check", "--format", "text", bad, good)
    assert (done.code, done.out) == (3, "")
    assert f"{bad}:2:1: '33' is not a prefix length of ipv4" in done.err
    line = "5.5.0.0/24,NL,NL-NH,Amsterdam,"
    assert f"{good}:1:1: {line!r} is not an address; a comma is ambiguous" in done.err
    for mark, name in ((",", "comma"), (";", "semicolon"), ("|", "vertical bar")):
        bad.write_text(f'"5.6.7.8{mark} 5.60.7.9",DE,,,\n', encoding="utf-8")
        done = blockc("check", "--format", "geofeed", bad)
        assert done.code == 3
        assert f"a {name} is ambiguous" in done.err
        assert f'set range = "{mark}"' in done.err
        assert f'split = "{mark}" if it separates entries' in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--format", "csv"], "the format 'csv' needs columns from a definition"),
        (["--format", "jsn"], "'jsn' is not one of"),
        (["--source", "awz"], "no source 'awz'; did you mean 'aws'?"),
        (["--source", "aws", "--format", "json"], "--source says the format"),
        (["--format", "text", "--registry", "arin"], "only the format 'delegated' has a registry"),
    ],
)
def test_a_check_of_nothing_in_particular_is_refused(
    blockc: Blockc, words: list[str], said: str
) -> None:
    done = blockc("check", *words, "file")
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_feed_is_parsed_for_the_first_build_alone(
    blockc: Blockc, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert blockc("update", "-f", policy).code == 0
    first, published = blockc("build", "-f", policy), policy.parent / "dist" / "clouds.txt"
    before = published.read_bytes()
    monkeypatch.setattr("blockc.workspace.fetching.FORMATS", {})
    again = blockc("build", "-f", policy)
    assert (first.code, again.code, published.read_bytes()) == (0, 0, before)


def test_an_audit_tells_the_networks_that_the_source_names(
    blockc: Blockc, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = "8.8.0.0/24,64500\n9.9.0.0/16,0\n9.9.9.0/24,64501\n6.6.0.0/25,64501\n"
    (policy.parent / "data" / "iptoasn").write_text(data, encoding="utf-8")
    assert blockc("update", "-f", policy).code == 0
    clients = ["8.8.0.7", "6.6.0.1", "6.6.0.200", "9.9.9.9"]
    log = policy.parent / "access.log"
    rows = (f"2026-11-20T00:00:00Z,{one},anna\n" for one in clients)
    log.write_text("time,client_ip,user\n" + "".join(rows), encoding="utf-8")
    words = ("audit", log, "-f", policy, "--key", "user", "--key-is", "id", "--json")
    told = blockc(*words)
    assert told.code == 0, told.err
    answers = json.loads(told.out)["answers"]
    networks = {
        one["value"]: one["requests"] for one in answers["impact"] if one["by"] == "network"
    }
    assert networks == {"AS64500": 1, "AS64501": 1}
    assert answers["keys"][0]["networks"] == "AS64500 AS64501"
    monkeypatch.setenv("BLOCKC_STORE", str(policy.parent / "empty"))
    write_registries(policy.parent / "registries")
    listed = policy.parent / "listed.txt"
    listed.write_text("8.8.0.0/24\n", encoding="utf-8")
    done = blockc(*words, "--lists", listed, "--from", policy.parent / "registries")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert any("iptoasn" in note for note in found["notes"])


def test_an_own_iptoasn_must_tell_as_numbers(blockc: Blockc, policy: Path) -> None:
    define(policy.parent, "iptoasn", "csv", '[rows]\ncolumns = ["prefix", "network"]')
    assert blockc("update", "-f", policy).code == 0
    done = blockc("build", "-f", policy)
    assert done.code == 2
    assert "the source iptoasn tells no AS numbers; give sources/iptoasn.toml a column" in done.err


COLUMNS = '[rows]\ncolumns = ["{}"]'


def redefine(blockc: Blockc, policy: Path, columns: str, *words: str) -> tuple[int, str]:
    """Define the columns of `iptoasn` anew over the same bytes, update, and return what it says."""
    rows = COLUMNS.format(columns.replace(" ", '", "'))
    define(policy.parent, "iptoasn", "csv", rows)
    done = blockc("update", "-f", policy, *words)
    return done.code, done.err


def test_a_definition_edited_over_the_same_bytes_is_read_again(
    blockc: Blockc, policy: Path
) -> None:
    data = "8.8.0.0/24,64500,7.7.0.0/16\n9.9.0.0/24,64500,7.8.0.0/16\n"
    (policy.parent / "data" / "iptoasn").write_text(data, encoding="utf-8")
    assert redefine(blockc, policy, "prefix asn note")[0] == 0
    lock = policy.parent / "blockc.lock"
    assert 'addresses = "512"' in lock.read_text(encoding="utf-8")
    for words in ((), ("--force",)):
        code, said = redefine(blockc, policy, "prefix asn country", *words)
        assert code == 3
        assert "the last good snapshot cannot be read with the definition of today: " in said
        assert "no data that may be used" in said
        assert 'addresses = "512"' in lock.read_text(encoding="utf-8"), "nothing was changed"
    assert blockc("build", "-f", policy).code == 3

    code, said = redefine(blockc, policy, "note asn prefix")
    assert code == 0, said
    assert 'addresses = "131072"' in lock.read_text(encoding="utf-8")
    built = blockc("build", "-f", policy)
    assert built.code == 0, built.err
    assert "7.7.0.0/16" in (policy.parent / "dist" / "clouds.txt").read_text(encoding="utf-8")


def test_data_that_was_refused_is_accepted_also_where_the_last_good_cannot_be_read(
    blockc: Blockc, policy: Path
) -> None:
    path = policy.parent / "data" / "iptoasn"
    path.write_text("".join(f"8.{n}.0.0/16,64500,x1\n" for n in range(200)), encoding="utf-8")
    assert redefine(blockc, policy, "prefix asn note")[0] == 0
    path.write_text("8.8.0.0/24,64500,DE\n", encoding="utf-8")
    code, said = redefine(blockc, policy, "prefix asn country")
    assert code == 3
    assert "try again later" not in said
    (command,) = re.findall(r"the source, run `blockc (update iptoasn --accept \w+)`", said)
    done = blockc(*command.split(), "-f", policy)
    assert done.code == 0, done.err


def test_a_machine_that_has_only_the_lock_reads_what_it_fetches(
    blockc: Blockc, policy: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert blockc("update", "-f", policy).code == 0
    monkeypatch.setenv("BLOCKC_STORE", str(tmp_path / "other"))
    code, said = redefine(blockc, policy, "asn prefix")
    assert code == 3
    assert "iptoasn has no data that may be used" in said


FEEDS_ALONE = POLICY.replace(', "asn:64500"', "")


def test_a_policy_of_feeds_alone_needs_no_registries(blockc: Blockc, policy: Path) -> None:
    policy.write_text(FEEDS_ALONE, encoding="utf-8")
    for registry in RIRS:
        (policy.parent / "data" / registry).unlink()
    updated = blockc("update", "-f", policy)
    assert updated.code == 0, updated.err
    built, again = (blockc("build", "-f", policy, "--locked") for _ in range(2))
    assert built.code == 0, built.err
    assert "nothing was compiled" in again.err
    manifest = json.loads((policy.parent / "dist" / "manifest.json").read_bytes())
    assert [one["name"] for one in manifest["sources"]] == ["bad-hosts", "our-cloud"]
    assert manifest["lists"]["clouds"]["countries"] == {}


@pytest.mark.parametrize(
    "needs",
    [
        '[list.x]\nblock = ["CN"]\n',
        '[list.x]\nblock = ["group:eu27"]\n',
        '[list.x]\nblock = ["registry:arin"]\n',
        '[list.x]\nblock = ["status:reserved"]\n',
        '[list.x]\nallow = ["delegated"]\n',
        '[protect]\nnever_block = ["CN"]\n',
        '[[output]]\nlist = "clouds"\ntarget = "plain"\npath = "{country}"\nsplit_by = "country"\n',
        '[[output]]\nmap = "country"\ntarget = "nginx-geo"\npath = "m"\n',
        '[[output]]\nlist = "clouds"\ntarget = "plain"\npath = "m"\ndont_care = "reserved"\n',
        '[[output]]\nlist = "clouds"\ntarget = "plain"\npath = "m"\nwhen_over = "collateral"\n',
    ],
)
def test_a_policy_that_asks_who_holds_what_needs_all_registries(
    blockc: Blockc, policy: Path, needs: str
) -> None:
    policy.write_text(f"{FEEDS_ALONE}{needs}", encoding="utf-8")
    (policy.parent / "data" / "lacnic").unlink()
    assert "lacnic has no data that may be used" in blockc("update", "-f", policy).err
    policy.write_text(FEEDS_ALONE, encoding="utf-8")
    assert blockc("update", "-f", policy).code == 0
    policy.write_text(f"{FEEDS_ALONE}{needs}", encoding="utf-8")
    done = blockc("build", "-f", policy)
    assert (done.code, "afrinic" in done.err) == (2, True), done.err
