"""`blockc update` and `blockc store`, from servers that the operator's own definitions name."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from blockc.cli.progress import bars
from blockc.errors import UsageError
from blockc.fetch.lock import read_lock
from blockc.fetch.store.blobs import sha256_of
from blockc.fetch.store.maintenance import entries
from blockc.fetch.update.tools import Event, UpdateStep
from blockc.vocabulary import RIRS
from blockc.workspace.inputs import InputOptions
from blockc.workspace.project import Project
from tests.cli.conftest import Blockc
from tests.cli.toy import ROWS, delegated, program, write_policy
from tests.fetch.toy import md5
from tests.support.data import data_folder
from tests.support.faulty_server import FaultyServer, sends, status, unless_known

TODAY = datetime.now(UTC).date()
MANY = tuple(f"AU|ipv4|101.0.{n}.0|256|20110412|allocated" for n in range(100))


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer().running() as running:
        yield running


@pytest.fixture
def policy(tmp_path: Path, server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a policy whose registries are on the server of the test."""
    monkeypatch.setenv("BLOCKC_STORE", str(tmp_path / "store"))
    for registry in RIRS:
        define(tmp_path, registry, f"{server.url}/{registry}")
        publish(server, registry, days_ago=1)
    return write_policy(tmp_path)


def define(folder: Path, registry: str, url: str, max_age_hours: int = 100) -> None:
    """Write the operator's own definition of a registry beside the policy."""
    (folder / "sources").mkdir(exist_ok=True)
    (folder / "sources" / f"{registry}.toml").write_text(
        f"""title = "{registry}"
format = "delegated"
registry = "{registry}"
urls = ["{url}"]
checksum = {{ kind = "md5", suffix = ".md5" }}
licence = {{ text = "free" }}
refresh_hours = 24
max_age_hours = {max_age_hours}
[expect]
min_records = 1
max_bytes = 1_000_000
max_shrink_addresses = 0.02
max_shrink_records = 0.05
""",
        encoding="utf-8",
    )


def publish(
    server: FaultyServer, registry: str, days_ago: int, rows: tuple[str, ...] = ()
) -> bytes:
    """Put a registry's file and its checksum onto the server."""
    day = (TODAY - timedelta(days=days_ago)).strftime("%Y%m%d")
    data = delegated(registry, rows or ROWS[registry], day).encode()
    server.plan(f"/{registry}", unless_known(data, etag=f'"{sha256_of(data)[:8]}"'))
    server.plan(f"/{registry}.md5", sends(md5(data)))
    return data


def test_an_update_fetches_the_five_registries_and_locks_them(blockc: Blockc, policy: Path) -> None:
    done = blockc("update", "-f", policy)
    assert (done.code, done.err.count("\n")) == (0, 6), done.err
    assert done.err.splitlines()[-1] == (
        f"blockc: {policy.parent}/blockc.lock names what builds use; commit it"
    )
    head, _, *rows = done.out.splitlines()[1:]
    assert head.split()[:4] == ["source", "data", "of", "age"]
    assert [row.split()[0] for row in rows] == sorted(RIRS)
    assert [row.split()[-2] for row in rows] == ["new"] * 5
    lock = read_lock(policy.parent / "blockc.lock")
    assert lock
    assert list(lock.sources) == sorted(RIRS)
    assert lock.sources["apnic"].facts.holds["ipv4"].addresses == 1792
    assert lock.sources["apnic"].facts.records == 4


def test_a_second_update_changes_nothing(
    blockc: Blockc, policy: Path, server: FaultyServer
) -> None:
    blockc("update", "-f", policy)
    lock = policy.parent / "blockc.lock"
    before = lock.stat()
    server.asked.clear()
    done = blockc("update", "-f", policy, "--json")
    report = json.loads(done.out)
    assert [one["result"] for one in report["sources"]] == ["unchanged"] * 5
    assert lock.stat().st_mtime_ns == before.st_mtime_ns
    assert len(server.asked) == 5


def test_json_tells_what_is_used_and_what_was_before(
    blockc: Blockc, policy: Path, server: FaultyServer
) -> None:
    blockc("update", "-f", policy)
    data = publish(server, "apnic", 0, ROWS["apnic"] + MANY[:1])
    report = json.loads(blockc("update", "apnic", "-f", policy, "--json").out)
    assert (report["lock"], report["written"]) == (f"{policy.parent}/blockc.lock", True)
    (apnic,) = report["sources"]
    assert apnic["used"] == {
        "url": f"{server.url}/apnic",
        "sha256": sha256_of(data),
        "bytes": len(data),
        "date": TODAY.isoformat(),
        "serial": TODAY.strftime("%Y%m%d"),
        "records": 5,
        "holds": {
            "ipv4": {"records": 4, "addresses": "2048"},
            "ipv6": {"records": 1, "addresses": str(2**96)},
        },
    }
    assert apnic["before"]["holds"]["ipv4"] == {"records": 3, "addresses": "1792"}
    assert (apnic["name"], apnic["result"], apnic["refused"]) == ("apnic", "new", None)
    assert (apnic["problems"], apnic["warnings"]) == ([], [])
    table = blockc("update", "apnic", "-f", policy).out
    assert table.splitlines()[-1].split()[4:7] == ["5", "0", "0"]


def test_the_table_shows_what_came_and_went(
    blockc: Blockc, policy: Path, server: FaultyServer
) -> None:
    publish(server, "apnic", 1, (*ROWS["apnic"], *MANY))
    blockc("update", "-f", policy)
    publish(server, "arin", 0, (*ROWS["arin"], "US|ipv6|2a00::|47|20080107|allocated"))
    publish(server, "apnic", 0, (*ROWS["apnic"], *MANY[1:]))
    rows = {
        line.split()[0]: line.split()
        for line in blockc("update", "-f", policy).out.splitlines()[3:]
    }
    assert rows["apnic"][5:7] == ["-256", "0"]
    assert rows["arin"][5:8] == ["0", "+2", "/48"]


def test_an_unknown_source_is_refused_with_a_suggestion(blockc: Blockc, policy: Path) -> None:
    done = blockc("update", "apnik", "-f", policy)
    assert done.code == 2
    assert "no source 'apnik'; did you mean 'apnic'?; `blockc list sources`" in done.err


def test_a_wrong_definition_of_the_operator_is_refused_at_its_place(
    blockc: Blockc, policy: Path
) -> None:
    path = policy.parent / "sources" / "apnic.toml"
    path.write_text(path.read_text("utf-8").replace("max_bytes", "max_byte"), encoding="utf-8")
    done = blockc("update", "-f", policy)
    assert done.code == 2
    assert f"{path}:11:1: unknown key 'max_byte'; did you mean 'max_bytes'?" in done.err


def test_a_registry_that_fails_keeps_its_countries_loudly(
    blockc: Blockc, policy: Path, server: FaultyServer
) -> None:
    blockc("update", "-f", policy)
    before = (policy.parent / "blockc.lock").read_bytes()
    server.plan("/lacnic", status(404))
    done = blockc("update", "-q", "-f", policy)
    assert done.code == 0
    day = TODAY - timedelta(days=1)
    assert done.err.splitlines() == [
        f"blockc: warning: lacnic: {server.url}/lacnic: answered 404",
        f"blockc: warning: lacnic: kept; builds go on with the data of {day}",
    ]
    assert (policy.parent / "blockc.lock").read_bytes() == before


def test_a_registry_that_never_came_is_exit_3_and_no_lock(
    blockc: Blockc, policy: Path, server: FaultyServer
) -> None:
    server.plan("/lacnic", status(404))
    done = blockc("update", "-f", policy)
    assert done.code == 3
    assert "lacnic has no data that may be used; nothing was changed" in done.err
    assert not (policy.parent / "blockc.lock").exists()
    assert "no data" in done.out
    assert json.loads(blockc("update", "--json", "-f", policy).out)["written"] is False


def test_a_shrunk_registry_is_refused_and_accepted_by_the_command_shown(
    blockc: Blockc, policy: Path, server: FaultyServer
) -> None:
    publish(server, "apnic", 1, MANY)
    blockc("update", "-f", policy)
    publish(server, "apnic", 0, MANY[:90])
    refused = blockc("update", "-f", policy)
    assert refused.code == 4
    assert "apnic was refused; builds go on with the data before it" in refused.err
    assert "its ipv4 addresses shrink by 10.0 % from 25,600 to 23,040" in refused.err
    assert "apnic: refused; builds go on with the data of" in refused.err
    (command,) = {line.split("`")[1] for line in refused.err.splitlines() if "`" in line}
    accepted = blockc(*command.split()[1:], "-f", policy)
    assert accepted.code == 0
    assert "accepted" in accepted.out
    lock = read_lock(policy.parent / "blockc.lock")
    assert lock
    assert lock.sources["apnic"].facts.holds["ipv4"].addresses == 23_040
    assert blockc("update", "--accept", "abc", "-f", policy).code == 2
    vain = blockc("update", "--accept", "0123456789ab", "-f", policy)
    assert vain.code == 0
    assert "no snapshot 0123456789ab came, and none was refused before" in vain.err


def test_a_registry_that_could_not_be_fetched_is_a_warning_and_with_strict_exit_3(
    blockc: Blockc, policy: Path, server: FaultyServer
) -> None:
    assert blockc("update", "--strict", "-f", policy).code == 0
    server.plan("/lacnic", status(404))
    done = blockc("update", "-f", policy)
    assert done.code == 0
    assert "warning: lacnic: kept; builds go on with" in done.err
    strict = blockc("update", "--strict", "-f", policy)
    assert strict.code == 3
    assert "nothing usable could be fetched for lacnic; try again later" in strict.err
    assert (policy.parent / "blockc.lock").exists()


def test_a_dry_run_shows_and_stores_nothing(blockc: Blockc, policy: Path) -> None:
    done = blockc("update", "--dry-run", "-f", policy)
    assert done.code == 0
    assert done.out.count("  new  ") == 5
    assert not (policy.parent / "blockc.lock").exists()
    assert not (policy.parent / "store").exists()


def test_offline_opens_no_socket(blockc: Blockc, policy: Path, server: FaultyServer) -> None:
    assert blockc("update", "--offline", "-f", policy).code == 3
    assert server.asked == []
    blockc("update", "-f", policy)
    server.asked.clear()
    done = blockc("update", "--offline", "-f", policy)
    assert (done.code, server.asked) == (0, [])
    assert done.out.count("kept") == 5


def test_nothing_a_server_says_reaches_the_terminal_unescaped(
    blockc: Blockc, policy: Path, server: FaultyServer
) -> None:
    blockc("update", "-f", policy)
    server.plan("/apnic", sends(b"2|apnic|\x1b]0;owned\x07|\x1b[2J"))
    server.plan("/arin", status(302, Location="https://\x1b[31mevil/"))
    done = blockc("update", "-v", "-f", policy)
    assert "\x1b" not in done.err + done.out
    assert "\x07" not in done.err + done.out


def test_verbose_tells_every_step_and_quiet_none(
    blockc: Blockc, policy: Path, server: FaultyServer
) -> None:
    said = blockc("update", "apnic", "-v", "-f", policy).err.splitlines()
    assert f"blockc: apnic: asking {server.url}/apnic" in said
    assert f"blockc: apnic: checking {server.url}/apnic" in said
    assert "blockc: apnic: new" in said
    assert blockc("update", "apnic", "-q", "-f", policy).err == ""


def test_without_a_policy_the_registries_are_updated(
    blockc: Blockc, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy.unlink()
    monkeypatch.chdir(policy.parent)
    assert blockc("update", "-q").code == 0
    assert (policy.parent / "blockc.lock").is_file()


def test_real_files_of_afrinic_follow_each_other_as_they_did(
    blockc: Blockc, policy: Path, server: FaultyServer
) -> None:
    """Half of the lines went overnight, none of them delegated; and a count was wrong for a day."""
    define(policy.parent, "afrinic", f"{server.url}/afrinic", max_age_hours=1_000_000)
    for day, records in (("2022-09-20", 14_310), ("2025-07-03", 17_190), ("2025-07-04", 12_543)):
        data = (data_folder("history") / day / "delegated-afrinic-extended-latest").read_bytes()
        server.plan("/afrinic", sends(data))
        server.plan("/afrinic.md5", sends(md5(data)))
        done = blockc("update", "afrinic", "-f", policy, "--json")
        (afrinic,) = json.loads(done.out)["sources"]
        assert (done.code, afrinic["result"], afrinic["used"]["date"]) == (0, "new", day)
        assert afrinic["used"]["records"] == records
        if day == "2022-09-20":
            assert "the summary promises 3,326 rows of AS numbers" in afrinic["warnings"][-1]


def test_a_feed_of_the_operator_is_fetched_from_a_file(blockc: Blockc, policy: Path) -> None:
    (policy.parent / "own.txt").write_text("192.88.98.0/24\n2a00::/48 # ours\n", encoding="utf-8")
    text = (policy.parent / "sources" / "apnic.toml").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith(("registry", "checksum"))]
    text = "\n".join(lines).replace('"delegated"', '"text"')
    url = next(line for line in lines if line.startswith("urls"))
    (policy.parent / "sources" / "our-feed.toml").write_text(
        text.replace(url, 'urls = ["file:own.txt"]'), encoding="utf-8"
    )
    done = blockc("update", "our-feed", "-f", policy, "--json")
    assert done.code == 0, done.err
    (feed,) = json.loads(done.out)["sources"]
    assert (feed["result"], feed["used"]["date"], feed["used"]["records"]) == ("new", None, 2)
    assert feed["used"]["holds"] == {
        "ipv4": {"records": 1, "addresses": "256"},
        "ipv6": {"records": 1, "addresses": str(2**80)},
    }
    listed = blockc("update", "our-feed", "-f", policy).out.splitlines()[-1].split()
    assert listed[:2] == ["our-feed", "-"]
    (policy.parent / "own.txt").write_text("192.88.98.0/33\n", encoding="utf-8")
    broken = blockc("update", "our-feed", "-f", policy)
    assert broken.code == 0
    assert "our-feed: file:own.txt:1:" in broken.err
    assert "our-feed: kept; builds go on with the data " in broken.err


def test_builds_get_what_the_lock_names_parsed_or_not(
    blockc: Blockc, policy: Path, server: FaultyServer
) -> None:
    project = Project(policy)
    with pytest.raises(UsageError, match=r"there is no .*blockc\.lock; run `blockc update`"):
        project.registries(InputOptions(as_of=TODAY))
    blockc("update", "-f", policy)
    publish(server, "apnic", 0, MANY)
    server.asked.clear()
    found = project.registries(InputOptions(as_of=TODAY))
    assert [one.origin.name for one in found] == sorted(RIRS)
    lock = read_lock(policy.parent / "blockc.lock")
    assert lock
    for one in found:
        locked = lock.sources[one.origin.name]
        assert one.origin.digest == f"sha256:{locked.sha256}"
        assert one.origin.date == str(locked.facts.date)
        assert sum(map(len, one.records)) == locked.facts.records
    for entry in entries(policy.parent / "store"):
        if entry.kind.startswith("records"):
            entry.path.unlink()
    assert [one.origin for one in project.registries(InputOptions(as_of=TODAY))] == [
        one.origin for one in found
    ]
    assert server.asked == []


def test_bars_show_each_source_and_escape_what_they_show() -> None:
    terminal = io.StringIO()
    with bars(terminal, ["apnic", "arin"], color=False) as watch:
        watch(Event("apnic", UpdateStep.ASKING, "https://[bold]example.com/\x1b[2J"))
        watch(Event("apnic", UpdateStep.RECEIVING, done=5_500_000, total=11_000_000))
        watch(Event("arin", UpdateStep.RECEIVING, done=500))
        watch(Event("apnic", UpdateStep.WAITING, "answered 503"))
        watch(Event("apnic", UpdateStep.DONE, "new"))
    shown = terminal.getvalue()
    last = shown.rpartition("apnic")[2].splitlines()[0]
    assert "5.5 MB" in last
    assert "new" in last
    assert "\x1b[2J" not in shown


def test_a_log_gets_no_bars(policy: Path) -> None:
    done = program("update", "-f", policy, BLOCKC_STORE=str(policy.parent / "store"))
    assert (done.code, "\x1b" in done.err + done.out) == (0, False)
    assert sorted(done.err.splitlines())[1:] == [f"blockc: {name}: new" for name in sorted(RIRS)]
