"""MaxMind DB files: one binary file that GeoIP modules of servers and log pipelines look up.

A record says one thing, under a name that the operator chooses: the verdict of a list, what is to
happen by several lists, or a country. Entries are disjoint, so there are no exceptions inside one.

IPv4 stands below `::/96`, as every reader expects, so IPv6 has no entries there; nor has it any in
`::ffff:0:0/96`, where IPv4 clients of dual-stack sockets appear.
"""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from functools import partial, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blockc.addresses import MAPPED, V4, V6, Prefix, columns
from blockc.addresses.bit_tree import IPV4_DEPTH
from blockc.addresses.rules import Match, Rules, without_space
from blockc.errors import PolicyError
from blockc.targets.core.document import Document, FamilyEntries
from blockc.targets.core.layout import File
from blockc.targets.core.target import (
    Deployment,
    EntryForm,
    Layout,
    Lengths,
    Maturity,
    NativeCheck,
    Reference,
    Target,
)
from blockc.targets.core.target_options import Option
from blockc.targets.core.verdicts import ACTIONS, COUNTRY_CODES, ContentKind, Vocabulary
from blockc.targets.data.mmdb_writer import Datum, Unsigned, mmdb_bytes
from blockc.targets.syntax.mmdb_file import Database, Networks, database
from blockc.targets.syntax.reading import BLOCK, Found, Ordered, Part, Reading
from blockc.targets.syntax.tokens import ArtifactFile, Where
from blockc.values import replace

IPV4_SPACE = (Prefix(V6, 0, 96), MAPPED)
#: Teredo and 6to4, whose next 32 bits MaxMind's own files look up as IPv4.
TUNNELS = (Prefix(V6, 0x2001 << 112, 32), Prefix(V6, 0x2002 << 112, 16))
_COMPARED = (
    "database_type",
    "build_epoch",
    "description",
    "languages",
    "binary_format_minor_version",
)
_PLACES = ("IPv4-mapped addresses as IPv4", "tunnels as IPv4")
_EPOCH, _SECONDS = date(1970, 1, 1), 24 * 60 * 60
UNDATED = 1  # libmaxminddb refuses 0
_ACTIONS = Vocabulary(ACTIONS)


def write_mmdb(document: Document, _: File, parts: Sequence[FamilyEntries]) -> bytes:
    """Return the file of a document.

    Raises:
        PolicyError: Several verdicts are to be said by a `true`.
        DoesNotFit: The file would be larger than its format can say.
    """
    option = document.options
    steps = str(option["field"]).split(".")
    records = [_record(document, steps, parts[0].words.word(name) or "") for name in document.names]
    said = {document.names[label] for part in parts for label in np.unique(part.rules.verdict)}
    if option["boolean"] and (others := sorted(said - {BLOCK})):
        raise PolicyError(
            f"mmdb: with boolean = true a record says block and nothing else, not {others[0]!r}",
            hint="leave boolean out, and compare with the word in the record",
        )
    metadata: dict[str, Datum] = {
        "ip_version": Unsigned(16, 6),
        "database_type": str(option["database_type"]),
        "languages": ["en"],
        "binary_format_major_version": Unsigned(16, 2),
        "binary_format_minor_version": Unsigned(16, 0),
        "build_epoch": Unsigned(64, _epoch(document)),
        "description": {"en": "\n".join(document.header(list(parts)))},
    }
    rules = {part.family: part.rules for part in parts}
    mapped = (MAPPED,) if option.get("mapped", True) else ()
    aliases = (*mapped, *(() if "mapped" in option else TUNNELS))
    return mmdb_bytes(rules, records, metadata, aliases)


def _record(document: Document, steps: Sequence[str], word: str) -> Datum:
    """Return a map in a map for each step of the path to what a record says."""
    said: Datum = document.options["boolean"] is True or word
    return reduce(lambda inner, step: {step: inner}, reversed(steps), said)


def _epoch(document: Document) -> int:
    """Return the midnight that began the newest day of a source, or `UNDATED` without sources."""
    days = [_EPOCH]
    for source in document.provenance.sources:
        with suppress(ValueError):  # a source that does not say its date
            days.append(date.fromisoformat(source.date))
    return (max(days) - _EPOCH).days * _SECONDS or UNDATED


def read_mmdb(files: Sequence[ArtifactFile]) -> Reading:
    """Return the rules of a file: every network with a record, which says its verdict.

    Raises:
        SourceSyntaxError: It is no such file, or says anything that cannot be proved.
    """
    (file,) = files
    whole = database(file)
    leaves, places = whole.leaves()
    names, labels, found = _verdicts(whole, leaves)
    told: dict[str, Any] = {key.replace("_", " "): whole.metadata.get(key) for key in _COMPARED}
    if places is not None:
        told |= dict(zip(_PLACES, places, strict=True))
    about = [*told.items(), *found]
    return Reading(
        _parts(file, leaves, labels),
        names,
        tuple(
            Found(what, value, file.path, lambda why: file.error(why, 0)) for what, value in about
        ),
    )


def _verdicts(
    whole: Database, leaves: Networks
) -> tuple[tuple[str, ...], NDArray[np.int32], list[tuple[str, object]]]:
    """Return the names of verdicts, the label of each leaf, and what the records are like."""
    numbers, first, which = np.unique(leaves.record, return_index=True, return_inverse=True)
    paths, values = set[str](), list[str | bool]()
    for number in numbers.tolist():
        path, value = _leaf(whole.record(number))
        paths.add(path)
        values.append(value)
    words = [BLOCK if value is True else str(value) for value in values]
    countries = bool(words) and COUNTRY_CODES.word(words[0]) is not None
    names, labels = (COUNTRY_CODES if countries else _ACTIONS).read(words)
    kinds = {type(value) for value in values}
    if -1 in labels or len(kinds) > 1 or len(paths) > 1:
        at = labels.index(-1) if -1 in labels else len(labels) - 1
        said = f"the record says {values[at]!r}, which is not a verdict as the others are"
        raise whole.file.error(said, int(leaves.place[first[at]]))
    found: list[tuple[str, object]] = list(zip(itertools.repeat("field"), sorted(paths)))
    found += [("boolean", kind is bool) for kind in kinds]
    return names, np.array(labels, np.int32)[which], found


def _leaf(record: Any) -> tuple[str, str | bool]:
    """Return the path to the only value of a record, and the value; `False` where it has others."""
    steps = []
    while isinstance(record, dict) and len(record) == 1:
        ((step, record),) = record.items()
        steps.append(step)
    return ".".join(steps), record if isinstance(record, str) or record is True else False


def _parts(file: ArtifactFile, leaves: Networks, labels: NDArray[np.int32]) -> tuple[Part, Part]:
    ipv4 = (leaves.high == 0) & (leaves.low >> np.uint64(32) == 0) & (leaves.length >= IPV4_DEPTH)
    v6 = columns.join(leaves.high[~ipv4], leaves.low[~ipv4])
    parts = []
    for family, rows, start, depth in (
        (V4, np.flatnonzero(ipv4), leaves.low[ipv4], IPV4_DEPTH),
        (V6, np.flatnonzero(~ipv4), v6, 0),
    ):
        last = columns.block_lasts(family, start, leaves.length[rows] - np.int16(depth))
        rules = Rules(family, *columns.narrow_spans(start, last), labels[rows])
        parts.append(Part(rules, _where(file, leaves.place[rows])))
    return parts[0], parts[1]


def _where(file: ArtifactFile, places: NDArray[np.int64]) -> Where:
    return lambda row, why: file.error(why, int(places[row]))


def _orders(document: Document, _: File, parts: Sequence[FamilyEntries]) -> Iterator[Ordered]:
    option = document.options
    yield Ordered("database type", option["database_type"])
    yield Ordered("languages", ["en"])
    yield Ordered("binary format minor version", 0)
    yield Ordered("build epoch", _epoch(document))
    yield Ordered("description", {"en": "\n".join(document.header(list(parts)))})
    filled = {part.family for part in parts if part.count}
    if V4 in filled:
        places = (option.get("mapped", True), "mapped" not in option)
        yield from itertools.starmap(Ordered, zip(_PLACES, places, strict=True))
    if filled:
        yield Ordered("field", option["field"])
        yield Ordered("boolean", option["boolean"])


_NOTES = """\
A record holds one value, at the path `field`, whose names are parted by dots: the verdict, or
`true` with `boolean = true`. nginx with ngx_http_geoip2 reads any path:
`geoip2 list.mmdb { $blocked default=0 blockc; }`. Compare with the word (`if ($blocked = block)`),
since a list may also say monitor or warn, and any word is true. An address that is not listed has
no record, so give the reader a default.

The tree leads from `::ffff:0:0/96` to IPv4, as most files do; `mapped = false` leaves that away.
`2002::/16` and `2001::/32`, tunnels with an IPv4 address inside, are IPv6 and nothing else; the
target `mmdb-maxmind` leads from them to IPv4. With `header = "full"` the date of the file is the
newest day of its sources. Else it is the first second of 1970, so that the file changes only when
its list does."""

_MAXMIND_NOTES = """\
For readers that know only MaxMind's own files. `map = "country"` is a country file of your own; of
a list, the country of a blocked address is the word `block`, so what refuses a country refuses it.

- Envoy, the filter geoip with `country_db_path` or `city_db_path`: reads `country.iso_code` of a
  file of any type, so the header of `country` is `block`. With `anon_db_path` it reads
  `is_anonymous`: `field = "is_anonymous"` and `boolean = true` make the header of `anon` `true`.
- Caddy, maxmind_geolocation: reads `country.iso_code` of any type: `deny_countries block`. Who has
  no record is `UNK`.
- Logstash, the filter geoip: wants `Country` in the type, and reads `country.iso_code`:
  `[geoip][country_code2] == "block"`. A file of an unknown type fails with the first event.
- Traefik, plugins made with geoip2-golang: want a type of MaxMind's, and read `country.iso_code`.
- nginx, ngx_http_geoip2: `geoip2 list.mmdb { $blocked default=0 country iso_code; }`.

The tests ask Envoy, nginx, mmdblookup and maxminddb; what the others ask for is in their sources.

As in MaxMind's own files, the tree leads to IPv4 not only from `::ffff:0:0/96` but also from
`2002::/16` (6to4) and `2001::/32` (Teredo, by the address of its server), so there are no entries
of IPv6 inside these."""

# Opens the file and looks an address up; 6 is its answer to one that is not listed.
_NATIVE = NativeCheck(
    programs=("mmdblookup",),
    packages=("mmdb-bin",),
    argv=("mmdblookup", "--file", "@0@", "--ip", "::"),
    success_codes=(0, 6),
)

MMDB = Target(
    name="mmdb",
    title="MaxMind DB file",
    match=Match.MEMBER,
    form=EntryForm.PREFIX,
    layout=Layout.TOGETHER,
    writer=write_mmdb,
    ending="mmdb",
    reader=read_mmdb,
    orders=_orders,
    words={
        ContentKind.LIST: _ACTIONS,
        ContentKind.VERDICTS: _ACTIONS,
        ContentKind.COUNTRIES: COUNTRY_CODES,
    },
    options=(
        Option(
            "field",
            "blockc",
            "up to four names of 1 to 31 letters, digits or _, with dots between them",
            pattern=r"[A-Za-z][A-Za-z0-9_]{0,30}(\.[A-Za-z][A-Za-z0-9_]{0,30}){0,3}",
            about="the path to the value in a record",
        ),
        Option(
            "boolean",
            False,
            "true or false",
            about="whether a record says true in place of the verdict",
        ),
        Option("mapped", True, "true or false", about="whether ::ffff:0:0/96 leads to IPv4"),
        Option(
            "database_type",
            "blockc-{list}",
            "1 to 64 letters, digits, blanks, dots, - or _, a letter first",
            pattern=r"[A-Za-z][A-Za-z0-9 ._-]{0,63}",
            about="the type in the metadata, by which some readers judge a file",
        ),
    ),
    adapt=partial(without_space, space=IPV4_SPACE),
    never_consulted=IPV4_SPACE,
    native=_NATIVE,
    debian=("libnginx-mod-http-geoip2", "nginx"),
    pypi=("maxminddb",),
    maturity=Maturity.PROGRAM,
    notes=_NOTES,
    references=(Reference("https://maxmind.github.io/MaxMind-DB/", checked="2026-11-27"),),
    deployment=Deployment(
        load="nginx -t && systemctl reload nginx  # a process that has the file open keeps the old",
        rollback="blockc rollback && systemctl reload nginx",
    ),
)


def _source(repository: str, path: str) -> Reference:
    return Reference(f"https://github.com/{repository}/blob/{path}", checked="2026-11-27")


MMDB_MAXMIND = replace(
    MMDB,
    name="mmdb-maxmind",
    title="MaxMind DB file as MaxMind's country files are",
    options=(
        replace(MMDB.options[0], default="country.iso_code"),
        MMDB.options[1],
        replace(MMDB.options[3], default="GeoLite2-Country"),
    ),
    # All of IPv4 in one record would be no tree that a tunnel can lead to.
    lengths=Lengths(range(1, 33), range(129), MMDB.references[0]),
    adapt=partial(without_space, space=(*IPV4_SPACE, *TUNNELS)),
    never_consulted=(*IPV4_SPACE, *TUNNELS),
    notes=_MAXMIND_NOTES,
    references=(
        *MMDB.references,
        Reference("https://metacpan.org/pod/MaxMind::DB::Writer::Tree", checked="2026-11-27"),
        _source(
            "envoyproxy/envoy", "main/source/extensions/geoip_providers/maxmind/geoip_provider.cc"
        ),
        _source("porech/caddy-maxmind-geolocation", "master/main.go"),
        _source(
            "logstash-plugins/logstash-filter-geoip",
            "main/src/main/java/org/logstash/filters/geoip/Database.java",
        ),
        _source("negasus/traefik-plugin-geoip2", "master/geoip2.go"),
    ),
)
