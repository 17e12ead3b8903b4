"""Work beside other work: its result, its failure, and what happens with one processor."""

import os
import threading
from typing import NoReturn

import pytest

from blockc.workspace import beside as module
from blockc.workspace.beside import beside


@pytest.fixture(params=[1, 2])
def processors(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    count: int = request.param
    monkeypatch.setattr(module, "_processors", lambda: count)
    return count


def test_the_result_comes_back_and_no_thread_is_left(processors: int) -> None:
    before, begun = threading.active_count(), threading.Event()

    def work() -> int:
        begun.set()
        return threading.get_ident()

    result = beside(work)
    assert begun.wait(0 if processors == 1 else 60) is (processors == 2)
    assert (result() == threading.get_ident()) is (processors == 1)
    assert threading.active_count() == before


@pytest.mark.usefixtures("processors")
@pytest.mark.parametrize("failure", [ValueError("wrong"), KeyboardInterrupt()])
def test_a_failure_is_raised_where_the_result_is_asked_for(failure: BaseException) -> None:
    def work() -> NoReturn:
        raise failure

    result = beside(work)
    with pytest.raises(type(failure)) as found:
        result()
    assert found.value is failure


def test_processors_are_those_that_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5}, raising=False)
    assert module._processors() == 2
    monkeypatch.delattr(os, "sched_getaffinity")
    assert module._processors() == 1
