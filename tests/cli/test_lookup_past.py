"""What is asked about another day: a recorded generation, the past as it was shown, the future."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from blockc.fetch.folder import registry_files
from tests.cli.conftest import Blockc
from tests.cli.test_lookup import POLICY, SIMPLE, policy, told, words
from tests.cli.toy import write_policy, write_registries
from tests.test_bad_week import SOURCE

__all__ = ["policy", "words"]


def test_a_recorded_generation_is_asked_what_it_said_then(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path
) -> None:
    folder = tmp_path / "dist"
    name = (folder / ".generations" / "live").readlink().name
    write_policy(tmp_path, POLICY.replace('"CN", ', ""))
    (tmp_path / "bad.txt").write_text("9.9.9.9\n", encoding="utf-8")
    policy = ("-f", tmp_path / "blockc.toml")
    (before,) = told(blockc, *policy, "--generation", name[:6], "1.0.1.7")["asked"]
    (now,) = told(blockc, *words, "1.0.1.7")["asked"]
    assert (before["blocked"], now["blocked"]) == (True, False)
    lines = [(one["path"], one["verdict"]) for one in before["pieces"][0]["artifacts"]]
    assert lines == [("nginx/far.conf", "block"), ("zones/CN.ipv4.zone", "block")]


def at_noon(day: int) -> time_machine.travel:
    return time_machine.travel(datetime(2026, 12, day, 12, tzinfo=UTC), tick=False)


@pytest.fixture
def published(tmp_path: Path, blockc: Blockc) -> list[str]:
    """Publish on the 1st and twice on the 3rd, with less each time; return the generations."""
    folder, names = write_registries(tmp_path / "registries"), list[str]()
    for day, lists in ((1, '"CN", "BR", "FR"'), (3, '"CN", "BR"'), (3, '"CN"')):
        policy = write_policy(tmp_path, SIMPLE.format(lists))
        with time_machine.travel(f"2026-12-{day:02}T{10 + len(names)}:00:00Z", tick=False):
            assert blockc("build", "-f", policy, "--from", folder, "-q").code == 0
        names.append((tmp_path / "dist" / ".generations" / "live").readlink().name)
    write_policy(tmp_path, SIMPLE.format('"US"'))
    return names


@pytest.mark.parametrize(
    "case",
    [
        ("2026-12-02", "2.0.0.1", 0, True),
        ("2026-12-03", "177.1.2.3", 2, False),
        ("2026-12-03T11:30:00+00:00", "177.1.2.3", 1, True),
        ("2026-12-03T11:30:00+00:00", "2.0.0.1", 1, False),
        ("2026-12-04T12:00:00Z", "1.0.1.7", 2, True),
    ],
)
def test_of_the_past_the_generation_answers_that_was_shown_then(
    blockc: Blockc, published: list[str], tmp_path: Path, case: tuple[str, str, int, bool]
) -> None:
    at, address, number, blocked = case
    with at_noon(4):
        found = told(blockc, "-f", tmp_path / "blockc.toml", "--at", at, address)
    (answer,) = found["asked"]
    assert (found["generation"], answer["blocked"]) == (published[number], blocked)
    (line,) = answer["pieces"][0]["artifacts"]
    assert (line["verdict"] == "block") == blocked
    assert found["shown"][-1]["generation"] == published[number]


def test_of_a_day_all_that_was_shown_on_it_is_told(
    blockc: Blockc, published: list[str], tmp_path: Path
) -> None:
    policy = ("-f", tmp_path / "blockc.toml")
    with at_noon(4):
        done = blockc("lookup", *policy, "--at", "2026-12-03", "1.0.1.7")
    first, second, last = published
    before = "Before, in the time that is asked about, generation"
    assert done.out.splitlines()[:3] == [
        f"{before} {first} was shown until 2026-12-03 11:00:00 UTC",
        f"{before} {second} was shown until 2026-12-03 12:00:00 UTC",
        f"Generation {last}, shown from 2026-12-03 12:00:00 UTC until now",
    ]


def test_of_the_future_the_policy_of_today_answers_and_says_so(
    blockc: Blockc, published: list[str], tmp_path: Path
) -> None:
    policy = ("-f", tmp_path / "blockc.toml")
    data = ("--from", tmp_path / "registries")
    with at_noon(4):
        done = blockc("lookup", *policy, *data, "--at", "2026-12-05", "1.0.1.7")
        found = told(blockc, *policy, *data, "--at", "2026-12-05", "1.0.1.7")
        early = blockc("lookup", *policy, "--at", "2026-11-30", "1.0.1.7")
    assert published
    assert done.out.splitlines()[:2] == [
        "The policy of today at 2026-12-05 00:00:00 UTC",
        "1.0.1.7 is not blocked",
    ]
    assert (found["generation"], found["shown"]) == (None, [])
    assert early.code == 2
    assert "showed nothing then; the first time was 2026-12-01 10:00:00 UTC" in early.err


def test_a_generation_whose_files_are_gone_still_answers(
    blockc: Blockc, published: list[str], tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "dist" / ".generations" / published[0])
    with at_noon(4):
        done = blockc("lookup", "-f", tmp_path / "blockc.toml", "--at", "2026-12-02", "2.0.0.1")
    assert "2.0.0.1 is blocked" in done.out
    assert "published: the files of this generation are not kept any more" in done.out


def test_a_source_in_a_file_is_named_by_its_path_while_it_is_the_one_of_the_lock(
    blockc: Blockc, tmp_path: Path
) -> None:
    folder = write_registries(tmp_path / "upstream")
    (tmp_path / "sources").mkdir()
    for name, path in registry_files(folder).items():
        text = SOURCE.format(name=name).replace(f"upstream/{name}", f"upstream/{path.name}")
        (tmp_path / "sources" / f"{name}.toml").write_text(text, encoding="utf-8")
    policy = ("-f", write_policy(tmp_path, SIMPLE.format('"CN"')), "--store", tmp_path / "store")
    with time_machine.travel("2026-11-21"):
        assert blockc("update", *policy, "-q").code == 0
    file = folder / "delegated-apnic-extended-latest"
    (answer,) = told(blockc, *policy, "1.0.1.7")["asked"]
    assert answer["pieces"][0]["record"]["path"] == str(file)
    file.write_bytes(file.read_bytes() + b"#\n")
    (answer,) = told(blockc, *policy, "1.0.1.7")["asked"]
    assert answer["pieces"][0]["record"]["path"].startswith(f"{tmp_path}/store/raw/")
