"""The files an artifact consists of, what each is called and how it is written."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from blockc.addresses import Family
from blockc.addresses.rules import Rules
from blockc.errors import UsageError
from blockc.values import Value

if TYPE_CHECKING:
    from blockc.targets.core.document import Document, FamilyEntries


#: The name of a template, or what makes the bytes of a file from the entries of its families.
Writer = str | Callable[["Document", "File", Sequence["FamilyEntries"]], bytes]


class ExtraFile(Value):
    """A further file of an artifact: the rules that use the sets of the first.

    Attributes:
        ending: What the path gets in place of its suffix.
        beside: How `main` ends, where that is more than a suffix.
        names_main: Whether the first file is named in it, so that a program reads that name.
    """

    template: str
    ending: str
    families: tuple[Family, ...]
    beside: str = ""
    names_main: bool = False

    def path(self, main: str) -> str:
        """Return the path beside `main`; where that has `{family}`, the ending's word fills it."""
        if "{family}" in main:
            return main.replace("{family}", self.ending.split(".")[1])
        if self.beside and main.endswith(self.beside):
            return main.removesuffix(self.beside) + self.ending
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
    """One file an artifact consists of, before it is written."""

    path: str
    families: tuple[Family, ...]
    writer: Writer
    half: SetRole = SetRole.ALL


def with_ending(path: str, ending: str) -> str:
    """Return `path` with `ending` in place of its suffix."""
    pure = PurePosixPath(path)
    if not pure.name:
        raise UsageError(f"{path!r} names no file")
    return str(pure.with_name(pure.stem + ending))
