"""Readers of artifacts take little more memory than the file has bytes, whatever is in it."""

import pytest

from blockc.addresses import plain_text
from blockc.errors import BlockcError
from blockc.targets.core.target_options import OptionContext
from blockc.targets.registry import TARGETS
from blockc.targets.syntax import addresses
from blockc.targets.syntax.tokens import ArtifactFile, Text
from tests.support.memory import growth


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("unbound", "\n"),
        ("unbound", "#\n"),
        ("dnsdist", "\n"),
        ("dnsdist", "--\n"),
        ("suricata-iprep", "#\n"),
        ("traefik", "#\n"),
        ("haproxy-list", "{}\n"),
        ("squid", "{}\n"),
        ("aws-network-firewall", "{}\n"),
        ("aws-network-firewall", "\0"),
        ("rpz", "{}\n"),
        ("rpz", "\0"),
        ("ipset", "{}\n"),
        ("ipset", "#\n"),
        ("bpf-lpm", "{}\n"),
        ("mikrotik-address-list", "{}\n"),
        ("edgeos-network-group", "{}\n"),
        ("apache", "Require not ip 11.0.0.2\n"),
        ("caddy", "@a "),
        ("plain", "- \n"),
        ("plain", "<a/>"),
        ("nftables", "\v"),
    ],
)
def test_a_file_of_anything_takes_little_memory(
    name: str, piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_text, "_BATCH", 1 << 11)
    monkeypatch.setattr(addresses, "_AT_ONCE", 1 << 8)
    target = TARGETS[name]
    files = target.files("list")

    def read(text: str) -> None:
        data = text.encode()
        try:
            target.reader([ArtifactFile(file.path, data, file.families) for file in files])
        except BlockcError as refused:
            str(refused)  # as whoever is told sees it
            raise

    assert growth(read, piece) < 20


@pytest.mark.parametrize("piece", ["a\n", "{}\n", "\n", "#\n"])
@pytest.mark.parametrize("name", ["haproxy-map", "ipset", "nftables", "pf-table", "unbound"])
def test_what_a_program_shows_of_anything_takes_little_memory(
    name: str, piece: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_text, "_BATCH", 1 << 11)
    monkeypatch.setattr(addresses, "_AT_ONCE", 1 << 8)
    target = TARGETS[name]
    assert target.live
    reader, options = target.live.reader, target.settle({}, OptionContext("list"))
    assert growth(lambda text: reader([Text("f", text)], options), piece) < 20
