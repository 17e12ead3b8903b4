"""A disk that refuses while the history is written: one whole generation, and both agree."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from blockc.errors import OutputError
from blockc.publish.generations import (
    Making,
    append_event,
    history_of,
    publish,
    release,
    rollback,
)
from blockc.publish.history import problems
from tests.publish.toy import MADE, NOW

CALLS = ("open", "write", "fsync", "mkdir", "rename", "replace", "symlink", "link")
NEW = {"a": b"new", "b/c": b"=" * 9000}
ACTIONS: dict[str, Callable[[Path], object]] = {
    "publish": lambda folder: publish(folder, NEW, MADE),
    "publish elsewhere": lambda folder: publish(
        folder, NEW, Making(now=NOW, history=folder.parent / f"{folder.name}.history")
    ),
    "rollback": lambda folder: rollback(folder, "me", now=NOW),
    "release": lambda folder: release(folder, "me", now=NOW),
    "event": lambda folder: append_event(folder, "refused", {}, NOW),
}


def prepare(folder: Path, action: str) -> None:
    for number in range(3):
        publish(folder, {"a": b"%d" % number}, Making(now=NOW))
    if action == "release":
        rollback(folder, "me", now=NOW)


def act(folder: Path, action: str, patch: pytest.MonkeyPatch, refuse: int) -> int:
    """Do an action while the disk refuses a call and all after it; return how many there were."""
    made = 0

    def refusing(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            nonlocal made
            if name == "open" and len(arguments) > 1 and not int(str(arguments[1])) & os.O_CREAT:
                return real(*arguments, **options)  # a full disk can be read
            made += 1
            if 0 < refuse <= made:
                raise OSError(errno.ENOSPC, "no space left on device")
            return real(*arguments, **options)

        return call

    with patch.context() as full:
        for name in CALLS:
            full.setattr(os, name, refusing(name, getattr(os, name)))
        try:
            ACTIONS[action](folder)
        except OutputError as error:
            assert "no space left on device" in str(error)  # noqa: PT017  or nothing at all
    return made


@pytest.mark.parametrize("action", ACTIONS)
def test_a_disk_that_is_full_from_any_call_on_leaves_folder_and_history_agreed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    prepare(tmp_path / "n0", action)
    total = act(tmp_path / "n0", action, monkeypatch, 0)
    assert total > 8
    before, done = set[int](), set[int]()
    for number in range(1, total + 1):
        folder = tmp_path / f"n{number}"
        prepare(folder, action)
        length = len(history_of(folder)[0].lines)
        act(folder, action, monkeypatch, number)
        past, live = history_of(folder)
        assert list(problems(past, live)) == [], f"full from call {number} on"
        assert (folder / ".generations" / live / "a").is_file()
        (done if len(past.lines) > length else before).add(number)
        append_event(folder, "reloaded", {}, NOW)
        again, live = history_of(folder)
        assert list(problems(again, live)) == [], f"could not go on after call {number}"
        assert again.data.startswith(past.data)
    assert max(before) < min(done, default=total + 1)
