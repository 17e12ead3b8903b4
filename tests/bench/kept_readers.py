"""Readers of what blockc keeps for itself, of what a service loads, and of access logs.

A file of these is ours or an operator's, but a disk, a copy or a colleague may change it.
"""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

import numpy as np

from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import FAMILIES
from blockc.addresses.set_archive import set_from_bytes, set_to_bytes
from blockc.audit.trend import Memory, memory_bytes, memory_of
from blockc.formats.feeds.feed import feed_from_bytes
from blockc.keys.key_table import read_key_rows
from blockc.registries.records import records_from_bytes
from blockc.runtime.matcher import load
from blockc.storage.log_files import blocks
from blockc.workspace.evidence import HISTORY, INDEX, SCHEMA
from blockc.workspace.evidence_check import check_evidence
from tests.bench import shape_files
from tests.bench.shape_files import Shape, Shapes
from tests.bench.shape_readers import Read, Reader

_EVENT = '{{"n":1,"at":"2026-01-01T00:00:00Z","event":"published","previous":"{}"}}\n'
_LOGS = ("combined", "json-lines", "w3c", "csv")


def kept_readers() -> Mapping[str, Reader]:
    """Return these readers by name."""
    owners = shape_files.table(",", lambda address: f"{address},a@example.com\n", "key,contact\n")
    head = memory_bytes(Memory()).decode()
    day = '{{"kind":"day","day":"2026-01-01","requests":"{}"}}'
    log = shape_files.json(head, day.format, "", "\n")
    return {
        "owners": Reader(lambda data: read_key_rows("o", data, ("key", "contact")), owners),
        "memory of an audit": Reader(_lenient(memory_of), log),
        "matcher": Reader(_lenient(_loaded), _matchers()),
        "archive of a set": Reader(_lenient(set_from_bytes), _sets()),
        "archive of records": Reader(_lenient(_unpacked_records), _records()),
        "archive of a feed": Reader(_lenient(feed_from_bytes), _feeds()),
        "evidence": Reader(_in_file(check_evidence), _evidence()),
        **{f"log {name}": Reader(_audited(name), _log_shapes()) for name in _LOGS},
    }


def _unpacked_records(data: bytes) -> object:
    return records_from_bytes(data, FAMILIES)


def _lenient(read: Read) -> Read:
    """Return a reader whose word for a file that it does not take is a ValueError."""

    def tried(data: bytes) -> object:
        with suppress(ValueError):
            return read(data)
        return None

    return tried


def _in_file(read: Callable[[Path], object]) -> Read:
    def written(data: bytes) -> object:
        with TemporaryDirectory() as folder:
            path = Path(folder, "file.blockc")
            path.write_bytes(data)
            return read(path)

    return written


def _loaded(data: bytes) -> object:
    return _in_file(lambda path: load(path, every=None))(data)


def _headed(magic: bytes, tail: Shape = bytes) -> Shapes:
    """Return shapes of a head of JSON in one line, between a magic word and anything."""
    head = shape_files.json("[", lambda a: f'[4,"{a}","<u4",1,0]', "]")
    return {name: _between(magic, make, tail) for name, make in head.items()}


def _between(magic: bytes, make: Shape, tail: Shape) -> Shape:
    return lambda size: magic + make(size // 2).replace(b"\n", b" ") + b"\n" + tail(size // 2)


def _signed(make: Shape) -> Shape:
    def signed(size: int) -> bytes:
        body = make(size)
        return body + hashlib.sha256(body).digest()

    return signed


def _matchers() -> Shapes:
    heads = _headed(b"blockc-matcher 1\n")
    about = '{"list":"a","verdicts":["","block"],"runs":{"ipv4":%d,"ipv6":1}}\n'

    def runs(size: int) -> bytes:
        count = size // 6
        head = b"blockc-matcher 1\n" + (about % count).encode()
        starts = b"".join(n.to_bytes(4, "big") for n in range(count))
        return head + starts + b"\0\1" * count + bytes(18)

    return {
        "many rows": _signed(runs),
        **{name: _signed(make) for name, make in heads.items()},
        "nothing": _signed(lambda size: b"blockc-matcher 1\n" + bytes(size)),
    }


def _sets() -> Shapes:
    def whole(size: int) -> bytes:
        return set_to_bytes(AddrSet.everything()) + bytes(size)

    return {"many rows": whole, **_headed(b"blockc set 1\n")}


def _records() -> Shapes:
    return _headed(b"blockc records\n")


def _feeds() -> Shapes:
    head = shape_files.json("{", lambda a: f'"{a}":1', "}")
    members = {name: _member("head.npy", make) for name, make in head.items()}
    return {**members, **shape_files.archives()}


def _member(name: str, make: Shape) -> Shape:
    def saved(size: int) -> bytes:
        array = BytesIO()
        np.save(array, np.frombuffer(make(size), dtype=np.uint8))
        return _zip({name: array.getvalue()})

    return saved


def _zip(members: Mapping[str, bytes]) -> bytes:
    """Return an archive whose members are not packed: a byte of a packed one may be a thousand."""
    archived = BytesIO()
    with ZipFile(archived, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return archived.getvalue()


def _evidence() -> Shapes:
    index = shape_files.json(f'{{"schema":"{SCHEMA}","generations":[', lambda a: f'"{a}"', "]}")
    history = shape_files.json("", _EVENT.format, "", "\n")
    small = b'{"schema":"' + SCHEMA.encode() + b'","generations":[],"missing":[],"files":{}}'

    def with_index(make: Shape) -> Shape:
        return lambda size: _zip({INDEX: make(size), HISTORY: b""})

    def with_history(make: Shape) -> Shape:
        return lambda size: _zip({INDEX: small, HISTORY: make(size)})

    return {
        **{f"index, {name}": with_index(make) for name, make in index.items()},
        **{f"history, {name}": with_history(make) for name, make in history.items()},
        **shape_files.archives(),
    }


def _log_shapes() -> Shapes:
    def line(address: str) -> str:
        when = "[10/Oct/2026:13:55:36 +0000]"
        return f'{address} - - {when} "GET / HTTP/1.1" 200 5 "-" "-"\n'

    objects = shape_files.json("", '{{"client":"{}"}}'.format, "", "\n")
    return {
        **shape_files.table(" ", line),
        **{f"JSON, {name}": make for name, make in objects.items()},
    }


def _audited(name: str) -> Read:
    """Return a reader of a log of one format; everybody is listed.

    What its engine keeps grows no more with long logs, and is far over the limit for a byte of a
    short one: 125 MB of memory for 1 MB of broken lines of JSON, 303 MB for 16, 348 MB for 48.
    """

    def read(data: bytes) -> object:
        from blockc.audit.client_finder import ClientFinder
        from blockc.audit.scan import LineScan
        from blockc.audit.scan_sql import EngineOptions
        from blockc.audit.zones import Zones
        from blockc.changes.change import nobody_knows
        from blockc.workspace.audit.log_feed import LogBegin, OpenLog, by_layout, shipped_formats

        zones = Zones.of({"all": AddrSet.everything()}, [nobody_knows()] * 3)
        with TemporaryDirectory() as folder:
            scan = LineScan(ClientFinder(zones, ()), EngineOptions(scratch=folder, threads=1))
            log = OpenLog(0, LogBegin("log"), [shipped_formats()[name]], only=True)
            path = Path(folder, "log")
            path.write_bytes(data)
            for layout, of_layout in by_layout(log.parts(blocks(str(path)))):
                scan.read(layout, of_layout)
            scan.close()
        return None

    return read
