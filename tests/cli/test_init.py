"""`blockc init`: what it writes works as it stands, and nothing is overwritten."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from blockc import __version__
from blockc.cli.scaffold import FILES, SCHEMA
from blockc.targets.registry import TARGETS
from tests.cli.conftest import Blockc
from tests.cli.toy import CHECKOUT, PROGRAM, run, shown

PATHS = sorted([*FILES, SCHEMA])

# What is written, and where.


def test_every_file_is_written_and_named(blockc: Blockc, tmp_path: Path) -> None:
    done = blockc("init", tmp_path / "new" / "project")
    assert done.code == 0
    assert sorted(shown(tmp_path / "new" / "project")) == PATHS
    for path in PATHS:
        assert f"{tmp_path}/new/project/{path}" in done.out
    assert "next: read" in done.err


def test_the_working_folder_is_meant_where_none_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, *PROGRAM.split(), "init", "--json", "-q")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == {"folder": ".", "files": PATHS}
    assert sorted(shown(tmp_path)) == PATHS


def test_no_gap_is_left_open_and_no_path_of_this_machine_gets_in(project: Path) -> None:
    for path, data in shown(project).items():
        text = data.decode()
        assert not re.search(r"@[A-Z_]+@", text), path
        if path not in ("systemd/blockc.service", "blockc.cron"):
            assert str(project.parent) not in text, path
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


def test_files_in_the_way_are_all_named_and_none_is_touched(blockc: Blockc, tmp_path: Path) -> None:
    (tmp_path / "blockc.toml").write_bytes(b"mine")
    (tmp_path / "blockc.cron").symlink_to("nowhere")
    before = shown(tmp_path)
    done = blockc("init", tmp_path)
    assert (done.code, done.out) == (2, "")
    named = [line for line in done.err.splitlines() if "is there already" in line]
    assert [line.split(": ")[1] for line in named] == [
        f"{tmp_path}/blockc.cron", f"{tmp_path}/blockc.toml",
    ]  # fmt: skip
    assert shown(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["blockc.cron", "blockc.toml"]


def test_force_overwrites_and_a_second_run_writes_the_same(blockc: Blockc, project: Path) -> None:
    before = shown(project)
    (project / "blockc.toml").write_bytes(b"mine")
    words = ("--country", "CN", "--country", "BR")
    assert blockc("init", project, *words).code == 2
    assert blockc("init", project, *words, "--force").code == 0
    assert shown(project) == before


def test_a_folder_that_cannot_be_written_is_left_as_it_is(blockc: Blockc, tmp_path: Path) -> None:
    (tmp_path / "systemd").write_bytes(b"a file, where a folder should be")
    before = shown(tmp_path)
    done = blockc("init", tmp_path)
    assert (done.code, done.out) == (2, "")
    assert f"{tmp_path}/systemd/blockc.service: cannot write this file" in done.err
    assert shown(tmp_path) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--country", "XQ"], "unknown country 'XQ'"),
        (["--country", "XQ", "--country", "China"], "'CN'"),
        (["--country", "group:eu27"], "'group:eu27' is not a country"),
        (["--country", ""], "blockc: "),
        (["--target", "nginx"], "did you mean 'nginx-geo'?"),
    ],
)
def test_what_does_not_exist_is_refused_before_anything_is_written(
    blockc: Blockc, tmp_path: Path, words: list[str], said: str
) -> None:
    done = blockc("init", tmp_path / "new", *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert not (tmp_path / "new").exists()


# Where the jobs get blockc from.


def installed(folder: Path) -> set[str]:
    """Return what the jobs give to pip."""
    texts = [(folder / path).read_text("utf-8") for path in (GITHUB, ".gitlab/blockc.yml")]
    return {
        found[1]
        for text in texts
        if (found := re.search(r"pip install.* (\S+)$", text, re.MULTILINE))
    }


GITHUB = ".github/workflows/blockc.yml"
WHEEL = "https://example.com/blockc-1-py3-none-any.whl"
GIT = "git+https://git.example.com/net/blockc@"


@pytest.mark.parametrize(
    ("came", "wanted", "said"),
    [
        (("", {}), f"blockc=={__version__}", ""),
        ((GIT[4:-1], {"vcs": "git", "commit_id": "0a1b"}), GIT + "0a1b", ""),
        ((WHEEL, {}), WHEEL, ""),
        (
            ("file:///opt/block%20c/checkout", {}),
            f"./vendor/blockc-{__version__}-py3-none-any.whl",
            "vendor '/opt/block c/checkout'",
        ),
    ],
    ids=["index", "repository", "server", "this machine"],
)  # fmt: skip
def test_the_jobs_install_the_blockc_that_wrote_them(
    blockc: Blockc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    came: tuple[str, dict[str, str]], wanted: str, said: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("blockc.cli.commands.init._direct_url", lambda: came)
    done = blockc("init", tmp_path)
    assert (done.code, installed(tmp_path)) == (0, {wanted})
    assert said in done.err
    assert ("make it with: pip wheel" in done.err) == bool(said)


def test_a_checkout_knows_itself(blockc: Blockc, tmp_path: Path) -> None:
    done = blockc("init", tmp_path)
    assert f"pip wheel --no-deps -w {tmp_path}/vendor {CHECKOUT}" in done.err


def test_the_jobs_install_what_the_operator_says(blockc: Blockc, tmp_path: Path) -> None:
    assert blockc("init", tmp_path, "--install", f"{GIT}v1").code == 0
    assert installed(tmp_path) == {f"{GIT}v1"}


@pytest.mark.parametrize(
    "what", ["x; rm -rf /", "'", "a b", "-r evil", "a\nb", "$(id)", "`id`", "a#b"]
)
def test_what_a_shell_could_act_on_is_not_installed(
    blockc: Blockc, tmp_path: Path, what: str
) -> None:
    done = blockc("init", tmp_path / "new", "--install", what)
    assert (done.code, done.out) == (2, "")
    assert "is not one word that pip and a shell read alike" in done.err
    assert not (tmp_path / "new").exists()


def test_a_gitignore_that_is_there_stays_and_is_told_of(blockc: Blockc, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_bytes(b"mine")
    done = blockc("init", tmp_path, "--force")
    assert done.code == 0
    assert (tmp_path / ".gitignore").read_bytes() == b"mine"
    assert "in .gitignore: /dist/ /.blockc/" in done.err


def test_mistakes_in_countries_and_targets_are_reported_together(
    blockc: Blockc, tmp_path: Path
) -> None:
    done = blockc("init", tmp_path / "new", "--country", "XQ", "--target", "nginx", "--target", "x")
    assert done.code == 2
    for said in ("unknown country 'XQ'", "did you mean 'nginx-geo'?", "'x'"):
        assert said in done.err


# The policy.


def policy_of(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "blockc.toml").read_text(encoding="utf-8"))


def test_the_policy_blocks_the_countries_that_were_asked_for(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    words = ("--country", "CN", "--country", "UK", "--country", "CN", "--target", "plain")
    done = blockc("init", tmp_path, *words)
    assert "UK is read as GB" in done.err
    assert policy_of(tmp_path)["list"]["blocked"]["block"] == ["CN", "GB"]
    policy = tmp_path / "blockc.toml"  # nothing is registered to GB in the small registries
    entry = '{ select = "GB", allow_empty = true }'
    policy.write_text(policy.read_text(encoding="utf-8").replace('"GB"', entry), encoding="utf-8")
    build = blockc("build", "-f", tmp_path / "blockc.toml", "--from", registries)
    assert build.code == 0
    assert b"\n1.0.1.0/24\n" in (tmp_path / "dist" / "plain" / "blocked.txt").read_bytes()


def test_the_policy_as_it_stands_builds_for_every_target(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    targets = [word for name in TARGETS for word in ("--target", name)]
    assert blockc("init", tmp_path, "--country", "CN", *targets).code == 0
    assert [one["target"] for one in policy_of(tmp_path)["output"]] == list(TARGETS)
    done = blockc("build", "-f", tmp_path / "blockc.toml", "--from", registries)
    assert done.code == 0
    folders = {path.split("/")[0] for path in shown(tmp_path / "dist")}
    assert folders == {"manifest.json", *TARGETS}


def test_without_words_the_policy_builds_from_the_sample(blockc: Blockc, tmp_path: Path) -> None:
    assert blockc("init", tmp_path).code == 0
    done = blockc("build", "-f", tmp_path / "blockc.toml", "--sample")
    assert done.code == 0
    assert sorted(shown(tmp_path / "dist")) == ["manifest.json", "nginx-geo/blocked.conf"]


def test_the_examples_in_the_policy_work_when_the_hash_is_taken_away(
    blockc: Blockc, project: Path, registries: Path
) -> None:
    path = project / "blockc.toml"
    schema, text = path.read_text(encoding="utf-8").split("\n", 1)
    used, count = re.subn(r"^( *)#(?=[^ #\n])", r"\1", text, flags=re.MULTILINE)
    assert count >= 8
    path.write_text(f"{schema}\n{used}", encoding="utf-8")
    for name in ("partners.txt", "own-ranges.txt"):
        (project / name).write_text("1.0.2.0/24\n", encoding="ascii")
    build = ("build", "-f", path, "--from", registries, "--publish-as-of", "--as-of")
    assert blockc(*build, "2027-02-01").code == 0
    assert {"office-only", "blocked"} <= policy_of(project)["list"].keys()


def test_editors_find_the_schema_that_the_policy_names(project: Path) -> None:
    first = (project / "blockc.toml").read_text(encoding="utf-8").splitlines()[0]
    assert first == f"#:schema ./{SCHEMA}"
    schema = json.loads((project / SCHEMA).read_bytes())
    assert schema["$schema"].startswith("https://json-schema.org/")
    properties = schema["$defs"]["PolicyTable"]["properties"]
    assert policy_of(project).keys() <= properties.keys()
    output = schema["$defs"]["OutputTable"]["properties"]
    assert sorted(output["target"]["enum"]) == sorted(TARGETS)
