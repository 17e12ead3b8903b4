"""What was fetched once: the facts a reader found in it, and how lock and store write them down."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from blockc.tomlio.tables import Findings, Place, Table, table_field
from blockc.tomlio.writer import TomlValue, toml_lines
from blockc.values import Value

AS_NUMBERS = "asn"  # what a source holds that lists AS numbers in place of addresses
HELD = ("ipv4", "ipv6", AS_NUMBERS)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COUNT = re.compile(r"0|[1-9][0-9]{0,38}")  # up to 2**128
SHORT_DIGITS = 12
Day = date  # fields named `date` hide the type


class Amount(Value):
    """How much of one family a snapshot holds; for a registry what is delegated, and no more.

    Lines that say what is available or reserved are merged and split as a registry likes, by half
    of a file overnight. They are not counted here.
    """

    records: int
    addresses: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What a reader tells about a file it accepted.

    Attributes:
        records: All it lists, as the format itself counts.
        holds: By name of the family, the space it delegates or lists.
        date: The day the data describes, if the format says one.
        serial: The version the format says it has, or nothing.
        warnings: What is odd about the file, though it was accepted. Told once, never kept.
    """

    records: int
    holds: Mapping[str, Amount]
    date: Day | None = None
    serial: str = ""
    warnings: tuple[str, ...] = field(default=(), compare=False)


class Snapshot(Value):
    """One version of a source: which bytes, where from, and what is in them."""

    url: str
    sha256: str
    bytes: int
    facts: Facts

    @property
    def short(self) -> str:
        """Return the beginning of the digest: enough to name it, short enough to type."""
        return self.sha256[:SHORT_DIGITS]


class AmountTable(Table):
    """The TOML of an `Amount`; addresses are text, TOML's own numbers end at 2**63."""

    records: int
    addresses: str


class SnapshotTable(Table):
    """The TOML of a `Snapshot`."""

    url: str
    sha256: str
    bytes: int
    records: int
    date: Day | None = None
    serial: str = ""
    holds: dict[str, AmountTable] = table_field(default_factory=dict)


def snapshot_lines(snapshot: Snapshot) -> list[str]:
    """Return the lines of TOML that `snapshot_of` reads."""
    facts = snapshot.facts
    table: dict[str, TomlValue | None] = {
        "url": snapshot.url,
        "sha256": snapshot.sha256,
        "bytes": snapshot.bytes,
        "date": facts.date,
        "serial": facts.serial or None,
        "records": facts.records,
    }
    for family, amount in sorted(facts.holds.items()):
        addresses = str(amount.addresses)
        table[f"holds.{family}"] = {"records": amount.records, "addresses": addresses}
    return toml_lines(table)


def snapshot_of(table: SnapshotTable, place: Place, findings: Findings) -> Snapshot:
    """Return the snapshot a table says, noting in `findings` what it cannot say."""
    if not _SHA256.fullmatch(table.sha256):
        findings.add(place / "sha256", "expected 64 hexadecimal digits in lower case")
    for key in ("bytes", "records"):
        if getattr(table, key) < 0:
            findings.add(place / key, f"expected a number from 0, found {getattr(table, key)}")
    holds = {}
    for family, amount in table.holds.items():
        at = place / "holds" / family
        if family not in HELD:
            findings.add_name(
                at, f"expected {', '.join(HELD[:-1])} or {HELD[-1]}, found {family!r}"
            )
        elif amount.records < 0 or not _COUNT.fullmatch(amount.addresses):
            findings.add(at, "expected numbers from 0")
        else:
            holds[family] = Amount(amount.records, int(amount.addresses))
    facts = Facts(table.records, holds, table.date, table.serial)
    return Snapshot(table.url, table.sha256, table.bytes, facts)
