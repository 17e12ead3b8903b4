"""Charts are pages that browsers and screen readers understand, the same every time."""

import re
from xml.etree import ElementTree as ET

from blockc.explain.curve import family_curves
from blockc.policy.model import Fit
from blockc.report.chart import HEIGHT, WIDTH, Axis, ChartLine, Panel, chart
from blockc.report.curve_chart import curve_chart
from blockc.vocabulary import WhenOver
from tests.explain.test_curve import question

SVG = "{http://www.w3.org/2000/svg}"
FALLING = ChartLine('<falling> & "low"', [(1, 90), (10, 9), (100, 0.0001), (1000, 0)], [(10, 9)])
PANEL = Panel(
    "A & B",
    Axis("entries"),
    Axis("share", " %", least=0.001),
    [FALLING],
    [(10, "ten"), (11, "eleven, which would touch ten"), (900, "far")],
)


def drawn(*panels: Panel) -> ET.Element:
    return ET.fromstring(chart("title <1>", "what it shows & why", panels))  # noqa: S314  ours


def texts(page: ET.Element) -> list[str]:
    return [text.text or "" for text in page.iter(f"{SVG}text")]


def test_the_page_says_what_it_shows_to_those_who_do_not_see_it() -> None:
    page = drawn(PANEL)
    assert page.get("role") == "img"
    ids = (page.get("aria-labelledby") or "").split()
    named = {one.get("id"): one.text for one in page}
    assert [named[one] for one in ids] == ["title <1>", "what it shows & why"]


def test_whatever_is_written_is_escaped() -> None:
    said = texts(drawn(PANEL))
    assert "A & B" in said
    assert '<falling> & "low"' in said


def test_every_panel_is_inside_the_page_below_the_one_before() -> None:
    page = drawn(PANEL, PANEL)
    assert page.get("viewBox") == f"0 0 {WIDTH} {2 * HEIGHT}"
    places = [one.get("transform") for one in page.findall(f"{SVG}g")]
    assert places == ["translate(0 0)", f"translate(0 {HEIGHT})"]
    for circle in page.iter(f"{SVG}circle"):
        assert 0 < float(circle.get("cx", "")) < WIDTH
        assert 0 < float(circle.get("cy", "")) < HEIGHT


def line_places(page: ET.Element) -> list[tuple[float, float]]:
    """Return the places of the first line, the first of the widest path."""
    path = max((one.get("d", "") for one in page.iter(f"{SVG}path")), key=lambda d: d.count("L"))
    pairs = re.findall(r"([0-9.]+) ([0-9.]+)", path)
    return [(float(x), float(y)) for x, y in pairs]


def test_powers_of_ten_are_equally_far_apart_and_nothing_is_on_the_floor() -> None:
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = line_places(drawn(PANEL))
    assert abs((x2 - x1) - (x3 - x2)) < 0.2 > abs((x3 - x2) - (x4 - x3))
    assert y1 < y2 < y3 == y4, "what is less than the axis shows is drawn as nothing"
    said = texts(drawn(PANEL))
    assert {"0 %", "1 %", "10 %", "100 %", "10", "1,000"} <= set(said)
    assert y2 - y1 < y4 - y2


def test_names_of_marks_do_not_touch() -> None:
    page = drawn(PANEL)
    marks = {one.text: one for one in page.iter(f"{SVG}text") if one.get("class") == "small"}
    ten, eleven, far = (float(marks[name].get("y", "")) for name in marks)
    assert ten != eleven
    assert far == ten
    assert marks.keys() == {"ten", "eleven, which would touch ten", "far"}


def test_lines_of_many_places_are_thinned_to_what_can_be_seen() -> None:
    places = [(float(n), 100 / n) for n in range(1, 100_000)]
    page = drawn(Panel("many", Axis("x"), Axis("y"), [ChartLine("line", places)]))
    found = line_places(page)
    assert len(found) < WIDTH + HEIGHT
    assert found[0][0] < 150
    assert found[-1][0] > WIDTH - 80, "the last place is kept"


def test_one_place_and_no_place_can_be_drawn() -> None:
    for places in ([], [(5.0, 5.0)], [(5.0, 0.0)]):
        page = drawn(Panel("few", Axis("x"), Axis("y"), [ChartLine("line", places)]))
        assert "few" in texts(page)


def test_a_curve_has_a_panel_a_family_with_its_limits_and_shares() -> None:
    curves = family_curves(question(Fit(when_over=WhenOver.BALANCE), mine=20))
    page = ET.fromstring(curve_chart("far", curves))  # noqa: S314  ours
    said = texts(page)
    assert "far, ipv4" in said
    assert "far, ipv6" not in said, "nothing is listed there"
    assert "mine" in said
    assert any(text.startswith("enough ") for text in said)
    names = ["list's addresses missed", "list's delegations missed"]
    assert set(names) <= set(said)
    description = next(one.text for one in page if one.tag == f"{SVG}desc") or ""
    assert all(f"{name}: " in description for name in names)
    assert curve_chart("far", curves) == curve_chart("far", curves)
