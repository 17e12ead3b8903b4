"""Every test of the tree runs: nothing that looks like a test is passed over in silence."""

import ast
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import pytest_collection_modifyitems

CHECKOUT = Path(__file__).resolve().parents[1]


def has_doctest(path: Path) -> bool:
    """Return whether a docstring of the module holds an example."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    documented = [node for node in nodes if isinstance(node, kinds)]
    return any(">>> " in (ast.get_docstring(node) or "") for node in documented)


def has_test(path: Path) -> bool:
    """Return whether the module defines a test, also inside a class."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return any(isinstance(n, ast.FunctionDef) and n.name.startswith("test_") for n in nodes)


@pytest.mark.slow
def test_every_test_and_doctest_of_the_tree_is_collected(request: pytest.FixtureRequest) -> None:
    collected = {nodeid.split("::")[0] for nodeid in collected_ids(request.session)}
    tests = {p.relative_to(CHECKOUT).as_posix() for p in tracked("test_*.py")}
    examples = {p.relative_to(CHECKOUT).as_posix() for p in tracked("*.py") if has_doctest(p)}
    assert tests | examples <= collected


def collected_ids(session: pytest.Session) -> list[str]:
    """Return what the README's test command collects: this run, or else one that only collects."""
    config = session.config
    narrowed = config.option.keyword or config.option.markexpr or config.option.deselect
    if config.args == config.getini("testpaths") and not narrowed:
        return [item.nodeid for item in session.items]
    done = subprocess.run(
        (sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in done.stdout.splitlines() if "::" in line]


def test_a_module_with_tests_is_named_so_that_they_are_found() -> None:
    hidden = [p for p in tracked("*.py") if has_test(p) and not p.name.startswith("test_")]
    assert hidden == []


def as_config(**attributes: object) -> Any:
    """Return what stands for the configuration of a process of pytest."""
    return SimpleNamespace(**attributes)


def item(nodeid: str, *marks: str, fixtures: tuple[str, ...] = ()) -> Any:
    """Return what stands for a collected test."""
    found = [SimpleNamespace(name=name) for name in marks]
    return SimpleNamespace(nodeid=nodeid, iter_markers=lambda: found, fixturenames=fixtures)


def test_the_files_that_cost_most_go_first_to_the_workers_and_stay_whole() -> None:
    items = [item(f"many.py::{n}") for n in range(9)]
    items += [item("run.py::a", fixtures=("blockc",)), item("slow.py::a"), item("few.py::a")]
    items += [item("run.py::b", fixtures=("blockc",)), item("slow.py::b", "real", "slow")]
    alone, worker = list(items), list(items)
    pytest_collection_modifyitems(as_config(), alone)
    pytest_collection_modifyitems(as_config(workerinput={}), worker)
    assert alone == items
    assert [one.nodeid for one in worker] == [
        *("slow.py::a", "slow.py::b", "run.py::a", "run.py::b"),
        *(f"many.py::{n}" for n in range(9)),
        "few.py::a",
    ]


def tracked(pattern: str) -> list[Path]:
    """Return the files of the checkout with this kind of name; environments are left out."""
    folders = ("blockc", "tests", "scripts", "examples", "docs", "templates", "sources")
    return sorted(path for folder in folders for path in (CHECKOUT / folder).rglob(pattern))
