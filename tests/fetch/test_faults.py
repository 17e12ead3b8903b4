"""Every fault of a server ends as `docs/faults.md` says: that table is made here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from blockc.fetch.store.blobs import Blobs
from blockc.fetch.update.decision import SourceOutcome, UpdateResult
from tests.fetch.fault_cases import CASES, NEW, OLD, Case
from tests.support.faulty_server import FaultyServer

TABLE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
HEAD = """\
# What happens when a server misbehaves

Made by `tests/fetch/test_faults.py`, which brings about each of these faults with a real server.
Every case begins with a last good snapshot of the day before. The origin has the fault; the mirror
does not answer where nothing is said of it.

*origin* and *mirror*: the new data is used. *unchanged*: a server confirmed what we have.
*kept*: nothing usable came, the last good snapshot stands while it is younger than the source's
`max_age_hours`. *refused*: what came is sound but may not follow what we have, which stands; the
command shown accepts it. When the last good snapshot is too old, all these end with exit code 3,
and what builds use is left as it was.

| fault | outcome | what is reported |
|---|---|---|
"""


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer().running() as running:
        yield running


def row(case: Case, outcome: SourceOutcome, server: FaultyServer) -> str:
    """Return the line of the table that says how a case ended."""
    said = "<br>".join(outcome.problems) or "-"
    for path in ("origin", "mirror"):
        said = said.replace(f"{server.url}/{path}", path)
    return f"| {case.fault} | {outcome.result} | {said} |\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fault)
def test_a_fault_ends_as_it_must(
    case: Case, server: FaultyServer, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    outcome = case.run(server, tmp_path)

    assert outcome.result is case.result, outcome.problems
    assert outcome.snapshot
    fresh = outcome.result in (UpdateResult.ORIGIN, UpdateResult.MIRROR)
    data = Blobs(tmp_path).get(outcome.snapshot.sha256)
    assert data == (NEW if fresh else OLD)
    assert outcome.before
    assert (outcome.before.sha256 == outcome.snapshot.sha256) is not fresh
    assert all(server.times(path) <= 6 for path in ("/origin", "/mirror"))
    if not request.config.getoption("--update-golden"):
        assert row(case, outcome, server) in TABLE.read_text(encoding="utf-8")


def test_the_documentation_has_every_case_and_no_other(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--update-golden"):
        rows = []
        for number, case in enumerate(CASES):
            with FaultyServer().running() as server:
                rows.append(row(case, case.run(server, tmp_path / str(number)), server))
        TABLE.write_text(HEAD + "".join(rows), encoding="utf-8")
    text = TABLE.read_text(encoding="utf-8")
    assert text.startswith(HEAD)
    rows = text.removeprefix(HEAD).splitlines()
    starts = [" | ".join(line.split(" | ")[:2]) for line in rows]
    assert starts == [f"| {case.fault} | {case.result}" for case in CASES]


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({case.fault for case in CASES}) == len(CASES)
