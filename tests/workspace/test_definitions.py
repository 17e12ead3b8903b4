"""The definitions of sources and groups that blockc ships are read when somebody asks for one."""

from pathlib import Path

import pytest

from blockc.fetch.definition import Source, read_source
from blockc.workspace import registries
from blockc.workspace.policy_files import known


def test_a_policy_reads_the_definitions_of_what_it_names_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def read(path: str, text: str) -> Source:
        asked.append(path)
        return read_source(path, text)

    registries._shipped_source.cache_clear()
    monkeypatch.setattr(registries, "read_groups", lambda *_: pytest.fail("groups were read"))
    monkeypatch.setattr(registries, "read_source", read)
    names = known(tmp_path / "blockc.toml")
    assert asked == []
    assert names.sources["tor-exits"].may_be_empty is False
    assert "afrinic" not in names.sources
    assert "no-such-feed" not in names.sources
    assert asked == ["tor-exits.toml", "afrinic.toml"]
    assert len(names.sources) == len([*names.sources]) > 5
    registries._shipped_source.cache_clear()


def test_an_own_definition_stands_over_a_shipped_one_in_its_place() -> None:
    both = registries.Layered({"b": 3, "d": 4}, {"a": 1, "b": 2, "c": 0})
    assert dict(both) == {"a": 1, "b": 3, "c": 0, "d": 4}
    assert [*both] == ["a", "b", "c", "d"]
    assert len(both) == 4
    with pytest.raises(KeyError):
        both["e"]
