"""Local files are read whole, and what is not a file to read is told instead of waited for."""

import hashlib
import os
import threading
from pathlib import Path

import pytest

from blockc.storage import local
from blockc.storage.local import Unsuitable, local_digest, read_local


def test_a_file_is_read_up_to_its_cap(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    (tmp_path / "link").symlink_to(path)
    assert (
        read_local(path, 5) == read_local(tmp_path / "link") == read_local(path, None) == b"12345"
    )
    with pytest.raises(Unsuitable, match="it holds more than 4 bytes"):
        read_local(path, 4)
    with pytest.raises(FileNotFoundError):
        read_local(tmp_path / "gone")
    with pytest.raises(IsADirectoryError):
        read_local(tmp_path)


def test_a_pipe_nobody_writes_to_and_a_device_without_end_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Unsuitable, match="it is a pipe and not a regular file"):
        read_local(tmp_path / "pipe")
    with pytest.raises(Unsuitable, match="it is a device and not a regular file"):
        read_local("/dev/zero")


def test_a_pipe_is_read_where_one_is_meant_and_a_device_up_to_the_cap(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"1" * 100_000,))
    writer.start()
    assert read_local(pipe, pipe=True) == b"1" * 100_000
    writer.join()
    with pytest.raises(Unsuitable, match="it holds more than 1,000 bytes"):
        read_local("/dev/zero", 1000, pipe=True)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the files that are read, in order."""
    names, open_local = list[str](), local.open_local

    def noted(path: str | Path) -> object:
        names.append(Path(path).name)
        return open_local(path)

    monkeypatch.setattr(local, "open_local", noted)
    return names


def written(path: Path, data: bytes, seconds_ago: float = 0) -> str:
    """Write a file that says it was written some time ago, and return its digest."""
    path.write_bytes(data)
    moment = path.stat().st_mtime_ns - int(seconds_ago * 1e9)
    os.utime(path, ns=(moment, moment))
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("piece", [1, 3, 4, local._PIECE])
def test_the_digest_of_a_file_is_that_of_all_its_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(local, "_PIECE", piece)
    digest = written(tmp_path / "file", b"1234")
    assert local_digest(tmp_path / "file") == digest
    assert local_digest(str(tmp_path / "file")) == digest
    monkeypatch.setattr(local, "MAX_BYTES", 4)
    assert local_digest(tmp_path / "file") == digest
    monkeypatch.setattr(local, "MAX_BYTES", 3)
    with pytest.raises(Unsuitable, match="holds more than 3 bytes"):
        local_digest(tmp_path / "file")


def test_a_file_that_nobody_writes_is_digested_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: list[str]
) -> None:
    monkeypatch.setattr(local, "_SETTLED_NS", 0)
    digest = written(tmp_path / "file", b"1234")
    assert [local_digest(tmp_path / "file") for _ in range(3)] == [digest] * 3
    assert opened == ["file"]
    other = written(tmp_path / "file", b"5678", seconds_ago=3)  # as many bytes, and older
    assert local_digest(tmp_path / "file") == other != digest
    assert opened == ["file"] * 2


@pytest.mark.parametrize("seconds_ago", [0, 3600])
def test_a_file_that_was_written_just_now_is_digested_again(
    tmp_path: Path, opened: list[str], seconds_ago: float
) -> None:
    """Whatever time it says it was written at."""
    digest = written(tmp_path / "file", b"1234", seconds_ago)
    assert [local_digest(tmp_path / "file") for _ in range(2)] == [digest] * 2
    assert opened == ["file"] * 2


def test_no_digest_is_made_of_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Unsuitable, match="a pipe and not a regular file"):
        local_digest(tmp_path / "pipe")
