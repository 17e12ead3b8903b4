"""Line charts as SVG: logarithmic axes, marked limits, a title that screen readers read."""

from collections.abc import Iterator, Sequence
from html import escape
from math import ceil, floor, log10

from blockc.values import Value

WIDTH, HEIGHT = 920, 440
LEFT, END, TOP, FLOOR = 86, 890, 124, 382  # of the space between the axes
LETTER = 7.0  # about the width of one
#: Told apart by people who see fewer colours too, and by their dashes in print.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#7b4ea3")
DASHES = ("", "7 4", "2 3", "10 3 2 3")
STYLE = """\
text { font: 13px system-ui, "DejaVu Sans", sans-serif; fill: #222 }
.title { font-size: 16px; font-weight: 600 }
.small { font-size: 12px; fill: #555; paint-order: stroke; stroke: #fff; stroke-width: 4px }
.grid { fill: none; stroke: #ddd; stroke-width: 1 }
.axis { fill: none; stroke: #444; stroke-width: 1 }
.mark { fill: none; stroke: #888; stroke-width: 1; stroke-dasharray: 3 3 }
.line { fill: none; stroke-width: 2 }
"""

Place = tuple[float, float]


class ChartLine(Value):
    """What is drawn in one colour: places of positive x; those whose y is 0 are on the floor.

    Attributes:
        dots: Places to be seen as such, on the line.
    """

    name: str
    places: Sequence[Place]
    dots: Sequence[Place] = ()


class Axis(Value):
    """A logarithmic axis.

    Attributes:
        title: What is counted, and in what unit.
        unit: Stands after every number.
        least: What is less is drawn like 0.
    """

    title: str
    unit: str = ""
    least: float = 0.0


class Panel(Value):
    """One chart.

    Attributes:
        marks: Places on the x axis that have a name.
    """

    title: str
    x: Axis
    y: Axis
    lines: Sequence[ChartLine]
    marks: Sequence[tuple[float, str]] = ()


class Scale(Value):
    """From positive numbers to pixels, logarithmically; 0 has a place of its own before them.

    Attributes:
        low, high: The numbers at both ends.
        start, stop: Where these are, in pixels.
        zero: Where 0 is, and all that is below `low`.
    """

    low: float
    high: float
    start: float
    stop: float
    zero: float

    @classmethod
    def across(cls, values: Sequence[float]) -> "Scale":
        """Return the scale from left to right that just holds the values."""
        positive = [value for value in values if value > 0] or [1.0]
        return cls(min(positive) / 1.15, max(positive) * 1.15, LEFT, END, LEFT)

    @classmethod
    def upwards(cls, values: Sequence[float], least: float) -> "Scale":
        """Return the scale from below to above, from one power of ten to another."""
        seen = [value for value in values if value > 0 and value >= least] or [least or 1.0]
        low, high = 10.0 ** floor(log10(min(seen))), 10.0 ** ceil(log10(max(seen)))
        start = FLOOR - 24 if len(seen) < len(values) else FLOOR
        return cls(low, high if high > low else 10 * low, start, TOP, FLOOR)

    def at(self, value: float) -> float:
        """Return where a value is drawn."""
        if value < self.low:
            return self.zero
        part = log10(value / self.low) / log10(self.high / self.low)
        return self.start + part * (self.stop - self.start)

    @property
    def ticks(self) -> list[float]:
        """Return the powers of ten, with few of them also what is 2 and 5 times those, and 0."""
        powers = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
        steps = (1, 2, 5) if len(powers) <= 4 else (1,)
        found = [step * 10.0**power for power in powers for step in steps]
        inside = [one for one in found if self.low * 0.999 <= one <= self.high * 1.001]
        return inside if self.zero == self.start else [0.0, *inside]


def chart(title: str, description: str, panels: Sequence[Panel]) -> str:
    """Return a page with the panels below each other.

    Equal arguments give equal bytes: numbers are written with one decimal.
    """
    height = len(panels) * HEIGHT
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    spoken = 'role="img" aria-labelledby="title description"'
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {spoken}>',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="description">{escape(description)}</desc>',
        f"<style>\n{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for number, panel in enumerate(panels):
        drawn += [f'<g transform="translate(0 {number * HEIGHT})">', *_panel(panel), "</g>"]
    return "\n".join([*drawn, "</svg>\n"])


def _panel(panel: Panel) -> Iterator[str]:
    places = [place for line in panel.lines for place in line.places]
    x = Scale.across([*(x for x, _ in places), *(x for x, _ in panel.marks)])
    y = Scale.upwards([y for _, y in places], panel.y.least)
    yield _text(LEFT, 24, panel.title, kind="title")
    yield from _axes(panel, x, y)
    yield from _marks(panel.marks, x)
    for number, line in enumerate(panel.lines):
        yield from _line(line, number, x, y)
        yield from _legend(line, number)


def _axes(panel: Panel, x: Scale, y: Scale) -> Iterator[str]:
    for tick in x.ticks:
        at = x.at(tick)
        yield f'<path class="grid" d="M{at:.1f} {TOP}V{FLOOR}"/>'
        yield _text(at, FLOOR + 19, figure(tick) + panel.x.unit, anchor="middle")
    for tick in y.ticks:
        at = y.at(tick)
        yield f'<path class="grid" d="M{LEFT} {at:.1f}H{END}"/>'
        yield _text(LEFT - 8, at + 4, figure(tick) + panel.y.unit, anchor="end")
    yield f'<path class="axis" d="M{LEFT} {TOP}V{FLOOR}H{END}"/>'
    yield _text((LEFT + END) / 2, HEIGHT - 16, panel.x.title, anchor="middle")
    yield f'<g transform="translate(18 {(TOP + FLOOR) / 2:.1f}) rotate(-90)">'
    yield _text(0, 0, panel.y.title, anchor="middle")
    yield "</g>"


def _marks(marks: Sequence[tuple[float, str]], x: Scale) -> Iterator[str]:
    """Yield the marked places; names that would touch stand above each other."""
    ends = [-1e9, -1e9, -1e9]
    names = []
    for value, name in sorted(marks):
        at, wide = x.at(value), LETTER * len(name)
        begin = min(max(at - wide / 2, LEFT), END - wide)
        row = min(range(len(ends)), key=lambda row: (ends[row] > begin, row))
        ends[row] = begin + wide + 8
        y = TOP - 8 - 15 * row
        yield f'<path class="mark" d="M{at:.1f} {y + 3}V{FLOOR}"/>'
        names.append(_text(begin + wide / 2, y, name, anchor="middle", kind="small"))
    yield from names


def _line(line: ChartLine, number: int, x: Scale, y: Scale) -> Iterator[str]:
    drawn = _thinned([(x.at(one), y.at(other)) for one, other in line.places])
    if drawn:
        spots = "L".join(f"{across:.1f} {down:.1f}" for across, down in drawn)
        yield f'<path class="line" {_stroke(number)} d="M{spots}"/>'
    for one, other in line.dots:
        where = f'cx="{x.at(one):.1f}" cy="{y.at(other):.1f}"'
        yield f'<circle {where} r="3" fill="{COLOURS[number % len(COLOURS)]}"/>'


def _thinned(spots: Sequence[Place]) -> list[Place]:
    """Return the first, the last and what can be seen between them, a pixel apart."""
    kept = list(spots[:1])
    for spot in spots[1:-1]:
        if max(abs(spot[0] - kept[-1][0]), abs(spot[1] - kept[-1][1])) >= 1:
            kept.append(spot)
    return [*kept, *spots[1:][-1:]]


def _legend(line: ChartLine, number: int) -> Iterator[str]:
    """Yield the name of a line: two beside each other, below the title."""
    left, y = LEFT + number % 2 * (END - LEFT) / 2, 48 + 19 * (number // 2)
    yield f'<path class="line" {_stroke(number)} d="M{left:.1f} {y - 4}h28"/>'
    yield _text(left + 36, y, line.name)


def _stroke(number: int) -> str:
    colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
    return f'stroke="{colour}"' + (f' stroke-dasharray="{dash}"' if dash else "")


def _text(x: float, y: float, said: str, *, anchor: str = "start", kind: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f"<text{style} {where}>{escape(said)}</text>"


def figure(value: float) -> str:
    """Return a number as short as it can be read.

    >>> [figure(one) for one in (0, 0.001, 0.5, 20, 1000, 50_000, 2_000_000)]
    ['0', '0.001', '0.5', '20', '1,000', '50,000', '2 M']
    """
    if value >= 1_000_000:
        return f"{value / 1_000_000:,.0f} M"
    return f"{value:,.0f}" if value >= 1 or not value else f"{value:.10f}".rstrip("0")
