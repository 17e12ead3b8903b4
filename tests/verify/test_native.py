"""The real programs are asked where they are, and their answer is not dressed up."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

import blockc
from blockc.targets.core.target import NativeCheck, Target
from blockc.targets.data.plain import PLAIN
from blockc.targets.registry import TARGETS
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.targets.web.caddy import CADDY
from blockc.targets.web.nginx_geo import NGINX_GEO
from blockc.targets.web.nginx_stream import NGINX_STREAM
from blockc.values import replace
from blockc.verify import native
from blockc.verify.native import NativeAnswer, NativeOutcome, missing, try_natively
from tests.support.machine import absent
from tests.targets.artifacts import EDGES, changed, settled, written

UNASKED = [target for target in TARGETS.values() if not target.native]
WRONG = "192.0.2.0.0"
#: What is broken where that is not to be found, or is the name of a host.
BROKEN = {"rpz": ("CNAME", "CNAMED"), "varnish": ('"192.0.2.0"/24', '"192.0.2.0"/33')}
REAL = [target for target in TARGETS.values() if target.native]


@pytest.mark.parametrize("target", UNASKED, ids=lambda target: target.name)
def test_a_target_without_a_program_is_skipped_with_the_reason(target: Target) -> None:
    outcome = try_natively(target, (), {})
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


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder where programs are looked for and that is not on the PATH of this process."""
    folder = tmp_path / "sbin"
    folder.mkdir()
    monkeypatch.setattr(native, "_PATH", f"{folder}:/usr/bin:/bin")
    return folder


def install(folder: Path, name: str, script: str) -> None:
    """Put a shell script where programs are looked for."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


def asked_of(programs: Path, script: str, **check: object) -> NativeOutcome:
    """Return what comes of asking a program that does as `script` says."""
    install(programs, "reader", script)
    asked: NativeCheck = replace(NativeCheck(("reader",), (), ("reader",)), **check)
    files = [ArtifactFile("a.conf", b"first"), ArtifactFile("b.conf", b"second")]
    return try_natively(replace(PLAIN, native=asked), files, {"table": "mine", "limit": 7})


def test_a_program_gets_the_files_of_the_artifact_and_its_own_beside_them(programs: Path) -> None:
    outcome = asked_of(
        programs,
        'cat "$1" "$2" "$3/own.conf"; echo; echo "$3"; echo "$4"; exit 1',
        argv=("reader", "@0@", "@1@", "@folder@", "@package@"),
        files={"own.conf": " table @option.table@ of @option.limit@ für <@1@>, a@b.c"},
    )
    assert outcome.answer is NativeAnswer.REFUSED
    said, folder, package = outcome.reason.split("\n")
    assert said == f"firstsecond table mine of 7 für <{folder}/artifact.1>, a@b.c"
    assert Path(folder).name.startswith("blockc-native-")
    assert not Path(folder).exists()
    assert Path(package) == Path(blockc.__file__).parent


@pytest.mark.parametrize(
    ("script", "check", "reason"),
    [
        ("exit 0", {}, None),
        ("echo read 2 entries", {}, None),
        ("exit 6", {"success_codes": (0, 6)}, None),
        ("echo nothing to warn of", {"warning": "[warn"}, None),
        ("exit 0", {"success_codes": (6,)}, "exit code 0"),
        ("exit 3", {}, "exit code 3"),
        ("echo on stdout; echo on stderr >&2; exit 3", {}, "on stdout\non stderr"),
        ("echo '[WARN] twice'", {"warning": "[warn"}, "[WARN] twice"),
        ("echo '[warn] twice'", {"warning": "[Warn"}, "[warn] twice"),
        ("printf '\\377 is no text'; exit 1", {}, "\ufffd is no text"),
    ],
)
def test_a_program_is_content_with_its_exit_code_and_without_a_warning(
    programs: Path, script: str, check: Mapping[str, object], reason: str | None
) -> None:
    outcome = asked_of(programs, script, **check)
    if reason is None:
        assert outcome == NativeOutcome(NativeAnswer.ACCEPTED, "")
    else:
        assert outcome == NativeOutcome(NativeAnswer.REFUSED, reason)


def test_a_program_that_does_not_end_is_given_up(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "TIMEOUT_SECONDS", 0.05)
    outcome = asked_of(programs, "exec sleep 5")
    assert outcome == NativeOutcome(NativeAnswer.REFUSED, "no answer in 0.05 seconds")


def test_a_program_cannot_take_what_blockc_is_given_on_its_standard_input(programs: Path) -> None:
    ours, theirs = os.pipe()
    before = os.dup(0)
    os.dup2(ours, 0)
    try:
        os.write(theirs, b"a list\n")
        os.close(theirs)
        outcome = asked_of(programs, "cat; exit 1")
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(ours)
    assert outcome.reason == "exit code 1"


def test_a_program_that_touches_the_kernel_runs_in_a_network_namespace(programs: Path) -> None:
    install(programs, "unshare", '[ "$1" = --net ] && shift && APART=yes exec "$@"')
    outcome = asked_of(programs, 'echo "apart: $APART"; exit 1', namespace=True)
    assert outcome.reason == "apart: yes"
    assert asked_of(programs, 'echo "apart: $APART"; exit 1').reason == "apart:"
    install(programs, "unshare", "exit 1")
    outcome = asked_of(programs, "exit 1", namespace=True)
    assert outcome.answer is NativeAnswer.SKIPPED
    assert outcome.reason == "reader needs a network namespace, which only root may make"
    assert asked_of(programs, "exit 0").answer is NativeAnswer.ACCEPTED


def test_a_program_that_is_needed_only_for_a_namespace_is_named_when_it_is_missing(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(native, "_PATH", f"{programs}")
    outcome = asked_of(programs, "exit 0", namespace=True)
    assert outcome == NativeOutcome(NativeAnswer.SKIPPED, "unshare is not installed")
    assert asked_of(programs, "exit 0").answer is NativeAnswer.ACCEPTED


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
        assert re.search("MaxMind DB file|cut off|bpf obj get", outcome.reason)
        return
    broken = changed(texts[0], *BROKEN.get(target.name, ("192.0.2.0", WRONG)))

    assert try_natively(target, texts, settled(target)).answer is NativeAnswer.ACCEPTED
    outcome = try_natively(target, (broken, *texts[1:]), settled(target))
    assert outcome.answer is NativeAnswer.REFUSED
    assert re.search(rf"{re.escape(WRONG)}|artifact\.0:[0-9]+:|Too wide mask", outcome.reason)


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
    mine = {"variable": "mine", "source": "remote_addr"}
    assert try_natively(NGINX_GEO, artifact, mine).answer is NativeAnswer.ACCEPTED
    outcome = try_natively(NGINX_GEO, artifact, mine | {"variable": "other"})
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


@pytest.mark.real
@pytest.mark.parametrize("source", ["real_client", "proxy_protocol_addr"])
@pytest.mark.parametrize("upstream", [None, "$pool", "$remote_addr", "pool"])
def test_nginx_takes_variables_that_the_operator_defines_and_its_own(
    source: str, upstream: str | None
) -> None:
    target = NGINX_STREAM if upstream else NGINX_GEO
    if missing(target):
        absent(missing(target))
    given = {"source": source} | ({"upstream": upstream} if upstream else {})
    options = {**settled(target), **given}
    outcome = try_natively(target, written(target, EDGES["ipv4 only"], given), options)
    assert outcome == NativeOutcome(NativeAnswer.ACCEPTED)
    other = changed(written(target, EDGES["ipv4 only"], given)[0], f"geo ${source}", "geo $nobody")
    assert 'unknown "nobody" variable' in try_natively(target, (other,), options).reason


@pytest.mark.real
def test_nginx_takes_an_own_variable_in_front_of_the_answer_of_a_server() -> None:
    if missing(NGINX_GEO):
        absent(missing(NGINX_GEO))
    native = NGINX_GEO.responses.native
    assert native
    given = {"variable": "mine", "source": "real_client"}
    (geo,) = written(NGINX_GEO, EDGES["ipv4 only"], given)
    server = ArtifactFile("x.server.conf", b"if ($mine) { return 451; }\n")
    answering = replace(NGINX_GEO, native=native)
    outcome = try_natively(answering, (geo, server), given)
    assert outcome == NativeOutcome(NativeAnswer.ACCEPTED)
    wrong = changed(server, "$mine", "$other")
    assert 'unknown "other" variable' in try_natively(answering, (geo, wrong), given).reason
