"""The bundled sample: the bytes that were recorded, read like any folder, counts still true."""

import hashlib
import importlib.util
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from blockc.fetch.folder import read_folder
from blockc.resources import sources_dir
from blockc.vocabulary import RIRS

SAMPLE = sources_dir() / "sample"
SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "make_sample.py"


@pytest.fixture(scope="module")
def make_sample() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_sample", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_sample_is_what_was_recorded() -> None:
    recorded = (SAMPLE / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    found = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}"
        for path in sorted(SAMPLE.glob("*.xz"))
    ]
    assert found == recorded
    assert sum(path.stat().st_size for path in SAMPLE.glob("*.xz")) < 1_300_000


def test_the_counts_of_the_sample_are_true_and_the_opaque_ids_gone() -> None:
    for registry, raw in read_folder(SAMPLE).items():
        lines = [line for line in raw.data.decode("ascii").splitlines() if line[0] != "#"]
        header, *rest = [line.split("|") for line in lines]
        summaries = {fields[2]: int(fields[4]) for fields in rest if fields[-1] == "summary"}
        records = [fields for fields in rest if fields[-1] != "summary"]
        assert header[1] == registry
        assert int(header[3]) == len(records)
        assert summaries == Counter(fields[2] for fields in records)
        assert {len(fields) for fields in records} == {7}
        assert raw.data.endswith(b"\n")


def test_the_script_makes_the_same_bytes_each_time(
    tmp_path: Path, make_sample: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    line = b"2|%s|1|1||20181013|+0\n%s|ZZ|asn|1|1|19910301|allocated|F36B9F4B|more\n"
    for registry in RIRS:
        name = registry.encode()
        (source / f"delegated-{registry}-extended-latest").write_bytes(line % (name, name))
    made = []
    for run in ("first", "second"):
        (tmp_path / run).mkdir()
        monkeypatch.setattr("sys.argv", ["x", str(source), "20181013", str(tmp_path / run)])
        make_sample.main()
        made.append({path.name: path.read_bytes() for path in (tmp_path / run).iterdir()})
    assert made[0] == made[1]
    assert len(made[0]) == 6
    for registry, raw in read_folder(tmp_path / "first").items():
        name = registry.encode()
        cut = b"2|%s|1|1||20181013|+0\n%s|ZZ|asn|1|1|19910301|allocated\n" % (name, name)
        assert raw.data == cut
