"""A list that is split by country: made and proved in one go, and the same as piece by piece."""

from collections.abc import Iterator
from typing import Any

import pytest

from blockc.addresses import FAMILIES, AddrMap, AddrSet
from blockc.addresses.piece_map import PieceMap
from blockc.compiler import artifacts
from blockc.compiler.compile import Build
from blockc.compiler.country_split import counts_by_country, split_by_country
from blockc.errors import DoNotFit, Miscompiled
from blockc.targets.core import document
from blockc.targets.core.render import render_each
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.verify.proof import prove_pieces
from tests.compiler.toy import COUNTRIES, compiled, output, resolved
from tests.policy.toy import addresses
from tests.targets.artifacts import with_text

LISTS = """
[list.far]
block = ["CN", "US", "10.192.0.0/14", "192.0.2.0/24", "2001:db8:1:2:3::/96"]
except = ["10.1.0.0/16", "10.200.0.7"]
[list.four]
block = ["10.3.0.0-10.140.0.9"]
[list.soon]
block = ["10.0.0.0/12", "10.128.0.0/12"]
stages = [{ from = 2026-11-01, action = "monitor" }]
[list.later]
block = ["CN"]
stages = [{ from = 2027-11-01, action = "block" }]
"""
SPLIT = 'split_by = "country"\n'


def several(target: str, path: str, more: str = "") -> str:
    """Return an output that says which of two lists' actions is in force, by country."""
    text = f'[[output]]\nlists = ["soon", "far"]\ntarget = "{target}"\npath = "{path}"\n'
    return f"{text}{SPLIT}{more}\n"


OUTPUTS = {
    "both families in a file": output("far", "z/{country}.txt", more=SPLIT),
    "a file for each family": output("far", "z/{country}.{family}.txt", more=SPLIT),
    "one family only": output("four", "z/{country}.txt", more=SPLIT),
    "not in force": output("later", "z/{country}.txt", more=SPLIT),
    "json": output("far", "z/{country}.json", "json", SPLIT),
    "ranges": output("far", "z/{country}.nft", "nftables", SPLIT),
    "cut lengths": output("far", "z/{country}.{family}.json", "aws-wafv2-ipset", SPLIT),
    "always in parts": output(
        "far", "z/{country}.txt", more=SPLIT + 'when_over = "split"\nmax_entries = 999'
    ),
    "in several parts": output(
        "far", "z/{country}.txt", more=SPLIT + 'when_over = "split"\nmax_entries = 3'
    ),
    "two sets": output("far", "z/{country}.txt", more=SPLIT + 'when_over = "two-sets"'),
    "at a cost": output(
        "far", "z/{country}.txt", more=SPLIT + 'when_over = "coverage"\nmax_entries = 4'
    ),
    "free space": output("far", "z/{country}.txt", more=SPLIT + 'dont_care = "reserved"'),
    "few lengths": output("far", "z/{country}.txt", more=SPLIT + "lengths = 3"),
    "nested entries": output("far", "z/{country}.conf", "nginx-geo", SPLIT),
    "several verdicts": several("nginx-geo", "z/{country}.conf"),
}
AT_ONCE = {
    "both families in a file",
    "a file for each family",
    "one family only",
    "json",
    "not in force",
    "ranges",
    "cut lengths",
    "always in parts",
}


def one_by_one(text: str, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Return what is made when no two pieces are compiled together."""
    with monkeypatch.context() as patched:
        patched.setattr(artifacts, "compile_pieces", lambda *_: None)
        return compiled(text)


@pytest.mark.parametrize("name", OUTPUTS)
@pytest.mark.parametrize("lines_at_once", [1, 2, document._LINES_AT_ONCE])
def test_pieces_made_at_once_are_those_made_one_by_one(
    name: str, lines_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "_LINES_AT_ONCE", lines_at_once)
    text = LISTS + OUTPUTS[name]
    used: list[int] = []

    def counted(*arguments: Any) -> Any:
        used.append(1)
        return prove_pieces(*arguments)

    monkeypatch.setattr(artifacts, "prove_pieces", counted)
    together, alone = compiled(text), one_by_one(text, monkeypatch)
    assert bool(used) == (name in AT_ONCE)
    assert together.files == alone.files
    assert [one.steps for one in together.artifacts] == [one.steps for one in alone.artifacts]


def test_every_country_has_files_and_empty_ones_hold_no_entry() -> None:
    build = compiled(LISTS + OUTPUTS["a file for each family"])
    codes = sorted(COUNTRIES.names)
    expected = {f"z/{code}.{family.name}.txt" for code in codes for family in FAMILIES}
    assert build.files.keys() - {"manifest.json"} == expected
    lines = build.files["z/EU.ipv6.txt"].decode().splitlines()
    assert lines
    assert all(line.startswith("#") for line in lines)


def test_the_files_of_a_split_list_hold_the_list() -> None:
    build = compiled(LISTS + OUTPUTS["both families in a file"])
    texts = [data.decode() for path, data in build.files.items() if path.startswith("z/")]
    lines = "\n".join(texts).splitlines()
    held = addresses(*(line for line in lines if line and not line.startswith("#")))
    assert held == resolved(LISTS).list_of("far").addresses


@pytest.mark.parametrize("lie", ["10.64.0.0/16", "10.128.0.0/16", "9.0.0.0/24", ""])
def test_a_lie_in_the_file_of_one_piece_is_found_with_its_name(
    lie: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the piece itself twice removed, of another piece, of none, and an entry left out."""

    def lying(*arguments: Any) -> Iterator[tuple[ArtifactFile, ...]]:
        for texts in render_each(*arguments):
            yield tuple(_changed(text) if text.path == "z/US.txt" else text for text in texts)

    def _changed(file: ArtifactFile) -> ArtifactFile:
        lines = file.data.decode().splitlines()
        return with_text(file, "\n".join([*lines[:-1], lie or "", ""]))

    monkeypatch.setattr(artifacts, "render_each", lying)
    with pytest.raises(Miscompiled, match=r"^z/US\.txt:[0-9:]* ") as caught:
        compiled(LISTS + OUTPUTS["one family only"])
    assert "the policy " in str(caught.value)


def test_a_file_that_cannot_be_read_back_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any) -> Iterator[tuple[ArtifactFile, ...]]:
        for texts in render_each(*arguments):
            yield tuple(
                with_text(text, "10.0.0.0/99\n") if text.path == "z/EU.txt" else text
                for text in texts
            )

    monkeypatch.setattr(artifacts, "render_each", broken)
    with pytest.raises(Miscompiled, match=r"^z/EU\.txt:1:1: .*cannot be read back"):
        compiled(LISTS + OUTPUTS["one family only"])


def test_every_piece_that_does_not_fit_is_told() -> None:
    more = f"{SPLIT}max_entries = 1"
    with pytest.raises(DoNotFit) as caught:
        compiled(LISTS + output("far", "z/{country}.txt", more=more))
    found = [str(error).split(": ")[1] for error in caught.value.errors]
    assert found == ["z/CN.txt", "z/ZZ.txt"]


def test_pieces_are_disjoint_and_together_the_whole() -> None:
    whole = resolved(LISTS).list_of("far").addresses
    shares = split_by_country(whole, COUNTRIES)
    taken = AddrSet.empty()
    for share in shares.values():
        assert share.isdisjoint(taken)
        taken |= share
    assert taken == whole
    assert counts_by_country(whole, COUNTRIES) == {
        code: [share.count_of(family) for family in FAMILIES] for code, share in shares.items()
    }


def test_pieces_with_several_verdicts_keep_them() -> None:
    names = tuple(sorted(COUNTRIES.names))
    verdicts = AddrMap.layered({"monitor": addresses("10.0.0.0/9"), "block": addresses("::/0")})
    for code, one in zip(names, PieceMap.of(verdicts, COUNTRIES, names).maps, strict=True):
        for name in ("monitor", "block"):
            assert one.where([name]) == verdicts.where([name]) & COUNTRIES.where([code])
