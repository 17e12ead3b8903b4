"""The wheel is whole: in an empty environment it finds its data and runs the example."""

import os
import shutil
import site
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from blockc import __version__
from blockc.resources import log_formats_dir, schemas_dir, sources_dir, templates_dir
from tests.cli.toy import shown

CHECKOUT = Path(__file__).resolve().parents[1]
PARTS = ("blockc", "templates", "sources", "log-formats", "docs", "examples")
FILES = ("setup.cfg", "setup.py", "pyproject.toml", "README.md", "LICENSE")
FOLDERS = """from blockc.resources import *
print(templates_dir(), sources_dir(), log_formats_dir(), schemas_dir())"""


def run(*command: object, cwd: Path, **environment: str) -> str:
    """Return what a command says on stdout; fail with all it said."""
    words = [str(word) for word in command]
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        words, cwd=cwd, env=clean | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the checkout: building writes into the tree it builds."""
    copy = tmp_path_factory.mktemp("checkout")
    unwanted = shutil.ignore_patterns("__pycache__", "dist")
    for part in PARTS:
        shutil.copytree(CHECKOUT / part, copy / part, ignore=unwanted)
    for file in FILES:
        shutil.copy(CHECKOUT / file, copy / file)
    return copy


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    run(*pip, "--wheel-dir", folder, checkout, cwd=folder)
    (found,) = folder.iterdir()
    return found


def environment(folder: Path, *what: object) -> Path:
    """Return the python of a new environment with `what` installed and our libraries in sight."""
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    python = folder / "bin" / "python"
    (home,) = folder.glob("lib/python*/site-packages")
    (home / "libraries.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index")
    run(*pip, "--no-deps", "--no-build-isolation", *what, cwd=folder)
    return python


@pytest.mark.slow
def test_the_wheel_carries_every_template_source_and_type_mark(wheel: Path) -> None:
    carried = {Path(name) for name in zipfile.ZipFile(wheel).namelist()}
    folders = [(templates_dir(), "templates"), (sources_dir(), "sources")]
    folders += [(schemas_dir(), "schemas"), (log_formats_dir(), "log_formats")]
    for folder, name in folders:
        paths = (path for path in folder.rglob("*") if path.parent.name != "__pycache__")
        files = {path.relative_to(folder) for path in paths if path.is_file()}
        assert len(files) > 2
        assert {Path("blockc", name, file) for file in files} <= carried
    assert "__pycache__" not in {path.parent.name for path in carried}
    assert Path("blockc/py.typed") in carried
    code = {path.relative_to(CHECKOUT) for path in (CHECKOUT / "blockc").rglob("*.py")}
    assert code <= carried
    assert not [path for path in carried if path.parts[0] in ("tests", "scripts", "examples")]


@pytest.mark.slow
def test_the_wheel_runs_the_example_in_an_empty_environment(
    wheel: Path, checkout: Path, tmp_path: Path
) -> None:
    python = environment(tmp_path / "venv", wheel)
    blockc = python.parent / "blockc"
    shutil.copytree(checkout / "examples" / "edge", tmp_path / "edge")

    assert run(blockc, "--version", cwd=tmp_path) == f"blockc {__version__}\n"
    folders = run(python, "-c", FOLDERS, cwd=tmp_path).split()
    assert all(Path(folder).parent.parent.name == "site-packages" for folder in folders)
    assert all(Path(folder).is_dir() for folder in folders)
    store = str(tmp_path / "store")
    options = ("-f", "edge/blockc.toml", "--sample", "-o", "dist")
    said = run(blockc, "build", *options, cwd=tmp_path, BLOCKC_STORE=store)
    assert "export-control" in said
    published = shown(tmp_path / "dist")
    assert "manifest.json" in published
    assert b"SAMPLE DATA" in published["nginx/export-control.geo.conf"]


@pytest.mark.slow
def test_an_editable_install_and_a_bare_checkout_find_their_data(
    checkout: Path, tmp_path: Path
) -> None:
    expected = [
        str(checkout / name) for name in ("templates", "sources", "log-formats", "docs/schema")
    ]
    python = environment(tmp_path / "venv", "--editable", checkout)
    assert run(python, "-c", FOLDERS, cwd=tmp_path).split() == expected
    bare = run(sys.executable, "-c", FOLDERS, cwd=tmp_path, PYTHONPATH=str(checkout)).split()
    assert bare == expected
