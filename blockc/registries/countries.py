"""Country codes as registries and operators write them (the only door to iso3166).

A code says where space is *registered*, which is not where it is used.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache

NO_COUNTRY = "ZZ"

#: What registries write that is not a country. Selectable one by one, never part of a group.
PSEUDO: Mapping[str, str] = {
    "AP": "Asia-Pacific region, no single country",
    "EU": "European Union, no single country",
    NO_COUNTRY: "delegated without a country",
}

#: Codes people write for the one ISO 3166 has.
ALIASES: Mapping[str, str] = {"EL": "GR", "UK": "GB"}

_UNUSED: Mapping[str, str] = {
    "AN": "the Netherlands Antilles were dissolved in 2010; use BQ, CW and SX",
    "BU": "Burma has been MM since 1989",
    "CS": "Serbia and Montenegro became RS and ME in 2006",
    "DD": "the German Democratic Republic has been part of DE since 1990",
    "SU": "the Soviet Union's code is not used by registries; name today's countries",
    "TP": "East Timor has been TL since 2002",
    "XK": "no registry uses XK: Kosovo's space is registered under other codes, mostly RS and AL",
    "YU": "Yugoslavia's code was withdrawn in 2003; name today's countries",
    "ZR": "Zaire has been CD since 1997",
}

#: What people call countries, where neither ISO's name nor its beginning is near.
_SPOKEN: Mapping[str, str] = {
    "america": "US",
    "burma": "MM",
    "cape verde": "CV",
    "czech republic": "CZ",
    "england": "GB",
    "ivory coast": "CI",
    "macedonia": "MK",
    "north korea": "KP",
    "south korea": "KR",
    "swaziland": "SZ",
    "turkey": "TR",
    "usa": "US",
    "vatican": "VA",
}

_AMBIGUOUS = ("congo", "korea")  # the part before the comma fits two countries


@lru_cache(maxsize=1)
def names() -> Mapping[str, str]:
    """Return the English short name of every ISO 3166-1 alpha-2 code, in order of code."""
    import iso3166

    return {
        code: iso3166.countries_by_alpha2[code].apolitical_name
        for code in sorted(iso3166.countries_by_alpha2)
        if code not in _UNUSED
    }


def is_code(text: str) -> bool:
    """Return whether a selector may name `text`: an ISO code or a pseudo-code."""
    return text in PSEUDO or text in names()


def name_of(code: str) -> str:
    """Return the name of a code, or the code itself where there is none."""
    return PSEUDO.get(code) or names().get(code, code)


def advice(text: str) -> str:
    """Return what to write in place of the unknown country `text`, or nothing."""
    if text.upper() in _UNUSED:
        return _UNUSED[text.upper()]
    code = text.upper() if is_code(text.upper()) else _code_of_name(text.casefold())
    return f"did you mean {code!r} ({name_of(code)})?" if code else ""


def _code_of_name(text: str) -> str:
    spellings = _spellings()
    if text in spellings:
        return spellings[text]
    if len(text) < 4 or text in _AMBIGUOUS:
        return ""
    begun = {code for form, code in spellings.items() if form.startswith(text)}
    near = get_close_matches(text, spellings, n=1, cutoff=0.8)
    return begun.pop() if len(begun) == 1 else spellings[near[0]] if near else ""


@lru_cache(maxsize=1)
def _spellings() -> Mapping[str, str]:
    """Return every long form of a country, in lower case, with its code."""
    import iso3166

    found: dict[str, str] = {code.casefold(): ALIASES[code] for code in ALIASES}
    found |= _SPOKEN
    for code in names():
        country = iso3166.countries_by_alpha2[code]
        short = country.name.partition(",")[0].partition(" (")[0]
        for form in (country.name, country.apolitical_name, country.alpha3, short):
            found.setdefault(form.casefold(), code)
    return {form: code for form, code in found.items() if form not in _AMBIGUOUS}
