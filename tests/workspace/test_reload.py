"""What reads the artifacts is told of every change, once, and if that fails all goes back."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from blockc.policy.checking.parse_policy import parse_policy
from blockc.policy.model import Policy
from blockc.publish.generations import Making, history_of, publish
from blockc.publish.past import told
from blockc.workspace.policy_files import known
from blockc.workspace.receipts import read_receipts
from blockc.workspace.refresh import Reloaded, reload_changed

POLICY = """
version = 1
[list.x]
block = ["CN"]
[[output]]
list = "x"
target = "plain"
path = "a.txt"
on_change = ["sh", "-c", "cat dist/a.txt >> seen-a; test ! -e broken-a"]
[[output]]
list = "x"
target = "plain"
path = "b.txt"
on_change = ["sh", "-c", "cat dist/b.txt >> seen-b; test ! -e broken-b"]
[[output]]
list = "x"
target = "plain"
path = "c.txt"
"""
NOW = datetime(2026, 11, 27, tzinfo=UTC)


class Site:
    """A folder that is published, and what its programs saw."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.dist, self.seconds = folder, folder / "dist", 0

    @property
    def policy(self) -> Policy:
        """Return the policy."""
        path = str(self.folder / "blockc.toml")
        return parse_policy(path, POLICY, known=known())

    def now(self) -> datetime:
        """Return the present, a second later each time."""
        self.seconds += 1
        return NOW + timedelta(seconds=self.seconds)

    def publish(self, **files: str) -> str:
        """Publish the texts of outputs; return the generation."""
        texts = {f"{name}.txt": f"{text}\n".encode() for name, text in files.items()}
        artifacts = [
            {"output": path, "files": [{"path": path, "sha256": str(data)}]}
            for path, data in texts.items()
        ]
        manifest = json.dumps({"artifacts": artifacts}).encode()
        published = publish(self.dist, {**texts, "manifest.json": manifest}, Making(now=self.now()))
        return published.generation

    def reload(self) -> Reloaded:
        """Tell who reads the artifacts."""
        return reload_changed(self.policy, self.dist, self.now)

    def seen(self, name: str) -> str:
        """Return what the program of an output has seen, one letter per time."""
        path = self.folder / f"seen-{name}"
        return path.read_text(encoding="utf-8").replace("\n", "") if path.exists() else ""

    def events(self) -> list[dict[str, Any]]:
        """Return every event of the history."""
        return [facts for _, facts in told(history_of(self.dist)[0])]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Return a folder where nothing is published yet."""
    return Site(tmp_path)


def test_only_what_changed_is_told_and_only_once(site: Site) -> None:
    site.publish(a="1", b="1", c="1")
    assert len(site.reload().runs) == 2
    assert site.reload().runs == ()
    site.publish(a="2", b="1", c="2")
    (run,) = site.reload().runs
    assert run.outputs == ("a.txt",)
    assert (site.seen("a"), site.seen("b")) == ("12", "1")
    site.publish(a="2", b="1", c="3")
    assert site.reload().runs == ()


def test_a_command_for_several_outputs_runs_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = re.findall(r"on_change = .*", POLICY)
    monkeypatch.setitem(globals(), "POLICY", POLICY.replace(words[1], words[0]))
    site.publish(a="1", b="1")
    (run,) = site.reload().runs
    assert run.outputs == ("a.txt", "b.txt")
    assert site.seen("a") == "1"


def test_a_failure_goes_back_and_tells_those_that_took_the_new_files_over(site: Site) -> None:
    first = site.publish(a="1", b="1")
    assert site.reload().failed == ()
    second = site.publish(a="2", b="2")
    (site.folder / "broken-b").touch()
    done = site.reload()
    # a took over 2, b failed with it; then both are told of 1, and b fails again.
    assert [(run.outputs, run.failure) for run in done.runs] == [
        (("a.txt",), ""),
        (("b.txt",), "ended with 1"),
        (("a.txt",), ""),
        (("b.txt",), "ended with 1"),
    ]
    assert (done.back_to, done.failure) == (first, "")
    assert (site.seen("a"), site.seen("b")) == ("121", "121")
    assert (site.dist / "a.txt").read_text(encoding="utf-8") == "1\n"
    kinds = [(one["event"], one.get("generation")) for one in site.events()]
    assert kinds[3:] == [
        ("published", second),
        ("reloaded", second),
        ("reload-failed", second),
        ("rolled-back", first),
        ("reloaded", first),
        ("reload-failed", first),
    ]
    assert "ended with 1" in site.events()[6]["reason"]
    # Nothing is pinned: the next refresh tries again, and with the cause mended it holds.
    (site.folder / "broken-b").unlink()
    assert site.publish(a="2", b="2") != first
    assert site.reload().failed == ()
    assert read_receipts(site.dist).reloaded.keys() == {"a.txt", "b.txt"}


def test_without_anything_to_go_back_to_a_failure_is_said(site: Site) -> None:
    (site.folder / "broken-a").touch()
    site.publish(a="1", b="1")
    done = site.reload()
    assert done.back_to == ""
    assert "no earlier generation to go back to" in done.failure
    assert site.seen("b") == ""
    (site.folder / "broken-a").unlink()
    assert [run.outputs for run in site.reload().runs] == [("a.txt",), ("b.txt",)]


def test_a_program_finds_what_it_is_run_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    words = 'echo "$BLOCKC_FOLDER $BLOCKC_GENERATION $BLOCKC_OUTPUTS"'
    other = POLICY.replace(
        "cat dist/a.txt >> seen-a; test ! -e broken-a", words.replace('"', '\\"')
    )
    monkeypatch.setitem(globals(), "POLICY", other)
    generation = site.publish(a="1")
    (run,) = site.reload().runs
    assert run.said == (f"{site.dist} {generation} a.txt",)
