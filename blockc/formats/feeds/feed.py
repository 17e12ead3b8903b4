"""What a feed says: spans of addresses with what its publisher calls them."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses.addrset import AddrSet
from blockc.addresses.columns import WIDE, Spans, freeze, require_spans
from blockc.addresses.family import FAMILIES, Family
from blockc.values import Value, field, loads_json

Labels = NDArray[np.int32]


class Tag(Value, eq=False):
    """One thing a feed tells about its rows, such as their service.

    Invariant: `names[0]` is the empty text, which stands for nothing told; every label of a row
    is a position in `names`.
    """

    names: tuple[str, ...]
    labels: Mapping[Family, Labels]

    def __post_init__(self) -> None:
        if self.names[:1] != ("",):
            raise ValueError("the first name of a tag is not empty")
        for labels in self.labels.values():
            freeze(labels)
            if len(labels) and not 0 <= labels.min() <= labels.max() < len(self.names):
                raise ValueError("a row has a label without a name")

    def rows(self, family: Family, wanted: Iterable[str]) -> NDArray[np.bool_]:
        """Return which rows are called by one of the `wanted` names."""
        chosen = set(wanted)
        table = np.array([name in chosen for name in self.names])
        return np.asarray(table[self.labels[family]], dtype=bool)


class Feed(Value, eq=False):
    """A file of a feed that was accepted.

    Invariant: every family has spans, and every tag a label for each of them.

    Attributes:
        spans: Start and inclusive end of the rows of each family; they may overlap.
        tags: What the rows are called, by the name of the tag.
        records: How many rows the file lists.
        dropped: Special-purpose space that the file lists and that is left out.
        date: The day the data describes, if the file says one.
        serial: The version the file says it has, or nothing.
        warnings: What is odd about the file, a line each.
        as_numbers: The AS numbers that the file lists in place of addresses, ascending.
    """

    spans: Mapping[Family, Spans]
    tags: Mapping[str, Tag]
    records: int
    dropped: AddrSet = field(default_factory=AddrSet.empty)
    date: dt.date | None = None
    serial: str = ""
    warnings: tuple[str, ...] = ()
    as_numbers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if tuple(self.spans) != FAMILIES:
            raise ValueError("a feed has spans of every family")
        for family, (start, last) in self.spans.items():
            freeze(start, last)
            require_spans(family, start, last)
            if any(len(tag.labels[family]) != len(start) for tag in self.tags.values()):
                raise ValueError("a tag has not one label per row")

    def addresses(self, filters: Iterable[tuple[str, str]] = ()) -> AddrSet:
        """Return the addresses of the rows that pass `filters`; see `rows`."""
        wanted = list(filters)
        return AddrSet.of_spans({f: self._chosen(f, wanted) for f in FAMILIES}) - self.dropped

    def counts(self) -> Mapping[Family, int]:
        """Return how many addresses of each family the feed stands for."""
        addresses = self.addresses()
        return {family: addresses.count_of(family) for family in FAMILIES}

    def rows(self, family: Family, filters: Iterable[tuple[str, str]]) -> NDArray[np.bool_]:
        """Return which rows of a family pass `filters`.

        Args:
            filters: Tags and what they must say. A tag named twice may say either.

        Raises:
            KeyError: If the feed has no such tag.
        """
        wanted: dict[str, list[str]] = {}
        for name, value in filters:
            wanted.setdefault(name, []).append(value)
        masks = [self.tags[name].rows(family, values) for name, values in wanted.items()]
        every = np.ones(len(self.spans[family][0]), dtype=bool)
        return np.asarray(np.logical_and.reduce([every, *masks]), dtype=bool)

    def _chosen(self, family: Family, filters: Sequence[tuple[str, str]]) -> Spans:
        start, last = self.spans[family]
        if not filters:
            return start, last
        chosen = self.rows(family, filters)
        return start[chosen], last[chosen]


def feed_to_bytes(feed: Feed) -> bytes:
    """Return a feed as one npz archive, uncompressed for speed."""
    head = {
        "records": feed.records,
        "date": feed.date.isoformat() if feed.date else None,
        "serial": feed.serial,
        "warnings": feed.warnings,
        "as_numbers": feed.as_numbers,
        "tags": {name: tag.names for name, tag in feed.tags.items()},
    }
    arrays: dict[str, Any] = {"head": np.frombuffer(json.dumps(head).encode(), np.uint8)}
    for family in FAMILIES:
        for name, spans in (("row", feed.spans[family]), ("dropped", feed.dropped.spans(family))):
            arrays[f"{name}.{family.name}.start"], arrays[f"{name}.{family.name}.last"] = spans
        for name, tag in feed.tags.items():
            arrays[f"tag.{family.name}.{name}"] = tag.labels[family]
    buffer = BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def feed_from_bytes(data: bytes) -> Feed:
    """Return what `feed_to_bytes` wrote.

    Raises:
        ValueError: If `data` is not such an archive.
    """
    from zipfile import BadZipFile

    if not data.startswith(b"PK"):
        raise ValueError("not an archive of a feed: not a zip file")
    try:
        with np.load(BytesIO(data), allow_pickle=False) as arrays:
            return _feed(arrays)
    except (
        ValueError,
        LookupError,
        OSError,
        EOFError,
        BadZipFile,
        RuntimeError,
        TypeError,
    ) as reason:
        raise ValueError(f"not an archive of a feed: {reason}") from None


def _feed(arrays: Mapping[str, NDArray[Any]]) -> Feed:
    said = arrays["head"]
    if not isinstance(said, np.ndarray):  # of a member without numpy's head, its bytes
        raise TypeError("its head is no array")
    head = loads_json(said.tobytes().decode())
    if not isinstance(head, dict) or not isinstance(head["tags"], dict):
        raise TypeError("its head is no table")
    tags = {
        name: Tag(tuple(names), {f: arrays[f"tag.{f.name}.{name}"] for f in FAMILIES})
        for name, names in head["tags"].items()
    }
    return Feed(
        spans={family: _spans(arrays, "row", family) for family in FAMILIES},
        tags=tags,
        records=head["records"],
        as_numbers=tuple(head["as_numbers"]),
        dropped=AddrSet.of_spans({f: _spans(arrays, "dropped", f) for f in FAMILIES}),
        date=dt.date.fromisoformat(head["date"]) if head["date"] else None,
        serial=head["serial"],
        warnings=tuple(head["warnings"]),
    )


def _spans(arrays: Mapping[str, NDArray[Any]], name: str, family: Family) -> Spans:
    start, last = (arrays[f"{name}.{family.name}.{end}"] for end in ("start", "last"))
    if any(column.dtype not in (np.uint64, WIDE) or column.ndim != 1 for column in (start, last)):
        raise ValueError("not an archive of a feed: a column of another type")
    return start, last
