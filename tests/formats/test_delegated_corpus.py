"""Pairs of files: a good one with what it says, a bad one with the exact error.

Adding a case is adding two files to `tests/corpus/delegated`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from blockc.addresses import columns
from blockc.errors import SourceSyntaxError, SourceUnfit
from blockc.formats.delegated.reader import DelegatedFile, read_delegated
from blockc.registries.records import REGISTRIES, STATUSES, Records, country_text
from tests.support.plain_delegated import read_plain

CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "delegated"
GOOD = sorted((CORPUS / "good").glob("*.txt"))
BAD = sorted((CORPUS / "bad").glob("*.txt"))


def row_texts(records: Records) -> Iterator[str]:
    """Yield `line: first-last country registry status date` for each record."""
    names = (records.country, records.registry, records.status, records.date, records.row)
    family = records.family
    for first, last, country, registry, status, date, line in zip(
        columns.ints(family, records.start),
        columns.last_ints(family, records.last),
        *(column.tolist() for column in names),
        strict=True,
    ):
        span = f"{family.text(first)}-{family.text(last)}"
        label = f"{country_text(country) or '--'} {REGISTRIES[registry]} {STATUSES[status]} {date}"
        yield f"{line}: {span} {label}"


def described(found: DelegatedFile) -> str:
    """Return everything a file says, as text for people."""
    delegated = {family.name: count for family, count in found.counts.delegated.items()}
    rows = [text for records in found.records.values() for text in row_texts(records)]
    warnings = [f"warning: {warning}" for warning in found.warnings]
    head = [f"rows: {found.counts.rows}", f"delegated: {delegated}"]
    return "".join(f"{line}\n" for line in (*head, *rows, *warnings))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_file_says_what_stands_beside_it(path: Path) -> None:
    found = read_delegated(path.name, path.read_bytes())

    assert described(found) == path.with_suffix(".expected").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad_file_is_refused_with_the_message_beside_it(path: Path) -> None:
    with pytest.raises((SourceSyntaxError, SourceUnfit)) as caught:
        read_delegated(path.name, path.read_bytes())

    assert f"{caught.value}\n" == path.with_suffix(".error").read_text(encoding="utf-8")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_oracle_accepts_every_good_file(path: Path) -> None:
    assert (
        read_plain(path.read_bytes()).counts == read_delegated("x", path.read_bytes()).counts.rows
    )


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_oracle_refuses_every_bad_file(path: Path) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_plain(path.read_bytes())


def test_every_file_of_the_corpus_belongs_to_a_pair() -> None:
    pairs = [(path, path.with_suffix(".expected")) for path in GOOD]
    pairs += [(path, path.with_suffix(".error")) for path in BAD]

    assert {file for pair in pairs for file in pair} == set(CORPUS.glob("*/*"))
