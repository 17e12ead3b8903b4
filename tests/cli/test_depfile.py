"""`--depfile`: make builds again exactly when something that was read has changed."""

import os
import subprocess
from pathlib import Path

import pytest

from blockc.cli.commands.build import depfile_text
from blockc.errors import UsageError
from blockc.vocabulary import RIRS
from tests.cli.conftest import Blockc
from tests.cli.test_update import define, publish
from tests.cli.toy import POLICY, write_policy
from tests.support.faulty_server import FaultyServer
from tests.support.machine import require_program

OLD, BUILT, NEW = 1_000_000_000, 1_200_000_000, 1_500_000_000
STRANGE = [
    "a b", "a  b", "a#b", "a:b", "a%b", "%", "a*b", "a?b", "a[b]", "~a", "a~b", "a|b", "|", "a$b",
    "$(a)b", "a\\b", "a\\ b", "a\\\\ b", "a\\#b", "a\\:b", "a&b", "a'b", 'a"b', "a(b)c", "(", "ü",
    "a!b", "a`b", "a,b", "{a}", "a+b", "-a", "a@b",
]  # fmt: skip
IMPOSSIBLE = ["a=b", "a;b", "a\nb", "a\\", "a(b)", "a\rb", "a\tb"]


def make(folder: Path) -> bool:
    """Run make in `folder` and return whether it ran the recipe."""
    command = [require_program("make"), "--file", "rules", "stamp"]
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    done = subprocess.run(
        command, cwd=folder, env=inherited, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return "built" in done.stdout


@pytest.mark.parametrize("name", STRANGE)
def test_make_understands_every_file_name(name: str, tmp_path: Path) -> None:
    rules = f"stamp:\n\t@echo built; touch -d @{BUILT} stamp\n-include deps\n"
    (tmp_path / "rules").write_text(rules, encoding="utf-8")
    (tmp_path / "deps").write_text(depfile_text("stamp", ["other", name]), encoding="utf-8")
    for path in (tmp_path / name, tmp_path / "other"):
        path.write_bytes(b"")
        os.utime(path, (OLD, OLD))
    assert make(tmp_path)
    assert not make(tmp_path)
    os.utime(tmp_path / name, (NEW, NEW))
    assert make(tmp_path)
    (tmp_path / name).unlink()
    assert make(tmp_path)


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_a_name_make_cannot_read_is_refused(name: str) -> None:
    for target, source in (("stamp", name), (name, "source")):
        with pytest.raises(UsageError, match="make cannot read the file name"):
            depfile_text(target, [source])


def test_everything_that_was_read_is_named(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    text = POLICY.replace('"1.0.2.128/25"', '"file:own.txt"')
    text = text.replace("version = 1", 'version = 1\ninclude = ["more.toml"]')
    text = text.replace('path = "far.txt"', 'path = "far.txt"\ntemplate = "own.j2"')
    policy = write_policy(tmp_path / "infra", text)
    (tmp_path / "infra" / "own.txt").write_bytes(b"1.0.2.128/25\n")
    (tmp_path / "infra" / "more.toml").write_bytes(b"version = 1\n")
    (tmp_path / "infra" / "own.j2").write_text(
        "{% for part in parts %}{% for text in part.texts %}\n{{ text }}\n{% endfor %}{% endfor %}",
        encoding="utf-8",
    )
    words = ("build", "-f", policy, "--from", registries, "-o", tmp_path / "dist")
    depfile = tmp_path / "deps" / "blockc.d"
    depfile.parent.mkdir()
    assert blockc(*words, "--depfile", depfile).code == 0
    rule, *rest = depfile.read_text(encoding="utf-8").split("\n\n")
    target, *sources = rule.replace("\\\n", "").split()
    assert target == f"{tmp_path}/dist/manifest.json:"
    ours = {path for path in sources if path.startswith(str(tmp_path))}
    names = ("blockc.toml", "more.toml", "own.txt", "own.j2")
    assert ours == {f"{tmp_path}/infra/{name}" for name in names} | set(
        map(str, registries.iterdir())
    )
    shipped = {Path(path).name for path in set(sources) - ours}
    assert {"__init__.py", "plain.txt.j2", "nginx-geo.conf.j2", "us-ofac.toml"} <= shipped
    assert sorted(line.strip() for line in rest) == sorted(f"{path}:" for path in sources)


def test_what_the_lock_says_stands_for_what_was_read_from_the_store(
    blockc: Blockc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLOCKC_STORE", str(tmp_path / "store"))
    policy, depfile = write_policy(tmp_path), tmp_path / "blockc.d"
    with FaultyServer().running() as server:
        for registry in RIRS:
            define(tmp_path, registry, f"{server.url}/{registry}")
            publish(server, registry, days_ago=1)
        assert blockc("update", "-f", policy).code == 0
    assert blockc("build", "-f", policy, "--depfile", depfile).code == 0
    named = depfile.read_text(encoding="utf-8").replace("\\\n", "").split("\n")[0].split()
    ours = {path for path in named[1:] if path.startswith(str(tmp_path))}
    own = {f"sources/{registry}.toml" for registry in RIRS}
    assert ours == {f"{tmp_path}/{name}" for name in {"blockc.toml", "blockc.lock", *own}}


def test_the_target_can_be_named_and_nothing_is_written_when_the_build_fails(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    policy, depfile = write_policy(tmp_path), tmp_path / "blockc.d"
    words = ("build", "-f", policy, "--from", registries, "--depfile", depfile)
    assert blockc(*words, "--depfile-target", "my stamp").code == 0
    assert depfile.read_text(encoding="utf-8").startswith("my\\ stamp: \\\n ")
    before = depfile.read_bytes()
    write_policy(tmp_path, "version = 2\n")
    assert blockc(*words).code == 2
    assert depfile.read_bytes() == before


def test_a_depfile_that_cannot_be_written_fails_before_anything_is_published(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    words = ("build", "-f", write_policy(tmp_path), "--from", registries)
    done = blockc(*words, "--depfile", tmp_path / "file" / "deps")
    assert (done.code, done.out) == (2, "")
    assert f"--depfile {tmp_path}/file/deps: there is no folder {tmp_path}/file; " in done.err
    (tmp_path / "taken").mkdir()
    done = blockc(*words, "--depfile", tmp_path / "taken")
    assert f"{tmp_path}/taken: cannot write this file" in done.err
    assert not (tmp_path / "dist").exists()
