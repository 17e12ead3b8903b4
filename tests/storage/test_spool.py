"""Scratch folders go with their process, or before the next one works."""

import os
import tempfile
from pathlib import Path

import pytest

from blockc.storage.spool import scratch_folder


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_what_a_killed_process_left_goes_and_nothing_else(tmp_path: Path) -> None:
    left = tmp_path / "blockc-audit-abcd_123.tmp"
    others = ["blockc-audit-november", "blockc-evidence-abcd_123.tmp", "x"]
    young = tmp_path / "blockc-audit-abcd_124.tmp"
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "kept").touch()
    link = tmp_path / "blockc-audit-abcd_125.tmp"
    link.symlink_to("precious")
    for folder in (left, young, *(tmp_path / name for name in others)):
        folder.mkdir()
        (folder / "rows").touch()
    for folder in (left, tmp_path / "precious", *(tmp_path / name for name in others)):
        os.utime(folder, (0, 0))
    os.utime(link, (0, 0), follow_symlinks=False)
    with scratch_folder("audit") as scratch:
        assert scratch.stat().st_mode & 0o777 == 0o700
        assert not left.exists()
        found = {one.name for one in tmp_path.iterdir()}
        assert found == {scratch.name, young.name, link.name, "precious", *others}
    assert not scratch.exists()
    assert (tmp_path / "precious" / "kept").exists()


def test_the_folder_of_a_process_that_works_stays(tmp_path: Path) -> None:
    with scratch_folder("audit") as first:
        os.utime(first, (0, 0))
        with scratch_folder("audit") as second:
            assert first.exists()
            assert second != first
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_folder_that_nobody_may_list_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "iterdir", refuse)
    with scratch_folder("audit") as scratch:
        assert scratch.parent == tmp_path
