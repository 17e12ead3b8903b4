"""The `blockc` command: finds the verb, and ends with the exit code of who must act."""

import os
import sys
import traceback
from importlib import import_module

import click

from blockc import __version__
from blockc.cli.shared import Settings, global_options
from blockc.errors import BlockcError

# Verbs are imported when they are called: `blockc --help` must not wait for numpy.
VERBS = {
    "build": "Compile a policy into artifacts, prove them and publish them.",
    "check": "Say whether source files would be accepted.",
    "aggregate": "Merge addresses, prefixes and ranges into the fewest prefixes.",
    "list": "List sources, targets, groups or countries.",
}
BUG = "this is a bug in blockc; nothing was published. Please report it with the lines above"


class LazyGroup(click.Group):
    """A group that knows its verbs by name and imports each when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the work."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a verb, or None for an unknown one."""
        if cmd_name not in VERBS:
            return None
        command = import_module(f"blockc.cli.{cmd_name}_verb").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs and what they do, without importing one."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the verb's command; an unknown verb is told its nearest neighbour."""
        from blockc.errors import suggestion

        if args and args[0] not in VERBS and not args[0].startswith("-"):
            hint = suggestion(args[0], VERBS)
            raise click.UsageError(f"no verb {args[0]!r}{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="blockc %(version)s")
@global_options
def cli(settings: Settings) -> None:
    """Compile network blocklists from public address data, and prove what was written.

    The country of an address is where it is registered, not where it is used.

    \b
    Exit codes: 0 done, 1 the answer is no, 2 the call or the policy is wrong,
    3 a source is missing or broken, 4 approval is needed, 5 a target's limit
    is exceeded, 70 blockc is wrong. Files are written only with exit code 0.
    """


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Return the exit code of `arguments`, having said on stderr what went wrong."""
    try:
        result = cli.main(arguments, prog_name="blockc", standalone_mode=False)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as wrong:
        wrong.show()
        return wrong.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("blockc: interrupted; nothing was published", err=True)
        return 130
    except BrokenPipeError:
        # The reader has seen enough. What is still buffered would fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except BlockcError as failure:
        click.echo("".join(f"blockc: {one}\n" for one in _each(failure)), err=True, nl=False)
        return failure.exit_code
    except Exception:
        traceback.print_exc()
        click.echo(f"blockc: {BUG}", err=True)
        return 70
    return result if isinstance(result, int) else 0


def _each(failure: BlockcError) -> tuple[BlockcError, ...]:
    return getattr(failure, "errors", (failure,))
