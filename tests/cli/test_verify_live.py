"""`blockc verify --live`: edges are asked what they have, by the commands of the policy."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Blockc
from tests.cli.test_docs import documented, keys
from tests.cli.test_verify_dump import MAP, NFT
from tests.cli.toy import Done, write_policy

POLICY = """\
version = 1
[list.far]
block = ["175.45.176.0/22", "9.9.9.9", "2001:db8:1::/48"]
except = ["175.45.177.0/24"]
[[output]]
list = "far"
target = "nftables"
path = "far.nft"
[[output]]
list = "far"
target = "haproxy-map"
path = "far.map"
[[output]]
list = "far"
target = "plain"
path = "far.{family}.txt"
[edge.shop]
outputs = ["far.nft", "far.map", "far.{family}.txt"]
[edge.shop.live]
"far.nft" = ["cat", "shown.nft"]
"far.map" = [["cat", "shown.map"]]
"far.{family}.txt" = [["cat", "dist/far.ipv4.txt"], ["cat", "dist/far.ipv6.txt"]]
"""


class Live:
    """A policy that is published, and what its edge shows."""

    def __init__(self, blockc: Blockc, folder: Path) -> None:
        self.blockc, self.folder = blockc, folder
        self.write(POLICY)
        assert blockc("build", "-f", folder / "blockc.toml", "-q").code == 0
        (folder / "shown.nft").write_text(NFT, encoding="utf-8")
        (folder / "shown.map").write_text(MAP, encoding="utf-8")

    def write(self, text: str) -> None:
        """Write the policy."""
        write_policy(self.folder, text)

    def __call__(self, *words: object) -> Done:
        return self.blockc("verify", "-f", self.folder / "blockc.toml", "--live", "shop", *words)


@pytest.fixture
def live(blockc: Blockc, tmp_path: Path) -> Live:
    return Live(blockc, tmp_path)


def test_an_edge_that_has_what_is_published_is_said_to(live: Live) -> None:
    done = live()
    assert (done.code, done.err) == (0, "")
    rows = [line.split()[:3] for line in done.out.splitlines()[3:]]
    assert rows == [
        ["shop", "far.nft", "the"],
        ["shop", "far.map", "the"],
        ["shop", "far.{family}.txt", "the"],
    ]


def test_what_an_edge_has_otherwise_is_named_with_its_prefixes(live: Live) -> None:
    nft = NFT.replace("9.9.9.9, ", "8.8.8.8, ")
    (live.folder / "shown.nft").write_text(nft, encoding="utf-8")
    done = live()
    assert done.code == 1
    assert "missing: 1 ipv4 addresses: 9.9.9.9/32" in done.out
    assert "dump: cat shown.nft (far): what is in force is not what was published" in done.out
    report = json.loads(live("--json").out)
    assert [one["holds"] for one in report] == [False, True, True]
    assert keys(report) == documented("verify --live")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ('["cat", "gone"]', "ended with 1: cat: gone: No such file or directory"),
        ('["no-such-program"]', "cannot be run: no such file or directory"),
        ('["sleep", "30"]\n[edge.shop]', "did not end in 1 seconds and was stopped"),
        ('["echo", "$(cat shown.nft)"]', ""),
    ],
)
def test_an_edge_that_cannot_be_asked_is_no_edge_that_differs(
    live: Live, command: str, said: str
) -> None:
    text = POLICY.replace('["cat", "shown.nft"]', command.partition("\n")[0])
    live.write(text.replace("[edge.shop]\n", "[edge.shop]\nlive_seconds = 1\n"))
    done = live()
    assert done.code == (3 if said else 1)
    assert (f"shop: far.nft: {said}" in done.err) == bool(said)
    assert "the same" in done.out


def test_an_output_that_no_command_asks_for_is_told(live: Live) -> None:
    live.write(POLICY.replace('"far.map" = [["cat", "shown.map"]]\n', ""))
    done = live()
    assert done.code == 3
    assert "shop: far.map: [edge.shop.live] names no command for it" in done.err
    assert live.blockc("verify", "--live", "shp", "-f", live.folder / "blockc.toml").code == 2
    assert "neither --dump nor --native" in live("--native").err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"far.nft" = ', '"far.nfs" = ', "'far.nfs' does not protect the edge; did you mean"),
        ('["cat", "shown.nft"]', "[]", "is not one command or a list of commands"),
        ('["cat", "shown.nft"]', '["cat", ["x"]]', "is not one command or a list of commands"),
        ('["cat", "shown.nft"]', '["ca\\u0000t"]', "holds a character that no argument can hold"),
        ("[edge.shop]\n", "[edge.shop]\nlive_seconds = 0\n", "expected a number from 1 to"),
    ],
)
def test_what_is_wrong_with_a_command_is_told(live: Live, old: str, new: str, said: str) -> None:
    live.write(POLICY.replace(old, new))
    done = live()
    assert done.code == 2
    assert said in done.err
