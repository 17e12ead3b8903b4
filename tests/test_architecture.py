"""Who may import whom, which library has which door, what pure code may not touch, and sizes.

Each rule is shown to bite: a planted offence in a text of its own must be found.
"""

import ast
import configparser
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGE = CHECKOUT / "blockc"
CODE = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((CHECKOUT / "tests").rglob("*.py"))

PURE = {
    "addresses", "registries", "formats", "policy", "passes", "targets", "compiler", "verify",
    "explain", "report", "changes", "audit", "importing", "keys",
}  # fmt: skip
VALUES = {"errors", "addresses", "registries"}
MAY_IMPORT = {  # besides itself, and the base of every value
    "errors": set[str](),
    "values": set[str](),
    "vocabulary": set[str](),
    "resources": set[str](),
    "tomlio": {"errors"},
    "addresses": {"errors"},
    "registries": {"errors", "addresses"},
    "storage": {"errors"},
    "formats": VALUES | {"tomlio"},
    "passes": VALUES,
    "targets": {"errors", "addresses"},
    "policy": VALUES | {"tomlio"},
    "verify": {"errors", "addresses", "targets"},
    "compiler": {"errors", "tomlio"}
    | PURE - {"explain", "report", "changes", "audit", "importing", "keys"},
    "importing": VALUES | {"targets", "compiler"},
    "changes": VALUES | {"policy"},
    "audit": VALUES | {"tomlio", "policy", "runtime"},
    "keys": {"errors", "targets", "verify", "policy", "tomlio"},
    "explain": {"errors", "tomlio"} | PURE - {"audit"},
    "report": {"errors", "tomlio"} | PURE - {"audit"},
    "fetch": {"errors", "tomlio", "storage", "formats", "registries"},
    "publish": {"errors", "changes", "compiler", "storage"},
    "workspace": {"errors", "resources", "tomlio", "fetch", "storage", "publish"} | PURE,
    "cli": {"errors", "resources", "tomlio", "fetch", "storage", "publish", "workspace"} | PURE,
    "runtime": set[str](),
    "__main__": {"cli"},
    "__init__": {"runtime"},
}
DOORS: dict[str, str | tuple[str, ...]] = {  # library -> who alone may import it
    "click": "cli/",
    "duckdb": "audit/scan.py",
    "iso3166": "registries/countries.py",
    "jinja2": "targets/core/render.py",
    "msgspec": ("tomlio/tables.py", "tomlio/repair.py", "values.py"),
    "maxminddb": "formats/feeds/mmdb.py",
    "netaddr": "addresses/human_forms.py",
    "numpy": "",
    "platformdirs": "fetch/",
    "pyarrow": (
        "audit/arrow.py",
        "audit/engine.py",
        "audit/regular_blocks.py",
        "audit/scan.py",
        "workspace/audit/cluster_task.py",
    ),
    "pyspark": "workspace/audit/cluster_session.py",
    "pytricia": "addresses/longest_match.py",
    "requests": "fetch/",
    "rich": "cli/",
    "tree_sitter": "tomlio/positions.py",
    "tree_sitter_toml": "tomlio/positions.py",
    "urllib3": "fetch/",
    "zstandard": "storage/log_files.py",
}
IMPURE_MODULES = {
    "asyncio", "getpass", "glob", "http", "logging", "multiprocessing", "os", "pathlib.Path",
    "platform", "random", "secrets", "shutil", "socket", "ssl", "subprocess", "tempfile",
    "threading", "time", "urllib.request", "uuid",
}  # fmt: skip
IMPURE_NAMES = {"input", "open", "print", "breakpoint"}
IMPURE_METHODS = {
    "fromfile", "memmap", "now", "read_bytes", "read_text", "today", "tofile", "utcnow",
    "write_bytes", "write_text",
}  # fmt: skip
PURE_AFTER_ALL = {"socket.AF_INET", "socket.AF_INET6", "socket.inet_ntop", "socket.inet_pton"}

HAS_PROCESSES = {"native.py", "confined.py"}  # real programs; work that needs limits

Import = tuple[int, str]  # line, and the dotted name of what is imported


def imports(text: str) -> Iterator[Import]:
    """Return every import of a module, also those inside functions, names written out."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def layer_of(path: Path) -> str:
    """Return the layer a file of the package belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def wrong_imports(layer: str, text: str) -> list[str]:
    """Return the imports of the package that the table does not allow."""
    allowed = {layer, "__version__", "values", "vocabulary"} | MAY_IMPORT[layer]
    return [
        f"{line}: {name}"
        for line, name in imports(text)
        if name.split(".")[0] == "blockc" and name.split(".")[1] not in allowed
    ]


def wrong_doors(path: str, text: str) -> list[str]:
    """Return the libraries imported by `path`, relative to the package, outside their door."""
    roots = {(line, name.split(".")[0]) for line, name in imports(text)}
    foreign = {(n, root) for n, root in roots if root not in sys.stdlib_module_names | {"blockc"}}
    return [
        f"{line}: {root}"
        for line, root in sorted(foreign)
        if root not in DOORS or not path.startswith(DOORS[root])
    ]


def impurities(text: str) -> list[str]:
    """Return the places of a module that could reach clock, disk, network or environment."""
    found = []
    for line, name in imports(text):
        parts = name.split(".")
        heads = {".".join(parts[:n]) for n in range(1, len(parts) + 1)}
        if heads & IMPURE_MODULES and name not in PURE_AFTER_ALL:
            found.append(f"{line}: import {name}")
    for node in ast.walk(ast.parse(text)):
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Name) and called.id in IMPURE_NAMES:
            found.append(f"{called.lineno}: {called.id}()")
        if isinstance(called, ast.Attribute) and called.attr in IMPURE_METHODS:
            found.append(f"{called.lineno}: .{called.attr}()")
    return found


def long_functions(text: str, limit: int) -> list[str]:
    """Return the functions with more than `limit` code lines, docstrings and blanks not counted."""
    lines = text.splitlines()
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            span = lines[body[0].lineno - 1 : node.end_lineno] if body else []
            code = [line for line in span if line.strip() and not line.lstrip().startswith("#")]
            if len(code) > limit:
                found.append(f"{node.lineno}: {node.name} has {len(code)} lines")
    return found


def offences(paths: Iterable[Path], rule: Callable[[Path, str], list[str]]) -> dict[str, list[str]]:
    """Return file -> what `rule` finds in it, for the files in which it finds something."""
    found = {path: rule(path, path.read_text(encoding="utf-8")) for path in paths}
    return {path.relative_to(CHECKOUT).as_posix(): what for path, what in found.items() if what}


def test_a_layer_imports_only_what_the_table_allows() -> None:
    assert offences(CODE, lambda path, text: wrong_imports(layer_of(path), text)) == {}


def test_a_library_is_imported_only_at_its_door() -> None:
    def rule(path: Path, text: str) -> list[str]:
        return wrong_doors(path.relative_to(PACKAGE).as_posix(), text)

    assert offences(CODE, rule) == {}


def test_pure_code_reaches_no_clock_disk_network_or_environment() -> None:
    pure = [path for path in CODE if layer_of(path) in PURE and path.name not in HAS_PROCESSES]
    assert len(pure) > 20
    assert offences(pure, lambda _, text: impurities(text)) == {}


WRITERS = {
    "bz2", "filelock", "fcntl", "gzip", "lzma", "shutil.copy", "shutil.copytree", "shutil.move",
    "shutil.rmtree", "tarfile", "tempfile",
}  # fmt: skip
WRITING = {
    "copyfile", "hardlink_to", "mkstemp", "rename", "rmtree", "symlink_to", "write_bytes",
    "write_text",
}  # fmt: skip
MAY_WRITE = {  # outside storage/, and why
    "publish/generations.py",  # names a generation that storage wrote
    "publish/place.py",  # shows it, by one rename of a link
    "publish/history_place.py",  # leads to a history elsewhere, by one rename of a link
    "workspace/hooks.py",  # takes what a program says, and throws it away
    "targets/core/confined.py",  # a pipe to the process that it copied
    "verify/native.py",  # scratch files for the real programs, in a folder that goes at once
    "formats/feeds/geolite2.py",  # names the errors of members of a zip file
}


def writes(text: str) -> list[str]:
    """Return the places of a module that write files or unpack data by themselves."""
    found = [
        f"{line}: import {name}"
        for line, name in imports(text)
        if name.split(".")[0] in WRITERS or name in WRITERS
    ]
    for node in ast.walk(ast.parse(text)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        place = 0 if name == "open" and isinstance(node.func, ast.Attribute) else 1
        modes = [str(one.value) for one in node.args[place:] if isinstance(one, ast.Constant)]
        opened = name in ("open", "fdopen") and any(set(mode) & set("wax+") for mode in modes[:1])
        if name in WRITING or opened:
            found.append(f"{node.lineno}: {name}()")
    return found


def test_only_storage_writes_and_unpacks() -> None:
    def rule(path: Path, text: str) -> list[str]:
        inside = path.relative_to(PACKAGE).as_posix()
        return [] if layer_of(path) == "storage" or inside in MAY_WRITE else writes(text)

    assert offences(CODE, rule) == {}
    assert all(writes((PACKAGE / path).read_text(encoding="utf-8")) for path in MAY_WRITE)


def test_only_the_command_line_prints() -> None:
    def rule(_: Path, text: str) -> list[str]:
        return [at for at in impurities(text) if "print()" in at]

    assert offences([path for path in CODE if layer_of(path) != "cli"], rule) == {}


def test_files_and_functions_fit_their_limits() -> None:
    def rule(_: Path, text: str) -> list[str]:
        size = len(text.splitlines())
        return [f"{size} lines"] * (size > 400) + long_functions(text, 50)

    assert offences(CODE + TESTS, rule) == {}


def test_every_module_says_what_it_owns() -> None:
    def rule(_: Path, text: str) -> list[str]:
        return [] if ast.get_docstring(ast.parse(text)) else ["no docstring"]

    assert offences(CODE + TESTS, rule) == {}


def test_every_layer_has_its_row_in_the_table() -> None:
    assert {layer_of(path) for path in CODE} <= MAY_IMPORT.keys()


def test_every_library_that_is_imported_is_a_declared_dependency() -> None:
    config = configparser.ConfigParser()
    config.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    extras = config["options.extras_require"]
    lines = config["options"]["install_requires"].split()
    lines += [line for extra in extras if extra != "test" for line in extras[extra].split()]
    declared = {line.split(">")[0].replace("-", "_") for line in lines}
    imported = {
        name.split(".")[0] for path in CODE for _, name in imports(path.read_text(encoding="utf-8"))
    }
    assert imported - set(sys.stdlib_module_names) - {"blockc"} <= declared


def test_a_planted_offence_is_found() -> None:
    assert wrong_imports("targets", "from blockc.passes.exact.cover import cover") == [
        "1: blockc.passes.exact.cover.cover"
    ]
    assert wrong_imports("formats", "def f():\n    import blockc.policy") == ["2: blockc.policy"]
    assert wrong_imports("formats", "from blockc import policy") == ["1: blockc.policy"]
    assert wrong_doors("compiler/x.py", "import jinja2.sandbox") == ["1: jinja2"]
    assert wrong_doors("cli/x.py", "import attrs") == ["1: attrs"]
    assert wrong_doors("targets/core/render.py", "import jinja2\nimport os") == []
    assert impurities("from os.path import join") == ["1: import os.path.join"]
    assert impurities("from pathlib import Path") == ["1: import pathlib.Path"]
    assert impurities("from pathlib import PurePath\nfrom socket import inet_pton") == []
    assert impurities("date.today()\nopen('x')") == ["1: .today()", "2: open()"]
    assert writes("import gzip\npath.write_text('x')") == ["1: import gzip", "2: write_text()"]
    assert writes("path.open('wb')\nopen('x', 'a')\nopen('x')") == ["1: open()", "2: open()"]
    long = "def f():\n    'doc'\n" + "    x = 1\n\n    # why\n" * 3
    assert long_functions(long, 2) == ["1: f has 3 lines"]
    assert long_functions(long, 3) == []
