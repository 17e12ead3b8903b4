"""Files of every shape, by the language they are in: a shape makes a file of about so many bytes.

Some are right and most are not. None is larger than it says, so what a reader makes of one is its
own doing.
"""

import struct
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from io import BytesIO
from itertools import chain, count, repeat
from zipfile import ZIP_DEFLATED, ZipFile

from blockc.targets.data.mmdb_writer import Datum, Unsigned, encoded

Shape = Callable[[int], bytes]
Shapes = Mapping[str, Shape]


def filled(size: int, pieces: Iterable[str], head: str = "", tail: str = "") -> bytes:
    """Return `head`, as many pieces as there is room for in `size` bytes, and `tail`."""
    room, taken = size - len(head) - len(tail), [head]
    for piece in pieces:
        room -= len(piece)
        if room < 0:
            break
        taken.append(piece)
    return "".join([*taken, tail]).encode()


def hosts() -> Iterator[str]:
    """Yield public addresses, no two side by side, and after a million of them the same again."""
    return (f"{11 + (n >> 21 & 7)}.{n >> 14 & 127}.{n >> 7 & 127}.{n << 1 & 255}" for n in count())


def table(mark: str, row: Callable[[str], str], head: str = "") -> Shapes:
    """Return shapes of lines whose cells have `mark` between them.

    Args:
        row: Makes a right line of an address.
        head: The first lines.
    """

    def of(pieces: Callable[[], Iterable[str]], tail: str = "") -> Shape:
        return lambda size: filled(size, pieces(), head, tail)

    return {
        "many rows": of(lambda: map(row, hosts())),
        "one row again": of(lambda: repeat(row("11.0.0.2"))),
        "broken lines": of(lambda: repeat("x\n")),
        "mistakes": of(lambda: (row(f"11.0.0.256{n}") for n in count())),
        "one wide row": lambda size: filled(
            size, chain([mark * (size // 2) + "\n"], map(row, hosts())), head
        ),
        "a wide row, many empty ones": lambda size: filled(
            size, chain([mark * (size // 2) + "\n"], repeat(f"{mark}\n")), head
        ),
        "one line": of(lambda: repeat("7" * 1000), "\n"),
        "one line of cells": of(lambda: repeat(f"1{mark}"), "\n"),
        "one line of quotes": of(lambda: repeat(f'""{mark}'), "\n"),
        "rows of quotes": of(lambda: repeat('""\n')),
        "an open quote": of(lambda: chain(['"'], repeat("x\n"))),
        "blank lines": of(lambda: repeat(" \n"), row("11.0.0.2")),
        "comments": of(lambda: repeat("#\n"), row("11.0.0.2")),
        "short lines": of(lambda: repeat("xyz\n")),
        "quoted line breaks": of(lambda: repeat('"\n')),
        "short IPv6": of(lambda: repeat("::\n")),
        "alternating ends": of(lambda: repeat("x\r\ny\nz\r")),
        "smileys": lambda size: "\N{GRINNING FACE}".encode() * (size // 4),
        "not UTF-8": lambda size: head.encode() + b"\xff\n" * (size // 2),
    }


def json(head: str, item: Callable[[str], str], tail: str, line: str = "") -> Shapes:
    """Return shapes of JSON: items between `head` and `tail`, or one in each line.

    Args:
        item: Makes a right item of an address.
        line: What ends an item, where it is not a comma between two.
    """
    first = item("11.0.0.2")

    def of(pieces: Callable[[], Iterable[str]]) -> Shape:
        if line:
            return lambda size: filled(size, (piece + line for piece in pieces()), head)
        return lambda size: filled(size, ("," + piece for piece in pieces()), head + first, tail)

    return {
        "many rows": of(lambda: map(item, hosts())),
        "one row again": of(lambda: repeat(first)),
        "mistakes": of(lambda: (item(f"11.0.0.256{n}") for n in count())),
        "empty lists": of(lambda: repeat("[]")),
        "empty objects": of(lambda: repeat("{}")),
        "numbers": of(lambda: (str(n % 9000 + 1000) for n in count())),
        "short texts": of(lambda: (f'"{n % 90_000}"' for n in count())),
        "broken lines": lambda size: filled(size, repeat("x\n")),
        "deep lists": lambda size: filled(size, repeat("["), head),
        "deep objects": lambda size: filled(size, repeat('{"a":'), head),
        "one number": lambda size: filled(size, repeat("7" * 1000), head),
        "one text": lambda size: filled(size, repeat("7" * 1000), head + '"', '"' + tail + line),
        "one key again": lambda size: filled(size, repeat('"a":1,'), head + "{", '"b":1}' + tail),
        "many keys": lambda size: filled(
            size, (f'"{n:x}":0,' for n in count()), head + "{", '"z":1}' + tail + line
        ),
        "a list of lists": lambda size: filled(size, repeat("[],"), "[", "0]" + line),
        "a list of objects": lambda size: filled(size, repeat("{},"), "[", "0]" + line),
    }


def toml(
    head: str, entry: Callable[[int], str], wrong: Callable[[int], str], tail: str = ""
) -> Shapes:
    """Return shapes of TOML: between `head` and `tail` entries that are right, or wrong."""

    def of(pieces: Callable[[], Iterable[str]], head: str = "", tail: str = "") -> Shape:
        return lambda size: filled(size, pieces(), head, tail)

    return {
        "many rows": of(lambda: map(entry, count()), head, tail),
        "mistakes": of(lambda: map(wrong, count()), head, tail),
        "unknown keys": of(lambda: (f"k{n}=1\n" for n in count())),
        "wrong values": of(lambda: (f"{n}," for n in count()), "urls=[", "0]\n"),
        "broken lines": of(lambda: repeat("x\n"), head),
        "one key again": of(lambda: repeat("k=1\n")),
        "one dotted key": of(lambda: repeat("a."), "", "a=1\n"),
        "dotted keys": of(lambda: (f"a.b.c.d.e.f.k{n}=1\n" for n in count())),
        "tables": of(lambda: (f"[t{n}]\n" for n in count())),
        "one table again": of(lambda: repeat("[[t]]\n")),
        "one dotted table": of(lambda: repeat("a."), "[", "a]\n"),
        "deep lists": of(lambda: repeat("["), "a="),
        "deep tables": of(lambda: repeat("{a="), "a="),
        "numbers": of(lambda: repeat("1,"), "a=[", "]\n"),
        "empty lists": of(lambda: repeat("[],"), "a=[", "]\n"),
        "empty tables": of(lambda: repeat("{},"), "a=[", "]\n"),
        "one number": of(lambda: repeat("7" * 1000), "a=", "\n"),
        "one text": of(lambda: repeat("7" * 1000), 'a="', '"\n'),
        "one line": of(lambda: repeat("7" * 1000)),
        "comments": of(lambda: repeat("#\n")),
        "blank lines": of(lambda: repeat("\n")),
        "inline tables": of(lambda: (f"k{n}={{a=1}}\n" for n in count())),
        "wrong words in one line": of(lambda: (f'"a{n}",' for n in count()), head, tail),
        "escapes": of(lambda: repeat("\\u0041"), 'a="', '"\n'),
    }


_WORDS = {
    "braces": "{}\n",
    "deep braces": "{",
    "brackets": "[],",
    "deep brackets": "[",
    "semicolons": ";",
    "words": "a ",
    "long words": "aaaaaaaaa ",
    "commas": "a,",
    "lines": "a\n",
    "blank lines": "\n",
    "comments": "#\n",
    "quotes": '"" ',
    "open quotes": '" ',
    "one word": "7" * 1000,
    "addresses": "11.0.0.0/24\n",
    "zeros": "\0",
    "blanks": " ",
    "tabs": "\t",
    "returns": "\r",
    "alternating ends": "x\r\ny\nz\r",
    "marks that do not print": "\v",
    "smileys": "\N{GRINNING FACE}",
    "short IPv6": "::\n",
    "empty elements": "<a/>",
    "named": "@a ",
    "empty ranges": "- \n",
    "backslashes": "\\",
}


_STATEMENTS = {
    "sets of nft": "set a {\n",
    "elements of nft": "set a { elements = { 11.0.0.2,",
    "chains of nft": "chain a {\n",
    "rules of nft": "ip saddr 11.0.0.2 drop\n",
    "open rules of nft": "ip saddr {",
    "rules of iptables": "-A a -s 11.0.0.2 -j DROP\n",
    "policies of iptables": ":a DROP\n",
    "entries of ipset": "add a 11.0.0.2\n",
    "rules of nginx": "deny 11.0.0.2;",
    "rules about all": "deny all;",
    "blocks of nginx": "location / { deny 11.0.0.2; }\n",
    "deep blocks of nginx": "a { deny 11.0.0.2;",
    "rules of apache": "Require not ip 11.0.0.2\n",
    "sections of apache": "<Limit>\nDeny from 11.0.0.2\n</Limit>\n",
    "open sections of apache": "<Limit>\n",
    "sets of AWS": '"Addresses":["11.0.0.2"],',
    "open sets of AWS": '"Addresses":[',
    "ranges of DAT": "11.0.0.2 - 11.0.0.3 , 0 , x\n",
    "ranges of P2P": "a:11.0.0.2-11.0.0.3\n",
    "one line of P2P": "a:11.0.0.2-",
    "a map": "11.0.0.2 block\n",
    "colons": ":",
}


def configurations() -> Shapes:
    """Return shapes of what other programs have: the same, and statements of all of them."""
    return {name: _again(word) for name, word in {**_WORDS, **_STATEMENTS}.items()}


def artifact() -> Shapes:
    """Return shapes of what targets write: words, marks and braces, each again and again."""
    return {name: _again(word) for name, word in _WORDS.items()}


def _again(piece: str) -> Shape:
    return lambda size: filled(size, repeat(piece))


# ---- files that are not text -------------------------------------------------------------------

_NETWORKS = "network,geoname_id,registered_country_geoname_id\n"
GEOLITE2 = {
    "Blocks-IPv4": f"{_NETWORKS}11.0.0.0/24,1,1\n",
    "Blocks-IPv6": f"{_NETWORKS}2a00::/32,1,1\n",
    "Locations-en": "geoname_id,country_iso_code\n1,DE\n",
}


def geolite2() -> Shapes:
    """Return zip files of GeoLite2 tables, one of which has a shape."""
    rows = {
        "Blocks-IPv4": lambda address: f"{address}/32,1,1\n",
        "Locations-en": lambda address: f"{address},DE\n",
    }
    heads = {name: text.split("\n")[0] + "\n" for name, text in GEOLITE2.items()}
    return {
        f"{name.split('-')[0].lower()}, {shape}": _with_table(name, make)
        for name, row in rows.items()
        for shape, make in table(",", row, heads[name]).items()
    }


def _with_table(name: str, make: Shape) -> Shape:
    return lambda size: zipped({**GEOLITE2, name: make(size).decode("utf-8", "replace")})


def zipped(tables: Mapping[str, str]) -> bytes:
    """Return GeoLite2's zip file of these tables."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name, text in tables.items():
            path = f"GeoLite2-Country-CSV_20260101/GeoLite2-Country-{name}.csv"
            archive.writestr(path, text)
    return packed.getvalue()


def archives() -> Shapes:
    """Return zip and tar archives of very many empty files, and of one that is not whole."""
    return {
        "zip, many files": lambda size: _zip_of(size // 120),
        "tar, many files": lambda size: _tar_of(size // 512),
        "zip, nothing else": lambda size: b"PK\3\4" + bytes(size),
        "tar, nothing else": lambda size: bytes(257) + b"ustar" + bytes(size),
    }


def _zip_of(count: int) -> bytes:
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number:x}", b"")
    return packed.getvalue()


def _tar_of(count: int) -> bytes:
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for number in range(count):
            archive.addfile(tarfile.TarInfo(f"{number:x}"))
    return packed.getvalue()


def mmdb() -> Shapes:
    """Return MaxMind DB files: trees of every shape, and records of every shape."""
    record = encoded({"country": {"iso_code": "DE"}})
    return {
        "many rows": lambda size: _heap(size, record),
        "a ladder": lambda size: _tree([(n + 1, n + 1) for n in range(size // 6)], record),
        "a chain": lambda size: _tree([(n + 1, size // 6 + 16) for n in range(size // 6)], record),
        "circles": lambda size: _tree([(0, 0)] * (size // 6), record),
        "nothing": bytes,
        "many records": _records,
        "a deep record": lambda size: _tree([(17, 17)], b"\xe1\x41a" * (size // 3)),
        "a wide record": lambda size: _tree([(17, 17)], b"\x1f\x04" + _four(size) + b"\xa0" * size),
        "a long text": lambda size: _tree([(17, 17)], b"\x5f" + _four(size)[1:] + b"7" * size),
        "a circle of pointers": lambda size: _tree([(17, 17)], b"\x20\x00" * (size // 2)),
    }


def _four(size: int) -> bytes:
    return struct.pack(">I", max(0, size - 65_821))


def _tree(nodes: Iterable[tuple[int, int]], records: bytes) -> bytes:
    """Return a file of IPv4 with these nodes."""
    packed = [one.to_bytes(3, "big") + other.to_bytes(3, "big") for one, other in nodes]
    about: Mapping[str, Datum] = {
        "binary_format_major_version": Unsigned(16, 2),
        "binary_format_minor_version": Unsigned(16, 0),
        "build_epoch": Unsigned(64, int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())),
        "database_type": "Toy",
        "description": {"en": "Toy"},
        "ip_version": Unsigned(16, 4),
        "languages": ["en"],
        "node_count": Unsigned(32, len(packed)),
        "record_size": Unsigned(16, 24),
    }
    return b"".join([*packed, bytes(16), records, b"\xab\xcd\xefMaxMind.com", encoded(about)])


def _heap(size: int, record: bytes) -> bytes:
    """Return a tree that has a network for nearly every node, all of one record."""
    nodes = size // 6
    return _tree(((_leaf(2 * m + 1, nodes), _leaf(2 * m + 2, nodes)) for m in range(nodes)), record)


def _leaf(node: int, nodes: int) -> int:
    return node if node < nodes else nodes + 16


def _records(size: int) -> bytes:
    """Return the same with an empty record for each network."""
    nodes = size // 7
    ends = ((2 * m + 1, 2 * m + 2) for m in range(nodes))
    leads = [tuple(n if n < nodes else n + 16 for n in pair) for pair in ends]
    return _tree(((one, other) for one, other in leads), b"\xe0" * (nodes + 2))
