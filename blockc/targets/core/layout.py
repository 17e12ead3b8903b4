"""The files an artifact consists of, and what each is called."""

from enum import StrEnum
from pathlib import PurePosixPath

from blockc.addresses import Family
from blockc.addresses.rules import Rules
from blockc.errors import UsageError
from blockc.values import Value


class ExtraFile(Value):
    """A further file of an artifact: the rules that use the sets of the first."""

    template: str
    ending: str  # what the path gets in place of its suffix
    families: tuple[Family, ...]

    def path(self, main: str) -> str:
        """Return the path beside `main`; where that has `{family}`, the ending's word fills it."""
        if "{family}" in main:
            return main.replace("{family}", self.ending.split(".")[1])
        return with_ending(main, self.ending)


class SetRole(StrEnum):
    """Which entries a file holds: those of two sets are never in one file."""

    ALL = "all"
    BLOCK = "block"
    EXCEPT = "except"

    def of(self, rules: Rules) -> Rules:
        """Return the rules that belong into this half."""
        if self is SetRole.ALL:
            return rules
        return rules.take((rules.verdict == 0) == (self is SetRole.EXCEPT))

    def path(self, main: str) -> str:
        """Return the path of this half of an artifact written to `main`."""
        if self is not SetRole.EXCEPT:
            return main
        if "{family}" in main:
            return main.replace("{family}", "except.{family}")
        return with_ending(main, ".except" + PurePosixPath(main).suffix)


class File(Value):
    """One file an artifact consists of, before it has text."""

    path: str
    families: tuple[Family, ...]
    template: str
    half: SetRole = SetRole.ALL


def with_ending(path: str, ending: str) -> str:
    """Return `path` with `ending` in place of its suffix."""
    pure = PurePosixPath(path)
    if not pure.name:
        raise UsageError(f"{path!r} names no file")
    return str(pure.with_name(pure.stem + ending))
