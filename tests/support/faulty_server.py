"""A real HTTP server on loopback that misbehaves as told, one answer a request."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_DRIP_SECONDS = 0.01


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    path: str
    headers: Message


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = 20
    server: "_Server"

    def do_GET(self) -> None:
        """Give the next answer that was planned for this path."""
        farm = self.server.farm
        with farm.changing:
            farm.asked.append(Asked(self.path, self.headers))
            planned = farm.answers.get(self.path.partition("?")[0], [status(404)])
            answer = planned.pop(0) if len(planned) > 1 else planned[0]
        answer(self)

    def do_CONNECT(self) -> None:
        """Be a proxy: pass on what either side says until one of them hangs up."""
        farm = self.server.farm
        with farm.changing:
            farm.asked.append(Asked(self.path, self.headers))
        host, _, port = self.path.partition(":")
        with socket.create_connection((host, int(port)), timeout=5) as upstream:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=_pass_on, args=(upstream, self.connection), daemon=True)
            back.start()
            _pass_on(self.connection, upstream)
            back.join()
        self.close_connection = True

    def head(self, code: int, headers: dict[str, str]) -> None:
        """Send the status and the headers; underscores stand for hyphens."""
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def hang(self) -> None:
        """Do nothing until the server is closed."""
        self.server.farm.closing.wait(20)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


Answer = Callable[[Handler], None]


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    """Send to `sink` what comes from `source` until it ends."""
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    farm: "FaultyServer"

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is what these tests are about."""


class FaultyServer:
    """A server; `url` is where it listens, `asked` what it was asked so far."""

    def __init__(self, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[Asked] = []
        self.changing = threading.Lock()
        self.closing = threading.Event()
        self._server = _Server((host, 0), Handler)
        self._server.farm = self
        if context:
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_address[1]
        self.url = f"http{'s' if context else ''}://{host}:{self.port}"

    def plan(self, path: str, *answers: Answer) -> str:
        """Answer requests for `path` with `answers` in turn, the last for ever; return its url."""
        with self.changing:
            self.answers[path] = list(answers)
        return self.url + path

    def times(self, path: str) -> int:
        """Return how often `path` was asked for."""
        return sum(one.path == path for one in self.asked)

    @contextmanager
    def running(self) -> Iterator["FaultyServer"]:
        """Listen until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.closing.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def sends(data: bytes, code: int = 200, **headers: str) -> Answer:
    """Answer with `data`."""
    return _sends(data, code, headers)


def _sends(data: bytes, code: int, headers: dict[str, str]) -> Answer:
    def answer(handler: Handler) -> None:
        handler.head(code, {"Content_Length": str(len(data)), **headers})
        handler.wfile.write(data)

    return answer


def status(code: int, **headers: str) -> Answer:
    """Answer with a status and an empty body."""
    return _sends(b"", code, headers)


def unless_known(data: bytes, etag: str = "", modified: str = "") -> Answer:
    """Answer with `data`, or 304 to who has it."""
    own = {name: said for name, said in (("ETag", etag), ("Last_Modified", modified)) if said}

    def answer(handler: Handler) -> None:
        asked = handler.headers
        known = (etag and asked.get("If-None-Match") == etag) or (
            modified and asked.get("If-Modified-Since") == modified
        )
        (_sends(b"", 304, own) if known else _sends(data, 200, own))(handler)

    return answer


def redirects(to: str, code: int = 302) -> Answer:
    """Send the client elsewhere."""
    return sends(b"<html>302 Found</html>", code, Location=to)


def promises(data: bytes, length: int) -> Answer:
    """Announce `length` bytes, send `data` and hang up."""

    def answer(handler: Handler) -> None:
        handler.head(200, {"Content_Length": str(length)})
        handler.wfile.write(data)
        handler.close_connection = True

    return answer


def until_closed(data: bytes) -> Answer:
    """Announce no length, send `data` and hang up: nobody can tell whether that was all."""

    def answer(handler: Handler) -> None:
        handler.head(200, {"Connection": "close"})
        handler.wfile.write(data)
        handler.close_connection = True

    return answer


def stalls(data: bytes = b"") -> Answer:
    """Answer nothing; or, given data, its first half and then nothing."""

    def answer(handler: Handler) -> None:
        if data:
            handler.head(200, {"Content_Length": str(len(data))})
            handler.wfile.write(data[: len(data) // 2])
        handler.hang()

    return answer


def drips(data: bytes) -> Answer:
    """Send the whole answer, headers too, a byte at a time."""

    def answer(handler: Handler) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data)
        for byte in head + data:
            handler.wfile.write(bytes([byte]))
            if handler.server.farm.closing.wait(_DRIP_SECONDS):
                break
        handler.close_connection = True

    return answer


def pours(chunk: bytes, code: int = 200, *, chunked: bool = False, **headers: str) -> Answer:
    """Send `chunk` again and again, for ever."""

    def answer(handler: Handler) -> None:
        framing = {"Transfer_Encoding": "chunked"} if chunked else {"Connection": "close"}
        handler.head(code, {**framing, **headers})
        framed = b"%x\r\n%s\r\n" % (len(chunk), chunk) if chunked else chunk
        while not handler.server.farm.closing.is_set():
            handler.wfile.write(framed)
        handler.close_connection = True

    return answer


def says(raw: bytes) -> Answer:
    """Send `raw` in place of any HTTP, and hang up."""

    def answer(handler: Handler) -> None:
        handler.wfile.write(raw)
        handler.close_connection = True

    return answer


def resets(handler: Handler) -> None:
    """Break the connection off without a word."""
    no_linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
    with suppress(OSError):
        handler.connection.close()
    handler.close_connection = True
