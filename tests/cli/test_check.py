"""`blockc check`: would a file be accepted, and if not, why."""

import bz2
import gzip
import hashlib
import json
import lzma
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Blockc
from tests.cli.toy import ROWS, SAMPLE, delegated

APNIC = delegated("apnic", ROWS["apnic"])
NONE = dict.fromkeys(("allocated", "assigned", "available", "reserved", "other"), 0)


@pytest.fixture
def apnic(tmp_path: Path) -> Path:
    path = tmp_path / "delegated-apnic-extended-latest"
    path.write_text(APNIC, encoding="ascii")
    return path


def test_a_good_file_is_accepted_with_its_counts(blockc: Blockc, apnic: Path) -> None:
    done = blockc("check", apnic)
    assert (done.code, done.err) == (0, "")
    words = [line.split() for line in done.out.splitlines()]
    assert words[0] == ["Accepted"]
    assert words[3:] == [
        [apnic.name, "apnic", "2026-11-20", "ipv4", "3", "1,792"],
        ["ipv6", "1", "65,536", "/48"],
        ["asn", "0"],
    ]


def test_json_tells_everything_about_an_accepted_file(blockc: Blockc, apnic: Path) -> None:
    (report,) = json.loads(blockc("check", "--json", apnic).out)
    assert report == {
        "file": str(apnic),
        "accepted": True,
        "registry": "apnic",
        "version": "2",
        "serial": "20261120",
        "startdate": "1984-01-01",
        "enddate": "2026-11-20",
        "rows": {"asn": 0, "ipv4": 3, "ipv6": 1, "other": 0},
        "statuses": {"ipv4": {**NONE, "allocated": 3}, "ipv6": {**NONE, "allocated": 1}},
        "delegated_addresses": {"ipv4": "1792", "ipv6": str(2**96)},
        "warnings": [],
    }


def test_a_bad_row_refuses_the_file_with_its_line_and_token(blockc: Blockc, apnic: Path) -> None:
    apnic.write_text(APNIC.replace("1.0.2.0", "1.0.2.999"), encoding="ascii")
    done = blockc("check", apnic)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(f"blockc: {apnic}:6:15: ")
    assert done.err.splitlines()[2].strip() == "^" * len("1.0.2.999")
    (report,) = json.loads(blockc("check", "--json", apnic).out)
    assert (report["accepted"], report["line"], report["column"]) == (False, 6, 15)
    assert "1.0.2.999" in report["reason"] or "IPv4" in report["reason"]


def test_a_file_that_lost_its_end_is_refused(blockc: Blockc, apnic: Path) -> None:
    apnic.write_text(APNIC[:-9], encoding="ascii")
    assert blockc("check", apnic).code == 3
    apnic.write_text("".join(APNIC.splitlines(keepends=True)[:-1]), encoding="ascii")
    assert blockc("check", apnic).code == 3
    apnic.write_text("", encoding="ascii")
    assert blockc("check", apnic).code == 3


def test_another_registrys_file_is_refused(blockc: Blockc, apnic: Path) -> None:
    assert blockc("check", "--registry", "apnic", apnic).code == 0
    done = blockc("check", "--registry", "arin", apnic)
    assert done.code == 3
    assert "arin" in done.err
    assert blockc("check", "--registry", "nobody", apnic).code == 2


@pytest.mark.parametrize(
    ("ending", "pack"), [(".xz", lzma.compress), (".gz", gzip.compress), (".bz2", bz2.compress)]
)
def test_packed_files_are_unpacked_and_broken_ones_refused(
    blockc: Blockc, apnic: Path, ending: str, pack: Callable[[bytes], bytes]
) -> None:
    packed = apnic.with_name(apnic.name + ending)
    packed.write_bytes(pack(APNIC.encode()))
    assert blockc("check", packed).code == 0
    packed.write_bytes(pack(APNIC.encode())[:-20])
    cut = blockc("check", packed)
    assert cut.code == 3
    assert cut.err.startswith(f"blockc: {packed}: cannot read this file: ")


def test_the_checksum_is_compared_in_every_spelling(blockc: Blockc, apnic: Path) -> None:
    digest = hashlib.md5(APNIC.encode(), usedforsecurity=False).hexdigest()
    sums = apnic.with_suffix(".md5")
    for text in (f"{digest}\n", f"{digest.upper()}  {apnic.name}\n", f"MD5 (x) = {digest}\n"):
        sums.write_text(text, encoding="ascii")
        assert blockc("check", "--md5", sums, apnic).code == 0
    packed = apnic.with_name(apnic.name + ".gz")
    packed.write_bytes(gzip.compress(APNIC.encode()))
    assert blockc("check", "--md5", sums, packed).code == 0

    sums.write_text("0" * 32, encoding="ascii")
    wrong = blockc("check", "--md5", sums, apnic)
    assert wrong.code == 3
    assert f"its md5 is {digest}, {sums} says {'0' * 32}" in wrong.err
    sums.write_text("no digest here", encoding="ascii")
    assert blockc("check", "--md5", sums, apnic).code == 3


def test_a_checksum_is_of_one_file(blockc: Blockc, apnic: Path) -> None:
    done = blockc("check", "--md5", apnic, apnic, apnic)
    assert (done.code, done.out) == (2, "")
    assert "checksum of one file" in done.err


def test_files_that_are_not_there_are_the_callers_mistake(blockc: Blockc, tmp_path: Path) -> None:
    done = blockc("check", tmp_path / "gone")
    wanted = f"blockc: {tmp_path}/gone: cannot read this file: no such file or directory\n"
    assert done == (2, "", wanted)
    assert blockc("check", tmp_path).code == 2
    assert blockc("check").code == 2


def test_every_file_gets_its_verdict_and_the_worst_decides(
    blockc: Blockc, apnic: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad"
    bad.write_text("<html>\n", encoding="ascii")
    done = blockc("check", "--json", apnic, bad, apnic, tmp_path / "gone")
    assert done.code == 3
    assert [one["accepted"] for one in json.loads(done.out)] == [True, False, True, False]
    assert len(json.loads(done.err)["errors"]) == 2


def test_what_is_odd_is_a_warning_and_not_a_refusal(blockc: Blockc, tmp_path: Path) -> None:
    path = tmp_path / "delegated-arin"
    row = "US|ipv4|192.175.48.0|256|20050101|assigned"
    path.write_text(delegated("arin", (*ROWS["arin"], row)), encoding="ascii")
    done = blockc("check", path)
    assert done.code == 0
    said = f"blockc: warning: {path}:7: 192.175.48.0/24 is special-purpose space, "
    assert done.err.startswith(said)
    (report,) = json.loads(blockc("check", "--json", path).out)
    assert len(report["warnings"]) == 1


def test_names_from_a_file_reach_the_terminal_escaped(blockc: Blockc, tmp_path: Path) -> None:
    path = tmp_path / "delegated-\x1b[31m"
    path.write_text(APNIC.replace("apnic|CN", "apnic|\x1b[2J"), encoding="ascii")
    done = blockc("check", path)
    assert done.code == 3
    assert "\x1b" not in done.out + done.err


def test_a_file_without_permission_is_the_callers_mistake(blockc: Blockc, apnic: Path) -> None:
    assert blockc("check", apnic, "missing").code == 2  # loads what nobody could not load
    apnic.chmod(0)
    user = os.geteuid()
    if user == 0:  # root may read everything, so for this one call we are nobody
        os.seteuid(65534)
    try:
        done = blockc("check", apnic)
    finally:
        os.seteuid(user)
    assert (done.code, "permission denied" in done.err.lower()) == (2, True)


@pytest.mark.slow
def test_the_bundled_sample_would_be_accepted(blockc: Blockc) -> None:
    files = sorted(SAMPLE.glob("*.xz"))
    reports = json.loads(blockc("check", "--json", *files).out)
    assert [one["accepted"] for one in reports] == [True] * 5
    rows = {one["registry"]: one["rows"]["ipv4"] for one in reports}
    assert rows["arin"] == 62_481
