"""`blockc build`: what it publishes and what it says about it."""

import gzip
import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Blockc
from tests.cli.toy import (
    EXAMPLE,
    FAR,
    POLICY,
    entries,
    program,
    shown,
    write_policy,
)


def test_a_build_publishes_every_output_and_the_manifest(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path
) -> None:
    done = blockc(*words)
    assert done.code == 0
    files = shown(tmp_path / "dist")
    assert list(files) == ["far.txt", "manifest.json", "nginx/far.conf"]
    assert entries(files["far.txt"]) == FAR
    assert done.err == f"blockc: published {tmp_path}/dist: 3 files written, 0 removed\n"


def test_the_tables_say_what_was_made(blockc: Blockc, words: tuple[object, ...]) -> None:
    lines = [line.split() for line in blockc(*words, "-v").out.splitlines()]
    assert ["far", "block", "ipv4", "1,049,216", "4"] in lines
    assert ["ipv6", "65,536", "/48", "1"] in lines
    rows = [line[:5] for line in lines if line[:1] in (["far.txt"], ["nginx/far.conf"])]
    assert rows[0] == ["far.txt", "plain", "1", "4", "1"]
    assert rows[1][:3] == ["nginx/far.conf", "nginx-geo", "1"]
    stages = [line[0] for line in lines[lines.index(["Time"]) + 3 :]]
    assert stages == ["read", "read", "resolve", "compile", "look", "publish", "all"]


def test_the_report_for_programs_is_as_documented(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path
) -> None:
    report = json.loads(blockc(*words, "--json").out)
    seconds, generation = report.pop("seconds"), report.pop("generation")
    assert re.fullmatch("[0-9a-f]{12}", report["guard"].pop("digest"))
    sizes = [one.pop("bytes") for one in report["artifacts"]]
    assert list(seconds) == [
        "read policy", "read registries", "resolve", "compile and prove", "look ahead", "publish",
    ]  # fmt: skip
    assert re.fullmatch("[0-9a-f]{16}", generation)
    files = shown(tmp_path / "dist")
    assert sizes == [len(files["far.txt"]), len(files["nginx/far.conf"])]
    counts = {"ipv4": "1049216", "ipv6": str(2**96)}
    manifest = json.loads(files["manifest.json"])
    passes = {one["target"]: one["passes"] for one in manifest["artifacts"]}
    assert report == {
        "sample": False,
        "folder": str(tmp_path / "dist"),
        "written": ["far.txt", "manifest.json", "nginx/far.conf"],
        "unchanged": [],
        "compiled": True,
        "removed": [],
        "pinned": None,
        "guard": {"compared_with": None, "refusals": [], "approved": None},
        "as_of": "2026-11-23",
        "notes": [],
        "conflicts": [],
        "coming": [],
        "lists": [
            {
                "name": "far",
                "title": "Far away",
                "action": "block",
                "addresses": counts,
                "prefixes": {"ipv4": 4, "ipv6": 1},
            }
        ],
        "artifacts": [
            {
                "target": target,
                "holds": "far",
                "files": [path],
                "entries": {"ipv4": 4, "ipv6": 1},
                "passes": passes[target],
            }
            for target, path in (("plain", "far.txt"), ("nginx-geo", "nginx/far.conf"))
        ],
        "harms": [],
    }


def test_the_second_build_touches_nothing(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path
) -> None:
    blockc(*words)
    before = {
        path: path.lstat()
        for path in tmp_path.joinpath("dist/.generations/live").resolve().rglob("*")
    }
    done = blockc(*words)
    assert done.err.startswith(f"blockc: published {tmp_path}/dist: unchanged; 3 files checked")
    done = blockc(*words, "--rebuild")
    assert done.err == f"blockc: published {tmp_path}/dist: unchanged\n"
    after = {
        path: path.lstat()
        for path in tmp_path.joinpath("dist/.generations/live").resolve().rglob("*")
    }
    assert [one.st_mtime_ns for one in after.values()] == [
        one.st_mtime_ns for one in before.values()
    ]
    assert [one.st_ino for one in after.values()] == [one.st_ino for one in before.values()]


def test_the_default_output_stands_beside_the_policy(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    policy = write_policy(tmp_path / "infra")
    assert blockc("build", "-f", policy, "--from", registries).code == 0
    assert (tmp_path / "infra" / "dist" / "manifest.json").is_file()


def test_the_policy_is_found_in_the_working_folder(tmp_path: Path, registries: Path) -> None:
    write_policy(tmp_path / "infra")
    done = program("build", "--from", registries, "-q", cwd=tmp_path / "infra")
    assert done.code == 0
    assert (tmp_path / "infra" / "dist" / "far.txt").is_file()


def test_packed_registry_files_give_the_same_result(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path, registries: Path
) -> None:
    blockc(*words)
    before = shown(tmp_path / "dist")
    for path in list(registries.iterdir()):
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert blockc(*words).code == 0
    assert shown(tmp_path / "dist") == before


def test_a_list_split_by_country_has_a_file_a_registered_country(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    text = 'version = 1\n[list.w]\nblock = ["world"]\n[[output]]\nlist = "w"\ntarget = "plain"\n'
    text += 'path = "zones/{country}.{family}.zone"\nsplit_by = "country"\n'
    policy = write_policy(tmp_path, text)
    done = blockc("build", "-f", policy, "--from", registries, "-o", tmp_path / "dist")
    assert done.code == 0
    files = shown(tmp_path / "dist")
    codes = {path[6:8] for path in files if path.startswith("zones/")}
    assert codes == {"AU", "BR", "CN", "DE", "FR", "US", "ZA", "ZZ"}
    assert entries(files["zones/DE.ipv4.zone"]) == ["2.16.0.0/23", "2.16.2.0/24"]
    assert entries(files["zones/DE.ipv6.zone"]) == []
    assert entries(files["zones/US.ipv6.zone"]) == ["2600::/29"]


# From what, and for which day.


def test_the_sample_says_so_in_every_artifact(blockc: Blockc, tmp_path: Path) -> None:
    done = blockc("build", "-f", EXAMPLE, "--sample", "-o", tmp_path / "dist")
    assert done.code == 0
    assert "SAMPLE DATA" in done.err
    for path, data in shown(tmp_path / "dist").items():
        assert b"SAMPLE DATA" in data or json.loads(data)["sample"] is True, path


def test_a_folder_of_files_is_no_sample(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path
) -> None:
    blockc(*words)
    assert not [path for path, data in shown(tmp_path / "dist").items() if b"SAMPLE" in data]
    assert json.loads((tmp_path / "dist" / "manifest.json").read_bytes())["sample"] is False


@pytest.mark.parametrize("day", ["2026-13-01", "yesterday", "", "2026-11-23T00:00"])
def test_a_day_that_is_none_is_refused(blockc: Blockc, words: tuple[object, ...], day: str) -> None:
    done = blockc(*words[:-1], day or "x")
    assert done.code == 2
    assert "is not a date; write it as YYYY-MM-DD" in done.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--sample"], "--sample and --from exclude each other"),
        (["--depfile-target", "x"], "--depfile-target needs --depfile"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path, more: list[str], said: str
) -> None:
    done = blockc(*words, *more)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert not (tmp_path / "dist").exists()


def test_without_data_the_operator_is_told_where_to_get_it(blockc: Blockc, tmp_path: Path) -> None:
    done = blockc("build", "-f", write_policy(tmp_path))
    assert (done.code, done.out) == (2, "")
    assert "--from" in done.err
    assert "--sample" in done.err


def test_what_changed_since_the_last_build_stands_first(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path
) -> None:
    assert "Changed" not in blockc(*words).out
    path = tmp_path / "blockc.toml"
    path.write_text(path.read_text("utf-8").replace('"CN"', '"CN", "10.250.0.0/24"', 1), "utf-8")
    out = blockc(*words).out
    assert out.startswith("Changed lists\n")
    lines = [line.split() for line in out.partition("\nLists\n")[0].splitlines()]
    assert ["far", "ipv4", "1,049,216", "1,049,472"] in lines
    assert ["far.txt", "4", "5", "1", "1"] in lines
    assert ["nginx/far.conf", "4", "5", "1", "1"] in lines
    assert "Changed" not in blockc(*words, "--rebuild").out


def test_quiet_prints_no_table_and_passes_are_for_those_who_ask(
    blockc: Blockc, words: tuple[object, ...]
) -> None:
    assert blockc(*words, "--rebuild", "-q").out == ""
    plain = blockc(*words, "--rebuild").out
    assert "Passes" not in plain
    assert "Lists" in plain
    assert "Passes" in blockc(*words, "--rebuild", "-v").out


def test_a_variable_that_says_words_from_now_on_is_told(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    def built(says: str) -> str:
        text = POLICY.partition("[[output]]")[0] + "[[output]]\n" + says
        text += '\ntarget = "nginx-geo"\npath = "far.conf"\nvariable = "far"\n'
        policy = write_policy(tmp_path, text)
        done = blockc("build", "-f", policy, "--from", registries, "-o", tmp_path / "dist")
        assert done.code == 0, done.err
        return " ".join(done.err.split())

    changed = "nginx variable $far said whether an address is listed until now and says "
    assert changed not in built('list = "far"')
    assert changed + "words for actions from this build on" in built('lists = ["far"]')
    assert "$far said" not in built('lists = ["far"]')
    assert "$far said words for actions until now and says whether" in built('list = "far"')


@pytest.mark.parametrize("text", ["[]", "{", '{"lists": []}', '{"lists": {"far": 1}}', "null"])
def test_a_manifest_that_somebody_changed_is_no_reason_to_fail(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path, text: str
) -> None:
    blockc(*words)
    (tmp_path / "dist" / "manifest.json").resolve().write_text(text, encoding="utf-8")
    done = blockc(*words)
    assert (done.code, "Changed" in done.out) == (0, False)
