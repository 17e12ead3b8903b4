"""What every test gets: no Internet and a store that is not the operator's; and their order."""

import socket
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# How long an example takes says more of the machine than of the code; `make bench` measures.
settings.register_profile("blockc", deadline=None)
settings.load_profile("blockc")

LOOPBACK = ("127.", "::1", "localhost")

# What a test costs in seconds, roughly: by its first marker or fixture of these, or one of all.
COSTS = {"slow": 3.0, "real": 1.0, "hypothesis": 0.5, "blockc": 0.4}
COST = 0.02


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `make golden` says."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the workers of xdist begin with the files that cost most, so that they end together.

    On its own xdist begins with the files of the most tests, and comes last to few slow ones;
    `--no-loadscope-reorder` leaves it to this.
    """
    if hasattr(config, "workerinput"):
        of_files: defaultdict[str, float] = defaultdict(float)
        for item in items:
            of_files[_file(item)] += _cost(item)
        items.sort(key=lambda item: (-of_files[_file(item)], _file(item)))


def _file(item: pytest.Item) -> str:
    return item.nodeid.split("::")[0]


def _cost(item: pytest.Item) -> float:
    names = {mark.name for mark in item.iter_markers()} | set(getattr(item, "fixturenames", ()))
    return next((seconds for name, seconds in COSTS.items() if name in names), COST)


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
