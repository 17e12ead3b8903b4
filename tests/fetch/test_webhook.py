"""The report of a refresh arrives, or the reason says why without naming the url."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from blockc.fetch import webhook


class Service(BaseHTTPRequestHandler):
    """Keeps what it is sent and answers with a status."""

    status, received = 200, list[Any]()

    def do_POST(self) -> None:
        """Take a report."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append((self.headers["Content-Type"], json.loads(body)))
        self.send_response(self.status)
        if self.status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def service(answer: int) -> Iterator[tuple[str, list[Any]]]:
    """Run a service on loopback and yield its url and what it received."""
    kept = list[Any]()
    handler = type("Answering", (Service,), {"status": answer, "received": kept})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/T0/secret", kept
        server.shutdown()
        thread.join()


def test_a_report_arrives_as_json() -> None:
    with service(204) as (url, received):
        assert webhook.tell(url, {"text": "5 lists, für alle"}) == ""
    assert received == [("application/json", {"text": "5 lists, für alle"})]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_another_answer_is_said_and_not_followed(status: int) -> None:
    with service(status) as (url, received):
        assert webhook.tell(url, {}) == f"it answered with status {status}"
    assert len(received) == 1


def test_what_cannot_be_reached_is_said_without_the_url() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/T0/secret", "http://[::1/secret", "http:///secret"):
        said = webhook.tell(url, {})
        assert said.startswith("it could not be reached")
        assert "secret" not in said
    for url in ("file:///secret", "secret", "ftp://host/secret"):
        assert webhook.tell(url, {}) == "its url does not begin with https:// or http://"


def test_a_service_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "SECONDS", (5.0, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/secret"
        assert webhook.tell(url, {}) == "it did not answer in time"
