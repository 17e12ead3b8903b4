"""BPF maps loaded by bpftool and asked by the kernel's own longest match."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from blockc.addresses import FAMILIES, AddrMap
from blockc.addresses.rules import Match, meaning
from blockc.errors import SourceSyntaxError
from blockc.targets.core.render import render
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.kernel.bpf_lpm import BPF_LPM
from blockc.targets.syntax.tokens import ArtifactFile, Text
from blockc.values import replace
from tests.real.probes import ends, listed, verdicts
from tests.support.machine import SYSTEM_PATH, require_mounts, require_program
from tests.targets.artifacts import (
    EDGES,
    PATH,
    PROVENANCE,
    TEMPLATES,
    draft,
    nested,
    written,
)

pytestmark = [pytest.mark.real, pytest.mark.slow]
LOOKUPS = Path(__file__).with_name("bpf_lookups.py")
FOLDER, NAME = "/sys/fs/bpf/blockc", "blockc_export_control"
VALUES = {"": 0, "block": 1, "warn": 2, "monitor": 3}


def commands(folder: Path, artifacts: Sequence[Sequence[ArtifactFile]]) -> list[str]:
    """Return how the arrays are made and each artifact is loaded, as the target's page says."""
    assert BPF_LPM.native
    gaps = {"@option.folder@": FOLDER, "@option.map@": NAME}
    lines = []
    once, load = (BPF_LPM.native.files[name] for name in ("once.sh", "load.sh"))
    for number, files in enumerate(artifacts):
        path = folder / f"{number}.bpf"
        path.write_bytes(files[0].data)
        script = load.replace("@0@", str(path))
        lines.append(script if number else f"{once}{script}")
    return [
        line.replace("@option.folder@", gaps["@option.folder@"]).replace("@option.map@", NAME)
        for line in lines
    ]


def asked(
    folder: Path, artifacts: Sequence[Sequence[ArtifactFile]], probes: Sequence[str]
) -> Mapping[str, int]:
    """Return the values that the kernel finds once all artifacts were loaded, one by one."""
    require_mounts()
    require_program("bpftool")
    arrays = {family.version: f"{FOLDER}/{NAME}_v{family.version}" for family in FAMILIES}
    job = {"commands": commands(folder, artifacts), "arrays": arrays, "probes": [*probes]}
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, str(LOOKUPS)],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, int] = json.loads(done.stdout)
    return answers


def require_said(folder: Path, intent: AddrMap, *artifacts: Sequence[ArtifactFile]) -> None:
    """Check that the kernel says what an intent does at both ends of its slots."""
    wanted = {
        text: VALUES[said]
        for family in FAMILIES
        for text, said in verdicts(intent, family, ends(intent, family)).items()
    }
    assert asked(folder, artifacts, [*wanted]) == wanted


def test_the_kernel_finds_what_the_list_blocks_and_nothing_else(tmp_path: Path) -> None:
    addresses = listed(11)
    require_said(tmp_path, AddrMap.of_set(addresses), written(BPF_LPM, addresses))


def test_a_new_list_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    old, new = listed(12), listed(13)
    files = [written(BPF_LPM, one) for one in (old, new, old)]
    require_said(tmp_path, AddrMap.of_set(new), *files[:2])


@pytest.mark.parametrize("case", EDGES)
def test_the_kernel_agrees_at_the_edges_of_the_space(tmp_path: Path, case: str) -> None:
    require_said(tmp_path, AddrMap.of_set(EDGES[case]), written(BPF_LPM, EDGES[case]))


def test_exceptions_and_the_actions_of_several_lists_are_values(tmp_path: Path) -> None:
    rules = nested(
        ("10.0.0.0/8", 1), ("10.1.0.0/16", 2), ("10.1.2.0/24", 0), ("10.1.2.3/32", 3),
        ("2001:db8::/32", 3), ("2001:db8:8::/48", 0), ("2001:db8:8::1/128", 1),
    )  # fmt: skip
    names = ("", "block", "monitor", "warn")
    intent = meaning(Match.LONGEST, rules.values(), names)
    one = draft(BPF_LPM, rules, None, PROVENANCE, ContentKind.VERDICTS, names)
    require_said(tmp_path, intent, render(BPF_LPM, one, PATH, TEMPLATES))


def test_what_bpftool_dumps_is_what_was_loaded(tmp_path: Path) -> None:
    """By the commands that the page gives."""
    require_program("bpftool")
    require_mounts()
    addresses = listed(14)
    assert BPF_LPM.live
    lines = ["set -e", "mount -t bpf bpf /sys/fs/bpf"]
    lines += commands(tmp_path, [written(BPF_LPM, addresses)])
    for number, dump in enumerate(BPF_LPM.live.commands):
        lines.append(f"({dump.replace('NAME', NAME)}) > {tmp_path}/{number}")
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", "\n".join(lines)],
        env={"PATH": SYSTEM_PATH},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    texts = [Text(name, (tmp_path / name).read_text("utf-8")) for name in ("0", "1")]
    read = BPF_LPM.live.reader(texts, {})
    said = meaning(Match.LONGEST, read.rules.values(), read.names)
    assert said.where(["block"]) == addresses
    with pytest.raises(SourceSyntaxError, match="this is not a value for a verdict"):
        BPF_LPM.live.reader([replace(texts[0], text=texts[0].text.replace("0x01", "0x07"))], {})
