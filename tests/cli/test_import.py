"""`blockc import`: what is written builds and blocks the same, and what is not read is named."""

import json
from pathlib import Path

import pytest

from blockc.addresses import AddrSet
from blockc.addresses.lines import read_spans
from tests.cli.conftest import Blockc
from tests.cli.toy import shown
from tests.targets.artifacts import prefixes

NGINX = "allow 1.0.1.7;\ndeny 1.0.1.0/24;\ndeny 10.0.0.0/8;\ndeny 10.1.0.0/16;\n"
LIST = "1.0.2.0/24\n2400:3200::/32\n"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Return a configuration of nginx and a plain list."""
    nginx, plain = tmp_path / "site.conf", tmp_path / "office list.txt"
    nginx.write_text(NGINX, encoding="utf-8")
    plain.write_text(LIST, encoding="utf-8")
    return nginx, plain


def listed(path: Path) -> AddrSet:
    """Return the addresses of a file."""
    return AddrSet.of_spans(read_spans(str(path), path.read_bytes()))


def test_what_is_imported_builds_and_blocks_the_same(
    blockc: Blockc, tmp_path: Path, files: tuple[Path, Path], registries: Path
) -> None:
    new = tmp_path / "new"
    done = blockc("import", *files, "-o", new, "--from", registries)
    assert done.code == 0, done.err
    assert "site.conf:4: 10.1.0.0/16 decides about no address" in done.out
    assert "special-purpose: all of 10.0.0.0/8 (private use) is blocked" in done.out
    assert sorted(shown(new)) == [
        "blockc.toml",
        "imported/office-list.txt",
        "imported/site.conf.txt",
    ]
    built = blockc("build", "-f", new / "blockc.toml", "-o", tmp_path / "dist")
    assert built.code == 0, built.err
    wanted = prefixes("1.0.1.0/24", "10.0.0.0/8", "1.0.2.0/24", "2400:3200::/32")
    wanted -= prefixes("1.0.1.7/32")
    assert listed(tmp_path / "dist" / "plain" / "imported.txt") == wanted
    again = tmp_path / "again"
    artifact = tmp_path / "dist" / "nginx-geo" / "imported.conf"
    assert blockc("import", artifact, "--as", "nginx-geo", "-o", again, "-q").code == 0
    assert listed(again / "imported" / "imported.conf.txt") == wanted


def test_the_report_says_where_what_is_blocked_is_registered(
    blockc: Blockc, tmp_path: Path, files: tuple[Path, Path], registries: Path
) -> None:
    words = ("import", *files, "--dry-run", "--json", "--from", registries)
    report = json.loads(blockc(*words).out)
    assert report["countries"]["CN"] == {"ipv4": "511", "ipv6": str(1 << 96)}
    assert report["written"] == []
    assert not (tmp_path / "blockc.toml").exists()
    assert [one["guessed"] for one in report["files"]] == [True, True]
    assert report["files"][0]["dead"] == [{"line": 4, "text": "10.1.0.0/16"}]


def test_what_is_not_read_is_named_and_the_rest_is_written(blockc: Blockc, tmp_path: Path) -> None:
    rules = "-A INPUT -s 9.9.9.9/32 -p udp -j DROP\n-A INPUT -s 8.8.8.8/32 -j DROP\n"
    done = blockc("import", "-", "-o", tmp_path, stdin=rules.encode())
    assert done.code == 1
    assert "warning: stdin:1: not read: -A INPUT -s 9.9.9.9/32 -p udp -j DROP" in done.err
    assert "no data of the registries" in done.err
    assert listed(tmp_path / "imported" / "stdin.txt") == prefixes("8.8.8.8/32")


def test_what_is_protected_and_blocked_today_is_said_and_spared_from_now_on(
    blockc: Blockc, tmp_path: Path, files: tuple[Path, Path]
) -> None:
    own = tmp_path / "own.txt"
    own.write_text("1.0.1.128/25\n", encoding="utf-8")
    new = tmp_path / "new"
    done = blockc("import", files[0], "--protect", own, "-o", new)
    assert done.code == 0
    assert "protected and blocked today: 128 ipv4 addresses, first 1.0.1.128/25" in done.err
    assert blockc("build", "-f", new / "blockc.toml", "-o", tmp_path / "dist").code == 0
    text = (tmp_path / "dist" / "nginx-geo" / "imported.conf").read_text("utf-8")
    assert "1.0.1.128" not in text


POLICY = """\
version = 1

[list.far]
block = ["1.0.0.0/16"]
except = ["1.0.1.64/26", "9.9.9.9"]

[list.staff]
allow = ["10.1.0.0/16"]

[protect]
never_block = ["1.0.1.0/28", "192.0.2.0/24"]
"""


def test_what_a_policy_spares_and_a_file_blocks_is_said_by_who_spares_it(
    blockc: Blockc, tmp_path: Path, files: tuple[Path, Path]
) -> None:
    ours = tmp_path / "ours.toml"
    ours.write_text(POLICY, encoding="utf-8")
    done = blockc("import", files[0], "-f", ours, "-o", tmp_path / "new")
    assert done.code == 0, done.err
    for said in (
        "protected and blocked today: 15 ipv4 addresses, first 1.0.1.0/30",
        "an exception of list 'far' and blocked today: 64 ipv4 addresses, first 1.0.1.64/26",
        "allowed by list 'staff' and blocked today: 65,536 ipv4 addresses, first 10.1.0.0/16",
    ):
        assert said in done.err
    spared = tmp_path / "new" / "imported" / "protect-ours.toml.txt"
    assert listed(spared) == prefixes("1.0.1.0/28", "192.0.2.0/24")
    report = json.loads(blockc("import", files[0], "-f", ours, "--dry-run", "--json").out)
    assert {who: one["ipv4"]["addresses"] for who, one in report["spared"].items()} == {
        "an exception of list 'far'": "64",
        "allowed by list 'staff'": "65536",
    }


def test_a_policy_that_is_not_named_is_not_compared_with(
    blockc: Blockc, tmp_path: Path, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "blockc.toml").write_text(POLICY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    report = json.loads(blockc("import", files[0], "--dry-run", "--json").out)
    assert report["spared"] == {}
    report = json.loads(blockc("import", files[0], "-f", "blockc.toml", "--dry-run", "--json").out)
    assert len(report["spared"]) == 2


def test_a_list_of_who_may_come_becomes_a_policy_that_allows(
    blockc: Blockc, tmp_path: Path
) -> None:
    rules = b"allow 192.0.2.0/24;\ndeny all;\n"
    done = blockc("import", "-", "-o", tmp_path, stdin=rules)
    assert done.code == 0, done.err
    assert "nearly everybody is blocked: the policy names who is allowed" in done.out
    assert listed(tmp_path / "imported" / "allowed.txt") == prefixes("192.0.2.0/24")
    assert 'allow = ["file:imported/allowed.txt"]' in (tmp_path / "blockc.toml").read_text("utf-8")
    built = blockc("build", "-f", tmp_path / "blockc.toml", "-o", tmp_path / "dist")
    assert built.code == 0, built.err


def test_wide_prefixes_that_are_blocked_today_may_be_blocked_by_the_policy(
    blockc: Blockc, tmp_path: Path
) -> None:
    assert blockc("import", "-", "-o", tmp_path, stdin=b"deny 4.0.0.0/6;\n").code == 0
    built = blockc("build", "-f", tmp_path / "blockc.toml", "-o", tmp_path / "dist")
    assert built.code == 0, built.err


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (b"dear all\n", 3, "in no form that blockc knows"),
        (b"", 3, "blocks nobody"),
        (b"allow 192.0.2.1;\n", 3, "blocks nobody"),
    ],
)
def test_what_blocks_nobody_is_refused_and_nothing_is_written(
    blockc: Blockc, tmp_path: Path, text: bytes, code: int, said: str
) -> None:
    done = blockc("import", "-", "-o", tmp_path, stdin=text)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert not [*tmp_path.iterdir()]


def test_nothing_is_overwritten_unless_it_is_forced(
    blockc: Blockc, tmp_path: Path, files: tuple[Path, Path]
) -> None:
    (tmp_path / "blockc.toml").write_bytes(b"mine")
    done = blockc("import", files[0], "-o", tmp_path)
    assert (done.code, done.out) == (2, "")
    assert f"{tmp_path}/blockc.toml is in the way" in done.err
    assert (tmp_path / "blockc.toml").read_bytes() == b"mine"
    assert blockc("import", files[0], "-o", tmp_path, "--force").code == 0


def test_two_files_of_one_name_do_not_overwrite_each_other(blockc: Blockc, tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "x.txt").write_text(f"192.0.{number}.0/24\n", encoding="utf-8")
    (tmp_path / "2" / "x.txt").rename(tmp_path / "2" / "X.txt")  # one name, where case is ignored
    words = (tmp_path / "1" / "x.txt", tmp_path / "2" / "X.txt")
    assert blockc("import", *words, "-o", tmp_path / "new").code == 0
    folder = tmp_path / "new" / "imported"
    assert listed(folder / "x.txt") == prefixes("192.0.1.0/24")
    assert listed(folder / "X-2.txt") == prefixes("192.0.2.0/24")
