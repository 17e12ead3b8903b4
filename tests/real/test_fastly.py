"""What Varnish makes of the acls we write for Fastly, whose own compiler cannot be had.

Fastly's VCL comes from an early Varnish and has the same acls; `+table`, which ours has for
Varnish, Fastly does not know, and subroutines differ.
"""

import re
import subprocess
from pathlib import Path

import pytest

from blockc.targets.cloud.fastly import FASTLY_VCL
from tests.support.machine import require_program
from tests.targets.artifacts import EDGES, written

pytestmark = [pytest.mark.real, pytest.mark.slow]


def compiled(folder: Path, acls: list[str]) -> subprocess.CompletedProcess[str]:
    """Compile acls, and a subroutine that asks each."""
    require_program("gcc")
    asks = "".join(
        f"    if (client.ip ~ a{at}) {{ return (synth(403)); }}\n" for at in range(len(acls))
    )
    text = "vcl 4.1;\nbackend default none;\n" + "\n".join(acls)
    (folder / "main.vcl").write_text(f"{text}\nsub vcl_recv {{\n{asks}}}\n", encoding="utf-8")
    command = [require_program("varnishd"), "-j", "none", "-C", "-f", str(folder / "main.vcl")]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def acl(case: str, name: str) -> str:
    """Return the acl of an artifact under another name."""
    (file,) = written(FASTLY_VCL, EDGES[case])
    found = re.search(r"^acl \w+ (\{\n.*?^\})$", file.data.decode(), re.MULTILINE | re.DOTALL)
    assert found
    return f"acl {name} {found[1]}"


def test_varnish_compiles_the_acl_of_every_edge(tmp_path: Path) -> None:
    done = compiled(tmp_path, [acl(case, f"a{at}") for at, case in enumerate(EDGES)])
    assert done.returncode == 0, done.stderr


def test_varnish_refuses_what_the_reader_refuses_too(tmp_path: Path) -> None:
    for wrong in ('"192.0.2.1"/24;', '"192.0.2.0"/33;', "192.0.2.0/24;"):
        done = compiled(tmp_path, [f"acl a0 {{\n\t{wrong}\n}}"])
        assert done.returncode != 0
