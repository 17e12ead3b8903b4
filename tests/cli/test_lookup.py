"""`blockc lookup`: a verdict per list and the whole reason, for people, lines and programs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from blockc.addresses.addrset import AddrSet
from blockc.addresses.parse import parse_span
from blockc.errors import UsageError
from blockc.workspace.lookup.explaining import asked_in
from tests.cli.conftest import Blockc
from tests.cli.test_feeds import policy as feeds_policy
from tests.cli.toy import environ, write_policy, write_registries

POLICY = """\
version = 1

[list.far]
title = "Far away"
block = ["CN", "group:mercosur", "file:bad.txt"]
except = [
    { prefix = "1.0.2.128/25", owner = "web", reason = "shop", until = 2026-12-31 },
    { prefix = "1.0.1.7", owner = "ops", reason = "probe", until = 2026-11-01 },
]
stages = [
    { from = 2026-11-01, action = "block" },
    { from = 2027-02-01, action = "block", status = 451 },
]

[list.near]
allow = ["FR"]
stages = [{ from = 2026-12-24, action = "block" }]

[protect]
never_block = ["1.0.3.0/28"]
must_block = ["1.0.3.1"]

[[output]]
list = "far"
target = "nginx-geo"
path = "nginx/far.conf"
response = "none"

[[output]]
list = "far"
target = "plain"
path = "zones/{country}.{family}.zone"
split_by = "country"
response = "none"
"""
GROUPS = """\
source = "https://example.com"
date = 2026-01-01

[group.mercosur]
title = "Mercosur"
countries = ["BR"]
"""
SIMPLE = """\
version = 1

[list.some]
block = [{}]

[guard]
max_removed = "100%"

[[output]]
list = "some"
target = "plain"
path = "some.txt"
"""
policy = feeds_policy  # a fixture


@pytest.fixture
def words(tmp_path: Path, blockc: Blockc) -> tuple[object, ...]:
    """Return the options of a lookup in a small policy, which has been built without its canary."""
    folder = write_registries(tmp_path / "registries")
    (tmp_path / "groups").mkdir()
    (tmp_path / "groups" / "own.toml").write_text(GROUPS, encoding="utf-8")
    (tmp_path / "bad.txt").write_text("# bad\n\n3.1.2.0/24\n3.1.2.5\n", encoding="utf-8")
    sound = POLICY.replace('must_block = ["1.0.3.1"]\n', "")
    options = ("-f", write_policy(tmp_path, sound), "--from", folder, "--as-of", "2026-11-23")
    built = blockc("build", *options, "--publish-as-of", "--allow-expired", "-q")
    assert (built.code, built.out) == (0, ""), built.err
    write_policy(tmp_path, POLICY)
    return options


def told(blockc: Blockc, *words: object, stdin: bytes = b"") -> Any:
    done = blockc("lookup", "--json", *words, stdin=stdin)
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_an_address_is_told_the_whole_reason(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path
) -> None:
    done = blockc("lookup", *words, "1.0.1.7")
    assert done.code == 0, done.err
    at = f"{tmp_path}/blockc.toml"
    assert [" ".join(line.split()) for line in done.out.splitlines() if line[:1] not in "─-"] == [
        "1.0.1.7 is blocked",
        "registered: CN: 1.0.1.0/24, allocated since 2011-04-14, says apnic",
        f"{tmp_path}/registries/delegated-apnic-extended-latest:5, {digest(done.out)}",
        "Lists",
        "list verdict reason entry where",
        f"far block listed block CN {at}:5:10",
        "near off not allowed",
        "stage: list far: block since 2026-11-01; from 2027-02-01, in 70 days: block with 451",
        "stage: list near: off; from 2026-12-24, in 31 days: block",
        (
            "ended: exception 1.0.1.7 of list far ended on 2026-11-01, owner ops: probe, "
            f"until 2026-11-01; {at}:8:16"
        ),
        "Published",
        "file line says entry",
        "nginx/far.conf 9 block 1.0.0.0/22 1;",
        "zones/CN.ipv4.zone 5 block 1.0.1.0/24",
    ]


def digest(out: str) -> str:
    return out.split("-latest:5, ")[1].split("\n", maxsplit=1)[0]


@pytest.mark.parametrize(
    ("asked", "reasons", "entry"),
    [
        ("1.0.2.129", ["excepted", "not allowed"], ("except", "1.0.2.128/25", 7, "web")),
        ("1.0.3.1", ["protected", "protected"], ("never_block", "1.0.3.0/28", 20, None)),
        ("3.1.2.5", ["listed", "not allowed"], ("block", "file:bad.txt", 5, None)),
        ("177.1.2.3", ["listed", "not allowed"], ("block", "group:mercosur", 5, None)),
        ("2.0.0.1", ["not listed", "allowed"], None),
    ],
)
def test_what_decides_is_told_with_its_place_and_owner(
    blockc: Blockc, words: tuple[object, ...], asked: str, reasons: object, entry: object
) -> None:
    (answer,) = told(blockc, *words, asked)["asked"]
    (piece,) = answer["pieces"]
    assert (answer["asked"], answer["blocked"]) == (asked, piece["lists"][0]["reason"] == "listed")
    assert [one["reason"] for one in piece["lists"]] == reasons
    deciding = [one for one in piece["lists"][0]["entries"] if one["decides"]]
    found = [(one["key"], one["selector"], one["line"], one["owner"]) for one in deciding]
    assert found == ([entry] if entry else [])


def test_a_canary_and_an_exception_that_refuse_the_build_do_not_refuse_the_question(
    blockc: Blockc, words: tuple[object, ...]
) -> None:
    assert blockc("build", *words, "--dry-run").code == 2
    assert blockc("lookup", *words, "1.0.3.1").code == 0


def test_the_rows_of_files_are_told(blockc: Blockc, words: tuple[object, ...]) -> None:
    (answer,) = told(blockc, *words, "3.1.2.5")["asked"]
    rows = [(one["range"], one["number"]) for one in answer["pieces"][0]["rows"]]
    assert rows == [("3.1.2.0/24", 3), ("3.1.2.5", 4)]


def test_the_rows_of_feeds_and_what_an_as_announces_are_told(blockc: Blockc, policy: Path) -> None:
    assert blockc("update", "-f", policy).code == 0
    report = told(blockc, "-f", policy, "6.6.0.1", "AS64500", "as64501")
    first, announced, other = report["asked"]
    (row,) = first["pieces"][0]["rows"]
    assert (row["selector"], row["range"]) == ("feed:our-cloud?use=mail", "6.6.0.0/24")
    assert row["tags"] == {"use": "mail"}
    assert row["number"] == 4
    assert Path(row["path"]).read_bytes() == (policy.parent / "data" / "our-cloud").read_bytes()
    assert (announced["addresses"], announced["blocked"]) == ("512", True)
    assert [one["range"] for one in other["pieces"]] == ["9.9.0.0/24", "9.9.9.0/24"]
    assert [one["lists"][0]["verdict"] for one in other["pieces"]] == ["block", "allow"]
    unknown = blockc("lookup", "-f", policy, "AS1")
    assert unknown.code == 2
    assert "AS1 announces nothing" in unknown.err


def test_a_policy_without_registries_is_asked_without_them(blockc: Blockc, policy: Path) -> None:
    policy.write_text('version = 1\n[list.a]\nblock = ["6.6.6.0/24"]\n', encoding="utf-8")
    (answer,) = told(blockc, "-f", policy, "6.6.6.6")["asked"]
    assert answer["blocked"]
    assert answer["pieces"][0]["record"] is None


def test_a_prefix_is_told_in_pieces(blockc: Blockc, words: tuple[object, ...]) -> None:
    done = blockc("lookup", *words, "1.0.0.0/21")
    assert "1.0.0.0/21 (2,048 addresses): block 624, off 1,408, allow 16" in done.out
    (answer,) = told(blockc, *words, "1.0.0.0/21")["asked"]
    pieces = [(one["range"], one["country"], one["lists"][0]["reason"]) for one in answer["pieces"]]
    assert pieces == [
        ("1.0.0.0/24", "", "not listed"),
        ("1.0.1.0-1.0.2.127", "CN", "listed"),
        ("1.0.2.128/25", "CN", "excepted"),
        ("1.0.3.0/28", "CN", "protected"),
        ("1.0.3.16-1.0.3.255", "CN", "listed"),
        ("1.0.4.0/22", "AU", "not listed"),
    ]
    assert sum(int(one["addresses"]) for one in answer["pieces"]) == 2048


def test_lines_of_standard_input_are_answered_with_lines(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path
) -> None:
    lines = b"1.0.1.7\n# night\n\n2.0.0.1  # ours\n1.0.0.0/21\n2001:660::1\n1.0.3.1\n"
    done = blockc("lookup", *words, "-", stdin=lines)
    at = f"{tmp_path}/blockc.toml"
    assert done.out.splitlines() == [
        f"1.0.1.7\tblock\tCN\tfar\tlisted: CN at {at}:5:10",
        f"2.0.0.1\tallow\tFR\t-\tallowed: FR at {at}:16:10",
        "1.0.0.0/21\tmixed\t-,CN,AU\tnear,far\t6 pieces",
        f"2001:660::1\tallow\tFR\t-\tallowed: FR at {at}:16:10",
        f"1.0.3.1\tallow\tCN\t-\tprotected: 1.0.3.0/28 at {at}:20:16",
    ]


def test_many_answers_say_what_few_say(blockc: Blockc, words: tuple[object, ...]) -> None:
    some = ["1.0.1.7", "1.0.2.129", "177.1.2.3", "1.0.0.0/21", "2400:3200::1"]
    few = told(blockc, *words, "--no-artifacts", *some)["asked"]
    lines = "".join(f"{one}\n" for one in some * 300).encode()
    many = told(blockc, *words, "-", stdin=lines)
    assert not many["published"]
    for one in few:
        one["ended"] = []
        for piece in one["pieces"]:
            piece["rows"] = []
    assert many["asked"] == few * 300


def test_only_named_lists_are_asked_and_the_exit_code_says_whether_all_is_blocked(
    blockc: Blockc, words: tuple[object, ...]
) -> None:
    assert blockc("lookup", *words, "--exit-code", "1.0.1.7", "177.1.2.3").code == 0
    assert blockc("lookup", *words, "--exit-code", "1.0.1.7", "1.0.2.129").code == 1
    assert blockc("lookup", *words, "--exit-code", "--list", "near", "1.0.1.7").code == 1
    assert blockc("lookup", *words, "1.0.2.129").code == 0
    (answer,) = told(blockc, *words, "--list", "near", "1.0.1.7")["asked"]
    assert [one["name"] for one in answer["pieces"][0]["lists"]] == ["near"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--list", "fat", "1.1.1.1"), "no list 'fat'; did you mean 'far'?; known are far, near"),
        (("1.1.1",), "'1.1.1' cannot be looked up: "),
        (("1.1.1.1,1.1.1.9",), "not an address; write one entry on each line, and a range as"),
        (("10.0.0.1/8",), "has host bits set"),
        (("-", "1.1.1.1"), "- reads standard input, and nothing else can be asked then"),
        (("--generation", "0123", "1.1.1.1"), "names its own data and moment"),
    ],
)
def test_a_wrong_question_is_told(
    blockc: Blockc, words: tuple[object, ...], wrong: tuple[str, ...], said: str
) -> None:
    done = blockc("lookup", *words, *wrong)
    assert done.code == 2
    assert said in done.err


def test_of_many_questions_the_wrong_one_is_told_with_its_line(
    blockc: Blockc, words: tuple[object, ...]
) -> None:
    done = blockc("lookup", *words, "-", stdin=b"1.0.1.7\n# three\nfoo\n")
    assert done.code == 2
    assert done.err.startswith("blockc: standard input:3: 'foo' cannot be looked up: ")
    assert "expected an address, a prefix, a range or AS64500" in done.err


def test_a_line_about_a_mixture_names_each_list_once(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path
) -> None:
    write_policy(tmp_path, f'{POLICY}\n[list.all]\nblock = ["1.0.0.0/14"]\n')
    done = blockc("lookup", *words, "-", stdin=b"1.0.0.0/22\n")
    assert done.out.split("\t")[:4] == ["1.0.0.0/22", "mixed", "-,CN", "all,far"]


def test_an_artifact_that_somebody_broke_or_removed_is_told(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path
) -> None:
    live = tmp_path / "dist" / ".generations" / "live"
    (live / "nginx" / "far.conf").write_text("geo $x { oops", encoding="utf-8")
    (live / "zones" / "CN.ipv4.zone").unlink()
    (answer,) = told(blockc, *words, "1.0.1.7")["asked"]
    first, second = answer["pieces"][0]["artifacts"]
    assert first["wrong"].startswith("it cannot be read: ")
    assert second["wrong"] == "it is not published"
    empty = blockc("lookup", *words, "1.0.1.7", "-o", tmp_path / "nowhere")
    assert "published: nothing was found to look at; see -o" in empty.out


def test_one_address_waits_for_nothing_that_compiles_draws_or_fetches(
    words: tuple[object, ...],
) -> None:
    idle = ("blockc.passes.plan", "blockc.compiler.compile", "jinja2", "rich.console", "requests")
    code = (
        "import sys\nfrom blockc.cli.main import run\n"
        "assert run(sys.argv[1:]) == 0\n"
        f"print([name for name in {idle!r} if name in sys.modules], file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, "lookup", *map(str, words), "1.0.1.7"]
    done = subprocess.run(command, env=environ(), capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"
    assert "zones/CN.ipv4.zone" in done.stdout


def test_numbers_of_systems_and_comments_are_read_from_lines() -> None:
    def announced(number: int) -> AddrSet:
        return (
            AddrSet.of_ranges([parse_span("192.0.2.0/24")]) if number == 64500 else AddrSet.empty()
        )

    asked = asked_in("x", b"AS64500\n; no\nasn:64500 # yes\n10.0.0.1\nasn64500\n", announced)
    assert [(one.text, [str(span) for span in one.spans]) for one in asked] == [
        ("AS64500", ["192.0.2.0/24"]),
        ("asn:64500", ["192.0.2.0/24"]),
        ("10.0.0.1", ["10.0.0.1"]),
        ("asn64500", ["192.0.2.0/24"]),
    ]
    for wrong in (b"AS1\n", b"AS4294967296\n", b"AS\n"):
        with pytest.raises(UsageError):
            asked_in("x", wrong, announced)
