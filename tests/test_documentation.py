"""What the README shows is true: its policy compiles and its commands exist."""

import re
import shutil
from pathlib import Path

import pytest

from blockc.cli.main import VERBS, run

CHECKOUT = Path(__file__).resolve().parents[1]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
EXAMPLE = CHECKOUT / "examples" / "edge"


def test_the_policy_of_the_readme_compiles(tmp_path: Path) -> None:
    (policy,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "blockc.toml").write_text(policy, encoding="utf-8")
    for name in ("partners.txt", "own-ranges.txt"):
        shutil.copy(EXAMPLE / name, tmp_path)

    arguments = ["build", "-q", "-f", str(tmp_path / "blockc.toml"), "--sample"]
    assert run([*arguments, "-o", str(tmp_path / "dist")]) == 0

    published = {
        path.name for path in (tmp_path / "dist/.generations/live/").resolve().rglob("*.*")
    }
    assert published == {"export-control.geo.conf", "manifest.json"}


def test_every_verb_is_in_the_readme_and_no_other() -> None:
    (commands,) = re.findall(r"## Commands\n\n```\n(.*?)```", README, re.DOTALL)
    assert re.findall(r"^blockc ([a-z]+)", commands, re.MULTILINE) == list(VERBS)


def test_the_readme_says_registered_not_located() -> None:
    assert "The country of an address is where it is registered, not where it is used" in README


DAYS = {
    "2026-11-30": ("", "0"),
    "2026-12-01": (" monitor;", "1,445"),
    "2026-12-15": (" warn;", "1,445"),
    "2027-01-04": (" block;", "1,445"),
}


@pytest.mark.parametrize("day", DAYS)
def test_the_policy_of_the_runbook_does_what_its_table_says(tmp_path: Path, day: str) -> None:
    text = (CHECKOUT / "docs" / "runbook.md").read_text(encoding="utf-8")
    (tmp_path / "blockc.toml").write_text(
        re.findall(r"```toml\n(.*?)```", text, re.DOTALL)[0], "utf-8"
    )
    words = ["build", "-q", "-f", str(tmp_path / "blockc.toml"), "--sample", "--as-of", day]
    assert run([*words, "-o", str(tmp_path / "out")]) == 0
    found = {
        name: (tmp_path / "out" / name).read_text("utf-8")
        for name in ("nginx/embargo.conf", "nginx/embargo.server.conf", "haproxy/embargo.rules.cfg",
                     "nft/embargo.nft", "aws/embargo.rule.json")
    }  # fmt: skip
    word, entries = DAYS[day]
    geo = found["nginx/embargo.conf"]
    assert f"# ipv4: {entries} entries" in geo
    assert geo.count(word) >= 1445 if word else " block;" not in geo
    assert "403" not in geo.partition("geo $")[0]
    assert "return 451;" in found["nginx/embargo.server.conf"]
    assert "return status 451" in found["haproxy/embargo.rules.cfg"]
    drops = "drop" in found["nft/embargo.nft"].partition("chain")[2]
    blocks = '"Block"' in found["aws/embargo.rule.json"]
    assert (drops, blocks) == ((day == "2027-01-04"),) * 2 if word else not blocks
