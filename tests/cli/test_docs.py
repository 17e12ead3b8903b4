"""The documents of the command line are what it does: `docs/cli.md` and `docs/json.md`."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from blockc.cli.main import VERBS
from tests.cli.conftest import Blockc, accepted
from tests.cli.test_dry_run import RICH
from tests.cli.test_edges import POLICY as EDGES
from tests.cli.test_feeds import policy as policy_of_feeds
from tests.cli.test_update import define, publish
from tests.cli.toy import CHECKOUT, POLICY, write_policy, write_registries
from tests.support.faulty_server import FaultyServer

CLI, JSON = CHECKOUT / "docs" / "cli.md", CHECKOUT / "docs" / "json.md"

PREFACE = """\
# The command line

Made from `--help`; `make golden` writes it anew.

stdout is the result: a table for people, or with `--json` what [json.md](json.md) describes. stderr
is for people, and with `--json` a JSON value in each line. The global options of `blockc --help`
may stand before or after the verb.

## Exit codes

| code | means | who must act |
|---|---|---|
| 0 | done | nobody |
| 1 | the answer is no: something is damaged or differs | whoever asked |
| 2 | the call, the policy, a definition or the place to write to is wrong | the operator |
| 3 | a source is missing, stale, cut short, shrunk or not what it should be | upstream |
| 4 | the change is larger than the guard allows | whoever may approve it |
| 5 | a target's limit is exceeded | the author of the policy |
| 70 | an artifact does not mean what the policy says, or blockc failed | the authors of blockc |
| 130 | interrupted | nobody |
| 129, 143 | ended by SIGHUP or SIGTERM, as a shell shows it | nobody |

Nothing is half-written for any code. What was published stays published for any code but 0.
"""


def test_the_page_of_the_command_line_is_what_help_says(
    blockc: Blockc, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    pages = [PREFACE, f"## blockc\n\n```\n{blockc('--help').out}```\n"]
    pages += [f"## blockc {verb}\n\n```\n{blockc(verb, '--help').out}```\n" for verb in VERBS]
    text = "\n".join(pages)
    if request.config.getoption("--update-golden"):
        CLI.write_text(text, encoding="utf-8")
    assert CLI.read_text(encoding="utf-8") == text


# Every key of every report is in docs/json.md, and no other.

policy = policy_of_feeds  # a fixture

MAPS: Mapping[str, str] = {  # the last word of a path whose keys are data -> what they are called
    "seconds": "{stage}",
    "statuses": "{family}",
    "rows": "{type}",
    "holds": "{family}",
    "countries": "{country}",
    "tags": "{tag}",
    "lists": "{list}",
    "artifacts": "{path}",
    "outputs": "{path}",
    "edges": "{edge}",
    "families": "{family}",
    "spared": "{who}",
}
FAMILIES: Mapping[str, str] = {"ipv4": "{family}", "ipv6": "{family}"}


def paths(value: object, path: str = "") -> Iterator[str]:
    """Yield the path of everything in a JSON value that is neither an object nor a list."""
    if isinstance(value, dict):
        last = path.rsplit(".", maxsplit=1)[-1]
        for key, inner in value.items():
            name = MAPS.get(last, FAMILIES.get(key, key))
            yield from paths(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        yield from (found for inner in value for found in paths(inner, f"{path}[]"))
        yield from [] if value else [f"{path}[]"]
    else:
        yield path or "[]"


def keys(*values: Any) -> set[str]:
    """Return all paths in `values`, but where nothing was there only if nothing ever was."""
    found = {path for value in values for path in paths(value)}
    return {
        path
        for path in found
        if not any(other.startswith((f"{path}.", f"{path}[")) for other in found)
    }


def documented(section: str) -> set[str]:
    """Return the keys in the table of a section."""
    text = JSON.read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    return set(re.findall(r"^\| `([^`]+)` \|", sections[section], re.MULTILINE))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of registry files with everything odd in them."""
    claim = (
        "DE|ipv4|1.0.1.0|256|20200101|allocated",
        "FR|ipv4|192.175.48.0|256|20200101|available",
    )
    return write_registries(tmp_path / "registries", ripencc=claim)


def test_the_report_of_aggregate_is_documented(blockc: Blockc) -> None:
    lines = b"10.0.0.0/8\n2001:db8::/32\n"
    reports = [
        json.loads(blockc("aggregate", "--json", *more, stdin=lines).out)
        for more in ([], ["--ranges"], ["--count"], ["--longest-match"])
    ]
    assert keys(*reports) == documented("aggregate")


def test_the_reports_of_build_and_the_manifest_are_documented(
    blockc: Blockc, tmp_path: Path, folder: Path
) -> None:
    split = '[[output]]\nlist = "far"\ntarget = "plain"\npath = "x"\nmax_entries = 2\n'
    lossy = split + 'when_over = "collateral"\n'
    lossy += lossy.replace('"x"', '"y"').replace("collateral", "coverage")
    words = ("build", "--json", "-o", tmp_path / "dist", "--from", folder, "-f")
    report = json.loads(blockc(*words, write_policy(tmp_path, POLICY + lossy)).out)
    manifest = json.loads((tmp_path / "dist" / "manifest.json").read_bytes())
    empty = POLICY.replace('"BR"', '{ select = "KP", allow_empty = true }')
    begins = (datetime.now(UTC).date() + timedelta(days=9)).isoformat()
    stages = f'stages = [{{ from = {begins}, action = "block" }}]\ntitle ='
    bomb = empty.replace("title =", stages) + "max_entries = 1\n"
    noted = json.loads(accepted(blockc, *words, write_policy(tmp_path, bomb)).out)
    assert noted["notes"]
    assert noted["coming"]
    assert keys(manifest) == documented("manifest.json")
    place = ("--json", "-o", tmp_path / "dist")
    assert keys(json.loads(blockc("rollback", *place).out)) == documented("rollback")
    pinned = json.loads(blockc(*words, write_policy(tmp_path, bomb)).out)
    assert keys(report, noted, pinned) == documented("build")
    released = json.loads(blockc("rollback", "--release", *place).out)
    assert keys(released) == documented("rollback --release")


def test_the_report_of_diff_is_documented(blockc: Blockc, tmp_path: Path, folder: Path) -> None:
    words = ("-f", write_policy(tmp_path), "--from", folder, "--json", "-o", tmp_path / "dist")
    assert blockc("build", *words).code == 0
    new = '[[output]]\nlist = "far"\ntarget = "plain"\npath = "x"\n'
    write_policy(tmp_path, POLICY.replace('"BR"', '"US"').replace('"far.txt"', '"new.txt"') + new)
    found = [json.loads(blockc("diff", *words, *more).out) for more in ((), ("--prefixes",))]
    said = {path.removesuffix("[]") for path in keys(*found)}
    assert said == documented("diff")


def test_the_report_of_a_dry_run_is_documented(
    blockc: Blockc, tmp_path: Path, folder: Path
) -> None:
    bomb = '[[output]]\nlist = "far"\ntarget = "ipset"\npath = "x"\nmax_entries = 1\n'
    policy = write_policy(tmp_path, f'{RICH}{bomb}until_block = "empty"\nresponse = "none"\n')
    words = ("build", "--json", "--dry-run", "--from", folder, "-f", policy)
    report = json.loads(blockc(*words, "--as-of", "2026-11-23").out)
    assert keys(report) == documented("build --dry-run")


def test_the_report_of_lookup_is_documented(blockc: Blockc, policy: Path) -> None:
    text = """version = 1
[list.a]
block = ["CN", "feed:our-cloud"]
except = [{ prefix = "6.6.0.1", owner = "a", reason = "b", until = 2026-11-01 }]
stages = [{ from = 2026-11-01, action = "warn" }, { from = 2099-01-01, action = "block" }]
[[output]]
list = "a"
target = "plain"
path = "a"
until_block = "empty"
"""
    policy.write_text(text, encoding="utf-8")
    assert blockc("update", "-f", policy).code == 0
    assert blockc("build", "-f", policy, "--allow-expired").code == 0
    words = ("lookup", "-f", policy, "--json")
    reports = [json.loads(blockc(*words, one).out) for one in ("1.0.1.1", "6.6.0.1", "1.1.1.1")]
    now = datetime.now(UTC).isoformat()
    past = json.loads(blockc("lookup", "-f", policy, "--json", "--at", now, "1.0.1.1").out)
    assert keys(*reports, past) == documented("lookup")


def test_the_report_of_verify_is_documented(blockc: Blockc, tmp_path: Path, folder: Path) -> None:
    dist = tmp_path / "dist"
    options = ("-f", write_policy(tmp_path), "--from", folder, "-o", dist)
    assert blockc("build", *options).code == 0
    text = (dist / "far.txt").read_text(encoding="utf-8")
    (dist / "far.txt").write_text(text.replace("177.0.0.0/12", "9.9.9.0/24"), encoding="utf-8")
    report = json.loads(blockc("verify", "--json", "--native", dist).out)
    assert keys(report) == documented("verify")
    words = ("verify", "--json", dist, "--target", "plain", "--dump", dist / "far.txt")
    assert keys(json.loads(blockc(*words).out)) == documented("verify --dump")


def test_the_report_of_refresh_is_documented(blockc: Blockc, policy: Path) -> None:
    hook = """on_change = ["sh", "-c", "echo no; exit 1"]"""
    text = """version = 1
[list.a]
block = ["feed:our-cloud"]
except = [{ prefix = "5.5.0.1", owner = "a", reason = "b", until = 2099-01-01 }]
stages = [{ from = 2026-01-01, action = "block" }, { from = 2099-01-01, action = "block" }]
[[output]]
list = "a"
target = "nginx-geo"
path = "a"
"""
    policy.write_text(text + hook, encoding="utf-8")
    report = json.loads(blockc("refresh", "-f", policy, "--json").out)
    assert report.pop("update")["sources"]
    assert report.pop("build")["artifacts"]
    assert keys(report) == documented("refresh") - {"update", "build"}


def test_the_reports_of_edges_are_documented(blockc: Blockc, tmp_path: Path) -> None:
    policy = tmp_path / "blockc.toml"
    policy.write_text(EDGES.replace('"near.txt"]', "]") + "[edge.bare]\n", encoding="utf-8")
    assert blockc("build", "-f", policy).code == 0
    noted = json.loads(blockc("deployed", "shop", "-f", policy, "--json").out)
    assert keys(noted) == documented("deployed")
    assert blockc("deployed", "api", "-f", policy).code == 0
    later = '"block" }, { from = 2099-01-01, action = "block", status = 451 }'
    text = policy.read_text(encoding="utf-8").replace('"block" }', later)
    policy.write_text(text.replace('target = "plain"', 'target = "json"'), encoding="utf-8")
    assert blockc("build", "-f", policy).code == 0
    report = json.loads(blockc("edges", "-f", policy, "--json").out)
    assert keys(report) == documented("edges")


def test_the_report_of_check_is_documented(blockc: Blockc, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"<html>\n")
    (tmp_path / "feed").write_bytes(b"8.8.8.0/24,US,US-CA,Mountain View,\n")
    files = [*sorted(folder.iterdir()), tmp_path / "bad"]
    registries = json.loads(blockc("check", "--json", *files).out)
    feed = json.loads(blockc("check", "--json", "--format", "geofeed", tmp_path / "feed").out)
    assert keys(registries, feed) == documented("check")


def test_the_report_of_curve_is_documented(blockc: Blockc, tmp_path: Path, folder: Path) -> None:
    protect = "\n[protect]\nnever_block = ['1.0.0.0/24', '1.0.2.128/25']\n"
    limit = '[[output]]\nlist = "far"\ntarget = "plain"\npath = "x"\nmax_entries = 1\n'
    policy = write_policy(tmp_path, POLICY + limit + protect)
    words = ("curve", "far", "--json", "--from", folder, "-f", policy)
    reports = [json.loads(blockc(*words, *more).out) for more in ([], ["--mode", "balance"])]
    assert keys(*reports) == documented("curve")


@pytest.mark.parametrize("what", ["sources", "targets", "groups", "countries"])
def test_the_report_of_list_is_documented(blockc: Blockc, what: str) -> None:
    assert keys(json.loads(blockc("list", "--json", what).out)) == documented(f"list {what}")


def test_the_report_of_init_is_documented(blockc: Blockc, tmp_path: Path) -> None:
    assert keys(json.loads(blockc("init", "--json", tmp_path / "new").out)) == documented("init")


def test_the_report_of_import_is_documented(blockc: Blockc, tmp_path: Path, folder: Path) -> None:
    lines = b"192.0.2.0/24\n192.0.2.7/24\n192.0.2.1\nexample.com\n1.0.1.0/24\n2400:3200::/32\n"
    geo = b"geo $x { default 0; 1.0.2.0/24 1; 1.0.3.7 0; }\n"
    (tmp_path / "own").write_bytes(lines[:13])
    words = ("import", "-", "-o", tmp_path / "new", "--json", "--from", folder)
    more = ("--protect", tmp_path / "own", "-f", write_policy(tmp_path))
    reports = [json.loads(blockc(*words, *more, "--force", stdin=one).out) for one in (lines, geo)]
    assert keys(*reports) == documented("import")


def test_the_reports_of_update_and_store_are_documented(
    blockc: Blockc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLOCKC_STORE", str(tmp_path / "store"))
    update = ("update", "arin", "--json", "-f", write_policy(tmp_path))
    rows = tuple(f"US|ipv4|3.0.{n}.0|256|20110412|allocated" for n in range(9))
    with FaultyServer().running() as server:
        define(tmp_path, "arin", f"{server.url}/arin")
        publish(server, "arin", 2, rows)
        first = json.loads(blockc(*update).out)
        publish(server, "arin", 1, rows[:2])
        shrunk = json.loads(blockc(*update).out)
    assert shrunk["sources"][0]["refused"]
    assert keys(first, shrunk) == documented("update")
    assert keys(json.loads(blockc("store", "ls", "--json").out)) == documented("store ls")
    swept = json.loads(blockc("store", "gc", "--json", "--older-than", "1").out)
    assert keys(swept) == documented("store gc")
    files = (path for path in (tmp_path / "store").rglob("*") if path.is_file())
    damaged = max(files, key=lambda path: path.stat().st_size)
    damaged.chmod(0o644)
    damaged.write_bytes(b"x")
    assert keys(json.loads(blockc("store", "verify", "--json").out)) == documented("store verify")
