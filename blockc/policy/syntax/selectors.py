"""What an operator can select, as text and as values.

A selector names addresses without knowing them; `resolve` finds them. The kinds are the classes
below, and `parse_selector` is the grammar.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import Family, Prefix
from blockc.addresses.parse import HostBits, parse_span
from blockc.errors import PolicyError, suggestion
from blockc.registries import countries
from blockc.registries.records import NAMED_STATUSES
from blockc.values import Value
from blockc.vocabulary import RIRS

MAX_CHARACTERS = 4200  # of a selector: `file:` and the longest path there is
NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_FILTER = re.compile(r"[a-z][a-z0-9_-]*")
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]+\s*([/-].*)?", re.DOTALL)
_TAGGED = re.compile(r"([A-Za-z][A-Za-z-]*):(.*)", re.DOTALL)
_LAST_ASN = 2**32 - 1


class CountrySelector(Value):
    """Space delegated to a country; `ZZ` is space delegated without one."""

    code: str

    def __str__(self) -> str:
        return self.code


class GroupSelector(Value):
    """Space delegated to the countries of a group."""

    name: str

    def __str__(self) -> str:
        return f"group:{self.name}"


class RegistrySelector(Value):
    """Space delegated by one registry."""

    name: str

    def __str__(self) -> str:
        return f"registry:{self.name}"


class StatusSelector(Value):
    """Space of one status: allocated, assigned, available or reserved."""

    name: str

    def __str__(self) -> str:
        return f"status:{self.name}"


class FeedSelector(Value):
    """The addresses of a source, or of those rows that pass every filter.

    Invariant: filters are sorted; a key given twice accepts either value.
    """

    name: str
    filters: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        query = "&".join(f"{key}={value}" for key, value in self.filters)
        return f"feed:{self.name}{'?' if query else ''}{query}"


class AsnSelector(Value):
    """The prefixes an autonomous system announces."""

    number: int

    def __str__(self) -> str:
        return f"asn:{self.number}"


class FileSelector(Value):
    """The addresses, prefixes and ranges of a text file, named from the policy's own folder."""

    path: str

    def __str__(self) -> str:
        return f"file:{self.path}"


class AsnListSelector(Value):
    """The prefixes that the autonomous systems of a list announce; the list is a file or source."""

    listed: FileSelector | FeedSelector

    def __str__(self) -> str:
        return f"asn:{self.listed}"


class ListSelector(Value):
    """What another list of the policy selects."""

    name: str

    def __str__(self) -> str:
        return f"list:{self.name}"


class DelegatedSelector(Value):
    """All space any registry has allocated or assigned."""

    def __str__(self) -> str:
        return "delegated"


class WorldSelector(Value):
    """Every address there is."""

    def __str__(self) -> str:
        return "world"


class AddressRange(Value):
    """An address, a prefix or a range, both ends inclusive."""

    family: Family
    first: int
    last: int

    @property
    def count(self) -> int:
        """Return the number of addresses."""
        return self.last - self.first + 1

    def as_set(self, families: Iterable[Family]) -> AddrSet:
        """Return these addresses as a set over `families`."""
        return AddrSet.of_ranges([(self.family, self.first, self.last)], families)

    def __str__(self) -> str:
        text = self.family.text
        if self.first == self.last:
            return text(self.first)
        length = self.family.width - (self.count.bit_length() - 1)
        if self.count & (self.count - 1) or self.first % self.count:
            return f"{text(self.first)}-{text(self.last)}"
        return str(Prefix(self.family, self.first, length))


Selector = (
    CountrySelector
    | GroupSelector
    | RegistrySelector
    | StatusSelector
    | FeedSelector
    | AsnSelector
    | AsnListSelector
    | FileSelector
    | ListSelector
    | DelegatedSelector
    | WorldSelector
    | AddressRange
)


def parse_selector(text: str) -> Selector:
    """Return what `text` selects.

    Raises:
        PolicyError: Without a place; whoever knows where the text stands adds it.
    """
    _require_short(text)
    if text != text.strip():
        raise PolicyError(f"{text!r} has blanks around it", hint=f"write {text.strip()!r}")
    if text in ("world", "delegated"):
        return WorldSelector() if text == "world" else DelegatedSelector()
    tagged = _TAGGED.fullmatch(text)
    if tagged and tagged[1] in _KINDS and not _is_address(text):
        return _KINDS[tagged[1]](tagged[2])
    if _ADDRESS.fullmatch(text) and any(mark in text for mark in ":./"):
        return parse_addresses(text)
    if tagged:
        said = f"unknown kind of selector {tagged[1]!r}"
        raise PolicyError(said, hint=_kind_advice(tagged[1], tagged[2]))
    return _country(text)


def parse_addresses(text: str) -> AddressRange:
    """Return an address, prefix or range; an IPv4-mapped one is the IPv4 it stands for."""
    _require_short(text)
    try:
        return AddressRange(*parse_span(text))
    except HostBits as mistake:
        address = text.partition("/")[0]
        hint = f"write {mistake.meant} for the prefix, {address} for the one address"
        raise PolicyError(str(mistake), hint=hint) from None
    except ValueError as mistake:
        raise PolicyError(str(mistake), hint="expected an address, a prefix or a range") from None


def _require_short(text: str) -> None:
    """Raise PolicyError for a text that is longer than any path, without repeating it."""
    if len(text) > MAX_CHARACTERS:
        said = f"this has {len(text):,} characters, expected at most {MAX_CHARACTERS:,}"
        raise PolicyError(said, hint="write one selector per entry")


def note_on(text: str) -> str:
    """Return what the operator should know about how `text` was understood, or nothing."""
    code = countries.ALIASES.get(text)
    if code:
        return f"{text} is read as {code} ({countries.name_of(code)})"
    return _PSEUDO_NOTES.get(text, "")


_PSEUDO_NOTES = {
    "EU": "EU is space registered for Europe without a country, not the countries of the "
    "European Union; those are group:eu27",
    "AP": "AP is space registered for Asia and the Pacific without a country, not its countries; "
    "those of Asia are group:asia",
    "ZZ": "ZZ is space delegated without a country, not every country; that is delegated",
}


def _is_address(text: str) -> bool:
    """Return whether `text` is an IPv6 address that begins like a kind: `feed:1::2`."""
    try:
        parse_span(text)
    except ValueError:
        return False
    return True


def _country(text: str) -> CountrySelector:
    code = countries.ALIASES.get(text, text)
    if countries.is_code(code):
        return CountrySelector(code)
    if re.fullmatch(r"(?i)asn?[0-9]+", text):
        number = text.lower().lstrip("asn")
        raise PolicyError(f"unknown selector {text!r}", hint=f"did you mean 'asn:{number}'?")
    near = suggestion(text, ("world", "delegated"))
    hint = near.removeprefix("; ") or countries.advice(text)
    if len(text) == 2:
        hint = hint or "expected an ISO 3166-1 code; `blockc list countries` shows them"
        raise PolicyError(f"unknown country {text!r}", hint=hint)
    raise PolicyError(f"unknown selector {text!r}", hint=hint or _KINDS_HINT)


def _kind_advice(kind: str, rest: str) -> str:
    if kind.lower() in ("cc", "cidr", "country", "ip", "net", "prefix", "range"):
        return f"write {rest!r} by itself"
    near = suggestion(kind.lower(), _KINDS).removeprefix("; ")
    return near or f"known are {', '.join(sorted(_KINDS))}"


def _group(name: str) -> GroupSelector:
    return GroupSelector(_name(name, "group"))


def _list(name: str) -> ListSelector:
    return ListSelector(_name(name, "list"))


def _registry(name: str) -> RegistrySelector:
    if name not in RIRS:
        near = "; did you mean 'ripencc'?" if name.startswith("ripe") else suggestion(name, RIRS)
        hint = near.removeprefix("; ") or f"known are {', '.join(RIRS)}"
        raise PolicyError(f"unknown registry {name!r}", hint=hint)
    return RegistrySelector(name)


def _status(name: str) -> StatusSelector:
    if name not in NAMED_STATUSES:
        known = f"known are {', '.join(NAMED_STATUSES)}"
        hint = suggestion(name, NAMED_STATUSES).removeprefix("; ") or known
        raise PolicyError(f"unknown status {name!r}", hint=hint)
    return StatusSelector(name)


def _feed(text: str) -> FeedSelector:
    name, question, query = text.partition("?")
    pairs = []
    for part in query.split("&") if question else ():
        key, equals, value = part.partition("=")
        if not (equals and value and _FILTER.fullmatch(key)):
            raise PolicyError(
                f"{part!r} is not a filter", hint="write feed:NAME?key=value&key=value"
            )
        pairs.append((key, value))
    return FeedSelector(_name(name, "feed"), tuple(sorted(set(pairs))))


def _asn(text: str) -> AsnSelector | AsnListSelector:
    kind, colon, rest = text.partition(":")
    if colon and kind == "file":
        return AsnListSelector(_file(rest))
    if colon and kind == "feed":
        listed = _feed(rest)
        if listed.filters:
            hint = f"write asn:feed:{listed.name}"
            raise PolicyError("a list of AS numbers has no filters", hint=hint)
        return AsnListSelector(listed)
    if not re.fullmatch(r"0|[1-9][0-9]{0,9}", text) or int(text) > _LAST_ASN:
        written = re.fullmatch(r"(?i)\s*asn?\s*0*([0-9]{1,10})\s*", text)
        short = f"write asn:{written[1]}" if written else ""
        raise PolicyError(
            f"{text!r} is not an autonomous system number",
            hint=short or f"expected 0 to {_LAST_ASN}, file:PATH or feed:NAME",
        )
    return AsnSelector(int(text))


def _file(path: str) -> FileSelector:
    if "://" in path:
        hint = "describe it as a source and select it with feed:NAME"
        raise PolicyError(f"file:{path} is not on this machine", hint=hint)
    if not path or not path.isprintable():
        raise PolicyError("file: needs a path", hint="write file:PATH, from the policy's folder")
    return FileSelector(path)


def _name(text: str, kind: str) -> str:
    if not NAME.fullmatch(text):
        hint = "names are lower-case letters, digits and hyphens, a letter first"
        raise PolicyError(f"{text!r} is not a name of a {kind}", hint=hint)
    return text


_KINDS: Mapping[str, Callable[[str], Selector]] = {
    "asn": _asn,
    "feed": _feed,
    "file": _file,
    "group": _group,
    "list": _list,
    "registry": _registry,
    "status": _status,
}
_KINDS_HINT = (
    "expected a country code, an address, a prefix, a range, world, delegated, or one of "
    + " ".join(f"{kind}:" for kind in _KINDS)
)
