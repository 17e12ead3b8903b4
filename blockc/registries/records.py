"""What the registries delegated, one record per row, as columns."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import columns
from blockc.addresses.columns import Column
from blockc.addresses.family import Family
from blockc.values import Value, field_names
from blockc.vocabulary import RIRS

NAMED_REGISTRIES = (*RIRS, "iana")
REGISTRIES = ("", *NAMED_REGISTRIES)  # numbered so in columns; the first stands for none
NAMED_STATUSES = ("allocated", "assigned", "available", "reserved")
STATUSES = ("", *NAMED_STATUSES, "other")  # likewise
DELEGATED = (STATUSES.index("allocated"), STATUSES.index("assigned"))
UNKNOWN_COUNTRIES = ("", "ZZ")


def country_number(code: str) -> int:
    """Return the number that stands for a two-letter `code` in a column; 0 for no code."""
    if code and not (len(code) == 2 and code.isascii()):
        raise ValueError(f"{code!r} is not a two-letter code")
    return int.from_bytes(code.encode(), "big")


def country_text(number: int) -> str:
    """Return the code of `number`. Inverse of `country_number`."""
    return chr(number >> 8) + chr(number & 0xFF) if number else ""


class Records(Value, eq=False):
    """Records of one family.

    Invariant: all columns have one length; spans are not empty. They are spans, not prefixes:
    an IPv4 count need not be a power of two, nor its start aligned.

    Columns:
        start, last: First and last address, inclusive (see `columns`).
        country: uint16, `country_number`; 0 where the registry gives none.
        registry, status: uint8, positions in `REGISTRIES` and `STATUSES`.
        date: int32, yyyymmdd; 0 where unknown.
        row: int32, line in the source, from 1.
    """

    family: Family
    start: Column
    last: Column
    country: NDArray[np.uint16]
    registry: NDArray[np.uint8]
    status: NDArray[np.uint8]
    date: NDArray[np.int32]
    row: NDArray[np.int32]

    def __post_init__(self) -> None:
        arrays = [getattr(self, name) for name in field_names(self)[1:]]
        columns.freeze(*arrays)
        columns.require_spans(self.family, self.start, self.last)
        if len({len(array) for array in arrays}) != 1:
            raise ValueError("the columns of records differ in length")

    @classmethod
    def empty(cls, family: Family) -> "Records":
        """Return no records."""
        none = np.zeros(0, dtype=np.uint64)
        small = [np.zeros(0, dtype=kind) for kind in ("u2", "u1", "u1", "i4", "i4")]
        return cls(family, none, none, *small)

    @classmethod
    def concat(cls, parts: Sequence["Records"], family: Family) -> "Records":
        """Return the rows of all `parts`, which are of `family`, in order."""
        if any(part.family != family for part in parts):
            raise ValueError(f"not all records are of {family.name}")
        rest = field_names(cls)[3:]
        joined = [
            np.concatenate([getattr(p, name) for p in (cls.empty(family), *parts)]) for name in rest
        ]
        spans = columns.spans_alike([(p.start, p.last) for p in (cls.empty(family), *parts)])
        return cls(
            family,
            np.concatenate([start for start, _ in spans]),
            np.concatenate([last for _, last in spans]),
            *joined,
        )

    def take(self, chosen: NDArray[Any] | slice) -> "Records":
        """Return the rows that `chosen` (a mask, positions or a slice) picks."""
        return Records(
            self.family, *(getattr(self, name)[chosen] for name in field_names(self)[1:])
        )

    @property
    def delegated(self) -> NDArray[np.bool_]:
        """Return which rows are allocated or assigned."""
        return np.isin(self.status, DELEGATED)

    def __len__(self) -> int:
        return len(self.start)


_MAGIC = b"blockc records\n"
ALIGNED = 16  # every column begins at a multiple of this many bytes, as numpy likes it


def records_to_bytes(records: Sequence[Records]) -> bytes:
    """Return records of several families as a table of contents and their columns, one by one."""
    held, pieces, size = [], list[bytes](), 0
    for part in records:
        for name in field_names(part)[1:]:
            column = np.ascontiguousarray(getattr(part, name))
            held.append([part.family.version, name, column.dtype.str, len(column), size])
            pieces.append(column.tobytes().ljust(-(-column.nbytes // ALIGNED) * ALIGNED, b"\0"))
            size += len(pieces[-1])
    head = _MAGIC + json.dumps(held).encode()
    return b"".join([head.ljust(-(-(len(head) + 1) // ALIGNED) * ALIGNED - 1), b"\n", *pieces])


def records_from_bytes(
    data: bytes, families: Sequence[Family], begin: int = 0
) -> dict[Family, Records]:
    """Return what `records_to_bytes` wrote, as views into `data`.

    A value that was changed is not noticed here: whoever keeps the archive keeps its digest.

    Args:
        begin: Where in `data` it begins, at a multiple of `ALIGNED` to be quick.

    Raises:
        ValueError: If `data` is not that.
    """
    try:
        if not data.startswith(_MAGIC, begin):
            raise ValueError("it begins with something else")
        begin += len(_MAGIC)
        body = data.index(b"\n", begin) + 1
        arrays = {
            (version, name): np.frombuffer(data, np.dtype(kind), count, body + at)
            for version, name, kind, count, at in json.loads(data[begin:body])
        }
        return {family: _unpacked(family, arrays) for family in families}
    except (KeyError, ValueError, TypeError, OverflowError, RecursionError) as reason:
        raise ValueError(f"not an archive of records: {reason}") from None


def _unpacked(family: Family, arrays: Mapping[tuple[int, str], NDArray[Any]]) -> Records:
    rows = [arrays[family.version, name] for name in field_names(Records)[1:]]
    expected = [getattr(Records.empty(family), name).dtype for name in field_names(Records)[3:]]
    wrong = [row.dtype not in (np.uint64, columns.WIDE) for row in rows[:2]]
    wrong += [row.dtype != dtype for row, dtype in zip(rows[2:], expected, strict=True)]
    if any(wrong):
        raise ValueError("a column has another type")
    return Records(family, *rows)
