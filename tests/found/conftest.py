"""A project made of one input that failed once, with a store of its own."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.conftest import Blockc, blockc
from tests.cli.toy import Done, write_registries

__all__ = ["blockc"]
CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "found"


class Case(NamedTuple):
    """One input: the folder of its policy, and blockc called for it."""

    folder: Path
    blockc: Blockc
    registries: Path

    @property
    def policy(self) -> Path:
        """Return the path of its policy."""
        return self.folder / "blockc.toml"

    def update(self, *sources: str) -> Done:
        """Fetch sources from their files."""
        return self.blockc("update", "-f", self.policy, *sources)

    def build(self) -> Done:
        """Build with five small registry files."""
        return self.blockc(
            "build", "-f", self.policy, "--from", self.registries, "-o", self.folder / "dist"
        )

    def blocked(self) -> list[str]:
        """Return the entries of the artifact."""
        lines = (self.folder / "dist" / "drop.txt").read_text(encoding="utf-8").splitlines()
        return [line for line in lines if line and not line.startswith("#")]

    def reads(self, *sources: str) -> list[str]:
        """Update, build, and return what is blocked."""
        updated = self.update(*sources)
        assert updated.code == 0, updated.err
        built = self.build()
        assert built.code == 0, built.err
        return self.blocked()

    def edit(self, path: str, old: str, new: str) -> None:
        """Write `new` for `old` in one of the files."""
        text = (self.folder / path).read_bytes()
        assert old.encode() in text
        (self.folder / path).write_bytes(text.replace(old.encode(), new.encode()))

    def define(self, name: str, form: str, rows: str, file: str) -> None:
        """Write a source over a file in `data`, in the words of the first one there is."""
        (self.folder / "sources").mkdir(exist_ok=True)
        text = (CORPUS / "tsv-count" / "sources" / "x.toml").read_text(encoding="utf-8")
        text = text.partition("[rows]")[0].replace('"csv"', f'"{form}"').replace("x.txt", file)
        (self.folder / "sources" / f"{name}.toml").write_text(f"{text}[rows]\n{rows}\n")

    def write(self, path: str, data: bytes) -> None:
        """Write one more file."""
        (self.folder / path).write_bytes(data)

    def list_of(self, selectors: str) -> None:
        """Write a policy that blocks these selectors, in TOML."""
        head = (CORPUS / "tsv-count" / "blockc.toml").read_text(encoding="utf-8")
        self.policy.write_text(head.replace('"file:data/x.txt"', selectors), encoding="utf-8")


@pytest.fixture
def case(
    request: pytest.FixtureRequest, blockc: Blockc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Case:
    """Return the input that a test names."""
    monkeypatch.setenv("BLOCKC_STORE", str(tmp_path / "store"))
    folder = tmp_path / "project"
    shutil.copytree(CORPUS / request.param, folder)
    return Case(folder, blockc, write_registries(tmp_path / "registries"))
