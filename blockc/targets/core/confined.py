"""Work whose memory and time nobody knows before: done in a process of its own that has limits.

An operator's template is a program. Each filter and each operator can ask for more than there is in
a way of its own, and in code of Python that nothing interrupts. The kernel can.
"""

import faulthandler
import gc
import os
import pickle
import re
import resource
import selectors
import signal
import subprocess
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from blockc.errors import BlockcError
from blockc.values import Value

TOO_LARGE = "it takes too much memory"
_LOOK_SECONDS = 0.1  # between two looks at the memory, where the kernel sets it no limit
_PIECE = 1 << 20
_FRAME = re.compile(r'  File "(.*)", line (\d+) in ')  # as faulthandler writes it
_FAULTS = (signal.SIGSEGV, signal.SIGFPE, signal.SIGABRT, signal.SIGBUS, signal.SIGILL)
_OURS = (signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU, *_FAULTS)  # whatever the first process does
Result = TypeVar("Result")


class Allowance(Value):
    """What some work may take: bytes of memory that it adds, and seconds of a processor."""

    memory: int
    seconds: int


class OverAllowance(Exception):
    """Some work took more than it may, or its process ended otherwise.

    `places`: file and line of each call that was running, the innermost first, where it is known.
    """

    def __init__(self, reason: str, places: list[tuple[str, int]]) -> None:
        super().__init__(reason)
        self.places = places


def confined(work: Callable[[], Result], allowance: Allowance) -> Result:
    """Return what some work returns, or raise the failure it foresees.

    It is done by a copy of this process, from which nothing comes back but that.

    Raises:
        OverAllowance: It takes more than it may.
        OSError: There is no process or memory to begin with.
    """
    result, into_result = os.pipe()
    trace, into_trace = os.pipe()
    with warnings.catch_warnings():  # the copy takes no lock that another thread could hold
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        _serve(work, allowance, into_result, into_trace)
    os.close(into_result)
    os.close(into_trace)
    try:
        said, traced, grown = _received(child, result, trace, allowance)
    except BaseException:
        os.kill(child, signal.SIGKILL)
        raise
    finally:
        status = 0
        with suppress(ChildProcessError):  # whoever started us has it that nobody waits
            status = os.waitpid(child, 0)[1]
    if status or not said:
        places = [
            (name, int(line)) for name, line in _FRAME.findall(traced.decode(errors="replace"))
        ]
        raise OverAllowance(TOO_LARGE if grown else _reason(status), places)
    answer = pickle.loads(said)  # noqa: S301  a copy of ourselves wrote it
    if isinstance(answer, BlockcError):
        raise answer
    return answer[0]  # type: ignore[no-any-return]


def _reason(status: int) -> str:
    """Return why the copy ended without a result."""
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGKILL:  # the kernel had none left
        return TOO_LARGE
    if code == -signal.SIGXCPU:
        return "it takes too long"
    return f"its process ended with {signal.Signals(-code).name if code < 0 else code}"


def _serve(work: Callable[[], Any], allowance: Allowance, result: int, trace: int) -> NoReturn:
    """Do the work in the copy of the process, write what comes of it, and end."""
    code = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends this one
        faulthandler.disable()  # enabled twice, it would leave what a library has put in its place
        for number in _OURS:
            signal.signal(number, signal.SIG_DFL)
        faulthandler.enable(trace, all_threads=False)
        faulthandler.register(signal.SIGXCPU, trace, all_threads=False, chain=True)
        gc.freeze()  # looking through all of the first process would copy it
        before = _limit(allowance)
        answer: object
        try:
            answer = (work(),)
        except BlockcError as foreseen:
            answer = foreseen
        resource.setrlimit(resource.RLIMIT_AS, before)
        with os.fdopen(result, "wb") as file:
            pickle.dump(answer, file)
        code = 0
    finally:
        os._exit(code)  # no handler, buffer or test of the first process ends here


def _limit(allowance: Allowance) -> tuple[int, int]:
    """Set the limits, and return what that of memory was."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _lower(resource.RLIMIT_CPU, allowance.seconds)
    before = resource.getrlimit(resource.RLIMIT_AS)
    if taken := _address_space():
        _lower(resource.RLIMIT_AS, taken + allowance.memory)
    return before


def _lower(kind: int, wanted: int) -> None:
    soft, hard = resource.getrlimit(kind)
    known = [one for one in (soft, hard, wanted) if one != resource.RLIM_INFINITY]
    resource.setrlimit(kind, (min(known), hard))


def _address_space() -> int:
    """Return the bytes of memory that this process can address; 0 if that has no limit here.

    Without /proc, as on macOS, the kernel has no limit of it that holds.
    """
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()


def _received(
    child: int, result: int, trace: int, allowance: Allowance
) -> tuple[bytearray, bytearray, bool]:
    """Return what came from both pipes until they ended, and whether it was for the memory.

    The memory is looked at where it has no limit.
    """
    came = {result: bytearray(), trace: bytearray()}
    looks, grown = not _address_space(), False
    with selectors.DefaultSelector() as selector:
        for one in came:
            selector.register(one, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(_LOOK_SECONDS if looks else None)
            for key, _ in ready:
                piece = os.read(key.fd, _PIECE)
                came[key.fd] += piece
                if not piece:
                    selector.unregister(key.fd)
                    os.close(key.fd)
            if not ready and not grown and _resident(child) > allowance.memory:
                grown = True
                os.kill(child, signal.SIGXCPU)  # it says where it is, and ends
    return came[result], came[trace], grown


def _resident(child: int) -> int:
    """Return by how many bytes the copy of this process is larger in memory than this one."""
    command = ("ps", "-o", "pid=,rss=", "-p", f"{os.getpid()},{child}")
    said = subprocess.run(command, capture_output=True, check=False, text=True).stdout
    sizes = {int(pid): int(size) << 10 for pid, size in map(str.split, said.splitlines())}
    return sizes.get(child, 0) - sizes.get(os.getpid(), 0)
