"""Answers about single addresses that were kept: told without numpy and without the policy.

A look-up that reads the policy and the registries keeps, in the store, what it would say of every
address: which chain of reasons holds where, which record decides, and which rule of each artifact
it has read. All that could change an answer is compared before anything of it is believed, and the
published files are read each time: their table belongs to their digests. Whatever is not plain is
not answered here: it is looked up in the long way, which says the same.
"""

import hashlib
import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from ipaddress import AddressValueError, IPv6Address
from pathlib import Path
from struct import Struct
from typing import Any

from blockc.addresses.family import V4, V6, Family, Prefix
from blockc.fetch.store.parsed import Store
from blockc.storage.local import read_local
from blockc.values import Value
from blockc.vocabulary import MANIFEST
from blockc.workspace.unchanged import BuildCheck

# Raise it when what an older version kept must not be believed any more.
KIND, LINES_KIND = "lookup-1", "lookup-lines-1"
_V4 = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}")
_IN_ADDRESSES = frozenset(b"0123456789abcdefABCDEF.:/-")
Report = dict[str, Any]


class Packed:
    """A header and columns of bytes in one text, as `packed` makes it."""

    def __init__(self, data: bytes) -> None:
        end = data.index(b"\n") + 1  # the columns are many bytes, and are not copied
        size = int(data[:end])
        self.head: Report = json.loads(data[end : end + size])
        self._data, self._begin = data, end + size

    def column(self, name: str) -> "ByteColumn":
        """Return a column."""
        at, count, width = self.head["columns"][name]
        return ByteColumn(self._data, self._begin + at, count, width)


class ByteColumn(Sequence[bytes]):
    """Values of one width, in network order: bytes that sort as the numbers do."""

    def __init__(self, data: bytes, at: int, count: int, width: int) -> None:
        self._data, self._at, self._count, self.width = data, at, count, width

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, row: Any) -> Any:
        begin = self._at + row * self.width
        return self._data[begin : begin + self.width]

    def run_of(self, family: Family, address: int) -> int:
        """Return the position of the last start that is not behind an address."""
        key = address.to_bytes(family.width // 8, "big")[: self.width]
        return bisect_right(self, key) - 1


def packed(head: Report, columns: dict[str, tuple[int, bytes]]) -> bytes:
    """Return a header and columns, each with the width of its values, as one text."""
    at, places = 0, {}
    for name, (width, data) in columns.items():
        places[name] = [at, len(data) // width, width]
        at += len(data)
    text = json.dumps({**head, "columns": places}).encode()
    return b"%d\n%s%s" % (len(text), text, b"".join(data for _, data in columns.values()))


def record_form(width: int) -> Struct:
    """Return how a record is packed: first, last, country, registry, status, file, date, line."""
    return Struct(f">{width}s{width}sHBBBII")


def rule_form(width: int) -> Struct:
    """Return how the rule that decides is packed: first, last, and verdict, -1 for no rule."""
    return Struct(f">{width}s{width}sh")


def first_and_last(family: Family, first: bytes, last: bytes) -> tuple[int, int]:
    """Return the ends of a span that was packed, whose lower bits may have been left out."""
    whole = family.width // 8
    ends = first.ljust(whole, b"\0"), last.ljust(whole, b"\xff")
    return int.from_bytes(ends[0], "big"), int.from_bytes(ends[1], "big")


def span_text(family: Family, first: int, last: int) -> str:
    """Return a span as answers have it: an address, a prefix or a range."""
    count = last - first + 1
    if count == 1:
        return family.text(first)
    if count & (count - 1) or first % count:
        return f"{family.text(first)}-{family.text(last)}"
    return str(Prefix(family, first, family.width - count.bit_length() + 1))


class Line(Value):
    """A line of a file."""

    path: str
    number: int
    text: str


def line_with(
    family: Family, first: int, last: int, files: Sequence[tuple[str, bytes]]
) -> Line | None:
    """Return the line that names a span, None if not exactly one place in some files does."""
    ends = f"{family.text(first)}-{family.text(last)}"
    whole = f"{family.text(first)}/{family.width}" if first == last else ends
    spelled = span_text(family, first, last)
    address, slash, length = spelled.partition("/")
    quoted = f'"{address}"/{length}' if slash else spelled  # as VCL has it
    tokens = {one.encode() for one in (spelled, whole, quoted)}
    found = [(path, data, at) for path, data in files for one in tokens for at in _at(one, data)]
    if len(found) != 1:
        return None
    path, data, at = found[0]
    begin, end = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at)
    text = data[begin : end if end >= 0 else len(data)].decode("utf-8", "replace")
    return Line(path, data.count(b"\n", 0, at) + 1, text)


def _at(token: bytes, data: bytes) -> Iterator[int]:
    """Yield where a token stands alone, and not within a longer address."""
    at = data.find(token)
    while at >= 0:
        end = at + len(token)
        around = (*data[max(0, at - 1) : at], *data[end : end + 1])
        if not _IN_ADDRESSES.intersection(around):
            yield at
        at = data.find(token, at + 1)


def lines_key(made: str, path: str, files: Sequence[bytes]) -> str:
    """Return the key of the table of an artifact: what made it, its path and its bytes."""
    digests = [hashlib.sha256(data).hexdigest() for data in files]
    return hashlib.sha256(json.dumps([made, path, digests]).encode()).hexdigest()


def made_digest(made_from: Report) -> str:
    """Return the digest of what decides about the answers of a day."""
    said = [made_from["around"], made_from["policy"], made_from["day"]]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def digest_of(path: str) -> str:
    """Return the digest of a file, nothing if it cannot be read."""
    try:
        return hashlib.sha256(read_local(Path(path), None)).hexdigest()
    except OSError:
        return ""


def family_key(key: str, family: Family) -> str:
    """Return the key of what was kept of one family beside the rest."""
    return hashlib.sha256(f"{key} {family.name}".encode()).hexdigest()


class KeptAnswers:
    """What was kept of a project for one day, as long as nothing has changed."""

    def __init__(self, store: Store, key: str, head: bytes) -> None:
        self._store, self._key = store, key
        self._head: Report = json.loads(head)
        self._digest = hashlib.sha256(head).hexdigest()
        self._made = made_digest(self._head)
        self._families: dict[Family, Packed | None] = {}

    @classmethod
    def of(cls, check: BuildCheck) -> "KeptAnswers | None":
        """Return what was kept, None if there is nothing or anything has changed since."""
        data = check.store.get(KIND, check.key) if check.around else None
        if not data:
            return None
        kept = cls(check.store, check.key, data)
        return kept if kept._holds(check) else None

    def _holds(self, check: BuildCheck) -> bool:
        """Return whether it was made from what is there now."""
        beside = self._head["beside"].items()
        same = self._head["day"] == check.options.day.isoformat() and check.still(self._head)
        return same and all(digest_of(path) == digest for path, digest in beside)

    def _of(self, family: Family) -> Packed | None:
        """Return the columns of a family, None if they are not those that the rest is about."""
        if family not in self._families:
            data = self._store.get(KIND, family_key(self._key, family))
            held = Packed(data) if data else None
            mine = held if held and held.head["of"] == self._digest else None
            self._families[family] = mine
        return self._families[family]

    def report(
        self, asked: Sequence[str], lists: Sequence[str], folder: Path | None
    ) -> Report | None:
        """Return the report about addresses, as `LookupReports` makes it.

        Args:
            asked: Each as it was written.
            lists: The lists to ask, by name; none for all.
            folder: What is published; None: no file is looked at.

        Returns:
            None if one of them is no plain address, or its answer was not kept.
        """
        published = folder if folder and (folder / MANIFEST).exists() else None
        if published and self._head["specs"] is None:
            return None  # when it was kept nothing was published, or nobody looked
        if not set(lists) <= {one["name"] for one in self._head["report"]["lists"]}:
            return None
        found = []
        for text in asked:
            place = _parsed(text)
            answer = self._answer(text, *place, lists, published) if place else None
            if answer is None:
                return None
            found.append(answer)
        source: Report = {"published": published is not None, "generation": None, "shown": []}
        return {**self._head["report"], **source, "asked": found}

    def _answer(
        self, text: str, family: Family, address: int, lists: Sequence[str], folder: Path | None
    ) -> Report | None:
        held = self._of(family)
        if held is None:
            return None
        run = held.column("chains").run_of(family, address)
        chain = self._head["chains"][int.from_bytes(held.column("chain of run")[run], "big")]
        ended = any(
            name == family.name and first <= address <= last
            for name, first, last in self._head["ended"]
        )
        if ended or chain["rows"]:
            return None
        lines = self._lines(family, address, chain["country"], folder) if folder else []
        if lines is None:
            return None
        reasons = [one for one in chain["lists"] if not lists or one["name"] in lists]
        piece = {
            "range": family.text(address),
            "addresses": "1",
            "country": chain["country"],
            "lists": reasons,
            "record": self._record(held, family, address),
            "rows": [],
            "artifacts": lines,
        }
        blocked = any(one["verdict"] == "block" for one in reasons)
        whole = {"asked": text, "addresses": "1", "blocked": blocked}
        return {**whole, "pieces": [piece], "ended": []}

    def _record(self, held: Packed, family: Family, address: int) -> Report | None:
        run = held.column("records").run_of(family, address)
        row = int.from_bytes(held.column("record of run")[run], "big")
        if not row:
            return None
        rows = held.column("rows")
        form = record_form((rows.width - record_form(0).size) // 2)
        *ends, country, registry, status, file, date, line = form.unpack(rows[row - 1])
        path, digest = self._head["files"][file]
        day = f"{date:08}"
        return {
            "registry": self._head["registries"][registry],
            "country": chr(country >> 8) + chr(country & 0xFF) if country else "",
            "range": span_text(family, *first_and_last(family, *ends)),
            "date": f"{day[:4]}-{day[4:6]}-{day[6:]}" if date else None,
            "status": self._head["statuses"][status],
            "path": path,
            "line": line,
            "digest": digest,
        }

    def _lines(
        self, family: Family, address: int, country: str, folder: Path
    ) -> list[Report] | None:
        """Return what every published artifact says, None if that of one was not kept."""
        found = []
        for spec in self._head["specs"]:
            if spec["piece"] not in (None, country or "ZZ"):
                continue
            said = self._said(spec, family, address, folder)
            if said is None:
                return None
            found += said
        return found

    def _said(
        self, spec: Report, family: Family, address: int, folder: Path
    ) -> list[Report] | None:
        """Return what an artifact says: of several parts, the one that has an entry for it."""
        said = list[Report]()
        for number, files in enumerate(spec["parts"]):
            held = [_read(folder / path) for path, _ in files]
            if number and held[0] is None:
                break  # there are no more parts
            last = number + 1 == len(spec["parts"])
            if None in held or (spec["in_parts"] and last):
                return None
            line = self._part_says(
                spec, family, address, [(f[0], f[1], d) for f, d in zip(files, held, strict=True)]
            )
            if line is None:
                return None
            said.append(line)
        return [one for one in said if one["entry"] is not None or one["wrong"]] or said[:1]

    def _part_says(
        self,
        spec: Report,
        family: Family,
        address: int,
        files: Sequence[tuple[str, list[str], Any]],
    ) -> Report | None:
        path, contents = files[0][0], [data for _, _, data in files]
        data = self._store.get(LINES_KIND, lines_key(self._made, path, contents))
        if not data:
            return None
        table = Packed(data)
        mine = [(path, data) for path, families, data in files if family.name in families]
        line: Report = {
            "target": spec["target"],
            "holds": spec["holds"],
            "path": mine[0][0] if mine else path,
            "line": None,
            "entry": None,
            "verdict": "allow",
            "wrong": None,
        }
        if table.head["said"]:
            return {**line, "wrong": table.head["said"]}
        return _ruled(table, family, address, mine, line)


def _ruled(
    table: Packed, family: Family, address: int, files: Sequence[tuple[str, bytes]], line: Report
) -> Report | None:
    """Return what a table of rules says of an address, None if its line is not found.

    Args:
        files: Those of the family.
        line: What is said where no rule holds the address.
    """
    if f"{family.name} runs" not in table.head["columns"]:
        return line
    run = table.column(f"{family.name} runs").run_of(family, address)
    rules = table.column(f"{family.name} rules")
    form = rule_form((rules.width - rule_form(0).size) // 2)
    first, last, verdict = form.unpack(rules[run])
    if verdict < 0:
        return line
    said = table.head["names"][verdict] or "allow"
    if table.head["whole"].get(family.name):  # a file without lines
        return {**line, "path": table.head["whole"][family.name], "entry": "", "verdict": said}
    ends = first_and_last(family, first, last)
    at = line_with(family, *ends, files) if table.head["found"] else None
    if at is None:
        return None
    found = {"path": at.path, "line": at.number, "entry": at.text.strip()}
    return {**line, **found, "verdict": said}


def _read(path: Path) -> bytes | None:
    try:
        return read_local(path, None)
    except OSError:
        return None


def _parsed(text: str) -> tuple[Family, int] | None:
    """Return the address that a text is, if it is written in no way that needs a word about it."""
    if _V4.fullmatch(text):
        octets = [*map(int, text.split("."))]
        return (V4, int.from_bytes(bytes(octets), "big")) if max(octets) < 256 else None
    if ":" not in text or not {*text} <= {*"0123456789abcdefABCDEF:"}:
        return None
    try:
        address = int(IPv6Address(text))
    except AddressValueError:
        return None
    return None if address >> 32 == 0xFFFF else (V6, address)
