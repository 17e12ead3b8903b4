"""Which paths an artifact may have, and which could be the same file."""

import re
from collections.abc import Iterator
from itertools import product
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blockc.errors import PolicyError
from blockc.policy.checking.paths import PathClaims, is_pattern, require_pattern
from tests.support.counting import calls_of


@pytest.mark.parametrize(
    ("path", "placeholders"),
    [
        ("a.txt", set()),
        ("nginx/blocked.conf", set()),
        ("zones/{country}.{family}.zone", {"country", "family"}),
        ("{country}/{part}", {"country", "part"}),
        ("..a/b..", set()),
        ("käse.txt", set()),
        ("sub/manifest.json", set()),
    ],
)
def test_a_path_below_the_output_folder_is_accepted(path: str, placeholders: set[str]) -> None:
    assert require_pattern(path) == placeholders


@pytest.mark.parametrize(
    "path",
    [
        "", "/a", "..", "../a", "a/../b", "a/", "a//b", "./a", "a/./b", "a\\b", "a\nb", "a\x00",
        "manifest.json", "Manifest.JSON", "manifest.json/a", ".generations/live",
        "{contry}", "{", "}", "a}b{c", "{{country}}", "{country", "{}",
    ],
)  # fmt: skip
def test_a_path_that_could_leave_the_folder_or_not_be_filled_is_refused(path: str) -> None:
    assert not is_pattern(path)
    with pytest.raises(PolicyError):
        require_pattern(path)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a", "a", True),
        ("a", "b", False),
        ("a", "a/b", True),
        ("a", "ab/c", False),
        ("z/{country}", "z/CN", True),
        ("z/{country}", "z/CHN", False),
        ("z/{country}", "z/{country}", True),
        (
            "z/{country}.txt",
            "z/{country}.{family}.txt",
            True,
        ),  # a target may write a file per family
        ("z/{family}", "z/ipv4", True),
        ("z/{family}", "z/ipv5", False),
        ("{part}.txt", "7.txt", True),
        ("{country}/a", "CN", True),
        ("{country}/a", "CN/b", False),
        ("a.b", "a-b", False),
        ("a.ipv4.b", "a.b", True),
        ("a.ipv4", "a.b", False),
        ("{country}A", "A{country}", True),
        ("{country}A", "B{country}", True),
        ("{country}A", "b{country}", True),  # a file system may ignore case
        ("{country}A", "1{country}", False),
        ("Edge.conf", "edge.conf", True),
        ("Edge/a", "edge", True),
        ("stra\u00dfe", "STRASSE", True),
        ("k\u00e4se", "ka\u0308se", True),
        ("k\u00e4se", "kase", False),
        ("z/{country}", "z/cn", True),
        ("{part}5/x", "1{part}/{country}", False),
        ("{part}5/XY", "1{part}/{country}", True),
        ("{part}{family}", "12ipv6", True),
        ("{part}{part}", "7", False),
        ("z/{country}.{part}", "z/CN.12/deep/er", True),
        ("z/{country}.{part}", "z/CN.", False),
    ],
)
def test_paths_that_can_be_one_file_are_found_whichever_comes_first(
    one: str, other: str, *, same: bool
) -> None:
    assert (collides(one, other), collides(other, one)) == (same, same)


def collides(one: str, other: str) -> bool:
    claims = PathClaims()
    assert claims.claim(one) is None
    return claims.claim(other) == one


def test_the_first_of_all_that_are_in_the_way_is_named() -> None:
    claims = PathClaims()
    paths = ["a/b/c", "b", "a/{country}", "a", "a"]
    assert [claims.claim(path) for path in paths] == [None, None, None, "a/b/c", "a/b/c"]
    assert claims.claim("a/QQ/{family}") == "a/{country}"


@pytest.mark.parametrize("form", ["o{}.txt", "z/{}-{{country}}.{{family}}.zone", "{{part}}.{}.x"])
def test_a_thousand_paths_are_read_in_time_that_grows_with_their_number(form: str) -> None:
    def calls(count: int) -> int:
        return calls_of(lambda: [claims.claim(form.format(1000 + n)) for n in range(count)])

    claims = PathClaims()
    few = calls(250)
    claims = PathClaims()
    assert calls(1000) < 5 * few


PATHS = st.lists(
    st.sampled_from(["A", "Q", "1", "4", "/", ".", "ipv", "{country}", "{family}", "{part}"]),
    min_size=1,
    max_size=4,
).map("".join)


@given(PATHS.filter(is_pattern), PATHS.filter(is_pattern))
def test_two_paths_collide_if_some_file_of_one_is_in_the_way_of_the_other(
    one: str, other: str
) -> None:
    """Enumerated over few values, so what it finds is there; what is not found is not proved."""
    (a, above_a), (b, above_b) = with_folders(one), with_folders(other)
    clash = bool(a & above_b or b & above_a)
    assert clash <= collides(one, other)
    assert collides(one, other) == collides(other, one)


def with_folders(pattern: str) -> tuple[set[str], set[str]]:
    """Return some of the files that a pattern stands for; and these with all their folders."""
    files = set(filled(pattern))
    return files, files | {str(above) for path in files for above in PurePosixPath(path).parents}


def filled(pattern: str) -> Iterator[str]:
    """Yield some of the files that a pattern stands for."""
    kinds = {"{country}": ["AA", "AQ", "QA"], "{family}": ["ipv4", "ipv6"]}
    kinds["{part}"] = ["1", "4", "14", "41"]
    path = PurePosixPath(pattern)
    apart = str(path.with_name(f"{path.stem}.{{family}}{path.suffix}"))
    for form in [pattern] if "{family}" in pattern else [pattern, apart]:
        pieces = re.split(r"(\{[a-z]+\})", form)
        yield from map("".join, product(*(kinds.get(piece, [piece]) for piece in pieces)))
