"""What an operator can name and blockc cannot read: a message with its place, and exit code 2."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from blockc.fetch.store.parsed import Store
from blockc.storage import local
from tests.cli.conftest import Blockc
from tests.cli.toy import POLICY, shell, shown, write_policy

DIGITS = "9" * 5000


def in_block(selector: str) -> str:
    return POLICY.replace('"BR"', f'"{selector}"')


def included(name: str) -> str:
    return POLICY.replace("version = 1\n", f'version = 1\ninclude = ["{name}"]\n')


def with_option(line: str) -> str:
    return f"{POLICY}{line}\n"


@pytest.fixture
def build(blockc: Blockc, tmp_path: Path, registries: Path) -> Callable[[str], str]:
    """Return a function that builds a policy, which must fail, and gives back what it says."""

    def call(text: str) -> str:
        policy = write_policy(tmp_path, text)
        words = ("-f", policy, "--from", registries, "-o", tmp_path / "out")
        done = blockc("build", *words, "--as-of", "2026-11-23")
        assert done.code == 2, done.err
        assert "Traceback" not in done.err
        assert max(map(len, done.err.splitlines())) < 400
        return done.err.replace(f"{tmp_path}/", "")

    return call


@pytest.mark.parametrize("name", ["pipe", "/dev/zero"])
@pytest.mark.parametrize(
    ("text", "place"),
    [
        (lambda name: in_block(f"file:{name}"), "blockc.toml:5:22"),
        (included, "blockc.toml:2:13"),
        (lambda name: with_option(f'template = "{name}"'), "blockc.toml:17:13"),
    ],
)
def test_what_is_not_a_regular_file_is_told_where_it_is_named(
    build: Callable[[str], str],
    tmp_path: Path,
    name: str,
    text: Callable[[str], str],
    place: str,
) -> None:
    os.mkfifo(tmp_path / "pipe")
    what = "a pipe" if name == "pipe" else "a device"
    said = f"{place}: cannot read {name}: it is {what} and not a regular file; write what it gives"
    assert said in build(text(name))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("groups/x.toml", "groups/x.toml: cannot read these groups: it is a pipe"),
        ("sources/x.toml", "sources/x.toml: cannot read this source: it is a pipe"),
    ],
)
def test_definitions_are_regular_files(
    build: Callable[[str], str], tmp_path: Path, path: str, said: str
) -> None:
    (tmp_path / path).parent.mkdir()
    os.mkfifo(tmp_path / path)
    assert said in build(POLICY)


def test_a_policy_a_lock_and_a_registry_are_regular_files(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    policy = write_policy(tmp_path)
    os.mkfifo(tmp_path / "blockc.lock")
    done = blockc("build", "-f", policy)
    assert (done.code, "cannot read the lock: it is a pipe" in done.err) == (2, True)
    done = blockc("build", "-f", tmp_path / "blockc.lock", "--sample")
    assert (done.code, "blockc.lock: it is a pipe" in done.err) == (2, True)
    one = registries / "delegated-apnic-extended-latest"
    one.unlink()
    os.mkfifo(one)
    for words in (("build", "-f", policy, "--from", registries), ("check", one)):
        done = blockc(*words)
        assert (done.code, "latest: cannot read this file: it is a pipe" in done.err) == (2, True)


@pytest.mark.parametrize(
    "text",
    [
        in_block(f"asn:{DIGITS}"),
        in_block(f"1.2.3.0/{DIGITS}"),
        in_block(DIGITS),
        with_option(f"max_entries = {DIGITS}"),
        with_option(f"max_entries = {'9' * 20}"),
        with_option(f"mu = {DIGITS}"),
        f"{POLICY}[guard]\nwidest_prefix.ipv4 = -{'9' * 23}\n",
    ],
)
def test_numbers_without_bounds_are_told_at_their_place(
    build: Callable[[str], str], text: str
) -> None:
    line = next(n for n, one in enumerate(text.splitlines(), 1) if "9" * 20 in one)
    said = build(text)
    assert f"blockc.toml:{line}:" in said
    assert "too large, expected one of at most 64 bits" in said or "characters, expected" in said


def test_includes_have_a_greatest_depth(build: Callable[[str], str], tmp_path: Path) -> None:
    for number in range(1500):
        text = f'version = 1\ninclude = ["{number + 1}.toml"]\n'
        (tmp_path / f"{number}.toml").write_text(text, encoding="utf-8")
    said = build(included("0.toml"))
    assert "18.toml:2:12: includes are more than 20 deep; include 19.toml from the first" in said


@pytest.mark.parametrize(
    "line", ["a = " + "[" * 3000 + "]" * 3000, ".".join("a" * 3000) + ' = "${x}"']
)
def test_tables_without_bounds_are_told(build: Callable[[str], str], line: str) -> None:
    assert "nested too deeply" in build(f"{line}\n{POLICY}")


@pytest.mark.parametrize("sealed", [False, True])
def test_a_store_that_was_cut_short_was_never_there(
    blockc: Blockc,
    words: tuple[object, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    sealed: bool,
) -> None:
    monkeypatch.setenv("BLOCKC_STORE", str(tmp_path / "store"))
    assert blockc(*words).code == 0
    right, store = shown(tmp_path / "dist"), Store.of()
    kept = [path for path in store.root.glob("records-*/??/*") if path.is_file()]
    assert len(kept) == 5
    for path in kept:
        kind, _, key = path.relative_to(store.root).parts
        half = path.read_bytes()[:1000]
        if sealed:
            store.put(kind, key, half)
        else:
            path.write_bytes(half)
    done = blockc(*words, "--rebuild")
    assert done.code == 0, done.err
    assert shown(tmp_path / "dist") == right


def test_aggregate_reads_pipes_and_devices() -> None:
    piped = shell("$blockc aggregate <(echo 10.0.0.0/9; echo 10.128.0.0/9) /dev/null")
    assert piped == (0, "10.0.0.0/8\n", "")


def test_what_has_no_end_is_told(blockc: Blockc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("blockc.cli.commands.aggregate.MAX_BYTES", 10_000)
    done = blockc("aggregate", "/dev/zero")
    assert done == (2, "", "blockc: cannot read /dev/zero: it holds more than 10,000 bytes\n")
    done = blockc("aggregate", stdin=b"10.0.0.0/9\n" * 1000)
    assert done == (2, "", "blockc: cannot read standard input: it holds more than 10,000 bytes\n")


@pytest.mark.parametrize(
    "words", [("lookup", "-"), ("verify", "--dump", "-", "--target", "nginx-geo")]
)
def test_standard_input_without_end_is_told(
    blockc: Blockc, monkeypatch: pytest.MonkeyPatch, project: Path, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr(local.read_stdin, "__defaults__", (10_000,))
    sample = ("--sample",) if words[0] == "lookup" else ()
    done = blockc("-f", project / "blockc.toml", *words, *sample, stdin=b"\0" * 10_001)
    assert done.code == 2
    assert "standard input" in done.err
    assert done.err.endswith("it holds more than 10,000 bytes\n")


@pytest.mark.parametrize("name", ["pipe", "/dev/zero"])
def test_an_archive_of_evidence_is_a_regular_file(
    blockc: Blockc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    what = "a pipe" if name == "pipe" else "a device"
    said = f"blockc: {name}: cannot be read: it is {what} and not a regular file; "
    done = blockc("evidence", "verify", name)
    assert (done.code, done.err.startswith(said)) == (2, True)
