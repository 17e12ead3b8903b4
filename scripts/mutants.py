"""Change the proof in every small way: which change does no test notice? `make mutants`.

    python -m scripts.mutants [FILE...]

mutmut makes the changes. It puts all changes of a module beside the original into one module and
switches by name; a finder gives that to whoever imports the module. The tests are collected and
run once, to see which reach what and how long they take. Then every change is a fork of this
process, which runs the tests that reach it until one fails: first what noticed another change of
the same function, then the quickest. What is changed and by which tests is listed in setup.cfg,
under [mutants].

What was found is kept in .mutants.json: that a change was noticed, until the changed file or the
file of the test that noticed it changes; that one survived, until any of its test files does. So
a run that was interrupted goes on where it was, and a new test meets survivors only.
"""

import gc
import hashlib
import importlib.util
import json
import mmap
import os
import re
import resource
import signal
import sys
from argparse import ArgumentParser
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from configparser import ConfigParser
from datetime import UTC, datetime
from difflib import unified_diff
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from time import process_time
from types import CodeType
from typing import NamedTuple, TypedDict

import pytest
from hypothesis import Phase, settings

PAGE = Path("docs/mutants.md")
KEPT = Path(".mutants.json")
_SWITCH = "MUTANT_UNDER_TEST"
_RECORD = "mutmut.mutation.trampoline.record_trampoline_hit"
_TABLE = re.compile(r"(?<=<!-- numbers -->\n).*(?=<!-- end -->)", re.DOTALL)
_EXPLAINED = re.compile(r"(?<=```diff\n).*?(?=```)", re.DOTALL)
_MEMORY = 4 << 30  # bytes; a change can make a list that never ends
_PATIENCE = 2, 10  # CPU seconds, and times what the test takes otherwise; a loop can never end
_FORKS = os.cpu_count() or 1

# That a test fails is enough: no smaller example is searched for, and the next run sees the same.
settings.register_profile(
    "mutants",
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
)


class Mutant(NamedTuple):
    """One change: where it is, the name that switches it on, and its difference as text."""

    file: str
    function: str  # as mutmut counts the tests that reach it
    name: str
    difference: str


class Outcome(TypedDict):
    """What was found about one change."""

    noticed: str  # by which test; empty if it survived
    difference: str
    seconds: float  # of CPU time


class Result(TypedDict):
    """What was found about one file."""

    file: str  # its digest
    tests: dict[str, str]  # the digests of its test files
    day: str
    mutants: int  # how many there are
    tried: dict[str, Outcome]  # by the names of mutants; the others have yet to be tried


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
    """A pytest session that runs its tests once and then against every mutant, file by file."""

    def __init__(self, modules: Sequence[Module], tests: Mapping[str, Sequence[str]]) -> None:
        self.modules = modules
        # Now: files may be edited while this runs.
        self.results = {file: result(file, tests[file]) for file in tests}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Do so instead of only running them; stop where a test fails without any change."""
        if session.testsfailed:
            raise session.Failed("the tests cannot be collected")
        took, reaching = _first_run(session.items)
        gc.collect()
        gc.freeze()
        for module in self.modules:
            mutants = list(module.mutants())
            found = self.results[module.path]
            asked = [one.nodeid.partition("::")[0] in found["tests"] for one in session.items]
            forks = Forks(session.items, took, found["tried"])
            found["mutants"], found["day"] = len(mutants), f"{datetime.now(UTC):%Y-%m-%d}"
            try:
                for mutant in mutants:
                    if mutant.name not in found["tried"]:
                        tests = [at for at in reaching[mutant.function] if asked[at]]
                        forks.try_one(mutant, tests)
                forks.finish()
            finally:  # also where the run is interrupted
                every = _stored() | {module.path: found}
                KEPT.write_text(json.dumps(every, indent=1), encoding="utf-8")
        return True


class Forks:
    """The forks of this process that run now, and what the ended ones found."""

    def __init__(
        self, items: Sequence[pytest.Item], took: Sequence[float], tried: dict[str, Outcome]
    ) -> None:
        self.items = items
        self.took = took
        self.tried = tried
        self.killers: dict[str, Counter[int]] = defaultdict(Counter)
        self.running: dict[int, tuple[Mutant, mmap.mmap]] = {}

    def try_one(self, mutant: Mutant, tests: Sequence[int]) -> None:
        """Run the tests against a mutant, beside others."""
        if len(self.running) == _FORKS:
            self._await_one()
        killers = self.killers[mutant.function]
        order = sorted(tests, key=lambda at: (-killers[at], self.took[at]))
        now = mmap.mmap(-1, mmap.PAGESIZE)  # shared with the fork: the test that it is at
        number = os.fork()
        if number:
            self.running[number] = mutant, now
        else:
            self._run(mutant, order, now)

    def finish(self) -> None:
        """Wait for those that still run."""
        while self.running:
            self._await_one()

    def _await_one(self) -> None:
        number, status, used = os.wait4(-1, 0)
        mutant, now = self.running.pop(number)
        test = int.from_bytes(now[:4])
        if status:
            self.killers[mutant.function][test] += 1
        self.tried[mutant.name] = Outcome(
            noticed=self.items[test].nodeid if status else "",
            difference=mutant.difference,
            seconds=round(used.ru_utime + used.ru_stime, 3),
        )

    def _run(self, mutant: Mutant, order: Sequence[int], now: mmap.mmap) -> None:
        """Be the fork: end with 0 if no test fails."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        os.environ[_SWITCH] = mutant.name
        least, times = _PATIENCE
        try:
            for at in order:
                now[:4] = at.to_bytes(4)
                signal.setitimer(signal.ITIMER_PROF, least + times * self.took[at])
                if failure(self.items[at]):
                    os._exit(1)
        except BaseException:  # noqa: BLE001 - whatever it is, a test noticed
            os._exit(1)
        os._exit(0)


def _first_run(items: Sequence[pytest.Item]) -> tuple[list[float], Mapping[str, list[int]]]:
    """Return how long each test takes, and which tests reach a function, by their places."""
    reached: set[str] = set()
    found = defaultdict(list)
    took = []
    for at, item in enumerate(items):
        reached.clear()
        before = process_time()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(_SWITCH, "stats")
            patch.setattr(_RECORD, lambda name, **_: reached.add(name))
            failed = failure(item)
        took.append(process_time() - before)
        if failed:
            pytest.exit(f"{item.nodeid} fails without any change:\n{failed}", returncode=2)
        for name in reached:
            found[name].append(at)
    return took, found


def failure(item: pytest.Item) -> str:
    """Run a test; return why it failed, or nothing."""
    from _pytest.runner import runtestprotocol

    reports = runtestprotocol(item, log=False, nextitem=None)
    return "\n".join(one.longreprtext for one in reports if one.failed)


def listed() -> dict[str, list[str]]:
    """Return which tests are asked about each file, from setup.cfg; the last pattern counts."""
    config = ConfigParser()
    config.read("setup.cfg", encoding="utf-8")
    tests = {pattern: said.split() for pattern, said in config["mutants"].items()}
    return {
        str(file): chosen
        for pattern, chosen in tests.items()
        for file in sorted(Path().glob(pattern))
        if file.name != "__init__.py"
    }


def digest(file: Path) -> str:
    """Return what a file is now."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _stored() -> dict[str, Result]:
    found: dict[str, Result] = {}
    if KEPT.exists():
        found = json.loads(KEPT.read_text(encoding="utf-8"))
    return found


def result(file: str, tests: Sequence[str]) -> Result:
    """Return what is kept about a file and holds for it and its tests as they are now."""
    places = [Path(one) for one in tests]
    files = [one for p in places for one in (sorted(p.rglob("*.py")) if p.is_dir() else [p])]
    now, own = {str(one): digest(one) for one in files}, digest(Path(file))
    old = _stored().get(file)
    if not old or old["file"] != own:
        return Result(file=own, tests=now, day="", mutants=-1, tried={})
    same = {one for one, said in old["tests"].items() if now.get(one) == said}
    tried = {
        name: one
        for name, one in old["tried"].items()
        if (one["noticed"].partition("::")[0] in same if one["noticed"] else old["tests"] == now)
    }
    return Result(file=own, tests=now, day=old["day"], mutants=old["mutants"], tried=tried)


def kept(tests: Mapping[str, Sequence[str]]) -> dict[str, Result]:
    """Return the results of the files of which every change was tried."""
    every = {file: result(file, tests[file]) for file in tests}
    return {file: one for file, one in every.items() if len(one["tried"]) == one["mutants"]}


def survivors(result: Result) -> list[str]:
    """Return the changes that no test noticed."""
    return [one["difference"] for one in result["tried"].values() if not one["noticed"]]


def table(results: Mapping[str, Result], files: Sequence[str], explained: Sequence[str]) -> str:
    """Return the numbers of files as Markdown; one without a result stands there as not run."""
    lines = []
    columns = []
    for file in files:
        if file not in results:
            lines.append(f"| {file} | not run | | | | | |")
            continue
        one, left = results[file], survivors(results[file])
        said, seconds = (
            sum(d in explained for d in left),
            [t["seconds"] for t in one["tried"].values()],
        )
        every = one["mutants"]
        columns.append((every, every - len(left), said, len(left) - said, sum(seconds)))
        numbers = " | ".join(f"{number:,.0f}" for number in columns[-1])
        lines.append(f"| {file} | {numbers} | {one['day']} |")
    total = " | ".join(f"{sum(column):,.0f}" for column in zip(*columns, strict=True))
    names = ("file", "mutants", "killed", "explained", "open", "CPU s", "day")
    head = [f"| {' | '.join(names)} |", f"|---|{'---:|' * 5}---|"]
    return "\n".join([*head, *lines, f"| together | {total} | |", ""])


def run(files: Sequence[str], tests: Mapping[str, Sequence[str]]) -> int:
    """Try every change of some files; return pytest's exit code."""
    modules = [Module(file) for file in files]
    sys.meta_path.insert(0, Finder(modules))
    asked = sorted({test for file in files for test in tests[file]})
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-profile=mutants"]
    return int(
        pytest.main(
            [*options, "-m", "not slow and not real", *asked], plugins=[Trial(modules, tests)]
        )
    )


def is_stale(difference: str, files: Mapping[str, object], results: Mapping[str, Result]) -> bool:
    """Return whether a test notices an explained mutant, or its file is not changed any more."""
    file = difference.split(" ", maxsplit=1)[0]
    return file not in files or (file in results and difference not in survivors(results[file]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Change some files, or all; return 1 if a change survived that the page does not explain."""
    parser = ArgumentParser(description="change the proof in every small way", prog="mutants")
    parser.add_argument("files", metavar="FILE", nargs="*", help="change only these")
    chosen, tests = parser.parse_args(arguments).files, listed()
    due = [file for file in chosen or tests if file not in kept(tests)]
    code = run(due, tests) if due else 0
    results = kept(tests)
    page = PAGE.read_text(encoding="utf-8")
    explained = _EXPLAINED.findall(page)
    said = chosen or list(tests)
    left = [one for file in said if file in results for one in survivors(results[file])]
    unexplained = [one for one in left if one not in explained]
    for one in unexplained:
        print(f"survived: {one}")
    stale = [one for one in explained if is_stale(one, tests, results)]
    for one in stale:
        print(f"explained, but killed or gone: {one}")
    if results:
        numbers = table(results, list(tests), explained)
        print(numbers)
        PAGE.write_text(_TABLE.sub(lambda _: numbers, page), encoding="utf-8")
    return code or int(bool(unexplained or stale))


if __name__ == "__main__":
    sys.exit(main())
