"""What an artifact can say about an address, and the words each dialect has for it."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import repeat

from blockc.values import Value

NO_COUNTRY = "ZZ"  # of a country map: space that nobody has registered, or in no country
_COUNTRY = re.compile(r"[A-Z]{2}")


class ContentKind(StrEnum):
    """What an artifact says, and so which words it needs."""

    LIST = "list"  # whether an address is blocked
    VERDICTS = "verdicts"  # what happens to an address: the action of the first list that holds it
    COUNTRIES = "countries"  # where an address is registered
    CODES = "codes"  # which countries are blocked; the platform knows by itself who is in them


class Vocabulary(Value):
    """The verdicts of one kind of artifact, in the words of its text.

    Invariant: no word stands for two verdicts.

    Attributes:
        said: The word for each verdict. The default is one of them where an entry can be an
            exception inside another.
        default: The verdict of an address that no entry holds.
        countries: Whether any country code is a verdict too, and its own word.
    """

    said: Mapping[str, str]
    default: str = ""
    countries: bool = False

    def __post_init__(self) -> None:
        if len(set(self.said.values())) < len(self.said):
            raise ValueError(f"one word for two verdicts in {dict(self.said)}")

    def word(self, verdict: str) -> str | None:
        """Return the word for `verdict`, or None if it cannot be expressed."""
        if self.countries and _COUNTRY.fullmatch(verdict):
            return verdict
        return self.said.get(verdict)

    def read(self, words: Sequence[str]) -> tuple[tuple[str, ...], list[int]]:
        """Return the names of verdicts, the default first, and the label of each of `words`.

        A label is -1 where a word stands for no verdict.
        """
        verdicts = {word: verdict for verdict, word in self.said.items()}
        if self.countries:
            verdicts |= {word: word for word in set(words) if _COUNTRY.fullmatch(word)}
        others = sorted(set(verdicts.values()) - {self.default} - set(self.said))
        names = (self.default, *(v for v in self.said if v != self.default), *others)
        label = {word: names.index(verdict) for word, verdict in verdicts.items()}
        return names, list(map(label.get, words, repeat(-1)))


#: One list on a platform without exceptions, where an entry needs no word.
BLOCKS = Vocabulary({"block": ""})
ACTIONS = {"block": "block", "warn": "warn", "monitor": "monitor"}
COUNTRY_CODES = Vocabulary({NO_COUNTRY: NO_COUNTRY}, default=NO_COUNTRY, countries=True)


def spoken(words: Mapping[ContentKind, Vocabulary]) -> tuple[str, ...]:
    """Return the verdicts that any kind of artifact can express, for people to read."""
    found = dict.fromkeys(v for one in words.values() for v in one.said if v != one.default)
    any_country = any(one.countries for one in words.values())
    return (*found, "any country") if any_country else (*found,)
