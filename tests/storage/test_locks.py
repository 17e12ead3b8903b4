"""A lock between processes: who waits is told for whom, and nobody waits without end."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from blockc.errors import OutputError, UsageError
from blockc.storage.locks import LockWait, held

HOLDER = """
import sys, time
from pathlib import Path
from blockc.storage.locks import LockWait, held
with held(Path(sys.argv[1]), "", LockWait(seconds=0)):
    print("held", flush=True)
    time.sleep(60)
"""


def test_who_holds_the_lock_is_named_and_its_end_frees_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "x.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        told: list[str] = []
        waited: list[float] = []
        wait = LockWait(
            seconds=3, told=told.append, sleep=waited.append, monotonic=lambda: sum(waited)
        )
        with pytest.raises(UsageError) as caught, held(path, "another job ran", wait):
            pass
        assert "another job ran for 3 seconds" in str(caught.value)
        assert f"wait for process {other.pid} on " in str(caught.value)
        assert len(told) == 1
        other.send_signal(signal.SIGKILL)
        other.wait()
    with held(path, "another job ran", LockWait(seconds=0)):
        assert path.read_text().startswith(f"process {os.getpid()} on ")


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EACCES, errno.ENOLCK])
def test_a_file_system_without_locks_is_an_error_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(_descriptor: int, _operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    said = r"cannot lock this file: .*use a local file system"
    endless = LockWait(seconds=1e9)
    with pytest.raises(OutputError, match=said), held(tmp_path / "x.lock", "", endless):
        pass


def test_a_link_in_place_of_the_lock_is_refused_and_its_target_kept(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "x.lock").symlink_to("precious")
    wait = LockWait(seconds=0)
    with (
        pytest.raises(OutputError, match="symbolic links"),
        held(tmp_path / "x.lock", "", wait),
    ):
        pass
    assert (tmp_path / "precious").read_text() == "kept"


def test_a_link_in_the_place_of_a_lock_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "x.lock").symlink_to(tmp_path / "elsewhere")
    with (
        pytest.raises(OutputError, match="symbolic links; remove that link: a file is to have"),
        held(tmp_path / "x.lock", "", LockWait(seconds=0)),
    ):
        pass
    assert not (tmp_path / "elsewhere").exists()
