"""How the tests of the command line call it: in this process, or as a program of its own."""

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from blockc.cli.main import run
from tests.cli.toy import Done, write_policy, write_registries

Blockc = Callable[..., Done]


@pytest.fixture
def blockc(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Blockc:
    """Return a function that runs blockc in this process with the words it is given."""

    def call(*words: object, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capsysbinary.readouterr()
        code = run([str(word) for word in words])
        out, err = capsysbinary.readouterr()
        return Done(code, out.decode(), err.decode())

    return call


def accepted(blockc: Blockc, *words: object) -> Done:
    """Return how a build ends that the guard refuses, once it was approved."""
    refused = blockc(*words)
    assert refused.code == 4, refused.err
    (digest,) = set(re.findall("--accept ([0-9a-f]{12}) --by", refused.err))
    return blockc(*words, "--accept", digest, "--by", "ops", "--reason", "meant")


@pytest.fixture
def registries(tmp_path: Path) -> Path:
    """Return a folder with five small delegation files."""
    return write_registries(tmp_path / "registries")


@pytest.fixture
def project(blockc: Blockc, tmp_path: Path) -> Path:
    """Return the folder of a new project, by `blockc init`, that blocks China and Brazil."""
    folder = tmp_path / "project"
    assert blockc("init", folder, "--country", "CN", "--country", "BR").code == 0
    return folder


@pytest.fixture
def words(tmp_path: Path, registries: Path) -> tuple[object, ...]:
    """Return a command that builds the small policy into `tmp_path / "dist"`."""
    policy, dist = write_policy(tmp_path), tmp_path / "dist"
    return ("build", "-f", policy, "--from", registries, "-o", dist, "--as-of", "2026-11-23")
