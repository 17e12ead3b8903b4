"""`blockc verify`: every change to what was published is found, and the table says by what."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import time_machine

from blockc.fetch.folder import registry_files
from blockc.publish.generations import append_event
from tests.cli.conftest import Blockc
from tests.cli.toy import CHECKOUT, write_policy
from tests.test_bad_week import SOURCE

PAGE = CHECKOUT / "docs" / "verify.md"
POLICY = """\
version = 1

[list.far]
title = "Far away"
block = ["CN", "BR"]
except = ["1.0.2.128/25"]

[[output]]
list = "far"
target = "plain"
path = "far.txt"

[[output]]
list = "far"
target = "nftables"
path = "nft/far.nft"

[[output]]
list = "far"
target = "plain"
path = "zones/{country}.{family}.zone"
split_by = "country"

[[output]]
list = "far"
target = "aws-wafv2-ipset"
path = "aws/far.json"
max_entries = 2
when_over = "split"
"""


@pytest.fixture
def words(tmp_path: Path, registries: Path, blockc: Blockc) -> tuple[object, ...]:
    """Return how to verify a folder that has just been published."""
    policy, dist = write_policy(tmp_path, POLICY), tmp_path / "dist"
    options = ("-f", policy, "--from", registries, "--as-of", "2026-11-23", "-q")
    built = blockc("build", *options, "-o", dist)
    assert built.code == 0, built.err
    return ("verify", "-f", policy, dist)


def report(blockc: Blockc, *words: object) -> Any:
    done = blockc(*words, "--json")
    return json.loads(done.out) if done.out else done.err


def live(folder: Path) -> Path:
    """Return the generation that a folder shows."""
    return (folder / ".generations" / "live").resolve()


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path} does not hold {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def record_path(dist: Path) -> Path:
    return dist / ".generations" / "records" / f"{live(dist).name}.json"


def recorded_object(dist: Path, key: str) -> Path:
    record = json.loads(record_path(dist).read_bytes())
    found = record[key] if isinstance(record[key], str) else record[key][0]
    digest = found if isinstance(found, str) else found.get("sha256") or found["addresses"]
    return dist / ".generations" / "objects" / digest


def forge(dist: Path, path: str, old: str, new: str) -> None:
    """Change a file and everything that names its digest: the manifest and the record."""
    file, manifest = live(dist) / path, live(dist) / "manifest.json"
    before = sha256(file.read_bytes())
    rewrite(file, old, new)
    was = sha256(manifest.read_bytes())
    rewrite(manifest, before, sha256(file.read_bytes()))
    data = manifest.read_bytes()
    (dist / ".generations" / "objects" / sha256(data)).write_bytes(data)
    rewrite(record_path(dist), was, sha256(data))


def replace_link(dist: Path) -> None:
    (dist / "far.txt").unlink()
    (dist / "far.txt").write_text("1.2.3.4/32\n", encoding="utf-8")


FAR, NFT, LIST = "far.txt", "nft/far.nft", "manifest.json"
REMARK = ("1.0.1.0/24", "# seen\n1.0.1.0/24")
#: what is changed in a text -> the stages that find it, the file, and what is replaced by what
TEXTS = {
    "an entry is gone": ("digest, proof", FAR, "1.0.1.0/24\n", ""),
    "an entry is wider": ("digest, proof", FAR, "1.0.1.0/24", "1.0.0.0/23"),
    "an entry is added": ("digest, proof", FAR, "1.0.1.0/24\n", "1.0.1.0/24\n9.9.9.9/32\n"),
    "a remark is added, which says nothing": ("digest", FAR, *REMARK),
    "a count in the header": ("digest, proof", FAR, "4 entries", "3 entries"),
    "the hook of a packet filter": ("digest, proof", NFT, "hook prerouting", "hook input"),
    "what passes a packet filter": ("digest, proof", NFT, 'iif "lo" accept', ""),
    "an unknown word": ("digest, proof", NFT, "drop", "dorp"),
    "one part of several": ("digest, proof", "aws/far.1.ipv4.json", "/24", "/25"),
    "a fact in the manifest": ("manifest", LIST, '"sample": false', '"sample": true'),
    "a digest in the manifest": ("manifest", LIST, '"sha256": "', '"sha256": "0'),
    "the spelling of the manifest": ("manifest", LIST, "{", "{ "),
    "the manifest is not JSON": ("manifest", LIST, "{", ""),
}


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


def copy(path: Path, other: Path) -> None:
    path.write_bytes(other.read_bytes())


#: any other change -> the stages that find it, and how it is made
CHANGES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a file is cut": ("digest, proof", lambda d: cut(d / FAR, -9)),
    "a file is empty": ("digest, proof", lambda d: cut(d / FAR, 0)),
    "the file of a country is that of another": (
        "digest, proof",
        lambda d: copy(d / "zones/CN.ipv4.zone", d / "zones/BR.ipv4.zone"),
    ),
    "a file is gone": ("digest", lambda d: (live(d) / FAR).unlink()),
    "a file that nobody made": ("digest", lambda d: (live(d) / "zones/XX").write_bytes(b"")),
    "a link at the top is a file": ("links", replace_link),
    "a link at the top is gone": ("links", lambda d: (d / "zones").unlink()),
    "the manifest is gone": ("digest", lambda d: (live(d) / LIST).unlink()),
    "an entry, and every digest of it": ("proof", lambda d: forge(d, FAR, "1.0.1.0/24\n", "")),
    "a remark, and every digest of it": ("bytes", lambda d: forge(d, FAR, *REMARK)),
    "the record is gone": ("record", lambda d: record_path(d).unlink()),
    "the record is cut": ("record", lambda d: cut(record_path(d), 99)),
    "a word of the record": (
        "record",
        lambda d: rewrite(record_path(d), '"allow_expired": false', '"allow_expired": 1'),
    ),
    "the recorded policy": ("record", lambda d: cut(recorded_object(d, "files"), 99)),
    "the recorded policy is gone": ("record", lambda d: recorded_object(d, "files").unlink()),
    "the recorded manifest": ("record", lambda d: cut(recorded_object(d, "manifest"), 99)),
    "the recorded addresses of a list": ("record", lambda d: cut(recorded_object(d, "lists"), 9)),
}
HEADS = "| change | found by |\n|---|---|\n"


def found_by(blockc: Blockc, words: tuple[object, ...]) -> str:
    """Return which stages find something, in their order."""
    done = blockc(*words, "--json")
    if done.code == 2:
        return "record"
    told = json.loads(done.out)
    stages = dict.fromkeys(one["stage"] for one in told["differences"])
    assert done.code == int(bool(stages))
    assert told["holds"] is not bool(stages)
    return ", ".join(stages) or ("nothing" if told["same_bytes"] else "bytes")


@pytest.mark.parametrize("change", TEXTS)
def test_every_change_to_a_text_that_is_published_is_found(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path, change: str
) -> None:
    stages, path, old, new = TEXTS[change]
    rewrite(tmp_path / "dist" / path, old, new)
    assert found_by(blockc, words) == stages


@pytest.mark.parametrize("change", CHANGES)
def test_every_other_change_to_what_is_published_is_found(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path, change: str
) -> None:
    stages, make = CHANGES[change]
    make(tmp_path / "dist")
    assert found_by(blockc, words) == stages


def lines_of(dist: Path, change: Callable[[list[str]], list[str]]) -> None:
    """Write the lines of a history anew."""
    path = dist / ".generations" / "history.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(change(lines)), encoding="utf-8")


PAST: dict[str, Callable[[Path], object]] = {
    "a word of the history": lambda dist: lines_of(
        dist, lambda lines: [lines[0].replace('"sample":false', '"sample":true'), *lines[1:]]
    ),
    "a line of the history is gone": lambda dist: lines_of(dist, lambda lines: lines[1:]),
    "a line of the history stands twice": lambda dist: lines_of(
        dist, lambda lines: [lines[0], *lines]
    ),
    "the end of the history is gone": lambda dist: lines_of(dist, lambda lines: lines[:-2]),
    "the history is cut within a line": lambda dist: lines_of(
        dist, lambda lines: [lines[0], lines[1][:-9]]
    ),
    "the history is gone": lambda dist: (dist / ".generations" / "history.jsonl").unlink(),
    "the record of a generation that the history names is gone": lambda dist: shutil.rmtree(
        dist / ".generations" / "records"
    ),
}


def rewrite_digest(path: Path) -> None:
    """Let a lock name other bytes of one registry."""
    text = path.read_text(encoding="utf-8")
    digest = re.findall("[0-9a-f]{64}", text)[0]
    path.write_text(text.replace(digest, sha256(b"others")), encoding="utf-8")


def cut_sources(store: Path) -> None:
    for path in (store / "raw").rglob("??/*"):
        cut(path, -1)


#: a change to a lock, of what is published or beside the policy -> what finds it, and the change
LOCKS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a digest in the recorded lock": (
        "record", lambda root: rewrite_digest(recorded_object(root / "dist", "lock")),
    ),
    "the recorded lock is gone": (
        "record", lambda root: recorded_object(root / "dist", "lock").unlink(),
    ),
    "a digest in the lock beside the policy": (
        "`build`", lambda root: rewrite_digest(root / "blockc.lock"),
    ),
    "the lock beside the policy is cut": ("`build`", lambda root: cut(root / "blockc.lock", -20)),
    "the lock beside the policy is gone": ("`build`", lambda root: (root / "blockc.lock").unlink()),
    "the bytes of a source in the store": (
        "`build`",
        lambda root: cut_sources(root / "store"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", LOCKS)
def test_every_change_to_a_lock_is_found(
    blockc: Blockc, registries: Path, tmp_path: Path, change: str
) -> None:
    (tmp_path / "sources").mkdir()
    for name, path in registry_files(registries).items():
        text = SOURCE.format(name=name).replace(f"upstream/{name}", f"registries/{path.name}")
        (tmp_path / "sources" / f"{name}.toml").write_text(text, encoding="utf-8")
    policy = ("-f", write_policy(tmp_path, POLICY), "--store", tmp_path / "store")
    with time_machine.travel("2026-11-21"):
        for verb in ("update", "build"):
            done = blockc(verb, *policy, "-q")
            assert done.code == 0, done.err
        stage, make = LOCKS[change]
        for path in (tmp_path / "store").iterdir():
            if path.name != "raw":
                shutil.rmtree(path)  # what was parsed would do in place of bytes that are gone
        for path in registries.iterdir():
            path.unlink()  # or they would be fetched again
        make(tmp_path)
        verify = ("verify", *policy, tmp_path / "dist")
        if stage == "record":
            assert found_by(blockc, verify) == stage
        else:
            done = blockc("build", *policy, "-q")
            assert done.code in (2, 3), done.err


def archive(path: Path, change: Callable[[dict[str, bytes]], object]) -> None:
    """Write the members of an archive anew."""
    with ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    change(members)
    with ZipFile(path, "w") as new:
        for name, data in members.items():
            new.writestr(name, data)


def first(members: dict[str, bytes], part: str) -> str:
    return next(name for name in members if part in name)


EVIDENCE: dict[str, Callable[[Path], object]] = {
    "a byte of a file in the evidence": lambda path: archive(
        path, lambda m: m.update({first(m, "far.txt"): m[first(m, "far.txt")] + b"\n"})
    ),
    "a file in the evidence is gone": lambda path: archive(
        path, lambda m: m.pop(first(m, "far.txt"))
    ),
    "a file in the evidence that nobody named": lambda path: archive(
        path, lambda m: m.update({"artifacts/more.txt": b""})
    ),
    "a word of the history in the evidence": lambda path: archive(
        path, lambda m: m.update({"history.jsonl": m["history.jsonl"].replace(b"block", b"blocc")})
    ),
    "the evidence is cut": lambda path: path.write_bytes(path.read_bytes()[:-100]),
}


@pytest.mark.parametrize("change", PAST)
def test_every_change_to_the_history_is_found(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path, change: str
) -> None:
    place = ("-f", words[2], "-o", tmp_path / "dist")
    # The last append is kept twice, and finished if it was cut: what is before it is not.
    append_event(tmp_path / "dist", "reloaded", {"outputs": {}, "by": "x"}, datetime.now(UTC))
    assert blockc("history", "verify", *place).code == 0
    PAST[change](tmp_path / "dist")
    assert blockc("history", "verify", *place).code == 1


@pytest.mark.parametrize("change", EVIDENCE)
def test_every_change_to_evidence_is_found(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path, change: str
) -> None:
    path = tmp_path / "evidence.zip"
    span = ("--from", "2000-01-01", "--to", "2100-01-01")
    made = blockc("evidence", "-f", words[2], "--published", tmp_path / "dist", *span, "-o", path)
    assert made.code == 0, made.err
    assert blockc("evidence", "verify", path).code == 0
    EVIDENCE[change](path)
    assert blockc("evidence", "verify", path).code in (1, 2)


def test_the_table_of_the_page_is_what_these_tests_expect(request: pytest.FixtureRequest) -> None:
    rows = [f"| {change} | {stages} |\n" for change, (stages, *_) in {**TEXTS, **CHANGES}.items()]
    rows += [f"| {change} | {stage} |\n" for change, (stage, _) in LOCKS.items()]
    rows += [f"| {change} | `history verify` |\n" for change in PAST]
    rows += [f"| {change} | `evidence verify` |\n" for change in EVIDENCE]
    page = PAGE.read_text(encoding="utf-8")
    text = page.partition(HEADS)[0] + HEADS + "".join(rows)
    if request.config.getoption("--update-golden"):
        PAGE.write_text(text, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == text


def test_what_was_just_published_holds(blockc: Blockc, words: tuple[object, ...]) -> None:
    done = blockc(*words)
    assert (done.code, done.err.split(": ")[-1]) == (0, "all is as it was made\n")
    assert "FAILS" not in done.out
    told = report(blockc, *words)
    assert (told["holds"], told["same_bytes"], told["differences"]) == (True, True, [])
    assert all(one["proved"] and one["slots"] for one in told["artifacts"])


def test_a_policy_that_changed_since_does_not_matter(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path
) -> None:
    write_policy(tmp_path, "version = 1\n[list.x]\nblock = ['world']\n")
    assert blockc(*words).code == 0


def test_what_differs_is_told_with_line_list_prefixes_and_what_it_should_be(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path
) -> None:
    path = tmp_path / "dist" / "far.txt"
    rewrite(path, "1.0.1.0/24\n", "1.0.0.0/23\n")
    rewrite(path, "177.0.0.0/12\n", "177.0.0.0/13\n")
    (_, proof) = report(blockc, *words)["differences"]
    line = path.read_text(encoding="utf-8").splitlines().index("1.0.0.0/23") + 1
    assert (proof["path"], proof["line"], proof["list"]) == (str(path), line, "far")
    assert "1.0.0.0/24 is blocked, the policy allows it" in proof["message"]
    assert proof["extra"]["ipv4"] == {"addresses": "256", "prefixes": ["1.0.0.0/24"]}
    assert proof["missing"]["ipv4"] == {"addresses": "524288", "prefixes": ["177.8.0.0/13"]}
    assert proof["other"]["ipv4"]["prefixes"] == []
    done = blockc(*words, "-q")
    assert done.code == 1
    assert "\n  missing: 524,288 ipv4 addresses: 177.8.0.0/13\n" in done.out
    assert "\n  too many: 256 ipv4 addresses: 1.0.0.0/24\n" in done.out


def test_nothing_published_is_told(blockc: Blockc, tmp_path: Path) -> None:
    done = blockc("verify", tmp_path)
    assert done.code == 2
    assert "nothing is published here" in done.err
