"""Which edge of the company is protected by what, and where nothing protects."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from blockc.policy.meaning.schedule import Schedule, schedule_at
from blockc.policy.model import Edge, Output, Policy
from blockc.values import Value


class ListStage(Value):
    """A list that an output holds, and the stage it is in now and next."""

    list: str
    schedule: Schedule


class Receipt(Value):
    """What is known to run somewhere: the files of an output as they were in a generation.

    Attributes:
        generation: Its name.
        at: When it was put to use, or when somebody said so. UTC.
        by: Who said so: a person, or the command that was run.
        digest: Of the output's files.
        n: The event of the history that says so: of two receipts the later one counts.
    """

    generation: str
    at: datetime
    by: str
    digest: str
    n: int


class Protection(Value):
    """An output that protects an edge.

    Attributes:
        lists: What it holds; none if it holds the country map.
        receipt: What is known to run there; None if nothing is.
        current: Whether that is what is published; None if it is not known.
    """

    output: Output
    lists: tuple[ListStage, ...]
    receipt: Receipt | None = None
    current: bool | None = None


class EdgeCoverage(Value):
    """An edge and what protects it."""

    edge: Edge
    protections: tuple[Protection, ...]


class Coverage(Value):
    """All edges of a policy, and where something is missing.

    Attributes:
        bare: The edges that no output protects.
        behind: The edges of which something is known to run that is not what is published.
        loose_lists: The lists that reach no edge.
        loose_outputs: The paths of the outputs that no edge uses.
    """

    edges: tuple[EdgeCoverage, ...]
    bare: tuple[str, ...]
    behind: tuple[str, ...]
    loose_lists: tuple[str, ...]
    loose_outputs: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Return whether nothing is missing."""
        return not (self.bare or self.behind or self.loose_lists or self.loose_outputs)


def coverage(
    policy: Policy,
    moment: datetime,
    receipts: Mapping[tuple[str, str], Receipt],
    published: Mapping[str, str],
) -> Coverage:
    """Return what protects each edge at a moment.

    Args:
        policy: A checked policy.
        moment: UTC; decides the stages.
        receipts: What is known to run, by edge and output.
        published: The digest of the files of each output that are published now.
    """
    outputs = {one.path: one for one in policy.outputs}
    edges = tuple(
        EdgeCoverage(
            edge,
            tuple(
                _protection(
                    outputs[path], policy, moment, receipts.get((edge.name, path)), published
                )
                for path in edge.outputs
            ),
        )
        for edge in policy.edges
    )
    used = {path for edge in policy.edges for path in edge.outputs}
    reached = set(_reached(policy, [outputs[path] for path in used]))
    return Coverage(
        edges=edges,
        bare=tuple(one.edge.name for one in edges if not one.protections),
        behind=tuple(
            one.edge.name
            for one in edges
            if any(protection.current is False for protection in one.protections)
        ),
        loose_lists=tuple(one.name for one in policy.lists if one.name not in reached),
        loose_outputs=tuple(path for path in outputs if path not in used),
    )


def _protection(
    output: Output,
    policy: Policy,
    moment: datetime,
    receipt: Receipt | None,
    published: Mapping[str, str],
) -> Protection:
    lists = tuple(
        ListStage(name, schedule_at(policy.list_of(name).stages, moment)) for name in output.lists
    )
    current = None
    if receipt and output.path in published:
        current = receipt.digest == published[output.path]
    return Protection(output, lists, receipt, current)


def _reached(policy: Policy, outputs: Sequence[Output]) -> Iterator[str]:
    """Yield the lists that outputs hold, themselves or within another list."""
    waiting, seen = [name for one in outputs for name in one.lists], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            yield name
            waiting += policy.list_of(name).references
