"""What goes wrong beside the policy: the message says what is so, and what to do."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import pytest

from tests.cli.conftest import Blockc
from tests.cli.toy import POLICY, environ, shell, shown, write_policy


def test_a_report_that_is_lost_does_not_hide_that_the_build_was_published(
    registries: Path, tmp_path: Path
) -> None:
    words = f"build -f {write_policy(tmp_path)} --from {registries}"
    done = shell(f"$blockc {words} > /dev/full", cwd=tmp_path)
    assert done.code == 2
    assert "no space left on device; the build was published; only its report" in done.err
    first = shown(tmp_path / "dist")
    assert "far.txt" in first
    write_policy(tmp_path, POLICY.replace("nginx/far", "nginx/new"))
    assert shell(f"$blockc {words}", cwd=tmp_path).code == 0
    back = shell("$blockc rollback --json > /dev/full", cwd=tmp_path)
    assert (back.code, "was published; only its report is lost" in back.err) == (2, True)
    assert shown(tmp_path / "dist") == first


@pytest.mark.parametrize(
    ("words", "done"),
    [
        ("init new", "the files were written"),
        ("init new --json", "the files were written"),
        ("import a.txt -o new", "the files were written"),
        ("deployed front --json", "it was noted"),
        ("store gc --store new", "0 files removed"),
        ("evidence --from 2020-01-01 --to 2030-01-01 -o new.zip --json", "new.zip was written"),
    ],
)
def test_a_report_that_is_lost_does_not_hide_what_was_done(
    registries: Path, tmp_path: Path, words: str, done: str
) -> None:
    policy = write_policy(tmp_path, POLICY + '\n[edge.front]\noutputs = ["far.txt"]\n')
    (tmp_path / "a.txt").write_text("192.0.2.0/24\n")
    assert shell(f"$blockc build -f {policy} --from {registries}", cwd=tmp_path).code == 0
    lost = shell(f"$blockc {words} > /dev/full", cwd=tmp_path)
    assert lost.code == 2
    assert "no space left on device" in lost.err
    assert f"{done}; only its report is lost" in lost.err


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (MemoryError(), "there is not enough memory; give the machine or the container more"),
        (
            PermissionError(errno.EACCES, "Permission denied", "/x"),
            "/x: permission denied; change the permissions, or work as the user to whom it belongs",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device", "/x"),
            "/x: no space left on device; free",
        ),
        (OSError(errno.EMFILE, "Too many open files", "/x"), "/x: too many open files; raise the"),
        (OSError(errno.EAGAIN, "Resource unavailable"), "resource unavailable; raise the limit of"),
        (
            FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"),
            "no usable temporary directory found in ['/tmp']; set TMPDIR to a folder",
        ),
    ],
)
def test_what_the_machine_lacks_is_no_bug_wherever_it_is_missed(
    blockc: Blockc, monkeypatch: pytest.MonkeyPatch, failure: Exception, said: str
) -> None:
    def lacking(*_: object) -> NoReturn:
        raise failure

    monkeypatch.setattr("blockc.cli.commands.list.show_table", lacking)
    done = blockc("list", "countries")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert done.err.startswith(f"blockc: {said}")


@pytest.mark.parametrize(
    ("words", "option"),
    [("build --depfile", "--depfile"), ("curve far --svg", "--svg")],
)
def test_a_file_goes_into_a_folder_that_is_there(
    blockc: Blockc, registries: Path, tmp_path: Path, words: str, option: str
) -> None:
    policy, file = write_policy(tmp_path), tmp_path / "no" / "where" / "x"
    done = blockc(*words.split(), file, "-f", policy, "--from", registries)
    assert done.code == 2
    assert f"{option} {file}: there is no folder {file.parent}; make it" in done.err
    assert not (tmp_path / "no").exists()
    assert not (tmp_path / "dist").exists()


def test_a_store_is_a_folder(blockc: Blockc) -> None:
    for what in ("ls", "verify", "gc"):
        done = blockc("store", what, "--store", "/dev/null")
        assert (done.code, done.out) == (2, "")
        assert "/dev/null: the store is not a folder; name a folder with --store" in done.err


def test_a_store_that_everybody_can_write_is_told(
    blockc: Blockc, registries: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home of us"
    store = home / "store"
    store.mkdir(parents=True)
    words = ("build", "-f", write_policy(tmp_path), "--from", registries, "--store", store)
    assert "every user" not in blockc(*words).err
    for folder in (store, home):
        folder.chmod(0o777)
        said = f"every user of this machine can write {folder}, and so what builds read"
        for done in (blockc(*words), blockc("store", "ls", "--store", store)):
            assert said in done.err
            assert f"chmod o-w '{folder}'" in done.err
        folder.chmod(0o755)
    home.chmod(0o1777)  # in it, like /tmp, nobody can replace what is ours
    assert "every user" not in blockc(*words).err


def test_an_output_folder_that_everybody_can_write_is_told(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path
) -> None:
    assert "every user" not in blockc(*words).err
    dist = tmp_path / "dist"
    dist.chmod(0o777)
    said = f"every user of this machine can write {dist}, and so what is published there: chmod o-w"
    for again in ((), ("--rebuild",)):
        done = blockc(*words, *again)
        assert (done.code, said in done.err) == (0, True)


def test_a_policy_is_checked_by_a_dry_run(blockc: Blockc, tmp_path: Path) -> None:
    policy = write_policy(tmp_path)
    done = blockc("check", policy)
    assert done.code == 2
    assert f"check a policy with: blockc build --dry-run -f {policy}" in done.err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"CN"', '"asn:AS12"', "'AS12' is not an autonomous system number; write asn:12"),
        ('"CN"', '"asn:as0012"', "write asn:12"),
        ('"CN"', '"asn:x"', "expected 0 to 4294967295, file:PATH or feed:NAME"),
        ('"far.txt"', '"./a//far.txt"', "has an empty step; write 'a/far.txt'"),
    ],
)
def test_a_mistake_says_what_to_write(
    blockc: Blockc, registries: Path, tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in POLICY
    policy = write_policy(tmp_path, POLICY.replace(old, new))
    done = blockc("build", "-f", policy, "--from", registries)
    assert (done.code, said in done.err) == (2, True), done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("build --sample --from x", "--from DIR reads your own files: give one of them"),
        ("build --as-of 2026-11-23 --at 2026-11-23T00:00:00Z", "--at an instant: give one of them"),
        ("aggregate --ranges --longest-match", "leave one out"),
        ("aggregate -4 -6", "give neither for both families"),
    ],
)
def test_options_that_exclude_each_other_say_which_to_take(
    blockc: Blockc, words: str, said: str
) -> None:
    done = blockc(*words.split())
    assert (done.code, said in done.err) == (2, True), done.err


def test_the_policy_that_init_writes_names_every_kind_of_selector(project: Path) -> None:
    text = (project / "blockc.toml").read_text(encoding="utf-8")
    for kind in ("group:", "registry:", "status:", "file:", "feed:", "asn:", "list:"):
        assert kind in text.partition("block = ")[0]


def test_what_a_killed_update_leaves_is_swept_by_the_next_one(
    blockc: Blockc, tmp_path: Path
) -> None:
    """It is killed while it writes; what is old goes from the store, beside the lock at once."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "x.txt").write_text("192.0.2.0/24\n198.51.100.0/24\n", encoding="ascii")
    (tmp_path / "sources" / "x.toml").write_text(
        'title = "x"\nformat = "text"\nurls = ["file:x.txt"]\nlicence = { text = "ours" }\n'
        "refresh_hours = 1\nmax_age_hours = 10\n[expect]\nmin_records = 1\nmax_bytes = 1000\n"
        "max_shrink_addresses = 0.5\nmax_shrink_records = 0.5\n[rows]\nspecial = 'keep'\n",
        encoding="ascii",
    )
    policy = write_policy(tmp_path, 'version = 1\n[list.a]\nblock = ["feed:x"]\n')
    store = tmp_path / "store"
    killer = (
        "import os, signal, sys\n"
        "from blockc.cli.main import run\n"
        "def dies(*_): os.kill(os.getpid(), signal.SIGKILL)\n"
        "os.replace = dies\n"
        f"run(['update', '-f', {str(policy)!r}, '--store', {str(store)!r}])\n"
    )
    command = [sys.executable, "-c", killer]
    died = subprocess.run(command, env=environ(), capture_output=True, check=False)
    assert died.returncode == -signal.SIGKILL
    left = [path for path in store.rglob(".new-*") if path.is_file()]
    assert left
    beside = tmp_path / ".new-blockc.lock-0badf00d"
    beside.write_bytes(b"half")
    done = blockc("update", "-f", policy, "--store", store)
    assert done.code == 0, done.err
    assert not beside.exists()
    assert all(path.exists() for path in left)  # somebody may be writing it
    for path in left:
        os.utime(path, (time.time() - 7200,) * 2)
    assert blockc("update", "-f", policy, "--store", store).code == 0
    assert [path for path in tmp_path.rglob(".new-*") if path.is_file()] == []
