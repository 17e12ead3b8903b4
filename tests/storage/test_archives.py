"""One file of an archive: found by its name, up to a cap, and damage is said to be damage."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockc.storage.archives import NoMember, member_of
from blockc.storage.decompress import Damaged, TooLong, decompressed

FILES = {"a/README": b"hello\n", "a/list.txt": b"5.6.7.8\n"}
PACKERS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
}
ONE = {"list.txt": b"5.6.7.8\n"}


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip archive with a folder and these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("a")
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(files: Mapping[str, bytes]) -> bytes:
    """Return a tar archive with a folder, a link and these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind in (("a", tarfile.DIRTYPE), ("a/link.txt", tarfile.SYMTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


both = pytest.mark.parametrize("pack", [zipped, tarred])
Pack = Callable[[Mapping[str, bytes]], bytes]


@both
def test_the_only_file_needs_no_name_and_one_of_several_does(pack: Pack) -> None:
    assert member_of(pack(ONE), "", 100) == b"5.6.7.8\n"
    for wanted in ("list.txt", "a/list.txt", "*.txt"):
        assert member_of(pack(FILES), wanted, 100) == b"5.6.7.8\n"


@both
@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("", "has 2 files: 'a/README', 'a/list.txt'"),
        ("other.txt", "has no 'other.txt', it has 'a/README', 'a/list.txt'"),
        ("ist.txt", "has no 'ist.txt'"),
        ("*", "has 2 files that match '\\*'"),
        ("link.txt", "has no 'link.txt'"),
    ],
)
def test_what_is_not_one_file_is_refused_with_what_there_is(
    pack: Pack, wanted: str, said: str
) -> None:
    with pytest.raises(NoMember, match=said):
        member_of(pack(FILES), wanted, 100)


@both
def test_a_bomb_is_stopped_at_the_cap(pack: Pack) -> None:
    bomb = pack({"x": b"0" * 5_000_000})
    assert pack is tarred or len(bomb) < 10_000
    with pytest.raises(TooLong):
        member_of(bomb, "", 1000)


def test_what_is_no_archive_stays_as_it_is() -> None:
    assert member_of(b"5.6.7.8\n", "x", 1) == b"5.6.7.8\n"


def test_an_encrypted_file_is_named() -> None:
    data = bytearray(zipped(ONE))
    for magic, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.rindex(magic) + at] |= 1
    with pytest.raises(Damaged, match="is encrypted"):
        member_of(bytes(data), "list.txt", 100)


@both
@given(data=st.data())
def test_a_damaged_archive_is_damaged_or_still_readable(pack: Pack, data: st.DataObject) -> None:
    packed = bytearray(pack(FILES))
    for _ in range(data.draw(st.integers(1, 5))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(packed)))
    try:
        found = member_of(bytes(packed[:cut]), "list.txt", 100)
    except (Damaged, NoMember, TooLong):
        return
    assert len(found) <= max(100, cut)


@pytest.mark.parametrize("kind", PACKERS)
def test_what_is_behind_packed_data_is_another_member_or_zeros(kind: str) -> None:
    pack = PACKERS[kind]
    one, two = pack(b"5.6.7.8\n"), pack(b"5.6.7.9\n" * 99)
    both = b"5.6.7.8\n" + b"5.6.7.9\n" * 99
    assert decompressed(one + two, kind, 10_000) == both
    assert decompressed(one + two + b"\0" * 512, kind, 10_000) == both
    for cut in (one + two[:-5], one + two[:3], one + b"\x01" + two[1:], one[:-5]):
        with pytest.raises(Damaged):
            decompressed(cut, kind, 10_000)
    with pytest.raises(TooLong):
        decompressed(one + two, kind, len(both) - 1)
