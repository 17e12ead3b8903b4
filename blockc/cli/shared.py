"""Options that every verb understands, before or after the verb's name."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Settings:
    """What the global options say."""

    file: Path = Path("blockc.toml")
    store: Path | None = None
    offline: bool = False
    quiet: bool = False
    verbose: bool = False
    json: bool = False
    color: bool = True


_OPTIONS = (
    click.option(
        "-f",
        "--file",
        type=click.Path(path_type=Path),
        help="Policy file.  [default: blockc.toml]",
    ),
    click.option(
        "--store",
        type=click.Path(path_type=Path),
        envvar="BLOCKC_STORE",
        help="Folder of fetched and parsed sources.  [default: the user's cache folder]",
    ),
    click.option("--offline", is_flag=True, default=None, help="Never open a socket."),
    click.option("-q", "--quiet", is_flag=True, default=None, help="Only errors on stderr."),
    click.option("-v", "--verbose", is_flag=True, default=None, help="Every step on stderr."),
    click.option("--json", is_flag=True, default=None, help="Result as JSON on stdout."),
    click.option(
        "--color/--no-color", default=None, help="Colour on a terminal.  [default: color]"
    ),
)


def global_options(function: Function) -> Function:
    """Give a command the global options and pass it their `Settings` as `settings`.

    A value given after the verb wins over one given before it.
    """

    @wraps(function)
    @click.pass_context
    def wrapper(ctx: click.Context, /, **given: Any) -> Any:
        names = list(Settings.__dataclass_fields__)
        said = {name: given.pop(name) for name in names}
        before = ctx.obj if isinstance(ctx.obj, Settings) else Settings()
        ctx.obj = replace(before, **{k: v for k, v in said.items() if v is not None})
        return function(settings=ctx.obj, **given)

    decorated: Any = wrapper
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]  # click's decorators are untyped here
