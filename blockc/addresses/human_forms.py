"""Addresses in the forms only people write: wildcards and netmasks; and why a text is none of them.

The only door to netaddr, which knows wildcards; everything else goes through `parse`.
"""

import re
from collections.abc import Iterator

from blockc.addresses.family import V4, Prefix
from blockc.addresses.parse import HostBits, Range, parse_raw, parse_span
from blockc.errors import CONFLICT, is_conflict_mark

_WILDCARD = re.compile(r"(?=.*[*-])[0-9*-]+(\.[0-9*-]+){3}")
_NETMASK = re.compile(r"[0-9]+(\.[0-9]+){3}")
_MARKS = re.compile(r"(?:[^:]*:){2}|(?:[^.]*\.){3}")  # what every address has
EXPECTED = "expected an address, a prefix or a range"
#: What to do about a mark between two addresses, which a definition may give a meaning.
BETWEEN = {
    mark: f'{name} is ambiguous: set range = "{mark}" in [rows] if it joins the two ends of a '
    f'range, or split = "{mark}" if it separates entries'
    for mark, name in {",": "a comma", ";": "a semicolon", "|": "a vertical bar"}.items()
}
ZEROS = (
    "a number with a leading zero, which some programs read as octal: write it without, or set "
    'leading_zeros = "decimal" in [rows]'
)
#: Message and advice where an entry stands in a comment.
HIDDEN = (
    "an entry behind `;`, which begins a comment",
    'set split = ";" in [rows] if it separates entries, or begin a remark with `#`',
)
_HIDDEN = re.compile(rb"[;,][0-9A-Fa-f:./* \t\r-]+[;,#\n]")
_ENTRIES = re.compile(r"[0-9A-Fa-f:./* \t\r-]+")
_LEADING_ZEROS = re.compile(r"(?<![0-9A-Fa-f:./])0+(?=[0-9]+\.)|(?<=[0-9]\.)0+(?=[0-9])")
#: What else people write, and what to do about it; the first that is found in a text counts.
_CAUSES = (
    (r"^(//|!|')", "a comment begins with # or ;"),
    (r"//", "a comment begins with # or ;"),
    (r"\t", 'these are columns: read it as format = "csv" with separator = "tab"'),
    *((rf"^[0-9a-fA-F.:/ ]+{re.escape(mark)}", said) for mark, said in BETWEEN.items()),
    (
        r"(?<![0-9A-Fa-f:.*])(?=[0-9]+\.)(0[0-9]|([0-9]+\.){1,3}0[0-9])",
        ZEROS,
    ),
    (
        r"(?<![0-9A-Fa-f:])(?=([0-9]+\.){3}[0-9]+)([0-9]+\.)*(25[6-9]|2[6-9][0-9]|[3-9][0-9]{2}|[0-9]{4,})",
        "one of its numbers is over 255",
    ),
    (r"[\u2010-\u2015\u2212]", "write the range with a plain hyphen"),
    (r"[\u200b\u00a0\ufeff]", "remove the invisible character"),
    (r"^[0-9.]+ +[0-9.]+$", "write a netmask as address/netmask, a range as first-last"),
    (r"^[0-9.]+:[0-9]+$|^\[", "leave out the port and the brackets"),
    (r"%", "leave out the interface behind %"),
    (
        r"^(?=.*[G-Zg-z])[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.[A-Za-z]{2,}\.?$",
        "a host name: only addresses are read",
    ),
)


def parse_written(text: str, *, truncate: bool = False) -> Range:
    """Return family, first and last address of `text`.

    Besides what `parse_span` reads: `192.0.2.*`, `192.0.2-9.*`, `192.0.2.7-9` and
    `192.0.2.0/255.255.255.0`. A netmask is never read as its inverse, the wildcard mask of
    routers: `0.0.0.0` would mean everything or one address. A comma is never a range: it more
    often separates two addresses.

    Args:
        truncate: Clear host bits instead of refusing them.

    Raises:
        HostBits: If host bits are set and `truncate` is false.
        ValueError: If `text` is none of these.

    >>> parse_written("192.0.2.*") == parse_written("192.0.2.0/255.255.255.0")
    True
    """
    if "," in text:
        raise ValueError(f"{text!r} is not an address")
    address, slash, mask = text.partition("/")
    if slash and _NETMASK.fullmatch(mask):
        return _masked(text, address, mask, truncate=truncate)
    try:
        return parse_span(text, truncate=truncate)
    except HostBits:
        raise
    except ValueError:
        if not _WILDCARD.fullmatch(text):
            raise
        return _wildcard(text)


def may_be_written(text: str) -> bool:
    """Return whether `text` has the marks of an address; else `parse_written` does not read it.

    >>> may_be_written("192.0.2.*"), may_be_written("example.com")
    (True, False)
    """
    return _MARKS.match(text) is not None


def hidden_entries(data: bytes) -> Iterator[tuple[int, str]]:
    """Yield entries that a `;` behind another entry makes a comment: the line from 0, and the text.

    In `192.0.2.7; 198.51.100.9` the second one would be lost and nobody told. A remark that says
    more than entries stays a remark, and so does a whole line behind `;`.

    Args:
        data: Lines, each ended by a newline.

    >>> list(hidden_entries(b"192.0.2.7 ; 192.0.2.8\\n; 192.0.2.9\\n192.0.2.1 ; was 192.0.2.2\\n"))
    [(0, '192.0.2.8')]
    """
    line, begin, end = 0, 0, 0
    while b";" in data and (found := _HIDDEN.search(data, end)):
        line += data.count(b"\n", begin, found.start())
        begin = data.rfind(b"\n", begin, found.start()) + 1 or begin
        end = data.index(b"\n", found.start())
        entry, _, remark = (
            data[begin:end].decode("ascii", "replace").partition("#")[0].partition(";")
        )
        parts = remark.replace(",", ";").split(";") if entry.strip() else []
        if hidden := next((part.strip() for part in parts if begins_entry(part)), ""):
            yield line, hidden


def begins_entry(text: str) -> bool:
    """Return whether `text` is one entry or several with blanks between them."""
    if not _ENTRIES.fullmatch(text):
        return False
    try:
        parse_written(without_zeros(text.split(maxsplit=1)[0]), truncate=True)
    except (ValueError, IndexError):
        return False
    return True


def without_zeros(text: str) -> str:
    """Return `text` with the numbers of its IPv4 addresses not filled with zeros.

    >>> without_zeros("001.020.000.010 - 001.020.000.255")
    '1.20.0.10 - 1.20.0.255'
    """
    return _LEADING_ZEROS.sub("", text)


def advice(text: str) -> str:
    """Return what to do about a `text` that `parse_written` does not read.

    >>> advice("example.com")
    'a host name: only addresses are read'
    """
    if is_conflict_mark(text):
        return f"{CONFLICT[0]}: {CONFLICT[1]}"
    return next((said for pattern, said in _CAUSES if re.search(pattern, text)), EXPECTED)


def _masked(text: str, address: str, mask: str, *, truncate: bool) -> Range:
    family, number = parse_raw(address)
    mask_family, bits = parse_raw(mask)
    host = bits ^ mask_family.last
    if family != mask_family or host & (host + 1):
        raise ValueError(f"{mask!r} is not a netmask of {family.name}")
    meant = Prefix(family, number & bits, family.width - host.bit_length())
    if number & host and not truncate:
        raise HostBits(text, meant)
    return family, meant.first, meant.last


def _wildcard(text: str) -> Range:
    import netaddr

    try:
        found = netaddr.glob_to_iprange(text)
    except netaddr.AddrFormatError:
        raise ValueError(f"{text!r} is not a wildcard or range of addresses") from None
    return V4, found.first, found.last
