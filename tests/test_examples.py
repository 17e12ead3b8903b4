"""Every policy in `examples/` compiles from the bundled sample and means what it says it does."""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from blockc.addresses import FAMILIES, V4, AddrMap, AddrSet
from blockc.addresses.lines import read_spans
from blockc.addresses.rules import Match, meaning
from blockc.policy.syntax.selectors import parse_addresses
from blockc.resources import sources_dir
from blockc.targets.syntax.tokens import Text
from blockc.targets.web.nginx_geo import read_geo
from blockc.workspace.inputs import sample_folder
from tests.cli.conftest import Blockc, blockc
from tests.cli.toy import CHECKOUT, entries
from tests.compiler.worlds import of_countries, plainly_collapsed, sample_world

__all__ = ["blockc"]
EXAMPLES = CHECKOUT / "examples"
FOLDERS = sorted(path.parent.name for path in EXAMPLES.glob("*/blockc.toml"))
PAGE = (CHECKOUT / "docs" / "examples.md").read_text(encoding="utf-8")
DAY = "2026-11-23"
FEEDS: Mapping[str, str] = {
    "spamhaus-drop": "spamhaus-drop.json",
    "spamhaus-drop-v6": "spamhaus-drop-v6.json",
    "tor-exits": "tor-exits.txt",
    "emerging-threats": "emerging-threats.txt",
}


def built(blockc: Blockc, name: str, output: Path, day: str = DAY) -> Path:
    """Build an example from the sample and return the folder of its artifacts."""
    policy = EXAMPLES / name / "blockc.toml"
    done = blockc("build", "--sample", "-f", policy, "-o", output, "--as-of", day)
    assert done.code == 0, done.err
    return output


def said_by_nginx(path: Path) -> AddrMap:
    """Return the verdict of every address, as nginx reads the file."""
    reading = read_geo(Text(path.name, path.read_text(encoding="utf-8")))
    return meaning(Match.LONGEST, reading.rules.values(), reading.names)


def of(*texts: str) -> AddrSet:
    """Return the addresses of prefixes and ranges."""
    found = AddrSet.empty(FAMILIES)
    for text in texts:
        found |= parse_addresses(text).as_set(FAMILIES)
    return found


def of_file(path: Path) -> AddrSet:
    """Return the addresses in a text file."""
    return AddrSet.of_spans(dict(read_spans(path.name, path.read_bytes())))


def test_the_five_policies_that_were_promised_are_there() -> None:
    promised = {"export-control", "login-five-countries", "drop-list", "office-only"}
    assert {*promised, "country-zones", "all-edges", "edge"} == set(FOLDERS)


@pytest.mark.parametrize("name", [name for name in FOLDERS if name != "edge"])
def test_the_page_of_examples_shows_each_policy_as_it_is_and_explains_it(name: str) -> None:
    (section,) = re.findall(rf"^## {name}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    (policy,) = re.findall(r"```toml\n(.*?)```", section, re.DOTALL)
    assert policy == (EXAMPLES / name / "blockc.toml").read_text(encoding="utf-8")
    explained = [line for line in section.split("```")[-1].splitlines() if line]
    assert 8 <= len(explained) <= 14
    for side in (EXAMPLES / name).glob("*.*"):
        assert side.name in section or side.name == "blockc.toml"


@pytest.mark.parametrize(
    ("day", "action"),
    [
        ("2026-10-31", ""),
        ("2026-11-01", "monitor"),
        ("2026-11-30", "monitor"),
        ("2026-12-01", "warn"),
        ("2027-01-01", "block"),
    ],
)
def test_export_control_says_of_the_same_addresses_what_the_day_decides(
    blockc: Blockc, tmp_path: Path, day: str, action: str
) -> None:
    folder = built(blockc, "export-control", tmp_path / "dist", day)
    said = said_by_nginx(folder / "nginx" / "export-control.conf")
    example = EXAMPLES / "export-control"
    embargoed = of_countries(sample_world(), "CU", "IR", "KP", "SY")
    partners = of_file(example / "partners.txt") | of("5.62.192.0/18")
    assert not partners - embargoed
    assert said.where([action]) == (embargoed - partners if action else ~AddrSet.empty(FAMILIES))


def test_export_control_forecasts_its_next_stage_and_asks_about_its_exception(
    blockc: Blockc,
) -> None:
    policy = EXAMPLES / "export-control" / "blockc.toml"
    words = ("build", "--sample", "--dry-run", "--json", "-f", policy, "--as-of")
    (one,) = json.loads(blockc(*words, "2026-12-31").out)["lists"]
    assert one["action"] == "warn"
    assert one["next_stage"] == {
        "from": "2027-01-01",
        "action": "block",
        "status": 451,
        "blocked_by": "https://example.com/legal",
    }
    assert "ends in 14 days, on 2030-03-31; payments owns it" in blockc(*words, "2030-03-17").err
    late = blockc(*words, "2030-04-01")
    assert late.code == 2
    assert "ask payments, then remove or prolong it" in late.err


#: Where each edge says what happens to whom it lists, and how it says that in each stage.
EVERY_EDGE: Mapping[str, tuple[str, str, str]] = {
    "nginx/embargo.conf": (" monitor;", " warn;", " block;"),
    "haproxy/embargo.map": (" monitor\n", " warn\n", " block\n"),
    "firewall/embargo.nft": ("@v4 counter\n", 'log prefix "blockc_embargo: "', "counter drop\n"),
    "aws/embargo.rule.json": ('{"Count": {}}', "InsertHeaders", '{"Block": {}}'),
    "cloudflare/embargo.rule.json": ('"log"', '"managed_challenge"', '"block"'),
    "envoy/embargo.json": ('"shadow_rules"', '"shadow_rules"', '"rules"'),
    "google/embargo.rule.json": ('"preview": true', '"preview": true', '"preview": false'),
}
LISTED = ("nginx/embargo.conf", "haproxy/embargo.map", "firewall/embargo.nft",
          "aws/embargo.ipv4.json", "cloudflare/embargo.json", "envoy/embargo.json",
          "google/embargo.ipv4.json")  # fmt: skip


@pytest.mark.parametrize("stage", ["off", "monitor", "warn", "block"])
def test_one_policy_moves_every_edge_on_the_same_day(
    stage: str, blockc: Blockc, tmp_path: Path
) -> None:
    at = ["off", "monitor", "warn", "block"].index(stage)
    day = ["2026-11-30", "2026-12-01", "2027-01-01", "2027-02-01"][at]
    folder = built(blockc, "all-edges", tmp_path / "dist", day)
    for path in LISTED:
        text = (folder / path).read_text(encoding="utf-8")
        assert ("175.45.176.0" in text) == (stage != "off"), path
    for path, words in EVERY_EDGE.items():
        text = (folder / path).read_text(encoding="utf-8")
        assert stage == "off" or words[at - 1] in text, path
        assert (words[2] in text) == (stage == "block"), path
    assert "return 451;" in (folder / "nginx" / "embargo.server.conf").read_text(encoding="utf-8")


def test_logins_come_from_five_countries_and_those_somebody_answers_for(
    blockc: Blockc, tmp_path: Path
) -> None:
    folder = built(blockc, "login-five-countries", tmp_path / "dist")
    said = said_by_nginx(folder / "nginx" / "login.conf")
    welcome = of_countries(sample_world(), "DE", "AT", "CH", "LI", "LU")
    welcome |= of("81.2.69.0/24", "2001:470::/32")
    welcome |= of_file(EXAMPLES / "login-five-countries" / "health-checks.txt")
    assert said.where(["block"]) == ~welcome


def test_only_the_offices_and_the_contractor_see_the_admin_interface(
    blockc: Blockc, tmp_path: Path
) -> None:
    folder = built(blockc, "office-only", tmp_path / "dist")
    path = folder / "nginx" / "admin.conf"
    inside = of_file(EXAMPLES / "office-only" / "offices.txt")
    inside |= of("2001:db8:42::/48", "192.0.2.77")
    assert said_by_nginx(path).where(["block"]) == ~inside
    assert inside.count_of(V4) == 16 + 7 + 1 + 1
    assert "geo $remote_addr $not_the_office {" in path.read_text(encoding="utf-8")


@pytest.mark.slow
def test_every_country_has_the_zone_files_that_the_standard_library_would_write(
    blockc: Blockc, tmp_path: Path
) -> None:
    folder = built(blockc, "country-zones", tmp_path / "dist") / "zones"
    wanted = plainly_collapsed(sample_folder())
    countries = {code for code, _ in wanted}
    files = {f"{code}.{family.name}.zone" for code in {*countries, "ZZ"} for family in FAMILIES}
    assert {path.name for path in folder.iterdir()} == files
    for code in countries:
        for family in FAMILIES:
            written = entries((folder / f"{code}.{family.name}.zone").read_bytes())
            assert written == wanted.get((code, family.name), []), (code, family.name)


@pytest.fixture
def drop_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the example whose feeds are local files in their publishers' form."""
    monkeypatch.setenv("BLOCKC_STORE", str(tmp_path / "store"))
    folder = tmp_path / "drop-list"
    shutil.copytree(EXAMPLES / "drop-list", folder)
    (folder / "sources").mkdir()
    for name, file in FEEDS.items():
        shutil.copy(CHECKOUT / "tests" / "corpus" / "sources" / file, folder / "sources")
        text = (sources_dir() / f"{name}.toml").read_text(encoding="utf-8")
        text = re.sub(r"(?m)^urls = .*", f'urls = ["file:sources/{file}"]', text)
        text = re.sub(r"(?m)^min_records = .*", "min_records = 1", text)
        text = re.sub(r"(?m)^max_age_hours = .*", "max_age_hours = 1_000_000", text)
        (folder / "sources" / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def dropped(blockc: Blockc, folder: Path) -> list[str]:
    """Build the drop list from its lock and return what nftables is given."""
    policy = folder / "blockc.toml"
    done = blockc("build", "--sample", "-f", policy, "--publish-as-of", "--as-of", DAY, "--offline")
    assert done.code == 0, done.err
    text = (folder / "dist" / "drop.nft").read_text(encoding="utf-8")
    return re.findall(r"^\t\t\t(\S+),$", text, re.MULTILINE)


def test_feeds_are_dropped_but_for_the_press_and_never_ourselves(
    blockc: Blockc, drop_list: Path
) -> None:
    assert blockc("update", *FEEDS, "-f", drop_list / "blockc.toml").code == 0
    found = dropped(blockc, drop_list)
    assert "1.10.16.0-1.10.31.255" in found
    assert "104.131.97.53" in found
    assert "2a06:e480::-2a06:e487:ffff:ffff:ffff:ffff:ffff:ffff" in found
    assert not [text for text in found if text.startswith("162.247.74.")]

    with (drop_list / "own-ranges.txt").open("a", encoding="utf-8") as file:
        file.write("1.10.20.0/24  # ours, whatever a feed says\n")
    after = dropped(blockc, drop_list)
    assert set(after) - set(found) == {"1.10.16.0-1.10.19.255", "1.10.21.0-1.10.31.255"}
    assert set(found) - set(after) == {"1.10.16.0-1.10.31.255"}
    assert (drop_list / "dist" / "drop.ipset").is_file()


def test_the_drop_list_is_not_built_before_its_feeds_were_fetched(
    blockc: Blockc, drop_list: Path
) -> None:
    done = blockc(
        "build", "--sample", "-f", drop_list / "blockc.toml", "--publish-as-of", "--as-of", DAY
    )
    assert done.code == 2
    assert "run `blockc update`" in done.err


def test_no_example_sees_private_space_as_the_office(blockc: Blockc, tmp_path: Path) -> None:
    policy = (EXAMPLES / "office-only" / "blockc.toml").read_text(encoding="utf-8")
    shutil.copy(EXAMPLES / "office-only" / "offices.txt", tmp_path)
    opened = policy.replace('"2001:db8:42::/48",', '"2001:db8:42::/48", "10.0.0.0/8",')
    (tmp_path / "blockc.toml").write_text(opened, encoding="utf-8")
    done = blockc(
        "build", "--sample", "-f", tmp_path / "blockc.toml", "--publish-as-of", "--as-of", DAY
    )
    assert done.code == 2
    assert "10.0.0.1 must be blocked, and no list blocks it" in done.err
