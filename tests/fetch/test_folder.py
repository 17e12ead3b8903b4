"""Five registries from a folder, or a clear refusal; never four as if they were five."""

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from blockc.errors import SourceUnfit, UsageError
from blockc.fetch import folder as module
from blockc.fetch.folder import read_folder
from blockc.vocabulary import RIRS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with five extended files that hold their registry's name."""
    five = tmp_path / "five"
    five.mkdir()
    for registry in RIRS:
        (five / f"delegated-{registry}-extended-latest").write_bytes(registry.encode())
    return five


def test_five_files_are_found_by_their_names(folder: Path) -> None:
    (folder / "README").write_bytes(b"")
    (folder / "delegated-arin-extended-latest.md5").write_bytes(b"")
    (folder / "delegated-iana-latest").write_bytes(b"")

    found = read_folder(folder)

    assert list(found) == list(RIRS)
    for registry, raw in found.items():
        assert raw.data == registry.encode()
        assert raw.name == str(folder / f"delegated-{registry}-extended-latest")


@pytest.mark.parametrize(
    ("ending", "pack"), [(".xz", lzma.compress), (".gz", gzip.compress), (".bz2", bz2.compress)]
)
def test_packed_files_are_unpacked(
    folder: Path, ending: str, pack: Callable[[bytes], bytes]
) -> None:
    data = b"2|lacnic|20181012|57841\n" * 10_000
    (folder / "delegated-lacnic-extended-latest").unlink()
    packed = folder / f"delegated-lacnic-extended-20181012{ending}"
    packed.write_bytes(pack(data[:1000]) + pack(data[1000:]))

    assert read_folder(folder)["lacnic"] == (str(packed), data)

    packed.write_bytes(pack(data)[:-20])
    with pytest.raises(SourceUnfit, match=rf"20181012\{ending}: cannot read this file"):
        read_folder(folder)
    packed.write_bytes(b"not packed at all")
    with pytest.raises(SourceUnfit, match="cannot read this file"):
        read_folder(folder)


def test_a_bomb_is_refused_at_the_cap(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1000)
    (folder / "delegated-arin-extended-latest").unlink()
    for size, fits in ((1000, True), (1001, False), (10_000_000, False)):
        (folder / "delegated-arin-extended-1.xz").write_bytes(lzma.compress(bytes(size)))
        if fits:
            assert len(read_folder(folder)["arin"].data) == size
        else:
            with pytest.raises(SourceUnfit, match="more than 1,000 bytes"):
                read_folder(folder)


def test_a_missing_registry_is_named(folder: Path) -> None:
    (folder / "delegated-lacnic-extended-latest").unlink()
    (folder / "delegated-apnic-extended-latest").unlink()
    with pytest.raises(SourceUnfit, match="five: no file of apnic and lacnic") as caught:
        read_folder(folder)
    assert "put delegated-apnic-extended-latest there" in str(caught.value)
    assert caught.value.exit_code == 3


def test_two_files_for_one_registry_are_both_named(folder: Path) -> None:
    (folder / "delegated-arin-extended-20181013.xz").write_bytes(b"")
    both = "delegated-arin-extended-20181013.xz and delegated-arin-extended-latest"
    with pytest.raises(UsageError, match=both):
        read_folder(folder)


def test_an_extended_file_is_preferred_and_a_plain_one_will_do(folder: Path) -> None:
    (folder / "delegated-ripencc-latest").write_bytes(b"plain")
    assert read_folder(folder)["ripencc"].data == b"ripencc"
    (folder / "delegated-ripencc-extended-latest").unlink()
    assert read_folder(folder)["ripencc"].data == b"plain"


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere: cannot read this folder: no such file"):
        read_folder(tmp_path / "nowhere")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError, match="file: cannot read this folder: not a directory"):
        read_folder(tmp_path / "file")


def test_a_folder_in_place_of_a_file_is_refused(folder: Path) -> None:
    (folder / "delegated-arin-extended-latest").unlink()
    (folder / "delegated-arin-extended-latest").mkdir()
    with pytest.raises(UsageError, match="cannot read this file: is a directory"):
        read_folder(folder)
