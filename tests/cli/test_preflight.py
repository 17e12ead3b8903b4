"""A build tells today what it will be refused for on a coming day."""

import json
from pathlib import Path

from tests.cli.conftest import Blockc
from tests.cli.toy import POLICY, write_policy
from tests.compiler.test_preflight import LATER, STAGES

BOMB = POLICY.replace('title = "Far away"\n', LATER).replace(
    'path = "far.txt"', 'path = "far.txt"\nmax_entries = 2'
)


def test_a_build_warns_again_every_night_and_a_dry_run_too(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    policy = write_policy(tmp_path, BOMB)
    words = ("build", "-f", policy, "--from", registries, "-o", tmp_path / "d", "--as-of")
    said = f"blockc: warning: {policy}:8:3: from 2026-12-24 on this build fails: far.txt: ipv4: 4"
    first, again = blockc(*words, "2026-11-23"), blockc(*words, "2026-11-24")
    assert "nothing was compiled" in again.err
    for done in (first, again, blockc(*words, "2026-11-23", "--dry-run")):
        assert done.code == 0
        assert said in done.err
        assert "\\n" not in done.err
    report = json.loads(blockc(*words, "2026-11-23", "--dry-run", "--json").out)
    assert report["coming"] == [
        {
            "from": "2026-12-24",
            "output": "far.txt",
            "reason": "ipv4: 4 entries, the limit is 2",
            "exit_code": 5,
        }
    ]
    on_the_day = blockc(*words, "2026-12-24")
    assert (on_the_day.code, on_the_day.out) == (5, "")
    dry = blockc(*words, "2026-12-24", "--dry-run")
    assert dry.code == 5
    assert "far.txt: ipv4: 4 entries, the limit is 2" in dry.err
    assert "stage: block since 2026-12-24" in dry.out


def test_what_comes_into_sight_is_built_and_told(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    policy = write_policy(tmp_path, BOMB.replace("2026-12-24", "2027-12-01"))
    words = ("build", "-f", policy, "--from", registries, "-o", tmp_path / "d", "--as-of")
    assert "this build fails" not in blockc(*words, "2026-11-23").err
    assert "nothing was compiled" in blockc(*words, "2026-11-30").err
    assert "from 2027-12-01 on this build fails" in blockc(*words, "2026-12-01").err


def test_a_template_that_does_not_know_a_coming_word_is_told(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    own = """{% for part in parts %}{% for addresses, word in part.entries %}
{{ addresses }} {{ {"warn": "warn", "none": "none"}[word] }}
{% endfor %}{% endfor %}
"""
    (tmp_path / "own.j2").write_text(own, encoding="utf-8")
    lists = POLICY[: POLICY.index("[[output]]")].replace('title = "Far away"\n', STAGES)
    text = '[[output]]\nlists = ["far"]\ntarget = "haproxy-map"\npath = "x"\ntemplate = "own.j2"\n'
    policy = write_policy(tmp_path, lists + text)
    words = ("-f", policy, "--from", registries, "-o", tmp_path / "d")
    done = blockc("build", *words, "--as-of", "2026-11-23")
    assert done.code == 0, done.err
    assert "own.j2:2: from 2026-12-24 on this build fails: x: " in done.err
    on_the_day = blockc("build", *words, "--as-of", "2026-12-24")
    assert (on_the_day.code, "own.j2:2: " in on_the_day.err) == (2, True)
