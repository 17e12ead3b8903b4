"""One name, one meaning: no public class and no module of the package has the name of another.

A search then finds one thing. Only commands and views share names: both are called what the verb
is called.
"""

import ast
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "blockc"
VERBS = {PACKAGE / "cli" / "commands", PACKAGE / "cli" / "views"}
MOST_FILES = 24  # as many as there are verbs, with what makes the folder a package


def twice(named: dict[str, set[Path]]) -> dict[str, list[str]]:
    """Return the names that stand in more than one place, with the places."""
    return {
        name: sorted(path.relative_to(PACKAGE).as_posix() for path in paths)
        for name, paths in sorted(named.items())
        if len(paths) > 1
    }


def public_classes(paths: list[Path]) -> dict[str, set[Path]]:
    """Return name -> the modules that define a public class of that name."""
    found: dict[str, set[Path]] = defaultdict(set)
    for path in paths:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].add(path)
    return found


def modules(paths: list[Path]) -> dict[str, set[Path]]:
    """Return name -> the modules of that name; commands and views are named after their verb."""
    found: dict[str, set[Path]] = defaultdict(set)
    for path in paths:
        if path.parent not in VERBS and not path.name.startswith("__"):
            found[path.stem].add(path)
    return found


CODE = sorted(PACKAGE.rglob("*.py"))


def test_no_public_class_has_two_meanings() -> None:
    assert twice(public_classes(CODE)) == {}


def test_no_module_has_the_name_of_another() -> None:
    assert twice(modules(CODE)) == {}


def test_a_folder_is_small_enough_to_be_read_at_a_glance() -> None:
    sizes = {
        folder.relative_to(PACKAGE).as_posix(): len(list(folder.glob("*.py")))
        for folder in {path.parent for path in CODE}
    }
    assert {folder: size for folder, size in sizes.items() if size > MOST_FILES} == {}


def test_a_name_that_stands_twice_is_found(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.py").write_text("class Same: ...\n", encoding="utf-8")
    paths = sorted(tmp_path.rglob("*.py"))
    assert len(public_classes(paths)["Same"]) == 2
    assert len(modules(paths)["same"]) == 2
