"""Parquet: a table of address ranges for each family, for data lakes and query engines.

The columns: `first` and `last`, both in the range, and `verdict`, or `country` of the country map.
An address of IPv4 is an INT64; one of IPv6 is its 16 bytes, most significant first, which every
engine compares as the addresses compare. Ranges are disjoint and sorted.

The file is written here and not by a library, so that equal lists are equal files on every machine:
without compression, in row groups of 65,536 rows with the least and the greatest address of each,
by which engines skip what they need not read.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from blockc.addresses import V4, Family, columns
from blockc.addresses.rules import Match, Rules
from blockc.errors import SourceSyntaxError
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.target import Deployment, EntryForm, Layout, Maturity, Reference, Target
from blockc.targets.core.verdicts import ACTIONS, COUNTRY_CODES, ContentKind, Vocabulary
from blockc.targets.syntax.addresses import require_disjoint
from blockc.targets.syntax.parquet_file import INT64, SIXTEEN_BYTES, ParquetFile
from blockc.targets.syntax.reading import Found, Ordered, Part, Reading
from blockc.targets.syntax.thrift_compact import I32, encoded
from blockc.targets.syntax.tokens import ArtifactFile

_MAGIC = b"PAR1"
_CREATOR = "blockc"  # without its version, which would change files that say the same
_ROWS = 1 << 16
_INT64, _BYTES, _FIXED = 2, 6, 7  # physical types
_PLAIN, _RLE = 0, 3  # encodings
_ACTIONS = Vocabulary(ACTIONS)
_WORDS = {"verdict": _ACTIONS, "country": COUNTRY_CODES}


def write_parquet(document: Document, _: File, parts: Sequence[FamilyEntries]) -> bytes:
    """Return the file of one family of a document."""
    (part,) = parts
    column = "country" if document.kind is ContentKind.COUNTRIES else "verdict"
    data = bytearray(_MAGIC)
    groups = [
        _row_group(data, part, part.rules.take(slice(at, at + _ROWS)), column)
        for at in range(0, part.count, _ROWS)
    ]
    footer = encoded(
        {
            1: I32(1),
            2: _schema(part.family, column),
            3: part.count,
            4: groups,
            5: [{1: "blockc", 2: "\n".join(document.header([part]))}],
            6: _CREATOR,
            7: [{1: {}}] * 3,
        }
    )
    return bytes(data) + footer + len(footer).to_bytes(4, "little") + _MAGIC


def _schema(family: Family, column: str) -> list[dict[int, Any]]:
    """Return the root and the three columns, each of them required."""
    address = {1: I32(_INT64)} if family == V4 else {1: I32(_FIXED), 2: I32(16)}
    word = {1: I32(_BYTES), 6: I32(0), 10: {1: {}}}  # UTF-8, as older and newer readers know it
    found: list[dict[int, Any]] = [{4: "schema", 5: I32(3)}]
    for name, kind in (("first", address), ("last", address), (column, word)):
        found.append({**kind, 3: I32(0), 4: name})
    return found


def _row_group(data: bytearray, part: FamilyEntries, rules: Rules, column: str) -> dict[int, Any]:
    """Append the pages of some rows and return what the footer says of them."""
    words = [(part.words.word(name) or "").encode() for name in part.names]
    cells = [len(word).to_bytes(4, "little") + word for word in words]
    family, begin = part.family, len(data)
    first, last = _addresses(family, rules)
    kind = _INT64 if family == V4 else _FIXED
    chunks = [
        _chunk(data, name, kind, values.tobytes(), len(rules))
        for name, values in (("first", first), ("last", last))
    ]
    said = b"".join(map(cells.__getitem__, rules.verdict.tolist()))
    chunks.append(_chunk(data, column, _BYTES, said, len(rules)))
    return {1: chunks, 2: len(data) - begin, 3: len(rules)}


def _addresses(family: Family, rules: Rules) -> tuple[Any, Any]:
    """Return the ends of rules as the file spells them."""
    if family == V4:
        return rules.start.astype("<i8"), rules.last.astype("<i8")
    return columns.widen(rules.start), columns.widen_lasts(rules.last)


def _chunk(data: bytearray, name: str, kind: int, values: bytes, rows: int) -> dict[int, Any]:
    """Append the page of a column and return what the footer says of it.

    Addresses are sorted, so the first is the least of them and the last the greatest.
    """
    page = {1: I32(rows), 2: I32(_PLAIN), 3: I32(_RLE), 4: I32(_RLE)}
    size = I32(len(values))
    begin, head = len(data), encoded({1: I32(0), 2: size, 3: size, 5: page})
    data += head + values
    about: dict[int, Any] = {
        1: I32(kind),
        2: [I32(_PLAIN), I32(_RLE)],
        3: [name],
        4: I32(0),
        5: rows,
        6: len(data) - begin,
        7: len(data) - begin,
        9: begin,
    }
    if kind != _BYTES:
        width = len(values) // rows
        about[12] = {5: values[-width:], 6: values[:width]}
    return {2: begin, 3: about}


def read_parquet(files: Sequence[ArtifactFile]) -> Reading:
    """Return the rules of a file for each family.

    Raises:
        SourceSyntaxError: It is no such file, or says anything that cannot be proved.
    """
    tables = [ParquetFile(file, INT64 if V4 in file.families else SIXTEEN_BYTES) for file in files]
    column = tables[0].column
    if any(table.column != column for table in tables):
        raise files[-1].error("the file of the other family has another column", 0)
    names, labels = _WORDS[column].read([word for table in tables for word in table.words])
    parts, found, begin = list[Part](), list[Found](), 0
    for file, table in zip(files, tables, strict=True):
        parts.append(_part(file, table, labels[begin : begin + len(table.words)]))
        begin += len(table.words)
        said = {"column": table.column, **table.about}
        error = partial(file.error, at=0)
        found += [Found(what, value, file.path, error) for what, value in said.items()]
    require_disjoint(parts)
    return Reading(tuple(parts), names, tuple(found))


def _part(file: ArtifactFile, table: ParquetFile, labels: Sequence[int]) -> Part:
    """Return the rules of a file."""
    (family,) = file.families

    def where(row: int, why: str) -> SourceSyntaxError:
        return file.error(f"row {row + 1:,}: {why}", table.places[row])

    if -1 in labels:
        at = labels.index(-1)
        raise where(at, f"{table.words[at]!r} is not a {table.column}")
    kind = np.dtype("<u8") if family == V4 else columns.WIDE
    first, last = (np.frombuffer(bytes(values), kind) for values in (table.first, table.last))
    wrong = last < first
    if family == V4:
        wrong |= last >> np.uint64(family.width) > 0
    if wrong.any():
        raise where(int(np.argmax(wrong)), "it ends before it starts, or after the last address")
    start, end = (first, last) if family == V4 else columns.narrow_spans(first, last)
    return Part(Rules(family, start, end, np.array(labels, np.int32)), where)


def _orders(document: Document, _: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    yield Ordered("column", "country" if document.kind is ContentKind.COUNTRIES else "verdict")
    yield Ordered("metadata", {"blockc": "\n".join(document.header(list(parts)))})
    yield Ordered("creator", _CREATOR)


_NOTES = """\
The columns are `first` and `last`, both in the range, and `verdict` or `country`. An address of
IPv4 is an INT64, one of IPv6 its 16 bytes with the most significant first
(`ipaddress.ip_address(text).packed`). Ranges share no address, are sorted, and an address in none
of them has no verdict.

DuckDB: `SELECT verdict FROM 'list.ipv4.parquet' WHERE first <= 3221225985 AND last >= 3221225985`.
Rows come in groups of 65,536 with the least and greatest address of each, so an engine reads only
those that can hold the address. What a comment would say is in the metadata, under the key
`blockc`. Nothing is compressed: let the store do that."""

PARQUET = Target(
    name="parquet",
    title="Parquet table of address ranges",
    match=Match.INTERVALS,
    form=EntryForm.RANGE,
    layout=Layout.APART,
    writer=write_parquet,
    ending="parquet",
    reader=read_parquet,
    orders=_orders,
    words={
        ContentKind.LIST: _ACTIONS,
        ContentKind.VERDICTS: _ACTIONS,
        ContentKind.COUNTRIES: COUNTRY_CODES,
    },
    pypi=("duckdb", "pyarrow"),
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    references=(
        Reference(
            "https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift",
            checked="2026-11-27",
        ),
    ),
    deployment=Deployment(
        load="cp list.ipv4.parquet /data/.new && mv /data/.new /data/list.ipv4.parquet",
        rollback="cp PREVIOUS/list.ipv4.parquet /data/.new\nmv /data/.new /data/list.ipv4.parquet",
    ),
)
