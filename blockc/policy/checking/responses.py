"""Whether the target of an output can do and answer what the stages of its lists say.

Asked of all stages, those to come too: a policy that is accepted today is not refused on the day.
"""

from collections.abc import Collection, Iterator, Sequence

from blockc.policy.checking.checks import Checks
from blockc.policy.model import List, Output, Stage, TargetFacts
from blockc.tomlio.tables import Place
from blockc.vocabulary import UntilBlock

_SILENT = 'or write response = "none": then this output carries neither status nor link'


def check_responses(outputs: Sequence[Output], lists: Sequence[List], checks: Checks) -> None:
    """Note every output whose target cannot do or answer what one of its lists says."""
    named = {one.name: one for one in lists}
    for output in outputs:
        facts = checks.known.targets.get(output.target)
        held = [named[name] for name in output.lists if name in named]
        if facts:
            _check_actions(output, held, facts, checks)
        if facts and output.answers:
            _check_answers(output, held, facts, checks)


def _check_actions(
    output: Output, lists: Sequence[List], facts: TargetFacts, checks: Checks
) -> None:
    able = facts.actions_of_lists if output.says_action else facts.actions
    for one, stage, place in _stages(lists):
        if _does(output, stage) in able:
            continue
        said = f"{output.target} cannot say {stage.action!r}, and {_said(one, place / 'action')}"
        ways = ['write until_block = "empty": then the output is empty until the list blocks']
        if "monitor" in able and not output.says_action:
            ways.insert(0, 'write until_block = "monitor": then it only watches whom others warn')
        if not output.says_action and stage.action in facts.actions_of_lists:
            ways.insert(0, "write lists = [...] in place of list")
        checks.findings.add_name(output.place / "target", said, hint=", or ".join(ways))


def _does(output: Output, stage: Stage) -> str:
    """Return what an output does in a stage; one that is empty is as good as one that blocks."""
    if stage.action == "block" or output.until_block is UntilBlock.EMPTY:
        return "block"
    return output.until_block or stage.action


def _check_answers(
    output: Output, lists: Sequence[List], facts: TargetFacts, checks: Checks
) -> None:
    here = output.place / "target"
    for one, stage, place in _stages(lists):
        if stage.status and stage.status not in facts.statuses:
            said = f"{output.target} cannot answer with status {stage.status}"
            hint = f"{_statuses(facts)}, {_SILENT}"
            checks.findings.add(here, f"{said}, and {_said(one, place / 'status')}", hint=hint)
        if stage.blocked_by and not facts.links:
            said = f"{output.target} cannot say who demands the block"
            hint = f"take blocked_by out of the stage, {_SILENT}"
            checks.findings.add(here, f"{said}, and {_said(one, place / 'blocked_by')}", hint=hint)
        if "status" in output.options and (stage.status or stage.blocked_by):
            said = f"the status is said twice: {_said(one, place)}"
            checks.findings.add_name(output.place / "status", said, hint="take one of them out")
    if len(set(_answers(lists))) > 1 and len(lists) > 1:
        said = "lists in one output say `block` with one word, and these answer differently"
        hint = f"give each list an output of its own, {_SILENT}"
        checks.findings.add_name(output.place / "lists", said, hint=hint)


def _answers(lists: Sequence[List]) -> Iterator[tuple[int | None, str]]:
    """Yield status and link of every way in which one of `lists` blocks."""
    for one in lists:
        for stage in one.stages:
            if stage.action == "block":
                yield stage.status, stage.blocked_by
        if not one.stages:
            yield None, ""


def _stages(lists: Sequence[List]) -> Iterator[tuple[List, Stage, Place]]:
    for one in lists:
        for at, stage in enumerate(one.stages):
            yield one, stage, one.place / "stages" / at


def _said(one: List, place: Place) -> str:
    at = place.location()
    return f"list {one.name!r} says so in {at.path}:{at.line}"


def _statuses(facts: TargetFacts) -> str:
    if not facts.statuses:
        return "take status out of the stage"
    return f"use one of {ranges_text(facts.statuses)}"


def ranges_text(numbers: Collection[int]) -> str:
    """Return numbers as text, neighbours as a range.

    >>> ranges_text({405, 403, 404, 400})
    '400, 403-405'
    """
    begins = sorted(n for n in numbers if n - 1 not in numbers)
    ends = sorted(n for n in numbers if n + 1 not in numbers)
    pairs = zip(begins, ends, strict=True)
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in pairs)
