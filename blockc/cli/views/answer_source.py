"""What answers a question about addresses: the policy of today, or a generation."""

from collections.abc import Iterator
from typing import Any

from blockc.cli.views.generations import instant
from blockc.values import Value
from blockc.workspace.lookup.looking_back import AskedGeneration
from blockc.workspace.project import ProjectDay


class AnswerSource(Value, eq=False):
    """What answers: a day, and the generation if it is one of what was published.

    Attributes:
        at: The time that was named, as it was written.
        published: Anything is published where it was to be looked at.
    """

    day: ProjectDay
    generation: AskedGeneration | None
    at: str
    published: bool


def source_report(source: AnswerSource) -> dict[str, Any]:
    """Return what answers, as `docs/json.md` describes it."""
    found = source.generation
    turns = [
        {
            "generation": turn.generation or None,
            "from": turn.begin.isoformat(),
            "to": turn.end.isoformat() if turn.end else None,
        }
        for turn in (found.turns if found else ())
    ]
    name = found.name if found else None
    return {"published": source.published, "generation": name, "shown": turns}


def source_lines(source: AnswerSource) -> Iterator[str]:
    """Yield in words what answers, if a time or a generation was named."""
    found = source.generation
    if found is None:
        if source.at:
            yield f"The policy of today at {instant(source.day.resolved.moment)} UTC"
        return
    if not found.turns:
        yield f"Generation {found.name}, from its record"
        return
    *before, last = found.turns
    for turn in before:
        named = f"generation {turn.generation}" if turn.generation else "nothing"
        end = instant(turn.end) if turn.end else "now"
        yield f"Before, in the time that is asked about, {named} was shown until {end} UTC"
    until = f"to {instant(last.end)} UTC" if last.end else "until now"
    yield f"Generation {last.generation}, shown from {instant(last.begin)} UTC {until}"
