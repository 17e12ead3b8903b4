"""A list split by country is one map: made, written, read back and proved at once."""

import pytest

from blockc.compiler.artifacts import Artifact, ArtifactCompiler
from blockc.compiler.limits import Limits
from blockc.compiler.orders import ArtifactGroup, artifact_groups
from blockc.errors import DoNotFit, Miscompiled
from blockc.targets.core.render import render
from blockc.targets.syntax.tokens import Text
from tests.compiler.toy import COUNTRIES, DATA, INPUTS, TARGETS, compiled, output, resolved

SPLIT = 'split_by = "country"'
LIST = """
[list.far]
block  = ["CN", "US", "10.64.0.9", "2001:db8:0:1::7", "192.0.2.0/24"]
except = ["10.1.0.0/16"]
"""


def group_of(target: str, path: str, more: str = SPLIT, text: str = LIST) -> ArtifactGroup:
    policy = resolved(text + output("far", path, target, more))
    (group,) = artifact_groups(policy, COUNTRIES, TARGETS)
    return group


def compiler() -> ArtifactCompiler:
    policy = resolved(LIST)
    return ArtifactCompiler(INPUTS, Limits(DATA.world, DATA.records, policy.protected))


def essence(one: Artifact) -> tuple[object, ...]:
    steps = [(s.name, s.contract, s.before, s.after, s.added, s.lost) for s in one.steps]
    return one.order.name, one.files, one.entries, one.addresses, steps


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("plain", "{country}.txt"),
        ("plain", "{country}.{family}.txt"),
        ("json", "{country}.json"),
        ("aws-wafv2-ipset", "{country}.{family}.json"),
    ],
)
def test_together_the_pieces_are_what_each_is_alone(target: str, path: str) -> None:
    group = group_of(target, path)
    together = compiler().make_together(group)
    assert together is not None
    assert len(together) > 3
    assert list(map(essence, together)) == [essence(compiler().make(s)) for s in group.specs]


@pytest.mark.parametrize(
    ("target", "more"),
    [
        ("nginx-geo", ""),  # a longest match saves entries by looking at one piece alone
        ("plain", 'dont_care = "reserved"'),  # two pieces could take the same free space
        ("plain", 'max_entries = 3\nwhen_over = "split"'),
        ("plain", "max_entries = 1"),
    ],
)
def test_what_needs_passes_of_its_own_is_made_alone(target: str, more: str) -> None:
    assert compiler().make_together(group_of(target, "{country}.x", f"{SPLIT}\n{more}")) is None


def test_a_limit_holds_for_each_piece() -> None:
    with pytest.raises(DoNotFit, match="the limit is 1"):
        compiled(LIST + output("far", "{country}.txt", "plain", f"{SPLIT}\nmax_entries = 1"))


def lie(monkeypatch: pytest.MonkeyPatch, path: str, more: str) -> None:
    """Let the file at `path` hold one more line."""

    def lying(*words: object) -> tuple[Text, ...]:
        texts = render(*words)  # type: ignore[arg-type]  # passed on as they come
        return tuple(
            Text(t.path, t.text + more, t.families) if t.path == path else t for t in texts
        )

    monkeypatch.setattr("blockc.compiler.artifacts.render", lying)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("203.0.113.0/24\n", "203.0.113.0/24"),  # of nobody
        ("10.128.0.0/24\n", "10.128.0.0/24"),  # of another piece
        ("fe80::/64\n", "fe80::/64"),
    ],
)
def test_a_lie_in_one_piece_is_found_with_the_name_of_its_file(
    line: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lie(monkeypatch, "CN.txt", line)
    with pytest.raises(Miscompiled) as caught:
        compiled(LIST + output("far", "{country}.txt", "plain", SPLIT))
    assert str(caught.value).startswith("CN.txt:15:1: target plain, list far/CN: ")
    assert f": {said} is blocked, the policy allows it" in str(caught.value)


def test_an_entry_that_moved_to_another_piece_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def swapped(*words: object) -> tuple[Text, ...]:
        (text,) = render(*words)  # type: ignore[arg-type]  # passed on as they come
        return (Text(text.path, "10.0.0.9\n" if text.path == "ZZ.txt" else text.text),)

    monkeypatch.setattr("blockc.compiler.artifacts.render", swapped)
    with pytest.raises(Miscompiled, match=r"ZZ\.txt:1:1: "):
        compiled(LIST + output("far", "{country}.txt", "plain", SPLIT))
