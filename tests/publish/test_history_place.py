"""A history that is kept elsewhere: it outlives its folder, and is that of one folder."""

import shutil
from pathlib import Path

import pytest

from blockc.errors import OutputError
from blockc.publish.generations import (
    Making,
    append_event,
    history_of,
    pin_of,
    publish,
    release,
    rollback,
)
from blockc.publish.history import problems
from tests.publish.toy import NOW


def kinds(folder: Path) -> list[str]:
    past, live = history_of(folder)
    assert list(problems(past, live)) == []
    return [event.event for event in past.events()]


def kept(path: Path) -> Making:
    return Making(now=NOW, history=path)


def test_what_is_published_later_is_told_there_too(tmp_path: Path) -> None:
    folder, path = tmp_path / "dist", tmp_path / "kept" / "all.jsonl"
    publish(folder, {"a": b"1"})
    publish(folder, {"a": b"2"}, kept(path))
    rollback(folder, "me", now=NOW)
    release(folder, "me", now=NOW)
    append_event(folder, "refused", {}, NOW)
    assert kinds(folder) == ["published", "published", "rolled-back", "released", "refused"]
    assert path.read_bytes() == history_of(folder)[0].data
    assert path.with_name("all.jsonl.folder").readlink() == folder


def test_a_folder_that_was_removed_goes_on_with_its_history_and_its_pin(tmp_path: Path) -> None:
    folder, path = tmp_path / "dist", tmp_path / "all.jsonl"
    publish(folder, {"a": b"1"}, kept(path))
    publish(folder, {"a": b"2"}, kept(path))
    shutil.rmtree(folder)
    publish(folder, {"a": b"2"}, kept(path))
    assert kinds(folder) == ["published"] * 3
    names = [event.generation for event in history_of(folder)[0].events()]
    assert names[2] == f"{names[1]}-2"
    publish(folder, {"a": b"3"}, kept(path))
    rollback(folder, "me", now=NOW)
    shutil.rmtree(folder)
    with pytest.raises(OutputError, match=r"is pinned to generation .* which is not here"):
        publish(folder, {"a": b"3"}, kept(path))


def test_the_first_event_of_a_new_folder_may_be_a_refusal(tmp_path: Path) -> None:
    folder, path = tmp_path / "dist", tmp_path / "all.jsonl"
    publish(folder, {"a": b"1"}, kept(path))
    shutil.rmtree(folder)
    append_event(folder, "refused", {}, NOW, path)
    publish(folder, {"a": b"1"}, kept(path))
    assert kinds(folder) == ["published", "refused", "published"]


def test_another_folder_has_a_history_of_its_own(tmp_path: Path) -> None:
    folder, other, path = tmp_path / "dist", tmp_path / "try", tmp_path / "all.jsonl"
    publish(folder, {"a": b"1"}, kept(path))
    before = path.read_bytes()
    publish(other, {"a": b"2"}, kept(path))
    publish(other, {"a": b"3"}, kept(path))
    assert path.read_bytes() == before
    assert kinds(other) == ["published"] * 2
    assert not (other / ".generations" / "history.jsonl").is_symlink()
    shutil.rmtree(folder)
    (tmp_path / "gone.jsonl").write_bytes(path.read_bytes())
    path.unlink()
    publish(other, {"a": b"4"}, kept(path))
    assert kinds(other) == ["published"] * 3
    assert path.read_bytes() == history_of(other)[0].data


def test_a_history_of_another_folder_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    folder, other, path = tmp_path / "dist", tmp_path / "old", tmp_path / "all.jsonl"
    publish(other, {"a": b"1"}, kept(path))
    shutil.rmtree(other)
    before = path.read_bytes()
    publish(folder, {"a": b"2"})
    with pytest.raises(OutputError, match="holds another history"):
        publish(folder, {"a": b"3"}, kept(path))
    assert path.read_bytes() == before
    assert kinds(folder) == ["published"]
    assert (folder / "a").read_bytes() == b"2"


def test_a_place_may_be_changed_and_a_disk_that_is_not_there_stops_publishing(
    tmp_path: Path,
) -> None:
    folder, disk = tmp_path / "dist", tmp_path / "disk"
    publish(folder, {"a": b"1"}, kept(tmp_path / "all.jsonl"))
    publish(folder, {"a": b"2"}, kept(disk / "all.jsonl"))
    assert (disk / "all.jsonl").read_bytes() == history_of(folder)[0].data
    disk.rename(tmp_path / "away")
    with pytest.raises(OutputError, match="no such file or directory"):
        publish(folder, {"a": b"3"}, kept(disk / "all.jsonl"))
    with pytest.raises(OutputError, match="no such file or directory"):
        rollback(folder, "me", now=NOW)
    assert pin_of(folder) is None
    assert (folder / "a").read_bytes() == b"2"
    (tmp_path / "away").rename(disk)
    publish(folder, {"a": b"3"}, kept(disk / "all.jsonl"))
    assert kinds(folder) == ["published"] * 3
