"""What is loaded in one way today is loaded in the same way on every later day of its list."""

from datetime import date

import pytest

from blockc.targets.core.target import Target
from blockc.targets.registry import TARGETS
from blockc.verify.native import NativeAnswer, try_natively
from tests.compiler.toy import compiled, output

pytestmark = pytest.mark.real
DAYS = {"monitor": date(2026, 11, 1), "warn": date(2026, 11, 10), "block": date(2026, 11, 20)}
STAGED = [one for one in TARGETS.values() if one.responses.actions and not one.codes]


@pytest.mark.parametrize("target", STAGED, ids=lambda one: one.name)
def test_the_program_takes_the_files_of_each_stage_in_the_same_place(target: Target) -> None:
    """A list without a word about answers: the stages alone decide what form it has."""
    stages = ", ".join(
        f'{{ from = {day}, action = "{action}" }}'
        for action, day in DAYS.items()
        if action == "block" or action in target.responses.actions
    )
    text = f'[list.a]\nblock = ["192.0.2.0/24", "2001:db8::/32"]\nstages = [{stages}]\n'
    names = set[tuple[str, ...]]()
    for day in DAYS.values():
        (artifact,) = compiled(text + output("a", "x.conf", target.name), day).artifacts
        names.add(tuple(artifact.files))
        if target.native is not None:
            way = artifact.order.dialect
            (written,) = artifact.written
            outcome = try_natively(way, written.files, written.options)
            assert outcome.answer is not NativeAnswer.REFUSED, outcome.reason
    assert len(names) == 1
