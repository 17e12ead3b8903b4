"""Files that a registry published on real days, run unattended through `blockc refresh`."""

import json
import shutil
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import time_machine

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
        return self.refresh()

    def refresh(self) -> dict[str, Any]:
        """Return what a refresh says."""
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


class Afrinic:
    """The registry's real file, and what an ordinary day makes of it: some records change."""

    def __init__(self, text: str) -> None:
        self.rows = [line.split("|") for line in text.splitlines() if line]
        self._chance = Random(7)

    def text(self, day: date) -> str:
        """Return the file of a day; the numbers of records stay as they are."""
        return "".join("|".join(self._on(row, day)) + "\n" for row in self.rows)

    def _on(self, row: list[str], day: date) -> list[str]:
        return (
            [*row[:2], f"{day:%Y%m%d}", *row[3:5], f"{day:%Y%m%d}", row[6]]
            if row[0] == "2"
            else row
        )

    def pass_a_day(self, day: date) -> None:
        """Give some free blocks out, take some small ones back, and move some to a neighbour."""
        free = self._some(("available", "reserved"), 6)
        for row, country in zip(free, ("ZA", "EG", "NG", "KE", "MA", "TN"), strict=True):
            row[1], row[5:] = country, [f"{day:%Y%m%d}", "allocated", f"new-{country}"]
        back, moved = self._some(("allocated", "assigned"), 2), self._some(("assigned",), 3)
        for row in back:
            row[1], row[5:] = "ZZ", ["", "available", ""]
        for row in moved:
            row[1] = {"ZA": "NA", "EG": "SD"}.get(row[1], "ZA")

    def _some(self, statuses: Iterable[str], count: int) -> list[list[str]]:
        """Return some blocks of IPv4 of at most 1,024 addresses."""
        small = [
            row
            for row in self.rows
            if row[2] == "ipv4" and row[3] != "*" and row[6] in statuses and int(row[4]) <= 1024
        ]
        return self._chance.sample(small, count)


DEFAULTS = POLICY.replace('[guard]\nmax_age = "9000d"\n', "")


def test_an_ordinary_week_goes_live_at_defaults_and_can_be_shown(
    blockc: Blockc, tmp_path: Path
) -> None:
    """Consecutive days, derived from a real one, under the guard and the ages nobody set."""
    nights, day = Nights(blockc, tmp_path), date(2025, 7, 4)
    (tmp_path / "blockc.toml").write_text(DEFAULTS, encoding="utf-8")
    for path in (tmp_path / "sources").iterdir():
        text = path.read_text("utf-8").replace("max_age_hours = 99_999", "max_age_hours = 96")
        path.write_text(text, encoding="utf-8")
    real = data_folder("history") / f"{day}" / "delegated-afrinic-extended-latest"
    registry, shown = Afrinic(real.read_text("ascii")), set[str]()
    for _ in range(7):
        for name in RIRS:
            rows = delegated(name, tuple(ROWS[name]), f"{day:%Y%m%d}")
            (tmp_path / "upstream" / name).write_text(rows, encoding="utf-8")
        (tmp_path / "upstream" / "afrinic").write_text(registry.text(day), encoding="ascii")
        with time_machine.travel(datetime.combine(day, time(22), UTC), tick=False):
            report = nights.refresh()
        assert (report["exit_code"], report["failures"]) == (0, []), report["failures"]
        shown.add(report["generation"])
        day += timedelta(days=1)
        registry.pass_a_day(day)
    assert len(shown) == 7
    assert blockc("history", "verify", "-o", tmp_path / "dist").code == 0
    checked = blockc("verify", tmp_path / "dist", "--store", tmp_path / "store")
    assert checked.code == 0, checked.out
