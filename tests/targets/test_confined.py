"""Work in a process of its own: what comes back of it, and what stops it."""

import os
import signal
from collections.abc import Callable
from typing import NoReturn

import pytest

from blockc.errors import DoesNotFit, Location
from blockc.targets.core import confined as module
from blockc.targets.core.confined import Allowance, OverAllowance, confined

LITTLE = Allowance(64 << 20, 1)


def test_a_result_comes_back_whatever_its_size() -> None:
    assert confined(lambda: ["x" * 3_000_000, "\ud800"], LITTLE) == ["x" * 3_000_000, "\ud800"]


def test_a_failure_that_was_foreseen_comes_back_as_it_is() -> None:
    def work() -> NoReturn:
        raise DoesNotFit("too wide", at=Location("a", 3), hint="shorten it")

    with pytest.raises(DoesNotFit, match=r"^a:3: too wide; shorten it$"):
        confined(work, LITTLE)


def test_nothing_else_comes_back(capfd: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        seen.append(1)
        os.environ["BLOCKC_SEEN"] = "1"

    seen: list[int] = []
    confined(work, LITTLE)
    assert (seen, "BLOCKC_SEEN" in os.environ) == ([], False)
    assert capfd.readouterr() == ("", "")


def endless() -> None:
    while True:
        pass


def growing() -> None:
    held: list[bytes] = []
    while True:
        held.append(bytes(1 << 20))


def dying() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (endless, "it takes too long"),
        (dying, "its process ended with SIGSEGV"),
        (lambda: 1 / 0, "its process ended with 1"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "it takes too much memory"),
    ],
)
def test_work_that_ends_without_a_result_says_why(work: Callable[[], object], said: str) -> None:
    with pytest.raises(OverAllowance, match=f"^{said}$") as caught:
        confined(work, LITTLE)
    places = [name for name, _ in caught.value.places]
    assert (places[:1] == [__file__]) is (work in (endless, dying))


def test_a_library_that_takes_the_signals_for_itself_is_not_asked() -> None:
    def as_the_engine_of_clickhouse_does(*_: object) -> NoReturn:
        os._exit(9)

    def work() -> tuple[str, str]:
        signal.signal(signal.SIGSEGV, as_the_engine_of_clickhouse_does)
        with pytest.raises(OverAllowance) as caught:
            confined(dying, LITTLE)
        return str(caught.value), caught.value.places[0][0]

    said = confined(work, LITTLE)  # the handler is one of that process
    assert said == ("its process ended with SIGSEGV", __file__)


def test_memory_is_bounded_where_the_kernel_bounds_it() -> None:
    def work() -> str:
        try:
            growing()
        except MemoryError:
            return "there is no more"
        return ""

    assert confined(work, LITTLE) == "there is no more"


def test_memory_is_looked_at_where_the_kernel_does_not_bound_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_address_space", lambda: 0)
    with pytest.raises(OverAllowance, match=r"^it takes too much memory$") as caught:
        confined(growing, Allowance(64 << 20, 60))
    assert caught.value.places[0][0] == __file__


def test_whoever_is_interrupted_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    began: list[int] = []

    def interrupted(child: int, *_: object) -> NoReturn:
        began.append(child)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_received", interrupted)
    with pytest.raises(KeyboardInterrupt):
        confined(endless, Allowance(64 << 20, 60))
    with pytest.raises(ProcessLookupError):
        os.kill(began[0], 0)
