"""The ipset reader runs the file as the kernel would, and the rules file says what counts."""

from random import Random

import pytest

from blockc.addresses import V4, V6
from blockc.addresses.rules import Match, meaning
from blockc.errors import DoesNotFit, SourceSyntaxError
from blockc.targets.kernel.ipset import IPSET, read_ipset
from blockc.targets.kernel.ipset_restore import Restore
from blockc.targets.kernel.iptables import read_rules
from blockc.targets.kernel.passing import NEIGHBOURS, PASSES
from blockc.targets.syntax.tokens import Text
from tests.support.spoilt import spoilt
from tests.targets.artifacts import EDGES, nested, prefixes, written, written_rules

KIND = "hash:net family inet hashsize 64 maxelem 4"
LIVE = f"create -exist a {KIND}\n"
NEW = f"create -exist b {KIND}\nflush b\n"
SWAP = "swap b a\ndestroy b\n"
RULES = "*filter\n:c - [0:0]\n-A c -m set --match-set a src -j DROP\nCOMMIT\n"
NO_RULES = "*filter\n:c - [0:0]\nCOMMIT\n"


def blocked(restore: str, rules: str = RULES) -> object:
    """Return what a restore file and the IPv4 rules drop together."""
    texts = (
        Text("x.ipset", restore),
        Text("x.rules.v4", rules, (V4,)),
        Text("x.rules.v6", NO_RULES, (V6,)),
    )
    found = read_ipset(texts)
    return meaning(Match.LONGEST, found.rules.values(), found.names).where(["block"])


@pytest.mark.parametrize(
    "restore",
    [
        f"{LIVE}{NEW}add b 10.0.0.0/8\n{SWAP}",
        f"# c\n\n{LIVE}{NEW}  add\tb 10.0.0.0/8\n# add b 11.0.0.0/8\n{SWAP}",
        f"{LIVE}flush a\nadd a 10.0.0.0/9\nadd a 10.128.0.0/9\n",
        f"{LIVE}{NEW}add b 11.0.0.0/8\nflush b\nadd b 10.0.0.0/8\n{SWAP}",
        f"{LIVE}create b {KIND}\nadd b 10.0.0.0/8\n{SWAP}",
        f"{LIVE}{NEW}add b 10.0.0.0/8\nadd b 11.0.0.0/8 nomatch\n{SWAP}",
        f"{LIVE}{LIVE}{NEW}{NEW}add b 10.0.0.0/8\n{SWAP}",
        "create -exist a hash:net\nflush a\nadd a 10.0.0.0/8\n",
    ],
)
def test_what_ends_up_in_the_set_of_the_rules_is_what_counts(restore: str) -> None:
    assert blocked(restore) == prefixes("10.0.0.0/8")


def test_an_exception_inside_an_entry_does_not_match() -> None:
    restore = f"{LIVE}{NEW}add b 10.0.0.0/8\nadd b 10.1.0.0/16 nomatch\nadd b 10.1.1.1\n{SWAP}"
    wanted = prefixes("10.0.0.0/8") - prefixes("10.1.0.0/16") | prefixes("10.1.1.1/32")
    assert blocked(restore) == wanted


def test_a_set_without_a_rule_blocks_nobody() -> None:
    assert not blocked(f"{LIVE}{NEW}add b 10.0.0.0/8\n{SWAP}", NO_RULES)


@pytest.mark.parametrize(
    ("restore", "line", "reason"),
    [
        (f"{LIVE}add a 10.0.0.0/8\n", 2, "may hold entries from before"),
        ("", 1, "'a' does not exist in the end"),
        (f"create b {KIND}\n", 1, "'a' does not exist in the end"),
        (f"create a {KIND}\ndestroy a\n", 1, "does not exist in the end"),
        ("create a hash:net family inet6\n", 1, "is not of ipv4"),
        (f"create a {KIND}\ncreate a {KIND}\n", 2, "exists already"),
        (f"create a {KIND}\ncreate -exist a hash:net maxelem 5\n", 2, "exists already"),
        (
            f"create a {KIND}\ncreate -exist a hash:net family inet6 maxelem 4\n",
            2,
            "exists already",
        ),
        ("create a hash:ip\n", 1, "expected `create NAME hash:net`"),
        ("create a hash:net timeout 5\n", 1, "expected family"),
        ("create a hash:net family ipv4\n", 1, "expected family"),
        ("create a hash:net maxelem 4294967296\n", 1, "is not a number"),
        ("create a hash:net maxelem 010\n", 1, "is not a number"),  # ipset reads it as octal
        ("create a hash:net family inet family inet6\n", 1, "an option is given twice"),
        ('create "a" hash:net\n', 1, "expected a name"),
        (f'create a {KIND}\nflush "a"\n', 2, "the set '\"a\"' does not exist"),
        ("create a hash:net hashsize x\n", 1, "is not a number"),
        (f"create {'a' * 32} hash:net\n", 1, "longer than 31"),
        ("create a hash:net family\n", 1, "pairs of options"),
        (f"create a {KIND}\nadd a\n", 2, "expected `add NAME ADDRESSES`"),
        (f"create a {KIND}\nadd a 1.1.1.1 timeout 3\n", 2, "expected `add NAME ADDRESSES`"),
        (f"create a {KIND}\nadd a 1.1.1.1 -exist\n", 2, "expected `add NAME ADDRESSES`"),
        (f"create a {KIND}\nadd b 1.1.1.1\n", 2, "the set 'b' does not exist"),
        (f"create a {KIND}\nadd a 10.0.0.0/8\n", 1, "a second time: the set 'a' exists already"),
        (
            f"{LIVE}create b hash:net maxelem 8\nadd b 10.0.0.0/8\n{SWAP}",
            1,
            "a second time: the set 'a' exists already, and not like this",
        ),
        (
            f"create a {KIND}\nadd a 1.1.1.1\nadd a 1.1.1.1/32 nomatch\n",
            3,
            "1.1.1.1/32 occurs twice",
        ),
        (f"create a {KIND}\nadd a 1.1.1.1-1.1.1.9\n", 2, "is not an address"),
        (f"create a {KIND}\nadd a 1.1.1.1/8\n", 2, "has host bits set"),
        (f"create a {KIND}\nadd a ::1\n", 2, "does not belong"),
        (f"create a {KIND}\n" + "".join(f"add a 1.1.1.{n}\n" for n in range(5)), 6, "set is full"),
        (f"create a {KIND}\nswap a b\n", 2, "the set 'b' does not exist"),
        (f"create a {KIND}\nswap a\n", 2, "expected `swap NAME NAME`"),
        (f"create a {KIND}\nflush\n", 2, "expected `flush NAME`"),
        (f"create a {KIND}\ndestroy\n", 2, "expected `destroy NAME`"),
        (f"create a {KIND}\ncreate b hash:net family inet6\nswap a b\n", 3, "different families"),
        (f"create a {KIND}\ndel a 1.1.1.1\n", 2, "the command 'del' is not understood"),
        (f"create a {KIND}\r\n", 1, "a character ipset does not take"),
        (f"create a {KIND}\nadd a\u00a01.1.1.1\n", 2, "a character ipset does not take"),
        (f"create a {KIND}\n# {'x' * 1022}flush a\n", 2, "longer than 1,023 bytes"),
        (f"create a {KIND}\n# {'ä' * 511}\n", 2, "longer than 1,023 bytes"),
    ],
)
def test_what_would_fail_or_surprise_is_an_error_with_its_line(
    restore: str, line: int, reason: str
) -> None:
    with pytest.raises(SourceSyntaxError) as found:
        blocked(restore)
    assert reason in found.value.message
    assert found.value.at is not None
    assert (found.value.at.path, found.value.at.line) == ("x.ipset", line)


@pytest.mark.parametrize(
    ("rules", "line"),
    [
        ("", 1),
        ("*nat\n:c - [0:0]\nCOMMIT\n", 1),
        ("*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n", 2),
        ("*filter\n:INPUT - [0:0]\nCOMMIT\n", 2),
        (f"# {'x' * 10_300}\n*filter\n:c - [0:0]\nCOMMIT\n", 1),
        (f"*filter\n:{'c' * 29} - [0:0]\nCOMMIT\n", 2),
        ("*filter\n:c - [0:0]\n-A d -m set --match-set a src -j DROP\nCOMMIT\n", 3),
        ("*filter\n:c - [0:0]\n-A c -m set ! --match-set a src -j DROP\nCOMMIT\n", 3),
        ("*filter\n:c - [0:0]\n-A c -m set --match-set a dst -j DROP\nCOMMIT\n", 3),
        ("*filter\n:c - [0:0]\n-A c -m set --match-set a src -j ACCEPT\nCOMMIT\n", 3),
        ("*filter\n:c - [0:0]\n-A c -s 10.0.0.0/8 -j RETURN\nCOMMIT\n", 3),
        ("*filter\n:c - [0:0]\n-A c -j RETURN\n-A c -m set --match-set a src -j DROP\nCOMMIT\n", 4),
        ("*filter\n:c - [0:0]\n-A c -m set --match-set a src -j DROP\n", 4),
        ("*filter\n:c - [0:0]\nCOMMIT\n*nat\nCOMMIT\n", 4),
        (RULES.replace("COMMIT", RULES.split("\n")[2].replace("set a", "set b") + "\nCOMMIT"), 4),
        ("*filter\n:DROP - [0:0]\nCOMMIT\n", 2),
        ("*filter\n:c - [0:0]\nCOMMIT \n", 4),
        ("*filter\n\t\n:c - [0:0]\nCOMMIT\n", 2),
    ],
)
def test_rules_that_do_anything_else_are_an_error_with_their_line(rules: str, line: int) -> None:
    with pytest.raises(SourceSyntaxError) as found:
        blocked(f"{LIVE}flush a\ncreate -exist b {KIND}\nflush b\n", rules)
    assert found.value.at is not None
    assert (found.value.at.path, found.value.at.line) == ("x.rules.v4", line)


def test_loopback_may_return_before_the_set_is_asked() -> None:
    rules = RULES.replace("-A c -m", "-A c -i lo -j RETURN\n-A c -m").replace(
        "COM", "-A c -j RETURN\nCOM"
    )
    assert blocked(f"{LIVE}flush a\nadd a 10.0.0.0/8\n", rules) == prefixes("10.0.0.0/8")


def test_the_room_of_a_set_is_the_operators_choice_and_holds() -> None:
    assert IPSET.capacity({"maxelem": 7}) == 7
    assert IPSET.capacity({}) == 1_048_576
    with pytest.raises(DoesNotFit, match="raise the option maxelem"):
        written(IPSET, EDGES["neighbours"], {"maxelem": 1})


def test_the_same_set_is_created_alike_however_long_the_list() -> None:
    short, long = (
        written(IPSET, prefixes(*(f"10.{n}.{2 * m}.0/24" for n in range(9) for m in range(size))))
        for size in (1, 90)
    )
    creates = [
        [line for line in texts[0].data.decode().splitlines() if line.startswith("create")]
        for texts in (short, long)
    ]
    assert creates[0] == creates[1]


@pytest.mark.parametrize("seed", range(20))
def test_entries_added_together_are_those_added_one_after_another(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(seed)
    nested_ones = nested(
        ("10.0.0.0/8", 1), ("10.1.0.0/16", 0), ("10.1.2.0/24", 1), ("10.1.2.3/32", 0),
        ("2001:db8::/32", 1), ("2001:db8:8::/48", 0), ("2001:db8:8::1/128", 1),
    )  # fmt: skip
    texts = written_rules(IPSET, nested_ones)
    for _ in range(50):
        text = Text(texts[0].path, spoilt(texts[0].data.decode(), random))
        with monkeypatch.context() as slowly:
            together = outcome(text)
            slowly.setattr(Restore, "_add_all", lambda *_: False)
            assert outcome(text) == together


def outcome(text: Text) -> object:
    """Return what a restore file leaves behind, or how it is refused."""
    try:
        sets = Restore(text).sets
    except SourceSyntaxError as refused:
        return str(refused)
    return {name: (one.entries, [*map(int, one.verdicts)], one.lines) for name, one in sets.items()}


ND = "-A c -p ipv6-icmp -m hl --hl-eq 255 -m icmp6 --icmpv6-type {} -j RETURN\n"
REPLIES = "-A c -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN\n"
DROPS = "-A c -m set --match-set a src -j DROP\n"


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        (f"{REPLIES}{DROPS}", ""),
        (f"-A c -i lo -j RETURN\n{REPLIES}{DROPS}", ""),
        (f"{DROPS}{REPLIES}", "must stand before"),
        (f"{DROPS}-A c -i lo -j RETURN\n", "must stand before"),
        (f"-A c -m conntrack --ctstate NEW -j RETURN\n{DROPS}", "not understood"),
        (f"{REPLIES.replace('RETURN', 'ACCEPT')}{DROPS}", "not understood"),
        (f"{ND.format('router-advertisement')}{DROPS}", "not understood"),  # of IPv4 there is none
    ],
)
def test_what_passes_stands_before_the_sets_and_is_that_and_no_more(
    rules: str, reason: str
) -> None:
    text = f"*filter\n:c - [0:0]\n{rules}COMMIT\n"
    restore = f"{LIVE}{NEW}add b 10.0.0.0/8\n{SWAP}"
    if reason:
        with pytest.raises(SourceSyntaxError, match=reason):
            blocked(restore, text)
    else:
        assert blocked(restore, text) == prefixes("10.0.0.0/8")


def test_each_kind_of_neighbour_discovery_is_told() -> None:
    words = ("router-solicitation", "router-advertisement")
    rules = "".join(map(ND.format, words))
    text = Text("x.rules.v6", f"*filter\n:c - [0:0]\n{rules}COMMIT\n", (V6,))
    found = [one.value for one in read_rules(text).found if one.what == PASSES]
    assert found == list(NEIGHBOURS[:2])
