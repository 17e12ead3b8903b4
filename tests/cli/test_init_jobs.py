"""The nightly jobs that `blockc init` writes: CI, systemd and cron."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Blockc
from tests.cli.toy import LAX, PROGRAM, Done, run
from tests.support.machine import require_program

# Under version control.


@pytest.fixture
def repository(project: Path) -> Path:
    """Return the project under version control."""
    git(project, "init", "--quiet", "--initial-branch", "main")
    git(project, "config", "user.name", "somebody")
    git(project, "config", "user.email", "somebody@example.com")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "--message", "begin")
    return project


def git(folder: Path, *words: str) -> str:
    done = run(folder, require_program("git"), *words)
    assert done.code == 0, done.err
    return done.out


def refresh(folder: Path, registries: Path, before: str = "true") -> Done:
    """Run the job; `before` is what the shell runs first, in place of what a night brings."""
    program = folder.parent / "blockc"
    program.write_text(f'#!/bin/sh\n{before} || exit\nexec {PROGRAM} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return run(
        folder,
        "sh",
        "blockc-refresh.sh",
        BLOCKC=str(program),
        BLOCKC_OPTIONS=f"--from {registries} -q",
    )


def test_the_refresh_commits_what_changed_with_the_difference_as_text(
    repository: Path, registries: Path
) -> None:
    assert refresh(repository, registries).code == 0
    assert git(repository, "log", "--format=%s").splitlines() == ["Refresh the blocklists", "begin"]
    committed = git(repository, "ls-tree", "-r", "--name-only", "HEAD", "published").split()
    assert committed == ["published/manifest.json", "published/nginx-geo/blocked.conf"]

    again = refresh(repository, registries)
    assert (again.code, again.out.splitlines()[-1]) == (0, "nothing changed")
    assert not (repository / ".blockc" / "change.txt").exists()
    assert len(git(repository, "log", "--format=%s").splitlines()) == 2

    policy = repository / "blockc.toml"
    policy.write_text(policy.read_text("utf-8").replace('"CN", "BR"', '"CN", "AU"') + LAX, "utf-8")
    assert refresh(repository, registries).code == 0
    change = (repository / ".blockc" / "change.txt").read_text(encoding="utf-8")
    assert re.search(r"^ published/nginx-geo/blocked.conf +\| ", change, re.MULTILINE)
    assert re.search(r"^\+ +1\.0\.0\.0/21 1;$", change, re.MULTILINE)
    assert re.search(r"^- +177\.0\.0\.0/12 1;$", change, re.MULTILINE)
    changed = git(repository, "show", "--format=", "--name-only", "HEAD").split()
    assert changed == ["published/manifest.json", "published/nginx-geo/blocked.conf"]


def test_the_refresh_commits_the_lock_with_the_artifacts(
    repository: Path, registries: Path
) -> None:
    assert refresh(repository, registries, "echo version = 1 > blockc.lock").code == 0
    assert "blockc.lock" in git(repository, "show", "--format=", "--name-only", "HEAD").split()


@pytest.mark.parametrize("broken", ["refresh", "build"])
def test_a_refresh_that_publishes_nothing_commits_nothing(
    repository: Path, registries: Path, broken: str
) -> None:
    assert refresh(repository, registries).code == 0
    assert len(git(repository, "log", "--format=%s").splitlines()) == 2
    policy = repository / "blockc.toml"
    policy.write_text(policy.read_text("utf-8").replace('"CN", "BR"', '"CN", "AU"'), "utf-8")
    if broken == "build":
        (registries / "delegated-arin-extended-latest").unlink()
    lock = "echo version = 1 > blockc.lock"
    done = refresh(repository, registries, lock if broken == "build" else f"{lock}; sh -c 'exit 3'")
    assert done.code == 3
    assert len(git(repository, "log", "--format=%s").splitlines()) == 2
    assert git(repository, "diff", "--cached", "--name-only") == ""


def test_what_was_published_is_committed_though_somebody_must_look(
    repository: Path, registries: Path
) -> None:
    policy = repository / "blockc.toml"
    text = policy.read_text("utf-8")
    edge = f'{text}\n[refresh]\nwebhook_env = "X"\n'
    policy.write_text(edge.replace("[[output]]", '[[output]]\non_change = ["false"]', 1), "utf-8")
    done = refresh(repository, registries)
    assert done.code == 2
    changed = git(repository, "show", "--format=", "--name-only", "HEAD").split()
    assert "published/nginx-geo/blocked.conf" in changed
    summary = (repository / ".blockc" / "summary.md").read_text(encoding="utf-8")
    assert summary.startswith("### blockc refresh: somebody must act")


def commands(job: dict[str, Any]) -> list[str]:
    """Return the shell texts of a GitHub or a GitLab job."""
    return [
        *job.get("script", []),
        *(step["run"] for step in job.get("steps", []) if "run" in step),
    ]


def test_the_jobs_are_yaml_that_runs_the_refresh(project: Path) -> None:
    github = yaml.safe_load((project / ".github" / "workflows" / "blockc.yml").read_bytes())
    gitlab = yaml.safe_load((project / ".gitlab" / "blockc.yml").read_bytes())
    assert set(github) == {"name", True, "permissions", "concurrency", "jobs"}  # True is `on`
    assert github[True]["schedule"][0]["cron"].split()[2:] == ["*", "*", "*"]
    assert github["permissions"] == {"contents": "write", "pull-requests": "write"}
    for job in (github["jobs"]["refresh"], gitlab["blockc-refresh"]):
        texts = commands(job)
        assert any("sh ./blockc-refresh.sh" in text for text in texts)
        assert any("pip install" in text and "vendor/blockc-" in text for text in texts)
        for text in texts:
            assert isinstance(text, str)
            plain = re.sub(r"\$\{\{.*?\}\}", "x", text)
            assert run(project, "bash", "-n", "-c", plain) == (0, "", "")
    assert all(set(step) & {"uses", "run"} for step in github["jobs"]["refresh"]["steps"])


def test_the_change_is_pushed_only_if_there_is_one(repository: Path) -> None:
    github = yaml.safe_load((repository / ".github" / "workflows" / "blockc.yml").read_bytes())
    opening = commands(github["jobs"]["refresh"])[-1]
    tools = repository.parent / "tools"
    tools.mkdir()
    for name in ("git", "gh"):
        (tools / name).write_text(f'#!/bin/sh\necho "{name} $*" >> {tools}/called\n', "ascii")
        (tools / name).chmod(0o755)
    path = f"{tools}:{os.environ['PATH']}"
    words = ("bash", "-e", "-c", opening)
    assert run(repository, *words, PATH=path, BRANCH="b") == (0, "", "")
    assert not (tools / "called").exists()
    (repository / ".blockc").mkdir()
    (repository / ".blockc" / "change.txt").write_text("+1.2.3.0/24\n", encoding="ascii")
    assert run(repository, *words, PATH=path, BRANCH="b") == (0, "", "")
    called = (tools / "called").read_text(encoding="ascii").splitlines()
    assert called[0] == "git push --force origin b"
    assert called[1].startswith("gh pr create --head b ")
    body = (repository / ".blockc" / "body.md").read_text(encoding="ascii")
    assert body == "```diff\n+1.2.3.0/24\n\n```\n"


# The machine of one's own.

STRANGE = "a folder with 100%, $money & 'quotes'"


def test_systemd_accepts_the_units_whatever_the_folder_is_called(
    blockc: Blockc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyze = require_program("systemd-analyze")
    monkeypatch.setattr("blockc.cli.commands.init._program", lambda: "/bin/true")
    folder = tmp_path / STRANGE
    assert blockc("init", folder).code == 0
    units = [str(folder / "systemd" / f"blockc.{kind}") for kind in ("service", "timer")]
    assert run(tmp_path, analyze, "verify", "--man=no", *units) == (0, "", "")
    calendar = re.findall(r"^OnCalendar=(.*)$", Path(units[1]).read_text("utf-8"), re.MULTILINE)
    assert run(tmp_path, analyze, "calendar", *calendar).code == 0
    walls = run(tmp_path, analyze, "security", "--offline=true", units[0]).out
    assert float(re.findall(r"exposure level.*: ([0-9.]+) ", walls)[0]) <= 2.0


def test_the_units_are_well_formed_and_name_the_folder(
    blockc: Blockc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blockc.cli.commands.init._program", lambda: "/opt/my tools/blockc")
    folder = tmp_path / STRANGE
    assert blockc("init", folder).code == 0
    service = (folder / "systemd" / "blockc.service").read_text(encoding="utf-8")
    for line in service.splitlines():
        assert re.fullmatch(r"|#.*|\[(Unit|Service)\]|[A-Za-z]+=.*", line)
    escaped = str(folder).replace("%", "%%")
    assert f"WorkingDirectory={escaped}\n" in service
    assert f'ReadWritePaths="{escaped}"\n' in service
    found = re.findall(r"^ExecStart=(.*)$", service, re.MULTILINE)
    assert found == ['"/opt/my tools/blockc" refresh']


def test_the_cron_line_refreshes_in_the_folder(
    blockc: Blockc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "blockc"
    program.write_text('#!/bin/sh\necho "$* in $PWD" >> "$CALLED"\n', encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setattr("blockc.cli.commands.init._program", lambda: str(program))
    folder = tmp_path / STRANGE
    assert blockc("init", folder).code == 0
    text = (folder / "blockc.cron").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if not line.startswith("#")]
    found = re.fullmatch(r"([0-9]+) ([0-9]+) \* \* \* ((?:[^%]|\\%)*)", line)
    assert found
    assert int(found[1]) < 60
    assert int(found[2]) < 24
    command = found[3].replace("\\%", "%")  # what cron does before it calls the shell
    done = run(tmp_path, "sh", "-c", command, CALLED=str(tmp_path / "called"))
    assert done == (0, "", "")
    called = (tmp_path / "called").read_text(encoding="utf-8").splitlines()
    assert called == [f"refresh --quiet in {folder}"]


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "a\x1bb", "a "])
def test_a_folder_no_service_can_be_told_of_is_refused(
    blockc: Blockc, tmp_path: Path, name: str
) -> None:
    done = blockc("init", tmp_path / name)
    assert (done.code, done.out) == (2, "")
    assert "systemd cannot be told" in done.err
    assert "\x1b" not in done.err
    assert not (tmp_path / name).exists()
