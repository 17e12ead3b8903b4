"""MaxMind DB files in the libraries and modules that read them, asked at both ends of slots."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import pytest
from maxminddb import MODE_MEMORY, MODE_MMAP, MODE_MMAP_EXT, Reader, open_database

from blockc.addresses import FAMILIES, V6, AddrMap
from blockc.addresses.family import Family
from blockc.addresses.rules import Match, meaning
from blockc.errors import SourceSyntaxError
from blockc.targets.core.render import render
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.data.mmdb_list import IPV4_SPACE, MMDB, MMDB_MAXMIND, read_mmdb
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import replace
from blockc.verify.native import NativeAnswer, try_natively
from tests.real.probes import ends, listed, verdicts
from tests.real.servers import nginx
from tests.support.machine import absent, require_program
from tests.targets.artifacts import (
    EDGES,
    PATH,
    PROVENANCE,
    draft,
    nested,
    prefixes,
    rules_of,
    scattered,
    written,
    written_rules,
)

pytestmark = pytest.mark.real
MODULE = Path("/usr/lib/nginx/modules/ngx_http_geoip2_module.so")
MODES = {"in Python": MODE_MMAP, "in C": MODE_MMAP_EXT}


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> int:
    """Return how maxminddb is to read: itself, or by libmaxminddb in C."""
    return MODES[request.param]


@contextmanager
def opened(file: ArtifactFile, folder: Path, mode: int = MODE_MEMORY) -> Iterator[Reader]:
    """Open a file with maxminddb."""
    path = folder / "list.mmdb"
    path.write_bytes(file.data)
    with open_database(path, mode) as reader:
        yield reader


def probes(intent: AddrMap, family: Family) -> Mapping[str, str]:
    """Return address -> verdict at both ends of slots, without the space where IPv4 is."""
    ipv4 = tuple(str(p) for p in IPV4_SPACE)
    asked = verdicts(intent, family, ends(intent, family))
    return asked if family != V6 else {a: v for a, v in asked.items() if not _within(a, ipv4)}


def _within(address: str, nets: tuple[str, ...]) -> bool:
    from ipaddress import ip_address, ip_network

    return any(ip_address(address) in ip_network(net) for net in nets)


def require_agreement(intent: AddrMap, file: ArtifactFile, folder: Path, mode: int) -> None:
    """Check maxminddb's answers, those of IPv4-mapped addresses too."""
    with opened(file, folder, mode) as reader:
        for family in FAMILIES:
            for address, verdict in probes(intent, family).items():
                record = {"blockc": verdict} if verdict else None
                assert reader.get(address) == record, address
                if family != V6:
                    assert reader.get(f"::ffff:{address}") == record, address


def test_maxminddb_finds_what_the_list_blocks_and_nothing_else(tmp_path: Path, mode: int) -> None:
    addresses = listed(15)
    (file,) = written(MMDB, addresses)
    require_agreement(AddrMap.of_set(addresses), file, tmp_path, mode)


@pytest.mark.parametrize("case", EDGES)
def test_maxminddb_agrees_at_the_edges_of_the_space(tmp_path: Path, mode: int, case: str) -> None:
    (file,) = written(MMDB, EDGES[case])
    require_agreement(AddrMap.of_set(EDGES[case]), file, tmp_path, mode)


def test_all_of_a_family_in_one_entry_is_found(tmp_path: Path, mode: int) -> None:
    rules = nested(("0.0.0.0/0", 1), ("::/0", 1))
    (file,) = written_rules(MMDB, rules)
    require_agreement(AddrMap.of_set(EDGES["everything"]), file, tmp_path, mode)


def test_a_map_of_lists_says_the_words(tmp_path: Path, mode: int) -> None:
    rules = nested(
        ("10.0.0.0/9", 1), ("10.128.0.0/16", 2), ("10.129.0.0/16", 3),
        ("2001:db8::/33", 2), ("2001:db8:8000::/128", 3),
    )  # fmt: skip
    names = ("", "block", "monitor", "warn")
    one = draft(MMDB, rules, None, PROVENANCE, ContentKind.VERDICTS, names)
    (file,) = render(MMDB, one, PATH, {})
    require_agreement(meaning(Match.MEMBER, rules.values(), names), file, tmp_path, mode)


def test_the_metadata_say_what_it_is_and_of_which_day(tmp_path: Path) -> None:
    with opened(written(MMDB, EDGES["ipv4 only"])[0], tmp_path) as reader:
        said = reader.metadata()
    assert (said.ip_version, said.record_size, said.database_type) == (
        6,
        24,
        "blockc-export-control",
    )
    assert said.build_epoch == 1_539_388_800  # 2018-10-13, the later of two sources
    assert said.description["en"].startswith("list export-control: Export control")


def test_a_file_without_a_date_is_read_too(tmp_path: Path, mode: int) -> None:
    """As every file is whose header names no sources; libmaxminddb refuses the date 0."""
    addresses = EDGES["ipv4 only"]
    undated = replace(PROVENANCE, sources=())
    one = draft(MMDB, rules_of(MMDB, addresses), None, undated)
    (file,) = render(MMDB, one, PATH, {})
    require_agreement(AddrMap.of_set(addresses), file, tmp_path, mode)
    assert try_natively(MMDB, (file,), one.options).answer is not NativeAnswer.REFUSED


def test_fields_have_the_names_that_readers_ask_for(tmp_path: Path) -> None:
    options = {"field": "country.iso_code", "database_type": "GeoLite2-Country", "mapped": False}
    with opened(written(MMDB, EDGES["ipv4 only"], options)[0], tmp_path) as reader:
        assert reader.get("192.0.2.1") == {"country": {"iso_code": "block"}}
        assert reader.get("::ffff:192.0.2.1") is None
    with opened(written(MMDB, EDGES["ipv4 only"], {"boolean": True})[0], tmp_path) as reader:
        assert reader.get("192.0.2.1") == {"blockc": True}


def test_a_file_as_those_of_maxmind_says_of_tunnels_what_it_says_of_ipv4(
    tmp_path: Path, mode: int
) -> None:
    addresses = EDGES["ipv4 only"] | EDGES["ipv6 only"]
    wanted = {"country": {"iso_code": "block"}}
    with opened(written(MMDB_MAXMIND, addresses)[0], tmp_path, mode) as reader:
        assert reader.metadata().database_type == "GeoLite2-Country"
        for inside, outside in (
            ("192.0.2.255", "192.0.3.0"),
            ("::ffff:192.0.2.255", "::ffff:192.0.3.0"),
            ("2002:c000:2ff::1", "2002:c000:300::1"),  # 6to4
            ("2001:0:c000:2ff::1", "2001:0:c000:300::1"),  # Teredo
            ("2001:db8::1", "2001:dba::1"),
        ):
            assert reader.get(inside) == wanted
            assert reader.get(outside) is None


def test_mmdblookup_finds_the_same(tmp_path: Path) -> None:
    program = require_program("mmdblookup")
    path = tmp_path / "list.mmdb"
    path.write_bytes(written(MMDB, EDGES["neighbours"])[0].data)
    wanted = {"10.0.0.0": 0, "10.191.255.255": 0, "10.192.0.0": 6, "2001:db8:0:1:7fff::": 0,
              "2001:db8:0:1:8000::": 6, "::ffff:10.1.2.3": 0}  # fmt: skip
    for address, code in wanted.items():
        done = subprocess.run(
            [program, "--file", path, "--ip", address, "blockc"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, address
        assert ('"block"' in done.stdout) == (code == 0)


@pytest.mark.parametrize("boolean", [False, True])
def test_nginx_with_geoip2_blocks_what_the_list_blocks(tmp_path: Path, *, boolean: bool) -> None:
    if not MODULE.exists():
        absent("nginx has no module ngx_http_geoip2")
    addresses = listed(16)
    path = tmp_path / "list.mmdb"
    path.write_bytes(written(MMDB, addresses, {"boolean": boolean})[0].data)
    tmp_path.chmod(0o755)
    said = f"geoip2 {path} {{ $blockc_x default=0 source=$arg_ip blockc; }}\n"
    with nginx([ArtifactFile("x", said.encode())], "blockc_x", f"load_module {MODULE};") as server:
        for family in FAMILIES:
            asked = probes(AddrMap.of_set(addresses), family)
            word = "1" if boolean else "block"
            wanted = {address: word if verdict else "0" for address, verdict in asked.items()}
            assert {*wanted.values()} == {word, "0"}
            assert server.answers(wanted) == wanted


def test_what_the_reader_makes_of_a_damaged_tree_maxminddb_makes_of_it_too(tmp_path: Path) -> None:
    """Bytes of the tree are changed; whatever is not refused must mean the same to both."""
    random = Random("damaged trees")
    (file,) = written(MMDB, scattered(random, 8) | prefixes("10.0.0.0/8", "2001:db8::/32"))
    size = file.data.index(bytes(16))
    agreed = 0
    for _ in range(400):
        data = bytearray(file.data)
        for _ in range(random.randint(1, 3)):
            data[random.randrange(size)] = random.choice([*data[:size], 0, 255])
        damaged = replace(file, data=bytes(data))
        with suppress(SourceSyntaxError):
            read = read_mmdb((damaged,))
            said = meaning(Match.MEMBER, read.rules.values(), read.names)
            with opened(damaged, tmp_path) as reader:
                for family in FAMILIES:
                    for address, verdict in probes(said, family).items():
                        record = {"blockc": verdict} if verdict else None
                        assert reader.get(address) == record
            agreed += 1
    assert agreed
