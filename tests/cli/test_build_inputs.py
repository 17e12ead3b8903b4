"""What `blockc build` is made from: the registries' files and the policy, sound or not."""

import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.cli.conftest import Blockc
from tests.cli.toy import (
    FAR,
    LAX,
    POLICY,
    ROWS,
    delegated,
    entries,
    shown,
    write_policy,
    write_registries,
)

OWN = """\
# ours
{% for part in parts %}
{% for addresses, _ in part.entries %}
{{ addresses }}
{% endfor %}
{% endfor %}
"""

# The registries' files.


def test_four_registries_are_not_five(
    blockc: Blockc, words: tuple[object, ...], tmp_path: Path, registries: Path
) -> None:
    blockc(*words)
    before = shown(tmp_path / "dist")
    (registries / "delegated-lacnic-extended-latest").unlink()
    done = blockc(*words)
    assert (done.code, done.out) == (3, "")
    assert "lacnic" in done.err
    assert shown(tmp_path / "dist") == before


def test_a_file_under_another_registrys_name_is_refused_even_if_it_was_read_before(
    blockc: Blockc, words: tuple[object, ...], registries: Path
) -> None:
    assert blockc(*words).code == 0
    arin = registries / "delegated-arin-extended-latest"
    (registries / "delegated-lacnic-extended-latest").write_bytes(arin.read_bytes())
    done = blockc(*words)
    assert (done.code, done.out) == (3, "")
    assert "delegated-lacnic-extended-latest:1" in done.err


def test_a_broken_file_is_named_with_its_line(
    blockc: Blockc, words: tuple[object, ...], registries: Path
) -> None:
    path = registries / "delegated-arin-extended-latest"
    path.write_text(path.read_text(encoding="ascii").replace("3.0.0.0", "3.0.0"), encoding="ascii")
    done = blockc(*words)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(f"blockc: {path}:5:")


def test_a_folder_that_is_not_there_is_the_operators_mistake(
    blockc: Blockc, tmp_path: Path
) -> None:
    done = blockc("build", "-f", write_policy(tmp_path), "--from", tmp_path / "gone")
    assert (done.code, done.out) == (2, "")
    assert f"{tmp_path}/gone: cannot read this folder" in done.err


def test_what_nobody_acts_on_is_said_only_when_asked_for_and_the_second_time_too(
    blockc: Blockc, tmp_path: Path
) -> None:
    odd = "US|ipv4|192.175.48.0|256|20050101|assigned"
    folder = write_registries(tmp_path / "odd", arin=(odd,))
    words = ("build", "-f", write_policy(tmp_path), "--from", folder, "-o", tmp_path / "dist")
    for _ in range(2):
        assert "special-purpose" not in blockc(*words).err
        said = blockc(*words, "-v").err
        assert f"{folder}/delegated-arin-extended-latest:7: 192.175.48.0/24 is special" in said


def test_registries_that_contradict_each_other_are_reported_loudly(
    blockc: Blockc, tmp_path: Path
) -> None:
    places = ("1.0.1.0", "1.0.2.0", "1.0.4.0", "1.0.5.0", "3.0.0.0")
    claims = tuple(f"DE|ipv4|{place}|256|20200101|allocated" for place in places)
    folder = write_registries(tmp_path / "contradiction", ripencc=claims)
    words = ("build", "-f", write_policy(tmp_path), "--from", folder, "-o", tmp_path / "dist")
    done = blockc(*words, "-q")
    assert done.code == 0
    said = [line for line in done.err.splitlines() if "warning" in line]
    assert "4 rows lose addresses to a row of another country" in said[0]
    assert len(said) == 1 + 3
    apnic, ripencc = (folder / f"delegated-{name}-extended-latest" for name in ("apnic", "ripencc"))
    assert said[1].endswith(f"1.0.1.0/24 counts as DE by {ripencc}:8, not as CN by {apnic}:5")
    report = json.loads(blockc(*words, "--json").out)
    assert len(report["conflicts"]) == 4
    assert report["conflicts"][0] == {
        "family": "ipv4",
        "range": "1.0.1.0/24",
        "kept": {"registry": "ripencc", "country": "DE", "line": 8},
        "dropped": {"registry": "apnic", "country": "CN", "line": 5},
    }


def test_delegated_files_with_equal_names_are_one_too_many(
    blockc: Blockc, words: tuple[object, ...], registries: Path
) -> None:
    extra = registries / "delegated-apnic-extended-20261119"
    extra.write_text(delegated("apnic", ROWS["apnic"]), encoding="ascii")
    done = blockc(*words)
    assert (done.code, done.out) == (2, "")
    assert "two files for one registry" in done.err


# The policy.


def test_a_policy_that_cannot_be_read_is_named(blockc: Blockc, tmp_path: Path) -> None:
    gone = blockc("build", "--sample", "-f", tmp_path / "gone.toml")
    assert (gone.code, gone.out) == (2, "")
    assert gone.err.startswith(f"blockc: cannot read {tmp_path}/gone.toml: no such file")
    assert blockc("build", "--sample", "-f", tmp_path).code == 2
    (tmp_path / "bad").write_bytes(b"version = 1\n\xff\xfe\n")
    bad = blockc("build", "--sample", "-f", tmp_path / "bad")
    assert bad == (2, "", f"blockc: {tmp_path}/bad:2: not UTF-8 text; save it as UTF-8\n")


def test_every_mistake_of_a_policy_is_reported_with_its_place(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    text = POLICY.replace('"BR"', '"XQ"').replace("title", "titel").replace('"plain"', '"plan"')
    text = text.replace("nginx/far.conf", "../far.conf")
    policy = write_policy(tmp_path, text)
    done = blockc("build", "-f", policy, "--from", registries, "-o", tmp_path / "dist")
    assert (done.code, done.out) == (2, "")
    heads = [line for line in done.err.splitlines() if line.startswith("blockc: ")]
    assert [re.sub(r":\d+: .*", "", head) for head in heads] == [
        f"blockc: {policy}:{line}" for line in (4, 5, 10, 16)
    ]
    assert "did you mean 'title'?" in heads[0]
    assert "'XQ'" in heads[1]
    assert "did you mean 'plain'?" in heads[2]
    assert "'../far.conf'" in heads[3]
    assert not (tmp_path / "dist").exists()


def test_files_a_policy_names_are_found_beside_it(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    policy = write_policy(tmp_path / "infra", POLICY.replace('"1.0.2.128/25"', '"file:own.txt"'))
    words = ("build", "-f", policy, "--from", registries, "-o", tmp_path / "dist")
    gone = blockc(*words)
    assert gone.code == 2
    assert f"{policy}:6:" in gone.err
    assert "own.txt: no such file" in gone.err
    (tmp_path / "infra" / "own.txt").write_text("1.0.2.128/25\n", encoding="ascii")
    assert blockc(*words).code == 0
    assert entries((tmp_path / "dist" / "far.txt").read_bytes()) == FAR
    (tmp_path / "infra" / "own.txt").write_text("1.0.2.128/255\n", encoding="ascii")
    wrong = blockc(*words)
    assert wrong.code == 2
    assert "own.txt:1:1: " in wrong.err
    assert entries((tmp_path / "dist" / "far.txt").read_bytes()) == FAR


def test_expired_exceptions_are_refused_until_they_are_allowed(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    spared = '{ prefix = "1.0.2.128/25", owner = "o", reason = "r", until = 2026-11-01 }'
    policy = write_policy(tmp_path, POLICY.replace('"1.0.2.128/25"', spared))
    words = ("build", "-f", policy, "--from", registries, "-o", tmp_path / "dist", "--as-of")
    refused = blockc(*words, "2026-11-02")
    assert refused.code == 2
    assert "--allow-expired" in refused.err
    allowed = blockc(*words, "2026-11-02", "--allow-expired")
    assert allowed.code == 0
    assert "ended on 2026-11-01 and is left out" in allowed.err
    assert "1.0.2.0/23" in entries((tmp_path / "dist" / "far.txt").read_bytes())
    last = blockc(*words, "2026-11-01")
    assert last.code == 0
    assert "ends today" in last.err
    assert entries((tmp_path / "dist" / "far.txt").read_bytes()) == FAR


def test_the_stage_of_the_day_decides(blockc: Blockc, tmp_path: Path, registries: Path) -> None:
    stages = 'stages = [{ from = 2026-11-01, action = "monitor" }, '
    stages += '{ from = 2027-01-01, action = "block" }]\n'
    text = POLICY.replace('title = "Far away"\n', stages)
    policy = write_policy(tmp_path, text)
    words = ("build", "-f", policy, "--from", registries, "-o", tmp_path / "dist", "--as-of")
    refused = blockc(*words, "2026-10-31")
    assert (refused.code, refused.out) == (2, "")
    assert "plain cannot say 'monitor', and list 'far' says so in" in refused.err
    write_policy(tmp_path, text.replace("target =", 'until_block = "empty"\ntarget ='))
    for day in ("2026-10-31", "2026-12-31"):
        assert blockc(*words, day).code == 0
        data = (tmp_path / "dist" / "far.txt").read_bytes()
        assert entries(data) == []
        assert b"no entries; blocks from 2027-01-01 (UTC) on" in data
    assert blockc(*words, "2027-01-01").code == 0
    assert entries((tmp_path / "dist" / "far.txt").read_bytes()) == FAR


def test_an_own_template_stands_beside_the_policy(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    text = POLICY.replace('path = "far.txt"', 'path = "far.txt"\ntemplate = "own.j2"')
    policy = write_policy(tmp_path / "infra", text)
    own = tmp_path / "infra" / "own.j2"
    words = ("build", "-f", policy, "--from", registries, "-o", tmp_path / "dist")
    gone = blockc(*words)
    assert gone.code == 2
    assert f"{policy}:12:" in gone.err
    assert "own.j2: no such file" in gone.err
    own.write_text(OWN, encoding="utf-8")
    assert blockc(*words).code == 0
    assert (tmp_path / "dist" / "far.txt").read_text("utf-8").split() == ["#", "ours", *FAR]
    own.write_bytes(b"\xff")
    assert "is not UTF-8 text" in blockc(*words).err


def test_another_day_is_not_published_by_accident(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    policy = write_policy(tmp_path)
    words = ("build", "-f", policy, "--from", registries)
    today = datetime.now(UTC).date()
    for name, rows in ROWS.items():  # not of a day after yesterday
        text = delegated(name, rows, f"{today - timedelta(days=2):%Y%m%d}")
        (registries / f"delegated-{name}-extended-latest").write_text(text, encoding="utf-8")
    before, after = (today + timedelta(days=days) for days in (-1, 1))
    assert blockc(*words, "--as-of", today).code == 0
    live = shown(tmp_path / "dist")
    for day in (before, after):
        done = blockc(*words, "--as-of", day)
        assert done.code == 2
        assert f"--as-of {day} is not today, and {tmp_path}/dist holds what is pub" in done.err
        assert "with -o, or publish it with --publish-as-of" in done.err
        assert blockc(*words, "--as-of", day, "-o", tmp_path / "other").code == 0
        assert blockc(*words, "--as-of", day, "--dry-run").code == 0
    assert shown(tmp_path / "dist") == live == shown(tmp_path / "other")
    served = tmp_path / "served"  # named with -o every night
    assert blockc(*words, "-o", served).code == 0
    (tmp_path / "link").symlink_to(served)
    for folder in (served, tmp_path / "link"):
        done = blockc(*words, "--as-of", before, "-o", folder)
        assert done.code == 2
        assert f"{folder} holds what is published; name another folder with -o" in done.err
    assert blockc(*words, "--as-of", before, "-o", served, "--publish-as-of").code == 0
    shutil.rmtree(tmp_path / "dist")
    assert blockc(*words, "--as-of", after, "--publish-as-of").code == 0
    assert shown(tmp_path / "dist") == live


def test_the_instant_of_a_stage_decides_to_the_second(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    stages = 'stages = [{ from = 2026-11-30T00:00:00+01:00, action = "block" }]\n'
    text = POLICY.replace('title = "Far away"\n', stages)
    policy = write_policy(tmp_path, text + '[guard]\nmax_removed = "100%"\n')  # time goes back
    words = ("build", "-f", policy, "--from", registries, "-o", tmp_path / "dist", "--json")
    far = tmp_path / "dist" / "far.txt"
    for instant, wanted, made in (
        ("2026-11-29T22:59:58Z", [], True),
        ("2026-11-30T07:59:59+09:00", [], False),  # the same second, told in Tokyo
        ("2026-11-30T00:00:00+01:00", FAR, True),
        ("2026-11-29T23:00:01Z", FAR, False),
        ("2026-11-29T22:59:59Z", [], True),
    ):
        done = blockc(*words, "--at", instant)
        assert done.code == 0, done.err
        assert json.loads(done.out)["compiled"] is made
        assert json.loads(done.out)["as_of"] == "2026-11-29"
        assert entries(far.read_bytes()) == wanted
    shown_day = blockc("build", "--dry-run", *words[1:5], "--at", "2026-11-30T00:00:00+01:00")
    assert "As of 2026-11-29 23:00 (UTC)" in shown_day.out
    whole_day = blockc("build", "--dry-run", *words[1:5], "--at", "2026-11-30")
    assert "As of 2026-11-30" in whole_day.out
    for wrong in ("2026-11-31", "2026-11-30T00:00:00", "soon", "0001-01-01T00:00:00+01:00"):
        refused = blockc(*words, "--at", wrong)
        assert refused.code == 2
        assert f"--at {wrong!r} is not an instant" in refused.err
        assert "write a day, or a date-time with its offset" in refused.err
    both = blockc(*words, "--at", "2026-11-30T00:00:00Z", "--as-of", "2026-11-30")
    assert (both.code, "--as-of and --at exclude each other" in both.err) == (2, True)
    live = blockc(*words[:5], "--at", "2026-11-30T00:00:00Z")
    assert (live.code, "--at 2026-11-30T00:00:00Z is not now, and" in live.err) == (2, True)


def test_a_packet_filter_that_stops_the_own_network_is_told_where_the_list_is_written(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    text = 'version = 1\n[list.few]\nallow = ["CN"]\n[[output]]\nlist = "few"\n'
    words = ("--from", registries, "-o", tmp_path / "d", "--as-of", "2026-11-23")

    def said(target: str, more: str = "") -> str:
        output = f'target = "{target}"\npath = "x"\n{more}'
        policy = write_policy(tmp_path, text + output + LAX)
        done = blockc("build", "-f", policy, *words)
        assert done.code == 0, done.err
        return done.err

    for target in ("nftables", "ipset", "pf-table", "mikrotik-address-list", "cisco-si-feed"):
        place = f"{tmp_path}/blockc.toml:3:9"
        assert f"{place}: list 'few' stops link-local or multicast" in said(target)
    assert "(169.254.0.0/16, 224.0.0.0/4, fe80::/10, ff00::/8)" in said("nftables")
    spared = '[protect]\nnever_block = ["169.254.0.0/16", "224.0.0.0/4", "fe80::/10", "ff00::/8"]\n'
    assert "link-local" not in said("nftables", spared)
    assert "link-local" not in said("nginx-geo")


def test_a_policy_without_outputs_is_told(blockc: Blockc, tmp_path: Path, registries: Path) -> None:
    policy = write_policy(tmp_path, 'version = 1\n[list.far]\nblock = ["CN"]\n')
    done = blockc("build", "-f", policy, "--from", registries)
    assert done.code == 0
    assert f"warning: {policy}: the policy has no [[output]], so a build writes nothing" in done.err
