"""The `blockc` command, also as `python -m blockc`: an interrupt ends it with one line.

Most of the start is imports, and an interrupt there would show where Python was. So as little as
possible stands before the handler, and what the command needs is imported after it.
"""

import os
import signal
import sys


def _interrupted(*_: object) -> None:
    """Say so and end; before and after the command there is nothing to put in order."""
    said = b"blockc: interrupted; nothing is half-written\n"
    if "--json" in sys.argv:
        said = b'{"errors": [{"message": "interrupted; nothing is half-written", "hint": "", '
        said += b'"path": null, "line": null, "column": null}], "exit_code": 130}\n'
    try:
        os.write(2, said)
    finally:
        os._exit(130)


def main() -> None:
    """Run the command line; where interrupts are ignored, as in a background job, they stay so."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, _interrupted)
    from blockc.cli.main import main as command

    try:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        command()
    except KeyboardInterrupt:
        _interrupted()
    finally:
        if ours:
            signal.signal(signal.SIGINT, _interrupted)


# Python keeps frames in pieces of 16 KB, and asks the system for a piece, and gives it back, at
# each call that begins one: thousands of times where a loop's calls do. A frame that is larger gets
# a piece of its own size, doubled, and the calls below it have room there.
main.__code__ = main.__code__.replace(co_stacksize=1 << 15)


if __name__ == "__main__":
    main()
