"""What is counted on each day of a migration as bars, one chart below the other, as SVG."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from html import escape

from blockc.report.chart import COLOURS, END, LEFT, STYLE, WIDTH, figure
from blockc.values import Value

_HIGH, _TOP, _FLOOR = 280, 76, 236  # of a chart, and of the space between its axes
_TICKS, _DATES, _LONGEST_MARK = 5, 8, 48
_LETTER = 6.5  # about the width of one


class Bars(Value):
    """One chart: what is counted, and how much of it on each day."""

    title: str
    counts: Mapping[date, int]


def trend_chart(title: str, charts: Sequence[Bars], marks: Sequence[tuple[date, str]] = ()) -> str:
    """Return charts over the same days as SVG that needs nothing else.

    Equal arguments give equal bytes.

    Args:
        title: Of the page.
        charts: A day that one of them does not count has no bar.
        marks: Days that have a name; those outside of the days are left out.
    """
    counted = sorted({day for one in charts for day in one.counts})
    days = _days(counted[0], counted[-1]) if counted else []
    high = 40 + len(charts) * _HIGH
    size = f'viewBox="0 0 {WIDTH} {high}" width="{WIDTH}" height="{high}"'
    spoken = 'role="img" aria-labelledby="title description"'
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {spoken}>',
        f'<title id="title">{_said(title)}</title>',
        f'<desc id="description">{_said(_told(charts))}</desc>',
        f"<style>\n{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{high}" fill="#fff"/>',
        f'<text class="title" x="{LEFT}" y="26">{_said(title[:90])}</text>',
    ]
    for number, one in enumerate(charts):
        drawn.append(f'<g transform="translate(0 {30 + number * _HIGH})">')
        drawn += _chart(one, days, COLOURS[number % len(COLOURS)])
        drawn += _marks(marks, days)
        drawn.append("</g>")
    return "\n".join([*drawn, "</svg>\n"])


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _told(charts: Sequence[Bars]) -> str:
    """Return what the charts show, for whoever does not see them: their first and last days."""
    told = []
    for one in charts:
        ends = sorted(one.counts)[:1] + sorted(one.counts)[1:][-1:]
        told.append(f"{one.title}: " + ", ".join(f"{one.counts[day]:,} on {day}" for day in ends))
    return "; ".join(told)


def _chart(one: Bars, days: Sequence[date], colour: str) -> Iterator[str]:
    top = max(one.counts.values(), default=0)
    step = _step(top)
    highest = step * max(1, -(-top // step))
    scale = (_FLOOR - _TOP) / highest
    yield f'<text x="{LEFT}" y="30">{_said(one.title)}</text>'
    for tick in range(0, highest + 1, step):
        y = _FLOOR - tick * scale
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{END}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{figure(tick)}</text>'
    wide = (END - LEFT) / max(1, len(days))
    every = -(-len(days) // _DATES)
    for at, day in enumerate(days):
        x, count = LEFT + at * wide, one.counts.get(day, 0)
        if count:
            y = _FLOOR - count * scale
            yield (
                f'<rect x="{x + wide * 0.1:.1f}" y="{y:.1f}" width="{wide * 0.8:.1f}" '
                f'height="{_FLOOR - y:.1f}" fill="{colour}"><title>{day}: {count:,}</title></rect>'
            )
        if at % every == 0:
            middle = x + wide / 2
            yield f'<text x="{middle:.1f}" y="{_FLOOR + 19}" text-anchor="middle">{day}</text>'
    yield f'<path class="axis" d="M{LEFT} {_TOP}V{_FLOOR}H{END}"/>'


def _step(top: int) -> int:
    """Return the distance of ticks: 1, 2 or 5 times a power of ten, so that a few are enough.

    >>> [_step(top) for top in (0, 4, 7, 90, 1385)]
    [1, 1, 2, 20, 500]
    """
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if top <= _TICKS * step:
                return step
        power *= 10


def _marks(marks: Sequence[tuple[date, str]], days: Sequence[date]) -> Iterator[str]:
    """Yield the named days, each name above those that it would touch."""
    wide = (END - LEFT) / max(1, len(days))
    for row, (day, name) in enumerate(sorted(one for one in marks if one[0] in days)):
        x, y = LEFT + days.index(day) * wide, _TOP - 6 - 14 * (row % 2)
        said = name[:_LONGEST_MARK]
        left = min(x, END - _LETTER * len(said))
        yield f'<path class="mark" d="M{x:.1f} {y - 8}V{_FLOOR}"/>'
        yield f'<text class="small" x="{left + 3:.1f}" y="{y}">{_said(said)}</text>'


def _said(text: str) -> str:
    """Return text that XML takes, whatever is in it."""
    return escape("".join(c if c.isprintable() else " " for c in text))
