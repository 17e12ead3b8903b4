"""Archives are the same for the same contents, and hostile ones are refused before unpacking."""

import stat
import zipfile
from pathlib import Path

import pytest

from blockc.errors import OutputError
from blockc.storage.decompress import Damaged, TooLong
from blockc.storage.zip_archive import open_archive, write_archive

MEMBERS = [("a/b.txt", b"x" * 1000), ("ü.conf", b""), ("c", bytes(range(256)))]


def test_what_is_written_is_read_and_the_same_every_time(tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        write_archive(tmp_path / name, iter(MEMBERS))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with open_archive(tmp_path / "one.zip") as archive:
        assert {name: archive.read(name) for name in archive.names} == dict(MEMBERS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.zip", "two.zip"]


def test_an_archive_that_cannot_be_finished_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "one.zip"
    path.write_bytes(b"old")

    def failing() -> object:
        yield "a", b"x"
        raise OSError(28, "no space left on device")

    with pytest.raises(OutputError, match="free some space"):
        write_archive(path, failing())  # type: ignore[arg-type]
    assert [one.name for one in tmp_path.iterdir()] == ["one.zip"]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize(
    "name", ["../x", "/etc/x", "a/../../x", "a//b", "./a", "a\\b", "a\nb", "folder/", ".."]
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("fine", b"")
        file.writestr(name, b"")
    with pytest.raises(Damaged), open_archive(path):
        pass


def test_a_name_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("one", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("one", b"2")
    with pytest.raises(Damaged, match="it has one twice"), open_archive(path):
        pass


def test_a_link_is_refused(tmp_path: Path) -> None:
    path, info = tmp_path / "x.zip", zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(info, b"/etc/passwd")
    with pytest.raises(Damaged, match="is a link"), open_archive(path):
        pass


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("bomb", bytes(200_000_000))
    with pytest.raises(TooLong, match="unpacks to more"), open_archive(path):
        pass


def test_members_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("one", b"x" * 5000)
        for number in range(9):
            again = zipfile.ZipInfo(f"again{number}")
            for key in ("CRC", "compress_size", "file_size", "header_offset"):
                setattr(again, key, getattr(file.filelist[0], key))
            file.filelist.append(again)
    with pytest.raises(Damaged, match="overlap"), open_archive(path):
        pass


@pytest.mark.parametrize("cut", [0, 10, 500, -30])
def test_what_is_cut_or_no_archive_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "x.zip"
    write_archive(path, MEMBERS)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(Damaged), open_archive(path):
        pass


def test_a_changed_byte_is_found_on_reading(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    write_archive(path, [("one", bytes(range(256)) * 9)])
    data = bytearray(path.read_bytes())
    data[60] ^= 1
    path.write_bytes(bytes(data))
    with open_archive(path) as archive, pytest.raises(Damaged, match="one cannot be unpacked"):
        archive.read("one")
