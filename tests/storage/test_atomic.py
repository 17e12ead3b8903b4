"""Files are written whole or not at all, and what a stopped writer left is swept."""

import os
from pathlib import Path

import pytest

from blockc.errors import OutputError
from blockc.storage.atomic import sweep_unfinished, write_files, write_whole
from blockc.storage.zip_archive import write_archive


def test_several_files_are_written_or_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="file/b: cannot write this file"):
        write_files({tmp_path / "a": b"new", tmp_path / "file" / "b": b"new"})
    assert (tmp_path / "a").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "file"]
    write_files({tmp_path / "a": b"new", tmp_path / "c" / "b": b"new"})
    assert [path.read_bytes() for path in (tmp_path / "a", tmp_path / "c" / "b")] == [b"new"] * 2


def test_a_name_as_long_as_names_may_be_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    write_whole(path, b"1")
    assert path.read_bytes() == b"1"


@pytest.mark.parametrize(
    "path", [Path("/dev/null"), Path("/dev/stdout"), Path("pipe"), Path("link")]
)
def test_no_file_takes_the_place_of_a_device(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replaced(_fresh: Path, path: Path) -> None:  # the test may run as root
        raise AssertionError(path)

    monkeypatch.setattr(os, "replace", replaced)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/null")
    for write in (write_whole, lambda path, data: write_archive(path, [("a", data)])):
        with pytest.raises(
            OutputError, match="a device or pipe is there, and no file; name a file"
        ):
            write(tmp_path / path, b"1")
    assert not [one for one in tmp_path.iterdir() if one.name not in ("pipe", "link")]


def test_only_what_nobody_writes_any_more_is_swept(tmp_path: Path) -> None:
    for name in (".new-a-1", ".new-a-2", ".new-b-1", "a", ".newer"):
        (tmp_path / name).write_bytes(b"")
    os.utime(tmp_path / ".new-a-1", (0, 0))
    sweep_unfinished(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        ".new-a-2", ".new-b-1", "a", ".newer",
    }  # fmt: skip
    sweep_unfinished(tmp_path, "b")
    assert {path.name for path in tmp_path.iterdir()} == {".new-a-2", "a", ".newer"}
    sweep_unfinished(tmp_path / "nowhere")
