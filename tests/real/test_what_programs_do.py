"""Where a program does not do what its text seems to say: the reader refuses, and here is why."""

import subprocess

import pytest

from blockc.addresses import AddrMap
from blockc.errors import SourceSyntaxError, Unproved
from blockc.targets.kernel.ipset_restore import Restore
from blockc.targets.syntax.tokens import ArtifactFile, Text
from blockc.targets.web.nginx_geo import NGINX_GEO
from blockc.verify.native import NativeAnswer, try_natively
from blockc.verify.proof import prove
from tests.support.machine import SYSTEM_PATH, require_program, require_root
from tests.targets.artifacts import prefixes

pytestmark = pytest.mark.real


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("default 0; 0.0.0.0/0 1;", 'duplicate network "0.0.0.0/0"'),
        ("default 0; ::/0 1;", 'duplicate network "::/0"'),
        (f"default 0;\n# {'x' * 4200}\n", "too long parameter"),
        ("default 0; 1:2:3:4:5:6:7:: 1;", 'invalid network "1:2:3:4:5:6:7::"'),
    ],
)
def test_nginx_warns_of_or_refuses_what_the_reader_refuses(body: str, said: str) -> None:
    require_program("nginx")
    file = ArtifactFile("x.conf", f"geo $x {{\n{body}\n}}\n".encode())
    outcome = try_natively(NGINX_GEO, (file,), {"variable": "x"})
    assert outcome.answer is NativeAnswer.REFUSED
    assert said in outcome.reason
    with pytest.raises(Unproved):
        prove(NGINX_GEO, [file], AddrMap.of_set(prefixes("0.0.0.0/0", "::/0")))


def test_ipset_takes_quotes_off_names_and_reads_010_as_eight() -> None:
    require_root()
    for program in ("unshare", "ipset"):
        require_program(program)
    restore = 'create "a" hash:net maxelem 010\nflush "a"\nadd a 10.0.0.0/8\nlist a\n'
    done = subprocess.run(
        ["unshare", "--net", "ipset", "restore"],
        input=restore,
        env={"PATH": SYSTEM_PATH},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "maxelem 8" in done.stdout, done.stderr
    assert "Name: a" in done.stdout
    for line in ('create "a" hash:net\n', "create a hash:net maxelem 010\n"):
        with pytest.raises(SourceSyntaxError):
            Restore(Text("x", line))
