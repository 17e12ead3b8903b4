"""What the guard refuses and why, and the command that approves exactly this change."""

import shlex
from collections.abc import Iterator, Sequence
from fractions import Fraction

from blockc.addresses.family import Family
from blockc.changes.change import PolicyChange
from blockc.changes.guard import BLOCK, Approval, Refusal, unit_of
from blockc.cli.console import amount_text
from blockc.cli.views.impact import share
from blockc.errors import BlockcError, UnsafeChange, UnsafeChanges
from blockc.workspace.comparing import Comparison, NotApproved, refusal_facts

MOST_SHOWN = 10


def refusal_errors(refused: NotApproved, command: Sequence[str]) -> UnsafeChanges:
    """Return the errors of a refused change, the last one with the command that approves it.

    Args:
        command: The words of the build, without those that approve.
    """
    comparison = refused.comparison
    texts = [refusal_text(one) for one in comparison.refusals]
    if len(texts) > MOST_SHOWN:
        more = len(texts) - MOST_SHOWN
        texts = [*texts[:MOST_SHOWN], f"limits that are exceeded too and not shown: {more}"]
    errors: list[BlockcError] = [UnsafeChange(text) for text in texts]
    said = f"nothing was published: change {comparison.digest} needs approval"
    if refused.approval:
        said += f", and --accept {refused.approval.digest} approves another one"
    causes = "; ".join(cause_texts(comparison.found)) if comparison.found else ""
    if causes:
        said += f"; why: {causes}"
    words = [*command, "--accept", comparison.digest, "--by", "WHO", "--reason", "WHY"]
    diff = ["blockc", "diff", *(word for word in command[2:] if word != "--publish-as-of")]
    hint = f"see `{shlex.join(diff)}`; if it is right, run `{shlex.join(words)}`"
    return UnsafeChanges([*errors, UnsafeChange(said, hint=hint)])


def refusal_text(one: Refusal) -> str:
    """Return a refusal as a sentence: what changes, out of how many, and the key of the limit."""
    if one.family is None:
        return f"this is the first build here, and {one.key} asks for approval"
    does = "become blocked" if one.kind == "added" else "stop being blocked"
    number = amount_text(one.family, one.addresses)
    if one.rule == "loss":
        return _loss_text(one, one.family, number)
    if one.rule == "country":
        part = share(one.addresses, one.whole)
        said = f"{number} of {one.country} {does}, {part} of all that are registered there"
    elif one.whole:
        whole = amount_text(one.family, one.whole)
        said = f"{number} {does}, {_part(one.addresses, one.whole)} the {whole} before"
    else:
        said = f"{number} {does}, and none were before"
    return f"list {one.list}: {said}; {one.key} is {_limit_text(one)}"


def _loss_text(one: Refusal, family: Family, number: str) -> str:
    """Return what an output gives up more than before, for its limit of entries."""
    what = (
        f"{number} more that no list names are blocked"
        if one.kind == "added"
        else f"{number} more of its lists are let through"
    )
    whole = f"as much as {_part(one.addresses, one.whole)} the " if one.whole else ""
    before = f", {whole}{amount_text(family, one.whole)} blocked before" if one.whole else ""
    return (
        f"output {one.output}: to keep to its limit {what}{before}; {one.key} is {_limit_text(one)}"
    )


def _part(part: int, whole: int) -> str:
    """Return how much of something a part is, which may be more than all.

    >>> _part(1, 3), _part(5, 2)
    ('33.3 % of', '2.5 times')
    """
    return f"{share(part, whole)} of" if part <= whole else f"{part / whole:,.1f} times"


def _limit_text(one: Refusal) -> str:
    if isinstance(one.limit, Fraction) or one.family is None:
        return f"{float(one.limit * 100):g}%"
    return amount_text(one.family, one.limit * unit_of(one.family))


def cause_texts(found: PolicyChange) -> Iterator[str]:
    """Yield for each cause how many addresses become blocked by it, or stop being blocked."""
    sums: dict[tuple[str, bool], dict[Family, int]] = {}
    for _, cell in found.cells():
        if BLOCK in (cell.before, cell.after):
            counts = sums.setdefault((cell.cause, cell.after == BLOCK), {})
            counts[cell.family] = counts.get(cell.family, 0) + cell.addresses
    for (cause, added), counts in sums.items():
        numbers = " and ".join(amount_text(family, n) for family, n in counts.items())
        yield f"{cause}: {'+' if added else '-'}{numbers}"


def guard_report(found: Comparison | None, approval: Approval | None) -> dict[str, object] | None:
    """Return what the guard found as `docs/json.md` describes it; None if nothing changed."""
    if found is None:
        return None
    used = approval if approval and found.refusals else None
    return {
        "compared_with": found.live if found.before else None,
        "digest": found.digest,
        "refusals": [refusal_facts(one) for one in found.refusals],
        "approved": {"by": used.by, "reason": used.reason} if used else None,
    }
