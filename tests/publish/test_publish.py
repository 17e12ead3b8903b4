"""What a reader sees in a published folder, and what the writer refuses."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blockc.errors import OutputError, UsageError
from blockc.publish.generations import Making, Published, digest_of, publish, release, rollback
from tests.support.machine import require_mounts

CHECKOUT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
FIRST = {"nginx/a.conf": b"one\n", "nginx/deep/b.conf": b"two\n", "c.json": b"{}\n"}
SECOND = {**FIRST, "c.json": b"[]\n", "d.txt": b"new\n"}


def shown(folder: Path) -> dict[str, bytes]:
    """Return what a reader of `folder` finds."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for name in os.listdir(folder)  # noqa: PTH208
        if name != ".generations"
        for path in (folder / name, *(folder / name).rglob("*"))
        if path.is_file()
    }


def generations(folder: Path) -> list[str]:
    found = (folder / ".generations").iterdir()
    return sorted(entry.name for entry in found if entry.is_dir() and not entry.is_symlink())


def age(folder: Path) -> None:
    """Make every file of `folder` an hour old."""
    past = time.time_ns() - 3600 * 10**9
    for path in folder.rglob("*"):
        os.utime(path, ns=(past, past))


def mtimes(folder: Path) -> dict[str, int]:
    return {path: (folder / path).stat().st_mtime_ns for path in shown(folder)}


def test_a_published_folder_shows_exactly_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "dist"
    result = publish(folder, FIRST)

    assert shown(folder) == FIRST
    assert result.written == tuple(sorted(FIRST))
    assert result.unchanged == result.removed == ()
    assert result.generation == digest_of(FIRST)


def test_an_empty_folder_and_no_files_at_all_are_fine(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    folder.mkdir()
    publish(folder, {})
    assert shown(folder) == {}
    publish(folder, {"a": b""})
    assert shown(folder) == {"a": b""}


def test_the_same_build_touches_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    publish(folder, FIRST)
    link = folder.lstat()
    age(folder)
    before = mtimes(folder)

    result = publish(folder, dict(reversed(FIRST.items())))

    assert (result.written, result.removed) == ((), ())
    assert result.unchanged == tuple(sorted(FIRST))
    assert folder.lstat() == link
    assert mtimes(folder) == before
    assert generations(folder) == [digest_of(FIRST)]


def test_only_changed_files_get_a_new_time(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    publish(folder, FIRST)
    age(folder)
    before = mtimes(folder)

    result = publish(folder, SECOND)

    after = mtimes(folder)
    assert result.written == ("c.json", "d.txt")
    assert result.unchanged == ("nginx/a.conf", "nginx/deep/b.conf")
    assert {path for path in before if after[path] == before[path]} == set(result.unchanged)
    assert after["c.json"] > before["c.json"]


def test_going_back_to_an_earlier_content_is_a_change_with_a_new_time(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    publish(folder, FIRST)
    age(folder)
    publish(folder, SECOND)
    age(folder)
    old = mtimes(folder)

    result = publish(folder, FIRST)

    assert shown(folder) == FIRST
    assert (result.written, result.removed) == (("c.json",), ("d.txt",))
    assert mtimes(folder)["c.json"] > old["c.json"]


def test_a_file_edited_after_publishing_is_repaired(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    publish(folder, FIRST)
    (folder / "c.json").write_bytes(b"by hand")

    assert publish(folder, FIRST).written == ("c.json",)
    assert shown(folder) == FIRST


def test_the_last_generations_stay_and_older_ones_go(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    for number in range(6):
        publish(folder, {"n": b"%d" % number}, Making(keep=3))
    last = [{"n": b"%d" % number} for number in range(3, 6)]
    assert generations(folder) == sorted(map(digest_of, last))


def test_what_is_pinned_stays_however_old_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    for number in range(4):
        publish(folder, {"n": b"%d" % number})
    back(folder, digest_of({"n": b"0"}))
    publish(folder, {"n": b"9"}, Making(keep=1))
    assert generations(folder) == sorted(digest_of({"n": b"%d" % n}) for n in (0, 3))
    assert shown(folder) == {"n": b"0"}


def test_what_a_stopped_writer_left_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    publish(folder, FIRST)
    inside = folder / ".generations"
    (inside / ".new").mkdir()
    (inside / ".new" / "half").write_bytes(b"half")
    (inside / ".new-link").symlink_to("nowhere")
    (folder / "next").symlink_to(".generations/live/next")

    publish(folder, FIRST)

    left = {entry.name for entry in inside.iterdir()} - {".lock"}
    assert left == {"history.jsonl", "prepared", "live", digest_of(FIRST)}
    assert sorted(entry.name for entry in folder.iterdir()) == [".generations", "c.json", "nginx"]


def back(folder: Path, name: str = "") -> Published:
    return rollback(folder, "me", name, reason="a test", now=NOW)


def test_rollback_shows_the_generation_before_and_then_the_one_before_that(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    contents = [{"n": b"0", "same": b"="}, {"n": b"1", "same": b"="}, {"n": b"2", "same": b"="}]
    for files in contents:
        publish(folder, files)
        age(folder)
    old = mtimes(folder)

    result = back(folder)

    assert shown(folder) == contents[1]
    assert (result.written, result.unchanged) == (("n",), ("same",))
    assert mtimes(folder)["n"] > old["n"]
    assert mtimes(folder)["same"] == old["same"]
    back(folder)
    assert shown(folder) == contents[0]
    with pytest.raises(OutputError, match="no earlier generation"):
        back(folder)
    assert shown(folder) == contents[0]


def test_a_pinned_folder_publishes_nothing_until_it_is_released(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    publish(folder, FIRST)
    publish(folder, SECOND)
    back(folder)
    result = publish(folder, {"other": b""})
    assert result.pin
    assert (result.pin.by, result.pin.reason, result.pin.at) == ("me", "a test", NOW)
    assert (result.generation, result.written) == (digest_of(FIRST), ())
    assert result.unchanged == tuple(sorted(FIRST))
    assert shown(folder) == FIRST
    assert release(folder, "you", now=NOW) == result.pin
    assert publish(folder, {"other": b""}).written == ("other",)
    assert shown(folder) == {"other": b""}
    with pytest.raises(UsageError, match="is not pinned"):
        release(folder, "you", now=NOW)


def test_publishing_after_a_rollback_forgets_what_was_rolled_back(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    for number in range(3):
        publish(folder, {"n": b"%d" % number})
    back(folder)
    release(folder, "me", now=NOW)
    publish(folder, {"n": b"3"})
    back(folder)
    assert shown(folder) == {"n": b"1"}


def test_rollback_takes_the_beginning_of_a_name_that_is_the_only_one(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    for number in range(3):
        publish(folder, {"n": b"%d" % number})
    first = digest_of({"n": b"0"})
    assert back(folder, first[:8]).generation == first
    assert back(folder, first).written == ()
    for name, said in (("", "no earlier"), ("zz", "no generation begins with 'zz'")):
        with pytest.raises(OutputError, match=said):
            back(folder, name)
    assert shown(folder) == {"n": b"0"}


def test_a_generation_that_is_published_again_gets_a_name_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    for files in (FIRST, SECOND, FIRST):
        publish(folder, files, Making(keep=1))
    assert generations(folder) == [f"{digest_of(FIRST)}-2"]


def test_rollback_refuses_a_generation_that_was_changed(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    publish(folder, FIRST)
    edited = (folder / "c.json").resolve()
    publish(folder, SECOND)
    edited.write_bytes(b"by hand")

    with pytest.raises(OutputError, match="changed after it was published"):
        back(folder)
    assert shown(folder) == SECOND


def test_rollback_of_what_was_never_published_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="nothing was published"):
        back(tmp_path / "dist")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "path",
    ["", ".", "..", "../x", "a/../../x", "/etc/x", "a//b", "./a", "a/", "a\0b", "\ud800", "a/.."],
)
def test_a_path_that_is_not_plainly_inside_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(OutputError, match="is not inside the folder"):
        publish(tmp_path / "dist", {"fine": b"", path: b"x"})
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_is_also_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="'a' is also the folder of another"):
        publish(tmp_path / "dist", {"a": b"", "a/b": b""})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_somebody_elses_files_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    folder.mkdir()
    (folder / "precious").write_bytes(b"x")
    with pytest.raises(OutputError, match=r"dist: is a folder that blockc did not make"):
        publish(folder, FIRST)
    assert [entry.name for entry in tmp_path.iterdir()] == ["dist"]
    assert shown(folder) == {"precious": b"x"}


@pytest.mark.parametrize("target", [".dist.generations/0123456789abcdef", ".dist.generations/x"])
def test_a_link_of_an_earlier_blockc_is_refused_with_what_to_do(
    tmp_path: Path, target: str
) -> None:
    (tmp_path / "dist").symlink_to(target)
    with pytest.raises(OutputError, match=r"earlier blockc.*; remove it and \.dist\.generations"):
        publish(tmp_path / "dist", FIRST)
    assert [entry.name for entry in tmp_path.iterdir()] == ["dist"]


def test_a_link_to_a_folder_is_as_good_as_the_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "dist").symlink_to("elsewhere")
    publish(tmp_path / "dist", FIRST)
    assert shown(tmp_path / "elsewhere") == FIRST
    assert (tmp_path / "dist").is_symlink()


def test_generations_that_lead_elsewhere_are_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / ".generations").symlink_to("../elsewhere")
    with pytest.raises(OutputError, match="cannot be published into"):
        publish(tmp_path / "dist", FIRST)
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.mark.parametrize("target", ["../../elsewhere", "../live", "0123456789abcdef"])
def test_a_live_link_that_is_not_a_generation_is_published_anew(
    tmp_path: Path, target: str
) -> None:
    folder = tmp_path / "dist"
    (tmp_path / "elsewhere").mkdir()
    publish(folder, FIRST)
    (folder / ".generations" / "live").unlink()
    (folder / ".generations" / "live").symlink_to(target)
    assert publish(folder, FIRST).written == tuple(sorted(FIRST))
    assert shown(folder) == FIRST
    assert not list((tmp_path / "elsewhere").iterdir())


def test_what_takes_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "nowhere").symlink_to("gone")
    for name in ("file", "nowhere"):
        with pytest.raises(OutputError, match=f"{name}: is not a folder"):
            publish(tmp_path / name, FIRST)


def test_what_else_stands_in_the_folder_stays_unless_an_artifact_has_its_name(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "dist"
    publish(folder, FIRST)
    (folder / "README").write_bytes(b"mine")
    (folder / "d.txt").write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"d\.txt: is not an artifact"):
        publish(folder, SECOND)
    assert shown(folder) == {**FIRST, "README": b"mine", "d.txt": b"mine"}
    (folder / "d.txt").unlink()
    publish(folder, SECOND)
    assert shown(folder) == {**SECOND, "README": b"mine"}


def test_a_link_replaced_by_an_editor_is_repaired(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    publish(folder, FIRST)
    (folder / "c.json").unlink()
    (folder / "c.json").write_bytes(b"by hand")
    publish(folder, FIRST)
    assert shown(folder) == FIRST


def test_an_artifact_among_the_generations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="where blockc keeps what it published"):
        publish(tmp_path / "dist", {".generations/live/x": b""})
    assert list(tmp_path.iterdir()) == []


MOUNTED = """
set -eu
mkdir "$1/container"
mount --bind "$1/dist" "$1/container"
for number in 1 2 3; do
  "$2" -c 'import sys, pathlib; from blockc.publish.generations import publish
publish(pathlib.Path(sys.argv[1]), {"a.conf": sys.argv[2].encode(), "b/c": sys.argv[2].encode()})
' "$1/dist" "$number"
  cat "$1/container/a.conf" "$1/container/b/c"; echo
done
"""


@pytest.mark.real
def test_a_mounted_folder_shows_every_later_generation(tmp_path: Path) -> None:
    require_mounts()
    publish(tmp_path / "dist", {"a.conf": b"0"})
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", MOUNTED, "sh", tmp_path, sys.executable],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["11", "22", "33"], done.stderr


def test_the_root_of_the_file_system_is_refused() -> None:
    with pytest.raises(OutputError, match="cannot be published into"):
        publish(Path("/"), FIRST)


def test_a_file_system_without_hard_links_still_publishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(old: object, _new: object) -> None:
        raise PermissionError(1, "operation not permitted", str(old))

    publish(tmp_path / "dist", FIRST)
    age(tmp_path / "dist")
    before = mtimes(tmp_path / "dist")
    monkeypatch.setattr(os, "link", refuse)
    publish(tmp_path / "dist", SECOND)
    assert shown(tmp_path / "dist") == SECOND
    assert mtimes(tmp_path / "dist")["nginx/a.conf"] == before["nginx/a.conf"]
