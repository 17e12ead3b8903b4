"""The `blockc` command: finds the verb, and ends with the exit code of who must act."""

import gc
import os
import signal
import sys
from errno import EACCES, EAGAIN, EDQUOT, EMFILE, ENFILE, ENOMEM, ENOSPC, EPERM, EROFS
from importlib import import_module
from io import TextIOWrapper
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

import click

from blockc import __version__
from blockc.cli.console import (
    plain_report,
    print_error,
    print_errors_as_json,
    stderr_line,
    stdout_failure,
)
from blockc.cli.options import NoOptions, Settings, default_settings, names_of_settings, verb
from blockc.errors import (
    DENIED,
    BlockcError,
    Location,
    OutputError,
    UsageError,
    os_reason,
    suggestion,
)

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# Verbs are imported when they are called: `blockc --help` must not wait for numpy.
VERBS = {
    "init": "Write a policy to begin with, and what builds it every night.",
    "import": "Turn what is blocked today into a first policy.",
    "update": "Fetch the sources, check them and lock what builds use.",
    "refresh": "Do all that a night needs: update, build, publish, reload.",
    "build": "Compile a policy into artifacts, prove them and publish them.",
    "verify": "Prove that what is published is what was made.",
    "diff": "Show what changes: addresses, countries, causes and entries.",
    "audit": "Say whom a policy would hit, by access logs.",
    "revoke": "Plan which API keys a gateway is to refuse, as was decided.",
    "unrevoke": "List revoked keys whose owners moved, to give them back.",
    "lookup": "Say whether addresses are blocked, and the whole reason.",
    "generations": "List the generations that were published and are kept.",
    "rollback": "Show an earlier generation again, and keep to it.",
    "history": "Show what was published, refused and taken back, or prove it.",
    "edges": "Show what protects each edge, and what is missing.",
    "deployed": "Note in the history what runs on an edge.",
    "evidence": "Write what was published in a time into one file, or check one.",
    "check": "Say whether source files would be accepted.",
    "curve": "Show what every number of entries costs, to choose a limit.",
    "aggregate": "Merge addresses, prefixes and ranges into the fewest prefixes.",
    "list": "List sources, targets, groups or countries.",
    "store": "Show, prove or tidy what was fetched.",
}
_WHOLE = "nothing is half-written"
_UNUSED, _SLOW = "NPY_DISABLE_CPU_FEATURES", "X86_V4"  # numpy's variable, and its name of a level
_KEPT_BYTES = (-1, 32 << 20)  # M_TRIM_THRESHOLD of mallopt(3): so much free memory is kept
_LARGE_BYTES = (-3, 8 << 20)  # M_MMAP_THRESHOLD: what is larger goes back to the system at once
BUG = "this is a bug in blockc; nothing was published. Please report it with the lines above"

_MORE = "give the machine or the container more, or ask for less at a time"
_LACKING = {
    EACCES: DENIED,
    EPERM: DENIED,
    ENOSPC: "free some space",
    EDQUOT: "raise the quota, or free some space",
    EROFS: "name a place that can be written; for temporary files, with TMPDIR",
    ENOMEM: _MORE,
    EMFILE: "raise the limit of open files (ulimit -n)",
    ENFILE: "raise the limit of open files of the machine",
    EAGAIN: "raise the limit of processes (ulimit -u)",
}

_came: list[int] = []  # the signals that are to end this process


class LazyGroup(click.Group):
    """A group that knows its verbs by name and imports each when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Return the verbs in the order of the work."""
        return list(VERBS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002  click's signature
        cmd_name: str,
    ) -> click.Command | None:
        """Return the command of a verb, or None for an unknown one."""
        if cmd_name not in VERBS:
            return None
        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command = import_module(f"blockc.cli.commands.{module}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002  click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the verbs and what they do, without importing one."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Return the verbs, or options, that begin with a text, without importing a verb."""
        from click.shell_completion import CompletionItem

        verbs = ((name, said) for name, said in VERBS.items() if name.startswith(incomplete))
        found = [CompletionItem(name, help=said) for name, said in verbs]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb; its failure is reported while the context still knows about colours."""
        _keep_memory()
        try:
            return super().invoke(ctx)
        except (Exception, KeyboardInterrupt) as failure:  # noqa: BLE001  it is reported
            settings = ctx.obj
            return _exit_code(failure, as_json=isinstance(settings, Settings) and settings.json)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the verb's command; an unknown verb is told its nearest neighbour."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            hint = suggestion(args[0], VERBS)
            raise click.UsageError(f"no verb {args[0]!r}{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    subcommand_metavar="VERB [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="blockc %(version)s")
@verb(NoOptions, shows=names_of_settings())
def cli(settings: Settings, asked: NoOptions) -> None:
    """Compile network blocklists from public address data, and prove what was written.

    The country of an address is where it is registered, not where it is used.

    \b
    Exit codes: 0 done, 1 the answer is no, 2 the call or the policy is wrong,
    3 a source is missing or broken, 4 approval is needed, 5 a target's limit
    is exceeded, 70 blockc is wrong. With any code but 0 `build` writes nothing.
    """


def main() -> None:
    """Run the command line and leave with its exit code."""
    _tune_process()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # None where it was closed
            stream.reconfigure(errors="backslashreplace")
    code = run(sys.argv[1:])
    if _came and _came[0] != signal.SIGINT:
        raise KeyboardInterrupt(_came[0])  # which is told; the process ends as the signal wants
    gc.freeze()  # what is alive goes with the process: Python need not search it for cycles first
    sys.exit(code)


def stop(number: int, *_: object) -> None:
    """Let the command end where it is; what it began is put in order on the way out.

    Another request, as of the terminal and then of its shell, must not disturb that; whoever
    presses Ctrl-C twice does not want to wait for it.
    """
    _came.append(number)
    if number != signal.SIGINT:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt(number)


def _tune_process() -> None:
    """Spare the whole process what none of its work needs; a library must not decide such things.

    The linear algebra that numpy loads starts a thread for each processor, and blockc calls none
    of it. It sorts numbers in vectors of 512 bits where there are such, which took five times as
    long on a processor of AMD as in vectors of 256: X86_V4 is its word for the former, which
    means nothing to other machines. The collector of cycles looks at all that is alive after each
    700 objects made; nearly all of ours live until the end, and a tenth of a build goes there.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault(_UNUSED, _SLOW)
    gc.set_threshold(100_000)


def _keep_memory() -> None:
    """Let the C library keep what arrays of some megabytes were made in for the next ones.

    It gives the system back what is free at the end, and the system clears each page that it
    gives out again: a twentieth of a build. Whoever sets that from outside is not disturbed.
    """
    if any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        return
    from ctypes import CDLL

    if mallopt := getattr(CDLL(None), "mallopt", None):  # glibc has it
        mallopt(*_KEPT_BYTES)
        mallopt(*_LARGE_BYTES)


def run(arguments: list[str]) -> int:
    """Return the exit code of `arguments`, having said on stderr what went wrong."""
    as_json = "--json" in arguments  # to know it although the rest is not understood
    settings = default_settings()._replace(json=as_json)
    try:
        result = cli.main(arguments, prog_name="blockc", standalone_mode=False, obj=settings)
    except (Exception, KeyboardInterrupt) as failure:  # noqa: BLE001  the last resort, it reports
        return _exit_code(failure, as_json=as_json)
    return result if isinstance(result, int) else 0


def _complain_of_call(failure: click.ClickException, *, as_json: bool) -> None:
    """Print on stderr what click says about a wrong call, as blockc says such things."""
    if isinstance(failure, click.exceptions.NoArgsIsHelpError) and not as_json:
        stderr_line(failure.format_message())
        return
    said = " ".join(failure.format_message().split()).rstrip(".")
    if isinstance(failure, click.exceptions.NoArgsIsHelpError):
        said = "no verb is named"
    ctx = getattr(failure, "ctx", None)
    command = ctx.command_path if ctx else "blockc"
    wrong = UsageError(said[:1].lower() + said[1:], hint=f"see `{command} --help`")
    print_error(wrong, as_json=as_json)


def _exit_code(failure: BaseException, *, as_json: bool) -> int:
    """Return the exit code of a failure, having said on stderr what it is."""
    if _came:  # a library may have made another failure of it
        failure = KeyboardInterrupt(_came[0])
    if isinstance(failure, RuntimeError) and _UNUSED in str(failure):
        _begin_again()
    if isinstance(failure, OSError) and failure.errno == ENOSPC and not failure.filename:
        failure = stdout_failure(failure)  # it was click that wrote: a help text
    failure = _lacking(failure) or failure
    match failure:
        case click.exceptions.Exit():
            return failure.exit_code
        case click.ClickException():
            _complain_of_call(failure, as_json=as_json)
            return failure.exit_code
        case click.Abort() | KeyboardInterrupt():
            return _tell_interrupted(*failure.args, as_json=as_json)
        case BrokenPipeError():
            return 0  # the reader has seen enough
        case BlockcError():
            print_error(failure, as_json=as_json)
            return failure.exit_code
    import traceback

    trace = "".join(traceback.format_exception(failure))
    if as_json:
        print_errors_as_json([plain_report(trace.rstrip(), BUG)], 70)
    else:
        stderr_line(f"{trace}blockc: {BUG}")
    return 70


def _lacking(failure: BaseException) -> OutputError | None:
    """Return what to say where the machine has too little of something, wherever it was missed."""
    if isinstance(failure, MemoryError):
        return OutputError("there is not enough memory", hint=_MORE)
    if not isinstance(failure, OSError):
        return None
    at = Location(str(failure.filename)) if failure.filename else None
    if failure.errno in _LACKING:
        return OutputError(os_reason(failure), at=at, hint=_LACKING[failure.errno])
    if "temporary directory" in os_reason(failure):  # what tempfile says
        return OutputError(os_reason(failure), hint="set TMPDIR to a folder that can be written")
    return None


def _begin_again() -> None:
    """Run the command afresh with all of numpy, unless that was tried.

    A numpy that was built for processors with the slow vectors alone refuses to be loaded without
    them. Nothing was published, since without numpy nothing is compiled.
    """
    if os.environ.get(_UNUSED) == _SLOW:
        os.environ[_UNUSED] = ""
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606  no shell is wanted


def _tell_interrupted(number: int = signal.SIGINT, *, as_json: bool) -> int:
    """Return the exit code of a signal, as shells have it, having said that it came."""
    name = signal.Signals(number).name
    came = "interrupted" if number == signal.SIGINT else f"stopped by {name}"
    if as_json:
        print_errors_as_json([plain_report(f"{came}; {_WHOLE}")], 128 + number)
    else:
        stderr_line(f"blockc: {came}; {_WHOLE}")
    return 128 + number
