"""What every feed must pass, whatever its format: the one place that decides what is believed."""

import re
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.addrset import AddrSet
from blockc.addresses.columns import Column, Spans
from blockc.addresses.family import FAMILIES, Family
from blockc.addresses.lines import IN_A_LIST
from blockc.addresses.plain_text import warning
from blockc.addresses.wrong_texts import Positions, WrongTexts
from blockc.errors import Location, SourceSyntaxError, SourceUnfit
from blockc.formats.parsing.format_options import FormatOptions
from blockc.registries.special import special_addresses, special_purpose
from blockc.values import Value

Locate = Callable[[int, str], Location]
_MOST_WRONG = 100  # one row in so many may be left out, and in small files two
_FEW_WRONG = 2
_KEY = re.compile(r'\b([a-z_]+) = "')  # of a hint that names what may be set


class Rows(Value, eq=False):
    """The rows of a file on their way to a feed.

    Attributes:
        name: What the file is called in messages.
        spans: Start and inclusive end of the rows by family.
        positions: Which row each span is, ascending.
        locate: Returns where a row stands, narrowed to a part of it.
    """

    name: str
    spans: Mapping[Family, Spans]
    positions: Mapping[Family, Positions]
    locate: Locate

    def take(self, chosen: Mapping[Family, NDArray[np.bool_]]) -> "Rows":
        """Return the rows that masks pick."""
        spans = {
            family: columns.narrow_spans(start[chosen[family]], last[chosen[family]])
            for family, (start, last) in self.spans.items()
        }
        positions = {family: places[chosen[family]] for family, places in self.positions.items()}
        return Rows(self.name, spans, positions, self.locate)

    def __len__(self) -> int:
        return sum(map(len, self.positions.values()))


def require_right(rows: Rows, wrong: WrongTexts, options: FormatOptions, count: int) -> list[str]:
    """Return what to say about the `wrong` of `count` rows, which are left out.

    Raises:
        SourceSyntaxError: At the first one, unless `options` lets a few pass.
    """
    if not wrong:
        return []
    first, number = wrong.first[0], len(wrong)
    at, advice = rows.locate(first.position, first.text), _advice(first.hint, options)
    if options.rows.bad_rows == "refuse":
        raise SourceSyntaxError(first.message, at=at, hint=advice)
    few = number <= _FEW_WRONG and number * 2 < count
    if (number * _MOST_WRONG > count and not few) or wrong.more:
        message = f"{number:,} of {count:,} rows cannot be read, the first because {first.message}"
        most = f'bad_rows = "skip" leaves out one row in {_MOST_WRONG}, or {_FEW_WRONG} of a few'
        raise SourceSyntaxError(message, at=at, hint=f"{advice}; {most}")
    said = f"left out, {first.message}" + (f"; {advice}" if advice else "")
    return [warning(at, said, number)]


def _advice(hint: str, options: FormatOptions) -> str:
    """Return what to do about a row; keys of `[rows]` that its format lacks are no help."""
    keys = _KEY.findall(hint)
    can = options.takes is None or options.takes.issuperset(keys)
    return hint if can else IN_A_LIST.get(hint, hint)


def require_believable(rows: Rows, options: FormatOptions) -> tuple[AddrSet, list[str]]:
    """Return the special-purpose space to leave out of `rows`, and what to say about it.

    Raises:
        SourceUnfit: There are no rows, or too many, or nothing is left of them; or one is wider
            than is believed.
        SourceSyntaxError: A row is of a family the source has not.
    """
    at = Location(rows.name)
    if not len(rows):
        if options.may_be_empty:
            return AddrSet.empty(), []
        hint = "if that may be so, say may_be_empty = true in its definition"
        raise SourceUnfit("lists no addresses", at=at, hint=hint)
    if len(rows) > options.max_records:
        message = f"lists {len(rows):,} rows, at most {options.max_records:,} are believed"
        raise SourceUnfit(message, at=at, hint="raise expect.max_records if it is meant")
    _require_family(rows, options.family)
    inside = {family: _inside_special(family, *rows.spans[family]) for family in FAMILIES}
    if options.rows.special == "keep":
        inside = {family: np.zeros_like(mask) for family, mask in inside.items()}
    for family in FAMILIES:
        _require_narrow(rows, family, ~inside[family], options.widest(family))
    everything = AddrSet.of_spans(rows.spans)
    dropped = (
        AddrSet.empty() if options.rows.special == "keep" else everything & special_addresses()
    )
    if dropped == everything:
        raise SourceUnfit(
            "lists nothing but special-purpose addresses",
            at=at,
            hint='set special = "keep" in [rows] if they are meant',
        )
    return dropped, _said_of_special(rows, inside, dropped)


def _require_family(rows: Rows, wanted: Family | None) -> None:
    for family in FAMILIES:
        if wanted is not None and wanted != family and len(rows.positions[family]):
            raise SourceSyntaxError(
                f"an IPv{family.version} address in a source of IPv{wanted.version}",
                at=rows.locate(int(rows.positions[family][0]), ""),
                hint="correct family in [rows], or leave it out",
            )


def _inside_special(family: Family, start: Column, last: Column) -> NDArray[np.bool_]:
    """Return which spans lie within special-purpose space."""
    part = special_addresses().part(family)
    (starts, ends), (start, last) = columns.spans_alike([(part.starts, part.lasts), (start, last)])
    run = np.searchsorted(starts, start, side="right") - 1
    return np.asarray(part.labels[run] & (last <= ends[run]))


def _require_narrow(rows: Rows, family: Family, asked: NDArray[np.bool_], widest: int) -> None:
    """Raise unless no span that is `asked` about holds a whole prefix shorter than `widest`."""
    start, last = rows.spans[family]
    wide = np.flatnonzero(asked & _holds_block(family, start, last, widest - 1))
    if not len(wide):
        return
    row = int(wide[0])
    first = columns.ints(family, start[row : row + 1])[0]
    end = columns.last_ints(family, last[row : row + 1])[0]
    raise SourceUnfit(
        f"{family.text(first)}-{family.text(end)} is wider than a /{widest}",
        at=rows.locate(int(rows.positions[family][row]), ""),
        hint=f"set widest_prefix.{family.name} in [rows] if it is meant",
    )


def _holds_block(family: Family, start: Column, last: Column, length: int) -> NDArray[np.bool_]:
    """Return which spans hold a whole aligned block of `length` bits, -1 standing for more."""
    if length < 0:
        return np.zeros(len(start), dtype=bool)
    bits = columns.unit_bits(family) - length
    rest, once = np.uint64((1 << bits) - 1), np.uint64(bits - 1)  # a shift by 64 is undefined
    begins, ends = start, last
    inside, whole = np.zeros(len(start), dtype=bool), np.ones(len(start), dtype=bool)
    if columns.is_wide(start):
        (begins, low), (ends, high) = columns.split(start), columns.split(last)
        inside, whole = low > 0, high == columns.ALL
    first = (begins >> once >> columns.ONE) + (((begins & rest) > 0) | inside)
    stop = (ends >> once >> columns.ONE) + (((ends & rest) == rest) & whole)
    return np.asarray(first < stop)


def _said_of_special(
    rows: Rows, inside: Mapping[Family, NDArray[np.bool_]], dropped: AddrSet
) -> list[str]:
    messages = []
    for family in FAMILIES:
        count = dropped.count_of(family)
        if not count:
            continue
        places = rows.positions[family][inside[family]]
        at = rows.locate(int(places[0]), "") if len(places) else Location(rows.name)
        name = _name_of(family, columns.ints(family, dropped.spans(family)[0][:1])[0])
        sentence = f"special-purpose space is left out: {count:,} {family.name} addresses, {name}"
        messages.append(warning(at, sentence, len(places)))
    return messages


def _name_of(family: Family, address: int) -> str:
    """Return the narrowest special purpose that `address` serves."""
    found = [
        row
        for row in special_purpose()
        if row.prefix.family == family and row.prefix.first <= address <= row.prefix.last
    ]
    narrowest = max(found, key=lambda row: row.prefix.length)
    return f"such as {narrowest.prefix} ({narrowest.name})"
