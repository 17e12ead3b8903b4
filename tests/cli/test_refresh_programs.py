"""`blockc refresh` asks the real programs about what changes, before it is published."""

import json
from pathlib import Path

import pytest

from blockc.verify import native
from tests.cli.test_feeds import policy
from tests.cli.test_refresh import POLICY, Night, night
from tests.verify.test_native import install

__all__ = ["night", "policy"]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder where alone programs are looked for, with an nginx that tells of itself."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setattr(native, "_PATH", f"{folder}:/usr/bin:/bin")
    install(folder, "nginx", f"echo asked >> {folder / 'asked'}")
    return folder


def asked(programs: Path) -> int:
    """Return how often nginx was asked."""
    path = programs / "asked"
    return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


OTHER = """[[output]]
list = "clouds"
target = "{target}"
path = "{path}"
"""


def test_only_what_changes_is_tried_and_a_night_without_news_asks_nobody(
    night: Night, programs: Path
) -> None:
    (tried,) = night.report()["programs"]
    assert (tried["file"], tried["target"]) == ("clouds.conf", "nginx-geo")
    assert (tried["answer"], tried["said"]) == ("accepted", "")
    assert asked(programs) == 1
    assert night.report()["programs"] == []
    plain = OTHER.format(target="plain", path="clouds.txt") + 'until_block = "empty"\n'
    night.policy.write_text(POLICY + plain, encoding="utf-8")
    assert night.report()["build"]["written"] == ["clouds.txt", "manifest.json"]
    assert asked(programs) == 1
    night.cloud("6.6.0.0/24", "2a00:1450::/32", "7.7.7.0/28")
    assert night().code == 0
    assert asked(programs) == 2


def test_what_a_program_refuses_is_not_published_until_it_takes_it(
    night: Night, programs: Path
) -> None:
    assert night().code == 0
    before, shown = night.report()["generation"], night.shown
    night.cloud("6.6.0.0/24", "2a00:1450::/32", "7.7.7.0/28")
    install(programs, "nginx", "echo 'nginx: [emerg] no room'; echo 'test failed'; exit 1")
    report = night.report()
    assert (report["exit_code"], report["build"], report["reload"]) == (5, None, None)
    assert (report["generation"], night.shown, night.reloads) == (before, shown, 1)
    assert [one["answer"] for one in report["programs"]] == ["refused"]
    (failure,) = report["failures"]
    assert failure["step"] == "build"
    assert "clouds.conf: the program that reads nginx-geo refuses it" in failure["error"]
    assert "nginx: [emerg] no room; test failed" in failure["error"]
    told = json.loads(night.blockc("history", "-o", night.folder / "dist", "--json").out)
    last = told[-1]
    assert (last["event"], last["live"]) == ("refused", before)
    (said,) = last["programs"]
    assert (said["target"], said["output"], said["path"]) == (
        "nginx-geo", "clouds.conf", "clouds.conf",
    )  # fmt: skip
    assert said["said"] == "nginx: [emerg] no room; test failed"
    shown = night.blockc("history", "-o", night.folder / "dist").out
    assert "clouds.conf: the program of nginx-geo refuses it: nginx: [emerg] no room" in shown
    assert night.blockc("history", "verify", "-o", night.folder / "dist").code == 0
    done = night()  # the same data again: it is tried again
    assert done.code == 5
    assert "a target does not take an artifact (exit code 5)" in done.out
    install(programs, "nginx", "exit 0")
    assert night().code == 0
    assert "7.7.7.0/28 warn;" in night.shown


def test_a_policy_that_asks_no_program_is_published_as_it_is(night: Night, programs: Path) -> None:
    install(programs, "nginx", "exit 1")
    night.policy.write_text(POLICY + '[guard]\nnative = "off"\n', encoding="utf-8")
    report = night.report()
    assert (report["exit_code"], report["programs"]) == (0, [])
    assert "5.5.0.0/26" in night.shown


def test_a_build_asks_the_programs_if_the_policy_says_always(night: Night, programs: Path) -> None:
    words = ("build", "-f", night.policy)
    assert night.report()["exit_code"] == 0
    night.cloud("6.6.0.0/24", "2a00:1450::/32", "7.7.7.0/28")
    assert night.blockc("update", "-f", night.policy, "-q").code == 0
    shown = night.shown
    install(programs, "nginx", "echo 'nginx: [emerg] no room'; exit 1")
    night.policy.write_text(POLICY + '[guard]\nnative = "always"\n', encoding="utf-8")
    done = night.blockc(*words)
    assert done.code == 5, done.err
    assert "clouds.conf: the program that reads nginx-geo refuses it" in done.err
    assert night.shown == shown
    told = json.loads(night.blockc("history", "-o", night.folder / "dist", "--json").out)
    assert [one["path"] for one in told[-1]["programs"]] == ["clouds.conf"]
    (programs / "nginx").unlink()
    done = night.blockc(*words)
    assert done.code == 0, done.err
    assert "not tried before publishing: clouds.conf: nginx is not installed" in done.err
    night.cloud("6.6.0.0/24", "2a00:1450::/32")
    assert night.blockc("update", "-f", night.policy, "-q").code == 0
    install(programs, "nginx", "exit 1")
    night.policy.write_text(POLICY, encoding="utf-8")  # by default a build asks nobody
    assert night.blockc(*words).code == 0


def test_what_could_not_be_tried_is_published_and_named_with_the_reason(
    night: Night, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (programs / "nginx").unlink()
    monkeypatch.setattr(native, "_PATH", str(programs))
    install(programs, "unshare", "exit 1")  # as for whoever is not root
    install(programs, "nft", "exit 0")
    more = OTHER.format(target="nftables", path="clouds.nft")
    night.policy.write_text(POLICY.replace('"warn"', '"block"') + more, encoding="utf-8")
    path = night.folder / "summary.md"
    done = night("--summary", path)
    assert done.code == 0, done.err
    reasons = {
        "clouds.conf": "nginx is not installed",
        "clouds.nft": "nft needs a network namespace, which only root may make",
    }
    for output, reason in reasons.items():
        assert f"not tried before publishing: {output}: {reason}" in done.out
        assert f"- not tried before publishing: {output}: {reason}" in path.read_text("utf-8")


def test_nobody_is_asked_about_a_build_that_a_pin_keeps_back(night: Night, programs: Path) -> None:
    assert night().code == 0
    words = ("rollback", night.report()["generation"], "-o", night.folder / "dist")
    assert night.blockc(*words).code == 0
    night.cloud("6.6.0.0/24", "2a00:1450::/32", "7.7.7.0/28")
    report = night.report()
    assert report["build"]["pinned"]
    assert report["programs"] == []
    assert asked(programs) == 1
