"""The log that `docs/audit.md` has HAProxy write holds the HMAC of a key that audits make."""

import base64
import json
import os
import re
import socket
import subprocess
from pathlib import Path

import pytest

from blockc.audit.scan import pseudonym
from tests.cli.conftest import Blockc, blockc
from tests.cli.toy import CHECKOUT
from tests.support.machine import require_program

__all__ = ["blockc"]
pytestmark = [pytest.mark.real, pytest.mark.slow]
HMAC_OF = b"0123456789abcdef"
HEAD = "defaults\n    mode http\n" + "".join(
    f"    timeout {one} 5s\n" for one in ("connect", "client", "server")
)


def test_a_key_in_the_log_of_haproxy_is_its_hmac(tmp_path: Path, blockc: Blockc) -> None:
    page = (CHECKOUT / "docs" / "audit.md").read_text(encoding="utf-8")
    found = re.search(r"```haproxy\n(.*?)```", page, re.DOTALL)
    assert found
    place = tmp_path / "s"
    config = tmp_path / "haproxy.cfg"
    config.write_text(HEAD + found[1].replace("127.0.0.1:8080", f"unix@{place}"), encoding="utf-8")
    log = tmp_path / "access.log"
    keyed = base64.b64encode(HMAC_OF).decode()
    with log.open("wb") as out:
        server = subprocess.Popen(
            [require_program("haproxy"), "-db", "-f", config],
            stdout=out,
            env={**os.environ, "KEYED": keyed},
        )
    try:
        while not place.exists():
            assert server.poll() is None
        with socket.socket(socket.AF_UNIX) as wire:
            wire.connect(str(place))
            wire.sendall(
                b"GET /a/b?c HTTP/1.1\r\nHost: x\r\nX-Api-Key: s3\r\nConnection: close\r\n\r\n"
            )
            while wire.recv(1000):
                pass
        while not log.stat().st_size:
            assert server.poll() is None
    finally:
        server.terminate()
        server.wait(20)
    said = json.loads(log.read_text(encoding="utf-8"))
    assert said["key"] == pseudonym(b"s3", HMAC_OF)
    log.write_text(json.dumps({**said, "client": "192.0.2.1"}) + "\n", encoding="utf-8")
    listed = tmp_path / "listed.txt"
    listed.write_text("192.0.2.0/24\n", encoding="utf-8")
    words = ("audit", log, "--lists", listed, "--key", "json:key", "--key-is", "id", "--json")
    answers = json.loads(blockc(*words).out)["answers"]
    assert [one["key"] for one in answers["keys"]] == [said["key"]]
    assert {one["by"]: one["value"] for one in answers["impact"]}["path"] == "/a"
