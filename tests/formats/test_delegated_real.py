"""The registries' own files, and those that were broken on the way."""

import json
from datetime import date

import pytest

from blockc.errors import SourceSyntaxError, SourceUnfit
from blockc.formats.checksum import parse_md5
from blockc.formats.delegated.reader import read_delegated
from tests.support.data import data_folder, registry_files
from tests.support.delegated_oracle import require_same_as_plain

TODAY = date(2026, 11, 23)
ACCEPTED = "accepted"
REFUSED = "refused"

# What the manifest calls for, and where it leaves a choice, blockc's: warnings are parts of texts.
# 58 is asked for as AFRINIC's file; 61 and 65 are only wrong beside an older file.
VERDICTS = {
    "00-base-valid": ACCEPTED,
    "01-truncated-mid-line": REFUSED,
    "03-header-count-wrong": REFUSED,
    "04-summary-count-wrong": REFUSED,
    "05-asn-summary-wrong-only": "3 rows of AS numbers, the file has 30",
    "06-crlf": ACCEPTED,
    "08-html-error-page": REFUSED,
    "09-gzip-bytes": REFUSED,
    "10-utf8-bom": REFUSED,
    "12-nul-bytes": REFUSED,
    "14-negative-value": REFUSED,
    "15-zero-value": REFUSED,
    "16-value-overflow": REFUSED,
    "18-value-whole-internet": REFUSED,
    "19-value-float": REFUSED,
    "24-v6-prefix-129": REFUSED,
    "26-v6-prefix-negative": REFUSED,
    "27-v6-host-bits": REFUSED,
    "30-v4-leading-zeros": REFUSED,
    "32-v4-in-v6-record": REFUSED,
    "33-overlap-nested-same-cc": ACCEPTED,
    "34-overlap-nested-diff-cc": "overlaps ZW 41.57.64.0-41.57.79.255 of line 40",
    "35-duplicate-exact": "the same as line 40",
    "38-available-covers-assigned": ACCEPTED,
    "39-lowercase-cc": REFUSED,
    "40-cc-three-letters": REFUSED,
    "41-cc-empty-delegated": ACCEPTED,
    "42-cc-zz-delegated": ACCEPTED,
    "43-cc-path-traversal": REFUSED,
    "45-unknown-status": "unknown status 'transferred'",
    "46-unknown-type": "unknown type 'ipv8'",
    "48-extra-fields": ACCEPTED,
    "49-bad-date": "'20201340' is not a day",
    "50-dates-00000000": ACCEPTED,
    "51-trailing-spaces": ACCEPTED,
    "53-blank-and-comment-lines": ACCEPTED,
    "54-no-header": REFUSED,
    "55-header-only": REFUSED,
    "56-empty-file": REFUSED,
    "58-wrong-registry-served": REFUSED,
    "60-version-3": REFUSED,
    "61-older-than-previous": ACCEPTED,
    "62-enddate-in-future": "days in the future",
    "65-shrunk-90pct": ACCEPTED,
    "67-private-space": REFUSED,
    "real-afrinic-2022-09-20-asn-count-off-by-3": "3,326 rows of AS numbers, the file has 3,329",
    "real-afrinic-2025-07-03-ipv6-8188-records": ACCEPTED,
    "real-afrinic-2025-07-04-ipv6-3529-records": ACCEPTED,
    "real-apnic-2024-02-03-html-error-page": REFUSED,
    "real-ripencc-2026-04-28-truncated": REFUSED,
}
DIGEST = "24c579a5e9a6e16a96d265292690b4a9"
CHECKSUMS = {
    "69-md5-bsd.md5": DIGEST,
    "69-md5-gnu.md5": DIGEST,
    "69-md5-upper.md5": DIGEST,
    "69-md5-mismatch.md5": "0" * 32,
}
# Delegated IPv4 and IPv6 rows, and all rows, of 2018-10-13.
ROWS = {
    "afrinic": (3_506, 811, 9_373),
    "apnic": (40_416, 8_399, 113_050),
    "arin": (61_712, 6_420, 142_799),
    "lacnic": (15_182, 7_885, 57_841),
    "ripencc": (70_104, 17_857, 189_189),
}
FILES = [
    *(("rir-2018-10-13", registry) for registry in ROWS),
    *(("rir-2025-05-06-reconstructed", registry) for registry in ROWS),
    *((f"history/{day}", "afrinic") for day in ("2022-09-20", "2025-07-03", "2025-07-04")),
]


def verdict(name: str) -> str:
    """Return `refused`, `accepted`, or the warnings."""
    data = (data_folder("malformed") / name).read_bytes()
    try:
        found = read_delegated(name, data, registry=asked_for(name), today=TODAY)
    except (SourceSyntaxError, SourceUnfit):
        return REFUSED
    return "\n".join(found.warnings) or ACCEPTED


def asked_for(name: str) -> str:
    """Return the registry whose file was asked for."""
    return name.split("-")[1] if name.startswith("real-") else "afrinic"


def test_every_case_of_the_manifest_has_a_verdict_here() -> None:
    manifest = json.loads((data_folder("malformed") / "MANIFEST.json").read_text(encoding="utf-8"))

    assert {case["file"] for case in manifest} == VERDICTS.keys() | CHECKSUMS.keys()


@pytest.mark.parametrize("name", VERDICTS)
def test_malformed_file_gets_its_verdict(name: str) -> None:
    assert VERDICTS[name] in verdict(name)


@pytest.mark.parametrize("name", CHECKSUMS)
def test_checksum_file_gives_its_digest(name: str) -> None:
    assert parse_md5(name, (data_folder("malformed") / name).read_bytes()) == CHECKSUMS[name]


@pytest.mark.parametrize("registry", ROWS)
def test_real_file_holds_the_rows_that_were_counted_by_other_means(registry: str) -> None:
    path = registry_files("rir-2018-10-13")[registry]
    found = read_delegated(path.name, path.read_bytes(), registry=registry, today=TODAY)
    delegated = [int(records.delegated.sum()) for records in found.records.values()]

    assert (*delegated, sum(found.counts.rows.values())) == ROWS[registry]
    assert found.header.records == ROWS[registry][2]


@pytest.mark.slow
@pytest.mark.parametrize(("folder", "registry"), FILES)
def test_real_file_reads_as_the_plain_reader_reads_it(folder: str, registry: str) -> None:
    assert require_same_as_plain(registry_files(folder)[registry].read_bytes())


def test_real_special_purpose_delegations_are_one_warning() -> None:
    path = registry_files("rir-2018-10-13")["arin"]
    warnings = read_delegated("arin", path.read_bytes()).warnings

    assert warnings == (
        (
            "arin:56869: 192.175.48.0/24 is special-purpose space, "
            "direct delegation AS112 service; 2 such rows"
        ),
    )
