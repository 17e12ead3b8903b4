"""MaxMind DB files: a binary tree of networks, and what is said about each in records.

The tree is walked a level at a time (`mmdb_tree`); maxminddb, which is an
optional library, checks the file and decodes the records. IPv4 stands below `::/96`. Trees lead
to the same branch from other places, such as `2002::/16`: it is read once.

Source: MaxMind DB file format, https://maxmind.github.io/MaxMind-DB/
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from blockc.addresses import columns
from blockc.addresses.bit_tree import IPV4_DEPTH, WIDTH
from blockc.addresses.columns import Spans
from blockc.addresses.family import V4, V6, Family
from blockc.addresses.lines import Decoded
from blockc.addresses.wrong_texts import Positions
from blockc.errors import Location, SourceUnfit, UsageError
from blockc.formats.feeds.feed import Feed
from blockc.formats.feeds.json_feed import not_there, tag_not_there
from blockc.formats.feeds.mmdb_tree import Leaves, Tree, damaged
from blockc.formats.parsing.assembly import ParsedRows, feed_of, nowhere
from blockc.formats.parsing.format_options import FormatOptions
from blockc.formats.parsing.json_paths import Missing, Path, texts_at

if TYPE_CHECKING:
    from maxminddb.reader import Metadata

_DAMAGED = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)


def read_mmdb(name: str, data: bytes, options: FormatOptions) -> Feed:
    """Read a MaxMind DB file; its tags are texts in its records.

    Raises:
        UsageError: The library is not installed.
        SourceSyntaxError: The file is damaged.
        SourceUnfit: It is no such file, has not what the paths say, or is not to be believed.
    """
    metadata = _metadata(name, data)
    leaves = _tree(data, metadata).leaves(name, options.max_records)
    numbers, which = np.unique(leaves.record, return_inverse=True)
    texts = _texts(name, _records(name, data, metadata, numbers.tolist()), options.tags)
    tags = {tag: [said[number] for number in which.tolist()] for tag, said in texts.items()}
    parsed = ParsedRows(
        name=name,
        decoded=_by_family(leaves),
        count=len(leaves.record),
        locate=nowhere(name),
        tags=tags,
        date=_day(name, metadata),
        serial=str(metadata.build_epoch),
    )
    return feed_of(parsed, options)


def _metadata(name: str, data: bytes) -> "Metadata":
    try:
        from maxminddb import MODE_FD, InvalidDatabaseError, open_database
    except ImportError:
        raise UsageError(
            "a file of the format mmdb needs the library maxminddb",
            at=Location(name),
            hint="pip install blockc[mmdb]",
        ) from None
    try:
        with open_database(BytesIO(data), MODE_FD) as reader:
            metadata = reader.metadata()
    except (InvalidDatabaseError, *_DAMAGED):
        raise _cut(name) from None
    numbers: list[Any] = [metadata.node_count, metadata.build_epoch]
    sound = all(isinstance(number, int) and number >= 0 for number in numbers)
    if not sound or metadata.ip_version not in (4, 6) or not metadata.node_count:
        raise damaged(name, "its metadata make no sense")
    if metadata.search_tree_size > len(data):
        raise _cut(name)
    return metadata


def _cut(name: str) -> SourceUnfit:
    said = "is not a MaxMind DB file, or cut"
    return SourceUnfit(said, at=Location(name), hint="fetch it again")


def _tree(data: bytes, metadata: "Metadata") -> Tree:
    v4_only = metadata.ip_version == 4
    return Tree.of(data, metadata.node_count, metadata.node_byte_size, IPV4_DEPTH if v4_only else 0)


def _by_family(leaves: Leaves) -> Decoded:
    v4 = (leaves.high == 0) & (leaves.low >> np.uint64(32) == 0) & (leaves.length >= IPV4_DEPTH)
    # A record above `::/96` speaks about all of IPv4 too: so does every reader of such files.
    above = (leaves.high == 0) & (leaves.low == 0) & (leaves.length < IPV4_DEPTH)
    places = {V4: np.flatnonzero(v4 | above), V6: np.flatnonzero(~v4)}
    start: Mapping[Family, Any] = {
        V4: leaves.low[v4 | above],
        V6: columns.join(leaves.high[~v4], leaves.low[~v4]),
    }
    spans: dict[Family, Spans] = {}
    positions: dict[Family, Positions] = {}
    for family, rows in places.items():
        depth = np.int16(WIDTH - family.width)
        length = np.maximum(leaves.length[rows], depth) - depth
        last = columns.block_lasts(family, start[family], length)
        spans[family] = columns.narrow_spans(start[family], last)
        positions[family] = rows.astype(np.int64)
    return Decoded(spans, positions)


def _records(name: str, data: bytes, metadata: "Metadata", numbers: Sequence[int]) -> Iterator[Any]:
    """Yield the record of each number the tree has for one."""
    from maxminddb import InvalidDatabaseError
    from maxminddb.decoder import Decoder

    begin = metadata.search_tree_size
    decoder = Decoder(data, begin + 16)  # zero bytes part the tree from the records
    for number in numbers:
        try:
            yield decoder.decode(number - metadata.node_count + begin)[0]
        except (InvalidDatabaseError, *_DAMAGED):
            raise damaged(name, f"record {number - metadata.node_count:,} is damaged") from None


def _texts(name: str, records: Iterable[Any], tags: Mapping[str, Path]) -> Mapping[str, list[str]]:
    """Return what each record says at the path of each tag."""
    found: dict[str, list[str]] = {tag: [] for tag in tags}
    try:
        for record in records:
            for tag, path in tags.items():
                found[tag].append("".join(texts_at(record, path.steps, "")[:1]))
    except Missing as reason:
        raise not_there(name, reason) from None
    for tag, texts in found.items():
        if not any(texts):
            raise tag_not_there(name, tag, tags[tag])
    return found


def _day(name: str, metadata: "Metadata") -> date:
    try:
        return datetime.fromtimestamp(metadata.build_epoch, UTC).date()
    except _DAMAGED:
        raise damaged(name, "its metadata have no date") from None
