"""What is loaded in one way today is loaded in the same way on every later day of its list."""

import re
from datetime import date

import pytest

from blockc.compiler.artifacts import Artifact
from blockc.targets.core.target import Target
from blockc.targets.registry import TARGETS
from blockc.verify.native import NativeAnswer, try_natively
from tests.compiler.toy import compiled, output

pytestmark = pytest.mark.real
DAYS = {"monitor": date(2026, 11, 1), "warn": date(2026, 11, 10), "block": date(2026, 11, 20)}
STAGED = [one for one in TARGETS.values() if one.responses.actions and not one.codes]
_PLACE = re.compile(
    r".*(?:include this file|put these? |a snippet of|once, to send).*|sub (?!vcl_)\w+ \{"
)


def artifact_on(day: date, target: Target, answer: str) -> Artifact:
    """Return the artifact of a list with every stage the target knows, the last with an answer."""
    stages = ", ".join(
        f'{{ from = {begin}, action = "{action}"{answer if action == "block" else ""} }}'
        for action, begin in DAYS.items()
        if action == "block" or action in target.responses.actions
    )
    text = f'[list.a]\nblock = ["192.0.2.0/24", "2001:db8::/32"]\nstages = [{stages}]\n'
    (artifact,) = compiled(text + output("a", "x.conf", target.name), day).artifacts
    return artifact


def places(artifact: Artifact) -> dict[str, list[str]]:
    """Return path -> its lines that say where the file is included, and what it defines there."""
    texts = {path: data.decode("utf-8", "replace") for path, data in artifact.files.items()}
    return {path: _PLACE.findall(text) for path, text in texts.items()}


@pytest.mark.parametrize("answer", ["", ', blocked_by = "https://example.com/"'])
@pytest.mark.parametrize("target", STAGED, ids=lambda one: one.name)
def test_the_program_takes_the_files_of_each_stage_in_the_same_place(
    target: Target, answer: str
) -> None:
    if answer and not target.responses.links:
        answer = ""
    artifacts = [artifact_on(day, target, answer) for day in DAYS.values()]
    assert places(artifacts[0]) == places(artifacts[1]) == places(artifacts[2])
    for artifact in artifacts if target.native else ():
        (written,) = artifact.written
        outcome = try_natively(artifact.order.dialect, written.files, written.options)
        assert outcome.answer is not NativeAnswer.REFUSED, outcome.reason
