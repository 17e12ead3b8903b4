"""Answers that were kept say what is said without them, and nothing when anything has changed."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import time_machine

from blockc.fetch.store.parsed import Store
from blockc.workspace.lookup.kept import KIND, KeptAnswers
from blockc.workspace.project import Project
from tests.cli.conftest import Blockc
from tests.cli.test_lookup import POLICY
from tests.cli.test_lookup import words as lookup_words
from tests.cli.toy import EXAMPLE, Done, environ, write_policy

Words = tuple[object, ...]
words = lookup_words  # a fixture

#: At and around every boundary of the small world, plain and in other ways.
ADDRESSES = (
    "0.0.0.1", "1.0.0.255", "1.0.1.0", "1.0.1.7", "1.0.2.127", "1.0.2.128", "1.0.2.255", "1.0.3.0",
    "1.0.3.15", "1.0.3.16", "1.0.4.0", "2.0.0.1", "2.16.2.255", "2.16.3.0", "3.1.2.3", "3.1.2.5",
    "41.0.0.1", "177.1.2.3", "255.255.255.255", "::", "2001:660::1", "2001:0660:0:0::ff",
    "2400:3200::", "2400:3200:FFFF:ffff:ffff:ffff:ffff:ffff", "2400:3201::", "::ffff:1.0.1.7",
    "::ffff:100:107", "ffff::",
)  # fmt: skip


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, blockc: Blockc) -> Blockc:
    """Return blockc without anything that was kept."""

    def call(*given: object, stdin: bytes = b"") -> Done:
        with monkeypatch.context() as patch:
            patch.setattr(KeptAnswers, "of", lambda _: None)
            return blockc(*given, stdin=stdin)

    return call


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, blockc: Blockc) -> Callable[..., tuple[Done, bool]]:
    """Return blockc that also tells whether the policy was not even read."""

    def call(*given: object) -> tuple[Done, bool]:
        read, on = [], Project.on

        def reading(self: Project, *args: object, **more: object) -> object:
            read.append(self)
            return on(self, *args, **more)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(Project, "on", reading)
            return blockc(*given), not read

    return call


Quick = Callable[..., tuple[Done, bool]]


@pytest.mark.parametrize("way", [(), ("--json", "--list", "near")], ids=str)
def test_what_was_kept_says_what_is_said_without_it(
    slow: Blockc, quick: Quick, words: Words, way: Words
) -> None:
    told = {one: slow("lookup", *words, *way, one) for one in ADDRESSES}
    kept = {one: quick("lookup", *words, *way, one) for one in ADDRESSES}
    assert {one: done for one, (done, _) in kept.items()} == told
    without = [one for one, (_, unread) in kept.items() if not unread]
    # an exception that has ended, rows of a file, and IPv4 in the clothes of IPv6
    assert without == ["1.0.1.7", "3.1.2.3", "3.1.2.5", "::ffff:1.0.1.7", "::ffff:100:107"]


def test_several_addresses_and_the_exit_code_are_answered_alike(
    slow: Blockc, quick: Quick, words: Words
) -> None:
    for asked in (("1.0.3.16", "177.1.2.3"), ("1.0.3.16", "2.0.0.1"), ("2.0.0.1",)):
        told = slow("lookup", *words, *asked, "--exit-code")
        assert quick("lookup", *words, *asked, "--exit-code") == (told, True)


def test_many_addresses_are_laid_out_alike_each_time(quick: Quick, words: Words) -> None:
    asked = ("1.0.3.16",) * 1_000
    told, _ = quick("lookup", *words, "--json", *asked)
    assert told.out.count("\n") == 1
    assert quick("lookup", *words, "--json", *asked)[0] == told


def test_what_is_no_address_or_no_list_is_refused_as_ever(
    slow: Blockc, quick: Quick, words: Words
) -> None:
    slow("lookup", *words, "1.0.1.8")
    for asked in (("1.0.1.256",), ("01.0.1.8",), ("1.0.1.8", "x"), ("1.0.1.8", "--list", "no")):
        done, _ = quick("lookup", *words, *asked)
        assert done == slow("lookup", *words, *asked)
        assert done.code == 2, asked


def _policy(root: Path) -> None:
    write_policy(root, POLICY.replace('block = ["CN"', 'block = ["AU"'))


def _file(root: Path) -> None:
    (root / "bad.txt").write_text("1.0.3.0/24\n", encoding="utf-8")


def _group(root: Path) -> None:
    path = root / "groups" / "own.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"BR"', '"AU"'), encoding="utf-8")


def _registry(root: Path) -> None:
    path = root / "registries" / "delegated-apnic-extended-latest"
    path.write_text(path.read_text(encoding="utf-8").replace("|CN|", "|JP|"), encoding="utf-8")


def _artifact(root: Path) -> None:
    path = root / "dist" / "nginx" / "far.conf"
    path.write_text(
        path.read_text(encoding="utf-8").replace("1.0.0.0/22 1", "1.0.2.0/23 1"), "utf-8"
    )


def _no_artifact(root: Path) -> None:
    (root / "dist" / ".generations" / "live" / "nginx" / "far.conf").unlink()


def _no_dist(root: Path) -> None:
    (root / "dist").rename(root / "gone")


@pytest.mark.parametrize(
    "change", [_policy, _file, _group, _registry, _artifact, _no_artifact, _no_dist]
)
def test_whatever_changes_is_told_at_once(
    slow: Blockc, quick: Quick, words: Words, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    asked = "177.1.2.3" if change is _group else "1.0.3.16"
    before = slow("lookup", *words, asked)
    assert quick("lookup", *words, asked) == (before, True)
    change(tmp_path)
    after, _ = quick("lookup", *words, asked)
    assert after == slow("lookup", *words, asked)
    assert after != before


def test_where_no_artifact_was_looked_at_none_is_said_to_have_no_line(
    slow: Blockc, quick: Quick, words: Words
) -> None:
    without = quick("lookup", *words, "1.0.3.16", "--no-artifacts")
    assert without == (slow("lookup", *words, "1.0.3.16", "--no-artifacts"), False)
    told = slow("lookup", *words, "1.0.3.16")
    assert "nginx/far.conf" in told.out
    slow("lookup", *words, "1.0.3.16", "--no-artifacts")  # is kept in its place
    assert quick("lookup", *words, "1.0.3.16") == (told, False)
    assert quick("lookup", *words, "1.0.3.16") == (told, True)
    assert quick("lookup", *words, "1.0.3.16", "--no-artifacts") == (without[0], True)


def test_what_is_published_after_a_lookup_is_named_by_the_next(
    slow: Blockc, quick: Quick, words: Words, tmp_path: Path
) -> None:
    _no_dist(tmp_path)
    before = slow("lookup", *words, "1.0.3.16")
    assert quick("lookup", *words, "1.0.3.16") == (before, True)
    (tmp_path / "gone").rename(tmp_path / "dist")
    done, unread = quick("lookup", *words, "1.0.3.16")
    assert "nginx/far.conf" in done.out
    assert (done, unread) == (slow("lookup", *words, "1.0.3.16"), False)


def test_another_day_is_another_answer(slow: Blockc, quick: Quick, words: Words) -> None:
    now = [one for one in words if one not in ("--as-of", "2026-11-23")]
    said = []
    for day in ("2026-11-23 10:00Z", "2026-11-23 20:00Z", "2026-11-24 00:00Z", "2027-02-01 00:00Z"):
        with time_machine.travel(day, tick=False):
            done, unread = quick("lookup", *now, "1.0.3.16")
            assert done == slow("lookup", *now, "1.0.3.16")
            said.append((unread, done.out))
    assert [unread for unread, _ in said] == [False, True, False, False]
    assert len({out for _, out in said}) == 3


def test_what_countries_another_day_blocks_is_not_said_of_today(
    blockc: Blockc, slow: Blockc, quick: Quick, words: Words, tmp_path: Path
) -> None:
    begins = 'stages = [{ from = 2027-01-01, action = "block" }]'
    lists = f'[list.far]\nblock = ["CN", "BR"]\n{begins}\n'
    write_policy(tmp_path, "version = 1\n" + lists + OUTPUT.format("aws-wafv2-geo", "x/geo"))
    shutil.rmtree(tmp_path / "dist", ignore_errors=True)
    built = blockc("build", *words, "--publish-as-of", "-q")
    assert built.code == 0, built.err
    now = [one for one in words if one not in ("--as-of", "2026-11-23")]
    with time_machine.travel("2026-11-23 10:00Z", tick=False):
        told = slow("lookup", *now, "1.0.3.16")
        assert slow("lookup", *now, "--as-of", "2027-02-01", "1.0.3.16").out != told.out
        assert quick("lookup", *now, "1.0.3.16") == (told, True)


def test_what_was_changed_in_the_store_is_not_believed(
    slow: Blockc,
    quick: Quick,
    words: Words,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BLOCKC_STORE", str(tmp_path / "store"))
    both = ("1.0.3.16", "2001:660::1")
    told = slow("lookup", *words, *both)
    entries = sorted((Store.of().root / KIND).rglob("??/*"))
    assert len(entries) == 3  # what all share, and each family
    for path in entries:
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        assert quick("lookup", *words, *both) == (told, False)
        assert quick("lookup", *words, *both) == (told, True)


def test_a_store_in_another_place_says_nothing_about_the_files_of_the_old_one(
    slow: Blockc, quick: Quick, words: Words, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "store", tmp_path / "mounted"
    monkeypatch.setenv("BLOCKC_STORE", str(old))
    told = slow("lookup", *words, "1.0.3.16")
    shutil.copytree(old, new)
    monkeypatch.setenv("BLOCKC_STORE", str(new))
    assert quick("lookup", *words, "1.0.3.16") == (told, False)
    assert quick("lookup", *words, "1.0.3.16") == (told, True)


def test_from_a_folder_that_was_removed_it_is_answered_too(
    slow: Blockc, blockc: Blockc, words: Words, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = slow("lookup", *words, "1.0.3.16")
    (tmp_path / "removed").mkdir()
    monkeypatch.chdir(tmp_path / "removed")
    (tmp_path / "removed").rmdir()
    for _ in range(2):
        assert blockc("lookup", *words, "1.0.3.16") == told


def test_a_family_of_another_day_is_not_mixed_with_the_rest(
    slow: Blockc,
    quick: Quick,
    words: Words,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BLOCKC_STORE", str(tmp_path / "store"))
    slow("lookup", *words, "1.0.3.16")
    entries = sorted((Store.of().root / KIND).rglob("??/*"))
    old = {path: path.read_bytes() for path in entries}
    _policy(tmp_path)
    told = slow("lookup", *words, "1.0.3.16")
    head = next(path for path in entries if path.read_bytes().startswith(b"{"))
    for path in entries:
        if path != head:
            path.write_bytes(old[path])
    assert quick("lookup", *words, "1.0.3.16") == (told, False)


def test_a_kept_answer_waits_for_nothing_that_computes(words: Words, tmp_path: Path) -> None:
    idle = ("numpy", "rich", "tree_sitter", "blockc.workspace.project", "blockc.policy.model")
    code = (
        "import sys\nfrom blockc.cli.main import run\n"
        "assert run(sys.argv[1:]) == 0\n"
        f"print([name for name in {idle!r} if name in sys.modules], file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, "lookup", *map(str, words), "1.0.3.16"]
    ours = environ(BLOCKC_STORE=str(tmp_path / "kept"))
    runs = [
        subprocess.run(command, env=ours, capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert "numpy" in runs[0].stderr
    assert runs[1].stderr.splitlines()[-1] == "[]"
    assert runs[0].stdout == runs[1].stdout


def test_a_refresh_keeps_the_answers_of_its_day(
    blockc: Blockc, slow: Blockc, quick: Quick, words: Words, tmp_path: Path
) -> None:
    ended = '    { prefix = "1.0.1.7", owner = "ops", reason = "probe", until = 2026-11-01 },\n'
    assert ended in POLICY
    write_policy(tmp_path, POLICY.replace('must_block = ["1.0.3.1"]\n', "").replace(ended, ""))
    now = [one for one in words if one not in ("--as-of", "2026-11-23")]
    with time_machine.travel("2026-11-23 02:00Z", tick=False):
        night = blockc("refresh", *now, "-o", tmp_path / "dist", "-q")
        assert night.code == 0, night.err
    with time_machine.travel("2026-11-23 09:00Z", tick=False):
        for asked in ("1.0.1.9", "177.1.2.3", "9.9.9.9", "2400:3200::1"):
            done, unread = quick("lookup", *now, "-o", tmp_path / "dist", asked)
            assert unread, asked
            assert done == slow("lookup", *now, "-o", tmp_path / "dist", asked)


OUTPUT = '[[output]]\nlist = "far"\ntarget = "{}"\npath = "{}"\nresponse = "none"\n'


def test_files_without_lines_and_countries_by_their_codes_are_answered_alike(
    blockc: Blockc, slow: Blockc, quick: Quick, words: Words, tmp_path: Path
) -> None:
    targets = ("matcher", "mmdb", "parquet", "fastly-vcl", "aws-wafv2-geo", "rpz")
    lists = '[list.far]\nblock = ["CN", "BR"]\nallow_empty = true\n'
    for target in targets:
        write_policy(tmp_path, "version = 1\n" + lists + OUTPUT.format(target, f"x/{target}"))
        shutil.rmtree(tmp_path / "dist", ignore_errors=True)
        built = blockc("build", *words, "--publish-as-of", "-q")
        assert built.code == 0, built.err
        for asked in ("1.0.1.9", "9.9.9.9", "2400:3200::1"):
            told = slow("lookup", *words, "--json", asked)
            assert f'"target": "{target}"' in told.out
            done, unread = quick("lookup", *words, "--json", asked)
            assert done == told
            assert unread is (target != "rpz" or asked == "9.9.9.9"), (target, asked)


def test_real_registries_and_all_targets_of_the_example_are_answered_alike(
    blockc: Blockc, slow: Blockc, quick: Quick, tmp_path: Path
) -> None:
    options = ("-f", EXAMPLE, "--sample", "-o", tmp_path / "dist")
    assert blockc("build", *options, "-q").code == 0
    asked = ("1.0.1.9", "1.2.4.9", "175.45.176.1", "5.8.0.1", "2001:250::1")
    told = [slow("lookup", *options, "--json", one) for one in asked]
    kept = [quick("lookup", *options, "--json", one) for one in asked]
    assert kept == [(done, True) for done in told]
    beside = slow("lookup", *options, "203.0.113.9")  # a row of a file of never_block
    assert quick("lookup", *options, "203.0.113.9") == (beside, False)
