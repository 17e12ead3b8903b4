"""Lists that a policy names as files."""

from pathlib import Path

import pytest

from blockc.addresses.addrset import AddrSet
from blockc.addresses.family import V4, V6
from blockc.addresses.lines import read_spans
from blockc.errors import BlockcError

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
GOOD = sorted((CORPUS / "text" / "good").glob("*.txt"))
BAD = sorted((CORPUS / "text" / "bad").glob("*.txt"))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_list_holds_the_prefixes_beside_it(path: Path) -> None:
    found = AddrSet.of_spans(read_spans(path.name, path.read_bytes()))
    prefixes = [str(prefix) for family in (V4, V6) for prefix in found.prefixes(family)]

    assert prefixes == path.with_suffix(".expected").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_list_is_refused_with_the_message_beside_it(path: Path) -> None:
    with pytest.raises(BlockcError) as caught:
        AddrSet.of_spans(read_spans(path.name, path.read_bytes()))

    assert f"{caught.value}\n" == path.with_suffix(".error").read_text(encoding="utf-8")
    assert caught.value.exit_code == 3


def test_empty_list_is_an_empty_set() -> None:
    assert not AddrSet.of_spans(read_spans("empty", b""))
