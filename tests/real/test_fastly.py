"""What Varnish makes of the acls we write for Fastly, whose own compiler cannot be had.

Fastly's VCL comes from an early Varnish and has the same acls; `+table`, which ours has for
Varnish, Fastly does not know, and subroutines differ. So the acl alone is put into a VCL of
Varnish, which is asked about the client that a header names.
"""

import re
import subprocess
from pathlib import Path

import pytest

from blockc.addresses import FAMILIES, AddrMap
from blockc.targets.cloud.fastly import FASTLY_VCL
from blockc.targets.proxy.varnish import VARNISH
from blockc.targets.syntax.tokens import ArtifactFile
from tests.real.probes import blocked, ends, listed, mapped
from tests.real.test_by_header import OTHERS, REAL, served, statuses
from tests.support.machine import require_program
from tests.targets.artifacts import EDGES, prefixes, written

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
    return acl_of(file, name)


def acl_of(file: ArtifactFile, name: str) -> str:
    """Return the acl in a file under another name."""
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


def require_agreement(folder: Path, file: ArtifactFile, intent: AddrMap) -> None:
    """Check what Varnish says by an acl at both ends of slots."""
    wanted: dict[str, bool] = {}
    for family in FAMILIES:
        wanted |= blocked(intent, family, ends(intent, family, 150))
    wanted = {text: said for text, said in wanted.items() if not mapped(text)}
    assert {*wanted.values()} == {False, True}
    include = (
        f"import std;\n{acl_of(file, 'a0')}\nsub vcl_recv {{\n"
        f'    if (std.ip(req.http.{REAL}, "192.0.2.0") ~ a0) {{ return (synth(403)); }}\n}}\n'
    )
    with served(VARNISH, folder, include) as port:
        answers = statuses(port, wanted)
    assert answers == {text: 403 if said else OTHERS for text, said in wanted.items()}


def test_varnish_refuses_by_the_acl_whom_the_list_blocks(tmp_path: Path) -> None:
    addresses = listed(37, 80)
    (file,) = written(FASTLY_VCL, addresses)
    require_agreement(tmp_path, file, AddrMap.of_set(addresses))


def test_varnish_reads_everything_but_an_office_as_it_was_meant(tmp_path: Path) -> None:
    office = prefixes("198.51.100.0/24", "203.0.113.7/32", "2001:db8::/48", "::1/128")
    addresses = EDGES["all but the ends"] - office
    (file,) = written(FASTLY_VCL, addresses)
    require_agreement(tmp_path, file, AddrMap.of_set(addresses))
