"""nftables and ipset with iptables, loaded into a kernel and asked with packets.

Each test has a network namespace of its own; nothing of the machine is touched.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from blockc.addresses import FAMILIES, V4, AddrMap, AddrSet, Family
from blockc.addresses.rules import Match, Rules, meaning
from blockc.passes.plan import compile_rules
from blockc.passes.request import PassRequest
from blockc.targets.core.render import render
from blockc.targets.core.target import Target
from blockc.targets.kernel.ipset import IPSET
from blockc.targets.kernel.nft_update import NFTABLES_UPDATE
from blockc.targets.kernel.nftables import NFTABLES
from blockc.targets.syntax.reading import NAMES
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import replace
from blockc.verify.native import NativeAnswer, try_natively
from tests.compiler.worlds import of_countries, sample_world
from tests.real.probes import SLOTS_A_FAMILY, blocked, ends, listed, reaches_a_hook
from tests.support.machine import SYSTEM_PATH, require_program, require_root
from tests.targets.artifacts import (
    EDGES,
    PATH,
    TEMPLATES,
    draft,
    nested,
    prefixes,
    rules_of,
    written,
    written_rules,
)

NETWORK = Path(__file__).with_name("network.py")
TWO_HOSTS = Path(__file__).with_name("two_hosts.py")
SET = "blockc_export_control"
# By the hook of a target: what shows its counters, and how the packets of a set stand there.
COUNT = {
    "prerouting": f"nft list table inet {SET}",
    "input": "{ iptables-save -c; ip6tables-save -c; }",
}
SHOWN = {
    "prerouting": r"saddr @v[46] counter packets (\d+)",
    "input": r"\[(\d+):\d+\] -A \S+ -m set --match-set \S+ src\n",
}
ENVIRONMENT = os.environ | {"PATH": SYSTEM_PATH}
pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(autouse=True)
def _kernel() -> None:
    """Ask for what every test here needs: root, and the programs."""
    require_root()
    for name in ("unshare", "ip", *programs_of(NFTABLES), *programs_of(IPSET)):
        require_program(name)


def programs_of(target: Target) -> tuple[str, ...]:
    """Return the programs that read the artifacts of a target."""
    assert target.native
    return target.native.programs


def stored(folder: Path, files: tuple[ArtifactFile, ...]) -> list[Path]:
    """Write the files of an artifact and return where they are."""
    paths = [folder / Path(text.path).name for text in files]
    for path, file in zip(paths, files, strict=True):
        path.write_bytes(file.data)
    return paths


def ipset_commands(folder: Path, files: tuple[ArtifactFile, ...]) -> list[str]:
    """Return the commands that the files themselves recommend, loading twice as an update does."""
    restore, v4, v6 = stored(folder, files)
    load = [
        f"ipset restore < {restore}",
        f"iptables-restore --noflush < {v4}",
        f"ip6tables-restore --noflush < {v6}",
    ]
    hook = [f"{name} -I INPUT 1 -j {SET}" for name in ("iptables", "ip6tables")]
    return [*load, *hook, *load]


def nft_commands(folder: Path, files: tuple[ArtifactFile, ...]) -> list[str]:
    """Return the commands that load the table, and load it again."""
    (path,) = stored(folder, files)
    return [f"nft -f {path}", f"nft -f {path}"]


def ask(
    commands: list[str],
    hook: str,
    intent: AddrMap,
    slots: int | None = SLOTS_A_FAMILY,
    after: str = "",
) -> tuple[set[str], set[str]]:
    """Return which probes passed and which should have, of those the kernel delivers.

    `after` is run when all of them have been sent.
    """
    wanted: dict[str, bool] = {}
    for family in FAMILIES:
        wanted |= blocked(intent, family, ends(intent, family, slots))
    asked = [text for text in wanted if reaches_a_hook(text, hook)]
    job = json.dumps({"commands": commands, "hook": hook, "probes": asked, "after": after})
    done = subprocess.run(
        ["unshare", "--net", sys.executable, str(NETWORK)],
        input=job,
        capture_output=True,
        env=ENVIRONMENT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout)), {text for text in asked if not wanted[text]}


def test_nft_drops_what_the_list_blocks_and_nothing_else(tmp_path: Path) -> None:
    addresses = listed(1)
    commands = nft_commands(tmp_path, written(NFTABLES, addresses))
    passed, should = ask(commands, "prerouting", AddrMap.of_set(addresses))
    assert len(should) > 1_000
    assert passed == should


@pytest.mark.parametrize("case", EDGES)
def test_nft_drops_the_edges_of_the_space(tmp_path: Path, case: str) -> None:
    commands = nft_commands(tmp_path, written(NFTABLES, EDGES[case]))
    passed, should = ask(commands, "prerouting", AddrMap.of_set(EDGES[case]))
    assert passed == should


def test_ipset_and_iptables_drop_what_the_list_blocks_and_nothing_else(
    tmp_path: Path,
) -> None:
    addresses = listed(2)
    commands = ipset_commands(tmp_path, written(IPSET, addresses))
    passed, should = ask(commands, "input", AddrMap.of_set(addresses))
    assert len(should) > 1_000
    assert passed == should


@pytest.mark.parametrize("case", EDGES)
def test_ipset_and_iptables_drop_the_edges_of_the_space(tmp_path: Path, case: str) -> None:
    commands = ipset_commands(tmp_path, written(IPSET, EDGES[case]))
    passed, should = ask(commands, "input", AddrMap.of_set(EDGES[case]))
    assert passed == should


def test_an_exception_inside_an_ipset_entry_passes(tmp_path: Path) -> None:
    rules = nested(
        ("10.0.0.0/8", 1), ("10.1.0.0/16", 0), ("10.1.2.0/24", 1), ("10.1.2.3/32", 0),
        ("2001:db8::/32", 1), ("2001:db8:8::/48", 0), ("2001:db8:8::1/128", 1),
    )  # fmt: skip
    intent = meaning(Match.LONGEST, rules.values(), NAMES)
    commands = ipset_commands(tmp_path, written_rules(IPSET, rules))
    passed, should = ask(commands, "input", intent)
    assert passed == should


def test_a_longer_list_replaces_a_shorter_one_while_it_is_in_use(
    tmp_path: Path,
) -> None:
    old, new = prefixes("10.0.0.0/8", "2001:db8::/32"), listed(3)
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    after.mkdir()
    commands = ipset_commands(before, written(IPSET, old))
    commands += ipset_commands(after, written(IPSET, new))[:1]
    passed, should = ask(commands, "input", AddrMap.of_set(new))
    assert passed == should


def test_an_update_of_the_sets_leaves_rules_and_counters_as_they_are(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    addresses = listed(6)
    counted = f"nft 'add chain inet {SET} x; add rule inet {SET} x counter packets 7 bytes 9'"
    (table,) = stored(old, written(NFTABLES, listed(7)))
    (update,) = stored(new, written(NFTABLES_UPDATE, addresses, {"table": SET}))
    commands = [f"nft -f {table}", counted, f"nft -f {update}", f"nft -f {update}"]
    after = f"nft list chain inet {SET} x | grep --quiet 'packets 7 bytes 9'"
    passed, should = ask(commands, "prerouting", AddrMap.of_set(addresses), after=after)
    assert len(should) > 1_000
    assert passed == should


def test_an_update_that_fails_leaves_the_sets_as_they_were(tmp_path: Path) -> None:
    old, new = prefixes("10.0.0.0/8", "2001:db8::/32"), prefixes("11.0.0.0/8")
    (table,) = stored(tmp_path, written(NFTABLES, old))
    update = tmp_path / "update.nft"
    text = written(NFTABLES_UPDATE, new, {"table": SET})[0].data.decode()
    update.write_text(text.replace("flush set inet blockc_export_control v6", "flush set x y z"))
    commands = [f"nft -f {table}", f"! nft -f {update}"]
    passed, should = ask(commands, "prerouting", AddrMap.of_set(old))
    assert passed == should


def test_ipset_itself_says_the_same_of_both_ends_of_every_slot(
    tmp_path: Path,
) -> None:
    """Also of addresses that no packet can come from."""
    addresses = listed(4)
    intent = AddrMap.of_set(addresses)
    restore = stored(tmp_path, written(IPSET, addresses))[0]
    for family in FAMILIES:
        wanted = blocked(intent, family, ends(intent, family))
        assert found_in_set(tmp_path, restore, f"{SET}_v{family.version}", wanted) == wanted


def found_in_set(
    folder: Path, restore: Path, name: str, addresses: Iterable[str]
) -> dict[str, bool]:
    """Return address -> whether the kernel finds it in the set that `restore` leaves behind."""
    asked = folder / "questions"
    asked.write_text("".join(f"test {name} {text}\n" for text in addresses), encoding="utf-8")
    script = f"ipset restore < {restore} && ipset - < {asked}"
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", script],
        capture_output=True,
        env=ENVIRONMENT,
        text=True,
        check=False,
    )
    answers = re.findall(r"([0-9a-f:.]+) is (NOT )?in set", done.stdout + done.stderr)
    return {text: not missed for text, missed in answers}


@pytest.fixture(scope="module")
def america() -> AddrMap:
    """Return the United States of the bundled sample, the list with the most to save."""
    return AddrMap.of_set(of_countries(sample_world(), "US"))


def compiled(target: Target, intent: AddrMap) -> Mapping[Family, Rules]:
    """Return the fewest rules of a target."""
    lengths = {f: target.lengths.of(f) for f in FAMILIES} if target.lengths else {}
    return compile_rules(intent, target.match, PassRequest(lengths=lengths)).rules


def test_ipset_agrees_about_the_united_states_in_half_the_entries(
    tmp_path: Path, america: AddrMap
) -> None:
    rules = compiled(IPSET, america)
    assert len(rules[V4]) == 8_842
    assert (rules[V4].verdict == 0).any()
    restore = stored(tmp_path, written_rules(IPSET, rules))[0]
    for family in FAMILIES:
        wanted = blocked(america, family, ends(america, family, None))
        assert found_in_set(tmp_path, restore, f"{SET}_v{family.version}", wanted) == wanted


def test_nft_agrees_about_the_united_states_in_intervals(tmp_path: Path, america: AddrMap) -> None:
    rules = compiled(NFTABLES, america)
    assert len(rules[V4]) == 6_964
    commands = nft_commands(tmp_path, written_rules(NFTABLES, rules))
    passed, should = ask(commands, "prerouting", america, slots=None)
    assert len(should) > 14_000
    assert passed == should


@pytest.mark.parametrize("action", ["monitor", "warn"])
@pytest.mark.parametrize("target", [NFTABLES, IPSET], ids=lambda target: target.name)
def test_until_a_list_blocks_packets_are_counted_and_pass(
    tmp_path: Path, target: Target, action: str
) -> None:
    addresses = prefixes("10.0.0.0/8", "2001:db8::/32")
    watched = replace(draft(target, rules_of(target, addresses)), action=action, names=("", action))
    texts = render(target, watched, PATH, TEMPLATES)
    assert try_natively(target, texts, watched.options).answer is NativeAnswer.ACCEPTED
    commands = (nft_commands if target is NFTABLES else ipset_commands)(tmp_path, texts)
    hook = "prerouting" if target is NFTABLES else "input"
    counted = tmp_path / "counted"
    passed, _ = ask(commands, hook, AddrMap.of_set(addresses), after=f"{COUNT[hook]} > {counted}")
    assert {"10.0.0.0", "2001:db8::", "11.0.0.0"} <= passed
    assert [int(n) > 0 for n in re.findall(SHOWN[hook], counted.read_text("utf-8"))] == [True] * 2


ALL_BUT = AddrSet.everything() - prefixes("203.0.113.0/24", "2001:db8:99::/48")
HOST_LIVES = {
    f"{way} {version}": way != "incoming"
    for way in ("outgoing", "incoming", "loopback")
    for version in (4, 6)
}


def lives(commands: list[str]) -> dict[str, bool]:
    """Return what still works between a host that runs the commands and its neighbour."""
    done = subprocess.run(
        ["unshare", "--net", sys.executable, str(TWO_HOSTS)],
        input=json.dumps({"commands": commands}),
        capture_output=True,
        env=ENVIRONMENT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, bool] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("hook", ["prerouting", "input", "ipset"])
def test_a_list_that_allows_few_does_not_cut_the_host_off(tmp_path: Path, hook: str) -> None:
    """Replies come back and neighbours are heard, and who is blocked still cannot begin."""
    target = IPSET if hook == "ipset" else NFTABLES
    options = {} if target is IPSET else {"hook": hook}
    texts = render(target, draft(target, rules_of(target, ALL_BUT), options), PATH, TEMPLATES)
    commands = (ipset_commands if target is IPSET else nft_commands)(tmp_path, texts)
    assert lives(commands) == HOST_LIVES


@pytest.mark.parametrize("target", [NFTABLES, IPSET], ids=lambda target: target.name)
def test_each_of_what_passes_can_be_left_out(tmp_path: Path, target: Target) -> None:
    kept = {"loopback": True, "established": True, "neighbours": True}
    stops = {"loopback": "loopback 4", "established": "outgoing 4", "neighbours": "outgoing 6"}
    for name, stopped in stops.items():
        options = {**kept, name: False}
        texts = render(target, draft(target, rules_of(target, ALL_BUT), options), PATH, TEMPLATES)
        commands = (ipset_commands if target is IPSET else nft_commands)(tmp_path, texts)
        assert not lives(commands)[stopped]
