"""`make mutants` names the changes that no test notices, unless the page explains them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
MODULE = """
def larger(a, b):
    return a if a > b else b
"""
TESTS = """
from toy.sums import larger

def test_the_larger_is_returned():
    assert (larger(1, 2), larger(4, 3)) == (2, 4)
"""
EQUAL = """\
toy/sums.py larger
-    return a if a > b else b
+    return a if a >= b else b
"""
LOOP = """
def larger(a, b):
    most = a
    while b > a:
        most = max(b, most)
        b -= 1
    return most
"""
PAGE = "# Mutants\n\n<!-- numbers -->\n<!-- end -->\n"


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    """Return a folder with a small project in which one change makes no difference."""
    (tmp_path / "setup.cfg").write_text(
        "[mutmut]\nsource_paths = toy\n[mutants]\ntoy/*.py =\n    test_sums.py\n"
    )
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "sums.py").write_text(MODULE)
    (tmp_path / "test_sums.py").write_text(TESTS)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "mutants.md").write_text(PAGE)
    return tmp_path


def mutants(toy: Path, *files: str) -> tuple[int, str, str]:
    """Return the exit code of a run, what it says, and the page after it."""
    # The run has a pytest of its own, which must not take itself for a worker of this one.
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        (sys.executable, "-m", "scripts.mutants", *files),
        cwd=toy,
        env={**own, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, (toy / "docs" / "mutants.md").read_text()


def explain(toy: Path, difference: str) -> None:
    """Explain a change on the page."""
    page = toy / "docs" / "mutants.md"
    page.write_text(f"{page.read_text()}\n```diff\n{difference}```\n\nEither is the larger.\n")


def numbers(page: str, file: str) -> list[int]:
    """Return how many mutants of a file there are, are killed, explained and open."""
    (row,) = [line for line in page.splitlines() if line.startswith(f"| {file} |")]
    return [int(one) for one in row.split(" | ")[1:5]]


def test_a_change_that_no_test_notices_is_shown_until_the_page_explains_it(toy: Path) -> None:
    code, said, page = mutants(toy)
    assert code == 1
    assert said.count("survived: ") == 1
    assert f"survived: {EQUAL}" in said
    every, killed, explained, left = numbers(page, "toy/sums.py")
    assert (killed, explained, left) == (every - 1, 0, 1)

    explain(toy, EQUAL)
    code, said, page = mutants(toy)
    assert (code, said.count("survived: ")) == (0, 0)
    assert numbers(page, "together") == numbers(page, "toy/sums.py") == [every, killed, 1, 0]
    assert page.endswith("Either is the larger.\n")


def test_an_explanation_of_what_a_test_notices_is_asked_to_go(toy: Path) -> None:
    explain(toy, EQUAL)
    explain(toy, "toy/sums.py larger\n-    return 1\n+    return 2\n")
    code, said, _ = mutants(toy)
    assert code == 1
    assert "explained, but killed or gone: toy/sums.py larger\n-    return 1\n" in said


def test_a_function_that_no_test_reaches_survives_in_every_way(toy: Path) -> None:
    (toy / "toy" / "sums.py").write_text(MODULE + "\n\ndef half(a):\n    return a / 2\n")
    code, said, _ = mutants(toy, "toy/sums.py")
    assert code == 1
    assert "survived: toy/sums.py half\n-    return a / 2\n+    return a * 2\n" in said


def test_tests_that_fail_without_any_change_end_the_run(toy: Path) -> None:
    (toy / "test_sums.py").write_text(TESTS.replace("(2, 4)", "(2, 3)"))
    code, said, page = mutants(toy)
    assert code == 2
    assert "test_the_larger_is_returned fails without any change" in said
    assert page == PAGE


def test_a_file_is_changed_again_only_after_it_or_its_tests_changed(toy: Path) -> None:
    (toy / "toy" / "twice.py").write_text("def twice(a):\n    return 2 * a\n")
    _, _, page = mutants(toy, "toy/sums.py")
    assert "| toy/twice.py | not run |" in page
    tests = toy / "test_sums.py"
    tests.write_text(tests.read_text() + "    assert larger(3, 3) == 3\n")
    code, said, page = mutants(toy)
    assert (code, said.count("survived: ")) == (1, 3)
    assert "-    return 2 * a\n" in said
    assert numbers(page, "toy/twice.py") == [2, 0, 0, 2]

    (toy / "toy" / "twice.py").unlink()
    code, said, page = mutants(toy)
    assert (code, said.count("survived: ")) == (1, 1)
    assert "no tests ran" not in said  # as pytest says at the end of a run
    assert "twice" not in page


def test_a_new_test_meets_only_what_survived(toy: Path) -> None:
    (toy / "toy" / "sums.py").write_text(MODULE + "\n\ndef half(a):\n    return a / 2\n")
    mutants(toy)
    kept = toy / ".mutants.json"
    found = json.loads(kept.read_text())
    tried = found["toy/sums.py"]["tried"].values()
    assert {bool(one["noticed"]) for one in tried} == {True, False}
    for one in tried:
        one["seconds"] = 1000
    kept.write_text(json.dumps(found))

    with (toy / "setup.cfg").open("a") as config:
        config.write("    test_half.py\n")
    (toy / "test_half.py").write_text(
        "from toy.sums import half\n\ndef test_half():\n    assert half(4) == 2\n"
    )
    _, said, _ = mutants(toy)
    assert said.count("survived: ") == 1
    again = json.loads(kept.read_text())["toy/sums.py"]["tried"].values()
    assert [one["seconds"] == 1000 for one in again] == [
        one["noticed"].startswith("test_sums.py") for one in again
    ]


def test_a_change_that_never_ends_is_noticed(toy: Path) -> None:
    (toy / "toy" / "sums.py").write_text(LOOP)
    _, said, page = mutants(toy)
    assert "survived: " in said
    assert "+        b += 1\n" not in said
    assert numbers(page, "toy/sums.py")[1] > 3
