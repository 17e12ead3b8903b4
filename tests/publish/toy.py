"""A record of a small build, for what publishing keeps of it."""

from datetime import UTC, datetime

from blockc.publish.generations import Making
from blockc.publish.record import (
    SCHEMA,
    Record,
    RecordedException,
    RecordedFile,
    RecordedList,
    RecordedProof,
    Recording,
)

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # of no byte
RECORD = Record(
    schema=SCHEMA,
    blockc="0",
    moment=NOW,
    sample=False,
    folder="",
    allow_expired=False,
    policy="blockc.toml",
    policy_digest="ab" * 32,
    files=(RecordedFile("blockc.toml", EMPTY),),
    lock="",
    manifest=EMPTY,
    registries=(),
    sources=(),
    lists=(RecordedList("far", "block", EMPTY, "2026-11-01"),),
    exceptions=(RecordedException("far", "192.0.2.0/24", "sales", "a partner", "2026-12-31"),),
    protected={"ipv4": "0", "ipv6": "0"},
    proof=RecordedProof(1, 1, {"ipv4": 2, "ipv6": 0}),
)
MADE = Making(recording=Recording(RECORD, {EMPTY: b""}), now=NOW)
