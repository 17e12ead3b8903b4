"""What every test gets: no Internet, a store of its own, and one rule for what is missing."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.machine import require_program, require_root

LOOPBACK = ("127.", "::1", "localhost")


@pytest.fixture(scope="session")
def _store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(autouse=True)
def _own_store(_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the operator's own store out of the tests; what one test parsed another may use."""
    monkeypatch.setenv("BLOCKC_STORE", str(_store))


@pytest.fixture(autouse=True)
def _no_internet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection of this process but to loopback and to local sockets."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        internet = self.family in (socket.AF_INET, socket.AF_INET6)
        if internet and not str(address[0]).startswith(LOOPBACK):
            raise AssertionError(f"a test reached for {address!r}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def program() -> Callable[[str], str]:
    """Return what finds a real program: a skip says which is missing, in CI it is a failure."""
    return require_program


@pytest.fixture
def as_root() -> None:
    """Skip with a reason without root; in CI fail."""
    require_root()
