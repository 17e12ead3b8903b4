"""Run one command with its output in a file and print what it took and its exit code.

A process of its own, and a small one: the kernel counts the size of a process from before it
became the command, so whoever starts it must be smaller than it. It also waits for the processes
that the command leaves behind: what they took of the processor counts too.
"""

import ctypes
import os
import resource
import sys
from contextlib import suppress
from time import perf_counter

_CHILD_SUBREAPER = 36  # of prctl(2): who loses its parent becomes a child of this process


def main(output: str, command: list[str]) -> None:
    """Run `command` and print seconds, those of the processor, kilobytes and the exit code."""
    ctypes.CDLL(None).prctl(_CHILD_SUBREAPER, 1, 0, 0, 0)
    begin = perf_counter()
    child = os.fork()
    if not child:
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
        os.execv(command[0], command)  # noqa: S606  no shell is wanted
    _, status, usage = os.wait4(child, 0)
    seconds = perf_counter() - begin
    with suppress(ChildProcessError):
        while True:
            os.wait()
    usage_of_all = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = usage_of_all.ru_utime + usage_of_all.ru_stime
    code = os.waitstatus_to_exitcode(status)
    sys.stdout.write(f"{seconds} {processor} {usage.ru_maxrss} {code}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
