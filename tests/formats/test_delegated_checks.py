"""Counts, duplicates, overlaps and special space against the obvious way, on small random files."""

import random
from collections import Counter
from itertools import combinations

import pytest

from blockc.addresses.family import V4, V6
from blockc.formats.delegated.reader import DelegatedFile, read_delegated
from tests.support.plain_delegated import DELEGATED, PlainRow, read_plain


def random_file(luck: random.Random) -> bytes:
    """Return a file whose few rows crowd 32 addresses of either family, some of them special."""
    rows = []
    for _ in range(luck.randint(1, 7)):
        country = luck.choice(["ZA", "NG", ""])
        status = luck.choice([*DELEGATED, "available"])
        if luck.random() < 0.5:
            kind, start = "ipv4", f"192.31.196.{luck.randrange(224, 256)}"
            value = luck.choice([1, 2, 3, 40])
        else:
            length = luck.choice([48, 63, 64, 127, 128])
            kind, value = "ipv6", length
            start = f"2001:4:113:{luck.randrange(2) * 2}::" if length < 127 else "2001:4:113::6"
            start = "2001:4:113::" if length == 48 else start
        rows.append(f"afrinic|{country}|{kind}|{start}|{value}|20180101|{status}")
    counts = Counter(row.split("|")[2] for row in rows)
    head = [f"2|afrinic|1|{len(rows)}||20181013|00000"]
    head += [f"afrinic|*|{kind}|*|{count}|summary" for kind, count in counts.items()]
    return "\n".join([*head, *rows, ""]).encode()


def addresses_of(rows: list[PlainRow]) -> int:
    """Return how many addresses the delegated rows cover, each counted once."""
    count, reach = 0, -1
    for row in sorted(rows, key=lambda row: row.first):
        if row.status in DELEGATED:
            count += max(0, row.last - max(row.first - 1, reach))
            reach = max(reach, row.last)
    return count


def have_dispute(rows: list[PlainRow]) -> bool:
    """Return whether two delegated rows of different countries share an address."""
    return any(
        a.first <= b.last and b.first <= a.last and a.country != b.country
        for a, b in combinations([row for row in rows if row.status in DELEGATED], 2)
    )


def repeated(rows: list[PlainRow]) -> int:
    """Return how many rows say the same as an earlier one."""
    return len(rows) - len({row._replace(line=0) for row in rows})


def number_in(found: DelegatedFile, words: str) -> int:
    """Return how many rows the one warning with `words` is about; 0 without a warning."""
    about = [warning for warning in found.warnings if words in warning]
    assert len(about) <= 1
    counted = [warning for warning in about if warning.endswith(" such rows")]
    return int(counted[0].rsplit("; ")[-1].split()[0]) if counted else len(about)


@pytest.mark.parametrize("seed", range(120))
def test_survey_finds_what_the_obvious_way_finds(seed: int) -> None:
    data = random_file(random.Random(seed))
    plain, found = read_plain(data).rows, read_delegated("file", data)
    split = {family: [r for r in plain if r.family == family.version] for family in (V4, V6)}
    special = [row for row in plain if row.status in DELEGATED]  # all of them crowd into it

    for family, rows in split.items():
        assert found.counts.delegated[family] == addresses_of(rows)
    assert number_in(found, "the same as line") == sum(map(repeated, split.values()))
    assert bool(number_in(found, "overlaps")) == any(map(have_dispute, split.values()))
    assert number_in(found, "special-purpose space") == len(special)


def test_special_space_is_told_from_its_neighbours() -> None:
    rows = ["192.31.195.0|256", "192.31.197.0|256", "192.0.3.0|256", "191.255.255.0|257"]
    body = "".join(f"afrinic|ZA|ipv4|{row}|20180101|allocated|\n" for row in rows)
    data = f"2|afrinic|1|4||20181013|00000\nafrinic|*|ipv4|*|4|summary\n{body}".encode()

    assert read_delegated("file", data).warnings == (
        "file:6: 192.0.0.0/24 is special-purpose space, IETF protocol assignments",
    )
