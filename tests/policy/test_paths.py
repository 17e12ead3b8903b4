"""Which paths an artifact may have, and which could be the same file."""

import pytest

from blockc.errors import PolicyError
from blockc.policy.checking.paths import is_pattern, may_collide, require_pattern


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
        "manifest.json", "{contry}", "{", "}", "a}b{c", "{{country}}", "{country", "{}",
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
        ("z/{country}.txt", "z/{country}.{family}.txt", True),  # a target may write a file a family
        ("z/{family}", "z/ipv4", True),
        ("z/{family}", "z/ipv5", False),
        ("{part}.txt", "7.txt", True),
        ("{country}/a", "CN", True),
        ("{country}/a", "CN/b", False),
        ("a.b", "a-b", False),
    ],
)
def test_paths_that_can_be_one_file_are_found_whichever_comes_first(
    one: str, other: str, *, same: bool
) -> None:
    assert (may_collide(one, other) or may_collide(other, one)) is same
    assert (may_collide(other, one) or may_collide(one, other)) is same
