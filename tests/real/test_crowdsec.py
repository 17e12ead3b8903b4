"""CrowdSec's local API, into which cscli imports decisions, asked as its bouncers ask it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from blockc.addresses import FAMILIES, AddrMap
from blockc.targets.data.crowdsec import CROWDSEC
from tests.real.probes import blocked, ends, listed, mapped
from tests.support.machine import SYSTEM_PATH, require_program, require_root
from tests.targets.artifacts import EDGES, written

pytestmark = pytest.mark.real
# Not the last address of IPv6, which CrowdSec 1.4 takes for the one before it.
CASES = ("everything", "ipv4 only", "halves", "mapped and embedded")


def test_crowdsec_bans_whom_the_list_blocks_and_nobody_else(tmp_path: Path) -> None:
    require_root()
    require_program("cscli")
    lists = [listed(41, 60), *(EDGES[case] for case in CASES)]
    jobs, wanted = [], []
    for addresses in lists:
        intent = AddrMap.of_set(addresses)
        slots = [blocked(intent, family, ends(intent, family, 60)) for family in FAMILIES]
        probes = {a: said for one in slots for a, said in one.items() if not mapped(a)}
        text = written(CROWDSEC, addresses)[0].data.decode()
        jobs.append({"text": text, "probes": [*probes], "reason": "blockc/export-control"})
        wanted.append([*probes.values()])
    script = Path(__file__).with_name("crowdsec_api.py")
    done = subprocess.run(
        ["unshare", "--net", sys.executable, str(script), str(tmp_path)],
        input=json.dumps(jobs),
        env={"PATH": SYSTEM_PATH, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    for answers, said in zip(json.loads(done.stdout), wanted, strict=True):
        *asked, deleted = answers
        assert [bool(decisions) for decisions in asked] == said
        assert {one["type"] for decisions in asked for one in decisions} == {"ban"}
        assert {one["scenario"] for d in asked for one in d} == {"blockc/export-control"}
        assert deleted == []
