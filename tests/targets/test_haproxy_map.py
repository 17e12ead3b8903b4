"""The HAProxy reader follows HAProxy: its lines, its words, and where it looks a second time."""

from random import Random

import numpy as np
import pytest

from blockc.addresses import MAPPED, V4, V6, AddrMap, Prefix, columns
from blockc.addresses.rules import Match, Rules, meaning
from blockc.errors import Miscompiled, SourceSyntaxError
from blockc.targets.core.mapped import is_held, touches
from blockc.targets.proxy.haproxy_fallback import ASKED_TWICE, without_mapped
from blockc.targets.proxy.haproxy_map import HAPROXY_MAP, read_map
from blockc.targets.syntax.reading import Reading
from blockc.targets.syntax.tokens import Text
from blockc.verify.proof import prove
from tests.targets.artifacts import changed, nested, prefixes, written_rules

TAIL = "::/96 none\n2002::/16 none\n"
ALL_BUT_OFFICE = prefixes("::/0", "0.0.0.0/0") - prefixes("198.51.100.0/24", "2001:db8::/48")


def read(body: str) -> Reading:
    """Return what a file with `body` says."""
    return read_map(Text("x.map", f"{body}\n{TAIL}"))


@pytest.mark.parametrize(
    "body",
    [
        "10.0.0.0/8 block",
        "10.0.0.0/8\t \tblock  ",
        "# 11.0.0.0/8 block\n#\n\n   \n  10.0.0.0/8 block",
        "10.0.0.0/9 block\n10.128.0.0/9 block\n11.0.0.0/8 none",
        "#" + "x" * 16_381 + "\n10.0.0.0/8 block\n# é\0\r",
    ],
)
def test_blanks_and_comments_do_not_matter(body: str) -> None:
    found = read(body)
    said = meaning(Match.LONGEST, found.rules.values(), found.names)
    assert said.where(["block"]) == prefixes("10.0.0.0/8")


def test_values_are_actions_or_countries() -> None:
    actions = read("10.0.0.0/8 warn\n10.1.0.0/16 monitor\n10.1.1.0/24 none\n2001:db8::/32 block")
    assert actions.names == ("", "block", "warn", "monitor")
    assert actions.rules[V4].verdict.tolist() == [2, 3, 0]
    countries = read_map(Text("x", "1.0.0.0/24 AU\n1.0.1.0/24 CN\n::/96 ZZ\n2002::/16 ZZ\n"))
    assert countries.names == ("ZZ", "AU", "CN")
    assert countries.rules[V4].verdict.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("body", "line", "reason"),
    [
        ("10.0.0.0/8", 1, "expected a prefix and one word"),
        ("# x\n10.0.0.0/8 block # why", 2, "expected a prefix and one word"),
        (" # block", 1, "'#' is not an address"),
        (
            "10.0.0.0/8 deny",
            1,
            "the value 'deny' is not a verdict, expected none, block, warn, mon",
        ),
        ("10.0.0.0/8 block\n11.0.0.0/8 CN", 2, "the value 'CN' is not a verdict"),
        ("10.0.0.0/8 CN\n11.0.0.0/8 block", 2, "'block' is not a verdict, expected a country code"),
        ("10.0.0.1/8 block", 1, "has host bits set"),
        ("10.0.0.0/33 block", 1, "is not a prefix length of ipv4"),
        ("10.0.0.0-10.0.0.9 block", 1, "is not an address"),
        ("10.0.0.0/255.0.0.0 block", 1, "is not a prefix length"),
        ("10.0.0.0/8 block\n10.0.0.0/8 warn", 2, "10.0.0.0/8 occurs twice"),
        ("10.0.0.0/8 block\r", 1, "a character that HAProxy may not take"),
        ("10.0.0.0/8 block\v", 1, "a character that HAProxy may not take"),
        ("10.0.0.0/8\u00a0block", 1, "a character that HAProxy may not take"),
        ("#" + "x" * 16_382 + "\n10.0.0.0/8 block", 1, "longer than 16,382 bytes"),
        ("::/0 block", 1, "::/0 holds addresses of ::ffff:0:0/96"),
        ("::ffff:10.0.0.0/104 block", 1, "holds addresses of ::ffff:0:0/96"),
    ],
)
def test_what_cannot_be_meant_is_an_error_with_its_line(body: str, line: int, reason: str) -> None:
    with pytest.raises(SourceSyntaxError) as refused:
        read(body)
    assert reason in refused.value.message
    assert refused.value.at
    assert refused.value.at.line == line


@pytest.mark.parametrize("missing", ["::/96", "2002::/16"])
def test_space_that_would_be_looked_up_as_ipv4_needs_an_entry(missing: str) -> None:
    tail = "".join(line + "\n" for line in TAIL.splitlines() if not line.startswith(missing))
    with pytest.raises(SourceSyntaxError, match=f"no entry holds {missing}, so HAProxy looks it"):
        read_map(Text("x", tail))


def test_an_office_on_a_dual_stack_socket_is_asked_as_ipv4() -> None:
    """A list of everything but the office holds ::ffff:0:0/96 too; the entries must not."""
    rules = {f: Rules.of_prefixes(ALL_BUT_OFFICE.prefixes(f)) for f in (V4, V6)}
    assert touches(rules[V6], MAPPED).any()

    texts = written_rules(HAPROXY_MAP, rules)

    assert not touches(read_map(texts[0].decoded()).rules[V6], MAPPED).any()
    prove(HAPROXY_MAP, texts, AddrMap.of_set(ALL_BUT_OFFICE))
    kept = changed(texts[0], "# http-request set", "::ffff:0:0/96 block\n# http-request set")
    with pytest.raises(Miscompiled, match="cannot be read back"):
        prove(HAPROXY_MAP, [kept], AddrMap.of_set(ALL_BUT_OFFICE))


def around(random: Random) -> dict[Prefix, int]:
    """Return nested prefixes, most of them around or near the mapped space."""
    found = {}
    for _ in range(random.randint(0, 12)):
        length = random.choice([*range(1, 20), *range(78, 110)])
        place = random.choice([MAPPED, *ASKED_TWICE]).first ^ random.getrandbits(128 - length + 2)
        host = 128 - length
        found[Prefix(V6, place % (1 << 128) >> host << host, length)] = random.randrange(3)
    return found


@pytest.mark.parametrize("seed", range(200))
def test_taking_the_mapped_space_out_changes_nothing_else(seed: int) -> None:
    drawn = around(Random(seed))
    rules = nested(*((str(prefix), verdict) for prefix, verdict in sorted(drawn.items())))[V6]
    names = ["", "block", "warn"]

    adapted = without_mapped(rules)

    silent = prefixes(str(MAPPED))
    before = meaning(Match.LONGEST, [rules], names)
    after = meaning(Match.LONGEST, [adapted], names)
    assert not after.where(names[1:]) & silent
    for name in names[1:]:
        assert after.where([name]) == before.where([name]) - silent
    assert not touches(adapted, MAPPED).any()
    assert all(is_held(adapted, prefix) for prefix in ASKED_TWICE)
    starts = [*zip(columns.ints(V6, adapted.start), adapted.prefixes().length, strict=True)]
    assert starts == sorted(starts)


def test_ipv4_rules_stay_as_they_are() -> None:
    rules = nested(("0.0.0.0/0", 1), ("10.0.0.0/8", 0))[V4]
    assert without_mapped(rules) is rules
    assert np.array_equal(rules.verdict, [1, 0])
