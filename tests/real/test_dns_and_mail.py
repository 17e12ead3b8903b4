"""BIND, unbound, dnsdist and Postfix, asked as clients of both families at both ends of slots."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from blockc.addresses import FAMILIES, AddrMap, AddrSet
from blockc.addresses.rules import Match, meaning
from blockc.errors import Unproved
from blockc.targets.dns.bind_acl import BIND_ACL
from blockc.targets.dns.bird_set import BIRD_SET
from blockc.targets.dns.dnsdist import DNSDIST
from blockc.targets.dns.rpz import RPZ
from blockc.targets.dns.unbound import UNBOUND
from blockc.targets.syntax.reading import NAMES
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import replace
from blockc.verify.native import NativeAnswer, try_natively
from blockc.verify.proof import prove
from tests.real.probes import blocked, ends, listed, mapped, reaches_a_hook, verdicts
from tests.support.machine import SYSTEM_PATH, require_program, require_root
from tests.targets.artifacts import (
    EDGES,
    in_order,
    nested,
    prefixes,
    written,
    written_rules,
)

pytestmark = pytest.mark.real
EXCEPTIONS = nested(
    ("10.0.0.0/8", 1), ("10.1.0.0/16", 0), ("10.1.2.0/24", 1), ("10.1.2.3/32", 0),
    ("2001:db8::/32", 1), ("2001:db8:8::/48", 0), ("2001:db8:8::1/128", 1),
)  # fmt: skip
OUTSIDE = ["127.0.0.5", "2001:db8:8::77"]  # in none of the lists that servers are asked with
NAMED = """
include "@folder@/list";
options {
    directory "@folder@"; pid-file "@folder@/pid"; session-keyfile "@folder@/key";
    listen-on port 5300 { 127.0.0.1; }; listen-on-v6 port 5300 { ::1; };
    recursion no; @use@
};
controls { };
zone "example" { type primary; file "@folder@/zone"; };
"""
NAMED_RPZ = """
options {
    directory "@folder@"; pid-file "@folder@/pid"; session-keyfile "@folder@/key";
    listen-on port 5300 { 127.0.0.1; }; listen-on-v6 port 5300 { ::1; };
    recursion no; allow-query { any; };
    response-policy { zone "list"; } recursive-only no qname-wait-recurse no;
};
controls { };
zone "example" { type primary; file "@folder@/zone"; };
zone "list" { type primary; file "@folder@/list"; };
"""
RELOADED = "rpz: list: reload done"  # only then does named look into the zone
Probe = tuple[str, str, str]  # the address of a client, the name and the type it asks for
ZONE = "$TTL 60\n@ SOA . . 1 60 60 60 60\n@ NS ns.invalid.\n@ TXT here\n"
UNBOUND_CONF = """
server:
    directory: "@folder@"
    chroot: ""
    username: ""
    pidfile: ""
    do-daemonize: no
    use-syslog: no
    port: 5300
    interface: 127.0.0.1
    interface: ::1
    access-control: 0.0.0.0/0 allow
    access-control: ::/0 allow
    local-zone: "example." static
    local-data: "example. TXT here"
include: "@folder@/list"
"""


def answers(
    server: Sequence[str],
    folder: Path,
    files: Mapping[str, str],
    probes: Sequence[Probe],
    says: str = "",
) -> list[str | None]:
    """Return how a server answers each probe, None where it does not.

    Args:
        says: What it says when it is ready.
    """
    require_root()
    for name, text in files.items():
        (folder / name).write_text(text.replace("@folder@", str(folder)), encoding="utf-8")
    ready = [(source, "example", "TXT") for source in OUTSIDE]
    job = {"server": list(server), "probes": list(probes), "patience": 0.7, "ready": ready}
    job |= {"says": says, "log": str(folder / "log")}
    done = subprocess.run(
        ["unshare", "--net", sys.executable, str(Path(__file__).with_name("dns_clients.py"))],
        input=json.dumps(job),
        env={"PATH": SYSTEM_PATH},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: list[str | None] = json.loads(done.stdout)
    return found


def asked(
    server: Sequence[str], folder: Path, files: Mapping[str, str], sources: Sequence[str]
) -> dict[str, str | None]:
    """Return what a server answers to clients with these addresses."""
    probes = [(source, "example", "TXT") for source in sources]
    return dict(zip(sources, answers(server, folder, files, probes), strict=True))


def named(
    list_text: bytes, folder: Path, use: str, sources: Sequence[str]
) -> dict[str, str | None]:
    """Return what BIND answers, with a list and one use of it."""
    (folder / "list").write_bytes(list_text)
    server = [require_program("named"), "-g", "-c", f"{folder}/named.conf", "-u", "root"]
    files = {"named.conf": NAMED.replace("@use@", use), "zone": ZONE}
    return asked(server, folder, files, sources)


def clients(intent: AddrMap, slots: int = 250) -> dict[str, str]:
    """Return the address of a client -> the verdict it must get, where a packet can come from."""
    found: dict[str, str] = {}
    for family in FAMILIES:
        said = verdicts(intent, family, ends(intent, family, slots))
        found |= {a: v for a, v in said.items() if reaches_a_hook(a, "input")}
    return {a: v for a, v in found.items() if a not in {"::", "::1"}}


def test_bind_refuses_whom_the_list_blocks_and_nobody_else(tmp_path: Path) -> None:
    addresses = listed(21)
    wanted = clients(AddrMap.of_set(addresses))
    use = "allow-query { !blockc-export-control; any; };"
    (file,) = written(BIND_ACL, addresses)
    require_answers(named(file.data, tmp_path, use, [*wanted]), wanted, "REFUSED")


def test_bind_answers_an_exception_inside_an_entry_whatever_the_list_is_used_for(
    tmp_path: Path,
) -> None:
    """Also where the list is negated as a whole: that is no double negation."""
    wanted = clients(meaning(Match.LONGEST, EXCEPTIONS.values(), NAMES))
    (file,) = written_rules(BIND_ACL, in_order(BIND_ACL, EXCEPTIONS))
    for use, answer in {
        "allow-query { !blockc-export-control; any; };": "REFUSED",
        "blackhole { blockc-export-control; };": None,
    }.items():
        require_answers(named(file.data, tmp_path, use, [*wanted]), wanted, answer)


def test_unbound_refuses_whom_the_list_blocks_and_nobody_else(tmp_path: Path) -> None:
    addresses = listed(22)
    wanted = clients(AddrMap.of_set(addresses))
    (file,) = written(UNBOUND, addresses)
    (tmp_path / "list").write_bytes(file.data)
    server = [require_program("unbound"), "-d", "-c", f"{tmp_path}/unbound.conf"]
    got = asked(server, tmp_path, {"unbound.conf": UNBOUND_CONF}, [*wanted])
    require_answers(got, wanted, "REFUSED")


def require_answers(
    got: Mapping[str, str | None], wanted: Mapping[str, str], refused: str | None
) -> None:
    """Check that those who are blocked get `refused`, or no answer, and others are answered."""
    answers = {"": "NOERROR", "block": refused}
    assert {*wanted.values()} == {*answers}
    assert {a: got.get(a) for a in wanted} == {a: answers[v] for a, v in wanted.items()}


def grouped(file: ArtifactFile, probes: Sequence[str], folder: Path) -> dict[str, str]:
    """Return what the group of dnsdist says of addresses, asked by a line of Lua for each."""
    lines = [
        f'print(blockc_export_control:match(newCA("{one}")) and "block" or "")' for one in probes
    ]
    path = folder / "list.lua"
    path.write_text(file.data.decode() + "\n".join(lines), encoding="utf-8")
    program = require_program("dnsdist")
    done = subprocess.run(
        [program, "--check-config", "--config", path], capture_output=True, text=True, check=True
    )
    *said, last = done.stdout.splitlines()
    assert last.endswith("OK!")
    return dict(zip(probes, said, strict=True))


def required_of_dnsdist(intent: AddrMap, file: ArtifactFile, folder: Path) -> None:
    """Check dnsdist's answers about clients of both families."""
    for family in FAMILIES:
        said = verdicts(intent, family, ends(intent, family, 500))
        wanted = {a: v for a, v in said.items() if not mapped(a)}
        assert grouped(file, [*wanted], folder) == wanted


def rewriting(
    file: ArtifactFile, folder: Path, trigger: str, intent: AddrMap
) -> tuple[dict[str, str | None], dict[str, str]]:
    """Return what named answers with a response policy zone, by address, and what is wanted.

    By the trigger `ip` every address is the answer to a question about a name of its own.
    """
    (folder / "list").write_bytes(file.data)
    wanted = clients(intent)
    if trigger == "ip":
        every = [verdicts(intent, family, ends(intent, family, 250)) for family in FAMILIES]
        wanted = {a: v for said in every for a, v in said.items() if not mapped(a)}
    kinds = {text: "AAAA" if ":" in text else "A" for text in wanted}
    records = [f"p{n} {kinds[text]} {text}\n" for n, text in enumerate(wanted)]
    probes = [(text, "example", "TXT") for text in wanted]
    if trigger == "ip":
        probes = [(OUTSIDE[0], f"p{n}.example", kinds[text]) for n, text in enumerate(wanted)]
    server = [require_program("named"), "-g", "-c", f"{folder}/named.conf", "-u", "root"]
    files = {"named.conf": NAMED_RPZ, "zone": ZONE + "".join(records)}
    return dict(zip(wanted, answers(server, folder, files, probes, RELOADED), strict=True)), wanted


@pytest.mark.parametrize("trigger", ["client-ip", "ip"])
def test_a_policy_zone_rewrites_what_the_list_blocks_and_nothing_else(
    tmp_path: Path, trigger: str
) -> None:
    addresses = listed(25)
    (file,) = written(RPZ, addresses, {"trigger": trigger})
    got, wanted = rewriting(file, tmp_path, trigger, AddrMap.of_set(addresses))
    require_answers(got, wanted, "NXDOMAIN")


def test_a_policy_zone_of_all_but_an_office_spares_the_office_in_both_families(
    tmp_path: Path,
) -> None:
    """named keeps IPv4 in ::ffff:0:0/96, so an entry of IPv6 around it would hold the office."""
    addresses = AddrSet.everything() - prefixes("198.51.100.0/24", "127.0.0.5/32", "2001:db8::/32")
    for trigger in ("client-ip", "ip"):
        (file,) = written(RPZ, addresses, {"trigger": trigger})
        got, wanted = rewriting(file, tmp_path, trigger, AddrMap.of_set(addresses))
        require_answers(got, wanted, "NXDOMAIN")


def test_named_leaves_out_records_that_named_checkzone_takes(tmp_path: Path) -> None:
    """Host bits, a length of 0 and another spelling: nothing is blocked, so they are refused."""
    records = ("8.0.0.1.10", "0.0.0.0.0", "48.0.0.0.0.0.1.db8.2001")
    text = written(RPZ, EDGES["nothing"])[0].data
    wrong = [
        replace(written(RPZ, EDGES["nothing"])[0], data=text + f"{one}.rpz-ip CNAME .\n".encode())
        for one in records
    ]
    for file, blocks in zip(wrong, ("10.0.0.0/8", "0.0.0.0/0", "2001:db8:1::/48"), strict=True):
        assert try_natively(RPZ, (file,), {}).answer is not NativeAnswer.REFUSED
        with pytest.raises(Unproved):
            prove(RPZ, [file], AddrMap.of_set(prefixes(blocks)))
    intent = AddrMap.of_set(prefixes("10.0.0.0/8", "2001:db8:1::/48"))
    every = replace(wrong[0], data=b"".join([text, *(one.data[len(text) :] for one in wrong)]))
    got, _ = rewriting(every, tmp_path, "ip", intent)
    assert {*got.values()} == {"NOERROR"}


def test_bird_finds_what_the_list_blocks_and_nothing_else(tmp_path: Path) -> None:
    """Also at the edges of the space; all of it in one BIRD, a pair of sets for each list."""
    require_root()
    lists = {f"l{n}": one for n, one in enumerate([listed(26), *EDGES.values()])}
    text, questions = "", dict[str, bool]()
    for name, addresses in lists.items():
        text += written(BIRD_SET, addresses, {"name": name})[0].data.decode()
        intent = AddrMap.of_set(addresses)
        for family in FAMILIES:
            slots = blocked(intent, family, ends(intent, family, 200))
            sets = f"{name}_v{family.version}"
            questions |= {f"eval {a}/{family.width} ~ {sets}": said for a, said in slots.items()}
    config = text + "router id 192.0.2.1;\nprotocol device {}\n"
    (tmp_path / "bird.conf").write_text(config, encoding="utf-8")
    server = [require_program("bird"), "-f", "-c", "bird.conf", "-s", "socket", "-P", "pid"]
    with subprocess.Popen(["unshare", "--net", *server], cwd=tmp_path) as bird:
        try:
            wait_for(tmp_path / "socket")
            done = subprocess.run(
                [require_program("birdc"), "-s", "socket"],
                input="".join(f"{question}\n" for question in questions),
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=True,
            )
        finally:
            bird.kill()
    said = re.findall(r"(TRUE|FALSE)$", done.stdout, re.MULTILINE)
    assert [one == "TRUE" for one in said] == list(questions.values())


def wait_for(path: Path) -> None:
    """Wait until a server has made its socket."""
    for _ in range(200):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path.name} was not made")


@pytest.mark.parametrize("case", EDGES)
def test_dnsdist_agrees_at_the_edges_of_the_space(tmp_path: Path, case: str) -> None:
    required_of_dnsdist(AddrMap.of_set(EDGES[case]), written(DNSDIST, EDGES[case])[0], tmp_path)


def test_dnsdist_finds_what_the_list_blocks_and_lets_exceptions_through(tmp_path: Path) -> None:
    addresses = listed(23)
    required_of_dnsdist(AddrMap.of_set(addresses), written(DNSDIST, addresses)[0], tmp_path)
    intent = meaning(Match.LONGEST, EXCEPTIONS.values(), NAMES)
    required_of_dnsdist(intent, written_rules(DNSDIST, EXCEPTIONS)[0], tmp_path)


def test_dnsdist_takes_more_netmasks_than_lua_takes_constants(tmp_path: Path) -> None:
    rules = nested(*((f"10.{n >> 8}.{n & 255}.0/25", 1) for n in range(1 << 16)), ("::1/128", 1))
    (file,) = written_rules(DNSDIST, rules)
    asked_of = {"10.255.255.127": "block", "10.255.255.128": "", "::1": "block"}
    assert grouped(file, [*asked_of], tmp_path) == asked_of
    one_call_each = "".join(
        f'blockc_export_control:addMask("10.{n >> 8}.{n & 255}.0/25")\n' for n in range(1 << 16)
    )
    wrong = ArtifactFile("x", f"blockc_export_control = newNMG()\n{one_call_each}".encode())
    with pytest.raises(subprocess.CalledProcessError) as refused:
        grouped(wrong, [*asked_of], tmp_path)
    assert "more than 65536 constants" in refused.value.stderr + refused.value.stdout
