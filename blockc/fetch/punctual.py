"""Connections that keep a deadline: a server that sends a byte now and then cannot hold us.

A read timeout of the libraries is for each read from the socket, and they read until a line or a
chunk is whole. So a server may keep a client for ever, one byte at a time, headers included. Here
every read from the socket first looks at the deadline.
"""

import io
import socket
from collections.abc import Mapping
from functools import partial
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from blockc.fetch.clock import Deadline


class _PunctualReader(io.RawIOBase):
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


class _PunctualSocket:
    """A socket as far as an HTTP response needs one: a file of what comes from it."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._connection, self._deadline = connection, deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        raw = self._connection.makefile("rb", buffering=0)
        return io.BufferedReader(_PunctualReader(raw, self._connection, self._deadline))


def _response(deadline: Deadline, connection: Any, **options: Any) -> HTTPResponse:
    wrapped: Any = _PunctualSocket(connection, deadline)
    return HTTPResponse(wrapped, **options)


def _pools(deadline: Deadline) -> Mapping[str, type]:
    """Return the connection pools, by scheme, whose responses keep `deadline`."""
    response = staticmethod(partial(_response, deadline))
    plain = type("_Plain", (HTTPConnection,), {"response_class": response})
    secure = type("_Secure", (HTTPSConnection,), {"response_class": response})
    return {
        "http": type("_PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("_SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }


class PunctualAdapter(HTTPAdapter):
    """The transport of a session whose answers must be complete before `deadline`."""

    def __init__(self, deadline: Deadline) -> None:
        self._pools = _pools(deadline)
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
