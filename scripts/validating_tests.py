"""Which tests stand behind the word "validated" on the page of a target."""

import re
from functools import cache
from pathlib import Path

from blockc.targets.core.target import Maturity, Target

CHECKOUT = Path(__file__).resolve().parents[1]


def validating_tests(target: Target) -> tuple[Path, ...]:
    """Return the tests that ask a program or a schema about artifacts of a target."""
    if target.maturity is Maturity.GOLDEN:
        return ()
    word = target.name.upper().replace("-", "_")
    named = re.compile(rf'\b{word}\b|"{target.name}"')
    found = tuple(path for path, text in _tests(target.maturity) if named.search(text))
    conformance = Path("tests", "targets", "test_conformance.py")
    return (conformance, *found) if target.native else found


@cache
def _tests(maturity: Maturity) -> tuple[tuple[Path, str], ...]:
    """Return the tests that may validate artifacts, with their text."""
    folders = ["real", "targets"] if maturity is Maturity.SCHEMA else ["real"]
    paths = [
        path.relative_to(CHECKOUT)
        for folder in folders
        for path in sorted(Path(CHECKOUT, "tests", folder).glob("test_*.py"))
        if not path.name.startswith(("test_wrong_", "test_changed_"))
    ]
    return tuple((path, (CHECKOUT / path).read_text(encoding="utf-8")) for path in paths)
