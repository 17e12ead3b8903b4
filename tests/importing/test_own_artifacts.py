"""What blockc wrote for any target is what `import` reads back from it, named or guessed."""

import pytest

from blockc.addresses.addrset import union
from blockc.importing.importer import import_files
from blockc.targets.core.target import Target
from tests.targets.artifacts import DIALECTS, prefixes, written

ADDRESSES = prefixes(
    "10.0.0.0/9", "10.128.0.0/10", "192.0.2.7/32", "198.51.100.0/24", "2001:db8::/64",
    "2001:db9::/65", "2001:db9:8000::1/128",
)  # fmt: skip


def files(target: Target) -> dict[str, bytes]:
    """Return the artifact of a target by its paths."""
    return {file.path: file.data for file in written(target, ADDRESSES)}


@pytest.mark.parametrize("target", DIALECTS)
def test_an_artifact_of_ours_is_imported_as_what_it_blocks(target: Target) -> None:
    (found,) = import_files(files(target), target.name)
    assert found.blocked == ADDRESSES
    assert (found.form, found.guessed) == (target.name, False)


@pytest.mark.parametrize("target", DIALECTS)
def test_an_artifact_of_ours_is_recognised(target: Target) -> None:
    found = import_files(files(target))
    assert union(one.blocked for one in found) == ADDRESSES
    assert all(one.guessed for one in found)
