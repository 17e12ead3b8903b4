"""The JSON Schemas for editors: as generated, in the wheel, of one mind with the readers."""

import importlib.util
import json
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from blockc.errors import Mistakes
from blockc.fetch.definition import read_source, source_schema
from blockc.policy.policy_schema import group_schema, policy_schema
from blockc.resources import schemas_dir, sources_dir
from tests.cli.conftest import Blockc, blockc
from tests.cli.toy import CHECKOUT
from tests.policy.toy import KNOWN, OPTIONS

__all__ = ["blockc"]
SCRIPT = CHECKOUT / "scripts" / "make_schemas.py"
CORPUS = CHECKOUT / "tests" / "corpus" / "policies"
#: What an editor sees of the wrong policies. The other mistakes need the data or another key.
SEEN = {
    "block-holds-number", "block-holds-table", "block-is-text", "edges", "edges-unknown-key",
    "empty-file", "exception-without-owner", "guard-age-without-unit", "guard-limits",
    "guard-share-without-percent",
    "include-has-mistakes", "key-of-another-table", "key-unknown", "key-unknown-far-from-any",
    "list-as-array",
    "list-is-text", "list-name-quoted", "list-name-too-long", "list-name-upper-case",
    "many-mistakes", "output-as-one-table", "output-key-unknown", "output-map-unknown",
    "output-option-is-table", "output-option-of-another-target", "output-split-unknown",
    "output-target-missing", "output-target-unknown", "output-when-over-unknown",
    "stage-action-unknown", "stage-without-start", "table-unknown", "title-is-number",
    "vars-number", "version-as-text", "version-missing", "version-unknown",
}  # fmt: skip


@pytest.fixture(scope="module")
def make_schemas() -> ModuleType:
    """Return the script that writes the schemas."""
    spec = importlib.util.spec_from_file_location("make_schemas", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def plain(value: Any) -> Any:
    """Return a value of TOML as JSON has it: a date is text."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def refused(schema: dict[str, Any], paths: list[Path]) -> set[str]:
    """Return the stems of the TOML files that the schema refuses."""
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    return {path.stem for path, value in tables(paths) if not validator.is_valid(plain(value))}


def tables(paths: list[Path]) -> Iterator[tuple[Path, Any]]:
    """Yield the files that are TOML, with what they hold."""
    assert paths
    for path in paths:
        try:
            yield path, tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError:
            continue


def found(folder: Path, pattern: str = "*.toml") -> list[Path]:
    return sorted(folder.glob(pattern))


def test_the_committed_schemas_are_those_the_script_makes(
    make_schemas: ModuleType, tmp_path: Path
) -> None:
    make_schemas.main(tmp_path)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(made) == 3
    assert {path.name: path.read_bytes() for path in schemas_dir().iterdir()} == made


def test_init_leaves_the_schema_of_policies_beside_the_policy_for_editors_offline(
    blockc: Blockc, tmp_path: Path
) -> None:
    assert blockc("init", tmp_path).code == 0
    first = (tmp_path / "blockc.toml").read_text(encoding="utf-8").splitlines()[0]
    named = tmp_path / first.removeprefix("#:schema ")
    assert named.read_bytes() == (schemas_dir() / "policy.schema.json").read_bytes()


def test_every_good_policy_and_every_example_is_valid() -> None:
    assert refused(policy_schema(KNOWN, OPTIONS), found(CORPUS / "good")) == set()
    shipped = json.loads((schemas_dir() / "policy.schema.json").read_bytes())
    assert refused(shipped, found(CHECKOUT / "examples", "*/blockc.toml")) == set()


def test_editors_see_every_wrong_key_type_and_word_of_a_wrong_policy() -> None:
    assert refused(policy_schema(KNOWN, OPTIONS), found(CORPUS / "bad")) == SEEN


def test_every_shipped_group_and_source_is_valid() -> None:
    assert refused(group_schema(), found(sources_dir() / "groups")) == set()
    assert refused(source_schema(), found(sources_dir())) == set()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('format = "delegated"', 'format = "deligated"'),
        ('registry = "arin"', 'registry = "ripe"'),
        ("refresh_hours = ", "refresh_hours = 1.5 # "),
        ("[expect]", "[expected]"),
    ],
)
def test_a_source_that_the_schema_refuses_is_refused_when_read(
    tmp_path: Path, old: str, new: str
) -> None:
    text = (sources_dir() / "arin.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "arin.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert refused(source_schema(), [path]) == {"arin"}
    with pytest.raises(Mistakes):
        read_source(path.name, path.read_text(encoding="utf-8"))


def test_a_group_without_its_source_or_with_a_name_for_a_country_is_invalid(tmp_path: Path) -> None:
    good = 'source = "https://example.com"\ndate = 2026-11-23\n[group.we]\ntitle = "We"\n'
    texts = {
        "good": f'{good}countries = ["DE", "FR"]\n',
        "name": f'{good}countries = ["Germany"]\n',
        "unsourced": '[group.we]\ntitle = "We"\ncountries = ["DE"]\n',
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    assert refused(group_schema(), found(tmp_path)) == {"name", "unsourced"}
