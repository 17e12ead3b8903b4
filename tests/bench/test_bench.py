"""The benchmark runs on tiny inputs, and notices a result that differs."""

import pytest

from tests.bench.__main__ import ALL, main
from tests.bench.clock import in_turns
from tests.bench.table import HEADER, Row, line


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_every_measurement_runs_and_agrees_with_its_peers(name: str) -> None:
    said: list[str] = []
    assert main(["--small", "--rounds", "1", name], said.append) == 0
    assert said[0] == HEADER
    assert len(said) > 1
    assert all(text.endswith("\n") and "DIFFER" not in text for text in said)


def test_a_row_tells_both_times_their_ratio_and_a_difference() -> None:
    row = Row(what="merge", seconds=0.5, megabytes=12, peer="p", peer_seconds=1.25, reach="fast")
    assert " ".join(line(row).split()) == "merge 500.0 ms 12 p 1.25 s 2.50x fast"
    absent = Row(what="merge", seconds=2, peer="p", reach="fast", differs=True)
    assert " ".join(line(absent).split()) == "merge 2.00 s p absent fast RESULTS DIFFER"


def test_contenders_take_turns_and_the_best_time_counts() -> None:
    called: list[str] = []
    best = in_turns(2, {"a": lambda: called.append("a"), "b": lambda: called.append("b")})
    assert called == ["a", "b", "a", "b"]
    assert all(0 <= seconds < 1 for seconds in best.values())


def test_a_measurement_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["marge"])
    assert "no measurement marge" in capsys.readouterr().err
