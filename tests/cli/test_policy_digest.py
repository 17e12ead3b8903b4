"""The digest of a policy: it identifies what the policy says, and nothing else."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from blockc.workspace.file_reader import FileReader
from tests.cli.conftest import Blockc

POLICY = """\
version = 1
include = ["more.toml"]

[list.far]
block = ["file:a.txt", "group:ours"]
except = ["file:b.txt"]
"""
FILES: Mapping[str, str] = {
    "blockc.toml": POLICY,
    "more.toml": 'version = 1\n[[output]]\nlist = "far"\ntarget = "plain"\npath = "far.txt"\n'
    'template = "own.j2"\n',
    "own.j2": "{% for part in parts %}{% for text in part.texts %}{{ text }}\n"
    "{% endfor %}{% endfor %}",
    "a.txt": "10.0.0.0/9\n",
    "b.txt": "10.64.0.0/16\n",
    "groups/ours.toml": 'source = "https://example.org"\ndate = 2026-11-01\n'
    '[group.ours]\ntitle = "t"\ncountries = ["CN"]\n',
}


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "blockc.toml"


def read(policy: Path, *names: str) -> FileReader:
    reader = FileReader(policy)
    for name in names:
        reader(str(policy.parent / name))
    return reader


def manifest(blockc: Blockc, policy: object, registries: Path, output: Path) -> dict[str, object]:
    words = ("-f", policy, "--from", registries, "-o", output, "--as-of", "2026-11-23")
    done = blockc("build", *words)
    assert done.code == 0, done.err
    found = json.loads((output / "manifest.json").read_bytes())
    assert isinstance(found, dict)
    return found


def test_who_swaps_the_contents_of_two_files_has_another_policy(tmp_path: Path) -> None:
    policy = write(tmp_path, FILES)
    before = read(policy, "blockc.toml", "a.txt", "b.txt").digest()
    write(tmp_path, {"a.txt": FILES["b.txt"], "b.txt": FILES["a.txt"]})
    assert read(policy, "blockc.toml", "a.txt", "b.txt").digest() != before


@pytest.mark.parametrize(
    ("one", "other"),
    [({"ab": "c"}, {"a": "bc"}), ({"a": "", "b": ""}, {"ab": ""}), ({"a": "b"}, {"b": "a"})],
)
def test_names_and_contents_do_not_run_into_each_other(
    tmp_path: Path, one: Mapping[str, str], other: Mapping[str, str]
) -> None:
    digests = set()
    for number, files in enumerate((one, other)):
        policy = write(tmp_path / str(number), files)
        digests.add(read(policy, *files).digest())
    assert len(digests) == 2


def test_neither_the_order_of_reading_nor_the_folder_nor_the_call_matters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, elsewhere = write(tmp_path / "here", FILES), write(tmp_path / "there" / "x", FILES)
    found = {read(one, *FILES).digest() for one in (policy, elsewhere)}
    found.add(read(policy, *sorted(FILES, reverse=True)).digest())
    monkeypatch.chdir(policy.parent)
    found.add(read(Path("blockc.toml"), *FILES).digest())
    monkeypatch.chdir(tmp_path)
    found.add(read(Path("here/blockc.toml"), *FILES).digest())
    assert len(found) == 1


def test_the_manifest_names_everything_that_went_in(
    blockc: Blockc, tmp_path: Path, registries: Path
) -> None:
    source = Path(__file__).parents[2] / "sources" / "iptoasn.toml"
    files = {**FILES, "sources/iptoasn.toml": source.read_text(encoding="utf-8")}
    made = manifest(blockc, write(tmp_path / "p", files), registries, tmp_path / "d")
    assert made["files"] == [
        {"name": name, "digest": f"sha256:{hashlib.sha256(files[name].encode()).hexdigest()}"}
        for name in sorted(files)
    ]


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_word_in_any_file_is_another_policy(
    blockc: Blockc, tmp_path: Path, registries: Path, name: str
) -> None:
    policy = write(tmp_path / "p", FILES)
    before = manifest(blockc, policy, registries, tmp_path / "d")
    remark = "{# a remark #}" if name.endswith("j2") else "# a remark\n"
    write(tmp_path / "p", {name: FILES[name] + remark})
    after = manifest(blockc, policy, registries, tmp_path / "d")
    assert after["policy"] != before["policy"]
    assert after["artifacts"] == before["artifacts"], "the template does not show the digest"
