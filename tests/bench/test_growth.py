"""The drawing of growth has a line a program and a place a size, and says them in words."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from blockc.addresses.family import V6
from tests.bench.clock import Run
from tests.bench.growth import drawing, main, some_prefixes

FOUND = {
    "blockc, ipv4": [(10_000, Run(0.25, 40)), (100_000, Run(0.5, 60))],
    "peer": [(10_000, Run(0.01, 5))],
}


def test_time_and_memory_are_drawn_and_told() -> None:
    page = ET.fromstring(drawing(FOUND))  # noqa: S314  ours
    texts = [text.text for text in page.iter("{http://www.w3.org/2000/svg}text")]
    assert {"time", "memory", "blockc, ipv4", "peer", "0.1 s", "100 MB"} <= set(texts)
    (told,) = (one.text or "" for one in page if one.get("id") == "description")
    assert "100,000 prefixes with blockc, ipv4: 0.50 s, 60 MB" in told


def test_as_many_prefixes_are_made_as_asked_for_and_the_same_every_time() -> None:
    lines = some_prefixes(V6, 1000)
    assert lines == some_prefixes(V6, 1000)
    assert len(lines.splitlines()) == 1000


@pytest.mark.slow
def test_growth_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(tmp_path / "g.svg"), "--most", "10000"])
    assert (tmp_path / "g.svg").read_text(encoding="utf-8").startswith("<svg")
    assert "blockc, ipv6           10,000" in capsys.readouterr().out
