"""Every test of the tree runs: nothing that looks like a test is passed over in silence."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

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
def test_every_test_and_doctest_of_the_tree_is_collected() -> None:
    done = subprocess.run(
        (sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    collected = {line.split("::")[0] for line in done.stdout.splitlines() if "::" in line}
    tests = {p.relative_to(CHECKOUT).as_posix() for p in tracked("test_*.py")}
    examples = {p.relative_to(CHECKOUT).as_posix() for p in tracked("*.py") if has_doctest(p)}
    assert tests | examples <= collected


def test_a_module_with_tests_is_named_so_that_they_are_found() -> None:
    hidden = [p for p in tracked("*.py") if has_test(p) and not p.name.startswith("test_")]
    assert hidden == []


def tracked(pattern: str) -> list[Path]:
    """Return the files of the checkout with this kind of name; environments are left out."""
    folders = ("blockc", "tests", "scripts", "examples", "docs", "templates", "sources")
    return sorted(path for folder in folders for path in (CHECKOUT / folder).rglob(pattern))
