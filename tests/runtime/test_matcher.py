"""The matcher answers as the artifact means, says what is wrong with a file, and takes new ones."""

import hashlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest

import blockc
from blockc.addresses import FAMILIES, AddrMap, AddrSet
from blockc.addresses.rules import Rules, meaning
from blockc.errors import SourceSyntaxError
from blockc.runtime import matcher as module
from blockc.runtime.matcher import Matcher, MatcherError, load, packed_address
from blockc.targets.core.render import render
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.data.matcher_file import FIRST_LINE, MATCHER, read_matcher
from blockc.targets.syntax.reading import NAMES
from blockc.targets.syntax.tokens import ArtifactFile
from tests.real.probes import ends, verdicts
from tests.targets.artifacts import EDGES, TEMPLATES, draft, prefixes, rules_of, scattered

LISTED = prefixes("192.0.2.0/24", "2001:db8::/32")
ACTIONS = ("", "block", "warn", "monitor")


def made(addresses: AddrSet = LISTED, names: tuple[str, ...] = NAMES) -> bytes:
    """Return the file of a list."""
    document = draft(MATCHER, rules_of(MATCHER, addresses), names=names)
    return render(MATCHER, document, "x.blockc", TEMPLATES)[0].data


def sealed(data: bytes) -> bytes:
    """Return a file with the digest that belongs to it."""
    return data[:-32] + hashlib.sha256(data[:-32]).digest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where a list is published."""
    path = tmp_path / "x.blockc"
    path.write_bytes(made())
    return path


def require_agreement(intent: AddrMap, path: Path) -> None:
    """Compare the matcher's answers at both ends of every slot, and the span of each."""
    matcher = load(path)
    for family in FAMILIES:
        for address, verdict in verdicts(intent, family, ends(intent, family)).items():
            packed, is_ipv4 = packed_address(address)
            if is_ipv4 == (family.version == 4):  # not IPv4 written as IPv6
                assert matcher.lookup(address).action == verdict, address
                first, last, answer = matcher.span(address)
                assert answer.action == verdict
                assert packed_address(first)[0] <= packed <= packed_address(last)[0]


@pytest.mark.parametrize("name", EDGES)
def test_every_address_gets_what_the_list_says(name: str, tmp_path: Path) -> None:
    path = tmp_path / "x.blockc"
    path.write_bytes(made(EDGES[name]))
    require_agreement(AddrMap.of_set(EDGES[name]), path)


@pytest.mark.parametrize("seed", range(5))
def test_several_actions_are_told_apart(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    rules = {}
    for family, one in rules_of(MATCHER, scattered(random, 40)).items():
        labels = np.array([random.randint(1, 3) for _ in range(len(one))], np.int32)
        rules[family] = Rules(family, one.start, one.last, labels)
    document = draft(MATCHER, rules, kind=ContentKind.VERDICTS, names=ACTIONS)
    (file,) = render(MATCHER, document, "x.blockc", TEMPLATES)
    intent = meaning(MATCHER.match, rules.values(), ACTIONS)
    read = read_matcher([file])
    assert meaning(MATCHER.match, read.rules.values(), read.names).where(["warn"]) == intent.where(
        ["warn"]
    )
    (tmp_path / "x.blockc").write_bytes(file.data)
    require_agreement(intent, tmp_path / "x.blockc")


def test_an_address_may_be_written_as_programs_write_it(file: Path) -> None:
    matcher = blockc.load(file)
    for text in ("192.0.2.1", "::ffff:192.0.2.1", "::FFFF:c000:201", "2001:db8::1%eth0"):
        assert matcher.lookup(text).action == "block", text
    assert matcher.lookup("192.0.1.255") == ("", "export-control", 403, "")
    assert matcher.span("192.0.2.77")[:2] == ("192.0.2.0", "192.0.2.255")
    assert matcher.span("192.0.3.0")[:2] == ("192.0.3.0", "255.255.255.255")
    assert matcher.span("::")[:2] == ("::", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "1.2.3.4/32",
        "x",
        ":",
        "1:::2",
        "1.2.3.4\n",
        "\u0661.2.3.4",
        "\0",
    ],
)
def test_what_is_not_an_address_is_an_error(text: str, file: Path) -> None:
    with pytest.raises(ValueError, match="is not an IPv4 or IPv6 address"):
        load(file).lookup(text)


def test_the_answer_to_blocked_clients_is_that_of_the_stage(tmp_path: Path) -> None:
    policy = tmp_path / "blockc.toml"
    policy.write_text(
        'version = 1\n[list.a]\nblock = ["192.0.2.0/24"]\nstages = [{ from = 2020-01-01, '
        'action = "block", status = 451, blocked_by = "https://example.com/why" }]\n'
        '[[output]]\nlist = "a"\ntarget = "matcher"\npath = "apps/a.blockc"\n'
    )
    done = [sys.executable, "-m", "blockc", "build", "-q", "-f", str(policy)]
    subprocess.run([*done, "--store", str(tmp_path / "store")], check=True)
    matcher = load(tmp_path / "dist")
    assert matcher.lookup("192.0.2.1") == ("block", "a", 451, "https://example.com/why")
    assert repr(matcher).endswith("/dist/apps/a.blockc', list='a')")


def test_a_folder_needs_exactly_one_file(tmp_path: Path, file: Path) -> None:
    assert load(tmp_path).path == file
    (tmp_path / ".old").mkdir()
    (tmp_path / ".old" / "y.blockc").write_bytes(made())
    assert load(tmp_path).path == file
    (tmp_path / "z.blockc").write_bytes(made())
    with pytest.raises(MatcherError, match=r"several files \*.blockc, name one: .*x.blockc, .*z"):
        load(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(MatcherError, match=r"no file \*.blockc in this folder; add an"):
        load(tmp_path / "empty")
    with pytest.raises(MatcherError, match="No such file"):
        load(tmp_path / "nothing.blockc")


def lied(change: Callable[[bytes], bytes]) -> bytes:
    """Return a file in which something was changed, with the digest that belongs to it."""
    return sealed(change(made()))


WRONG = {
    "nothing": b"",
    "another file": b"# plain\n",
    "a newer format": lied(lambda data: data.replace(b"matcher 1", b"matcher 2", 1)),
    "cut off": made()[:-1],
    "changed": made().replace(b"block", b"allow", 1),
    "longer": lied(lambda data: data[:-32] + b"x" * 33),
    "shorter": lied(lambda data: data[:-34] + bytes(32)),
    "not JSON": lied(lambda data: data.replace(b'{"list"', b'["list"', 1)),
    "a key less": lied(lambda data: data.replace(b'"verdicts"', b'"verdict"', 1)),
    "more runs": lied(lambda data: data.replace(b'"ipv4": 3', b'"ipv4": 4', 1)),
    "no runs": lied(lambda data: data.replace(b'"ipv4": 3', b'"ipv4": 0', 1)),
    "fewer runs than none": lied(lambda data: data.replace(b'"ipv4": 3', b'"ipv4": -3', 1)),
    "a label too many": lied(lambda data: data[:-34] + b"\0\x07" + bytes(32)),
    "no second line": sealed(FIRST_LINE + bytes(32)),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_is_not_as_written_is_refused_by_both(name: str, tmp_path: Path) -> None:
    path = tmp_path / "x.blockc"
    path.write_bytes(WRONG[name])
    with pytest.raises(MatcherError, match=f"{path}: .*; build it again"):
        load(path)
    with pytest.raises(SourceSyntaxError):
        read_matcher([ArtifactFile("x.blockc", WRONG[name])])


def test_every_byte_that_changes_is_noticed(tmp_path: Path) -> None:
    whole, path = made(), tmp_path / "x.blockc"
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(MatcherError):
            load(path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data.replace(b'"", "block"', b'"x", "block"'), "expected an empty text"),
        (lambda data: data.replace(b'"block"', b'"allow"'), "expected an empty text"),
        (lambda data: data.replace(b'"stages": []', b'"stages": {}'), "'stages' is not a list"),
        (lambda data: data.replace(b'["", "block"]', b'["", 1]'), "1 is not a text"),
        (lambda data: data[:-34] + b"\0\x01" + bytes(32), "neighbouring runs"),
    ],
)
def test_the_reader_says_what_is_wrong(change: Callable[[bytes], bytes], reason: str) -> None:
    with pytest.raises(SourceSyntaxError, match=reason):
        read_matcher([ArtifactFile("x.blockc", lied(change))])


def test_a_rule_knows_its_byte() -> None:
    reading = read_matcher([ArtifactFile("x.blockc", made())])
    said = str(reading.parts[0].where(0, "here"))
    at = int(said.split("byte ")[1].split(":", maxsplit=1)[0].replace(",", ""))
    assert made()[at : at + 4] == bytes([192, 0, 2, 0])


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def replaced(path: Path, data: bytes) -> None:
    """Publish another file as a build does, by a rename."""
    fresh = path.with_name(".new")
    fresh.write_bytes(data)
    fresh.replace(path)


def test_a_new_file_is_taken_over_when_somebody_asks(file: Path) -> None:
    clock = Clock()
    matcher = Matcher(file, every=5, clock=clock)
    replaced(file, made(prefixes("198.51.100.0/24")))
    clock.now = 4.9
    assert matcher.lookup("192.0.2.1").action == "block"
    clock.now = 5.0
    assert matcher.lookup("192.0.2.1").action == ""
    assert matcher.lookup("198.51.100.1").action == "block"


def test_a_matcher_that_must_not_look_does_not(file: Path) -> None:
    matcher = Matcher(file, every=None)
    replaced(file, made(prefixes("198.51.100.0/24")))
    assert matcher.lookup("192.0.2.1").action == "block"
    assert matcher.refresh()
    assert not matcher.refresh()
    assert matcher.lookup("192.0.2.1").action == ""


def test_a_bad_new_file_changes_nothing_and_is_logged_once(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    matcher = Matcher(file, every=None)
    replaced(file, b"half a fi")
    with caplog.at_level(logging.ERROR, "blockc"):
        assert not matcher.refresh()
        assert not matcher.refresh()
        file.unlink()
        assert not matcher.refresh()
        assert not matcher.refresh()
    assert matcher.lookup("192.0.2.1").action == "block"
    bad, gone = (record.message for record in caplog.records)
    assert bad.endswith("; build it again; what was read before goes on deciding")
    assert gone == f"{file} is gone; what it said goes on deciding"
    replaced(file, made(prefixes("198.51.100.0/24")))
    assert matcher.refresh()
    assert matcher.lookup("192.0.2.1").action == ""


def test_threads_see_one_file_or_the_other(file: Path) -> None:
    both = [made(), made(prefixes("192.0.2.0/24", "198.51.100.0/24"))]
    matcher, wrong = Matcher(file, every=0), list[str]()

    def ask() -> None:
        for _ in range(300):
            if matcher.lookup("192.0.2.1").action != "block":
                wrong.append("192.0.2.1")

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(40):
        replaced(file, both[number % 2])
    for thread in threads:
        thread.join()
    assert wrong == []


def test_an_application_imports_neither_the_compiler_nor_what_it_needs() -> None:
    code = (
        "import sys, blockc; blockc.load; import blockc.runtime.asgi, blockc.runtime.wsgi\n"
        "found = {name.split('.')[0] for name in sys.modules}\n"
        "print(*sorted(found - set(sys.stdlib_module_names)))\n"
        "print(*sorted(name for name in sys.modules if name.startswith('blockc.')))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(blockc.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    others, ours = done.stdout.splitlines()
    assert set(others.split()) <= {"blockc", "__main__"}
    assert {name.split(".")[1] for name in ours.split()} == {"runtime"}


def test_what_the_package_does_not_have_is_said_as_usual() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'lode'"):
        _ = blockc.lode


def test_rules_are_what_was_written() -> None:
    for name, addresses in EDGES.items():
        read = read_matcher([ArtifactFile("x.blockc", made(addresses))])
        want = [Rules.of_spans(f, *addresses.spans(f)) for f in FAMILIES]
        assert [len(part.rules) for part in read.parts] == [len(one) for one in want], name


def test_a_file_can_be_tried_from_a_shell(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert module.main([str(file), "192.0.2.1", "8.8.8.8"]) == 0
    assert capsys.readouterr() == ("192.0.2.1 block\n8.8.8.8 -\n", "")
    for words, said in (
        ([], "usage: "),
        ([str(file), "x"], "'x' is not an IPv4 or IPv6 address\n"),
        ([f"{file}.old"], f"{file}.old: No such file or directory\n"),
    ):
        assert module.main(words) == 2
        assert capsys.readouterr().err.startswith(said)
