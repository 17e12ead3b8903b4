"""What the README shows is true: its policy compiles and its commands exist."""

import re
import shutil
from pathlib import Path

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
