"""The table of what a day of logs costs is computed from what was measured; and that is counted."""

import sys
from pathlib import Path

import pytest

from tests.bench.audit_costs import DAYS, MEASURED, PAGE, fitted, main, read_costs, renewed
from tests.bench.clock import run

BURN = "import time\nwhile time.process_time() < {}: pass\n"
LEAVES = f"import os\nif os.fork(): os._exit(0)\n{BURN.format(0.5)}"


def test_the_page_says_for_a_day_what_its_own_slopes_come_to() -> None:
    page = PAGE.read_text(encoding="utf-8")
    costs = read_costs(page)
    assert [(one.engine, one.form) for one in costs] == [*MEASURED]
    assert renewed(page, costs) == page
    slope = next(c.slope for c in costs if (c.engine, c.form) == (DAYS["1 TB"][0], "text"))
    hours = f"{slope / 3.6:.1f}"
    assert f"| 1 TB | embedded | text | {hours} | 1 |" in page
    wrong = page.replace(f"| {hours} | 1 |", "| 0.1 | 1 |")
    assert renewed(wrong, costs) == page != wrong


def test_start_and_slope_are_those_of_the_nearest_line() -> None:
    assert fitted([(0.1, 3.2), (1.0, 5.0), (2.0, 7.0)]) == pytest.approx((3.0, 2.0))
    assert fitted([(0.0, 1.0), (1.0, 2.0), (1.0, 4.0)]) == pytest.approx((1.0, 2.0))


def test_what_a_command_leaves_behind_counts_too(tmp_path: Path) -> None:
    taken = run([sys.executable, "-c", LEAVES], tmp_path / "said")
    assert 0.5 <= taken.processor < 5


@pytest.mark.slow
def test_costs_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--small"])
    assert capsys.readouterr().out.count("| embedded |") == 3
