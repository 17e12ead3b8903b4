"""The real programs are asked where they are, and their answer is not dressed up."""

import pytest

from blockc.targets.core.target import Target
from blockc.targets.registry import TARGETS
from blockc.targets.web.caddy import CADDY
from blockc.targets.web.nginx_geo import NGINX_GEO
from blockc.values import replace
from blockc.verify import native
from blockc.verify.native import NativeAnswer, missing, try_natively
from tests.support.machine import absent
from tests.targets.artifacts import EDGES, changed, settled, written

UNASKED = [target for target in TARGETS.values() if not target.native]
REAL = [target for target in TARGETS.values() if target.native]


@pytest.mark.parametrize("target", UNASKED, ids=lambda target: target.name)
def test_a_target_without_a_program_is_skipped_with_the_reason(target: Target) -> None:
    outcome = try_natively(target, written(target, EDGES["ipv4 only"]), {})
    assert outcome.answer is NativeAnswer.SKIPPED
    assert outcome.reason == f"no program on this machine reads {target.name}"


def test_a_missing_program_is_named() -> None:
    assert NGINX_GEO.native
    check = replace(NGINX_GEO.native, programs=("no-such-program",))
    absent_one = replace(NGINX_GEO, native=check)
    outcome = try_natively(absent_one, (), {})
    assert (outcome.answer, outcome.reason) == (
        NativeAnswer.SKIPPED,
        "no-such-program is not installed",
    )


@pytest.mark.real
@pytest.mark.parametrize("target", REAL, ids=lambda target: target.name)
def test_a_broken_artifact_is_refused_in_the_programs_own_words(target: Target) -> None:
    if missing(target):
        absent(missing(target))
    texts = written(target, EDGES["ipv4 only"])
    if callable(target.writer):
        cut = replace(texts[0], data=texts[0].data[:-20])
        outcome = try_natively(target, (cut, *texts[1:]), settled(target))
        assert outcome.answer is NativeAnswer.REFUSED
        assert "MaxMind DB file" in outcome.reason
        return
    broken = changed(texts[0], "192.0.2.0", "192.0.2.0.0")

    assert try_natively(target, texts, settled(target)).answer is NativeAnswer.ACCEPTED
    outcome = try_natively(target, (broken, *texts[1:]), settled(target))
    assert outcome.answer is NativeAnswer.REFUSED
    assert "192.0.2.0.0" in outcome.reason


@pytest.mark.real
def test_what_nginx_only_warns_of_is_refused() -> None:
    if missing(NGINX_GEO):
        absent(missing(NGINX_GEO))
    text = written(NGINX_GEO, EDGES["ipv4 only"])[0]
    twice = changed(text, "default 0;", "default 0; 192.0.2.0/24 0;")
    outcome = try_natively(NGINX_GEO, (twice,), settled(NGINX_GEO))
    assert outcome.answer is NativeAnswer.REFUSED
    assert "duplicate network" in outcome.reason


@pytest.mark.real
def test_what_caddy_only_warns_of_is_refused() -> None:
    if missing(CADDY):
        absent(missing(CADDY))
    assert CADDY.native
    untidy = {"Caddyfile": CADDY.native.files["Caddyfile"].replace("\troute", " route")}
    target = replace(CADDY, native=replace(CADDY.native, files=untidy))
    outcome = try_natively(target, written(target, EDGES["ipv4 only"]), settled(target))
    assert outcome.answer is NativeAnswer.REFUSED
    assert "input is not formatted" in outcome.reason


@pytest.mark.real
def test_a_variable_that_the_artifact_does_not_define_is_refused() -> None:
    if missing(NGINX_GEO):
        absent(missing(NGINX_GEO))
    artifact = written(NGINX_GEO, EDGES["ipv4 only"], {"variable": "mine"})
    assert try_natively(NGINX_GEO, artifact, {"variable": "mine"}).answer is NativeAnswer.ACCEPTED
    outcome = try_natively(NGINX_GEO, artifact, {"variable": "other"})
    assert outcome.answer is NativeAnswer.REFUSED
    assert 'unknown "other" variable' in outcome.reason


@pytest.mark.real
def test_a_program_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    if missing(NGINX_GEO):
        absent(missing(NGINX_GEO))
    monkeypatch.setattr(native, "TIMEOUT_SECONDS", 0.000_01)
    artifact = written(NGINX_GEO, EDGES["ipv4 only"])
    outcome = try_natively(NGINX_GEO, artifact, settled(NGINX_GEO))
    assert outcome.answer is NativeAnswer.REFUSED
    assert "no answer in" in outcome.reason
