"""What changes a list of the kernel that is in use: contents of nftables sets, and maps of BPF."""

import pytest

from blockc.addresses import AddrMap
from blockc.addresses.rules import Match, meaning
from blockc.errors import PolicyError, SourceSyntaxError, Unproved
from blockc.targets.core.target_options import OptionContext
from blockc.targets.kernel.bpf_lpm import BPF_LPM, read_batch
from blockc.targets.kernel.nft_update import NFTABLES_UPDATE, read_update
from blockc.targets.syntax.reading import NAMES
from blockc.targets.syntax.tokens import Text
from blockc.verify.proof import prove
from tests.targets.artifacts import (
    EDGES,
    PATH,
    changed,
    draft,
    nested,
    prefixes,
    rules_of,
    written,
    written_rules,
)

FLUSH, ADD = "flush set inet t v4\n", "add element inet t v4 {\n\t10.0.0.0-10.0.0.9,\n}\n"
MAKE4 = "map create /b/x_v4_new type lpm_trie key 8 value 4 entries 9 name a flags 1\n"
MAKE6 = "map create /b/x_v6_new type lpm_trie key 20 value 4 entries 9 name a flags 1\n"
ENTRY = "map update pinned /b/x_v4_new key hex 18 00 00 00 c0 00 02 00 value hex 01 00 00 00\n"
SWAP4 = "map update pinned /b/x_v4 key hex 00 00 00 00 value pinned /b/x_v4_new\n"
SWAP6 = SWAP4.replace("v4", "v6")
BATCH = MAKE4 + ENTRY + MAKE6 + SWAP4 + SWAP6


def test_a_set_is_emptied_and_filled_in_one_file() -> None:
    read = read_update(Text("x", f"# a remark\n{FLUSH}{ADD}flush set inet t v6; # another\n"))
    said = meaning(Match.INTERVALS, read.rules.values(), NAMES).where(["block"])
    assert said == prefixes("10.0.0.0/29", "10.0.0.8/31")
    assert [(one.what, one.value) for one in read.found] == [
        ("nft set", "inet t v4"),
        ("nft set of ipv4", "inet t v4"),
        ("nft set", "inet t v6"),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ADD, "the set may hold elements from before"),
        (FLUSH + ADD + FLUSH, "this set is flushed twice"),
        (FLUSH + ADD + ADD, "expected the elements of one family, in one statement"),
        (FLUSH + ADD.replace(",", ", ::1"), "expected the elements of one family"),
        (FLUSH + ADD.replace("10.0.0.0-10.0.0.9,", ""), "expected elements with a comma"),
        (FLUSH + ADD.replace("9,", "9, 10.0.0.3"), "10.0.0.3/32 overlaps another entry"),
        (FLUSH + ADD.replace("}", "} x"), "expected the end of the statement"),
        ("flush table inet t\n", "expected 'set', found 'table'"),
        ("flush ruleset\n", "expected 'set', found 'ruleset'"),
        ("delete table inet t\n", "expected 'add', found 'delete'"),
        ("add rule inet t c accept\n", "expected 'element', found 'rule'"),
    ],
)
def test_an_update_that_keeps_old_elements_or_does_more_is_refused(text: str, reason: str) -> None:
    with pytest.raises(SourceSyntaxError) as refused:
        read_update(Text("x", text))
    assert reason in refused.value.message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("inet blockc_export_control v4", "inet filter v4", "the nft set is 'inet filter v4'"),
        ("inet blockc", "ip blockc", "the nft set is 'ip blockc_export_control v4', ordered is"),
        ("_control v4 {", "_control v6 {", "the set may hold elements from before"),
        ("_control v6\n", "_control v4\n", "this set is flushed twice"),
    ],
)
def test_an_update_of_another_set_is_refused(old: str, new: str, message: str) -> None:
    addresses = EDGES["ipv4 only"]
    (file,) = written(NFTABLES_UPDATE, addresses)
    assert old.encode() in file.data
    orders = draft(NFTABLES_UPDATE, rules_of(NFTABLES_UPDATE, addresses)).orders(
        NFTABLES_UPDATE, PATH
    )
    prove(NFTABLES_UPDATE, [file], AddrMap.of_set(addresses), "", orders)
    with pytest.raises(Unproved) as refused:
        prove(NFTABLES_UPDATE, [changed(file, old, new)], AddrMap.of_set(addresses), "", orders)
    assert message in refused.value.message


def test_elements_in_the_set_of_the_other_family_are_refused() -> None:
    addresses = EDGES["neighbours"]
    (file,) = written(NFTABLES_UPDATE, addresses)
    crossed = changed(
        changed(changed(file, "control v4", "v?"), "control v6", "control v4"), "v?", "control v6"
    )
    orders = draft(NFTABLES_UPDATE, rules_of(NFTABLES_UPDATE, addresses)).orders(
        NFTABLES_UPDATE, PATH
    )
    with pytest.raises(Unproved, match="the nft set of ipv4 is 'inet blockc_export_control v6'"):
        prove(NFTABLES_UPDATE, [crossed], AddrMap.of_set(addresses), "", orders)


def test_one_set_cannot_hold_both_families() -> None:
    with pytest.raises(PolicyError, match="set4 and set6 are one set"):
        NFTABLES_UPDATE.settle({"set4": "x", "set6": "x"}, OptionContext("x"))


def test_a_batch_fills_maps_and_then_puts_them_in_their_places() -> None:
    read = read_batch([Text("x", BATCH)])
    said = meaning(Match.LONGEST, read.rules.values(), read.names).where(["block"])
    assert said == prefixes("192.0.2.0/24")


def test_keys_are_a_length_and_an_address_and_values_say_what_happens() -> None:
    rules = nested(("10.0.0.0/8", 1), ("10.1.2.3/32", 0), ("2001:db8::/33", 1))
    (file,) = written_rules(BPF_LPM, rules)
    for line in (
        b"_v4_new key hex 08 00 00 00 0a 00 00 00 value hex 01 00 00 00\n",
        b"_v4_new key hex 20 00 00 00 0a 01 02 03 value hex 00 00 00 00\n",
        b"_v6_new key hex 21 00 00 00 20 01 0d b8" + 12 * b" 00" + b" value hex 01 00 00 00\n",
    ):
        assert line in file.data


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BATCH.replace("flags 1", "flags 0"), "expected an entry of a map that was made before"),
        (BATCH.replace("key 20", "key 8"), "expected one map of each family"),
        (BATCH.replace("key 20", "key 12"), "with a key of 8 or 20 bytes"),
        (MAKE4 + BATCH, "expected a map of its own"),
        (BATCH.replace(SWAP6, ""), "expected one map of each family, and each in its place"),
        (BATCH.replace(SWAP6, SWAP4), "has no place yet"),
        (BATCH + ENTRY, "expected an entry of a map that was made before"),
        (BATCH.replace(ENTRY, ENTRY + ENTRY), "192.0.2.0/24 occurs twice"),
        (BATCH.replace("18 00 00 00", "21 00 00 00"), "'33' is not a prefix length of ipv4"),
        (BATCH.replace("18 00 00 00", "00 00 00 18"), "is not a prefix length of ipv4"),
        (BATCH.replace("c0 00 02 00", "c0 00 02 01"), "192.0.2.1/24 has host bits set"),
        (BATCH.replace("c0 00 02 00", "c0 00 02"), "expected the bytes of a key and of a value"),
        (BATCH.replace("hex 01", "hex 09"), "9 is not a value for a verdict"),
        (BATCH.replace("entries 9", "entries 1").replace(ENTRY, ENTRY + ENTRY.replace("18", "20")),
         "the map is full"),
        (BATCH.replace(SWAP4, SWAP4.replace("hex 00", "hex 01")), "expected an entry of a map"),
        (BATCH + "map delete pinned /b/x_v4 key hex 00 00 00 00\n", "expected an entry of a map"),
    ],
)  # fmt: skip
def test_a_batch_that_leaves_another_map_in_the_place_is_refused(text: str, reason: str) -> None:
    with pytest.raises(SourceSyntaxError) as refused:
        read_batch([Text("x", text)])
    assert reason in refused.value.message


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "/sys/fs/bpf/blockc/",
            "/sys/fs/bpf/",
            "the BPF map is '/sys/fs/bpf/blockc_export_control",
        ),
        ("entries 1048576", "entries 1", "the map is full"),
        ("entries 1048576", "entries 2", "the entries of a BPF map is 2, ordered is 1048576"),
    ],
)
def test_a_batch_for_another_place_or_with_less_room_is_refused(
    old: str, new: str, message: str
) -> None:
    addresses = EDGES["ipv4 only"]
    (file,) = written(BPF_LPM, addresses)
    assert old.encode() in file.data
    orders = draft(BPF_LPM, rules_of(BPF_LPM, addresses)).orders(BPF_LPM, PATH)
    prove(BPF_LPM, [file], AddrMap.of_set(addresses), "", orders)
    with pytest.raises(Unproved) as refused:
        prove(BPF_LPM, [changed(file, old, new)], AddrMap.of_set(addresses), "", orders)
    assert message in refused.value.message
