"""Local files are read whole, and what is not a file to read is told instead of waited for."""

import os
import threading
from pathlib import Path

import pytest

from blockc.storage.local import Unsuitable, read_local


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
