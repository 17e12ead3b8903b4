"""`blockc refresh`: a whole night, and every way in which it can end."""

import json
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from blockc.workspace.lookup import keeping
from tests.cli.conftest import Blockc
from tests.cli.test_feeds import CLOUD, policy
from tests.cli.toy import Done
from tests.fetch.test_webhook import service

__all__ = ["policy"]
POLICY = """\
version = 1
[list.clouds]
block = ["feed:our-cloud"]
except = [{ prefix = "5.5.0.0/26", owner = "ada", reason = "a partner", until = 2099-01-01 }]
stages = [{ from = 2026-01-01, action = "warn" }, { from = 2099-01-01, action = "block" }]
[[output]]
lists = ["clouds"]
target = "nginx-geo"
path = "clouds.conf"
on_change = ["sh", "-c", "echo reload >> reloads; test ! -e broken"]
[refresh]
webhook_env = "BLOCKC_TEST_HOOK"
"""


Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


class Night:
    """A policy of one feed, and what its nights did."""

    def __init__(self, blockc: Blockc, policy: Path) -> None:
        self.blockc, self.policy, self.folder = blockc, policy, policy.parent
        policy.write_text(POLICY, encoding="utf-8")

    def __call__(self, *words: object) -> Done:
        return self.blockc("refresh", "-f", self.policy, *words)

    def report(self, *words: object) -> dict[str, Any]:
        """Return what a refresh says to programs."""
        found: dict[str, Any] = json.loads(self("--json", *words).out)
        return found

    def cloud(self, *nets: str) -> None:
        """Publish another version of the feed."""
        ranges = [{"net": net, "use": ["web"]} for net in nets]
        text = json.dumps({"made": "8", "ranges": CLOUD["ranges"][:2] + ranges})  # type: ignore[operator]
        (self.folder / "data" / "our-cloud").write_text(text, encoding="utf-8")

    @property
    def shown(self) -> str:
        """Return the artifact that is shown."""
        return (self.folder / "dist" / "clouds.conf").read_text(encoding="utf-8")

    @property
    def reloads(self) -> int:
        """Return how often the server was told."""
        path = self.folder / "reloads"
        return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


@pytest.fixture
def night(blockc: Blockc, policy: Path) -> Night:
    """Return a policy that is refreshed."""
    return Night(blockc, policy)


def test_a_night_fetches_builds_publishes_and_reloads(night: Night) -> None:
    done = night()
    assert done.code == 0, done.err
    assert '5.5.0.0/26 "";' in night.shown
    assert night.reloads == 1
    tail = done.out[done.out.index("blockc refresh: done") :].splitlines()
    assert tail[0] == "blockc refresh: done (exit code 0)"
    assert tail[1].startswith("published generation ")
    assert tail[2].endswith(": done, for clouds.conf")


def test_a_night_without_news_does_nothing(night: Night) -> None:
    assert night().code == 0
    before = (night.folder / "dist" / "clouds.conf").stat().st_mtime_ns
    done = night()
    assert done.code == 0
    assert night.reloads == 1
    assert (night.folder / "dist" / "clouds.conf").stat().st_mtime_ns == before
    assert "nothing changed; generation" in done.out


def test_new_data_is_published_and_the_server_told_once(night: Night) -> None:
    assert night().code == 0
    night.cloud("6.6.0.0/24", "2a00:1450::/32", "7.7.7.0/28")
    report = night.report()
    assert report["exit_code"] == 0
    assert "7.7.7.0/28 warn;" in night.shown
    assert night.reloads == 2
    (run,) = report["reload"]["runs"]
    assert (run["outputs"], run["failure"]) == (["clouds.conf"], "")
    assert report["update"]["sources"][0]["result"] == "new"
    assert report["generation"] == report["build"]["generation"]


def test_a_source_that_is_refused_does_not_keep_the_build_from_being_made(night: Night) -> None:
    assert night().code == 0
    text = json.dumps({"made": "8", "ranges": [{"net": "5.5.0.0/28", "use": ["web"]}]})
    (night.folder / "data" / "our-cloud").write_text(text, encoding="utf-8")
    night.policy.write_text(POLICY.replace("5.5.0.0/26", "5.5.0.0/27"), encoding="utf-8")
    report = night.report()
    assert report["exit_code"] == 4
    assert [(one["step"], one["exit_code"]) for one in report["failures"]] == [("update", 4)]
    assert '5.5.0.0/27 "";' in night.shown
    assert night.reloads == 2


def test_what_is_refused_is_in_the_history_once_for_the_same_data(night: Night) -> None:
    def refusals() -> list[dict[str, Any]]:
        report = json.loads(night.blockc("history", "-f", night.policy, "--json").out)
        return [one for one in report if one["event"] == "refused"]

    def cut(net: str) -> None:
        text = json.dumps({"made": "8", "ranges": [{"net": net, "use": ["web"]}]})
        (night.folder / "data" / "our-cloud").write_text(text, encoding="utf-8")

    assert night().code == 0
    for net in ("5.5.0.0/28", "5.5.0.0/28", "5.5.0.16/28"):
        cut(net)
        assert night().code == 4
    first, second = refusals()
    assert first["source"] == second["source"] == "our-cloud"
    assert "shrink" in first["said"]
    assert first["digest"] != second["digest"]
    table = night.blockc("history", "-f", night.policy).out
    assert "source our-cloud; " in table


def test_a_source_without_data_is_the_exit_code_where_nothing_can_be_built(night: Night) -> None:
    (night.folder / "data" / "our-cloud").unlink()
    report = night.report()
    assert report["exit_code"] in (2, 3)
    assert [one["step"] for one in report["failures"]] == ["update", "build"]
    assert (report["build"], report["reload"], report["generation"]) == (None, None, "")


def test_a_policy_that_cannot_be_built_leaves_what_is_shown(night: Night) -> None:
    assert night().code == 0
    shown = night.shown
    night.policy.write_text(POLICY.replace("feed:our-cloud", "feed:our-clod"), encoding="utf-8")
    done = night()
    assert done.code == 2
    assert "update and build FAILED: " in done.out
    assert (done.out.count("our-clod"), done.err.count("unknown")) == (1, 1)
    assert [one["step"] for one in night.report()["failures"]] == ["update", "build"]
    assert night.shown == shown
    assert night.reloads == 1


def test_a_failed_reload_goes_back_and_the_next_night_tries_again(night: Night) -> None:
    assert night().code == 0
    shown = night.shown
    night.cloud("6.6.0.0/24", "2a00:1450::/32", "7.7.7.0/28")
    (night.folder / "broken").touch()
    done = night()
    assert done.code == 2
    assert night.shown == shown
    said = " ".join(done.err.split())
    assert "ended with 1; generation" in said
    assert "is shown again; mend that, then run `blockc refresh`" in said
    assert "went back to generation" in done.out
    (night.folder / "broken").unlink()
    assert night().code == 0
    assert "7.7.7.0/28 warn;" in night.shown


def test_a_reload_that_hangs_is_stopped_and_goes_back(night: Night) -> None:
    assert night().code == 0
    before, shown = night.report()["generation"], night.shown
    words = 'on_change = ["sh", "-c", "echo reload >> reloads; test ! -e broken"]'
    hanging = 'on_change = ["sh", "-c", "test ! -e broken || sleep 60"]\non_change_seconds = 1'
    night.policy.write_text(POLICY.replace(words, hanging), encoding="utf-8")
    (night.folder / "broken").touch()
    night.cloud("6.6.0.0/24", "2a00:1450::/32", "7.7.7.0/28")
    report = night.report()
    assert report["exit_code"] == 2
    (failure,) = report["failures"]
    assert "did not end in 1 seconds and was stopped" in failure["error"]
    assert report["reload"]["back_to"] == before
    assert night.shown == shown
    told = json.loads(night.blockc("history", "-o", night.folder / "dist", "--json").out)
    assert "reload-failed" in [one["event"] for one in told[-3:]]
    assert night.blockc("history", "verify", "-o", night.folder / "dist").code == 0


def test_a_build_of_somebody_is_reloaded_by_the_next_refresh(night: Night) -> None:
    assert night.blockc("update", "-f", night.policy).code == 0
    assert night.blockc("build", "-f", night.policy).code == 0
    assert night.reloads == 0
    assert night().code == 0
    assert night.reloads == 1


def test_a_pinned_folder_stays_as_it_is(night: Night) -> None:
    assert night().code == 0
    night.cloud("6.6.0.0/24", "2a00:1450::/32", "7.7.7.0/28")
    assert night().code == 0
    assert night.blockc("rollback", "-o", night.folder / "dist").code == 0
    shown = night.shown
    done = night()
    assert done.code == 0
    assert night.shown == shown
    assert "nothing was published: pinned to" in done.out
    assert night.reloads == 3  # what is shown again is taken over


def test_metrics_say_how_it_stands(night: Night) -> None:
    path = night.folder / "blockc.prom"
    assert night("--metrics", path).code == 0
    first = samples(path)
    assert first["blockc_refresh_exit_code", ()] == 0
    success = first["blockc_refresh_last_success_timestamp_seconds", ()]
    clouds = ("list", "clouds")
    assert first["blockc_list_addresses", (("family", "ipv4"), clouds)] == 512 - 64
    assert first["blockc_list_stage", (("action", "warn"), clouds)] == 1
    assert first["blockc_list_next_stage_days", (("action", "block"), clouds)] > 26_000
    assert first["blockc_exception_days_left", (clouds, ("owner", "ada"))] > 26_000
    assert first["blockc_source_result", (("result", "new"), ("source", "our-cloud"))] == 1
    labels = (("artifact", "clouds.conf"), ("family", "ipv6"), ("list", "clouds"))
    assert first["blockc_artifact_entries", labels] == 1
    (night.folder / "broken").touch()
    night.cloud("6.6.0.0/24", "2a00:1450::/32", "7.7.7.0/28")
    assert night("--metrics", path).code == 2
    second = samples(path)
    assert second["blockc_refresh_exit_code", ()] == 2
    assert second["blockc_refresh_step_failed", (("step", "reload"),)] == 1
    assert second["blockc_refresh_last_success_timestamp_seconds", ()] == success


def samples(path: Path) -> Samples:
    """Return every number in a file of metrics, as Prometheus reads it."""
    families = text_string_to_metric_families(path.read_text(encoding="utf-8"))
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for f in families for s in f.samples}


def test_the_summary_is_markdown_in_which_nothing_acts(night: Night) -> None:
    path = night.folder / "summary.md"
    text = POLICY.replace('owner = "ada"', 'owner = "<b>*ada*</b> [x](http://x)"')
    night.policy.write_text(
        text.replace("until = 2099-01-01", f"until = {soon()}"), encoding="utf-8"
    )
    assert night("--summary", path).code == 0
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "### blockc refresh: done (exit code 0)"
    assert r"\<b\>\*ada\*\</b\> \[x\](http://x) owns it" in lines[-1]


def soon() -> str:
    """Return the day in a week."""
    from datetime import UTC, datetime, timedelta

    return (datetime.now(UTC) + timedelta(days=7)).date().isoformat()


def test_the_webhook_gets_the_summary_and_its_failure_is_a_warning(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "the webhook was not told: the environment has no BLOCKC_TEST_HOOK" in night().err
    with service(200) as (url, received):
        monkeypatch.setenv("BLOCKC_TEST_HOOK", url)
        assert night().code == 0
        ((_, message),) = received
        assert message["text"].startswith("blockc refresh: done (exit code 0)\nnothing changed")
        assert message["report"]["exit_code"] == 0
        assert "the webhook was not told: --offline" in night("--offline").err
    done = night()
    assert done.code == 0
    assert "the webhook was not told: it could not be reached" in done.err
    assert url not in done.err


def test_what_cannot_be_written_is_said_though_the_night_went_well(night: Night) -> None:
    done = night("--summary", night.folder / "data" / "our-cloud" / "x")
    assert done.code == 2
    assert "published generation" in done.out


def test_everybody_is_told_before_answers_are_kept(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = night.folder / "summary.md"

    def kept(*_: object) -> None:
        assert "published generation" in summary.read_text(encoding="utf-8")
        done.append(1)

    done: list[int] = []
    monkeypatch.setattr(keeping, "keep_all", kept)
    assert night("--summary", summary).code == 0
    assert done


def test_a_refresh_is_for_today(night: Night) -> None:
    done = night("--as-of", "2026-12-01")
    assert done.code == 2
    assert "a refresh is for today; `blockc build --as-of` builds for another day" in done.err


def test_two_refreshes_at_once_end_with_one_whole_generation(night: Night, blockc: Blockc) -> None:
    from tests.cli.toy import program

    assert night().code == 0
    night.cloud("6.6.0.0/24", "2a00:1450::/32", "7.7.7.0/28")
    done = list[Done]()
    words = ("refresh", "-q", "-f", str(night.policy))
    threads = [Thread(target=lambda: done.append(program(*words))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.code for one in done] == [0, 0], [one.err for one in done]
    assert blockc("history", "verify", "-o", night.folder / "dist").code == 0
    assert "7.7.7.0/28 warn;" in night.shown
