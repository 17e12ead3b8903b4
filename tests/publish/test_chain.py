"""Nobody changes the history of a folder without being found out."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from blockc.publish.generations import Making, append_event, history_of, publish, rollback
from blockc.publish.history import HISTORY, PREPARED, History, problems
from blockc.publish.past import kept_generations, verified
from blockc.publish.record import Recording
from blockc.values import replace
from tests.publish.toy import EMPTY, MADE, NOW, RECORD
from tests.support.memory import growth


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with seven events, the last of them a publication."""
    for number in range(3):
        publish(tmp_path / "dist", {"n": b"%d" % number}, Making(now=NOW))
    append_event(tmp_path / "dist", "refused", {"rule": "max_added"}, NOW)
    publish(tmp_path / "dist", {"n": b"9"}, MADE)
    return tmp_path / "dist"


def inside(folder: Path, name: str = HISTORY) -> Path:
    return folder / ".generations" / name


def test_every_event_says_what_is_live_and_follows_the_one_before(folder: Path) -> None:
    assert verified(folder) == []
    events = [json.loads(line) for line in inside(folder).read_bytes().splitlines()]
    assert [one["n"] for one in events] == [1, 2, 3, 4, 5, 6, 7]
    kinds = ["published"] * 3 + ["refused", "published", "stage-begun", "exception-begun"]
    assert [one["event"] for one in events] == kinds
    assert events[3]["live"] == events[2]["generation"]
    made, stage, exception = events[4:]
    assert made["policy"] == RECORD.policy_digest
    assert made["exceptions"][0]["owner"] == "sales"
    assert made["lists"] == {"far": {"action": "block", "since": "2026-11-01"}}
    assert made["before"] == events[2]["generation"]
    assert (stage["list"], stage["action"], stage["action_before"]) == ("far", "block", None)
    assert (exception["select"], exception["until"]) == ("192.0.2.0/24", "2026-12-31")


def test_an_exception_that_is_gone_has_ended(folder: Path) -> None:
    later = replace(RECORD, exceptions=())
    publish(folder, {"n": b"10"}, replace(MADE, recording=Recording(later, {EMPTY: b""})))
    rollback(folder, "me", now=NOW)
    events = [event.event for event in history_of(folder)[0].events()]
    assert events[7:] == ["published", "exception-ended", "rolled-back", "exception-begun"]


def without(lines: list[bytes]) -> list[bytes]:
    return lines[:2] + lines[3:]


def swapped(lines: list[bytes]) -> list[bytes]:
    return [lines[1], lines[0], *lines[2:]]


def edited(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(b'"n":1', b'"n":1,"by":"nobody"'), *lines[1:]]


def put_in(lines: list[bytes]) -> list[bytes]:
    return [lines[0], *lines]


def rubbish(lines: list[bytes]) -> list[bytes]:
    return [lines[0], b"{}", *lines[1:]]


def cut(lines: list[bytes]) -> list[bytes]:
    return lines[:3]


def cut_to_nothing(_lines: list[bytes]) -> list[bytes]:
    return []


def last_edited(lines: list[bytes]) -> list[bytes]:
    return [*lines[:-1], lines[-1].replace(b"sales", b"nobody")]


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (without, 3, "does not follow the line before"),
        (swapped, 1, "does not follow the line before"),
        (edited, 2, "does not follow the line before"),
        (put_in, 2, "does not follow the line before"),
        (rubbish, 2, "is not an event"),
        (cut, 0, "the end was changed or removed"),
        (cut_to_nothing, 0, "the end was changed or removed"),
        (last_edited, 0, "the end was changed or removed"),
    ],
)
def test_a_change_is_found_and_stays_found_after_the_next_event(
    folder: Path, change: Callable[[list[bytes]], list[bytes]], line: int, said: str
) -> None:
    path = inside(folder)
    path.write_bytes(b"".join(one + b"\n" for one in change(path.read_bytes().splitlines())))
    found = verified(folder)
    assert (found[0].line, said in found[0].said) == (line, True), found
    publish(folder, {"n": b"later"}, Making(now=NOW))
    later = verified(folder)
    assert (later[0].line, later[0].said) == (line, found[0].said) if line else later[0].line
    damaged = "damaged" in [event.event for event in history_of(folder)[0].events()]
    assert damaged == (change is not swapped)  # as long as before, and broken where it was


def test_an_append_that_somebody_cut_off_is_still_known_and_made_good(folder: Path) -> None:
    whole = inside(folder).read_bytes()
    inside(folder).write_bytes(b"\n".join(whole.splitlines()[:5]))
    assert history_of(folder)[0].data == whole
    assert verified(folder) == []
    append_event(folder, "reloaded", {}, NOW)
    assert inside(folder).read_bytes().startswith(whole)


def test_a_cut_end_is_found_though_what_was_prepared_is_gone_too(folder: Path) -> None:
    inside(folder, PREPARED).unlink()
    lines = inside(folder).read_bytes().splitlines(keepends=True)
    inside(folder).write_bytes(b"".join(lines[:4]))
    assert "live, and the folder shows" in verified(folder)[0].said
    inside(folder).write_bytes(b"".join(lines)[:-5])
    assert "is not an event" in verified(folder)[0].said


def test_no_generation_goes_while_the_history_lacks_something(folder: Path) -> None:
    inside(folder).write_bytes(b"")
    kept = {one.name for one in inside(folder, "").iterdir() if one.is_dir()}
    publish(folder, {"n": b"later"}, Making(now=NOW, keep=1))
    assert kept <= {one.name for one in inside(folder, "").iterdir()}


def test_a_changed_record_or_object_is_found(folder: Path) -> None:
    record = next(inside(folder, "records").iterdir())
    text = record.read_text(encoding="utf-8")
    record.write_text(text.replace('"block"', '"warn"'), encoding="utf-8")
    assert "is not the one that was written" in verified(folder)[0].said
    record.write_text(text, encoding="utf-8")
    (inside(folder, "objects") / EMPTY).unlink()
    assert [(one.line, "no such file" in one.said) for one in verified(folder)] == [(5, True)]


def test_a_clock_that_goes_back_is_told_and_changes_no_order(folder: Path) -> None:
    publish(folder, {"n": b"then"}, Making(now=NOW - timedelta(hours=2)))
    last = json.loads(inside(folder).read_bytes().splitlines()[-1])
    assert (last["n"], last["clock_behind_seconds"]) == (8, 7200)
    assert verified(folder) == []
    assert [one.live for one in kept_generations(folder)] == [False] * 4 + [True]


def test_a_name_the_history_never_had_is_no_generation_and_goes(folder: Path) -> None:
    stray = inside(folder, "0123456789abcdef")
    stray.mkdir()
    publish(folder, {"n": b"later"}, Making(now=NOW))
    assert not stray.exists()


def test_a_history_of_other_lines_is_told_as_the_first_of_them_and_a_count() -> None:
    data = b"x\n" * 5000 + b"y"
    found = list(problems(History(data, len(data)), ""))
    assert found[0] == (1, "is not an event")
    assert found[100:] == [(0, "the last line was cut"), (0, "4,901 more lines are wrong")]


def test_a_history_of_very_many_short_lines_takes_little_memory() -> None:
    def told(text: str) -> None:
        data = text.encode()
        past = History(data, len(data))
        assert past.count == len(past.lines) == text.count("\n")
        assert not past.last
        assert not [*past.events()]
        assert len([*problems(past, "")]) > 100

    def read(text: str) -> None:
        past = History(text.encode(), len(text))
        assert not past.last
        assert not [*past.events()]
        assert [*problems(past, "")]

    told("{}\n" * 200)
    assert growth(read, "{}\n") < 4
