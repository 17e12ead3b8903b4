"""The `blockc` command, also as `python -m blockc`: a signal ends it with one line, tidily.

Most of the start is imports, and an interrupt there would show where Python was. So as little as
possible stands before the handler, and what the command needs is imported after it.
"""

import os
import signal
import sys

_REQUESTS = (signal.SIGTERM, signal.SIGHUP)  # of a service manager, of a terminal that is closed


def _interrupted(number: int = signal.SIGINT, *_: object) -> None:
    """Say so and end; before and after the command there is nothing to put in order.

    Of a request the process dies, as if it had no handler: a service manager that sent it takes
    that for an end and not for a failure.
    """
    if number in _REQUESTS:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    said = b"blockc: interrupted; nothing is half-written\n"
    if "--json" in sys.argv:
        said = b'{"errors": [{"message": "interrupted; nothing is half-written", "hint": "", '
        said += b'"path": null, "line": null, "column": null}], "exit_code": 130}\n'
    try:
        os.write(2, said)
    finally:
        os._exit(130)


def main() -> None:
    """Run the command line; signals that are ignored, as in a background job, stay so."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    requests = [one for one in _REQUESTS if signal.getsignal(one) is signal.SIG_DFL]
    if ours:
        signal.signal(signal.SIGINT, _interrupted)
    from blockc.cli.main import main as command
    from blockc.cli.main import stop

    try:
        for one in (*requests, *[signal.SIGINT] * ours):
            signal.signal(one, stop)
        command()
    except KeyboardInterrupt as failure:
        _interrupted(*failure.args)
    finally:
        for one in requests:
            signal.signal(one, signal.SIG_DFL)
        if ours:
            signal.signal(signal.SIGINT, _interrupted)


# Python keeps frames in pieces of 16 KB, and asks the system for a piece, and gives it back, at
# each call that begins one: thousands of times where a loop's calls do. A frame that is larger gets
# a piece of its own size, doubled, and the calls below it have room there.
main.__code__ = main.__code__.replace(co_stacksize=1 << 15)


if __name__ == "__main__":
    main()
