"""Packed logs: what is whole is read whole, and what is not is said, behind all that is there."""

import random
from itertools import chain, repeat
from pathlib import Path

import pytest
import zstandard

from blockc.storage import log_files
from blockc.storage.decompress import Damaged
from blockc.storage.log_files import blocks, whole_lines

LINES = b"".join(b"line %d of a log\n" % (n * n) for n in range(20_000))
SKIPPED = b"\x50\x2a\x4d\x18\x03\0\0\0abc"  # a frame that says nothing, as pzstd writes them
FRAME, OTHER = (zstandard.compress(part) for part in (LINES[:100_010], LINES[100_010:]))


def read(path: Path, data: bytes, *, resumable: bool = False) -> tuple[bytes, bool]:
    """Return the lines of a log, and whether it is damaged."""
    path.write_bytes(data)
    found = b""
    try:
        for block in blocks(str(path), 50_000, resumable=resumable):
            found += block
    except Damaged:
        return found, True
    return found, False


@pytest.mark.parametrize("end", [b"", SKIPPED], ids=["", "and a frame that is skipped"])
@pytest.mark.parametrize("between", [b"", SKIPPED, zstandard.compress(b"")])
def test_several_frames_are_one_log(tmp_path: Path, between: bytes, end: bytes) -> None:
    assert read(tmp_path / "log.zst", FRAME + between + OTHER + end) == (LINES, False)


@pytest.mark.parametrize("whole", [FRAME + OTHER, FRAME + OTHER + SKIPPED])
@pytest.mark.parametrize("cut", [1, 5, 4_000])
def test_a_log_of_zstd_that_is_cut_is_damaged_and_no_line_of_it_is_cut(
    tmp_path: Path, whole: bytes, cut: int
) -> None:
    found, damaged = read(tmp_path / "log.zst", whole[:-cut], resumable=True)
    assert damaged
    assert LINES.startswith(found)
    assert found.endswith(b"\n")
    assert len(found) > 100_000


def test_what_is_not_zstd_behind_a_frame_costs_no_line_before_it(tmp_path: Path) -> None:
    found = read(tmp_path / "log.zst", FRAME + b"garbage")
    assert found == (LINES[:100_010] + b"\n", True)


def test_a_line_without_end_is_damage_behind_the_lines_before_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_files, "_LONGEST", 1000)
    read: list[bytes] = []
    with pytest.raises(Damaged, match="a line of it has more than 1,000 bytes"):
        read.extend(blocks(chain([b"one\ntwo\n"], repeat(b"\0" * 300)), 300))
    assert b"".join(read) == b"one\ntwo\n"


@pytest.mark.parametrize("seed", range(200))
def test_a_line_is_held_whole_or_comes_in_pieces_if_it_is_longer_than_a_block(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    most, rng = 8, random.Random(seed)
    monkeypatch.setattr(log_files, "BLOCK", most)
    lines = [b"x" * rng.choice([0, 3, most - 1, most, most + 1, 40]) + b"\n" for _ in range(30)]
    data, reads, at = b"".join(lines), [], 0
    while at < len(data):
        reads.append(data[at : at + rng.choice([0, 1, 5, most, 25])])
        at += len(reads[-1])
    found, line, pieces = list(whole_lines(reads)), b"", 0
    assert b"".join(found) == data
    assert max(map(len, found)) <= 2 * most
    for block in found:
        line, pieces = line + block, pieces + 1
        if block.endswith(b"\n"):
            assert (pieces > 1) == (len(line) > most + 1 and line.count(b"\n") == 1)
            line, pieces = b"", 0
    assert not line
