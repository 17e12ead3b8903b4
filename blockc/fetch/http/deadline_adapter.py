"""Connections that keep a deadline: a server that sends a byte now and then cannot hold us.

A read timeout of the libraries is for each read from the socket, and they read until a line or a
chunk is whole. So a server may keep a client for ever, one byte at a time, headers included. Here
every read from the socket first looks at the deadline.
"""

import io
import socket
from collections.abc import Mapping
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from blockc.fetch.clock import Deadline


class _DeadlineReader(io.RawIOBase):
    """What comes from a socket, as long as the deadline is not over."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket, deadline: Deadline) -> None:
        self._raw, self._connection, self._deadline = raw, connection, deadline
        self._read_seconds = connection.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline.seconds_left
        if not left:
            raise TimeoutError
        self._connection.settimeout(min(left, self._read_seconds or left))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _DeadlineSocket:
    """A socket as far as an HTTP response needs one: a file of what comes from it."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        raw = connection.makefile("rb", buffering=0)
        self.file: io.BufferedReader = io.BufferedReader(_DeadlineReader(raw, connection, deadline))

    def makefile(self, _mode: str) -> io.BufferedReader:
        return self.file


class DeadlineAdapter(HTTPAdapter):
    """The transport of a session whose answers must be complete before `deadline`."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._files: list[io.BufferedReader] = []
        plain = type("_Plain", (HTTPConnection,), {"response_class": self._response})
        secure = type("_Secure", (HTTPSConnection,), {"response_class": self._response})
        self._pools: Mapping[str, type] = {
            "http": type("_PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("_SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }
        super().__init__(max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the pools for direct connections."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Return the pools for connections through `proxy`."""
        manager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = self._pools
        return manager

    def close(self) -> None:
        """Close every connection, also of an answer so odd that the libraries forgot it."""
        super().close()
        for file in self._files:
            file.close()

    def _response(self, connection: Any, **options: Any) -> HTTPResponse:
        wrapped: Any = _DeadlineSocket(connection, self._deadline)
        self._files.append(wrapped.file)
        return HTTPResponse(wrapped, **options)
