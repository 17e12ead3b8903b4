"""Every trap of a platform in `docs/traps.md` has a test that shows that nobody falls into it."""

import ast
import re
from functools import cache
from pathlib import Path

from blockc.targets.registry import TARGETS
from tests.cli.toy import CHECKOUT
from tests.targets.artifacts import EDGES, prefixes, written

DOCS = CHECKOUT / "docs"
_TRAP = re.compile(r"^- (.+)\n  \[(.+)\]\((\.\./tests/.+\.py)\)\n", re.MULTILINE)


@cache
def names_in(path: Path) -> frozenset[str]:
    """Return what the tests in a file are called, in words."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tests = [one.name for one in tree.body if isinstance(one, ast.FunctionDef)]
    return frozenset(name.removeprefix("test_").replace("_", " ") for name in tests)


def test_every_trap_names_a_test_that_is_there() -> None:
    text = (DOCS / "traps.md").read_text(encoding="utf-8")
    traps = _TRAP.findall(text)
    assert len(traps) == text.count("\n- ") >= 35
    for _, test, path in traps:
        assert test in names_in(DOCS / path)


def test_varnish_gets_a_table_and_apache_a_hundred_prefixes_a_line() -> None:
    """Without, the one compiles for minutes, and the other reads for as long as their square."""
    many = prefixes(*(f"10.{n}.{m}.0/24" for n in range(4) for m in range(0, 250, 2)))
    for addresses in (many, EDGES["nothing"]):
        (vcl,) = written(TARGETS["varnish"], addresses)
        assert b"acl blockc_export_control +table {" in vcl.data
    (conf,) = written(TARGETS["apache"], many)
    lines = [line.count("/24") for line in conf.data.decode().splitlines() if "/24" in line]
    assert lines == [100] * 5
