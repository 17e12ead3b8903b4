"""Files that a registry published on real days, run unattended through `blockc refresh`."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from blockc.vocabulary import RIRS
from tests.cli.conftest import Blockc
from tests.cli.toy import ROWS, delegated
from tests.support.data import data_folder
from tests.test_bad_week import SOURCE

POLICY = """\
version = 1
[list.two]
block = ["ZA", "EG"]
[guard]
max_age = "9000d"
[[output]]
list = "two"
target = "nginx-geo"
path = "two.conf"
"""


class Nights:
    """A policy about Africa, whose registry publishes the file of one real day after another."""

    def __init__(self, blockc: Blockc, folder: Path) -> None:
        self.blockc, self.folder = blockc, folder
        (folder / "upstream").mkdir()
        (folder / "sources").mkdir()
        for name in RIRS:
            text = SOURCE.format(name=name).replace("max_age_hours = 96", "max_age_hours = 99_999")
            text = text.replace("1_000_000", "100_000_000")
            (folder / "sources" / f"{name}.toml").write_text(text, encoding="utf-8")
            rows = delegated(name, tuple(ROWS[name]), "20260101")
            (folder / "upstream" / name).write_text(rows, encoding="utf-8")
        (folder / "blockc.toml").write_text(POLICY, encoding="utf-8")

    def __call__(self, day: str) -> dict[str, Any]:
        """Return what a refresh says on the night after the registry published that file."""
        file = data_folder("history") / day / "delegated-afrinic-extended-latest"
        shutil.copyfile(file, self.folder / "upstream" / "afrinic")
        place = ("-f", self.folder / "blockc.toml", "--store", self.folder / "store")
        report: dict[str, Any] = json.loads(self.blockc("refresh", *place, "--json").out)
        return report


@pytest.fixture
def nights(blockc: Blockc, tmp_path: Path) -> Nights:
    return Nights(blockc, tmp_path)


def test_a_real_night_goes_live_without_anybody(nights: Nights) -> None:
    assert nights("2025-07-03")["exit_code"] == 0
    report = nights("2025-07-04")  # unlisted lines merged: most are gone, and no delegation is
    assert (report["exit_code"], report["failures"]) == (0, [])
    assert "two.conf" in report["build"]["written"]


def test_three_years_at_once_wait_for_somebody(nights: Nights) -> None:
    before = nights("2022-09-20")
    assert before["exit_code"] == 0
    report = nights("2025-07-03")
    assert report["exit_code"] == 4
    assert report["generation"] == before["generation"]
