"""What the rows of a feed are called: countries, AS numbers and whatever else it tells."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from blockc.addresses.family import Family
from blockc.addresses.wrong_texts import Positions, Wrong, WrongTexts
from blockc.formats.feeds.feed import Tag
from blockc.formats.parsing.format_options import COUNTRY, FormatOptions
from blockc.values import Value

COUNTRIES = ("country", "registered")
ASN = "asn"
_LAST_ASN = 2**32 - 1
_NUMBER = re.compile(r"\d+", re.ASCII)
# One number or the several origins of a prefix: `64500_64501`, or an AS set, `64500,64501`.
_AS_NUMBERS = re.compile(r"(?:AS)?\d{1,10}(?:[_,]\d{1,10})*", re.IGNORECASE | re.ASCII)
Codes = NDArray[np.int32]


class Categorical(Value, eq=False):
    """Texts by number.

    Invariant: `names` are distinct and the first is empty; `codes` are positions in them.
    """

    names: tuple[str, ...]
    codes: Codes

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Categorical":
        """Return `texts`, numbered in the order of their first appearance."""
        names = tuple(dict.fromkeys(chain([""], texts)))
        numbers = {name: number for number, name in enumerate(names)}
        codes = np.fromiter(map(numbers.__getitem__, texts), dtype=np.int32, count=len(texts))
        return cls(names, codes)

    @classmethod
    def constant(cls, text: str, count: int) -> "Categorical":
        """Return `count` times the same text."""
        names = ("", text) if text else ("",)
        return cls(names, np.full(count, len(names) - 1, dtype=np.int32))

    def renamed(self, change: Callable[[str], str]) -> "Categorical":
        """Return the texts as `change` writes them."""
        again = Categorical.of([change(name) for name in self.names])
        return Categorical(again.names, again.codes[self.codes])

    def wrong(self, right: Callable[[str], bool], message: str, hint: str) -> WrongTexts:
        """Return the texts that are neither empty nor right."""
        bad = np.array([bool(name) and not right(name) for name in self.names])

        def why(position: int) -> Wrong:
            text = self.names[self.codes[position]]
            return Wrong(position, text, f"{text!r} {message}", hint)

        return WrongTexts.of(np.flatnonzero(bad[self.codes]), why)


class Tags(Value, eq=False):
    """The tags of all rows of a file, by position.

    Attributes:
        coded: By name of the tag. A row that several AS announce has all their numbers, with `_`
            between them.
        wrong: Rows that are called what cannot be.
        untagged: Rows that no AS announces and that nothing else is said about.
    """

    coded: Mapping[str, Categorical]
    wrong: WrongTexts
    untagged: NDArray[np.bool_]

    @classmethod
    def of(cls, texts: Mapping[str, Sequence[str]], count: int, options: FormatOptions) -> "Tags":
        """Return the tags that `texts` and the labels of `options` say about `count` rows."""
        coded = {
            name: _cleaned(Categorical.of(values), options.rows.empty)
            for name, values in texts.items()
        }
        wrong: list[WrongTexts] = []
        for name in coded.keys() & set(COUNTRIES):
            coded[name] = coded[name].renamed(str.upper)
            said = "is not a country code", "expected such as DE"
            wrong.append(coded[name].wrong(_is_country, *said))
        if ASN in coded:
            numbers, said = coded[ASN], ("is not an AS number", "expected such as 64500")
            wrong.append(numbers.wrong(_are_as_numbers, *said))
            coded[ASN] = numbers.renamed(_plain_numbers)
        untagged = np.full(count, ASN in coded)
        for one in coded.values():
            untagged &= one.codes == 0
        constant = {
            name: Categorical.constant(value, count) for name, value in options.rows.labels.items()
        }
        return cls(coded | constant, WrongTexts.joined(wrong), untagged)

    def differ(self, one: Positions, other: Positions) -> NDArray[np.bool_]:
        """Return which pairs of rows are not called the same."""
        unlike = np.zeros(len(one), dtype=bool)
        for coded in self.coded.values():
            unlike |= coded.codes[one] != coded.codes[other]
        return unlike

    def described(self, position: int) -> str:
        """Return what one row is called, for messages."""
        texts = [coded.names[coded.codes[position]] for coded in self.coded.values()]
        return " ".join(filter(None, texts)) or "nothing"

    def columns(
        self, positions: Mapping[Family, Positions]
    ) -> tuple[Mapping[Family, NDArray[np.intp]], dict[str, Tag]]:
        """Return which of the rows at `positions` to take, in order, and their tags.

        A row is taken once for each AS that announces it.
        """
        rows = {family: np.arange(len(places)) for family, places in positions.items()}
        tags: dict[str, Tag] = {}
        if ASN in self.coded:
            rows, tags[ASN] = _by_as(self.coded[ASN], positions)
        for name in self.coded.keys() - {ASN}:
            coded = self.coded[name]
            labels = {f: coded.codes[places[rows[f]]] for f, places in positions.items()}
            tags[name] = Tag(coded.names, labels)
        return rows, {name: tags[name] for name in self.coded}


def _by_as(
    coded: Categorical, positions: Mapping[Family, Positions]
) -> tuple[dict[Family, NDArray[np.intp]], Tag]:
    """Return each row as often as it has AS numbers, and the numbers one by one."""
    several = [name.split("_") for name in coded.names]
    single = Categorical.of([number for numbers in several for number in numbers])
    counts = np.array([len(numbers) for numbers in several])
    first = np.cumsum(counts) - counts
    rows, labels = {}, {}
    for family, places in positions.items():
        codes = coded.codes[places]
        times = counts[codes]
        rows[family] = np.repeat(np.arange(len(places)), times)
        nth = np.arange(len(rows[family])) - np.repeat(np.cumsum(times) - times, times)
        labels[family] = single.codes[np.repeat(first[codes], times) + nth]
    return rows, Tag(single.names, labels)


def _cleaned(coded: Categorical, empty: Iterable[str]) -> Categorical:
    nothing = set(empty)

    def clean(name: str) -> str:
        stripped = name.strip()
        return "" if stripped in nothing else stripped

    return coded.renamed(clean)


def _is_country(name: str) -> bool:
    return bool(COUNTRY.fullmatch(name))


def is_as_number(text: str) -> bool:
    """Return whether `text` is one AS number as this module writes them."""
    return text == _plain_numbers(text) != "" and "_" not in text


def _are_as_numbers(name: str) -> bool:
    if name.isdecimal() and name.isascii() and len(name) < 10:
        return True
    return bool(_AS_NUMBERS.fullmatch(name)) and max(_numbers(name)) <= _LAST_ASN


def _plain_numbers(name: str) -> str:
    """Return `AS64500` as `64500`, several numbers with `_` between them, and AS 0 as nothing.

    AS 0 announces nothing (RFC 7607).
    """
    if not name or not _are_as_numbers(name):
        return ""
    return "_".join(dict.fromkeys(str(number) for number in _numbers(name) if number))


def _numbers(name: str) -> list[int]:
    return [int(number) for number in _NUMBER.findall(name)]
