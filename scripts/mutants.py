"""Change the proof in every small way: which change does no test notice? `make mutants`.

    python -m scripts.mutants [FILE...]

mutmut makes the changes. It puts all changes of a module beside the original into one module and
switches by name; a finder gives that to whoever imports the module. The tests are collected and
run once, to see which reach what and how long they take. Then every change is a fork of this
process, which runs the tests that reach it, the quickest first, until one fails. What is changed
and by which tests is listed in setup.cfg, under [mutants].
"""

import importlib.util
import os
import re
import resource
import signal
import sys
import time
from argparse import ArgumentParser
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from configparser import ConfigParser
from datetime import UTC, datetime
from difflib import unified_diff
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import NamedTuple

import pytest

PAGE = Path("docs/mutants.md")
_SWITCH = "MUTANT_UNDER_TEST"
_RECORD = "mutmut.mutation.trampoline.record_trampoline_hit"
_TABLE = re.compile(r"(?<=<!-- numbers -->\n).*(?=<!-- end -->)", re.DOTALL)
_MEMORY = 4 << 30  # bytes; a change can make a list that never ends


class Mutant(NamedTuple):
    """One change: where it is, the name that switches it on, and its difference as text."""

    file: str
    function: str  # as mutmut counts the tests that reach it
    name: str
    difference: str


class Module(SourceFileLoader):
    """A module of this tree with all changes of it, instead of what its file says."""

    def __init__(self, file: str) -> None:
        from mutmut.mutation.file_mutation import mutate_file_contents

        name = file.removesuffix(".py").replace("/", ".")
        super().__init__(name, file)
        self.changed = mutate_file_contents(file, Path(file).read_text(encoding="utf-8"))

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the code of the module with all changes."""
        assert fullname == self.name  # noqa: S101 - one loader for each module
        return compile(self.changed.code, self.path, "exec", dont_inherit=True)

    def mutants(self) -> Iterator[Mutant]:
        """Yield every change in the order of the file."""
        for name in self.changed.mutant_names:
            function = name.rpartition("__mutmut_")[0]
            said = function.removeprefix("x").lstrip("ǁ").replace("ǁ", ".").removeprefix("_")
            before, after = (self._lines(one) for one in (f"{function}__mutmut_orig", name))
            lines = [
                one for one in unified_diff(before, after, lineterm="", n=0) if one[:2] != "@@"
            ]
            difference = "\n".join(line.rstrip() for line in [f"{self.path} {said}", *lines[2:]])
            yield Mutant(
                self.path, f"{self.name}.{function}", f"{self.name}.{name}", f"{difference}\n"
            )

    def _lines(self, function: str) -> list[str]:
        span = self.changed.line_span_by_function_name[function]
        lines = self.changed.code.split("\n")[span.start - 1 : span.end]
        return [line.replace(function, "") for line in lines]


class Finder:
    """Finds the changed modules before their files are found."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self.modules = {module.name: module for module in modules}

    def find_spec(
        self, name: str, _path: object = None, _target: object = None
    ) -> ModuleSpec | None:
        """Return where the module comes from, None if it is not one of the changed ones."""
        module = self.modules.get(name)
        if module is None:
            return None
        return importlib.util.spec_from_file_location(name, module.path, loader=module)


class Trial:
    """A pytest session that runs its tests once and then against every mutant."""

    def __init__(self, mutants: Sequence[Mutant]) -> None:
        self.mutants = mutants
        self.survivors: list[Mutant] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Do so instead of only running them; stop where a test fails without any change."""
        if session.testsfailed:
            raise session.Failed("the tests cannot be collected")
        reaching = self._first_run(session.items)
        waiting: dict[int, Mutant] = {}
        for mutant in self.mutants:
            tests = sorted(reaching[mutant.function])
            if not tests:
                self.survivors.append(mutant)
                continue
            if len(waiting) == (os.cpu_count() or 1):
                self._await_one(waiting)
            limit = int(3 + 10 * sum(took for took, _ in tests))
            number = _forked(mutant, [session.items[at] for _, at in tests], limit)
            waiting[number] = mutant
        while waiting:
            self._await_one(waiting)
        return True

    def _first_run(self, items: Sequence[pytest.Item]) -> Mapping[str, list[tuple[float, int]]]:
        """Return how long each test takes, and its number, by the functions that it reaches."""
        reached: set[str] = set()
        found = defaultdict(list)
        for number, item in enumerate(items):
            reached.clear()
            before = time.process_time()
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv(_SWITCH, "stats")
                patch.setattr(_RECORD, lambda name, **_: reached.add(name))
                failed = failure(item)
            took = time.process_time() - before
            if failed:
                pytest.exit(f"{item.nodeid} fails without any change:\n{failed}", returncode=2)
            for name in reached:
                found[name].append((took, number))
        return found

    def _await_one(self, waiting: dict[int, Mutant]) -> None:
        number, status = os.wait()
        mutant = waiting.pop(number)
        if status == 0:
            self.survivors.append(mutant)


def failure(item: pytest.Item) -> str:
    """Run a test; return why it failed, or nothing."""
    from _pytest.runner import runtestprotocol

    reports = runtestprotocol(item, log=False, nextitem=None)
    return "\n".join(one.longreprtext for one in reports if one.failed)


def _forked(mutant: Mutant, items: Sequence[pytest.Item], limit: int) -> int:
    """Return the process that runs the tests against a mutant, and ends with 1 if one fails.

    Args:
        limit: The seconds of CPU time after which it does not end.
    """
    number = os.fork()
    if number:
        return number
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    os.environ[_SWITCH] = mutant.name
    try:
        for item in items:
            if failure(item):
                os._exit(1)
    except BaseException:  # noqa: BLE001 - whatever it is, a test noticed
        os._exit(1)
    os._exit(0)


def listed() -> dict[str, list[str]]:
    """Return which tests are asked about each file, from setup.cfg."""
    config = ConfigParser()
    config.read("setup.cfg", encoding="utf-8")
    tests = {pattern: said.split() for pattern, said in config["mutants"].items()}
    return {
        str(file): chosen
        for pattern, chosen in tests.items()
        for file in sorted(Path().glob(pattern))
        if file.name != "__init__.py"
    }


def table(mutants: Sequence[Mutant], survivors: Sequence[Mutant], took: float) -> str:
    """Return the numbers of a run as Markdown."""
    every, left = (Counter(one.file for one in some) for some in (mutants, survivors))
    rows = [(file, every[file], every[file] - left[file], left[file]) for file in every]
    total = ("together", *(sum(column) for column in zip(*(row[1:] for row in rows), strict=True)))
    lines = [f"| {a} | {b:,} | {c:,} | {d:,} |" for a, b, c, d in [*rows, total]]
    head = ["| file | mutants | killed | explained |", "|---|---:|---:|---:|"]
    today = f"Run of {datetime.now(UTC):%Y-%m-%d}, {took / 60:.0f} minutes:"
    return "\n".join([today, "", *head, *lines, ""])


def main(arguments: Sequence[str] | None = None) -> int:
    """Change some files, or all; return 1 if a change survived that the page does not explain."""
    parser = ArgumentParser(description="change the proof in every small way", prog="mutants")
    parser.add_argument("files", metavar="FILE", nargs="*", help="change only these")
    chosen, tests = parser.parse_args(arguments).files, listed()
    begin = time.monotonic()
    modules = [Module(file) for file in chosen or tests]
    mutants = [mutant for module in modules for mutant in module.mutants()]
    trial = Trial(mutants)
    sys.meta_path.insert(0, Finder(modules))
    asked = sorted({test for file in chosen or tests for test in tests[file]})
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow and not real"]
    code = pytest.main([*options, *asked], plugins=[trial])
    if code:
        return int(code)
    page = PAGE.read_text(encoding="utf-8")
    explained = re.findall(r"(?<=```diff\n).*?(?=```)", page, re.DOTALL)
    order = {mutant: at for at, mutant in enumerate(mutants)}
    unexplained = [one for one in trial.survivors if one.difference not in explained]
    for one in sorted(unexplained, key=order.__getitem__):
        print(f"survived: {one.difference}")
    numbers = table(mutants, trial.survivors, time.monotonic() - begin)
    print(numbers)
    if chosen or unexplained:
        return int(bool(unexplained))
    stale = set(explained) - {one.difference for one in trial.survivors}
    for difference in sorted(stale):
        print(f"explained, but killed or gone: {difference}")
    PAGE.write_text(_TABLE.sub(lambda _: numbers, page), encoding="utf-8")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
