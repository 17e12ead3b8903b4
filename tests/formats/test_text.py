"""Lists in files, and the table of formats."""

from pathlib import Path

import pytest

from blockc.addresses.family import V4, V6
from blockc.errors import BlockcError, SourceSyntaxError
from blockc.formats.delegated import Delegated
from blockc.formats.registry import FORMATS
from blockc.formats.text import read_list

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
GOOD = sorted((CORPUS / "text" / "good").glob("*.txt"))
BAD = sorted((CORPUS / "text" / "bad").glob("*.txt"))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_list_holds_the_prefixes_beside_it(path: Path) -> None:
    found = read_list(path.name, path.read_bytes())
    prefixes = [str(prefix) for family in (V4, V6) for prefix in found.prefixes(family)]

    assert prefixes == path.with_suffix(".expected").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_list_is_refused_with_the_message_beside_it(path: Path) -> None:
    with pytest.raises(BlockcError) as caught:
        read_list(path.name, path.read_bytes())

    assert f"{caught.value}\n" == path.with_suffix(".error").read_text(encoding="utf-8")
    assert caught.value.exit_code == 3


def test_empty_list_is_an_empty_set() -> None:
    assert not read_list("empty", b"")


def test_every_format_refuses_noise_and_is_found_by_its_name() -> None:
    for name, one in FORMATS.items():
        assert one.name == name
        with pytest.raises(SourceSyntaxError):
            one.read("noise", b"\x01\x02 noise\n")


def test_formats_read_what_they_say() -> None:
    data = (CORPUS / "delegated" / "good" / "afrinic-extended.txt").read_bytes()

    assert isinstance(FORMATS["delegated"].read("file", data), Delegated)
    assert FORMATS["text"].read("file", b"192.0.2.0/24\n") == read_list("file", b"192.0.2.0/24")
