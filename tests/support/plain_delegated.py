"""A delegation file read the obvious way: slow, a row at a time, with nothing from blockc.

The oracle for `blockc.formats.delegated.reader`: both must accept the same files and rows.
"""

import re
from datetime import date
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import NamedTuple

REGISTRIES = ("afrinic", "apnic", "arin", "lacnic", "ripencc", "iana")
STATUSES = ("allocated", "assigned", "available", "reserved")
DELEGATED = ("allocated", "assigned")
#: RFC 6890, RFC 5771 and RFC 4291: no registry hands out a part of these.
UNDELEGABLE = [
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4"),
        *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"),
        *("::/8", "2001:2::/48", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16"),
        *("fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
    )
]


class PlainRow(NamedTuple):
    """One address row; `first` and `last` are whole addresses, unknown dates are 0."""

    family: int
    first: int
    last: int
    country: str
    registry: str
    status: str
    date: int
    line: int


class PlainFile(NamedTuple):
    """All address rows in the order of the file, and how many rows of each type there are."""

    rows: list[PlainRow]
    counts: dict[str, int]


def read_plain(data: bytes) -> PlainFile:
    """Read `data`; any ValueError means that the file is to be refused."""
    refuse(data[:3] == b"\xef\xbb\xbf" or data[:2] in (b"\xff\xfe", b"\xfe\xff"))
    refuse(data[:2] == b"\x1f\x8b" or data[:3] == b"BZh" or data[:4] == b"PK\x03\x04")
    refuse(data[:6] == b"\xfd7zXZ\0" or data[:4] == b"\x28\xb5\x2f\xfd")
    refuse(b"\0" in data or data.lstrip()[:1] == b"<")
    lines = data.decode("latin-1").split("\n")
    useful = [
        (number, line.rstrip(" \t\r").split("|"))
        for number, line in enumerate(lines, start=1)
        if line.rstrip(" \t\r") and not line.startswith("#")
    ]
    refuse(not useful)
    registry, promised = read_header(useful[0][1])
    refuse(registry not in ("iana", "nro") and not data.endswith(b"\n"))
    promises, rows, counts = {}, [], dict.fromkeys(("asn", "ipv4", "ipv6", "other"), 0)
    for number, fields in useful[1:]:
        if fields[1:2] == ["*"]:
            kind, count = read_summary(fields, registry)
            refuse(kind in promises)
            promises[kind] = count
            continue
        row = read_row(fields, registry, number)
        counts[fields[2] if fields[2] in counts else "other"] += 1
        rows += [row] if row else []
    require_counts(counts, promises, promised)
    return PlainFile(rows, counts)


def refuse(condition: object) -> None:
    """Raise if `condition` is true."""
    if condition:
        raise ValueError("the file is to be refused")


def must_match(pattern: str, text: str) -> None:
    """Raise unless the whole of `text` matches."""
    refuse(not re.fullmatch(pattern, text, re.ASCII))


def as_date(text: str) -> int:
    """Return yyyymmdd as a number; raise if it is not a day."""
    must_match(r"\d{8}", text)
    date(int(text[:4]), int(text[4:6]), int(text[6:]))
    return int(text)


def read_header(fields: list[str]) -> tuple[str, int]:
    """Return the registry and the number of rows promised."""
    version, registry, serial, records, start, end, offset = fields
    must_match(r"2(\.\d{1,2})?", version)
    refuse(registry not in (*REGISTRIES, "nro"))
    must_match(r"\d{1,20}", serial)
    must_match(r"\d{1,9}", records)
    if start not in ("", "00000000"):
        as_date(start)
    as_date(end)
    must_match(r"[+-]?\d{4,5}", offset)
    return registry, int(records)


def read_summary(fields: list[str], registry: str) -> tuple[str, int]:
    """Return type and number of rows promised."""
    name, _, kind, star, count, word = fields
    refuse(name != registry or star != "*" or word != "summary")
    refuse(kind not in ("asn", "ipv4", "ipv6"))
    must_match(r"0|[1-9]\d{0,9}", count)
    return kind, int(count)


def read_row(fields: list[str], of: str, line: int) -> PlainRow | None:
    """Return an address row, or None for a row that is only counted."""
    refuse(len(fields) < 7)
    registry, country, kind, start, value, day, status = fields[:7]
    combined = of in ("iana", "nro")
    refuse(registry not in REGISTRIES if combined else registry != of)
    must_match(r"([A-Z]{2})?", country)
    if kind == "asn":
        must_match(r"0|[1-9]\d{0,9}", start)
        must_match(r"[1-9]\d{0,9}", value)
        refuse(int(start) + int(value) > 2**32)
    if kind not in ("ipv4", "ipv6"):
        return None
    status = status if status in STATUSES else "other"
    widest = 8 if not combined else 6 if status in DELEGATED else 0
    family, first, last = read_span(kind, start, value, widest)
    refuse(registry != "iana" and status in DELEGATED and is_undelegable(family, first, last))
    try:
        when = as_date(day)
    except ValueError:
        when = 0
    return PlainRow(family, first, last, country, registry, status, when, line)


def read_span(kind: str, start: str, value: str, widest: int) -> tuple[int, int, int]:
    """Return family version, first and last address."""
    must_match(r"[1-9]\d{0,9}", value)
    if kind == "ipv4":
        family, first, size = 4, int(IPv4Address(start)), int(value)
    else:
        refuse("%" in start or int(value) > 128)
        family, first, size = 6, int(IPv6Address(start)), 1 << (128 - int(value))
        refuse(first % size)
    width = 32 if family == 4 else 128
    refuse(first + size > 1 << width or size > 1 << (width - widest))
    return family, first, first + size - 1


def require_counts(counts: dict[str, int], promises: dict[str, int], promised: int) -> None:
    """Raise unless the counts are right, or wrong only for AS numbers."""
    for kind in ("ipv4", "ipv6"):
        refuse(counts[kind] != promises.get(kind, 0))
    total = sum(counts.values())
    refuse(not total)
    gap = promises.get("asn", counts["asn"]) - counts["asn"]
    refuse(promised - total not in (0, gap))


def is_undelegable(family: int, first: int, last: int) -> bool:
    """Return whether a part of the span is space that no registry can delegate."""
    return any(
        first <= int(net.broadcast_address) and last >= int(net.network_address)
        for net in UNDELEGABLE
        if net.version == family
    )
