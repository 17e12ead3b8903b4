"""Options that every verb understands, before or after the verb's name."""

import os
from collections.abc import Callable, Collection
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

if TYPE_CHECKING:
    from fractions import Fraction

Asked = TypeVar("Asked")


class Settings(NamedTuple):  # not a `Value`: `--help` does without msgspec
    """What the global options say."""

    file: Path = Path("blockc.toml")
    store: Path | None = None
    offline: bool = False
    quiet: bool = False
    verbose: bool = False
    json: bool = False
    color: bool = True

    @property
    def names_policy(self) -> bool:
        """Return whether -f was given, with whatever name; the default is an object of its own."""
        return self.file is not Settings._field_defaults["file"]


def names_of_settings() -> tuple[str, ...]:
    """Return the names of the global options."""
    return Settings._fields


def default_settings() -> Settings:
    """Return what holds where no global option says otherwise."""
    return Settings(color=not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")


def _flag(*names: str, help: str) -> Callable[..., Callable[..., Any]]:  # noqa: A002  click's word
    return partial(click.option, *names, is_flag=True, default=None, help=help)


_OPTIONS: dict[str, Callable[..., Callable[..., Any]]] = {
    "file": partial(
        click.option,
        "-f",
        "--file",
        type=click.Path(path_type=Path),
        help="Policy file.  [default: blockc.toml]",
    ),
    "store": partial(
        click.option,
        "--store",
        type=click.Path(path_type=Path),
        help="Folder of sources, fetched and parsed.  [default: BLOCKC_STORE or the user's cache]",
    ),
    "offline": _flag("--offline", help="Never open a socket."),
    "quiet": _flag("-q", "--quiet", help="Only warnings and errors on stderr."),
    "verbose": _flag("-v", "--verbose", help="Every step on stderr."),
    "json": _flag("--json", help="Result as JSON on stdout."),
    "color": partial(
        click.option,
        "--color/--no-color",
        default=None,
        help="Colour on a terminal.  [default: color]",
    ),
}


class NoOptions(NamedTuple):
    """A verb has no options of its own."""


def verb(
    asked: Callable[..., Asked], shows: Collection[str] = ("json", "quiet")
) -> Callable[[Callable[[Settings, Asked], Any]], Callable[..., Any]]:
    """Return the decorator of a verb: it is called with `Settings` and its own options as a value.

    A global option given after the verb wins over one given before it.

    Args:
        asked: Makes the value of the verb's own options from what click parsed.
        shows: The global options the verb's help shows; it understands all of them.
    """

    def decorate(function: Callable[[Settings, Asked], Any]) -> Callable[..., Any]:
        @wraps(function)
        @click.pass_context
        def wrapper(ctx: click.Context, /, **given: Any) -> Any:
            said = {name: given.pop(name) for name in names_of_settings()}
            before = ctx.obj if isinstance(ctx.obj, Settings) else default_settings()
            ctx.obj = before._replace(**{k: v for k, v in said.items() if v is not None})
            if not ctx.obj.color:
                ctx.find_root().color = ctx.color = False
            return function(ctx.obj, asked(**given))

        decorated: Callable[..., Any] = wrapper
        for name, declare in reversed(_OPTIONS.items()):
            decorated = declare(hidden=name not in shows)(decorated)
        return decorated

    return decorate


def require_folder(option: str, path: Path | None) -> None:
    """Raise UsageError unless the folder of a file that an option names is there.

    A file goes where somebody made room for it: a folder that is spelled wrong is not made. Only
    folders that an option names as such (-o, --keep-failed) are.
    """
    if path is not None and not path.parent.is_dir():
        from blockc.errors import UsageError

        raise UsageError(
            f"{option} {path}: there is no folder {path.parent}",
            hint="make it, or name another file",
        )


def number(text: str) -> "Fraction":
    """Return the exact value of a decimal from 0 to 1,000,000,000.

    Raises:
        click.BadParameter: It is not a decimal.

    >>> number("0.1")
    Fraction(1, 10)
    """
    import re
    from fractions import Fraction

    if not re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,12})?", text):
        raise click.BadParameter(f"{text!r} is not a number such as 3 or 0.25")
    value = Fraction(text)
    if value > 10**9:
        raise click.BadParameter(f"{text} is more than 1,000,000,000")
    return value
