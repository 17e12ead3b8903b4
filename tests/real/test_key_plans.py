"""The commands by which a plan is run, as its page has them, against a server that notes them."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from blockc.keys.key_target import PlannedKey
from tests.keys.gateway_cases import LIST, case_of, text_of_plan
from tests.support.machine import absent

Request = tuple[str, str, str, str, str]
_BASES = ("https://gate.example.com", "http://localhost:8001", "https://apigee.googleapis.com",
          "https://api.cloudflare.com")  # fmt: skip
_TOKEN = b'{"result": {"id": "1", "name": "shop", "policies": [{"effect": "allow"}], "x": 1}}'


class _Noting(BaseHTTPRequestHandler):
    seen: list[Request]
    fails_at: int | None

    def _note(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        kind, who = (self.headers.get(name, "") for name in ("Content-Type", "Authorization"))
        self.seen.append((self.command, self.path, kind, body, who))
        self.send_response(500 if len(self.seen) == self.fails_at else 200)
        self.send_header("Content-Length", str(len(_TOKEN)))
        self.end_headers()
        self.wfile.write(_TOKEN)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _note  # noqa: N815  http.server's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def noting(fails_at: int | None = None) -> Iterator[tuple[str, list[Request]]]:
    """Run a server that may fail at one request; give its URL and what it was asked."""
    seen = list[Request]()
    handler = type("Handler", (_Noting,), {"seen": seen, "fails_at": fails_at})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run(name: str, folder: Path, fails_at: int | None = None) -> list[Request]:
    """Run the commands of a target on a plan of two keys, and return what was asked of it.

    They end with 0 only where no request failed.
    """
    for program in ("bash", "curl", "jq"):
        if not shutil.which(program):
            absent(f"{program} is not installed")
    target, options, keys = case_of(name)
    keys = [PlannedKey(one.key, one.action, one.name) for one in keys]
    text = text_of_plan(target, options, keys).text
    with noting(fails_at) as (url, seen):
        for base in _BASES:
            text = text.replace(base, url)
        (folder / "keys.json").write_text(text, encoding="utf-8")
        done = subprocess.run(
            ["bash", "-c", target.deployment.load],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "CREDENTIAL": "Authorization: Bearer t"},
            capture_output=True,
            check=False,
        )
        assert (done.returncode == 0) is (fails_at is None), done.stderr
    assert {one[4] for one in seen} == {"Bearer t"}
    assert LIST in text
    return seen


def test_calls_of_ones_own_are_made_as_the_plan_says(tmp_path: Path) -> None:
    assert [one[:4] for one in run("http", tmp_path)] == [
        ("POST", "/keys/k-1/disable", "application/json", '{"why":"export control"}'),
        ("DELETE", "/keys/k%2F2%3Fx%3D1%26y/block", "text/plain", ""),
    ]


def test_credentials_of_kong_are_deleted_one_by_one(tmp_path: Path) -> None:
    first, second = run("kong", tmp_path)
    assert (first[0], first[3], second[0]) == ("DELETE", "", "DELETE")
    assert first[1].startswith("/consumers/bazaar/key-auth/7c0a5b3e-")
    assert second[1].startswith("/consumers/reise~7/key-auth/7c0a5b3e-")


def test_apps_of_apigee_are_revoked_and_approved(tmp_path: Path) -> None:
    base, kind = "/v1/organizations/acme/developers", "application/octet-stream"
    assert [one[:4] for one in run("apigee", tmp_path)] == [
        ("POST", f"{base}/ops%40bazaar.example/apps/quotes?action=revoke", kind, ""),
        (
            "POST",
            f"{base}/o%27hara%2B1%40reise.example/apps/book%2520it%24?action=approve",
            kind,
            "",
        ),
    ]


def test_a_token_of_cloudflare_keeps_its_name_and_policies(tmp_path: Path) -> None:
    seen = run("cloudflare-api-tokens", tmp_path)
    assert [one[0] for one in seen] == ["GET", "PUT", "GET", "PUT"]
    assert seen[0][1] == seen[1][1] == "/client/v4/user/tokens/ed17574386854bf78a67040be0a770b0"
    kept = '{"name":"shop","policies":[{"effect":"allow"}],"status":"%s"}'
    assert [seen[1][3].strip(), seen[3][3].strip()] == [kept % "disabled", kept % "active"]


def test_the_commands_of_a_document_print_both_actions(tmp_path: Path) -> None:
    if not shutil.which("jq"):
        absent("jq is not installed")
    target, options, keys = case_of("json")
    (tmp_path / "keys.json").write_text(text_of_plan(target, options, keys).text, encoding="utf-8")
    done = subprocess.run(
        ["bash", "-c", target.deployment.load], cwd=tmp_path, capture_output=True, check=True
    )
    assert done.stdout.decode().splitlines() == [one.name[0] for one in keys]


@pytest.mark.parametrize(
    ("name", "fails_at"),
    [("http", 1), ("http", 2), ("kong", 1), ("apigee", 1)]
    + [("cloudflare-api-tokens", n) for n in (1, 2, 3)],
)
def test_the_commands_fail_at_the_first_call_that_fails(
    name: str, fails_at: int, tmp_path: Path
) -> None:
    assert len(run(name, tmp_path, fails_at)) == fails_at


def test_the_commands_of_azure_fail_at_the_first_call_that_fails(tmp_path: Path) -> None:
    target, options, keys = case_of("azure-api-management")
    (tmp_path / "az").write_text('#!/bin/sh\necho "$5" >> called\nexit 3\n', encoding="utf-8")
    (tmp_path / "az").chmod(0o755)
    (tmp_path / "keys.json").write_text(text_of_plan(target, options, keys).text, encoding="utf-8")
    path = f"{tmp_path}:{os.environ['PATH']}"
    loop = ["bash", "-c", target.deployment.load]
    assert subprocess.run(loop, cwd=tmp_path, env={"PATH": path}, check=False).returncode != 0
    (called,) = (tmp_path / "called").read_text(encoding="utf-8").splitlines()
    assert keys[0].name[0] in called


@pytest.mark.parametrize("name", ["aws-api-gateway"])
def test_a_shell_takes_the_script(name: str, tmp_path: Path) -> None:
    target, options, keys = case_of(name)
    (tmp_path / "aws").write_text('#!/bin/sh\necho "$@" >> called\n', encoding="utf-8")
    (tmp_path / "aws").chmod(0o755)
    (tmp_path / "keys.sh").write_text(text_of_plan(target, options, keys).text, encoding="utf-8")
    path = f"{tmp_path}:{os.environ['PATH']}"
    subprocess.run(["sh", "keys.sh"], cwd=tmp_path, env={"PATH": path}, check=True)
    called = (tmp_path / "called").read_text(encoding="utf-8").splitlines()
    assert [line.split()[3] for line in called] == [one.name[0] for one in keys]
