"""Golden artifacts: one folder a case, with its list, and a folder a target with its files.

A file here changes what operators deploy: say so in CHANGELOG under *Changed artifacts*. An
artifact is proved before its bytes are compared, so a wrong one cannot be blessed.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from blockc.addresses import AddrMap, AddrSet
from blockc.addresses.partition import Partition
from blockc.addresses.rules import Match, Rules, meaning
from blockc.passes.exact.cover import plain_cover
from blockc.targets.core.render import render
from blockc.targets.core.target import Target
from blockc.targets.core.verdicts import ContentKind
from blockc.targets.registry import TARGETS
from blockc.targets.syntax.reading import NAMES
from blockc.targets.syntax.tokens import ArtifactFile
from blockc.values import replace
from blockc.verify.proof import prove
from tests.targets.artifacts import (
    PROVENANCE,
    TEMPLATES,
    draft,
    in_order,
    nested,
    of_countries,
    prefixes,
    rules_of,
)

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("*/list.txt"))
KINDS = {
    "verdicts": ContentKind.VERDICTS,
    "countries": ContentKind.COUNTRIES,
    "codes": ContentKind.CODES,
}
NESTED = {"nested", "verdicts", "countries"}


def dialect(case: Path, target: Target) -> Target | None:
    """Return how `target` writes a case, or None if it cannot."""
    if case.name == "two-sets":
        return target.in_two_sets() if target.two_sets else None
    able = KINDS.get(case.name, ContentKind.LIST) in target.words
    if case.name == "codes":
        return target if able else None
    return target if able and (case.name != "nested" or target.has_exceptions) else None


CASES_AND_TARGETS = [
    pytest.param(case, writer, id=f"{case.name}-{target.name}")
    for case in CASES
    for target in TARGETS.values()
    if (writer := dialect(case, target))
]


def compiled(case: Path, target: Target) -> tuple[AddrMap, tuple[ArtifactFile, ...]]:
    """Return the meaning of a case and what `target` makes of it.

    A line of `list.txt` is a prefix and, where it is not blocked, its verdict or `allow`; or a
    country.
    """
    if case.name == "codes":
        codes = (case / "list.txt").read_text(encoding="utf-8").split()
        said = of_countries(target, *codes)
        files = render(target, said, f"list.{target.ending}", TEMPLATES)
        return AddrMap.of_set(AddrSet.empty()), files
    lines = [line.split() for line in (case / "list.txt").read_text(encoding="utf-8").splitlines()]
    names: tuple[str, ...] = NAMES
    if case.name in {*NESTED, "two-sets"}:
        kind = KINDS.get(case.name, ContentKind.LIST)
        default = target.words[kind].default
        found = {words[1] for words in lines if words[1:]} - {"allow", default}
        names = (default, *(sorted(found) or ["block"]))
        labels = {"allow": 0, **{name: label for label, name in enumerate(names)}}
        rules = nested(*((words[0], labels[words[1]] if words[1:] else 1) for words in lines))
        two_sets = target.match is Match.TWO_SETS
        intent = meaning(target.match if two_sets else Match.LONGEST, rules.values(), names)
        rules = in_order(target, rules)
        if target.match is Match.MEMBER:
            rules = {part.family: plain_cover(part) for part in intent.parts}
        if target.match is Match.INTERVALS:
            rules = {part.family: runs(part) for part in intent.parts}
    else:
        addresses = prefixes(*(words[0] for words in lines))
        rules = dict(rules_of(target, addresses))
        intent = AddrMap.of_set(addresses)
    provenance = replace(PROVENANCE, sample=case.name == "sample")
    one = draft(target, rules, None, provenance, KINDS.get(case.name, ContentKind.LIST), names)
    return intent, render(target, one, f"list.{target.ending}", TEMPLATES)


def runs(part: Partition) -> Rules:
    """Return a rule for every run of addresses with one verdict."""
    said = part.labels > 0
    return Rules(part.family, *part.runs(said), part.labels[said])


@pytest.mark.parametrize(("case", "target"), CASES_AND_TARGETS)
def test_an_artifact_is_right_and_stays_as_it_was(
    case: Path, target: Target, request: pytest.FixtureRequest
) -> None:
    intent, files = compiled(case, target)
    folder = case / target.name
    actual = {file.path: file.data for file in files}

    prove(target, files, intent)  # meaning, before bytes
    if request.config.getoption("--update-golden"):
        update(folder, actual)
    assert contents(folder) == actual


def contents(folder: Path) -> Mapping[str, bytes]:
    """Return name -> bytes of the files in `folder`."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*"))}


def update(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make `folder` hold exactly `files`."""
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*"):
        path.unlink()
    for name, data in files.items():
        (folder / name).write_bytes(data)


def test_every_case_covers_every_target_it_can() -> None:
    expected = {(param.values[0], param.values[1]) for param in CASES_AND_TARGETS}
    found = {(folder.parent, folder.name) for case in CASES for folder in case.glob("*/")}
    assert found == {(case, target.name) for case, target in expected if isinstance(target, Target)}


def test_a_wrong_artifact_cannot_be_blessed() -> None:
    intent, files = compiled(HERE / "mixed", TARGETS["plain"])
    assert intent != AddrMap.of_set(AddrSet.empty())
    with pytest.raises(Exception, match="the policy allows it"):
        prove(TARGETS["plain"], files, AddrMap.of_set(AddrSet.empty()))
