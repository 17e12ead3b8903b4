"""Apache, where lists stand beside each other or beside what else it asks."""

from pathlib import Path

import pytest

from blockc.targets.web.apache import APACHE
from tests.real.test_by_header import OTHERS, WRAPPED, folder, listing, served, statuses
from tests.targets.artifacts import prefixes

__all__ = ["folder"]
pytestmark = [pytest.mark.real, pytest.mark.slow]


def test_two_lists_of_apache_in_one_section_both_refuse(folder: Path) -> None:
    """Two blocks of `<RequireAll>` did not: Apache lets in whom either of them lets in."""
    one, other = prefixes("192.0.2.0/24"), prefixes("198.51.100.0/24")
    include = WRAPPED[APACHE.name].replace("list\n", "list\nInclude {folder}/other\n")
    (folder / "list").write_bytes(listing(APACHE, one))
    (folder / "other").write_bytes(listing(APACHE, other))
    with served(APACHE, folder, include.format(folder=folder)) as port:
        answers = statuses(port, ["192.0.2.1", "198.51.100.1", "203.0.113.1"])
    assert answers == {"192.0.2.1": 403, "198.51.100.1": 403, "203.0.113.1": OTHERS}


@pytest.mark.parametrize("beside", ["", "Require all granted\n", "Require ip 192.0.2.7\n"])
def test_apache_does_not_start_where_a_list_would_refuse_nobody(folder: Path, beside: str) -> None:
    (folder / "list").write_bytes(listing(APACHE, prefixes("192.0.2.0/24")))
    include = f'<Location "/">\n{beside}Include {folder}/list\n</Location>'
    with (
        pytest.raises(AssertionError, match="negative Require directive has no effect"),
        served(APACHE, folder, include),
    ):
        pass
